/*
 * owner.c: which executor has which channel.
 *
 * Odd ids are the client's, even ones come from one counter in shared memory
 * and are announced by the executor that took one (XN_MSG_OWN) before the id
 * can leave in a value.  Nothing else on the wire says who got a channel: it
 * is learned from the values on their way to an executor.
 */
#include "agent/router.h"

#include <stdlib.h>

#include "agent/program.h"
#include "core/wire/code.h"

static struct xn_owned **
place_of(struct xn_router *r, int32_t id)
{
	struct xn_owned **at = &r->buckets[(uint32_t)id / 2 % XN_BUCKETS];

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

struct xn_owned *
xn_owner_find(struct xn_router *r, int32_t id)
{
	return *place_of(r, id);
}

struct xn_owned *
xn_owner_add(struct xn_router *r, int32_t id, struct xn_exec *e)
{
	struct xn_owned **at = place_of(r, id);
	struct xn_owned *o;

	if (*at != NULL)
		return *at;
	if (r->owned_n >= XN_OWNED_MAX || (o = calloc(1, sizeof(*o))) == NULL)
		return NULL;
	o->id = id;
	o->exec = e;
	xn_window_init(&o->window);
	*at = o;
	r->owned_n++;
	return o;
}

void
xn_owner_pass(struct xn_router *r, int32_t id)
{
	_Atomic int32_t *last = &r->shared->last_even;
	int32_t seen = atomic_load(last);

	while (seen < id && !atomic_compare_exchange_weak(last, &seen, id))
		;
}

int
xn_owner_made(struct xn_router *r, int32_t id, struct xn_exec *e)
{
	struct xn_owned *o;

	if (e->made >= XN_MADE_MAX || r->made_n >= XN_ALL_MADE_MAX ||
	    (o = xn_owner_add(r, id, e)) == NULL)
		return -1;
	o->made = 1;
	e->made++;
	r->made_n++;
	return 0;
}

/* *AT goes. */
static void
forget(struct xn_router *r, struct xn_owned **at)
{
	struct xn_owned *o = *at;

	xn_take_drop(r, o);
	*at = o->next;
	r->owned_n--;
	if (o->made) {
		o->exec->made--;
		r->made_n--;
	}
	free(o);
}

void
xn_owner_remove(struct xn_router *r, int32_t id)
{
	struct xn_owned **at = place_of(r, id);

	if (*at != NULL)
		forget(r, at);
}

void
xn_owner_close_all(struct xn_router *r, struct xn_exec *e, const char *text)
{
	/* The program's own first: it is the one that somebody waits for. */
	if (xn_owner_find(r, e->channel) != NULL &&
	    xn_owner_find(r, e->channel)->exec == e) {
		xn_router_close(r, e->channel, text);
		xn_owner_remove(r, e->channel);
	}
	for (int i = 0; i < XN_BUCKETS; i++) {
		struct xn_owned **at = &r->buckets[i], *o;

		while ((o = *at) != NULL) {
			if (o->exec != e) {
				at = &o->next;
				continue;
			}
			xn_router_close(r, o->id, text);
			forget(r, at);
		}
	}
}

struct learning {
	struct xn_router *router;
	struct xn_exec *exec;
};

/* ID goes to an executor. */
static int
learn(void *baton, int32_t id)
{
	struct learning *l = baton;
	struct xn_router *r = l->router;
	struct xn_owned *o = xn_owner_find(r, id);
	uint8_t frame[XN_HEADER_SIZE];

	/* execnet makes a channel of any id that it has not seen. */
	if (o == NULL && (r->plain ? id <= 0 || id % 2 != 0 :
	    id > 0 && id % 2 == 1)) {
		o = xn_owner_add(r, id, l->exec);
		return o != NULL ? 0 : XN_C_TOO_MANY;
	}
	if (o != NULL && o->exec == l->exec)
		return 0;
	/* Who makes an even id announces it: without an owner it is closed. */
	xn_header_put(frame, o != NULL ? XN_MSG_OWN : XN_MSG_CHANNEL_CLOSE,
	    id, 0);
	xn_execs_write(r, l->exec, frame, sizeof(frame));
	return 0;
}

int
xn_owner_learn(struct xn_router *r, struct xn_exec *e, struct xn_scan *scan,
    const uint8_t *p, size_t n, int last)
{
	struct learning l = { r, e };
	int rc = xn_scan_push(scan, p, n, learn, &l);

	if (rc == XN_C_TOO_MANY)
		return xn_router_refuse(r, "more than %u channels are open",
		    XN_OWNED_MAX);
	if (rc < 0)
		return xn_router_refuse(r, "a payload is no value: %s",
		    xn_code_text(rc));
	if (last && !scan->stopped)
		return xn_router_refuse(r, "a payload ends within its value");
	return 0;
}
