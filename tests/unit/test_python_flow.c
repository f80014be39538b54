/*
 * test_python_flow.c: credit, memory and the end, against our Python worker by
 * popen and a real python3.
 */
#include "tests/lib/python_test.h"

#include <signal.h>
#include <stdatomic.h>

#include <apr_thread_proc.h>

#define PIECES		4000
#define PEAK_KIB	(64 * 1024)

static int
gone(pid_t pid)
{
	for (int i = 0; i < 6000; i++) {
		if (kill(pid, 0) != 0)
			return 1;
		usleep(10000);
	}
	return 0;
}

/* In one frame; in two, the larger one a part; in many parts. */
static const struct amount {
	size_t size;
	int n;
} amounts[] = {
	{ 65000, PIECES }, { 65536, 2000 }, { 1024 * 1024, 100 }
};
static const struct amount *amount;
static atomic_int sent;

static void *APR_THREAD_FUNC
send_pieces(apr_thread_t *thread, void *channel)
{
	static char piece[1024 * 1024];
	xn_error_t *error = NULL;

	(void)thread;
	for (sent = 0; sent < amount->n && error == NULL; sent++)
		error = xn_send(channel, "y", piece, amount->size);
	xn_error_clear(error);
	return NULL;
}

/* The receiver sleeps until it is told, then counts. */
static void
costs_no_memory(void)
{
	apr_status_t ignored;
	apr_thread_t *sender;
	int before;
	long long n = 0;
	xn_channel_t *ch, *bell = NULL;

	if (begin_with(PYTHON))
		return;
	ch = start_python("bell = channel.receive()\n"
	    "bell.send(1)\nbell.receive()\n"
	    "n = channel.receive()\n"
	    "channel.send(sum(len(channel.receive()) for _ in range(n)))");
	failed(xn_gateway_newchannel(&bell, gw, pool));
	failed(xn_send(ch, "c", bell));
	failed(xn_receive(bell, xn_seconds(60), "i", &(int){ 0 }));
	failed(xn_send(ch, "i", amount->n));
	sent = 0;
	apr_thread_create(&sender, NULL, send_pieces, ch, pool);
	do {			/* it sends as much as it can */
		before = sent;
		usleep(300000);
	} while (sent != before);
	CU_ASSERT(before < amount->n);
	failed(xn_send(bell, "n"));
	failed(xn_receive(ch, xn_seconds(60), "l", &n));
	apr_thread_join(&ignored, sender);
	CU_ASSERT_EQUAL(n, (long long)amount->size * amount->n);
	CU_ASSERT(peak_kib(agent_pid()) < PEAK_KIB);
	if (MEASURED)
		CU_ASSERT(peak_kib(getpid()) < PEAK_KIB);
	end();
}

static void
a_sleeping_receiver_costs_no_memory(void)
{
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		amount = &amounts[i];
		costs_no_memory();
	}
}

static void
a_flood_from_there_waits_for_us(void)
{
	xn_channel_t *flood, *other;
	const xn_value_t *value;
	apr_pool_t *scratch;
	int n = 0;

	if (begin_with(PYTHON))
		return;
	flood = start_python("for _ in range(4000):\n"
	    "    channel.send(bytes(65000))\n");
	other = start_python("for item in channel:\n"
	    "    channel.send(item)\n");
	/* It is full, and holds up nobody else. */
	for (int i = 0; i < 200; i++) {
		failed(xn_send(other, "i", i));
		failed(xn_receive(other, xn_seconds(60), "i", &n));
		CU_ASSERT_EQUAL(n, i);
	}
	apr_pool_create(&scratch, pool);
	for (n = 0; n < PIECES; n++) {
		apr_pool_clear(scratch);
		if (failed(xn_channel_receive(&value, flood, xn_seconds(60),
		    scratch)))
			break;
	}
	CU_ASSERT_EQUAL(n, PIECES);
	CU_ASSERT(peak_kib(agent_pid()) < PEAK_KIB);
	if (MEASURED)
		CU_ASSERT(peak_kib(getpid()) < PEAK_KIB);
	end();
}

static void
large_values_travel_in_parts(void)
{
	const size_t size = 10 << 20;
	const xn_value_t *value = NULL;
	char *bytes = malloc(size);
	xn_channel_t *ch;

	if (bytes == NULL || begin_with(PYTHON))
		return;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 ^ i >> 9);
	ch = start_python("for item in channel:\n"
	    "    channel.send((len(item), item))\n");
	failed(xn_send(ch, "y", bytes, size));
	failed(xn_channel_receive(&value, ch, xn_seconds(30), pool));
	value = xn_value_item(value, 1);
	CU_ASSERT_EQUAL(value->size, size);
	CU_ASSERT_EQUAL(memcmp(value->u.bytes, bytes, size), 0);
	free(bytes);
	end();
}

