#!/bin/sh
# git = DIR: at each revision the tree of each branch is what `svn export` says,
# whatever happened to branches and names; the same input makes the same ids,
# also when it was killed in between.
#
# With --long all dumps of ../shared (or CORPORA) are converted, too, by both
# layouts; else a few of them.

# What is looked at is contents, so all may be in memory.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/git.sh"
need svnadmin svnlook svn svnmucc git python3

cd "$tmp" || exit 2
LC_ALL=C.UTF-8
export LC_ALL

# ---- A history of branches

svnadmin create source
url=file://$tmp/source
printf 'link ../hello' >a-link
printf 'link ../hello\nand more' >more-link
printf 'no link' >no-link
printf 'one\r\ntwo\n' >mixed
step "the folders" mkdir trunk mkdir branches mkdir tags
step "files" $(put hello trunk/hello) mkdir trunk/dir mkdir trunk/empty \
    $(put one trunk/dir/one) put a-link trunk/dir/link \
    propset svn:special yes trunk/dir/link put no-link trunk/dir/no-link \
    propset svn:special yes trunk/dir/no-link \
    put more-link trunk/dir/many propset svn:special yes trunk/dir/many \
    $(put run trunk/run) propset svn:executable yes trunk/run \
    put mixed trunk/mixed
step "" cp 2 trunk branches/a
step "on a" $(put two branches/a/dir/two) rm branches/a/run
step "a tag" cp 2 trunk tags/1.0
step "a tag with a change" cp HEAD branches/a tags/1.1 $(put x tags/1.1/x)
step "only a property" propset p v trunk
step "two branches at once" $(put both trunk/both) $(put both branches/a/both)
step "a tag is moved on" $(put y tags/1.0/y)
step "a branch goes" rm branches/a
step "and comes again from an old revision" cp 4 branches/a branches/a
step "a branch of a folder" cp HEAD trunk/dir branches/dir
step "and of one that is in no branch" mkdir vendor mkdir vendor/lib \
    $(put lib vendor/lib/lib)
step "namely" cp HEAD vendor branches/vendor
step "trunk is replaced" rm trunk cp HEAD branches/a trunk
step "a branch is renamed" mv branches/a branches/b
step "within a branch" cp 8 trunk/dir trunk/old rm trunk/dir
step "a file by a folder, a folder by a file" rm trunk/hello \
    mkdir trunk/hello $(put h trunk/hello/h) rm trunk/old \
    $(put o trunk/old)
step "a program is none any more" propdel svn:executable tags/1.0/run
step "a link is none any more" propdel svn:special branches/b/dir/link
printf 'link one' >another-link
step "what is no link becomes one" put another-link branches/b/dir/no-link
step "it leads elsewhere" put a-link branches/b/dir/no-link
step "and is none again" put no-link branches/b/dir/no-link
step "an empty folder gets something" $(put e branches/dir/deep) \
    mkdir branches/dir/more mkdir branches/dir/more/and \
    $(put m branches/dir/more/and/more)
step "and loses it" rm branches/dir/more/and/more
step "names" mkdir trunk/.GIT $(put c trunk/.GIT/config) mkdir trunk/sub \
    $(put g trunk/sub/.git) $(put p trunk/sub/%252Egit) \
    $(put b 'trunk/back\slash') $(put a trunk/a.b) mkdir trunk/a \
    $(put a trunk/a/x) $(put a trunk/a0)
printf '[submodule "../x"]\n\tpath = -x\n\turl = -u\n' >modules
step "of Git's own" put modules trunk/.gitmodules mkdir trunk/dir \
    mkdir trunk/dir/.gitModules $(put m trunk/dir/.gitModules/m) \
    $(put l trunk/dir/gitmod~1) put a-link trunk/a/.gitmodules \
    propset svn:special yes trunk/a/.gitmodules
