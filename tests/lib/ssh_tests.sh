# ssh_tests.sh: what the scripts ssh_*.sh share: the driver, and logins that
# run under another shell or in another environment.  Source it after sshd.sh.

drive() {
	timeout -k 5 120 "$top_builddir/tests/lib/ssh_drive" "$@"
}

# spec KEY [USER]: the xspec for a login with that key and nothing else.
spec() {
	sed '/IdentityFile/d' "$SSHD_CONFIG" >"$SSHD_CONFIG.no_key"
	echo "ssh=-p $SSHD_PORT -i $1 -l ${2:-$SSHD_USER} -F $SSHD_CONFIG.no_key 127.0.0.1"
}

# login NAME: makes a key that is let in to run what comes on standard input,
# a script that finds the command in $SSH_ORIGINAL_COMMAND; sets $login to the
# xspec.
login() {
	[ -f "$tmp/key-$1" ] ||
	    ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$tmp/key-$1" || return 1
	{ echo '#!/bin/sh'; cat; } >"$tmp/login-$1"
	chmod 755 "$tmp/login-$1"
	echo "command=\"$tmp/login-$1\" $(cat "$tmp/key-$1.pub")" \
	    >>"$SSHD_DIR/authorized_keys"
	login=$(spec "$tmp/key-$1")
}

# check_agent SENTENCE XSPEC: an agent starts there and says hello.
check_agent() {
	drive agent "$2" </dev/null >"$tmp/out" 2>&1
	check_grep "$1" '^features c,window,' "$tmp/out"
}

# check_error SENTENCE PATTERN MODE XSPEC [ARG...]: it fails, saying PATTERN,
# in one line.
check_error() {
	sentence=$1
	pattern=$2
	shift 2
	drive "$@" </dev/null >"$tmp/out" 2>"$tmp/err"
	if grep -Eq '^error [0-9]+: ' "$tmp/out" &&
	    grep -Eq -e "$pattern" "$tmp/out"; then
		pass "$sentence"
	else
		cat "$tmp/err" >>"$tmp/out"
		fail "$sentence: nothing matches '$pattern'" "$tmp/out"
	fi
}
