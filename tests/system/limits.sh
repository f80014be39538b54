#!/bin/sh
# Limits of a program: for a plain user, on kernels that lack what they need,
# and as somebody at a shell asks for them.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

arguments=
WITHOUT=$top_builddir/tests/lib/without

# as_plain_user COMMAND...: root may do what the test wants refused.
as_plain_user() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	else
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	fi
}

# agent_without WHAT: the agent that is found from now on lacks it.
agent_without() {
	SYNCGATE_AGENT_DIR=$tmp/without
	mkdir -p "$SYNCGATE_AGENT_DIR"
	cat >"$tmp/without/$(basename "$AGENT")" <<EOT
#!/bin/sh
exec "$WITHOUT" "$1" "$AGENT" "\$@"
EOT
	chmod 755 "$tmp/without/$(basename "$AGENT")"
	export SYNCGATE_AGENT_DIR
}

# limited LIMIT... : run the program with them; its output is in $tmp/out.
limited() {
	"$SYNCGATE" exec --no-input "$@" popen "$tmp/program.c" $arguments \
	    >"$tmp/out" 2>&1 </dev/null
}

cat >"$tmp/program.c" <<'EOT'
#include <execnet/remote.h>
void remote_main(xn_channel *channel, const xn_value *kwargs)
{
	int base = xn_base_open("/etc");
	char *text = base < 0 ? NULL : xn_read_file(base, "passwd", 1 << 20, NULL);

	(void)kwargs;
	if (text == NULL)
		xn_fail("cannot read /etc/passwd: %m");
	xn_send(channel, "s", "done");
}
EOT

# ---- For a plain user

chmod 755 "$tmp"
mkdir "$tmp/agent"
cp "$AGENT" "$tmp/agent"
chmod -R a+rX "$tmp"
for unit in test_agent_limits test_agent_limits_numbers; do
	if ! [ -x "$top_builddir/tests/unit/$unit" ]; then
		skip "no $unit in this build"
	elif have setpriv || [ "$(id -u)" -ne 0 ]; then
		cp "$top_builddir/tests/unit/$unit" "$tmp"
		check "$unit holds for a plain user" as_plain_user \
		    env SYNCGATE_AGENT_DIR="$tmp/agent" "$tmp/$unit"
	else
		skip "no setpriv to become a plain user by"
	fi
done

# ---- At a shell

check "without limits the program does its work" limited
check "a limit that allows it lets it" limited --limit read=/etc \
    --limit network=no --limit processes=4
check_not "one that does not stops it" limited --limit read=/usr
check_grep "and it says which" \
    'Permission denied \(its limits: read=/usr\)' "$tmp/out"
check_not "a limit that is none is an error" limited --limit read=etc
check_grep "which says what is wanted" "limit read: 'etc' is not" "$tmp/out"

# ---- On other kernels

agent_without landlock_create_ruleset=38
check_not "without Landlock a limit of paths is an error" \
    limited --limit read=/etc
check_grep "which says so" \
    'cannot limit paths: this kernel has no Landlock' "$tmp/out"
check "what needs no Landlock is there" limited --limit network=no \
    --limit cpu=10
agent_without landlock_create_ruleset=95
check_not "nor with a Landlock that is switched off" limited --limit write=none
check_grep "which says so, too" 'Landlock is switched off' "$tmp/out"
agent_without seccomp=22
check_not "without seccomp a limit of the network is an error" \
    limited --limit network=no
check_grep "which names it" 'cannot limit the network: no seccomp' "$tmp/out"
check_not "as is one of processes" limited --limit processes=9
check_grep "by its name" 'cannot limit processes: no seccomp' "$tmp/out"
agent_without prlimit64=1,setrlimit=1
check_not "a limit that the kernel refuses is an error" limited --limit files=9
check_grep "with the reason" 'cannot limit files' "$tmp/out"

# ---- With older versions of Landlock

cat >"$tmp/program.c" <<'EOT'
#include <execnet/remote.h>
static long
call(long n, long a, long b, long c)
{
#ifdef __x86_64__
	long r;

	asm volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) :
	    "rcx", "r11", "memory");
	return r;
#else
	return -13;
#endif
}

void remote_main(xn_channel *channel, const xn_value *kwargs)
{
	const char *victim = xn_value_text(kwargs, "victim", "");
	int base;

	/* open with O_TRUNC for reading only, and for nothing; truncate */
	xn_send(channel, "(lll)", (long long)call(2, (long)victim, 01000, 0),
	    (long long)call(2, (long)victim, 01003, 0),
	    (long long)call(76, (long)victim, 0, 0));
	base = xn_base_open(xn_value_text(kwargs, "folder", ""));
	if (base < 0 || xn_write_file(base, "sub/made", "x", 1, 0644) != 0)
		xn_fail("cannot write: %m");
	xn_send(channel, "s", "done");
}
EOT
mkdir -p "$tmp/out.d/sub"
arguments="victim=$tmp/victim folder=$tmp/out.d"
for abi in 1 2 3 5; do
	agent_without landlock=$abi
	echo precious >"$tmp/victim"
	rm -f "$tmp/out.d/sub/made"
	check "with version $abi the program works where it may" \
	    limited --limit write="$tmp/out.d"
	check_equal "and truncates nothing outside ($abi)" precious \
	    "$(cat "$tmp/victim")"
	check "its file is there ($abi)" test -f "$tmp/out.d/sub/made"
done

finish
