/*
 * What is at the places that the new job names.  Over there a program of a few
 * lines looks; nothing is made or changed.
 */
#include "appliance/cmd/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/cmd/targets.h"

#define ANSWER_WITHIN	30

/* ("p": the path, then its errno, whether it may be written to.) */
static const char look_there[] =
    "#include <execnet/remote.h>\n"
    "void\n"
    "remote_main(xn_channel *channel, const xn_value *kwargs)\n"
    "{\n"
    "	const char *path;\n"
    "	int base;\n"
    "\n"
    "	while (xn_receive(channel, XN_FOREVER, \"p\", &path)) {\n"
    "		base = xn_base_open(path);\n"
    "		xn_send(channel, \"(ii)\", base < 0 ? errno : 0,\n"
    "		    base >= 0 && xn_writable(base, \".\") == 0);\n"
    "		if (base >= 0)\n"
    "			close(base);\n"
    "	}\n"
    "}\n";

/* One of the places. */
struct place {
	const xn_location_t *location;	/* NULL: a gateway alone */
	const char *option, *xspec;	/* NULL: this machine */
	int must_be_there;
};

static void
add_place(apr_array_header_t *places, const syncgate_value_t *value,
    const xn_location_t *location, const char *xspec)
{
	struct place *place = apr_array_push(places);

	place->location = location;
	place->option = value->option->name;
	place->xspec = xspec;
	place->must_be_there = strcmp(place->option, "source") == 0;
}

static apr_array_header_t *
places_of(const syncgate_job_config_t *job, apr_pool_t *pool)
{
	apr_array_header_t *places = apr_array_make(pool, 4,
	    sizeof(struct place));

	for (int i = 0; i < job->values->count; i++) {
		const syncgate_value_t *value = &job->values->items[i];
		const apr_array_header_t *list = value->list;

		if (value->location != NULL)
			add_place(places, value, value->location,
			    value->location->xspec);
		for (int j = 0; list != NULL && j < list->nelts; j++) {
			if (value->option->type == SYNCGATE_GATEWAYS)
				add_place(places, value, NULL,
				    APR_ARRAY_IDX(list, j, const char *));
			if (value->option->type == SYNCGATE_LOCATIONS)
				add_place(places, value, APR_ARRAY_IDX(list, j,
				    const xn_location_t *), APR_ARRAY_IDX(
				    list, j, const xn_location_t *)->xspec);
		}
	}
	return places;
}

/* ---- One place ---------------------------------------------------------- */

static void
look_here(int *failed, int *writable, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*failed = fd < 0 ? errno : 0;
	*writable = fd >= 0 && faccessat(fd, ".", W_OK, AT_EACCESS) == 0;
	if (fd >= 0)
		close(fd);
}

/* Say it; 0 if that is no good. */
static int
tell(const struct place *place, int failed, int writable)
{
	const char *what = failed == 0 ? writable ? "a folder" :
	    "a folder that cannot be written to" : failed == ENOENT ?
	    "nothing is there" : failed == ENOTDIR ? "a file" :
	    strerror(failed);
	int good = failed == 0 || failed == ENOTDIR ||
	    (failed == ENOENT && !place->must_be_there);

	printf("%s %s: ", place->option, place->location->text);
	printf("%s%s\n", what, failed == ENOENT && good ? ", so far" : "");
	return good;
}

/* A pattern's last part is not looked at. */
static const char *
path_of(const struct place *place, apr_pool_t *pool)
{
	const char *path = place->location->path;
	size_t n = strlen(path);

	return n > 2 && strcmp(path + n - 2, "/*") == 0 ?
	    apr_pstrmemdup(pool, path, n - 2) : path;
}

