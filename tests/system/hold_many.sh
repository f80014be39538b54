#!/bin/sh
# Several mirrors of one source that are held: all of them by one approval, one
# of them alone, and while the others are followed.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/daemon.sh"
cd "$tmp" || exit 2

svnadmin create source
commits=0
for i in 1 2 3 4; do hot_commit "$tmp/source"; done
cp -a source older
for i in 5 6; do hot_commit "$tmp/source"; done
cp -a source newer

# mirrors WORD...: one run with all of $all.
mirrors() {
	"$SYNCGATE" run --once --plugin svnhotsync source="$tmp/source" \
	    $(printf 'mirrors=%s ' $all) "$@" >said 2>&1 </dev/null
}
token() {
	sed -n 's/.*run --approve \([0-9a-f]*\).*/\1/p' said | tail -n 1
}
# becomes FOLDER: that is the source from now on.
becomes() {
	rm -rf source
	cp -a "$1" source
}
sums() {
	for one in "$@"; do repo_sum "$tmp/$one"; done
}

for method in copy dump; do
	becomes newer
	rm -rf ./m[123]*
	all="$tmp/m1 popen:$tmp/m2 $tmp/m3"
	mirrors method=$method
	check_equal "$method: three mirrors are made" 0 "$?"
	before=$(sums m1 m2 m3)

	# ---- All of them
	becomes older
	mirrors method=$method
	check_equal "$method: a source that went back holds them" 1 "$?"
	check_grep "$method: as one thing that is asked" \
	    '3 mirrors are held, .*if it is approved these mirrors are made anew' \
	    said
	for one in "$tmp/m1" "popen:$tmp/m2" "$tmp/m3"; do
		check_grep "$method: what would become of $one" \
		    "would: make $one anew, from the source's revisions 0 to 4" \
		    said
		check_grep "$method: and what it would be without" \
		    "would: $one: be without r6, " said
	done
	check_equal "$method: there is one token" 1 \
	    "$(grep -c -e 'run --approve' said)"
	check_equal "$method: nothing has changed" "$before" "$(sums m1 m2 m3)"
	first=$(token)
	mirrors method=$method --dry-run
	check_equal "$method: a dry run fails" 1 "$?"
	check_not "$method: and asks for nothing" grep -q -e --approve said
	svn mkdir -q -m other "file://$tmp/source/other"
	mirrors method=$method --approve "$first"
	check_equal "$method: of another state it is no approval" 1 "$?"
	check_equal "$method: which changes nothing" "$before" \
	    "$(sums m1 m2 m3)"
	mirrors method=$method --approve "$(token)"
	check_equal "$method: approved, it goes on" 0 "$?"
	for one in m1 m2 m3; do
		same_repo "$method: $one is made anew" "$tmp/source" "$tmp/$one"
		check "$method: and what it was is kept" [ -d $one.before-1 ]
	done
	check_equal "$method: as it was" "$before" \
	    "$(sums m1.before-1 m2.before-1 m3.before-1)"

	# ---- One of them, which is of another repository
	svnadmin create alien
	svn mkdir -q -m "of another" "file://$tmp/alien/alien"
	rm -rf m2
	check "$method: a mirror of another repository" \
	    hot "$tmp/alien" "$tmp/m2" method=$method
	before=$(sums m2)
	svn mkdir -q -m more "file://$tmp/source/more"
	mirrors method=$method
	check_equal "$method: one that is of another repository is held" 1 "$?"
	check_grep "$method: it alone" "1 of 3 mirrors is held: .*UUID" said
	check_equal "$method: and is what it was" "$before" "$(sums m2)"
	for one in m1 m3; do
		same_repo "$method: $one goes on" "$tmp/source" "$tmp/$one"
		check_none "$method: and is not made anew" $one.before-2
	done
	mirrors method=$method --approve "$(token)"
	check_equal "$method: approved, it is made anew" 0 "$?"
	same_repo "$method: that one" "$tmp/source" "$tmp/m2"
	check "$method: what it was is kept, too" [ -d m2.before-2 ]
	check_none "$method: and no other" m[13].before-2
	rm -rf alien
done

# ---- Kinds
rm -rf ./m[123]*
becomes newer
all="$tmp/m1 $tmp/m2 $tmp/m3"
mirrors
svnadmin create alien
rm -rf m2
hot "$tmp/alien" "$tmp/m2"
before=$(sums m2)
becomes older
mirrors --approve back
check_equal "what is held for another reason is asked for by itself" 1 "$?"
check_grep "as that" '1 of 3 mirrors is held: .*UUID' said
for one in m1 m3; do
	same_repo "$one was approved" "$tmp/source" "$tmp/$one"
done
check_equal "the other one was not" "$before" "$(sums m2)"
mirrors --approve other
check_equal "it is by its kind" 0 "$?"
same_repo "which does it" "$tmp/source" "$tmp/m2"

