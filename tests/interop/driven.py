"""What the cases of driven_by_execnet.py share: programs in C, gateways to the
agent, and a look at what is left of it."""
import os
import sys
import time

AGENT = sys.argv[1]
WAIT = 30       # seconds; only ever waited for when a test fails
INCLUDE = "#include <execnet/remote.h>\n"
MAIN = INCLUDE + "void remote_main(xn_channel *ch, const xn_value *kw)\n"
ECHO = MAIN + "{ for (;;) xn_send_value(ch, xn_receive_value(ch, -1)); }"
ONE = MAIN + '{ xn_send(ch, "i", 42); }'
SPIN = MAIN + '{ xn_send(ch, "i", 1); for (;;) ; }'
WAITS = MAIN + '{ xn_send(ch, "i", 1); xn_receive_value(ch, -1); }'
# spins, and its child does not listen to SIGTERM
WILD = MAIN + '''{
	const char *argv[] = { "sh", "-c",
	    "trap '' TERM; setsid sleep 1000 & while :; do sleep 1; done", 0 };
	xn_child c;
	if (xn_child_start(&c, argv, 0))
		xn_fail("%m");
	xn_sleep(200);
	xn_send(ch, "i", 1);
	for (;;) ;
}'''
MARK = "XN_INTEROP_MARK=%d" % os.getpid()
cases = []


def case(function):
    cases.append(function.__name__)
    return function


def spec(more=""):
    return "popen//python=%s%s" % (AGENT, more)


def gateway(group):
    return group.makegateway(spec())


def error_of(channel):
    """The text with which CHANNEL must have failed."""
    try:
        channel.waitclose(WAIT)
    except channel.RemoteError as error:
        return error.formatted
    raise AssertionError("no error came")


def left():
    """Processes of this run: those with its mark, itself not."""
    found = []
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or int(pid) == os.getpid():
            continue
        try:
            with open("/proc/%s/environ" % pid, "rb") as f:
                if MARK.encode() in f.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            pass
    return found


def nothing_left():
    end = time.time() + WAIT
    while left() and time.time() < end:
        time.sleep(.02)
    assert not left(), left()
