/*
 * test_agent_meet.c: the direct path of xn_link() at one agent, in raw frames:
 * who is let in, and what a stranger at the other end can do.
 */
#include "tests/unit/test_agent.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char token[65] = "0123456789abcdef0123456789abcdef"
    "ZYXWVUTSRQPONMLKZYXWVUTSRQPONMLK";

/* The word of an answer, and what is behind it in a->text. */
static const char *
answer(struct agent *a, int32_t id)
{
	const xn_value *v;

	agent_expect(a, XN_MSG_LINK, id);
	v = agent_value(a);
	CU_ASSERT_FATAL(v->kind == XN_TUPLE && v->size >= 1 &&
	    v->u.items[0].kind == XN_STR);
	snprintf(a->text, sizeof(a->text), "%s", v->size > 1 ?
	    v->u.items[1].u.text : "");
	return v->u.items[0].u.text;
}

/* Connect to unix:@NAME; -1 if nobody listens. */
static int
visit(const char *where)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(where + 6);

	CU_ASSERT_FATAL(strncmp(where, "unix:@", 6) == 0);
	memcpy(un.sun_path + 1, where + 6, n);
	if (connect(fd, (struct sockaddr *)&un, (socklen_t)(offsetof(
	    struct sockaddr_un, sun_path) + 1 + n)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
listen_for(struct agent *a, int32_t id)
{
	agent_send(a, XN_MSG_LINK, id, "(syn)", "listen", token, (size_t)64);
	CU_ASSERT_STRING_EQUAL_FATAL(answer(a, id), "at");
}

static const char reports[] = INCLUDE MAIN "{ long long n = 0;\n"
    "xn_channel *c; xn_receive(ch, -1, \"c\", &c); xn_send(ch, \"i\", 1);\n"
    "while (xn_wait(c, -1) == XN_READY_VALUE) {\n"
    "xn_receive_value(c, -1); n++; }\n"
    "xn_send(ch, \"l\", n); }";

/* A program on 1 that waits for values on 3. */
static void
begin(struct agent *a)
{
	agent_start(a);
	agent_exec(a, 1, reports);
	agent_send(a, XN_MSG_CHANNEL_DATA, 1, "c", &(int32_t){ 3 });
	agent_expect_int(a, 1, 1);
	listen_for(a, 3);
}

/* Know the token, and hear that the agent does. */
static int
get_in(struct agent *a)
{
	int fd = visit(a->text);
	char half[33] = "";

	CU_ASSERT_FATAL(fd >= 0 && write(fd, token, 32) == 32);
	for (size_t n = 0; n < 32;) {
		ssize_t got = read(fd, half + n, 32 - n);

		CU_ASSERT_FATAL(got > 0);
		n += (size_t)got;
	}
	CU_ASSERT(memcmp(half, token + 32, 32) == 0);
	/* The program's mark; and ours. */
	agent_expect(a, XN_MSG_LINK, 3);
	CU_ASSERT_EQUAL(a->m.length, 0);
	agent_put(a, XN_MSG_LINK, 3, NULL, 0);
	return fd;
}

static void
put_frame(int fd, int type, const void *p, size_t n)
{
	uint8_t header[XN_HEADER_SIZE];

	xn_header_put(header, type, 0, (uint32_t)n);
	CU_ASSERT(send(fd, header, sizeof(header), MSG_NOSIGNAL) ==
	    sizeof(header));
	CU_ASSERT(send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static void
who_does_not_know_the_token_is_not_let_in(void)
{
	struct agent a;
	char byte;
	int fd;

	begin(&a);
	fd = visit(a.text);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, "0123456789abcdef0123456789abcdeX", 32), 32);
	CU_ASSERT_EQUAL(read(fd, &byte, 1), 0);	/* not a word */
	close(fd);
	CU_ASSERT_STRING_EQUAL(answer(&a, 3), "error");
	CU_ASSERT_PTR_NOT_NULL(strstr(a.text, "does not know the token"));
	/* The way that was there goes on. */
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 1);
	agent_close(&a, 3);
	agent_expect_int(&a, 1, 1);
	agent_end(&a);
}

static void
one_visitor_is_accepted(void)
{
	struct agent a;
	char where[sizeof(a.text)];
	int fd, i;

	begin(&a);
	snprintf(where, sizeof(where), "%s", a.text);
	fd = visit(where);
	CU_ASSERT_FATAL(fd >= 0);
	/* As soon as it is, nobody else gets that far. */
	for (i = 0; i < 1000; i++) {
		int other = visit(where);

		if (other < 0)
			break;
		close(other);
		usleep(1000);
	}
	CU_ASSERT(i < 1000);
	close(fd);
	CU_ASSERT_STRING_EQUAL(answer(&a, 3), "error");
	agent_end(&a);
}

static void
values_come_in_and_the_end_is_that_of_the_old_way(void)
{
	struct agent a;
	int fd;

	begin(&a);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 1);
	fd = get_in(&a);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	put_frame(fd, XN_MSG_CHANNEL_PART, "A\0\0\0\3a", 6);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "bcQ", 3);
	/* It is closed before all has been read: that is still read. */
	agent_close(&a, 3);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	close(fd);
	agent_expect_int(&a, 1, 4);
	agent_end(&a);
}

