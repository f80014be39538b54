#!/bin/sh
# The Python worker on its way to the other end: interpreters of several
# versions, those that will not do, a socketserver, and deaths.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need python3
worker=$top_builddir/agent/worker.py

cat >"$tmp/look.py" <<'E2'
"""The worker's text: grammar of 3.6, ASCII, the standard library."""
import ast
import sys

with open(sys.argv[1], "rb") as file:
    text = file.read().decode("ascii")
tree = ast.parse(text, feature_version=(3, 6))
names = set()
for node in ast.walk(tree):
    if isinstance(node, ast.Import):
        names.update(name.name.split(".")[0] for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        names.add(node.module.split(".")[0])
print(sorted(names))
assert "struct" in names
if hasattr(sys, "stdlib_module_names"):
    assert not names - set(sys.stdlib_module_names), names
E2
if python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))'; then
	check "it is Python 3.6, and needs the standard library alone" \
	    python3 "$tmp/look.py" "$worker"
else
	skip "this python3 cannot check older grammar"
fi

cat >"$tmp/all.py" <<'E2'
import sys
def traffic():
    other = channel.gateway.newchannel()
    for _ in range(3):
        channel.send([sys.version_info[:2], {"k": (1.5, b"x" * 100000)}])
    other.setcallback(print)
traffic()
channel.send("done")
E2
tried=
for python in python3 python3.6 python3.7 python3.8 python3.9 python3.10 \
    python3.11 python3.12 python3.13 python3.14 /usr/bin/python3 \
    "${HOME:-/root}"/.pyenv/versions/3*/bin/python; do
	real=$("$python" -c 'import os, sys
print(os.path.realpath(sys.executable))' 2>/dev/null) || continue
	case " $tried " in *" $real "*) continue ;; esac
	tried="$tried $real"
	timeout 30 "$SYNCGATE" exec "popen//python=$real" "$tmp/all.py" \
	    >"$tmp/out" 2>&1
	check_grep "a program runs in $("$real" -V)" '^"?done' "$tmp/out"
done

mkdir "$tmp/folder"
echo 'raise SystemExit("not this one")' >"$tmp/folder/queue.py"
cp "$tmp/folder/queue.py" "$tmp/folder/weakref.py"
echo 'where = "here"' >"$tmp/folder/mine.py"
echo 'import mine; channel.send(mine.where)' >"$tmp/mine.py"
(cd "$tmp/folder" && timeout 30 "$SYNCGATE" exec popen//python=python3 \
    "$tmp/mine.py") >"$tmp/out" 2>&1
check_grep "modules of the folder are a program's, not the worker's" \
    '^"?here' "$tmp/out"

cat >"$tmp/fork.py" <<'E2'
import os
pid = os.fork()
if pid:
    os.waitpid(pid, 0)
    channel.send("one")
E2
timeout 30 "$SYNCGATE" exec popen//python=python3 "$tmp/fork.py" \
    >"$tmp/out" 2>&1
check_equal "a program that forks goes on once" one "$(tr -d '"' <"$tmp/out")"

for python in python2 python2.7 \
    "${HOME:-/root}"/.pyenv/versions/2*/bin/python; do
	"$python" -c pass 2>/dev/null || continue
	check_not "Python 2 will not do" timeout 30 "$SYNCGATE" exec \
	    "popen//python=$python" "$tmp/all.py"
	check_grep "and it says what would" \
	    'needs Python 3.6 or later.*is Python 2' "$tmp/.check"
	break
done
check_not "an interpreter that is not there is an error" timeout 30 \
    "$SYNCGATE" exec popen//python=no-such-python "$tmp/all.py"
check_grep "that names it" 'cannot start no-such-python' "$tmp/.check"
check_not "so is one that is none" timeout 30 \
    "$SYNCGATE" exec popen//python=true "$tmp/all.py"
