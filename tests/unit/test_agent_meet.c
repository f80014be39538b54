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

/* The program SOURCE on 1, which has 3 as well. */
static void
begin_program(struct agent *a, const char *source)
{
	agent_start(a);
	agent_exec(a, 1, source);
	agent_send(a, XN_MSG_CHANNEL_DATA, 1, "c", &(int32_t){ 3 });
	agent_expect_int(a, 1, 1);
}

/* A program on 1 that waits for values on 3. */
static void
begin(struct agent *a)
{
	begin_program(a, reports);
	listen_for(a, 3);
}

static void
read_all(int fd, void *bytes, size_t n)
{
	char *p = bytes;
	ssize_t got;

	for (; n > 0; n -= (size_t)got, p += got) {
		got = read(fd, p, n);
		CU_ASSERT_FATAL(got > 0);
	}
}

/* Know the token, and hear that the agent does. */
static int
get_in(struct agent *a)
{
	int fd = visit(a->text);
	char half[32];

	CU_ASSERT_FATAL(fd >= 0 && write(fd, token, 32) == 32);
	read_all(fd, half, 32);
	CU_ASSERT(memcmp(half, token + 32, 32) == 0);
	return fd;
}

/* The agent comes to us, and says its program's mark.  We have not said ours. */
static int
let_in(struct agent *a)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), in;
	char half[32], where[80];

	/* A name that the system chooses: five digits. */
	CU_ASSERT_FATAL(bind(fd, (struct sockaddr *)&un,
	    sizeof(sa_family_t)) == 0 && listen(fd, 1) == 0 &&
	    getsockname(fd, (struct sockaddr *)&un,
	    &(socklen_t){ sizeof(un) }) == 0);
	snprintf(where, sizeof(where), "unix:@%.5s", un.sun_path + 1);
	agent_send(a, XN_MSG_LINK, 3, "(sys)", "connect", token, (size_t)64,
	    where);
	in = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	CU_ASSERT_FATAL(in >= 0);
	close(fd);
	read_all(in, half, 32);
	CU_ASSERT(memcmp(half, token, 32) == 0);
	CU_ASSERT_EQUAL(write(in, token + 32, 32), 32);
	CU_ASSERT_STRING_EQUAL(answer(a, 3), "ok");
	agent_expect(a, XN_MSG_LINK, 3);
	CU_ASSERT_EQUAL(a->m.length, 0);
	return in;
}

/* The same; then our mark, and the program's, which says it only now. */
static int
get_through(struct agent *a)
{
	int fd = get_in(a);

	agent_put(a, XN_MSG_LINK, 3, NULL, 0);
	agent_expect(a, XN_MSG_LINK, 3);
	CU_ASSERT_EQUAL(a->m.length, 0);
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
	fd = get_through(&a);
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

/* The same TIMES, or until nobody reads it any more. */
static void
put_frames(int fd, int type, const void *p, size_t n, int times)
{
	uint8_t header[XN_HEADER_SIZE];

	xn_header_put(header, type, 0, (uint32_t)n);
	for (int i = 0; i < times; i++)
		if (send(fd, header, sizeof(header), MSG_NOSIGNAL) < 0 ||
		    send(fd, p, n, MSG_NOSIGNAL) < 0)
			break;
}

/* FRAME on the direct path must be an error of its channel, with PART. */
static void
refused(int type, const void *frame, size_t n, int times, const char *part)
{
	struct agent a;
	int fd;

	begin(&a);
	fd = get_through(&a);
	put_frames(fd, type, frame, n, times);
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
	fd = get_through(&a);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	close(fd);
	/* Nobody says why: after a while that is an error. */
	agent_expect_error(&a, 3, "the direct path to the other program broke");
	agent_expect_error(&a, 1, "the direct path to the other program broke");
	agent_end(&a);
}

/* Who connects may have got nothing, and then says no mark. */
static void
without_the_mark_of_who_came_all_stays_as_it_was(void)
{
	struct agent a;
	int fd;

	begin_program(&a, INCLUDE MAIN "{ xn_channel *c;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_send(ch, \"i\", 1);\n"
	    "for (;;) xn_send_value(c, xn_receive_value(c, -1)); }");
	listen_for(&a, 3);
	fd = get_in(&a);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 7);
	agent_expect_int(&a, 3, 7);
	close(fd);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 8);
	agent_expect_int(&a, 3, 8);
	agent_end(&a);
}

