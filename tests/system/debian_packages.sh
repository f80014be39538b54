#!/bin/sh
# The packages for Debian: all that is installed is in one of them, and lintian
# finds no error.  With SYNCGATE_LONG=1 they are built from the source as it is
# distributed, installed in a Debian 12 of its own, used there, and purged.
# alone: yes (libtool links the plugins anew in their place)
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need dpkg-buildpackage dh lintian
cd "$tmp" || exit 2

[ -z "$sanitize" ] || skip_all "a sanitizer build is not for packages"
version=$(dpkg-parsechangelog -l "$top_srcdir/debian/changelog" -S Version)
check_equal "the changelog has the version of configure.ac" "$version" \
    "$("$SYNCGATE" version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)"
wanted="libexecnet-dev libexecnet0 syncgate syncgate-agents
    syncgate-plugin-fileproc syncgate-plugin-rsync syncgate-plugin-svnhotsync"
LC_ALL=C.UTF-8
export LC_ALL

# of PACKAGE: its files.
of() {
	dpkg-deb -c "$1"_"$version"_*.deb | awk '{ print $6 }'
}
# has PACKAGE FILE...
has() {
	package=$1
	of "$package" >listed
	shift
	for file in "$@"; do
		check_grep "$package has $file" "^\./$file\$" listed
	done
}
look() {
	for package in $wanted; do
		check "there is $package" test -f "$package"_"$version"_*.deb
	done
	has syncgate usr/bin/syncgate etc/syncgate/syncgate.conf \
	    lib/systemd/system/syncgate.service \
	    usr/libexec/syncgate/syncgate-http \
	    usr/lib/sysusers.d/syncgate.conf usr/lib/tmpfiles.d/syncgate.conf \
	    usr/share/man/man1/syncgate.1.gz \
	    usr/share/man/man5/syncgate.conf.5.gz \
	    usr/share/bash-completion/completions/syncgate \
	    usr/share/doc/syncgate/examples/rsync.conf
	has syncgate-agents "usr/libexec/syncgate/syncgate-agent-$host_cpu" \
	    "usr/libexec/syncgate/syncgate-agent-$host_cpu.gz"
	has libexecnet-dev usr/include/execnet.h usr/include/execnet/remote.h \
	    usr/include/syncgate/plugin.h usr/share/man/man3/libexecnet.3.gz \
	    '.*/pkgconfig/execnet.pc' '.*/libexecnet.so'
	for plugin in fileproc rsync svnhotsync; do
		has "syncgate-plugin-$plugin" \
		    ".*/syncgate/plugins/$plugin.so" \
		    "usr/share/man/man8/syncgate-$plugin.8.gz"
	done
	dpkg-deb -I syncgate_"$version"_*.deb conffiles >conffiles
	check_grep "the configuration is a conffile" \
	    '^/etc/syncgate/syncgate.conf$' conffiles
	dpkg-deb -f syncgate-agents_"$version"_*.deb Built-Using >built
	check_grep "the agents say what source they contain" \
	    'glibc \(= .*tcc \(= ' built
	lintian --allow-root --no-tag-display-limit "$@" >lint 2>&1
	check_equal "lintian finds no error" "" "$(grep '^E:' lint)"
	check_equal "nor anything to warn of" "" "$(grep '^W:' lint)"
}

