# run --resync of mirrors that are made by dump, here and at the other end: made
# anew beside the old one, verified, and exchanged for it.
# sanitize: yes
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/resync.sh"

src=$tmp/src
mkrepo "$src" 20 40000 1 || exit 1
cp -a "$src" "$tmp/wound"
svn mkdir -q -m 21 "file://$src/that-is-lost"
cp -a "$src" "$tmp/first"
for i in 1 2 3; do
	svn mkdir -q -m "$i" "file://$tmp/wound/instead-$i"
done
mkrepo "$tmp/other" 30 60000 9 || exit 1
check "another mirror is made, by dump" hot "$tmp/other" "$tmp/othermir" \
    method=dump
check "one of the source, by copy" hot "$tmp/wound" "$tmp/copied"

# begun PATH: the new mirror lies there as what is at PATH
begun() {
	rm -rf "$mir.syncgate-new"
	cp -a "$1" "$mir.syncgate-new"
	rm "$mir.syncgate-new/db/syncgate-verified"
	echo new >"$mir.syncgate-new/db/syncgate-resync"
}
# ends N: that is how many old ones there are
ends() {
	check "the old one is number $1" test -d "$mir.before-$1"
	check_not "and the last" test -d "$mir.before-$(($1 + 1))"
}

for where in here there; do
	mir=$tmp/$where
	way=$mir
	[ $where = here ] || way=popen:$mir
	rm -rf "$src"
	cp -a "$tmp/first" "$src"

	# ---- Wound back
	check "$where: a mirror is made" hot "$src" "$way" method=dump
	echo "[general]" >"$mir/conf/svnserve.conf"
	printf '#!/bin/sh\n' >"$mir/hooks/post-commit"
	chmod 755 "$mir/hooks/post-commit"
	instance=$(sed -n 2p "$mir/db/uuid")
	before=$(tree "$mir")
	rm -rf "$src"
	cp -a "$tmp/wound" "$src"
	check_not "$where: a source that was wound back is held" \
	    hot "$src" "$way" method=dump
	check_grep "$where: and the way out is told" \
	    'approved the mirror is made anew.*run --approve' "$err"
	check "$where: a dry run of making it anew" \
	    hot "$src" "$way" method=dump --resync --dry-run
	check_grep "$where: says so" 'anew with revisions 0 to 23' "$out" "$err"
	check_equal "$where: nothing has changed" "$before" "$(tree "$mir")"
	clean "$where: a dry run"
	anew "$where: it is made anew" method=dump
	check_grep "$where: what is to be done is told" \
	    'start svnserve and httpd again' "$out"
	check_grep "$where: and where the old one is" \
	    "the old mirror is $mir.before-1" "$out"
	check_equal "$where: which is as it was" "$before" \
	    "$(tree "$mir.before-1")"
	check_grep "$where: it was made by dump" '^method dump' \
	    "$mir/db/syncgate"
	check_not "$where: it is another instance" \
	    test "$instance" = "$(sed -n 2p "$mir/db/uuid")"
	check_equal "$where: the configuration of the place stays" \
	    "[general]" "$(cat "$mir/conf/svnserve.conf")"
	check "$where: a hook of the place, too" \
	    test -x "$mir/hooks/post-commit"
	check_grep "$where: it has its guards" 'kept by syncgate' \
	    "$mir/hooks/start-commit"
	check_equal "$where: it was verified" 23 \
	    "$(cat "$mir/db/syncgate-verified")"

	# ---- Followed
	hot_follow "$src" "$way" method=dump --resync
	check "$where: one that is followed" wait_until 20 \
	    grep -q "the old mirror is $mir.before-2" "$out"
	check "$where: then it is followed" wait_until 20 \
	    grep -q following "$out"
	svn mkdir -q -m y "file://$src/followed"
	check "$where: a commit arrives in the new one" \
	    wait_until 20 has_revision "$mir" 24
	echo changed >"$tmp/log"
	svnadmin setlog --bypass-hooks "$src" -r 5 "$tmp/log"
	log_has_come() {
		[ "$(svnlook log -r 5 "$mir")" = changed ]
	}
	check "$where: so does a changed property" wait_until 20 log_has_come
	hot_stop
	check_equal "$where: it stops when it is asked to" 0 "$hot_status"
	clean "$where: followed"

	# ---- What was begun before
	svn mkdir -q -m z "file://$src/later"
	begun "$mir"
	instance=$(cat "$mir/db/uuid")
	anew "$where: it goes on with what was begun" method=dump
	check_equal "$where: and does not begin again" "$instance" \
	    "$(cat "$mir/db/uuid")"
	begun "$mir"
	echo repair >"$mir.syncgate-new/db/syncgate-resync"
	instance=$(cat "$mir/db/uuid")
	anew "$where: what a repair began is begun again" method=dump
	check_not "$where: with nothing of it" \
	    test "$instance" = "$(cat "$mir/db/uuid")"
	begun "$tmp/othermir"
	anew "$where: of another source it is begun again" method=dump
	begun "$tmp/copied"
	anew "$where: by copy it is begun again" method=dump
	begun "$mir"
	rm "$mir.syncgate-new/format" "$mir.syncgate-new/db/syncgate"
	anew "$where: what is no repository yet is begun again" method=dump
	ends 7

	# ---- What does not verify takes no place
	begun "$mir"
	rev=$mir.syncgate-new/db/revs/0/7
	chmod u+w "$rev"
	printf 'XXXX' | dd of="$rev" bs=1 seek=60 conv=notrunc status=none
	before=$(tree "$mir")
	check_not "$where: one that does not verify takes no place" \
	    hot "$src" "$way" method=dump --resync
	check_grep "$where: which is said" \
	    'r7 of .*syncgate-new does not verify' "$err"
	check_grep "$where: and of what is left" \
	    "new one stays in $mir.syncgate-new: the next --resync" "$err"
	check_equal "$where: the old one is as it was" "$before" \
	    "$(tree "$mir")"
	rm -rf "$mir.syncgate-new"

	# ---- What is not replaced
	mkdir -p "$mir.syncgate-new"
	echo precious >"$mir.syncgate-new/mine"
	check_not "$where: what is in the way is refused" \
	    hot "$src" "$way" method=dump --resync
	check_grep "$where: naming it" 'syncgate-new is in the way' "$err"
	check_equal "$where: and stays" precious \
	    "$(cat "$mir.syncgate-new/mine")"
	rm -rf "$mir.syncgate-new" "$mir"*
	cp -a "$tmp/other" "$mir"
	before=$(tree "$mir")
	check_not "$where: another repository is not replaced" \
	    hot "$src" "$way" method=dump --resync
	check_grep "$where: and it is said why" \
	    'did not make, and with another UUID' "$err"
	check_equal "$where: it is as it was" "$before" "$(tree "$mir")"
	check_none "$where: nothing was begun" "$mir".*
	rm -rf "$mir"
	svnadmin hotcopy -q "$src" "$mir"
	check_not "$where: the old master is held" \
	    hot "$src" "$way" method=dump
	check_grep "$where: which names the way" \
	    'if it was its master before, .*--resync' "$err"
	anew "$where: it is made a mirror" method=dump
	rm -rf "$mir"*
	cp -a "$tmp/copied" "$mir"
	anew "$where: a mirror by copy becomes one by dump" method=dump
	ends 1
done

check_not "the source is not its own mirror" \
    hot "$src" "popen:$src" method=dump --resync
check_grep "which is said" 'is the source itself: both have' "$err"
check_none "and nothing was begun" "$src".*
finish
