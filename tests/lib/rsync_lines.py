#!/usr/bin/env python3
"""rsync_lines.py [--not-linked TREE] < LOG: the itemized lines of a run with
--json, or of rsync -i itself, sorted.

--not-linked: without those of files that have several names in TREE: which of
them is sent and which become links to it is another one for rsync."""
import json
import os
import re
import sys

LINE = re.compile(r"^([<>ch.][fdLDS][.+?a-zA-Z]{9} |\*deleting   )(.*)$")


def text_of(line):
    return json.loads(line).get("text", "") if line.startswith("{") else \
        line.rstrip("\n")


def path_of(shown):
    """What rsync shows, as bytes."""
    return re.sub(rb"\\#([0-7]{3})", lambda m: bytes([int(m.group(1), 8)]),
                  os.fsencode(re.split(" [-=]> ", shown)[0]))


def is_linked(tree, shown):
    try:
        st = os.lstat(os.path.join(os.fsencode(tree), path_of(shown)))
    except OSError:
        return False
    return st.st_nlink > 1 and not os.path.isdir(
        os.path.join(os.fsencode(tree), path_of(shown)))


def main():
    tree = sys.argv[2] if sys.argv[1:2] == ["--not-linked"] else None
    found = []
    for line in sys.stdin:
        match = LINE.match(text_of(line))
        if match and not (tree and is_linked(tree, match.group(2))):
            # rsync cuts long lines, and leaves one control character.
            found.append(match.group(0)[:3900].replace("\x7f", "\\#177"))
    for text in sorted(found):
        print(text)


main()