# ---- What is built already, put into packages
# stage FOLDER: as it is installed, but where Debian has it.
stage() {
	triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	to=$1
	make -s -C "$top_builddir" install "DESTDIR=$tmp/made" >log 2>&1 ||
	    return 1
	made=$tmp/made$prefix
	mkdir -p "$to/usr/lib/$triplet" "$to/lib/systemd"
	mv "$made"/bin "$made"/include "$made"/libexec "$made"/share \
	    "$to/usr/" &&
	    mv "$made"/lib/sysusers.d "$made"/lib/tmpfiles.d "$to/usr/lib/" &&
	    mv "$made"/lib/systemd/system "$to/lib/systemd/" &&
	    rmdir "$made"/lib/systemd &&
	    mv "$made"/lib/* "$to/usr/lib/$triplet/" &&
	    mv "$made/etc" "$to/"
}
short() {
	mkdir short
	cp -R "$top_srcdir/debian" short/debian
	chmod -R u+w short
	rm -rf short/debian/build short/debian/tmp
	ln -s "$top_builddir" short/debian/build
	printf '%s\n' $wanted >short/debian/debhelper-build-stamp
	sed -i 's|dh_auto_install -- .*|cp -R ../staged debian/tmp|' \
	    short/debian/rules
	stage "$tmp/staged" || { fail "make install" log; return; }
	(cd short && DEB_BUILD_OPTIONS=noautodbgsym \
	    DEB_RULES_REQUIRES_ROOT=no debian/rules \
	    binary) >log 2>&1
	check_equal "debian/rules makes packages of what is built" 0 "$?"
	grep -q 'dpkg-deb: building' log ||
	    { fail "they are built" log; return; }
	look *.deb
}

# ---- All of it
version_of_mirror() {
	awk '$1 == "deb" { print $2; exit } $1 == "URIs:" { print $2; exit }' \
	    /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources \
	    2>/dev/null
}
build() {
	make -s -C "$top_builddir" distdir \
	    "distdir=$tmp/syncgate-$version" >log 2>&1 ||
	    { fail "make distdir works" log; return 1; }
	profiles=
	root=${top_builddir%/*}/aarch64
	[ ! -f "$root/whole" ] || export SYNCGATE_AARCH64_ROOT="$root"
	have aarch64-linux-gnu-gcc || profiles=pkg.syncgate.noaarch64
	(cd "syncgate-$version" && DEB_BUILD_PROFILES=$profiles \
	    DEB_BUILD_OPTIONS="nocheck parallel=2" \
	    dpkg-buildpackage -us -uc -b ${profiles:+-d}) >log 2>&1
	check_equal "dpkg-buildpackage builds what is distributed" 0 "$?" ||
	    { tail -n 40 log; return 1; }
	look *.changes
}
# A new Debian 12; its archive is kept, since it takes a minute to make.
debian() {
	cache=${SYNCGATE_CACHE:-/var/cache/syncgate-tests}
	mkdir -p "$cache" new
	if [ ! -f "$cache/bookworm.tar" ]; then
		debootstrap --variant=minbase bookworm new \
		    "$(version_of_mirror)" >log 2>&1 || return 1
		tar -C new -cf "$cache/bookworm.tar.$$" . &&
		    mv "$cache/bookworm.tar.$$" "$cache/bookworm.tar"
	else
		tar -C new -xpf "$cache/bookworm.tar"
	fi
}
cat >inside <<'END'
# In the new Debian, with a PID namespace of its own.
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
as_user() {
	setpriv --reuid=syncgate --regid=syncgate --init-groups \
	    env HOME=/var/lib/syncgate "$@"
}
apt-get -q update && apt-get -q -y --no-install-recommends install \
    /debs/*.deb || exit 1
echo "installed"
syncgate --version && echo "has a version"
syncgate plugins | grep -c -E '^(fileproc|rsync|svnhotsync) ' |
    grep -qx 3 && echo "has three plugins"
id syncgate && [ "$(getent passwd syncgate | cut -d: -f6)" = \
    /var/lib/syncgate ] && echo "has a user"
[ "$(stat -c %U:%a /var/lib/syncgate)" = syncgate:750 ] &&
    echo "has a home for it"
# A daemon without jobs.
setpriv --reuid=syncgate --regid=syncgate --init-groups \
    env HOME=/var/lib/syncgate syncgate daemon --foreground >/idle.log 2>&1 &
daemon=$!
for i in $(seq 100); do
	grep -q 'has no jobs' /idle.log && break
	sleep 0.1
done
grep 'has no jobs, so there is nothing to do' /idle.log &&
    kill -0 $daemon && echo "waits for a job"
# The first job.
chown -R syncgate /srv/source
syncgate init --yes --plugin svnhotsync source=/srv/source \
    mirror=/var/lib/syncgate/mirror --job first && echo "writes a job"
as_user syncgate reload && echo "reloads"
for i in $(seq 100); do
	[ "$(cat /var/lib/syncgate/mirror/db/current)" = 3 ] && break
	sleep 0.1
done 2>/dev/null
[ "$(cat /var/lib/syncgate/mirror/db/current)" = 3 ] && echo "mirrors"
for i in $(seq 100); do
	syncgate status --daemon >/status
	grep -qE '^first .* running ' /status && break
	sleep 0.1
done
cat /status
grep -qE '^first .* running ' /status && echo "tells root what it does"
kill $daemon && wait $daemon && echo "ends well"
cat /idle.log
# By remote execution, too, by the agent of this machine.
cat >/answer.c <<'C'
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	xn_send(channel, "i", 42);
}
C
[ "$(syncgate exec popen /answer.c)" = 42 ] && echo "runs programs"
mkdir /proof && mv /var/lib/syncgate/mirror /proof/
dpkg --remove $(cd /debs && ls *.deb | sed 's/_.*//') &&
    [ -f /etc/syncgate/conf.d/first.conf ] && echo "removed"
dpkg --purge $(cd /debs && ls *.deb | sed 's/_.*//') && echo "purged"
rm -f /idle.log /answer.c /status
find / -xdev \( -path /debs -o -path /proof -o -path /proc -o -path /sys \) \
    -prune -o \( -name '*syncgate*' -o -name '*execnet*' \) -print >/left
cat /left
[ ! -s /left ] && echo "left nothing"
END
use() {
	mkdir -p new/debs new/srv
	cp ./*_"$version"_*.deb new/debs/
	rm -f new/debs/*-dbgsym_*
	cp inside new/inside
	cp /etc/resolv.conf new/etc/resolv.conf
	svnadmin create new/srv/source &&
	    for name in a b c; do
		svn -q mkdir -m "$name" "file://$tmp/new/srv/source/$name"
	done
	unshare -m -p -f --mount-proc="$tmp/new/proc" chroot "$tmp/new" \
	    sh /inside >used 2>&1
	for step in "installed" "has a version" "has three plugins" \
	    "has a user" "has a home for it" "waits for a job" \
	    "writes a job" "reloads" "mirrors" "tells root what it does" \
	    "ends well" "runs programs" "removed" "purged" "left nothing"; do
		check "in a new Debian 12: $step" grep -qx "$step" used
	done
	check "the mirror is one" svnadmin verify -q new/proof/mirror
	[ "$test_failed" -eq 0 ] || tail -n 60 used
}

# Under a systemd of its own: the unit, its user, readiness, reload, the
# journal, that it is started again.
cat >prepare <<'END'
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
dpkg -i /debs/*.deb && echo "$(systemctl is-enabled syncgate)" >/enabled
mkdir -p /srv/source && chown -R syncgate /srv/source
syncgate init --yes --plugin svnhotsync source=/srv/source \
    mirror=/var/lib/syncgate/mirror --job first
systemctl enable syncgate
systemd-analyze verify --man=no syncgate.service >/verified 2>&1
cat >/etc/systemd/system/probe.service <<'UNIT'
[Unit]
After=syncgate.service
[Service]
Type=oneshot
StandardOutput=file:/probed
StandardError=file:/probed
ExecStart=/bin/sh /probe
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable probe
END
cat >probe <<'END'
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
for i in $(seq 100); do
	[ "$(cat /var/lib/syncgate/mirror/db/current)" = 3 ] && break
	sleep 0.1
done 2>/dev/null
systemctl is-active syncgate
[ "$(cat /var/lib/syncgate/mirror/db/current)" = 3 ] && echo "mirrors"
[ "$(stat -c %U /proc/"$(systemctl show --value -p MainPID syncgate)")" = \
    syncgate ] && echo "has its user"
for i in $(seq 100); do
	syncgate status --daemon | grep -E '^first .* running ' && break
	sleep 0.1
done | grep -q . && echo "answers root"
systemctl reload syncgate && echo "reloads"
sleep 1
journalctl --no-pager -o cat PLUGIN=svnhotsync JOB=first |
    grep -q '^job first: ' && echo "writes fields to the journal"
systemctl kill -s KILL --kill-whom=main syncgate
for i in $(seq 200); do
	[ "$(systemctl show --value -p NRestarts syncgate)" = 1 ] &&
	    [ "$(systemctl is-active syncgate)" = active ] && break
	sleep 0.1
done
syncgate status --daemon | grep -qE '^first ' && echo "comes again"
systemctl stop syncgate && echo "stops"
[ -z "$(find /proc -maxdepth 1 -user syncgate)" ] && echo "leaves no process"
systemctl --no-pager status syncgate
journalctl --no-pager -t syncgate | tail -n 20
systemctl poweroff --no-block
END
boot() {
	cp prepare probe new/
	rm -rf new/proof
	unshare -m -p -f --mount-proc="$tmp/new/proc" chroot "$tmp/new" \
	    sh /prepare >used 2>&1
	check_equal "the package does not enable what has no job" disabled \
	    "$(cat new/enabled)"
	check_equal "systemd finds nothing wrong with the unit" "" \
	    "$(cat new/verified)"
	mv new syncgate-test
	timeout -k 5 120 systemd-nspawn -q --register=no --keep-unit \
	    -D "$tmp/syncgate-test" -b --console=pipe >booted 2>&1 </dev/null
	rmdir /run/systemd/nspawn/propagate/syncgate-test 2>/dev/null
	mv syncgate-test new
	[ -f new/probed ] || { skip "systemd does not boot here"
	    tail -n 3 booted; return; }
	for step in "active" "mirrors" "has its user" "answers root" \
	    "reloads" "writes fields to the journal" "comes again" "stops" \
	    "leaves no process"; do
		check "under systemd: $step" grep -qx "$step" new/probed
	done
	[ "$test_failed" -eq 0 ] || tail -n 60 new/probed
}

if [ -z "${SYNCGATE_LONG:-}" ]; then
	short
	skip "a new Debian: SYNCGATE_LONG=1 installs the packages in one"
	finish
fi
build || finish
if ! have debootstrap unshare setpriv svnadmin || [ "$(id -u)" -ne 0 ]; then
	skip "a new Debian: that needs root, debootstrap, Subversion"
elif ! debian; then
	tail -n 3 log
	skip "a new Debian: debootstrap cannot make one here"
else
	use
	if have systemd-nspawn; then
		boot
	else
		skip "systemd: no systemd-nspawn on this machine"
	fi
fi
finish
