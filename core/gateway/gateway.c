/*
 * gateway.c: the life of a gateway, from open to its end.
 */
#include "core/gateway/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/gateway/bootstrap.h"
#include "core/gateway/hop.h"
#include "core/gateway/sink.h"
#include "core/gateway/trace.h"

/* A message, and what was read behind it. */
#define INPUT_MAX(message_max) ((message_max) + XN_HEADER_SIZE + 256u * 1024)

void
xn_gateway__ref(xn_gateway_t *gw)
{
	gw->refs++;
}

void
xn_gateway__unref(xn_gateway_t *gw)
{
	xn_group_t *group = gw->group;
	xn_gateway_t *master;
	int left;

	xn_group__lock(group);
	left = --gw->refs;
	xn_group__unlock(group);
	if (left > 0)
		return;
	master = gw->hop != NULL ? gw->hop->master : NULL;
	xn_spare__trim(gw, 1);
	xn_buf_free(&gw->in);
	xn_plain__forget(gw);
	xn_outbox_clear(&gw->outbox);
	xn_outbox_clear(&gw->urgent);
	close(gw->wake_fd);
	free(gw->failure);
	apr_pool_destroy(gw->pool);
	if (master != NULL)
		xn_gateway__unref(master);
	xn_group__unref(group);
}

int
xn_gateway__put(xn_gateway_t *gw, int type, int32_t channel, uint8_t *payload,
    size_t n, int urgent)
{
	int idle = gw->outbox.head == NULL && gw->urgent.head == NULL;
	int code;

	if (gw->closing) {
		free(payload);
		return XN_C_OK;
	}
	xn_trace(gw->id, 1, type, channel, payload, n);
	code = xn_outbox_put(urgent ? &gw->urgent : &gw->outbox, type, channel,
	    payload, n);
	/* Else the I/O thread is writing, or polls until it can. */
	if (xn_drive__queued(gw, type) && idle)
		xn_gateway__wake(gw);
	return code;
}

xn_error_t *
xn_gateway__error(const xn_gateway_t *gw)
{
	if (gw->group->cancelled)
		return xn_error_create(XN_E_CANCELLED, "cancelled");
	if (gw->failure != NULL)
		return xn_error_create(gw->failure_code, "%s", gw->failure);
	if (gw->closing)
		return xn_error_create(XN_E_CONNECTION,
		    "gateway %s was terminated", gw->id);
	return NULL;
}

/* Take GW out of the LIST of its group that it is in; locked. */
static void
unlist(struct xn_gateway **list, xn_gateway_t *gw)
{
	while (*list != NULL && *list != gw)
		list = &(*list)->next;
	if (*list == gw)
		*list = gw->next;
}

/* Take GW out of its group and drop the channels that only its table holds. */
static void
forget(xn_gateway_t *gw)
{
	apr_hash_index_t *i;
	void *ch;

	xn_group__lock(gw->group);
	unlist(&gw->group->gateways, gw);
	while ((i = apr_hash_first(NULL, gw->channels)) != NULL) {
		xn_channel_t *channel;

		apr_hash_this(i, NULL, NULL, &ch);
		channel = ch;
		apr_hash_set(gw->channels, &channel->id, sizeof(channel->id),
		    NULL);
		xn_channel__break_cycle(channel);
		xn_group__unlock(gw->group);
		xn_channel__unref(channel);
		xn_group__lock(gw->group);
	}
	xn_group__unlock(gw->group);
}

/* Those that go through GW end before it; they have until DEADLINE. */
static void
end_those_through(xn_gateway_t *gw, apr_time_t deadline)
{
	xn_group__lock(gw->group);
	xn_gateway__end_through(gw);
	while (xn_hop__in_use(gw) && !gw->ended && xn__clock() < deadline)
		xn__cond_wait(gw->changed, gw->group->lock, deadline);
	xn_group__unlock(gw->group);
}

/* Ask, wait a second, kill; then everything of it is released. */
static apr_status_t
gateway_cleanup(void *baton)
{
	xn_gateway_t *gw = baton;
	apr_time_t deadline = xn__deadline(xn_seconds(1));
	apr_status_t ignored;

	end_those_through(gw, deadline);
	deadline = xn__deadline(xn_seconds(1));
	xn_gateway_exit(gw);
	xn_group__lock(gw->group);
	while (!gw->ended && xn__clock() < deadline)
		xn__cond_wait(gw->changed, gw->group->lock, deadline);
	gw->kill = 1;
	xn_gateway__wake(gw);
	xn_group__unlock(gw->group);
	if (gw->thread != NULL)
		apr_thread_join(&ignored, gw->thread);
	gw->thread = NULL;
	xn_relay__reap(gw->group);
	forget(gw);
	xn_gateway__unref(gw);
	return APR_SUCCESS;
}

