#!/bin/sh
# Two daemons that share a server and a job: one runs it, the other one goes on
# when that ends, is killed, sleeps, or loses the server.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3

mkfifo hold
sh "$top_srcdir/tests/lib/postgres.sh" <hold >conninfo &
server=$!
exec 9>hold
answers() {
	[ -s conninfo ] || ! kill -0 "$server" 2>/dev/null
}
wait_until 60 answers
[ -s conninfo ] || skip_all "no PostgreSQL here"
at_exit 'exec 9>&-; wait "$server"'
postmaster=$(pgrep -f "postgres -D $(sed 's/^host=\([^ ]*\).*/\1/' conninfo)" |
    head -n 1)

mark=syncgate-lease-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
mkdir src dst
echo 0 >src/file
for one in a b; do
	cat >"$one.conf" <<EOT
store = "pgsql:$(cat conninfo)"
daemon {
	socket = "$tmp/$one.sock"
	memory = "$tmp/$one.memory"
	lease = 4s
}
job tree {
	plugin = rsync
	source = "$tmp/src"
	targets = "$tmp/dst"
	follow = yes
	retry-after = 200ms
}
job timed {
	plugin = testplugin
	place = "/nowhere"
	steps = 100
	pause = 200ms
	at = "00:00"
}
EOT
done
begin() {
	MARK=$mark "$SYNCGATE" daemon --foreground -c "$1.conf" 2>>"$1.log" &
	eval "$1=$!"
	at_exit "kill_child $!"
}
# worker ONE: the process that runs tree, or waits for it.
worker() {
	"$SYNCGATE" status --daemon --json -c "$1.conf" tree |
	    python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])'
}
# says ONE TEXT [TIMES]: of tree.
says() {
	[ "$(grep -c "job tree: .*$2" "$1.log")" -ge "${3:-1}" ]
}
# history JOB: what became of its last run that b has, and why.
history() {
	"$SYNCGATE" history -c b.conf --json -n 1 "$1" | python3 -c '
import json, sys
run = json.loads(sys.stdin.readline())
print(run["outcome"], (run["error"] or "")[:23])'
}
number=0
# arrives SENTENCE SECONDS
arrives() {
	number=$((number + 1))
	echo "$number" >src/file
	check "$1" wait_until "$2" cmp src/file dst/file
}

begin a
check "a runs it" wait_until 20 says a 'in step\|following'
begin b
check "b says who has it" wait_until 20 says b \
    "it is run elsewhere now: by .*, process $(worker a); here when that ends"
"$SYNCGATE" why -c b.conf tree >said
check_grep "and why it waits" 'it is run elsewhere now' said
"$SYNCGATE" run --once -c b.conf tree >said 2>&1
check_equal "by hand it is not run beside that" 1 $?
check_grep "which is said" 'job tree: it is run elsewhere now: by ' said
check_equal "and the history has it as skipped, with the reason" \
    "skipped job tree: it is run els" "$(history tree)"
arrives "what changes is carried over" 10

# ---- It ends
kill "$a"
wait "$a"
check "when a ends, b runs it" wait_until 10 says b 'run here from now on'
arrives "and goes on" 10

# ---- It is killed
begin a
check "a waits now" wait_until 20 says a 'it is run elsewhere now'
kill -9 "$b"
check "b was killed: its lease ends, and a runs it" wait_until 20 \
    says a 'run here from now on'
arrives "and goes on" 10

# ---- It sleeps
begin b
wait_until 20 says b 'it is run elsewhere now' 2
sleeper=$(worker a)
kill -STOP "$sleeper"
check "a's process sleeps: b runs it" wait_until 20 \
    says b 'run here from now on' 2
# (It still has the target's lock, here as well as over there.)
kill -CONT "$sleeper"
check "when that wakes it ends" wait_until 5 gone "$sleeper"
check "and says why" wait_until 5 grep -q \
    'the lease of job tree is over: its process ends' a.log
arrives "then b goes on" 10
check "another waits in its place" wait_until 20 \
    says a 'it is run elsewhere now' 2

# ---- The server is away
kill -STOP "$postmaster" $(pgrep -P "$postmaster")
check "without the server nobody goes on" wait_until 20 \
    says b 'its lease could not be renewed in time\|is over: its process ends'
kill -CONT "$postmaster" $(pgrep -P "$postmaster")
arrives "when it is back, one does" 30

# ---- A job with an end
"$SYNCGATE" start -c a.conf timed >said 2>&1
# It has the lease when its plugin speaks, and keeps it until a is told to stop.
wait_until 20 grep -q 'job timed: pid' a.log
"$SYNCGATE" start -c b.conf timed >said 2>&1
check "what one has begun the other passes by" wait_until 20 \
    grep -q 'job timed: it is run elsewhere now: .*: not here this time' b.log
is_skipped() {
	[ "$(history timed)" = "skipped it is run elsewhere now" ]
}
check "the history says that it was, and why" wait_until 10 is_skipped
"$SYNCGATE" status --daemon --json -c b.conf timed >said
check_equal "it is no success, and no failure" "None 0 0 waiting" "$(python3 -c '
import json
j = json.load(open("said"))
print(j["succeeded"], j["failures"], j["failed"], j["state"])')"
kill "$a" "$b"
wait "$a" "$b"
check "no process is left" wait_until 10 nothing_marked "$mark"

# ---- The server is away while a job ends
sed 's/lease = 4s/lease = 16s/; s/steps = 100/steps = 35/' a.conf >late.conf
"$SYNCGATE" run --once -c late.conf timed >said 2>&1 &
late=$!
wait_until 10 grep -q 'job timed: pid' said
kill -STOP "$postmaster" $(pgrep -P "$postmaster")
wait "$late"
check_equal "a job that ends while nobody answers for its lease ends well" 0 $?
kill -CONT "$postmaster" $(pgrep -P "$postmaster")

sed 's/^store.*/store = "sqlite:\/tmp\/x"/' a.conf >file.conf
"$SYNCGATE" check -c file.conf >said 2>&1
check_equal "a file has no leases" 2 $?
check_grep "which is said" 'a lease needs a store that is shared' said
sed 's/lease = 4s/lease = 1s/' a.conf >short.conf
"$SYNCGATE" check -c short.conf >said 2>&1
check_grep "nor are they shorter than can be kept" \
    'short.conf:[0-9]*: lease is at least 4 s' said
finish
