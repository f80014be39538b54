#!/bin/sh
# The options of rsync, one by one, and what a run returns.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3

cd "$tmp" || exit 2
root=
[ "$(id -u)" != 0 ] || root=yes

# fresh: src with a few things, dst like it.
fresh() {
	chmod -R u+rwX src dst 2>/dev/null
	rm -rf src dst
	mkdir -p src/folder src/empty
	for name in a b c folder/d folder/e; do
		echo "content of $name" >"src/$name"
		touch -d '2020-01-01 10:00:00.5' "src/$name"
	done
	ln -s a src/link
	rsync_run "$tmp/src" "$tmp/dst" fsync=none ||
	    fail "a small tree is copied" "$log"
}

run() {
	rsync_run "$tmp/src" "$tmp/dst" fsync=none "$@"
}

refused() {
	refused_sentence=$1
	refused_pattern=$2
	shift 2
	rsync_run "$@"
	check_equal "$refused_sentence: it is refused" 2 $?
	check_grep "and said why" "$refused_pattern" "$log"
}

# ---- Deleting
extras() {
	fresh
	mkdir -p dst/extra/deep
	for name in x1 x2 extra/x3 extra/deep/x4 folder/x5; do
		echo extra >"dst/$name"
	done
}
extras
run delete=no
check "delete=no leaves what is extra" [ -f dst/extra/deep/x4 ]
check_equal "and says nothing is deleted" "" "$(lines "$log")"
for when in during after; do
	extras
	run delete=$when
	check_equal "delete=$when: it ends well" 0 $?
	same "delete=$when: what is extra is gone" src dst
done
extras
run max-delete=2
check_equal "more than max-delete are not deleted, which is no success" 1 $?
check_grep "and is said" 'max-delete' "$log"
check_equal "two of seven are gone" 5 \
    "$(find dst -name 'x?' | wc -l | awk -v d="$(find dst -type d \
    -name extra -o -type d -name deep | wc -l)" '{ print $1 + d }')"
extras
run max-delete=7
check_equal "as many as max-delete are" 0 $?
same "all of them" src dst
extras
run max-delete=0
check_equal "max-delete=0 deletes nothing" 7 "$(find dst -name 'x?' -o \
    -name extra -o -name deep | wc -l)"
check_grep "and says how many are left, folders too" \
    'max-delete is 0: 7 more were not deleted' "$log"
rsync_dry "$tmp/src" "$tmp/dst" max-delete=2
check_grep "so does --dry-run" 'max-delete is 2: 5 more were not' "$log"

# Which ones are left is the same in a dry run, whatever their size and kind.
extras
head -c 300000 /dev/zero >dst/folder/large
head -c 300000 /dev/zero >dst/b-large
rsync_dry "$tmp/src" "$tmp/dst" max-delete=4
lines "$log" >dry.lines
run max-delete=4 itemize=yes
lines "$log" >run.lines
check_equal "max-delete=4: four go" 4 "$(grep -c deleting run.lines)"
check "max-delete: a dry run names what a run deletes" cmp dry.lines run.lines
refused "a max-delete that is no number of files" 'max-delete is -5' \
    "$tmp/src" "$tmp/dst" max-delete=-5

# ---- What a dry run says
fresh
head -c 5000 /dev/zero >src/new
echo longer than it was >src/a
rsync_dry "$tmp/src" "$tmp/dst"
check_grep "--dry-run says how much would be sent" \
    '2 files with 5019 bytes to be sent at most' "$log"

# ---- A folder in the way
fresh
rm dst/a
mkdir dst/a
echo precious >dst/a/file
rsync_dry "$tmp/src" "$tmp/dst" delete=no
check_equal "delete=no: a folder in the way of a file fails a dry run" 1 $?
run delete=no
check_equal "delete=no: a folder in the way of a file is an error" 1 $?
check_grep "and said" 'in the way.* a:' "$log"
check "and is left" [ -f dst/a/file ]
rm dst/a/file
rsync_dry "$tmp/src" "$tmp/dst" delete=no
check_equal "an empty one fails none" 0 $?
check "and is left by it" [ -d dst/a ]
run delete=no
check_equal "an empty one makes way" 0 $?
same "for the file" src dst

