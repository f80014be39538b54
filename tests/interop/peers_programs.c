/*
 * peers_programs.c: remote_exec against every kind of peer: arguments, values,
 * errors.  (execnet's own cases: test_gateway, and of test_basics those about
 * remote_exec.)
 */
#include "tests/interop/peers.h"

static void
a_program_that_does_nothing_closes_its_channel(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("pass", SIDE(""));
	failed(xn_channel_waitclose(ch, WAIT));
	CU_ASSERT_TRUE(xn_channel_isclosed(ch));
	gets_end(ch);
	end();
}

static void
a_value_comes_then_the_end_again_and_again(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("channel.send(42)", SIDE("xn_send(channel, \"i\", 42);"));
	gets_int(ch, 42);
	for (int i = 0; i < 3; i++)
		gets_end(ch);
	failed(xn_channel_waitclose(ch, WAIT));
	end();
}

static void
values_stay_receivable_after_the_close(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("for i in range(5): channel.send(i)",
	    SIDE("for (int i = 0; i < 5; i++) xn_send(channel, \"i\", i);"));
	failed(xn_channel_waitclose(ch, WAIT));
	for (int i = 0; i < 5; i++)
		gets_int(ch, i);
	gets_end(ch);
	end();
}

static void
sending_after_the_program_has_ended_is_an_error(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("pass", SIDE(""));
	failed(xn_channel_waitclose(ch, WAIT));
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "i", 1)), XN_E_CLOSED);
	end();
}

static const xn_value_t *
arguments(void)
{
	const xn_value_t *dict = NULL;

	failed(xn_make_value(&dict, pool, "{sis[sn]}", "number", 17, "items",
	    "text"));
	return dict;
}

static void
arguments_go_to_a_named_function(void)
{
	xn_channel_t *ch = NULL;
	xn_program_t program = { .name = "entry.py", .entry = "work" };
	const xn_value_t *v = NULL;

	if (begin())
		return;
	program.source = text_for(
	    "def other(channel, number, items): channel.send('wrong')\n"
	    "def work(channel, number, items):\n"
	    "    channel.send((number + 1, items))\n",
	    "#include <execnet/remote.h>\n"
	    "void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
	    "{ xn_send(channel, \"s\", \"wrong\"); }\n"
	    "void work(xn_channel *channel, const xn_value *kwargs)\n"
	    "{ xn_send(channel, \"(lv)\", xn_value_int(kwargs, \"number\", 0)"
	    " + 1, xn_value_get(kwargs, \"items\")); }\n");
	program.kwargs = arguments();
	if (failed(xn_remote_exec(&ch, gw, &program, pool)) ||
	    failed(xn_channel_receive(&v, ch, WAIT, pool)))
		return;
	CU_ASSERT_STRING_EQUAL(xn_value_repr(v, pool), "(18, ['text', None])");
	gets_end(ch);
	end();
}

static void
a_function_without_arguments_is_called(void)
{
	xn_channel_t *ch = NULL;
	xn_program_t program = { .entry = "work" };

	if (begin())
		return;
	program.source = text_for("def work(channel): channel.send(7)\n",
	    "#include <execnet/remote.h>\n"
	    "void work(xn_channel *channel, const xn_value *kwargs)\n"
	    "{ xn_send(channel, \"i\", 7); }\n");
	if (!failed(xn_remote_exec(&ch, gw, &program, pool)))
		gets_int(ch, 7);
	end();
}

static void
the_name_of_a_program_is_in_its_errors(void)
{
	xn_channel_t *ch = NULL;
	xn_program_t program = { .name = "fetch/side_seven" };

	if (begin())
		return;
	program.source = text_for("x = 1\ny = x.nothing\n",
	    "#include <execnet/remote.h>\n"
	    "void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
	    "{ nothing(); }\n");
	if (!failed(xn_remote_exec(&ch, gw, &program, pool)))
		gets_error(ch, "fetch/side_seven");
	end();
}

static void
an_error_has_a_readable_traceback(void)
{
	static const char source[] =
	    "def inner():\n"
	    "    raise ValueError('seventeen is odd')\n"
	    "def outer():\n"
	    "    inner()\n"
	    "outer()\n";
	static const char *const parts[] = {
	    "Traceback (most recent call last)", "line 2, in inner",
	    "line 4, in outer", "ValueError: seventeen is odd" };

	if (begin())
		return;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		gets_error(run(source, NULL), parts[i]);
	end();
}

static void
values_before_an_error_arrive_first(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("channel.send(1)\nchannel.send(2)\nraise KeyError('gone')",
	    SIDE("xn_send(channel, \"i\", 1); xn_send(channel, \"i\", 2);"
	    "xn_fail(\"it is gone\");"));
	gets_int(ch, 1);
	gets_int(ch, 2);
	gets_error(ch, "gone");
	gets_end(ch);
	end();
}

static void
waitclose_says_how_the_program_failed(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("1 // 0", SIDE("xn_fail(\"a division by zero\");"));
	text_has(xn_channel_waitclose(ch, WAIT), XN_E_REMOTE, "zero");
	end();
}

