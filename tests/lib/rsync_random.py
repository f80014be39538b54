"""Random rules and trees: what rsync leaves of a target, and what the filter
says.

    rsync_random.py PREDICT FOLDER ROUNDS KIND SEED

PREDICT is tests/lib/rsync_filter; FOLDER is made anew.  KIND is what the rules
are: patterns, rules, files (of rules), folders (with files of rules), lists.
Prints each difference, and ends with status 1 if there is any.
"""
import os
import random
import shutil
import subprocess
import sys

predict, folder, rounds, kind, seed = sys.argv[1:]
rng = random.Random(seed + kind)
SOURCE, KEPT, TARGET = (os.path.join(folder, n) for n in ("S", "K", "T"))
NEW, OLD = 1577880000, 1262347200       # times of files; modes: 0755, 0700

NAMES = [b"a", b"b", b"ab", b"a.o", b"b.c", b"A", b"foo", b"bar", b"x-y",
         b"-", b" c", b"!", b"\xe4\xff"]
if kind != "folders":   # rsync takes such names of folders for patterns there
    NAMES += [b"a*", b"[x]", b"a\\b", b"n\nl"]
PARTS = ["a", "b", "ab", "o", "foo", "bar", ".", "-", "x", "*", "*", "**",
         "***", "?", "[ab]", "[!a]", "[^b]", "[a-c]", "[[:alpha:]]",
         "[[:upper:]]", "[]x]", "[a", "[[:bad:]]", "[a-]", "\\", "\\a", "\\*",
         "/", "/", "/", "[\\]]", "[/]", "[x-\\[]", " ", "!", "[[:]", "[b-a]",
         "[--b]"]
USUAL = ["a", "b", "foo", "bar", "*.o", "a*", "*", "**", "?", "/", "/", "/",
         "/", "ab", "b.c", "A"]


def chance(p):
    return rng.random() < p


def letters(all_of_them, p):
    return "".join(c for c in all_of_them if chance(p))


# ---- Trees ------------------------------------------------------------------


def is_folder(path):
    """The same in both trees."""
    return random.Random(b"folder" + path).random() < 0.5


def fill(root, path, depth, r):
    os.makedirs(os.path.join(root.encode(), path))
    for name in r.sample(NAMES, 9 if depth == 0 else r.randint(3, 6)):
        below = os.path.join(path, name)
        if depth < 3 and is_folder(below):
            fill(root, below, depth + 1, r)
        else:
            open(os.path.join(root.encode(), below), "wb").close()


def entries(root):
    for top, folders, files in os.walk(root.encode()):
        for name in folders:
            yield os.path.join(top, name), True
        for name in files:
            yield os.path.join(top, name), False


def date(root, time, mode):
    for path, is_dir in entries(root):
        if is_dir:
            os.chmod(path, mode)
        else:
            os.utime(path, (time, time))


def make_trees():
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    fill(SOURCE, b"", 0, random.Random(seed + "s"))
    fill(KEPT, b"", 0, random.Random(seed + "k"))
    subprocess.run(["rsync", "-rt", "--ignore-existing", SOURCE + "/",
                    KEPT + "/"], check=True)
    date(SOURCE, NEW, 0o755)
    date(KEPT, OLD, 0o700)


def left():
    """What is in the target, as PREDICT says it."""
    found = set()
    for path, is_dir in entries(TARGET):
        st = os.lstat(path)
        new = st.st_mode & 0o777 == 0o755 if is_dir else st.st_mtime == NEW
        found.add((b"new " if new else b"old ") + path[len(TARGET) + 1:] +
                  (b"/" if is_dir else b""))
    return found


# ---- Rules ------------------------------------------------------------------


def pattern():
    parts = USUAL if chance(.6) else PARTS
    text = "".join(rng.choice(parts) for _ in range(rng.randint(1, 6)))
    if chance(.15):
        text = "/" + text
    if chance(.15):
        text += "/"
    if chance(.1):
        text += "/***"
    if chance(.1):
        text = "**/" + text
    return text


def absolute():
    return rng.choice(["", "S/", "T/", "**/S/", "*/S/", SOURCE + "/",
                       TARGET + "/", "/*/**"]) + pattern()


def rule(sided=True):
    modifiers = letters("p!", .12)
    if chance(.05):
        return rng.choice("--+") + modifiers + "/ " + absolute()
    if chance(.62) or not sided:
        if sided:
            modifiers += letters("sr", .15)
        return rng.choice("--+") + modifiers + rng.choice(" _") + pattern()
    if chance(.9):
        return rng.choice("HSPR") + modifiers + " " + pattern()
    return "!"


