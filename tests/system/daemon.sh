#!/bin/sh
# The daemon runs each job in a process of its own: it is started again when it
# fails, and held when it fails again and again; the configuration is read again
# and only what changed is touched.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3

write() {
	cat >conf <<END
daemon {
	socket = "$tmp/sock"
	memory = "$tmp/memory"
	stop-within = 3s
	at-once = 2
}
job good { plugin = testplugin  place = "/x"  every = 1s }
job stays { plugin = testplugin  place = "/x"  end = follow }
job bad {
	plugin = testplugin
	place = "/x"
	end = $1
	hold-after = 3
	retry-after = 50ms
	on-failure = {"$tmp/told.sh", "a b"}
	on-hold = {"$tmp/told.sh", "c"}
	on-recovery = {"$tmp/told.sh", "d"}
}
job next { plugin = testplugin  place = "/x"  after = good }
END
}

cat >told.sh <<'END'
#!/bin/sh
what=$SYNCGATE_JOB:$SYNCGATE_JOB_EVENT:$SYNCGATE_JOB_FAILURES
echo "$#:$1:$what:$SYNCGATE_JOB_REASON" >>"$0.told"
echo "said by $1"
[ "$1" != c ] || exit 7
END
chmod 755 told.sh

# ---- Without a daemon
write error
ask status --daemon
check_equal "without a daemon it cannot be asked" 1 "$?"
check_grep "which is told" 'no daemon runs with conf' said
"$SYNCGATE" status -c conf >said 2>&1
check_equal "status itself goes on without one" 0 "$?"
check_grep "and says why it says nothing" 'no daemon runs with conf, or ' said
ask stop good
check_equal "nor can a job be stopped" 1 "$?"

# ---- Jobs
daemon
check "it runs" wait_until 10 is stays running
check "a scheduled job runs again and again" wait_until 5 logged \
    'job good: done' 2
check "and what comes after it, each time" wait_until 5 logged 'job next: done'
check "a job that fails the same way three times is held" \
    wait_until 5 is bad held
check_grep "not at once" 'job bad: .*failed: at the end: .*trying again' log
wait_until 5 logged 'on-hold: ended with status 7'
wait_until 5 logged 'job bad: on-failure: said by a b'
check_equal "programs are told that it fails, and that it is held" \
    "1:a b:bad:failure:1:at the end: it did not want to
1:c:bad:hold:3:at the end: it did not want to" "$(sort told.sh.told)"
check "what they say is logged" logged 'job bad: on-failure: said by a b'
check "and that one failed" logged \
    'job bad: warning: on-hold: ended with status 7'
ask why bad
check_grep "why says what and how often" \
    'job bad: is held, since it failed 3 times .*it did not want to' said
next_waits() {
	ask why next
	grep -q 'waits for good to end well' said
}
check "and what a job waits for" wait_until 5 next_waits
"$SYNCGATE" status -c conf >said 2>&1
check_equal "a job that is held is a failure of status" 1 "$?"
"$SYNCGATE" status --daemon -c conf nonsense >said 2>&1
check_equal "a job that the daemon does not know is wrong use" 2 "$?"
: >said
"$SYNCGATE" status --watch -c conf good >said 2>&1 &
watching=$!
at_exit "kill_child $watching"
again() {
	[ "$(grep -c '^good ' said)" -ge 2 ]
}
check "status --watch says it again" wait_until 5 again
kill "$watching"
wait "$watching"
check_not "without colours, in a file" grep -q "$(printf '\033')" said
if have script; then
	TERM=xterm timeout 60 script -qec "'$SYNCGATE' status --daemon -c conf" \
	    /dev/null >said 2>&1
	check "and with them on a terminal" grep -q \
	    "$(printf '\033')\[1;31mheld" said
fi
ask flush bad
check_equal "it cannot be flushed" 1 "$?"
check "nor started" sh -c "! '$SYNCGATE' start -c conf bad"
ask resume good
check_equal "nor resumed what is not held" 1 "$?"
before=$(tell good runs)
ask flush good
check_equal "flush runs a job now" 0 "$?"
check_grep "waits for its end, and says so" '^job good: done' said
check "it was another run" [ "$(tell good runs)" -gt "$before" ]
ask flush stays
check_equal "flush of a job that stays wakes it up" 0 "$?"
check "commands for no job are wrong use" sh -c \
    "'$SYNCGATE' stop -c conf; [ \$? = 2 ]"
ask why nonsense
check_grep "an unknown job is named" 'no job "nonsense"' said

# ---- What is wanted
ask resume bad
check "a held job that is resumed runs" wait_until 5 logged 'job bad: pid' 4
check "until it is held again" wait_until 5 is bad held
ask stop stays
check "a job that is stopped ends" wait_until 5 is stays stopped
ask start stays
check "and starts again" wait_until 5 is stays running
ask pause good
check "a paused job" wait_until 5 is good paused
runs=$(tell good runs)
sleep 1.3
check_equal "is not run" "$runs" "$(tell good runs)"
ask resume good
check "until it is resumed" wait_until 3 sh -c \
    "[ \"\$('$SYNCGATE' status --daemon --json -c conf good |
    sed 's/.*\"runs\": \([0-9]*\).*/\1/')\" -gt $runs ]"

# ---- Killed
pid=$(tell stays pid)
kill -9 "$pid"
check "a worker that is killed is told of" wait_until 5 logged \
    'job stays: .*killed by signal 9'
