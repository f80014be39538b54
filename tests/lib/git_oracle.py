#!/usr/bin/env python3
"""git_oracle.py REPOSITORY GIT LAYOUT...: is GIT what svn says it must be?

For each revision of the Subversion REPOSITORY and each branch that LAYOUT
(words PATH:REF) has in it: the tree of the commit that refs/notes/svn names for
the two equals `svn export --ignore-keywords` of the path at the revision: all
files, their content, x bits and symbolic links.  And the refs are those of the
branches that are there at last.  Prints what differs; "N trees" at the end.

With IGNORE in the environment a folder also has a .gitignore that says what its
svn:ignore and svn:global-ignores say, unless it has one of its own.

With EXTERNALS it has an .svnexternals that is its svn:externals, in the same
way.  With MODULES there is a .gitmodules at the top of each branch with all of
them, made here of nothing but that.  With EMPTY a folder in which nothing is
has an empty .gitignore, too.

What svn exports is looked at here by itself; of what is tested nothing is used
but the rule for names.  Where svn:eol-style has ends of lines converted, the
file as svnlook cats it counts.
"""
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from xml.etree import ElementTree

ENV = dict(os.environ, LC_ALL="C.UTF-8")


def run(*argv, check=True):
    done = subprocess.run(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=ENV)
    if check and done.returncode != 0:
        raise SystemExit("%r: %s" % (argv, done.stderr.decode(
            errors="replace")))
    return done.stdout


def blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def name_in_git(name):
    if re.fullmatch(rb"(?i)(\.git(modules)?|git~1|gitmod~[1-4])[ .]*",
                    name) or re.fullmatch(rb"%2E(?i:git(modules)?)", name):
        return b"%%%02X" % name[0] + name[1:].replace(b"%", b"%25")
    return name


def exported(top):
    """path -> (mode, id) of all files below TOP."""
    found = {}
    for folder, folders, files in os.walk(top):
        links = [f for f in folders if os.path.islink(
            os.path.join(folder, f))]
        for name in files + links:
            path = os.path.join(folder, name)
            parts = os.path.relpath(path, top).split(b"/")
            short = b"/".join(name_in_git(p) for p in parts)
            if os.path.islink(path):
                found[short] = "120000", blob(os.readlink(path)), path
                continue
            with open(path, "rb") as f:
                data = f.read()
            mode = "100755" if os.stat(path).st_mode & 0o100 else "100644"
            found[short] = mode, blob(data), path
    return found


def ignored(url, top, found):
    """Add to FOUND what was exported to TOP says of ignored names."""
    lines = {}
    for prop in "svn:ignore", "svn:global-ignores":
        text = run("svn", "propget", "-R", "--xml", prop, url)
        for target in ElementTree.fromstring(text):
            path = os.fsencode(urllib.parse.unquote(
                target.get("path"), errors="surrogateescape"))
            path = path[len(urllib.parse.unquote_to_bytes(
                url.rsplit(b"@", 1)[0])):].strip(b"/")
            for line in target[0].text.splitlines():
                line = line.encode()
                blanks = len(line) - len(line.rstrip(b" "))
                if not line:
                    continue
                before = b"/" if prop == "svn:ignore" else b""
                if b"/" in line:
                    before = b"# "
                elif not before and line[:1] in b"#!":
                    before = b"\\"
                lines.setdefault(path, []).append(
                    before + line.rstrip(b" ") + b"\\ " * blanks + b"\n")
    for path, some in lines.items():
        name = b"/".join([name_in_git(p) for p in path.split(b"/") if p] +
                         [b".gitignore"])
        if not os.path.lexists(os.path.join(top, path, b".gitignore")):
            found[name] = "100644", blob(b"".join(some)), None


def externals(url, top, found):
    text = run("svn", "propget", "-R", "--xml", "svn:externals", url)
    for target in ElementTree.fromstring(text):
        path = os.fsencode(urllib.parse.unquote(target.get("path")))
        path = path[len(urllib.parse.unquote_to_bytes(
            url.rsplit(b"@", 1)[0])):].strip(b"/")
        name = b"/".join([name_in_git(p) for p in path.split(b"/") if p] +
                         [b".svnexternals"])
        if not os.path.lexists(os.path.join(top, path, b".svnexternals")):
            found[name] = "100644", blob(target[0].text.encode()), None


