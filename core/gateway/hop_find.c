/*
 * hop_find.c: the gateway that a via= names, which may have to be opened.
 */
#include "core/gateway/hop.h"

#include <poll.h>
#include <string.h>

#include <apr_strings.h>

#define OPENING_MS	20	/* between looks whether it is open */

/* A gateway that was opened because a via= names it. */
struct xn_named {
	struct xn_named *next;
	apr_pool_t *pool;		/* its own; this struct is in it */
};

/* The gateways whose way this thread is looking for, the innermost first. */
struct looking {
	const char *id;
	const struct looking *outer;
};

static __thread const struct looking *looking;

void
xn_group_set_named(xn_group_t *group, xn_named_gateway_fn *named, void *baton)
{
	xn_group__lock(group);
	group->named = named;
	group->named_baton = baton;
	xn_group__unlock(group);
}

void
xn_hop__close_named(xn_group_t *group)
{
	struct xn_named *named;

	/* The newest first: it may go through an older one. */
	while ((named = group->named_open) != NULL) {
		group->named_open = named->next;
		apr_pool_destroy(named->pool);
	}
}

static xn_error_t *
unknown_master(const xn_gateway_t *gw, const char *via)
{
	const char *known = "";

	for (const xn_gateway_t *g = gw->group->gateways; g; g = g->next)
		known = apr_pstrcat(gw->pool, g->id, *known != '\0' ? ", " :
		    "", known, NULL);
	return xn_error_create(XN_E_XSPEC, "via=%s: the group has no open "
	    "gateway with that id%s%s", via, *known != '\0' ? ", it has " :
	    gw->group->named != NULL ? ", and none is configured" :
	    ": open that first", known);
}

static xn_gateway_t *
find(xn_gateway_t *list, const char *id)
{
	while (list != NULL && strcmp(list->id, id) != 0)
		list = list->next;
	return list;
}

/* Open the gateway NAME by XSPEC, for the group. */
static xn_error_t *
open_named(xn_group_t *group, const char *name, const char *xspec)
{
	struct xn_named *named;
	xn_gateway_t *opened;
	xn_error_t *error;
	apr_pool_t *pool;

	apr_pool_create(&pool, NULL);
	error = xn_gateway_open(&opened, group, apr_pstrcat(pool, xspec,
	    "//id=", name, NULL), pool);
	if (error != NULL) {
		apr_pool_destroy(pool);
		return error;
	}
	named = apr_palloc(pool, sizeof(*named));
	named->pool = pool;
	xn_group__lock(group);
	named->next = group->named_open;
	group->named_open = named;
	xn_group__unlock(group);
	return NULL;
}

static xn_error_t *
check_circle(const xn_gateway_t *gw, const char *via)
{
	if (strcmp(gw->id, via) == 0)
		return xn_error_create(XN_E_XSPEC, "via=%s: it would go "
		    "through itself", via);
	for (const struct looking *l = looking; l != NULL; l = l->outer)
		if (strcmp(l->id, via) == 0)
			return xn_error_create(XN_E_XSPEC, "via=%s: the way "
			    "goes round in a circle", via);
	return NULL;
}

/*
 * *FOUND is the open gateway VIA, counted; NULL if somebody is just opening it.
 */
static xn_error_t *
find_or_open(xn_gateway_t **found, xn_gateway_t *gw, const char *via)
{
	xn_group_t *group = gw->group;
	xn_named_gateway_fn *named;
	const char *xspec = NULL;
	xn_error_t *error = NULL;
	int opening;

	xn_group__lock(group);
	*found = find(group->gateways, via);
	opening = find(group->opening, via) != NULL;
	named = group->named;
	if (*found != NULL)
		xn_gateway__ref(*found);
	else if (named == NULL && !opening)
		error = unknown_master(gw, via);
	else if (group->cancelled)
		error = xn_error_create(XN_E_CANCELLED, "cancelled");
	xn_group__unlock(group);
	if (error != NULL || *found != NULL)
		return error;
	XN_TRY(check_circle(gw, via));
	if (opening)
		return NULL;
	xspec = named(group->named_baton, via);
	if (xspec == NULL) {
		xn_group__lock(group);
		error = unknown_master(gw, via);
		xn_group__unlock(group);
		return error;
	}
	error = open_named(group, via, xspec);
	if (error == NULL || error->code != XN_E_XSPEC)
		return error;
	/* Another thread may have been faster. */
	xn_group__lock(group);
	opening = find(group->opening, via) != NULL ||
	    find(group->gateways, via) != NULL;
	xn_group__unlock(group);
	if (!opening)
		return error;
	xn_error_clear(error);
	return NULL;
}

xn_error_t *
xn_hop__find(xn_gateway_t **master, xn_gateway_t *gw)
{
	const struct looking self = { gw->id, looking };
	const char *via = gw->spec->via;
	apr_time_t deadline = xn__deadline(gw->spec->timeout);
	struct pollfd pfd = { gw->group->cancel_pipe[0], POLLIN, 0 };
	xn_error_t *error;

	looking = &self;
	for (;;) {
		error = find_or_open(master, gw, via);
		if (error != NULL || *master != NULL)
			break;
		if (xn__clock() >= deadline) {
			error = xn_error_create(XN_E_TIMEOUT, "via=%s: it was "
			    "not open in time", via);
			break;
		}
		poll(&pfd, 1, OPENING_MS);
	}
	looking = self.outer;
	return error;
}
