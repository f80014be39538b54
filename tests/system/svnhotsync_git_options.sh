#!/bin/sh
# ignore, empty-dirs and externals make files as they should be.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/git.sh"
need svnadmin svnlook svn svnmucc git python3

cd "$tmp" || exit 2

printf '*.o\n\ndir/x\n#a\nend  \n' >ignore
printf '!b\n*~\n' >global
svnadmin create ignores
url=file://$tmp/ignores
step "ignored" mkdir trunk mkdir trunk/a mkdir trunk/a/b mkdir trunk/c \
    propsetf svn:ignore ignore trunk propsetf svn:ignore ignore trunk/a/b \
    propsetf svn:global-ignores global trunk/a/b $(put x trunk/a/f) \
    $(put own trunk/c/.gitignore) propset svn:ignore '*.c' trunk/c
step "otherwise" propset svn:ignore '*.a' trunk propdel svn:ignore trunk/a/b
step "a copy" mkdir branches cp HEAD trunk branches/x \
    propset svn:ignore x branches/x/a cp HEAD trunk/a trunk/d
step "its own goes" rm trunk/c/.gitignore
step "and another comes" $(put own trunk/.gitignore) propdel svn:ignore trunk/c
step "no more" propdel svn:global-ignores trunk/a/b propset p v trunk/d
step "what was in no branch" mkdir v mkdir v/w propset svn:ignore w v/w
step "is" cp HEAD v branches/v
if hot "$tmp/ignores" "$tmp/ignores.m" "git=$tmp/ignores.git" ignore=yes; then
	IGNORE=1 git_oracle "ignored names" ignores ignores.git $standard
else
	fail "ignored names" "$err"
fi
svnadmin create empties
url=file://$tmp/empties
step "empty ones" mkdir trunk mkdir trunk/a mkdir trunk/a/b mkdir trunk/own \
    put /dev/null trunk/own/.gitignore mkdir branches mkdir trunk/e
step "one gets a file, another its own" $(put f trunk/a/b/f) \
    put /dev/null trunk/e/.gitignore $(put f trunk/own/f) mkdir trunk/ignoring
step "copied" cp HEAD trunk branches/b mkdir branches/b/a/b/c mkdir branches/n
step "and emptied" rm branches/b/a/b/f rm branches/b/a/b/c rm trunk/a/b/f \
    cp HEAD trunk/own trunk/more rm trunk/own/f rm trunk/own/.gitignore
step "ignoring" propset svn:ignore '*.o' trunk/ignoring mkdir v mkdir v/w \
    mkdir v/w/x
step "no more" propdel svn:ignore trunk/ignoring cp HEAD v branches/v
step "all of it" rm trunk/a rm trunk/own rm trunk/more rm trunk/e \
    rm trunk/ignoring
step "and again" cp 5 trunk/a trunk/a $(put n branches/n/n)
# empties NAME [WORD...]
empties() {
	empties_name=$1
	shift
	if hot "$tmp/empties" "$tmp/empties.m" "git=$tmp/$empties_name" \
	    empty-dirs=yes "$@"; then
		EMPTY=1 git_oracle "empty folders are there: $empties_name" \
		    empties "$empties_name" $standard
	else
		fail "empty folders" "$err"
	fi
}
empties empties.git
IGNORE=1
export IGNORE
empties empties2.git ignore=yes
unset IGNORE
refused "and without" 'empty-dirs or externals' \
    hot "$tmp/empties" "$tmp/empties.m" "git=$tmp/empties.git"

svnadmin create externals
url=file://$tmp/externals
printf '^/lib@3 lib\n-r 5 http://x.example.org/y "a y"\n' >lines
step "externals" mkdir trunk mkdir trunk/a propsetf svn:externals lines trunk \
    propsetf svn:externals lines trunk/a mkdir trunk/own \
    $(put own trunk/own/.svnexternals) propset svn:externals '/x x' trunk/own
step "otherwise" propset svn:externals '/x y' trunk rm trunk/own/.svnexternals
step "copied" mkdir branches cp HEAD trunk branches/x cp HEAD trunk/a trunk/b \
    propset svn:externals '/z z' branches/x/a
step "gone" propdel svn:externals trunk rm trunk/a $(put f branches/x/a/f)
if hot "$tmp/externals" "$tmp/externals.m" "git=$tmp/externals.git" \
    externals=file; then
	EXTERNALS=1 git_oracle "externals are files" externals externals.git \
	    $standard
else
	fail "externals" "$err"
fi
check "and are not" hot "$tmp/externals" "$tmp/externals.m" \
    "git=$tmp/externals2.git"
git_oracle "in Git without" externals externals2.git $standard

# Each revision is carried over alone, and all of them at once: the same ids.
svnadmin create modules
url=file://$tmp/modules
modules() {
	hot "$tmp/modules" "$tmp/modules.m" "git=$tmp/$1" externals=gitmodules \
	    verify=no || fail "$1" "$err"
}
# A step that is carried over.
carried() {
	step "$@"
	modules modules.git
}
# has SENTENCE BRANCH TEXT: its .gitmodules; "": none.
has() {
	git -C modules.git show "$2:.gitmodules" >have 2>/dev/null || : >have
	printf "$3" >want
	check "$1" cmp have want
}
lib='[submodule "lib"]\n\tpath = lib\n\turl = ^/lib\n\tsvnRevision = 3\n'
lib="$lib\\tsvnFolder = .\\n"
printf '^/lib@3 lib\n# x\n\n-r 5 http://x.example.org/y@4 "b/a ;y"\n' >lines
carried "added" mkdir trunk mkdir trunk/a mkdir trunk/a/b mkdir branches \
    propsetf svn:externals lines trunk propset svn:externals \
    'old -r7 http://x.example.org/y@4' trunk/a $(put f trunk/f)