# ---- A source that is empty
fresh
rm -rf src/*
listing dst >before
run
check_equal "an empty source and a target that is not: refused" 1 $?
check_grep "and said" 'source is empty' "$log"
listing dst >after
check "nothing was changed" cmp before after
run delete=no
check_equal "but not if nothing would be deleted" 0 $?
run allow-empty=yes
check_equal "nor where it is allowed" 0 $?
same "it is empty then" src dst
fresh
mv src away
listing dst >before
run
check_equal "a source that is not there is an error" 1 $?
check_grep "which names it" 'src.*No such file' "$log"
listing dst >after
check "nothing was changed then, either" cmp before after

# ---- What makes a difference
fresh
echo "CONTENT OF a" >src/a
touch -d '2021-01-01' src/a
run size-only=yes
check_equal "size-only: a file of the same size is not sent" "content of a" \
    "$(cat dst/a)"
check_equal "but gets its time" "$(stat -c %y src/a)" "$(stat -c %y dst/a)"
echo "content of a, and more" >src/a
run size-only=yes
same "one of another size is" src dst
fresh
touch -d '2022-02-02 02:02:02.000000001' src/b
run itemize=yes
check_equal "a time that differs is sent, and said" ">f..t...... b" \
    "$(lines "$log" | grep ' b$')"
fresh
touch -d '2020-01-01 10:00:00.500000001' src/b
run
same "a nanosecond makes a difference" src dst

# ---- What is kept
fresh
chmod 755 src/a
chmod 600 dst/b
mkdir src/new
chmod 777 src/new
echo new >src/new/file
chmod 777 src/new/file
echo longer than before >src/b
(umask 027; run perms=no)
check_equal "perms=no: a mode is not made the same" 644 "$(stat -c %a dst/a)"
check_equal "perms=no: a file that is replaced keeps its own" 600 \
    "$(stat -c %a dst/b)"
check_equal "perms=no: new ones have what the umask leaves" "750 750" \
    "$(stat -c %a dst/new) $(stat -c %a dst/new/file)"
fresh
touch -d 2001-01-01 src/folder dst/folder
echo other >src/folder/d
run times=no
check "times=no: what is sent gets the time of now" \
    [ dst/folder/d -nt before ]
fresh
ln src/a src/folder/linked
run hard-links=no
check_equal "hard-links=no: each gets a file of its own" "1 1" \
    "$(stat -c %h dst/a) $(stat -c %h dst/folder/linked)"
run
same "by default they are linked" src dst
fresh
if python3 -c 'import os; os.setxattr("src/a", "user.x", b"1")' 2>xattr.err
then
	run attributes=no
	check_equal "attributes=no: none is kept" "[]" \
	    "$(python3 -c 'import os; print(os.listxattr("dst/a"))')"
	run
	same "by default they are" src dst
else
	skip "this file system has no attributes"
fi
if [ -n "$root" ]; then
	fresh
	chown 1:2 src/a
	chown 12345:54321 src/b
	run owner=no group=no
	check_equal "owner=no, group=no: they are root's" "0:0 0:0" \
	    "$(stat -c %u:%g dst/a) $(stat -c %u:%g dst/b)"
	run owner=no
	check_equal "owner=no: only groups are kept" "0:2 0:54321" \
	    "$(stat -c %u:%g dst/a) $(stat -c %u:%g dst/b)"
	run
	same "by default both are" src dst
else
	skip "owners: this is not root"
fi

# ---- Owners by name: in a room of its own, daemon is somebody else
names() {
	[ -n "$root" ] && [ -z "${sanitize:-}" ] || {
		skip "owners by name: this is not root, or a sanitizer's build"
		return
	}
	unshare -m true 2>/dev/null || {
		skip "owners by name: no mount namespaces here"
		return
	}
	sshd_start || exit 1
	sed 's/^daemon:x:1:1:/daemon:x:777:1:/' /etc/passwd >passwd
	sed 's/^bin:x:2:/bin:x:888:/' /etc/group >group
	login elsewhere <<EOT
exec unshare -m sh -c 'mount --bind $tmp/passwd /etc/passwd &&
    mount --bind $tmp/group /etc/group && exec sh -c "\$SSH_ORIGINAL_COMMAND"'
EOT
	fresh
	chown daemon:bin src/a
	chown 12345:54321 src/b
	chmod 6755 src/a
	rsync_run "$tmp/src" "$login:$tmp/dst" fsync=none
	check_equal "an owner is who has that name there" "777:888 6755" \
	    "$(stat -c '%u:%g %a' dst/a)"
	check_equal "who has no name keeps his number" 12345:54321 \
	    "$(stat -c %u:%g dst/b)"
	listing dst >before
	rsync_run "$tmp/src" "$login:$tmp/dst" fsync=none
	listing dst >after
	check "and that is no difference" cmp before after
	rsync_run "$login:$tmp/dst" "$tmp/back" fsync=none
	check_equal "on the way back he is himself again" 1:2 \
	    "$(stat -c %u:%g back/a)"
	rsync_run "$tmp/src" "$login:$tmp/dst" fsync=none numeric-ids=yes
	check_equal "numeric-ids: it is the number that counts" 1:2 \
	    "$(stat -c %u:%g dst/a)"
}
names

# ---- Other file systems
if [ -n "$root" ] && unshare -m true 2>/dev/null; then
	# What is mounted is seen by this run alone, and goes with it.
	cat >mount.sh <<EOT
mount -t tmpfs none '$tmp/src/mnt' && echo mounted >'$tmp/src/mnt/file' &&
    exec "\$@"
EOT
	# A target that is read-only.
	cat >read-only.sh <<EOT
mount --bind '$tmp/dst' '$tmp/dst' &&
    mount -o remount,ro,bind '$tmp/dst' && exec "\$@"
EOT
	fresh
	rsync_before="unshare -m sh $tmp/read-only.sh"
	rsync_dry "$tmp/src" "$tmp/dst"
	check_equal "a read-only target, nothing to do: a dry run is well" 0 $?
	echo changed >src/a
	rm src/folder/d
	rsync_dry "$tmp/src" "$tmp/dst"
	check_equal "with something to do it fails, as a run would" 1 $?
	check_grep "and says why" 'could not change.*Read-only' "$log"
	run
	check_equal "as the run does" 1 $?
	rsync_before="unshare -m sh $tmp/mount.sh"
	fresh_mounted() {
		rsync_before=
		fresh
		mkdir src/mnt dst/mnt
		echo mine >dst/mnt/mine
		rsync_before="unshare -m sh $tmp/mount.sh"
	}
	fresh_mounted
	run one-file-system=yes
	check_equal "one-file-system: what is mounted is not looked at" \
	    "0 no" "$? $(cat dst/mnt/file 2>/dev/null || echo no)"
	check "nor is what lies there at the target deleted" [ -f dst/mnt/mine ]
	rm -r dst/mnt
	run one-file-system=yes
	check_equal "but there is a folder for it" "" "$(ls -A dst/mnt)"
	run
	check_equal "else it is as any folder" mounted "$(cat dst/mnt/file)"
	rsync_before=
else
	skip "one-file-system: nothing can be mounted here"
fi

# ---- Written to the disk
syncs() {
	strace -f -qq -o trace -e trace=fsync,fdatasync,syncfs,sync \
	    "$SYNCGATE" run --once --plugin rsync source="$tmp/src" \
	    targets="$tmp/dst" "$1" >"$log" 2>&1
	echo "$(grep -c -E '(fsync|fdatasync)\(' trace)" \
	    "$(grep -c 'syncfs(' trace)"
}
if have strace && strace -o trace true 2>/dev/null && [ -z "${sanitize:-}" ]
then
	for sync in none file all; do
		fresh
		for file in a b c folder/d folder/e; do
			echo changed >>"src/$file"
		done
		syncs fsync=$sync >"count.$sync"
	done
	check_equal "fsync=none: nothing is waited for" "0 0" "$(cat count.none)"
	check "fsync=file: each file is" awk '$1 < 5 { exit 1 }' count.file
	check "fsync=all: all at once" awk '$1 > 0 || $2 < 1 { exit 1 }' \
	    count.all
else
	skip "fsync: no strace here"
fi

# ---- A list of what is wanted
fresh
printf 'a\r\nfolder/d\r\n' >list
run delete=no files-from="$tmp/list"
check_equal "files-from with CR LF: it ends well" 0 $?
rm -rf dst
run files-from="$tmp/list"
check_equal "and its files come" "a d" "$(cd dst && echo a) $(ls dst/folder)"
printf 'b\nfolder/gone\nnowhere/x\n' >list
run files-from="$tmp/list"
check_equal "names that the source does not have: no success" 1 $?
check "but what is there comes" cmp src/b dst/b
check_grep "the first is named" 'has no folder/gone: No such file' "$log"
check_grep "and the other" 'has no nowhere/x: No such file' "$log"
check_grep "and how many" 'has not 2 of the names' "$log"
rsync_dry "$tmp/src" "$tmp/dst" files-from="$tmp/list"
check_equal "--dry-run says so, too" 1 $?
i=0
while [ $i -lt 30 ]; do
	echo "gone$i" >>list
	i=$((i + 1))
done
run files-from="$tmp/list"
check_equal "of many, 20 are named" 20 "$(grep -c 'has no .*: No such' "$log")"
check_grep "and the rest is counted" 'has not 12 more' "$log"
printf 'a/./b\n' >list
run files-from="$tmp/list"
check_grep "a line that is refused: the option is named once" \
    'job rsync: files-from: [^f]*a/./b' "$log"

# ---- Stopped before it is done
# stopped WORD...: such a run gets SIGTERM in its middle.
stopped() {
	rm -rf dst
	"$SYNCGATE" run "$@" --plugin rsync source="$tmp/src" \
	    targets="$tmp/dst" fsync=none bwlimit=100 >"$log" 2>&1 &
	running=$!
	at_exit "kill_child $running"
	wait_until 10 [ -e dst/a ]
	sleep 0.3
	kill -TERM "$running"
	wait "$running"
}
fresh
head -c 3000000 /dev/urandom >src/large
stopped --once
check_equal "--once that is stopped is no success" 1 $?
check_grep "and it says so" 'stopped as asked, before' "$log"
stopped
check_equal "nor is a run that does not follow" 1 $?

# ---- A limit for two
# bytes TARGET: how much of the large file is there.
bytes() {
	find "$1" -type f -size +1k -printf '%s\n' | awk '{ n += $1 }
	    END { print n + 0 }'
}
rm -rf src dst dst2
mkdir src
# (So much that one which stood still for two seconds has a part as well.)
head -c 1500000 /dev/urandom >src/large
rsync_run "$tmp/src" "$tmp/dst|$tmp/dst2" fsync=none bwlimit=300 &
running=$!
wait_until 20 sh -c '[ -f dst/large ] || [ -f dst2/large ]'
check "bwlimit: two targets get their share of it" \
    [ "$(bytes dst)" -gt 300000 -a "$(bytes dst2)" -gt 300000 ]
wait $running
same "and all in the end" src dst
same "both" src dst2

# ---- What does not go together
fresh
refused "a target in its source" 'lie in each other' "$tmp/src" "$tmp/src/dst"
refused "a source in its target" 'lie in each other' "$tmp/src/folder" \
    "$tmp/src"
refused "a target that is the source" 'the same' "$tmp/src" "$tmp/src/"
# By links text does not say it.
fresh
mkdir src/folder/deep
ln -s src/folder into
ln -s src same
ln -s . src/here
cp -a src was
listing src >before
# linked SENTENCE SOURCE TARGET: refused, and nothing was changed.
linked() {
	for dry in rsync_dry rsync_run; do
		$dry "$2" "$3" fsync=none
		check_equal "$1: no success ($dry)" 1 $?
		check_grep "$1: it is said why" 'lie in each other' "$log"
	done
	listing src >after
	check "$1: nothing was changed" cmp before after
}
linked "a target in the source by a link" "$tmp/src" "$tmp/into"
linked "one further down" "$tmp/src" "$tmp/into/deep"
linked "a source in the target by a link" "$tmp/into" "$tmp/src"
linked "the same by a link" "$tmp/src" "$tmp/same"
linked "with an agent between" "popen:$tmp/src" "$tmp/into"
linked "with two" "popen//id=one:$tmp/src" "popen//id=two:$tmp/into"
rsync_dry "$tmp/src" "$tmp/into/new"
check_equal "one that is not there yet, by a link: --dry-run says it" 1 $?
check_grep "and why" 'lie in each other' "$log"
check "folders beside each other are none of that" rsync_run "$tmp/src" \
    "$tmp/same-not" fsync=none
rm into same
fresh
refused "twice the same target" 'the same' "$tmp/src" "$tmp/dst|$tmp/dst"
refused "a level of compression that is none" '-7 to 3' "$tmp/src" \
    "$tmp/dst" compress=yes compress-level=20
refused "less than 512 bytes a second" '511 bytes a second: at least 512b' \
    "$tmp/src" "$tmp/dst" bwlimit=511b
for limit in 0 512b 2000b 1.5m; do
	check "bwlimit=$limit is taken, as the manual says" rsync_dry \
	    "$tmp/src" "$tmp/dst" bwlimit=$limit
done
refused "from0 without files-from" 'there is no files-from' "$tmp/src" \
    "$tmp/dst" from0=yes
for only in poll settle full; do
	refused "$only without follow" "$only is for a job that follows" \
	    "$tmp/src" "$tmp/dst" $only=5
done
cat >two.conf <<EOT
job one {
	plugin = rsync
	source = "$tmp/src"
	targets = {"$tmp/other", "nobody.invalid:$tmp/dst"}
}
job two {
	plugin = rsync
	source = "$tmp/else"
	targets = {"$tmp/dst", "nobody.invalid:$tmp/dst/"}
}
EOT
"$SYNCGATE" check -c two.conf >"$log" 2>&1
check_equal "two jobs with one target are refused" 2 $?
check_grep "and it is said which" \
    'job two: targets = "nobody.invalid:.*/dst/" is that of job one, too' "$log"
