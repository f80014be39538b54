#!/bin/sh
# `syncgate poke`: a running job looks at its source at once, whatever poll
# says; it says clearly when there is no such job, or it does not run; and only
# who may is heard.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnmucc unshare python3

# No inotify: only looking finds anything.
limited='echo 0 >/proc/sys/user/max_inotify_instances &&
    exec unshare -U --map-user='$(id -u)' --map-group='$(id -g)' "$@"'
unshare -Ur sh -c "$limited" sh true 2>/dev/null ||
    skip_all "no user namespaces on this machine"

cd "$tmp" || exit 2
mkdir in done from many
svnadmin create source
svnadmin create many/one
cat >conf <<END
job mirror {
	plugin = svnhotsync
	source = "$tmp/source"
	mirror = "$tmp/mirror"
	poll = 1h
}
job all {
	plugin = svnhotsync
	source = "$tmp/many/*"
	mirrors = {"$tmp/all"}
	poll = 1h
}
job files {
	plugin = fileproc
	data-in = "$tmp/in"
	data-out = "$tmp/done"
	command = "cat"
	poll = 1h
}
job folders {
	plugin = rsync
	source = "$tmp/from"
	targets = "$tmp/to"
	follow = yes
	poll = 1h
}
job away {
	plugin = svnhotsync
	source = "$tmp/none"
	mirror = "$tmp/nothing"
}
END
mkdir all
poke() {
	"$SYNCGATE" poke --config conf "$@" >poke.out 2>&1
}
commit() {
	svnmucc -m "$2" mkdir "file://$tmp/$1/$2" >commit.out 2>&1 ||
	    fail "a commit to $1" commit.out
}

poke nonsense
check_equal "a job that is not configured is wrong use" 2 "$?"
check "and told" grep -q 'no job.*nonsense\|nonsense.*no ' poke.out
poke mirror
check_equal "one that does not run is a failure" 1 "$?"
check "and told" grep -q 'job mirror does not run' poke.out

: >"$out"
unshare -Ur sh -c "$limited" sh "$SYNCGATE" run --config conf mirror all \
    files folders </dev/null >"$out" 2>"$err" &
hot_pid=$!
at_exit "kill_child $hot_pid"
check "four jobs run" wait_until 20 sh -c "[ \$(grep -c \
    'the mirror is at r0; following' '$out') = 2 ]"
wait_until 10 grep -q 'job folders: .*is in step; following' "$out"
wait_until 10 grep -q "job files: .*/in' cannot be watched" "$out"
# (Both have looked for the first time, and see nothing any more.)
echo early >in/early
echo early >from/early
for job in files folders; do
	poke "$job"
done
wait_until 10 test -e done/early
wait_until 10 test -e to/early
sleep 2

commit source a
commit many/one b
svnadmin create many/two
echo text >in/file
echo text >from/file
sleep 1
check_not "what happens is not seen" sh -c \
    "has() { [ -e '$tmp/done/file' ] || [ -e '$tmp/to/file' ] ||
	[ -e '$tmp/all/two' ] || [ \"\$(cat '$tmp/mirror/db/current')\" = 1 ]; }; has"
for job in mirror all files folders; do
	poke "$job"
	check_equal "poke $job" "0 " "$? $(cat poke.out)"
done
check "the commit arrives" wait_until 5 has_revision mirror 1
check "so it does in a folder of repositories" wait_until 5 \
    has_revision all/one 1
check "and a new one is found" wait_until 5 has_revision all/two 0
check "fileproc looks" wait_until 5 test -e done/file
check "rsync does" wait_until 5 test -e to/file
# Of those of the user only the ones that our jobs listen at.
sockets=$(for pid in $(pgrep -P "$hot_pid") "$hot_pid"; do
	ls -l "/proc/$pid/fd" 2>/dev/null
done | sed -n 's/.*socket:\[\([0-9]*\)\]$/\1/p' | sort -u >inodes
awk 'NR == FNR { ours[$1] = 1; next }
    ($7 in ours) && $8 ~ /\/syncgate\/poke\// { print $8 }' \
    inodes /proc/net/unix | sort -u)
check_equal "four sockets are there" 4 "$(echo "$sockets" | grep -c .)"
check_equal "for the user alone" "" "$(find $sockets -perm /077)"
hot_stop
check_equal "the job ends as ever" 0 "$hot_status"
poke mirror
check_equal "and is not there then" 1 "$?"
left=0
for socket in $sockets; do
	[ ! -e "$socket" ] || left=$((left + 1))
done
check_equal "nor is its socket" 0 "$left"

# ---- A socket that a killed job left is no obstacle
"$SYNCGATE" run --config conf mirror </dev/null >first 2>"$err" &
hot_pid=$!
wait_until 10 grep -q following first
kill -9 "$hot_pid"
wait "$hot_pid" 2>/dev/null
poke mirror
check_equal "a killed job does not run" 1 "$?"
"$SYNCGATE" run --config conf mirror </dev/null >second 2>"$err" &
hot_pid=$!
at_exit "kill_child $hot_pid"
wait_until 10 grep -q following second
poke mirror
check_equal "the next one hears" 0 "$?"
env -i "$SYNCGATE" poke --config "$tmp/conf" --plugin-dir \
    "$SYNCGATE_PLUGIN_DIR" mirror >poke.out 2>&1
check_equal "also from a hook, which has no environment" "0 " \
    "$? $(cat poke.out)"
hot_stop
finish
