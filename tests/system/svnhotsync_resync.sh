# run --resync: a mirror is made anew beside the old one, and exchanged for it.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/resync.sh"

src=$tmp/src
mir=$tmp/mir
mkrepo "$src" 20 40000 1 8
cp -a "$src" "$tmp/older"
check "a mirror is made" hot "$src" "$mir"
svn mkdir -q -m 21 "file://$src/that-is-lost"
check "it has all" hot "$src" "$mir"
echo "[general]" >"$mir/conf/svnserve.conf"
printf '#!/bin/sh\n' >"$mir/hooks/post-commit"
chmod 755 "$mir/hooks/post-commit"
uuid=$(tail -n 1 "$mir/db/uuid")
before=$(tree "$mir")

# ---- A source that was wound back -------------------------------------------

rm -rf "$src"
mv "$tmp/older" "$src"
for i in 1 2 3; do
	svn mkdir -q -m "$i" "file://$src/instead-$i"
done
check_not "a source that was wound back is held" hot "$src" "$mir"
check_grep "and the way out is told" \
    "approved the mirror is made anew.*kept beside it as $mir.before-1" "$err"
check_not "which is one way" grep -q -e --resync "$err"
check_equal "nothing at the mirror changes" "$before" "$(tree "$mir")"
check "a dry run of making it anew" hot "$src" "$mir" --resync --dry-run
check_grep "says so" 'anew with revisions 0 to 23' "$out" "$err"
check_equal "and changes nothing" "$before" "$(tree "$mir")"
clean "a dry run"
anew "it is made anew"
check_grep "what is to be done is told" 'start svnserve and httpd again' \
    "$out" "$err"
check_grep "and where the old one is" "the old mirror is $mir.before-1" \
    "$out" "$err"
check_equal "which is as it was" "$before" "$(tree "$mir.before-1")"
check_not "it is another instance" [ "$uuid" = "$(tail -n 1 "$mir/db/uuid")" ]
check_equal "the configuration of the place stays" "[general]" \
    "$(cat "$mir/conf/svnserve.conf")"
check "a hook of the place, too" test -x "$mir/hooks/post-commit"
check_grep "it has its guards" 'kept by syncgate' "$mir/hooks/start-commit"
svn mkdir -q -m x "file://$src/more"
check "the next run goes on with it" hot "$src" "$mir"
same_repo "with the same dump" "$src" "$mir"
anew "it is made anew once more"
check "under a name of its own the second old one stays" \
    svnadmin verify -q "$mir.before-2"

# ---- While it is followed, and over there -----------------------------------

hot_follow "$src" "popen:$mir" --resync
check "it is made anew at the other end" wait_until 20 \
    grep -q "the old mirror is $mir.before-3" "$out" "$err"
check "then it is followed" wait_until 20 grep -q following "$out" "$err"
svn mkdir -q -m y "file://$src/followed"
check "a commit arrives in the new one" wait_until 20 has_revision "$mir" 25
hot_stop
check_equal "it stops when it is asked to" 0 "$hot_status"
clean "followed"

# ---- What was begun before --------------------------------------------------

# As if it had been killed: a new one that is begun, of the true source.
cp -a "$mir" "$mir.syncgate-new"
echo new >"$mir.syncgate-new/db/syncgate-resync"
svn mkdir -q -m z "file://$src/later"
instance=$(cat "$mir.syncgate-new/db/uuid")
anew "it goes on with what was begun"
check_equal "and does not begin again" "$instance" "$(cat "$mir/db/uuid")"
# Of another source.
mkrepo "$tmp/other" 30 60000 9 8
check "another source is mirrored" hot "$tmp/other" "$mir.syncgate-new"
echo new >"$mir.syncgate-new/db/syncgate-resync"
anew "what was begun of another source is begun again"
# Exchanged, and killed then.
mv "$mir" "$mir.syncgate-new"
cp -a "$mir.syncgate-new" "$mir"
echo new >"$mir/db/syncgate-resync"
check "what was exchanged is brought to its end by any run" hot "$src" "$mir"
clean "after that"
check "the old one has its name" test -d "$mir.before-6"

# ---- What is not replaced ---------------------------------------------------

mkdir -p "$mir.syncgate-new/db"
echo precious >"$mir.syncgate-new/db/syncgate"
check_not "what is in the way of the new one is refused" \
    hot "$src" "$mir" --resync
