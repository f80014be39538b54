#!/bin/sh
# All repositories in a folder: new ones appear by themselves, one that goes
# away is told and its mirror kept, what is no repository is skipped, a broken
# one does not stop the others; one gateway and one watch for all.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnmucc python3

cd "$tmp" || exit 2
mkdir svn mirror second
mkrepo svn/one 30 300000 1 8 || exit 1
mkrepo svn/two 20 200000 2 8 || exit 1
for i in $(seq 12); do
	svnadmin create "svn/small-$i"
done
mkdir svn/folder
echo text >svn/file
svnadmin create svn/broken && echo 99 >svn/broken/db/format

commit() {
	svnmucc -m "$2" mkdir "file://$tmp/svn/$1/$2" >commit.out 2>&1 ||
	    fail "a commit to $1" commit.out
}
run() {
	"$SYNCGATE" run --plugin svnhotsync "$@" </dev/null >"$out" 2>"$err"
}
same() {
	[ "$(cat "svn/$1/db/current")" = "$(cat "$2/$1/db/current" 2>&1)" ] &&
	    diff -r "svn/$1/db/revs" "$2/$1/db/revs" >/dev/null &&
	    diff -r "svn/$1/db/revprops" "$2/$1/db/revprops" >/dev/null
}

# ---- Once
run --once "source=$tmp/svn/*" "mirror=$tmp/mirror"
check_equal "with a broken one, --once fails" 1 "$?"
check "which names it" grep -q "1 of 15 mirrors failed.*broken.*format '99'" \
    "$err"
check "what is no repository is told" grep -q 'folder: skipped' "$out"
check_not "and not mirrored" test -e mirror/folder
for repository in one two small-1 small-12; do
	check "$repository is mirrored" same "$repository" mirror
done
run --once "source=$tmp/svn/small-?" "mirror=$tmp/second/*"
check_equal "a pattern takes those that match it" "small-1 small-2 small-9" \
    "$(ls second | sed -n '1,2p;$p' | tr '\n' ' ' | sed 's/ $//')"
check_not "a pattern elsewhere is refused" run --once \
    "source=$tmp/s*/one" "mirror=$tmp/x"
check_not "so is one for the mirror alone" run --once \
    "source=$tmp/svn/one" "mirror=$tmp/mirror/*"
check_not "and a mirror in the folder itself" run --once \
    "source=$tmp/svn/*" "mirror=$tmp/svn"

# ---- Following, two mirrors of each, over there
rm -rf mirror second && mkdir mirror second
: >"$out"
"$SYNCGATE" run --plugin svnhotsync "source=popen:$tmp/svn/*" \
    mirrors="$tmp/mirror" mirrors="popen:$tmp/second" poll=1 </dev/null \
    >"$out" 2>"$err" &
hot_pid=$!
at_exit "kill_child $hot_pid"
check "28 mirrors follow" wait_until 40 sh -c \
    "[ \$(grep -c '; following' '$out') = 28 ]"
sides=0
watches=0
for process in $(cd /proc && echo [0-9]*); do
	[ "$process" != "$hot_pid" ] || continue
	opened=$(ls -l "/proc/$process/fd" 2>/dev/null)
	case $opened in
	*"$tmp/svn/one"*)
		sides=$((sides + 1))
		side=$process
		watches=$((watches + $(echo "$opened" | grep -c inotify)))
		;;
	esac
done
check_equal "one program reads all repositories" 1 "$sides"
check_equal "with one watch" 1 "$watches"
both() {
	same "$1" mirror && same "$1" second
}
commit one a
commit small-3 b
check "commits arrive at both" wait_until 10 both one
check "in each repository" wait_until 10 both small-3

svnadmin create svn/later
check "a new one appears by itself" wait_until 15 both later
commit later c
check "and is followed" wait_until 10 both later
check "which is told" grep -q 'later: a new repository' "$out"

rm svn/broken/db/format
printf '8\nlayout sharded 1000\naddressing logical\n' >svn/broken/db/format
check "a broken one that is mended is mirrored" wait_until 30 both broken

mv svn/two away
check "one that goes away is told" wait_until 15 \
    grep -q 'two: the repository is no longer there; its mirror is kept' "$out"
check "and its mirror kept" svnadmin verify -q mirror/two
mv away svn/two
commit two d
check "when it is back, it goes on" wait_until 20 both two
commit one e
check "the others went on all the time" wait_until 10 both one

# ---- The program that reads them all is killed
kill -9 "$side"
check "when the source's side is killed, that is told" wait_until 10 \
    grep -q 'mirroring .*trying again in' "$out"
commit one f
check "and all go on" wait_until 30 both one
check "each of them" wait_until 30 sh -c \
    "[ \$(sed -n '/mirroring .*trying again/,\$p' '$out' |
	grep -c '; following') = 32 ]"
hot_stop
check_equal "SIGTERM ends it with 0" 0 "$hot_status"

# ---- What nothing is said of, what may not be looked at, and nothing
rm -rf mirror few
mkdir mirror few
svnadmin create few/one
cp -a few/one few/one.before-1
cp -a few/one few/one.syncgate-new
check "what is left of making anew is not mirrored" run --once \
    "source=$tmp/few/*" "mirror=$tmp/mirror"
check_equal "only the repository is" one "$(ls mirror)"
svnadmin create 'few/two
lines'
svnadmin create few/three
check_not "one whose name is two lines is not mirrored" run --once \
    "source=popen:$tmp/few/*" "mirror=$tmp/mirror"
check_grep "which is told" 'name has control characters.*: rename it' "$err"
check_equal "and stops no other" "one three" \
    "$(ls mirror | paste -sd' ')"
rm -rf few/*lines few/three mirror/three
check "a pattern that nothing matches is no error" run --once \
    "source=$tmp/few/none-*" "mirror=$tmp/mirror"
check_grep "but a warning" 'warning: there is no repository in .*none-' \
    "$out" "$err"
nobody=
if [ "$(id -u)" = 0 ]; then
	nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
	chmod 755 "$tmp"
	chown -R 65534:65534 few mirror
fi
if [ -n "$nobody" ] && ! HOME=/nonexistent $nobody "$SYNCGATE" version \
    >/dev/null 2>&1; then
	skip "what may not be looked at: nobody else can run the program"
else
	svnadmin create few/two
	[ -z "$nobody" ] || chown -R 65534:65534 few/two
	for closed in two two/db; do
		chmod 000 "few/$closed"
		HOME=/nonexistent $nobody "$SYNCGATE" run --plugin svnhotsync \
		    --once "source=$tmp/few/*" "mirror=$tmp/mirror" \
		    </dev/null >"$out" 2>"$err"
		check_equal "$closed: what may not be looked at is an error" \
		    1 "$?"
		check_grep "$closed: which is said" \
		    'two: not mirrored, .*: Permission denied' "$out" "$err"
		check_not "$closed: and not that it is none" \
		    grep -q 'two: skipped' "$out" "$err"
		check_not "$closed: nothing is made" test -e mirror/two
		chmod 755 "few/$closed"
	done
	HOME=/nonexistent $nobody "$SYNCGATE" run --plugin svnhotsync \
	    --once "source=$tmp/few/*" "mirror=$tmp/mirror" </dev/null \
	    >"$out" 2>"$err"
	check_equal "when it may be looked at all is well" 0 "$?"
	check "it is mirrored" test -f mirror/two/format
fi
finish
