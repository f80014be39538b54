#!/bin/sh
# The Python worker over ssh: by libssh2, by the ssh program, under shells that
# are not POSIX, and where there is no Python.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
need ssh ssh-keygen python3
sshd_start || exit 1

cat >"$tmp/hello.py" <<'E2'
import os, sys
sys.stderr.write("a word for the log\n")
channel.send("hello from %d" % os.getpid())
E2
python=$(python3 -c 'import sys; print(sys.executable)')
says_hello() {
	timeout 60 "$SYNCGATE" exec "$2" "$tmp/hello.py" \
	    >"$tmp/out" 2>"$tmp/err"
	check_grep "$1" '^"?hello from [0-9]' "$tmp/out" ||
	    sed 's/^/    | /' "$tmp/err"
}
complains() {
	check_not "$1" timeout 60 "$SYNCGATE" exec "$3" "$tmp/hello.py"
	check_grep "... and says why" "$2" "$tmp/.check"
}

says_hello "a program runs over ssh" "$SSHD_XSPEC//python=$python"
check_grep "its stderr comes to the log" 'a word for the log' "$tmp/err"
says_hello "and by the ssh program" \
    "openssh=-F $SSHD_CONFIG 127.0.0.1//python=$python"
says_hello "options of the interpreter are words" \
    "$SSHD_XSPEC//python=$python -X dev -W ignore"
ln -s "$python" "$tmp/it's \$mine"
says_hello "its name may need quotes" \
    "$SSHD_XSPEC//python=\"$tmp/it's \$mine\" -E"
if /usr/bin/python3 -c 'import execnet' 2>/dev/null; then
	says_hello "execnet's own worker runs over ssh" \
	    "$SSHD_XSPEC//worker=execnet//python=/usr/bin/python3"
	says_hello "and by the ssh program" \
	    "openssh=-F $SSHD_CONFIG 127.0.0.1//worker=execnet//python=/usr/bin/python3"
fi

for shell in csh tcsh fish zsh ksh mksh busybox; do
	have $shell || continue
	name=$shell
	[ $shell = busybox ] && shell='busybox sh'
	login "$name" <<-EOT
	exec $shell -c "\$SSH_ORIGINAL_COMMAND"
	EOT
	says_hello "the login shell may be $name" "$login//python=$python"
done
login noise <<'EOT'
echo "welcome to this machine"
echo "XN1 is not the hello"
eval "$SSH_ORIGINAL_COMMAND"
EOT
says_hello "what the login shell prints is passed over" \
    "$login//python=$python"

complains "no such interpreter over there is an error" \
    'did not start on .*no-such-python' "$SSHD_XSPEC//python=no-such-python"
complains "so it is with the ssh program" \
    'did not start on .*no-such-python' \
    "openssh=-F $SSHD_CONFIG 127.0.0.1//python=no-such-python"
complains "a Python without execnet cannot run its worker" \
    'cannot import execnet.*install python3-execnet' \
    "$SSHD_XSPEC//worker=execnet//python=$python -I -S"
finish
