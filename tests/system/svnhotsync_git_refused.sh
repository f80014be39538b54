#!/bin/sh
# What cannot be, or is another history, is refused; nothing is silently wrong.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/git.sh"
need svnadmin svnlook svn svnmucc git python3

cd "$tmp" || exit 2

svnadmin create source
url=file://$tmp/source
step "folders" mkdir trunk mkdir branches mkdir tags mkdir branches/dir
step "files" $(put a trunk/a) mkdir trunk/secret $(put s trunk/secret/s)
step "a branch, a tag" cp HEAD trunk branches/b cp HEAD trunk tags/1
step "on it" $(put b branches/b/b)
step "it goes" rm branches/b
step "more" $(put c trunk/c)
revprop 3 svn:author
revprop 4 svn:author 'a <b>\n'
revprop 6 svn:author 'J\xf6rg'
youngest=$(repo_youngest source)
uuid=$(svnlook uuid source)

# to_git NAME [WORD...]: from source to NAME and NAME.git.
to_git() {
	to_name=$1
	shift
	hot "$tmp/source" "$tmp/$to_name" "git=$tmp/$to_name.git" "$@"
}
check "a repository is converted" to_git m1
git_oracle "as it is" source m1.git $standard
refs=$(git_refs m1.git)

# ---- Who is who
# (As an editor of Windows leaves it.)
printf '\357\273\277' >authors
cat >>authors <<EOT
# who
$(id -un) = Some Body <some@body>

(no author) = No Body <no@body>
EOT
refused "an author who is not in the file" 'r4: who is "a ?b??"?' \
    to_git who "authors=$tmp/authors"
check_grep "and who comes later is said, too" \
    'these are not in it, either: Jörg$' "$err"
check "or kept" to_git who "authors=$tmp/authors" unknown-authors=keep
check_equal "those in it have its names" "No Body <no@body>
Some Body <some@body>
a ?b?? <a ?b??@$uuid>" "$(git -C who.git log --all --format='%an <%ae>' |
    grep -v syncgate | grep -v J | LC_ALL=C sort -u)"

# is_held SENTENCE PATTERN WORD...: not done, until somebody approves it.
is_held() {
	refused "$@"
	check_grep "$1: what would become of it" \
	    "is converted anew, .*\.before-1 .*run --approve" "$err"
}
token() {
	sed -n 's/.*run --approve \([0-9a-f]*\).*/\1/p' "$err"
}

# ---- Refused
refused "another layout" 'another layout' to_git m1 layout=none
svnadmin create other
is_held "another repository" 'with UUID .* and the mirror' \
    hot "$tmp/other" "$tmp/other.m" "git=$tmp/m1.git"
rm -r other
svnadmin create other
cp source/db/uuid other/db/uuid
svnadmin dump -q -r 1:$((youngest - 1)) source 2>/dev/null |
    svnadmin load -q --ignore-uuid --bypass-prop-validation other >/dev/null
svn mkdir -q -m "another end" "file://$tmp/other/trunk/another"
is_held "another history of the same UUID" 'replaced or wound back' \
    hot "$tmp/other" "$tmp/other.m2" "git=$tmp/m1.git" verify=no
git init -q --bare foreign.git
git -C m1.git push -q "$tmp/foreign.git" trunk
git -C foreign.git pack-refs --all
before=$(git_refs foreign.git)
for kind in loss empty back other; do
	set -- "$@" --approve $kind
done
refused "a repository with other refs" \
    'did not make it, .* give the job an empty folder' \
    hot "$tmp/source" "$tmp/m1" "git=$tmp/foreign.git" "$@"
set --
check_equal "whoever approves it, it is as it was" "$before" \
    "$(git_refs foreign.git)"
check_none "and in its place" foreign.git.before*
refused "a mirror elsewhere" 'on another' \
    hot "$tmp/source" "popen:$tmp/m2" "git=$tmp/x.git"
refused "Git elsewhere" 'must be a folder on this one' \
    hot "$tmp/source" "$tmp/m1" "git=popen:$tmp/x.git"
refused "in the mirror" 'lie in each other' \
    hot "$tmp/source" "$tmp/m1" "git=$tmp/m1/git"
refused "options of it without it" 'git is not' \
    hot "$tmp/source" "$tmp/m1" layout=none
refused "two paths that would be one ref" \
    'r1, /trunk: .* another path is refs/heads/y' \
    hot "$tmp/source" "$tmp/m1" "git=$tmp/x.git" layout='a:refs/heads/x' \
    layout='trunk:refs/heads/y' layout='branches/dir:refs/heads/y'
refused "one that would be a folder of the other" \
    'r1, /trunk: .* refs/heads/x, and another path is refs/heads/x/dir:' \
    hot "$tmp/source" "$tmp/m1" "git=$tmp/y.git" \
    layout='trunk:refs/heads/x' layout='branches/dir:refs/heads/x/dir'
