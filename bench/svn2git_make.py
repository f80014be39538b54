#!/usr/bin/env python3
"""svn2git_make.py REVISIONS: a dump on stdout, as a project makes it in years.

trunk, branches and tags.  A revision adds a file or two and changes some lines
in up to four, in trunk or in a branch; every 200th copies trunk to a branch,
every 250th to a tag, and every 1,000th removes the oldest branch.  It is always
the same for the same number of revisions."""

import random
import sys

out = sys.stdout.buffer
random.seed(7)
WORDS = [bytes(random.choice(b"abcdefghijklmnopqrstuvwxyz")
               for _ in range(random.randint(2, 11))) for _ in range(3000)]


def properties(*pairs):
    return b"".join(b"K %d\n%s\nV %d\n%s\n" % (len(k), k, len(v), v)
                    for k, v in pairs) + b"PROPS-END\n"


def line():
    return b"    " * random.randint(0, 3) + b" ".join(
        random.choice(WORDS) for _ in range(random.randint(1, 9))) + b"\n"


def revision(number, log):
    minutes = number * 97
    text = properties(
        (b"svn:author", random.choice([b"ann", b"bob", b"cy", b"dora"])),
        (b"svn:date", b"20%02d-%02d-%02dT%02d:%02d:00.000000Z" % (
            10 + minutes // 525600, 1 + minutes // 43200 % 12,
            1 + minutes // 1440 % 28, minutes // 60 % 24, minutes % 60)),
        (b"svn:log", log))
    out.write(b"Revision-number: %d\nProp-content-length: %d\n"
              b"Content-length: %d\n\n%s\n" % (
                  number, len(text), len(text), text))


def node(path, action, kind=None, text=None, props=None, source=None):
    out.write(b"Node-path: %s\n" % path)
    if kind is not None:
        out.write(b"Node-kind: %s\n" % kind)
    out.write(b"Node-action: %s\n" % action)
    if source is not None:
        out.write(b"Node-copyfrom-rev: %d\nNode-copyfrom-path: %s\n" % source)
    body = b"" if props is None else properties(*props)
    if props is not None:
        out.write(b"Prop-content-length: %d\n" % len(body))
    if text is not None:
        out.write(b"Text-content-length: %d\n" % len(text))
        body += text
    if body:
        out.write(b"Content-length: %d\n\n%s" % (len(body), body))
    out.write(b"\n\n")


class Tree:
    """A branch: its files, by path beneath it, and its folders."""

    def __init__(self, path, files=(), folders=()):
        self.path, self.files, self.folders = path, dict(files), set(folders)
        self.names = list(self.files)

    def add(self, count):
        folder = b"src/m%02d/p%d" % (random.randint(0, 39),
                                     random.randint(0, 7))
        for n in range(1, folder.count(b"/") + 2):
            part = b"/".join(folder.split(b"/")[:n])
            if part not in self.folders:
                self.folders.add(part)
                node(self.path + b"/" + part, b"add", b"dir")
        name = folder + b"/file%05d.c" % count
        self.files[name] = [line() for _ in range(random.randint(20, 200))]
        self.names.append(name)
        node(self.path + b"/" + name, b"add", b"file",
             b"".join(self.files[name]), [(b"svn:executable", b"*")]
             if random.random() < 0.02 else [])

    def change(self, name):
        lines = list(self.files[name])
        for _ in range(random.randint(1, 5)):
            at = random.randrange(len(lines))
            if random.random() < 0.3:
                lines.insert(at, line())
            elif random.random() < 0.1 and len(lines) > 10:
                del lines[at]
            else:
                lines[at] = line()
        self.files[name] = lines
        node(self.path + b"/" + name, b"change", b"file", b"".join(lines))


def main(revisions):
    out.write(b"SVN-fs-dump-format-version: 2\n\n"
              b"UUID: 12345678-1234-4234-8234-123456789abd\n\n")
    trunk, branches, count = Tree(b"trunk"), [], 0
    for number in range(1, revisions + 1):
        copy = (b"branches/b%d" if number % 200 == 0 else b"tags/v%d") % number
        if number == 1:
            revision(number, b"the usual folders")
            for path in (b"trunk", b"branches", b"tags"):
                node(path, b"add", b"dir")
        elif number % 1000 == 999 and branches:
            revision(number, b"a branch is gone")
            node(branches.pop(0).path, b"delete")
        elif number % 200 == 0 or number % 250 == 0:
            revision(number, b"copied to " + copy)
            node(copy, b"add", b"dir", source=(number - 1, b"trunk"))
            if number % 200 == 0:
                branches.append(Tree(copy, trunk.files, trunk.folders))
        else:
            revision(number, b" ".join(random.choice(WORDS)
                                       for _ in range(12)))
            tree = trunk
            if branches and random.random() < 0.15:
                tree = random.choice(branches)
            for _ in range(random.choice([1, 1, 2])
                           if number > 20 else 20):
                count += 1
                tree.add(count)
            for name in set(random.choice(tree.names)
                            for _ in range(random.randint(0, 4))):
                tree.change(name)


main(int(sys.argv[1]))