static void
a_text_that_is_no_program_is_an_error(void)
{
	if (begin())
		return;
	gets_error(run("def broken(:\n", "int remote_main(\n"),
	    peer->kind == PEER_AGENT ? "case.c" : "SyntaxError");
	end();
}

/* Not ASCII, and not UTF-8 where the language can say that. */
static void
the_text_of_an_error_is_utf_8(void)
{
	if (begin())
		return;
	gets_error(run("raise ValueError(u'\\u00e9t\\u00e9 \\U0001f40d')",
	    SIDE("xn_fail(\"\303\251t\303\251 \360\237\220\215\");")),
	    "\303\251t\303\251 \360\237\220\215");
	end();
}

static void
leaving_by_exit_is_an_error(void)
{
	if (begin())
		return;
	gets_error(run("import sys\nsys.exit(3)", NULL),
	    "SystemExit");
	end();
}

static void
a_program_that_ends_by_our_close_ends_quietly(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("channel.send(1)\nchannel.receive()",
	    SIDE("xn_send(channel, \"i\", 1);"
	    "xn_receive_value(channel, XN_FOREVER);"));
	gets_int(ch, 1);
	failed(xn_channel_close(ch));
	gets_end(ch);
	end();
}

static void
printing_does_not_disturb_the_connection(void)
{
	xn_channel_t *ch;

	if (begin())
		return;
	ch = run("import os, sys\n"
	    "os.write(1, b'confusion' * 100)\n"
	    "os.write(2, b'confusion\\n')\n"
	    "sys.stdout.write('more confusion'); sys.stdout.flush()\n"
	    "channel.send(channel.receive() + 1)\n",
	    SIDE("int v; write(1, \"confusion\", 9);"
	    "xn_receive(channel, XN_FOREVER, \"i\", &v);"
	    "xn_send(channel, \"i\", v + 1);"));
	failed(xn_send(ch, "i", 41));
	gets_int(ch, 42);
	gets_end(ch);
	end();
}

static void
several_programs_run_at_once(void)
{
	xn_channel_t *ch[10];

	if (begin())
		return;
	for (int i = 0; i < 10; i++)
		ch[i] = run("channel.send(channel.receive() * 2)",
		    SIDE("int v; xn_receive(channel, XN_FOREVER, \"i\", &v);"
		    "xn_send(channel, \"i\", 2 * v);"));
	for (int i = 9; i >= 0; i--)
		failed(xn_send(ch[i], "i", i));
	for (int i = 0; i < 10; i++)
		gets_int(ch[i], 2 * i);
	end();
}

static void
several_gateways_talk_at_once(void)
{
	xn_gateway_t *many[4] = { NULL };
	xn_channel_t *ch[4];

	if (begin_own(""))
		return;
	for (int i = 0; i < 4; i++)
		if (failed(open_peer(&many[i], group, "", pool)))
			return;
	for (int i = 0; i < 4; i++)
		ch[i] = run_on(many[i], "channel.send(channel.receive() + 1)",
		    SIDE("int v; xn_receive(channel, XN_FOREVER, \"i\", &v);"
		    "xn_send(channel, \"i\", v + 1);"));
	for (int i = 0; i < 4; i++)
		failed(xn_send(ch[i], "i", i));
	for (int i = 0; i < 4; i++)
		gets_int(ch[i], i + 1);
	end();
}

static const struct peer_case cases[] = {
	{ "a program that does nothing closes its channel",
	    a_program_that_does_nothing_closes_its_channel, 0 },
	{ "a value comes, then the end, again and again",
	    a_value_comes_then_the_end_again_and_again, 0 },
	{ "values stay receivable after the close",
	    values_stay_receivable_after_the_close, 0 },
	{ "sending after the program has ended is an error",
	    sending_after_the_program_has_ended_is_an_error, 0 },
	{ "arguments go to the function that is named",
	    arguments_go_to_a_named_function, 0 },
	{ "a function without arguments is called",
	    a_function_without_arguments_is_called, 0 },
	{ "the name of a program is in its errors",
	    the_name_of_a_program_is_in_its_errors, 0 },
	{ "an error has a readable traceback",
	    an_error_has_a_readable_traceback, PYTHON_ONLY },
	{ "values before an error arrive first",
	    values_before_an_error_arrive_first, 0 },
	{ "waitclose says how the program failed",
	    waitclose_says_how_the_program_failed, 0 },
	{ "a text that is no program is an error",
	    a_text_that_is_no_program_is_an_error, 0 },
	{ "the text of an error is UTF-8", the_text_of_an_error_is_utf_8, 0 },
	{ "leaving by exit is an error",
	    leaving_by_exit_is_an_error, PYTHON_ONLY },
	{ "a program whose receive ends by our close ends quietly",
	    a_program_that_ends_by_our_close_ends_quietly, 0 },
	{ "printing does not disturb the connection",
	    printing_does_not_disturb_the_connection, 0 },
	{ "several programs run at once", several_programs_run_at_once, 0 },
	{ "several gateways talk at once", several_gateways_talk_at_once, 0 },
};

PEERS_MAIN(cases)
