#!/usr/bin/env python3
"""tree_make.py VERSION FOLDER: a pathological tree.  Version 1 is made in a
folder that is empty or new, 2 of version 1 and 3 of version 2, in place: edits,
renames, copies, changes of metadata only; then everything becomes something of
another type (tree_next.py).  The same each time, but that what is changed in a
folder later leaves the folder's time as the change made it.

As root there are devices, owners, and what only root can read.  With `small`
behind it nothing is larger than 300 KB."""
import random
import sys

import tree_next
from tree_fs import ACCESS, DEFAULT, SECOND, Tree, acl

BASE = 1500000000 * SECOND

# Around the sizes of buffers, pieces and blocks.
SIZES = [0, 1, 2, 511, 512, 699, 700, 701, 4095, 4096, 4097, 8191, 8192,
         32767, 32768, 32769, 61439, 61440, 61441, 65471, 65472, 65535, 65536,
         65537, 70000, 131071, 131072, 131073, 262144, 262145]

NAMES = ["new\nline", "\n", "inv\udcff\udcfealid", "n" * 255, "-rf", "--delete",
         "- file", " lead", "trail ", " ", "  ", "back\\slash", "*", "?",
         "[a-z]", "tab\there", "\u00e9", "e\u0301", "it's", 'a "quote"',
         "$HOME", "`id`", ".hidden", "...", "..x", "~", "#x#", "\x01\x7f",
         "a:b", "host:", "x\\#012y", "%s%n", "\udc80" * 255,
         "\u00e9" * 127, "CON", "A", "a", ".rsync-filter", ".git", "*deleting",
         "f" * 240 + ".syncgate"]

TIMES = [0, 1, -1, -SECOND, -SECOND // 2, -2147483647 * SECOND, -1000001 *
         SECOND + 1, 2 ** 31 * SECOND - 1, 2 ** 31 * SECOND, 2 ** 32 * SECOND,
         (2 ** 32 + 5) * SECOND + 999999999, 2 ** 33 * SECOND + 7,
         BASE + 999999999]

MODES = [0o400, 0o444, 0o600, 0o640, 0o755, 0o777, 0o1644, 0o4755, 0o2755,
         0o6755, 0o4644, 0o6711, 0o7777]

TYPES = "fdlpscb"


def names(t):
    t.folder("names")
    for i, name in enumerate(NAMES):
        t.file("names/" + name, b"%d\n" % i * (i * 10))
    t.folder("names/folders")
    for i, name in enumerate(NAMES):
        t.folder("names/folders/" + name)
        t.file("names/folders/%s/%s" % (name, name), b"%d" % i)
    t.folder("names/links")
    for i, name in enumerate(NAMES + ["l" * 4095, "/", "..", "../..", ".",
                                      "/etc/passwd", "../" * 1365, "self"]):
        t.link("names/links/%d" % i, name)
    t.link("names/links/self", "self")


