#!/bin/sh
# What `make install DESTDIR=` installs is enough: a program built against it
# by pkg-config opens a gateway and runs a program there.
# alone: yes (libtool links the plugins anew in their place)
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need make pkg-config

[ -z "$sanitize" ] || skip_all "a sanitizer build is not for installing"

root=$tmp/root
check "make install DESTDIR= works" \
    make -s -C "$top_builddir" install "DESTDIR=$root"
libdir=$(dirname "$(find "$root" -name libexecnet.so)")
for wanted in "$prefix/bin/syncgate" "$prefix/include/execnet.h" \
    "$prefix/include/execnet/remote.h" "$prefix/include/execnet/tree.h" \
    "$prefix/include/execnet/value.h" "$prefix/include/execnet/delta.h" \
    "$prefix/include/syncgate/plugin.h" \
    "$prefix/libexec/syncgate/syncgate-agent-$host_cpu" \
    "$prefix/libexec/syncgate/syncgate-agent-$host_cpu.gz" \
    "$prefix/libexec/syncgate/syncgate-http" \
    "$prefix/lib/systemd/system/syncgate.service" \
    "$prefix/lib/sysusers.d/syncgate.conf" \
    "$prefix/lib/tmpfiles.d/syncgate.conf" \
    "$prefix/share/man/man3/libexecnet.3" \
    "$prefix/share/man/man8/syncgate-rsync.8" \
    "$prefix/lib/syncgate/plugins/svnhotsync.so"; do
	check "$wanted is installed" test -f "$root$wanted"
done
unit=$prefix/lib/systemd/system/syncgate.service
check_grep "the unit begins what is installed" \
    "^ExecStart=$prefix/bin/syncgate daemon --foreground\$" "$root$unit"
if have systemd-analyze; then
	sed "s|$prefix/bin|$top_builddir|" "$root$unit" \
	    >"$tmp/syncgate.service"
	systemd-analyze verify --man=no "$tmp/syncgate.service" 2>&1 |
	    grep 'syncgate\.service' >"$tmp/said"
	check_equal "systemd finds nothing wrong with it" "" "$(cat "$tmp/said")"
else
	skip "the unit: no systemd-analyze on this machine"
fi
check "nothing is left behind that the build folder is named in" \
    sh -c '! grep -rlI "$1" "$2" --include=*.pc --include=*.h' - \
    "$top_builddir" "$root"

cat >"$tmp/tiny.c" <<'EOT'
#include <stdio.h>

#include <apr_general.h>
#include <execnet.h>

static const char program[] =
    "#include <execnet/remote.h>\n"
    "void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
    "{ long long n; xn_receive(channel, XN_FOREVER, \"l\", &n);\n"
    "  xn_send(channel, \"l\", n * 2); }\n";

static xn_error_t *
run(long long *answer, apr_pool_t *pool)
{
	xn_group_t *group;
	xn_gateway_t *gateway;
	xn_channel_t *channel;

	XN_TRY(xn_group_create(&group, pool));
	XN_TRY(xn_gateway_open(&gateway, group, "popen", pool));
	XN_TRY(xn_remote_exec(&channel, gateway, &(xn_program_t){
	    .name = "double.c", .source = program }, pool));
	XN_TRY(xn_send(channel, "l", 21LL));
	return xn_receive(channel, xn_seconds(30), "l", answer);
}

int
main(void)
{
	apr_pool_t *pool;
	xn_error_t *error;
	long long answer = 0;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	error = run(&answer, pool);
	if (error != NULL) {
		fprintf(stderr, "%s\n", xn_error_text(error, pool));
		return 1;
	}
	printf("%lld\n", answer);
	apr_pool_destroy(pool);
	return 0;
}
EOT
PKG_CONFIG_PATH=$libdir/pkgconfig
PKG_CONFIG_SYSROOT_DIR=
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
check_equal "pkg-config knows the version" "$("$SYNCGATE" version |
    grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)" \
    "$(pkg-config --modversion execnet)"
flags="$(pkg-config --define-variable=prefix="$root$prefix" --cflags \
    --libs execnet)"
check "a program builds with what pkg-config says" \
    $CC -std=gnu11 -Wall -Werror -o "$tmp/tiny" "$tmp/tiny.c" $flags
sed -n '/begin example.c/,/end example.c/p' "$top_srcdir/doc/libexecnet.3" |
    sed -e '1d;$d' -e 's/\\e/\\/g' >"$tmp/page.c"
check "so does the one of the manual page" \
    $CC -std=gnu11 -Wall -Werror -o "$tmp/page" "$tmp/page.c" $flags
# The agent is looked for where it would be without DESTDIR.
SYNCGATE_AGENT_DIR=$root$prefix/libexec/syncgate
LD_LIBRARY_PATH=$libdir
export SYNCGATE_AGENT_DIR LD_LIBRARY_PATH
check_equal "it opens a gateway and gets its program's answer" 42 \
    "$("$tmp/tiny" 2>&1)"
check_equal "and so does that of the manual page" 42 "$("$tmp/page" 2>&1)"

check "make uninstall DESTDIR= works" \
    make -s -C "$top_builddir" uninstall "DESTDIR=$root"
check_equal "it leaves no file" "" "$(find "$root" -type f -o -type l)"
finish
