/*
 * method.c: how a repository is mirrored, and by which sides.
 */
#include "plugins/svnhotsync/hotsync.h"

#include <string.h>

static const struct hotsync_method copy = {
	.name = "copy",
	.source = { "svnhotsync/side_source.c", svnhotsync_text_source },
	.mirror = { "svnhotsync/side_mirror.c", svnhotsync_text_mirror },
	.run_source = svnhotsync_side_source,
	.run_mirror = svnhotsync_side_mirror,
};

static const struct hotsync_method dump = {
	.name = "dump",
	.source = { "svnhotsync/side_dump.c", svnhotsync_text_dump },
	.mirror = { "svnhotsync/side_load.c", svnhotsync_text_load },
	.run_source = svnhotsync_side_dump,
	.run_mirror = svnhotsync_side_load,
};

/* Have the probe look at PATH; GATEWAY NULL: here. */
static xn_error_t *
probe(const char **why, const char **made, struct hotsync *h,
    xn_gateway_t *gateway, const char *path)
{
	xn_program_t program = { .name = "svnhotsync/side_probe.c",
	    .source = svnhotsync_text_probe };
	xn_channel_t *channel;

	XN_TRY(xn_make_value(&program.kwargs, h->pool, "{sp}", "path", path));
	if (gateway == NULL)
		XN_TRY(xn_native_exec(&channel, h->group,
		    svnhotsync_side_probe, program.kwargs, h->pool));
	else
		XN_TRY(xn_remote_exec(&channel, gateway, &program, h->pool));
	return xn_receive(channel, XN_FOREVER, "(ss)", why, made);
}

/* What only copying can. */
static xn_error_t *
check_dump(struct hotsync *h)
{
	if (h->method != &dump)
		return NULL;
	if (hotsync_parts(h->job) != 0)
		return xn_error_create(XN_E_JOB, "what include has comes only "
		    "with method = copy, and this mirror is made by dump");
	return NULL;
}

static xn_error_t *
choose(struct hotsync *h)
{
	const char *method = syncgate_job_string(h->job, "method");
	const char *why, *made, *ignored;

	h->method = strcmp(method, "dump") == 0 ? &dump : &copy;
	if (strcmp(method, "auto") != 0)
		return NULL;
	XN_TRY(probe(&ignored, &made, h, h->gateways[1], h->mirror->path));
	if (strcmp(made, "dump") == 0)
		h->method = &dump;
	if (made[0] != '\0')
		return NULL;
	XN_TRY(probe(&why, &ignored, h, h->gateways[0], h->source->path));
	if (why[0] == '\0')
		return NULL;
	h->method = &dump;
	if (!h->method_told)
		syncgate_job_log(h->job, SYNCGATE_INFO, "the source is "
		    "mirrored by dump: %s", why);
	h->method_told = 1;
	return NULL;
}

int
hotsync_copies(const struct hotsync *h)
{
	return h->method == &copy;
}

xn_error_t *
hotsync_choose(struct hotsync *h)
{
	XN_TRY(choose(h));
	return check_dump(h);
}
