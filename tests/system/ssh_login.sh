#!/bin/sh
# Good logins: by key, by agent, by what ssh_config says, by every form of
# known_hosts line, and hostkeys=accept-new.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
need ssh ssh-keygen ssh-agent ssh-add

sshd_start || exit 1
host_key=$(cut -d' ' -f1,2 "$SSHD_DIR/host_ed25519.pub")

# check_login SENTENCE XSPEC
check_login() {
	drive exec "$2" 'echo let in' </dev/null >"$tmp/out" 2>&1
	check_grep "$1" '^let in$' "$tmp/out"
}

# config LINE...: an ssh_config of those lines before the usual ones.
config() {
	printf '%s\n' "$@" >"$tmp/config"
	cat "$SSHD_CONFIG" >>"$tmp/config"
}

# known LINE...: a known_hosts file of those lines and a config that names it.
known() {
	printf '%s\n' "$@" >"$tmp/known_hosts"
	config "UserKnownHostsFile $tmp/known_hosts"
}
# no_file LINE...: the same without any key file.
no_file() {
	printf '%s\n' "IdentityFile none" "$@" >"$tmp/config"
	sed '/IdentityFile/d' "$SSHD_CONFIG" >>"$tmp/config"
}
with_config="ssh=-F $tmp/config"

check_login "a key file lets us in" "$SSHD_XSPEC"
check_login "an alias of ssh_config is followed" \
    "ssh=-F $SSHD_CONFIG syncgate-test"
check_agent "an agent starts over ssh" "$SSHD_XSPEC"
check_agent "compress=yes works" "$SSHD_XSPEC//compress=yes"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/stranger"
check_login "beside -i the configuration's keys are tried" \
    "ssh=-F $SSHD_CONFIG -i $tmp/stranger syncgate-test"
check_login "also beside a -i that is not there" \
    "ssh=-F $SSHD_CONFIG -i $tmp/nobody syncgate-test"

# Keys of other kinds.
for kind in "ecdsa -b 256" "ecdsa -b 521" "rsa -b 3072" "rsa -b 2048 -m PEM" \
    "rsa -b 2048 -m PKCS8" "ecdsa -b 256 -m PEM"; do
	rm -f "$tmp/kind" "$tmp/kind.pub"
	ssh-keygen -q -t $kind -N '' -f "$tmp/kind"
	cat "$tmp/kind.pub" >>"$SSHD_DIR/authorized_keys"
	check_login "a key file of kind $kind lets us in" "$(spec "$tmp/kind")"
done
rm -f "$tmp/kind.pub"
check_login "a key file without its .pub lets us in" "$(spec "$tmp/kind")"

# The agent.
SSH_AUTH_SOCK=$tmp/agent
export SSH_AUTH_SOCK
eval "$(ssh-agent -a "$tmp/agent")" >/dev/null
at_exit "kill $SSH_AGENT_PID"
ssh-keygen -q -t ed25519 -N secret -f "$tmp/locked"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/held"
ssh-keygen -q -t rsa -b 2048 -N '' -f "$tmp/held-rsa"
cat "$tmp/locked.pub" "$tmp/held.pub" "$tmp/held-rsa.pub" \
    >>"$SSHD_DIR/authorized_keys"
printf '#!/bin/sh\necho secret\n' >"$tmp/ask"
chmod 755 "$tmp/ask"
SSH_ASKPASS=$tmp/ask SSH_ASKPASS_REQUIRE=force ssh-add -q "$tmp/locked"
check_login "the agent opens an encrypted key file that -i names" \
    "$(spec "$tmp/locked")"
ssh-add -q -D 2>/dev/null
ssh-add -q "$tmp/held"
no_file "IdentitiesOnly no"
check_login "a key that only the agent has lets us in" \
    "$with_config 127.0.0.1"
ssh-add -q -D 2>/dev/null
ssh-add -q "$tmp/held-rsa"
check_login "an RSA key of the agent lets us in" "$with_config 127.0.0.1"
unset SSH_AUTH_SOCK
no_file "IdentitiesOnly no" "IdentityAgent $tmp/agent"
check_login "IdentityAgent names the agent" "$with_config 127.0.0.1"

# known_hosts.
known "# comment" "" "nonsense" "[127.0.0.1]:$SSHD_PORT $host_key c"
check_login "[host]:port is known" "$with_config 127.0.0.1"
known "[127.0.0.1]:$SSHD_PORT $host_key"
ssh-keygen -q -H -f "$tmp/known_hosts" >/dev/null 2>&1
check_grep "the file is hashed" '^\|1\|' "$tmp/known_hosts"
check_login "a hashed name is known" "$with_config 127.0.0.1"
known "127.0.0.1 $host_key"
check_login "a name without a port is good for any port" \
    "$with_config 127.0.0.1"
known "[127.0.0.?]:*,![127.0.0.2]:* $host_key"
check_login "patterns are known" "$with_config 127.0.0.1"
known "the-alias $host_key"
config "UserKnownHostsFile $tmp/known_hosts" "HostKeyAlias the-alias"
check_login "HostKeyAlias is looked up instead" "$with_config 127.0.0.1"
known "[127.0.0.1]:$SSHD_PORT $host_key"
config "UserKnownHostsFile /nonexistent/known $tmp/known_hosts"
check_login "the second of several files is read" "$with_config 127.0.0.1"
config "UserKnownHostsFile /dev/null" "GlobalKnownHostsFile $tmp/known_hosts"
check_login "the global file is read" "$with_config 127.0.0.1"
known "[127.0.0.1]:$SSHD_PORT $(cut -d' ' -f1,2 "$SSHD_DIR/host_rsa.pub")" \
    "[127.0.0.1]:$SSHD_PORT $host_key"
check_login "the second key of a host is as good as the first" \
    "$with_config 127.0.0.1"

# accept-new.
config "UserKnownHostsFile $tmp/new/known_hosts"
check_login "hostkeys=accept-new lets a new host in" \
    "$with_config 127.0.0.1//hostkeys=accept-new"
check_equal "and writes it down" "[127.0.0.1]:$SSHD_PORT $host_key" \
    "$(cat "$tmp/new/known_hosts")"
check_equal "in a file for us alone" 600 \
    "$(stat -c %a "$tmp/new/known_hosts")"
check_login "then it is known" "$with_config 127.0.0.1"
printf 'other %s' "$host_key" >"$tmp/new/known_hosts"
check_login "a file without a newline at its end is taken" \
    "$with_config 127.0.0.1//hostkeys=accept-new"
check_equal "and the new key has a line of its own" 2 \
    "$(grep -c '^[^ ]* ssh-ed25519 [^ ]*$' "$tmp/new/known_hosts")"
finish
