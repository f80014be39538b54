#!/bin/sh
# postgres.sh: a PostgreSQL server of a test's own: as a plain user, on a unix
# socket in a folder of its own.  Prints a line with a connection string, serves
# until its standard input ends (so it never outlives who started it), and
# leaves nothing.  Exits with 77 where there is none.
set -u
LC_ALL=C.UTF-8
export LC_ALL
cd / || exit 2

initdb=$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb \
    2>/dev/null | sort -V | tail -n 1)
[ -n "$initdb" ] || exit 77
bin=${initdb%/*}

folder=$(mktemp -d "${TMPDIR:-/tmp}/syncgate-pg.XXXXXX") || exit 2
trap 'rm -rf "$folder"' EXIT
# The server refuses to run as root.
plain() {
	"$@"
}
if [ "$(id -u)" -eq 0 ]; then
	command -v setpriv >/dev/null || exit 77
	chown 65534:65534 "$folder"
	plain() {
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	}
fi

plain "$bin/initdb" -D "$folder/data" -A trust -U syncgate -E UTF8 \
    --locale=C.UTF-8 --no-sync >"$folder/made" 2>&1 || {
	cat "$folder/made" >&2
	exit 2
}
plain "$bin/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/log" \
    -o "-k '$folder' -c listen_addresses='' -c fsync=${POSTGRES_FSYNC:-off} \
    -c shared_buffers=8MB -c max_connections=40" start >"$folder/made" 2>&1 || {
	cat "$folder/made" "$folder/log" >&2
	exit 2
}
echo "host=$folder user=syncgate dbname=postgres"
exec >/dev/null
cat >/dev/null
plain "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1
