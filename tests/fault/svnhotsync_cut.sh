#!/bin/sh
# What goes wrong around a job that follows, and goes right again: the session
# is cut, the server is away, the repository is away, the disk is full.  The
# job comes back by itself each time, says so, and goes on where it was.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svn python3
if [ -n "${sanitize:-}" ]; then
	skip_all "the agent of a sanitizer's build is not for ssh"
fi

cd "$tmp" || exit 2
mkrepo source 200 1000000 3 50 || exit 1
url=file://$tmp/source
sshd_start || exit 1

commits=200
# commit N: that many.
commit() {
	commit_n=0
	while [ "$commit_n" -lt "$1" ]; do
		commit_n=$((commit_n + 1))
		commits=$((commits + 1))
		svn mkdir -q -m "commit $commits" "$url/c-$commits" ||
		    fail "commit $commits cannot be made"
	done
}
said() {
	[ "$(grep -c -e "$1" "$out")" -ge "$2" ]
}
arrived() {
	has_revision "$1" "$commits"
}

# ---- The session is cut, in both directions
for way in pull push; do
	mirror=$tmp/$way
	case $way in
	pull) hot_follow "$(hot_over_ssh "$tmp/source")" "$mirror" ;;
	push) hot_follow "$tmp/source" "$(hot_over_ssh "$mirror")" ;;
	esac
	check "$way: it follows" wait_until 30 said following 1
	for cut in 1 2 3; do
		sshd_kill_sessions
		commit 3
		check "$way: what was committed during cut $cut arrives" \
		    wait_until 30 arrived "$mirror"
		wait_until 10 said following $((cut + 1))
	done
	check "$way: each cut is said, with when it is tried again" \
	    said 'warning: .*was lost.*trying again in [0-9.]* s' 3
	check "$way: and that it follows again" said following 4
	check "$way: it went on where it was" awk '
		/trying again/ { lost = 1 }
		lost && match($0, /copying: revision [0-9]+/) {
			split(substr($0, RSTART), word, " ")
			if (word[3] + 0 < 200)
				wrong = 1
		}
		END { exit wrong || !lost }' "$out"
	hot_stop
	check_equal "$way: SIGTERM ends it with 0" 0 "$hot_status"
	same_repo "$way: source and mirror are the same" source "$mirror"
done

# ---- The server is away for a while
mirror=$tmp/pull
hot_follow "$(hot_over_ssh "$tmp/source")" "$mirror"
wait_until 30 said following 1
sshd_stop
commit 2
check "without a server it tries again and again" \
    wait_until 20 said 'trying again in' 3
check "the job lives on" kill -0 "$hot_pid"
sshd_restart || fail "sshd does not start again"
check "when the server is back, all arrives" wait_until 60 arrived "$mirror"
hot_stop

# ---- The repository is away for a while
hot_follow "$(hot_over_ssh "$tmp/source")" "$mirror"
wait_until 30 said following 1
cp -a source away
rm -rf source
check "that the repository is gone is said" \
    wait_until 30 grep -Eq 'source.*(moved or removed|No such file)' "$out" "$err"
sleep 1
mv away source
commit 1
if kill -0 "$hot_pid" 2>/dev/null; then
	check "it comes back with the repository" \
	    wait_until 60 arrived "$mirror"
	hot_stop
	check_equal "and ends by SIGTERM with 0" 0 "$hot_status"
else
	fail "the job ended because the repository was away" "$err"
	hot "$(hot_over_ssh "$tmp/source")" "$mirror"
fi
same_repo "the mirror is the same" source "$mirror"

# ---- It is moved away, and another one takes its place
hot_follow "$tmp/source" "$mirror" poll=1
wait_until 30 said following 1
mv source away
svnadmin create source
check "that another repository is there now is said" \
    wait_until 30 grep -q 'source was moved away or replaced' "$out" "$err"
gone() {
	! kill -0 "$hot_pid" 2>/dev/null
}
check "it is not followed: the job ends" wait_until 30 gone
hot_stop
check_equal "as failed" 1 "$hot_status"
rm -rf source
mv away source
same_repo "and the mirror is untouched" source "$mirror"

# ---- The disk is full
if [ "$(id -u)" -ne 0 ] || ! mkdir small ||
    ! mount -t tmpfs -o size=3m none small 2>/dev/null; then
	skip "a small disk takes root and mount"
	finish
fi
at_exit "umount '$tmp/small' 2>/dev/null"
mkrepo large 300 9000000 6 50 || exit 1
hot "$(hot_over_ssh "$tmp/large")" "$tmp/small/mirror"
check_equal "a disk that is full is an error" 1 "$?"
check_grep "that says so" 'small/mirror.*No space left on device' "$err"
check "the mirror is none yet, or whole" sh -c \
    "[ ! -f small/mirror/format ] || svnadmin verify -q small/mirror"
mount -o remount,size=64m "$tmp/small"
hot "$(hot_over_ssh "$tmp/large")" "$tmp/small/mirror"
check_equal "with space it is completed" 0 "$?"
same_repo "and is the same" large small/mirror

umount small && mount -t tmpfs -o size=4m none small
hot_follow "$tmp/source" "$(hot_over_ssh "$tmp/small/mirror")"
check "a job follows onto a small disk" wait_until 30 said following 1
head -c 6000000 /dev/urandom >noise
svn import -q -m "a large file" noise "$url/noise"
commits=$((commits + 1))
check "that the disk is full is said" \
    wait_until 30 grep -q 'No space left on device' "$out" "$err"
check "the mirror is whole" svnadmin verify -q small/mirror
mount -o remount,size=64m "$tmp/small"
if kill -0 "$hot_pid" 2>/dev/null; then
	check "with space the job goes on by itself" \
	    wait_until 60 arrived small/mirror
	hot_stop
else
	fail "the job ended because the disk was full" "$err"
fi
same_repo "and the mirror is the same" source small/mirror
finish
