#!/bin/sh
# store.sh [ROUNDS [SECONDS]]: saves a second in a store in SQLite and, where
# there is one, PostgreSQL, by 1 and by 8 threads; beside them what the disk can
# do at all.  In $TMPDIR (a disk, if the figures shall mean something).
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
rounds=${1:-3}
seconds=${2:-5}
make -s -C "$top_builddir" bench/store_bench || exit 1
bench=$top_builddir/bench/store_bench

mkfifo "$tmp/hold"
POSTGRES_FSYNC=on sh "$top_srcdir/tests/lib/postgres.sh" <"$tmp/hold" \
    >"$tmp/conninfo" &
server=$!
exec 9>"$tmp/hold"
while [ ! -s "$tmp/conninfo" ] && kill -0 "$server" 2>/dev/null; do
	sleep 0.1
done

uptime
for round in $(seq "$rounds"); do
	echo "bare $("$bench" bare "$tmp/bare" "$seconds")"
	for threads in 1 8; do
		set -- $("$bench" save "sqlite:$tmp/store.db" "$threads" \
		    "$seconds")
		echo "sqlite-$threads $1 ($2 commits)"
		[ -s "$tmp/conninfo" ] || continue
		set -- $("$bench" save "pgsql:$(cat "$tmp/conninfo")" \
		    "$threads" "$seconds")
		echo "pgsql-$threads $1 ($2 commits)"
	done
done | tee "$tmp/figures"
echo "best and median:"
cut -d ' ' -f 1 "$tmp/figures" | sort -u | while read -r name; do
	grep "^$name " "$tmp/figures" | cut -d ' ' -f 2 | sort -rn |
	    awk -v name="$name" '{ a[NR] = $1 }
	    END { print name, a[1], a[int((NR + 1) / 2)] }'
done
