"""mkdump.py: write a Subversion dump stream of a made-up history.

	python3 mkdump.py REVISIONS BYTES SEED [FIRST]

The same arguments give the same bytes.  The history has files of many sizes
(a few of them large), edits, branches and tags made by copying, replacements,
deletions, properties on files, folders and revisions, names with spaces and
non-ASCII letters.  BYTES is roughly what the repository takes: the text is
noise, which neither deltas nor compression make smaller.

FIRST: only revisions from FIRST on, as an increment for a repository that has
those before.
"""
import random
import sys

REVISIONS, BYTES, SEED = (int(a) for a in sys.argv[1:4])
FIRST = int(sys.argv[4]) if len(sys.argv) > 4 else 0
AVERAGE = max(40, BYTES // max(1, REVISIONS) - 600)  # FSFS's own share
MANY = 800 if AVERAGE > 5000 else 120  # files; svnadmin verify walks them
NAMES = ("a", "main.c", "read me.txt", "grün.txt", "x+y=z&1", "lib.h", "%41")

rng = random.Random(SEED)
out = sys.stdout.buffer
printing = FIRST == 0
files = {}          # path in trunk -> its bytes
branches = []
dirs = ["trunk"]


def put(data):
    if printing:
        out.write(data)


def props_block(props):
    block = b""
    for name, value in props.items():
        name, value = name.encode(), value.encode()
        block += b"K %d\n%s\nV %d\n%s\n" % (len(name), name, len(value), value)
    return block + b"PROPS-END\n"


def revision(number, props):
    block = props_block(props)
    put(b"Revision-number: %d\nProp-content-length: %d\n"
        b"Content-length: %d\n\n%s\n" % (number, len(block), len(block), block))


def node(path, kind, action, text=None, props=None, copy=None):
    head = "Node-path: %s\n" % path
    if kind:
        head += "Node-kind: %s\n" % kind
    head += "Node-action: %s\n" % action
    if copy:
        head += "Node-copyfrom-rev: %d\nNode-copyfrom-path: %s\n" % copy
    body = b""
    if props is not None:
        block = props_block(props)
        head += "Prop-content-length: %d\n" % len(block)
        body += block
    if text is not None:
        head += "Text-content-length: %d\n" % len(text)
        body += text
    if body:
        head += "Content-length: %d\n" % len(body)
    put(head.encode() + b"\n" + body + b"\n\n")


def noise(size):
    return rng.randbytes(size)


def edited(old, size):
    """OLD with SIZE new bytes somewhere."""
    at = rng.randrange(len(old) + 1)
    return (old[:at] + noise(size) + old[at + size // 2:])[:200000]


def new_name():
    folder = rng.choice(dirs)
    name = "%s-%d" % (rng.choice(NAMES), rng.randrange(10 ** 9))
    return folder + "/" + name


def add_or_edit(size):
    if files and rng.random() < (0.5 if len(files) < MANY else 0.95):
        path = rng.choice(list(files))
        if len(files[path]) < 200000:
            files[path] = edited(files[path], size)
            props = None
            if rng.random() < 0.1:
                props = {"svn:mime-type": "application/octet-stream",
                         "test:täg": "value %d" % rng.randrange(100)}
            node(path, "file", "change", files[path], props)
            return
    path = new_name()
    files[path] = noise(size)
    props = {"svn:executable": "*"} if rng.random() < 0.05 else {}
    node(path, "file", "add", files[path], props)


def changes(number):
    """What revision NUMBER does."""
    if number == 1:
        for name in ("trunk", "branches", "tags"):
            node(name, "dir", "add", props={})
    elif number % 97 == 0:
        name = "branches/b %d" % number
        branches.append(name)
        node(name, "dir", "add", copy=(number - 1, "trunk"))
    elif number % 89 == 0:
        node("tags/t%d" % number, "dir", "add",
             copy=(max(1, number - 50), "trunk"))
    elif number % 53 == 0:
        name = rng.choice(dirs) + "/dir%d" % number
        dirs.append(name)
        node(name, "dir", "add", props={"svn:ignore": "*.o\n*.lo\n"})
    elif number % 41 == 0 and files:
        path = rng.choice(list(files))
        del files[path]
        node(path, None, "delete")
    elif number % 301 == 0 and branches:
        node(branches.pop(0), None, "delete")
    elif number % 37 == 0 and files:
        path = rng.choice(list(files))
        files[path] = noise(AVERAGE)
        node(path, "file", "replace", files[path], {})
    elif number % 211 == 0:
        path = new_name()
        files[path] = noise(AVERAGE * 60)
        node(path, "file", "add", files[path], {})
    elif number % 7:
        for _ in range(number % 5 + 1):
            add_or_edit(1 + rng.randrange(AVERAGE * 5 // 4) // (number % 5 + 1))
    # else: a revision that changes nothing


def main():
    global printing
    out.write(b"SVN-fs-dump-format-version: 2\n\n")
    put(b"UUID: 5eed%04x-1111-4222-8333-%012x\n\n" % (SEED & 0xffff, SEED))
    for number in range(REVISIONS + 1):
        printing = number >= FIRST
        props = {"svn:date": "2026-%02d-%02dT%02d:%02d:00.000000Z" % (
            1 + number // 720 // 28 % 12, 1 + number // 720 % 28,
            number // 30 % 24, number % 30 * 2)}
        if number:
            props["svn:log"] = "change %d, größer\nsecond line" % number
            props["svn:author"] = "user%d" % (number % 9)
        else:
            props["test:r0"] = "of the repository"
        revision(number, props)
        if number:
            changes(number)


main()
