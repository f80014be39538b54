#!/bin/sh
# kill -9 of each process of a mirror by dump, 10 times each (by --long 50), at
# moments spread over a whole run: syncgate, the source's agent, that of the
# mirror, svnadmin that dumps, and svnadmin that loads.  After each the mirror
# verifies (if it is a repository yet) and no process is left; the next start
# goes on from there, and what is complete is equal.

# A kill loses nothing that was written, so all may be in memory.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnlook svn python3 ps pgrep

[ -n "${SYNCGATE_LONG:-}" ] && kills=50 || kills=10
kills=${KILLS:-$kills}
revisions=300
cd "$tmp" || exit 2
mkrepo source "$revisions" 6000000 5 || exit 1
whole=$(repo_sum source)

mark=syncgate-dump-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
hot_env=MARK=$mark
# victims WHO: process ids; looked for quickly, since some are not there long.
victims() {
	case $1 in
	syncgate) runs && echo "$hot_pid" ;;
	dump) pgrep -f "^svnadmin dump .*$tmp/source" ;;
	load) pgrep -f "^svnadmin load .*$mirror" ;;
	*) pgrep -P "$hot_pid" | while read -r one; do
		agents_of "$one"
	done ;;
	esac
}
# agents_of PID: it and its children, if they are an agent's.
agents_of() {
	case $(cat "/proc/$1/comm" 2>/dev/null) in
	syncgate-agent) echo "$1" ;;
	esac
	for child in $(pgrep -P "$1"); do
		agents_of "$child"
	done
}
runs() {
	readlink "/proc/$hot_pid/exe" >/dev/null
}
sound() {
	[ ! -f "$mirror/format" ] || svnadmin verify -q "$mirror"
}
# Other runs on this machine may have such folders: those that are there now go
# when they end, and only one that nobody knows any more stays.
in_memory() {
	ls /dev/shm | grep -E '^syncgate-[0-9a-f]{32}$'
}
memory_is_gone() {
	! in_memory | grep -Fxf memory.now
}
no_memory_left() {
	in_memory >memory.now
	wait_until 150 memory_is_gone
}

# ends WHO N: where source and mirror are, so that WHO is there, and the only
# one of its kind.
ends() {
	case $1$(($2 % 2)) in
	source* | dump1) from=popen:$tmp/source to=$mirror ;;
	mirror* | load* | dump0) from=$tmp/source to=popen:$mirror ;;
	syncgate0) from=popen:$tmp/source to=popen:$mirror ;;
	syncgate1) from=$tmp/source to=$mirror ;;
	esac
}

# random FROM TO
random() {
	awk -v from="$1" -v to="$2" -v r="$(od -An -N2 -tu2 /dev/urandom)" \
	    'BEGIN { print from + (to - from) * r / 65536 }'
}
# reached REVISION: by the file alone, for it goes quickly.
reached() {
	[ -f "$mirror/db/current" ] && read -r now <"$mirror/db/current" &&
	    [ "$now" -ge "$1" ]
} 2>/dev/null

# moment WHO N: until one of three times soon after the beginning, else until
# a random one of the revisions is there; svnadmin dump is far ahead of it.
moment() {
	if [ $(($2 % 3)) -eq 0 ]; then
		at="$(random 0 0.2) s"
		sleep "${at% s}"
		return
	fi
	has=$(repo_youngest "$mirror")
	has=${has:-0}
	case $1 in
	dump) at=$(random "$has" $((has + (revisions - has) / 8))) ;;
	*) at=$(random "$has" $((has + (revisions - has) * 3 / 4))) ;;
	esac
	at=r${at%.*}
	until reached "${at#r}" || ! runs; do
		sleep 0.005
	done
}

# once WHO N: kill, then look; the next round goes on with what is left.
once() {
	ends "$1" "$2"
	hot_follow "$from" "$to" method=dump --once
	moment "$1" "$2"
	found=$(victims "$1")
	[ -z "$found" ] || kill -9 $found 2>/dev/null
	wait "$hot_pid" 2>/dev/null
	what="kill $2 of $1, at $at"
	wait_until 10 nothing_marked "$mark" || fail "$what: processes are left"
	sound >verified 2>&1 || fail "$what: it does not verify" verified
	if ! has_revision "$mirror" "$revisions"; then
		struck=$((struck + 1))
		return
	fi
	[ "$(repo_sum "$mirror")" = "$whole" ] ||
	    fail "$what: it is whole and not the same"
	rm -rf "$mirror"
}

mirror=$tmp/mirror
for who in syncgate source mirror dump load; do
	struck=0
	wrong=$test_failed
	number=0
	while [ "$number" -lt "$kills" ]; do
		number=$((number + 1))
		once "$who" "$number"
	done
	check_equal "$kills kills of $who, $struck before the mirror was \
complete: all was well" "$wrong" "$test_failed"
	check "some came before that ($struck)" [ "$struck" -gt $((kills / 5)) ]
	hot "popen:$tmp/source" "popen:$mirror" method=dump ||
	    fail "what the last one left is completed" "$err"
	check_equal "what the last one left is completed" "$whole" \
	    "$(repo_sum "$mirror")"
	rm -rf "$mirror"
done
check "and no folder in memory is left" no_memory_left
finish
