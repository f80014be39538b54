#!/bin/sh
# kill -9 of each process of a mirror by copy, 10 times each (by --long 50), at
# moments spread over a whole run: of syncgate and of the sshd session, both
# directions in turns, of the agent where the source is, and of that where the
# mirror is; of these all processes and a single one in turns.  After each the
# mirror verifies (if it is a repository yet), no process and no file is left,
# and the next start goes on from there, to a dump that is equal byte for byte.

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
mkrepo source "$revisions" 2500000 77 300 || exit 1
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

# strike WHO: did it meet somebody?  If all was over, runs are quicker than the
# first one was, and the moments move.
strike() {
	hit "$1" && struck=$((struck + 1)) && return
	took=$(awk -v t="$took" -v at="$at" 'BEGIN {
		print (at > t / 2 ? t * 0.85 : t)
	}')
}
hit() {
	case $1 in
	syncgate) readlink "/proc/$hot_pid/exe" >/dev/null &&
		kill -9 "$hot_pid" ;;
	source | mirror) kill -9 $(some_agent_pids) ;;
	sshd) [ -n "$(sshd_sessions)" ] && sshd_kill_sessions ;;
	esac 2>/dev/null
}

# The moment of round N of all, as seconds: within the time a run takes, which
# is noisy, so somewhat before its end; an agent is not there at once.
moment() {
	awk -v n="$1" -v all="$kills" -v took="$took" \
	    -v from="$2" -v noise="$(od -An -N2 \
	    -tu2 /dev/urandom)" 'BEGIN {
		at = (n - 1 + noise / 65536) / all
		printf "%.3f\n", took * (from + at * (0.85 - from))
	}'
}

# Is what lies there a repository, or not yet one?
sound() {
	[ ! -f "$mirror/format" ] || svnadmin verify -q "$mirror"
}
nothing_lies() {
	[ -z "$(ls -A "$tmp/run")" ]
}

# after WHAT: the checks after a kill; the words only when something is wrong.
after() {
	wrong=
	sound >verified 2>&1 || wrong="the mirror does not verify"
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

# A mirror that is complete is compared, and makes room for a new one.
renew() {
	has_revision "$mirror" "$revisions" || return 1
	completed=$((completed + 1))
	[ "$(repo_sum "$mirror")" = "$whole" ] ||
	    fail "$1: the mirror is complete and not the same"
	number=$((number + 1))
	mirror=$tmp/mirror.$number
}

# once WHO N: kill, then look; the next round goes on with what is left.
once() {
	start "$way" --once
	sleep "$at"
	strike "$1"
	wait "$hot_pid" 2>/dev/null
	after "$1, kill $2 ($way, after $at s)"
	[ ! -f "$mirror/format" ] || begun=$((begun + 1))
	renew "$1, kill $2 ($way, after $at s)" || parts=$((parts + 1))
}

# follow WHO N: kill, and the job comes back by itself.
follow() {
	start "$way"
	sleep "$at"
	strike "$1"
	sound >verified 2>&1 ||
	    fail "$1, kill $2: the mirror does not verify" verified
	if ! wait_until 30 has_revision "$mirror" "$revisions"; then
		cat "$err" >>"$out"
		fail "$1, kill $2 ($way, after $at s): the job does not come back" \
		    "$out"
	fi
	grep -q 'trying again' "$out" && back=$((back + 1))
	hot_stop
	[ "$hot_status" -eq 0 ] ||
	    fail "$1, kill $2: SIGTERM ended it with $hot_status" "$err"
	after "$1, kill $2 ($way, after $at s)"
	renew "$1, kill $2 ($way, after $at s)"
}

number=0
mirror=$tmp/mirror.0
began=$(date +%s.%N)
start pull --once
wait "$hot_pid"
took=$(echo "$began $(date +%s.%N)" | awk '{ print $2 - $1 }')
after "the first run"
check_equal "a run that nobody kills takes $took s and is the same" "$whole" \
    "$(repo_sum "$mirror")"
mirror=$tmp/mirror.1
number=1

for who in syncgate source mirror sshd; do
	before=$test_failed
	struck=0 parts=0 completed=0 back=0 begun=0
	n=0
	while [ "$n" -lt "$kills" ]; do
		n=$((n + 1))
		case $who$((n % 2)) in
		source*) way=pull from=0.25 ;;
		mirror*) way=push from=0.25 ;;
		*0) way=push from=0 ;;
		*1) way=pull from=0 ;;
		esac
		at=$(moment "$n" "$from")
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
	number=$((number + 1))
	mirror=$tmp/mirror.$number
	check_equal "after each of them all was well ($struck met it running," \
	    "$before" "$test_failed"
	echo "    $parts left a part, $completed a whole mirror, after $back" \
	    "the job came back by itself)"
	# On a machine that others use, many come when it has ended already.
	check "some of the kills met it running ($struck)" [ "$struck" -gt 1 ]
	if [ "$who" != syncgate ]; then
		check "after some the job came back by itself ($back)" \
		    [ "$back" -gt 0 ]
	fi
done
finish
