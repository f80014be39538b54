#!/bin/sh
# fileproc killed at every single step of an item's life, on each side: a step
# is a system call that others can see something of.  By default only at one of
# so many steps, another one each time; EVERY=1 (or --long) is each of them.
# FORMS and SIDES choose, see tests/lib/fileproc_steps.py.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/fileproc.sh"
need python3
kill_at=$top_builddir/tests/lib/kill_at
"$kill_at" main 1000 "$tmp/report" /bin/true ||
    skip_all "processes may not be traced here"

[ -n "${SYNCGATE_LONG:-}" ] && every=1 || every=24
every=${EVERY:-$every}
: "${FORMS=command c keep replace folder flat failing retry discard}"
: "${SIDES=main syncgate-agent syncgate-keeper syncgate-exec sh}"
cd "$tmp" || exit 2
mkdir -m 700 run
XDG_RUNTIME_DIR=$tmp/run
export XDG_RUNTIME_DIR

for form in $FORMS; do
	for side in $SIDES; do
		# A processor in C is no shell, and keepers do little.
		case $form.$side in
		c.sh | retry.[!m]* | discard.[!m]*) continue ;;
		esac
		[ "$side" = main ] || [ "$side" = syncgate-exec ] ||
		    [ "$every" = 1 ] || [ "$form" = command ] || continue
		MARK=$MARK python3 -B "$top_srcdir/tests/lib/fileproc_steps.py" \
		    "$tmp/$form-$side" "$SYNCGATE" "$kill_at" "$form" "$side" \
		    "$every" >said 2>&1
		said "$form, $side" $?
	done
done
check_equal "no file of an agent is left" "" "$(ls -A "$tmp/run")"
finish
