#!/bin/bash
# Plays a handful of login events through the real programs and shows what becomes of each.
#
#   deploy/demo.sh [--kafka | --broker HOST:PORT] [--keep]
#
#   --kafka              a real Apache Kafka (fetched from Maven Central) instead of the small dev broker
#   --broker HOST:PORT   an existing broker; the demo makes topics of its own there, login-alert-demo-...
#   --keep               leave everything running, and say how to talk to it
#   --help               this text
#
# Installs missing Debian packages, builds the release preset, starts a private Redis, a broker and an SMTP sink on free
# ports of 127.0.0.1, and writes the mails to inbox/. It asks nothing. Interrupting it leaves no process behind.
# LA_DEMO_LIMIT_S=200 in the environment: how many seconds to wait for each of them, on a slow machine (60).
set -euo pipefail
trap 'exit 130' INT # without it, bash forgets a signal that comes while it waits for a command
trap 'exit 143' TERM HUP

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
. tests/support/install-packages.sh

work=$root/build/demo # configuration, logs, what the servers keep
inbox=$root/inbox
bin=$root/build/release/bin
events=$root/tests/data/demo-events.jsonl
limit_s=${LA_DEMO_LIMIT_S:-60} # for each wait; all of them together take a few seconds

broker=dev keep='' bootstrap=''
while [ $# -gt 0 ]; do
	case $1 in
	--kafka) broker=kafka ;;
	--broker=*) broker=given bootstrap=${1#*=} ;;
	--broker)
		[ -n "${2:-}" ] || { echo "deploy/demo.sh: --broker needs HOST:PORT; --help says more" >&2; exit 64; }
		broker=given bootstrap=$2
		shift
		;;
	--keep) keep=1 ;;
	-h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
	*) echo "deploy/demo.sh: unknown option '$1'; --help says which there are" >&2; exit 64 ;;
	esac
	shift
