/*
 * test_hop.c: channels attached to descriptors, and gateways that go through
 * gateways: all on this machine.
 */
#include "tests/lib/gateway_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <apr_thread_proc.h>

/* ---- Attaching ------------------------------------------------------------------ */

/* Bytes that the program sends back, through one end of a socket pair. */
static const char pipe_back[] = SIDE("xn_channel *c = channel;"
    "while (xn_wait(c, XN_FOREVER) == XN_READY_VALUE) {"
    " const void *p; size_t n; xn_receive(c, 0, \"y\", &p, &n);"
    " xn_send(c, \"y\", p, n); }");

#define MANY (24u * 1024 * 1024)

/* Write what PATTERN says and check that it comes back, as it can be taken. */
static size_t
there_and_back(int fd, size_t total)
{
	static unsigned char out[60000], in[60000];
	size_t sent = 0, got = 0, bad = 0;

	while (got < total) {
		struct pollfd pfd = { fd, POLLIN, 0 };
		size_t n = total - sent < sizeof(out) ? total - sent :
		    sizeof(out);
		ssize_t rc;

		if (sent < total)
			pfd.events |= POLLOUT;
		if (poll(&pfd, 1, 20000) <= 0)
			return 1;
		for (size_t i = 0; i < n; i++)
			out[i] = (unsigned char)((sent + i) * 2654435761u >>
			    13);
		if ((pfd.revents & POLLOUT) && (rc = write(fd, out, n)) > 0)
			sent += (size_t)rc;
		if (sent == total)
			shutdown(fd, SHUT_WR);
		if (!(pfd.revents & (POLLIN | POLLHUP)))
			continue;
		if ((rc = read(fd, in, sizeof(in))) <= 0)
			return rc < 0 && errno == EAGAIN ? bad : bad + 1;
		for (ssize_t i = 0; i < rc; i++)
			bad += in[i] != (unsigned char)((got + (size_t)i) *
			    2654435761u >> 13);
		got += (size_t)rc;
	}
	return bad;
}

static void
bytes_go_through_an_attached_channel(void)
{
	xn_channel_t *ch;
	int ends[2];
	long before;
	char byte;

	if (begin_with("popen"))
		return;
	before = peak_kib(getpid());
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, ends), 0);
	ch = start(pipe_back);
	failed(xn_channel_attach(ch, ends[1], ends[1]));
	text_has(xn_send(ch, "i", 1), XN_E_USAGE, "attached");
	text_has(xn_receive(ch, 0, "n"), XN_E_USAGE, "attached");
	text_has(xn_channel_attach(ch, -1, dup(2)), XN_E_USAGE, "attached");
	CU_ASSERT_EQUAL(there_and_back(ends[0], MANY), 0);
	failed(xn_channel_waitclose(ch, xn_seconds(20)));
	fcntl(ends[0], F_SETFL, 0);
	CU_ASSERT_EQUAL(read(ends[0], &byte, 1), 0);
	if (MEASURED)
		CU_ASSERT(peak_kib(getpid()) - before < 32 * 1024);
	close(ends[0]);
	end();
}

/* Nobody reads: the program has sent what the credit and the socket take. */
static void
nobody_reads_and_the_program_waits(void)
{
	xn_channel_t *ch;
	int ends[2];
	long long sent = 0, now = 0;
	int code;

	if (begin_with("popen"))
		return;
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
	    0, ends), 0);
	ch = start(SIDE("static char b[50000]; long long n = 0;"
	    "xn_channel *data; xn_receive(channel, XN_FOREVER, \"c\", &data);"
	    "for (;;) { xn_send(data, \"y\", b, sizeof(b)); n += sizeof(b);"
	    " xn_send(channel, \"l\", n); }"));
	{
		xn_channel_t *data;

		failed(xn_gateway_newchannel(&data, gw, pool));
		failed(xn_channel_attach(data, ends[1], ends[1]));
		failed(xn_send(ch, "c", data));
	}
	while (code_of(xn_receive(ch, xn_seconds(sent > 100000 ? 2 : 60), "l",
	    &now)) == 0)
		sent = now;
	CU_ASSERT(sent > 100000);
	CU_ASSERT(sent < 9LL * 1024 * 1024);
	close(ends[0]);
	do	/* what it had sent before it heard of that */
		code = code_of(xn_receive(ch, xn_seconds(60), "l", &now));
	while (code == 0);
	CU_ASSERT_EQUAL(code, XN_E_EOF);
	end();
}