check_grep "that says so" 'Python worker did not start on true' "$tmp/.check"
printf '#!/bin/sh\necho "cannot do this: no memory today" >&2\nexit 3\n' \
    >"$tmp/broken"
chmod 755 "$tmp/broken"
check_not "one that fails is an error" timeout 30 \
    "$SYNCGATE" exec "popen//python=$tmp/broken" "$tmp/all.py"
check_grep "that shows what it said" 'no memory today' "$tmp/.check"

# A Python without execnet: nothing but the standard library.
check_not "worker=execnet needs execnet over there" timeout 30 "$SYNCGATE" \
    exec "popen//worker=execnet//python=python3 -I -S" "$tmp/all.py"
check_grep "and says what to install" \
    'cannot import execnet.*install python3-execnet' "$tmp/.check"

# ---- Over execnet's socketserver -----------------------------------------------

cat >"$tmp/pid.py" <<'E2'
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "1000"])
sys.stderr.write("a word for the log\n")
channel.send("%d %d" % (os.getpid(), child.pid))
time.sleep(1000)
E2
ended() {
	! kill -0 "$1" 2>/dev/null
}
read_pids() {
	set -- $(grep -o '[0-9][0-9]* [0-9][0-9]*' "$1")
	pid=$1 child=$2
}

if /usr/bin/python3 -c 'import execnet' 2>/dev/null; then
	cat >"$tmp/server.py" <<'E2'
import sys
from execnet.gateway_base import get_execmodel
from execnet.script import socketserver
socketserver.execmodel = get_execmodel("thread")
sock = socketserver.bind_and_listen(("127.0.0.1", 0), socketserver.execmodel)
with open(sys.argv[1] + "/port.new", "w") as file:
    file.write("%d\n" % sock.getsockname()[1])
import os
os.rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
socketserver.startserver(sock, loop=True)
E2
	/usr/bin/python3 "$tmp/server.py" "$tmp" >"$tmp/server.log" 2>&1 &
	server=$!
	at_exit "kill_child $server"
	check "execnet's socketserver listens" wait_until 10 test -f "$tmp/port"
	port=$(cat "$tmp/port")
	spec=socket=127.0.0.1:$port
	for turn in first second; do
		timeout 30 "$SYNCGATE" exec "$spec//worker=python" \
		    "$tmp/all.py" >"$tmp/out" 2>&1
		check_grep "it runs our worker, the $turn time" '^"?done' \
		    "$tmp/out"
	done
	"$SYNCGATE" exec "$spec//worker=python" "$tmp/pid.py" \
	    >"$tmp/pids" 2>"$tmp/log" &
	client=$!
	at_exit "kill_child $client"
	check "our worker says who it is" wait_until 10 grep -q ' ' "$tmp/pids"
	timeout 30 "$SYNCGATE" exec "$spec//worker=python" "$tmp/all.py" \
	    >"$tmp/out" 2>&1
	check_grep "another one is served meanwhile" '^"?done' "$tmp/out"
	check "its stderr comes to the log" wait_until 10 \
	    grep -q 'a word for the log' "$tmp/log"
	read_pids "$tmp/pids"
	kill -9 "$client"
	check "when we are killed, it ends" wait_until 10 ended "$pid"
	check "and so does its child" wait_until 10 ended "$child"
else
	skip "no python3-execnet on this machine: no socketserver"
fi

# ---- Death by popen ---------------------------------------------------------------

"$SYNCGATE" exec popen//python=python3 "$tmp/pid.py" >"$tmp/pids2" 2>&1 &
client=$!
at_exit "kill_child $client"
check "a worker by popen says who it is" wait_until 10 \
    grep -q '^"*[0-9]* [0-9]' "$tmp/pids2"
read_pids "$tmp/pids2"
kill -9 "$client"
check "when we are killed, it ends" wait_until 10 ended "$pid"
check "and so does its child" wait_until 10 ended "$child"
finish
