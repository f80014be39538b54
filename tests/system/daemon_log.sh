#!/bin/sh
# Where the daemon's log goes: standard error, syslog or journald, as text or as
# JSON; nothing that another machine says can forge a line or a field of it.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3

many=$(seq -f '"line %g", ' 40)'"the last"'

# write LINE...: a configuration with these in its section daemon.
write() {
	{
		printf 'daemon {\n\tsocket = "%s"\n\tmemory = "%s"\n' \
		    "$tmp/sock" "$tmp/memory"
		printf '\t%s\n' "$@"
		cat <<-END
		}
		job evil {
			plugin = testplugin
			place = "ssh=me@far.example:/x"
			end = evil
			retry-after = 10m
		}
		job loud {
			plugin = testplugin
			place = "/x"
			after = evil
			tags = {$many}
		}
		END
	} >conf
}
# listen [stream]: at the socket "taken", into "records".
listen() {
	: >records
	python3 "$top_srcdir/tests/lib/log_listener.py" taken records "$@" &
	listener=$!
	at_exit "kill_child $listener"
	wait_until 10 test -S taken
}
deafen() {
	kill_child "$listener"
	rm -f taken
}
end() {
	kill_child "$daemon"
	wait "$daemon" 2>/dev/null
}
# told EXPRESSION: there is a record r for which this holds.
told() {
	python3 - "$1" <<-'END'
	import json, sys
	with open("records") as file:
	    records = [json.loads(line) for line in file]
	sys.exit(not any(eval("(" + sys.argv[1] + ")") for r in records))
	END
}
# What the plugin says: a "quoted" ESC[2Jtext, a line end, and a bad byte.
clean='a "quoted" \\x1b[2Jtext / of two lines '
export clean

# ---- journald, by its own protocol
listen
write 'log = journald' "log-socket = \"$tmp/taken\""
daemon
check "journald gets a record of the job that fails" wait_until 10 told \
    'r.get("JOB") == "evil" and "failed: " in r["MESSAGE"]'
check "with what plugin, where it logs in, and what happened" told \
    'r.get("JOB") == "evil" and r["PLUGIN"] == "testplugin" and
    r["REMOTE"] == "ssh=me@far.example" and r["EVENT"] == "failed" and
    r["PRIORITY"] == "4" and r["SYSLOG_IDENTIFIER"] == "syncgate"'
check "its text has no line end and nothing that a terminal obeys" told \
    'r.get("JOB") == "evil" and "a \"quoted\" \\x1b[2Jtext / of two lines " in
    r["MESSAGE"] and r["MESSAGE"].startswith("job evil: ")'
check "what is about no job has no such field" told \
    '"JOB" not in r and r.get("EVENT") == "begun"'
check_equal "and standard error gets nothing" "" "$(cat log)"

# ---- One that is gone, and comes again
deafen
ask reload
listen
ask reload
check "a journald that was started anew is found again" wait_until 10 told \
    '"was read again" in r["MESSAGE"]'
end

# ---- Lines that nobody takes
write 'log = journald' "log-socket = \"$tmp/taken\""
daemon
check "it begins" wait_until 10 told '"2 jobs" in r["MESSAGE"]'
lines=$(sysctl -n net.unix.max_dgram_qlen 2>/dev/null || echo 1000)
if [ "$lines" -le 30 ]; then
	kill -STOP "$listener"
	ask flush loud
	check_equal "a journald that hangs does not hold the daemon up" 0 "$?"
	kill -CONT "$listener"
	lost() {
		ask reload
		told '"lines of the log were lost here" in r["MESSAGE"]'
	}
	check "how many lines were lost is told" wait_until 10 lost
else
	skip "lost lines: this kernel keeps $lines of them"
fi
end
deafen

# ---- syslog
listen
write 'log = syslog' "log-socket = \"$tmp/taken\""
daemon
check "syslog gets a line with its priority, facility, tag and job" \
    wait_until 10 told '__import__("re").match(
    r"<28>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d syncgate\[\d+\]: job evil: "
    r"failed: .*\\x1b\[2Jtext / of two lines ", r["line"])'
check "and none that begins otherwise" told \
    'all(x["line"].startswith("<") and "\n" not in x["line"] for x in records)'
write 'log = syslog' "log-socket = \"$tmp/taken\"" 'log-format = json'
ask reload
check "by another format its lines are objects" wait_until 10 told \
    'r["line"].endswith("}") and json.loads(
    r["line"].partition("]: ")[2])["event"] == "reloaded"'
end
deafen
listen stream
write 'log = syslog' "log-socket = \"$tmp/taken\""
daemon
check "a syslog with a stream gets the same" wait_until 10 told \
    '"job evil: failed: " in r["line"]'
end
deafen

# ---- One that is not there
"$SYNCGATE" daemon --foreground -c conf >said 2>&1
check_equal "a log that cannot be had is an error when it is asked for" 1 "$?"
check_grep "that says where it was looked for" \
    "the log: cannot connect to $tmp/taken: " said
write 'log = stderr'
"$SYNCGATE" daemon -c conf >said 2>&1
check_equal "in the background there is no standard error" 2 "$?"
check_grep "which is told" 'log = stderr is for --foreground' said
write 'log = nonsense'
"$SYNCGATE" daemon --foreground -c conf >said 2>&1
check_equal "another way is refused" 2 "$?"
write 'log = stderr'
daemon
check "standard error is one" wait_until 10 logged 'job evil: .*failed: '
write 'log = syslog' "log-socket = \"$tmp/taken\""
ask reload
check_equal "to change to one that is not there is refused" 1 "$?"
check "and the log stays where it was" logged 'stays as it was: the log: '
end
end

# ---- JSON, and auto
write 'log-format = json'
daemon
check "JSON goes to standard error, too" wait_until 10 \
    grep -q '"job":"evil".*"event":"failed"' log
end
write
cat >as_systemd.py <<'END'
import os, subprocess, sys
read, write = os.pipe()
st = os.fstat(write)
env = dict(os.environ, JOURNAL_STREAM="%d:%d" % (st.st_dev,
           st.st_ino + int(sys.argv[1])))
one = subprocess.Popen(sys.argv[2:], stderr=write, env=env)
os.close(write)
sys.stdout.buffer.write(os.read(read, 4096))
one.kill()
END
listen
write "log-socket = \"$tmp/taken\""
python3 as_systemd.py 0 "$SYNCGATE" daemon --foreground -c conf >said 2>&1 &
at_exit "kill_child $!"
check "standard error that leads to journald: its protocol is spoken" \
    wait_until 10 told 'r.get("JOB") == "evil"'
check_equal "and nothing else written there" "" "$(cat said)"
pkill -P $!
wait_until 5 test ! -S sock
python3 as_systemd.py 1 "$SYNCGATE" daemon --foreground -c conf >said 2>&1
check_grep "one that leads elsewhere by now is standard error" \
    '(job evil|daemon): ' said
finish
