/*
 * link.c: a direct path between the agents of two channels.
 *
 * The two are relayed at once, so nothing waits for the path.  B's agent is
 * asked to listen and A's to connect (agent/meet.h says how they get to know
 * each other).  Then each program says its mark, which the relay passes on
 * behind all that came before it, and goes on by the new path; here only the
 * ends of the two channels are carried any more.  Whatever fails, the relay is
 * what remains.
 */
#include "core/gateway/link.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/rand.h>

#include "core/gateway/sink.h"
#include "core/wire/format.h"

#define TOKEN_SIZE	64	/* two halves of 256 bits */
#define WAIT_S		12	/* for an answer: agents take 10 at most */
#define ANSWER_MAX	4096u

xn_error_t *
xn_link__on_message(xn_gateway_t *gw, const struct xn_message *m)
{
	xn_channel_t *ch, *other;

	if (m->length > ANSWER_MAX)
		return xn_gateway__broken(gw, m, "more than 4096 bytes");
	xn_group__lock(gw->group);
	ch = apr_hash_get(gw->channels, &m->channel, sizeof(m->channel));
	if (ch != NULL && m->length == 0) {
		/* Nobody else's agent is to get what it does not know. */
		other = xn_relay__other(ch);
		if (other != NULL && other->gateway != NULL &&
		    xn_gateway__has(other->gateway, "link"))
			xn_relay__mark(ch);
	} else if (ch != NULL && ch->answer == NULL &&
	    (ch->answer = malloc(m->length)) != NULL) {
		memcpy(ch->answer, m->payload, m->length);
		ch->answer_n = m->length;
		xn_channel__wake(ch);
	}
	xn_group__unlock(gw->group);
	return NULL;
}

/* ---- Asking an agent ---------------------------------------------------- */

static xn_error_t *
ask(xn_channel_t *ch, const char *word, const uint8_t *token,
    const char *address)
{
	struct xn_buf b;
	int rc;

	free(ch->answer);
	ch->answer = NULL;
	xn_buf_init(&b, ANSWER_MAX);
	rc = xn_put_str(&b, word, strlen(word));
	if (rc == XN_C_OK)
		rc = xn_put_bytes(&b, token, TOKEN_SIZE);
	if (rc == XN_C_OK)
		rc = address == NULL ? xn_put_none(&b) :
		    xn_put_str(&b, address, strlen(address));
	if (rc == XN_C_OK)
		rc = xn_put_build(&b, XN_OP_BUILDTUPLE, 3);
	if (rc == XN_C_OK)
		rc = xn_put_stop(&b);
	/* The outbox takes the bytes over, whatever becomes of them. */
	if (rc == XN_C_OK)
		rc = xn_gateway__put(ch->gateway, XN_MSG_LINK, ch->id,
		    b.base, b.end, 0);
	else
		xn_buf_free(&b);
	return rc == XN_C_OK ? NULL : xn_error_create(XN_E_NOMEM,
	    "cannot ask for a direct path: %s", xn_code_text(rc));
}

/* Wait for the answer of CH's agent; locked. */
static xn_error_t *
await(xn_channel_t *ch, const struct xn_relay *relay)
{
	apr_time_t end = xn__deadline(apr_time_from_sec(WAIT_S));

	while (ch->answer == NULL && !xn_relay__is_over(relay) &&
	    !ch->group->cancelled) {
		if (xn__clock() >= end)
			return xn_error_create(XN_E_TIMEOUT,
			    "%s does not answer", ch->gateway->id);
		xn__cond_wait(xn_channel__changed(ch), ch->group->lock, end);
	}
	return ch->answer != NULL ? NULL : xn_error_create(XN_E_CANCELLED,
	    "the channels were closed meanwhile");
}

/* The text behind WORD in the answer; an error if it says another word. */
static xn_error_t *
read_answer(const char **text, xn_channel_t *ch, const char *word,
    apr_pool_t *pool)
{
	struct xn_decode_env env = {
		.alloc = (void *(*)(void *, size_t))apr_palloc,
		.alloc_baton = pool
	};
	const xn_value *v;
	const char *said[2] = { NULL, "" };

	if (xn_decode(&v, ch->answer, ch->answer_n, &env) == XN_C_OK &&
	    v->kind == XN_TUPLE && v->size <= 2)
		for (unsigned int i = 0; i < v->size; i++)
			if (v->u.items[i].kind == XN_STR)
				said[i] = apr_pstrdup(pool,
				    v->u.items[i].u.text);
	if (said[0] == NULL)
		return xn_error_create(XN_E_PROTOCOL,
		    "%s answers what cannot be understood", ch->gateway->id);
	if (strcmp(said[0], word) != 0)
		return xn_error_create(XN_E_CONNECT, "%s: %s",
		    ch->gateway->id, said[1]);
	*text = said[1];
	return NULL;
}

