/*
 * test_multichannel.c: channels of several gateways, sent to, received from and
 * waited for together.
 */
#include "tests/lib/gateway_test.h"

#include <signal.h>
#include <unistd.h>

#define GATEWAYS 3

static xn_gateway_t *gateways[GATEWAYS];
static xn_multichannel_t *multi;

/* Three gateways x, gw1, y; SOURCE runs on each if it is not NULL. */
static int
begin_multi(const char *source)
{
	static const char *const xspecs[] = { "popen//id=x", "popen",
	    "popen//id=y" };

	if (begin_with(NULL))
		return 1;
	for (int i = 0; i < GATEWAYS; i++)
		if (failed(xn_gateway_open(&gateways[i], group, xspecs[i],
		    pool)))
			return 1;
	return source != NULL && failed(xn_group_remote_exec(&multi, group,
	    &(xn_program_t){ .name = "test.c", .source = source }, pool));
}

/* Which channel of MULTI is CH?  -1: none. */
static int
index_of(const xn_channel_t *ch)
{
	for (int i = 0; i < xn_multichannel_count(multi); i++)
		if (xn_multichannel_channel(multi, i) == ch)
			return i;
	return -1;
}

static void
a_group_tells_its_gateways_in_order(void)
{
	xn_gateway_t **all;

	if (begin_multi(NULL))
		return;
	CU_ASSERT_EQUAL(xn_group_count(group), GATEWAYS);
	CU_ASSERT_EQUAL_FATAL(xn_group_gateways(&all, group, pool), GATEWAYS);
	for (int i = 0; i < GATEWAYS; i++)
		CU_ASSERT_PTR_EQUAL(all[i], gateways[i]);
	CU_ASSERT_STRING_EQUAL(xn_gateway_id(all[1]), "gw1");
	end();
}

static void
a_program_runs_on_each_gateway(void)
{
	const xn_value_t **values;

	if (begin_multi(echo_source))
		return;
	CU_ASSERT_EQUAL(xn_multichannel_count(multi), GATEWAYS);
	CU_ASSERT_PTR_NULL(xn_multichannel_channel(multi, GATEWAYS));
	CU_ASSERT_PTR_NULL(xn_multichannel_channel(multi, -1));
	for (int i = 0; i < GATEWAYS; i++)
		CU_ASSERT_PTR_EQUAL(xn_channel_gateway(
		    xn_multichannel_channel(multi, i)), gateways[i]);
	failed(xn_multichannel_send_each(multi, "(si)", "all", 7));
	failed(xn_multichannel_receive_each(&values, multi, xn_seconds(60),
	    pool));
	for (int i = 0; i < GATEWAYS; i++)
		CU_ASSERT_STRING_EQUAL(xn_value_repr(values[i], pool),
		    "('all', 7)");
	end();
}

/* Nothing is taken from any channel until each has something. */
static void
receive_each_takes_all_or_nothing(void)
{
	const xn_value_t **values;
	int n = 0;

	if (begin_multi(echo_source))
		return;
	for (int i = 0; i < GATEWAYS - 1; i++) {	/* they run */
		failed(xn_send(xn_multichannel_channel(multi, i), "i", 9));
		failed(xn_receive(xn_multichannel_channel(multi, i),
		    xn_seconds(60), "i", &n));
	}
	for (int i = 0; i < GATEWAYS - 1; i++)
		failed(xn_send(xn_multichannel_channel(multi, i), "i", i));
	text_has(xn_multichannel_receive_each(&values, multi, xn_seconds(20),
	    pool), XN_E_TIMEOUT, "y: nothing arrived");
	failed(xn_channel_close(xn_multichannel_channel(multi, 2)));
	text_has(xn_multichannel_receive_each(&values, multi, xn_seconds(60),
	    pool), XN_E_EOF, "y: the channel is at its end");
	for (int i = 0; i < GATEWAYS - 1; i++) {
		failed(xn_receive(xn_multichannel_channel(multi, i),
		    xn_seconds(60), "i", &n));
		CU_ASSERT_EQUAL(n, i);
	}
	end();
}

/* One after the other, so the order of arrival is known. */
static void
values_come_in_the_order_of_their_arrival(void)
{
	static const int order[] = { 2, 0, 0, 1, 2, 1, 0 };
	const int n = (int)(sizeof(order) / sizeof(order[0]));
	xn_channel_t *acks[GATEWAYS], *sender;
	const xn_value_t *value;
	int ack;

	if (begin_multi(SIDE("xn_channel *ack; int v;"
	    "xn_receive(channel, XN_FOREVER, \"c\", &ack);"
	    "for (;;) { xn_receive(channel, XN_FOREVER, \"i\", &v);"
	    "xn_send(channel, \"i\", v); xn_send(ack, \"i\", v); }")))
		return;
	for (int i = 0; i < GATEWAYS; i++) {
		failed(xn_gateway_newchannel(&acks[i], gateways[i], pool));
		failed(xn_send(xn_multichannel_channel(multi, i), "c",
		    acks[i]));
	}
	for (int i = 0; i < n; i++) {
		failed(xn_send(xn_multichannel_channel(multi, order[i]), "i",
		    i));
		failed(xn_receive(acks[order[i]], xn_seconds(60), "i", &ack));
	}
	for (int i = 0; i < n; i++) {
		if (failed(xn_multichannel_receive(&value, &sender, multi, 0,
		    xn_seconds(60), pool)))
			break;
		CU_ASSERT_EQUAL(index_of(sender), order[i]);
		CU_ASSERT_EQUAL(value->u.integer, i);
	}
	text_has(xn_multichannel_receive(&value, &sender, multi, 0,
	    xn_seconds(0.05), pool), XN_E_TIMEOUT, "nothing arrived");
	CU_ASSERT_PTR_NULL(sender);
	end();
}

