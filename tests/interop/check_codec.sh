#!/bin/sh
# The serializer against the real execnet: random values there and back through
# Debian's python3-execnet, and the checker of ../shared where it is.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
codec=$top_builddir/tests/lib/codec
/usr/bin/python3 -c 'import execnet' 2>/dev/null ||
    skip_all "no python3-execnet on this machine"

cat >"$tmp/values.py" <<'E2'
"""Random nested values: what execnet dumps, the codec must read and write
back, and execnet must load the same value again."""
import random
import subprocess
import sys

import execnet

rng = random.Random(int(sys.argv[2]))


def value(depth=0):
    kind = rng.randrange(14 if depth < 5 else 8)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.randrange(-2**31, 2**31)
    if kind == 2:
        return rng.randrange(2**31, 2**rng.randrange(32, 300))
    if kind == 3:
        return rng.choice([0.0, float("inf"), rng.uniform(-1e9, 1e9)])
    if kind == 4:
        return complex(rng.random(), -rng.random())
    if kind == 5:
        return rng.randbytes(rng.randrange(200))
    if kind in (6, 7):
        return "".join(chr(rng.choice([rng.randrange(1, 0xd800),
                       rng.randrange(0xe000, 0x110000)]))
                       for _ in range(rng.randrange(20)))
    items = [value(depth + 1) for _ in range(rng.randrange(6))]
    if kind in (8, 9):
        return items
    if kind == 10:
        return tuple(items)
    if kind == 11:
        return {rng.randrange(10**6): item for item in items}
    if kind == 12:
        return {rng.randrange(10**6) for _ in items}
    return frozenset(str(rng.randrange(10**6)) for _ in items)


values = [value() for _ in range(3000)]
text = "".join("D %s\n" % execnet.dumps(v).hex() for v in values)
answers = subprocess.run([sys.argv[1]], input=text, stdout=subprocess.PIPE,
                         universal_newlines=True, check=True).stdout.split("\n")
wrong = 0
for v, answer in zip(values, answers):
    if not answer.startswith("OK ") or \
            execnet.loads(bytes.fromhex(answer[3:])) != v:
        wrong += 1
        print("wrong:", repr(v)[:200], answer[:200])
print(len(values), "values,", wrong, "wrong")
sys.exit(wrong > 0 or len(answers) < len(values))
E2
for seed in 1 2 3; do
	check "3,000 random values there and back, seed $seed" \
	    /usr/bin/python3 "$tmp/values.py" "$codec" "$seed"
done

shared=$top_srcdir/../shared/execnet
if [ -f "$shared/wire_conformance.py" ]; then
	check "the conformance checker is content, execnet 1.x" /usr/bin/python3 \
	    "$shared/wire_conformance.py" check-codec "$codec 1"
	check "the conformance checker is content, execnet 2.x" /usr/bin/python3 \
	    "$shared/wire_conformance.py" check-codec "$codec 2" --tag 2.x
else
	skip "no ../shared/execnet here: its checker is not run"
fi
finish