static int
is_cancelled(void *baton)
{
	xn_group_t *group = baton;
	int cancelled;

	xn_group__lock(group);
	cancelled = group->cancelled;
	xn_group__unlock(group);
	return cancelled;
}

static void
log_stderr(void *baton, const char *line)
{
	xn_gateway_t *gw = baton;

	xn_group__log(gw->group, gw->id, line);
}

/* 1 if a gateway of GROUP, open or being opened, has ID; locked. */
static int
id_is_taken(const xn_group_t *group, const char *id)
{
	const struct xn_gateway *lists[] = { group->gateways, group->opening };

	for (int i = 0; i < 2; i++)
		for (const xn_gateway_t *gw = lists[i]; gw; gw = gw->next)
			if (strcmp(gw->id, id) == 0)
				return 1;
	return 0;
}

/*
 * The id that was asked for, or the next default one; unique in the group, and
 * taken from now on.
 */
static xn_error_t *
take_id(xn_gateway_t *gw)
{
	xn_group_t *group = gw->group;
	const char *id = gw->spec->id;
	xn_error_t *error = NULL;

	xn_group__lock(group);
	while (gw->spec->id == NULL && (id == NULL || id_is_taken(group, id)))
		id = apr_psprintf(gw->pool, "gw%d", group->next_gateway++);
	if (group->cancelled) {
		error = xn_error_create(XN_E_CANCELLED, "cancelled");
	} else if (id_is_taken(group, id)) {
		error = xn_error_create(XN_E_XSPEC,
		    "id=%s: the group has a gateway with that id", id);
	} else {
		gw->id = id;
		xn_group__ref(group);
		gw->next = group->opening;
		group->opening = gw;
	}
	xn_group__unlock(group);
	return error;
}

/* A struct with its own pool and one reference; nothing is opened yet. */
static xn_error_t *
gateway_new(xn_gateway_t **out, xn_group_t *group, const char *xspec)
{
	apr_pool_t *own;
	xn_gateway_t *gw;
	xn_xspec_t *spec = NULL;
	apr_status_t status;
	xn_error_t *error;

	apr_pool_create(&own, NULL);
	gw = apr_pcalloc(own, sizeof(*gw));
	gw->pool = own;
	gw->refs = 1;
	gw->next_id = 1;
	gw->group = group;
	gw->channels = apr_hash_make(own);
	gw->coerce.py2str_as_py3str = 1;
	gw->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	status = gw->wake_fd < 0 ? errno :
	    apr_thread_cond_create(&gw->changed, own);
	if (status == APR_SUCCESS)
		status = apr_thread_cond_create(&gw->drive.back, own);
	error = xn_xspec_parse(&spec, xspec, own);
	gw->spec = spec;
	if (error == NULL && status != APR_SUCCESS)
		error = xn_error_system(status, "cannot make a gateway");
	if (error == NULL)
		error = take_id(gw);
	if (error != NULL) {
		if (gw->wake_fd >= 0)
			close(gw->wake_fd);
		apr_pool_destroy(own);
		return error;
	}
	*out = gw;
	return NULL;
}

/* From a struct to a running I/O thread. */
static xn_error_t *
start(xn_gateway_t *gw)
{
	xn_transport_open_t how = {
		.deadline = apr_time_now() + gw->spec->timeout,
		.cancelled = is_cancelled,
		.cancel_baton = gw->group,
		.cancel_fd = gw->group->cancel_pipe[0],
		.log = log_stderr,
		.log_baton = gw,
	};
	apr_status_t status;

	XN_TRY(xn_hop__open(gw));
	if (gw->hop != NULL)
		how.way = &gw->hop->way;
	XN_TRY(xn_bootstrap(&gw->transport, &gw->features, gw->spec, &how,
	    gw->pool));
	gw->plain = xn_gateway__has(gw, "execnet");
	xn_buf_init(&gw->in, INPUT_MAX(xn_gateway__frame_max(gw)));
	/* It may have answered before anything had to wait. */
	if (is_cancelled(gw->group))
		return xn_error_create(XN_E_CANCELLED, "cancelled");
	status = apr_thread_create(&gw->thread, NULL, xn_gateway__io, gw,
	    gw->pool);
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot start a thread");
	return NULL;
}

