/*
 * test_cancel.c: xn_group_cancel() makes every blocked call return, and nothing
 * is left behind: no thread, no process, no descriptor.  (Gateways that do not
 * open are test_connect's.)
 */
#include "tests/lib/gateway_test.h"

#undef XN_FOREVER		/* -1 in both worlds */
#include <execnet/remote.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/random.h"

/* remote.h maps these for sides; the test is the local half. */
#undef xn_send
#undef xn_receive
#undef xn_value_channel

static const char silent_source[] = SIDE("xn_sleep(60000);");

static xn_channel_t *ch, *second;
static xn_multichannel_t *multi;

static void
waiting_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_receive_value(channel, XN_FOREVER);
}

/* Both from its channel and from the end of a pipe that nobody writes to. */
static void
selecting_side(struct xn_side_channel *channel, const xn_value *kwargs)
{
	xn_waitable things[2] = { { .channel = channel }, { .fd = -1 } };
	int ends[2];

	(void)kwargs;
	if (pipe(ends) != 0)
		xn_fail("no pipe: %m");
	things[1].fd = ends[0];
	xn_select(things, 2, XN_FOREVER);
	close(ends[0]);
	close(ends[1]);
}

/* ---- Calls that block ------------------------------------------------------ */

static char block[100 * 1024];

static int
do_receive(apr_pool_t *own)
{
	(void)own;
	return code_of(xn_receive(ch, XN_FOREVER, "n"));
}

static int
do_send(apr_pool_t *own)
{
	xn_error_t *error = NULL;

	(void)own;
	while (error == NULL)
		error = xn_send(ch, "y", block, sizeof(block));
	return code_of(error);
}

static int
do_waitclose(apr_pool_t *own)
{
	(void)own;
	return code_of(xn_channel_waitclose(ch, XN_FOREVER));
}

static int
do_join(apr_pool_t *own)
{
	(void)own;
	return code_of(xn_gateway_join(gw, XN_FOREVER));
}

static int
do_status(apr_pool_t *own)
{
	xn_remote_status_t status;
	int code = 0;

	/* It answers; but sooner or later it cannot be asked any more. */
	while (code == 0)
		code = code_of(xn_remote_status(&status, gw, XN_FOREVER,
		    own));
	return code;
}

static int
do_multi_any(apr_pool_t *own)
{
	const xn_value_t *value;
	xn_channel_t *sender;

	return code_of(xn_multichannel_receive(&value, &sender, multi, 1,
	    XN_FOREVER, own));
}

static int
do_multi_each(apr_pool_t *own)
{
	const xn_value_t **values;

	return code_of(xn_multichannel_receive_each(&values, multi,
	    XN_FOREVER, own));
}

static int
do_multi_waitclose(apr_pool_t *own)
{
	(void)own;
	return code_of(xn_multichannel_waitclose(multi, XN_FOREVER));
}

static int
do_multi_send(apr_pool_t *own)
{
	xn_error_t *error = NULL;

	(void)own;
	while (error == NULL)
		error = xn_multichannel_send_each(multi, "y", block,
		    sizeof(block));
	return code_of(error);
}

static int
do_relay(apr_pool_t *own)
{
	(void)own;
	return code_of(xn_channel_relay(ch, second));
}

static int
do_native(apr_pool_t *own)
{
	xn_native_t *native;

	failed(xn_native_start(&native, group, waiting_side, ch, NULL, own));
	failed(xn_native_wait(native));	/* its receive ended: so did it */
	return XN_E_CANCELLED;
}

static int
do_native_select(apr_pool_t *own)
{
	xn_native_t *native;

	failed(xn_native_start(&native, group, selecting_side, ch, NULL, own));
	failed(xn_native_wait(native));
	return XN_E_CANCELLED;
}

static int
do_file(apr_pool_t *own)
{
	FILE *file;
	int code;

	(void)own;
	failed(xn_channel_makefile(&file, ch, "r", 0));
	code = fgetc(file) == EOF && errno == ECANCELED ? XN_E_CANCELLED : 0;
	fclose(file);
	return code;
}

static int
do_file_write(apr_pool_t *own)
{
	FILE *file;
	int code;

	(void)own;
	failed(xn_channel_makefile(&file, ch, "wb", 0));
	while (fwrite(block, 1, sizeof(block), file) == sizeof(block))
		continue;
	code = errno == ECANCELED ? XN_E_CANCELLED : 0;
	fclose(file);
	return code;
}

static int
do_open(apr_pool_t *own)
{
	xn_gateway_t *more;
	int code = 0;

	while (code == 0)
		code = code_of(xn_gateway_open(&more, group, "popen", own));
	return code;
}

static const struct {
	const char *name;
	int (*call)(apr_pool_t *own);
} calls[] = {
	{ "receive", do_receive },
	{ "send", do_send },
	{ "waitclose", do_waitclose },
	{ "join", do_join },
	{ "remote_status", do_status },
	{ "receive from any", do_multi_any },
	{ "receive from each", do_multi_each },
	{ "waitclose of many", do_multi_waitclose },
	{ "send to each", do_multi_send },
	{ "relay", do_relay },
	{ "a native program that receives", do_native },
	{ "a native program that selects", do_native_select },
	{ "reading a stream", do_file },
	{ "writing a stream", do_file_write },
	{ "open", do_open },
};
#define CALLS (int)(sizeof(calls) / sizeof(calls[0]))

struct blocked {
	int (*call)(apr_pool_t *own);
	int code;
	atomic_int done;
};

