# include = {"hooks", "conf", "locks"}: what a mirror has beside revisions, at the
# start and as soon as it changes.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"

all="include=hooks include=conf include=locks"
# In an order of their own: svnadmin has another one each time.
locks() {
	svnadmin lslocks "$1" >"$tmp/locks.$2" || return 1
	awk 'BEGIN { RS = ""; ORS = "\036" } { gsub("\n", "|"); print }' \
	    "$tmp/locks.$2" | tr '\036' '\n' | sort
}
same_locks() {
	[ "$(locks "$src" now)" = "$(locks "$mir" now)" ]
}
lock() {
	echo "for a reason" >"$tmp/comment"
	svnadmin lock "$src" "$1" "$2" "$tmp/comment" >/dev/null
}
# Names, modes and contents of hooks and conf.
parts() {
	(cd "$1" && find hooks conf ! -type d ! -name '*.source' -printf \
	    '%p %m\n' | sort && find hooks conf -type f ! -name '*.source' \
	    -exec sha256sum {} + | sort -k 2) | grep -v -e hooks/start-commit\
 -e 'hooks/pre-[a-z]*lock' -e hooks/pre-revprop
}

src=$tmp/src
mir=$tmp/mir
mkrepo "$src" 20 40000 1 8
svn mkdir -q -m d "file://$src/d" "file://$src/d/e"
for i in 1 2 3 4; do
	echo "$i" >"$tmp/f$i"
	svn import -q -m "$i" "$tmp/f$i" "file://$src/d/e/f$i"
