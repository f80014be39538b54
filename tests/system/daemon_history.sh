#!/bin/sh
# What became of each run is recorded in the store: how it ended, what it did,
# that it was lost with its daemon; in SQLite and on a server that may be away.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3
. "$top_srcdir/tests/lib/history.sh"

# ---- Runs
write "sqlite:$tmp/store.db"
check_equal "before the first run there is none" "no runs" "$(past)"
begin
check "a run that goes on is so" wait_until 5 has stays running
check "one that ends well is so, and each one" wait_until 5 has good \
    '*well well*'
check "one that fails, and one after which its job is held" \
    wait_until 5 has bad 'held failed'
past >said
check_grep "for people with what it did" \
    '^good +1  20[0-9: -]{17} +[0-9.]+s  well +3 steps, 2000 bytes$' said
check_grep "and why it failed, whatever that is" \
    '^bad .* held .*: a "quoted" \\x1b\[2Jtext / of two' said
past --json -n 1 good >said
check_equal "as many as are asked for" 1 "$(grep -c . said)"
past --json good | grep '"outcome": "well"' | head -n 1 >said
check_equal "for programs with its figures" '{"steps": 3, "bytes": 2000} True' \
    "$(python3 -c '
import json, sys
run = json.load(sys.stdin)
print(json.dumps(run["figures"]), 0 <= run["seconds"] < 60)' <said)"
check_equal "those since then" "no runs" "$(past --since 2000-01-01 none)"
check_equal "those since then" "no runs" "$(past --since 0.01ms bad)"
past --since nonsense >said
check_equal "a time that is none is wrong use" 2 "$?"
ask stop stays
check "a run that is stopped is so" wait_until 5 has stays stopped
ask start stays
wait_until 5 has stays 'running stopped'
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
check_equal "when the daemon dies nobody knows" "running stopped" \
    "$(outcomes stays)"
begin
check "until the next one begins: it was lost" wait_until 5 has stays \
    'running lost stopped'
end
check_equal "what ends with the daemon is recorded" "stopped lost stopped" \
    "$(outcomes stays)"
check "numbers go on" [ "$(past --json -n 1 stays | sed \
    's/.*"number": \([0-9]*\).*/\1/')" = 3 ]

# ---- Old ones
write "sqlite:$tmp/store.db" 2
last=$(past --json -n 1 good | sed 's/.*"number": \([0-9]*\).*/\1/')
pruned() {
	[ "$(past --json -n 0 good |
	    sed -n '$s/.*"number": \([0-9]*\).*/\1/p')" -ge "$last" ]
}
begin
check "no more than so many are kept" wait_until 5 pruned
end

# ---- By hand
"$SYNCGATE" run -c conf --once good >said 2>&1
check_equal "a run by hand is recorded" \
    'well True {"steps": 3, "bytes": 2000}' "$(past --json -n 1 | python3 -c '
import json, sys
run = json.load(sys.stdin)
print(run["outcome"], run["by_hand"], json.dumps(run["figures"]))')"
"$SYNCGATE" run -c conf --once bad good >said 2>&1
check_equal "several, too, and a failure" failed "$(past --json -n 1 bad |
    sed 's/.*"outcome": "\([a-z]*\)".*/\1/')"
past -n 1 bad >said
check_grep "which is said" '^bad .* failed .*, by hand: job bad: ' said
"$SYNCGATE" run -c conf --once good --store sqlite:/proc/none >said 2>&1
check_equal "that it cannot be recorded is no failure" 0 "$?"
check_grep "but told" 'warning: the history will not have this run: ' said

# ---- A server
rm hold
mkfifo hold
sh "$top_srcdir/tests/lib/postgres.sh" <hold >conninfo &
exec 9>hold
if wait_until 30 grep -q host= conninfo; then
	write "pgsql:host=/nowhere password=geheim"
	begin
	check "a server that is not there is told" wait_until 5 logged \
	    'not recorded: store pgsql:host=/nowhere: '
	check "jobs run" wait_until 5 logged 'job good: done' 2
	pgrep -aP "$daemon" >processes
	check "by a process" grep -q 'history --record' processes
	check_not "the password is neither in the log nor for ps to see" \
	    grep -q geheim log processes
	write "pgsql:$(cat conninfo)"
	ask reload
	check "another store after a reload is used" wait_until 5 has stays \
	    'running*'
	check "for what was before, too" wait_until 5 has good '*well well'
	exec 9>&-
	check "that it is lost is told" wait_until 20 logged \
	    'not recorded: .*store pgsql:host=/[^n]'
	lines=$(grep -c 'job good: done' log)
	check "jobs go on" wait_until 5 logged 'job good: done' $((lines + 1))
	end
else
	exec 9>&-
	skip "a server: there is no PostgreSQL here"
fi
finish