/* What a program leaves: endless loops, sleepers, children, daemons. */
static void
terminate_leaves_nothing(void)
{
	static const char *const sources[] = {
		"channel.send(0)\nwhile True: pass",
		"import time\nchannel.send(0)\ntime.sleep(1000)",
		"import time\n"
		    "channel.send(0)\n"
		    "while True:\n"
		    "    try:\n"
		    "        time.sleep(1000)\n"
		    "    except BaseException:\n"
		    "        pass",
		"import subprocess\n"
		    "child = subprocess.Popen(['sleep', '1000'])\n"
		    "channel.send(child.pid)\n"
		    "child.wait()"
	};
	xn_channel_t *ch;
	pid_t worker;
	int pid = 0;

	for (size_t i = 0; i < 4; i++) {
		if (begin_with(PYTHON))
			return;
		worker = agent_pid();
		start_python("import time\ntime.sleep(0)");
		ch = start_python(sources[i]);
		failed(xn_receive(ch, xn_seconds(60), "i", &pid));
		xn_gateway_exit(gw);
		CU_ASSERT_EQUAL(code_of(xn_gateway_join(gw, xn_seconds(60))),
		    0);
		end();
		CU_ASSERT(gone(worker));
		CU_ASSERT(pid == 0 || gone(pid));
	}
}

/* A daemon: its parent has ended, and it has a session of its own. */
static void
terminate_finds_daemons(void)
{
	xn_channel_t *ch;
	int pid = 0;

	if (begin_with(PYTHON))
		return;
	ch = start_python("import os, time\n"
	    "read, write = os.pipe()\n"
	    "if os.fork() == 0:\n"
	    "    os.setsid()\n"
	    "    if os.fork() == 0:\n"
	    "        os.write(write, b'%d' % os.getpid())\n"
	    "        time.sleep(1000)\n"
	    "    os._exit(0)\n"
	    "os.wait()\n"
	    "channel.send(int(os.read(read, 20)))\n");
	failed(xn_receive(ch, xn_seconds(60), "i", &pid));
	failed(xn_channel_waitclose(ch, xn_seconds(60)));
	CU_ASSERT_EQUAL(kill(pid, 0), 0);
	xn_gateway_exit(gw);
	failed(xn_gateway_join(gw, xn_seconds(60)));
	CU_ASSERT(gone(pid));
	end();
}

/* A program says to PATH how it ends. */
static void
end_one(const char *path)
{
	xn_channel_t *ch;

	if (begin_with(PYTHON))
		return;
	ch = start_python(apr_psprintf(pool, "import atexit\n"
	    "def say(text):\n"
	    "    with open('%s', 'a') as file:\n"
	    "        file.write(text)\n"
	    "atexit.register(say, ' last')\n"
	    "channel.send(1)\n"
	    "try:\n"
	    "    channel.receive()\n"
	    "except EOFError:\n"
	    "    say('end')\n"
	    "finally:\n"
	    "    say(' finally')\n", path));
	failed(xn_receive(ch, xn_seconds(60), "i", &(int){ 0 }));
	xn_gateway_exit(gw);
	failed(xn_gateway_join(gw, xn_seconds(60)));
	end();
}

/* The end is told: receive ends, finally and atexit run, if they are quick. */
static void
programs_may_end_themselves(void)
{
	char path[] = "/tmp/syncgate-python.XXXXXX", got[100] = "";
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	for (int i = 0; i < 20 && strcmp(got, "end finally last") != 0; i++) {
		memset(got, 0, sizeof(got));
		CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
		end_one(path);
		CU_ASSERT(pread(fd, got, sizeof(got) - 1, 0) >= 0);
	}
	CU_ASSERT_STRING_EQUAL(got, "end finally last");
	close(fd);
	unlink(path);
}

static void
a_killed_worker_is_a_lost_connection(void)
{
	xn_channel_t *ch;

	if (begin_with(PYTHON))
		return;
	ch = start_python("channel.send(1)\nchannel.receive()");
	failed(xn_receive(ch, xn_seconds(60), "i", &(int){ 0 }));
	kill(agent_pid(), SIGKILL);
	text_has(xn_receive(ch, xn_seconds(60), "n"), XN_E_CONNECTION,
	    "python3");
	end();
}

static const struct xn_test_case cases[] = {
	{ "a sleeping receiver costs no memory",
	    a_sleeping_receiver_costs_no_memory },
	{ "a flood from there waits for us, and holds up nobody",
	    a_flood_from_there_waits_for_us },
	{ "large values travel in parts", large_values_travel_in_parts },
	{ "terminate leaves nothing", terminate_leaves_nothing },
	{ "terminate finds daemons", terminate_finds_daemons },
	{ "programs may end themselves", programs_may_end_themselves },
	{ "a killed worker is a lost connection",
	    a_killed_worker_is_a_lost_connection }
};

int
main(int argc, char **argv)
{
	apr_initialize();
	return xn_test_main("python_flow", cases,
	    sizeof(cases) / sizeof(cases[0]), argc, argv);
}
