#!/bin/sh
# The bootstrap line under every login shell that is installed, behind noise,
# without the usual tools, and where no folder lets programs run.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
had_cache=$(ls -d "${HOME:?}/.cache/syncgate" 2>/dev/null)

sshd_start || exit 1

# The login shell sees the whole line.
for shell in sh dash bash rbash zsh ksh ksh93 mksh tcsh csh fish yash; do
	if ! have "$shell"; then
		skip "no $shell on this machine"
		continue
	fi
	login "$shell" <<EOT
exec $(command -v "$shell") -c "\$SSH_ORIGINAL_COMMAND"
EOT
	check_agent "an agent starts under $shell" "$login"
	check_agent "and from the cache under $shell" \
	    "$login//env:X=1//cache=yes"
done

# The shell that runs what is inside the quotes: "sh" by another name.
for shell in dash bash zsh ksh mksh yash busybox; do
	have "$shell" || continue
	mkdir "$tmp/as-$shell"
	ln -s "$(command -v "$shell")" "$tmp/as-$shell/sh"
	login "as-$shell" <<EOT
PATH=$tmp/as-$shell:\$PATH
export PATH
exec dash -c "\$SSH_ORIGINAL_COMMAND"
EOT
	check_agent "an agent starts where sh is $shell" "$login"
done

# Machines with nothing but busybox, and less and less of that.
# only NAME APPLET...: a login with just these in its PATH.
only() {
	only_name=$1
	shift
	mkdir -p "$tmp/only-$only_name"
	for applet in "$@"; do
		ln -sf "$(command -v busybox)" "$tmp/only-$only_name/$applet"
	done
	login "$only_name" <<EOT
PATH=$tmp/only-$only_name
export PATH
HOME=$tmp/home-$only_name
export HOME
/bin/mkdir -p "\$HOME"
exec /bin/dash -c "\$SSH_ORIGINAL_COMMAND"
EOT
}
basic="sh mkdir rm chmod uname wc mv test echo"
if have busybox; then
	only all $basic dd gzip sha256sum
	check_agent "an agent starts on a machine with busybox alone" "$login"
	check_agent "also cached" "$login//cache=yes"
	check "then it is in the cache" \
	    sh -c "ls '$tmp'/home-all/.cache/syncgate/agent-*"
	check_equal "in a folder for us alone" 700 \
	    "$(stat -c %a "$tmp/home-all/.cache/syncgate")"
	cached=$(echo "$tmp"/home-all/.cache/syncgate/agent-*)
	before=$(stat -c %i "$cached")
	check_agent "it starts from there" "$login//cache=yes"
	check_equal "and is not sent again" "$before" "$(stat -c %i "$cached")"
	printf 'exit 1\n' >"$cached"
	check_agent "one that was tampered with is not run" "$login//cache=yes"
	check_equal "but replaced" "$(sha256sum <"$cached")" \
	    "$(sha256sum <"$AGENT")"
	check_equal "nothing else is left there" 1 \
	    "$(find "$tmp/home-all" ! -type d | wc -l)"
	# busybox's own sh would run its applets without finding them.
	only nogzip $basic dd
	ln -sf "$(command -v dash)" "$tmp/only-nogzip/sh"
	check_agent "an agent starts where there is no gzip" "$login"
	check_error "cache=yes without sha256sum is refused" \
	    '^error 9: .*has no sha256sum' agent "$login//cache=yes"
	only nodd $basic gzip
	ln -sf "$(command -v dash)" "$tmp/only-nodd/sh"
	check_error "no dd is said" '^error 9: .*has no dd' agent "$login"
	only nothing ls
	check_error "no sh is said" \
	    '^error 9: .*exit status 127.*not found.*is there a sh' \
	    agent "$login"
else
	skip "no busybox on this machine"
fi

# Noise.
login noise <<'EOT'
echo "Welcome to this machine"; seq 1 5000; printf 'no newline at the end'
echo "and on stderr" >&2
exec dash -c "$SSH_ORIGINAL_COMMAND"
EOT
check_agent "a banner and 24 KB of noise do not matter" "$login"
login flood <<'EOT'
yes "Welcome to this machine" | head -c 200000
exec dash -c "$SSH_ORIGINAL_COMMAND"
EOT
check_error "more than 64 KiB of it are an error that shows some" \
    '^error 9: .*Welcome to this machine.*does its shell print at login' \
    agent "$login"
