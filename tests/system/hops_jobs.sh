#!/bin/sh
# A job between two locations that are both behind a third gateway: via= names
# a gateway of the configuration, which is opened once for the job.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svnadmin svn python3
. "$top_srcdir/tests/lib/hotsync.sh"

mkrepo "$tmp/source" 30 || exit 1
cat >"$tmp/conf" <<EOT
gateway first { xspec = "popen" }
gateway left { xspec = "popen//via=first" }
gateway right { xspec = "popen//via=first//nice=1" }
gateway lost { xspec = "popen//via=ring" }
gateway ring { xspec = "popen//via=lost" }
job copy {
	plugin = svnhotsync
	source = "left:$tmp/source"
	mirror = "right:$tmp/mirror"
}
job never {
	plugin = svnhotsync
	source = "lost:$tmp/source"
	mirror = "$tmp/other"
}
EOT
check "a job goes through a configured gateway" \
    "$SYNCGATE" run -c "$tmp/conf" --once copy
same_repo "and has copied everything" "$tmp/source" "$tmp/mirror"
"$SYNCGATE" run -c "$tmp/conf" --once never >"$tmp/out" 2>&1
check_grep "a way that goes round in a circle is refused" \
    'round in a circle' "$tmp/out"
check "the gateways of the configuration open" \
    "$SYNCGATE" check -c "$tmp/conf" --connect copy

# ---- Every kind of gateway through an agent and through a worker in Python ----
. "$top_srcdir/tests/lib/sshd.sh"
if sshd_find && sshd_start; then
	cat >>"$tmp/conf" <<EOT
gateway worker { xspec = "popen//python=python3" }
gateway ssh-a { xspec = "$SSHD_XSPEC//via=first" }
gateway ssh-p { xspec = "$SSHD_XSPEC//via=worker" }
gateway openssh-a { xspec = "openssh=-F $SSHD_CONFIG syncgate-test//via=first" }
gateway openssh-p { xspec = "openssh=-F $SSHD_CONFIG syncgate-test//via=worker" }
gateway popen-p { xspec = "popen//via=worker" }
gateway far { xspec = "popen//via=openssh-p" }
gateway refused { xspec = "openssh=-F $SSHD_CONFIG -l nobody-here syncgate-test//via=first" }
EOT
	program='void remote_main(xn_channel *channel, const xn_value *kwargs)
	    { (void)kwargs; xn_send(channel, "s", "hi"); }'
	for name in ssh-a ssh-p openssh-a openssh-p popen-p far; do
		"$SYNCGATE" exec -c "$tmp/conf" "$name" -e "$program" \
		    >"$tmp/out" 2>&1
		check_grep "$name opens through another" '^"hi"$' "$tmp/out"
	done
	"$SYNCGATE" exec -c "$tmp/conf" refused -e "$program" \
	    >"$tmp/out" 2>&1
	check_grep "why ssh over there failed is said" 'Permission denied' \
	    "$tmp/out"
else
	skip "no sshd on this machine"
fi
finish
