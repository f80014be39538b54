#!/bin/sh
# One source and many mirrors: all get the same, the source's bytes are sent
# once, a mirror that is refused, gone or stopped holds up nobody, and gets the
# rest when it is back.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnmucc python3

cd "$tmp" || exit 2
mkrepo source 400 8000000 3 50 || exit 1
commits=400

several() {
	"$SYNCGATE" run --plugin svnhotsync source="$source" \
	    $(printf 'mirrors=%s ' $mirrors) "$@" </dev/null >"$out" 2>"$err"
}
all_have() {
	for m in $1; do
		has_revision "$m" "$2" || return 1
	done
}
# all_same SENTENCE SOURCE MIRRORS
all_same() {
	all_same_wrong=
	for m in $3; do
		for folder in revs revprops; do
			diff -rq "$2/db/$folder" "$m/db/$folder" >&2 ||
			    all_same_wrong="$all_same_wrong $m"
		done
	done
	check_equal "$1" "" "$all_same_wrong"
}

# ---- 50 mirrors at once
mkrepo small 60 600000 3 16 || exit 1
source=$tmp/small
mirrors=
for i in $(seq 50); do mirrors="$mirrors $tmp/s$i"; done
several --once
check_equal "50 mirrors are made at once" 0 "$?"
all_same "and all are equal" small "$mirrors"
several --once
check_equal "again, there is nothing to do" 0 "$?"

head -c 2500000 /dev/urandom >small/conf/large
mirrors="$tmp/s1 $tmp/s2"
several --once include=conf
check_equal "with include a large file goes to several, too" 0 "$?"
for m in $mirrors; do
	check "and is the same at $(basename "$m")" cmp small/conf/large \
	    "$m/conf/large"
done

# ---- Wrong use
check_not "neither mirror nor mirrors is refused" "$SYNCGATE" run \
    --plugin svnhotsync source="$source" --once
check_not "both are refused" "$SYNCGATE" run --plugin svnhotsync \
    source="$source" mirror="$tmp/x" mirrors="$tmp/y" --once
check_not "the same one twice is refused" "$SYNCGATE" run --plugin svnhotsync \
    source="$source" mirrors="$tmp/y" mirrors="$tmp/y" --once

# ---- One that is refused
source=$tmp/source
mkdir precious && echo data >precious/file
mirrors="$tmp/m1 $tmp/precious $tmp/m2 $tmp/new"
hot_commit "$tmp/source"
several --once
check_equal "with --once a refused one is the job's failure" 1 "$?"
check "which names it" grep -q "1 of 4 mirrors failed.*precious.*not empty" \
    "$err"
all_same "the others have all" source "$tmp/m1 $tmp/m2 $tmp/new"
check_equal "and the refused one is as it was" file "$(ls precious)"

# ---- Following; the source elsewhere, some mirrors there
source=popen:$tmp/source
mirrors="$tmp/m1 $tmp/precious $tmp/m2 popen:$tmp/m3 popen//id=four:$tmp/m4"
good="$tmp/m1 $tmp/m2 $tmp/m3 $tmp/m4"
hot_several "$source" "$mirrors"
check "four follow" wait_until 20 sh -c \
    "[ \$(grep -c 'm[1-4]: .*; following' '$out') = 4 ]"
check "the refused one is named, and tried again" \
    wait_until 10 grep -q 'precious: .*not empty.*trying again' "$out"
for i in 1 2 3; do hot_commit "$tmp/source"; done
check "commits arrive at all four" wait_until 10 all_have "$good" "$commits"
svnadmin setrevprop source -r 7 svn:log precious/file
log_7() {
	for m in $good; do
		[ "$(svnlook log -r 7 "$m")" = data ] || return 1
	done
}
check "so do changed properties" wait_until 10 log_7

# What is in the way goes: it is made, without the others being asked.
rm -r precious
check "when it can be made, it is" wait_until 40 has_revision precious \
    "$commits"
kill -0 "$hot_pid" 2>/dev/null
check_equal "the job runs on" 0 "$?"

# ---- One mirror's agent is stopped, and killed
stopped=$(hot_sides "$tmp/m4")
check "the side of m4 is a process" [ -n "$stopped" ]
kill -STOP $stopped
mkrepo_history 520 10400000 3 401 | mkrepo_load source >load.out 2>&1
commits=$(repo_youngest source)
check "while one is stopped the others get all ($commits)" \
    wait_until 20 all_have "$tmp/m1 $tmp/m2 $tmp/m3" "$commits"
check_not "the stopped one does not" has_revision m4 "$commits"
kill -CONT $stopped
check "but it does when it goes on" wait_until 20 has_revision m4 "$commits"
kill -9 $stopped
check "a killed one is named, and tried again" wait_until 10 \
    grep -q 'm4: .*trying again' "$out"
hot_commit "$tmp/source"
check "and comes back" wait_until 20 all_have "$good precious" "$commits"
hot_stop
check_equal "SIGTERM ends it with 0" 0 "$hot_status"
all_same "all are equal" source "$good $tmp/precious"
check "and verify" svnadmin verify -q m4
finish