static xn_error_t *
request(const char **text, xn_channel_t *ch, const struct xn_relay *relay,
    const char *word, const char *answer, const uint8_t *token,
    const char *address, apr_pool_t *pool)
{
	XN_TRY(ask(ch, word, token, address));
	XN_TRY(await(ch, relay));
	return read_answer(text, ch, answer, pool);
}

/* ---- The link ----------------------------------------------------------- */

static xn_error_t *
check(const xn_channel_t *ch)
{
	if (ch->gateway == NULL)
		return xn_error_create(XN_E_UNSUPPORTED,
		    "one of the programs runs here");
	if (!xn_gateway__has(ch->gateway, "link"))
		return xn_error_create(XN_E_UNSUPPORTED,
		    "the worker of %s cannot", ch->gateway->id);
	return NULL;
}

/* Bring the two agents together; locked. */
static xn_error_t *
connect_agents(xn_channel_t *a, xn_channel_t *b, const struct xn_relay *relay,
    const char *address, apr_pool_t *pool)
{
	uint8_t token[TOKEN_SIZE];
	const char *where, *nothing;

	XN_TRY(check(a));
	XN_TRY(check(b));
	if (RAND_bytes(token, sizeof(token)) != 1)
		return xn_error_create(XN_E_UNSUPPORTED,
		    "no random bytes for a token");
	XN_TRY(request(&where, b, relay, "listen", "at", token, address,
	    pool));
	return request(&nothing, a, relay, "connect", "ok", token, where,
	    pool);
}

/* Say why there is no direct path.  Takes ERROR over; not locked. */
static void
say_why(xn_channel_t *a, xn_channel_t *b, xn_error_t *error,
    apr_pool_t *pool)
{
	const char *one = a->gateway != NULL ? a->gateway->id : "here";
	const char *other = b->gateway != NULL ? b->gateway->id : "here";

	xn_group__log(a->group, one, apr_psprintf(pool, "no direct path to "
	    "%s, the data goes through here: %s", other,
	    xn_error_text(error, pool)));
	xn_error_clear(error);
}

static xn_error_t *
check_usage(xn_channel_t *a, xn_channel_t *b,
    const xn_link_options_t *options)
{
	if (options != NULL && options->address != NULL &&
	    strlen(options->address) > 80)
		return xn_error_create(XN_E_USAGE, "xn_link: the address is "
		    "no IPv4 or IPv6 address: %.100s", options->address);
	if (b->group != a->group)
		return xn_error_create(XN_E_USAGE, "two channels of different "
		    "groups cannot be linked");
	if ((a->gateway != NULL && xn_gateway__in_io_thread(a->gateway)) ||
	    (b->gateway != NULL && xn_gateway__in_io_thread(b->gateway)))
		return xn_error_create(XN_E_USAGE, "cannot wait for a link: a "
		    "callback must not block");
	return NULL;
}

xn_error_t *
xn_link(xn_channel_t *a, xn_channel_t *b, const xn_link_options_t *options)
{
	int *direct = options != NULL ? options->direct : NULL;
	xn_error_t *error, *why = NULL;
	struct xn_relay *relay;
	apr_pool_t *pool;

	XN_TRY(check_usage(a, b, options));
	if (direct != NULL)
		__atomic_store_n(direct, 0, __ATOMIC_RELEASE);
	apr_pool_create(&pool, NULL);
	xn_group__lock(a->group);
	error = xn_relay__new(&relay, a, b, 0);
	if (error == NULL) {
		xn_relay__hold(relay, 1);
		xn_relay__start(relay);
		why = connect_agents(a, b, relay, options != NULL ?
		    options->address : NULL, pool);
		if (why == NULL && direct != NULL)
			__atomic_store_n(direct, 1, __ATOMIC_RELEASE);
		if (why != NULL && !xn_relay__is_over(relay)) {
			xn_group__unlock(a->group);
			say_why(a, b, why, pool);
			why = NULL;
			xn_group__lock(a->group);
		}
		xn_relay__hold(relay, -1);
		error = xn_relay__wait(relay, a);
	}
	xn_group__unlock(a->group);
	xn_error_clear(why);
	xn_relay__reap(a->group);
	apr_pool_destroy(pool);
	return error;
}
