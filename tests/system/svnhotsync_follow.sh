#!/bin/sh
# A job that follows: 1,000 commits in a row arrive in order and none is
# missed; changed revision properties follow; --json is JSON; SIGTERM ends it
# at a whole revision.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svn svnmucc python3

cd "$tmp" || exit 2
source=$tmp/source
mirror=$tmp/mirror
url=file://$source
mkrepo "$source" 100 500000 5 50 || exit 1
printf '#!/bin/sh\n' >"$source/hooks/pre-revprop-change"
chmod 755 "$source/hooks/pre-revprop-change"

hot_follow "$source" "$mirror" poll=600 --json
check "the mirror gets what was there" wait_until 30 has_revision "$mirror" 100
check "and says that it follows" wait_until 30 grep -q 'following' "$out"

# Look at the mirror all the time: its youngest, and whether that revision is
# whole there.
: >watching
(
	while [ -f watching ]; do
		youngest=$(repo_youngest "$mirror")
		svnlook log -r "$youngest" "$mirror" >looked 2>&1 &&
		    svnlook changed -r "$youngest" "$mirror" >>looked 2>&1 ||
		    { echo "r$youngest: $(cat looked)" >>broken; }
		echo "$youngest"
		sleep 0.02
	done >seen
) &
watcher=$!
at_exit "kill_child $watcher"

# ---- 1,000 commits: 940 as fast as they can be made, 60 by a client each
mkrepo_history 1040 5200000 5 101 | mkrepo_load "$source" >load.out 2>&1 ||
    fail "the load" load.out
n=1040
while [ "$n" -lt 1100 ]; do
	n=$((n + 1))
	svnmucc -m "commit $n" mkdir "$url/by-client-$n" >commit.out 2>&1 || {
		fail "commit $n cannot be made" commit.out
		break
	}
done
check_equal "1,000 commits were made" 1100 "$(repo_youngest "$source")"
made=$(date +%s.%N)
check "all of them arrive" wait_until 30 has_revision "$mirror" 1100
lag=$(echo "$made $(date +%s.%N)" | awk '{ print $2 - $1 }')
echo "    the last one $lag s after it was seen to be made"
rm -f watching
wait "$watcher"
check "what was visible only ever grew ($(sort -un seen | wc -l) states seen)" \
    sort -nc seen
check "more than one state on the way was seen" \
    [ "$(sort -un seen | wc -l)" -gt 2 ]
check_not "and each was whole when it was seen" test -s broken
same_repo "source and mirror are the same" "$source" "$mirror"
check "the mirror verifies" svnadmin verify -q "$mirror"

# ---- Commits one by one: each is seen to arrive by itself
late=0
for n in 1101 1102 1103 1104 1105; do
	svn mkdir -q -m "commit $n" "$url/one-$n"
	wait_until 20 has_revision "$mirror" "$n" || late=$((late + 1))
done
check_equal "each of five single commits arrives sooner than a poll" 0 "$late"

# ---- Revision properties
log_is() {
	[ "$(svnlook log -r "$1" "$mirror")" = "$2" ]
}
for rev in 1 50 777 1105; do
	svn propset -q --revprop -r "$rev" svn:log "another text of $rev" "$url"
	check "a changed property of r$rev follows" \
	    wait_until 10 log_is "$rev" "another text of $rev"
done
svn propset -q --revprop -r 0 test:more value "$url"
r0_has() {
	[ "$(svnlook propget --revprop -r 0 "$mirror" test:more)" = value ]
}
check "also one of r0" wait_until 10 r0_has
svn propdel -q --revprop -r 777 svn:author "$url"
author_gone() {
	[ -z "$(svnlook author -r 777 "$mirror")" ]
}
check "and one that was removed" wait_until 10 author_gone
same_repo "source and mirror are the same afterwards" "$source" "$mirror"

# ---- The mirror is only read
check_not "a commit to the mirror is refused" \
    svn mkdir -q -m x "file://$mirror/x"

# ---- The end, while commits come
(
	i=0
	while [ "$i" -lt 40 ]; do
		i=$((i + 1))
		svnmucc -m "late $i" mkdir "$url/late-$i" >&2 || exit 1
	done
) >late.out 2>&1 &
committer=$!
wait_until 20 has_revision "$mirror" 1110
hot_stop
check_equal "SIGTERM ends it with exit code 0" 0 "$hot_status"
stopped=$(repo_youngest "$mirror")
check "at a whole revision (r$stopped)" svnadmin verify -q "$mirror"
wait "$committer" || fail "the commits after it" late.out
check_equal "it wrote nothing afterwards" "$stopped" "$(repo_youngest "$mirror")"
check "every line of --json is JSON with job, time and event" python3 -c '
import json, sys
last = -1
for line in open(sys.argv[1]):
    o = json.loads(line)
    assert o["job"] == "svnhotsync" and o["time"] and o["event"], o
    if o["event"] == "progress":
        assert o["done"] >= last, (o, last)
        last = o["done"]
        assert o["unit"] == "revision", o
assert last >= 1105, last
' "$out"
hot "$source" "$mirror"
check_equal "a run with --once gets the rest" 0 "$?"
same_repo "and all is the same" "$source" "$mirror"
hot "$source" "$mirror"
check_equal "another one has nothing to do, which is no error" 0 "$?"
finish
