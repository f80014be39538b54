# The fail-over of the manual, performed: the source dies, its mirror is promoted
# and takes commits, and the old source becomes a mirror of the new master.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"

# job NAME SOURCE MIRROR [LINE]
job() {
	printf 'job %s {\n\tplugin = svnhotsync\n\tsource = "%s"\n' "$1" "$2"
	printf '\tmirror = "%s"\n\t%s\n}\n' "$3" "${4:-}"
}
promote() {
	"$SYNCGATE" promote -c "$tmp/conf" "$@" >"$out" 2>"$err" </dev/null
}
run() {
	"$SYNCGATE" run -c "$tmp/conf" --once "$@" >"$out" 2>"$err" </dev/null
}
tree() {
	(cd "$1" && find . -printf '%p %m\n' | sort &&
	    find . -type f -exec sha256sum {} + | sort)
}
hook() {
	printf '#!/bin/sh\necho "%s" >>"%s"\n' "$2" "$tmp/ran" >"$1"
	chmod 755 "$1"
}

one=$tmp/one
two=$tmp/two
mkrepo "$one" 20 40000 1 8
svnadmin pack -q "$one"
hook "$one/hooks/start-commit" start
hook "$one/hooks/post-commit" post
hook "$one/hooks/pre-commit" pre
{
	job away "$one" "$two" 'include = {"hooks", "locks"}'
	job many "$one" "$tmp/many" |
	    sed 's,mirror = \(.*\),mirrors = {\1},'
	job new "$one" "$tmp/new"
} >"$tmp/conf"

# ---- What is not promoted -------------------------------------------------------

check_not "a mirror that is not there is not promoted" promote --force new
check_not "nothing is made" ls -d "$tmp/new"
check_not "one of many is not" promote many
check_grep "with what to do" 'say which by --only' "$err"
check_not "a job that is not there" promote nothing
check "the mirror is made" run away
hot_follow "$one" "$two"
check "a job follows" wait_until 20 grep -q following "$out" "$err"
check_not "beside a running job it is not promoted" \
    "$SYNCGATE" promote -c "$tmp/conf" --force away
check_grep "which is said" 'another job is writing the mirror' "$tmp/.check"
hot_stop
before=$(tree "$two")
mv "$one" "$tmp/dead"
check_not "without the source it is not promoted by chance" promote away
check_grep "but may be" 'if the source is dead, --force' "$err"
check_equal "nothing was changed" "$before" "$(tree "$two")"
mv "$tmp/dead" "$one"

# ---- What is not whole -------------------------------------------------------------

cp -a "$two" "$tmp/broken"
job broken "$one" "$tmp/broken" >>"$tmp/conf"
unpacked=$(cat "$two/db/min-unpacked-rev")
rm "$tmp/broken/db/revs/$((unpacked / 8))/$unpacked"
check_not "without a revision's file it is not promoted" promote --force broken
check_grep "which is named" "is not whole: .*/$unpacked is not there" "$err"
check_not "nor quickly" promote --force --quick broken
check_not "nor with the source" promote --quick broken
rm -rf "$tmp/broken"
cp -a "$two" "$tmp/broken"
rm "$tmp/broken/db/revprops/0.pack/1.0"
check_not "nor without packed properties" promote --force --quick broken
check_grep "which are named" '0.pack/1.0 is not there' "$err"
rm -rf "$tmp/broken"
cp -a "$two" "$tmp/broken"
file=$tmp/broken/db/revs/$((unpacked / 8))/$((unpacked + 1))
chmod u+w "$file"
printf XXXX | dd of="$file" bs=1 seek=50 conv=notrunc 2>/dev/null
for way in "$tmp/broken" "popen:$tmp/broken"; do
	job "at-$(echo "$way" | tr -c 'a-z\n' -)" "$one" "$way" >>"$tmp/conf"
	check_not "nor with a damaged revision" promote --force \
	    "at-$(echo "$way" | tr -c 'a-z\n' -)"
	check_grep "which is named" \
	    "r$((unpacked + 1)) of the mirror .* does not verify" "$err"
