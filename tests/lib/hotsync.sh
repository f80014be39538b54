# hotsync.sh: what the tests of svnhotsync share.  Source it after lib.sh (and
# after sshd.sh, if ssh is wanted).
#
#	hot SOURCE MIRROR [WORD...]		run --once, output in $out and $err
#	hot_follow SOURCE MIRROR [WORD...]	in the background, as $hot_pid
#	hot_several SOURCE "MIRROR..." [WORD...]	the same with several
#	hot_stop				SIGTERM, wait; $hot_status
#	hot_sides PATH				the processes, but for $hot_pid, that
#						have it open
#	hot_commit PATH				one more commit; $commits counts
#	hot_over_ssh PATH			that path as a location over ssh
#	marked WORD		processes whose environment has it; $hot_env, as
#				NAME=WORD, is put there for syncgate

. "$top_srcdir/tests/lib/mkrepo.sh"

out=$tmp/out
err=$tmp/err
hot_pid=

hot() {
	hot_source=$1
	hot_mirror=$2
	shift 2
	env ${hot_env:-} "$SYNCGATE" run --plugin svnhotsync source="$hot_source" \
	    mirror="$hot_mirror" --once "$@" >"$out" 2>"$err" </dev/null
}

hot_follow() {
	hot_source=$1
	hot_mirror=$2
	shift 2
	# The child opens them later than we look into them.
	: >"$out"
	: >"$err"
	env ${hot_env:-} "$SYNCGATE" run --plugin svnhotsync source="$hot_source" \
	    mirror="$hot_mirror" "$@" >>"$out" 2>"$err" </dev/null &
	hot_pid=$!
	at_exit "kill_child $hot_pid"
}

hot_several() {
	hot_source=$1
	hot_mirrors=$2
	shift 2
	: >"$out"
	: >"$err"
	env ${hot_env:-} "$SYNCGATE" run --plugin svnhotsync \
	    source="$hot_source" $(printf 'mirrors=%s ' $hot_mirrors) "$@" >>"$out" 2>"$err" \
	    </dev/null &
	hot_pid=$!
	at_exit "kill_child $hot_pid"
}

hot_stop() {
	kill "$hot_pid" 2>/dev/null
	wait "$hot_pid" 2>/dev/null
	hot_status=$?
}

hot_sides() {
	(cd /proc && for p in [0-9]*; do
		[ "$p" = "$hot_pid" ] || ! ls -l "/proc/$p/fd" 2>/dev/null |
		    grep -q "$1/" || echo "$p"
	done)
}

hot_commit() {
	commits=$((commits + 1))
	svnmucc -m "commit $commits" mkdir "file://$1/c-$commits" \
	    >"$tmp/commit.out" 2>&1 ||
	    fail "commit $commits cannot be made" "$tmp/commit.out"
}

hot_over_ssh() {
	echo "$SSHD_XSPEC:$1"
}

# has_revision PATH N: is it visible there?
has_revision() {
	hot_has=$(repo_youngest "$1")
	[ -n "$hot_has" ] && [ "$hot_has" -ge "$2" ]
}

# verified SENTENCE SOURCE MIRROR: svnadmin verify, if the source passes it:
# Debian's fails for some packed repositories, mirrored or not.
verified() {
	if svnadmin verify -q "$2" >/dev/null 2>&1; then
		check "$1" svnadmin verify -q "$3"
	else
		skip "$1: svnadmin does not verify the source itself"
	fi
}

marked() {
	grep -ls -e "$1" /proc/[0-9]*/environ |
	    sed 's,/proc/\([0-9]*\)/.*,\1,'
}
nothing_marked() {
	[ -z "$(marked "$1")" ]
}