check_grep "naming it" 'syncgate-new is in the way' "$err"
rm -rf "$mir.syncgate-new"
mir=$tmp/foreign
svnadmin create "$mir"
before=$(tree "$mir")
check_not "a repository with another UUID is not replaced" \
    hot "$src" "$mir" --resync
check_grep "and it is said why" 'did not make, and with another UUID' "$err"
check_equal "it is as it was" "$before" "$(tree "$mir")"
# The old master, which is to be a mirror of the new one.
rm -rf "$mir"
svnadmin hotcopy -q "$src" "$mir"
printf '#!/bin/sh\nexit 1\n' >"$mir/hooks/start-commit"
check_not "without --resync it is refused" hot "$src" "$mir"
check_grep "which names the way" 'if it was its master before, .*--resync' "$err"
anew "another copy of the source is made a mirror"
check "its own hook gave its place to the guard" \
    test -e "$mir/hooks/start-commit.source"
check_grep "which is there" 'kept by syncgate' "$mir/hooks/start-commit"

# ---- The command ------------------------------------------------------------

printf 'job a {\n\tplugin = svnhotsync\n\tsource = "%s"\n\tmirror = "%s"\n}\n' \
    "$src" "$mir" >"$tmp/conf"
check_not "all jobs at once are not made anew" \
    "$SYNCGATE" run -c "$tmp/conf" --once --resync
check_grep "one says which" 'jobs that are named' "$tmp/.check"
check "one that is named is" "$SYNCGATE" run -c "$tmp/conf" --once --resync a
check_not "a plugin that cannot says so" "$SYNCGATE" run --plugin rsync \
    source="$tmp/src" targets="$tmp/copy" --once --resync
check_grep "by its name" 'its plugin, rsync, makes no target anew' \
    "$tmp/.check"

# ---- The source itself ------------------------------------------------------

before=$(tree "$src")
ln -s "$src" "$tmp/link"
ln -s "$tmp" "$tmp/deep"
for way in "popen:$src" "$tmp/link" "popen:$tmp/deep/src"; do
	for how in --resync poll=1; do
		check_not "the source is not its own mirror: $way $how" \
		    hot "$src" "$way" "$how"
		check_grep "which is said" 'is the source itself: both have' \
		    "$err"
	done
done
check_not "nor by dump" hot "$src" "$tmp/link" method=dump
check_equal "nothing in it was changed" "$before" "$(tree "$src")"
check_none "nor is there anything new" "$src".* "$src/db/syncgate"* \
    "$tmp/link".*
mir=$tmp/own
check "a mirror of its own" hot "$src" "$mir"
ln -s "$mir" "$tmp/other-way"
check_not "which is not its own source" hot "$mir" "popen:$tmp/other-way"
check_not "with several mirrors, too" "$SYNCGATE" run --plugin svnhotsync \
    --once "source=$mir" "mirrors=$tmp/more" "mirrors=popen:$tmp/other-way"
check_grep "which is said of that one" 'other-way.* is the source itself' \
    "$tmp/.check"

# ---- What does not verify ---------------------------------------------------

before=$(tree "$mir" | grep -v syncgate-verified)
cp -p "$src/db/revs/0/7" "$tmp/r7"
chmod u+w "$src/db/revs/0/7"
printf 'XXXX' | dd of="$src/db/revs/0/7" bs=1 seek=60 conv=notrunc 2>/dev/null
for way in "$mir" "popen:$mir"; do
	check_not "one that does not verify takes no place: $way" \
	    hot "$src" "$way" --resync
	check_grep "which is said" \
	    'r7 of .*syncgate-new does not verify' "$err"
	check_grep "and of the old one" \
	    'not put in the place of the old one, which is as it was' "$err"
	check_equal "the old one is as it was" "$before" "$(tree "$mir" |
	    grep -v syncgate-verified)"
done
check_grep "and of what is left" \
    "new one stays in $mir.syncgate-new: the next --resync" "$err"
cp -p "$tmp/r7" "$src/db/revs/0/7"
rm -rf "$mir.syncgate-new"
anew "when the source is right it is made anew"
check_equal "and was verified before" "$(repo_youngest "$mir")" \
    "$(cat "$mir/db/syncgate-verified")"
finish