static xn_error_t *
look_at(int *good, const struct place *place, xn_channel_t *channel,
    apr_pool_t *pool)
{
	const char *path = path_of(place, pool);
	int failed, writable;

	/* What does not begin at the root is nobody's to look up but its
	 * job's. */
	if (*path != '/')
		return NULL;
	if (channel == NULL) {
		look_here(&failed, &writable, path);
	} else {
		XN_TRY(xn_send(channel, "p", path));
		XN_TRY(xn_receive(channel, xn_seconds(ANSWER_WITHIN), "(ii)",
		    &failed, &writable));
	}
	*good &= tell(place, failed, writable);
	return NULL;
}

/* ---- Gateways ----------------------------------------------------------- */

/* TARGET, and before it those that it goes through. */
static xn_error_t *
open_target(cmd_targets_t *targets, cmd_target_t *target)
{
	if (target->state == TARGET_OPEN)
		return NULL;
	if (target->nowhere != NULL)
		return xn_error_create(XN_E_CONFIG, "gateway %s: via=%s: no "
		    "gateway is configured with that name", target->name,
		    target->nowhere);
	if (target->via != NULL)
		XN_TRY(open_target(targets, target->via));
	XN_TRY(cmd_target_open(targets, target));
	printf("gateway %s: open, %s\n", target->xspec,
	    xn_gateway_features(target->gateway));
	fflush(stdout);
	return NULL;
}

/* All PLACES behind XSPEC; one without a path is good when it can be opened. */
static xn_error_t *
look_behind(int *good, const char *xspec, const apr_array_header_t *places,
    const init_t *init)
{
	cmd_targets_t *targets;
	cmd_target_t *target;
	xn_channel_t *channel = NULL;
	xn_error_t *error;

	XN_TRY(cmd_targets_find(&targets, &xspec, 1, init->file, init->pool));
	target = APR_ARRAY_IDX(targets->items, 0, cmd_target_t *);
	error = open_target(targets, target);
	if (error == NULL && strcmp(xn_gateway_language(target->gateway),
	    "c") == 0)
		error = xn_remote_exec(&channel, target->gateway,
		    &(xn_program_t){ .name = "init.c", .source = look_there },
		    init->pool);
	for (int i = 0; error == NULL && channel != NULL &&
	    i < places->nelts; i++) {
		const struct place *place = &APR_ARRAY_IDX(places, i,
		    struct place);

		if (place->location != NULL && place->xspec != NULL &&
		    strcmp(place->xspec, xspec) == 0)
			error = look_at(good, place, channel, init->pool);
	}
	cmd_targets_close(targets);
	return error;
}

static int
was_before(const apr_array_header_t *places, int i)
{
	const struct place *all = (const struct place *)places->elts;

	for (int j = 0; j < i; j++)
		if (all[j].xspec != NULL &&
		    strcmp(all[j].xspec, all[i].xspec) == 0)
			return 1;
	return 0;
}

/* What to do about what went wrong, beside what the error says itself. */
static void
advise(void)
{
	fprintf(stderr, "syncgate: init: as this user, `ssh HOST true` must "
	    "work without a question: that needs a key that is let in without "
	    "a password (ssh-copy-id), and the host in known_hosts\n");
}

int
init_look(const init_t *init, const syncgate_config_t *config,
    const syncgate_job_config_t *job)
{
	apr_array_header_t *places = places_of(job, init->pool);
	int good = 1, code = CMD_OK;

	for (int i = 0; i < places->nelts; i++) {
		const struct place *place = &APR_ARRAY_IDX(places, i,
		    struct place);
		xn_error_t *error = NULL;

		if (place->xspec == NULL)
			error = look_at(&good, place, NULL, init->pool);
		else if (!was_before(places, i))
			error = look_behind(&good, place->xspec, places, init);
		if (error == NULL)
			continue;
		code = cmd_error(syncgate_config_explain(error,
		    config->hints), CMD_FAILED);
		if (place->xspec != NULL &&
		    strstr(place->xspec, "ssh=") != NULL)
			advise();
	}
	fflush(stdout);
	if (!good)
		fprintf(stderr, "syncgate: init: the source is not there, or "
		    "this user cannot get at a place\n");
	return good ? code : CMD_FAILED;
}
