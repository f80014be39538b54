#!/bin/sh
# cross-aarch64.sh FOLDER: the static libraries that the agent for aarch64 is
# linked with, from Debian's archive into FOLDER:
#
#	sh tools/cross-aarch64.sh /tmp/aarch64
#	configure --with-agents=x86_64,aarch64 --with-aarch64-root=/tmp/aarch64
#
# apt fetches them by lists of its own, so that the packages of this machine,
# and what it knows of other machines, stay as they are; no root is needed.
# Signatures are checked by the keys that this machine trusts.  The compiler
# (gcc-aarch64-linux-gnu libc6-dev-arm64-cross) is a package as any other.
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -eq 1 ] || { echo "usage: cross-aarch64.sh FOLDER" >&2; exit 2; }
mkdir -p "$1" && to=$(cd "$1" && pwd) || exit 1
. "$root/tools/common.sh"

libraries="libseccomp-dev libtcc-dev libxxhash-dev libzstd-dev zlib1g-dev"

[ "$(cat "$to/whole" 2>/dev/null)" != "$libraries" ] || exit 0
for program in apt-get dpkg-deb; do
	command -v "$program" >/dev/null ||
	    die "this system has no $program: unpack what is static of $libraries for arm64 into $to yourself"
done

rm -rf "$to/apt"
mkdir -p "$to/apt/lists/partial" "$to/apt/archives/partial" "$to/apt/debs"
: >"$to/apt/status"
fetch() {
	apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
	    -o Dir::State="$to/apt" -o Dir::State::status="$to/apt/status" \
	    -o Dir::Cache="$to/apt" -o Debug::NoLocking=1 \
	    -o APT::Sandbox::User= -o Acquire::Languages=none "$@" \
	    >"$to/apt/log" 2>&1 </dev/null || {
		tail -n 20 "$to/apt/log" >&2
		die "apt-get cannot do it: $*"
	}
}
fetch update
cd "$to/apt/debs"
fetch download $libraries
for deb in *.deb; do
	dpkg-deb -x "$deb" "$to"
done
cd "$to"
rm -rf apt
echo "$libraries" >whole
echo "$to: libraries for aarch64"
