#!/bin/sh
# kill -9 of each process of a mirror by dump, 10 times each (by --long 50), at
# moments spread over a whole run: syncgate, the source's agent, that of the
# mirror, svnadmin that dumps, and svnadmin that loads.  After each the mirror
# verifies (if it is a repository yet) and no process is left; the next start
# goes on from there, and what is complete is equal.  The same while a mirror is
# made anew, for which the one in place stays what it was until then.

# A kill loses nothing that was written, so all may be in memory.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnlook svn python3 ps pgrep

[ -n "${SYNCGATE_LONG:-}" ] && kills=50 || kills=10
kills=${KILLS:-$kills}
revisions=200
cd "$tmp" || exit 2
mkrepo source "$revisions" 4000000 5 || exit 1
whole=$(repo_sum source)

mark=syncgate-dump-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
hot_env=MARK=$mark
# victims WHO: process ids; looked for quickly, since some are not there long.
victims() {
	case $1 in
	syncgate) runs && echo "$hot_pid" ;;
	dump) pgrep -f "^svnadmin dump .*$tmp/source" ;;
	load) pgrep -f "^svnadmin load .*$loaded" ;;
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
# (It has none when it has ended, and nobody has waited for it.)
runs() {
	[ -e "/proc/$hot_pid/exe" ]
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
	within 150 memory_is_gone
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
	[ -f "$loaded/db/current" ] && read -r now <"$loaded/db/current" &&
	    [ "$now" -ge "$1" ]
} 2>/dev/null

# moment WHO N: until one of three times soon after the beginning, else until
# a random one of the revisions is there; svnadmin dump is far ahead of it.  In
# $found is then who was there before that: to look for them takes longer than
# some hundred revisions on a machine that is slow to start programs.
moment() {
	if [ $(($2 % 3)) -eq 0 ]; then
		at="$(random 0 0.2) s"
		sleep "${at% s}"
		found=$(victims "$1")
		return
	fi
	has=$(repo_youngest "$loaded")
	has=${has:-0}
	case $1 in
	dump) at=$(random "$has" $((has + (revisions - has) / 8))) ;;
	*) at=$(random "$has" $((has + (revisions - has) * 3 / 4))) ;;
	esac
	at=r${at%.*}
	looks=0
	until found=$(victims "$1") && [ -n "$found" ] || ! runs ||
	    [ "$looks" -ge 6000 ]; do
		looks=$((looks + 1))
		sleep 0.005
	done
	until reached "${at#r}" || ! runs || [ "$looks" -ge 12000 ]; do
		looks=$((looks + 1))
		sleep 0.005
	done
}

# ends_well: the run does so by itself; if not it is ended, and shown.
has_ended() {
	! runs
}
ends_well() {
	wait_until 20 has_ended || {
		for one in $(marked "$mark"); do
			ps -o pid=,ppid=,stat=,args= -p "$one"
			grep -H . "/proc/$one/task/"*/wchan
			ls -l "/proc/$one/fd"
		done >stuck 2>&1
		cat "$out" "$err" >>stuck
		fail "$what: it does not end" stuck
		kill -9 "$hot_pid"
	}
	wait "$hot_pid" 2>/dev/null
}

# struck_at WHO N WORD...: a run, killed, and what it left looked at.
struck_at() {
	who=$1
	number=$2
	shift 2
	ends "$who" "$number"
	hot_follow "$from" "$to" method=dump --once "$@"
	moment "$who" "$number"
	[ -z "$found" ] || kill -9 $found 2>/dev/null ||
	    kill -9 $(victims "$who") 2>/dev/null
	what="kill $number of $who, at $at"
	ends_well
	wait_until 10 nothing_marked "$mark" || fail "$what: processes are left"
	sound >verified 2>&1 || fail "$what: it does not verify" verified
}
is_whole() {
	[ "$(repo_sum "$mirror")" = "$whole" ] ||
	    fail "$what: it is whole and not the same"
}

# once WHO N: kill, then look; the next round goes on with what is left.
once() {
	struck_at "$1" "$2"
	if ! has_revision "$mirror" "$revisions"; then
		struck=$((struck + 1))
		return
	fi
	is_whole
	# Killed behind its last revision: the next start tidies up in memory.
	[ ! -L "$mirror/db/transactions" ] || hot "$from" "$to" method=dump ||
	    fail "$what: the next start" "$err"
	rm -rf "$mirror"
}

# anew WHO N: the same of --resync.
anew() {
	[ -d "$mirror" ] || cp -a old "$mirror"
	struck_at "$1" "$2" --resync
	if [ ! -d "$mirror.before-1" ] && [ ! -e "$mirror/db/syncgate-resync" ]
	then
		struck=$((struck + 1))
		[ "$(repo_sum "$mirror")" = "$old" ] ||
		    fail "$what: the old one is not as it was"
		return
	fi
	is_whole
	rm -rf "$mirror" "$mirror".*
}

mirror=$tmp/mirror
loaded=$mirror
for who in syncgate source mirror dump load; do
	struck=0
	wrong=$test_failed
	number=0
	# (More, where the machine is too busy to strike in time.)
	while [ $((number += 1)) -le "$kills" ] ||
	    { [ "$struck" -le $((kills / 5)) ] &&
	    [ "$number" -le $((4 * kills)) ]; }; do
		once "$who" "$number"
	done
	check_equal "$((number - 1)) kills of $who, $struck before the mirror was \
complete: all was well" "$wrong" "$test_failed"
	check "some came before that ($struck)" [ "$struck" -gt $((kills / 5)) ]
	hot "popen:$tmp/source" "popen:$mirror" method=dump ||
	    fail "what the last one left is completed" "$err"
	check_equal "what the last one left is completed" "$whole" \
	    "$(repo_sum "$mirror")"
	rm -rf "$mirror"
done

mkrepo other 5 10000 6 || exit 1
hot "$tmp/other" "$tmp/old" method=dump
old=$(repo_sum old)
loaded=$mirror.syncgate-new
struck=0
wrong=$test_failed
number=0
while [ $((number += 1)) -le $((kills / 2)) ] ||
    { [ "$struck" -le $((kills / 2)) ] && [ "$number" -le $((4 * kills)) ]; }
do
	for who in syncgate mirror load; do
		anew "$who" "$number"
	done
done
check_equal "$(((number - 1) * 3)) kills while it was made anew, $struck before \
it took its place: all was well" "$wrong" "$test_failed"
check "some came before that ($struck)" [ "$struck" -gt $((kills / 2)) ]
[ -d "$mirror" ] || cp -a old "$mirror"
check "what the last one left is completed" \
    hot "$tmp/source" "popen:$mirror" method=dump --resync
check_equal "and is the same" "$whole" "$(repo_sum "$mirror")"
check_equal "and the old one what it was" "$old" \
    "$(repo_sum "$mirror.before-1")"
check_none "nothing of the making is left" "$loaded" \
    "$mirror/db/syncgate-resync" "$mirror.before-2"
check "and no folder in memory is left" no_memory_left
finish