has "all are there" trunk "[submodule \"a/old\"]\n\tpath = a/old
	url = http://x.example.org/y@4\n\tsvnRevision = 7\n\tsvnFolder = a
[submodule \"b/a ;y\"]\n\tpath = \"b/a ;y\"\n\turl = http://x.example.org/y
	svnRevision = 5\n\tsvnPeg = 4\n\tsvnFolder = .\n$lib"
git config -f have -l >want
check_grep "Git reads it" '^submodule.b/a ;y.path=b/a ;y$' want
carried "changed" propset svn:externals '^/lib@3 lib' trunk \
    propset svn:externals '../y "q\"r"' trunk/a/b $(put g trunk/f)
carried "copied" cp HEAD trunk branches/whole cp HEAD trunk/a branches/inner \
    cp HEAD trunk/a trunk/c propset svn:externals '/z z' trunk/c/b \
    cp HEAD trunk trunk/c/whole
carried "moved" mv trunk/a trunk/d $(put own trunk/.gitmodules) \
    mv branches/inner/b branches/inner/e
carried "nothing of it" $(put h trunk/f) propset p v trunk/d
carried "replaced" rm trunk/c $(put f trunk/c) rm trunk/d mkdir trunk/d
carried "again" rm trunk/d cp 3 trunk/c trunk/d propdel svn:externals trunk/d \
    mv branches/whole branches/w
carried "branches are" rm trunk cp 3 trunk trunk rm trunk/c mkdir v mkdir v/w \
    propset svn:externals '^/a a' v/w cp HEAD branches branches/all \
    cp HEAD branches/inner tags
carried "more of them" cp HEAD v branches/v cp HEAD v trunk/v \
    cp HEAD branches/w/a trunk/w rm branches/inner/e
carried "and none" propdel svn:externals branches/inner \
    propdel svn:externals branches/v/w
has "no file is left" inner ''
has "and here" v ''
modules whole.git
git_refs modules.git >have
git_refs whole.git >want
check "cut or not, the ids are the same" cmp have want
MODULES=1 git_oracle "externals are in .gitmodules" modules modules.git \
    $standard
hot "$tmp/modules" "$tmp/modules.m" "git=$tmp/none.git" layout=none \
    externals=gitmodules empty-dirs=yes || fail "without branches" "$err"
MODULES=1 EMPTY=1 git_oracle "also without branches" modules none.git \
    ':refs/heads/main'
refused "and as files" 'empty-dirs or externals' hot "$tmp/modules" \
    "$tmp/modules.m" "git=$tmp/modules.git" externals=file

# A branch of a folder has a .gitmodules that the folder has not.
svnadmin create merges
url=file://$tmp/merges
step "a folder" mkdir trunk mkdir trunk/a propset svn:externals '/x x' trunk/a \
    mkdir branches $(put f trunk/a/f)
step "its branch" cp HEAD trunk branches/z cp HEAD trunk/a branches/y
step "goes on" $(put g branches/y/g)
step "is merged" propset svn:mergeinfo /branches/y:3 branches/z
if hot "$tmp/merges" "$tmp/merges.m" "git=$tmp/merges.git" \
    externals=gitmodules; then
	check_equal "its branch is merged as a whole" \
	    "$(git -C merges.git rev-parse y)" \
	    "$(git -C merges.git rev-parse z^2)"
else
	fail "merged" "$err"
fi

svnadmin create oddities
url=file://$tmp/oddities
printf '%s\n' '^/x -x' '/x ../y' 'garbage' '"--upload-pack=x" a1' \
    'http:///x a2' 'https://u@/x a3' '../:x a4' '^/x%0Ay a5' 'ext::sh a6' \
    '"" a7' '-r {2020-01-01} ^/x a8' '"/x" ..\\\\a' '^/good good' >lines
printf '^/tab "a\tb"\n' >>lines
# (svnmucc refuses what another client, or a dump, can have.)
step "odd ones" mkdir trunk mkdir trunk/-a propsetf new:externals lines trunk \
    propset svn:externals '/x x' trunk/-a
svnadmin dump -q oddities | sed 's/^new:ext/svn:ext/' >oddities.dump
rm -rf oddities
svnadmin create oddities
svnadmin load -q oddities <oddities.dump || fail "odd ones"
if hot "$tmp/oddities" "$tmp/oddities.m" "git=$tmp/oddities.git" \
    externals=gitmodules; then
	sed -n 's/.*r1, \(.*\): an external is not in .gitmodules, since /\1 /p' \
	    "$out" "$err" | sort >have
	check_equal "none is left out silently" 14 "$(wc -l <have)"
	for why in 'path begins with -: .*-x$' "target '../y'" \
	    "Error parsing.*'garbage'" 'URL begins with -: "--up' \
	    'no host: http:///x' 'no host: https://u@' 'another host: ../:x' \
	    'URL has a control character' "a command of Git's: ext::" \
	    'no URL: ""' 'no number: -r {2020' 'path has ..: "/x"' \
	    'path has a control character' '^/trunk/-a its path begins'; do
		check_grep "told: $why" "$why" have
	done
	said_in=oddities.git
	git -C oddities.git show trunk:.gitmodules >have
	check "the good one is there" test "$(grep -c submodule have)" = 1
	check_grep "with its URL" 'url = .\/good$' have
	check "fsck is content" git -C oddities.git fsck --strict
else
	fail "odd externals" "$err"
fi

refused "and without" 'another layout, ignore, merges, empty' \
    hot "$tmp/ignores" "$tmp/ignores.m" "git=$tmp/ignores.git"
finish
