#!/bin/sh
# Forty jobs of all plugins under one daemon, while what they keep changes and
# faults strike by chance: kill -9 of workers, agents, sshd's sessions, sshd and
# the daemon; the network to sshd is cut; a disk on which each eighth job works
# is full.  At the end everything is equal, each item came once, no job is held,
# and nothing is left over.
#
# Two minutes of that, by --long 30; SECONDS_OF_FAULTS for another time, SEED
# for other chances.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/room.sh"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3 svnadmin svnmucc svnlook git ip nsenter
[ -n "${OWN_ROOM:-}" ] || skip_all "only root can cut networks and mount disks"
[ -z "${sanitize:-}" ] ||
    skip_all "the agent of a sanitizer's build is not for ssh"

[ -n "${SYNCGATE_LONG:-}" ] && seconds=1800 || seconds=120
seconds=${SECONDS_OF_FAULTS:-$seconds}
mixed=$top_srcdir/tests/lib/mixed.py
mark=syncgate-mixed-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
TMPDIR=$tmp/temporary
XDG_STATE_HOME=$tmp/state
XDG_RUNTIME_DIR=$tmp/run
export TMPDIR XDG_STATE_HOME XDG_RUNTIME_DIR
mkdir -m 700 small large temporary run
mount -t tmpfs -o size=48m,mode=755 none small ||
    skip_all "nothing can be mounted here"
at_exit 'umount "$tmp/small"'

# ---- A host that a cable leads to
net=sg$$
ip netns add "$net" 2>/dev/null ||
    skip_all "this machine lets us make no network namespaces"
at_exit 'kill -9 $(ip netns pids "$net") 2>/dev/null; ip netns del "$net"'
# (The daemon's side has a namespace of its own as well.)
ip netns add "$net-here" || skip_all "no second network namespace"
at_exit 'ip netns del "$net-here"'
here() {
	nsenter --net="/run/netns/$net-here" "$@"
}
there() {
	nsenter --net="/run/netns/$net" "$@"
}
here ip link add cable type veth peer name cable netns "$net"
here ip addr add 198.18.0.1/24 dev cable
there ip addr add 198.18.0.2/24 dev cable
here ip link set lo up
here ip link set cable up
there ip link set cable up
echo "nsenter --net=/run/netns/$net ip link set cable \$1" >cut

sshd_find || skip_all "no sshd on this machine"
sshd_prepare || exit 1
SSHD_PORT=22
sshd_client_files
sed 's/^\[127.0.0.1\]:22/198.18.0.2/' "$SSHD_KNOWN_HOSTS" >known &&
    mv known "$SSHD_KNOWN_HOSTS"
sshd_config_for 22 "ListenAddress 198.18.0.2" "ClientAliveInterval 2" \
    "ClientAliveCountMax 2" "SetEnv MARK=$mark TMPDIR=$TMPDIR" \
    "SetEnv XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" |
    grep -v 127.0.0.1 >"$SSHD_DIR/sshd_config"
host=$(echo "$SSHD_XSPEC" | sed 's/127.0.0.1$/198.18.0.2/')
# Whole: who strikes reads it at any time.
tell_pid() {
	echo "$1" >"$2.new" && mv "$2.new" "$2"
}
listen() {
	nsenter --net="/run/netns/$net" "$sshd_program" -D -e \
	    -f "$SSHD_DIR/sshd_config" </dev/null >>"$SSHD_LOG" 2>&1 &
	tell_pid $! sshd.pid
}
listen

# ---- The daemon, and what keeps it and sshd there
{
	echo "daemon { socket = \"$tmp/sock\"  memory = \"$tmp/memory\" }"
	python3 "$mixed" conf "$host"
} >conf
check_equal "forty jobs" 40 "$(grep -c '^job ' conf)"
begin() {
	MARK=$mark nsenter --net="/run/netns/$net-here" "$SYNCGATE" daemon \
	    --foreground -c conf --store "sqlite:$tmp/store.db" 2>>log &
	daemon=$!
	tell_pid "$daemon" daemon.pid
}
at_exit 'kill -9 $(marked "$mark") $(cat sshd.pid) 2>/dev/null'
begin
all_begun() {
	"$SYNCGATE" status --daemon -c conf >said &&
	    [ "$(grep -c ' running ' said)" -ge 25 ]
}
check "they run" wait_until 60 all_begun
python3 "$mixed" write "$seconds" &
writer=$!
python3 "$mixed" strike "$seconds" "$mark" daemon.pid cut \
    >struck &
striker=$!
daemons=0
# What systemd would do.
tend() {
	if ! kill -0 "$daemon" 2>/dev/null; then
		wait "$daemon" 2>/dev/null
		daemons=$((daemons + 1))
		begin
	fi
	kill -0 "$(cat sshd.pid)" 2>/dev/null || listen
}
while kill -0 "$striker" 2>/dev/null; do
	tend
	sleep 0.3
done
check "the faults end well" wait "$striker"
check "and what changes things" wait "$writer"
tend
awk '{ n[$2] += $3 != "nobody" } END { for (k in n) printf "# %s %d times\n",
    k, n[k] }' struck
for kind in worker agent session network disk daemon sshd; do
	check "it struck: $kind" grep -q " $kind [^n]" struck
done
check_equal "the daemon was begun again each time" \
    "$(grep -c ' daemon [^n]' struck)" "$daemons"

# ---- At the end
is_equal() {
	python3 "$mixed" compare >differ
	[ ! -s differ ]
}
if wait_until 20 is_equal; then
	pass "all is equal at the end"
else
	fail "all is equal at the end" differ
fi
ask status --daemon
check_not "no job is held" grep -q ' held ' said
grep ' held ' said
for repository in small/repo? large/repo? large/repo??; do
	case $repository in
	*.git) git -C "$repository" fsck --strict >verified 2>&1 ;;
	*) svnadmin verify -q "$repository" >verified 2>&1 ;;
	esac || fail "$repository is well" verified
done
pass "the mirrors were verified"
kill "$daemon"
wait "$daemon"
check_equal "the daemon ends with 0" 0 "$?"
check "no process is left" wait_until 20 nothing_marked "$mark"
for left in $(marked "$mark"); do
	ps -o pid=,ppid=,args= -p "$left"
done
check_none "nor its socket" sock sock.lock
check_equal "nothing temporary in trees" "" \
    "$(find small/tree* large/tree* -name '.syncgate*')"
check_equal "no staged result, no claimed item" "" \
    "$(find small/out* large/out* in* -path '*/.syncgate/*' -type f \
    ! -name '*.id' ! -name queue ! -name data-out ! -name lock)"
check_equal "no transaction in a mirror" "" \
    "$(find small/repo*/db/transactions large/repo*/db/transactions \
    -mindepth 1 2>/dev/null)"
check_equal "nothing in folders for temporary files" "" \
    "$(find temporary run -mindepth 1)"
finish
