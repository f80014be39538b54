#!/bin/sh
# A pathological tree, its second version, and a third in which everything is of
# another type: after each run the comparer finds no difference, whichever way
# it went; and real rsync leaves some.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3

cd "$tmp" || exit 2
ssh=yes
if [ -n "${sanitize:-}" ]; then
	skip "over ssh: the agent of a sanitizer's build is not for it"
	ssh=
else
	sshd_start || exit 1
fi

# way VERSION NAME SOURCE TARGETS FOLDER...: a run, and a look at each folder.
way() {
	way_version=$1
	way_name=$2
	in_step "version $way_version, $way_name: it runs" "$3" "$4" fsync=none
	shift 4
	for way_folder in "$@"; do
		same "version $way_version, $way_name: all is the same" src \
		    "$way_folder"
		check_equal "and nothing temporary is left" "" \
		    "$(temporaries "$way_folder")"
	done
}

# What rsync itself leaves; its paths are shorter than ours.
compare_rsync() {
	have rsync || { skip "rsync is not here"; return; }
	rsync -aHAXS --delete --exclude=/long src/ theirs/ >rsync.log 2>&1
	differences --kinds src theirs >theirs.said
	differences --kinds src here >ours.said
	check_equal "version $1: what rsync leaves and we leave, too" "" \
	    "$(sort theirs.said | sort -u ours.said - | comm -12 - ours.said)"
	echo "    rsync leaves: $(grep -a ' times ' theirs.said | paste -sd,)"
}

for version in 1 2 3; do
	tree "$version" src
	way "$version" "here to an agent" "$tmp/src" "$tmp/here" here
	compare_rsync "$version"
	[ -n "$ssh" ] || continue
	way "$version" "here to there" "$tmp/src" "$(over_ssh "$tmp/there")" \
	    there
	way "$version" "there to here" "$(over_ssh "$tmp/src")" "$tmp/pulled" \
	    pulled
	way "$version" "there to there" "$(over_ssh "$tmp/src")" \
	    "$(over_ssh "$tmp/carried")" carried
	way "$version" "to two at once, here and there" "$tmp/src" \
	    "$tmp/first|$(over_ssh "$tmp/second")" first second
done

# All at once, from nothing and over something of another kind.
tree 1 other
in_step "over a tree that is another: it runs" "$tmp/src" "$tmp/other" \
    fsync=all
same "and all is the same" src other
in_step "packed on the way: it runs" "$tmp/src" "$tmp/packed" \
    compress=yes fsync=none
same "and all is the same" src packed
cat tree.missing | sort -u | sed 's/^/    /'
finish