def quoted(value):
    odd = value != value.strip(" ") or ";" in value or "#" in value
    value = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"%s"' % value if odd else value


def module(line):
    """(target, URL, revision, peg) of a line of svn:externals."""
    line = re.sub(r"^\s*-r\s*(\d+)\s+|\s-r\s*(\d+)(?=\s)", " ", line)
    first, second = shlex.split(line)
    if "://" in second:
        return first, second, None
    url, at, peg = first.rpartition("@")
    return (second, url, peg) if at else (second, first, None)


def modules(url, top, found):
    """All externals below TOP, as git config has them."""
    sections = []
    text = run("svn", "propget", "-R", "--xml", "svn:externals", url)
    for target in ElementTree.fromstring(text):
        path = os.fsencode(urllib.parse.unquote(target.get("path")))
        path = path[len(urllib.parse.unquote_to_bytes(
            url.rsplit(b"@", 1)[0])):].strip(b"/").decode()
        if not os.path.isdir(os.path.join(top, os.fsencode(path))):
            continue
        for n, line in enumerate(target[0].text.splitlines()):
            pinned = re.search(r"(?:^|\s)-r\s*(\d+)\s", line)
            if not line.strip() or line[0] == "#":
                continue
            name, where, peg = module(line)
            rev = pinned[1] if pinned else peg
            whole = b"/".join(name_in_git(p.encode()) for p in
                              (path + "/" + name).split("/") if p).decode()
            if whole[0] == "-":
                continue
            lines = '[submodule "%s"]\n' % whole.replace(
                "\\", "\\\\").replace('"', '\\"')
            for key, value in (("path", whole), ("url", where),
                               ("svnRevision", rev),
                               ("svnPeg", peg if peg != rev else None),
                               ("svnFolder", path or ".")):
                if value is not None:
                    lines += "\t%s = %s\n" % (key, quoted(value))
            sections.append((whole.encode(), path.encode(), n, lines))
    if sections:
        found[b".gitmodules"] = "100644", blob("".join(
            s[-1] for s in sorted(sections)).encode()), None


def empties(top, found):
    """Those in which nothing is, of what was made either."""
    for folder, folders, files in os.walk(top):
        parts = os.path.relpath(folder, top).split(b"/")
        name = b"/".join([name_in_git(p) for p in parts if p != b"."] +
                         [b".gitignore"])
        if not folders and not files and \
                (folder != top or b".gitmodules" not in found) and \
                name[:-len(".gitignore")] + b".svnexternals" not in found:
            found.setdefault(name, ("100644", blob(b""), None))


def in_git(git, commit):
    found = {}
    for line in run("git", "-C", git, "ls-tree", "-r", "-z",
                    commit).split(b"\0"):
        if line:
            about, path = line.split(b"\t", 1)
            mode, _, name = about.decode().split()
            found[path] = mode, name
    return found


def notes_of(git):
    """(path, revision) -> commit."""
    found = {}
    for line in run("git", "-C", git, "notes", "--ref=svn",
                    "list").decode().splitlines():
        note, commit = line.split()
        for said in run("git", "-C", git, "cat-file", "blob",
                        note).splitlines():
            rev, _, path = said.split(b" ", 2)
            key = path[1:], int(rev[1:])
            if key in found:
                print("two notes of", key)
            found[key] = commit
    return found


class Layout:
    def __init__(self, words):
        self.patterns = []
        for word in words:
            path, ref = word.split(":", 1)
            self.patterns.append((path.split("/") if path else [], ref))

    def find(self, parts):
        """("branch", ref), "above" or None for a folder in no branch."""
        for path, ref in self.patterns:
            if len(parts) > len(path):
                continue
            if all(p in ("*", q) for p, q in zip(path, parts)):
                if len(parts) < len(path):
                    return "above"
                for p, q in zip(path, parts):
                    if p == "*":
                        ref = ref.replace("*", "\0" + escape(q) + "\0", 1)
                return "branch", ref.replace("\0", "")
        return None

    def branches(self, folders):
        """Those among FOLDERS, a set of paths: path -> ref."""
        found = {}
        for path in folders:
            parts = path.split("/") if path else []
            for n in range(len(parts) + 1):
                what = self.find(parts[:n])
                if what != "above":
                    break
            if what and what != "above" and n == len(parts):
                found[path] = what[1]
        return found


