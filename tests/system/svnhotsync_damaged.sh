#!/bin/sh
# Properties of the source that Subversion could not read: they come into no
# mirror, which keeps its own, and the rest goes on.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svn svnadmin svnlook python3

src=$tmp/src
mir=$tmp/mir
log() {
	svnlook propget --revprop -r "$2" "$1" svn:log
}
commit() {
	svn mkdir -q -m "$1" "file://$src/$1"
}

# ---- Of a revision ------------------------------------------------------------

mkrepo "$src" 12 40000 1 8
check "a mirror is made" hot "$src" "$mir"
was=$(log "$mir" 3)
cp -p "$src/db/revprops/0/3" "$tmp/good"
chmod u+w "$src/db/revprops/0/3"
for way in cut empty; do
	if [ "$way" = cut ]; then
		head -c 30 "$tmp/good" >"$src/db/revprops/0/3"
	else
		: >"$src/db/revprops/0/3"
	fi
	commit "$way"
	check_not "$way: the run has not done all" hot "$src" "$mir"
	check_grep "$way: the source's revision and file are named" \
	    "the properties of r3 in $src/db/revprops/0/3 are damaged" \
	    "$out" "$err"
	check_equal "$way: the mirror keeps its own" "$was" "$(log "$mir" 3)"
	check_equal "$way: what else is new comes" "$(repo_youngest "$src")" \
	    "$(repo_youngest "$mir")"
	check "$way: it verifies" svnadmin verify -q "$mir"
done
check_not "with several mirrors, too" "$SYNCGATE" run --plugin svnhotsync \
    --once "source=$src" "mirrors=$mir" "mirrors=popen:$mir"
check_grep "which is said of each" \
    "$mir: the properties of r3 .*; the mirror keeps" "$tmp/.check"
check_not "a new mirror does not begin with them" hot "$src" "$tmp/new"
check_grep "and says why" 'r3 in .*/revprops/0/3 are damaged: it is not' \
    "$err"

cp -p "$src/db/revprops/0/5" "$tmp/good5"
chmod u+w "$src/db/revprops/0/5"
: >"$src/db/revprops/0/5"
check_not "two that are damaged" hot "$src" "$mir"
check_grep "the error names one of them" \
    'not all was done: .* of r3 .*; and 1 more' "$err"
check_equal "the log has both" 2 "$(cat "$out" "$err" |
    grep -c 'warning: .* are damaged; the mirror keeps')"
hot_follow "$src" "$mir" poll=0.3
check "one that follows" wait_until 20 grep -q following "$out" "$err"
for i in 3 5 3 5; do
	touch "$src/db/revprops/0/$i"
	cp -p "$src/db/revprops/0/$i" "$tmp/same"
	mv "$tmp/same" "$src/db/revprops/0/$i"
	sleep 0.4
done
hot_stop
check_equal "says each once" 2 "$(cat "$out" "$err" |
    grep -c 'warning: .* are damaged; the mirror keeps')"
cp -p "$tmp/good5" "$src/db/revprops/0/5"

hot_follow "$src" "popen:$mir" poll=1
check "one that follows goes on" wait_until 20 grep -q following "$out" "$err"
head -c 20 "$tmp/good" >"$src/db/revprops/0/.4"
mv "$src/db/revprops/0/.4" "$src/db/revprops/0/4"
check "and says it of what is put there meanwhile" wait_until 10 \
    grep -q 'of r4 .* are damaged; the mirror keeps' "$out" "$err"
cp "$tmp/good" "$src/db/revprops/0/.3"
mv "$src/db/revprops/0/.3" "$src/db/revprops/0/3"
cp "$tmp/good" "$src/db/revprops/0/.4"
mv "$src/db/revprops/0/.4" "$src/db/revprops/0/4"
check "what is mended comes" wait_until 10 \
    cmp "$src/db/revprops/0/4" "$mir/db/revprops/0/4"
hot_stop
check "then all is well" hot "$src" "$mir"

# ---- Packed ---------------------------------------------------------------------

svnadmin pack -q "$src"
mir=$tmp/packed
check "a mirror of packed ones is made" hot "$src" "$mir"
pack=$(ls "$src"/db/revprops/0.pack/1.*)
name=${pack#"$src/"}
cp "$pack" "$tmp/good"
chmod u+w "$pack"
printf ZZZ | dd of="$pack" bs=1 seek=30 conv=notrunc 2>/dev/null
commit packed
check_not "packed: the run has not done all" hot "$src" "popen:$mir"
check_grep "packed: the source's file is named" "$src/$name is damaged" \
    "$out" "$err"
check "packed: the mirror keeps its own" cmp "$tmp/good" "$mir/$name"
check_equal "packed: what else is new comes" "$(repo_youngest "$src")" \
    "$(repo_youngest "$mir")"
check_not "packed: a new mirror does not begin with it" \
    hot "$src" "$tmp/new2"
check_grep "packed: and says why" "$src/$name is damaged.*is not mirrored" \
    "$err"
finish
