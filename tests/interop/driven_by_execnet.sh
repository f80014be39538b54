#!/bin/sh
# Debian's python3-execnet drives our agent: programs in C by remote_exec, over
# popen and ssh; and the checker of ../shared where it is, as far as it speaks
# of the wire and not of Python.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
/usr/bin/python3 -c 'import execnet' 2>/dev/null ||
    skip_all "no python3-execnet on this machine"
drive=$top_srcdir/tests/interop/driven_by_execnet.py
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
agent="$SYNCGATE agent"

for case in $(/usr/bin/python3 "$drive" "$agent"); do
	check "$(echo "$case" | tr _ ' ')" \
	    /usr/bin/python3 "$drive" "$agent" "$case"
done

if sshd_find; then
	sshd_start "AcceptEnv XN_*" "SetEnv SYNCGATE_AGENT_DIR=$top_builddir/agent" || exit 1
	echo "SendEnv XN_*" >>"$SSHD_CONFIG"
	SSH_WORDS="-F $SSHD_CONFIG syncgate-test"
	export SSH_WORDS
	check "over ssh" /usr/bin/python3 "$drive" "$agent" over_ssh
else
	skip "no sshd here: execnet's ssh= is not tried"
fi

shared=$top_srcdir/../shared/execnet
if [ -f "$shared/wire_conformance.py" ]; then
	check "the conformance checker is content with its raw conversations" \
	    /usr/bin/python3 "$shared/wire_conformance.py" check-worker \
	    "$agent -u -c x" --bootstrap exec
	cat "$tmp/.check"
	skip "$(grep -c '"needs_python_exec": true' \
	    "$shared/execnet_traces.json") conversations need a worker that runs Python"
else
	skip "no ../shared/execnet here: its checker is not run"
fi
finish
