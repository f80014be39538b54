/*
 * test_agent_meet.h: the direct path of xn_link() at one agent, in raw frames:
 * how it comes to be, and what is said on it.
 */
#ifndef XN_TESTS_TEST_AGENT_MEET_H
#define XN_TESTS_TEST_AGENT_MEET_H

#include "tests/unit/test_agent.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char token[65] = "0123456789abcdef0123456789abcdef"
    "ZYXWVUTSRQPONMLKZYXWVUTSRQPONMLK";

/* The word of an answer, and what is behind it in a->text. */
static UNUSED const char *
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
static UNUSED int
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

static UNUSED void
listen_for(struct agent *a, int32_t id)
{
	agent_send(a, XN_MSG_LINK, id, "(syn)", "listen", token, (size_t)64);
	CU_ASSERT_STRING_EQUAL_FATAL(answer(a, id), "at");
}

static UNUSED const char reports[] = INCLUDE MAIN "{ long long n = 0;\n"
    "xn_channel *c; xn_receive(ch, -1, \"c\", &c); xn_send(ch, \"i\", 1);\n"
    "while (xn_wait(c, -1) == XN_READY_VALUE) {\n"
    "xn_receive_value(c, -1); n++; }\n"
    "xn_send(ch, \"l\", n); }";

/* The program SOURCE on 1, which has 3 as well. */
static UNUSED void
begin_program(struct agent *a, const char *source)
{
	agent_start(a);
	agent_exec(a, 1, source);
	agent_send(a, XN_MSG_CHANNEL_DATA, 1, "c", &(int32_t){ 3 });
	agent_expect_int(a, 1, 1);
}

/* A program on 1 that waits for values on 3. */
static UNUSED void
begin(struct agent *a)
{
	begin_program(a, reports);
	listen_for(a, 3);
}

static UNUSED void
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
static UNUSED int
get_in(struct agent *a)
{
	int fd = visit(a->text);
	char half[32];

	CU_ASSERT_FATAL(fd >= 0 && write(fd, token, 32) == 32);
	read_all(fd, half, 32);
	CU_ASSERT(memcmp(half, token + 32, 32) == 0);
	return fd;
}

/* The agent comes to us. */
static UNUSED int
connect_to_us(struct agent *a)
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
	return in;
}

/* And its program says its mark.  We have not said ours. */
static UNUSED int
let_in(struct agent *a)
{
	int in = connect_to_us(a);

	agent_expect(a, XN_MSG_LINK, 3);
	CU_ASSERT_EQUAL(a->m.length, 0);
	return in;
}

/* We come; then our mark, and the program's, which says it only now. */
static UNUSED int
get_through(struct agent *a)
{
	int fd = get_in(a);

	agent_put(a, XN_MSG_LINK, 3, NULL, 0);
	agent_expect(a, XN_MSG_LINK, 3);
	CU_ASSERT_EQUAL(a->m.length, 0);
	return fd;
}

static UNUSED void
put_frame(int fd, int type, const void *p, size_t n)
{
	uint8_t header[XN_HEADER_SIZE];

	xn_header_put(header, type, 0, (uint32_t)n);
	CU_ASSERT(send(fd, header, sizeof(header), MSG_NOSIGNAL) ==
	    sizeof(header));
	CU_ASSERT(send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n);
}
/* The same TIMES, or until nobody reads it any more. */
static UNUSED void
put_frames(int fd, int type, const void *p, size_t n, int times)
{
	uint8_t header[XN_HEADER_SIZE];

	xn_header_put(header, type, 0, (uint32_t)n);
	for (int i = 0; i < times; i++)
		if (send(fd, header, sizeof(header), MSG_NOSIGNAL) < 0 ||
		    send(fd, p, n, MSG_NOSIGNAL) < 0)
			break;
}
/* The frames of one value; its bytes. */
static UNUSED size_t
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

#endif
