# hotsync.sh: what the tests of svnhotsync share.  Source it after lib.sh (and
# after sshd.sh, if ssh is wanted).
#
#	hot SOURCE MIRROR [WORD...]		run --once, output in $out and $err
#	hot_follow SOURCE MIRROR [WORD...]	in the background, as $hot_pid
#	hot_stop				SIGTERM, wait; $hot_status
#	hot_over_ssh PATH			that path as a location over ssh

. "$top_srcdir/tests/lib/mkrepo.sh"

out=$tmp/out
err=$tmp/err
hot_pid=

hot() {
	hot_source=$1
	hot_mirror=$2
	shift 2
	"$SYNCGATE" run --plugin svnhotsync source="$hot_source" \
	    mirror="$hot_mirror" --once "$@" >"$out" 2>"$err" </dev/null
}

hot_follow() {
	hot_source=$1
	hot_mirror=$2
	shift 2
	: >"$out"
	"$SYNCGATE" run --plugin svnhotsync source="$hot_source" \
	    mirror="$hot_mirror" "$@" >>"$out" 2>"$err" </dev/null &
	hot_pid=$!
	at_exit "kill -9 $hot_pid 2>/dev/null"
}

hot_stop() {
	kill "$hot_pid" 2>/dev/null
	wait "$hot_pid" 2>/dev/null
	hot_status=$?
}

hot_over_ssh() {
	echo "$SSHD_XSPEC:$1"
}

# has_revision PATH N: is it visible there?
has_revision() {
	hot_has=$(repo_youngest "$1")
	[ -n "$hot_has" ] && [ "$hot_has" -ge "$2" ]
}

# no_process_of WORD: nothing whose environment has it is left (but zombies).
marked() {
	for hot_proc in /proc/[0-9]*; do
		grep -qs -e "$1" "$hot_proc/environ" && echo "${hot_proc#/proc/}"
	done
	return 0
}
nothing_marked() {
	[ -z "$(marked "$1")" ]
}

# strangers FOLDER...: names that the agent's bootstrap, or a test of ours,
# might leave behind in them.
strangers() {
	find "$@" -maxdepth 1 \( -name '.xn*' -o -name 'xn*' \
	    -o -name '*syncgate-agent*' -o -name 'svnhotsync*' \) 2>/dev/null |
	    sort
}
