#!/bin/bash
# Builds the project and runs its tests.
#
#   tests/run.sh [all|unit|adapter|e2e|valgrind]...
#
#   unit      pure code, no servers (C, ASan and UBSan)
#   adapter   one real server each: Redis, Kafka, an SMTP sink
#   e2e       both programs, a real Kafka, faults; and the demo
#   valgrind  the unit tests once more, without sanitizers, under valgrind
#   all       everything (the default)
#
# Installs what it misses: Debian packages, a Python environment (build/venv), jars (build/jars). All output is in build/.
# The last line is the sum; the exit code is 0 only when something ran and nothing failed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
. tests/support/install-packages.sh
. tests/support/prepare.sh

results=$root/build/results
failed_steps=()

say() {
	printf '\n== %s\n' "$*"
}

# Runs a step; a failure is remembered, not fatal, so that one run shows all of them.
step() {
	"$@" || failed_steps+=("$*")
}

build() {
	local preset=$1
	say "build $preset"
	cmake --preset "$preset" >build/configure.log 2>&1 || { cat build/configure.log; return 1; }
	cmake --build --preset "$preset" -- --quiet
}

# The C tests that have one of the labels in $1 (a regular expression).
run_ctest() {
	say "ctest $1"
	ctest --test-dir build/dev --label-regex "$1" --parallel 2 --output-on-failure --no-tests=ignore \
		--output-junit "$results/ctest-${1//[^a-z]/-}.xml"
}

run_pytest() {
	local folder=tests/$1
	compgen -G "$folder/test_*.py" >/dev/null || [ -n "$(find "$folder" -name 'test_*.py' 2>/dev/null)" ] || return 0
	say "pytest $1"
	build/venv/bin/python -m pytest "$folder" --junitxml="$results/pytest-$1.xml" -o junit_family=xunit2 </dev/null
}

run_valgrind() {
	build plain || return 1
	say "valgrind unit"
	build/venv/bin/python tests/support/valgrind.py build/plain "$results/valgrind.xml"
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(all)
labels='' folders='' valgrind=''
for part in "${parts[@]}"; do
	case $part in
	all) labels='unit|adapter|e2e' folders='unit adapter e2e' valgrind=1 ;;
	unit | adapter | e2e) labels+=${labels:+|}$part folders+=" $part" ;;
	valgrind) valgrind=1 ;;
	-h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
	*) echo "tests/run.sh: unknown part '$part'; parts are all, unit, adapter, e2e, valgrind" >&2; exit 64 ;;
	esac
done

install_packages build test kafka
mkdir -p build
rm -rf "$results"
mkdir -p "$results"
prepare

export LA_BUILD_DIR=$root/build/dev LA_TEST_JARS=$root/build/jars LA_VENV=$root/build/venv
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

if [ -n "$labels" ]; then
	build dev
	step run_ctest "$labels"
fi
for folder in $folders; do
	step run_pytest "$folder"
done
if [ -n "$valgrind" ]; then
	step run_valgrind
fi

for failed in "${failed_steps[@]}"; do
	echo "failed: $failed"
done
build/venv/bin/python tests/support/summary.py "$results" "${#failed_steps[@]}"
