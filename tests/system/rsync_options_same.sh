#!/bin/sh
# The options of the plugin rsync that rsync has, too, beside rsync itself: from
# the same trees they leave the same.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need python3 rsync

cd "$tmp" || exit 2
ignore=
root=
[ "$(id -u)" -ne 0 ] || root=yes

run() {
	timeout 60 "$SYNCGATE" run --once --plugin rsync source="$tmp/src" \
	    targets="$tmp/ours" itemize=yes "$@" >log 2>&1
}

same() {
	sentence=$1
	shift
	check "$sentence" python3 "$top_srcdir/tests/lib/tree_compare.py" "$@"
}

# both SENTENCE OPTIONS -- OPTIONS: ours and rsync's, each on its copy of old.
both() {
	sentence=$1
	shift
	# What rsync holds for the same is told by seconds here and there.
	find src ! -type f -exec touch -h -d 2002-02-02 {} +
	find old ! -type f -exec touch -h -d 2001-01-01 {} +
	rm -rf ours theirs
	cp -a old ours
	cp -a old theirs
	set -- "$@" --END
	ours=
	while [ "$1" != -- ]; do
		ours="$ours
$1"
		shift
	done
	shift
	theirs=
	while [ "$1" != --END ]; do
		theirs="$theirs
$1"
		shift
	done
	IFS='
'
	check "$sentence: it runs" run $ours
	rsync -aHAX $theirs src/ theirs/ >theirs.log 2>&1
	unset IFS
	same "$sentence" --ignore "${ignore:-none}" theirs ours
}

# came: how many bytes of files the last run brought.
came() {
	sed -n 's/.* with \([0-9]*\) bytes came$/\1/p' log
}

changed() {
	sed -n 's/.* looked at, \([0-9]*\) changed.*/\1/p' log
}

random() {
	head -c "$1" /dev/urandom
}

begin() {
	rm -rf src old
	mkdir src old
}

# ---- What is compared ----------------------------------------------------------
begin
echo same >src/same
echo abcd >src/hidden
random 700000 >src/large
touch src/empty
cp -a src/. old
printf X | dd of=old/large bs=1 seek=350000 conv=notrunc 2>/dev/null
echo abce >old/hidden
touch -d 2001-01-01 src/hidden src/large old/hidden old/large old/same \
    old/empty
both "checksum" checksum=yes -- -c
check_equal "what is the same is not sent" yes "$([ "$(came)" -lt 50000 ] &&
    echo yes)"
check_grep "and itemized as rsync does it" ' >fc\.+ hidden$' log
check "checksum once more" run checksum=yes
check_equal "has nothing to do" 0 "$(changed)"
rm -rf ours
cp -a old ours
check "without it" run
check "nobody sees that" cmp -s old/hidden ours/hidden
rm -rf ours second
cp -a old ours
cp -a old second
check "checksum with two targets" run checksum=yes targets="$tmp/second"
same "the one" src ours
same "and the other" src second
# Hard links: what was compared, what differs, and their names.
ln src/large src/large2
ln src/same src/same2
both "checksum and hard links" checksum=yes -- -c

# ---- Files of rules above the trees --------------------------------------------
begin
printf -- '- *.o\n- /src/only\n' >.rules
touch src/new.o src/new.c src/only old/kept.o old/gone.c old/only
both "rules above" "filter=: /.rules" -- --filter=': /.rules' --delete
check "what they exclude does not come" test ! -e ours/new.o
check "nor does it go" test -e ours/kept.o
rm -rf far
cp -a old far
check "with confined sides" timeout 60 "$SYNCGATE" run --once --plugin rsync \
    source="popen:$tmp/src" targets="popen:$tmp/far" "filter=: /.rules"
same "they are read, too" ours far
rm -f .rules

begin
echo newer >src/a
echo older >src/b
echo older, larger >src/c
mkdir src/d
ln -s x src/l
echo file >src/t
touch -d 2001-01-01 src/b src/c src/t
mkdir old/t
echo here >old/a
touch -d 2001-01-01 old/a
echo here >old/b
echo here >old/c
ln -s y old/l
both "update" update=yes -- -u --delete
check_equal "leaves what is newer" here "$(cat ours/b)"

