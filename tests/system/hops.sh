#!/bin/sh
# Three hops: hosts a, b and c are network namespaces of this test, each with a
# sshd of its own that only its neighbours can reach; we are in a fourth one,
# the neighbour of a.  The private key is on a file system that we alone see.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"

[ "$(id -u)" -eq 0 ] || skip_all "network namespaces need root"
need ip unshare ssh-keygen
sshd_find || skip_all "no sshd on this machine"

net=sg$$
ip netns add "$net-here" 2>/dev/null ||
    skip_all "this machine lets us make no network namespaces"
at_exit 'ip netns del "$net-here"'

inside() {
	inside=$1
	shift
	ip netns exec "$net-$inside" "$@"
}

# The processes of a host that are not its sshd.
left() {
	for left_pid in $(ip netns pids "$net-$1"); do
		[ "$left_pid" = "$(cat "$tmp/$1.pid")" ] || echo "$left_pid"
	done
}
none_left() {
	[ -z "$(left "$1")" ]
}
end_host() {
	kill -9 $(ip netns pids "$net-$1") 2>/dev/null
	ip netns del "$net-$1"
}

# host NAME NEIGHBOUR NUMBER: a namespace, a cable to its neighbour.
host() {
	ip netns add "$net-$1" || return 1
	at_exit "end_host $1"
	inside "$1" ip link set lo up
	ip link add "to-$1" netns "$net-$2" type veth \
	    peer name "to-$2" netns "$net-$1" || return 1
	inside "$2" ip addr add "198.18.$3.1/24" dev "to-$1"
	inside "$1" ip addr add "198.18.$3.2/24" dev "to-$2"
	inside "$2" ip link set "to-$1" up
	inside "$1" ip link set "to-$2" up
}

listens() {
	grep -q 'Server listening' "$tmp/$1.log"
}

# serve NAME NUMBER: its sshd, which notices a client that is gone.
serve() {
	: >"$tmp/$1.log"	# its process empties it later than we look
	sshd_config_for 22 "ListenAddress 198.18.$2.2" "ClientAliveInterval 1" \
	    "ClientAliveCountMax 2" | grep -v 127.0.0.1 >"$tmp/$1.conf"
	inside "$1" sh -c 'echo $$ >"$1"; exec "$2" -D -e -f "$3"' sh \
	    "$tmp/$1.pid" "$sshd_program" "$tmp/$1.conf" \
	    </dev/null >"$tmp/$1.log" 2>&1 &
	wait_until 10 listens "$1" || fail "the sshd of $1 starts" "$tmp/$1.log"
}

SSHD_DIR=$tmp/sshd
sshd_prepare || exit 1
mkdir "$tmp/private"
inside here ip link set lo up
host a here 1 && host b a 2 && host c b 3 ||
    skip_all "this machine lets us make no veth pairs"
for number in 1 2 3; do
	echo "198.18.$number.2 $(cut -d' ' -f1,2 \
	    "$SSHD_DIR/host_ed25519.pub")" >>"$tmp/known_hosts"
done
cat >"$tmp/ssh_config" <<EOT
Host *
	User root
	IdentityFile "$tmp/private/key"
	IdentitiesOnly yes
	UserKnownHostsFile "$tmp/known_hosts"
	GlobalKnownHostsFile /dev/null
	StrictHostKeyChecking yes
EOT
serve a 1
serve b 2
serve c 3
mv "$SSHD_KEY" "$tmp/key"

# drive XSPEC...: hop_drive here, with the key in a place that is ours alone.
mkfifo "$tmp/hold"
drive() {
	: >"$tmp/out"
	inside here unshare -m sh -c '
		mount -t tmpfs none "$1/private" &&
		    cp "$1/key" "$1/private/key" && rm "$1/key" || exit 1
		shift
		exec "$@"' sh "$tmp" timeout -k 5 120 \
	    "$top_builddir/tests/lib/hop_drive" "$@" \
	    <"$tmp/hold" >"$tmp/out" 2>"$tmp/err" &
	drive_pid=$!
	exec 7>"$tmp/hold"
	wait_until 40 grep -Eq '^(ready|error)' "$tmp/out"
	check "$said: nobody but us has the key" test ! -e "$tmp/private/key"
}
# Let it end, and see that nothing of it is left anywhere.
done_with() {
	exec 7>&-
	wait "$drive_pid"
	check_equal "$said: it ends well" 0 $?
	check_grep "$said: all is terminated" '^terminated' "$tmp/out"
	for name in a b c; do
		wait_until 15 none_left "$name"
		check "$said: nothing is left on $name" none_left "$name"
	done
	check "$said: nothing is left here" \
	    test -z "$(ip netns pids "$net-here")"
	[ -s "$tmp/err" ] && fail "$said: nothing is said on stderr" "$tmp/err"
	cp "$tmp/key.kept" "$tmp/key"
}
cp "$tmp/key" "$tmp/key.kept"
chmod 600 "$tmp/key.kept"

ssh() {
	echo "ssh=-F $tmp/ssh_config 198.18.$1.2//id=$2"
}
first=$(ssh 1 a)
second="$(ssh 2 b)//via=a"
third="$(ssh 3 c)//via=b"

# ---- Data goes through ------------------------------------------------------
check_not "c cannot be reached from here" inside here \
    ping -c 1 -W 1 198.18.3.2
said="three hops"
drive "$first" "$second" "$third"
check_grep "$said: the third is open" '^open c c,window,' "$tmp/out"
check_grep "$said: data comes through" '^data 16800000$' "$tmp/out"
check_grep "$said: c lets us in from b" \
    'Accepted publickey for root from 198.18.3.1 ' "$tmp/c.log"
done_with

# ---- The middle dies ----------------------------------------------------------
said="a host dies"
drive "$first" "$second" "$third" "popen//via=c//id=d"
check_grep "$said: all are open" '^ready' "$tmp/out"
kill -9 $(ip netns pids "$net-b")
wait_until 20 sh -c "[ \$(grep -c '^end [bcd]:' '$tmp/out') = 3 ]"
check_grep "$said: what goes to it ends" \
    '^end b: .*(via a|gateway a).*' "$tmp/out"
check_grep "$said: what goes through it names it" \
    '^end c: .*gateway b, which it goes through, has ended' "$tmp/out"
check_grep "$said: and what goes through that" \
    '^end d: .*gateway c, which it goes through, has ended: .*gateway b' \
    "$tmp/out"
check_equal "$said: one error each, and none of a" 3 \
    "$(grep -c '^end [bcd]:' "$tmp/out")"
: >"$tmp/b.pid"
done_with
serve b 2

# ---- The cable breaks -----------------------------------------------------------
said="a cable breaks"
drive "$first" "$second//timeout=10" "$third//timeout=60"
check_grep "$said: all are open" '^ready' "$tmp/out"
inside a ip link set to-b down
start=$(date +%s)
wait_until 20 grep -q '^end c' "$tmp/out"
wait_until 5 grep -q '^end b' "$tmp/out"
check "$said: what is behind it ends in time" \
    test $(($(date +%s) - start)) -lt 40
check_grep "$said: the next host is silent" \
    '^end b: .*via a: .*said nothing for 10 seconds' "$tmp/out"
check_grep "$said: what goes through it says so" \
    '^end c: .*gateway b, which it goes through, has ended' "$tmp/out"
check_not "$said: a lives" grep -q '^end a' "$tmp/out"
done_with

finish
