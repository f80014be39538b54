#!/bin/sh
# The filter of the rsync plugin against rsync itself: for many lists of rules
# and the same two trees, what rsync transfers and what it deletes in a real
# copy are what tests/lib/rsync_filter says by the filter alone.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need rsync
rsync --version | grep -q '^rsync  *version 3' || skip_all "no rsync 3 here"
predict=$top_builddir/tests/lib/rsync_filter
umask 022
# Hundreds of copies: in memory, where there is some.
work=$tmp
if [ -w /dev/shm ] && work=$(mktemp -d /dev/shm/syncgate-test.XXXXXX); then
	at_exit "rm -rf $work"
fi
cd "$work" || exit 2

# ---- The trees -----------------------------------------------------------------
# What the source has is of 2020, its folders 0755; what the target has of 2010,
# 0700.  So it can be told afterwards what was transferred.

fill() {
	mkdir -p "$1/foo/bar/foo" "$1/build/keep" "$1/src/sub/build" \
	    "$1/empty" "$1/A/B/C" "$1/br[a]ck" "$1/tmp-1"
	for file in a b.c b.o .hidden 'sp ace' ' lead' '-' '!' 'st*r' \
	    'back\slash' "$(printf '\377bad')" "$(printf 'new\nline')" \
	    foo/a foo/b.o foo/bar/a foo/bar/c.o foo/bar/foo/a foo/bar/foo/b.c \
	    build/out.o build/keep/x src/main.c src/main.h src/main.o \
	    src/sub/deep.c src/sub/deep.o src/sub/build/out A/B/C/d A/B/e \
	    'br[a]ck/a' 'br[a]ck/b' tmp-1/x; do
		: >"$1/$file"
	done
}

fill source
fill target0
mkdir -p target0/old/n target0/foo/gone/bar target0/src/sub/build2
for file in extra.o extra.c 'ex tra' old/o.o old/n/x.o old/n/x foo/extra \
    foo/gone/a.o foo/gone/a foo/gone/bar/a src/sub/gone.c \
    src/sub/build2/out.o .hidden.old; do
	: >"target0/$file"
done

date_trees() {
	find source ! -type d -exec touch -d 2020-01-01 {} +
	find source -type d -exec chmod 755 {} +
	find target0 ! -type d -exec touch -d 2010-01-01 {} +
	find target0 -type d -exec chmod 700 {} +
}
date_trees