# ---- What is written ---------------------------------------------------------------
begin
random 300000 >all
head -c 300000 all >src/grown
head -c 200000 all >old/grown
head -c 300000 all >src/equal
random 300000 >old/equal
echo short >src/longer
echo longer here >old/longer
random 300000 >src/other
random 200000 >old/other
head -c 100000 all >src/linked
head -c 50000 all >old/linked
echo new >src/new
: >old/empty
echo x >src/empty
touch -d 2001-01-01 src/*
touch -d 2001-01-02 old/*
inode=$(stat -c %i old/grown)
both "append" append=yes -- --append-verify
check_equal "and sends only what is behind" yes "$([ "$(came)" -lt 460000 ] &&
    echo yes)"
cp -al old kept
rm -rf ours
cp -al old ours
check "append where files have another name" run append=yes
check_equal "leaves that as it was" 200000 "$(stat -c %s kept/grown)"
rm -rf kept

begin
random 3000000 >src/edited
cp src/edited old/edited
printf XYZ | dd of=old/edited bs=1 seek=1500000 conv=notrunc 2>/dev/null
random 100000 >old/shrunk
head -c 50000 old/shrunk >src/shrunk
random 50000 >src/ahead
cat src/ahead >old/ahead
random 999 | cat - old/ahead >src/ahead
random 200000 >old/holes
truncate -s 400000 src/holes
printf data | dd of=src/holes bs=1 seek=300000 conv=notrunc 2>/dev/null
echo small >src/small
echo smaller >old/small
chmod 444 old/small
echo new >src/new
touch -d 2001-01-01 old/*
ignore=holes,blocks
both "inplace" inplace=yes -- --inplace
# where OPTION...: a run, and whether the files are those of before.
where() {
	rm -rf ours
	cp -a old ours
	(cd old && stat -c %n edited shrunk ahead holes small) >names
	(cd ours && xargs stat -c '%n %i' <../names) >inodes
	check "in place: $*" run "$@"
	check_equal "in the same files" "$(cat inodes)" \
	    "$(cd ours && xargs stat -c '%n %i' <../names)"
	same "makes the same" --ignore "${ignore:-none}" src ours
}
ignore=holes,blocks
where inplace=yes
check_equal "of the large one only what differs is sent" yes \
    "$([ "$(came)" -lt 1000000 ] && echo yes)"
ignore=
where inplace=yes whole-file=yes
ignore=extra,mtime,holes,blocks
where inplace=yes backup-dir=b
check "keeps what was there" cmp old/edited ours/b/edited
ignore=
echo a >src/x
echo aa >old/x
ln old/x old/x2
echo b >src/x2
rm -rf ours
cp -a old ours
check "inplace where a file has another name" run inplace=yes
check_equal "is done to neither of them" "a b" \
    "$(cat ours/x ours/x2 | paste -sd' ')"

# ---- Backups -----------------------------------------------------------------------
begin
mkdir -p src/d src/now old/d/deep old/gone/in old/now old/.b old/empty/in
chmod 700 old/d/deep
echo 1 >src/changed
echo 22 >old/changed
echo 1 >src/d/changed
echo 22 >old/d/changed
echo secret >old/d/deep/extra
echo x >old/gone/x
echo y >old/gone/in/y
ln -s there old/link
ln -s here src/link
mkfifo old/fifo
echo file >src/type
mkdir old/type
echo in >old/type/in
mkdir src/back
echo was a file >old/back
echo same >src/same
cp -p src/same old/same
chmod 600 old/same
random 300000 >old/moved
cp -p old/moved src/moved2
echo before >old/changed~
ignore=mtime
both "backup-dir" backup-dir=.b -- --backup-dir=.b --delete \
    '--filter=P /.b'
check "keeps what was deleted" [ -f ours/.b/gone/in/y ]
check_equal "in folders that are as closed" 700 \
    "$(stat -c %a ours/.b/d/deep)"
check "a second time" run backup-dir=.b
check_equal "there is nothing to do" 0 "$(changed)"
check_equal "and nothing to delete" "" "$(grep deleting log)"
echo 333 >src/changed
check "a third time" run backup-dir="$tmp/ours/.b/"
check_equal "the newer backup stays" 1 "$(cat ours/.b/changed)"
both "backup-dir and suffix" backup-dir=.b suffix=.old -- --backup-dir=.b \
    --suffix=.old --delete '--filter=P /.b'
rm -rf ours
cp -a old ours
check_not "backup beside what is in a folder that is replaced" run backup=yes
check_grep "is in the way, as for rsync" 'in the way of type' log
rm -r old/type
both "backup" backup=yes -- -b --delete
check "keeps it beside" [ -f ours/gone/in/y~ ]
check "backup once more" run backup=yes
check_equal "has nothing to do" 0 "$(changed)"
check_equal "and deletes no backup" "" "$(grep deleting log)"
both "backup with a suffix" backup=yes suffix=.1 -- -b --suffix=.1 --delete

ignore=

# ---- Going on ---------------------------------------------------------------------
begin
random 6000000 >src/large
echo small >src/small
rm -rf ours
"$SYNCGATE" run --once --plugin rsync source="$tmp/src" \
    targets="$tmp/ours" partial=yes bwlimit=500 >log 2>&1 &
pid=$!
at_exit 'kill_child "$pid"'
part_is() {
	[ "$(stat -c %s ours/.syncgate-part-* 2>/dev/null || echo 0)" -gt "$1" ]
}
check "a part of a large file is there" wait_until 20 part_is 2500000
kill -9 "$pid"
wait "$pid" 2>/dev/null
# What is still under way ends by itself.
sleep 1
check "and is kept when it is cut off" part_is 2500000
cp -a ours cut
check "the next run" run partial=yes
check_equal "goes on with it" yes "$([ "$(came)" -lt 3600000 ] && echo yes)"
same "to the end" src ours
rm -rf ours
cp -a cut ours
printf XX | dd of="$(echo ours/.syncgate-part-*)" bs=1 seek=1000 \
    conv=notrunc 2>/dev/null
check "a part that is not right" run partial=yes
check_equal "is not gone on with" yes "$([ "$(came)" -gt 5900000 ] && echo yes)"
same "and what comes is" src ours
rm -rf ours
cp -a cut ours
check "without partial" run
same "a part is removed" src ours
rm -rf ours
cp -a cut ours
mv src/large large
check "where there is no such file any more" run partial=yes
same "as well" src ours

# ---- What is changed on the way ----------------------------------------------------
begin
for mode in 0644 0755 0600 4755 7777 0000; do
	echo x >"src/f$mode"
	chmod $mode "src/f$mode"
	mkdir "src/d$mode"
	chmod $mode "src/d$mode"
	[ -n "$root" ] || chmod u+rwx "src/d$mode"
	[ -n "$root" ] || chmod u+r "src/f$mode"
done
ln -s x src/l
cp -a src/. old
for mode in 0640 D0750,F0640 go=rX u+x,Dg+s ug=rwX,o= F+t a-w g=u o=g -u =rw \
    u=s a=s g+X,D=rx o+s =; do
	both "chmod=$mode" "chmod=$mode" -- "--chmod=$mode"
done 2>/dev/null
check "chmod once more" run "chmod=go=rX"
check "and once more" run "chmod=go=rX"
check_equal "has nothing to do" 0 "$(changed)"
if python3 -c '
import os, sys
sys.path.append(sys.argv[1])
from tree_fs import ACCESS, acl
os.setxattr("src/f0644", ACCESS, acl(("u", 6), ("u", 7, 1), ("g", 4),
                                     ("m", 7), ("o", 4)))
' "$top_srcdir/tests/lib" 2>/dev/null; then
	check "chmod of what has an ACL" run chmod=g-w
	check "and once more" run chmod=g-w
	check_equal "has nothing to do" 0 "$(changed)"
	check_equal "and the ACL is changed" 654 "$(stat -c %a ours/f0644)"
	rm -f src/f0644
	echo x >src/f0644
else
	skip "ACLs: they cannot be set here"
fi
rm -rf old
mkdir old
echo old >old/f0644
chmod 711 old/f0644
(umask 027; both "perms=no" perms=no -- --no-p
echo "$test_passed $test_failed" >counts)
read -r test_passed test_failed <counts
both "perms=no and chmod" perms=no chmod=g+w,Fo= -- --no-p --chmod=g+w,Fo=
if [ -n "$root" ]; then
	begin
	echo x >src/a
	echo x >src/b
	echo x >src/c
	mkdir src/d
	chown 1:2 src/a
	chown 12345:54321 src/b
	ln -s x src/l
	cp -a src/. old
	both "chown" chown=bin:games -- --chown=bin:games
	check "chown once more" run chown=bin:games
	check_equal "has nothing to do" 0 "$(changed)"
	both "chown by number" chown=54321:777 -- --chown=54321:777
	both "chown of the group alone" chown=:sys -- --chown=:sys
	both "chown, numeric-ids" chown=3:4 numeric-ids=yes -- --chown=3:4 \
	    --numeric-ids
	both "usermap and groupmap" "usermap=0:sys,dae*:games,12000-13000:99" \
	    "groupmap=bin:1,*:users" -- \
	    "--usermap=0:sys,dae*:games,12000-13000:99" \
	    "--groupmap=bin:1,*:users"
	check "usermap once more" run \
	    "usermap=0:sys,dae*:games,12000-13000:99" "groupmap=bin:1,*:users"
	check_equal "has nothing to do" 0 "$(changed)"
	check_not "nobody is called nobodyatall" run chown=nobodyatall
	check_grep "and that is said" 'no user nobodyatall' log
else
	skip "chown: this is not root"
fi

# ---- What takes part ----------------------------------------------------------------
begin
echo x >src/f
echo xx >old/f
ln -s x src/l
ln -s y old/l
ln -s x src/l2
echo file >src/l3
ln -s x old/l3
mkfifo src/p old/p2
touch -d 2001-01-01 src/p
mkfifo old/p
mkfifo src/p3
echo file >old/p3
python3 -c '
import socket
socket.socket(socket.AF_UNIX).bind("src/s")'
both "links=no" links=no -- --no-l --delete
both "specials=no" specials=no -- --no-specials --delete
if [ -n "$root" ] && mknod src/n c 1 3 2>/dev/null; then
	mknod old/n c 1 5
	mknod old/n2 c 1 5
	mknod src/n3 b 7 0
	both "devices=no" devices=no -- --no-devices --delete
else
	skip "devices=no: there can be none here"
fi
both "none of them" links=no devices=no specials=no -- --no-l --no-D --delete

begin
for size in 0 1 699 700 701 1000 1024 1025 5000; do
	random $size >src/$size
	random $((size + 1)) >old/$size
	touch -d 2001-01-01 old/$size
done
random 9 >old/extra
random 7000 >src/new
both "max-size" max-size=700 -- --max-size=700 --delete
both "max-size with a unit" max-size=1k -- --max-size=1k --delete
both "max-size less one" max-size=1kb-1 -- --max-size=1kb-1 --delete
both "min-size" min-size=0.5K -- --min-size=0.5K --delete
both "both" min-size=700 max-size=1KiB -- --min-size=700 --max-size=1KiB \
    --delete

begin
mkdir -p src/d src/new/deep old/d old/e
echo a >src/a
echo b >src/b
echo c >src/d/c
echo d >src/d/d
echo e >src/new/deep/e
echo f >src/e
ln -s x src/l
echo older >old/a
echo older >old/d/c
ln -s y old/l
echo extra >old/d/extra
touch -d 2001-01-01 src/* src/*/* old/* old/d/*
both "existing" existing=yes -- --existing --delete
both "ignore-existing" ignore-existing=yes -- --ignore-existing --delete
both "existing and ignore-existing" existing=yes ignore-existing=yes -- \
    --existing --ignore-existing --delete
mkdir src/swapped
echo new >src/swapped/new
echo a file >old/swapped
both "existing, and a folder in the place of a file" existing=yes -- \
    --existing --delete

begin
mkdir -p src/full/a/b src/none/a/b src/none/c src/only/x src/link src/deep/1/2
echo x >src/full/a/b/x
echo o >src/only/x/y.o
ln -s x src/link/l
echo o >src/deep/y.o
echo c >src/deep/1/2/y.c
mkdir -p old/none/a old/only/x old/full/z
echo mine >old/only/x/z.o
echo mine >old/none/a/z
both "prune-empty-dirs" prune-empty-dirs=yes -- -m --delete
both "prune-empty-dirs and exclude" prune-empty-dirs=yes 'exclude=*.o' -- -m \
    --delete '--exclude=*.o'
check "prune-empty-dirs once more" run prune-empty-dirs=yes 'exclude=*.o'
check_equal "has nothing to do" 0 "$(changed)"

begin
mkdir -p old/d/e old/f
echo x >old/d/e/x
echo x >src/d
ln -s x src/f
both "force" delete=no force=yes -- --force
rm -rf ours
cp -a old ours
check_not "without it" run delete=no
check "the folder stays" [ -d ours/d/e ]
check_grep "and that is said" 'in the way' log

# ---- How fast, and how sure -----------------------------------------------------------
begin
random 1500000 >src/a
rm -rf ours second
begun=$(date +%s%N)
check "bwlimit with two targets" run bwlimit=1m targets="$tmp/second"
took=$((($(date +%s%N) - begun) / 1000000))
check "holds them both back ($took ms)" [ "$took" -gt 2300 ]
check "and not too much" [ "$took" -lt 40000 ]
same "the one comes" src ours
same "and the other" src second
if have strace && strace -f -o trace true 2>/dev/null; then
	rm -rf ours
	strace -f -e trace=fsync,syncfs -o trace "$SYNCGATE" run --once \
	    --plugin rsync source="$tmp/src" targets="$tmp/ours" fsync=file \
	    >log 2>&1
	check_grep "fsync=file syncs files" 'fsync\(' trace
else
	skip "fsync=file: there is no strace here"
fi
rm -rf ours
check "fsync=file" run fsync=file
same "makes the same" src ours

# ---- The other way: the source is shipped, the target is here -------------------------
pull() {
	timeout 60 "$SYNCGATE" run --once --plugin rsync \
	    source="popen:$tmp/src" targets="$tmp/ours" itemize=yes "$@" \
	    >log 2>&1
}
begin
mkdir -p src/d src/empty old/gone
random 2000000 >all
cat all >src/large
head -c 1500000 all >old/large
echo abcd >src/a
echo abce >old/a
echo big >src/d/b
random 9000 >src/d/big
ln -s x src/l
echo x >old/gone/x
touch -d 2001-01-01 src/* old/*
rm -rf ours
cp -a old ours
check "a run with much at once, where the source is elsewhere" pull \
    chmod=Dg+s,Fgo= max-size=2m links=no prune-empty-dirs=yes append=yes \
    backup-dir=.b partial=yes bwlimit=50m
check_equal "appends" yes "$([ "$(came)" -lt 600000 ] && echo yes)"
check_equal "changes modes" "600 2755" "$(stat -c %a ours/a ours/d |
    paste -sd' ')"
check "leaves out links" [ ! -L ours/l ]
check "and what is empty" [ ! -e ours/empty ]
check "keeps backups" [ -f ours/.b/gone/x ]
check "once more" pull chmod=Dg+s,Fgo= max-size=2m links=no append=yes \
    prune-empty-dirs=yes backup-dir=.b partial=yes
check_equal "there is nothing to do" 0 "$(changed)"
check "by checksum, in place" pull checksum=yes inplace=yes
check "makes the same" cmp src/a ours/a

# ---- While it follows -------------------------------------------------------------------
begin
echo x >src/a
echo large enough >src/large
mkdir old/.b
rm -rf ours
cp -a old ours
echo mine >ours/large
"$SYNCGATE" run --plugin rsync source="$tmp/src" targets="$tmp/ours" \
    follow=yes chmod=F0604 max-size=9 backup-dir=.b checksum=yes >log 2>&1 &
pid=$!
check "it follows" wait_until 30 grep -q following log
check_equal "with what was there" 604 "$(stat -c %a ours/a)"
echo new >src/new
mode_is() {
	[ "$(stat -c %a "$1")" = "$2" ]
}
check "what is new has the mode, too" wait_until 10 mode_is ours/new 604
echo changed >src/a
check "what changes comes" wait_until 10 cmp src/a ours/a
check_equal "and is kept before" x "$(cat ours/.b/a)"
echo large enough for all >src/large
rm src/new
check "what goes is kept" wait_until 10 [ -f ours/.b/new ]
check_equal "what is too large stays as it is" mine "$(cat ours/large)"
kill -TERM "$pid"
wait "$pid"
check_equal "it ends when it is told to" 0 $?

# ---- What does not go together ----------------------------------------------------------
refused() {
	pattern=$1
	shift
	check_not "refused: $*" run "$@"
	check_grep "and why" "$pattern" log
}
refused 'one compares content' checksum=yes size-only=yes
refused 'append leaves' checksum=yes append=yes
refused 'would stay so' inplace=yes update=yes
refused 'would stay so' append=yes update=yes
refused 'would stay so' inplace=yes size-only=yes
refused 'nothing is left' existing=yes ignore-existing=yes delete=no
refused 'older snapshots share' inplace=yes snapshots=3
refused 'older snapshots share' append=yes snapshots=3
refused 'has what was replaced' backup=yes snapshots=3
refused 'begun anew' partial=yes snapshots=3
refused 'is seen when all' prune-empty-dirs=yes follow=yes
refused 'no file is smaller' max-size=1k min-size=2k
refused 'no size such as' max-size=1x
refused 'no size such as' min-size=.
refused 'at least 512' bwlimit=100b
refused 'suffix is for backups' suffix=.old
refused 'needs another name' backup=yes suffix=
refused 'no / in a name' backup=yes suffix=a/b
refused 'no folder beneath' backup-dir=a/../..
refused 'no folder beneath' backup-dir=.
refused 'is not beneath the target' backup-dir=/tmp
refused 'no change of modes' chmod=u+r-w
refused 'no change of modes' chmod=0888
refused 'no change of modes' chmod=u=rwx,
refused 'no change of modes' chmod=DFg+s
refused 'names neither' chown=:
refused 'owner = no' chown=bin owner=no
refused 'group = no' chown=:bin group=no
refused 'it is both' chown=bin usermap=0:1
refused 'is not FROM:TO' usermap=0
refused 'must be a number' chown=bin numeric-ids=yes
finish
