/*
 * test_gateway_lost.c: agents that die or fall silent while they are used, and
 * our own silence, which is not theirs.
 */
#include "tests/lib/gateway_test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char silent_source[] = SIDE("xn_sleep(60000);");

/* Send until it fails, to a program that does not receive; why. */
static xn_error_t *
send_until_it_fails(xn_channel_t *ch)
{
	static char block[100 * 1024];
	xn_error_t *error = NULL;

	while (error == NULL)
		error = xn_send(ch, "y", block, sizeof(block));
	return error;
}

static void *
kill_soon(void *pid)
{
	usleep(50000);
	kill(*(pid_t *)pid, SIGKILL);
	return NULL;
}

/* Also: the program that uses the library is not ended by SIGPIPE. */
static void
senders_hear_of_a_lost_connection(void)
{
	for (int i = 0; i < 20; i++) {
		xn_channel_t *ch;
		pthread_t killer;
		pid_t pid;

		if (begin_with("popen"))
			return;
		ch = start(i % 2 ? echo_source : silent_source);
		pid = agent_pid();
		CU_ASSERT_TRUE_FATAL(pid > 0);
		pthread_create(&killer, NULL, kill_soon, &pid);
		CU_ASSERT_TRUE(expect_error(send_until_it_fails(ch),
		    XN_E_CONNECTION, "the local agent"));
		pthread_join(killer, NULL);
		end();
	}
}

static void
writing_to_a_dead_agent_is_no_sigpipe(void)
{
	for (int i = 0; i < 20; i++) {
		if (begin_with("popen"))
			return;
		kill(agent_pid(), SIGKILL);
		for (int j = 0; j < 100; j++) {
			xn_channel_t *ch;
			xn_error_t *error = xn_gateway_newchannel(&ch, gw,
			    pool);

			if (error == NULL)
				error = xn_send(ch, "i", j);
			xn_error_clear(error);
		}
		end();
	}
}

/* As by ^Z and fg: it was us who did not listen. */
static void
being_stopped_longer_than_the_timeout_is_no_silence(void)
{
	xn_channel_t *ch;
	xn_error_t *error;
	pid_t me = getpid(), waker;
	int v;

	if (begin_with("popen//timeout=6"))
		return;
	ch = start(echo_source);
	usleep(300000);		/* the gateway is idle */
	waker = fork();
	if (waker == 0) {
		kill(me, SIGSTOP);
		sleep(9);
		kill(me, SIGCONT);
		_exit(0);
	}
	usleep(500000);
	error = xn_send(ch, "i", 5);
	if (error == NULL)
		error = xn_receive(ch, xn_seconds(30), "i", &v);
	failed(error);
	waitpid(waker, NULL, 0);
	CU_ASSERT_TRUE(expect_error(xn_gateway_join(gw, xn_seconds(3)),
	    XN_E_TIMEOUT, "not ended in time"));
	end();
}

/* And a silent agent still is one. */
static void
a_stopped_agent_is_an_error_after_the_timeout(void)
{
	xn_channel_t *ch;
	int v;

	if (begin_with("popen//timeout=6"))
		return;
	ch = start(silent_source);
	kill(agent_pid(), SIGSTOP);
	CU_ASSERT_TRUE(expect_error(xn_receive(ch, xn_seconds(20), "i", &v),
	    XN_E_CONNECTION, "said nothing for 6 seconds"));
	end();
}

static const struct xn_test_case cases[] = {
	{ "who waits to send hears that the connection was lost",
	    senders_hear_of_a_lost_connection },
	{ "writing to an agent that has died does not end us by SIGPIPE",
	    writing_to_a_dead_agent_is_no_sigpipe },
	{ "being stopped longer than the timeout is not the agent's silence",
	    being_stopped_longer_than_the_timeout_is_no_silence },
	{ "a stopped agent is an error after the timeout",
	    a_stopped_agent_is_an_error_after_the_timeout },
};

XN_TEST_MAIN("lost connections", cases)
