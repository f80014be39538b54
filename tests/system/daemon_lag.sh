#!/bin/sh
# Status begins with how far each job is behind, and when it was proven equal:
# of each plugin, and over a restart of the daemon.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3 svnadmin svnmucc git curl

mkdir src in out
echo one >src/one
svnadmin create svn
svnmucc -m 1 mkdir "file://$tmp/svn/a" >/dev/null
svnadmin create code
svnmucc -m 1 mkdir "file://$tmp/code/trunk" mkdir "file://$tmp/code/tags" \
    >/dev/null
git init -q --bare pushed.git
mkdir big
cat >conf <<END
daemon { socket = "$tmp/sock"  memory = "$tmp/memory"  http = "127.0.0.1:0" }
job svn { plugin = svnhotsync  source = "$tmp/svn"  mirror = "$tmp/mirror" }
job several {
	plugin = svnhotsync
	source = "$tmp/svn"
	mirrors = {"$tmp/m1", "$tmp/m2"}
}
job timed {
	plugin = svnhotsync
	source = "$tmp/svn"
	mirror = "$tmp/timed"
	every = 1h
}
job follow {
	plugin = rsync
	source = "$tmp/src"
	targets = {"$tmp/t1", "popen:$tmp/t2"}
	follow = yes
}
job items {
	plugin = fileproc
	data-in = "$tmp/in"
	data-out = "$tmp/out"
	remotes = popen
	command = "sh $tmp/work"
	retries = 0
}
job tells {
	plugin = testplugin
	place = "/x"
	steps = 3
	lag = yes
	proven = "a \"b\""
	after = timed
}
job git {
	plugin = svnhotsync
	source = "$tmp/code"
	mirror = "$tmp/code.m"
	git = "$tmp/code.git"
	push = "$tmp/pushed.git"
}
job slow {
	plugin = rsync
	source = "$tmp/big"
	targets = "$tmp/big.t"
	bwlimit = 100k
	follow = yes
}
job behind { plugin = testplugin  place = "/x"  lag = yes  pause = 1h }
END
cat >work <<'END'
while [ -e "$(dirname "$0")/wait" ]; do sleep 0.1; done
! grep bad
END

# lag JOB EXPRESSION: of its object, j, what is in "lag", l, and "proven", p.
lag() {
	"$SYNCGATE" status --daemon --json -c conf "$1" | python3 -c '
import json, sys, time
j = json.loads(sys.stdin.readline())
l, p = j.get("lag", {}), j.get("proven", {})
print(eval(sys.argv[1]))' "$2"
}
lags() {
	[ "$(lag "$1" "$2")" = True ]
}

daemon
for job in svn several follow items git slow; do
	check "$job is in step" wait_until 20 lags "$job" \
	    'l["in_step"] and l["seconds"] == 0'
done
check_equal "with nothing to go" "0 0 0" "$(lag svn 'l["revisions"]') $(lag \
    several 'l["revisions"]') $(lag items 'l["items"]')"
check_equal "of refs, files and bytes neither" "0 0 0 0" "$(lag git \
    'l["refs"]') $(lag slow 'l["files"]') $(lag slow 'l["bytes"]') $(lag \
    items 'l["bytes"]')"
check "where there is no Git nobody tells of refs" lags svn '"refs" not in l'
ask status --daemon
check_grep "which comes first for people" '^svn +in step +running +has run' \
    said
check_equal "the first column behind the name" "JOB BEHIND STATE WHY" \
    "$(sed -n '1s/  */ /gp' said)"

# shows PATH PATTERN: what the status page has there.
shows() {
	curl -s -m 10 "$(url)$1" | grep -Eq "$2"
}

# ---- A job that has ended
check "one that has ended was in step" wait_until 10 lags timed \
    'not l["in_step"] and 0 <= l["seconds"] < 600 and l["revisions"] == 0'
check "one that is not in step says how far it is behind" wait_until 5 lags \
    behind 'l["revisions"] == 3 and 5 <= l["seconds"] < 600'
check_equal "for people" "3 revisions, " "$(lag behind 'j["behind"][:13]')"

# ---- What was proven
check "a job tells what it has proven" wait_until 10 lags tells \
    'p["text"] == "a \"b\"" and p["digest"] == "abc123"'
ask status --daemon
check_grep "for people, too" \
    'proven equal at 20[0-9: -]* UTC: a "b", digest abc123$' said
check_equal "nobody has compared the mirror" "{}" "$(lag svn p)"
digest=$("$SYNCGATE" verify -c conf svn |
    sed -n 's/.*digest \([0-9a-f]*\).*/\1/p')
check "but verify does, and tells the daemon" [ "$(lag svn \
    'p["text"] + " " + p["digest"]')" = "r0:1 $digest" ]