ask start stays
check "and another one is there" wait_until 5 is stays running
check_not "which is another" [ "$pid" = "$(tell stays pid)" ]

# ---- Another configuration
pid=$(tell stays pid)
write done
ask reload
check_grep "reload tells what changed" '0 new, .*1 with other options' said
check "a held job that changed runs" wait_until 5 logged 'job bad: done'
check "and is done, as it has no schedule" wait_until 5 is bad done
check "a program is told that it is well again" wait_until 5 grep -q \
    '^1:d:bad:recovery:' told.sh.told
check_equal "what did not change runs on" "$pid" "$(tell stays pid)"
echo 'job other { plugin = testplugin  palce = "/x" }' >>conf
ask reload
check_equal "a wrong configuration is refused" 1 "$?"
check_grep "with its place" "conf:[0-9]*: .*palce" said
runs=$(tell good runs)
check "the old one stays, and jobs begin by it" wait_until 5 sh -c \
    "[ \"\$('$SYNCGATE' status --daemon --json -c conf good |
    sed 's/.*\"runs\": \([0-9]*\).*/\1/')\" -gt $((runs + 1)) ]"
check_equal "those that run go on" "$pid" "$(tell stays pid)"
sed -e '/palce/d' -e '/^job stays/d' conf >new
mv new conf
echo 'job fresh { plugin = testplugin  place = "/x"  end = follow }' >>conf
kill -HUP "$daemon"
check "SIGHUP reads it, too: what is new runs" wait_until 5 is fresh running
check "what was taken out ends" wait_until 5 gone "$pid"
# edit EXPRESSION: the configuration, by sed; and have it read.
edit() {
	sed "$1" conf >new
	mv new conf
	ask reload
}
edit 's/at-once = 2/at-once = 3/'
check_grep "what changed of the daemon itself is told" \
    ' as they were; of the daemon another at-once$' said
edit "s|/sock\"|/moved\"|"
check_equal "a daemon whose configuration names another socket is found" 0 "$?"
check_grep "and says when that counts" \
    'as they were; another socket when the daemon is started again$' said
ask status --daemon
check_equal "by all commands" 0 "$?"
edit "s|/moved\"|/sock\"|"
check_equal "and again" 0 "$?"

# ---- Clients that are not ours
cat >hostile.py <<'END'
import json, socket, sys
def call(data, end=True):
    s = socket.socket(socket.AF_UNIX)
    s.connect("sock")
    s.settimeout(8)
    try:
        s.sendall(data)
        if end:
            s.shutdown(socket.SHUT_WR)
        got = b""
        while True:
            more = s.recv(65536)
            if not more:
                return got
            got += more
    except (BrokenPipeError, ConnectionResetError):
        return b""
silent = []
for i in range(100):
    s = socket.socket(socket.AF_UNIX)
    s.connect("sock")
    s.send(b"{" * (i % 3))
    silent.append(s)
refused = [b"\n", b"nonsense\n", b"{}\n", b"[]\n", b"null\n", b"7\n",
    b'{"do": 7}\n', b'{"do": "nothing"}\n', b'{"do": "stop"}\n',
    b'{"do": "why", "all": true}\n', b'{"do": "stop", "jobs": 3}\n',
    b'{"do": "stop", "jobs": [3]}\n', b'{"do": "flush", "all": true}\n',
    b'{"do": "stop", "jobs": ["good", "nothing"]}\n',
    b'{"do": "why", "jobs": ["good", "good"]}\n', b"\0\0\0\n",
    b'{"do": "sta\0tus"}\n', b"[" * 60000 + b"\n",
    b'{"do": "status", "jobs": ["' + b"\xff" * 100 + b'"]}\n',
    b"x" * 70000, b"x" * 1000000]
for data in refused:
    got = call(data, False)
    if got and json.loads(got)["ok"]:
        sys.exit("taken: %r" % data[:60])
    if got == b"" and len(data) < 65536:
        sys.exit("no answer: %r" % data[:60])
for data in [b"", b'{"do": "status"', b"x" * 65535]:
    if call(data):
        sys.exit("answered: %r" % data[:60])
if not json.loads(call(b'{"do": "flush", "jobs": ["good"]}\n'))["ok"]:
    sys.exit("a client that says no more is not waited for")
two = b'{"do": "status"}\n{"do": "stop", "all": true}\n'
if not json.loads(call(two))["ok"]:
    sys.exit("not answered")
END
python3 hostile.py >said 2>&1
check_equal "what is no request is refused, and silence keeps nobody out" \
    "0 " "$? $(cat said)"
check "all goes on" is fresh running
check_equal "the socket is for its user" 600 "$(stat -c %a sock)"
if [ "$(id -u)" = 0 ] && have setpriv && [ -x /usr/bin/python3 ]; then
	chmod 755 "$tmp" && chmod 666 sock
	setpriv --reuid 65534 --clear-groups /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("sock")
try:
    s.send(b"{\"do\": \"status\"}\n")
    print(len(s.recv(100)))
except (BrokenPipeError, ConnectionResetError):
    print(0)' >said 2>&1
	check_equal "another user is not answered, whatever its mode" 0 \
	    "$(cat said)"
else
	skip "another user: only root can be one"
fi
kill "$daemon"
wait "$daemon"
check_equal "SIGTERM ends it with 0" 0 "$?"
check_none "and nothing is left" sock sock.lock
finish
