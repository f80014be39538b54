#!/bin/sh
# install-packages.sh GROUP...: install the Debian packages of these groups of
# tools/packages.txt, as far as they are missing.
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/common.sh"

[ $# -gt 0 ] || die "usage: install-packages.sh build|quickstart|test..."

# instead PACKAGE: is the command there that does as well?
instead() {
	command=$(awk -v name="$1" '$1 == name { print $3 }' tools/packages.txt)
	[ -n "$command" ] && command -v "$command" >/dev/null
}

missing=
for package in $(packages "$@"); do
	! instead "$package" || continue
	case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1) in
	installed) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null ||
    die "this system has no apt-get; install what corresponds to:$missing"
if [ "$(id -u)" -eq 0 ]; then
	sudo=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	sudo="sudo -n"
elif command -v sudo >/dev/null && [ -t 0 ]; then
	sudo=sudo
else
	die "packages are missing, and this user may not install them; as root: apt-get install$missing"
fi

DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing:$missing"
# An installed server is not to be started for it, where that can be had.
{
	$sudo apt-get -q update &&
	    $sudo env RUNLEVEL=1 apt-get -q -y --no-install-recommends \
	    -o Dpkg::Use-Pty=0 install $missing
} </dev/null >"$log" 2>&1 || {
	tail -n 30 "$log" >&2
	die "apt-get could not install:$missing"
}
