#!/bin/sh
# syncgate serve: an agent for each connection, for this user of this machine.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

cat >"$tmp/hello.c" <<'EOT'
#include <execnet/remote.h>
void remote_main(xn_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_send(channel, "s", "hello from the server");
}
EOT
cat >"$tmp/wait.c" <<'EOT'
#include <execnet/remote.h>
void remote_main(xn_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_send(channel, "s", "begun");
	xn_receive_value(channel, XN_FOREVER);
}
EOT
# A standard input without an end.
mkfifo "$tmp/hold"
exec 9<>"$tmp/hold"

# serve NAME [OPTION...] ADDRESS...: sets $server and $log.
serve() {
	log=$tmp/log-$1
	shift
	"$SYNCGATE" serve "$@" 2>"$log" </dev/null &
	server=$!
	at_exit "kill_child $server"
	wait_until 10 grep -q listening "$log" || cat "$log"
}
port() {
	sed -n 's/.*: 127.0.0.1:\([0-9]*\): listening/\1/p' "$log"
}
run() {
	timeout 60 "$SYNCGATE" exec "$@" 2>"$tmp/err" </dev/null
}
says_hello() {
	check_equal "$1" '"hello from the server"' "$(run "$2" "$tmp/hello.c")"
}
# refused SENTENCE CODE PATTERN [ARG...]
refused() {
	sentence=$1
	code=$2
	pattern=$3
	shift 3
	timeout 20 "$SYNCGATE" serve "$@" >"$tmp/out" 2>&1 </dev/null
	check_equal "$sentence: exit code" "$code" $?
	check_grep "$sentence" "$pattern" "$tmp/out"
}
ended() {
	! kill -0 "$1" 2>/dev/null
}

# A unix socket.
sock=$tmp/socket
serve unix "unix:$sock"
check_equal "the socket is for its user alone" "srw-------" \
    "$(ls -l "$sock" | cut -c1-10)"
says_hello "an agent answers at a unix socket" "unix=$sock"
says_hello "and again" "unix=$sock//id=again//nice=1//chdir=$tmp"
for words in worker=execnet python=python3 worker=python; do
	run "unix=$sock//$words" "$tmp/hello.c"
	check_grep "$words there is said to be wrong" \
	    "at $sock an agent answers.* leave out worker= and python=" "$tmp/err"
done
check_grep "who came is in the log" \
    "connection 1: unix:$sock, uid $(id -u), pid [0-9]+" "$log"
check "and that they went" wait_until 10 \
    grep -Eq 'connection 1 ended after [0-9.]+ s$' "$log"
refused "a second server there" 1 'somebody listens at .* already' "unix:$sock"
says_hello "which does no harm to the first" "unix=$sock"

# It ends by a signal: its agents end with it, and the file is gone.
: >"$tmp/out"
timeout 60 "$SYNCGATE" exec "unix=$sock" "$tmp/wait.c" \
    >"$tmp/out" 2>/dev/null <"$tmp/hold" &
client=$!
wait_until 10 test -s "$tmp/out"
agents=$(ps -o pid= --ppid "$server" | tr -d ' ')
kill -TERM "$server"
wait "$server"
check_equal "SIGTERM ends it" 0 $?
check "and removes the file" test ! -e "$sock"
wait "$client"
check_equal "the client is told" 1 $?
check_not "no agent is left" kill -0 "$agents"

# What a killed server leaves is replaced, and nothing else is.
serve killed "unix:$sock"
kill -9 "$server"
wait "$server" 2>/dev/null
check "a killed server leaves its socket" test -S "$sock"
serve after "unix:$sock"
says_hello "the next one replaces it" "unix=$sock"
rm "$sock"
echo keep >"$sock"
kill -INT "$server"
wait "$server"
check_equal "SIGINT ends it too, and a file of others stays" keep \
    "$(cat "$sock")"
refused "a file that is no socket" 1 'is no socket' "unix:$sock"
rm "$sock"

# TCP on loopback, both kinds at once.
serve tcp --max 2 127.0.0.1:0 "unix:$sock"
says_hello "an agent answers on loopback" "socket=127.0.0.1:$(port)"
says_hello "and at the socket beside it" "unix=$sock"
wait_until 10 grep -q 'connection 1 ended' "$log"
wait_until 10 grep -q 'connection 2 ended' "$log"
for i in 1 2; do
	timeout 60 "$SYNCGATE" exec "unix=$sock" "$tmp/wait.c" \
	    >"$tmp/out$i" 2>/dev/null <"$tmp/hold" &
	eval "client$i=$!"
	wait_until 10 test -s "$tmp/out$i"
done
run "socket=127.0.0.1:$(port)" "$tmp/hello.c"
check_grep "--max holds the others off, and says so to them" \
    '2 connections are open, as many as --max allows' "$tmp/err"
kill "$client1"
wait "$client1" 2>/dev/null
wait_until 10 grep -q 'connection 3 ended' "$log"
says_hello "a place that is free again is given" "socket=127.0.0.1:$(port)"
kill "$client2" "$server"
wait "$server"

# Another user of this machine.
python=/usr/bin/python3		# one that others may run
if [ "$(id -u)" -eq 0 ] && have setpriv "$python"; then
	serve other 127.0.0.1:0
	setpriv --reuid 65534 --clear-groups $python -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(s.makefile().read())' "$(port)" >"$tmp/out" 2>&1
	check_grep "another user of this machine is turned away" \
	    "it is uid 65534's" "$tmp/out"
	check_not "and gets no agent" grep -q XN1 "$tmp/out"
	# A socket that its owner has left looks like one of root's.
	setpriv --reuid 65534 --clear-groups $python -c '
import socket, sys
for i in range(200):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"x" * 100)
    s.close()' "$(port)"
	check "one that connects and goes at once neither" wait_until 10 \
	    sh -c "[ \$(grep -c 'turned away' '$log') -ge 201 ]"
	check_not "no agent was started" grep -q 'connection 1' "$log"
	kill "$server"
	wait "$server"
else
	skip "not root, or no setpriv: another user"
fi

# --once.
serve once --once "unix:$sock"
says_hello "--once serves one" "unix=$sock"
wait "$server"
check_equal "and ends well" 0 $?
check "without its file" test ! -e "$sock"

# Addresses that others reach.
for address in 0.0.0.0:0 '*:0' ':0' '[::]:0' 192.0.2.1:0; do
	refused "$address is refused" 2 \
	    'no authentication and no encryption: anybody who reaches the port runs programs as this user\. .*ssh' \
	    "$address"
done
refused "a mistake after a good address" 2 'write unix:PATH' \
    "unix:$sock" nonsense
check "leaves nothing behind" test ! -e "$sock"
refused "no address" 2 'words are missing'
refused "a path that is not whole" 2 'whole path' unix:socket
refused "a path that is too long" 2 'at most 107 bytes' \
    "unix:/$(printf '%0120d' 0)"
refused "a port that is none" 2 'a port from 0' 127.0.0.1:65536
refused "no number" 2 'a port from 0' 127.0.0.1:http
refused "--max 0" 2 'from 1 to' --max 0 "unix:$sock"
refused "--max many" 2 'from 1 to' --max 5x "unix:$sock"
refused "a folder that is not there" 1 'cannot listen' \
    "unix:$tmp/none/socket"
finish
