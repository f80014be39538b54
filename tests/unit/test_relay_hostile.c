/*
 * test_relay_hostile.c: what a hostile agent can do to whom its channels are
 * carried: nothing but end the relay.
 */
#include "tests/lib/gateway_test.h"
#include "tests/lib/hostile.h"

#include <apr_env.h>

static const char *folder;	/* holds the hostile agent under our name */
static xn_gateway_t *bad, *good;

static const char takes_all[] = SIDE(
    "for (;;) xn_receive_value(channel, XN_FOREVER);");

/* An agent that will behave as MODE, and an honest one: 1 if that fails. */
static int
begin_beside(const char *mode)
{
	char *honest = NULL;
	int bad_start;

	if (begin_with(NULL))
		return 1;
	apr_env_get(&honest, "SYNCGATE_AGENT_DIR", pool);
	apr_env_set("SYNCGATE_AGENT_DIR", folder, pool);
	apr_env_set("XN_HOSTILE", mode, pool);
	bad_start = failed(xn_gateway_open(&bad, group, "popen//id=bad",
	    pool));
	if (honest != NULL)
		apr_env_set("SYNCGATE_AGENT_DIR", honest, pool);
	else
		apr_env_delete("SYNCGATE_AGENT_DIR", pool);
	return bad_start ||
	    failed(xn_gateway_open(&good, group, "popen//id=good", pool));
}

/* ON still answers. */
static void
answers(xn_gateway_t *on)
{
	xn_channel_t *ch = start_on(on, echo_source);
	int n = 0;

	failed(xn_send(ch, "i", 7));
	failed(xn_receive(ch, xn_seconds(20), "i", &n));
	CU_ASSERT_EQUAL(n, 7);
}

/* ---- What is cut ------------------------------------------------------------ */

static void
the_end_within_an_id_ends_the_relay(void)
{
	static const struct {
		const char *mode, *part;
		int code;
	} table[] = {
		{ "an id, cut by a close", "", 0 },
		/* Then it exits. */
		{ "an id, cut by a last message", "gateway bad",
		    XN_E_CONNECTION },
		{ "an id, cut by the end", "gateway bad", XN_E_CONNECTION },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		xn_channel_t *from, *to;

		if (begin_beside(table[i].mode))
			return;
		to = start_on(good, SIDE(
		    "while (xn_wait(channel, XN_FOREVER) == XN_READY_VALUE)"
		    " xn_receive_value(channel, 0);"
		    "xn_sleep(60000);"));
		from = start_on(bad, "");
		text_has(xn_channel_relay(from, to), table[i].code,
		    table[i].part);
		answers(good);
		end();
	}
}

/* ---- What is too much --------------------------------------------------------- */

/* Its agent would end above 16384 open channels. */
static void
no_more_channels_than_it_bears_are_brought(void)
{
	xn_channel_t *from, *to, *other;

	if (begin_beside("as many channels as there may be"))
		return;
	other = start_on(good, echo_source);
	to = start_on(good, takes_all);
	from = start_on(bad, "");
	text_has(xn_channel_relay(from, to), XN_E_UNSUPPORTED,
	    "more channels of others");
	failed(xn_send(other, "i", 1));
	failed(xn_receive(other, xn_seconds(20), "i", &(int){ 0 }));
	answers(good);
	end();
}

#define BATCH	16

/* Send BATCH new channels of FROM on TO. */
static xn_error_t *
send_batch(xn_channel_t *to, xn_gateway_t *from, apr_pool_t *p)
{
	xn_channel_t *c[BATCH];

	for (int i = 0; i < BATCH; i++)
		XN_TRY(xn_gateway_newchannel(&c[i], from, p));
	return xn_send(to, "(cccccccccccccccc)", c[0], c[1], c[2], c[3], c[4],
	    c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13], c[14],
	    c[15]);
}

/* The same for who sends them here; and as many once more when they are
 * closed. */
static void
no_more_channels_than_it_bears_are_sent(void)
{
	xn_gateway_t *one, *two;
	xn_channel_t *to;
	apr_pool_t *theirs;

	if (begin_with(NULL) ||
	    failed(xn_gateway_open(&one, group, "popen//id=one", pool)) ||
	    failed(xn_gateway_open(&two, group, "popen//id=two", pool)))
		return;
	to = start_on(two, takes_all);
	apr_pool_create(&theirs, pool);
	for (int round = 0; round < 2; round++) {
		xn_error_t *error = NULL;
		int n = 0;

		while (error == NULL && n < 20000) {
			error = send_batch(to, one, theirs);
			n += error == NULL ? BATCH : 0;
		}
		text_has(error, XN_E_UNSUPPORTED, "more channels of others");
		CU_ASSERT_EQUAL(n, 3072);
		answers(two);
		apr_pool_clear(theirs);
	}
	end();
}

static const struct xn_test_case cases[] = {
	{ "the end within an id ends the relay",
	    the_end_within_an_id_ends_the_relay },
	{ "no more channels than it bears are brought",
	    no_more_channels_than_it_bears_are_brought },
	{ "no more channels than it bears are sent",
	    no_more_channels_than_it_bears_are_sent },
};

int
main(int argc, char **argv)
{
	apr_pool_t *root = expect_pool();
	int result;

	folder = hostile_folder(root);
	result = xn_test_main("relay, hostile agent", cases,
	    sizeof(cases) / sizeof(cases[0]), argc, argv);
	hostile_remove(folder, root);
	return result;
}
