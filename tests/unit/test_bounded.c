/*
 * test_bounded.c: memory stays bounded whoever sleeps, and a slow channel holds
 * up nobody else.
 */
#include "tests/lib/gateway_test.h"

#include <pthread.h>
#include <unistd.h>

#define PIECE	(64u * 1024)
#define PIECES	(1024u * 1024 * 1024 / PIECE)	/* 1 GiB */
#define LIMIT	(64 * 1024)			/* KiB a process */

/* ---- Every process of a gateway --------------------------------------------- */

/* Collect PID and all its descendants into PIDS; how many there are then. */
static int
collect(int pid, int *pids, int n, int max)
{
	char path[64];
	int child;
	FILE *f;

	if (n == max)
		return n;
	pids[n++] = pid;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	if ((f = fopen(path, "r")) == NULL)
		return n;
	while (fscanf(f, "%d", &child) == 1)
		n = collect(child, pids, n, max);
	fclose(f);
	return n;
}

/* This process, the router, the keeper and the executor. */
static void
all_are_below_the_limit(void)
{
	int pids[16], n;

	n = collect((int)getpid(), pids, 0, 16);
	CU_ASSERT(n >= 4);
	for (int i = 0; MEASURED && i < n; i++)
		if (peak_kib(pids[i]) >= LIMIT) {
			printf("\n    process %d of %d had %ld KiB\n", i, n,
			    peak_kib(pids[i]));
			CU_FAIL("a process had too much memory");
		}
}

/* ---- 1 GiB ----------------------------------------------------------------- */

static unsigned char block[PIECE];

/* Receives nothing for a while, then all, and says how much it was; and stays
 * until it has been looked at. */
static const char sleeping_source[] = SIDE("const void *p; size_t n;"
    "long long sum = 0; xn_sleep(500);"
    "while (sum < 1024LL * 1024 * 1024) {"
    "xn_receive(channel, XN_FOREVER, \"y\", &p, &n); sum += n; }"
    "xn_send(channel, \"l\", sum);"
    "xn_receive_value(channel, XN_FOREVER);");

static void
a_gibibyte_to_a_program_that_sleeps(void)
{
	xn_channel_t *ch;
	long long sum = 0;

	if (begin_with("popen"))
		return;
	ch = start(sleeping_source);
	for (unsigned int i = 0; i < PIECES; i++)
		if (failed(xn_send(ch, "y", block, sizeof(block))))
			break;
	failed(xn_receive(ch, xn_seconds(120), "l", &sum));
	CU_ASSERT_EQUAL(sum, 1024LL * 1024 * 1024);
	all_are_below_the_limit();
	end();
}

static void
a_gibibyte_from_a_program_while_we_sleep(void)
{
	xn_channel_t *ch;
	const void *bytes;
	long long sum = 0;
	size_t n;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("static char block[65536];"
	    "for (int i = 0; i < 16384; i++)"
	    "xn_send(channel, \"y\", block, sizeof(block));"
	    "xn_receive_value(channel, XN_FOREVER);"));
	usleep(500000);
	for (unsigned int i = 0; i < PIECES; i++) {
		if (failed(xn_receive(ch, xn_seconds(120), "y", &bytes, &n)))
			break;
		sum += (long long)n;
	}
	CU_ASSERT_EQUAL(sum, 1024LL * 1024 * 1024);
	all_are_below_the_limit();
	end();
}

/* ---- A slow channel and 100 others -------------------------------------------- */

#define OTHERS	100
#define EACH	50

static void *
send_until_closed(void *ch)
{
	xn_error_t *error = NULL;

	while (error == NULL)
		error = xn_send(ch, "y", block, sizeof(block));
	xn_error_clear(error);
	return NULL;
}

