/*
 * peers_gateway.c: what every kind of peer says of itself, how it is set up,
 * and how it ends.  (execnet's own cases: test_gateway.)
 */
#include "tests/interop/peers.h"

#include <sys/resource.h>

static void
the_language_is_told(void)
{
	if (begin())
		return;
	CU_ASSERT_STRING_EQUAL(xn_gateway_language(gw),
	    text_for("python", "c"));
	CU_ASSERT_EQUAL(strcmp(xn_gateway_features(gw), "execnet") == 0,
	    peer->kind == PEER_EXECNET || peer->kind == PEER_SOCKET);
	end();
}

/* Asking makes no channel over there, however often. */
static void
status_of_an_idle_gateway(void)
{
	xn_remote_status_t s = { .numchannels = -1 };

	if (begin_own(""))
		return;
	for (int i = 0; i < 3; i++) {
		failed(xn_remote_status(&s, gw, WAIT, pool));
		CU_ASSERT_EQUAL(s.numchannels, 0);
		CU_ASSERT_EQUAL(s.numexecuting, 0);
		CU_ASSERT_STRING_EQUAL(s.execmodel,
		    text_for("thread", "process"));
	}
	end();
}

static void
status_counts_programs_and_channels(void)
{
	static const char python[] = "channel.send(1)\nchannel.receive()\n",
	    c[] = SIDE("xn_send(channel, \"i\", 1);"
	    "xn_receive_value(channel, XN_FOREVER);");
	xn_remote_status_t s = { .numchannels = -1 };
	xn_channel_t *first, *second;

	if (begin_own(""))
		return;
	first = run(python, c);
	second = run(python, c);
	gets_int(first, 1);
	gets_int(second, 1);
	failed(xn_remote_status(&s, gw, WAIT, pool));
	CU_ASSERT_EQUAL(s.numexecuting, 2);
	CU_ASSERT_EQUAL(s.numchannels, 2);
	failed(xn_send(first, "n"));
	failed(xn_send(second, "n"));
	failed(xn_channel_waitclose(first, WAIT));
	failed(xn_channel_waitclose(second, WAIT));
	/* The channel is closed a moment before the program is gone. */
	for (int i = 0; i < 3000; i++) {
		failed(xn_remote_status(&s, gw, WAIT, pool));
		if (s.numexecuting == 0 && s.numchannels == 0)
			break;
		usleep(20000);
	}
	CU_ASSERT_EQUAL(s.numexecuting, 0);
	CU_ASSERT_EQUAL(s.numchannels, 0);
	end();
}

static void
the_set_up_of_the_xspec_is_in_force(void)
{
	xn_channel_t *ch;

	if (begin_own("//chdir=/usr/lib//nice=3//env:XN_PEERS=a value"))
		return;
	ch = run("import os\n"
	    "channel.send('%s, %s, %d' % (os.getcwd(),"
	    " os.environ['XN_PEERS'], os.nice(0)))\n",
	    SIDE("xn_child c; char out[100];"
	    "const char *const argv[] = { \"sh\", \"-c\","
	    "\"printf '%s, %s, %d' $(pwd) \\\"$XN_PEERS\\\" $(nice)\", NULL };"
	    "if (xn_child_start(&c, argv, XN_CHILD_OUT) < 0) xn_fail(\"%m\");"
	    "memset(out, 0, sizeof(out));"
	    "xn_read_full(c.out, out, sizeof(out) - 1);"
	    "xn_send(channel, \"s\", out);"));
	/* Added to what this test runs with. */
	gets_text(ch, apr_psprintf(pool, "/usr/lib, a value, %d",
	    getpriority(PRIO_PROCESS, 0) + 3));
	end();
}

