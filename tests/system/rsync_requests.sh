#!/bin/sh
# Many requests with long paths are under way while the source is inside of
# files, and takes none: neither end may wait for the other for ever.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3
cd "$tmp" || exit 2

# The files are too large to come with the list, and more than all windows take.
python3 - <<'EOT' || exit 2
import os
content = os.urandom(100000)
for i in range(1500):
    folder = "src/%d" % (i // 1000)
    os.makedirs(folder, exist_ok=True)
    with open("%s/%s" % (folder, str(i).ljust(195, "x")), "wb") as f:
        f.write(content)
EOT

rsync_limit=${rsync_limit:-200}
in_step "long paths, from an agent to here" "popen:$tmp/src" "$tmp/dst" \
    fsync=none
same "and all is here" src dst
rm -rf dst
in_step "and from one agent to another" "popen:$tmp/src" "popen:$tmp/dst" \
    fsync=none
same "and all is there" src dst
finish
