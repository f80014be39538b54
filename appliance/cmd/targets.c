#include "appliance/cmd/targets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/text.h"
#include "core/gateway/nearest.h"

/* ---- Xspecs ------------------------------------------------------------- */

/* Names have none of these, and a gateway cannot be called popen. */
static int
is_xspec(const char *word)
{
	return strpbrk(word, "=/") != NULL || strcmp(word, "popen") == 0;
}

const char *
cmd_xspec_value(const char *xspec, const char *key, apr_pool_t *pool)
{
	size_t length = strlen(key), n;
	const char *pair = xspec, *end;

	for (; pair != NULL; pair = end != NULL ? end + 2 : NULL) {
		end = strstr(pair, "//");
		n = end != NULL ? (size_t)(end - pair) : strlen(pair);
		if (n > length && pair[length] == '=' &&
		    memcmp(pair, key, length) == 0)
			return apr_pstrmemdup(pool, pair + length + 1,
			    n - length - 1);
	}
	return NULL;
}

/* Its id, or what stands before the first "//". */
static const char *
name_of(const char *xspec, apr_pool_t *pool)
{
	const char *id = cmd_xspec_value(xspec, "id", pool);
	const char *end = strstr(xspec, "//");

	if (id != NULL)
		return id;
	return end != NULL ? apr_pstrmemdup(pool, xspec,
	    (apr_size_t)(end - xspec)) : xspec;
}

/* ---- Finding ------------------------------------------------------------ */

static cmd_target_t *
find_name(const cmd_targets_t *targets, const char *name)
{
	for (int i = 0; i < targets->items->nelts; i++) {
		cmd_target_t *target = APR_ARRAY_IDX(targets->items, i,
		    cmd_target_t *);

		if (strcmp(target->name, name) == 0)
			return target;
	}
	return NULL;
}

static void
add(cmd_targets_t *targets, const char *name, const char *xspec)
{
	cmd_target_t *target = apr_pcalloc(targets->pool, sizeof(*target));

	target->name = name;
	target->xspec = xspec;
	apr_pool_create(&target->pool, targets->pool);
	APR_ARRAY_PUSH(targets->items, cmd_target_t *) = target;
}

static void
add_xspec(cmd_targets_t *targets, const char *xspec)
{
	const char *name = name_of(xspec, targets->pool), *unique = name;

	/* The same one twice is two gateways; an id twice the group refuses. */
	for (int i = 2; find_name(targets, unique) != NULL; i++)
		unique = apr_psprintf(targets->pool, "%s-%d", name, i);
	add(targets, unique, xspec);
}

static void
add_configured(cmd_targets_t *targets,
    const syncgate_gateway_config_t *gateway)
{
	const char *xspec = apr_pstrcat(targets->pool, gateway->plain, "//id=",
	    gateway->id, NULL);
	const cmd_target_t *target = find_name(targets, gateway->id);

	if (target == NULL || strcmp(target->xspec, xspec) != 0)
		add(targets, gateway->id, xspec);
}

/* Read the configuration, once.  The installed one need not be there. */
static xn_error_t *
need_config(cmd_targets_t *targets)
{
	const char *file = targets->file;

	if (targets->config != NULL)
		return NULL;
	if (file == NULL && access(SYNCGATE_CONFIG_FILE, F_OK) != 0)
		return NULL;
	return syncgate_config_load_gateways(&targets->config,
	    file != NULL ? file : SYNCGATE_CONFIG_FILE, targets->pool);
}

/* WORD is no xspec and no name: what may have been meant? */
static xn_error_t *
unknown_name(const cmd_targets_t *targets, const char *word)
{
	const syncgate_config_t *config = targets->config;
	struct xn_nearest nearest = { .word = word };
	xn_error_t *error;

	for (int i = 0; config != NULL && i < config->gateways->nelts; i++)
		xn_nearest_try(&nearest, APR_ARRAY_IDX(config->gateways, i,
		    syncgate_gateway_config_t).name);
	for (int i = 0; config != NULL && i < config->groups->nelts; i++)
		xn_nearest_try(&nearest, APR_ARRAY_IDX(config->groups, i,
		    syncgate_group_config_t).name);
	if (nearest.best == NULL) {
		/* It knows the names of the keys, and popen. */
		error = xn_xspec_check(word, targets->pool);
		if (error != NULL && strstr(xn_error_text(error, error->pool),
		    "did you mean") != NULL)
			return error;
		xn_error_clear(error);
	}
	return xn_error_create(XN_E_USAGE, "\"%s\" is neither an xspec nor "
	    "the name of a gateway or group that is configured%s%s%s", word,
	    config != NULL ? " in " : "", config != NULL ? config->file : "",
	    nearest.best != NULL ? xn_nearest_hint(&nearest, targets->pool) :
	    apr_psprintf(targets->pool, ": write ssh=%s for an ssh host",
	    word));
}

static xn_error_t *
add_group(cmd_targets_t *targets, const syncgate_group_config_t *group)
{
	for (int i = 0; i < group->members->nelts; i++) {
		const char *member = APR_ARRAY_IDX(group->members, i,
		    const char *);
		const syncgate_gateway_config_t *gateway =
		    syncgate_config_gateway(targets->config, member);

		if (gateway != NULL)
			add_configured(targets, gateway);
		else
			add_xspec(targets, member);
	}
	return NULL;
}

