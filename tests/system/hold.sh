#!/bin/sh
# What plugins hold until somebody approves it: a target that would lose too much
# of what it has, a source that is empty, was wound back, is another one.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3 git
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/sshd.sh"
cd "$tmp" || exit 2

# go WORD...: one run of rsync, from a to b.
go() {
	"$SYNCGATE" run --once --plugin rsync source="$tmp/a" \
	    targets="popen:$tmp/b" "$@" >said 2>&1
}
token() {
	sed -n 's/.*run --approve \([0-9a-f]*\).*/\1/p' said
}
files() {
	(cd "$1" && find . | sort | tr '\n' ' ')
}
held() {
	check_equal "$1" 1 "$?"
	check_grep "$1: with the reason, and what approves it" \
	    "$2.*syncgate run --approve [0-9a-f]{20}" said
}

# ---- rsync: four fifths are lost
mkdir a a/sub
for i in $(seq 200); do
	echo "$i" >"a/$((i % 2 * 7))x$i"
	echo "$i" >"a/sub/$i"
done
go
check_equal "a first run is not held" 0 "$?"
before=$(files b)
cp -a b b.before
rm -r a/sub a/7x*
echo new >a/new
go
held "what has lost most is" \
    '301 would be deleted and 0 rewritten, of 401 that are there'
check_grep "and a sample" 'would: delete sub/' said
check_not "which is no more than a sample" \
    [ "$(grep -c 'would:' said)" -gt 40 ]
first=$(token)
mv b/new . 2>/dev/null
check_equal "nothing was deleted" "$before" "$(files b)"
go --approve 0123456789abcdef0123
held "a wrong token does not do it" '301 would be deleted'
rm a/0x2
go --approve "$first"
held "nor does the right one when more is lost" '302 would be deleted'
rm -f b/new
check_equal "nothing was deleted by these" "$before" "$(files b)"
second=$(token)
check_not "the token is another" [ "$first" = "$second" ]
go --approve "$second"
check_equal "the one of what is lost now does" 0 "$?"
check "and both are the same" diff -r a b
# Rewritten
for i in a/0x*; do echo "again $i" >"$i"; done
sum=$(cat b/0x* | sha256sum)
go hold-over=98
held "what would be rewritten is held" '0 would be deleted and 99 rewritten'
check_grep "with a sample" 'would: rewrite 0x1' said
check_equal "and none of it was" "$sum" "$(cat b/0x* | sha256sum)"
go hold-over=99
check_equal "as many as are allowed are not" 0 "$?"
check "and both are the same again" diff -r a b
# A folder in the place of files, a file in the place of a folder.
mkdir a/d b/d
touch b/d/1 b/d/2 b/d/3
rmdir a/d
echo file >a/d
go hold-over=3
held "what is in a folder that a file replaces counts" \
    '0 would be deleted and 4 rewritten'
check "and stays" [ -e b/d/3 ]
go hold-over=4
check_equal "until that may be" 0 "$?"
check "as does what is to come" cmp a/d b/d
mkdir big
for i in $(seq 5); do head -c 200000 /dev/urandom >"big/$i"; done
cp -r big a/from
go hold-over=0
check_equal "nothing is lost by what is new" 0 "$?"
mv a/from a/to
go hold-over=1
check_equal "nor by files that were moved" 0 "$?"
check "which are in their place" diff -r a b
for i in 1 2 3; do rm "a/to/$i"; done
go hold-over=2 --dry-run
check_equal "a dry run is not held" 0 "$?"
go hold-over=no
check_equal "nor is anything without a limit" 0 "$?"

# ---- rsync: an empty source, as if it were not mounted
mv a gone
mkdir a
before=$(files b)
go hold-over=no
held "an empty source is held" 'source is empty, .* is left as it is'
check_equal "and the target has all" "$before" "$(files b)"
empty=$(token)
touch b/more
go --approve "$empty"
held "what has come since was not approved" 'source is empty'
go --approve loss
held "nor was that kind" 'source is empty'
rm b/more
go --approve "$empty"
check_equal "what was approved is done" 0 "$?"
check "the target is empty, too" diff -r a b

# ---- rsync: while it is followed
rmdir a
mv gone a
: >said
"$SYNCGATE" run --plugin rsync source="$tmp/a" targets="popen:$tmp/b" \
    follow=yes hold-over=20 >said 2>&1 &
following=$!
at_exit "kill_child $following"
check "it follows" wait_until 10 grep -q following said
rm a/0x10 a/0x12
check "a few may go" wait_until 10 sh -c "! ls b/0x10 2>/dev/null"
rm a/0x*
wait "$following"
held "more within a minute may not" 'would be deleted .* hold-over .20'
check "they are there" [ -e b/0x20 ]

# A folder that is listed again and again has no more in it than it had.
rm -rf a b
mkdir a
for i in $(seq 400); do
	echo "$i" >"a/$i"
