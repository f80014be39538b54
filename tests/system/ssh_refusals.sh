#!/bin/sh
# Each way in which opening an ssh connection fails says what is wrong.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
need ssh ssh-keygen

sshd_start "MaxAuthTries 3" || exit 1
host_key=$(cut -d' ' -f1,2 "$SSHD_DIR/host_ed25519.pub")
print=$(ssh-keygen -lf "$SSHD_DIR/host_ed25519.pub" | cut -d' ' -f2 |
    sed 's/[+]/[+]/g')
ssh-keygen -q -t ed25519 -N '' -f "$tmp/wrong"
wrong_key=$(cut -d' ' -f1,2 "$tmp/wrong.pub")
wrong_print=$(ssh-keygen -lf "$tmp/wrong.pub" | cut -d' ' -f2 |
    sed 's/[+]/[+]/g')
name="[127.0.0.1]:$SSHD_PORT"
name_pattern="\[127.0.0.1\]:$SSHD_PORT"

config() {
	printf '%s\n' "$@" >"$tmp/config"
	cat "$SSHD_CONFIG" >>"$tmp/config"
}
known() {
	printf '%s\n' "$@" >"$tmp/known_hosts"
	config "UserKnownHostsFile $tmp/known_hosts"
}
here="ssh=-F $tmp/config 127.0.0.1"

# Getting there.
config ""
check_error "a name that does not exist cannot be resolved" \
    '^error 6: .*cannot resolve host no-such-host.invalid' \
    exec "ssh=-F $tmp/config no-such-host.invalid" true
check_error "a port without a server is refused" \
    '^error 6: .*127.0.0.1 port 1: connection refused' \
    exec "ssh=-p 1 -F $tmp/config 127.0.0.1" true
check_error "a broadcast address has a reason too" \
    '^error 6: .*cannot connect to 255.255.255.255 port' \
    exec "ssh=-F $tmp/config 255.255.255.255" true
kill -STOP "$SSHD_PID"
check_error "a server that says nothing times out" \
    '^error 12: .*timed out waiting for .*127.0.0.1:[0-9]+ to agree on keys' \
    exec "$here//timeout=5" true
kill -CONT "$SSHD_PID"
if have python3; then
	python3 -c '
import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
for answer in (b"220 smtp ready\r\n", b"", b"SSH-2.0-x\r\n" + b"\0" * 99):
    c = s.accept()[0]
    c.sendall(answer)
    c.close()
' >"$tmp/port" &
	at_exit "kill $! 2>/dev/null"
	wait_until 5 test -s "$tmp/port"
	other="ssh=-p $(cat "$tmp/port") -F $tmp/config 127.0.0.1//timeout=5"
	check_error "what is no ssh server is told apart" \
	    '^error 6: .*no ssh server' exec "$other" true
	check_error "one that hangs up at once too" \
	    '^error 6: .*no ssh server' exec "$other" true
	check_error "nonsense behind a banner is an error" \
	    '^error 6: .*no agreement' exec "$other" true
else
	skip "no python3: servers that are none"
fi
check_error "a bad configuration file is ssh's own complaint" \
    "^error 6: ssh -G 127.0.0.1 does not accept.*$tmp/nothing" \
    exec "ssh=-F $tmp/nothing 127.0.0.1" true
config "ProxyCommand nc %h %p"
check_error "ProxyCommand is refused" \
    '^error 4: .*ProxyCommand nc.*openssh=127.0.0.1 can' exec "$here" true
config 'Match exec "sleep 20"'
check_error "a Match exec that hangs times out" \
    '^error 12: timed out waiting for ssh -G' exec "$here//timeout=1" true
env PATH=/nonexistent "$top_builddir/tests/lib/ssh_drive" exec "$here" true \
    >"$tmp/out" 2>&1
check_grep "-F without the ssh program says so" \
    '^error 4: -F .* needs the ssh program' "$tmp/out"

# Host keys.
known ""
check_error "an unknown host key is shown" \
    "^error 7: the host key of $name_pattern is not known: ED25519 $print;.*accept-new" \
    exec "$here" true
