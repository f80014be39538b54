/*
 * test_agent_meet.c: the direct path of xn_link() at one agent: who is let in.
 */
#include "tests/unit/test_agent_meet.h"

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
	{ "requests that are none end the gateway",
	    requests_that_are_none_end_the_gateway },
	{ "addresses are taken by number", addresses_are_taken_by_number },
};

XN_TEST_MAIN("agent_meet", cases)
