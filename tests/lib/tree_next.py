"""The second and third version of the tree of tree_make.py."""
import random

from tree_fs import ACCESS, DEFAULT, SECOND, acl


def edit(t, rand, small):
    """Changed content: inserted, removed, overwritten, cut, appended."""
    def rewritten(name, change):
        path = "edit/" + name
        t.file(path, change(t.read(path)))

    rewritten("begin", lambda d: b"inserted " + d)
    rewritten("middle", lambda d: d[:70000] + b"in the middle" + d[70100:])
    rewritten("end", lambda d: d[:-1])
    rewritten("cut", lambda d: d[:100])
    rewritten("append", lambda d: d + rand.randbytes(70000))
    rewritten("replaced", lambda d: rand.randbytes(len(d)))
    rewritten("same-size", lambda d: d[:1000] + b"!" + d[1001:])
    rewritten("again", lambda d: d + d)
    rewritten("grown", lambda d: [(0, d), 4 * len(d)])
    rewritten("touched", lambda d: d)
    rewritten("empty", lambda d: b"not any more")
    rewritten("emptied", lambda d: b"")
    data = bytearray(t.read("edit/scattered"))
    for at in range(1000, len(data) - 300, len(data) // 50):
        data[at:at + 200] = rand.randbytes(200)
    t.file("edit/scattered", bytes(data))
    # Content and time differ, the time in nanoseconds only.
    mtime = t.mtime("edit/ns-only")
    t.file("edit/ns-only", rand.randbytes(2000), mtime=mtime + 3)
    if not small:
        data = bytearray(t.read("big"))
        data[5000:5000] = b"x" * 777
        data[10 << 20:(10 << 20) + 5000] = b""
        t.file("big", bytes(data))


def move_and_copy(t, rand):
    for i in range(6):
        t.rename("move/f%d" % i, "move/g%d" % i)
    t.rename("move/f6", "moved-up")
    # Two that change their names with each other.
    t.rename("move/f7", "move/x")
    t.rename("move/f8", "move/f7")
    t.rename("move/x", "move/f8")
    t.rename("move/tree", "edit/tree")
    t.rename("edit/tree/1", "edit/tree/one")
    t.rename("edit/tree/2", "edit/tree/two")
    t.file("edit/tree/two", b"moved, and then written")
    for i in range(12):
        t.file("copy/copy%d" % i, t.read("copy/f%d" % i))
    t.rename("large/folders", "large/renamed")
    t.rename("names/new\nline", "names/new\n\nline")
    t.rename("names/folders/-rf", "names/folders/--force")
    for i in range(0, 1200, 7):
        t.remove("large/file%d" % i)
    for i in range(0, 1200, 11):
        t.file("large/new%d" % i, rand.randbytes(i % 77))
    for i in range(3, 1200, 101):
        t.file("large/file%d" % i, rand.randbytes(i % 500 + 1))


def delete(t):
    for i in range(0, 40, 2):
        t.remove("gone/f%d" % i)
    t.remove("gone/a")
    t.remove("gone/read-only")
    t.remove("deep/0/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21")
    t.remove("long/" + "/".join(chr(97 + i) * 255 for i in range(18)))
    t.remove("empty")
    t.folder("empty")       # it still is, but not the same


def metadata(t):
    """Nothing but metadata: no content is to be sent for these."""
    t.chmod("meta/f1", 0o4711)
    t.chmod("meta/d1", 0o1777)
    t.chmod("meta/p1", 0o600)
    for name in ("f2", "d2", "l2", "p2"):
        t.stamp("meta/" + name)
    for name in ("f3", "d3", "l3", "p3"):
        t.stamp("meta/" + name, t.mtime("meta/" + name) + 1)
    for name in ("f4", "d4"):
        t.xattr("meta/" + name, "user.new", b"value")
        t.xattr("meta/" + name, ACCESS, acl(
            ("u", 7), ("u", 5, 3), ("g", 5), ("m", 5), ("o", 5)))
    t.xattr("meta/d5", DEFAULT, acl(("u", 7), ("g", 0), ("o", 0)))
    t.file("meta/d5/inherits", b"x")
    t.chmod("modes/f00755", 0o2644)
    t.chmod("modes/f04755", 0o755)
    t.stamp("times/f1", 5 * SECOND + 5)
    t.stamp("times/l1", -5 * SECOND + 5)
    for i in range(0, 10, 2):
        t.stamp("times/ns%d" % i, t.mtime("times/ns%d" % i) + 100)
    t.xattr("attrs/file0", "user.text", b"other")
    t.no_xattr("attrs/file1", "user.empty")
    t.xattr("attrs/folder0", "user.text", b"other")
    t.no_xattr("attrs/folder1", "user.empty")
    t.no_xattr("attrs/file3", "user.long")
    t.xattr("attrs/linked", "user.text", b"of both")
    t.file("attrs/large", b"\7" * 50000 + b"\6" * 50000)
    # Whose mode forbids it even to the owner.
    t.chmod("attrs/read-only", 0o644)
    t.xattr("attrs/read-only", "user.text", b"other")
    t.chmod("attrs/read-only", 0o444)
    t.no_xattr("acls/user", ACCESS)
    t.no_xattr("acls/d-group", DEFAULT)
    t.xattr("acls/group", ACCESS, acl(("u", 7), ("g", 5), ("g", 1, 54321),
                                      ("m", 7), ("o", 5)))
    # In a folder that gives others an ACL: one that has it, and one that not.
    t.file("acls/d-user/later", b"inherits")
    t.file("acls/d-user/none", b"none", 0o600)
    t.no_xattr("acls/d-user/none", ACCESS)
    t.chmod("acls/d-user/none", 0o600)
    t.folder("acls/d-user/folder/none")
    t.no_xattr("acls/d-user/folder/none", ACCESS)
    t.no_xattr("acls/d-user/folder/none", DEFAULT)
    t.chmod("acls/d-user/folder/none", 0o755)
    t.special("acls/d-both/none", "p")
    t.no_xattr("acls/d-both/none", ACCESS)
    t.chmod("modes/read-only", 0o755)
    t.remove("modes/read-only/1")
    t.file("modes/read-only/new", b"new", 0o400)
    t.remove("modes/read-only/2")
    t.file("modes/read-only/2", b"other", 0o444)
    t.chmod("modes/read-only", 0o555)


def metadata_of_root(t):
    t.chown("meta/f6", 1, 2)
    t.chown("meta/d6", 1, 2)
    t.chown("meta/l6", 1, 2)
    t.chown("meta/p6", 1, 2)
    t.chown("meta/f7", 0, 12345)
    t.chmod("meta/f7", 0o6755)
    t.chown("modes/f06755", 12345, 1)       # with its bits
    t.chmod("modes/f06755", 0o6755)
    t.chown("owners/f0-0", 0, 1)
    t.chown("owners/l1-1", 2, 3)
    t.xattr("attrs/many", "trusted.one", b"changed")
    t.xattr("attrs/link", "trusted.link", b"changed")
    t.chown("attrs/capable", 0, 0)          # which takes the capability away
    t.file("modes/d00000/inside", b"changed")
    t.file("modes/f00000", b"changed", 0)
    t.remove("special/renumbered")
    t.special("special/renumbered", "c", 0o600, (1, 7))
    t.remove("special/block")
    t.special("special/block", "c", 0o660, (7, 200))


def hard_links(t, rand):
    """Groups that split, join, move; with the same content, and with other."""
    def split(path, data, **kwargs):
        t.remove(path)
        t.file(path, data, **kwargs)

    def join(old, new):
        t.remove(new)
        t.hard(old, new)

    data, mtime = t.read("links/a0"), t.mtime("links/a0")
    split("links/a2", data, mtime=mtime)            # the same, by itself
    split("links/other/b1", b"other")               # other, by itself
    split("links/c0", b"the first one is another")
    for name in ("d2", "other/d3"):                 # two and two, all the same
        if name == "d2":
            split("links/d2", t.read("links/d0"), mtime=t.mtime("links/d0"))
        else:
            join("links/d2", "links/other/d3")
    join("links/e0", "links/f0")                    # one changes its group
    join("links/e0", "links/other/f1")
    join("links/g2", "links/same0")
    join("links/same1", "links/same2")              # the same before and after
    join("links/same1", "links/same3")
    t.file("links/h0", rand.randbytes(2500))        # written: all of them
    t.hard("links/a0", "links/a9")
    t.hard("links/same5", "links/new")
    t.rename("links/other/many7", "links/many-renamed")
    t.remove("links/many")                          # the first one goes
    t.stamp("links/other/many8")
    t.chmod("links/large", 0o600)
    t.remove("links/symbolic")
    t.link("links/symbolic", "to something else")
    t.remove("links/other/fifo")
    t.special("links/other/fifo", "p")
    t.remove("links/other/empty")
    t.file("links/other/empty", b"", mtime=t.mtime("links/empty"))


def sparse(t, rand):
    block = 65536
    t.file("sparse/all", [(500000, b"x"), 1000000])
    t.file("sparse/begin", [3000001])
    t.file("sparse/end", [(40 * block, rand.randbytes(100)), 80 * block])
    t.file("sparse/middle", [(0, rand.randbytes(block)),
                             (30 * block, rand.randbytes(block)), 60 * block])
    t.file("sparse/many", rand.randbytes(8 * block + 5))
    t.file("sparse/shifted", [(4096 * (3 * i + 2), rand.randbytes(4096))
                              for i in range(20)] + [4096 * 71])
    data = t.read("sizes/262144")
    t.file("sizes/262144", [(0, data[:block]), (3 * block, data[3 * block:]),
                            4 * block])
    t.file("sparse/huge", [(1 << 28, rand.randbytes(5000)),
                           (1 << 29, b"more"), (1 << 29) + 4])


def version_2(t, small):
    rand = random.Random(2)
    edit(t, rand, small)
    move_and_copy(t, rand)
    delete(t)
    metadata(t)
    hard_links(t, rand)
    sparse(t, rand)
    if t.is_root:
        metadata_of_root(t)


def version_3(t, types, make):
    """Everything in swap/ becomes of the type its name says; and so do some
    elsewhere, a whole folder among them."""
    if not t.is_root:
        types = types[:5]
    for a in types:
        for b in types:
            path = "swap/%s-%s" % (a, b)
            t.remove(path)
            make(t, path, b, "aside/file")
    t.remove("large")
    t.link("large", "swap")
    t.remove("names/links")
    t.file("names/links", b"were links")
    t.remove("edit/begin")
    t.folder("edit/begin")
    t.file("edit/begin/begin", b"in a folder")
    t.remove("deep")
    t.special("deep", "p")
    t.remove("links/a0")
    t.folder("links/a0")
    t.hard("links/a9", "links/a0/a9")
    t.remove("long")
    t.file("long", b"short")
    t.remove("sparse/huge")
    t.link("sparse/huge", "/")
