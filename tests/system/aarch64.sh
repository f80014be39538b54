#!/bin/sh
# The agent for aarch64, under qemu's emulator for programs: opened by popen,
# brought by the bootstrap to a machine whose uname says so, and driven by the
# agent's own unit tests.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"

FOREIGN=$top_builddir/agent/syncgate-agent-aarch64
THERE=popen//machine=aarch64

[ "$host_cpu" != aarch64 ] || skip_all "this machine is one: the other tests run on it"
[ -f "$FOREIGN" ] ||
    skip_all "no agent for aarch64: configure --with-agents=$host_cpu,aarch64"
need qemu-aarch64-static

# there PROGRAM-TEXT [ARG...]: run it over there; output in $tmp/out.
there() {
	printf '%s\n' "$1" >"$tmp/program.c"
	shift
	timeout -k 5 60 "$SYNCGATE" exec -n $limits "$THERE" \
	    "$tmp/program.c" "$@" >"$tmp/out" 2>&1 </dev/null
}
limits=

# main BODY: a program's text.
main() {
	printf '%s\n' '#include <execnet/remote.h>' \
	    'void remote_main(xn_channel *channel, const xn_value *kwargs)' \
	    '{' "$1" '}'
}

# ---- Values and arithmetic

check "hello, world" there "$(main 'xn_send(channel, "s", "hello, world");')"
check_equal "arrives" '"hello, world"' "$(cat "$tmp/out")"
check "it is a program for that machine" there \
    "$(main '
#ifdef __aarch64__
	xn_send(channel, "i", 1);
#endif
	')"
check_equal "as its compiler knows" 1 "$(cat "$tmp/out")"
values='a=1 b=-9223372036854775808 c=2.5 d={"$bytes":"AAEC/w=="} e=[null,true,"é"]'
check "values of every kind go there and back" there \
    "$(main 'xn_send_value(channel, kwargs);')" $values
check_equal "unchanged" '{"a": 1, "b": -9223372036854775808, "c": 2.5, "d": {"$bytes": "AAEC/w=="}, "e": [null, true, "é"], "args": []}' \
    "$(cat "$tmp/out")"
check "numbers of every kind are converted" there \
    "$(main '
	double d = 3.5; float f = d; long double l = 1.25L;
	unsigned long long u = d * 1e18, v = l * 1e10L;
	long double back = v; int i = l * 4.0L; unsigned int ui = f * 2;
	struct { int a; double b; char c[3]; } s = { 1, 2.5, "ab" };

	xn_send(channel, "(llddilds)", u / 2, v, (double)(float)u,
	    (double)(back / 1e10L), i, (long long)ui, s.b, s.c);
	xn_send(channel, "s", xn_printf("%d %ld %llu %g %s %c %.3f", -1, 2L,
	    3ULL, 4.5, "x", 65, 7.25));
	')"
check_equal "as here" \
    '{"$tuple": [1750000000000000000, 12500000000, 3.500000048152838e+18, 1.25, 5, 7, 2.5, "ab"]} "-1 2 3 4.5 x A 7.250"' \
    "$(tr '\n' ' ' <"$tmp/out" | sed 's/ $//')"

# ---- Errors

check_not "a program that does not compile is an error" there \
    "$(main 'undeclared();')"
check_grep "with its line" 'program.c:4: error: implicit declaration' "$tmp/out"
check_not "as is one that crashes" there "$(printf '%s\n' \
    '#include <execnet/remote.h>' \
    'static void inner(int *p)' '{' '	*p = 1;' '}' \
    'void remote_main(xn_channel *channel, const xn_value *kwargs)' '{' \
    '	inner((int *)8);' '}')"
check_grep "with the line" 'program.c:4: in function inner: crashed with SIGSEGV' \
    "$tmp/out"
check_grep "and the caller's" 'program.c:8: called from remote_main' "$tmp/out"

# ---- Limits: what the emulator can keep, and what it says it cannot

limits="--limit cpu=1"
check_not "one that spins is stopped" there "$(main 'for (;;) ;')"
check_grep "for its CPU time" 'stopped: it used more than 1 second of CPU' \
    "$tmp/out"
limits="--limit seconds=0.5"
check_not "one that sleeps is stopped" there "$(main 'xn_sleep(600000);')"
check_grep "by the clock" 'stopped: it ran longer than 0.5 seconds' "$tmp/out"
limits="--limit files=20"
check_not "one that opens too much is refused" there \
    "$(main 'while (xn_base_open("/") >= 0) ; xn_fail("%m");')"
check_grep "for its descriptors" 'Too many open files .its limits: files=20' \
    "$tmp/out"
for limits in memory=64M memory=8G processes=4 network=no read=/etc; do
	limits="--limit $limits"
	check_not "$limits is refused where it cannot be had" there \
	    "$(main 'xn_send(channel, "i", 1);')"
	check_grep "with a sentence" 'remote_exec: cannot limit ' "$tmp/out"
done
limits=

# ---- What ships more: the plugin's side, and the agent's own tests

if have svnadmin && sh "$top_srcdir/tests/lib/mkrepo.sh" "$tmp/repo" 30 \
    >"$tmp/mkrepo.log" 2>&1; then
	check "svnhotsync reads a repository over there" \
	    timeout -k 5 120 "$SYNCGATE" run --once --plugin svnhotsync \
	    source="$THERE:$tmp/repo" mirror="$tmp/mirror"
	check "and what it mirrored is sound" svnadmin verify -q "$tmp/mirror"
	check "it keeps a mirror over there as well" \
	    timeout -k 5 120 "$SYNCGATE" run --once --plugin svnhotsync \
	    source="$tmp/repo" mirror="$THERE:$tmp/mirror2"
	check "which is sound, too" svnadmin verify -q "$tmp/mirror2"
else
	skip "no Subversion, no repository to mirror"
fi

cat >"$tmp/emulated" <<EOT
#!/bin/sh
exec qemu-aarch64-static "$FOREIGN" "\$@"
EOT
chmod 755 "$tmp/emulated"
for unit in test_agent_program test_agent_router; do
	[ -x "$top_builddir/tests/unit/$unit" ] || {
		skip "no $unit in this build"
		continue
	}
	check "$unit holds for it" env XN_AGENT="$tmp/emulated" \
	    timeout -k 5 120 "$top_builddir/tests/unit/$unit"
done

# ---- The bootstrap picks it

# A login where uname says aarch64, and where unpacking makes what arrived run:
# what the kernel of such a machine would do by itself.
mkdir "$tmp/fake"
cat >"$tmp/fake/uname" <<'EOT'
#!/bin/sh
[ "$1" = -m ] && echo aarch64 || exec /bin/uname "$@"
EOT
cat >"$tmp/fake/gzip" <<EOT
#!/bin/sh
$(command -v gzip) "\$@" >"$tmp/arrived" && chmod 700 "$tmp/arrived"
echo '#!/bin/sh'
echo 'exec qemu-aarch64-static "$tmp/arrived" "\$@"'
EOT
chmod 755 "$tmp"/fake/*
if sshd_start; then
	login aarch64 <<EOT
PATH=$tmp/fake:\$PATH
export PATH
exec sh -c "\$SSH_ORIGINAL_COMMAND"
EOT
	check_agent "over ssh an agent starts where uname says aarch64" "$login"
	check_grep "that is the one for it" '^features .*,aarch64' "$tmp/out"
	check "byte for byte" cmp "$tmp/arrived" "$FOREIGN"
fi

finish
