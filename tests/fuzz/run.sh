#!/bin/bash
# Fuzzes: builds the targets with clang (libFuzzer, ASan, UBSan) and runs them one after the other.
#
#   tests/fuzz/run.sh [--seconds N] [--merge] [target...]
#
#   --seconds N   for each target (default 600; 0: only what is there, once)
#   --merge       then keeps in corpus/<target>, beside the seeds, small inputs that cover more
#   target        a name from fuzz_<name>.c; default: all
#
# Starts from corpus/<target> and what earlier runs left in build/fuzz/found/<target>; an input that breaks something is
# kept there as crash-..., and the exit code is 1. A line a target: name, seconds, executions, coverage, inputs, result.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/support/install-packages.sh

seconds=600 merge='' targets=()
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) seconds=$2; shift ;;
	--merge) merge=1 ;;
	-h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
	-*) echo "tests/fuzz/run.sh: unknown option $1" >&2; exit 64 ;;
	*) targets+=("$1") ;;
	esac
	shift
done
if [ ${#targets[@]} -eq 0 ]; then
	for source in tests/fuzz/fuzz_*.c; do
		target=${source##*/fuzz_}
		targets+=("${target%.c}")
	done
fi

# Words that a fuzzer would not come upon: the quoted ones of the sources that know them.
words() {
	local sources=()
	case $1 in
	agent) sources=(consumer/detector/agent_table.c) ;;
	brand | template) sources=(consumer/mailer/{brand,names,template}*.[ch]) ;;
	conf) sources=(consumer/common/conf_*.c) ;;
	directory) sources=(consumer/mailer/directory_*.c) ;;
	json) sources=(consumer/common/json_*.c schemas/LoginEvent.avsc schemas/AlertJob.avsc) ;;
	schema) sources=(schemas/LoginEvent.avsc consumer/common/avro_{schema,named,canonical,default}.[ch]) ;;
	smtp_*) sources=(consumer/mailer/smtp_*.c) ;;
	esac
	[ ${#sources[@]} -eq 0 ] || { grep -oh '"[^"\\%]\{2,40\}"' "${sources[@]}" | tr '|' '\n' | sed 's/^"*/"/;s/"*$/"/' | grep -v '^"*$' | sort -u; } || true
}

install_packages build fuzz
[ -e build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}" -- --quiet

# Runs one target; says how it went.
fuzz() {
	local target=$1 found=build/fuzz/found/$1 log=build/fuzz/found/$1.log result=clean
	local options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1500 -print_final_stats=1 -artifact_prefix="$found/")
	mkdir -p "$found"
	words "$target" >build/fuzz/found/"$target".dict
	[ ! -s build/fuzz/found/"$target".dict ] || options+=(-dict="build/fuzz/found/$target.dict")
	[ "$seconds" -gt 0 ] || options+=(-runs=0)
	build/fuzz/fuzz/fuzz_"$target" "${options[@]}" "$found" tests/fuzz/corpus/"$target" >"$log" 2>&1 || result="FAILED, see $log"
	printf '%-12s %5s s %11s executions %6s edges %5s inputs  %s\n' "$target" "$seconds" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
		"$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -1)" \
		"$(sed -n 's/.* corp: \([0-9]*\).*/\1/p' "$log" | tail -1)" "$result"
	[ "$result" = clean ]
}

# The seeds, and of a small set with the same coverage 40 inputs that are neither large nor trivial.
merge() {
	local target=$1 merged=build/fuzz/found/$1.merged corpus=tests/fuzz/corpus/$1 input seeds
	rm -rf "$merged"
	mkdir -p "$merged"
	build/fuzz/fuzz/fuzz_"$target" -merge=1 -set_cover_merge=1 -timeout=10 -artifact_prefix="build/fuzz/found/$target/" "$merged" tests/fuzz/corpus/"$target" \
		build/fuzz/found/"$target" >build/fuzz/found/"$target".merge.log 2>&1
	seeds=$(sha1sum "$corpus"/seed-* | cut -c1-40) # an input is named so
	find "$corpus" -type f ! -name 'seed-*' -delete
	for input in $(find "$merged" -type f -size -301c -printf '%s %f\n' | sort -rn | head -40 | cut -d' ' -f2); do
		grep -qx "$input" <<<"$seeds" || cp "$merged/$input" "$corpus"
	done
}

failed=0
for target in "${targets[@]}"; do
	if ! fuzz "$target"; then
		failed=1
	elif [ -n "$merge" ]; then
		merge "$target"
	fi
done
exit $failed
