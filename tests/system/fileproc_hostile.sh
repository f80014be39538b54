#!/bin/sh
# fileproc among those who wish it ill: folders that are swapped or not mounted,
# names and items that cannot be kept, links, consumers that are too quick.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need python3

cd "$tmp" || exit 2
XDG_STATE_HOME=$tmp/state
export XDG_STATE_HOME

# fp NAME OPTION...: run it once over NAME.in and NAME.out.
fp() {
	fp_name=$1
	shift
	timeout 60 "$SYNCGATE" run --once --store="sqlite:$tmp/store.db" \
	    --plugin fileproc data-in="$tmp/$fp_name.in" \
	    data-out="$tmp/$fp_name.out" backoff=50ms settle=100ms "$@" \
	    >"$fp_name.log" 2>&1
}

# Nothing can be made in a folder, or again.
close_folder() {
	chmod 555 "$1"
	[ "$(id -u)" != 0 ] || chattr +i "$1" 2>chattr.log
}
open_folder() {
	[ "$(id -u)" != 0 ] || chattr -i "$1" 2>chattr.log
	chmod 755 "$1"
}

# ---- data-out is another folder, or its disk is not mounted, after a run that
# was about to publish
mkdir -p moved.in moved.out/.syncgate
echo precious >moved.in/a
if close_folder moved.out; then
	check_not "nothing can be published" fp moved command=cat
	open_folder moved.out
	mv moved.out moved.unmounted
	check "so it goes on elsewhere" fp moved command=cat
	check_equal "an item is not lost with its data-out" precious \
	    "$(cat moved.out/a)"
	check_grep "and that is said" 'is not the folder' moved.log
else
	skip "a folder cannot be closed for root here"
fi

# ---- The same, staged in another way
mkdir -p way.in way.out/.syncgate
echo precious >way.in/a
if close_folder way.out; then
	check_not "nothing can be published" fp way command=cat
	open_folder way.out
	check "it goes on flat" fp way 'command=cp {in} {out}/b' outputs=flat \
	    output-name=%o
	check_equal "an item is not lost when outputs changes" precious \
	    "$(cat way.out/b)" || cat way.log
fi
# ---- Names that leave no room for what is put behind them
long=$(printf 'x%.0s' 1 2 3 4 5 6 7 8 9 10)
long=$long$long$long$long$long
long=$long$long$long$long${long}x.txt
mkdir long.in
echo a >"long.in/$long"
echo b >long.in/short
check "an item whose name has 255 bytes is given up" fp long retries=0 \
    'command=sh -c "exit 1"'
check_equal "it is in failed, and so is why" 4 "$(ls long.in.failed | wc -l)"
echo a >"long.in/$long"
check "it is processed" fp long done=keep command=cat
echo b >"long.in/$long"
check "and once more" fp long done=keep command=cat
check_equal "with another name" 2 "$(ls long.out | wc -l)"
check_equal "of the item, too" 2 "$(ls long.in.done | wc -l)"
echo c >"long.in/$long"
check "no marker can be behind it" fp long 'command=cp {in} {out}/x' \
    outputs=flat output-name=%o retries=0
check_equal "so it is given up" 6 "$(ls long.in.failed | wc -l)"

# ---- A file of failed is where a folder is to be
mkdir place.in
echo a >place.in/sub
check "an item is given up" fp place retries=0 'command=sh -c "exit 1"'
mkdir place.in/sub
echo b >place.in/sub/a
check "and one whose folder has its name" fp place retries=0 done=keep \
    'command=sh -c "exit 1"'
check_equal "it is beside it" b "$(cat place.in.failed/a)"
rm -r place.in place.in.failed
mkdir place.in
echo a >place.in/sub
check "an item is kept" fp place done=keep command=cat
mkdir place.in/sub
echo b >place.in/sub/a
rm place.out/sub
check "and one whose folder has its name" fp place done=keep command=cat
check_equal "it is beside it, too" b "$(cat place.in.done/a)"

