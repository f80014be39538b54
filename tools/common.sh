# common.sh: what the scripts in tools/ share.  They set $root before they
# source it, and stand in that folder afterwards.

set -eu
LC_ALL=C.UTF-8
export LC_ALL
cd "$root"

# say TEXT...: a headline.
say() {
	printf '\n== %s\n' "$*"
}

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# run COMMAND...: show it as it would be typed, and do it.
run() {
	printf '$'
	for word in "$@"; do
		case $word in
		*[!A-Za-z0-9_./:=@%+,-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
	"$@"
}

jobs() {
	nproc 2>/dev/null || echo 2
}

# packages GROUP...: their names, out of the one list.
packages() {
	for group in "$@"; do
		awk -v group="$group" '!/^#/ && $2 == group { print $1 }' \
		    tools/packages.txt
	done
}

# prepare: make configure, if it is not there or older than what it is made of.
prepare() {
	for made in configure Makefile.in; do
		[ -f "$made" ] && [ -z "$(find configure.ac Makefile.am \
		    $(sed -n 's/^include //p' Makefile.am) \
		    -newer "$made")" ] || {
			run autoreconf -fi >build-aux.log 2>&1 || {
				cat build-aux.log >&2
				rm -f build-aux.log
				die "autoreconf failed"
			}
			rm -f build-aux.log
			return 0
		}
	done
}

# configure_in FOLDER [ARGUMENT...]: configure there, unless that was done with
# the same arguments.
configure_in() {
	folder=$1
	shift
	mkdir -p "$folder"
	if [ -f "$folder/Makefile" ] && [ -f "$folder/configured" ] &&
	    [ "$(cat "$folder/configured")" = "$*" ] &&
	    ! [ configure -nt "$folder/Makefile" ]; then
		return 0
	fi
	# libtool, a script for each file, takes the shell of configure: bash
	# needs twice as long for it as Debian's sh.
	(cd "$folder" && CONFIG_SHELL=${CONFIG_SHELL:-/bin/sh} &&
	    export CONFIG_SHELL && "$CONFIG_SHELL" "$root/configure" -q "$@") ||
	    return 1
	echo "$*" >"$folder/configured"
}

# make_in FOLDER [TARGET...]: make, and say nothing but what is wrong.
make_in() {
	folder=$1
	shift
	make -s -C "$folder" -j "$(jobs)" V=1 LIBTOOLFLAGS=--silent "$@"
}
