# resync.sh: what the tests of --resync share.  Source it after hotsync.sh; they
# set $src, $mir, and $way if the mirror is not here.
#
#	tree PATH			its files, with sums
#	clean SENTENCE			nothing of the making is left
#	anew SENTENCE [WORD...]		made anew, by a run with those words

tree() {
	(cd "$1" && find . -type f ! -name syncgate-lock -exec sha256sum {} + |
	    sort)
}
clean() {
	check_none "$1: nothing of the making is left" "$mir.syncgate-new" \
	    "$mir/db/syncgate-resync" "$mir/.syncgate-new"
}
anew() {
	anew_what=$1
	shift
	check "$anew_what" hot "$src" "${way:-$mir}" "$@" --resync
	same_repo "$anew_what: with the same dump" "$src" "$mir"
	check "$anew_what: it verifies" svnadmin verify -q "$mir"
	clean "$anew_what"
}
