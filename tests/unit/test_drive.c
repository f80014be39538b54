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

/* ---- Pipes without a reader ----------------------------------------------------- */

#define PIPES	8

static atomic_int signals;

static void
on_sigpipe(int number)
{
	(void)number;
	signals++;
}

/* Somebody else's bytes, which come while this thread drives. */
static xn_channel_t *
attach_to_nobody(void)
{
	xn_channel_t *ch = start(SIDE("xn_sleep(300);"
	    "for (;;) { xn_send(channel, \"y\", \"abc\", (size_t)3);"
	    " xn_sleep(20); }"));
	int fds[2];

	CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
	failed(xn_channel_attach(ch, -1, fds[1]));
	close(fds[0]);
	return ch;
}

/* Their writers end, and no signal reaches the thread that writes there: then
 * nor does one when it unblocks what it had blocked. */
static void
no_signal_comes_of_pipes_without_a_reader(int blocked)
{
	xn_channel_t *talker, *gone[PIPES];
	sigset_t pipe_only, before;

	if (begin_with("popen"))
		return;
	signals = 0;
	signal(SIGPIPE, on_sigpipe);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_UNBLOCK, &pipe_only, &before);
	if (blocked)
		pthread_sigmask(SIG_BLOCK, &pipe_only, NULL);
	talker = start(echo_source);
	for (int i = 0; i < PIPES; i++)
		gone[i] = attach_to_nobody();
	for (int i = 0; i < PIPES; i++)
		while (!xn_channel_isclosed(gone[i]))
			CU_ASSERT_EQUAL_FATAL((intptr_t)talk(talker), 0);
	pthread_sigmask(SIG_UNBLOCK, &pipe_only, NULL);
	CU_ASSERT_EQUAL(signals, 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	end();
}

static void
a_pipe_without_a_reader_is_no_signal(void)
{
	no_signal_comes_of_pipes_without_a_reader(0);
	no_signal_comes_of_pipes_without_a_reader(1);
}

static const struct xn_test_case cases[] = {
	{ "many talk while one pours", many_talk_while_one_pours },
	{ "callbacks in the thread of who receives",
	    callbacks_in_the_thread_of_who_receives },
	{ "a disturbance is an error for everybody",
	    a_disturbance_is_an_error_for_everybody },
	{ "a pipe without a reader is no signal",
	    a_pipe_without_a_reader_is_no_signal },
};

XN_TEST_MAIN("drive", cases)
