# git.sh: what the tests of Git repositories share.  Source it after hotsync.sh.
#
#	standard="..."			the words of the standard layout
#	git_oracle SENTENCE REPOSITORY GIT LAYOUT...	git_oracle.py finds
#						nothing, and fsck neither
#	git_refs GIT			all refs and their ids: the same
#						text, the same history
#	step LOG WORD...		a revision of $url, by svnmucc
#	put CONTENT PATH		words for svnmucc that put it there
#	revprop REV NAME [VALUE]	of the repository "source"
#	said REV PATH FORMAT		of a commit in $said_in
#	refused SENTENCE PATTERN COMMAND...	it fails, and says so in $err

standard='trunk:refs/heads/trunk branches/*:refs/heads/* tags/*:refs/tags/*'

git_oracle() {
	oracle_what=$1
	oracle_git=$3
	shift
	python3 "$top_srcdir/tests/lib/git_oracle.py" "$@" \
	    >"$tmp/oracle" 2>&1
	oracle_status=$?
	if [ "$oracle_status" -ne 0 ] || [ "$(wc -l <"$tmp/oracle")" -ne 1 ]
	then
		fail "$oracle_what" "$tmp/oracle"
	elif ! git -C "$oracle_git" fsck --strict --no-progress \
	    >"$tmp/oracle" 2>&1; then
		fail "$oracle_what: git fsck" "$tmp/oracle"
	else
		pass "$oracle_what"
	fi
}

git_refs() {
	git -C "$1" for-each-ref --format='%(objectname) %(refname)'
}

# step LOG WORD...: svnmucc; a step is a revision.
step() {
	step_log=$1
	shift
	svnmucc -U "$url" -m "$step_log" "$@" >step.out 2>&1 ||
	    fail "$step_log" step.out
}
# put CONTENT PATH...: words for svnmucc that put it there.
n=0
put() {
	n=$((n + 1))
	printf '%s\n' "$1" >"put.$n"
	printf 'put %s %s ' "$tmp/put.$n" "$2"
}

# said REV PATH FORMAT: of the commit of that, in $said_in.
said() {
	said_at=$(git -C "$said_in" grep -l "^r$1 [^ ]* /$2\$" refs/notes/svn)
	git -C "$said_in" log -1 --date=iso --format="$3" \
	    "$(echo "${said_at#refs/notes/svn:}" | tr -d /)"
}

refused() {
	refused_what=$1
	refused_why=$2
	shift 2
	check_not "$refused_what" "$@"
	check_grep "$refused_what: why" "$refused_why" "$err"
}

# revprop REV NAME [VALUE]: bytes that svnadmin would not take; none: it goes.
revprop() {
	python3 - source/db/revprops/0/"$@" <<'EOT'
import os, re, sys
path, name, value = sys.argv[1], sys.argv[2].encode(), sys.argv[3:]
rest, props = open(path, "rb").read(), {}
while rest != b"END\n":
    m = re.match(rb"K (\d+)\n", rest)
    key = rest[m.end():][:int(m[1])]
    rest = rest[m.end() + int(m[1]) + 1:]
    m = re.match(rb"V (\d+)\n", rest)
    props[key] = rest[m.end():][:int(m[1])]
    rest = rest[m.end() + int(m[1]) + 1:]
props.pop(name, None)
for v in value:
    props[name] = v.encode().decode("unicode_escape").encode("latin-1")
os.unlink(path)
with open(path, "wb") as f:
    for key, v in props.items():
        f.write(b"K %d\n%s\nV %d\n%s\n" % (len(key), key, len(v), v))
    f.write(b"END\n")
EOT
}
