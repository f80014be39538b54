/*
 * test_python.c: programs in Python and their channels, against our Python
 * worker by popen and a real python3.
 */
#include "tests/lib/python_test.h"

static void
it_says_what_it_is(void)
{
	xn_remote_status_t status;

	if (begin_with(PYTHON))
		return;
	CU_ASSERT_PTR_NOT_NULL(strstr(xn_gateway_features(gw),
	    "python,window,part,ping,setup,log,"));
	CU_ASSERT_STRING_EQUAL(xn_gateway_language(gw), "python");
	failed(xn_remote_status(&status, gw, xn_seconds(60), pool));
	CU_ASSERT_EQUAL(status.numexecuting, 0);
	CU_ASSERT_STRING_EQUAL(status.execmodel, "thread");
	start_python("channel.receive()");
	failed(xn_remote_status(&status, gw, xn_seconds(60), pool));
	CU_ASSERT_EQUAL(status.numexecuting, 1);
	end();
}

static void
values_come_back(void)
{
	static const struct { const char *format, *shown; } cases[] = {
		{ "n", "None" }, { "[]", "[]" }, { "()", "()" }, { "{}", "{}" }
	};
	const xn_value_t *value, *back;
	xn_channel_t *ch;

	if (begin_with(PYTHON))
		return;
	ch = start_python("for item in channel: channel.send((item, repr(item)))");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		failed(xn_send(ch, cases[i].format));
		failed(xn_channel_receive(&back, ch, xn_seconds(60), pool));
		CU_ASSERT_STRING_EQUAL(xn_value_repr(back, pool),
		    apr_psprintf(pool, "(%s, '%s')", cases[i].shown,
		    cases[i].shown));
	}
	failed(xn_make_value(&value, pool, "[billdsy(s){sl}]", 1, -5,
	    -2147483649LL, 9007199254740993LL, 0.1, "J\xc3\xb6rg",
	    "\0\xff", (size_t)2, "x", "k", -1LL));
	failed(xn_channel_send(ch, value));
	failed(xn_channel_receive(&back, ch, xn_seconds(60), pool));
	CU_ASSERT_STRING_EQUAL(xn_value_repr(xn_value_item(back, 0), pool),
	    xn_value_repr(value, pool));
	CU_ASSERT_STRING_EQUAL(xn_value_item(back, 1)->u.text,
	    xn_value_repr(value, pool));
	end();
}

/* It makes values, compares what comes back by type and by value, and says in
 * the end what was wrong. */
static const char random_source[] =
    "import random, struct\n"
    "rng = random.Random(20261123)\n"
    "def text(n):\n"
    "    return ''.join(chr(rng.choice((rng.randrange(0, 0xd800),\n"
    "        rng.randrange(0xe000, 0x110000)))) for _ in range(n))\n"
    "def leaf():\n"
    "    return rng.choice((\n"
    "        lambda: rng.choice((None, True, False)),\n"
    "        lambda: rng.randrange(-2**31, 2**31),\n"
    "        lambda: rng.randrange(-2**63, 2**63),\n"
    "        lambda: rng.choice((1, -1)) * rng.getrandbits(300),\n"
    "        lambda: rng.uniform(-1e9, 1e9),\n"
    "        lambda: rng.choice((0.0, -0.0, float('inf'), 5e-324)),\n"
    "        lambda: complex(rng.random(), -rng.random()),\n"
    "        lambda: bytes(rng.getrandbits(8) for _ in range(30)),\n"
    "        lambda: b'B' * rng.randrange(200),\n"
    "        lambda: text(rng.randrange(20))))()\n"
    "def value(depth=0):\n"
    "    kind = rng.randrange(12)\n"
    "    if kind < 6 or depth > 6:\n"
    "        return leaf()\n"
    "    items = [value(depth + 1) for _ in range(rng.randrange(6))]\n"
    "    if kind < 8:\n"
    "        return items\n"
    "    if kind == 8:\n"
    "        return tuple(items)\n"
    "    if kind == 9:\n"
    "        return {(text(3), i): item for i, item in enumerate(items)}\n"
    "    if kind == 10:\n"
    "        return {rng.getrandbits(40) for _ in items}\n"
    "    return frozenset((text(4), None) for _ in items)\n"
    "def same(a, b):\n"
    "    if type(a) is not type(b):\n"
    "        return False\n"
    "    if isinstance(a, float):\n"
    "        return struct.pack('d', a) == struct.pack('d', b)\n"
    "    if isinstance(a, (list, tuple)):\n"
    "        return len(a) == len(b) and all(map(same, a, b))\n"
    "    if isinstance(a, dict):\n"
    "        return list(a) == list(b) and \\\n"
    "            all(map(same, a.values(), b.values()))\n"
    "    return a == b\n"
    "wrong = []\n"
    "for _ in range(4000):\n"
    "    sent = value()\n"
    "    channel.send(sent)\n"
    "    got = channel.receive()\n"
    "    if not same(sent, got):\n"
    "        wrong.append((repr(sent), repr(got)))\n"
    "channel.send(('wrong', wrong))\n";