/* The frames of one value; its bytes. */
static size_t
read_value(int fd)
{
	static char payload[XN_PART_MAX];
	uint8_t header[XN_HEADER_SIZE];
	struct xn_message m;
	size_t n = 0;

	do {
		read_all(fd, header, sizeof(header));
		CU_ASSERT_FATAL(xn_header_get(&m, header, XN_PART_MAX) ==
		    XN_C_OK);
		read_all(fd, payload, m.length);
		n += m.length;
	} while (m.type == XN_MSG_CHANNEL_PART);
	CU_ASSERT_EQUAL(m.type, XN_MSG_CHANNEL_DATA);
	return n;
}

/* Our mark may be late, behind what the program does not take while it sends;
 * what is granted on the path is so all the same, and values keep their order. */
static void
before_the_mark_credit_counts_and_data_waits(void)
{
	struct agent a;
	int fd;

	begin_program(&a, INCLUDE MAIN "{ static char b[1000000];\n"
	    "int one = 0, two = 0; xn_channel *c;\n"
	    "xn_receive(ch, -1, \"c\", &c); xn_send(ch, \"i\", 1);\n"
	    "xn_receive_value(ch, -1); xn_send(c, \"y\", b, sizeof(b));\n"
	    "xn_receive(c, -1, \"i\", &one); xn_receive(c, -1, \"i\", &two);\n"
	    "xn_send(ch, \"i\", one * 10 + two); }");
	fd = let_in(&a);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "F\0\0\0\2Q", 6);
	put_frame(fd, XN_MSG_CHANNEL_WINDOW, "\0\x20\0\0", 4);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 1);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "i", 0);
	CU_ASSERT_EQUAL(read_value(fd), 1000006);
	agent_put(&a, XN_MSG_LINK, 3, NULL, 0);
	agent_expect_int(&a, 1, 12);
	close(fd);
	agent_end(&a);
}

static void
an_end_before_the_mark_is_one_behind_it(void)
{
	struct agent a;
	int fd;

	begin_program(&a, reports);
	fd = let_in(&a);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	put_frame(fd, XN_MSG_CHANNEL_DATA, "CQ", 2);
	close(fd);
	agent_send(&a, XN_MSG_CHANNEL_DATA, 3, "i", 1);
	agent_put(&a, XN_MSG_LINK, 3, NULL, 0);
	agent_close(&a, 3);
	agent_expect_int(&a, 1, 3);
	agent_end(&a);
}

static void
more_than_a_window_before_the_mark_is_refused(void)
{
	static char part[XN_PART_MAX] = "A\x7f\xff\xff\0";
	struct agent a;
	int fd;

	begin_program(&a, reports);
	fd = let_in(&a);
	put_frames(fd, XN_MSG_CHANNEL_PART, part, sizeof(part), 1000);
	agent_expect_error(&a, 3, "granted");
	agent_expect_error(&a, 1, "granted");
	agent_expect_small(&a);
	close(fd);
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
	{ "without the mark of who came all stays as it was",
	    without_the_mark_of_who_came_all_stays_as_it_was },
	{ "before the mark credit counts and data waits",
	    before_the_mark_credit_counts_and_data_waits },
	{ "an end before the mark is one behind it",
	    an_end_before_the_mark_is_one_behind_it },
	{ "more than a window before the mark is refused",
	    more_than_a_window_before_the_mark_is_refused },
	{ "requests that are none end the gateway",
	    requests_that_are_none_end_the_gateway },
	{ "addresses are taken by number", addresses_are_taken_by_number },
};

XN_TEST_MAIN("agent_meet", cases)