login nologin <<'EOT'
printf 'This account is \033[1mnot available\n'; exit 1
EOT
check_error "an account that may not log in is quoted" \
    '^error 9: .*exit status 1.*This account is .*not available' \
    agent "$login"
login signal <<'EOT'
echo "dying" >&2; kill -9 $$
EOT
check_error "a shell that is killed is said" \
    '^error 9: .*(signal KILL|exit status 137).*dying' agent "$login"
login forged <<'EOT'
echo "XN0 0000000000000000 ok Linux pdp11 gzip"
exec dash -c "$SSH_ORIGINAL_COMMAND"
EOT
check_agent "a report without our nonce is noise" "$login"

# Other machines.
# machine NAME SYSTEM MACHINE
machine() {
	mkdir "$tmp/machine-$1"
	cat >"$tmp/machine-$1/uname" <<EOT
#!/bin/sh
test "\$1" = -s && echo "$2" || echo "$3"
EOT
	chmod 755 "$tmp/machine-$1/uname"
	login "$1" <<EOT
PATH=$tmp/machine-$1:\$PATH
exec dash -c "\$SSH_ORIGINAL_COMMAND"
EOT
}
machine vax Linux vax
check_error "an architecture without an agent is named" \
    '^error 9: .* is a vax: there is no agent for vax: no file syncgate-agent-vax.gz in ' \
    agent "$login"
machine bsd FreeBSD amd64
check_error "another system is named" '^error 9: .* runs FreeBSD' agent "$login"
machine evil Linux ../../../etc/passwd
check_error "a machine's name does not become a path" \
    '^error 9: .*no agent for an architecture of that name' agent "$login"

# Folders.  The mounts are in a namespace of the login's own.
if unshare -m true 2>/dev/null; then
	login noexec <<EOT
export HOME=$tmp/home-noexec
unset XDG_RUNTIME_DIR
exec unshare -m sh -c 'mkdir -p \$HOME; for d in /dev/shm /var/tmp \$HOME /tmp; do
mount -t tmpfs -o noexec,nosuid x \$d; done; exec dash -c "\$SSH_ORIGINAL_COMMAND"'
EOT
	check_error "where no folder lets programs run, it names those it tried" \
	    '^error 9: .*lets programs run: tried /dev/shm /tmp /var/tmp /' \
	    agent "$login"
	login someexec <<EOT
unset XDG_RUNTIME_DIR
exec unshare -m sh -c 'for d in /dev/shm /tmp; do
mount -t tmpfs -o noexec,nosuid x \$d; done; exec dash -c "\$SSH_ORIGINAL_COMMAND"'
EOT
	check_agent "the first folder that does is taken" "$login"
	login fulldisk <<EOT
unset XDG_RUNTIME_DIR
exec unshare -m sh -c 'mount -t tmpfs -o size=64k x /dev/shm
exec dash -c "\$SSH_ORIGINAL_COMMAND"'
EOT
	check_agent "a folder without room for the agent is passed over" "$login"
	login noproc <<EOT
export XDG_RUNTIME_DIR=$tmp
exec unshare -m sh -c 'mount -t tmpfs x /proc; exec dash -c "\$SSH_ORIGINAL_COMMAND"'
EOT
	check_agent "an agent starts where there is no /proc" "$login"
	nothing_left() {
		[ -z "$(find "$tmp" -maxdepth 1 -name '.xn*')" ]
	}
	check "and nothing is left of it" wait_until 5 nothing_left
else
	skip "no right to mount: folders that do not let programs run"
fi
login symlink <<EOT
export XDG_RUNTIME_DIR=$tmp/trap
mkdir -p $tmp/trap $tmp/victim
touch $tmp/victim/a
ln -s $tmp/victim $tmp/trap/.xn\$\$
exec dash -c "exec \$SSH_ORIGINAL_COMMAND"
EOT
check_agent "a folder that somebody has laid before us is not used" "$login"
check "nor removed" test -f "$tmp/victim/a"
[ -n "$had_cache" ] || rm -rf "${HOME:?}/.cache/syncgate"
finish