def old_rule():
    return rng.choice(["", "", "- ", "+ "]) + pattern()


def merge_modifiers():
    modifiers = letters("enw", .15) + rng.choice(["", "", "", "-", "+"])
    return modifiers + letters("srp", .08)


def lines(modifiers):
    """Of a file that is merged with these modifiers."""
    plain = "-" in modifiers or "+" in modifiers
    sided = not ("s" in modifiers or "r" in modifiers)
    some = [pattern() if plain else rule(sided)
            for _ in range(rng.randint(1, 4))]
    if "w" in modifiers:
        some = [line.replace(" ", "_") for line in some]
    if chance(.2):
        some.insert(0, rng.choice(["# comment", ";comment"])
                    if "w" not in modifiers else "")
    return some


def write(path, some):
    end = rng.choice(["\n", "\n", "\r\n", "\r"])
    with open(path, "w", newline="") as stream:
        stream.write(end.join(some) + rng.choice(["", end]))


def by_patterns():
    return [rng.choice(["--exclude=", "--exclude=", "--include="]) + pattern()
            for _ in range(rng.randint(1, 3))]


def by_rules():
    some = ["--filter=" + rule() if chance(.7) else
            rng.choice(["--exclude=", "--include="]) + old_rule()
            for _ in range(rng.randint(1, 5))]
    return some + ["--delete-excluded"] * chance(.2)


def by_files():
    some = by_rules() if chance(.3) else []
    for i in range(rng.randint(1, 2)):
        name = os.path.join(folder, "rules%d" % i)
        option = rng.choice(["exclude-from", "include-from", "filter"])
        modifiers = merge_modifiers()
        if option == "filter":
            write(name, lines(modifiers))
            some.append("--filter=.%s %s" % (modifiers, name))
        else:
            write(name, [old_rule() for _ in range(rng.randint(1, 4))] +
                  ["!"] * chance(.1))
            some.append("--%s=%s" % (option, name))
    return some


def by_folders():
    some = by_rules()
    modifiers = merge_modifiers()
    for name in [".f", ".g"][:rng.randint(1, 2)]:
        some.insert(rng.randint(0, len(some)), "--filter=:%s %s%s" %
                    (modifiers, rng.choice(["", "/"]), name))
    for root, time in (SOURCE, NEW), (KEPT, OLD):
        for top in [root.encode()] + [p for p, d in entries(root) if d]:
            for name in b".f", b".g":
                path = os.path.join(top, name)
                if os.path.exists(path):
                    os.unlink(path)
                if chance(.4):
                    write(path, lines(modifiers))
                    os.utime(path, (time, time))
    return some


def by_lists():
    there = [p[len(SOURCE) + 1:] for p, _ in entries(SOURCE)
             if b"\n" not in p]
    some = []
    for _ in range(rng.randint(1, 4)):
        name = rng.choice(there) + b"/" * chance(.3) + b"/.." * chance(.05)
        some.append(rng.choice([b"", b"", b"", b"", b"/", b"./"]) + name)
    some += [b"."] * chance(.05)
    with open(os.path.join(folder, "list"), "wb") as stream:
        stream.write(b"\n".join(some) + b"\n")
    return ["--files-from=" + os.path.join(folder, "list")] + \
        ["-r"] * chance(.5) + by_rules()


# ---- Both -------------------------------------------------------------------


def compare(options):
    """None, or how they differ."""
    shutil.rmtree(TARGET, ignore_errors=True)
    subprocess.run(["cp", "-a", KEPT, TARGET], check=True)
    ours = subprocess.run([predict, "--delete"] + options + [SOURCE, TARGET],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    theirs = subprocess.run(["rsync", "-a", "--delete-before"] + options +
                            [SOURCE + "/", TARGET + "/"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    refuses = theirs.returncode in (1, 11, 19)
    if ours.returncode == 2 and refuses:
        return None
    if ours.returncode != 0 or refuses:
        return "%d %r, rsync %d %r" % (ours.returncode, ours.stderr,
                                       theirs.returncode, theirs.stderr)
    said, is_left = set(ours.stdout.split(b"\0")) - {b""}, left()
    if said == is_left:
        return None
    return "rsync has %r, ours %r" % (sorted(is_left - said)[:5],
                                      sorted(said - is_left)[:5])


make_trees()
options_of = {"patterns": by_patterns, "rules": by_rules, "files": by_files,
              "folders": by_folders, "lists": by_lists}[kind]
differences = 0
for _ in range(int(rounds)):
    options = options_of()
    difference = compare(options)
    if difference is not None:
        differences += 1
        print(options, difference)
sys.exit(differences > 0)