done
check "it is a mirror still" test -f "$tmp/broken/db/syncgate"
rm -rf "$tmp/broken"
cp -a "$two" "$tmp/broken"
rm "$tmp/broken"/hooks/*
svn mkdir -q -m foreign "file://$tmp/broken/foreign"
check_not "what somebody else committed to is not promoted" promote broken
check "but by force" promote --force --quick broken
check_grep "which is said" 'it is promoted all the same' "$out" "$err"

# ---- The source dies ------------------------------------------------------------

svn mkdir -q -m last "file://$one/last"
: >"$tmp/ran"
cp -a "$two" "$tmp/two.before"
check "it is promoted while the source is there" promote --run-hooks away
check_equal "it got what it did not have yet" 21 "$(repo_youngest "$two")"
same_repo "it has all" "$one" "$two"
check_grep "what becomes of the job is told" \
    'take the job away out of the configuration, or turn it round' "$out" "$err"
mv "$one" "$tmp/dead"
check_not "it is no mirror any more" ls "$two"/db/syncgate*
check "it takes a commit" svn mkdir -q -m new "file://$two/new"
check_equal "its hooks run" "start pre post" "$(paste -sd' ' "$tmp/ran")"
check "it takes a lock" svnadmin lock "$two" "/$(svnlook tree \
    --full-paths "$two" | grep -v '/$' | head -n 1)" me /dev/null
hook "$two/hooks/pre-revprop-change" revprop
check "it takes another log message, if its administrator allows that" \
    svn propset -q --revprop -r 3 svn:log another "file://$two"
check_not "who promotes it again is told" promote --force away
check_not "the job does not write to it" run away
mv "$tmp/dead" "$one"
check_not "also when the old source is back" run away
check_grep "and says why" 'did not make' "$err"

# ---- The old source comes back -----------------------------------------------------

job back "$two" "$one" >>"$tmp/conf"
before=$(repo_sum "$one")
check_not "the old source is not overwritten by chance" run back
check "it becomes a mirror of the new master" run --resync back
same_repo "with the same dump" "$two" "$one"
check_equal "what it was lies beside it" "$before" "$(repo_sum "$one.before-1")"
check_not "and it takes no commits" svn mkdir -q -m x "file://$one/x"
svn mkdir -q -m y "file://$two/y"
check "the next run goes on with it" run back
same_repo "with the same dump" "$two" "$one"

# ---- Back again, by force, without hooks ----------------------------------------------

mv "$two" "$tmp/dead2"
check "the source dies: by force" promote --force back
check "it takes commits" svn mkdir -q -m z "file://$one/z"
two=$tmp/two.before
sed "s,\"$tmp/two\",\"$two\"," "$tmp/conf" >"$tmp/conf2"
mv "$tmp/conf2" "$tmp/conf"
: >"$tmp/ran"
check "without --run-hooks" promote --force away
check "hooks do not run, and are in nobody's way" \
    svn mkdir -q -m z "file://$two/z"
check_equal "none did" "" "$(cat "$tmp/ran")"
check "they are there still" test -f "$two/hooks/pre-commit.source"
check_grep "which was said" "pre-commit is put aside" "$out" "$err"

# ---- A mirror of the mirror, when the master dies ----------------------------------------

mkrepo "$tmp/first" 12 24000 1 8
cat >"$tmp/chain" <<END
$(job one "$tmp/first" "$tmp/second")
$(job two "$tmp/second" "$tmp/last")
$(job back "$tmp/second" "$tmp/first")
END
chain() {
	chain_command=$1
	shift
	"$SYNCGATE" "$chain_command" -c "$tmp/chain" "$@" >"$out" 2>"$err" \
	    </dev/null
}
check "a mirror" chain run --once one
"$SYNCGATE" run -c "$tmp/chain" two >"$tmp/follows" 2>&1 </dev/null &
hot_pid=$!
at_exit "kill_child $hot_pid"
check "and a mirror of the mirror, which follows" wait_until 20 \
    grep -q following "$tmp/follows"
svn mkdir -q -m a "file://$tmp/first/a"
check "the mirror gets a commit" chain run --once one
check "and hands it on" wait_until 10 has_revision "$tmp/last" 13
mv "$tmp/first" "$tmp/first.dead"
check "the mirror is promoted, while its own is following" \
    chain promote --force one
check "it takes commits" svn mkdir -q -m b "file://$tmp/second/b"
check "which arrive at its mirror as ever" wait_until 10 \
    has_revision "$tmp/last" 14
check_not "that one takes none" svn mkdir -q -m c "file://$tmp/last/c"
mv "$tmp/first.dead" "$tmp/first"
check "the old master becomes a mirror beside it" \
    chain run --once --resync back
svn mkdir -q -m d "file://$tmp/second/d"
check "both get what comes" chain run --once back
check "this one, too" wait_until 10 has_revision "$tmp/last" 15
hot_stop
same_repo "the old master is the same as the new" "$tmp/second" "$tmp/first"
same_repo "so is the mirror of the mirror" "$tmp/second" "$tmp/last"

# ---- Cut off, without guards -------------------------------------------------------------

job bare "$one" "$tmp/bare" 'guard = no' >>"$tmp/conf"
check "a mirror without guards" run bare
# As it is when promoting is killed behind its record: only the end is missing.
cp -a "$tmp/bare" "$tmp/bare.whole"
rm "$tmp/bare/db/syncgate"
check_not "one without a record, that was not being promoted, is none" \
    promote --force bare
: >"$tmp/bare/db/syncgate-promoting"
for i in $(seq 40); do
	: >"$tmp/bare/db/syncgate-trace$i"
done
check "one that was is brought to its end" promote --force bare
check_not "nothing of ours is left" ls "$tmp/bare"/db/syncgate*
check "it takes commits" svn mkdir -q -m bare "file://$tmp/bare/bare"
check_not "it is not promoted again" promote --force bare
check_not "and nothing is left by that" ls "$tmp/bare"/db/syncgate*

# ---- Over there, and by dump -----------------------------------------------------------

three=$tmp/three
job third "$one" "popen:$three" >>"$tmp/conf"
check "a mirror of the mirror that was, at the other end" run third
check "is promoted" promote third
check "and takes commits" svn mkdir -q -m z "file://$three/zz"
four=$tmp/four
job fourth "$one" "$four" 'method = dump' >>"$tmp/conf"
check "a mirror by dump" run fourth
# The machine was started again before `current` was on the disk, and the source
# is dead: nobody else can take it back.
cp -a "$four" "$tmp/lost"
sed -i 's/^boot .*/boot 00000000-0000-0000-0000-000000000000/' \
    "$tmp/lost/db/syncgate"
