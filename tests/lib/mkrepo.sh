#!/bin/sh
# mkrepo.sh: made-up Subversion repositories, quickly.  A program,
#
#	sh tests/lib/mkrepo.sh PATH REVISIONS [BYTES [SEED [SHARD]]]
#
# or functions, to source after lib.sh.  mkdump.py, beside it, writes the
# history; the same arguments make the same one.  BYTES is roughly what the
# repository takes on disk, 5,000 a revision if not given; SHARD is the number
# of revisions in a folder, Subversion's 1000 if not given.
#
#	mkrepo PATH REVISIONS [BYTES [SEED [SHARD]]]
#	mkrepo_history REVISIONS BYTES SEED [FIRST]	the dump, on stdout
#	mkrepo_load PATH <DUMP		as fast as Subversion can
#	repo_dump PATH >FILE		svnadmin dump, byte for byte
#	repo_sum PATH			its digest, or "no dump of PATH"
#	repo_youngest PATH		by the file alone; "" without one
#	same_repo SENTENCE A B		check: their dumps are equal

mkrepo_history() {
	python3 "$mkrepo_dir/mkdump.py" "$@"
}

mkrepo_load() {
	svnadmin load -q --no-flush-to-disk --bypass-prop-validation "$1"
}

# The load is made in memory where there is room, then copied: on a disk it
# takes several times as long, whatever it is told about flushing.
mkrepo() {
	mkrepo_at=$1
	if [ -d /dev/shm ] && [ -w /dev/shm ] &&
	    [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 1000000 ]
	then
		mkrepo_at=$(mktemp -d /dev/shm/mkrepo.XXXXXX)/r || return 1
	fi
	svnadmin create "$mkrepo_at" || return 1
	mkrepo_layout "$mkrepo_at" "${5:-1000}"
	mkrepo_history "$2" "${3:-$(($2 * 5000))}" "${4:-1}" |
	    mkrepo_load "$mkrepo_at"
	mkrepo_status=$?
	rm -f "$mkrepo_at/db/rep-cache.db"
	mv "$mkrepo_at/db/fsfs.conf.svn" "$mkrepo_at/db/fsfs.conf"
	if [ "$mkrepo_at" != "$1" ]; then
		[ "$mkrepo_status" -ne 0 ] || cp -a "$mkrepo_at" "$1" ||
		    mkrepo_status=1
		rm -rf "${mkrepo_at%/r}"
	fi
	return "$mkrepo_status"
}

# Shards of another size, and no rep-cache while loading: it takes a third of
# the time.
mkrepo_layout() {
	[ "$2" = 1000 ] || sed -i "s/^layout sharded .*/layout sharded $2/" \
	    "$1/db/format"
	mv "$1/db/fsfs.conf" "$1/db/fsfs.conf.svn"
	printf '[rep-sharing]\nenable-rep-sharing = false\n' >"$1/db/fsfs.conf"
}

repo_dump() {
	svnadmin dump -q "$1"
}

repo_sum() {
	if [ -f "$1/format" ] && repo_dump "$1" >"$tmp/.dump" 2>"$tmp/.dumped"
	then
		sha256sum <"$tmp/.dump"
	else
		echo "no dump of $1: $(head -n 1 "$tmp/.dumped" 2>&1)"
	fi
	rm -f "$tmp/.dump"
}

repo_youngest() {
	# Upgraded repositories have more words in the line.
	sed 's/ .*//' "$1/db/current" 2>/dev/null
}

same_repo() {
	same_a=$(repo_sum "$2")
	case $same_a in
	no*) fail "$1: $same_a" ;;
	*) check_equal "$1" "$same_a" "$(repo_sum "$3")" ;;
	esac
}

case $0 in
*mkrepo.sh)
	mkrepo_dir=$(dirname "$0")
	if [ $# -lt 2 ]; then
		echo "usage: mkrepo.sh PATH REVISIONS [BYTES [SEED [SHARD]]]" >&2
		exit 2
	fi
	mkrepo "$@" ;;
*)	mkrepo_dir=$top_srcdir/tests/lib ;;
esac
