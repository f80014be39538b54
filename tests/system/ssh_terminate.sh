#!/bin/sh
# terminate() of a gateway over ssh: an agent that does as it is told ends; one
# that does not lives on another machine, where nobody can kill it, so the
# connection is closed, and it ends as soon as it sees that.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"

sshd_start || exit 1
mkdir -m 700 "$tmp/run"
mark=syncgate-mark-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
login marked <<EOT
export XDG_RUNTIME_DIR=$tmp/run $(echo MARK)=$mark
exec dash -c "\$SSH_ORIGINAL_COMMAND"
EOT

marked() {
	grep -ls -e "$mark" /proc/[0-9]*/environ |
	    sed 's,/proc/\([0-9]*\)/.*,\1,'
}
nothing_runs() {
	[ -z "$(marked)" ]
}
no_session() {
	[ -z "$(sshd_sessions)" ]
}

# A gateway with two programs, which ends when fd 7 is closed.
mkfifo "$tmp/hold"
held() {
	: >"$tmp/held"
	timeout -k 5 120 "$top_builddir/tests/lib/hop_drive" "$@" \
	    <"$tmp/hold" >"$tmp/held" 2>&1 &
	drive_pid=$!
	exec 7>"$tmp/hold"
	wait_until 30 grep -q '^ready' "$tmp/held"
}

held "$login"
many_run() {
	[ "$(marked | wc -l)" -gt 2 ]
}
check "an agent and its programs are running over there" \
    wait_until 10 many_run
exec 7>&-
wait "$drive_pid"
check_grep "a gateway over ssh is terminated" '^terminated' "$tmp/held"
check "its processes have ended" wait_until 10 nothing_runs
check "and its connection" wait_until 10 no_session

held "$login"
kill -STOP $(marked)
check "there is a session to be closed" test -n "$(sshd_sessions)"
exec 7>&-
wait "$drive_pid"
check_grep "an agent that does not run is not waited for" '^terminated' \
    "$tmp/held"
check "its connection is closed" wait_until 10 no_session
check "it is still there, stopped" test -n "$(marked)"
kill -CONT $(marked)
check "and ends by the end of its connection" wait_until 20 nothing_runs

# The ssh program is a process of ours, which can be killed.
if command -v ssh >/dev/null; then
	held "open$login"
	kill -STOP $(marked)
	exec 7>&-
	wait "$drive_pid"
	check_grep "the same through the ssh program" '^terminated' \
	    "$tmp/held"
	check "which has gone, and its connection" wait_until 10 no_session
	kill -CONT $(marked)
	check "and the agent" wait_until 20 nothing_runs
else
	skip "no ssh program"
fi
kill -9 $(marked) 2>/dev/null
check_equal "and nothing lies there" "" "$(ls -A "$tmp/run")"
finish
