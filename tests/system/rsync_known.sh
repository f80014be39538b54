#!/bin/sh
# rsync remembers which folders have nothing with extended attributes in them:
# what then gets some is seen all the same, at either end, and a memory that is
# damaged, somebody else's or too old is not used.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3
cd "$tmp" || exit 2
memory=$XDG_STATE_HOME/syncgate/rsync

xattr() {
	python3 - "$@" <<'EOT'
import os, struct, sys
what, path = sys.argv[1:3]
if what == "set":
    os.setxattr(path, sys.argv[3], b"value")
elif what == "remove":
    os.removexattr(path, sys.argv[3])
elif what == "quietly":		# and no time is what it was but ctime
    st = os.stat(path)
    os.setxattr(path, sys.argv[3], b"value")
    os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))
elif what == "acl":		# user::rw- user:1:r-- group::r-- mask::r-- other::r--
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) +
                b"".join(struct.pack("<HHI", *entry) for entry in (
                    (1, 6, 0xffffffff), (2, 4, 1), (4, 4, 0xffffffff),
                    (16, 4, 0xffffffff), (32, 4, 0xffffffff))))
EOT
}

mkdir src src/few
for n in 1 2 3 4 5 6 7 8 9 10; do
	mkdir "src/$n"
	for m in 1 2 3 4 5 6 7 8 9 10 11 12; do
		echo "$n $m" >"src/$n/$m"
	done
done
echo few >src/few/one
xattr set src/1/1 user.test 2>/dev/null ||
    skip_all "no extended attributes in $tmp"
xattr remove src/1/1 user.test
case $(stat -f -c %T .) in
ext2/ext3 | xfs | btrfs) ;;
*) skip_all "$tmp is on a file system of which nothing is remembered" ;;
esac

run() {
	rsync_run "popen:$tmp/src" "popen:$tmp/dst" fsync=none "$@"
}

# settled: by now nothing at either end is new; two runs, and all is known.
settled() {
	sleep 4
	run && run
	check_equal "$1: it is remembered of both ends" 2 \
	    "$(ls "$memory" | grep -c '^known-[0-9a-f]*$')"
}

# seen SENTENCE: a run makes both the same, and says nothing of a memory.
seen() {
	in_step "$1" "popen:$tmp/src" "popen:$tmp/dst" fsync=none
	same "$1: both are the same" src dst
	check "$1: nothing is wrong with the memory" \
	    not grep -q 'is not used' "$log"
}

# asked OPTION...: how many folders and files were asked for their attributes.
# (Not every strace has a name for listxattrat, which is 465.)
asked() {
	rsync_before="strace -f -qq -o calls"
	run "$@"
	rsync_before=
	grep -c 'listxattr\|syscall_0x1d1(' calls
}

not() {
	! "$@"
}

run || fail "the first run ends well" "$log"
same "the first run: both are the same" src dst
settled "after three runs"
before=$(cat "$memory"/known-* | cksum)
in_step "one more" "popen:$tmp/src" "popen:$tmp/dst" fsync=none
check_equal "then nothing is written any more" "$before" \
    "$(cat "$memory"/known-* | cksum)"

if have strace && [ -z "$sanitize" ] &&
    strace -o /dev/null true 2>/dev/null; then
	few=$(asked)
	check "no file in a large folder is asked ($few)" [ "$few" -le 40 ]
	many=$(asked checksum=yes)
	check "with checksum all are ($many)" [ "$many" -ge 240 ]
else
	skip "no file in a large folder is asked: no strace, or it cannot trace this"
fi

# ---- What changes, each in a folder of its own
xattr set src/1/3 user.test		# a file at the source
xattr quietly src/2/3 user.test		# one that has its old time
xattr acl src/3/3			# an ACL
xattr set src/4 user.test		# a folder
xattr set dst/5/3 user.test		# a file at the target
xattr acl dst/6/3
cp -p src/7/3 new			# another with the same size and time
xattr quietly new user.test
touch -r src/7/3 new
mv new src/7/3
touch src/few/two
xattr set src/few/one user.test
seen "attributes and ACLs that come at either end"
xattr remove src/1/3 user.test
xattr remove src/4 user.test
xattr remove dst/2/3 user.test
seen "some that go"

# At once after one another: within a tick of the clock, perhaps.
settled "once more"
xattr set src/8/8 user.one
run
xattr set src/8/8 user.two
seen "one and at once another"

# ---- The memory
# each COMMAND...: do it with each file, called file.
each() {
	for file in "$memory"/known-*; do
		"$@"
	done
}
flip() {
	python3 - "$file" "$1" <<'EOT'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = int(sys.argv[2]) % len(data)
data[at] ^= 1
open(sys.argv[1], "wb").write(data)
EOT
}
shorten() {
	truncate -s "$1" "$file"
}
# damaged SENTENCE: it is said, and all is as without; and there is another.
damaged() {
	xattr quietly src/9/9 "user.$1"
	in_step "$1" "popen:$tmp/src" "popen:$tmp/dst" fsync=none
	check_equal "$1: that is said of both" 2 "$(grep -c 'is not used' "$log")"
	same "$1: both are the same" src dst
}

each flip 0
damaged "no memory at all"
each flip -20
damaged "damaged"
each shorten 20
damaged "cut short"
each shorten 20M
damaged "far too long"
set -- "$memory"/known-*
cp "$1" swap
cp "$2" "$1"
cp swap "$2"
damaged "each is the other's"
seen "in the end"

# Nothing is left of jobs that are no more.
touch -d '3 days ago' "$memory/known-0123456789abcdef"
touch src/1/1
sleep 3
run
run
check "what is old is removed" not test -e "$memory/known-0123456789abcdef"

# ---- In another user's folder, who leads it elsewhere
if [ "$(id -u)" -eq 0 ]; then
	mkdir -p theirs/syncgate elsewhere
	ln -s "$tmp/elsewhere" theirs/syncgate/rsync
	touch -d '3 days ago' elsewhere/known-hosts
	chown -h nobody theirs theirs/syncgate theirs/syncgate/rsync
	touch src/1/1
	sleep 3
	(XDG_STATE_HOME=$tmp/theirs; run)
	check_equal "with another user's folder a run ends well" 0 $?
	check "which says so" grep -q "cannot write .*not permitted" "$log"
	check_equal "and nothing is written or removed where that leads" \
	    "elsewhere/known-hosts" "$(echo elsewhere/*)"
else
	skip "root is not led elsewhere: needs root"
fi

# ---- Where it cannot be written
rm -r "$memory"
echo "no folder" >"$memory"
run
check_equal "without a place for it a run ends well" 0 $?
check "which says so" grep -q "cannot write .*/known-" "$log"
rm "$memory"
rsync_dry "popen:$tmp/src" "popen:$tmp/dst"
check "a dry run writes nothing" not test -e "$memory"
rsync_run "popen:$tmp/src" "popen:$tmp/dst" fsync=none attributes=no
check_none "nor does one without attributes" "$memory"/known-*

finish