def escape(name):
    out = ""
    for i, c in enumerate(name):
        odd = c in "~^:?*[\\% " or ord(c) < 33 or ord(c) == 127
        odd |= c == "." and (i == 0 or i + 1 == len(name) or
                             name[i - 1] == "." or name[i:] == ".lock")
        odd |= i == 0 and name == "HEAD"
        odd |= c == "@" and (name == "@" or name[i + 1:i + 2] == "{")
        out += "%%%02X" % ord(c) if odd else c
    return out


def folders_of(repository, rev, deepest):
    """All folders, as far down as branches can be."""
    found = {""}
    text = run("svnlook", "tree", "--full-paths", "-r", str(rev),
               repository).decode(errors="surrogateescape")
    for line in text.splitlines():
        if line.endswith("/") and line != "/" and \
                line.count("/") <= deepest:
            found.add(line[:-1])
    return found


def touched(repository, rev):
    text = run("svnlook", "changed", "-r", str(rev),
               repository).decode(errors="surrogateescape")
    return [(line[4:].rstrip("/"), line.startswith("_U")) for line in
            text.splitlines()]


def is_touched(path, paths):
    """(A property of a folder above is none of the branch.)"""
    return any(path == p or path == "" or p.startswith(path + "/") or
               (not only_props and (p == "" or path.startswith(p + "/")))
               for p, only_props in paths)


def check(repository, git, path, rev, commit, scratch):
    shutil.rmtree(scratch, ignore_errors=True)
    url = b"file://" + os.fsencode(os.path.abspath(repository))
    for part in path.split("/"):
        url += b"/" + b"".join(b"%%%02X" % c for c in os.fsencode(part))
    run("svn", "export", "-q", "--ignore-keywords", "--ignore-externals",
        url + b"@%d" % rev, scratch)
    want = exported(os.fsencode(scratch))
    if "IGNORE" in os.environ:
        ignored(url + b"@%d" % rev, os.fsencode(scratch), want)
    if "EXTERNALS" in os.environ:
        externals(url + b"@%d" % rev, os.fsencode(scratch), want)
    if "MODULES" in os.environ:
        modules(url + b"@%d" % rev, os.fsencode(scratch), want)
    if "EMPTY" in os.environ:
        empties(os.fsencode(scratch), want)
    have = in_git(git, commit)
    bad = []
    for name in sorted(set(want) | set(have)):
        if name not in want or name not in have:
            bad.append((name, want.get(name), have.get(name)))
        elif want[name][:2] != have[name]:
            raw = run("svnlook", "cat", "-r", str(rev), repository,
                      os.fsencode(path) + b"/" + name, check=False)
            styled = run("svnlook", "propget", "-r", str(rev), repository,
                         "svn:eol-style", os.fsencode(path) + b"/" + name,
                         check=False)
            if not styled or blob(raw) != have[name][1] or \
                    want[name][0] != have[name][0]:
                bad.append((name, want[name], have[name]))
    for name, svn, ours in bad[:5]:
        print("r%d /%s, %s: svn has %s, Git has %s (%s)" % (
            rev, path, name, svn, ours, commit))
    return not bad


def main():
    repository, git, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    layout = Layout(words)
    deepest = max(len(path) for path, _ in layout.patterns)
    notes = notes_of(git)
    youngest = int(run("svnlook", "youngest", repository))
    scratch = os.path.join(tempfile.mkdtemp(), "x")
    trees = 0
    now = {}
    for rev in range(1, youngest + 1):
        paths = touched(repository, rev)
        # (What has properties set to what they were is no change there.)
        if not paths and not deepest and (b"", rev) not in notes:
            continue
        now = layout.branches(folders_of(repository, rev, deepest))
        for path in sorted(now):
            commit = notes.pop((os.fsencode(path), rev), None)
            if commit is None:
                if is_touched(path, paths):
                    print("r%d /%s: no commit" % (rev, path))
                continue
            trees += check(repository, git, path, rev, commit, scratch)
    for path, rev in sorted(notes):
        print("r%d /%s: there is a commit" % (rev, path))
    refs = run("git", "-C", git, "for-each-ref", "--format=%(refname)",
               "refs/heads", "refs/tags").decode().split()
    if sorted(refs) != sorted(now.values()):
        print("refs:", sorted(refs), "instead of", sorted(now.values()))
    shutil.rmtree(os.path.dirname(scratch))
    print(trees, "trees")


main()
