#!/bin/sh
# One job: exit codes, lines, JSON and progress on a terminal; it tries again
# when the connection is lost; signals end it at a whole state, and a second
# one at once.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

SYNCGATE_PLUGIN_DIR=$top_builddir/tests/lib/.libs
out=$tmp/out
err=$tmp/err

# job OPTION...: run the test plugin's job.
job() {
	"$SYNCGATE" run --plugin testplugin place=/x "$@" >"$out" 2>"$err"
}

job
check_equal "a job that is done is exit code 0" 0 "$?"
check_grep "progress is a plain line where there is no terminal" \
    '^[0-9-]{10} [0-9:]{8} job testplugin: stepping: step 3 of 3' "$out"
check "nothing is on stderr" test ! -s "$err"
job end=error
check_equal "a job that fails is exit code 1" 1 "$?"
check_equal "the last line is the whole chain" \
    "syncgate: job testplugin: at the end: it did not want to" \
    "$(tail -n 1 "$err")"
job steps=2000000
check_equal "what the plugin's check refuses is exit code 2" 2 "$?"
check_grep "and says where it was written" \
    'command line: job testplugin: steps: nobody' "$err"
job --dry-run
check_grep "--dry-run reaches the plugin" 'dry run' "$out"
job end=follow --once
check_equal "--once does not follow" 0 "$?"
job end=evil
check_equal "an evil error is exit code 1" 1 "$?"
check_not "no control character of a remote text is printed" \
    grep -q "$(printf '\033')" "$err"

# ---- JSON
if have python3; then
	for how in done error evil; do
		job "end=$how" text='a "b" \ c' fail=1 --json
		check "--json with end=$how is JSON, line by line" \
		    python3 -c '
import json, sys
seen = set()
for line in open(sys.argv[1]):
    o = json.loads(line)
    assert o["job"] == "testplugin" and o["time"].endswith("Z"), o
    assert o["level"] in ("info", "warning", "error"), o
    seen.add(o["event"])
    if o["event"] == "progress":
        assert o["unit"] == "step" and o["total"] == 3, o
    if o["level"] == "warning" and o["event"] == "log":
        assert o["text"] == "a \"b\" \\ c", o
want = {"log", "progress", "retry", "figures"}
if sys.argv[2] != "done":
    want.add("failed")
assert seen == want, seen' "$out" "$how"
	done
else
	skip "no python3 to read JSON with"
fi

# ---- A terminal
if have script; then
	TERM=xterm script -qec "stty cols 40; exec '$SYNCGATE' run --plugin testplugin \
	    place=/x steps=300 pause=2ms text=hello" /dev/null \
	    >"$out" 2>&1 </dev/null
	tr '\r' '\n' <"$out" >"$tmp/lines"
	check_grep "a terminal has a progress line" \
	    '^testplugin: stepping: step [0-9]+ of 300' "$tmp/lines"
	check "that fits its width" awk '{ sub(/\033\[K.*/, "") }
	    /^testplugin:/ && length > 39 { exit 1 }' "$tmp/lines"
	check "and is drawn a few times a second, not at every step" \
	    awk '/^testplugin: step/ { n++ } END { exit n < 3 || n > 100 }' \
	    "$tmp/lines"
else
	skip "no script(1) to make a terminal with"
fi

# ---- Trying again
job fail=2
check_equal "a lost connection is tried again" 0 "$?"
check_equal "and each time a line says so" 2 \
    "$(grep -c 'warning: the connection was lost, attempt .*trying again in' \
    "$out")"
job fail=1 --once
check_equal "--once does not try again" 1 "$?"
check_grep "and says why it failed" \
    'job testplugin: the connection was lost, attempt 1$' "$err"
# Without a healthy start the wait doubles; healthy starts begin anew.
job fail=3 healthy=no
check "the wait grows while nothing works" awk '
    match($0, /again in [0-9.]+/) { split(substr($0, RSTART), w, " ")
	n++; if (w[3] < 2 ^ (n - 1) / 2 || w[3] > 2 ^ (n - 1) + .1) exit 1 }
    END { if (n != 3) exit 1 }' "$out"
job fail=3
check "and begins anew after a healthy start" awk '
    match($0, /again in [0-9.]+/) { split(substr($0, RSTART), w, " ")
	if (w[3] > 1.1) exit 1; n++ } END { exit n != 3 }' "$out"

# ---- Signals
# start OPTION...: the job in the background, $! is it.
start() {
	# The child opens it later than we look into it.
	: >"$out"
	"$SYNCGATE" run --plugin testplugin place=/x "$@" >"$out" 2>"$err" &
	pid=$!
	at_exit "kill_child $pid"
}
for signal in TERM INT; do
	# A shell without job control starts children with SIGINT ignored;
	# the program handles it all the same.
	start end=follow steps=1000000 pause=10ms
	check "the job with $signal runs" wait_until 10 \
	    grep -q 'step 0 of' "$out"
	kill -s $signal "$pid"
	wait "$pid"
	check_equal "SIG$signal ends it with exit code 0" 0 "$?"
	check_grep "SIG$signal: it came to a whole state" 'whole after' "$out"
done
for signal in TERM INT; do
	start --once end=done steps=1000000 pause=10ms
	wait_until 10 grep -q 'step 0 of' "$out"
	kill -s $signal "$pid"
	wait "$pid"
	check_equal "SIG$signal ends a run with --once without success" 1 "$?"
	check_grep "SIG$signal: it says so" 'before it was done' "$err"
	check_grep "SIG$signal: it came to a whole state" 'whole after' "$out"
done
for once in "" --once; do
	start $once end=late
	wait "$pid"
	check_equal "a signal when all is done${once:+, with $once,} is none" \
	    "0 " "$? $(grep 'before it was done' "$err")"
done
start end=follow
wait_until 10 grep -q 'step 3 of' "$out"
kill "$pid"
wait "$pid"
check_equal "a job that follows ends by SIGTERM with 0" 0 "$?"
start fail=1000 healthy=no
wait_until 10 grep -q 'trying again' "$out"
kill "$pid"
wait "$pid"
check_equal "one that waits to try again, too" 0 "$?"
start end=hang healthy=no
check "a job hangs" wait_until 10 grep -q hanging "$out"
kill "$pid"
wait "$pid"
check_equal "before it is healthy, one signal cuts it off, which is no error" \
    0 "$?"
start end=hang
check "a healthy job hangs" wait_until 10 grep -q hanging "$out"
kill "$pid"
wait_until 5 signal_taken "$pid"
sleep 0.3
check "one signal leaves it its time" kill -0 "$pid"
kill "$pid"
wait "$pid"
check_equal "a second one cuts it off, which is exit code 1" 1 "$?"
check_grep "and is said" 'cut off by a second signal: hanging' "$err"

finish
