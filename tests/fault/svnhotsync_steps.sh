#!/bin/sh
# A mirror's side killed at every single step of following an upgrade, of making
# the mirror anew, of promoting and of repairing it, and of taking one by dump
# back after a loss of power: a step is a system call that others can see
# something of.  By default only at one of so many steps, another one each time;
# EVERY=1 (or --long) is each of them.  At each of them readers see the old
# mirror or the new one, and the next run brings it to its end.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3
. "$top_srcdir/tests/lib/hotsync.sh"
kill_at=$top_builddir/tests/lib/kill_at
"$kill_at" main 1000 "$tmp/report" /bin/true ||
    skip_all "processes may not be traced here"
[ -n "${SYNCGATE_LONG:-}" ] && every=1 || every=8
every=${EVERY:-$every}

# killed N WORD...: what syncgate does, killed at step N; 1 if it ended.
killed() {
	killed_at=$1
	shift
	"$kill_at" main "$killed_at" "$tmp/report" "$SYNCGATE" "$@" \
	    >"$out" 2>"$err" </dev/null
	grep -q killed "$tmp/report"
}

# The same revision at least can be read by everybody.
sound() {
	svnadmin verify -q "$mir" && svnadmin dump -q "$mir" >/dev/null
}

# each NAME WORD...: prepare_NAME, kill, look, run again by after_NAME.
each() {
	name=$1
	shift
	n=$(($(od -An -N2 -tu2 /dev/urandom) % every + 1))
	kills=0
	before=$test_failed
	while :; do
		rm -rf "$tmp"/mir*
		"prepare_$name"
		killed "$n" "$@" || break
		kills=$((kills + 1))
		sound >"$tmp/said" 2>&1 ||
		    fail "$name, step $n ($(cat "$tmp/report")): it is not sound" \
			"$tmp/said"
		"again_$name" || fail "$name, step $n ($(cat "$tmp/report")): \
the next run does not go on" "$err"
		[ "$(repo_sum "$mir")" = "$whole" ] ||
		    fail "$name, step $n ($(cat "$tmp/report")): it is not the same"
		"after_$name" || fail "$name, step $n ($(cat "$tmp/report")): \
it was not brought to its end"
		[ "$test_failed" -gt $((before + 3)) ] && break
		n=$((n + every))
	done
	check_equal "$name, killed at $kills steps of $n: all is well after each" \
	    "$before" "$test_failed"
	check "$name: there were steps to be killed at" [ "$kills" -gt 3 ]
}

# ---- An upgrade -------------------------------------------------------------

src=$tmp/src
mir=$tmp/mir
svnadmin create --compatible-version 1.6 "$src"
mkrepo_layout "$src" 4
mkrepo_history 10 20000 1 | mkrepo_load "$src"
svnadmin pack -q "$src"
hot "$src" "$mir"
mv "$mir" "$tmp/was"
svnadmin upgrade "$src" >/dev/null
whole=$(repo_sum "$src")
prepare_upgrade() {
	cp -a "$tmp/was" "$mir"
}
again_upgrade() {
	hot "$src" "$mir"
}
after_upgrade() {
	cmp "$src/db/format" "$mir/db/format" &&
	    [ "$(cd "$src/db" && find revs revprops | sort)" = \
		"$(cd "$mir/db" && find revs revprops | sort)" ]
}
run="run --plugin svnhotsync source=$src mirror=$mir --once"
each upgrade $run

# ---- Making it anew ---------------------------------------------------------

