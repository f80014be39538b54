#!/bin/sh
# ProxyJump with ssh=: through one sshd and two to a third, keys end to end.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
need ssh ssh-keygen

# server NAME [LINE...]: an sshd with keys of its own, and an entry for it in
# the configuration.
: >"$tmp/hosts"
server() {
	server=$1
	shift
	SSHD_DIR=$tmp/$server
	sshd_start "$@" || exit 1
	at_exit "kill -9 $SSHD_PID \$(process_tree $SSHD_PID) 2>/dev/null"
	{
		echo "Host $server"
		echo "	HostName 127.0.0.1"
		echo "	Port $SSHD_PORT"
		echo "	IdentityFile $SSHD_KEY"
		echo "	UserKnownHostsFile $SSHD_KNOWN_HOSTS"
	} >>"$tmp/hosts"
}
server closed "AllowTcpForwarding no"
server gate
gate_log=$SSHD_LOG
gate_pid=$SSHD_PID
server middle
middle_log=$SSHD_LOG
middle_port=$SSHD_PORT
server target
target_pid=$SSHD_PID
ssh-keygen -q -t ed25519 -N '' -f "$tmp/wrong"
echo "[127.0.0.1]:$SSHD_PORT $(cut -d' ' -f1,2 "$tmp/wrong.pub")" \
    >"$tmp/known_wrong"

# config [LINE...]: an ssh_config with these lines first.
config() {
	{
		printf '%s\n' "$@"
		cat "$tmp/hosts"
		cat <<-EOT
		Host *
			User $SSHD_USER
			IdentitiesOnly yes
			GlobalKnownHostsFile /dev/null
			StrictHostKeyChecking yes
		EOT
	} >"$tmp/config"
}
logins() {
	grep -c 'Accepted publickey' "$1"
}
there="ssh=-F $tmp/config target"

config "Host target" "ProxyJump gate"
before=$(logins "$gate_log")
check_agent "an agent starts behind a jump host" "$there"
check_equal "which let us in" $((before + 1)) "$(logins "$gate_log")"
drive exec "$there" "echo over there >&2; exit 7" >"$tmp/out" 2>&1
check_grep "the exit status and stderr come through" \
    '^ended: exit status 7, saying: over there' "$tmp/out"
check "8 MB there and back, both ways at once, are the same" \
    drive duplex "$there" cat 8000000 8192

config "Host target" "ProxyJump gate,middle"
before=$(logins "$gate_log")+$(logins "$middle_log")
check_agent "two jump hosts in a row" "$there"
check_equal "and both were passed" "$(($before + 2))" \
    "$(($(logins "$gate_log") + $(logins "$middle_log")))"
config "Host target" "ProxyJump middle" "Host middle" "ProxyJump gate"
before=$(logins "$gate_log")+$(logins "$middle_log")
check_agent "a jump host that has a jump host of its own" "$there"
check_equal "goes through that" "$(($before + 2))" \
    "$(($(logins "$gate_log") + $(logins "$middle_log")))"
check "bulk through two" drive duplex "$there" cat 3000000 8192
config ""
check_agent "-J in the xspec" "ssh=-F $tmp/config -J gate,$SSHD_USER@middle target"
config "Host target" "ProxyCommand false"
check_agent "-J goes before a ProxyCommand" "ssh=-F $tmp/config -J gate target"
config "Host target" "ProxyJump gate"
check_agent "-J none goes straight there" "ssh=-F $tmp/config -J none target"

# What goes wrong on the way.
config "Host target" "ProxyJump closed"
check_error "a jump host that forwards nothing" \
    '^error 6: .*@127.0.0.1:[0-9]+ does not connect us to 127.0.0.1 port [0-9]+: .*administratively prohibited' \
    exec "$there" true
config "Host target" "ProxyJump gate" "Port 1"
check_error "nobody listens behind it" \
    '^error 6: .*does not connect us to 127.0.0.1 port 1: .*connect failed' \
    exec "$there" true
config "Host target" "ProxyJump gate" "UserKnownHostsFile $tmp/known_wrong"
check_error "a wrong host key at the second hop is refused" \
    "^error 7: .*has changed: .*$tmp/known_wrong:1" exec "$there" true
config "Host target" "ProxyJump gate" "Host gate" \
    "UserKnownHostsFile $tmp/known_wrong"
check_error "an unknown one at the first too, by name" \
    '^error 7: jump host gate: .*is not known' \
    exec "$there//hostkeys=accept-new" true
check_grep "with the advice that holds for it" \
    "\(ssh-keyscan -p [0-9]+ 127\.0\.0\.1 >>$tmp/known_wrong\)\$" "$tmp/out"
check_equal "hostkeys=accept-new is not for jump hosts" 1 \
    "$(grep -c . "$tmp/known_wrong")"
config "Host target" "ProxyJump gate" "Host gate" "IdentityFile none" \
    "IdentityFile $tmp/wrong"
sed -i '/IdentityFile.*gate\/id/d' "$tmp/config"
check_error "a key that the jump host refuses" \
    '^error 8: jump host gate: .*does not let us in' exec "$there" true
config "Host target" "ProxyJump gate.invalid"
check_error "a jump host that does not exist" \
    '^error 6: jump host gate.invalid: cannot resolve host' exec "$there" true
config "Host target" "ProxyJump middle" "Host middle" "ProxyJump gate" \
    "Host gate" "ProxyJump middle"
check_error "jump hosts in a circle" '^error 6: .*more than 8 jump hosts' \
    exec "$there" true
config "Host target" "ProxyJump gate" "Host gate" "ProxyCommand nc %h %p"
check_error "a ProxyCommand on the way names openssh=" \
    '^error 4: jump host gate: .*ProxyCommand nc.*openssh=gate' \
    exec "$there" true
check_error "a -J that is none" 'error [0-9]+: .*' \
    exec "ssh=-F $tmp/config -J a:b:c,@ target" true

# A server that says nothing, behind the jump host.
config "Host target" "ProxyJump gate"
kill -STOP "$target_pid"
check_error "silence behind it times out" \
    '^error 12: .*timed out waiting for' exec "$there//timeout=1" true
kill -CONT "$target_pid"

# A jump host that dies.
cat >"$tmp/wait.c" <<'EOT'
#include <execnet/remote.h>
void remote_main(xn_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_send(channel, "s", "begun");
	xn_receive_value(channel, XN_FOREVER);
}
EOT
mkfifo "$tmp/hold"
exec 9<>"$tmp/hold"		# a standard input without an end
: >"$tmp/out"			# what is waited for is not what was there
{
	timeout 60 "$SYNCGATE" exec "$there" "$tmp/wait.c" >"$tmp/out" \
	    2>"$tmp/err" <"$tmp/hold"
	echo "end $?" >"$tmp/end"
} &
check "a program runs over there" wait_until 10 test -s "$tmp/out"
kill -9 $(process_tree "$gate_pid") 2>/dev/null
check "when the jump host dies, the gateway ends" \
    wait_until 20 test -s "$tmp/end"
check_grep "as a lost one, and it is said where" \
    "^syncgate: the ssh connection to $SSHD_USER@127.0.0.1:[0-9]+ was lost" \
    "$tmp/err"
check_equal "an error of the command" "end 1" "$(cat "$tmp/end")"
finish