: >"$tmp/lost/db/current"
job lost "$tmp/dead" "$tmp/lost" 'method = dump' >>"$tmp/conf"
check "one whose current was lost is promoted" promote --force lost
same_repo "with all that was on the disk" "$four" "$tmp/lost"
check "is promoted" promote fourth
check "and takes commits" svn mkdir -q -m z "file://$four/zz"
# Somebody else has committed to one: a loader says so, too.
mkrepo "$tmp/plain" 8 30000 1
job fifth "$tmp/plain" "$tmp/five" 'method = dump' >>"$tmp/conf"
check "another mirror by dump" run fifth
check "by force, with nothing of others" promote --force --quick fifth
check_not "nothing is said of them" grep -q 'all the same' "$out" "$err"
rm -rf "$tmp/five"
check "another mirror by dump" run fifth
left=$(repo_youngest "$tmp/five")
rm "$tmp/five/hooks/start-commit"
svn mkdir -q -m foreign "file://$tmp/five/foreign"
check_not "that others committed to it is no reason to promote it" \
    promote fifth
check "but force is" promote --force fifth
check_equal "which is said once" 1 "$(cat "$out" "$err" | grep -c \
    "is at r$((left + 1)), and r$left was left there: .*all the same")"

# A hook that cannot be put aside; what was read until then is let go.
hook "$tmp/plain/hooks/pre-commit" pre
job aside "$tmp/plain" "$tmp/aside" 'include = {"hooks"}' >>"$tmp/conf"
check "a mirror with hooks" run aside
name=$tmp/aside/hooks/pre-commit
for i in 1 2 3 4 5 6 7 8; do
	name=$name.source
	: >"$name"
done
check_not "without a free name a hook is not put aside" \
    promote --force --quick aside
check_grep "which is said" 'cannot put .*/hooks/pre-commit aside' "$err"
check_not "and nothing is leaked" grep -q LeakSanitizer "$err"
rm "$name"
check "with one it is" promote --force --quick aside
rm "$tmp/plain/hooks/pre-commit"

# ---- Committed to while it is verified ------------------------------------

six=$tmp/six
job sixth "$tmp/plain" "popen:$six" >>"$tmp/conf"
check "a mirror at the other end" run sixth
left=$(repo_youngest "$six")
rm "$six"/hooks/*
mkdir "$tmp/fake"
# The first time it commits behind what it verified; the second time it waits
# until promote has been stopped.
cat >"$tmp/fake/svnadmin" <<END
#!/bin/sh
$(command -v svnadmin) "\$@" || exit 1
[ "\$1" = verify ] || exit 0
echo verify >>"$tmp/calls"
case \$(wc -l <"$tmp/calls") in
1) svn mkdir -q -m during "file://$six/during" ;;
2)	: >"$tmp/waits"
	while [ -f "$tmp/waits" ]; do sleep 0.05; done ;;
esac
END
chmod 755 "$tmp/fake/svnadmin"
PATH=$tmp/fake:$PATH sh -c 'echo $$ >"$1" && shift && exec "$@"' - \
    "$tmp/promote.pid" "$SYNCGATE" promote -c "$tmp/conf" --force sixth \
    >"$out" 2>"$err" </dev/null &
hot_pid=$!
at_exit "kill_child $hot_pid"
check "what is committed while it is verified is looked at, too" \
    wait_until 20 test -f "$tmp/waits"
kill -STOP "$(cat "$tmp/promote.pid")"
rm -f "$tmp/waits"
check "and is verified" wait_until 20 \
    grep -qx $((left + 1)) "$six/db/syncgate-verified"
sleep 6	# (it looks once more how far the mirror is)
svn mkdir -q -m late "file://$six/late"
kill -CONT "$(cat "$tmp/promote.pid")"
wait "$hot_pid"
check_equal "what is committed behind that is not promoted" 1 "$?"
check_grep "and why is said" \
    "at r$((left + 2)) by now, and only r0:$((left + 1)) were verified" "$err"
check "it is a mirror still" test -f "$six/db/syncgate"
check "with --quick that is verified, and it is promoted" \
    promote --force --quick sixth
check_equal "with all" $((left + 2)) "$(repo_youngest "$six")"
verified "the third verifies" "$one" "$three"
check "so does the fourth" svnadmin verify -q "$four"

finish
