/*
 * options_owner.c: whose files are to be at the targets.
 */
#include "plugins/rsync/options_inside.h"

#include <string.h>

#include <apr_strings.h>

#include "plugins/rsync/side_keep.h"

static int
is_number(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* FROM is to be TO: two more items of LIST. */
static xn_error_t *
add_rule(xn_value_t *list, const syncgate_job_t *job, const char *option,
    const char *from, const char *to, apr_pool_t *pool)
{
	xn_value_t *items = apr_palloc(pool, (list->size + 2) *
	    sizeof(*items));
	const xn_value_t *one;

	if (*to == '\0' || strlen(to) > 1000 || strlen(from) > 1000)
		return xn_error_create(XN_E_CONFIG, "%s: there is no name for "
		    "\"%s\" to become", option, from);
	if (is_number(to) && apr_atoi64(to) >= RS_MAPPED)
		return xn_error_create(XN_E_CONFIG, "%s: %s is too large a "
		    "number", option, to);
	if (!is_number(to) && syncgate_job_bool(job, "numeric-ids"))
		return xn_error_create(XN_E_CONFIG, "%s: with numeric-ids "
		    "\"%s\" must be a number", option, to);
	if (list->size >= 2 * RS_MAPPED_MAX)
		return xn_error_create(XN_E_CONFIG, "%s has more than %d "
		    "rules", option, RS_MAPPED_MAX);
	if (list->size > 0)
		memcpy(items, list->u.items, list->size * sizeof(*items));
	XN_TRY(xn_make_value(&one, pool, "p", from));
	items[list->size++] = *one;
	XN_TRY(xn_make_value(&one, pool, "p", to));
	items[list->size++] = *one;
	list->u.items = items;
	return NULL;
}

/* FROM:TO,FROM:TO... */
static xn_error_t *
read_map(xn_value_t *list, const syncgate_job_t *job, const char *option,
    apr_pool_t *pool)
{
	const char *text = syncgate_job_string(job, option);
	char *copy, *rule, *state;

	if (text == NULL)
		return NULL;
	copy = apr_pstrdup(pool, text);
	for (rule = apr_strtok(copy, ",", &state); rule != NULL;
	    rule = apr_strtok(NULL, ",", &state)) {
		char *colon = strchr(rule, ':');

		if (colon == NULL)
			return xn_error_create(XN_E_CONFIG, "%s: \"%s\" is not "
			    "FROM:TO", option, rule);
		*colon = '\0';
		XN_TRY(add_rule(list, job, option, rule, colon + 1, pool));
	}
	return NULL;
}

/* USER:GROUP, of which one may be missing. */
static xn_error_t *
read_chown(xn_value_t *users, xn_value_t *groups, const syncgate_job_t *job,
    apr_pool_t *pool)
{
	const char *text = syncgate_job_string(job, "chown");
	const char *colon, *user;

	if (text == NULL)
		return NULL;
	if (users->size > 0 || groups->size > 0)
		return xn_error_create(XN_E_CONFIG, "chown does not go "
		    "together with usermap and groupmap: it is both");
	colon = strchr(text, ':');
	user = colon == NULL ? text : apr_pstrmemdup(pool, text,
	    (apr_size_t)(colon - text));
	if (*user != '\0')
		XN_TRY(add_rule(users, job, "chown", "*", user, pool));
	if (colon != NULL && colon[1] != '\0')
		XN_TRY(add_rule(groups, job, "chown", "*", colon + 1, pool));
	if (users->size == 0 && groups->size == 0)
		return xn_error_create(XN_E_CONFIG, "chown is \"%s\", which "
		    "names neither user nor group", text);
	return NULL;
}

static xn_error_t *
check_kept(const struct rsync_options *o)
{
	if (o->users->size > 0 && !(o->keep & RS_OWNER))
		return xn_error_create(XN_E_CONFIG, "chown and usermap say who "
		    "owns the files, and owner = no that nobody cares");
	if (o->groups->size > 0 && !(o->keep & RS_GROUP))
		return xn_error_create(XN_E_CONFIG, "chown and groupmap say "
		    "whose group the files have, and group = no that nobody "
		    "cares");
	return NULL;
}

xn_error_t *
rsync_options_owners(struct rsync_options *o, const syncgate_job_t *job,
    apr_pool_t *pool)
{
	xn_value_t *users = apr_pcalloc(pool, sizeof(*users));
	xn_value_t *groups = apr_pcalloc(pool, sizeof(*groups));

	users->kind = groups->kind = XN_LIST;
	users->depth = groups->depth = 1;
	XN_TRY(read_map(users, job, "usermap", pool));
	XN_TRY(read_map(groups, job, "groupmap", pool));
	XN_TRY(read_chown(users, groups, job, pool));
	o->users = users;
	o->groups = groups;
	return check_kept(o);
}
