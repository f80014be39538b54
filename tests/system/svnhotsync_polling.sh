# Where there is no inotify, a mirror is kept by looking: the log says so, and
# commits, edited and deleted properties still arrive, also out of packs.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3 unshare
. "$top_srcdir/tests/lib/hotsync.sh"

# A user namespace of its own with no inotify instances; others have theirs.
limited='echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"'
unshare -Ur sh -c "$limited" sh true 2>/dev/null ||
    skip_all "no user namespaces on this machine"

src=$tmp/src
mir=$tmp/mir
mkrepo "$src" 20 40000 1 8
: >"$out"
unshare -Ur sh -c "$limited" sh "$SYNCGATE" run --plugin svnhotsync \
    source="$src" mirror="$mir" poll=0.2 >"$out" 2>"$err" </dev/null &
hot_pid=$!
at_exit "kill -9 $hot_pid 2>/dev/null"

setlog() {
	printf '%s' "$3" >"$tmp/log"
	svnadmin setrevprop "$1" -r "$2" svn:log "$tmp/log"
}
equal_now() {
	[ "$(repo_sum "$src")" = "$(repo_sum "$mir")" ]
}

check "the mirror is made, and kept by looking" \
    wait_until 20 grep -q 'instead of watching: there is no inotify' \
    "$out" "$err"
for i in 1 2 3 4 5; do
	svn mkdir -q -m "$i" "file://$src/new-$i"
done
check "commits arrive" wait_until 20 has_revision "$mir" 25
setlog "$src" 3 "edited"
svnadmin delrevprop "$src" -r 9 svn:author
check "edited and deleted properties arrive" wait_until 20 equal_now
svnadmin pack -q "$src"
setlog "$src" 4 "edited in a pack"
svnadmin delrevprop "$src" -r 10 svn:author
check "also out of packs" wait_until 20 equal_now
hot_stop
check_equal "it stops when it is asked to" 0 "$hot_status"
same_repo "the dumps are the same" "$src" "$mir"

finish
