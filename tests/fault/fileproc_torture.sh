#!/bin/sh
# fileproc under kill -9, at random moments, of syncgate, of the processes of an
# agent, of processors and of ssh sessions, while items are written in every
# way: each has one whole result at the end, and nothing is left anywhere.
# sanitize: yes
#
# SEED=n repeats a run (as far as chance goes), ITEMS and KILLS say how much,
# MODE one way of processing.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/fileproc.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
need python3 ssh-keygen

if [ -n "${SYNCGATE_LONG:-}" ]; then
	: "${ITEMS=2000}" "${KILLS=200}" "${MODES=command}"
fi
: "${ITEMS=120}" "${KILLS=12}" "${MODES=command c}"
: "${SEED=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}"
export ITEMS KILLS SEED
cd "$tmp" || exit 2
mkdir -m 700 run
XDG_RUNTIME_DIR=$tmp/run
export XDG_RUNTIME_DIR

# The agent of a sanitizer's build is not for ssh.
SSHD_PID=0
login=popen
if [ -z "${sanitize:-}" ]; then
	sshd_start || exit 1
	login marked <<EOT
export XDG_RUNTIME_DIR=$tmp/run MARK=$MARK
exec dash -c "\$SSH_ORIGINAL_COMMAND"
EOT
fi

echo "SEED=$SEED"
for mode in $MODES; do
	mkdir "$tmp/$mode"
	MARK=$MARK MODE=$mode python3 -B \
	    "$top_srcdir/tests/lib/fileproc_torture.py" "$tmp/$mode" \
	    "$SYNCGATE" "$SSHD_PID" "$login" "$login" popen >said 2>&1
	status=$?
	before=$test_failed
	said "$mode" "$status"
	[ "$test_failed" -eq "$before" ] ||
	    fail "the log of $mode" "$tmp/$mode/log"
done
check_equal "no file of an agent is left" "" "$(ls -A "$tmp/run")"
finish