static void
other_values_than_bytes_are_refused(void)
{
	xn_channel_t *ch;
	int ends[2];
	char byte;

	if (begin_with("popen"))
		return;
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
	    0, ends), 0);
	ch = start(SIDE("xn_send(channel, \"y\", \"ok\", (size_t)2);"
	    "xn_send(channel, \"s\", \"text\"); xn_wait(channel, 5000);"
	    "xn_send(channel, \"y\", \"no\", (size_t)2);"));
	failed(xn_channel_attach(ch, ends[1], ends[1]));
	CU_ASSERT_EQUAL(read(ends[0], &byte, 1), 1);
	CU_ASSERT_EQUAL(read(ends[0], &byte, 1), 1);
	CU_ASSERT_EQUAL(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	end();
}

/* Who waits for the close finds in the file all that was sent before it, also
 * when another channel had said first that it is so. */
static void
a_close_is_told_behind_what_was_written(void)
{
	char path[] = "/tmp/xn-hop-XXXXXX";
	xn_channel_t *ch, *data;
	struct stat st;
	int fd = mkstemp(path);

	if (begin_with("popen"))
		return;
	unlink(path);
	ch = start(SIDE("xn_channel *data; for (;;) {"
	    "xn_receive(channel, XN_FOREVER, \"c\", &data);"
	    "xn_send(data, \"y\", \"ok\", (size_t)2); xn_close(data);"
	    "xn_send(channel, \"n\"); }"));
	for (int i = 1; i <= 300; i++) {
		failed(xn_gateway_newchannel(&data, gw, pool));
		failed(xn_channel_attach(data, -1,
		    fcntl(fd, F_DUPFD_CLOEXEC, 3)));
		failed(xn_send(ch, "c", data));
		failed(xn_receive(ch, xn_seconds(20), "n"));
		failed(xn_channel_waitclose(data, xn_seconds(20)));
		CU_ASSERT_EQUAL(fstat(fd, &st), 0);
		CU_ASSERT_EQUAL(st.st_size, 2 * i);
	}
	close(fd);
	end();
}

/* What OUT does not take, or IN does not give, is told to who waits here. */
static void
a_descriptor_that_fails_is_told(void)
{
	xn_channel_t *ch;

	if (begin_with("popen"))
		return;
	if (access("/dev/full", W_OK) == 0) {
		ch = start(SIDE("xn_send(channel, \"y\", \"ok\", (size_t)2);"
		    "xn_wait(channel, XN_FOREVER);"));
		failed(xn_channel_attach(ch, -1,
		    open("/dev/full", O_WRONLY | O_CLOEXEC)));
		text_has(xn_channel_waitclose(ch, xn_seconds(60)), XN_E_REMOTE,
		    "cannot write to the attached descriptor: No space left");
	}
	ch = start(SIDE("xn_wait(channel, XN_FOREVER);"));
	failed(xn_channel_attach(ch, open("/", O_RDONLY | O_CLOEXEC), -1));
	text_has(xn_channel_waitclose(ch, xn_seconds(60)), XN_E_REMOTE,
	    "cannot read from the attached descriptor: Is a directory");
	end();
}

/* ---- Hops --------------------------------------------------------------------------- */

/* The gateways of a chain: g1, g2 via g1, ... */
static int
open_chain(xn_gateway_t **chain, int n, const char *first)
{
	if (begin_with(NULL))
		return 1;
	for (int i = 0; i < n; i++)
		if (failed(xn_gateway_open(&chain[i], group, i == 0 ?
		    apr_psprintf(pool, "%s//id=g1", first) :
		    apr_psprintf(pool, "popen//via=g%d//id=g%d", i, i + 1),
		    pool)))
			return 1;
	return 0;
}

static void
a_chain_of_agents_carries_data(void)
{
	xn_gateway_t *chain[4];
	xn_channel_t *ch;
	const void *bytes;
	size_t n;
	int at;

	if (open_chain(chain, 4, "popen"))
		return;
	ch = start_on(chain[3], SIDE("static char b[60000];"
	    "for (int i = 0; i < 300; i++) xn_send(channel, \"(iy)\", i, b,"
	    " sizeof(b));"));
	for (int i = 0; i < 300; i++) {
		if (failed(xn_receive(ch, xn_seconds(20), "(iy)", &at, &bytes,
		    &n)))
			break;
		CU_ASSERT(at == i && n == 60000);
	}
	CU_ASSERT_EQUAL(code_of(xn_receive(ch, xn_seconds(20), "n")),
	    XN_E_EOF);
	xn_group_terminate(group, xn_seconds(60));
	for (int i = 0; i < 4; i++)
		failed(xn_gateway_join(chain[i], 0));
	end();
}

