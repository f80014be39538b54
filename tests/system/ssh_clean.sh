#!/bin/sh
# Nothing stays on the remote's disk or in its process table: after a good end,
# and after the connection was cut during the upload or the run.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"

sshd_start || exit 1
mkdir -m 700 "$tmp/run"

# A login whose processes carry a mark and whose folder is ours alone.
mark=syncgate-mark-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
login marked <<EOT
export XDG_RUNTIME_DIR=$tmp/run $(echo MARK)=$mark
exec dash -c "\$SSH_ORIGINAL_COMMAND"
EOT

marked() {
	grep -ls -e "$mark" /proc/[0-9]*/environ | sed 's,/environ,,'
}
nothing_runs() {
	[ -z "$(marked)" ]
}
nothing_lies() {
	[ -z "$(ls -A "$tmp/run")" ]
}
check_clean() {
	wait_until 10 nothing_runs
	check "$1: no process" nothing_runs
	check "$1: no file" nothing_lies
	kill -9 $(marked | sed 's,/proc/,,') 2>/dev/null
	rm -rf "$tmp/run"/.xn* "$tmp/run"/*
}

check_agent "an agent starts" "$login"
check_clean "after a good end"

mkfifo "$tmp/hold"
# held: an agent that stays until fd 7 is closed.
held() {
	: >"$tmp/held"
	drive agent "$login" <"$tmp/hold" >"$tmp/held" 2>&1 &
	held_pid=$!
	exec 7>"$tmp/hold"
	wait_until 20 grep -q '^features' "$tmp/held"
}
held
check "an agent is running over there" test -n "$(marked)"
check "its file is already gone" nothing_lies
sshd_kill_sessions
check_clean "after the session was killed during the run"
exec 7>&-
wait "$held_pid"

held
kill -9 $(process_tree "$held_pid") "$held_pid" 2>/dev/null
exec 7>&-
wait "$held_pid" 2>/dev/null
check_clean "after we were killed during the run"

# The upload, at a crawl.
for round in 1 2 3; do
	: >"$tmp/slow"
	drive upload "$login" 50000 >"$tmp/slow" 2>&1 &
	upload_pid=$!
	wait_until 20 grep -q '^slow' "$tmp/slow"
	check "upload $round is under way" test -n "$(ls -A "$tmp/run")"
	sleep "0.$round"
	sshd_kill_sessions
	check_clean "after the session was killed during upload $round"
	wait "$upload_pid"
done
: >"$tmp/slow"
drive upload "$login" 50000 >"$tmp/slow" 2>&1 &
upload_pid=$!
wait_until 20 grep -q '^slow' "$tmp/slow"
kill -9 $(process_tree "$upload_pid") "$upload_pid" 2>/dev/null
wait "$upload_pid" 2>/dev/null
check_clean "after we were killed during the upload"

# kill -9 of the shell leaves the folder; the next agent sweeps it.
: >"$tmp/slow"
drive upload "$login" 50000 >"$tmp/slow" 2>&1 &
upload_pid=$!
wait_until 20 grep -q '^slow' "$tmp/slow"
shell_pid=$(ls -A "$tmp/run" | sed 's/^\.xn//')
kill -9 "$shell_pid"
kill -9 $(marked | sed 's,/proc/,,') 2>/dev/null
wait "$upload_pid"
# Its parent is gone too, and some machines' init takes its time to reap.
within 60 sh -c "! kill -0 $shell_pid"
check_grep "a shell that is killed is an error" '^error 10: the command on .* has ended' \
    "$tmp/slow"
check "its folder stays" test -n "$(ls -A "$tmp/run")"
check_agent "the next agent starts" "$login"
check "one that is not an hour old may be another container's" \
    test -n "$(ls -A "$tmp/run")"
find "$tmp/run" -exec touch -d '61 minutes ago' {} +
check_agent "an agent starts an hour later" "$login"
check "and has removed the folder" wait_until 5 nothing_lies
check_clean "after all of that"

# Cut at any moment.
for round in 1 2 3 4 5 6 7 8 9 10 11 12; do
	drive agent "$login" <"$tmp/hold" >"$tmp/held" 2>&1 &
	held_pid=$!
	exec 7>"$tmp/hold"
	sleep "0.$((round * 35 + 100))"
	sshd_kill_sessions
	exec 7>&-
	wait "$held_pid"
done 2>/dev/null
check_clean "after 12 cuts at any moment"
finish
