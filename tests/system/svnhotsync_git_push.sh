#!/bin/sh
# Branches that were merged are parents; and the refs are sent on.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/git.sh"
. "$top_srcdir/tests/lib/sshd.sh"
need svnadmin svnlook svn svnmucc git python3

cd "$tmp" || exit 2

# ---- Merges

svnadmin create merging
url=file://$tmp/merging
info=svn:mergeinfo
step "folders" mkdir trunk mkdir branches
step "a file" $(put f trunk/f)
step "a" cp HEAD trunk branches/a
step "on it" $(put x branches/a/x)
step "on trunk" $(put g trunk/g)
step "from trunk" propset $info /trunk:3-5 branches/a $(put g branches/a/g)
step "more" $(put y branches/a/y)
step "only r7" propset $info /branches/a:7 trunk $(put y trunk/y)
step "the rest" propset $info /branches/a:4-7 trunk $(put x trunk/x)
step "nothing more" propset $info /branches/a:4-9 trunk
step "b" cp HEAD trunk branches/b
step "on it" $(put z branches/b/z)
step "c, of b" cp HEAD branches/b branches/c
step "on it" $(put c branches/c/c)
a=/branches/a:4-9
step "c without b" propset $info "$a
/branches/c:14" trunk $(put c trunk/c)
step "a part" mkdir trunk/dir propset $info /branches/b:11-15 trunk/dir
step "b and c, which has b" propset $info "$a
/branches/b:11-16
/branches/c:13-16" trunk $(put z trunk/z)
step "on c" $(put d branches/c/d)
step "not all below" propset $info "$a
/branches/b:11-16
/branches/c:13-16,18*" trunk
if hot "$tmp/merging" "$tmp/merging.m" "git=$tmp/merging.git"; then
	git_oracle "merges" merging merging.git $standard
	said_in=merging.git
	check_equal "trunk merged to a branch is a parent" \
	    "$(said 4 branches/a %H) $(said 5 trunk %H)" \
	    "$(said 6 branches/a %P)"
	check_equal "a part of a branch is none" "$(said 5 trunk %H)" \
	    "$(said 8 trunk %P)"
	check_equal "with the rest it is, as a whole" \
	    "$(said 8 trunk %H) $(said 7 branches/a %H)" "$(said 9 trunk %P)"
	check_equal "but once" "$(said 9 trunk %H)" "$(said 10 trunk %P)"
	check_equal "nor is one of another that is not merged" \
	    "$(said 10 trunk %H)" "$(said 15 trunk %P)"
	check_equal "nor what is merged to a folder" "$(said 15 trunk %H)" \
	    "$(said 16 trunk %P)"
	check_equal "of two that lead to each other the last is" \
	    "$(said 16 trunk %H) $(said 14 branches/c %H)" \
	    "$(said 17 trunk %P)"
	check_equal "what is not inherited is no merge" \
	    "$(said 17 trunk %H)" "$(said 19 trunk %P)"
else
	fail "merges" "$err"
fi
check "merges can be left out" hot "$tmp/merging" "$tmp/merging.m" \
    "git=$tmp/merging2.git" merges=no
check_equal "then there are none" 0 \
    "$(git -C merging2.git rev-list --all --min-parents=2 --count)"

# ---- Sent on
printf 'another\nlog' >another-log
url=file://$tmp/merging
# push_it WHERE [WORD...]: from merging to merging.git and to there.
push_it() {
	push_to=$1
	shift
	hot "$tmp/merging" "$tmp/merging.m" "git=$tmp/merging.git" \
	    "push=$push_to" "$@"
}
git init -q --bare pushed.git
check "it is pushed to a path" push_it "$tmp/pushed.git"
check_equal "all refs are there" "$(git_refs merging.git)" \
    "$(git_refs pushed.git)"
step "one is replaced, one is gone" rm branches/a cp HEAD trunk branches/a \
    $(put n branches/a/new) rm branches/b
svnadmin setlog merging -r 4 --bypass-hooks another-log 2>/dev/null ||
    fail "a log cannot be changed"
check "it is pushed again" push_it "file://$tmp/pushed.git"
check_equal "moved and deleted refs, too" "$(git_refs merging.git)" \
    "$(git_refs pushed.git)"
