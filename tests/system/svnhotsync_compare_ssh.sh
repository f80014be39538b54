# syncgate verify through a real sshd: source or mirror or both elsewhere, by
# copy and by dump; what differs is found and repaired there.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
need svn svnadmin svnlook python3
if [ -n "${sanitize:-}" ]; then
	skip_all "the agent of a sanitizer's build is not for ssh"
fi
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"
sshd_start || exit 1

one=$tmp/one
youngest=20
mkrepo "$one" "$youngest" 200000 1 8 || exit 1
there=$(hot_over_ssh "$one")
for method in copy dump; do
	more="method = $method"
	job "from-$method" "$there" "$tmp/from-$method" "$more"
	job "to-$method" "$one" "$(hot_over_ssh "$tmp/to-$method")" "$more"
	job "both-$method" "$there" "$(hot_over_ssh "$tmp/both-$method")" \
	    "$more"
done >"$tmp/conf"
check "mirrors are made" call run --once
for job in from-copy to-copy both-copy from-dump to-dump both-dump; do
	mirror=$tmp/$job
	equal "$job" "$job" "$youngest"
	digest >>"$tmp/digests.${job#*-}"
	file=$(ls "$mirror/db/revs/1/13" "$mirror/db/revs/0/13" 2>/dev/null)
	flip "$file" 30
	props "$mirror" 7
	found "$job: a log message" "$job" 7 properties
	repaired "$job: that, and a byte" "$job" "$one" "$mirror"
	check_equal "$job: both of them" 2 "$(grep -c 'repaired the' "$out")"
done
for method in copy dump; do
	check_equal "$method: one digest" 1 \
	    "$(sort -u "$tmp/digests.$method" | wc -l)"
done
check "the status" call status
check_equal "is that of all" 6 "$(grep -c "r0:20 proven equal" "$out")"

# The connection is lost while it compares: said, and no proof.
svnadmin pack -q "$one"
sshd_stop
check_not "without a connection there is no proof" call verify from-copy
check_grep "which is said" 'comparing .* with ssh=.*(connect|Connection)' "$err"
finish