check "each by itself is well" "$SYNCGATE" check -c two.conf two
ln -s nowhere dangling
run_to_dangling() {
	rsync_run "$tmp/src" "$tmp/dangling" fsync=none
}
check_not "a target that is a link to nothing is an error" run_to_dangling
check_grep "which says what it is" \
    'dangling is a symbolic link to nowhere, which is not there' "$log"
rsync_dry "$tmp/src" "$tmp/dangling" fsync=none
check_grep "so does a dry run" 'is a symbolic link to nowhere' "$log"
refused "a word that is none" 'delete' "$tmp/src" "$tmp/dst" delete=maybe
rsync_run "$tmp/src" "$tmp/dst|nobody.invalid:/x"
check_equal "one of two that cannot be reached is an error" 1 $?
check_grep "its name is said once" \
    'job rsync: nobody.invalid:/x: cannot open gateway' "$log"
check_not "and not twice" grep -q 'invalid:/x: nobody' "$log"
rsync_run "$tmp/src" "nobody.invalid:/x"
check_grep "it is if it is the only one, too" \
    'job rsync: nobody.invalid:/x: cannot open gateway' "$log"
rsync_run "nobody.invalid:/x" "$tmp/dst"
check_grep "and if it is the source" \
    'job rsync: nobody.invalid:/x: cannot open gateway' "$log"
rsync_run "$tmp/src/a" "$tmp/dst"
check_equal "a source that is no folder is an error" 1 $?
rsync_run "$tmp/src" "$tmp/dst/a"
check_equal "and a target that is none" 1 $?
finish
