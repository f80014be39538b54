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
check_not "nothing of ours is left in them" \
    ls "$mir"/hooks/.syncgate* "$mir"/conf/.syncgate* "$mir"/db/locks/.syncgate*
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

# ---- The job -----------------------------------------------------------------------

check_not "what cannot be included is refused" hot "$src" "$mir" include=all
check_grep "with what can" 'hooks, conf, locks' "$err"
check_not "hooks = run without hooks is refused" hot "$src" "$mir" hooks=run
finish
