#!/bin/sh
# promtool.sh FOLDER: promtool, out of Debian's package prometheus, into FOLDER.
#
# The package is not installed: it would start a server that listens to all the
# world.  apt fetches it by lists of its own; no root is needed.
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -eq 1 ] || { echo "usage: promtool.sh FOLDER" >&2; exit 2; }
mkdir -p "$1" && to=$(cd "$1" && pwd) || exit 1
. "$root/tools/common.sh"

[ ! -x "$to/promtool" ] || exit 0
for program in apt-get dpkg-deb; do
	command -v "$program" >/dev/null ||
	    die "this system has no $program: put promtool into $to yourself"
done

rm -rf "$to/apt"
mkdir -p "$to/apt/lists/partial" "$to/apt/archives/partial"
: >"$to/apt/status"
fetch() {
	apt-get -q -o Dir::State="$to/apt" \
	    -o Dir::State::status="$to/apt/status" -o Dir::Cache="$to/apt" \
	    -o Debug::NoLocking=1 -o APT::Sandbox::User= \
	    -o Acquire::Languages=none "$@" >"$to/apt/log" 2>&1 </dev/null || {
		tail -n 20 "$to/apt/log" >&2
		die "apt-get cannot do it: $*"
	}
}
fetch update
cd "$to/apt"
fetch download prometheus
dpkg-deb -x prometheus_*.deb .
mv usr/bin/promtool "$to"
cd "$to"
rm -rf apt
echo "$to/promtool"
