/*
 * test_terminate.c: gateways that are asked to end, and those that do not.
 */
#include "tests/lib/gateway_test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* Says its process, then ends by nothing but SIGKILL. */
static const char stubborn_source[] = SIDE(
    "const char *argv[] = { \"sh\", \"-c\","
    "\"trap '' TERM HUP INT; echo $$; while :; do sleep 1; done\", NULL };"
    "xn_run(channel, argv);");

/* 1 when the process PID has gone, within 60 s. */
static int
has_gone(pid_t pid)
{
	for (int i = 0; i < 6000; i++) {
		if (kill(pid, 0) != 0 && errno == ESRCH)
			return 1;
		usleep(10000);
	}
	return 0;
}

static apr_time_t
now(void)
{
	return apr_time_now();
}

/* Gateways that have nothing to do end at once, whatever the timeout. */
static void
idle_ones_end_as_asked(void)
{
	apr_time_t begun;
	xn_gateway_t *gws[5];

	if (begin_with(NULL))
		return;
	for (int i = 0; i < 5; i++)
		failed(xn_gateway_open(&gws[i], group, "popen", pool));
	begun = now();
	xn_group_terminate(group, xn_seconds(600));
	CU_ASSERT(now() - begun < xn_seconds(60));
	for (int i = 0; i < 5; i++) {
		failed(xn_gateway_join(gws[i], 0));
		CU_ASSERT_EQUAL(code_of(xn_gateway_newchannel(
		    &(xn_channel_t *){ NULL }, gws[i], pool)),
		    XN_E_CONNECTION);
	}
	end();
}

/* The agent kills what does not go by SIGTERM. */
static void
a_program_that_ignores_sigterm_is_killed(void)
{
	const void *line;
	xn_channel_t *ch;
	pid_t child;
	size_t n;
	char text[32] = "";

	if (begin_with("popen"))
		return;
	ch = start(stubborn_source);
	failed(xn_receive(ch, xn_seconds(60), "y", &line, &n));
	memcpy(text, line, n < 31 ? n : 31);
	child = (pid_t)atoi(text);
	CU_ASSERT(child > 1);
	xn_group_terminate(group, xn_seconds(600));
	failed(xn_gateway_join(gw, 0));
	/* In a namespace of its own the number means nothing here. */
	CU_ASSERT(strstr(xn_gateway_features(gw), "nopidns") == NULL ||
	    has_gone(child));
	end();
}

/* An agent that does not even run: SIGKILL reaches it all the same. */
static void
a_stopped_agent_is_killed(void)
{
	xn_gateway_t *other;
	pid_t pid;

	if (begin_with("popen"))
		return;
	pid = agent_pid();
	failed(xn_gateway_open(&other, group, "popen", pool));
	start(SIDE("xn_sleep(60000);"));
	kill(pid, SIGSTOP);
	xn_group_terminate(group, xn_seconds(0.2));
	CU_ASSERT(kill(pid, 0) != 0 && errno == ESRCH);	/* reaped, too */
	failed(xn_gateway_join(gw, 0));
	failed(xn_gateway_join(other, 0));
	end();
}

static void
exit_and_join_are_one_gateways(void)
{
	xn_gateway_t *other;
	xn_channel_t *ch;
	int n = 0;

	if (begin_with("popen"))
		return;
	failed(xn_gateway_open(&other, group, "popen", pool));
	CU_ASSERT_EQUAL(code_of(xn_gateway_join(gw, xn_seconds(0.05))),
	    XN_E_TIMEOUT);
	xn_gateway_exit(gw);
	xn_gateway_exit(gw);		/* twice is once */
	failed(xn_gateway_join(gw, xn_seconds(30)));
	failed(xn_gateway_join(gw, xn_seconds(30)));
	ch = start_on(other, echo_source);
	failed(xn_send(ch, "i", 1));
	failed(xn_receive(ch, xn_seconds(60), "i", &n));
	end();
}

/* Its pool goes while the agent is stopped: a second, then SIGKILL. */
static void
a_pool_that_goes_kills_too(void)
{
	apr_pool_t *own;
	pid_t pid;

	if (begin_with(NULL))
		return;
	apr_pool_create(&own, pool);
	failed(xn_gateway_open(&gw, group, "popen", own));
	pid = agent_pid();
	kill(pid, SIGSTOP);
	apr_pool_destroy(own);
	CU_ASSERT(kill(pid, 0) != 0 && errno == ESRCH);
	CU_ASSERT_EQUAL(xn_group_count(group), 0);
	end();
}

static void *
cancel_soon(void *baton)
{
	(void)baton;
	usleep(1000000);
	xn_group_cancel(group);
	return NULL;
}

static void
cancelling_ends_the_wait(void)
{
	pthread_t thread;
	pid_t pid;

	if (begin_with("popen"))
		return;
	pid = agent_pid();
	kill(pid, SIGSTOP);
	pthread_create(&thread, NULL, cancel_soon, NULL);
	xn_group_terminate(group, XN_FOREVER);
	CU_ASSERT(kill(pid, 0) != 0 && errno == ESRCH);
	pthread_join(thread, NULL);
	end();
}

static atomic_int asked;

static void
terminate_in_callback(void *baton, xn_channel_t *ch, const xn_value_t *value,
    const xn_error_t *error)
{
	(void)baton;
	(void)ch;
	(void)error;
	if (value == NULL)
		return;
	xn_group_terminate(group, XN_FOREVER);
	asked++;
}

/* Two at once, each from a callback of its own gateway: nobody waits. */
static void
from_callbacks_it_only_asks(void)
{
	xn_gateway_t *gws[2];
	xn_channel_t *ch[2];

	if (begin_with(NULL))
		return;
	asked = 0;
	for (int i = 0; i < 2; i++) {
		failed(xn_gateway_open(&gws[i], group, "popen", pool));
		ch[i] = start_on(gws[i], SIDE(
		    "xn_receive_value(channel, XN_FOREVER);"
		    "xn_send(channel, \"n\"); xn_sleep(60000);"));
		failed(xn_channel_setcallback(ch[i], terminate_in_callback,
		    NULL, 1));
	}
	for (int i = 0; i < 2; i++)	/* the second may be ending already */
		xn_error_clear(xn_send(ch[i], "n"));
	for (int i = 0; i < 2; i++)
		failed(xn_gateway_join(gws[i], xn_seconds(30)));
	CU_ASSERT(asked >= 1);
	end();
}

static const struct xn_test_case cases[] = {
	{ "idle gateways end as asked", idle_ones_end_as_asked },
	{ "a program that ignores SIGTERM is killed",
	    a_program_that_ignores_sigterm_is_killed },
	{ "a stopped agent is killed", a_stopped_agent_is_killed },
	{ "exit and join are one gateway's", exit_and_join_are_one_gateways },
	{ "a pool that goes kills too", a_pool_that_goes_kills_too },
	{ "cancelling ends the wait", cancelling_ends_the_wait },
	{ "from callbacks it only asks", from_callbacks_it_only_asks },
};

XN_TEST_MAIN("terminate", cases)
