#!/bin/sh
# What a run of rsync says: lines as `rsync -i` has them, compared with those of
# the real one; --dry-run says what the run then says, and changes nothing; nor
# does a run with nothing to do.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3

cd "$tmp" || exit 2

# rsync leaves a device of the other kind as it is; and its paths are shorter
# than ours.
explained() {
	grep -v -e ' special/block$' -e ' swap/[bc]-[bc]$'
}

mkdir same
for version in 1 2 3; do
	tree "$version" src small
	rsync_dry "$tmp/src" "$tmp/same" exclude=/long fsync=none
	lines --not-linked src "$log" | explained >dry
	rsync_dry "$tmp/src" "$tmp/dst" fsync=none
	check "version $version: --dry-run ends well" [ $? -eq 0 ]
	lines "$log" >ours.dry
	[ ! -d dst ] || {
		listing dst >after
		check "version $version: and changes nothing" cmp before after
	}
	rsync_run "$tmp/src" "$tmp/dst" itemize=yes fsync=none
	lines "$log" >ours
	check "version $version: the run says the same as --dry-run" \
	    diff ours.dry ours
	check "version $version: and that is much ($(grep -c . ours) lines)" \
	    [ "$(grep -c . ours)" -gt 1000 ]
	listing dst >before
	rsync_run "$tmp/src" "$tmp/dst" itemize=yes fsync=none
	listing dst >after
	check_equal "version $version: another run says nothing" "" \
	    "$(lines "$log")"
	check "version $version: and changes nothing" cmp before after
	if ! have rsync; then
		skip "no rsync here to compare with"
		continue
	fi
	# (Its times differ from a nanosecond on if it is asked to look.)
	rsync -aHAXS --delete -i -n --modify-window=-1 --exclude=/long src/ \
	    same/ 2>rsync.err | lines --not-linked src /dev/stdin |
	    explained >theirs
	check "version $version: rsync -i -n says the same" diff theirs dry
	rsync_run "$tmp/src" "$tmp/same" exclude=/long fsync=none
done

# A name that looks like a line of ours.
mkdir -p forged
: >"forged/x
>f+++++++++ forged"
rsync_dry "$tmp/forged" "$tmp/dst" allow-empty=yes
check_equal "a name makes no line of its own" ">f+++++++++ x\\#012>f+++++++++ forged" \
    "$(lines "$log" | grep forged)"
rsync_run "$tmp/src" "$tmp/counted" fsync=none stats=yes
for count in "Number of regular files transferred: [1-9]" "Number of errors: 0" \
    "Total file size: [1-9]" "Literal data: [1-9]" "Total bytes sent: [1-9]"; do
	check_grep "stats: $count" "$count" "$log"
done
# ---- Flags
mkdir flagged
echo text >flagged/plain
echo text >flagged/marked
echo text >flagged/other
if chattr +d flagged/marked flagged/other 2>chattr.log; then
	rsync_run "$tmp/flagged" "$tmp/unflagged" fsync=none
	check_equal "files with flags: it ends well" 0 $?
	check_grep "how many is said, and one of them" \
	    '2 with flags.*not kept: .*(marked|other)' "$log"
	chattr -d flagged/marked flagged/other
	rsync_run "$tmp/flagged" "$tmp/unflagged" fsync=none
	check_not "and nothing where there are none" grep 'with flags' "$log"
else
	skip "no flags on this file system: $(cat chattr.log)"
fi
finish