/* A talkative channel does not keep the others from being heard. */
static void
nobody_is_starved(void)
{
	int seen[GATEWAYS] = { 0 }, left = 3000;
	const xn_value_t *value;
	xn_channel_t *sender;

	if (begin_multi(SIDE("for (int i = 0; i < 1000; i++)"
	    "xn_send(channel, \"i\", i);")))
		return;
	while (left-- > 0) {
		int from;

		if (failed(xn_multichannel_receive(&value, &sender, multi, 0,
		    xn_seconds(20), pool)))
			break;
		from = index_of(sender);
		CU_ASSERT_FATAL(from >= 0);
		CU_ASSERT_EQUAL(value->u.integer, seen[from]);
		seen[from]++;
	}
	for (int i = 0; i < GATEWAYS; i++)
		CU_ASSERT_EQUAL(seen[i], 1000);
	CU_ASSERT_EQUAL(code_of(xn_multichannel_receive(&value, &sender,
	    multi, 0, xn_seconds(60), pool)), XN_E_EOF);
	end();
}

static const char failing_on_request[] = SIDE("int v;"
    "xn_receive(channel, XN_FOREVER, \"i\", &v);"
    "xn_send(channel, \"i\", v); if (v == 1) xn_fail(\"no luck\");");

/* Each end is told once, after that channel's last value. */
static void
ends_are_told_once_when_asked_for(void)
{
	int values[GATEWAYS] = { 0 }, ends[GATEWAYS] = { 0 }, errors = 0;
	const xn_value_t *value;
	xn_channel_t *sender;
	xn_error_t *error;

	if (begin_multi(failing_on_request))
		return;
	for (int i = 0; i < GATEWAYS; i++)
		failed(xn_send(xn_multichannel_channel(multi, i), "i", i));
	for (int i = 0; i < 2 * GATEWAYS; i++) {
		error = xn_multichannel_receive(&value, &sender, multi, 1,
		    xn_seconds(60), pool);
		CU_ASSERT_PTR_NOT_NULL_FATAL(sender);
		if (error != NULL) {
			CU_ASSERT_EQUAL(index_of(sender), 1);
			text_has(error, XN_E_REMOTE, "gw1: ");
			errors++;
		} else if (value == NULL) {
			CU_ASSERT_EQUAL(values[index_of(sender)], 1);
			ends[index_of(sender)]++;
		} else {
			values[index_of(sender)]++;
		}
	}
	CU_ASSERT(ends[0] == 1 && ends[1] == 0 && ends[2] == 1);
	CU_ASSERT_EQUAL(errors, 1);
	CU_ASSERT_EQUAL(code_of(xn_multichannel_receive(&value, &sender,
	    multi, 1, xn_seconds(60), pool)), XN_E_EOF);
	CU_ASSERT_PTR_NULL(sender);
	end();
}

static void
waitclose_names_the_first_gateway_that_failed(void)
{
	if (begin_multi(failing_on_request))
		return;
	failed(xn_send(xn_multichannel_channel(multi, 1), "i", 1));
	failed(xn_send(xn_multichannel_channel(multi, 2), "i", 1));
	for (int i = 0; i < 6000 && !(xn_channel_isclosed(
	    xn_multichannel_channel(multi, 1)) && xn_channel_isclosed(
	    xn_multichannel_channel(multi, 2))); i++)
		usleep(10000);
	/* It waits for the first, which has not ended, all the same. */
	text_has(xn_multichannel_waitclose(multi, xn_seconds(0.3)),
	    XN_E_REMOTE, "gw1: no luck");
	text_has(xn_multichannel_waitclose(multi, xn_seconds(0.05)),
	    XN_E_TIMEOUT, "x: the channel was not closed");
	failed(xn_send(xn_multichannel_channel(multi, 0), "i", 0));
	failed(xn_multichannel_waitclose(multi, xn_seconds(60)));
	end();
}

static void
what_cannot_be_sent_to_one_is_sent_to_the_others(void)
{
	int n = 0;

	if (begin_multi(echo_source))
		return;
	failed(xn_channel_close(xn_multichannel_channel(multi, 0)));
	text_has(xn_multichannel_send_each(multi, "i", 5), XN_E_CLOSED,
	    "x: cannot send on a closed channel");
	for (int i = 1; i < GATEWAYS; i++) {
		failed(xn_receive(xn_multichannel_channel(multi, i),
		    xn_seconds(60), "i", &n));
		CU_ASSERT_EQUAL(n, 5);
	}
	end();
}