static void
thousands_of_random_values_come_back_unchanged(void)
{
	const xn_value_t *value, *last;
	apr_pool_t *scratch;
	xn_channel_t *ch;
	int n = 0;

	if (begin_with(PYTHON))
		return;
	apr_pool_create(&scratch, pool);
	ch = start_python(random_source);
	for (; n < 4000; n++) {
		apr_pool_clear(scratch);
		if (failed(xn_channel_receive(&value, ch, xn_seconds(60),
		    scratch)) || failed(xn_channel_send(ch, value)))
			break;
	}
	failed(xn_channel_receive(&last, ch, xn_seconds(60), pool));
	CU_ASSERT_STRING_EQUAL(xn_value_repr(last, pool), "('wrong', [])");
	end();
}

static void
an_error_is_a_traceback_told_once(void)
{
	xn_channel_t *ch;
	int one = 0;

	if (begin_with(PYTHON))
		return;
	ch = start_python("import os\n\ndef inner():\n    raise ValueError('gone')\n"
	    "\nchannel.send(1)\ninner()\n");
	failed(xn_receive(ch, xn_seconds(60), "i", &one));
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE,
	    "Traceback (most recent call last):\n"
	    "  File \"test.py\", line 7, in <module>\n    inner()\n"
	    "  File \"test.py\", line 4, in inner\n"
	    "    raise ValueError('gone')\nValueError: gone");
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "n")),
	    XN_E_EOF);
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "n")), XN_E_CLOSED);
	ch = start_python("x = 1\nif x\n    pass\n");
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE,
	    "File \"test.py\", line 2");
	ch = start_python("raise SystemExit(3)");
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE,
	    "SystemExit: 3");
	ch = start_python("raise ValueError('x' * 10**6 + '\\ud800')");
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE, "[...]");
	ch = start_python("raise EOFError");
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "n")),
	    XN_E_EOF);
	end();
}

/* What cannot be sent is an error of the program, and nothing else. */
static void
what_is_no_value_is_not_sent(void)
{
	static const struct { const char *what, *text; } cases[] = {
		{ "object()", "DumpError: cannot send a object" },
		{ "[1, (bytearray(3),)]", "cannot send a bytearray" },
		{ "'\\ud800'", "lone surrogate" },
		{ "b'x' * (17 << 20)", "cannot be sent at once" },
		{ "[None] * 1000001", "more than 1000000 values" },
		{ "__import__('functools').reduce(lambda v, _: [v], "
		    "range(70), 1)", "nested more than 64 deep" }
	};
	xn_channel_t *ch;
	int one = 0;

	if (begin_with(PYTHON))
		return;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ch = start_python(apr_psprintf(pool, "channel.send(%s)",
		    cases[i].what));
		text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE,
		    cases[i].text);
	}
	ch = start_python("channel.send(1)");
	failed(xn_receive(ch, xn_seconds(60), "i", &one));
	CU_ASSERT_EQUAL(one, 1);
	end();
}

static void
kwargs_and_entry_reach_the_program(void)
{
	xn_program_t program = { .name = "entry.py", .entry = "twice",
		.source = "def twice(channel, n, more=0):\n"
		    "    channel.send(2 * n + more)\n" };
	xn_channel_t *ch = NULL;
	int doubled = 0;

	if (begin_with(PYTHON))
		return;
	failed(xn_make_value(&program.kwargs, pool, "{sl}", "n", 21LL));
	failed(xn_remote_exec(&ch, gw, &program, pool));
	failed(xn_receive(ch, xn_seconds(60), "i", &doubled));
	CU_ASSERT_EQUAL(doubled, 42);
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "n")),
	    XN_E_EOF);
	failed(xn_make_value(&program.kwargs, pool, "{sl}", "m", 21LL));
	failed(xn_remote_exec(&ch, gw, &program, pool));
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE,
	    "unexpected keyword argument 'm'");
	program.entry = "thrice";
	failed(xn_remote_exec(&ch, gw, &program, pool));
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE,
	    "entry.py has no function thrice");
	end();
}

