# relay.sh: a slow line to the test's sshd; sourced after tests/lib/sshd.sh.

# relay_start DELAY_MS MBIT: prints an xspec that goes to the sshd by a line of
# DELAY_MS each way and MBIT million bits a second.  It ends with the script.
relay_start() {
	relay_hold=$tmp/relay.$1.$2
	mkfifo "$relay_hold"
	/usr/bin/python3 "$top_srcdir/bench/relay.py" "$SSHD_PORT" "$1" "$2" \
	    <"$relay_hold" >"$relay_hold.port" 2>/dev/null &
	# Its input ends within a second of the script.
	(while kill -0 $$; do sleep 1; done >"$relay_hold" 2>/dev/null) \
	    >/dev/null 2>&1 &
	while [ ! -s "$relay_hold.port" ]; do sleep 0.05; done
	relay_port=$(cat "$relay_hold.port")
	sed -n "s/:$SSHD_PORT/:$relay_port/p" "$SSHD_KNOWN_HOSTS" \
	    >"$relay_hold.known" &&
	    cat "$relay_hold.known" >>"$SSHD_KNOWN_HOSTS"
	echo "$SSHD_XSPEC" | sed "s/-p $SSHD_PORT/-p $relay_port/"
}