rm -rf "$tmp/was" "$src"
mkrepo "$src" 10 20000 2 4
hot "$src" "$mir"
mv "$mir" "$tmp/was"
echo of-the-place >"$tmp/was/conf/mine"
rm -rf "$src"
mkrepo "$src" 8 20000 3 4
whole=$(repo_sum "$src")
again_resync() {
	# What was exchanged is done, and the true source fits.
	hot "$src" "$mir" || hot "$src" "$mir" --resync
}
prepare_resync() {
	cp -a "$tmp/was" "$mir"
}
after_resync() {
	[ "$(ls -d "$mir"*)" = "$mir
$mir.before-1" ] && svnadmin verify -q "$mir.before-1" &&
	    [ -f "$mir/conf/mine" ] && [ ! -e "$mir/db/syncgate-resync" ]
}
each resync $run --resync

# By dump: with what is loaded into it there are many steps.
some=$every
every=$((every * 8))
rm -rf "$tmp/was" "$mir"*
mkrepo "$tmp/small" 3 2000 5
hot "$tmp/small" "$mir" method=dump
mv "$mir" "$tmp/was"
echo of-the-place >"$tmp/was/conf/mine"
rm -rf "$tmp/small"
mkrepo "$tmp/small" 3 2000 6
whole=$(repo_sum "$tmp/small")
small="source=$tmp/small mirror=$mir method=dump --once"
prepare_resync_dump() {
	cp -a "$tmp/was" "$mir"
}
again_resync_dump() {
	hot "$tmp/small" "$mir" method=dump ||
	    hot "$tmp/small" "$mir" method=dump --resync
}
after_resync_dump() {
	after_resync
}
each resync_dump run --plugin svnhotsync $small --resync
every=$some
whole=$(repo_sum "$src")

# ---- Promoting it -----------------------------------------------------------

rm -rf "$tmp/was" "$mir"*
printf '#!/bin/sh\n' >"$src/hooks/pre-commit"
cp "$src/hooks/pre-commit" "$src/hooks/start-commit"
chmod 755 "$src/hooks/pre-commit" "$src/hooks/start-commit"
hot "$src" "$mir" include=hooks
mv "$mir" "$tmp/was"
printf 'job a {\n\tplugin = svnhotsync\n\tsource = "%s"\n' "$src" >"$tmp/conf"
printf '\tmirror = "%s"\n\tinclude = {"hooks"}\n}\n' "$mir" >>"$tmp/conf"
prepare_promote() {
	cp -a "$tmp/was" "$mir"
}
# A mirror still, which the job goes on with; or promoted, perhaps not wholly.
again_promote() {
	if [ -e "$mir/db/syncgate" ]; then
		hot "$src" "$mir" include=hooks &&
		    grep -q syncgate "$mir/hooks/start-commit" || return 1
	elif [ ! -e "$mir/db/syncgate-promoting" ]; then
		return 0
	fi
	"$SYNCGATE" promote -c "$tmp/conf" --run-hooks a >"$out" 2>"$err"
}
after_promote() {
	svn mkdir -q -m x "file://$mir/promoted" 2>"$err" &&
	    ! ls "$mir"/db/syncgate* 2>/dev/null
}
each promote promote -c "$tmp/conf" --force --run-hooks a

# Without guards only db/syncgate-promoting tells that it was begun.
mv "$tmp/was" "$tmp/guarded"
hot "$src" "$mir" guard=no
mv "$mir" "$tmp/was"
prepare_bare() {
	cp -a "$tmp/was" "$mir"
}
again_bare() {
	if [ -e "$mir/db/syncgate" ]; then
		hot "$src" "$mir" guard=no || return 1
	elif [ ! -e "$mir/db/syncgate-promoting" ]; then
		return 0
	fi
	"$SYNCGATE" promote -c "$tmp/conf" a >"$out" 2>"$err"
}
after_bare() {
	after_promote
}
# (There are few.)
some=$every
every=1
each bare promote -c "$tmp/conf" --force a
every=$some
rm -rf "$tmp/was"
mv "$tmp/guarded" "$tmp/was"

# ---- Repairing it -----------------------------------------------------------

# Readers have what they had, or what is right.
sound() {
	for sound_file in $files; do
		cmp -s "$tmp/right/$sound_file" "$mir/$sound_file" ||
		    cmp -s "$tmp/bad/$sound_file" "$mir/$sound_file" || {
			echo "$sound_file is something else"
			return 1
		}
	done
}
prepare_repair() {
	cp -a "$tmp/bad" "$mir"
}
again_repair() {
	"$SYNCGATE" verify -c "$tmp/conf" --repair a >"$out" 2>"$err"
}
after_repair() {
	for after_file in $files; do
		case $after_file in
		*revprops*) ;;
		*) cmp "$tmp/right/$after_file" "$mir/$after_file" || return 1 ;;
		esac
	done
	[ -z "$(ls -d "$mir/db/syncgate-mend" "$mir/db/syncgate-mend-built" \
	    "$mir"/db/rev*/*/*.tmp 2>/dev/null)" ] && hot "$src" "$mir" include=hooks
}
# damage FILE REV: a byte of FILE, and the log message of REV
damage() {
	rm -rf "$tmp/bad" "$mir"*
	cp -a "$tmp/right" "$tmp/bad"
	chmod u+w "$tmp/bad/$1"
	printf '\377' | dd of="$tmp/bad/$1" bs=1 seek=30 conv=notrunc status=none
	echo another >"$tmp/log"
	svnadmin setlog --bypass-hooks "$tmp/bad" -r "$2" "$tmp/log"
}
mv "$tmp/was" "$tmp/right"
whole=$(repo_sum "$src")
files="db/revs/0/2 db/revprops/1/6"
damage db/revs/0/2 6
each repair verify -c "$tmp/conf" --repair a

# The source packed, the mirror not; then both.
svnadmin pack -q "$src"
files="db/revs/0/0 db/revprops/1/6"
damage db/revs/0/0 6
each repair verify -c "$tmp/conf" --repair a
rm -rf "$tmp/right" "$mir"*
hot "$src" "$mir" include=hooks
mv "$mir" "$tmp/right"
damage db/revs/0.pack/pack 6
files="db/revs/0.pack/pack $(cd "$tmp/right" && ls db/revprops/1.pack/*.0)"
each repair verify -c "$tmp/conf" --repair a

# ---- Taking a mirror by dump back, after a loss of power --------------------

rm -rf "$tmp/right" "$tmp/bad" "$mir"* "$src"
mkrepo "$src" 7 20000 4
svnadmin create "$tmp/begun"
svnadmin dump -q -r 0:3 "$src" | mkrepo_load "$tmp/begun"
hot "$tmp/begun" "$mir" method=dump
sed 's/^boot .*/boot 00000000-0000-0000-0000-000000000000/' \
    "$mir/db/syncgate" >"$tmp/record"
hot "$src" "$mir" method=dump
for rev in 4 5 6 7; do
	: >"$tmp/empty"
	cp -f "$tmp/empty" "$mir/db/revs/0/$rev"
done
rm -f "$mir/db/revprops/0/5" "$mir/db/revprops/0/7"
cp "$tmp/record" "$mir/db/syncgate"
mv "$mir" "$tmp/bad"
whole=$(repo_sum "$src")
# Until the mirror is taken back it shows what the power left.
sound() {
	[ "$(repo_youngest "$mir")" = 7 ] || svnadmin verify -q "$mir"
}
prepare_power() {
	cp -a "$tmp/bad" "$mir"
}
again_power() {
	hot "$src" "$mir" method=dump
}
after_power() {
	svnadmin verify -q "$mir"
}
every=$((every * 4))
each power run --plugin svnhotsync source="$src" mirror="$mir" method=dump \
    --once

finish