def sizes(t, rand):
    t.folder("sizes")
    for size in SIZES:
        t.file("sizes/%d" % size, rand.randbytes(size))
        t.file("sizes/text-%d" % size, (b"all work and no play %d\n" % size *
                                        (size // 20 + 1))[:size])


def modes(t):
    t.folder("modes")
    for mode in MODES + ([0, 0o4000, 0o200] if t.is_root else []):
        t.file("modes/f%05o" % mode, b"mode %o\n" % mode, mode)
    for mode in [0o700, 0o755, 0o777, 0o1777, 0o2755, 0o3777, 0o555, 0o500,
                 0o7777] + ([0, 0o111, 0o300] if t.is_root else []):
        t.folder("modes/d%05o" % mode)
        t.file("modes/d%05o/inside" % mode, b"inside")
        t.chmod("modes/d%05o" % mode, mode)
    t.folder("modes/read-only")
    for i in range(5):
        t.file("modes/read-only/%d" % i, b"r%d" % i, 0o444)
    t.chmod("modes/read-only", 0o555)


def times(t):
    t.folder("times")
    for i, mtime in enumerate(TIMES):
        t.file("times/f%d" % i, b"t%d" % i, mtime=mtime)
        t.link("times/l%d" % i, "t%d" % i, mtime=mtime)
        t.special("times/p%d" % i, "p", mtime=mtime)
    for i in range(10):
        t.file("times/ns%d" % i, b"the same", mtime=BASE + i)


def hard_links(t, rand):
    t.folder("links")
    t.folder("links/other")
    for group in "abcdefgh":
        t.file("links/%s0" % group, rand.randbytes(3000))
        for i in range(1, 4):
            t.hard("links/%s0" % group, "links/%s%s%d" % (
                "other/" if i % 2 else "", group, i))
    same = rand.randbytes(5000)
    for i in range(6):      # not linked, but the same
        t.file("links/same%d" % i, same, mtime=BASE + 5)
    t.file("links/many", b"many")
    for i in range(50):
        t.hard("links/many", "links/other/many%d" % i)
    t.file("links/empty", b"")
    t.hard("links/empty", "links/other/empty")
    t.file("links/large", rand.randbytes(200000))
    t.hard("links/large", "links/other/large")
    t.link("links/symbolic", "to something")
    t.hard("links/symbolic", "links/other/symbolic")
    t.special("links/fifo", "p")
    t.hard("links/fifo", "links/other/fifo")
    if t.is_root:
        t.special("links/device", "c")
        t.hard("links/device", "links/other/device")


def sparse(t, rand):
    block = 65536
    t.folder("sparse")
    t.file("sparse/all", [1000000])
    t.file("sparse/all-odd", [4097])
    t.file("sparse/begin", [(0, rand.randbytes(block)), 3000001])
    t.file("sparse/end", [(40 * block, rand.randbytes(100)),
                          40 * block + 100])
    t.file("sparse/middle", [(20 * block, rand.randbytes(block)), 60 * block])
    t.file("sparse/many", [(2 * i * block, rand.randbytes(block))
                           for i in range(4)] + [8 * block + 5])
    t.file("sparse/shifted", [(4096 * (3 * i + 1), rand.randbytes(4096))
                              for i in range(20)] + [4096 * 70])
    t.file("sparse/huge", [(1 << 28, rand.randbytes(5000)), (1 << 30) + 1])
    t.file("sparse/zeros", b"\0" * 200000)
    t.file("sparse/mixed", [(0, rand.randbytes(4096) + b"\0" * block +
                             rand.randbytes(4096)), 20 * block])


def specials(t):
    t.folder("special")
    for i, mode in enumerate([0o644, 0o600, 0o777, 0o4755]):
        t.special("special/fifo%d" % i, "p", mode)
        t.special("special/socket%d" % i, "s", mode)
    if not t.is_root:
        return
    t.special("special/null", "c", 0o666)
    t.special("special/block", "b", 0o660, (7, 200))
    t.special("special/large", "c", 0o600, (259, 300000))
    t.special("special/renumbered", "c", 0o600, (1, 5))
    t.special("special/zero", "b", 0o000, (0, 0))


def attributes(t):
    t.folder("attrs")
    for kind in ("file", "folder"):
        for i, (name, value) in enumerate([
                ("user.text", b"value"), ("user.empty", b""),
                ("user.bytes", bytes(range(256))), ("user.long", b"x" * 3000),
                ("user." + "n" * 250, b"long name"),
                ("user.inv\udcffalid", b"name")]):
            path = "attrs/%s%d" % (kind, i)
            if kind == "file":
                t.file(path, b"content")
            else:
                t.folder(path)
            t.xattr(path, name, value)
            t.xattr(path, "user.also", b"%d" % i)
    t.file("attrs/many", b"many")
    for i in range(40):
        t.xattr("attrs/many", "user.%d" % i, b"v" * i)
    t.file("attrs/read-only", b"content")
    t.xattr("attrs/read-only", "user.text", b"value")
    t.chmod("attrs/read-only", 0o444)
    t.file("attrs/linked", b"content")
    t.xattr("attrs/linked", "user.text", b"value")
    t.hard("attrs/linked", "attrs/linked-too")
    t.file("attrs/large", b"\7" * 100000)
    t.xattr("attrs/large", "user.text", b"value")
    if not t.is_root:
        return
    t.xattr("attrs/many", "trusted.one", b"for root")
    t.link("attrs/link", "nowhere")
    t.xattr("attrs/link", "trusted.link", b"of a link")
    t.special("attrs/fifo", "p")
    t.xattr("attrs/fifo", "trusted.fifo", b"of a fifo")
    t.file("attrs/capable", b"content", 0o755)
    t.chown("attrs/capable", 12345, 12345)
    t.xattr("attrs/capable", "security.capability",
            b"\1\0\0\2\0\x20\0\0" + b"\0" * 12)


def acls(t):
    user = acl(("u", 6), ("u", 4, 1), ("u", 7, 12345), ("g", 4), ("g", 2, 2),
               ("m", 6), ("o", 0))
    group = acl(("u", 7), ("g", 5), ("g", 7, 54321), ("m", 7), ("o", 5))
    t.folder("acls")
    for name, value in (("user", user), ("group", group)):
        t.file("acls/" + name, b"content")
        t.xattr("acls/" + name, ACCESS, value)
        t.folder("acls/d-" + name)
        t.file("acls/d-%s/before" % name, b"has none")
        t.xattr("acls/d-" + name, DEFAULT, value)
        t.file("acls/d-%s/after" % name, b"inherits")
        t.folder("acls/d-%s/folder" % name)
        t.file("acls/d-%s/file" % name, b"none again")
        t.no_xattr("acls/d-%s/file" % name, ACCESS)
        t.chmod("acls/d-%s/file" % name, 0o640)
    t.folder("acls/d-both")
    t.xattr("acls/d-both", ACCESS, group)
    t.xattr("acls/d-both", DEFAULT, user)
    t.special("acls/d-both/fifo", "p")
    t.special("acls/fifo", "p")
    t.xattr("acls/fifo", ACCESS, user)


def owners(t):
    t.folder("owners")
    for uid, gid in [(0, 0), (1, 1), (65534, 65534), (12345, 0), (0, 54321),
                     (4294967294, 4294967294), (1, 12345)]:
        t.file("owners/f%d-%d" % (uid, gid), b"owned")
        t.chown("owners/f%d-%d" % (uid, gid), uid, gid)
        t.chmod("owners/f%d-%d" % (uid, gid), 0o6755)
        t.folder("owners/d%d-%d" % (uid, gid), 0o2775)
        t.chown("owners/d%d-%d" % (uid, gid), uid, gid)
        t.chmod("owners/d%d-%d" % (uid, gid), 0o2775)
        t.link("owners/l%d-%d" % (uid, gid), "x")
        t.chown("owners/l%d-%d" % (uid, gid), uid, gid)
        t.special("owners/p%d-%d" % (uid, gid), "p")
        t.chown("owners/p%d-%d" % (uid, gid), uid, gid)
        t.stamp("owners/l%d-%d" % (uid, gid))


def large_and_deep(t, rand):
    t.folder("large")
    for i in range(1200):
        t.file("large/file%d" % i, rand.randbytes(i % 300))
    t.folder("large/folders")
    for i in range(150):
        t.folder("large/folders/%d" % i)
        t.file("large/folders/%d/f" % i, b"%d" % i)
    path = "deep"
    t.folder(path)
    for i in range(120):
        path += "/%d" % i
        t.folder(path)
        if i % 20 == 19:
            t.file(path + "/file", b"at %d" % i)
    # Each name is as long as it can be: the 17th folder is beyond PATH_MAX.
    path = "long"
    t.folder(path)
    for i in range(20):
        path += "/" + chr(97 + i) * 255
        t.folder(path)
        t.file(path + "/file", b"at %d" % i)
    for i in range(3):
        t.file(path + "/" + str(i) * 255, rand.randbytes(40000 * i))
    t.link(path + "/link", "file")
    t.special(path + "/fifo", "p")
    t.hard(path + "/file", path + "/hard")
    t.hard(path + "/file", "long/hard")
    t.xattr(path + "/file", "user.deep", b"value")
    t.folder("empty")
    t.folder("empty/er")


def to_be_changed(t, rand, small):
    for name in ("edit", "move", "copy", "gone", "meta"):
        t.folder(name)
    big = 300000 if small else 3000000
    for name in ("begin", "middle", "end", "cut", "append", "scattered",
                 "replaced", "same-size", "touched", "again", "grown"):
        t.file("edit/" + name, rand.randbytes(big if name == "scattered"
                                              else 150000))
    t.file("edit/ns-only", rand.randbytes(2000), mtime=BASE)
    t.file("edit/empty", b"")
    t.file("edit/emptied", b"full")
    if not small:
        t.file("big", rand.randbytes(20 << 20))
    for i in range(12):
        t.file("move/f%d" % i, rand.randbytes(1000 + 9000 * i))
        t.file("copy/f%d" % i, rand.randbytes(1000 + 9000 * i))
    t.folder("move/tree")
    for i in range(60):
        t.file("move/tree/%d" % i, rand.randbytes(i * 100))
    for i in range(40):
        t.file("gone/f%d" % i, b"gone")
    t.folder("gone/a")
    t.folder("gone/a/b")
    t.file("gone/a/b/c", b"gone")
    t.link("gone/a/link", "b")
    t.folder("gone/read-only")
    t.file("gone/read-only/f", b"gone", 0o400)
    t.chmod("gone/read-only", 0o500)
    for i in range(20):
        t.file("meta/f%d" % i, rand.randbytes(500 * i))
        t.folder("meta/d%d" % i)
        t.link("meta/l%d" % i, "x%d" % i)
        t.special("meta/p%d" % i, "p")


def make_swapped(t, path, kind, text):
    """One thing of KIND; a folder with something in it."""
    if kind == "f":
        t.file(path, text.encode() * 3)
    elif kind == "d":
        t.folder(path)
        t.file(path + "/file", text.encode())
        t.folder(path + "/folder")
        t.file(path + "/folder/file", text.encode())
        t.link(path + "/folder/link", "file")
    elif kind == "l":
        t.link(path, text)
    else:
        t.special(path, kind)


def to_be_swapped(t):
    t.folder("swap")
    t.folder("swap/aside")
    t.file("swap/aside/file", b"is not touched")
    for a in TYPES if t.is_root else TYPES[:5]:
        for b in TYPES if t.is_root else TYPES[:5]:
            make_swapped(t, "swap/%s-%s" % (a, b), a, "aside")
    t.hard("swap/f-d", "swap/still-f-d")
    t.hard("swap/f-l", "swap/still-f-l")


def version_1(root, small):
    rand = random.Random(1)
    t = Tree(root, BASE)
    names(t)
    sizes(t, rand)
    modes(t)
    times(t)
    hard_links(t, rand)
    sparse(t, rand)
    specials(t)
    attributes(t)
    acls(t)
    if t.is_root:
        owners(t)
    large_and_deep(t, rand)
    to_be_changed(t, rand, small)
    to_be_swapped(t)
    t.stamp_folders()
    t.say_missing()


def main():
    small = sys.argv[3:] == ["small"]
    if sys.argv[1] == "1":
        version_1(sys.argv[2], small)
    elif sys.argv[1] == "2":
        tree_next.version_2(Tree(sys.argv[2], BASE + 10 ** 7 * SECOND), small)
    else:
        tree_next.version_3(Tree(sys.argv[2], BASE + 2 * 10 ** 7 * SECOND),
                            TYPES, make_swapped)


if __name__ == "__main__":
    main()
