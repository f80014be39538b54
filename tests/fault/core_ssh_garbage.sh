#!/bin/sh
# What answers at the port of an ssh server is none, or a bad one: each is an
# error of one line within timeout=, never a hang.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need python3

cat >"$tmp/ok.c" <<'EOT'
#include <execnet/remote.h>
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_send(channel, "s", "ok");
}
EOT
mkdir -p "$tmp/home/.ssh"

# says MODE PATTERN: the error of a try with a server of that kind.
says() {
	python3 "$top_srcdir/tests/lib/garbage_server.py" "$1" >"$tmp/port" &
	says_server=$!
	wait_until 10 test -s "$tmp/port"
	case $2 in
	*'timed out'*) says_limit=4 ;;
	*) says_limit=20 ;;
	esac
	HOME=$tmp/home timeout 60 "$SYNCGATE" exec \
	    "ssh=-p $(cat "$tmp/port") 127.0.0.1//timeout=$says_limit" "$tmp/ok.c" \
	    >"$tmp/out" 2>&1
	says_rc=$?
	kill "$says_server"
	wait "$says_server" 2>/dev/null
	: >"$tmp/port"
	check_equal "a server that is '$1' ends in time" 1 "$says_rc"
	check_grep "and what is wrong with it is said" "$2" "$tmp/out"
}

says silent 'timed out waiting for .*127.0.0.1'
says close 'is no ssh server'
says garbage '127.0.0.1:.* (is no ssh server|agree on keys)'
says lines 'timed out waiting for .*127.0.0.1'
says long_line 'timed out waiting for .*127.0.0.1|is no ssh server'
says slow 'timed out waiting for .*127.0.0.1'
says banner 'timed out waiting for .*127.0.0.1'
says banner_close 'no agreement with the ssh server'
says banner_garbage 'no agreement with the ssh server|timed out waiting'
says huge_packet 'no agreement with the ssh server'
says http 'is no ssh server'
finish
