# shellcheck shell=bash
#
# What tests and measurements need beside Debian's packages, made once below build/: a Python environment (build/venv), the
# jars of Kafka, Avro and a schema registry (build/jars); tests also packages of npm (build/node) and promtool
# (build/prometheus). Sourced in the root of the repository by tests/run.sh and tests/bench/run.sh.

# Makes $1 by the command that follows, unless it was made from the same $2 before. A failed attempt is made once more.
make_once() {
	local made=$1 from=$2
	shift 2
	cmp -s "$from" "$made/.made-from" && return 0
	rm -rf "$made"
	"$@" || { sleep 5; rm -rf "$made"; "$@"; }
	cp "$from" "$made/.made-from"
}

make_venv() {
	/usr/bin/python3 -m venv build/venv &&
		build/venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
}

fetch_jars() {
	mvn --batch-mode --quiet --file tests/pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
		-DoutputDirectory="$PWD/build/jars" -DincludeScope=runtime </dev/null &&
		mkdir build/jars/registry && tar -xzf build/jars/apicurio-registry-app-*.tar.gz -C build/jars/registry &&
		rm build/jars/apicurio-registry-app-*.tar.gz
}

fetch_node() {
	mkdir -p build/node && cp tests/package.json tests/package-lock.json build/node/ &&
		npm ci --prefix build/node --ignore-scripts --no-audit --no-fund --silent </dev/null
}

fetch_promtool() {
	mkdir -p build/prometheus && (cd build/prometheus && fetch_package prometheus usr/bin/promtool)
}

prepare() {
	make_once build/venv tests/requirements.txt make_venv
	make_once build/jars tests/pom.xml fetch_jars
}

# Needs install-packages.sh.
prepare_promtool() {
	make_once build/prometheus tests/support/prepare.sh fetch_promtool
}

prepare_node() {
	make_once build/node tests/package-lock.json fetch_node
}