# put FILE LINE...: a file of rules in both trees, or where FILE says.
put() {
	case $1 in
	source/* | target0/*) put_in=$1 ;;
	*) put_in="source/$1 target0/$1" ;;
	esac
	shift
	for put_file in $put_in; do
		printf '%s\n' "$@" >"$put_file"
	done
	date_trees
}

# forget: no rules in the trees any more.
forget() {
	find source target0 -name '.rules*' -delete
}

# ---- Comparing -------------------------------------------------------------------

actual() {
	find target -mindepth 1 \
	    \( -type d -perm 755 -printf 'new %P/\0' \) -o \
	    \( -type d -printf 'old %P/\0' \) -o \
	    \( -newermt 2015-01-01 -printf 'new %P\0' \) -o \
	    -printf 'old %P\0'
}

# part new|old: those lines of standard input, sorted.
part() {
	tr '\n\0' '?\n' | grep -a "^$1 " | LC_ALL=C sort
}

# same OPTION...: rsync does what the filter says.  $delete: what it may delete.
delete=--delete-before
same() {
	rm -rf target
	cp -a target0 target
	same_status=0
	"$predict" ${delete:+--delete} "$@" source target >ours 2>ours.error ||
	    same_status=$?
	rsync -a $delete "$@" source/ target/ >theirs.error 2>&1 ||
	    fail "rsync takes: $*" theirs.error
	[ "$same_status" -eq 0 ] ||
	    fail "the filter takes: $*" ours.error || return
	actual >theirs
	for what in new old; do
		part "$what" <ours >ours.part
		part "$what" <theirs >theirs.part
		case $what in
		new) sentence="transferred as by rsync: $*" ;;
		old) sentence="kept and deleted as by rsync: $*" ;;
		esac
		if diff theirs.part ours.part >difference; then
			pass "$sentence"
		else
			fail "$sentence" difference
		fi
	done
}

# refused OPTION...: by both.
refused() {
	rm -rf target
	cp -a target0 target
	check_not "the filter refuses: $*" "$predict" --delete "$@" \
	    source target
	check_not "rsync refuses: $*" rsync -a --delete-before "$@" source/ \
	    target/
}

# ---- Patterns ---------------------------------------------------------------------

same
same --exclude='*.o'
same --exclude=a
same --exclude=foo
same --exclude=foo/
same --exclude=/foo
same --exclude=/a/
same --exclude=bar/foo
same --exclude=foo/a
same --exclude=/bar/foo
same --exclude=foo/bar/
same --exclude='*'
same --exclude='/*'
same --exclude='*/'
same --exclude='/*/'
same --exclude='foo/*'
same --exclude='foo/*/foo'
same --exclude='*/a'
same --exclude='/*/*'
same --exclude='foo/**'
same --exclude='/foo/**'
same --exclude='**/foo'
same --exclude='**/a'
same --exclude='**o'
same --exclude='/**/a'
same --exclude='foo/**/a'
same --exclude='/foo/**/a'
same --exclude='**/*.o'
same --exclude='foo/***'
same --exclude='/foo/***'
same --exclude='bar/***'
same --exclude='fo***'
same --exclude='?'
same --exclude='?????'
same --exclude='foo?bar'
same --exclude='[ab]*'
same --exclude='[!ab]*'
same --exclude='[^a-s]*'
same --exclude='*.[a-c]'
same --exclude='[[:upper:]]*'
same --exclude='*[[:space:][:punct:]]*'
same --exclude='[[:bad:]]*'
same --exclude='[[:bad:]a]'
same --exclude='[]a]'
same --exclude='[a'
same --exclude='foo[/]a'
same --exclude='st*r'
same --exclude='st\*r'
same --exclude='st[*]r'
same --exclude='st\**'
same --exclude='back\slash'
same --exclude='back\slash*'
same --exclude='back\\slash'
same --exclude='back\\slash*'
same --exclude='br[a]ck'
same --exclude='br\[a\]ck'
same --exclude='br[[]a]ck/a'
same --exclude=' lead'
same --exclude='sp ace'
same --exclude='new?line'
same --exclude="$(printf '\377')*"
same --exclude='???ba*'
same --exclude=-
same --exclude=/
same --exclude=foo//
same --exclude=old/n
same --exclude=gone/

# ---- Order, includes --------------------------------------------------------------

same --include='*/' --include='*.c' --exclude='*'
same --include='*.c' --exclude='*'
same --include=/src/ --include=/src/sub/ --include=/src/sub/deep.c \
    --exclude='*'
same --include='/src/***' --exclude='*'
same --include='src/***' --include=foo/ --exclude='/*' --exclude='*.o'
same --exclude='*.o' --include=deep.o
same --include=deep.o --exclude='*.o'
same --include='+ a' --exclude='- b*' --exclude='+ *.o' --exclude='*.*'
same --exclude='*.o' --exclude='!' --exclude='*.c'
same --exclude='! ' --exclude='!a'

# ---- Rules ------------------------------------------------------------------------

same --filter='- *.o'
same --filter='exclude *.o'
same --filter='-_*.o'
same --filter='+ *.o' --filter='- *.?'
same --filter='include *.o' --filter='exclude_*.?'
same --filter='H *.o'
same --filter='hide foo/'
same --filter='P *.o'
same --filter='protect foo/gone/'
same --filter='protect foo/gone/***'
same --filter='P old/n/x'
same --filter='P *'
same --filter='R *.o' --filter='- *.?'
same --filter='risk old/n/***' --filter='protect old/***'
same --filter='S *.o' --filter='- *.?'
same --filter='show,p *.o' --filter='hide *.?'
same --filter='-s *.o'
same --filter='-r *.o'
same --filter='-sr *.o'
same --filter='-p *.o'
same --filter='-p old/'
same --filter='P,p gone/'
same --filter='-! *.c'
same --filter='-! */'
same --filter='-s! */'
same --filter='-r! *.c'
same --filter='-! *.c' --filter='-! */'
same --filter='+ */' --filter='-! *.c'
same --filter='-/ source/a'
same --filter='-/ target/old/'
same --filter="-/ $(pwd -P)/source/foo"
same --filter="-/ $(pwd -P)/target/**"
same --filter='-/ /foo'
same --filter='-/ */source/*.c'
same --filter='- *.o' --filter='!' --filter='- *.c'
same --filter='- *.o' --filter=clear --filter='- a'
same --delete-excluded --exclude='*.o'
same --delete-excluded --filter='-sr *.o' --filter='- *.c'
same --delete-excluded --filter='P *.o' --exclude='old/'
same --delete-excluded --include='*.o' --filter='P *.?'
delete=
same --exclude='*.o' --filter='P *'
same --filter='- foo/' --filter='R *'
delete=--delete-before

refused --filter=a
refused --filter='- '
refused --filter='-a b'
refused --filter='Hs a'
refused --filter='! x'
refused --filter='-e a'
refused --filter=' - a'
refused --filter='. no-such-file'

# ---- Files of rules ---------------------------------------------------------------

printf '# a comment\n\n- *.o\n;another\n+ src\n*.c\n- /foo/\n' >rules
same --exclude-from=rules
same --include-from=rules --exclude='*'
printf '*.o\r\n!\r\n*.c\n+ a\n' >rules
same --exclude='*.h' --exclude-from=rules
printf '+ *.c\n- *.?\nP old/\n' >rules
same --filter='. rules'
same --filter='merge rules' --exclude=foo
same --filter='.e rules'
printf -- '- *.c\n. rules\n' >outer
same --filter='. outer'
printf '*.o\nbar/\n+ a\n' >rules
same --filter='.- rules'
same --filter='.-s rules'
same --filter='.-p rules'
same --filter='.-/ rules'
same --filter='.+ rules' --filter='- *'
same --filter='.w- rules'
printf -- '-_*.o -_bar/\n\t+_a -_?' >rules
same --filter='.w rules'
printf -- '- *.o\0- new\nline\0#x\0' >rules
same --from0 --filter='. rules'
same --from0 --exclude-from=rules
printf 'H *.o\n' >rules
refused --filter='.s rules'

put .rules '- *.o'
same --filter=': .rules'
same --filter='dir-merge .rules'
same --filter=':e .rules'
same --filter=':n .rules'
same --filter=':s .rules'
same --filter=':r .rules'
same --filter='dir-merge,p .rules'
same --delete-excluded --filter=': .rules'
same --filter='+ b.o' --filter=': .rules'
same --filter=': .rules' --filter='+ b.o'
same --filter='- *.c' --filter=': .rules' --filter='!' --filter='- a'
put foo/.rules '+ *.o' '- /a' '- bar/foo'
same --filter=': .rules'
same --filter=':n .rules'
same --filter=':e .rules' --exclude='*.c'
put foo/bar/.rules '!' '- c.o'
same --filter=': .rules'
same --filter=':s .rules'
put source/foo/bar/.rules '- a'
same --filter=': .rules'
put target0/old/.rules 'P *.o' '- /n/x'
same --filter=': .rules'
same --filter=':e .rules'
put target0/foo/gone/.rules '-p a.o' '- bar/'
same --filter=': .rules'
put src/.rules2 '*.o' 'sub/deep.c'
same --filter=': .rules' --filter=':- .rules2'
same --filter=':-n .rules2' --filter=':n .rules'
same --filter=':-w .rules2'
same --filter=':+ .rules2' --filter='- *.?'
same --filter=':- .rules2' --filter=': .rules2' --filter='- *.h'
printf -- '- *.h\n- /source/b.c\n- /target/extra.c\n+ out.o\n' >.rules
same --filter=': /.rules'
same --filter=': .rules'
same --filter='- foo/' --filter='dir-merge,e /.rules' --filter='- *.o'
put src/sub/.rules 'x y z'
refused --filter=': .rules'
forget
rm -f .rules

# ---- Lists --------------------------------------------------------------------------

# listed LINE... -- OPTION...
listed() {
	: >list
	while [ "$1" != -- ]; do
		printf '%b\n' "$1" >>list
		shift
	done
	shift
	same --files-from=list "$@"
}

listed a src/main.c foo/bar/foo/a --
listed foo --
listed foo/ --
listed foo/ -- -r
listed foo -- -r
listed . --
listed ./ -- -r
listed / -- --exclude='*.o'
listed /src/../foo//a ./b.c '#a' ';b' '' --
listed foo/.. src/sub/. --
listed src/sub src/sub/deep.c -- -r
listed src/sub/deep.c -- --exclude=sub
listed src/sub/deep.c foo/a -- --exclude=deep.c
listed foo src/ -- -r --exclude='*.o' --exclude=bar
listed foo foo/bar -- -r --exclude=/foo
listed foo/ foo/bar/a -- --exclude=bar
listed foo/bar/ A -- --filter='P extra' --filter='H a'
put src/.rules '- *.o'
listed src/main.o src/sub/ -- --filter=': .rules'
listed src foo/ -- -r --filter=': .rules'
forget
delete=
listed a/ foo/bar/foo/ --
delete=--delete-before
printf 'new\nline\0foo/\0' >list
same --from0 --files-from=list

# ---- Where rsync does otherwise -------------------------------------------------
# doc/rsync-filters.md names these; they are looked at so that it stays true.

# only_rsync OPTION...: takes it, the filter refuses.
only_rsync() {
	check "rsync takes: $*" rsync -an "$@" source/ target/
	check_not "the filter refuses: $*" "$predict" "$@" source target
}

only_rsync --exclude=
only_rsync --filter=
only_rsync --filter=-C
only_rsync --filter=:C
only_rsync --filter='-x user.*'
only_rsync --filter=': foo/.rules'
only_rsync --filter=': ../.rules'
put .rules ': .rules2'
only_rsync --filter=': .rules'
forget
printf 'foo/./a\n' >list
only_rsync --files-from=list

put 'source/br[a]ck/.rules' '- /a*'
rm -rf target && mkdir target
rsync -a --filter=':e .rules' source/ target/
check "rsync takes a folder's brackets for a set" test -e 'target/br[a]ck/a'
rm -rf target && mkdir target
"$predict" --filter=':e .rules' source target | tr '\0' '\n' >ours
check "the filter takes them as they are" sh -c \
    "grep -q 'new br.a.ck/b' ours && ! grep -q 'new br.a.ck/a' ours"
forget

put .rules '- *.c'
echo src/ >list
rm -rf target && mkdir target
rsync -a --filter=': .rules' --files-from=list source/ target/
check "rsync does not read the root's file for a list" test -e \
    target/src/main.c
"$predict" --filter=': .rules' --files-from=list source target |
    tr '\0' '\n' >ours
check "the filter does" sh -c \
    "grep -q 'new src/main.h' ours && ! grep -q 'new src/main.c' ours"
forget

printf -- '- *.o + b.c - *.?\n' >rules
check_not "rsync has no rules with blanks in words" rsync -an \
    --filter='.w rules' source/ target/
"$predict" --filter='.w rules' source target | tr '\0' '\n' >ours
check "the filter does" sh -c \
    "grep -qx 'new b.c' ours && ! grep -q 'new b.o' ours"
ln -s rules source/.rules
check_not "a merge file that is a link is refused" "$predict" \
    --filter=': .rules' source target
forget

# ---- At random ----------------------------------------------------------------------

rounds=20
[ -z "${SYNCGATE_LONG:-}" ] || rounds=500
for kind in patterns rules files folders lists; do
	check "$rounds random lists of rules, kind $kind" python3 \
	    "$top_srcdir/tests/lib/rsync_random.py" "$predict" \
	    "$work/random" "$rounds" "$kind" 1
done

# ---- At the far end -----------------------------------------------------------------
# The same by libtcc: all of it is one text, as embed.sh makes it.

program() {
	for header in wild filter filter_rule filter_add filter_folder from; do
		grep -v '^#include "' \
		    "$top_srcdir/plugins/rsync/side_$header.h"
	done
	cat "$top_srcdir/tests/lib/rsync_filter_rows.h" \
	    "$top_srcdir/tests/lib/rsync_filter_side.c"
}

program >side.c
check "the filter is compiled and right at the far end" "$SYNCGATE" exec \
    popen side.c
"$SYNCGATE" exec popen side.c >side.out 2>&1 </dev/null
check "it has looked at all rows" [ "$(cat side.out)" -ge 150 ]
finish
