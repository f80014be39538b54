/*
 * test_drive.c: who waits for an answer does the I/O itself (drive.h), and what
 * others do to the gateway meanwhile.
 */
#include "tests/lib/gateway_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define TALKERS	4
#define ROUNDS	400

static atomic_int answers, calls, ends, stop;

/* Questions and answers until ROUNDS or an error; its code. */
static void *
talk(void *channel)
{
	xn_channel_t *ch = channel;
	xn_error_t *error = NULL;
	int n;

	for (int i = 0; i < ROUNDS && error == NULL; i++) {
		error = xn_send(ch, "i", i);
		if (error == NULL)
			error = xn_receive(ch, xn_seconds(60), "i", &n);
		if (error == NULL && n == i)
			answers++;
	}
	return (void *)(intptr_t)code_of(error);
}

/* Bulk to a program that throws it away. */
static void *
pour(void *channel)
{
	static char block[50000];
	xn_error_t *error = NULL;

	while (error == NULL && !stop)
		error = xn_send(channel, "y", block, sizeof(block));
	return (void *)(intptr_t)code_of(error);
}

static const char sink_source[] = SIDE(
    "for (;;) xn_receive_value(channel, XN_FOREVER);");

static void
many_talk_while_one_pours(void)
{
	pthread_t talkers[TALKERS], pourer;
	void *code;

	if (begin_with("popen"))
		return;
	answers = stop = 0;
	pthread_create(&pourer, NULL, pour, start(sink_source));
	for (int i = 0; i < TALKERS; i++)
		pthread_create(&talkers[i], NULL, talk, start(echo_source));
	for (int i = 0; i < TALKERS; i++) {
		pthread_join(talkers[i], &code);
		CU_ASSERT_EQUAL((intptr_t)code, 0);
	}
	stop = 1;
	pthread_join(pourer, &code);
	if ((intptr_t)code != 0)
		printf("\n    pourer: %d\n", (int)(intptr_t)code);
	CU_ASSERT_EQUAL((intptr_t)code, 0);
	CU_ASSERT_EQUAL(answers, TALKERS * ROUNDS);
	end();
}

/* It answers itself, refuses to block, and closes in the end. */
static void
on_value(void *baton, xn_channel_t *ch, const xn_value_t *value,
    const xn_error_t *error)
{
	const xn_value_t *never;

	(void)baton;
	(void)error;
	if (value == NULL) {
		ends++;
		return;
	}
	if (code_of(xn_channel_receive(&never, ch, -1, pool)) == XN_E_USAGE &&
	    code_of(xn_gateway_join(gw, -1)) == XN_E_USAGE)
		calls++;
	if (value->u.integer == 100)
		xn_channel_close(ch);
	else
		xn_error_clear(xn_send(ch, "i",
		    (int)value->u.integer + 1));
}

static void
callbacks_in_the_thread_of_who_receives(void)
{
	xn_channel_t *talker, *called[3];

	if (begin_with("popen"))
		return;
	calls = ends = 0;
	talker = start(echo_source);
	for (int i = 0; i < 3; i++) {
		called[i] = start(echo_source);
		failed(xn_channel_setcallback(called[i], on_value, NULL, 1));
		failed(xn_send(called[i], "i", 1));
	}
	while (ends < 3)
		CU_ASSERT_EQUAL_FATAL((intptr_t)talk(talker), 0);
	CU_ASSERT_EQUAL(calls, 300);
	end();
}

/* What is done to the gateway in the middle of it all. */
static void
disturb(const char *how, pid_t agent)
{
	if (strcmp(how, "cancel") == 0)
		xn_group_cancel(group);
	else if (strcmp(how, "exit") == 0)
		xn_gateway_exit(gw);
	else
		kill(agent, SIGKILL);
}

static void
everybody_returns(const char *how, int want)
{
	pthread_t talkers[TALKERS];
	void *code;
	pid_t agent;

	if (begin_with("popen"))
		return;
	agent = agent_pid();
	answers = 0;
	for (int i = 0; i < TALKERS; i++)
		pthread_create(&talkers[i], NULL, talk, start(echo_source));
	while (answers < TALKERS * 20)
		usleep(1000);
	disturb(how, agent);
	for (int i = 0; i < TALKERS; i++) {
		pthread_join(talkers[i], &code);
		/* Who was quick has done all its rounds; and before its end a
		 * gateway that was asked closes its channels. */
		CU_ASSERT((intptr_t)code == want || (intptr_t)code == 0 ||
		    (strcmp(how, "exit") == 0 &&
		    ((intptr_t)code == XN_E_EOF ||
		    (intptr_t)code == XN_E_CLOSED)));
	}
	end();
}

static void
a_disturbance_is_an_error_for_everybody(void)
{
	for (int i = 0; i < 5; i++) {
		everybody_returns("cancel", XN_E_CANCELLED);
		everybody_returns("exit", XN_E_CONNECTION);
		everybody_returns("kill", XN_E_CONNECTION);
	}
}

static const struct xn_test_case cases[] = {
	{ "many talk while one pours", many_talk_while_one_pours },
	{ "callbacks in the thread of who receives",
	    callbacks_in_the_thread_of_who_receives },
	{ "a disturbance is an error for everybody",
	    a_disturbance_is_an_error_for_everybody },
};

XN_TEST_MAIN("drive", cases)
