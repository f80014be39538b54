"""The real execnet drives the agent: driven_by_execnet.py AGENT CASE.

AGENT is what a shell would start, as in popen//python=AGENT; CASE is one of the
functions in driven_*.py, or nothing for their names.  Where execnet's own tests
say something about a channel or a gateway, the same is asked of ours, with
programs in C.
"""
import os
import signal
import sys

import driven
import driven_channels
import driven_gateways
import driven_programs
import execnet

MODULES = (driven_programs, driven_channels, driven_gateways)


def main():
    if len(sys.argv) < 3:
        print("\n".join(n for n in driven.cases if n != "over_ssh"))
        return
    name, value = driven.MARK.split("=")
    os.environ[name] = value
    group = execnet.Group()
    signal.alarm(120)
    for module in MODULES:
        if hasattr(module, sys.argv[2]):
            getattr(module, sys.argv[2])(group)
            break
    else:
        sys.exit("no case " + sys.argv[2])
    group.terminate(timeout=20)
    driven.nothing_left()


main()
