#!/bin/sh
# A source whose disk fails: files that cannot be read, are not there, or are
# cut off, by copying and by dump, here and there, at the start and while it is
# followed.  What is said names the revision and the file; the mirror is whole
# up to the last good revision, and all comes when the source is mended.

# What is looked at is contents, so all may be in memory.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnlook svn python3

cd "$tmp" || exit 2
# r30 is small, r40 takes several messages.
mkrepo source 39 200000 5 || exit 1
head -c 300000 /dev/urandom >noise
svn import -q -m "r40, a large one" noise "file://$tmp/source/noise" || exit 1
svn mkdir -q -m more "file://$tmp/source/more" || exit 1
svn mkdir -q -m last "file://$tmp/source/last" || exit 1
youngest=$(repo_youngest source)
whole=$(repo_sum source)
cp -a source good

if [ -n "${sanitize:-}" ] || ! have strace || ! strace -o trace true 2>/dev/null
then
	strace=no
	skip "a disk that fails while it is read: no strace here"
else
	strace=yes
fi

sound() {
	[ ! -f mirror/format ] || svnadmin verify -q mirror
}
# run_on FILE: the job once; of a disk that fails, FILE is what cannot be read.
run_on() {
	set -- "$1" "$SYNCGATE" run --plugin svnhotsync --once \
	    source="$from$tmp/source" mirror="$tmp/mirror" method="$method"
	run_file=$1
	shift
	[ "$fault" != fails ] || set -- strace -f -qq -o trace \
	    -P "$tmp/source/$run_file" \
	    -e trace=read,pread64,readv,sendfile,splice,copy_file_range \
	    -e inject=read,pread64,readv,sendfile,splice:error=EIO "$@"
	"$@" >"$out" 2>"$err" </dev/null
}
# damage FILE, as $fault says.
damage() {
	chmod u+w "source/$1"
	case $fault in
	missing) rm "source/$1" ;;
	folder) rm "source/$1" && mkdir "source/$1" ;;
	cut) head -c $(($(wc -c <"good/$1") / 2)) "good/$1" >"source/$1" ;;
	esac
}
mend() {
	rm -rf "source/$1"
	cp -p "good/$1" "source/$1"
}
# A revision that does not verify came by copying what the source had.
repair() {
	cat >conf <<EOT
job repaired {
	plugin = svnhotsync
	method = $method
	source = "$from$tmp/source"
	mirror = "$tmp/mirror"
}
EOT
	"$SYNCGATE" verify -c conf --repair repaired >"$out" 2>"$err"
}

# one FAULT REV FILE PATTERN: with FILE so damaged the run fails, and says
# PATTERN.
one() {
	fault=$1
	rev=$2
	file=$3
	[ "$fault" != fails ] || [ $strace = yes ] || return 0
	what="$method ${from:-here:} $file $fault"
	rm -rf mirror
	damage "$file"
	run_on "$file"
	check_equal "$what: no success" 1 $?
	check_grep "$what: it is said" "$4" "$err"
	case $4 in
	*'does not verify'*)
		mend "$file"
		check "$what: verify --repair mends it" repair
		;;
	*)
		check "$what: only what is before it is there" \
		    [ "$(repo_youngest mirror)" = "" -o \
		    "$(repo_youngest mirror)" -lt "$rev" ]
		check "$what: and verifies" sound
		mend "$file"
		;;
	esac
	fault=
	run_on "$file" || fail "$what: when it is mended" "$err"
	check_equal "$what: when it is mended, all comes" "$whole" \
	    "$(repo_sum mirror)"
}

method=copy
for rev in 30 40; do
	[ $rev = 30 ] && from= || from=popen:
	for file in db/revs/0/$rev db/revprops/0/$rev; do
		one missing $rev $file "r$rev is missing in .*no $file"
		one folder $rev $file "cannot read .*$file: Is a directory"
		one fails $rev $file "cannot read .*$file: Input/output error"
	done
	one cut $rev db/revs/0/$rev "r$rev of the mirror .*does not verify"
done
method=dump
for rev in 30 40; do
	[ $rev = 30 ] && from= || from=popen:
	ends="dump of the source failed after r"
	one missing $rev db/revs/0/$rev "$ends.*revision $rev"
	one folder $rev db/revs/0/$rev "$ends.*0/$rev"
	one cut $rev db/revs/0/$rev "$ends.* r$rev "
	one fails $rev db/revs/0/$rev "$ends.*0/$rev'?: Input/output error"
done

# ---- While it is followed
said() {
	[ "$(grep -c -e "$1" "$out")" -ge "$2" ]
}
cp -a good grown
svn mkdir -q -m "one more" "file://$tmp/grown/again"
new=$((youngest + 1))
for method in copy dump; do
	rm -rf mirror source
	cp -a good source
	hot_follow "popen:$tmp/source" "$tmp/mirror" method=$method
	check "$method: it follows" wait_until 30 said following 1
	# A commit whose revision cannot be read.
	mkdir "source/db/revs/0/$new"
	cp -p "grown/db/revprops/0/$new" "source/db/revprops/0/$new"
	cp grown/db/current source/db/current.new
	mv source/db/current.new source/db/current
	check "$method: what cannot be read is said, and tried again" \
	    wait_until 20 said "revs/0/$new'*: Is a directory.*trying again" 1
	check "$method: the mirror is whole" sound
	check_equal "$method: and has what was before it" "$youngest" \
	    "$(repo_youngest mirror)"
	rmdir "source/db/revs/0/$new"
	cp -p "grown/db/revs/0/$new" "source/db/revs/0/$new"
	check "$method: when it can be read, it comes" \
	    wait_until 30 has_revision mirror "$new"
	hot_stop
	check_equal "$method: SIGTERM ends it with 0" 0 "$hot_status"
	same_repo "$method: and all is the same" grown mirror
done

# ---- Somebody may not read it
method=copy
if [ "$(id -u)" -eq 0 ]; then
	have setpriv || {
		skip "files that may not be read: root may, and no setpriv"
		finish
	}
	hot_env='setpriv --reuid=65534 --regid=65534 --clear-groups'
fi
chmod 755 "$tmp"
mkdir room
[ "$(id -u)" -ne 0 ] || chown 65534:65534 room
if ! env $hot_env test -x "$SYNCGATE"; then
	skip "files that may not be read: a plain user cannot reach the build"
	finish
fi
rm -rf source
cp -a good source
chmod -R a+rX source
chmod 0 source/db/revs/0/30
for method in copy dump; do
	hot "$tmp/source" "$tmp/room/$method" method=$method
	check_equal "$method, may not be read: no success" 1 $?
	check_grep "$method, may not be read: it is said" \
	    "revs/0/30'?: Permission denied" "$err"
	check "$method, may not be read: the mirror verifies" sh -c \
	    "[ ! -f room/$method/format ] || svnadmin verify -q room/$method"
done
chmod 444 source/db/revs/0/30
for method in copy dump; do
	hot "$tmp/source" "$tmp/room/$method" method=$method ||
	    fail "$method, may be read again" "$err"
	check_equal "$method, may be read again: all comes" "$whole" \
	    "$(repo_sum "room/$method")"
done
finish