config "UserKnownHostsFile /dev/null"
check_error "where no file keeps it the advice is to name one" \
    "^error 7: .*a file that UserKnownHostsFile names .*\(ssh-keyscan -p [0-9]+ 127\.0\.0\.1\) or" \
    exec "$here" true
known "# first" "$name $wrong_key"
check_error "a changed one with both fingerprints and the line" \
    "^error 7: .*has changed: it is now ED25519 $print, but $tmp/known_hosts:2 has $wrong_print" \
    exec "$here" true
check_error "accept-new does not accept a changed one" \
    '^error 7: .*has changed' exec "$here//hostkeys=accept-new" true
check_equal "nor write it down" 2 "$(grep -c . "$tmp/known_hosts")"
known "$name $host_key" "@revoked * $host_key"
check_error "a revoked key is refused although it is known" \
    "^error 7: .*ED25519 $print, is revoked by $tmp/known_hosts:2" \
    exec "$here//hostkeys=accept-new" true
known "@cert-authority [127.*]:* $wrong_key"
check_error "a certificate authority is not enough" \
    "^error 7: .*authority.*$tmp/known_hosts:1.*add its own key" \
    exec "$here//hostkeys=accept-new" true
known "$name $(cut -d' ' -f1,2 "$SSHD_DIR/host_rsa.pub")"
check_error "a host that is known by a key of another type says which" \
    "^error 7: .*its ED25519 host key $print, which is not known; known is its RSA key \($tmp/known_hosts:1\)" \
    exec "$here//hostkeys=accept-new" true
known "!$name,!127.0.0.1,* $host_key"
check_error "a negated pattern is not known" \
    '^error 7: .*is not known' exec "$here" true

# Who we are.
check_error "a wrong key is refused by name" \
    "^error 8: .*does not let us in: tried $tmp/wrong \(refused\)" \
    exec "$(spec "$tmp/wrong")" true
check_error "an unknown user is refused the same way" \
    '^error 8: nobody-here@127.0.0.1.* does not let us in' \
    exec "$(spec "$SSHD_KEY" nobody-here)" true
check_error "a key file that is not there is named" \
    "^error 8: .*$tmp/missing \(there is no such file\)" \
    exec "$(spec "$tmp/missing")" true
for format in "" "-m PEM" "-m PKCS8"; do
	rm -f "$tmp/locked" "$tmp/locked.pub"
	ssh-keygen -q -t rsa -b 2048 $format -N secret -f "$tmp/locked"
	check_error "an encrypted key file is named ($format)" \
	    "^error 8: .*$tmp/locked \(encrypted.*ssh-add" \
	    exec "$(spec "$tmp/locked")" true
done
echo "no key" >"$tmp/nonsense"
check_error "a key file that is none is named" \
    "^error 8: .*$tmp/nonsense \(" exec "$(spec "$tmp/nonsense")" true
{
	echo "IdentityFile none"
	sed '/IdentityFile/d' "$SSHD_CONFIG"
} >"$tmp/config"
check_error "no key at all is said" '^error 8: .*there is no key to try' \
    exec "$here" true
config "IdentityAgent $tmp/no-agent" "IdentitiesOnly no"
sed -i '/IdentityFile/d' "$tmp/config"
cp "$SSHD_KEY" "$tmp/other"
check_error "an agent that is not there is named" \
    "^error 8: .*ssh-agent \(no ssh-agent at $tmp/no-agent" \
    exec "ssh=-i $tmp/wrong -F $tmp/config 127.0.0.1" true
for i in 1 2 3 4; do
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/many$i"
	echo "IdentityFile $tmp/many$i"
done >"$tmp/config.many"
sed '/IdentityFile/d' "$SSHD_CONFIG" >>"$tmp/config.many"
check_error "after too many keys the server's reason is said" \
    '^error 8: .*ended the connection after 3 keys \(Too many .*many1 \(refused\)' \
    exec "ssh=-F $tmp/config.many 127.0.0.1" true
finish
