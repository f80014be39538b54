# room.sh: as root a test runs in a room of its own, where it can mount small
# disks that nobody else sees: $OWN_ROOM is then "yes".  Source it before lib.sh.

if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_ROOM:-}" ] &&
    unshare -m true 2>/dev/null; then
	OWN_ROOM=yes exec unshare -m sh "$0" "$@"
fi
