/*
 * native.c: programs of this process, behind the same channels.
 *
 * A side written against <execnet/remote.h> runs here in a thread; its port is
 * made of the channels of gateways, or of a pair of channels whose two ends
 * are both here.
 */
#include "core/gateway/sink.h"

#include <stdlib.h>
#include <string.h>

#include "core/side/port.h"

struct xn_native {
	xn_group_t *group;
	xn_native_main *main_function;
	xn_channel_t *channel;		/* its own end; counted */
	const xn_value_t *kwargs;
	apr_thread_t *thread;
	apr_pool_t *pool;		/* own root pool, for the thread */
	char *error;			/* why it failed; malloc'ed */
	char *port_error;		/* the text that the runtime was given */
	struct xn_held held;		/* channels that it has got or made */
	xn_channel_t *receiving;	/* what it has received on last */
	xn_channel_t **named;		/* the channels in the value that is
					 * being sent, in order; malloc'ed */
	int named_n, named_at;
	struct xn_carrying carrying;	/* those that are of other gateways */
};

/* ---- The port ------------------------------------------------------------- */

/* What an error means to the runtime; its text is kept until the next. */
static int
port_result(xn_native_t *native, xn_error_t *error, const char **text)
{
	apr_pool_t *scratch;
	int result = XN_PORT_ERROR;

	if (error == NULL)
		return XN_PORT_OK;
	if (error->code == XN_E_TIMEOUT)
		result = XN_PORT_TIMEOUT;
	else if (error->code == XN_E_EOF || error->code == XN_E_CLOSED ||
	    error->code == XN_E_CANCELLED)
		result = XN_PORT_EOF;
	apr_pool_create(&scratch, NULL);
	free(native->port_error);
	native->port_error = strdup(xn_error_text(error, scratch));
	apr_pool_destroy(scratch);
	xn_error_clear(error);
	*text = native->port_error;
	return result;
}

struct placing {
	xn_native_t *native;
	struct xn_scan scan;
};

/* The next channel of the value gets the id that it has over there. */
static int
place_id(void *baton, int32_t ignored)
{
	struct placing *p = baton;
	xn_native_t *native = p->native;
	int32_t id = native->named_at == native->named_n ? 0 :
	    xn_carrying__id(&native->carrying,
	    native->named[native->named_at++]);

	(void)ignored;
	if (id == 0)
		return XN_C_NO_CHANNEL;
	xn_scan_replace(&p->scan, id);
	return XN_C_OK;
}

/* PAYLOAD is the program's, its channels known by their order alone. */
static xn_error_t *
send_named(xn_native_t *native, xn_channel_t *ch, uint8_t *payload, size_t n)
{
	struct placing placing = { .native = native };
	struct xn_carrying *c = &native->carrying;
	xn_error_t *error;
	int code;

	memset(c, 0, sizeof(*c));
	c->gateway = ch->gateway;
	native->named_at = 0;
	xn_scan_init(&placing.scan);
	code = xn_scan_push(&placing.scan, payload, n, place_id, &placing);
	native->named_n = 0;
	if (code == XN_C_OK) {
		error = xn_channel__send_carrying(ch, payload, n, c);
	} else {
		free(payload);
		error = c->error != NULL ? c->error :
		    xn_error_create(XN_E_USAGE, "cannot send a value: %s",
		    xn_code_text(code));
		c->error = NULL;
	}
	xn_carrying__free(c);
	return error;
}

static int
port_send(void *baton, void *channel, const uint8_t *payload, size_t n,
    const char **text)
{
	xn_native_t *native = baton;
	uint8_t *copy = malloc(n + 1);

	if (copy == NULL)
		return XN_PORT_ERROR;
	memcpy(copy, payload, n);
	return port_result(native, native->named_n > 0 ?
	    send_named(native, channel, copy, n) :
	    xn_channel__send_payload(channel, copy, n), text);
}

static int
port_receive(void *baton, void *channel, int timeout, uint8_t **payload,
    size_t *n, const char **text)
{
	((xn_native_t *)baton)->receiving = channel;
	return port_result(baton, xn_channel__take(payload, n, channel,
	    timeout < 0 ? XN_FOREVER : (apr_interval_time_t)timeout * 1000),
	    text);
}

/* A ready channel with nothing in its queue is at its end. */
static int
port_select(void *baton, void **channels, int *ready, int n, const int *fds,
    int *fd_ready, int nfds, int timeout)
{
	int count = xn_channel__select((xn_channel_t **)channels, ready, n,
	    fds, fd_ready, nfds, timeout);

	(void)baton;
	for (int i = 0; i < n; i++) {
		xn_channel_t *ch = channels[i];

		if (!ready[i])
			continue;
		xn_group__lock(ch->group);
		ready[i] = ch->group->cancelled ? XN_PORT_EOF :
		    ch->head != NULL ? XN_PORT_OK :
		    ch->remote_error != NULL ? XN_PORT_ERROR : XN_PORT_EOF;
		xn_group__unlock(ch->group);
	}
	return count;
}

static void
port_close(void *baton, void *channel, const char *text)
{
	(void)baton;
	xn_channel__close(channel, text);
}

static int
port_isclosed(void *baton, void *channel)
{
	(void)baton;
	return xn_channel_isclosed(channel);
}

static void
port_close_write(void *baton, void *channel)
{
	(void)baton;
	xn_error_clear(xn_channel_close_write(channel));
}

static int
port_wait(void *baton, void *channel, int want, struct pollfd *fds, int nfds,
    int timeout)
{
	(void)baton;
	return xn_channel__wait_for(channel, want, fds, nfds, timeout);
}

