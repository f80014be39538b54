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
mkdir new
echo other >new/other
mv src old
mv new src
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

# A link in its place leads to what is not ours.
mkdir precious
echo precious >precious/file
again "$tmp/dst"
# (In one step: a target that is missing is made anew.)
kill -STOP "$follow"
mv dst old
ln -s precious dst
kill -CONT "$follow"
check "a target that became a link is refused" wait_until 10 grep -q \
    'target .*leads to .*/precious now' "$log"
check_equal "and where that leads nothing is touched" "file precious" \
    "$(ls -A precious) $(cat precious/file)"
kill -STOP "$follow"
rm dst
mv old dst
kill -CONT "$follow"
echo more >src/more
soon "until the folder is back" dst
end_follow

mkdir -p above/dst
mkdir -p precious/dst
again "$tmp/above/dst|$tmp/dst2"
mv above other
ln -s precious above
check "so is one in a folder that became one, of several targets" \
    wait_until 10 grep -q 'target .*leads to .*/precious/dst now' "$log"
check_equal "and nothing is touched" "" "$(ls -A precious/dst)"
end_follow

mkdir one two
ln -s one current
again "$tmp/current"
ln -sfn two current
soon "a target that was a link from the beginning may be led elsewhere" two
end_follow

# What was said before is not said again at the end.
again "$tmp/dst|$tmp/dst2"
cp -a src new
mv src old
mv new src
check "two targets whose source was replaced follow the new one" wait_until 10 \
    sh -c "[ \$(grep -c 'in step; following' '$log') -eq 4 ]"
lines_before=$(wc -l <"$log")
end_follow
check_equal "when they are stopped then, no old warning is said again" "" \
    "$(tail -n "+$((lines_before + 1))" "$log" | grep warning)"

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
rm src/f2 src/f3 src/f4
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
wait "$follow"
check_equal "a source that becomes empty is held" 1 "$?"
check_grep "and said" 'the source is empty, .*--approve' "$log"
check "and what lies at the top of the target stays" [ -e dst/f1 -a -e dst/f6 ]
echo back >src/f1
follow "$tmp/dst"
soon "when it has something again all goes on" dst
end_follow

rm -rf src dst
mkdir dst
echo kept >dst/kept
follow "$tmp/dst"
check "a source that is not there is waited for" wait_until 10 grep -q \
    'cannot open the source' "$log"
mkdir new
echo one >new/one
mv new src
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