/* The slow one is full in both directions all the while. */
static void
a_slow_channel_holds_up_nobody(void)
{
	xn_channel_t *slow, *program, *others[OTHERS];
	pthread_t sender;
	int n;

	if (begin_with("popen"))
		return;
	slow = start(SIDE("static char block[65536];"
	    "for (;;) xn_send(channel, \"y\", block, sizeof(block));"));
	pthread_create(&sender, NULL, send_until_closed, slow);
	/* One program has all of the others, on channels of its own. */
	program = start(SIDE("xn_channel *c[100]; int v;"
	    "for (int i = 0; i < 100; i++)"
	    "xn_receive(channel, XN_FOREVER, \"c\", &c[i]);"
	    "for (int k = 0; k < 50; k++) for (int i = 0; i < 100; i++) {"
	    "xn_receive(c[i], XN_FOREVER, \"i\", &v);"
	    "xn_send(c[i], \"i\", v + 1); }"));
	for (int i = 0; i < OTHERS; i++) {
		failed(xn_gateway_newchannel(&others[i], gw, pool));
		failed(xn_send(program, "c", others[i]));
	}
	for (int k = 0; k < EACH; k++) {
		for (int i = 0; i < OTHERS; i++)
			failed(xn_send(others[i], "i", k * OTHERS + i));
		for (int i = 0; i < OTHERS; i++) {
			if (failed(xn_receive(others[i], xn_seconds(60), "i",
			    &n)))
				break;
			CU_ASSERT_EQUAL(n, k * OTHERS + i + 1);
		}
	}
	all_are_below_the_limit();
	failed(xn_channel_close(slow));
	pthread_join(sender, NULL);
	end();
}

/* ---- More than a gateway holds ------------------------------------------------ */

/*
 * 256 KiB each without a word said: 300 channels that nobody receives from are
 * more than what a gateway keeps.  One channel ends, with a clear error; what
 * waits in the others is there, and the gateway lives.
 */
static void
too_much_unread_is_a_clear_error(void)
{
	xn_channel_t *many[300], *ch;
	int ended = 0, whole = 0, n = 0;

	if (begin_with("popen"))
		return;
	for (int i = 0; i < 300; i++)
		failed(xn_gateway_newchannel(&many[i], gw, pool));
	ch = start(SIDE("static char block[60000]; xn_channel *c[300];"
	    "for (int i = 0; i < 300; i++)"
	    "xn_receive(channel, XN_FOREVER, \"c\", &c[i]);"
	    "for (int i = 0; i < 300; i++) for (int k = 0; k < 4; k++)"
	    "if (!xn_isclosed(c[i]))"
	    "xn_send(c[i], \"y\", block, sizeof(block));"
	    "xn_send(channel, \"i\", 1); xn_wait(channel, XN_FOREVER);"));
	for (int i = 0; i < 300; i++)
		failed(xn_send(ch, "c", many[i]));
	/* It ends by the error, or says that it got through to the end. */
	xn_error_clear(xn_receive(ch, xn_seconds(60), "i", &n));
	for (int i = 0; i < 300; i++) {
		const void *bytes;
		size_t size;
		xn_error_t *error = NULL;

		for (int k = 0; k < 4 && error == NULL; k++) {
			error = xn_receive(many[i], xn_seconds(0.2), "y",
			    &bytes, &size);
			whole += error == NULL;
		}
		if (error != NULL && error->code == XN_E_REMOTE) {
			CU_ASSERT(strstr(xn_error_text(error, pool),
			    "nobody receives from") != NULL);
			ended++;
		}
		xn_error_clear(error);
	}
	CU_ASSERT(ended > 0);
	CU_ASSERT(whole > 40 * 10);
	ch = start(echo_source);
	failed(xn_send(ch, "i", 3));
	failed(xn_receive(ch, xn_seconds(60), "i", &n));
	CU_ASSERT_EQUAL(n, 3);
	all_are_below_the_limit();
	end();
}

static const struct xn_test_case cases[] = {
	{ "1 GiB to a program that sleeps",
	    a_gibibyte_to_a_program_that_sleeps },
	{ "1 GiB from a program while we sleep",
	    a_gibibyte_from_a_program_while_we_sleep },
	{ "a slow channel holds up nobody", a_slow_channel_holds_up_nobody },
	{ "too much unread is a clear error",
	    too_much_unread_is_a_clear_error },
};

XN_TEST_MAIN("bounded memory", cases)