check_equal "notes of properties among them" 1 \
    "$(git -C pushed.git notes --ref=svn-revprops list | wc -l)"
check "nothing is missing there" git -C pushed.git fsck --strict --no-progress
cat >conf <<EOT
job m {
	plugin = svnhotsync
	source = "$tmp/merging"
	mirror = "$tmp/merging.m"
	git = "$tmp/merging.git"
	push = "$tmp/pushed.git"
}
EOT
"$SYNCGATE" check -c conf >check.out 2>&1
check_grep "check says what becomes of it" \
    "convert it to Git in $tmp/merging.git, push it to $tmp/pushed.git" \
    check.out
"$SYNCGATE" status -c conf >status.out 2>&1
check_grep "status says how far" "^m: $tmp/pushed.git: r20\$" status.out
check_grep "and how far all is converted" "^m: $tmp/merging.git: r20\$" \
    status.out
git init -q --bare others.git
git -C merging.git push -q "$tmp/others.git" trunk
refused "one that has others' refs" 'must be empty at first' \
    push_it "$tmp/others.git"
check_equal "is left alone" 1 "$(git_refs others.git | wc -l)"
svnadmin create other
svn mkdir -q -m "another one" "file://$tmp/other/trunk"
hot "$tmp/other" "$tmp/other.m" "git=$tmp/other.git" || fail "another" "$err"
refs=$(git_refs other.git)
refused "that of another repository" 'none of them is of' \
    push_it "$tmp/other.git"
check_equal "is left alone, too" "$refs" "$(git_refs other.git)"
refused "what is not there" 'nowhere.git: there is no such folder' \
    push_it "$tmp/nowhere.git"
refused "what does not answer" 'pushing to http://u:\*\*\*@127.0.0.1:1/' \
    push_it http://u:secret@127.0.0.1:1/x
check_not "a password is not said" grep -q secret "$out" "$err"
refused "what cannot be pushed to" 'no place that can be pushed' \
    push_it git://localhost/x
mkdir home home/.ssh
hot_env="HOME=$tmp/home"
git init -q --bare web.git
python3 "$top_srcdir/tests/lib/git_http.py" "$tmp" >port 2>http.err &
at_exit "kill_child $!"
wait_until 10 test -s port || fail "an HTTP server" http.err
web=http://127.0.0.1:$(cat port)/web.git
refused "by http without a password" 'pushing to http' push_it "$web"
printf 'http://u:p%%20w@127.0.0.1:%s\n' "$(cat port)" >home/.git-credentials
check "with one that HOME has" push_it "$web"
check_equal "all refs are there" "$(git_refs merging.git)" \
    "$(git_refs web.git)"
if sshd_find; then
	git init -q --bare over.git
	sshd_start || fail "sshd" "$SSHD_LOG"
	cp "$SSHD_KEY" home/.ssh/id_ed25519
	over=ssh://$SSHD_USER@127.0.0.1:$SSHD_PORT$tmp/over.git
	refused "by ssh to a host that is not known" 'pushing to ssh' \
	    push_it "$over"
	cp "$SSHD_KNOWN_HOSTS" home/.ssh/known_hosts
	# libgit2 1.5 forgets what it has read of that file.
	hot_env="$hot_env ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0"
	check "to one that is" push_it "$over"
	check_equal "all refs are there" "$(git_refs merging.git)" \
	    "$(git_refs over.git)"
	sshd_stop
else
	skip "no sshd on this machine"
fi
hot_env=
step "while it cannot be pushed" $(put n trunk/new)
hot_follow "$tmp/merging" "$tmp/merging.m" "git=$tmp/merging.git" \
    "push=$tmp/late.git"
check "one who follows says so" wait_until 20 grep -q 'tried again' "$out"
step "and goes on" $(put m trunk/more)
has_more() {
	git -C merging.git cat-file -e trunk:more 2>more.out
}
check "and goes on" wait_until 20 has_more
git init -q --bare late.git
is_same() {
	[ "$(git_refs merging.git)" = "$(git_refs late.git)" ]
}
check "when it is there it gets all" wait_until 30 is_same
hot_stop
check_equal "SIGTERM ends it well" 0 "$hot_status"

finish