static void
a_set_up_that_cannot_be_is_one_line(void)
{
	xn_gateway_t *none;
	xn_error_t *error;

	pool = expect_pool();
	failed(xn_group_create(&group, pool));
	error = open_peer(&none, group, "//chdir=/proc/none/such", pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(error);
	CU_ASSERT_PTR_NULL(strchr(xn_error_text(error, pool), '\n'));
	text_has(error, XN_E_REMOTE, "/proc/none/such");
	end();
}


/* ---- The end of a gateway ------------------------------------------------ */

static void
terminate_ends_an_idle_peer_at_once(void)
{
	if (begin_own(""))
		return;
	xn_gateway_exit(gw);
	failed(xn_gateway_join(gw, xn_seconds(30)));
	end();
}

/* A program that waits to receive hears of the end and ends. */
static void
terminate_ends_a_program_that_receives(void)
{
	xn_channel_t *ch;
	const xn_value_t *v;
	int code;

	if (begin_own(""))
		return;
	ch = run("channel.send(1)\nchannel.receive()\n",
	    SIDE("xn_send(channel, \"i\", 1);"
	    "xn_receive_value(channel, XN_FOREVER);"));
	gets_int(ch, 1);
	xn_gateway_exit(gw);
	failed(xn_gateway_join(gw, xn_seconds(10)));
	code = code_of(xn_channel_receive(&v, ch, WAIT, pool));
	CU_ASSERT(code == XN_E_EOF || code == XN_E_CONNECTION);
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "n")), XN_E_CONNECTION);
	end();
}

/* One that does not is killed when its time is over. */
static void
terminate_kills_what_does_not_go(void)
{
	xn_channel_t *ch;

	if (begin_own(""))
		return;
	ch = run("import time\nchannel.send(1)\n"
	    "for i in range(30):\n"
	    "    try:\n"
	    "        time.sleep(1)\n"
	    "    except KeyboardInterrupt:\n"
	    "        pass\n",
	    SIDE("xn_send(channel, \"i\", 1); for (;;) continue;"));
	gets_int(ch, 1);
	xn_group_terminate(group, xn_seconds(0.2));
	failed(xn_gateway_join(gw, 0));
	end();
}

static void
a_worker_that_is_killed_is_a_lost_connection(void)
{
	xn_channel_t *ch, *other = NULL;
	const xn_value_t *v;
	int pid = 0;

	if (begin_own(""))
		return;
	ch = run("import os, time\n"
	    "channel.send(os.getpid())\ntime.sleep(100)\n", NULL);
	failed(xn_receive(ch, WAIT, "i", &pid));
	CU_ASSERT_FATAL(pid > 1);
	kill(pid, SIGKILL);
	text_has(xn_channel_receive(&v, ch, WAIT, pool), XN_E_CONNECTION, "");
	text_has(xn_channel_waitclose(ch, WAIT), XN_E_CONNECTION, "");
	text_has(xn_send(ch, "i", 1), XN_E_CONNECTION, "");
	text_has(xn_gateway_newchannel(&other, gw, pool), XN_E_CONNECTION,
	    "");
	end();
}

static const struct peer_case cases[] = {
	{ "the language is told", the_language_is_told, 0 },
	{ "the status of an idle gateway, and asking makes no channel",
	    status_of_an_idle_gateway, 0 },
	{ "the status counts programs and channels",
	    status_counts_programs_and_channels, 0 },
	{ "chdir, nice and env: of the xspec are in force",
	    the_set_up_of_the_xspec_is_in_force, 0 },
	{ "a set-up that cannot be is an error of one line",
	    a_set_up_that_cannot_be_is_one_line, 0 },
	{ "terminate ends an idle peer at once",
	    terminate_ends_an_idle_peer_at_once, 0 },
	{ "terminate ends a program that receives",
	    terminate_ends_a_program_that_receives, 0 },
	{ "terminate kills what does not go",
	    terminate_kills_what_does_not_go, 0 },
	{ "a worker that is killed is a lost connection",
	    a_worker_that_is_killed_is_a_lost_connection, PYTHON_ONLY },
};

PEERS_MAIN(cases)