step "programs that may be links" $(put run trunk/dir/prog) \
    propset svn:special yes trunk/dir/prog propset svn:executable yes \
    trunk/dir/prog put a-link trunk/dir/link2 propset svn:special yes \
    trunk/dir/link2 propset svn:executable yes trunk/dir/link2
step "are, or are not" put a-link trunk/dir/prog put no-link trunk/dir/link2
step "names of branches" cp HEAD trunk branches/x..y cp HEAD trunk \
    branches/.hidden cp HEAD trunk branches/at@{1} cp HEAD trunk \
    branches/end.lock cp HEAD trunk branches/50% cp HEAD trunk branches/HEAD
step "all branches at once" cp HEAD branches archive
step "and all of them are gone" rm branches
step "and again" cp HEAD archive branches $(put more branches/b/more)
step "what is in no branch" $(put r README) $(put r tags/README)
step "an empty branch" mkdir branches/empty
revprop 3 svn:log 'caf\xe9 <\x00>'
revprop 4 svn:author
revprop 5 svn:date
revprop 7 svn:author 'a <b>\n'
revprop 8 svn:log
revprop 9 svn:author 'J\xf6rg'
youngest=$(repo_youngest source)
uuid=$(svnlook uuid source)

# to_git NAME [WORD...]: from source to NAME and NAME.git.
to_git() {
	to_name=$1
	shift
	hot "$tmp/source" "$tmp/$to_name" "git=$tmp/$to_name.git" "$@"
}
said_in=m1.git
if to_git m1; then
	git_oracle "branches, tags and names are as svn exports them" source \
	    m1.git $standard
else
	fail "a repository is converted" "$err"
fi
check_grep "what is in no branch is said" 'r13, /vendor is in no branch' "$out"
check_equal "who has no name" "(no author) <(no author)@$uuid>" \
    "$(said 4 branches/a '%an <%ae>')"
check_equal "a name that would end early" "a ?b?? <a ?b??@$uuid>" \
    "$(said 7 trunk '%cn <%ce>')"
check_equal "a name that is not UTF-8" "Jörg" "$(said 9 tags/1.0 %an)"
check_equal "nor is a log: it is taken for ISO 8859-1" "café <␀>" \
    "$(said 3 branches/a %B)"
check_equal "no log" "" "$(said 8 trunk %B)"
check_equal "a date is in seconds" \
    "$(svnlook date -r 4 source | cut -c 1-25)" "$(said 4 branches/a %cd)"
check_equal "one that is not there is that before" "$(said 4 branches/a %ct)" \
    "$(git -C m1.git for-each-ref --format='%(taggerdate:unix)' \
    refs/syncgate/deleted/tags/1.0@9)"
check_equal "the branch that came again begins where the old one was" \
    "$(said 4 branches/a %H)" "$(said 11 branches/a %P)"
check_equal "and the old one is kept" "$(said 8 branches/a %H)" \
    "$(git -C m1.git rev-parse refs/syncgate/deleted/heads/a@10)"
check_equal "a branch of a folder has the whole as its parent" \
    "$(said 8 trunk %H)" "$(said 12 branches/dir %P)"
check_equal "a tag that is a copy is the commit itself" \
    "$(said 2 trunk %H)" "$(said 5 tags/1.0 %H)"
check_equal "HEAD is trunk" refs/heads/trunk \
    "$(git -C m1.git symbolic-ref HEAD)"
git clone -q m1.git clone >clone.out 2>&1 ||
    fail "it can be cloned" clone.out

# ---- The same, by other ways
if hot "popen:$tmp/source" "$tmp/none" "git=$tmp/none.git" layout=none; then
	git_oracle "from elsewhere, as one branch" source none.git \
	    ':refs/heads/main'
else
	fail "as one branch" "$err"
fi
set -- 'branches/archived/*:refs/heads/archived/*' \
    'archive/*:refs/heads/archive/*' 'branches/*:refs/heads/b/*' \
    'trunk:refs/heads/main' 'vendor/*:refs/tags/vendor-*'
