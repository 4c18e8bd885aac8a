#!/bin/bash
# Measures the detector against the floor, on a real Kafka and a real Redis of its own.
#
#   tests/bench/run.sh [--events N] [--rounds N] ...     --help lists the options; README.md says what each figure is
#
# Builds preset release with the measuring programs. Takes about two minutes; the machine should have nothing else to do.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/support/install-packages.sh
. tests/support/prepare.sh

install_packages build test kafka
mkdir -p build
prepare
cmake --preset release -DLA_BENCH=ON -DLA_TESTS=ON >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
cmake --build --preset release -- --quiet

exec build/venv/bin/python tests/bench/bench.py --build build/release --jars build/jars "$@" </dev/null
