# sshd.sh: a real sshd of the test's own, on loopback, with keys of its own.
#
#	. "$top_srcdir/tests/lib/sshd.sh"
#	sshd_start ["an sshd_config line"...]
#
# runs as root or as a plain user, and needs $tmp and at_exit of lib.sh (or the
# like).  It skips the test where there is no sshd.  Afterwards there is
#
#	SSHD_PORT, SSHD_USER		where to log in, and as whom
#	SSHD_KEY			the private key that is let in
#	SSHD_KNOWN_HOSTS		the host's keys, as [127.0.0.1]:PORT
#	SSHD_CONFIG			an ssh_config with all of it, for ssh -F
#	SSHD_XSPEC			ssh=-p PORT -i KEY -l USER -F CONFIG 127.0.0.1
#	SSHD_PID, SSHD_LOG, SSHD_DIR	the listener, what it says, its folder
#
# sshd_stop ends it and every session; sshd_kill_sessions cuts the sessions and
# leaves the listener; sshd_sessions prints the sessions' process ids.

# The descendants of a process, itself not.
process_tree() {
	ps -e -o pid= -o ppid= | awk -v root="$1" '
	{ parent[$1] = $2 }
	END {
		for (p in parent) {
			q = p
			while (q in parent && q != root && q > 1)
				q = parent[q]
			if (q == root && p != root)
				print p
		}
	}'
}

sshd_find() {
	for sshd_program in /usr/sbin/sshd /usr/local/sbin/sshd "$(command -v sshd)"; do
		[ -x "$sshd_program" ] && return 0
	done
	return 1
}

sshd_prepare() {
	SSHD_DIR=${SSHD_DIR:-$tmp/sshd}
	SSHD_USER=$(id -un)
	SSHD_KEY=$SSHD_DIR/id_ed25519
	SSHD_KNOWN_HOSTS=$SSHD_DIR/known_hosts
	SSHD_CONFIG=$SSHD_DIR/ssh_config
	SSHD_LOG=$SSHD_DIR/log
	mkdir -p "$SSHD_DIR" && chmod 700 "$SSHD_DIR" || return 1
	ssh-keygen -q -t ed25519 -N '' -C host -f "$SSHD_DIR/host_ed25519" &&
	    ssh-keygen -q -t rsa -b 2048 -N '' -C host -f "$SSHD_DIR/host_rsa" &&
	    ssh-keygen -q -t ed25519 -N '' -C client -f "$SSHD_KEY" &&
	    cp "$SSHD_KEY.pub" "$SSHD_DIR/authorized_keys" || return 1
	# Where sshd separates privileges: a container's boot did not make it.
	[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
}

# sshd_config_for PORT [LINE...]: sshd takes the first value of a keyword, so
# the lines of the test come first.  SHLVL: bash reads ~/.bashrc for a command by
# ssh when it takes itself for the first shell, and what users keep there is not
# what is tested (a version manager costs each login most of a second, and a
# minute once one of them was killed).
sshd_config_for() {
	sshd_port=$1
	shift
	for sshd_line in "$@"; do
		echo "$sshd_line"
	done
	cat <<EOT
Port $sshd_port
ListenAddress 127.0.0.1
HostKey "$SSHD_DIR/host_ed25519"
HostKey "$SSHD_DIR/host_rsa"
AuthorizedKeysFile "$SSHD_DIR/authorized_keys"
PidFile none
StrictModes no
UsePAM no
SetEnv SHLVL=1
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
PermitRootLogin yes
MaxStartups 100
MaxSessions 100
PrintMotd no
UseDNS no
LogLevel VERBOSE
Subsystem sftp internal-sftp
EOT
}

# A free port of this moment; another may take it before sshd does, so
# sshd_start tries again.
sshd_some_port() {
	echo $((20000 + ($(od -An -N2 -tu2 /dev/urandom) % 12000)))
}

sshd_client_files() {
	: >"$SSHD_KNOWN_HOSTS"
	for sshd_type in ed25519 rsa; do
		echo "[127.0.0.1]:$SSHD_PORT $(cut -d' ' -f1,2 \
		    "$SSHD_DIR/host_$sshd_type.pub")" >>"$SSHD_KNOWN_HOSTS"
	done
	cat >"$SSHD_CONFIG" <<EOT
Host *
	Port $SSHD_PORT
	User $SSHD_USER
	IdentityFile "$SSHD_KEY"
	IdentitiesOnly yes
	UserKnownHostsFile "$SSHD_KNOWN_HOSTS"
	GlobalKnownHostsFile /dev/null
	StrictHostKeyChecking yes
	BatchMode yes
Host syncgate-test
	HostName 127.0.0.1
EOT
	SSHD_XSPEC="ssh=-p $SSHD_PORT -i $SSHD_KEY -l $SSHD_USER -F $SSHD_CONFIG 127.0.0.1"
}

sshd_answers() {
	kill -0 "$SSHD_PID" 2>/dev/null &&
	    grep -q 'Server listening' "$SSHD_LOG" 2>/dev/null
}

sshd_start() {
	if ! sshd_find; then
		skip_all "no sshd on this machine"
	fi
	[ -f "${SSHD_DIR:-$tmp/sshd}/host_rsa" ] || sshd_prepare || return 1
	for sshd_try in 1 2 3 4 5 6 7 8 9 10; do
		SSHD_PORT=${sshd_fixed_port:-$(sshd_some_port)}
		sshd_config_for "$SSHD_PORT" "$@" >"$SSHD_DIR/sshd_config"
		: >"$SSHD_LOG"
		"$sshd_program" -D -e -f "$SSHD_DIR/sshd_config" \
		    </dev/null >"$SSHD_LOG" 2>&1 &
		SSHD_PID=$!
		sshd_waits=0
		while [ "$sshd_waits" -lt 600 ]; do
			if sshd_answers; then
				sshd_client_files
				at_exit sshd_stop
				return 0
			fi
			kill -0 "$SSHD_PID" 2>/dev/null || break
			sleep 0.05
			sshd_waits=$((sshd_waits + 1))
		done
		kill "$SSHD_PID" 2>/dev/null
		wait "$SSHD_PID" 2>/dev/null
		grep -q 'Address already in use' "$SSHD_LOG" || break
	done
	echo "sshd does not start:" >&2
	cat "$SSHD_LOG" >&2
	SSHD_PID=
	return 1
}

# Start it again on the same port, after sshd_stop.
sshd_restart() {
	sshd_fixed_port=$SSHD_PORT
	sshd_start "$@"
}

# The processes of the open sessions: children of the listener.
sshd_sessions() {
	process_tree "$SSHD_PID"
}

# Cut every session from the server's side; its programs see SIGHUP or EOF by
# themselves.
sshd_kill_sessions() {
	for sshd_session in $(ps -e -o pid= -o ppid= |
	    awk -v root="$SSHD_PID" '$2 == root { print $1 }'); do
		for sshd_child in $(process_tree "$sshd_session"); do
			case $(ps -o comm= -p "$sshd_child" 2>/dev/null) in
			sshd*) kill -9 "$sshd_child" 2>/dev/null ;;
			esac
		done
		kill -9 "$sshd_session" 2>/dev/null
	done
	return 0
}

sshd_stop() {
	[ -n "${SSHD_PID:-}" ] || return 0
	kill -9 $(process_tree "$SSHD_PID") 2>/dev/null
	kill "$SSHD_PID" 2>/dev/null
	wait "$SSHD_PID" 2>/dev/null
	SSHD_PID=
}