# layouts WORD...: the same as options
layouts() {
	for word in "$@"; do
		printf 'layout=%s\n' "$word"
	done
}
if to_git patterns method=dump $(layouts "$@"); then
	git_oracle "of a mirror by dump, by patterns" source patterns.git "$@"
else
	fail "by patterns" "$err"
fi

# What the mirror is like does not matter: libsvn reads what is old.
svnadmin dump -q source >source.dump 2>/dev/null
# alike NAME PACKED [WORD...]: the same in a repository made with those words.
alike() {
	alike_name=$1
	alike_packed=$2
	shift 2
	svnadmin create "$@" "$alike_name"
	[ -z "$alike_packed" ] || sed -i 's/sharded 1000/sharded 4/' \
	    "$alike_name/db/format"
	svnadmin load -q --force-uuid --bypass-prop-validation "$alike_name" \
	    <source.dump >load.out 2>&1 || fail "$alike_name" load.out
	[ -z "$alike_packed" ] || svnadmin pack -q "$alike_name"
	hot "$tmp/$alike_name" "$tmp/$alike_name.m" \
	    "git=$tmp/$alike_name.git" verify=no || fail "$alike_name" "$err"
}
alike plain ''
alike packed yes
alike older '' --compatible-version 1.8
check "a mirror is packed" [ -d packed.m/db/revs/0.pack ]
check_equal "its ids are the same" "$(git_refs plain.git)" \
    "$(git_refs packed.git)"
check_equal "and those of one of another format" "$(git_refs plain.git)" \
    "$(git_refs older.git)"

# A revision a run, so that each goes on from what is on the disk.
refs=$(git_refs m1.git)
svnadmin create bit
cp source/db/uuid bit/db/uuid
rev=0
while [ "$rev" -lt "$youngest" ]; do
	rev=$((rev + 1))
	svnadmin dump -q --incremental -r $rev source 2>/dev/null |
	    svnadmin load -q --bypass-prop-validation bit >load.out 2>&1 ||
	    fail "r$rev" load.out
	cp -f source/db/revprops/0/$rev bit/db/revprops/0/$rev
	hot "$tmp/bit" "$tmp/bit.m" "git=$tmp/bit.git" verify=no ||
	    fail "r$rev by itself" "$err"
done
check_equal "a revision at a time: the same ids" "$refs" "$(git_refs bit.git)"
check "small packs are merged" \
    [ "$(ls bit.git/objects/pack/*.pack | wc -l)" -le 12 ]
git_oracle "and all is there" source bit.git $standard

# ---- Killed
kill_at=$top_builddir/tests/lib/kill_at
if "$kill_at" main 1000 "$tmp/report" /bin/true; then
	[ -n "${SYNCGATE_LONG:-}" ] && every=1 || every=7
	every=${EVERY:-$every}
	at=$(($(od -An -N2 -tu2 /dev/urandom) % every + 1))
	kills=0
	differ=
	while :; do
		rm -rf m1.git
		"$kill_at" main "$at" "$tmp/report" "$SYNCGATE" run --once \
		    --plugin svnhotsync "source=$tmp/source" \
		    "mirror=$tmp/m1" "git=$tmp/m1.git" verify=no \
		    >"$out" 2>"$err" </dev/null
		grep -q killed "$tmp/report" || break
		kills=$((kills + 1))
		to_git m1 verify=no || { fail "it goes on after step $at" \
		    "$err"; break; }
		[ "$(git_refs m1.git)" = "$refs" ] || differ="$differ $at"
		[ -z "$(find m1.git/objects m1.git -maxdepth 2 -name \
		    '*tmp*' -o -maxdepth 2 -name '*.lock' -size +0)" ] ||
		    differ="$differ $at(left)"
		at=$((at + every))
	done
	check_equal "killed at $kills steps: it goes on with the same ids" \
	    "" "$differ"
	check "there were steps" [ "$kills" -gt 3 ]
else
	skip "processes may not be traced here"