static xn_error_t *
add_word(cmd_targets_t *targets, const char *word)
{
	const syncgate_gateway_config_t *gateway = NULL;
	const syncgate_group_config_t *group = NULL;

	if (is_xspec(word)) {
		XN_TRY(xn_xspec_check(word, targets->pool));
		add_xspec(targets, word);
		return NULL;
	}
	XN_TRY(need_config(targets));
	if (targets->config != NULL) {
		gateway = syncgate_config_gateway(targets->config, word);
		group = syncgate_config_group(targets->config, word);
	}
	if (gateway != NULL)
		add_configured(targets, gateway);
	else if (group != NULL)
		return add_group(targets, group);
	else
		return unknown_name(targets, word);
	return NULL;
}

/* ---- via= --------------------------------------------------------------- */

static xn_error_t *
circle(const cmd_target_t *target)
{
	return xn_error_create(XN_E_USAGE, "the way of gateway %s goes round "
	    "in a circle: look at via=", target->name);
}

/*
 * Tie TARGET to the first target on its way, which has to be open before.  What
 * is only configured is passed over: the group opens it when it is needed; and
 * of what is nowhere, opening TARGET will tell.
 */
static xn_error_t *
tie(cmd_targets_t *targets, cmd_target_t *target)
{
	const char *via = cmd_xspec_value(target->xspec, "via", targets->pool);

	for (int n = 0; via != NULL; n++) {
		const syncgate_gateway_config_t *gateway;

		target->via = find_name(targets, via);
		if (target->via != NULL)
			return NULL;
		XN_TRY(need_config(targets));
		gateway = targets->config != NULL ?
		    syncgate_config_via(targets->config, via) : NULL;
		if (gateway == NULL) {
			target->nowhere = via;
			return NULL;
		}
		if (n > targets->config->gateways->nelts)
			return circle(target);
		via = cmd_xspec_value(gateway->plain, "via", targets->pool);
	}
	return NULL;
}

static xn_error_t *
refuse_circles(const cmd_targets_t *targets)
{
	for (int i = 0; i < targets->items->nelts; i++) {
		const cmd_target_t *first = APR_ARRAY_IDX(targets->items, i,
		    cmd_target_t *), *target = first;

		for (int n = 0; target != NULL; n++) {
			if (n > targets->items->nelts)
				return circle(first);
			target = target->via;
		}
	}
	return NULL;
}

xn_error_t *
cmd_targets_find(cmd_targets_t **result, const char *const *words, int n,
    const char *file, apr_pool_t *pool)
{
	cmd_targets_t *targets = apr_pcalloc(pool, sizeof(*targets));

	targets->items = apr_array_make(pool, n, sizeof(cmd_target_t *));
	targets->file = file;
	targets->pool = pool;
	for (int i = 0; i < n; i++)
		XN_TRY(add_word(targets, words[i]));
	for (int i = 0; i < targets->items->nelts; i++)
		XN_TRY(tie(targets, APR_ARRAY_IDX(targets->items, i,
		    cmd_target_t *)));
	XN_TRY(refuse_circles(targets));
	XN_TRY(xn_group_create(&targets->group, pool));
	if (targets->config != NULL)
		xn_group_set_named(targets->group, syncgate_config_via_xspec,
		    targets->config);
	pthread_mutex_init(&targets->lock, NULL);
	pthread_cond_init(&targets->changed, NULL);
	*result = targets;
	return NULL;
}

/* ---- Opening ------------------------------------------------------------ */

static xn_error_t *
wait_for(cmd_targets_t *targets, const cmd_target_t *target)
{
	int failed;

	pthread_mutex_lock(&targets->lock);
	while (target->state == TARGET_CLOSED)
		pthread_cond_wait(&targets->changed, &targets->lock);
	failed = target->state == TARGET_FAILED;
	pthread_mutex_unlock(&targets->lock);
	if (failed)
		return xn_error_create(XN_E_CONNECT, "gateway %s, through "
		    "which it goes, could not be opened", target->name);
	return NULL;
}

xn_error_t *
cmd_target_open(cmd_targets_t *targets, cmd_target_t *target)
{
	xn_gateway_t *gateway = NULL;
	xn_error_t *error = NULL;

	if (target->via != NULL)
		error = wait_for(targets, target->via);
	if (error == NULL)
		error = xn_gateway_open(&gateway, targets->group,
		    target->xspec, target->pool);
	pthread_mutex_lock(&targets->lock);
	target->gateway = gateway;
	target->state = error == NULL ? TARGET_OPEN : TARGET_FAILED;
	pthread_cond_broadcast(&targets->changed);
	pthread_mutex_unlock(&targets->lock);
	return error;
}

void
cmd_target_give_up(cmd_targets_t *targets, cmd_target_t *target)
{
	pthread_mutex_lock(&targets->lock);
	target->state = TARGET_FAILED;
	pthread_cond_broadcast(&targets->changed);
	pthread_mutex_unlock(&targets->lock);
}

void
cmd_targets_close(cmd_targets_t *targets)
{
	xn_group_terminate(targets->group, xn_seconds(1));
	xn_group_set_log(targets->group, NULL, NULL);
	pthread_cond_destroy(&targets->changed);
	pthread_mutex_destroy(&targets->lock);
}