# ---- Followed
rm -rf m2
hot "$tmp/alien" "$tmp/m2"
hot_several "$tmp/source" "$all"
check "while others follow" wait_until 20 sh -c \
    "[ \$(grep -c 'm[13]: .*; following' '$out') = 2 ]"
check "one that is held is told of" wait_until 20 grep -q \
    'UUID.*run --approve.*; the others go on' "$out"
mark=$(repo_youngest source)
svn mkdir -q -m followed "file://$tmp/source/followed"
check "commits arrive at the others" wait_until 10 sh -c \
    "grep -qx $((mark + 1)) m1/db/current && grep -qx $((mark + 1)) m3/db/current"
check_equal "it is asked once" 1 "$(grep -c 'run --approve' "$out")"
token=$(sed -n 's/.*run --approve \([0-9a-f]*\).*/\1/p' "$out")
check_equal "the job runs" 0 "$(kill -0 "$hot_pid"; echo $?)"
hot_stop
check_equal "stopped, it has not failed" 0 "$hot_status"
becomes older
hot_several "$tmp/source" "$all"
wait "$hot_pid"
check_equal "when all are held the job is" 1 "$?"
check_grep "which it says" '3 of 3 mirrors are held: ' "$err"

# ---- By the daemon, which has a job that goes on without one of its mirrors
becomes newer
rm -rf ./m*.before-*
for one in m1 m3; do
	rm -rf $one
	hot "$tmp/source" "$tmp/$one"
done
rm -rf m2
hot "$tmp/alien" "$tmp/m2"
cat >conf <<END
daemon { socket = "$tmp/sock"  memory = "$tmp/memory"  stop-within = 9s }
job several {
	plugin = svnhotsync
	source = "$tmp/source"
	mirrors = {"$tmp/m1", "$tmp/m2", "$tmp/m3"}
	on-hold = {"sh", "-c", "echo \"\$SYNCGATE_JOB_APPROVE \$SYNCGATE_JOB_SAMPLE\" >>\$0", "$tmp/told"}
}
END
daemon
check "it tells of it" wait_until 20 logged 'UUID.*; the others go on'
wait_until 20 logged 'm[13]: .*; following' 2
check "also on-hold, with what would be done" wait_until 10 \
    grep -q "make $tmp/m2 anew" told
ask why several
check_grep "why says what is held, and how to approve it" \
    'without what is held: .*UUID.*`syncgate approve several` begins it' said
check_grep "and what would be done" "would: make $tmp/m2 anew" said
"$SYNCGATE" approve -c conf --token 00000000000000000000 several >said 2>&1
check_equal "another token is no approval" 1 "$?"
check_equal "once, though the mirror is tried again" 1 \
    "$(grep -c "^[0-9a-f]\{20\} " told)"
ask approve several
check_equal "it is approved while it runs" 0 "$?"
check "which is done" wait_until 30 logged 'm2: .*; following'
same_repo "that one is made anew" "$tmp/source" "$tmp/m2"
check "and what it was is kept" [ -d m2.before-1 ]
check_none "and no other" m[13].before-1
check "the others follow, too" wait_until 20 sh -c \
    "[ \$(grep -c 'm[13]: .*; following' log) = 4 ]"
ask approve several
check_equal "there is nothing more to approve" 1 "$?"
rm -rf older2
cp -a older older2
svn mkdir -q -m instead "file://$tmp/older2/instead"
rm -rf source
mv older2 source
check "when all are held the job is" wait_until 60 is several held
ask approve several
check_equal "and approved" 0 "$?"
check "goes on" wait_until 60 logged 'm[123]: .*; following' 8
for one in m1 m2 m3; do
	same_repo "with $one" "$tmp/source" "$tmp/$one"
done
kill "$daemon"
wait "$daemon"

# ---- Many repositories
rm -rf ./m[123]* alien
mkdir in to
cp -a newer in/one
cp -a newer in/two
all=$tmp/to
"$SYNCGATE" run --once --plugin svnhotsync source="$tmp/in/*" \
    mirror="$tmp/to" >said 2>&1
check_equal "two repositories are mirrored" 0 "$?"
rm -rf in/two
cp -a older in/two
"$SYNCGATE" run --once --plugin svnhotsync source="$tmp/in/*" \
    mirror="$tmp/to" >said 2>&1
check_equal "one of which went back" 1 "$?"
check_grep "is held" '1 of 2 mirrors is held: .*ahead of the source' said
"$SYNCGATE" run --once --plugin svnhotsync source="$tmp/in/*" \
    mirror="$tmp/to" --approve "$(token)" >said 2>&1
check_equal "and approved" 0 "$?"
same_repo "it is what the source has" "$tmp/in/two" "$tmp/to/two"
check "and what it was is kept" [ -d to/two.before-1 ]
check_none "of that one" to/one.*
finish
