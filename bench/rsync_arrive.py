#!/usr/bin/env python3
"""rsync_arrive.py SOURCE TARGET N SECONDS: N files, one after the other, are
written beside SOURCE and renamed into it; how long until each is in TARGET with
its content?  Prints the median, the time of 9 in 10, and the worst, in
milliseconds; and how many did not come within SECONDS."""
import os
import random
import sys
import time


def arrives(path, content, until):
    while time.perf_counter() < until:
        try:
            with open(path, "rb") as f:
                if f.read() == content:
                    return True
        except FileNotFoundError:
            pass
        time.sleep(0.0005)
    return False


def main():
    source, target, n, seconds = sys.argv[1], sys.argv[2], \
        int(sys.argv[3]), float(sys.argv[4])
    took, lost = [], 0
    for i in range(n):
        content = os.urandom(4000)
        aside = source + ".new"
        with open(aside, "wb") as f:
            f.write(content)
        begin = time.perf_counter()
        os.rename(aside, "%s/arrives%d" % (source, i % 10))
        if arrives("%s/arrives%d" % (target, i % 10), content,
                   begin + seconds):
            took.append((time.perf_counter() - begin) * 1000)
        else:
            lost += 1
        time.sleep(random.uniform(0.05, 0.15))
    took.sort()
    if took:
        print("%.2f %.2f %.2f %d" % (took[len(took) // 2],
                                     took[len(took) * 9 // 10], took[-1],
                                     lost))
    else:
        print("- - - %d" % lost)


main()
