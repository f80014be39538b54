#!/bin/sh
# bench/fileproc-race.sh [ITEMS]: the race that scripts lose.  Four writers put
# ITEMS (40) items into a data-in: slowly and in place, quickly, by appending
# while the file stays open, and by renaming.  A script that does what such
# scripts do (take what lies there over to the other side, process it, bring the
# results back, remove what is done) runs against them, once with rsync and once
# with sftp, over a real sshd on loopback; then fileproc, against the same
# writers.  Prints what became of the items of each.
#
# A result is right when it is that of the whole item.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
need python3 rsync sftp

items=${1:-40}
cd "$tmp" || exit 2
sshd_start || exit 1
ssh="ssh -F $SSHD_CONFIG"
host=$SSHD_USER@127.0.0.1
port=$SSHD_PORT

cat >write.py <<'EOT'
"""write.py FOLDER FIRST STEP COUNT: every STEPth item from FIRST on."""
import os, random, sys, time

folder, first, step, count = sys.argv[1], *map(int, sys.argv[2:5])
aside = folder + ".aside"
os.makedirs(aside, exist_ok=True)


def content(n):
    return "".join("item %d line %d\n" % (n, k) for k in range(200))


for n in range(first, count, step):
    chance = random.Random(n)
    text = content(n)
    path = os.path.join(folder, "item%d" % n)
    kind = n % 4
    if kind == 3:
        with open(os.path.join(aside, str(n)), "w") as f:
            f.write(text)
        os.rename(os.path.join(aside, str(n)), path)
    elif kind == 2:
        with open(path, "w") as f:
            f.write(text)
    else:
        with open(path, "w" if kind == 0 else "a", buffering=1) as f:
            for at in range(0, len(text), 500):
                f.write(text[at:at + 500])
                f.flush()
                time.sleep(chance.uniform(0, 0.5))
    time.sleep(0.02)
EOT

cat >judge.py <<'EOT'
"""judge.py NAME FOLDER COUNT: what became of the items."""
import os, sys

name, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
right = cut = lost = 0
for n in range(count):
    text = "".join("ITEM %d LINE %d\n" % (n, k) for k in range(200))
    try:
        with open(os.path.join(folder, "item%d" % n)) as f:
            found = f.read()
    except FileNotFoundError:
        lost += 1
        continue
    right += found == text
    cut += found != text
print("%-9s  %4d right  %4d cut off or wrong  %4d lost" %
      (name, right, cut, lost))
EOT

# write FOLDER: four writers at once, until all is written.
write() {
	writers=
	for first in 0 1 2 3; do
		python3 write.py "$1" "$first" 4 "$items" &
		writers="$writers $!"
	done
}

written() {
	for writer in $writers; do
		! kill -0 "$writer" 2>/dev/null || return 1
	done
}

# The other side's part: it watches nothing, it is called.
cat >process.sh <<'EOT'
cd "$1" || exit 1
for f in in/*; do
	[ -f "$f" ] || continue
	tr a-z A-Z <"$f" >"out/${f#in/}" && rm "$f"
done
EOT

# remove_done NAME: what has a result is done.
remove_done() {
	for done in "$1".out/*; do
		[ ! -f "$done" ] || rm -f "$1.in/${done##*/}"
	done
}

turn_rsync() {
	rsync -a -e "$ssh" rsync.in/ "$host:$tmp/rsync.far/in/" &&
	    $ssh "$host" "sh $tmp/process.sh $tmp/rsync.far" &&
	    rsync -a --remove-source-files -e "$ssh" \
	    "$host:$tmp/rsync.far/out/" rsync.out/ && remove_done rsync
}

turn_sftp() {
	{
		for item in sftp.in/*; do
			[ ! -f "$item" ] || echo "put $item $tmp/sftp.far/in/"
		done
	} | sftp -q -F "$SSHD_CONFIG" -b - "$host" &&
	    $ssh "$host" "sh $tmp/process.sh $tmp/sftp.far" &&
	    echo "-get $tmp/sftp.far/out/* sftp.out/" |
	    sftp -q -F "$SSHD_CONFIG" -b - "$host" &&
	    $ssh "$host" "rm -f $tmp/sftp.far/out/*" && remove_done sftp
}

# script NAME: turn after turn while there are writers, and two more.
script() {
	mkdir -p "$1.in" "$1.out" "$1.far/in" "$1.far/out"
	write "$1.in"
	turns=0
	while ! written && [ "$turns" -lt 300 ]; do
		"turn_$1" >>"$1.log" 2>&1
		turns=$((turns + 1))
	done
	"turn_$1" >>"$1.log" 2>&1
	"turn_$1" >>"$1.log" 2>&1
	python3 judge.py "$1" "$1.out" "$items"
}

ours() {
	mkdir fileproc.in
	"$SYNCGATE" run --store="sqlite:$tmp/store.db" --plugin fileproc \
	    data-in="$tmp/fileproc.in" data-out="$tmp/fileproc.out" \
	    "remotes=$SSHD_XSPEC" 'command=tr a-z A-Z' >fileproc.log 2>&1 &
	job=$!
	at_exit "kill_child $job"
	write fileproc.in
	wait_until 60 written
	all_out() {
		[ "$(find fileproc.out -maxdepth 1 -type f | wc -l)" -eq \
		    "$items" ]
	}
	wait_until 30 all_out
	kill "$job"
	wait "$job"
	python3 judge.py fileproc fileproc.out "$items"
}

echo "$items items, port $port"
script rsync
script sftp
ours
