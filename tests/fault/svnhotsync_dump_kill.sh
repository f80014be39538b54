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
revisions=120
cd "$tmp" || exit 2
mkrepo source "$revisions" 700000 5 || exit 1
whole=$(repo_sum source)

mark=syncgate-dump-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
hot_env=MARK=$mark
# victims WHO: process ids; looked for quickly, since some are not there long.
victims() {
	case $1 in
	syncgate) readlink "/proc/$hot_pid/exe" >/dev/null && echo "$hot_pid" ;;
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
there_is() {
	[ -n "$(victims "$1")" ]
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

# once WHO N: kill, then look; the next round goes on with what is left.
once() {
	ends "$1" "$2"
	hot_follow "$from" "$to" method=dump --once
	# (When svnadmin is there, half of the time has gone.)
	case $1 in
	dump | load) part=0.5; wait_until 5 there_is "$1" ;;
	*) part=0.9; sleep "$(awk -v t="$took" 'BEGIN { print t * 0.05 }')" ;;
	esac
	at=$(awk -v t="$took" -v n="$2" -v all="$kills" -v part="$part" \
	    -v r="$(od -An -N2 -tu2 /dev/urandom)" \
	    'BEGIN { print t * part * (n - 1 + r / 65536) / all }')
	sleep "$at"
	found=$(victims "$1")
	if [ -n "$found" ] && kill -9 $found 2>/dev/null; then
		struck=$((struck + 1))
	else
		# Runs are quicker than the first one was, or go on with much.
		took=$(awk -v t="$took" 'BEGIN { print t * 0.75 }')
	fi
	wait "$hot_pid" 2>/dev/null
	what="kill $2 of $1, after $at s"
	wait_until 10 nothing_marked "$mark" || fail "$what: processes are left"
	sound >verified 2>&1 || fail "$what: it does not verify" verified
	has_revision "$mirror" "$revisions" || return
	completed=$((completed + 1))
	[ "$(repo_sum "$mirror")" = "$whole" ] ||
	    fail "$what: it is whole and not the same"
	rm -rf "$mirror"
}

mirror=$tmp/mirror
for round in 1 2; do
	began=$(date +%s.%N)
	hot "$tmp/source" "$mirror" method=dump || fail "a whole run" "$err"
	all_took=$(echo "$began $(date +%s.%N)" | awk '{ print $2 - $1 }')
	rm -rf "$mirror"
done
for who in syncgate source mirror dump load; do
	struck=0
	completed=0
	took=$all_took
	wrong=$test_failed
	number=0
	while [ "$number" -lt "$kills" ]; do
		number=$((number + 1))
		once "$who" "$number"
	done
	check_equal "$kills kills of $who, $struck met it, $completed found a \
whole mirror: all was well" "$wrong" "$test_failed"
	check "some met it ($struck)" [ "$struck" -gt 1 ]
	hot "popen:$tmp/source" "popen:$mirror" method=dump ||
	    fail "what the last one left is completed" "$err"
	check_equal "what the last one left is completed" "$whole" \
	    "$(repo_sum "$mirror")"
	rm -rf "$mirror"
done
check "and no folder in memory is left" no_memory_left
finish