done

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\033[1m' plain=$'\033[0m'
fi
say() { printf '%s\n' "$bold$*$plain"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

# --- Processes: each in a group of its own, which the end of this script takes along ---

groups=()
# Also when this script is killed, even before the kernel knows of the leash.
# shellcheck disable=SC2016
leash=(setpriv --pdeathsig KILL -- sh -c '[ "$PPID" = "$0" ] && exec "$@"' $$)
[ -z "$keep" ] || leash=()

start() { # the caller says where the output goes
	setsid "${leash[@]}" "$@" </dev/null &
	groups+=($!)
}

# Runs a command to its end; unlike a plain call, it can be interrupted.
run() {
	start "$@"
	local group=$! code=0
	wait "$group" || code=$?
	unset 'groups[-1]'
	return "$code"
}

# To the groups; just after its start, a process is not in its own one yet.
signal_all() {
	local group some=1
	for group in "${groups[@]}"; do
		kill "-$1" -- "-$group" 2>/dev/null || kill "-$1" "$group" 2>/dev/null || continue
		some=0
	done
	return $some
}

stop_all() {
	signal_all TERM || return 0
	for ((i = 0; i < 100; i++)); do
		signal_all 0 || return 0
		sleep 0.05
	done
	signal_all KILL || return 0
	for ((i = 0; i < 100; i++)); do
		signal_all 0 || return 0
		sleep 0.05
	done
}

trap 'trap - EXIT; stop_all' EXIT

wait_for() { # wait_for WHAT COMMAND...
	local what=$1 deadline=$((SECONDS + limit_s))
	shift
	until "$@"; do
		signal_all 0 || die "$what: everything has ended; see $work/*.log"
		[ $SECONDS -lt $deadline ] || die "$what: not within $limit_s s; see $work/*.log"
		sleep 0.1
	done
}

# --- Build ---

sets=(build)
[ $broker != kafka ] || sets+=(kafka)
install_packages "${sets[@]}"
mkdir -p "$root/build"

say "Building (release)"
run cmake --preset release >"$root/build/demo-build.log" 2>&1 ||
	{ tail -n 20 "$root/build/demo-build.log" >&2; die "configuring failed"; }
run cmake --build --preset release --target login-alert-detector login-alert-mailer devbroker bus_tool \
	>"$root/build/demo-build.log" 2>&1 ||
	{ tail -n 40 "$root/build/demo-build.log" >&2; die "the build failed"; }

# --- A clean place ---

# What an earlier `--keep` left running: our own processes, named by their command lines.
if [ -f "$work/groups" ]; then
	while read -r group; do
		if tr '\0' ' ' 2>/dev/null <"/proc/$group/cmdline" | grep -qF -e "$work/" -e "$bin/"; then
			kill -TERM -- "-$group" 2>/dev/null || true
		fi
	done <"$work/groups"
fi
if [ -d "$inbox" ] && [ ! -f "$inbox/.made-by-demo" ] && [ -n "$(ls -A "$inbox")" ]; then
	die "$inbox is there and not from a demo; move it away"
fi
rm -rf "$work" "$inbox"
mkdir -p "$work/redis" "$work/sink" "$inbox"
touch "$inbox/.made-by-demo"
cp "$events" "$work/events.jsonl"
keys=$work/hash.keys
"$bin/login-alert-detector" keygen "$keys" >/dev/null

# --- Servers ---

prefix=
[ $broker != given ] || prefix=login-alert-demo-$(date +%s)-
topic_names=(login-events login-alerts login-decisions login-alert-deliveries login-events-dlq login-alerts-dlq)

# Below those that the kernel gives to others before the server has it.
free_port() {
	python3 - <<-'END'
		import random, socket
		for port in random.sample(range(12000, 20000), 8000):
		    try:
		        socket.create_server(("127.0.0.1", port)).close()
		    except OSError:
		        continue
		    print(port)
		    break
	END
}

start_kafka() {
	local port controller java
	port=$(free_port) controller=$(free_port)
	bootstrap=127.0.0.1:$port
	if ! ls "$root"/build/jars/kafka_2.13-*.jar >/dev/null 2>&1; then
		say "Fetching Apache Kafka"
		run mvn --batch-mode --quiet --file "$root/tests/pom.xml" \
			org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
			-DoutputDirectory="$root/build/jars" -DincludeScope=runtime >"$work/maven.log" 2>&1 ||
			{ tail -n 20 "$work/maven.log" >&2; die "Maven could not fetch Kafka"; }
	fi
	# Retention: the events are of 2025, and Kafka would remove them half a minute later.
	cat >"$work/server.properties" <<-END
		process.roles=broker,controller
		node.id=1
		controller.quorum.voters=1@127.0.0.1:$controller
		listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
		advertised.listeners=PLAINTEXT://127.0.0.1:$port
		controller.listener.names=CONTROLLER
		log.dirs=$work/kafka
		auto.create.topics.enable=false
		group.initial.rebalance.delay.ms=0
		log.retention.ms=-1
		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=1
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
	END
	java=(java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
		-cp "$root/build/jars/*")
	run "${java[@]}" kafka.tools.StorageTool format --cluster-id MkU3OEVBNTcwNTJENDM2Qg \
		--config "$work/server.properties" >"$work/kafka.log" 2>&1 || die "Kafka could not format its folder; see $work/kafka.log"
	start "${java[@]}" kafka.Kafka "$work/server.properties" >>"$work/kafka.log" 2>&1
}

say "Starting a private Redis, a broker and an SMTP sink"
redis_port=$(free_port)
start redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$work/redis" --save '' --appendonly yes \
	--maxmemory-policy noeviction >"$work/redis.log" 2>&1
start python3 "$root/tests/support/smtp_sink.py" --out "$work/sink" --port-file "$work/sink.port" >"$work/sink.log" 2>&1
case $broker in
dev)
	start "$bin/devbroker" --port-file "$work/broker.port" >"$work/broker.log" 2>&1
	wait_for "the dev broker" test -s "$work/broker.port"
	bootstrap=$(cat "$work/broker.port")
	;;
kafka) start_kafka ;;
esac
wait_for "the sink" test -s "$work/sink.port"
wait_for "Redis" bash -c "exec 3<>/dev/tcp/127.0.0.1/$redis_port" 2>/dev/null

topic_settings=()
for role in events:login-events alerts:login-alerts decisions:login-decisions deliveries:login-alert-deliveries \
	events-dlq:login-events-dlq alerts-dlq:login-alerts-dlq; do
	topic_settings+=("topic.${role%%:*}=$prefix${role#*:}")
done
bus() { run "$bin/bus_tool" "$@" --broker "$bootstrap" --timeout "${limit_s}s" 2>>"$work/bus.log"; }
make_topics() { bus create "${topic_names[@]/#/$prefix}"; }
wait_for "the broker at $bootstrap" make_topics

# --- The two programs, one configuration ---

config=$work/login-alert.conf
{
	echo "# Written by deploy/demo.sh."
	echo "kafka.bootstrap.servers=$bootstrap"
	printf '%s\n' "${topic_settings[@]}"
	echo "redis.url=redis://127.0.0.1:$redis_port"
	echo "hash.keys.file=$keys"
	echo "decisions.publish=all"
	echo "smtp.url=smtp://127.0.0.1:$(cat "$work/sink.port")/demo.example.jp"
	echo "smtp.starttls=never"
	echo "# The demo's dates are fixed: no alert is too old, and everybody is new."
	echo "alert.max-age=0"
	echo "storm.ratio=0"
} >"$config"
# More than once: a real broker knows new topics a moment later.
check() { run "$bin/login-alert-$1" --config "$config" check >"$work/$1-check.log" 2>&1; }
for name in detector mailer; do
	wait_for "a faultless check of login-alert-$name ($work/$name-check.log)" check "$name"
	start "$bin/login-alert-$name" --config "$config" --set http.listen=127.0.0.1:0 run >"$work/$name.log" 2>&1
done

# --- Play the events; wait for what must follow ---

count=$(wc -l <"$events")
say "Playing $count events"
bus produce "${prefix}login-events" --file "$events" || die "the events could not be written; see $work/bus.log"
bus consume "${prefix}login-decisions" --record Decision --count "$count" >"$work/decisions.jsonl" ||
	die "not every event was decided; see $work/detector.log"
bus consume "${prefix}login-alert-deliveries" --record Delivery --count "$(grep -c '"ALERTED"' "$work/decisions.jsonl")" \
	>"$work/deliveries.jsonl" || die "not every alert was mailed; see $work/mailer.log"

echo
python3 deploy/demo/report.py "$work" "$inbox" || die "something is missing; see $work"

cat <<END

All mails as .eml, .txt and .html:  inbox/index.html

What to try next
  build/release/bin/login-alert-detector --set hash.keys.file=build/demo/hash.keys \\
      decide --jobs < tests/data/demo-events.jsonl        the same decisions, without any server
  deploy/demo.sh --kafka                                  the same with a real Apache Kafka
  deploy/demo.sh --keep                                   leave it running, and send events of your own
  tests/run.sh                                            all tests
  deploy/README.md                                        the operator's handbook
END

if [ -n "$keep" ]; then
	printf '%s\n' "${groups[@]}" >"$work/groups"
	trap - EXIT
	http_port() { sed -n 's/.*msg="http listens".*port=//p' "$work/$1.log"; }
	cat <<END

Everything is still running: broker $bootstrap, Redis 127.0.0.1:$redis_port, relay 127.0.0.1:$(cat "$work/sink.port")
  Send an event     head -1 tests/data/demo-events.jsonl | sed 's/demo-01/mine-01/; s/a-chrome-1/another/' |
                        build/release/bin/bus_tool produce ${prefix}login-events --broker $bootstrap
                        # the next one: mine-02, and another token; mine-01 once more makes no second mail
  See decisions     build/release/bin/bus_tool consume ${prefix}login-decisions --record Decision --broker $bootstrap
  See mails         ls build/demo/sink
  See logs          tail -f build/demo/detector.log build/demo/mailer.log
  See health        curl 127.0.0.1:$(http_port detector)/readyz 127.0.0.1:$(http_port mailer)/readyz, and /metrics
  Stop it all       xargs -I{} kill -- -{} < build/demo/groups
END
	[ "$broker" != dev ] || cat <<'END'

The small broker is no Kafka: it has every topic that it is asked for, gives a program that was restarted its partitions
only after 45 s, and finds nothing by time, so that replay sees no events. For these: deploy/demo.sh --kafka --keep
END
fi