done
: >said
"$SYNCGATE" run --plugin rsync source="$tmp/a" targets="popen:$tmp/b" \
    follow=yes >said 2>&1 &
following=$!
check "it follows" wait_until 10 grep -q following said
for mode in 600 640 600 640 600; do
	chmod $mode a/*
	wait_until 10 sh -c "[ \$(find b -type f -perm $mode | wc -l) -eq 400 ]"
done
check "all have the last mode" [ "$mode" = "$(stat -c %a b/400)" ]
(cd a && seq 350 | xargs rm)
wait_until 10 grep -q hold-over said || kill "$following"
wait "$following"
held "most of what is there may not go" \
    'would be deleted .* of (400|[23][0-9][0-9]) that are there'
check "most of it is there" [ "$(find b -type f | wc -l)" -ge 200 ]

# ---- svnhotsync: a source that was wound back
mkrepo_history 12 1000 3 | {
	svnadmin create src
	mkrepo_load src
}
svnadmin dump -q -r 0:9 src >old.dump
hot "$tmp/src" "$tmp/mir"
check "there is a mirror" same_repo "a mirror" "$tmp/src" "$tmp/mir"
mv src src.new
svnadmin create src
svnadmin load -q src <old.dump
svnadmin setuuid src "$(svnlook uuid src.new)"
mirror() {
	"$SYNCGATE" run --once --plugin svnhotsync source="$tmp/src" \
	    mirror="$tmp/mir" "$@" >said 2>&1
}
sum=$(repo_sum "$tmp/mir")
mirror
held "a source with less is held" 'is ahead of the source .r12 and r9'
check_grep "with what is not there any more" \
    'would: be without r11, which the source does not have' said
check_equal "the mirror has all" "$sum" "$(repo_sum "$tmp/mir")"
mirror --dry-run
check_equal "a dry run fails" 1 "$?"
check_not "and asks for nothing" grep -q -e --approve said
mirror
back=$(token)
mirror --approve other
held "another kind is no approval" 'is ahead of the source'
mirror --approve "$back"
check_equal "what was approved is done" 0 "$?"
same_repo "by a mirror that is made anew" "$tmp/src" "$tmp/mir"
check_equal "and what it was is beside it" "$sum" \
    "$(repo_sum "$tmp/mir.before-1")"

# ---- svnhotsync: what was approved is put in its place, and not another one
for method in copy dump; do
	rm -rf src src.new src.one mir mir.*
	svnadmin create src.one
	svnadmin load -q src.one <old.dump
	cp -a src.one src
	svn mkdir -q -m more "file://$tmp/src/more"
	mirror method=$method
	check_equal "$method: a mirror" 0 "$?"
	sum=$(repo_sum "$tmp/mir")
	mv src src.new
	cp -a src.one src
	mirror method=$method
	held "$method: a source with less is held" 'is ahead of the source .r10'
	first=$(token)
	mirror method=$method
	check_equal "$method: what it is named by stays" "$first" "$(token)"
	check_grep "$method: what is approved is said" \
	    "approved the mirror is made anew from the source, .* $tmp/mir.before-1" \
	    said
	check_not "$method: and nothing else" grep -q -e --resync said
	# With the same UUID and as many revisions, of which the last has another
	# author, log, or date, or another content.
	for name in svn:author svn:log svn:date; do
		printf 2001-01-01T00:00:00.000000Z >value
		svnadmin setrevprop src -r 9 $name value
		mirror method=$method --approve "$first"
		held "$method: with another $name it is held anew" \
		    'is ahead of the source .r10'
		check_not "$method: by another name" [ "$first" = "$(token)" ]
		rm -rf src
		cp -a src.one src
	done
	rm -rf src
	svnadmin create src
	svnadmin dump -q -r 0:8 src.one | svnadmin load -q src
	svn mkdir -q -m x "file://$tmp/src/instead"
	svnadmin setuuid src "$(svnlook uuid src.one)"
	for name in svn:author svn:log svn:date; do
		svnlook propget --revprop -r 9 src.one $name >value
		printf %s "$(cat value)" >value
		svnadmin setrevprop src -r 9 $name value
	done
	mirror method=$method --approve "$first"
	held "$method: one with another content is held anew" \
	    'is ahead of the source .r10'
	second=$(token)
	check_not "$method: by another name" [ "$first" = "$second" ]
	check_equal "$method: and the mirror is what it was" "$sum" \
	    "$(repo_sum "$tmp/mir")"
	check_none "$method: nothing is beside it" mir.*
	mirror method=$method --approve "$second"
	check_equal "$method: what is there now is approved by its own" 0 "$?"
	same_repo "$method: and taken" "$tmp/src" "$tmp/mir"
done

# ---- svnhotsync: nor if the connection is lost in the middle
rm -rf src src.* mir mir.*
mkrepo src.one 1500 8000000 7
cp -a src.one src
svn mkdir -q -m more "file://$tmp/src/more"
cut() {
	"$SYNCGATE" run --plugin svnhotsync source="$tmp/src" \
	    mirror="popen:$tmp/mir" "$@" >said 2>&1 </dev/null
}
cut --once
sum=$(repo_sum "$tmp/mir")
rm -rf src
cp -a src.one src
cut --once
held "a source with less is held" 'is ahead of the source .r1501'
first=$(token)
cp -a src.one src.other
printf other >value
svnadmin setrevprop src.other -r 1500 svn:log value
: >said
sh -c 'kill -STOP $$; exec "$@"' sh "$SYNCGATE" run --plugin svnhotsync \
    source="$tmp/src" mirror="popen:$tmp/mir" --approve "$first" \
    >said 2>&1 </dev/null &
job=$!
at_exit "kill_child $job"
there=$tmp/mir.syncgate-new/db/current
# (It is there for a second: a shell may come too late.)
python3 - "$there" "$job" <<'END'
import os, signal, sys, time
end = time.time() + 60
while time.time() < end:
    os.kill(int(sys.argv[2]), signal.SIGCONT)   # it waits for us
    try:
        if int(open(sys.argv[1]).read().split()[0]) > 0:
            break
    except (OSError, ValueError, IndexError):
        pass
    time.sleep(0.001)
os.kill(int(sys.argv[2]), signal.SIGSTOP)
END
kill -9 $(process_tree "$job")
mv src gone
mv src.other src
kill -CONT "$job"
check "it was met while it was made" [ -f "$there" ]
check "another source is not put in the mirror's place" wait_until 30 \
    grep -q 'is not any more what it was when it was approved' said
kill "$job"
wait "$job"
check_equal "which is as it was" "$sum" "$(repo_sum "$tmp/mir")"
rm -rf src
mv gone src
cut --approve "$first" --once
check_equal "it is made of what was approved" 0 "$?"
same_repo "and is that" "$tmp/src" "$tmp/mir"

# ---- svnhotsync: another UUID, by both ways
for method in copy dump; do
	rm -rf src mir mir.*
	svnadmin create src
	svnadmin load -q src <old.dump
	mirror method=$method
	check_equal "$method: a mirror" 0 "$?"
	svnadmin setuuid src 12345678-1234-1234-1234-123456789abc
	mirror method=$method
	held "$method: a source with another UUID is held" \
	    'is a mirror of the repository with UUID'
	mirror method=$method --approve "$back"
	held "$method: what was approved before is no approval" 'UUID'
	mirror method=$method --approve "$(token)"
	check_equal "$method: approved, it goes on" 0 "$?"
	same_repo "$method: with what it has" "$tmp/src" "$tmp/mir"
	check_equal "$method: and its UUID" "$(svnlook uuid src)" \
	    "$(svnlook uuid mir)"
done
# ---- svnhotsync: a Git repository that is pushed to
pushed() {
	mirror git="$tmp/src.git" push="$tmp/to.git" "$@"
}
refs() {
	git --git-dir "$1" for-each-ref --format='%(refname) %(objectname)' |
	    sort
}
rm -rf src mir mir.*
svnadmin create src
svnadmin load -q src <old.dump
git init -q --bare to.git
git -c user.name=x -c user.email=x@y --git-dir to.git commit-tree \
    -m 'a root of its own' "$(git --git-dir to.git hash-object -wt tree \
    /dev/null)" >commit
git --git-dir to.git update-ref refs/heads/foreign "$(cat commit)"
before=$(refs to.git)
pushed
held "one of another root is held" 'none of them is refs/notes/svn'
check_grep "with what it has" 'would: remove refs/heads/foreign' said
check_equal "and left as it is" "$before" "$(refs to.git)"
pushed --approve "$(token)"
check_equal "approved, it is pushed to" 0 "$?"
check_equal "and has those refs, and no others" "$(refs src.git)" \
    "$(refs to.git)"
for ref in $(git --git-dir to.git for-each-ref --format='%(refname)' \
    refs/heads refs/tags | tail -n +2); do
	git --git-dir to.git update-ref "$ref" "$(cat commit)"
done
first=$(git --git-dir to.git for-each-ref --format='%(refname)' refs/heads |
    head -n 1)
git --git-dir to.git update-ref refs/heads/a1 "$(cat commit)"
git --git-dir to.git update-ref refs/heads/a2 "$(cat commit)"
git --git-dir to.git update-ref refs/heads/a3 "$(cat commit)"
svn mkdir -q -m more "file://$tmp/src/trunk/more-$$" 2>/dev/null ||
    svn mkdir -q -m more "file://$tmp/src/more-$$"
before=$(refs to.git)
pushed
held "one of which most would be lost is held" \
    'branches and tags would be rewritten or removed'
check_grep "with what that is" 'would: remove refs/heads/a2' said
check_equal "and left as it is, too" "$before" "$(refs to.git)"
pushed --approve "$(token)"
check_equal "until it is approved" 0 "$?"
check_equal "which makes it the same" "$(refs src.git)" "$(refs to.git)"
finish
