#!/bin/sh
# Repositories of all kinds come out of a mirror as they went in: their dumps
# are equal byte for byte, UUID and r0 included.  By copying and by dump, source
# and mirror here and there: eight ways.
#
# Dumps of our own go all of them.  So do, with --long, 118 of real
# repositories' odd corners where ../shared (or CORPORA) has them; else these
# are copied from here to here, and a 16th of them goes the other seven ways:
# another one each day, or those of GROUP (00 to 15).
# sanitize: yes

# What is looked at is contents, so all may be in memory.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnlook python3

long=${SYNCGATE_LONG:-}
group=${GROUP:-$(printf '%02d' $(($(date +%s) / 86400 % 16)))}
batch=8		# jobs by dump at a time
cd "$tmp" || exit 2
mkdir own public sums
# A mirror has about ten descriptors.
ulimit -n "$(ulimit -Hn)" 2>/dev/null

if [ -n "${sanitize:-}" ]; then
	# (The agent of a sanitizer's build is not for ssh.)
	there=popen:
else
	sshd_start || exit 1
	there=$SSHD_XSPEC:
fi

# ---- Sources

# load DUMP PATH: into a new repository.
load() {
	svnadmin create "$2" && svnadmin load -q --no-flush-to-disk "$2" \
	    <"$1" >load.out 2>&1 ||
		fail "$1 cannot be loaded" load.out
}
# known FOLDER: the digests of their dumps.
known() {
	for known_at in "$1"/*; do
		known_sum=$(repo_sum "$known_at")
		case $known_sum in
		no*) fail "$known_at: $known_sum" ;;
		esac
		echo "$known_sum" >"sums/$(basename "$known_at")"
	done
}

for dump in "$top_srcdir"/tests/data/svn/*.dump; do
	load "$dump" "own/dump-$(basename "$dump" .dump)"
done
n=0
# Revisions, bytes, revisions in a folder: none, one, a full shard, one over,
# large files.
while read -r revisions bytes shard; do
	n=$((n + 1))
	mkrepo "$tmp/own/made-$n" "$revisions" "$bytes" "$n" "$shard" ||
	    fail "mkrepo $revisions $bytes $shard"
done <<EOT
0 0 1000
1 5000 1000
99 100000 100
100 100000 10
101 100000 50
300 20000000 7
EOT
svnadmin create --compatible-version 1.8 own/made-8
mkrepo_history 20 50000 8 | mkrepo_load own/made-8
known own

corpora=${CORPORA:-$top_srcdir/../shared/corpora/svn-dumps/public}
n=0
if [ -f "$corpora/MANIFEST.tsv" ]; then
	for dump in $(awk -F'\t' 'NR > 1 { print $1 }' \
	    "$corpora/MANIFEST.tsv"); do
		load "$corpora/$dump" "public/$(printf '%02d' \
		    $((n % 16)))-$(basename "$dump" .dump)"
		n=$((n + 1))
	done
	known public
else
	skip "no ../shared/corpora here: only repositories of our own"
fi

# by_stock NAME: the digest of what Subversion makes of one of our own: with a
# revision that set properties to what they were, deltas do not say so, and a
# dump without them does.
by_stock() {
	rm -rf stock
	svnadmin create stock
	svnadmin dump -q --incremental --deltas "own/$1" | mkrepo_load stock
	repo_sum stock
}

# ---- All that match, one way

# by_copy SOURCE MIRROR: locations; one run for all.
by_copy() {
	"$SYNCGATE" run --plugin svnhotsync --once "source=$1" "mirror=$2" \
	    >"$out" 2>"$err" </dev/null || fail "$what: exit code $?" "$err"
}

# by_dump FROM TO NAME...: a job for each, some at a time.
by_dump() {
	by_from=$1
	by_to=$2
	shift 2
	while [ $# -gt 0 ]; do
		: >jobs.conf
		by_n=0
		while [ $# -gt 0 ] && [ "$by_n" -lt "$batch" ]; do
			by_n=$((by_n + 1))
			cat >>jobs.conf <<EOT
job dump-$by_n {
	plugin = svnhotsync
	method = dump
	source = "$by_from/$1"
	mirror = "$by_to/$1"
}
EOT
			shift
		done
		"$SYNCGATE" run --once -c jobs.conf >"$out" 2>"$err" \
		    </dev/null || fail "$what: exit code $?" "$err"
	done
}

# mirrored METHOD FROM TO FOLDER PATTERN: FROM and TO are what is before a path.
mirrored() {
	names=$(cd "$4" && echo $5)
	case $names in
	*'*') return ;;
	esac
	what="$1, ${2:+t}here to ${3:+t}here, $4"
	rm -rf mirrors
	mkdir mirrors
	case $1 in
	copy) by_copy "$2$tmp/$4/$5" "$3$tmp/mirrors" ;;
	dump) by_dump "$2$tmp/$4" "$3$tmp/mirrors" $names ;;
	esac
	differ=
	count=0
	for name in $names; do
		count=$((count + 1))
		sum=$(repo_sum "mirrors/$name")
		[ "$sum" = "$(cat "sums/$name")" ] ||
		    { [ "$1/$name" = dump/made-6 ] &&
			[ "$sum" = "$(by_stock "$name")" ]; } ||
		    differ="$differ $name"
	done
	check_equal "$what: $count, which are equal" "" "$differ"
}

# ways METHOD FOLDER PATTERN [not here to here]
ways() {
	[ -n "${4:-}" ] || mirrored "$1" '' '' "$2" "$3"
	mirrored "$1" "$there" '' "$2" "$3"
	mirrored "$1" '' "$there" "$2" "$3"
	mirrored "$1" "$there" "$there" "$2" "$3"
}

ways copy own '*'
if [ -n "$long" ]; then
	ways dump own '*'
else
	ways dump own 'dump-*'
fi
mirrored copy '' '' public '*'
if [ -n "$long" ]; then
	ways copy public '*' others
	ways dump public '*'
elif [ -z "${sanitize:-}" ]; then
	echo "group $group:"
	ways copy public "$group-*" others
	ways dump public "$group-*"
fi
finish
