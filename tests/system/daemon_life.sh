#!/bin/sh
# The daemon's life: there is one, whatever is killed nothing is left over, and
# the next one goes on; real jobs; systemd; the background.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3

cat >conf <<END
daemon { socket = "$tmp/sock"  memory = "$tmp/memory"  stop-within = 3s }
job fresh { plugin = testplugin  place = "/x"  end = follow }
job other { plugin = testplugin  place = "/x"  end = follow }
END
daemon
check "it runs" wait_until 10 is fresh running

# ---- One daemon
"$SYNCGATE" daemon --foreground -c conf \
    --store "sqlite:$tmp/store.db" >said 2>&1
check_equal "a second daemon does not begin" 1 "$?"
check_grep "since the first one has the lock" 'another daemon runs' said
check "the first one has not lost anything" is fresh running
old="$(workers)"
ask stop other
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
check "kill -9 of the daemon ends its workers" wait_until 5 gone $old
daemon
check "what it left is no obstacle for the next" wait_until 5 is fresh running
check "what was stopped is so" is other stopped
ask start other
check "until it is started" wait_until 5 is other running
check_none "and nothing is remembered then" memory
old="$(workers)"
kill "$daemon"
wait "$daemon"
check_equal "SIGTERM ends it with 0" 0 "$?"
check "with all workers" gone $old
check_none "and nothing is left" sock sock.lock

# ---- Real jobs: folders that are kept in step
mkdir from
echo one >from/file
cat >conf <<END
daemon { socket = "$tmp/sock"  memory = "$tmp/memory"  stop-within = 3s }
job hot {
	plugin = rsync
	source = "$tmp/from"
	targets = "popen:$tmp/hot"
	follow = yes
}
job cold {
	plugin = rsync
	source = "$tmp/from"
	targets = "popen:$tmp/cold"
	every = 1h
	retry-after = 100ms
	hold-after = 2
}
END
# agents: those of our jobs, which work in this folder.
agents() {
	for agent in $(pgrep -f 'syncgate-agent|syncgate agent'); do
		[ "$(readlink "/proc/$agent/cwd")" != "$tmp" ] || echo "$agent"
	done
}
daemon
check "one follows, and one is done" wait_until 10 sh -c \
    'cmp from/file hot/file && cmp from/file cold/file'
echo two >from/file
check "the one that follows goes on" wait_until 5 cmp from/file hot/file
check_not "the other waits for its time" cmp from/file cold/file
ask flush cold
check_equal "flush runs it" "0 job cold: done" "$? $(cat said)"
check "and all is there when it returns" cmp from/file cold/file
mv from away
ask flush cold
check_equal "a flush that fails is a failure" 1 "$?"
check_grep "with the reason" 'job cold: .*from' said
check "what keeps failing is held" wait_until 5 is cold held
ask pause hot
kill "$daemon"
wait "$daemon"
echo nonsense >damaged
mv memory right
mv damaged memory
"$SYNCGATE" daemon --foreground -c conf \
    --store "sqlite:$tmp/store.db" >said 2>&1
check_equal "a memory that cannot be read is no reason to begin all" 2 "$?"
check_grep "which is told" 'what was stopped, .*memory' said
mv right memory
mv away from
daemon
check "what was held is so" is cold held
ask why cold
check_grep "for the reason that it had" 'failed 2 times .*from' said
check "what was paused is so" is hot paused
ask resume hot
ask resume cold
check "and done when it can be, and is resumed" wait_until 5 is cold waiting
has_agents() {
	[ -n "$(agents)" ]
}
check "there are agents" wait_until 5 has_agents
check_equal "which do not have the configuration open" "" "$(
    for agent in $(agents) $(workers); do
	ls -l "/proc/$agent/fd" | grep syncgate.conf
    done)"
old="$(workers) $(agents)"
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
check "kill -9 of the daemon ends workers and agents" wait_until 5 gone $old
echo three >from/file
daemon
check "the next one goes on" wait_until 10 sh -c \
    'cmp from/file hot/file && cmp from/file cold/file'