done
lock /d/e/f1 me
lock /d/e/f2 you
rm -f "$src"/hooks/*.tmpl
printf '#!/bin/sh\nexit 0\n' >"$src/hooks/start-commit"
printf '#!/bin/sh\nexit 0\n' >"$src/hooks/post-commit"
printf 'from here\n' >"$src/hooks/readme"
mkdir -p "$src/hooks/lib/deep"
printf '#!/bin/sh\n' >"$src/hooks/lib/deep/mail"
chmod 755 "$src/hooks/start-commit" "$src/hooks/post-commit" \
    "$src/hooks/lib/deep/mail"
ln -s /etc/passwd "$src/hooks/link"
echo "[users]" >"$src/conf/passwd"
chmod 600 "$src/conf/passwd"

# ---- At the start ---------------------------------------------------------------

check "without include nothing of it comes" hot "$src" "$mir"
check_not "no hooks" test -e "$mir/hooks/post-commit"
check_equal "no locks" "" "$(locks "$mir" then)"
echo mine >"$mir/conf/mine"
check "with include all of it comes" hot "$src" "$mir" $all
check_equal "the locks are the same, tokens and owners and times" \
    "$(locks "$src" then)" "$(locks "$mir" then)"
check "conf is the same" cmp "$src/conf/passwd" "$mir/conf/passwd"
check_equal "who may not read it there may not here" 600 \
    "$(stat -c %a "$mir/conf/passwd")"
check_not "what the source has not goes" test -e "$mir/conf/mine"
check "hooks are the same" cmp "$src/hooks/lib/deep/mail" \
    "$mir/hooks/lib/deep/mail"
check_not "they cannot be run" test -x "$mir/hooks/post-commit"
check_not "none of them" test -x "$mir/hooks/lib/deep/mail"
check_grep "guards win" 'kept by syncgate' "$mir/hooks/start-commit"
check "a hook of the source with that name lies beside it" \
    cmp "$src/hooks/start-commit" "$mir/hooks/start-commit.source"
check_grep "what is no plain file is told of" \
    'hooks/link is not carried to mirrors' "$out" "$err"
check_not "and does not come" ls -d "$mir/hooks/link"
check_none "nothing of ours is left in them" \
    "$mir"/hooks/.syncgate* "$mir"/conf/.syncgate* "$mir"/db/locks/.syncgate*
before=$(cd "$mir" && find hooks conf db/locks -printf '%p %i %T@\n' | sort)
check "once more" hot "$src" "$mir" $all
check_equal "nothing is written that is the same" "$before" \
    "$(cd "$mir" && find hooks conf db/locks -printf '%p %i %T@\n' | sort)"
svnadmin unlock "$src" /d/e/f2 you \
    "$(svnlook lock "$src" /d/e/f2 | sed -n 's/^UUID Token: //p')" >/dev/null
rm -r "$src/hooks/lib"
check "what has gone goes" hot "$src" "$mir" $all
check_equal "locks" "$(locks "$src" then)" "$(locks "$mir" then)"
check_not "folders, too" test -e "$mir/hooks/lib"
check "with hooks = run" hot "$src" "$mir" $all hooks=run
check "they can be run" test -x "$mir/hooks/post-commit"
check_not "what could not be run cannot" test -x "$mir/hooks/readme"
check_equal "names, modes and contents are the same" \
    "$(parts "$src" | grep -v link)" "$(parts "$mir")"

# ---- While it is followed, at once --------------------------------------------------

hot_follow "$src" "popen:$mir" poll=600 $all hooks=run
check "it follows" wait_until 20 grep -q following "$out" "$err"
for i in 2 3 4; do
	lock "/d/e/f$i" "user$i"
done
check "locks arrive" wait_until 10 same_locks
svnadmin rmlocks "$src" /d/e/f1 /d/e/f3 >/dev/null
check "broken locks go" wait_until 10 same_locks
check_equal "what is left is locked" 2 "$(locks "$mir" then | grep -c Path:)"
svnadmin rmlocks "$src" /d/e/f2 /d/e/f4 >/dev/null
check "all go" wait_until 10 same_locks
rm -rf "$src/db/locks"
lock /d/e/f1 again
check "also in a new folder" wait_until 10 same_locks
echo "[groups]" >"$src/conf/authz"
check "a file of conf arrives" wait_until 10 cmp "$src/conf/authz" \
    "$mir/conf/authz"
chmod 600 "$src/conf/authz"
mode_is() {
	[ "$(stat -c %a "$mir/conf/authz")" = "$1" ]
}
check "its mode, too" wait_until 10 mode_is 600
mkdir "$src/hooks/new"
echo x >"$src/hooks/new/x"
check "a file in a new folder arrives" wait_until 10 \
    cmp "$src/hooks/new/x" "$mir/hooks/new/x"
echo y >"$src/hooks/new/x"
check "and what is changed in it" wait_until 10 \
    cmp "$src/hooks/new/x" "$mir/hooks/new/x"
rm -r "$src/hooks/new"
echo "a file" >"$src/hooks/new"
check "a file in the place of a folder" wait_until 10 \
    cmp "$src/hooks/new" "$mir/hooks/new"
# Somebody reads all the time, while locks come and go.
(while [ ! -e "$tmp/stop" ]; do
	locks "$mir" reader >/dev/null || echo "lslocks failed"
done >"$tmp/reader" 2>&1) &
reader=$!
at_exit "kill_child $reader"
for i in 1 2 3 4 5; do
	for f in 2 3 4; do
		lock "/d/e/f$f" "u$i"
	done
	svnadmin rmlocks "$src" /d/e/f2 /d/e/f3 /d/e/f4 >/dev/null
done
lock /d/e/f4 last
check "many changes arrive" wait_until 10 same_locks
: >"$tmp/stop"
wait "$reader"
check_equal "no reader saw a broken state" "" "$(cat "$tmp/reader")"
check "a commit that takes its lock along" svn mkdir -q -m z "file://$src/z"
check "arrives" wait_until 10 has_revision "$mir" "$(repo_youngest "$src")"
hot_stop
check_equal "it stops when it is asked to" 0 "$hot_status"
check_equal "the locks are the same" "$(locks "$src" then)" "$(locks "$mir" then)"
same_repo "the dumps are the same" "$src" "$mir"
check_not "nobody unlocks at the mirror" svn unlock -q --force \
    "file://$mir/d/e/f4"

# ---- A mirror of the mirror ----------------------------------------------------------

third=$tmp/third
check "a mirror is mirrored" hot "$mir" "$third" $all
same_repo "with the same dump" "$src" "$third"
check_equal "the locks are the same" "$(locks "$src" then)" "$(locks "$third" then)"
check_grep "it has its own guard" 'kept by syncgate' "$third/hooks/start-commit"
check "a hook of the first source is there" \
    cmp "$src/hooks/start-commit" "$third/hooks/start-commit.source"

# ---- Hooks that have the name of what is put aside -------------------------------------

printf '#!/bin/sh\n# aside\nexit 0\n' >"$src/hooks/start-commit.source"
printf '#!/bin/sh\n# commit\nexit 0\n' >"$src/hooks/pre-commit"
printf '#!/bin/sh\n# commit aside\nexit 0\n' >"$src/hooks/pre-commit.source"
chmod 755 "$src/hooks/pre-commit" "$src/hooks/start-commit.source"
# same_hooks REPOSITORY SUFFIX
same_hooks() {
	cmp "$src/hooks/start-commit" "$1/hooks/start-commit$2" &&
	    cmp "$src/hooks/start-commit.source" \
	    "$1/hooks/start-commit.source$2" &&
	    cmp "$src/hooks/pre-commit" "$1/hooks/pre-commit" &&
	    cmp "$src/hooks/pre-commit.source" "$1/hooks/pre-commit.source"
}
check "such hooks arrive" hot "$src" "$mir" $all
check "each with a name of its own" same_hooks "$mir" .source
check "they arrive from the mirror" hot "$mir" "$third" $all
check "under the same names" same_hooks "$third" .source
check "without a guard" hot "$mir" "$third" $all guard=no
check "under those of the first source" same_hooks "$third" ""
check_not "and nothing is doubled" \
    test -e "$third/hooks/start-commit.source.source"
check "and with one again" hot "$mir" "$third" $all hooks=run
check_not "the mirror can run no hook" test -x "$mir/hooks/post-commit"
check "but tells what the first source can run" \
    test -x "$third/hooks/post-commit"
check "as before" same_hooks "$third" .source
check_grep "the guard is there at once" 'kept by syncgate' \
    "$third/hooks/start-commit"
cp -a "$third" "$tmp/fourth"
printf 'job p {\n\tplugin = svnhotsync\n\tsource = "%s"\n\tmirror = "%s"\n}\n' \
    "$mir" "$third" >"$tmp/conf"
sed "s,$third,$tmp/fourth," "$tmp/conf" >"$tmp/conf4"
check "promoted with its hooks" "$SYNCGATE" promote -c "$tmp/conf" --force \
    --run-hooks p
check "it has the first source's names" same_hooks "$third" ""
check "and no other" sh -c "[ \$(ls '$third/hooks' | grep -c '[.]source') = 2 ]"
chmod a-x "$tmp"/fourth/hooks/start-commit.source* "$tmp"/fourth/hooks/pre-c*
check "promoted without them" "$SYNCGATE" promote -c "$tmp/conf4" --force p
check "what is put aside replaces nothing" sh -c "
    cmp '$src/hooks/pre-commit' '$tmp/fourth/hooks/pre-commit.source.source' &&
    cmp '$src/hooks/pre-commit.source' '$tmp/fourth/hooks/pre-commit.source' &&
    cmp '$src/hooks/start-commit' '$tmp/fourth/hooks/start-commit.source'"

# ---- Folders that are replaced by rename ---------------------------------------------------

src=$tmp/renamed
mir=$tmp/renamed-mirror
svnadmin create "$src"
for name in svnserve.conf passwd authz; do
	echo "the $name of one" >"$src/conf/$name"
done
echo hook >"$src/hooks/own"
confs() {
	cat "$mir/conf/svnserve.conf" "$mir/conf/passwd" "$mir/conf/authz"
}
mkdir -p "$src/db/locks/666"
: >"$src/db/locks/666/svn-1Yq8lZ"
hot_follow "$src" "popen:$mir" poll=600 $all
check "it is followed" wait_until 20 grep -q following "$out" "$err"
check_not "a temporary file of Subversion's needs no word" \
    grep -q 'is not carried' "$out" "$err"
was=$(confs)
cp -a "$src/conf" "$src/conf.new"
cp -a "$src/hooks" "$src/hooks.new"
for part in conf hooks; do
	mv "$src/$part" "$src/$part.old"
	check "$part that is not there is told" wait_until 5 \
	    grep -q "/$part is not there; mirrors keep what they have" \
	    "$out" "$err"
done
sleep 0.5
check_equal "the mirror keeps its conf" "$was" "$(confs)"
check "and its hooks" test -f "$mir/hooks/own"
echo "another passwd" >"$src/conf.new/passwd"
rm "$src/conf.new/authz"
mv "$src/conf.new" "$src/conf"
mv "$src/hooks.new" "$src/hooks"
check "when it is there again it is looked at at once" wait_until 5 \
    cmp "$src/conf/passwd" "$mir/conf/passwd"
check "what it does not have goes" wait_until 5 test ! -e "$mir/conf/authz"
for i in 1 2 3 4 5 6 7 8 9; do
	cp -a "$src/conf" "$src/conf.new"
	echo "passwd $i" >"$src/conf.new/passwd"
	rm -rf "$src/conf.old"
	mv "$src/conf" "$src/conf.old"
	mv "$src/conf.new" "$src/conf"
done
check "so after many times" wait_until 5 \
    cmp "$src/conf/passwd" "$mir/conf/passwd"
hot_stop
mv "$src/conf" "$src/conf.old2"
rm -rf "$src/conf.old"
was=$(cat "$mir/conf/passwd")
check "a start without it" hot "$src" "$mir" $all
check_equal "leaves the mirror its own" "$was" "$(cat "$mir/conf/passwd")"
mkdir "$src/conf"
check "an empty one" hot "$src" "$mir" $all
check_not "is an empty one" test -e "$mir/conf/passwd"

# ---- What cannot be read ---------------------------------------------------------------

# Root can read everything: then it is nobody who runs the job.
nobody=
cp -a "$src" "$tmp/unread"
mkdir "$tmp/unread/conf/sub" "$tmp/kept"
echo secret >"$tmp/unread/conf/secret"
echo deep >"$tmp/unread/conf/sub/deep"
mv "$tmp/kept" "$tmp/unread-mirrors"
if [ "$(id -u)" = 0 ]; then
	nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
	chmod 755 "$tmp"
	chown -R 65534:65534 "$tmp/unread" "$tmp/unread-mirrors"
fi
# unread [MIRROR [WORD...]]: the job, as who cannot read everything
unread() {
	unread_mirror=${1:-one}
	[ $# = 0 ] || shift
	HOME="$tmp/unread-mirrors" $nobody "$SYNCGATE" run --plugin svnhotsync \
	    source="$tmp/unread" mirror="$tmp/unread-mirrors/$unread_mirror" \
	    $all "$@" </dev/null >"$out" 2>"$err"
}
if [ -n "$nobody" ] && ! HOME=/nonexistent $nobody "$SYNCGATE" version \
    >/dev/null 2>&1; then
	skip "what cannot be read: nobody else can run the program"
else
	m=$tmp/unread-mirrors/one
	check "while it can be read all comes" unread one --once
	chmod 000 "$tmp/unread/conf/secret" "$tmp/unread/conf/sub"
	rm "$tmp/unread/conf/passwd"
	check_not "with what cannot be read not all is done" unread one --once
	check_grep "a file is named" 'cannot read .*/conf/secret: ' "$out" "$err"
	check_grep "so is a folder" 'cannot read .*/conf/sub: ' "$out" "$err"
	check_equal "the mirror keeps its file" secret "$(cat "$m/conf/secret")"
	check_equal "and its folder" deep "$(cat "$m/conf/sub/deep")"
	check_not "what has gone goes" test -e "$m/conf/passwd"
	check_not "nor with a new mirror, which has none of them" unread two --once
	check_not "which is so" test -e "$tmp/unread-mirrors/two/conf/secret"
	unread one poll=600 &
	hot_pid=$!
	at_exit "kill_child $hot_pid"
	check "it is followed" wait_until 20 grep -q following "$out" "$err"
	# (setpriv is the child's name no more: it has become the program.)
	echo other >"$tmp/unread/conf/other"
	check "a change arrives" wait_until 10 test -e "$m/conf/other"
	check_equal "the file is kept" secret "$(cat "$m/conf/secret")"
	check_equal "the folder is" deep "$(cat "$m/conf/sub/deep")"
	chmod 600 "$tmp/unread/conf/secret"
	chmod 700 "$tmp/unread/conf/sub"
	echo changed >"$tmp/unread/conf/secret"
	echo more >"$tmp/unread/conf/sub/deep"
	has_changed() {
		[ "$(cat "$m/conf/secret" "$m/conf/sub/deep")" = "changed
more" ]
	}
	check "when they can be read again they arrive" wait_until 10 has_changed
	rm -r "$tmp/unread/conf/sub"
	check "and go when they have gone" wait_until 10 test ! -e "$m/conf/sub"
	pkill -P "$hot_pid" 2>/dev/null
	hot_stop
fi

# ---- The job -----------------------------------------------------------------------

check_not "what cannot be included is refused" hot "$src" "$mir" include=all
check_grep "with what can" 'hooks, conf, locks' "$err"
check_not "hooks = run without hooks is refused" hot "$src" "$mir" hooks=run
finish
