#!/bin/sh
# Histories that nobody would have thought of: at each revision the tree of each
# branch is what `svn export` says, by three layouts, with all that makes files
# and without.
#
# SEED is the first one; with --long there are 30 of them.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/git.sh"
need svnadmin svnlook svn svnmucc git python3

cd "$tmp" || exit 2

# converted WHAT LAYOUT... [-- WORD...]: to x.git, and it is right.
converted() {
	converted_what="seed $seed, $1"
	shift
	rm -rf x.git
	layout=
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		layout="$layout $1"
		shift
	done
	[ $# -eq 0 ] || shift
	set -f
	for word in $layout; do
		set -- "$@" "layout=$word"
	done
	if hot "$tmp/r" "$tmp/r.m" "git=$tmp/x.git" verify=no "$@"; then
		git_oracle "$converted_what" r x.git $layout
	else
		fail "$converted_what" "$err"
	fi
	set +f
}

seed=${SEED:-3}
last=$((seed + 1))
[ -z "${SYNCGATE_LONG:-}" ] || last=$((seed + 30))
while [ "$seed" -lt "$last" ]; do
	rm -rf r r.*
	python3 "$top_srcdir/tests/lib/git_random.py" r "$seed" 35 ||
	    fail "a history of seed $seed"
	converted "as one branch" :refs/heads/main
	converted "several projects" 'trunk:refs/heads/main' \
	    'branches/*:refs/heads/b/*' '*/trunk:refs/heads/p/*/trunk' \
	    '*/branches/*:refs/heads/p/*/*'
	IGNORE=1 EMPTY=1 EXTERNALS=1
	export IGNORE EMPTY EXTERNALS
	converted "standard, with all files that are made" $standard -- \
	    ignore=yes empty-dirs=yes externals=file
	unset IGNORE EMPTY EXTERNALS
	seed=$((seed + 1))
done
finish
