/*
 * test_gateway.c: gateways and groups, their bounds and their ends, against a
 * real agent by popen.
 */
#include "tests/lib/gateway_test.h"

#include <signal.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

/* A program that sends for ever is held back; others go on; memory is kept. */
static void
a_flood_is_held_back(void)
{
	xn_channel_t *flood, *echo;
	long before, after;
	int n;

	if (begin_with("popen"))
		return;
	flood = start(SIDE("static char block[65000];"
	    "for (int i = 0; i < 8000; i++)"
	    "xn_send(channel, \"y\", block, sizeof(block));"));
	before = peak_kib(getpid());
	echo = start(echo_source);
	for (int i = 0; i < 50; i++) {
		failed(xn_send(echo, "i", i));
		if (failed(xn_receive(echo, xn_seconds(60), "i", &n)))
			break;
		usleep(2000);
	}
	after = peak_kib(getpid());
	CU_ASSERT(!MEASURED || (before > 0 && after - before < 32 * 1024));
	n = 0;
	while (code_of(xn_receive(flood, xn_seconds(60), "v",
	    &(const xn_value_t *){ NULL })) == 0)
		n++;
	CU_ASSERT_EQUAL(n, 8000);
	after = peak_kib(getpid());
	CU_ASSERT(!MEASURED || after - before < 48 * 1024);
	end();
}

static void *APR_THREAD_FUNC
cancel_soon(apr_thread_t *thread, void *baton)
{
	int fd = *(int *)baton;

	(void)thread;
	usleep(100000);
	CU_ASSERT_EQUAL(write(fd, "!", 1), 1);
	return NULL;
}

static void
cancelling_wakes_who_waits(void)
{
	apr_thread_t *thread;
	apr_status_t ignored;
	xn_channel_t *ch;
	xn_gateway_t *another;
	int fd;

	if (begin_with("popen"))
		return;
	fd = xn_group_cancel_fd(group);
	ch = start(echo_source);
	apr_thread_create(&thread, NULL, cancel_soon, &fd, pool);
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(20), "n")),
	    XN_E_CANCELLED);
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "n")), XN_E_CANCELLED);
	CU_ASSERT_EQUAL(code_of(xn_gateway_open(&another, group, "popen",
	    pool)), XN_E_CANCELLED);
	apr_thread_join(&ignored, thread);
	end();
}

static void
terminate_ends_an_endless_loop(void)
{
	xn_channel_t *ch;
	apr_time_t t0;
	int one;

	if (begin_with("popen"))
		return;
	ch = start(SIDE("xn_send(channel, \"i\", 1); for (;;) ;"));
	failed(xn_receive(ch, xn_seconds(60), "i", &one));
	t0 = apr_time_now();
	xn_group_terminate(group, xn_seconds(60));
	CU_ASSERT(apr_time_now() - t0 < xn_seconds(60));
	failed(xn_gateway_join(gw, xn_seconds(1)));
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(1), "n")),
	    XN_E_EOF);
	CU_ASSERT_EQUAL(code_of(xn_send(ch, "n")), XN_E_CONNECTION);
	end();
}

/* The agent's router is our only child. */
static long long
router_pid(xn_channel_t **held)
{
	const char *path = apr_psprintf(pool, "/proc/self/task/%d/children",
	    getpid());
	FILE *f = fopen(path, "r");
	long long pid = 0;
	int n;

	*held = start(echo_source);
	failed(xn_send(*held, "i", 1));
	failed(xn_receive(*held, xn_seconds(60), "i", &n));
	if (f != NULL && fscanf(f, "%lld", &pid) != 1)
		pid = 0;
	if (f != NULL)
		fclose(f);
	return pid;
}

static void
a_killed_agent_is_a_lost_connection(void)
{
	xn_channel_t *ch;
	long long pid;

	if (begin_with("popen"))
		return;
	pid = router_pid(&ch);
	CU_ASSERT_FATAL(pid > 1);
	kill((pid_t)pid, SIGKILL);
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(60), "n")),
	    XN_E_CONNECTION);
	CU_ASSERT_EQUAL(code_of(xn_gateway_join(gw, xn_seconds(60))),
	    XN_E_CONNECTION);
	CU_ASSERT_EQUAL(code_of(xn_gateway_newchannel(&ch, gw, pool)),
	    XN_E_CONNECTION);
	end();
}

static void
a_silent_agent_is_an_error_after_the_timeout(void)
{
	xn_channel_t *ch;
	long long pid;

	if (begin_with("popen//timeout=6"))
		return;
	pid = router_pid(&ch);
	CU_ASSERT_FATAL(pid > 1);
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(9), "n")),
	    XN_E_TIMEOUT);
	failed(xn_send(ch, "n"));	/* it lived: pings were answered */
	failed(xn_receive(ch, xn_seconds(60), "n"));
	kill((pid_t)pid, SIGSTOP);
	text_has(xn_receive(ch, xn_seconds(20), "n"), XN_E_CONNECTION,
	    "said nothing for 6 seconds");
	kill((pid_t)pid, SIGCONT);
	end();
}