/* The gateway that ids are ids of: that of the program's own channel. */
static void *
port_newchannel(void *baton)
{
	xn_native_t *native = baton;
	xn_gateway_t *gw = native->channel->gateway;
	xn_channel_t *ch = NULL;

	if (gw == NULL)
		return NULL;
	xn_group__lock(gw->group);
	if (!gw->closing) {
		ch = xn_channel__new(gw->group, gw, gw->next_id);
		xn_held__add(&native->held, ch);
		ch->refs--;		/* the table's, and that */
		gw->next_id += 2;
	}
	xn_group__unlock(gw->group);
	return ch;
}

static void *
port_channel_of_id(void *baton, int32_t id)
{
	xn_native_t *native = baton;
	xn_gateway_t *gw = native->receiving == NULL ? NULL :
	    native->receiving->gateway;
	xn_channel_t *ch;

	if (gw == NULL)
		return NULL;
	xn_group__lock(gw->group);
	ch = xn_channel__of_id(gw, id);
	if (ch != NULL)
		ch = xn_relay__original(ch);
	if (ch != NULL && ch->kept_by != native->channel) {
		ch->kept_by = native->channel;
		xn_held__add(&native->held, ch);
	}
	xn_group__unlock(gw->group);
	return ch;
}

/* What id it gets is known when the value is sent: see port_send(). */
static int32_t
port_id_of_channel(void *baton, void *channel)
{
	xn_native_t *native = baton;
	xn_channel_t **grown = realloc(native->named,
	    ((size_t)native->named_n + 1) * sizeof(*grown));

	if (grown == NULL)
		abort();	/* as APR's pools do */
	native->named = grown;
	native->named[native->named_n++] = channel;
	return 1;
}

static void
port_log(void *baton, const char *line)
{
	xn_native_t *native = baton;

	xn_group__log(native->group, "here", line);
}

/* ---- Running -------------------------------------------------------------- */

/* The program owned the channels in its kwargs: they end with it. */
static void
close_channels(const xn_value_t *v, const char *text)
{
	unsigned int n = v->kind == XN_DICT ? 2 * v->size : v->size;

	if (v->kind == XN_CHANNEL)
		xn_channel__close(v->u.channel.object, text);
	for (unsigned int i = 0; v->depth > 0 && i < n; i++)
		close_channels(&v->u.items[i], text);
}

static void *APR_THREAD_FUNC
run(apr_thread_t *thread, void *baton)
{
	xn_native_t *native = baton;
	const struct xn_port port = {
		.baton = native,
		.send = port_send,
		.receive = port_receive,
		.select = port_select,
		.close = port_close,
		.isclosed = port_isclosed,
		.close_write = port_close_write,
		.newchannel = port_newchannel,
		.channel_of_id = port_channel_of_id,
		.id_of_channel = port_id_of_channel,
		.log = port_log,
		.wait = port_wait,
	};

	(void)thread;
	xn_side_run(&port, native->main_function, native->channel,
	    native->kwargs, &native->error);
	if (native->kwargs != NULL)
		close_channels(native->kwargs, native->error);
	xn_group__lock(native->group);
	xn_held__drop_kept(&native->held, native->channel);
	xn_group__unlock(native->group);
	return NULL;
}

/* The pool goes: the program's channel ends, so it ends, and is waited for. */
static apr_status_t
native_cleanup(void *baton)
{
	xn_native_t *native = baton;
	apr_status_t ignored;

	if (native->thread != NULL) {
		xn_channel__close(native->channel, NULL);
		if (native->kwargs != NULL)
			close_channels(native->kwargs, NULL);
		apr_thread_join(&ignored, native->thread);
	}
	xn_channel__unref(native->channel);
	free(native->error);
	free(native->port_error);
	free(native->named);
	apr_pool_destroy(native->pool);
	return APR_SUCCESS;
}

xn_error_t *
xn_native_start(xn_native_t **out, xn_group_t *group,
    xn_native_main *main_function, xn_channel_t *channel,
    const xn_value_t *kwargs, apr_pool_t *pool)
{
	apr_pool_t *own;
	xn_native_t *native;
	apr_status_t status;

	apr_pool_create(&own, NULL);
	native = apr_pcalloc(own, sizeof(*native));
	native->pool = own;
	native->group = group;
	native->main_function = main_function;
	native->channel = channel;
	native->kwargs = kwargs;
	xn_group__lock(group);
	xn_channel__ref(channel);
	xn_group__unlock(group);
	apr_pool_cleanup_register(pool, native, native_cleanup,
	    apr_pool_cleanup_null);
	status = apr_thread_create(&native->thread, NULL, run, native, own);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot start a thread");
	if (out != NULL)
		*out = native;
	return NULL;
}

xn_error_t *
xn_native_wait(xn_native_t *native)
{
	apr_status_t ignored;

	if (native->thread != NULL)
		apr_thread_join(&ignored, native->thread);
	native->thread = NULL;
	return native->error == NULL ? NULL :
	    xn_error_create(XN_E_REMOTE, "%s", native->error);
}

xn_error_t *
xn_native_exec(xn_channel_t **out, xn_group_t *group,
    xn_native_main *main_function, const xn_value_t *kwargs, apr_pool_t *pool)
{
	xn_channel_t *here, *there;
	xn_error_t *error;

	xn_group__lock(group);
	here = xn_channel__new(group, NULL, 0);
	there = xn_channel__new(group, NULL, 0);
	here->pair = there;
	there->pair = here;
	xn_channel__ref(here);
	xn_channel__ref(there);
	xn_group__unlock(group);
	xn_channel__own(here, pool);
	error = xn_native_start(NULL, group, main_function, there, kwargs,
	    pool);
	/* The program's reference and the pair's remain. */
	xn_channel__unref(there);
	*out = here;
	return error;
}