# ---- A folder with what cannot be sent
mkdir -p socket.in/f
python3 -B -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket.in/f/s")'
echo b >socket.in/ok
check "a folder with a socket stops nobody" fp socket folders=items retries=0 \
    'command=ls {in}'
check_grep "it is given up" 's is no file' socket.in.failed/f.error
check "another is processed" [ -e socket.out/ok ]

# ---- A link in data-out
mkdir -p link.in/sub link.out link.else
ln -s ../link.else link.out/sub
echo a >link.in/sub/a
check "a link in data-out stops nobody" fp link command=cat
check_equal "and leads nobody out of it" "" "$(ls link.else)"
check "the item is given up" [ -e link.in.failed/sub/a ]
echo b >link.in/sub/a
rm -rf link.in/sub
mkdir link.in/sub
echo b >link.in/sub/a
check "nor flat" fp link 'command=cp {in} {out}/b' outputs=flat \
    output-name=%o
check_equal "which would lead there, too" "" "$(ls link.else)"

# ---- Whoever takes results removes their folders at once
mkdir -p quick.in quick.out
n=0
while [ $((n += 1)) -le 60 ]; do
	mkdir "quick.in/$n"
	echo "$n" >"quick.in/$n/a"
done
cat >consumer.py <<'EOT'
import os
taken = set()
while len(taken) < 60:
    for name in os.listdir("quick.out"):
        if name.startswith("."):
            continue
        try:
            os.rename("quick.out/%s/a" % name, "taken.%s" % name)
            taken.add(name)
        except OSError:
            pass
        try:
            os.rmdir("quick.out/" + name)
        except OSError:
            pass
EOT
timeout 60 python3 -B consumer.py &
consumer=$!
check "folders may go at once" fp quick command=cat
wait "$consumer"
check_equal "no result is lost" 60 "$(cat taken.* | sort -u | wc -l)"

# ---- An item that is too large for its remote harms no others
mkdir -p large.in work
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=4m,mode=700 none work \
    2>mount.log; then
	head -c 6000000 /dev/zero >large.in/a
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		echo "$n" >"large.in/b$n"
	done
	fp large work="$tmp/work" concurrency=2 retries=0 "command=sh -c \
	    \"echo x >>$tmp/started; sleep 0.2; cat\""
	umount work
	check_equal "others are all processed" 12 "$(ls large.out | wc -l)"
	# One that writes while the disk is full is begun again.  Each attempt of
	# the large one once ended all that was there.
	check "and they were not interrupted ($(wc -l <started) were begun)" \
	    [ "$(wc -l <started)" -le 17 ]
	check_equal "the large one is not lost" 1 \
	    "$(find large.in large.in.failed -name a | wc -l)"
else
	skip "no file system can be mounted here"
fi

# ---- A processor that says much, of very many items: no memory of it is kept
cat >peak.py <<'EOT'
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
      file=open(sys.argv[1], "w"))
sys.exit(status)
EOT
# said N: N items, what each says is 8 KiB; the peak is in $peak.
said() {
	mkdir "said$1.in"
	n=0
	while [ $((n += 1)) -le "$1" ]; do
		echo x >"said$1.in/$n"
	done
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1 \
	    TSAN_OPTIONS=${TSAN_OPTIONS:+$TSAN_OPTIONS:}history_size=0 \
	    timeout 120 python3 -B peak.py peak "$SYNCGATE" run --once \
	    --store="sqlite:$tmp/said.db" --plugin fileproc \
	    data-in="$tmp/said$1.in" data-out="$tmp/said$1.out" concurrency=2 \
	    'command=sh -c "head -c 8000 /dev/zero | tr \\\\0 x >&2; cat"' \
	    >said.log 2>&1
	status=$?
	peak=$(cat peak)
	return $status
}
check "few items whose processor says much" said 50
before=$peak
check "and many" said 700
check "need no more memory ($before, then $peak KiB)" \
    [ "$((peak - before))" -lt 4000 ]
finish