/* One gateway is gone: nothing stays running on the others. */
static void
a_program_is_started_on_all_or_on_none(void)
{
	xn_remote_status_t status;
	int running = -1;

	if (begin_multi(NULL))
		return;
	xn_gateway_exit(gateways[1]);
	failed(xn_gateway_join(gateways[1], xn_seconds(60)));
	text_has(xn_group_remote_exec(&multi, group, &(xn_program_t){
	    .name = "test.c", .source = echo_source }, pool),
	    XN_E_CONNECTION, "gw1");
	for (int i = 0; i < 1000 && running != 0; i++) {
		failed(xn_remote_status(&status, gateways[0], xn_seconds(60),
		    pool));
		running = (int)status.numexecuting;
		usleep(10000);
	}
	CU_ASSERT_EQUAL(running, 0);
	end();
}

static void
a_killed_gateway_is_named(void)
{
	const xn_value_t *value;
	xn_channel_t *sender;
	int n = 0;

	if (begin_multi(echo_source))
		return;
	kill(agent_pid(), SIGKILL);	/* of the gateway opened last */
	text_has(xn_multichannel_receive(&value, &sender, multi, 0,
	    xn_seconds(60), pool), XN_E_CONNECTION, "y: ");
	CU_ASSERT_EQUAL(index_of(sender), 2);
	failed(xn_send(xn_multichannel_channel(multi, 0), "i", 3));
	failed(xn_multichannel_receive(&value, &sender, multi, 0,
	    xn_seconds(60), pool));
	CU_ASSERT_EQUAL(index_of(sender), 0);
	failed(xn_unpack_value(value, pool, "i", &n));
	CU_ASSERT_EQUAL(n, 3);
	end();
}

static void
channels_of_two_groups_are_refused(void)
{
	xn_group_t *other;
	xn_gateway_t *there;
	xn_channel_t *two[2];

	if (begin_with("popen"))
		return;
	failed(xn_group_create(&other, pool));
	failed(xn_gateway_open(&there, other, "popen", pool));
	failed(xn_gateway_newchannel(&two[0], gw, pool));
	failed(xn_gateway_newchannel(&two[1], there, pool));
	text_has(xn_multichannel_create(&multi, two, 2, pool), XN_E_USAGE,
	    "more than one group");
	two[1] = two[0];
	text_has(xn_multichannel_create(&multi, two, 2, pool), XN_E_USAGE,
	    "stands twice");
	text_has(xn_multichannel_create(&multi, two, -1, pool), XN_E_USAGE,
	    "-1 channels");
	failed(xn_multichannel_create(&multi, NULL, 0, pool));
	CU_ASSERT_EQUAL(code_of(xn_multichannel_receive(
	    &(const xn_value_t *){ NULL }, &(xn_channel_t *){ NULL }, multi,
	    1, XN_FOREVER, pool)), XN_E_EOF);
	failed(xn_multichannel_waitclose(multi, XN_FOREVER));
	end();
}

/* Channels may go before the multichannel that holds them. */
static void
its_channels_may_go_first(void)
{
	apr_pool_t *own;
	const xn_value_t *value;
	xn_channel_t *ch, *sender;

	if (begin_with("popen"))
		return;
	apr_pool_create(&own, pool);
	failed(xn_gateway_newchannel(&ch, gw, own));
	failed(xn_multichannel_create(&multi, &ch, 1, pool));
	apr_pool_destroy(own);
	failed(xn_multichannel_receive(&value, &sender, multi, 1, XN_FOREVER,
	    pool));
	CU_ASSERT(value == NULL && sender == ch);
	end();
}

static const struct xn_test_case cases[] = {
	{ "a group tells its gateways in the order of opening",
	    a_group_tells_its_gateways_in_order },
	{ "a program runs on each gateway", a_program_runs_on_each_gateway },
	{ "receive_each takes all or nothing",
	    receive_each_takes_all_or_nothing },
	{ "values come in the order of their arrival",
	    values_come_in_the_order_of_their_arrival },
	{ "nobody is starved, and no value is lost", nobody_is_starved },
	{ "ends are told once, when asked for",
	    ends_are_told_once_when_asked_for },
	{ "waitclose names the first gateway that failed",
	    waitclose_names_the_first_gateway_that_failed },
	{ "what cannot be sent to one is sent to the others",
	    what_cannot_be_sent_to_one_is_sent_to_the_others },
	{ "a program is started on all or on none",
	    a_program_is_started_on_all_or_on_none },
	{ "a killed gateway is named, the others live",
	    a_killed_gateway_is_named },
	{ "channels of two groups are refused; no channels are allowed",
	    channels_of_two_groups_are_refused },
	{ "its channels may go first", its_channels_may_go_first },
};

XN_TEST_MAIN("multichannel", cases)
