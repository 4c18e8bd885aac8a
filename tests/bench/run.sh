#!/bin/bash
# Measures the detector, or the mailer, against the floor, on a real Kafka and a real Redis of its own.
#
#   tests/bench/run.sh [--events N] [--rounds N] ...     --help lists the options; README.md says what each figure is
#   tests/bench/run.sh mailer [--mails N] [--rounds N] ...
#
# Builds preset release with the measuring programs. Takes about two minutes (mailer: five); the machine should have nothing
# else to do. The mailer's floor takes smtp-source from Debian's package postfix, which is unpacked below build/, not installed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/support/install-packages.sh
. tests/support/prepare.sh

unpack_postfix() {
	[[ -x build/postfix/usr/sbin/smtp-source ]] && return 0
	mkdir -p build/postfix
	(cd build/postfix && apt-get download -qq postfix)
	dpkg-deb -x build/postfix/postfix_*.deb build/postfix
}

install_packages build test kafka
mkdir -p build
prepare
cmake --preset release -DLA_BENCH=ON -DLA_TESTS=ON >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
cmake --build --preset release -- --quiet

if [[ ${1-} == mailer ]]; then
	shift
	unpack_postfix
	exec build/venv/bin/python tests/bench/mailer.py --build build/release --jars build/jars --postfix build/postfix "$@" </dev/null
fi
exec build/venv/bin/python tests/bench/bench.py --build build/release --jars build/jars "$@" </dev/null
