#!/bin/sh
# Repositories of all kinds come out of a mirror as they went in: their dumps
# are equal byte for byte, UUID and r0 included.  Dumps of our own, and 118 of
# real repositories' odd corners where ../shared has them.
# sanitize: yes

# What is looked at is contents, so all may be in memory.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin python3

cd "$tmp" || exit 2
mkdir over

# load DUMP NAME [OPTION...]: into a new repository.
load() {
	load_dump=$1
	load_name=$2
	shift 2
	svnadmin create "$load_name" &&
	    svnadmin load -q --no-flush-to-disk "$@" "$load_name" \
		<"$load_dump" >load.out 2>&1
}

# mirrored NAME: NAME.sum is the digest of the source's dump; the mirror's is
# the same.
mirrored() {
	if ! hot "$1" "$1.mirror"; then
		fail "$1: the run exited with $?" "$err"
		return 1
	fi
	repo_sum "$1" >"$1.sum"
	if grep -q '^no ' "$1.sum"; then
		fail "$1: $(cat "$1.sum")"
		return 1
	fi
	if [ "$(repo_sum "$1.mirror")" != "$(cat "$1.sum")" ]; then
		fail "$1: the dumps differ"
		return 1
	fi
}

# mirror_all WHAT COUNT: all of list, its lines "DUMP [OPTION...]".
mirror_all() {
	good=0
	count=0
	while read -r dump options; do
		name=$(basename "$dump" .dump)
		count=$((count + 1))
		if ! load "$dump" "$tmp/$name" $options; then
			fail "$name cannot be loaded" load.out
		elif mirrored "$tmp/$name"; then
			good=$((good + 1))
		fi
	done <list
	check_equal "$1: $count dumps, equal out of their mirrors" \
	    "$count" "$good"
}

# ---- Of our own
set -- "$top_srcdir"/tests/data/svn/*.dump
if [ -f "$1" ]; then
	for dump in "$@"; do
		echo "$dump"
	done >list
	mirror_all "tests/data/svn"
fi
own=0
# Revisions, bytes, seed, revisions in a folder: none, one, a full shard, one
# over, large files.
while read -r revisions bytes shard; do
	own=$((own + 1))
	mkrepo "$tmp/own-$own" "$revisions" "$bytes" "$own" "$shard" ||
	    fail "mkrepo $revisions $bytes $shard"
	mirrored "$tmp/own-$own" &&
	    pass "$revisions revisions, $bytes bytes, shards of $shard"
done <<EOT
0 0 1000
1 5000 1000
99 100000 100
100 100000 10
101 100000 50
300 20000000 7
EOT
svnadmin create --compatible-version 1.8 "$tmp/own-f6"
mkrepo_history 20 50000 8 | mkrepo_load "$tmp/own-f6"
hot "$tmp/own-f6" "$tmp/own-f6.mirror"
case $? in
0) same_repo "a repository of format 6" "$tmp/own-f6" "$tmp/own-f6.mirror" ;;
1) check_grep "a repository of format 6 is refused by its format" \
    'format' "$err" ;;
*) fail "a repository of format 6: neither done nor refused" "$err" ;;
esac

# ---- Of real repositories
corpora=$top_srcdir/../shared/corpora/svn-dumps/public
if [ -f "$corpora/MANIFEST.tsv" ]; then
	awk -F'\t' -v dir="$corpora" 'NR > 1 {
		print dir "/" $1, ($8 == "-" ? "" : $8)
	}' "$corpora/MANIFEST.tsv" >list
	mirror_all "real repositories"
else
	skip "no ../shared/corpora here: only repositories of our own"
fi

# ---- Over ssh
if [ -n "${sanitize:-}" ]; then
	skip "the agent of a sanitizer's build is not for ssh"
	finish
fi
sshd_start || finish
# across SENTENCE NAME SOURCE MIRROR
across() {
	rm -rf "$tmp/over/$2"
	if hot "$3" "$4"; then
		check_equal "$1: $2" "$(cat "$tmp/$2.sum")" \
		    "$(repo_sum "$tmp/over/$2")"
	else
		fail "$1: $2" "$err"
	fi
}
n=0
# The largest of the real ones; our own where there are none.
by_size() {
	ls ./*.sum | sed 's,^\./,,; s,\.sum$,,' | grep "$@" '^own-' |
	    xargs -r du -sk | sort -k1,1rn -k2 | cut -f2
}
for name in $(by_size -v) $(by_size -e); do
	from=$tmp/$name
	to=$tmp/over/$name
	n=$((n + 1))
	case $n in
	[1-5]) across "there to here" "$name" "$(hot_over_ssh "$from")" "$to" ;;
	[6-9] | 10)
		across "here to there" "$name" "$from" "$(hot_over_ssh "$to")" ;;
	11) across "there to there" "$name" "$(hot_over_ssh "$from")" \
		"$(hot_over_ssh "$to")" ;;
	esac
done
finish