for word in trunk 'trunk:heads/x' 'tru*:refs/heads/*' '*:refs/heads/x' \
    'trunk:refs/heads/a..b' 'branches/*:refs/heads/*.lock'; do
	refused "a layout of $word" 'layout has' \
	    hot "$tmp/source" "$tmp/m1" "git=$tmp/x.git" "layout=$word"
done
refused "a pattern behind one that hides it" 'looks there already' \
    hot "$tmp/source" "$tmp/m1" "git=$tmp/x.git" \
    'layout=*/*:refs/heads/*/*' 'layout=trunk:refs/heads/t'
refused "what is pushed to itself" 'it is that repository' \
    to_git m1 "push=$tmp/m1.git"

# ---- Somebody else has written to it

# meddled SENTENCE WORD COMMAND...: git in a copy of it, which is refused.
meddled() {
	meddled_what=$1
	meddled_why=$2
	shift 2
	rm -rf meddled.git
	cp -a m1.git meddled.git
	git -C meddled.git -c user.name=x -c user.email=x "$@" >git.out 2>&1 ||
	    fail "$meddled_what: git" git.out
	git -C meddled.git pack-refs --all
	is_held "$meddled_what" "$meddled_why of .* not what it was left as" \
	    hot "$tmp/source" "$tmp/m1" "git=$tmp/meddled.git"
}
meddled "a branch that was moved" refs/heads/trunk \
    update-ref refs/heads/trunk refs/heads/trunk^
meddled "one that was deleted" refs/heads/trunk \
    update-ref -d refs/heads/trunk
meddled "one that was made" refs/heads/new branch new trunk
meddled "a tag that was made anew" 'a tag, .*' tag -f -a -m other 1 1^{}
meddled "the tip of a deleted branch that is gone" 'refs/syncgate/deleted,' \
    update-ref -d refs/syncgate/deleted/heads/b@5
git -C m1.git for-each-ref --format='delete %(refname)' >deletions
cp -a m1.git again.git
git -C again.git update-ref --stdin <deletions
check "without any ref all is converted anew" \
    hot "$tmp/source" "$tmp/m1" "git=$tmp/again.git"
check_equal "with the same ids" "$refs" "$(git_refs again.git)"

# ---- The mirror is another one
check "it is made anew" to_git m1 --resync
check_grep "it is converted once more, to compare" 'to compare' "$out"
check_equal "it is the same" "$refs" "$(git_refs m1.git)"
check "nothing is left" [ ! -e m1.git/syncgate-again ]
check "the next run knows it" to_git m1
check_not "and compares nothing" grep -q 'to compare' "$out"
svnadmin dump -q source 2>/dev/null >all.dump
svndumpfilter exclude trunk/secret <all.dump >some.dump 2>filter.out
rm -r source
svnadmin create source
svnadmin load -q --force-uuid --bypass-prop-validation source <some.dump
is_held "a history of which somebody has removed a file" \
    'r2, /trunk of the mirror .* made anew with another history' \
    to_git m1 --resync
step "and in later runs" $(put d trunk/d)
is_held "in later runs, too" 'another history' to_git m1
check_equal "nothing is changed" "$refs" "$(git_refs m1.git)"
check "nothing is left" [ ! -e m1.git/syncgate-again ]

# ---- Approved
first=$(token)
step "more comes" $(put e trunk/e)
is_held "with more in the mirror it is the same" 'another history' to_git m1
check_equal "by its name" "$first" "$(token)"
# trunk_is COMMIT: as Git leaves it when somebody packs refs.
trunk_is() {
	git -C m1.git update-ref refs/heads/trunk "$1"
	git -C m1.git pack-refs --all
}
trunk_is refs/heads/trunk^
is_held "refs that somebody has changed are something else" 'what it was left' \
    to_git m1 --approve "$first"
check_none "which was not approved" m1.git.before*
trunk_is "$(echo "$refs" | sed -n 's,^\([0-9a-f]*\) refs/heads/trunk$,\1,p')"
check "what was approved is done" to_git m1 --approve "$first"
check_grep "where the old one is is told" \
    "the old repository is $tmp/m1.git.before-1 now" "$out"
git_oracle "it is converted anew" source m1.git $standard
check_equal "and what was is kept" "$refs" "$(git_refs m1.git.before-1)"
check "the next run goes on" to_git m1
for kind in loss other; do
	case $kind in
	loss) git -C m1.git branch -f mine trunk
		git -C m1.git pack-refs --all ;;
	other) svnadmin setuuid source
		rm -r m1 ;;
	esac
	is_held "what is held of another kind" . to_git m1 --approve back
	check "its kind approves it: $kind" to_git m1 --approve $kind
	check "which is done" git -C m1.git rev-parse -q --verify trunk
done
check "each is kept" [ -d m1.git.before-2 -a -d m1.git.before-3 ]
finish