xn_error_t *
xn_gateway_open(xn_gateway_t **out, xn_group_t *group, const char *xspec,
    apr_pool_t *pool)
{
	xn_gateway_t *gw;
	xn_error_t *error;

	XN_TRY(xn__may_block("cannot open a gateway"));
	XN_TRY_W(gateway_new(&gw, group, xspec), "gateway %s", xspec);
	error = xn_hop__explain(gw, start(gw));
	xn_group__lock(group);
	unlist(&group->opening, gw);
	if (error == NULL) {
		gw->next = group->gateways;
		group->gateways = gw;
	} else {
		gw->closing = gw->ended = 1;
	}
	xn_group__unlock(group);
	if (error != NULL) {
		if (gw->transport != NULL)
			gw->transport->kind->close(gw->transport);
		xn_gateway__unref(gw);
		return xn_error_wrap(error, "cannot open gateway %s", xspec);
	}
	apr_pool_cleanup_register(pool, gw, gateway_cleanup,
	    apr_pool_cleanup_null);
	error = xn_gateway__setup(gw);
	if (error != NULL) {
		apr_pool_cleanup_run(pool, gw, gateway_cleanup);
		return xn_error_wrap(error, "cannot open gateway %s", xspec);
	}
	*out = gw;
	return NULL;
}

const char *
xn_gateway_id(const xn_gateway_t *gw)
{
	return gw->id;
}

const char *
xn_gateway_xspec(const xn_gateway_t *gw)
{
	return gw->spec->text;
}

const char *
xn_gateway_features(const xn_gateway_t *gw)
{
	return gw->features;
}

int
xn_gateway__has(const xn_gateway_t *gw, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = gw->features; at != NULL && *at != '\0'; ) {
		const char *comma = strchr(at, ',');
		size_t length = comma != NULL ? (size_t)(comma - at) :
		    strlen(at);

		if (length == n && memcmp(at, word, n) == 0)
			return 1;
		at = comma != NULL ? comma + 1 : NULL;
	}
	return 0;
}

const char *
xn_gateway_language(const xn_gateway_t *gw)
{
	return gw->plain || xn_gateway__has(gw, "python") ? "python" : "c";
}

uint32_t
xn_gateway__message_max(const xn_gateway_t *gw)
{
	return gw->plain ? XN_PEER_MESSAGE_MAX : XN_MESSAGE_MAX;
}

/* Our own ends send what is larger in parts. */
uint32_t
xn_gateway__frame_max(const xn_gateway_t *gw)
{
	return gw->plain ? XN_PEER_MESSAGE_MAX : XN_PART_MAX;
}

void
xn_gateway__terminate(xn_gateway_t *gw)
{
	if (gw->terminating || gw->ended)
		return;
	gw->terminating = 1;
	if (!xn_plain__is_busy(gw))
		xn_gateway__put(gw, XN_MSG_GATEWAY_TERMINATE, 0, NULL, 0, 0);
}

void
xn_gateway_exit(xn_gateway_t *gw)
{
	xn_group__lock(gw->group);
	xn_gateway__terminate(gw);
	xn_group__unlock(gw->group);
}

void
xn_gateway__end_through(xn_gateway_t *gw)
{
	for (xn_gateway_t *g = gw->group->gateways; g; g = g->next) {
		if (g->ended || g->terminating || g->hop == NULL ||
		    g->hop->master != gw)
			continue;
		xn_gateway__end_through(g);
		xn_gateway__terminate(g);
	}
}

xn_error_t *
xn_gateway_join(xn_gateway_t *gw, apr_interval_time_t timeout)
{
	apr_time_t deadline = xn__deadline(timeout);
	xn_error_t *error = NULL;

	XN_TRY(xn__may_block("cannot wait for a gateway's end"));
	xn_group__lock(gw->group);
	while (!gw->ended && !gw->group->cancelled &&
	    (deadline < 0 || xn__clock() < deadline))
		xn__cond_wait(gw->changed, gw->group->lock, deadline);
	if (gw->group->cancelled)
		error = xn_gateway__error(gw);
	else if (!gw->ended)
		error = xn_error_create(XN_E_TIMEOUT,
		    "gateway %s has not ended in time", gw->id);
	else if (gw->failure != NULL)
		error = xn_gateway__error(gw);
	xn_group__unlock(gw->group);
	return error;
}

void
xn_gateway_traffic(const xn_gateway_t *gw, unsigned long long *sent,
    unsigned long long *received)
{
	xn_group__lock(gw->group);
	*sent = gw->sent;
	*received = gw->received;
	xn_group__unlock(gw->group);
}

const char *
xn_version(void)
{
	return PACKAGE_VERSION;
}
