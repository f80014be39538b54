#!/bin/sh
# openssh=: the ssh program carries the agent, and its complaints are shown.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
need ssh ssh-keygen

i=0
while [ $i -lt 60 ]; do
	echo "this machine is watched, line $i of what it says to everybody"
	i=$((i + 1))
done >"$tmp/banner"
sshd_start "Banner $tmp/banner" || exit 1
cat >"$tmp/hello.c" <<'EOT'
#include <execnet/remote.h>
void remote_main(xn_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_send(channel, "s", "hello from there");
}
EOT
says_hello() {
	check_equal "$1" '"hello from there"' \
	    "$(timeout 60 "$SYNCGATE" exec "$2" "$tmp/hello.c" 2>"$tmp/err")" ||
	    sed 's/^/    | /' "$tmp/err"
}
open="openssh=-F $SSHD_CONFIG"

# Getting in.
says_hello "the ssh program brings an agent" "$open 127.0.0.1"
says_hello "execnet's form works: -p PORT host" \
    "openssh=-p $SSHD_PORT -i $SSHD_KEY -F $SSHD_CONFIG -l $SSHD_USER 127.0.0.1"
says_hello "-o, a name of the configuration, options behind the host" \
    "$open syncgate-test -oCompression=yes"
says_hello "words with blanks are quoted" \
    "openssh=-F \"$SSHD_CONFIG\" -o 'User $SSHD_USER' 127.0.0.1"
mkdir "$tmp/home"
for turn in 1 2; do
	HOME=$tmp/home
	export HOME
	login cached <<-EOT
	HOME=$tmp/home exec sh -c "\$SSH_ORIGINAL_COMMAND"
	EOT
	says_hello "cache=yes, time $turn" \
	    "$open -i $tmp/key-cached -oIdentityFile=none 127.0.0.1//cache=yes"
done
check "keeps the agent over there" \
    sh -c "ls '$tmp'/home/.cache/syncgate/agent-* | grep -q ."
says_hello "a location's xspec may be openssh=" "$open 127.0.0.1//id=x//nice=1"
{
	echo "RemoteCommand echo not this"
	cat "$SSHD_CONFIG"
} >"$tmp/config.rc"
says_hello "a RemoteCommand of the configuration is put aside" \
    "openssh=-F $tmp/config.rc 127.0.0.1"

check_equal "what the server says to everybody is not logged" 0 \
    "$(grep -c 'this machine is watched' "$tmp/err")"

# ControlMaster: the first leaves a master behind that the second uses.
{
	echo "ControlMaster auto"
	echo "ControlPersist 60"
	echo "ControlPath $tmp/master"
	cat "$SSHD_CONFIG"
} >"$tmp/config.cm"
at_exit "ssh -F '$tmp/config.cm' -O exit 127.0.0.1 2>/dev/null"
says_hello "a connection that becomes a master ends" \
    "openssh=-F $tmp/config.cm 127.0.0.1"
check "and the master lives on" \
    ssh -F "$tmp/config.cm" -O check 127.0.0.1
before=$(grep -c 'Accepted publickey' "$SSHD_LOG")
says_hello "it carries the next one" "openssh=-F $tmp/config.cm 127.0.0.1"
check_equal "without a login" "$before" \
    "$(grep -c 'Accepted publickey' "$SSHD_LOG")"
cat >"$tmp/ssh-open" <<EOT
#!/bin/sh
# An ssh that leaves somebody behind who keeps its stderr open.
sleep 30 >/dev/null </dev/null &
echo \$! >"$tmp/sleeper"
exec $(command -v ssh) "\$@"
EOT
mkdir "$tmp/bin"
mv "$tmp/ssh-open" "$tmp/bin/ssh"
chmod 755 "$tmp/bin/ssh"
PATH=$tmp/bin:$PATH timeout 20 "$SYNCGATE" exec "$open 127.0.0.1" \
    "$tmp/hello.c" >"$tmp/out" 2>"$tmp/err"
check_equal "who keeps stderr open holds up no close" '"hello from there"' \
    "$(cat "$tmp/out")"
PATH=$tmp/bin:$PATH timeout 20 "$top_builddir/tests/lib/ssh_drive" agent \
    "$open -p 1 127.0.0.1" </dev/null >"$tmp/out" 2>&1
check_grep "and no error" '^error 6: .*Connection refused' "$tmp/out"
kill "$(cat "$tmp/sleeper")" 2>/dev/null

# Why not.
check_error "a name that does not exist is ssh's complaint" \
    '^error 6: ssh no-such-host.invalid ended while .*exit status 255, saying: .*no-such-host.invalid' \
    agent "$open no-such-host.invalid"
check_error "a port without a server too" \
    '^error 6: .*Connection refused' agent "$open -p 1 127.0.0.1"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/wrong"
check_error "a wrong key, behind a long banner" \
    '^error 8: .*saying: this machine.*\.\.\..*Permission denied \(publickey\)' \
    agent "openssh=-F none -oLogLevel=INFO -i $tmp/wrong -oIdentitiesOnly=yes -oUserKnownHostsFile=$SSHD_KNOWN_HOSTS -p $SSHD_PORT 127.0.0.1"
: >"$tmp/empty"
check_error "an unknown host" \
    '^error 7: .*Host key verification failed' \
    agent "openssh=-oUserKnownHostsFile=$tmp/empty -oGlobalKnownHostsFile=/dev/null -F $SSHD_CONFIG 127.0.0.1"
check_error "a bad option is ssh's own complaint" \
    '^error 6: .*[Bb]ad configuration option' agent "$open -oNoSuch=1 127.0.0.1"
PATH=/nonexistent "$top_builddir/tests/lib/ssh_drive" agent \
    "openssh=127.0.0.1" </dev/null >"$tmp/out" 2>&1
check_grep "without the ssh program it says so" '^error 1: cannot start ssh' \
    "$tmp/out"
login nologin <<'EOT'
echo "This account is not available."
exit 1
EOT
key=$tmp/key-nologin
check_error "a login that runs nothing: its exit status and what it printed" \
    '^error 9: .*exit status 1.*printed "This account is not available' \
    agent "$open -oIdentityFile=none -i $key 127.0.0.1"

# Nothing stays, whatever was in between.
cat >"$tmp/deaf" <<'EOT'
#!/bin/sh
trap '' PIPE HUP TERM
echo $$ >"$1"
while :; do sleep 1; done
EOT
chmod 755 "$tmp/deaf"
check_error "a ProxyCommand that leads nowhere times out" '^error 12: ' \
    agent "$open -oProxyCommand='$tmp/deaf $tmp/deaf.pid' 127.0.0.1//timeout=1"
check "and is ended with ssh" wait_until 10 sh -c \
    "! kill -0 \$(cat '$tmp/deaf.pid') 2>/dev/null"
HOME=$tmp
wait_until 10 sh -c "[ -z \"\$(ps -e -o args= | grep '[F] $SSHD_CONFIG')\" ]"
check_equal "no ssh is left" "" \
    "$(ps -e -o args= | grep "[F] $SSHD_CONFIG" || :)"
finish