fi

# ---- Following, after Git has repacked all
git -C m1.git gc -q --prune=now
hot_follow "$tmp/source" "$tmp/m1" "git=$tmp/m1.git"
wait_until 20 grep -q following "$out" || fail "it follows" "$out"
step "later" $(put later trunk/later)
youngest=$((youngest + 1))
has_note() {
	git -C m1.git grep -q "^r$youngest $uuid /trunk\$" refs/notes/svn
}
check "a commit arrives while it follows" wait_until 20 has_note
heads() {
	git -C m1.git for-each-ref --format='%(objectname) %(refname)' \
	    refs/heads refs/tags
}
# noted REV PATH: what is noted of that commit's properties.
noted() {
	git -C m1.git notes --ref=svn-revprops show "$(said "$1" "$2" %H)" \
	    2>&1
}
before=$(heads)
printf 'another\nlog' >another-log
svnadmin setlog source -r 3 --bypass-hooks another-log
has_log() {
	noted 3 branches/a | grep -q '^another$'
}
check "a log that is changed later is noted" wait_until 30 has_log
check_equal "with all that is known of the revision" "r3 $uuid
svn:author: $(svnlook author -r 3 source)
svn:date: $(svn propget --revprop -r 3 svn:date "$url")
svn:log:

another
log" "$(noted 3 branches/a)"
check_equal "history is not changed" "$before" "$(heads)"
hot_stop
check_equal "SIGTERM ends it well" 0 "$hot_status"
id -un | tr -d '\n' >me
svnadmin setrevprop source -r 6 svn:author me
svnadmin setrevprop source -r 6 svn:date "$(printf \
    2001-02-03T04:05:06.000007Z >date; echo date)"
check "what is changed while nobody looks" to_git m1
check_grep "is said" 'properties of 1 converted revision were' "$out"
check_equal "is noted by the next run, of a tag too" \
    "r6 $uuid $(id -un) 2001-02-03T04:05:06.000007Z" \
    "$(git -C m1.git notes --ref=svn-revprops show "$(git -C m1.git \
    rev-parse refs/tags/1.1)" | sed 's/^svn:[a-z]*: //;3q' | tr '\n' ' ' |
    sed 's/ $//')"
check_equal "history is not changed" "$before" "$(heads)"
notes=$(git_refs m1.git)
check "with nothing changed" to_git m1
check_equal "nothing is noted" "$notes" "$(git_refs m1.git)"
git -C m1.git for-each-ref --format='delete %(refname)' \
    refs/syncgate/revprops >deletion
git -C m1.git update-ref --stdin <deletion
git -C m1.git pack-refs --all
check "a repository that was made before they were noted" to_git m1
check_equal "has them as they are" "$notes" "$(git_refs m1.git)"
git_oracle "and all is there" source m1.git $standard

# ---- Others' repositories
# convert DUMP: by both layouts.
convert() {
	name=$(basename "$1" .dump)
	rm -rf r r.*
	svnadmin create r
	svnadmin load -q --no-flush-to-disk --bypass-prop-validation r \
	    <"$1" >load.out 2>&1 || fail "$1 cannot be loaded" load.out
	for layout in standard none; do
		words=$standard
		[ "$layout" = standard ] || words=:refs/heads/main
		if hot "$tmp/r" "$tmp/r.m" "git=$tmp/r.$layout" \
		    "layout=$layout" verify=no; then
			git_oracle "$name, $layout" r "r.$layout" $words
		else
			fail "$name, $layout" "$err"
		fi
	done
}
for dump in "$top_srcdir"/tests/data/svn/*.dump; do
	convert "$dump"
done
corpora=${CORPORA:-$top_srcdir/../shared/corpora/svn-dumps/public}
if [ -n "${SYNCGATE_LONG:-}" ] && [ -f "$corpora/MANIFEST.tsv" ]; then
	for dump in "$corpora"/*.dump; do
		convert "$dump"
	done
fi
finish