static void *
block_in(void *baton)
{
	struct blocked *b = baton;
	apr_pool_t *own;

	apr_pool_create(&own, NULL);
	b->code = b->call(own);
	apr_pool_destroy(own);
	b->done = 1;
	return NULL;
}

static int
begin_silent(void)
{
	xn_gateway_t *other;

	if (begin_with("popen") || failed(xn_gateway_open(&other, group,
	    "popen", pool)))
		return 1;
	ch = start(silent_source);
	second = start_on(other, silent_source);
	return failed(xn_multichannel_create(&multi, (xn_channel_t *const[]){
	    ch, second }, 2, pool));
}

static void
every_blocked_call_returns(void)
{
	for (int i = 0; i < CALLS; i++) {
		struct blocked b = { .call = calls[i].call };
		pthread_t thread;

		if (begin_silent())
			return;
		pthread_create(&thread, NULL, block_in, &b);
		usleep(30000);
		CU_ASSERT_FALSE(b.done);
		xn_group_cancel(group);
		pthread_join(thread, NULL);
		if (b.code != XN_E_CANCELLED)
			printf("\n    %s returned %d\n", calls[i].name,
			    b.code);
		CU_ASSERT_EQUAL(b.code, XN_E_CANCELLED);
		end();
	}
}

/* One cancel for all of them at once, on one group. */
static void
all_of_them_at_once(void)
{
	struct blocked b[CALLS];
	pthread_t threads[CALLS];

	if (begin_silent())
		return;
	for (int i = 0; i < CALLS; i++) {
		/* One thread receives from a channel, so these stay out. */
		b[i] = (struct blocked){ .call = i < 5 || i == CALLS - 1 ?
		    calls[i].call : do_join };
		pthread_create(&threads[i], NULL, block_in, &b[i]);
	}
	usleep(30000);
	xn_group_cancel(group);
	for (int i = 0; i < CALLS; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(b[i].code, XN_E_CANCELLED);
	}
	end();
}

/* ---- Nothing is left ------------------------------------------------------- */

/* How many entries a folder of /proc/self has; 0 if there is none. */
static int
entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}

static int
children(void)
{
	char text[65536] = "";
	int n = 0;
	FILE *f = fopen("/proc/thread-self/children", "r");

	if (f != NULL && fgets(text, sizeof(text), f) != NULL)
		for (char *p = text; *p != '\0'; p++)
			n += *p == ' ';
	if (f != NULL)
		fclose(f);
	/* Those of other threads, which have ended, are the main thread's. */
	return n + (waitpid(-1, NULL, WNOHANG) > 0);
}

struct left {
	int threads, descriptors, children;
};

static struct left
count_left(void)
{
	return (struct left){ entries("/proc/self/task"),
	    entries("/proc/self/fd"), children() };
}

static void
nothing_more_is_left_than(struct left before)
{
	struct left after = count_left();

	/* A thread that has been joined may be seen for a moment. */
	for (int i = 0; i < 500 && after.threads > before.threads; i++) {
		usleep(10000);
		after = count_left();
	}
	/* And one that was there before. */
	CU_ASSERT(after.threads <= before.threads);
	CU_ASSERT_EQUAL(after.descriptors, before.descriptors);
	CU_ASSERT_EQUAL(after.children, before.children);
}

#define CYCLES (MEASURED ? 1000 : 200)	/* sanitizers are slow */

static void
after_many_gateways(void)
{
	struct left before;

	if (begin_with("popen"))	/* what the first one alone leaves */
		return;
	end();
	before = count_left();
	for (int i = 0; i < CYCLES; i++) {
		int n = 0;

		if (begin_with("popen"))
			return;
		if (i % 10 == 0) {
			ch = start(echo_source);
			failed(xn_send(ch, "i", i));
			failed(xn_receive(ch, xn_seconds(60), "i", &n));
			CU_ASSERT_EQUAL(n, i);
		}
		end();
	}
	nothing_more_is_left_than(before);
}

static void *
cancel_at(void *microseconds)
{
	usleep(*(useconds_t *)microseconds);
	xn_group_cancel(group);
	return NULL;
}

/* Open, run, receive for ever; cancelled somewhere on the way. */
static void
one_cancelled(apr_pool_t *own)
{
	xn_program_t program = { .name = "test.c", .source = echo_source };
	xn_error_t *error = xn_gateway_open(&gw, group, "popen", own);

	if (error == NULL)
		error = xn_remote_exec(&ch, gw, &program, own);
	if (error == NULL)
		error = xn_receive(ch, XN_FOREVER, "n");
	CU_ASSERT_EQUAL(code_of(error), XN_E_CANCELLED);
}

static void
after_many_that_were_cancelled(void)
{
	struct left before;
	pthread_t thread;
	uint32_t seed = 20261123;

	if (begin_with("popen"))
		return;
	end();
	before = count_left();
	for (int i = 0; i < CYCLES; i++) {
		useconds_t when = next_random(&seed) % 6000;

		if (begin_with(NULL))
			return;
		pthread_create(&thread, NULL, cancel_at, &when);
		one_cancelled(pool);
		pthread_join(thread, NULL);
		end();
	}
	nothing_more_is_left_than(before);
}

static const struct xn_test_case cases[] = {
	{ "every blocked call returns", every_blocked_call_returns },
	{ "all of them at once", all_of_them_at_once },
	{ "nothing is left after many gateways", after_many_gateways },
	{ "nothing is left after many that were cancelled",
	    after_many_that_were_cancelled },
};

XN_TEST_MAIN("cancel", cases)