/* FRAME on the direct path must be an error of its channel, with PART. */
static void
refused(int type, const void *frame, size_t n, int times, const char *part)
{
	struct agent a;
	int fd;

	begin(&a);
	fd = get_in(&a);
	for (int i = 0; i < times; i++) {
		uint8_t header[XN_HEADER_SIZE];

		xn_header_put(header, type, 0, (uint32_t)n);
		if (send(fd, header, sizeof(header), MSG_NOSIGNAL) < 0 ||
		    send(fd, frame, n, MSG_NOSIGNAL) < 0)
			break;
	}
	/* The other program hears of it as well. */
	agent_expect_error(&a, 3, part);
	agent_expect_error(&a, 1, part);
	agent_exec(&a, 5, INCLUDE MAIN "{ xn_send(ch, \"i\", 5); }");
	agent_expect_int(&a, 5, 5);
	agent_expect_small(&a);
	close(fd);
	agent_end(&a);
}

static void
a_stranger_there_can_only_end_the_channel(void)
{
	static char zeros[2 * XN_PART_MAX];

	refused(XN_MSG_CHANNEL_DATA, "B\0\0\0\7Q", 6, 1, "channel");
	refused(XN_MSG_CHANNEL_CLOSE, "", 0, 1, "does not go there");
	refused(99, "", 0, 1, "type");
	refused(XN_MSG_CHANNEL_DATA, zeros, sizeof(zeros), 1, "larger");
	refused(XN_MSG_CHANNEL_WINDOW, "\x7f\xff\xff\xff", 4, 5, "granted");
	/* Of one payload, more than is taken early. */
	zeros[0] = 'A';
	xn_set_u32((uint8_t *)zeros + 1, 0x7ffffff0);
	refused(XN_MSG_CHANNEL_PART, zeros, XN_PART_MAX, 1000, "");
}

static void
a_path_that_breaks_is_an_error_in_the_end(void)
{
	struct agent a;
	int fd;

	begin(&a);
	fd = get_in(&a);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	close(fd);
	/* Nobody says why: after a while that is an error. */
	agent_expect_error(&a, 3, "the direct path to the other program broke");
	agent_expect_error(&a, 1, "the direct path to the other program broke");
	agent_end(&a);
}

static void
requests_that_are_none_end_the_gateway(void)
{
	struct agent a;

	agent_start(&a);
	agent_send(&a, XN_MSG_LINK, 3, "(syn)", "listen", token, (size_t)64);
	CU_ASSERT_STRING_EQUAL(answer(&a, 3), "error");
	agent_send(&a, XN_MSG_LINK, 3, "(syn)", "listen", token, (size_t)63);
	agent_expect_end(&a, "LINK: not a request");
	agent_end(&a);
}

static void
addresses_are_taken_by_number(void)
{
	static const char *const bad[] = { "example.org", "1.2.3.4:", "1.2.3.4:x",
	    "1.2.3.4:70000", "[::1", "", "unix:@", ":5", "203.0.113.7" };
	struct agent a;

	begin(&a);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		agent_send(&a, XN_MSG_LINK, 3, "(sys)", "listen", token,
		    (size_t)64, bad[i]);
		CU_ASSERT_STRING_EQUAL(answer(&a, 3), "error");
	}
	agent_send(&a, XN_MSG_LINK, 3, "(sys)", "listen", token, (size_t)64,
	    "127.0.0.1");
	CU_ASSERT_STRING_EQUAL(answer(&a, 3), "at");
	CU_ASSERT(strncmp(a.text, "127.0.0.1:", 10) == 0 &&
	    atoi(a.text + 10) > 0);
	agent_send(&a, XN_MSG_LINK, 3, "(sys)", "connect", token, (size_t)64,
	    "unix:@nobody is there");
	CU_ASSERT_STRING_EQUAL(answer(&a, 3), "error");
	agent_end(&a);
}

static const struct xn_test_case cases[] = {
	{ "who does not know the token is not let in",
	    who_does_not_know_the_token_is_not_let_in },
	{ "one visitor is accepted", one_visitor_is_accepted },
	{ "values come in, and the end is that of the old way",
	    values_come_in_and_the_end_is_that_of_the_old_way },
	{ "a stranger there can only end the channel",
	    a_stranger_there_can_only_end_the_channel },
	{ "a path that breaks is an error in the end",
	    a_path_that_breaks_is_an_error_in_the_end },
	{ "requests that are none end the gateway",
	    requests_that_are_none_end_the_gateway },
	{ "addresses are taken by number", addresses_are_taken_by_number },
};

XN_TEST_MAIN("agent_meet", cases)
