# syncgate verify sees each byte of what a revision is, wherever it lies: no bit
# of it can change without the digest.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"

[ -n "${SYNCGATE_LONG:-}" ] && step=1 || step=7
# counts VERSION REPOSITORY FROM FILE...: each byte of it does
counts() {
	counts_what=$1
	counts_at=$2
	counts_from=$3
	shift 3
	for file in "$@"; do
		[ -f "$counts_at/db/$file" ] || continue
		chmod u+w "$counts_at/db/$file"
		case $file in
		*/manifest) counts_step=1 ;;
		*) counts_step=$step ;;
		esac
		check "$counts_what: each byte of $file counts" \
		    "$top_builddir/tests/lib/prove_flip" "$counts_at" 13 \
		    "$counts_from" "$counts_at/db/$file" "$counts_step"
	done
}
for version in 1.14 1.8; do
	two=$tmp/two.$version
	plain "$two" "$version"
	counts "$version" "$two" 0 revs/0/0 revs/1/5 revprops/1/6
	svnadmin pack -q "$two"
	counts "$version, packed" "$two" 12 revs/0.pack/pack revs/1.pack/pack \
	    revs/1.pack/manifest revprops/0.pack/manifest \
	    revprops/1.pack/manifest revprops/0.pack/1.0 revprops/1.pack/4.0
done
finish
