#!/bin/sh
# kill -9 of each process of a mirror by copy, 10 times each (by --long 50): of
# syncgate and of the sshd session, both directions in turns, of the agent where
# the source is, and of that where the mirror is; of these all processes and a
# single one in turns.  It comes while they connect, when any one revision is
# written, when they are published, and while they are verified at the end.
# After each the mirror is whole (if it is a repository yet): what can be seen
# of it are the source's files, byte for byte, and metadata that verifies.  No
# process and no file is left, and the next start goes on from there, to a dump
# that is equal.

# A kill loses nothing that was written, so all may be in memory.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin python3 ps
if [ -n "${sanitize:-}" ]; then
	skip_all "the agent of a sanitizer's build is not for ssh"
fi

[ -n "${SYNCGATE_LONG:-}" ] && kills=50 || kills=10
kills=${KILLS:-$kills}
revisions=1100
cd "$tmp" || exit 2
mkdir -m 700 run
shard=300
mkrepo source "$revisions" 12000000 77 $shard || exit 1
whole=$(repo_sum source)
case $whole in
no*) fail "the source itself: $whole"; finish ;;
esac
# svnadmin pack or a bug of Subversion's own is not ours to answer for.
check "the source itself verifies" svnadmin verify -q source

sshd_start || exit 1
mark=syncgate-kill-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
login marked <<EOT
export XDG_RUNTIME_DIR=$tmp/run $(echo MARK)=$mark
exec dash -c "\$SSH_ORIGINAL_COMMAND"
EOT
SSHD_XSPEC=$login
hot_env=MARK=$mark

# start DIRECTION WORD...: a run to $mirror in the background.
start() {
	direction=$1
	shift
	: >"$tmp/began"
	case $direction in
	pull) hot_follow "$(hot_over_ssh "$tmp/source")" "$mirror" "$@" ;;
	push) hot_follow "$tmp/source" "$(hot_over_ssh "$mirror")" "$@" ;;
	esac
}

# The agent's processes: all of them, or any one.
agent_pids() {
	for one in $(process_tree "$SSHD_PID"); do
		[ "$(cat "/proc/$one/comm" 2>/dev/null)" = syncgate-agent ] &&
		    echo "$one"
	done
}
some_agent_pids() {
	if [ $((n / 2 % 2)) -eq 0 ]; then
		agent_pids
	else
		agent_pids | shuf -n 1
	fi
}

# strike WHO: did it meet somebody?  What moment() has stopped goes on then.
strike() {
	hit "$1" && struck=$((struck + 1))
	kill -CONT "$hot_pid" 2>/dev/null
}
hit() {
	case $1 in
	syncgate) readlink "/proc/$hot_pid/exe" >/dev/null &&
		kill -9 "$hot_pid" ;;
	source | mirror) kill -9 $(some_agent_pids) ;;
	sshd) [ -n "$(sshd_sessions)" ] && sshd_kill_sessions ;;
	esac 2>/dev/null
}

# random FROM TO
random() {
	awk -v from="$1" -v to="$2" -v r="$(od -An -N2 -tu2 /dev/urandom)" \
	    'BEGIN { printf "%.3f\n", from + (to - from) * r / 65536 }'
}
# written PATH MORE HOW: until the file is written by the run that began after
# $tmp/began, and so many seconds more; or until it has ended.  HOW "stop": it
# goes quickly, so syncgate is stopped there, until the victim was found.
written() {
	python3 -I -S - "$hot_pid" "$tmp/began" "$@" <<-'EOT'
		import os, signal, sys, time
		pid, began, path, more, how = sys.argv[1:]
		since = os.stat(began).st_mtime_ns
		def goes_on():
		    try:
		        os.readlink(f"/proc/{pid}/exe")
		    except OSError:
		        return False
		    try:
		        return os.stat(path).st_ctime_ns <= since
		    except OSError:
		        return True
		while goes_on():
		    time.sleep(0.0005)
		time.sleep(float(more))
		if how == "stop":
		    os.kill(int(pid), signal.SIGSTOP)
	EOT
}
# revision N MORE HOW
revision() {
	revision_file=$mirror/db/revs/$(($1 / shard))/$1
	shift
	written "$revision_file" "$@"
}

# The moments, in turns: kind_of N, moment KIND.  An agent is not there at once.
# What is verified takes longer than all before it, so that is left out but when
# it is what is to be cut.
kind_of() {
	case $(($1 % 5)) in
	1) kind=connecting ;;
	2 | 3) kind=copying ;;
	4) kind=publishing ;;
	0) kind=verifying ;;
	esac
	[ $kind = verifying ] && verify=yes || verify=no
}
moment() {
	has=$(repo_youngest "$mirror")
	has=${has:-0}
	case $1 in
	connecting)
		case $who in
		source | mirror) from=$(halved "$connected") ;;
		*) from=0 ;;
		esac
		at=$(random "$from" "$connected")
		sleep "$at"
		at="$at s" ;;
	copying)
		# A source is far ahead of what is written.
		last=$revisions
		[ "$who" != source ] ||
		    last=$((has + 1 + (revisions - has) / 4))
		at=$(random $((has + 1)) "$last")
		at=r${at%.*}
		revision "${at#r}" 0 stop ;;
	publishing)
		at=published
		written "$mirror/db/current" 0 stop ;;
	verifying)
		at="$(random 0 "$verified") s after all was there"
		revision "$revisions" "${at%% *}" stop ;;
	esac
}
halved() {
	awk -v t="$1" 'BEGIN { print t / 2 }'
}