old="$(workers) $(agents)"
kill "$daemon"
wait "$daemon"
check_equal "and ends well" 0 "$?"
check "with all of its processes" wait_until 5 gone $old
check_none "no file of ours is left" hot/.[!.]* cold/.[!.]*

# ---- systemd, a job that does not end, and the background
cat >conf <<END
daemon { socket = "$tmp/sock"  memory = "$tmp/memory"  stop-within = 900ms }
job deaf { plugin = testplugin  place = "/x"  end = hang }
END
cat >listen.py <<'END'
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
s.settimeout(20)
while True:
    text = s.recv(1000).decode()
    print(text, flush=True)
    if text == "STOPPING=1":
        break
END
python3 listen.py >told 2>&1 &
at_exit "kill_child $!"
wait_until 5 test -S notify
NOTIFY_SOCKET=$tmp/notify WATCHDOG_USEC=400000 daemon
check "a job hangs" wait_until 10 logged 'hanging'
pid=$(tell deaf pid)
kill -STOP "$pid"
check_equal "no variable of systemd's is left to workers" 0 \
    "$(tr '\0' '\n' <"/proc/$pid/environ" | grep -c 'NOTIFY\|WATCHDOG')"
ask reload
check "systemd hears of all of it" wait_until 5 sh -c 'grep -q READY=1 told &&
    grep -q WATCHDOG=1 told && grep -q RELOADING=1 told &&
    grep -q MONOTONIC_USEC= told'
kill "$daemon"
wait "$daemon"
check_equal "what does not end is killed, and the daemon ends" 0 "$?"
check "it is told" logged 'does not end, and was killed'
check "and gone" gone "$pid"
check "systemd hears of the end" wait_until 5 grep -q STOPPING=1 told
sed 's/end = hang/end = follow/' conf >new
mv new conf
"$SYNCGATE" daemon -c conf --store "sqlite:$tmp/store.db" >said 2>&1
check_equal "in the background it has begun when it returns" "0 " \
    "$? $(grep -v 'there is no syslog' said)"
pid=$(tell deaf pid)
daemon=$(ps -o ppid= -p "$pid" | tr -d ' ')
at_exit "gone $daemon || kill -9 $daemon"
check "its job runs" is deaf running
"$SYNCGATE" daemon -c conf --store "sqlite:$tmp/store.db" >said 2>&1
check_equal "what is wrong is told to who calls it" 1 "$?"
check_grep "by name" 'another daemon runs' said
kill "$daemon"
check "and it ends" wait_until 5 gone "$daemon" "$pid"
# ---- The process that checks the configuration is killed as it begins
# (It waits at a pipe until it is; the next one finds a file there.)
mkfifo slow
echo "include(\"$tmp/slow\")" >>conf
mkfifo number
cat >strike.py <<'EOT'
import os, signal, sys, time
pid = open("number").read().strip()
here = "/proc/%s/task/%s/children" % (pid, pid)
end = time.time() + 60
while time.time() < end:
    os.kill(int(pid), signal.SIGCONT)   # it waits for us
    for child in open(here).read().split():
        try:
            if b"--plan" in open("/proc/%s/cmdline" % child, "rb").read():
                open("slow.new", "w").close()
                os.rename("slow.new", "slow")
                os.kill(int(child), signal.SIGKILL)
                print("once")
                sys.exit()
        except OSError:
            pass
EOT
python3 strike.py >struck &
striker=$!
exec 8>number
sh -c 'kill -STOP $$; exec "$@"' sh "$SYNCGATE" daemon --foreground -c conf \
    --store "sqlite:$tmp/store.db" 2>log 8>&- &
daemon=$!
at_exit "kill_child $daemon"
echo "$daemon" >&8
exec 8>&-
wait "$striker"
check_equal "what checks the configuration is killed" once "$(cat struck)"
check "it is done anew" wait_until 10 is deaf running
kill "$daemon"
wait "$daemon"

echo 'nonsense' >conf
"$SYNCGATE" daemon -c conf --store "sqlite:$tmp/store.db" >said 2>&1
check_equal "with a wrong configuration it does not begin" 2 "$?"
finish
