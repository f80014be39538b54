#!/bin/sh
# A writer of a Git repository killed at every single step: of making it, of
# packs, refs and HEAD, and of merging packs; a step is a system call that
# others can see something of.  At each of them git finds the repository good,
# with all that a ref has; and the next run brings it to the same end, with
# nothing left over.  By default only at one of so many steps, another one each
# time; EVERY=1 (or --long) is each of them.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need git
kill_at=$top_builddir/tests/lib/kill_at
git_write=$top_builddir/tests/lib/git_write
"$kill_at" main 1000 "$tmp/report" /bin/true ||
    skip_all "processes may not be traced here"
[ -n "${SYNCGATE_LONG:-}" ] && every=1 || every=8
every=${EVERY:-$every}
commits=6
HOME=$tmp
export HOME
dir=$tmp/r

# What there is in the end.
all() {
	git -C "$1" symbolic-ref HEAD && git -C "$1" show-ref &&
	    git -C "$1" cat-file --batch --batch-all-objects | sha256sum
}

# Before HEAD is there it is no repository yet, and after that a good one.
sound() {
	[ ! -e "$dir/HEAD" ] || {
		git -C "$dir" fsck --strict --full --no-dangling 2>&1 |
		    grep -v '^notice: ' >"$tmp/said"
		! [ -s "$tmp/said" ]
	}
}

nothing_left() {
	[ -z "$(find "$dir" -name 'tmp_*' -o -name '*.lock' \
	    ! -name syncgate.lock)" ] &&
	    git -C "$dir" count-objects -v | grep -q '^garbage: 0$'
}

"$git_write" "$tmp/whole" "$commits" || fail "it does not write"
whole=$(all "$tmp/whole")
check_equal "there are all commits" "$commits" \
    "$(git -C "$tmp/whole" rev-list --count main)"
check "packs were merged" \
    [ "$(find "$tmp/whole/objects/pack" -name '*.pack' | wc -l)" -le 4 ]

n=$(($(od -An -N2 -tu2 /dev/urandom) % every + 1))
kills=0
before=$test_failed
while :; do
	rm -rf "$dir"
	"$kill_at" main "$n" "$tmp/report" "$git_write" "$dir" "$commits" \
	    >"$tmp/out" 2>"$tmp/err" </dev/null
	grep -q killed "$tmp/report" || break
	kills=$((kills + 1))
	at="step $n ($(cat "$tmp/report"))"
	sound || fail "$at: it is not sound" "$tmp/said"
	"$git_write" "$dir" "$commits" >"$tmp/out" 2>"$tmp/err" ||
	    fail "$at: the next run does not go on" "$tmp/err"
	sound || fail "$at: it is not sound in the end" "$tmp/said"
	[ "$(all "$dir")" = "$whole" ] || fail "$at: it is not the same"
	nothing_left || fail "$at: something was left over"
	[ "$test_failed" -gt $((before + 3)) ] && break
	n=$((n + every))
done
check_equal "killed at $kills steps of $n: all is well after each" \
    "$before" "$test_failed"
check "there were steps to be killed at" [ "$kills" -gt 10 ]
finish