# Is what lies there a repository, or not yet one?  (The source verifies, and a
# file that is equal does, too.)
sound() {
	[ ! -f "$mirror/format" ] || {
		svnadmin verify -q --metadata-only "$mirror" &&
		    same_files source "$mirror" "$(repo_youngest "$mirror")"
	}
}
# same_files SOURCE MIRROR REV: those of the revisions up to that.
same_files() {
	python3 -I -S - "$@" $shard <<-'EOT'
		import sys
		source, mirror, last, shard = sys.argv[1:]
		for kind in "revs", "revprops":
		    for rev in range(int(last) + 1):
		        name = f"db/{kind}/{rev // int(shard)}/{rev}"
		        with open(f"{source}/{name}", "rb") as a, \
		            open(f"{mirror}/{name}", "rb") as b:
		            if a.read() != b.read():
		                sys.exit(f"{name} differs from the source's")
	EOT
}
nothing_lies() {
	[ -z "$(ls -A "$tmp/run")" ]
}

# after WHAT: the checks after a kill; the words only when something is wrong.
after() {
	wrong=
	sound >verified 2>&1 || wrong="the mirror is not whole"
	wait_until 10 nothing_marked "$mark" ||
	    wrong="$wrong, processes are left: $(ps -o pid=,args= -p \
		"$(marked "$mark" | paste -sd,)")"
	wait_until 5 nothing_lies || wrong="$wrong, files: $(ls -A run)"
	[ -z "$wrong" ] && return 0
	cat "$err" >>verified
	fail "$1: ${wrong#, }" verified
	kill -9 $(marked "$mark") 2>/dev/null
	rm -rf run/.xn* run/*
}

# A mirror that is complete makes room for a new one.
renew() {
	has_revision "$mirror" "$revisions" || return 1
	completed=$((completed + 1))
	rm -rf "$mirror"
}

# once WHO N: kill, then look; the next round goes on with what is left.
once() {
	start "$way" --once verify=$verify
	moment "$kind"
	strike "$1"
	wait "$hot_pid" 2>/dev/null
	after "$1, kill $2 ($way, $kind: $at)"
	renew || parts=$((parts + 1))
}

# follow WHO N: kill, and the job comes back by itself.
follow() {
	start "$way" verify=$verify
	moment "$kind"
	strike "$1"
	sound >verified 2>&1 ||
	    fail "$1, kill $2: the mirror is not whole" verified
	if ! wait_until 30 has_revision "$mirror" "$revisions"; then
		cat "$err" >>"$out"
		fail "$1, kill $2 ($way, $kind: $at): the job does not come \
back" "$out"
	fi
	grep -q 'trying again' "$out" && back=$((back + 1))
	hot_stop
	[ "$hot_status" -eq 0 ] ||
	    fail "$1, kill $2: SIGTERM ended it with $hot_status" "$err"
	after "$1, kill $2 ($way, $kind: $at)"
	renew
}

mirror=$tmp/mirror
who=nobody
start pull --once
clock() {
	date +%s.%N
}
began=$(clock)
revision 1 0 look
connected=$(clock)
revision "$revisions" 0 look
copied=$(clock)
wait "$hot_pid"
verified=$(echo "$copied $(clock)" | awk '{ print $2 - $1 }')
connected=$(echo "$began $connected" | awk '{ print $2 - $1 }')
after "the first run"
check_equal "a run that nobody kills connects for $connected s, verifies for \
$verified s, and is the same" "$whole" "$(repo_sum "$mirror")"
rm -rf "$mirror"

for who in syncgate source mirror sshd; do
	before=$test_failed
	struck=0 parts=0 completed=0 back=0
	n=0
	while [ "$n" -lt "$kills" ]; do
		n=$((n + 1))
		case $who$((n % 2)) in
		source* | syncgate1 | sshd1) way=pull ;;
		*) way=push ;;
		esac
		kind_of "$n"
		# One of three comes back by itself; syncgate cannot.
		if [ "$who" != syncgate ] && [ $((n % 3)) -eq 0 ]; then
			follow "$who" "$n"
		else
			once "$who" "$n"
		fi
	done
	# And what the last one left is completed.
	start pull --once
	wait "$hot_pid"
	check_equal "after $kills kills of $who: the next start completes it" \
	    "$whole" "$(repo_sum "$mirror")"
	rm -rf "$mirror"
	check_equal "after each of them all was well ($struck met it running," \
	    "$before" "$test_failed"
	echo "    $parts left a part, $completed a whole mirror, after $back" \
	    "the job came back by itself)"
	# On a machine that others use, some come when it has ended already.
	check "most of the kills met it running ($struck)" \
	    [ "$struck" -gt $((kills / 2)) ]
	check "some left a part ($parts)" [ "$parts" -gt 0 ]
	if [ "$who" != syncgate ]; then
		check "after some the job came back by itself ($back)" \
		    [ "$back" -gt 0 ]
	fi
done
finish
