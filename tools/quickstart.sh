#!/bin/sh
# quickstart.sh [--ssh] [LOCATION]: from nothing to a mirror that follows.
#
# Installs what is missing, builds into build/, makes a Subversion repository,
# mirrors it through a gateway (an agent on this machine; with --ssh through an
# sshd of its own on loopback), commits while the job follows, and shows the
# commit arriving.  With a LOCATION (host:/path, ssh://..., /path) it mirrors
# that repository instead, and commits nothing there.  All that it makes is in
# build/quickstart/.  Every step is printed as you would type it.
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/common.sh"

ssh=
location=
for argument in "$@"; do
	case $argument in
	--ssh) ssh=yes ;;
	-*) die "usage: quickstart.sh [--ssh] [LOCATION]" ;;
	*) [ -z "$location" ] || die "more than one LOCATION"
	    location=$argument ;;
	esac
done
[ -z "$ssh" ] || [ -z "$location" ] ||
    die "--ssh is for a repository of its own: a LOCATION says how to get there"

PATH=$PATH:/usr/sbin:/sbin
demo=$root/build/quickstart
config=$demo/syncgate.conf
mirror=$demo/mirror
log=$demo/run.log
tmp=$demo
job=

cleanups=
at_exit() {
	cleanups="$1; $cleanups"
}
skip_all() {
	die "$1"
}
at_end() {
	status=$?
	set +e
	trap - EXIT INT TERM
	[ -z "$job" ] || kill "$job" 2>/dev/null || :
	eval "$cleanups"
	exit "$status"
}
trap at_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

youngest() {
	svnlook youngest "$1" 2>/dev/null || echo none
}

# until_equal SECONDS: wait until the mirror has what the source has.
until_equal() {
	tries=$(($1 * 20))
	while [ "$(youngest "$mirror")" != "$(youngest "$source")" ]; do
		tries=$((tries - 1))
		kill -0 "$job" 2>/dev/null && [ "$tries" -gt 0 ] || {
			cat "$log" >&2
			die "the mirror did not get there"
		}
		sleep 0.05
	done
}

stop_job() {
	run kill "$job"
	wait "$job" || die "the job ended with exit code $?: see $log"
	job=
}

make_source() {
	url=file://$source
	run svnadmin create "$source"
	run svn mkdir -q -m "the usual folders" "$url/trunk" "$url/tags"
	for number in 1 2 3 4 5; do
		echo "line $number" >>"$demo/file"
		run svnmucc -m "change $number" put "$demo/file" \
		    "$url/trunk/file"
	done
}

write_config() {
	cat >"$config" <<EOT
gateway there {
	xspec = "$xspec"
}
job quickstart {
	plugin = svnhotsync
	source = "$1"
	mirror = "$mirror"
}
EOT
	run cat "$config"
}

say "1. What is needed: tools/packages.txt"
sh tools/install-packages.sh build quickstart

say "2. Build into build/"
run sh tools/build.sh build
rm -rf "$demo"
mkdir -p "$demo"

say "3. A repository to mirror"
xspec=popen
if [ -n "$location" ]; then
	echo "yours: $location"
	write_config "$location"
else
	source=$demo/source
	make_source
	if [ -n "$ssh" ]; then
		. tests/lib/sshd.sh
		sshd_start || die "no sshd, no --ssh"
		xspec=$SSHD_XSPEC
		echo "an sshd of our own listens on 127.0.0.1:$SSHD_PORT"
	fi
	write_config "there:$source"
fi

say "4. Mirror it"
run build/syncgate check -c "$config"
if [ -n "$location" ]; then
	run build/syncgate run -c "$config" --once
else
	echo "\$ build/syncgate run -c $config &"
	build/syncgate run -c "$config" >"$log" 2>&1 &
	job=$!
	until_equal 30
	echo "the mirror is at r$(youngest "$mirror")"

	say "5. A commit, while the job follows"
	run svnmucc -m "made while the job follows" \
	    mkdir "file://$source/tags/one"
	began=$(date +%s%N)
	until_equal 30
	ms=$((($(date +%s%N) - began) / 1000000))
	echo "the mirror is at r$(youngest "$mirror"), $ms ms after the commit"
	stop_job
	run sed 's/^/    /' "$log"
fi

say "6. Is it whole?"
run svnadmin verify -q "$mirror"
echo "yes: r$(youngest "$mirror"), $(svnlook uuid "$mirror")"

say "What next"
cat <<EOT
build/syncgate run --plugin svnhotsync source=host:/srv/svn/repo mirror=/srv/mirror/repo
build/syncgate plugins svnhotsync        # what else can be said about a job
make -C build install                    # then write jobs into conf/syncgate.conf's place
EOT