/* Threads of one process: what cannot be limited is not run. */
static void
limits_are_refused(void)
{
	xn_program_t program = { .source = "channel.send(1)",
		.limits = { .memory = 1 << 20 } };
	xn_channel_t *ch = NULL;

	if (begin_with(PYTHON))
		return;
	text_has(xn_remote_exec(&ch, gw, &program, pool), XN_E_UNSUPPORTED,
	    "the worker over there cannot limit a program");
	end();
}

static void
the_first_program_has_the_main_thread(void)
{
	static const char source[] = "import threading\n"
	    "channel.send(threading.current_thread() is "
	    "threading.main_thread())\nchannel.receive()\n";
	xn_channel_t *first, *second;
	int main = 0, other = 1;

	if (begin_with(PYTHON))
		return;
	first = start_python(source);
	failed(xn_receive(first, xn_seconds(60), "b", &main));
	second = start_python(source);
	failed(xn_receive(second, xn_seconds(60), "b", &other));
	CU_ASSERT_TRUE(main);
	CU_ASSERT_FALSE(other);
	end();
}

/* A program's stdin and stdout are nothing; stderr is the log. */
static void
stdio_is_not_the_connection(void)
{
	xn_channel_t *ch;
	const char *line;
	long long n = -1;

	if (begin_with(PYTHON))
		return;
	xn_group_set_log(group, remember_line, NULL);
	ch = start_python("import os, subprocess, sys\n"
	    "print('no message')\n"
	    "os.write(1, b'no message either')\n"
	    "subprocess.call(['echo', 'nor this'])\n"
	    "got = len(os.read(0, 100)) + len(sys.stdin.read())\n"
	    "sys.stderr.write('said by the program\\n')\n"
	    "subprocess.call('echo said by a child >&2', shell=True)\n"
	    "channel.send(got)\n");
	failed(xn_receive(ch, xn_seconds(60), "l", &n));
	CU_ASSERT_EQUAL(n, 0);
	line = wait_for_line("said by a child");
	CU_ASSERT_PTR_NOT_NULL(strstr(line, "said by the program"));
	end();
}

static void
the_setup_is_made(void)
{
	char folder[] = "/tmp/syncgate-python.XXXXXX";
	xn_channel_t *ch;
	const char *text;
	int nice_value = 0;

	if (mkdtemp(folder) == NULL) {
		CU_FAIL("no folder");
		return;
	}
	if (begin_with(apr_psprintf(expect_pool(), PYTHON "//chdir=%s/new"
	    "//nice=3//env:XN_TEST=a=b c", folder)))
		return;
	ch = start_python("import os\n"
	    "channel.send(os.getcwd())\nchannel.send(os.environ['XN_TEST'])\n"
	    "channel.send(os.nice(0))\n");
	failed(xn_receive(ch, xn_seconds(60), "s", &text));
	CU_ASSERT_STRING_EQUAL(text, apr_psprintf(pool, "%s/new", folder));
	failed(xn_receive(ch, xn_seconds(60), "s", &text));
	CU_ASSERT_STRING_EQUAL(text, "a=b c");
	failed(xn_receive(ch, xn_seconds(60), "i", &nice_value));
	CU_ASSERT_EQUAL(nice_value, nice(0) + 3);
	text_has(xn_gateway_open(&gw, group, PYTHON "//chdir=/nowhere/at/all",
	    pool), XN_E_REMOTE, "chdir: cannot change to '/nowhere/at/all'");
	end();
	rmdir(apr_psprintf(expect_pool(), "%s/new", folder));
	rmdir(folder);
}

static const struct xn_test_case cases[] = {
	{ "the hello and the status say what it is", it_says_what_it_is },
	{ "values come back", values_come_back },
	{ "thousands of random values come back unchanged",
	    thousands_of_random_values_come_back_unchanged },
	{ "an error is a traceback, told once",
	    an_error_is_a_traceback_told_once },
	{ "what is no value is not sent", what_is_no_value_is_not_sent },
	{ "kwargs and entry reach the program",
	    kwargs_and_entry_reach_the_program },
	{ "limits are refused", limits_are_refused },
	{ "the first program has the main thread",
	    the_first_program_has_the_main_thread },
	{ "stdio is not the connection", stdio_is_not_the_connection },
	{ "chdir, nice and env are set up", the_setup_is_made }
};

int
main(int argc, char **argv)
{
	apr_initialize();
	return xn_test_main("python", cases, sizeof(cases) / sizeof(cases[0]),
	    argc, argv);
}
