#!/bin/sh
# bench/svn2git.sh [ROUNDS [REVISIONS]]: a Subversion repository becomes a Git
# repository, beside svn-all-fast-export and git-svn, each from a repository on
# this machine (ours from the mirror that the job has made before), in turns.
# Not given: 3 rounds, 10,000 revisions.
#
# git-svn is too slow to be let finish: it gets GITSVN_SECONDS (20) a round, and
# its rate is what it did in that time.  It is at the beginning then, where trees
# are small.
#
# Ours is timed as a whole run of syncgate with nothing to mirror; the other
# until it has ended, and so have the git fast-import that it started.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/bench/times.sh"
need svnadmin svn-all-fast-export git python3
[ -x "$(git --exec-path)/git-svn" ] || skip_all "no git-svn on this machine"

rounds=${1:-3}
revisions=${2:-10000}
svn_seconds=${GITSVN_SECONDS:-20}
cd "$tmp" || exit 2
HOME=$tmp
export HOME

# With what GNU time says: the most memory of one process, its processor time.
ours() {
	python3 - "$round" "$SYNCGATE" run --once --plugin svnhotsync \
	    source="$tmp/source" mirror="$tmp/mirror" git="$tmp/ours.$round" \
	    2>"$err" <<'EOF' >>ours.used || { cat "$err"; return 1; }
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%.2f %.1f" % (used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))
sys.exit(code)
EOF
}

fast_export() {
	mkdir "export.$round" &&
	    (cd "export.$round" && svn-all-fast-export --rules ../rules \
	    ../source) >export.log 2>&1 || { tail export.log; return 1; }
}

git_svn_round() {
	timeout "$svn_seconds" git svn clone -q --stdlayout \
	    "file://$tmp/source" "svn.$round" >svn.log 2>&1
	git -C "svn.$round" rev-list --all --count |
	    awk -v t="$svn_seconds" '{ printf "%.2f\n", $1 / t }' >>svn.rates
}

report() {
	printf '%-24s best %7.2f s   median %7.2f s   %8.0f rev/s\n' "$1" \
	    "$(best "$2")" "$(median "$2")" \
	    "$(awk -v t="$(median "$2")" -v n="$revisions" 'BEGIN { print n / t }')"
}
packs() {
	cat "$1"/objects/pack/*.pack | wc -c
}
trees() {
	git -C "$1" rev-parse "refs/heads/$2^{tree}"
}

cat >rules <<'EOF'
create repository git
end repository
match /trunk/
  repository git
  branch master
end match
match /branches/([^/]+)/
  repository git
  branch \1
end match
match /tags/([^/]+)/
  repository git
  branch refs/tags/\1
end match
match /
end match
EOF

echo "making $revisions revisions..."
shm=$(mktemp -d /dev/shm/svn2git.XXXXXX) && at_exit "rm -rf $shm"
python3 "$top_srcdir/bench/svn2git_make.py" "$revisions" >"$shm/dump" &&
    svnadmin create "$shm/source" &&
    svnadmin load -q --no-flush-to-disk "$shm/source" <"$shm/dump" &&
    cp -a "$shm/source" source || exit 1
rm -rf "$shm"
hot "$tmp/source" "$tmp/mirror" || { cat "$err"; exit 1; }
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc)," \
    "repository: $(du -s --apparent-size -BM source | cut -f1), warm"

for round in $(seq "$rounds"); do
	timed ours ours
	timed export fast_export
	git_svn_round
done

# The same trees, so the same work.
for pair in trunk:master $(git -C ours.1 for-each-ref \
    --format='%(refname:lstrip=2)' 'refs/heads/b*' | sed 's/.*/&:&/'); do
	[ "$(trees ours.1 "${pair%:*}")" = \
	    "$(trees export.1/git "${pair#*:}")" ] ||
	    { echo "the trees of $pair are not the same" >&2; exit 1; }
done

report "syncgate" ours.times
report "svn-all-fast-export" export.times
printf '%-24s median %7.1f rev/s\n' "git svn, $svn_seconds s of it" \
    "$(median svn.rates)"
echo "syncgate is $(ratio "$(median export.times)" "$(median ours.times)")" \
    "times as fast as svn-all-fast-export, and" \
    "$(awk -v t="$(median ours.times)" -v n="$revisions" \
    -v r="$(median svn.rates)" 'BEGIN { printf "%.0f", n / t / r }')" \
    "times as fast as git svn (medians)"
echo "packs as written: $(packs ours.1) bytes, svn-all-fast-export" \
    "$(packs export.1/git): $(ratio "$(packs ours.1)" "$(packs export.1/git)")"
git -C ours.1 gc -q && git -C export.1/git gc -q || exit 1
echo "after git gc: $(packs ours.1) bytes, svn-all-fast-export" \
    "$(packs export.1/git): $(ratio "$(packs ours.1)" "$(packs export.1/git)")"
sort -k2,2nr ours.used | head -n 1 | awk '{
	printf "processor time: %.1f s, most memory of a process: %.1f MiB\n",
	    $1, $2 }'
