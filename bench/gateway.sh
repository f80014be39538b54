#!/bin/sh
# bench/gateway.sh [ROUNDS]: what a gateway over ssh costs beyond an empty
# command, on loopback, over a private sshd.  Warm: a first round is not
# counted.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"

sshd_start || exit 1
bench=$top_builddir/bench/gateway_bench
"$bench" "$SSHD_XSPEC" 1 >/dev/null || exit 1
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc), agent:" \
    "$(wc -c <"$AGENT.gz") bytes packed"
"$bench" "$SSHD_XSPEC" "${1:-9}"
