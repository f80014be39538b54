#!/bin/sh
# With follow = yes: roots that are replaced, sources that become empty or are not
# there, deletions that are too many, rules that change, failures that pass.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3

cd "$tmp" || exit 2

# ---- What no event tells of
# again TARGETS KEY=VALUE...: another job, with src made anew.
again() {
	rm -rf src dst dst2 old
	mkdir -p src/folder
	for again_i in 1 2 3 4 5 6; do
		echo "$again_i" >"src/f$again_i"
	done
	echo deep >src/folder/deep
	follow "$@"
	following "another job follows"
}

again "$tmp/dst"
mv src old
mkdir src
echo other >src/other
soon "a source that was replaced is followed again" dst
check_grep "and that it was replaced is said" \
    'source .*moved away, replaced' "$log"
end_follow

again "$tmp/dst"
mv dst old
mkdir dst
soon "a target that was replaced is filled again" dst
check_grep "and that is said, too" 'target .*moved away, replaced' "$log"
end_follow

again "$tmp/dst" max-delete=3
rm src/f1 src/f2 src/f3
gone() {
	for gone_name in "$@"; do
		[ ! -e "dst/$gone_name" ] || return 1
	done
}
check "max-delete: the first three go" wait_until 10 gone f1 f2 f3
rm src/f4 src/f5
check "what is beyond is said" wait_until 10 grep -q \
    'max-delete is reached: [12] more' "$log"
check "and stays" [ -e dst/f4 -a -e dst/f5 ]
end_follow

again "$tmp/dst" max-delete=1 full=2s
rm src/f1
check "max-delete=1: one goes" wait_until 10 gone f1
rm src/f2 src/f3
check "a comparison of all lets one more go" wait_until 10 grep -q \
    'max-delete is reached' "$log"
told() {
	[ "$(grep -c 'max-delete is reached' "$log")" -ge 2 ]
}
check "and says that something stays" wait_until 10 told
end_follow

# (All of it within one settle time: what goes little by little is followed.)
again "$tmp/dst" settle=2s
rm -rf src/*
check "a source that becomes empty is said" wait_until 10 grep -q \
    'the source is empty' "$log"
check "and what lies at the top of the target stays" [ -e dst/f1 -a -e dst/f6 ]
echo back >src/f1
soon "when it has something again all goes on" dst
end_follow

rm -rf src dst
mkdir dst
echo kept >dst/kept
follow "$tmp/dst"
check "a source that is not there is waited for" wait_until 10 grep -q \
    'cannot open the source' "$log"
mkdir src
echo one >src/one
soon "until it is" dst
end_follow

again "$tmp/dst" filter=": .rules"
echo '- *.no' >src/.rules
echo 1 >src/a.no
echo 1 >src/a.yes
check "rules that come into a folder hold" wait_until 10 [ -e dst/a.yes ]
check_not "for what comes with them" test -e dst/a.no
echo '- *.yes' >src/.rules
echo 2 >src/b.no
check "when they change others hold" wait_until 10 [ -e dst/b.no ]
end_follow

if have chattr && [ "$(id -u)" -eq 0 ]; then
	again "$tmp/dst"
	if chattr +i dst/f1 2>/dev/null; then
		echo changed >src/f1
		check "what cannot be changed is said" wait_until 10 grep -q \
		    'f1: Operation not permitted' "$log"
		chattr -i dst/f1
		soon "and tried again" dst
	fi
	end_follow
fi
finish
