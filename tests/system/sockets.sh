#!/bin/sh
# socket= and unix=: our own server, execnet's, and what is neither.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"

cat >"$tmp/hello.py" <<'EOT'
import sys
channel.send("hello from Python %d" % sys.version_info[0])
EOT
run() {
	timeout 60 "$SYNCGATE" exec "$@" 2>"$tmp/err" </dev/null
}

# Ours.
sock=$tmp/socket
"$SYNCGATE" serve "unix:$sock" 127.0.0.1:0 2>"$tmp/log" </dev/null &
at_exit "kill_child $!"
wait_until 10 grep -q 'listening' "$tmp/log"
wait_until 10 grep -q '127.0.0.1:.*listening' "$tmp/log"
port=$(sed -n 's/.*: 127.0.0.1:\([0-9]*\): listening/\1/p' "$tmp/log")
for spec in "unix=$sock" "socket=127.0.0.1:$port" "socket=localhost:$port" \
    "socket=:$port"; do
	drive agent "$spec" </dev/null >"$tmp/out" 2>&1
	check_grep "an agent says hello over $spec" '^features c,window,' \
	    "$tmp/out"
done
check_error "worker=python wants a server that runs Python" \
    '^error 9: .*an agent answers, .* leave out worker=' agent "unix=$sock//worker=python//timeout=5"
mkdir "$tmp/dir"
cat >"$tmp/where.c" <<'EOT'
#include <execnet/remote.h>
void remote_main(xn_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_send(channel, "s", getenv("WHERE"));
}
EOT
check_equal "chdir= and env: work over a socket" '"over there"' \
    "$(run "unix=$sock//chdir=$tmp/dir//env:WHERE=over there" "$tmp/where.c")"

# execnet's, which waits for the client's first word.
script=$(dpkg -L python3-execnet 2>/dev/null | grep '/script/socketserver.py')
python=/usr/bin/python3
if [ -n "$script" ] && [ -x "$python" ]; then
	for i in 1 2 3 4 5; do
		export_port=$((20000 + ($(od -An -N2 -tu2 /dev/urandom) % 12000)))
		: >"$tmp/server"
		"$python" -u "$script" "127.0.0.1:$export_port" \
		    >"$tmp/server" 2>&1 </dev/null &
		server=$!
		at_exit "kill_child $server"
		wait_until 10 grep -qE 'Accept loop|Error' "$tmp/server"
		grep -q 'Accept loop' "$tmp/server" && break
	done
	there=socket=127.0.0.1:$export_port
	check_error "execnet's socketserver as such: what to write" \
	    "^error 9: what listens at 127.0.0.1:$export_port says no hello.*worker=python or worker=execnet" \
	    agent "$there"
	for worker in python execnet; do
		check_equal "worker=$worker runs on it" '"hello from Python 3"' \
		    "$(run "$there//worker=$worker" "$tmp/hello.py")" ||
		    cat "$tmp/err"
	done
	again=$(run "$there//worker=python" "$tmp/hello.py")
	[ -n "$again" ] || cat "$tmp/err" "$tmp/server"
	check_equal "again, on the same server" '"hello from Python 3"' "$again"
else
	skip "no python3-execnet: its socketserver"
fi

# Neither.
if have python3; then
	python3 -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
for answer in (b"220 smtp ready\r\n", b"", b"x" * 100000):
    c = s.accept()[0]
    c.sendall(answer)
    c.close()
' >"$tmp/port" &
	at_exit "kill_child $!"
	wait_until 5 test -s "$tmp/port"
	other=socket=127.0.0.1:$(cat "$tmp/port")//timeout=5
	check_error "what another server prints is shown" \
	    '^error 9: no hello from the agent: it printed "220 smtp ready".*closed the connection' \
	    agent "$other"
	check_error "one that hangs up at once" \
	    '^error 9: no hello from the agent.*closed the connection' \
	    agent "$other"
	check_error "one that never stops" '^error 9: .*more than 65536 bytes' \
	    agent "$other"
else
	skip "no python3: servers that are none"
fi
check_error "nobody listens at the port" \
    '^error 6: .*127.0.0.1 port 1: connection refused' \
    agent "socket=127.0.0.1:1"
check_error "there is no such socket" \
    "^error 6: cannot connect to $tmp/none" agent "unix=$tmp/none"
finish
