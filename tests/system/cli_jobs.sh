#!/bin/sh
# Several jobs of a file: check, a process each, signals handed on, no orphans.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

SYNCGATE_PLUGIN_DIR=$top_builddir/tests/lib/.libs
out=$tmp/out
err=$tmp/err

cat >"$tmp/good.conf" <<'EOT'
gateway here { xspec = "popen//id=here" }
job one { plugin = testplugin  place = "/one" }
job two { plugin = testplugin  place = "here:/two"  steps = 5 }
EOT
"$SYNCGATE" check -c "$tmp/good.conf" >"$out" 2>"$err"
check_equal "check of a right file exits with 0" 0 "$?"
check_equal "it says what each job does" \
    "job one (testplugin): /one
job two (testplugin): /two" "$(cat "$out")"
"$SYNCGATE" check -c "$tmp/good.conf" --connect >"$out" 2>"$err"
check_equal "check --connect exits with 0" 0 "$?"
check_grep "it opens the gateways that are used" \
    '^gateway popen//id=here: open, .*window' "$out"
"$SYNCGATE" check -c "$tmp/good.conf" --connect one >"$out" 2>"$err"
check_not "but not those of other jobs" grep -q '^gateway' "$out"
"$SYNCGATE" check -c "$tmp/good.conf" tow >"$out" 2>"$err"
check_equal "an unknown job is exit code 2" 2 "$?"
check_grep "and the nearest is named" 'did you mean "two"' "$err"
"$SYNCGATE" check -c "$tmp/good.conf" one one >"$out" 2>"$err"
check_equal "a job named twice is exit code 2" 2 "$?"
cat >"$tmp/bad.conf" <<'EOT'
# The error is on line 4.
job one {
	plugin = testplugin
	palce = "/one"
}
EOT
"$SYNCGATE" check -c "$tmp/bad.conf" >"$out" 2>"$err"
check_equal "check of a wrong file is exit code 2" 2 "$?"
check_grep "file, line, and what was meant" \
    'bad.conf:4: unknown option "palce" in job one: did you mean "place"' \
    "$err"
echo 'job x { plugin = testplugin place = "ssh=127.0.0.1:1//id=gone:/x" }' \
    >"$tmp/gone.conf"
"$SYNCGATE" check -c "$tmp/gone.conf" --connect >"$out" 2>"$err"
check_equal "a gateway that cannot be opened is exit code 1" 1 "$?"
check_grep "and is named" '^syncgate: cannot open gateway ssh=127.0.0.1:1//id=gone: ' "$err"
echo '# nothing' >"$tmp/empty.conf"
"$SYNCGATE" run -c "$tmp/empty.conf" >"$out" 2>"$err"
check_equal "a file without jobs is exit code 2" 2 "$?"

# ---- Several
"$SYNCGATE" run -c "$tmp/good.conf" >"$out" 2>"$err"
check_equal "two jobs that are done are exit code 0" 0 "$?"
check_grep "one ran" 'job one: stepping: step 3 of 3' "$out"
check_grep "two ran" 'job two: stepping: step 5 of 5' "$out"
check_equal "each in a process of its own" 2 \
    "$(sed -n 's/.*: pid //p' "$out" | sort -u | wc -l)"
cat >"$tmp/mixed.conf" <<'EOT'
job fine { plugin = testplugin  place = "/x" }
job fails { plugin = testplugin  place = "/x"  end = error }
job crashes { plugin = testplugin  place = "/x"  end = crash }
EOT
"$SYNCGATE" run -c "$tmp/mixed.conf" >"$out" 2>"$err"
check_equal "if one fails the exit code is 1" 1 "$?"
check_grep "its error is the last word on it" \
    '^syncgate: job fails: at the end: it did not want to$' "$err"
check_grep "a worker that was killed is named" \
    '^syncgate: job crashes: its worker was killed by signal 9' "$err"
check_grep "the others go on" 'job fine: stepping: step 3 of 3' "$out"

# ---- Signals
cat >"$tmp/follow.conf" <<'EOT'
job one { plugin = testplugin  place = "/x"  end = follow }
job two { plugin = testplugin  place = "/x"  end = follow }
EOT
start() {
	: >"$out"
	"$SYNCGATE" run -c "$tmp/follow.conf" >"$out" 2>"$err" &
	pid=$!
	at_exit "kill_child $pid"
	wait_until 10 sh -c '[ "$(grep -c "step 3 of 3" "$0")" = 2 ]' "$out"
}
workers() {
	sed -n 's/.*: pid //p' "$out"
}
# gone PID...: none of them runs any more.
gone() {
	for one in "$@"; do
		case $(ps -o stat= -p "$one" 2>/dev/null) in
		'' | Z*) ;;
		*) return 1 ;;
		esac
	done
}
start
kill "$pid"
wait "$pid"
check_equal "SIGTERM ends all of them with exit code 0" 0 "$?"
check_equal "each says that it was asked" 2 "$(grep -c 'as asked' "$out")"
check "none is left" gone $(workers)
start
kill -s INT "$pid"
wait "$pid"
check_equal "so does SIGINT, which a shell leaves ignored" 0 "$?"
start
kill -9 "$pid"
wait "$pid" 2>/dev/null
check "kill -9 of the parent ends the workers" wait_until 5 gone $(workers)
start
first=$(workers | head -n 1)
kill -9 "$first"
check_grep "the other worker lives on" . "$out"
sleep 0.2
check "and so does the parent" kill -0 "$pid"
kill "$pid"
wait "$pid"
check_equal "whose exit code tells of the one that was killed" 1 "$?"

finish