static void
status_counts_channels_and_programs(void)
{
	xn_remote_status_t status = { 0, 0, NULL };
	xn_channel_t *ch;
	int n;

	if (begin_with("popen"))
		return;
	ch = start(echo_source);
	failed(xn_send(ch, "i", 1));
	failed(xn_receive(ch, xn_seconds(60), "i", &n));
	failed(xn_remote_status(&status, gw, xn_seconds(60), pool));
	CU_ASSERT_EQUAL(status.numexecuting, 1);
	CU_ASSERT(status.numchannels >= 1);
	CU_ASSERT_STRING_EQUAL(status.execmodel, "process");
	end();
}

static void
setup_is_done_or_said(void)
{
	static const char source[] = SIDE(
	    "char *cwd = getenv(\"XN_TEST\");"
	    "xn_send(channel, \"?s\", cwd);");
	const char *text = NULL;
	xn_channel_t *ch;

	if (begin_with("popen//env:XN_TEST=a b//chdir=/tmp//nice=1"))
		return;
	ch = start(source);
	failed(xn_receive(ch, xn_seconds(60), "?s", &text));
	CU_ASSERT(text != NULL && strcmp(text, "a b") == 0);
	failed(xn_gateway_open(&gw, group, "popen//nice=1", pool));
	failed(xn_gateway_open(&gw, group, "popen//env:XN_TEST=a", pool));
	text_has(xn_gateway_open(&gw, group, "popen//chdir=/no/such/folder",
	    pool), XN_E_REMOTE, "/no/such/folder");
	text_has(xn_gateway_open(&gw, group, "popen//colour=red", pool),
	    XN_E_XSPEC, "colour");
	end();
}

static void
default_ids_are_unique(void)
{
	xn_gateway_t *other, *named;

	if (begin_with("popen"))
		return;
	failed(xn_gateway_open(&other, group, "popen", pool));
	failed(xn_gateway_open(&named, group, "popen//id=mirror", pool));
	CU_ASSERT_STRING_EQUAL(xn_gateway_id(gw), "gw1");
	CU_ASSERT_STRING_EQUAL(xn_gateway_id(other), "gw2");
	CU_ASSERT_PTR_EQUAL(xn_group_gateway(group, "mirror"), named);
	text_has(xn_gateway_open(&other, group, "popen//id=mirror", pool),
	    XN_E_XSPEC, "mirror");
	end();
}

static void
limits_are_kept(void)
{
	xn_channel_t *ch = NULL;
	xn_program_t endless = {
		.source = SIDE("for (;;) ;"), .limits.seconds = 0.3
	};
	xn_program_t greedy = {
		.source = SIDE("xn_send(channel, \"b\","
		    "malloc(512 << 20) != NULL);"),
		.limits.memory = 64 << 20
	};
	int had = 1;

	if (begin_with("popen"))
		return;
	failed(xn_remote_exec(&ch, gw, &endless, pool));
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_REMOTE, "0.3");
	failed(xn_remote_exec(&ch, gw, &greedy, pool));
	if (MEASURED) {
		failed(xn_receive(ch, xn_seconds(60), "b", &had));
		CU_ASSERT_EQUAL(had, 0);
	}
	end();
}

static void
a_program_without_a_source_is_refused(void)
{
	xn_channel_t *ch;

	if (begin_with("popen"))
		return;
	text_has(xn_remote_exec(&ch, gw, &(xn_program_t){ .name = "x.c" },
	    pool), XN_E_USAGE, "x.c has no source");
	end();
}

static const struct xn_test_case cases[] = {
	{ "a program without a source is refused",
	    a_program_without_a_source_is_refused },
	{ "a flood is held back", a_flood_is_held_back },
	{ "cancelling wakes who waits", cancelling_wakes_who_waits },
	{ "terminate ends an endless loop", terminate_ends_an_endless_loop },
	{ "a killed agent is a lost connection",
	    a_killed_agent_is_a_lost_connection },
	{ "a silent agent is an error after the timeout",
	    a_silent_agent_is_an_error_after_the_timeout },
	{ "status counts channels and programs",
	    status_counts_channels_and_programs },
	{ "chdir, nice and env are set, or the reason said",
	    setup_is_done_or_said },
	{ "default ids are unique", default_ids_are_unique },
	{ "limits of time and memory are kept", limits_are_kept },
};

int
main(int argc, char **argv)
{
	apr_initialize();
	return xn_test_main("gateway", cases,
	    sizeof(cases) / sizeof(cases[0]), argc, argv);
}
