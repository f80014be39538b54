# rsync.sh: what the tests of the plugin rsync share.  Source it after lib.sh
# (and after sshd.sh, if ssh is wanted).
#
#	tree VERSION FOLDER [small]	make that version of the tree there, in
#					place (tree_make.py)
#	same SENTENCE A B [OPTION...]	check that the trees are (tree_compare.py)
#	differences A B [OPTION...]	what tree_compare.py says, on stdout
#	rsync_run SOURCE TARGETS KEY=VALUE...
#					run --once --json, into $log, never held
#					for a loss (but judged); TARGETS are
#					several with a | between them
#					(with $rsync_before before the command, and
#					$rsync_hold as hold-over)
#	rsync_dry SOURCE TARGETS KEY=VALUE...	the same with --dry-run
#	in_step SENTENCE SOURCE TARGETS KEY=VALUE...	check that it ends well
#	lines [--not-linked TREE] FILE	its itemized lines, sorted
#	over_ssh PATH			that path as a location over ssh
#	follow TARGETS KEY=VALUE...	a job that follows src, into $log
#	following SENTENCE		it is in step; soon SENTENCE FOLDER...: these
#					become like src; end_follow: it is stopped
#	as_user COMMAND...		as a user who may little; root drops to one

PYTHONDONTWRITEBYTECODE=1
XDG_STATE_HOME=$tmp/state
export PYTHONDONTWRITEBYTECODE XDG_STATE_HOME
tree_lib=$top_srcdir/tests/lib
log=$tmp/log

tree() {
	python3 "$tree_lib/tree_make.py" "$@" 2>>"$tmp/tree.missing" ||
	    { cat "$tmp/tree.missing"; exit 1; }
}

differences() {
	python3 "$tree_lib/tree_compare.py" "$@"
}

same() {
	same_sentence=$1
	same_a=$2
	same_b=$3
	shift 3
	check "$same_sentence" python3 "$tree_lib/tree_compare.py" --kinds "$@" \
	    "$same_a" "$same_b"
}

over_ssh() {
	echo "$SSHD_XSPEC:$1"
}

# rsync_with WORDS SOURCE TARGETS KEY=VALUE...
rsync_with() {
	rsync_words=$1
	rsync_source=$2
	rsync_targets=$3
	shift 3
	rsync_old=$IFS
	IFS='|'
	for rsync_target in $rsync_targets; do
		set -- "$@" "targets=$rsync_target"
	done
	IFS=$rsync_old
	${rsync_before:-} timeout -k 5 "${rsync_limit:-120}" "$SYNCGATE" run --once --json \
	    $rsync_words --plugin rsync source="$rsync_source" \
	    hold-over="${rsync_hold:-100%}" "$@" \
	    >"$log" 2>&1 </dev/null
}

rsync_run() {
	rsync_with "" "$@"
}

rsync_dry() {
	rsync_with --dry-run "$@"
}

in_step() {
	in_step_sentence=$1
	shift
	if rsync_run "$@"; then
		pass "$in_step_sentence"
	else
		fail "$in_step_sentence (exit $?)" "$log"
	fi
}

lines() {
	if [ $# -eq 3 ]; then
		python3 "$tree_lib/rsync_lines.py" "$1" "$2" <"$3"
	else
		python3 "$tree_lib/rsync_lines.py" <"$1"
	fi
}

# listing FOLDER: all that is there with inodes and the times of last change.
listing() {
	python3 "$tree_lib/tree_compare.py" --list "$1"
}

# temporaries FOLDER: names that only a run that is under way may have.
temporaries() {
	python3 "$tree_lib/tree_compare.py" --names "$1" |
	    grep -e '\.syncgate-tmp-'
}

# as_user COMMAND...: root drops to a user who has nothing, in what user_room
# made; anybody else is one already.
as_user() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups \
		    env HOME="$tmp/room" "$@"
	else
		"$@"
	fi
}

# user_room: go to a folder of that user's, and have runs be his; the test is
# skipped where he cannot reach the build.
user_room() {
	mkdir "$tmp/room"
	chmod 711 "$tmp"
	if [ "$(id -u)" -eq 0 ]; then
		need setpriv
		chown 65534:65534 "$tmp/room"
	fi
	as_user test -x "$SYNCGATE" -a -r "$AGENT" -a -r "$tree_lib/rsync.sh" ||
	    skip_all "a plain user cannot reach the build in $top_builddir"
	XDG_STATE_HOME=$tmp/room/state
	rsync_before=as_user
	cd "$tmp/room" || exit 2
}

# ---- Jobs that follow src, one at a time

# follow TARGETS KEY=VALUE...: a job that follows src, into $log.
follow() {
	follow_targets=$1
	shift
	for follow_target in $(echo "$follow_targets" | tr '|' ' '); do
		set -- "$@" "targets=$follow_target"
	done
	# The child opens it later than we look into it.
	: >"$log"
	"$SYNCGATE" run --plugin rsync source="$tmp/src" fsync=none \
	    itemize=yes follow=yes hold-over=100% "$@" >"$log" 2>&1 </dev/null &
	follow=$!
}

end_follow() {
	# (sh lets what it starts in the background ignore SIGINT, until it asks
	# for it.)
	kill -TERM "$follow"
	wait "$follow"
	check_equal "and it ends when it is told to" 0 $?
}

# soon SENTENCE FOLDER...: they become like src.
soon() {
	soon_sentence=$1
	shift
	for soon_folder in "$@"; do
		wait_until 15 python3 "$tree_lib/tree_compare.py" src \
		    "$soon_folder" >/dev/null 2>&1
		same "$soon_sentence" src "$soon_folder"
	done
}

following() {
	check "$1" wait_until 15 all_follow
}
all_follow() {
	[ "$(grep -c "is in step; following" "$log")" -ge \
	    "$(echo "$follow_targets" | tr '|' '\n' | grep -c .)" ]
}
