#!/bin/bash
# Builds the project and runs its tests.
#
#   tests/run.sh [all|unit|adapter|e2e|valgrind|tsan]...
#
#   unit      pure code, no servers (C, ASan and UBSan)
#   adapter   one real server each: Redis, Kafka, an SMTP sink
#   e2e       both programs, a real Kafka, faults; and the demo
#   valgrind  the unit tests once more, without sanitizers, under valgrind
#   all       everything so far (the default)
#   tsan      bus, HTTP pages, metrics and registry under ThreadSanitizer, about 2 minutes; not part of all
#
# Installs what it misses: Debian packages, a Python environment (build/venv), jars (build/jars), packages of npm
# (build/node), promtool (build/prometheus). All output is in build/.
# What mostly waits for servers runs side by side, each lane's output in one piece when it has ended (and meanwhile in
# build/results/<lane>.log). The last line is the sum; the exit code is 0 only when something ran and nothing failed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
. tests/support/install-packages.sh
. tests/support/prepare.sh

results=$root/build/results
lanes=()
failed_steps=()

say() {
	printf '\n== %s\n' "$*"
}

# A lane runs beside the others: lane NAME COMMAND...
lane() {
	local name=$1
	shift
	say "started: $name"
	set -m # a process group of its own, for the trap
	"$@" >"$results/$name.log" 2>&1 </dev/null &
	set +m
	lanes+=("$name:$!")
}

stop_lanes() {
	local one
	for one in "${lanes[@]}"; do
		kill -TERM -- "-${one#*:}" 2>/dev/null || true
	done
}
trap stop_lanes EXIT

# Waits for all lanes; a failure is remembered, not fatal, so that one run shows all of them.
finish_lanes() {
	local one name code
	for one in "${lanes[@]}"; do
		name=${one%:*} code=0
		wait "${one#*:}" || code=$?
		say "$name ($((SECONDS / 60)) min $((SECONDS % 60)) s after the start)"
		cat "$results/$name.log"
		[ $code = 0 ] || failed_steps+=("$name")
	done
}

build() {
	local preset=$1
	say "build $preset"
	cmake --preset "$preset" >build/configure.log 2>&1 || { cat build/configure.log; return 1; }
	cmake --build --preset "$preset" -- --quiet
}

# The C tests that have one of the labels in $1 (a regular expression). Most of those that take long wait.
run_ctest() {
	ctest --test-dir build/dev --label-regex "$1" --parallel 4 --output-on-failure --no-tests=ignore \
		--output-junit "$results/ctest.xml"
}

# Each worker has a broker of its own, and takes the files one after another.
run_pytest() {
	build/venv/bin/python -m pytest "$@" --numprocesses 3 --dist loadfile \
		--junitxml="$results/pytest.xml" -o junit_family=xunit2
}

run_valgrind() {
	build/venv/bin/python tests/support/valgrind.py build/plain "$results/valgrind.xml"
}

# The C tests, once as they are and once under valgrind: $1 labels or nothing, $2 valgrind or nothing.
run_native() {
	local code=0
	[ -z "$1" ] || run_ctest "$1" || code=1
	[ -z "$2" ] || run_valgrind || code=1
	return $code
}

# What has threads: librdkafka's callbacks, the lag and the waker of a bus, the server of the HTTP pages.
run_tsan_native() {
	ctest --test-dir build/tsan --tests-regex '/test_(bus_kafka|metrics|ops_pages|registry)' --parallel 4 --output-on-failure \
		--output-junit "$results/tsan.xml"
}

# Of the registry what does not count seconds: all is slower here.
run_tsan_pytest() {
	local framing=tests/e2e/test_framing.py
	LA_BUILD_DIR=$root/build/tsan build/venv/bin/python -m pytest --numprocesses 2 --dist loadfile \
		tests/adapter/test_http.py tests/e2e/test_metrics.py \
		$framing::test_a_registry_that_fails_is_waited_for_in_the_group_and_nothing_is_lost \
		$framing::test_a_mailer_goes_on_without_the_registry_and_waits_for_it_when_it_has_to \
		--junitxml="$results/tsan-pytest.xml" -o junit_family=xunit2
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(all)
labels='' folders=() valgrind='' tsan=''
for part in "${parts[@]}"; do
	case $part in
	all) labels='unit|adapter|e2e' folders=(tests/adapter tests/e2e) valgrind=1 ;;
	unit) labels+=${labels:+|}unit ;;
	adapter | e2e) labels+=${labels:+|}$part folders+=("tests/$part") ;;
	valgrind) valgrind=1 ;;
	tsan) tsan=1 ;;
	-h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
	*) echo "tests/run.sh: unknown part '$part'; parts are all, unit, adapter, e2e, valgrind, tsan" >&2; exit 64 ;;
	esac
done

install_packages build test kafka mail
mkdir -p build
rm -rf "$results"
mkdir -p "$results"
prepare
prepare_node
prepare_promtool

export LA_BUILD_DIR=$root/build/dev LA_TEST_JARS=$root/build/jars LA_VENV=$root/build/venv
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

[ -z "$labels" ] || build dev
[ -z "$valgrind" ] || build plain
[ -z "$tsan" ] || build tsan
[ ${#folders[@]} = 0 ] || lane pytest run_pytest "${folders[@]}"
[ -z "$labels$valgrind" ] || lane native run_native "$labels" "$valgrind"
if [ -n "$tsan" ]; then
	lane tsan-native run_tsan_native
	lane tsan-pytest run_tsan_pytest
fi
finish_lanes

for failed in "${failed_steps[@]}"; do
	echo "failed: $failed"
done
build/venv/bin/python tests/support/summary.py "$results" "${#failed_steps[@]}"
