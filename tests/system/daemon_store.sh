#!/bin/sh
# A store that is locked, damaged or full holds no job up: it is told, and when
# it is well again all is recorded.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/room.sh"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3
. "$top_srcdir/tests/lib/history.sh"

# ---- A store that is locked
write "sqlite:$tmp/store.db"
begin
check "it runs" wait_until 5 is stays running
wait_until 5 has stays 'running*'
cat >lock.py <<'END'
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
store.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
END
mkfifo hold
python3 lock.py store.db <hold >locked &
exec 9>hold
wait_until 5 grep -q locked locked
check "that it is locked is told" wait_until 15 logged \
    'history of runs is not recorded: .*store sqlite:.*database is locked'
runs=$(tell good runs)
more() {
	[ "$(tell good runs)" -gt "$runs" ]
}
check "jobs go on" wait_until 5 more
ask status good
check_grep "status says it, too" 'history of runs is not recorded: .*locked' \
    said
check_equal "one line in the log is enough" 1 \
    "$(grep -c 'is not recorded' log)"
check "the history can be read" has stays 'running*'
exec 9>&-
check "when it is free all is recorded" wait_until 20 logged \
    'history is recorded again$'
runs=$(past --json -n 0 good | python3 -c '
import json, sys
numbers = [json.loads(line)["number"] for line in sys.stdin]
print(numbers == list(range(numbers[0], numbers[-1] - 1, -1)))')
check_equal "none is missing" True "$runs"
ask status good
check_equal "and status is well" 0 "$?"

# ---- One that is damaged, and the process that records killed
recorder=$(pgrep -P "$daemon" -f 'history --record')
kill -9 "$recorder"
check "the process that records is begun again" wait_until 5 sh -c \
    "pgrep -P $daemon -f 'history --record' | grep -qvx $recorder"
check "without a loss" wait_until 5 logged 'history is recorded again$' 2
end
rm -f store.db-wal store.db-shm
seq 100000 | dd of=store.db bs=64k conv=notrunc 2>/dev/null
begin
check "a damaged store is told" wait_until 5 logged \
    'not recorded: store sqlite:.*\(malformed\|not a database\)'
check "jobs run" wait_until 5 logged 'job good: done' 2
past >said
check_equal "the history is an error" 1 "$?"
check_grep "of the store" '^syncgate: .*store sqlite:' said
rm -f store.db
check "when it is gone it is made anew" wait_until 20 logged \
    'history is recorded again$'
check "with all that was since then" wait_until 5 has good '*well well'
end

# ---- A full disk
if [ "${OWN_ROOM:-}" = yes ] && mkdir small &&
    mount -t tmpfs -o size=1m,mode=700 none small; then
	write "sqlite:$tmp/small/store.db"
	begin
	wait_until 5 has good 'well*'
	dd if=/dev/zero of=small/rest bs=4k 2>/dev/null
	check "a full disk is told" wait_until 10 logged \
	    'not recorded: .*\(full\|I/O error\)'
	lines=$(grep -c 'job good: done' log)
	check "jobs go on" wait_until 5 logged 'job good: done' $((lines + 1))
	rm small/rest
	check "when there is room it goes on" wait_until 20 logged \
	    'history is recorded again$'
	end
	umount small
else
	skip "a full disk: only root can make one"
fi

finish