check "with the time of now" lags svn \
    'p["at"] >= time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 99))'
"$SYNCGATE" verify -c conf several >said 2>&1
check_equal "of several mirrors all are told of" \
    "2 mirrors, each with a digest of its own" "$(lag several 'p["text"]')"
check_grep "rsync compares all when it begins" \
    '^1 entry, by a full comparison of sizes and times, without a digest$' \
    /dev/stdin <<END
$(lag follow 'p["text"]')
END

# ---- Behind
touch wait
echo good >in/one
echo bad >in/two
check "items that wait are counted, with the age of the oldest" \
    wait_until 10 lags items \
    'l["items"] == 2 and not l["in_step"] and 0.3 < l["seconds"] < 30'
check "and so are their bytes" lags items 'l["bytes"] == 9'
check "the status page shows that" wait_until 10 shows / '2 items, 9 bytes, '
check "and so do its metrics" wait_until 10 shows /metrics \
    '^syncgate_job_lag_bytes\{name="items",plugin="fileproc"\} 9$'
check_grep "for people, too" '^2 items, 9 bytes, ' /dev/stdin <<END
$(lag items 'j["behind"]')
END
rm wait
check "until they are done; what was given up is told of" \
    wait_until 10 lags items \
    'l["items"] == 0 and l["failed"] == 1 and l["in_step"]'

# ---- What is on its way
head -c 1000000 /dev/urandom >big/one
check "rsync tells what is still to come of a file that it sends" \
    wait_until 10 lags slow \
    'l["files"] == 1 and 0 < l["bytes"] < 1000000 and not l["in_step"]'
check_grep "in a unit, for people" '^1 file, [0-9]*\.[0-9] [kM]B, ' /dev/stdin \
    <<END
$(lag slow 'j["behind"]')
END
check "until it has come" wait_until 30 lags slow \
    'l["in_step"] and l["files"] == 0 and l["bytes"] == 0'
check "as it has" cmp big/one big.t/one

# ---- Refs
mv pushed.git away.git
svnmucc -m 2 mkdir "file://$tmp/code/trunk/a" >/dev/null
check "refs that cannot be pushed are counted, though nobody answers" \
    wait_until 20 lags git \
    'l["refs"] == 3 and not l["in_step"] and l["revisions"] == 1'
svnmucc -m 3 cp HEAD "file://$tmp/code/trunk" "file://$tmp/code/tags/t" \
    >/dev/null
check "and those that come after" wait_until 20 lags git 'l["refs"] == 4'
check_grep "for people" '^2 revisions, 4 refs, ' /dev/stdin <<END
$(lag git 'j["behind"]')
END
check "and for the metrics" wait_until 10 shows /metrics \
    '^syncgate_job_lag_refs\{name="git",plugin="svnhotsync"\} 4$'
mv away.git pushed.git
check "until they are pushed" wait_until 40 lags git \
    'l["refs"] == 0 and l["in_step"]'

# stop JOB: its worker and its agents stand still; go: and go on.
below() {
	for one in "$@"; do
		echo "$one"
		below $(pgrep -P "$one")
	done
}
stood=$(below $(pgrep -P "$(tell follow pid)"))
kill -STOP $stood
echo two >src/two
check "a target that does not take a change is behind" wait_until 10 lags \
    follow 'not l["in_step"] and l["seconds"] > 0.5'
kill -CONT $stood
check "until it has it" wait_until 10 lags follow 'l["in_step"]'
check "which it has" cmp src/two t2/two
svnmucc -m 2 mkdir "file://$tmp/svn/b" >/dev/null
check "a new revision is followed" wait_until 10 lags svn \
    'l["in_step"] and j["done"] == 2'

# ---- Over a restart
"$SYNCGATE" stop -c conf several >said 2>&1
check "one is stopped" wait_until 10 is several stopped
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
daemon
check "what was proven is known to the next daemon" wait_until 10 lags svn \
    "p['digest'] == '$digest' and p['text'] == 'r0:1'"
check "and that a job that waits for its time was in step" lags timed \
    'l["seconds"] >= 0'
check "how long ago one was that does not run" lags several \
    'j["behind"].endswith(" ago")'
sed 's|/mirror"|/other"|' conf >new
mv new conf
ask reload
check "of another mirror nothing is proven" lags svn 'p == {}'
"$SYNCGATE" history -c conf --store "sqlite:$tmp/store.db" --json -n 0 \
    timed >said
check_equal "the history says what was done" '{"revisions": 2, "bytes": True}' \
    "$(tail -n 1 said | python3 -c '
import json, sys
figures = json.load(sys.stdin)["figures"]
figures["bytes"] = figures["bytes"] > 0
print(json.dumps(figures).replace("true", "True"))')"
finish
