# shellcheck shell=bash disable=SC2034
#
# The one list of Debian packages that building, testing and the demo need. Sourced by tests/run.sh and deploy/demo.sh.
#
#   install_packages build [test] [kafka] [mail] [fuzz]
#
# installs what is missing of these sets: quietly when all is there; as root or through sudo without a password; else it
# prints the one line that would, and fails.

LA_PACKAGES_BUILD="gcc libc6-dev cmake ninja-build pkg-config ca-certificates librdkafka-dev libavro-dev libhiredis-dev
	libcurl4-openssl-dev libsodium-dev libjansson-dev libidn2-dev libutf8proc-dev libmicrohttpd-dev libcmocka-dev redis-server python3 tzdata"
LA_PACKAGES_TEST="git python3-venv valgrind openssl uap-core"
LA_PACKAGES_KAFKA="default-jdk-headless maven"
LA_PACKAGES_MAIL="chromium chromium-driver fonts-noto-cjk npm gir1.2-gmime-3.0 python3-gi spamassassin"
LA_PACKAGES_FUZZ="clang libclang-rt-dev"

# Is it installed, or is what we want it for there in another way?
package_present() {
	case $1 in
	default-jdk-headless) command -v javac >/dev/null && return 0 ;;
	npm) command -v npm >/dev/null && return 0 ;;
	maven) command -v mvn >/dev/null && return 0 ;;
	pkg-config) command -v pkg-config >/dev/null && return 0 ;;
	esac
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages() {
	command -v apt-get >/dev/null || {
		echo "This script knows Debian's packages only; here is no apt-get." >&2
		return 1
	}
	local set package missing=()
	for set in "$@"; do
		set="LA_PACKAGES_${set^^}"
		for package in ${!set}; do
			package_present "$package" || missing+=("$package")
		done
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	local as=()
	if [ "$(id -u)" -ne 0 ]; then
		if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
			as=(sudo -n)
		else
			printf 'Debian packages are missing. Install them, then start this again:\n\n    sudo apt-get install -y %s\n\n' \
				"${missing[*]}" >&2
			return 1
		fi
	fi
	echo "Installing Debian packages: ${missing[*]}" >&2
	local log
	log=$(mktemp)
	if ! { "${as[@]}" apt-get update && "${as[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends "${missing[@]}"; } </dev/null >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

# fetch_package NAME FILE: a file of a package that is not to be installed (it would start a server), below the current folder.
fetch_package() {
	local as=()
	[ "$(id -u)" -eq 0 ] || as=(sudo -n)
	apt-get download "$1" >/dev/null 2>&1 || { "${as[@]}" apt-get update && apt-get download "$1"; } >/dev/null || return 1
	dpkg-deb --fsys-tarfile "$1"_*.deb | tar -x "./$2" && rm "$1"_*.deb
}