static void
the_end_of_a_hop_names_it(void)
{
	xn_gateway_t *chain[3];
	xn_channel_t *last, *middle;
	pid_t agent;

	if (open_chain(chain, 1, "popen"))
		return;
	agent = agent_pid();
	failed(xn_gateway_open(&chain[1], group, "popen//via=g1//id=g2",
	    pool));
	failed(xn_gateway_open(&chain[2], group, "popen//via=g2//id=g3",
	    pool));
	middle = start_on(chain[1], echo_source);
	last = start_on(chain[2], echo_source);
	kill(agent, SIGKILL);
	text_has(xn_receive(last, xn_seconds(20), "n"), XN_E_CONNECTION,
	    "gateway g2, which it goes through, has ended: "
	    "gateway g1, which it goes through, has ended");
	text_has(xn_receive(middle, xn_seconds(20), "n"), XN_E_CONNECTION,
	    "gateway g1, which it goes through, has ended");
	text_has(xn_gateway_join(chain[2], xn_seconds(20)), XN_E_CONNECTION,
	    "g2");
	end();
}

static void
what_cannot_be_reached_is_said(void)
{
	xn_gateway_t *chain[1], *other = NULL;

	if (open_chain(chain, 1, "popen"))
		return;
	text_has(xn_gateway_open(&other, group, "popen//via=g9", pool),
	    XN_E_XSPEC, "via=g9: the group has no open gateway with that id, "
	    "it has g1");
	text_has(xn_gateway_open(&other, group,
	    "socket=127.0.0.1:1//via=g1//timeout=5", pool), XN_E_CONNECT,
	    "via g1 connecting to 127.0.0.1 port 1");
	text_has(xn_gateway_open(&other, group,
	    "unix=/no/such/socket//via=g1//timeout=5", pool), XN_E_CONNECT,
	    "No such file or directory");
	text_has(xn_gateway_open(&other, group,
	    "popen//python=/no/such/python//via=g1//timeout=5", pool),
	    XN_E_CONNECT, "cannot start /no/such/python");
	text_has(xn_gateway_open(&other, group,
	    "popen//python=false//via=g1//timeout=5", pool),
	    XN_E_BOOTSTRAP, "exit status 1");
	end();
}

static const char *
named(void *baton, const char *name)
{
	static const char *const xspecs[][2] = { { "one", "popen" },
	    { "two", "popen//via=one" }, { "ring", "popen//via=gnir" },
	    { "gnir", "popen//via=ring" }, { "lost", "unix=/no/such" } };

	(*(int *)baton)++;
	for (int i = 0; i < 5; i++)
		if (strcmp(xspecs[i][0], name) == 0)
			return xspecs[i][1];
	return NULL;
}

static void
what_is_named_is_opened_once(void)
{
	xn_gateway_t *first = NULL, *second = NULL;
	xn_channel_t *ch;
	int asked = 0, n = 0;

	if (begin_with(NULL))
		return;
	xn_group_set_named(group, named, &asked);
	failed(xn_gateway_open(&first, group, "popen//via=two", pool));
	failed(xn_gateway_open(&second, group, "popen//via=two", pool));
	CU_ASSERT_EQUAL(asked, 2);
	CU_ASSERT_PTR_NOT_NULL(xn_group_gateway(group, "one"));
	ch = start_on(second, echo_source);
	failed(xn_send(ch, "i", 9));
	failed(xn_receive(ch, xn_seconds(20), "i", &n));
	CU_ASSERT_EQUAL(n, 9);
	text_has(xn_gateway_open(&first, group, "popen//via=ring", pool),
	    XN_E_XSPEC, "via=ring: the way goes round in a circle");
	text_has(xn_gateway_open(&first, group, "popen//via=ring//id=gnir",
	    pool), XN_E_XSPEC, "via=gnir: the way goes round in a circle");
	text_has(xn_gateway_open(&first, group, "popen//via=x//id=x", pool),
	    XN_E_XSPEC, "through itself");
	text_has(xn_gateway_open(&first, group, "popen//via=three", pool),
	    XN_E_XSPEC, "via=three: the group has no open gateway");
	text_has(xn_gateway_open(&first, group, "popen//via=lost", pool),
	    XN_E_CONNECT, "cannot open gateway unix=/no/such//id=lost");
	end();
}

/* Cancelled while the far end says nothing. */
static void *APR_THREAD_FUNC
cancel_soon(apr_thread_t *thread, void *baton)
{
	(void)thread;
	(void)baton;
	usleep(300000);
	xn_group_cancel(group);
	return NULL;
}

