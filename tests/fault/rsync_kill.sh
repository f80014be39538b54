#!/bin/sh
# kill -9 of syncgate, of the agent and of the sshd session while rsync brings a
# tree to its second version, 2 times each (by --long 25), at moments spread over
# the run, both directions in turns.  After each every file at the target is the
# old one or the new one, nothing runs and nothing lies about over there, and the
# next run makes the trees equal and leaves no temporary names.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/fileproc.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3 ps
if [ -n "${sanitize:-}" ]; then
	skip_all "the agent of a sanitizer's build is not for ssh"
fi

[ -n "${SYNCGATE_LONG:-}" ] && kills=25 || kills=2
kills=${KILLS:-$kills}
cd "$tmp" || exit 2
mkdir -m 700 run
tree 1 old small
tree 1 src small
tree 2 src small

sshd_start || exit 1
login marked <<EOT
export XDG_RUNTIME_DIR=$tmp/run $(echo MARK)=$MARK
exec dash -c "\$SSH_ORIGINAL_COMMAND"
EOT
SSHD_XSPEC=$login

# start: the run from src to dst, in the background, as $run_pid.
start() {
	case $way in
	push) set -- "source=$tmp/src" "targets=$SSHD_XSPEC:$tmp/$dst" ;;
	pull) set -- "source=$SSHD_XSPEC:$tmp/src" "targets=$tmp/$dst" ;;
	esac
	env MARK="$MARK" "$SYNCGATE" run --once --plugin rsync \
	    hold-over=100% "$@" fsync=none \
	    >run.log 2>&1 </dev/null &
	run_pid=$!
	at_exit "kill_child $run_pid"
}

agent_pid() {
	for one in $(process_tree "$SSHD_PID"); do
		[ "$(cat "/proc/$one/comm" 2>/dev/null)" = syncgate-agent ] &&
		    echo "$one"
	done
}

# strike WHO: did it meet somebody?
strike() {
	case $1 in
	syncgate) readlink "/proc/$run_pid/exe" >/dev/null &&
		kill -9 "$run_pid" ;;
	agent) kill -9 $(agent_pid) ;;
	sshd) [ -n "$(sshd_sessions)" ] && sshd_kill_sessions ;;
	esac 2>/dev/null
}

nothing_lies() {
	[ -z "$(ls -A "$tmp/run")" ]
}

# The moment of round N: spread over the time a run takes, with some chance.
moment() {
	awk -v n="$1" -v all="$kills" -v took="$took" \
	    -v chance="$(od -An -N2 -tu2 /dev/urandom)" 'BEGIN {
		at = (n - 1 + chance / 65536) / all
		printf "%.3f\n", took * (0.15 + at * 0.8)
	}'
}

# wrong SENTENCE FILE: the checks of a round speak only if they fail.
wrong() {
	fail "$who, kill $n ($way, after $at s): $1" "$2"
}

after_kill() {
	wait_until 10 nothing_marked "$MARK" || {
		ps -o pid=,args= -p "$(marked "$MARK" | paste -sd,)" >processes
		wrong "processes are left" processes
		kill -9 $(marked "$MARK") 2>/dev/null
	}
	python3 "$tree_lib/tree_mixture.py" old src "$dst" >mixture 2>&1 ||
	    wrong "a file is a mixture" mixture
	if [ -n "$(temporaries "$dst")" ]; then
		left=$((left + 1))
	fi
	differences src "$dst" >differs
	[ ! -s differs ] || cut=$((cut + 1))
	wait_until 5 nothing_lies || {
		ls -A run >lies
		wrong "files are left" lies
		rm -rf run/.xn* run/*
	}
}

next_run() {
	start
	wait "$run_pid" || wrong "the next run fails" run.log
	differences --kinds src "$dst" >differs ||
	    wrong "the next run does not make them equal" differs
	[ -z "$(temporaries "$dst")" ] || wrong "temporary names are left" differs
}

# How long does it take, when nobody kills it?
way=push n=0 who=nobody at=0
dst=dst.0 number=0
tree 1 "$dst" small
began=$(date +%s.%N)
start
wait "$run_pid"
took=$(echo "$began $(date +%s.%N)" | awk '{ print $2 - $1 }')
same "a run that nobody kills takes $took s, and all is the same" src "$dst"

for who in syncgate agent sshd; do
	before=$test_failed
	struck=0 cut=0 left=0
	n=1 tries=0
	while [ "$n" -le "$kills" ] && [ "$tries" -lt $((10 * kills)) ]; do
		tries=$((tries + 1))
		at=$(moment "$n")
		[ $((n % 2)) -eq 0 ] && way=push || way=pull
		# (To remove the last one first makes ext4 slow.)
		number=$((number + 1))
		dst=dst.$number
		tree 1 "$dst" small
		start
		sleep "$at"
		if strike "$who"; then
			struck=$((struck + 1))
			n=$((n + 1))
		elif readlink "/proc/$run_pid/exe" >/dev/null 2>&1; then
			# Nobody was there yet.
			took=$(echo "$took" | awk '{ print $1 * 1.4 }')
		else
			# All was over: this machine has become quicker.
			took=$(echo "$took" | awk '{ print $1 * 0.7 }')
		fi
		wait "$run_pid" 2>/dev/null
		after_kill
		next_run
	done
	check_equal "after $kills kills of $who all was well each time" \
	    "$before" "$test_failed"
	echo "    $struck met it running, $cut left it unfinished, $left with" \
	    "temporary files"
	check "and some of them met it running ($struck)" [ "$struck" -gt 1 ]
done
finish