static void
a_hop_is_cancelled(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	xn_gateway_t *chain[1], *far = NULL;
	apr_thread_t *thread;
	apr_status_t ignored;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (open_chain(chain, 1, "popen"))
		return;
	snprintf(address.sun_path, sizeof(address.sun_path),
	    "/tmp/syncgate-test-hop.%d", (int)getpid());
	unlink(address.sun_path);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	listen(fd, 5);
	apr_thread_create(&thread, NULL, cancel_soon, NULL, pool);
	CU_ASSERT_EQUAL(code_of(xn_gateway_open(&far, group, apr_psprintf(pool,
	    "unix=%s//via=g1", address.sun_path), pool)), XN_E_CANCELLED);
	apr_thread_join(&ignored, thread);
	unlink(address.sun_path);
	close(fd);
	end();
}

/* xn_pump() here, on a pair: the side is at the end of this file. */
static int pumped;
static void pumping_side(struct xn_side_channel *channel,
    const xn_value_t *kwargs);

static void
a_native_program_pumps(void)
{
	const void *bytes;
	xn_channel_t *ch;
	int ends[2];
	char text[6] = "";
	size_t n = 0;

	if (begin_with(NULL))
		return;
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
	    0, ends), 0);
	pumped = ends[1];
	failed(xn_native_exec(&ch, group, pumping_side, NULL, pool));
	failed(xn_send(ch, "y", "there", (size_t)5));
	CU_ASSERT_EQUAL(read(ends[0], text, 5), 5);
	CU_ASSERT_STRING_EQUAL(text, "there");
	CU_ASSERT_EQUAL(write(ends[0], "back", 4), 4);
	failed(xn_receive(ch, xn_seconds(60), "y", &bytes, &n));
	CU_ASSERT(n == 4 && memcmp(bytes, "back", 4) == 0);
	failed(xn_channel_close_write(ch));
	CU_ASSERT_EQUAL(read(ends[0], text, 5), 0);
	close(ends[0]);
	failed(xn_channel_waitclose(ch, xn_seconds(60)));
	end();
}

/* Through a Python worker, and to one. */
static void
python_is_a_hop_too(void)
{
	static const char python_echo[] =
	    "for value in channel:\n    channel.send(value)\n";
	xn_gateway_t *chain[2], *far = NULL;
	xn_channel_t *ch;
	int n = 0;

	if (open_chain(chain, 1, "popen//python=python3"))
		return;
	if (!failed(xn_gateway_open(&chain[1], group, "popen//via=g1//id=g2",
	    pool))) {
		ch = start_on(chain[1], echo_source);
		failed(xn_send(ch, "i", 5));
		failed(xn_receive(ch, xn_seconds(20), "i", &n));
		CU_ASSERT_EQUAL(n, 5);
		if (!failed(xn_gateway_open(&far, group,
		    "popen//python=python3//via=g2//id=g3", pool))) {
			ch = start_on(far, python_echo);
			failed(xn_send(ch, "i", 6));
			failed(xn_receive(ch, xn_seconds(20), "i", &n));
			CU_ASSERT_EQUAL(n, 6);
		}
	}
	end();
}

static const struct xn_test_case cases[] = {
	{ "a descriptor that fails is told", a_descriptor_that_fails_is_told },
	{ "bytes go through an attached channel",
	    bytes_go_through_an_attached_channel },
	{ "nobody reads and the program waits",
	    nobody_reads_and_the_program_waits },
	{ "a close is told when all before it has been written",
	    a_close_is_told_behind_what_was_written },
	{ "other values than bytes are refused",
	    other_values_than_bytes_are_refused },
	{ "a chain of agents carries data", a_chain_of_agents_carries_data },
	{ "the end of a hop names it", the_end_of_a_hop_names_it },
	{ "what cannot be reached is said", what_cannot_be_reached_is_said },
	{ "what is named is opened once", what_is_named_is_opened_once },
	{ "a hop is cancelled", a_hop_is_cancelled },
	{ "Python is a hop, too", python_is_a_hop_too },
	{ "a native program pumps", a_native_program_pumps },
};

int
main(int argc, char **argv)
{
	apr_initialize();
	return xn_test_main("hops", cases, sizeof(cases) / sizeof(cases[0]),
	    argc, argv);
}

/* remote.h's names are mapped to others, and so come last. */
#undef XN_FOREVER		/* -1 in both worlds */
#include <execnet/remote.h>

static void
pumping_side(xn_channel *channel, const xn_value *kwargs)
{
	(void)kwargs;
	xn_pump(channel, pumped, pumped);
}
