/*
 * report.c: what the sides say.
 */
#include <string.h>

#include "plugins/rsync/shown.h"
#include "plugins/rsync/sync.h"

#define STOP_CHECK	xn_seconds(0.2)
#define LOST_WAIT	xn_seconds(0.3)

/* Lines of a target: changes and errors, each with a NUL behind it. */
static xn_error_t *
on_lines(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	const char *tag;
	const void *bytes;
	const char *at, *end, *line;
	int several = r->all[1] != NULL;
	size_t n;

	XN_TRY(xn_unpack_value(message, r->scratch, "(sy)", &tag, &bytes, &n));
	at = bytes;
	end = at + n;
	while (at < end) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));

		if (stop == NULL)
			return xn_error_create(XN_E_PROTOCOL,
			    "a line without an end");
		line = rsync_shown(at + 1, r->scratch);
		if (*at == 'i')
			syncgate_job_log(r->job, SYNCGATE_INFO, "%s%s%s",
			    several ? target->location->text : "",
			    several ? ": " : "", line);
		else
			syncgate_job_log(r->job, SYNCGATE_WARNING, "%s: %s",
			    target->location->text, line);
		at = stop + 1;
	}
	return NULL;
}

static xn_error_t *
on_progress(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	syncgate_progress_t p = { .phase = "comparing", .unit = "file",
	    .total = -1 };
	const char *tag;

	XN_TRY(xn_unpack_value(message, r->scratch, "(slllll)", &tag,
	    &target->counts.checked, &target->counts.sent,
	    &target->counts.data_bytes, &target->owed_files,
	    &target->owed_bytes));
	if (target->follows)
		p.phase = "following";
	rsync_lag_progress(r, &p);
	syncgate_job_progress(r->job, &p);
	return NULL;
}

static xn_error_t *
on_done(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	struct rsync_counts *c = &target->counts;
	const xn_value_t *d = xn_value_item(message, 1);

	(void)r;
	c->checked = xn_value_int(d, "checked", 0);
	c->folders = xn_value_int(d, "folders", 0);
	c->changed = xn_value_int(d, "changed", 0);
	c->created = xn_value_int(d, "created", 0);
	c->deleted = xn_value_int(d, "deleted", 0);
	c->sent = xn_value_int(d, "sent", 0);
	c->same_bytes = xn_value_int(d, "same_bytes", 0);
	c->data_bytes = xn_value_int(d, "data_bytes", 0);
	c->total_bytes = xn_value_int(d, "total_bytes", 0);
	c->errors = xn_value_int(d, "errors", 0);
	c->vanished = xn_value_int(d, "vanished", 0);
	c->skipped = xn_value_int(d, "skipped", 0);
	target->done = 1;
	target->owed_files = target->owed_bytes = 0;
	return NULL;
}

static xn_error_t *
on_following(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	(void)message;
	target->follows = 1;
	syncgate_job_log(r->job, SYNCGATE_INFO, "%s is in step; following",
	    target->location->text);
	return NULL;
}

static xn_error_t *
on_compared(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	const char *tag;

	XN_TRY(xn_unpack_value(message, r->scratch, "(sl)", &tag,
	    &target->entries));
	target->compared = apr_time_now();
	target->owed_files = target->owed_bytes = 0;
	return NULL;
}

static xn_error_t *
on_at(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	const char *tag;

	target->owed_files = target->owed_bytes = 0;
	return xn_unpack_value(message, r->scratch, "(sl)", &tag, &target->at);
}

static xn_error_t *
on_real(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	const char *tag, *path;

	XN_TRY(xn_unpack_value(message, r->scratch, "(sp)", &tag, &path));
	rsync_real_put(r->job, target->location, path);
	return NULL;
}

static xn_error_t *
on_known(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	const char *tag;
	const void *bytes;
	size_t n;

	XN_TRY(xn_unpack_value(message, r->scratch, "(sy)", &tag, &bytes, &n));
	return rsync_known_save(target == NULL ? r->known : target->known,
	    r->job, bytes, n, r->scratch);
}

static const struct {
	const char *tag;
	xn_error_t *(*handle)(struct rsync_run *r, struct rsync_target *target,
	    const xn_value_t *message);
} reports[] = {
	{ "lines", on_lines },
	{ "progress", on_progress },
	{ "following", on_following },
	{ "compared", on_compared },
	{ "at", on_at },
	{ "real", on_real },
	{ "held", rsync_on_held },
	{ "known", on_known },
	{ "done", on_done },
};

/* ---- What the source's side says ----------------------------------------- */

static xn_error_t *
on_polling(struct rsync_run *r, const xn_value_t *message)
{
	const char *tag, *why;

	XN_TRY(xn_unpack_value(message, r->scratch, "(ss)", &tag, &why));
	syncgate_job_log(r->job, SYNCGATE_WARNING, "comparing all every %g "
	    "seconds instead of watching: %s",
	    (double)r->options->poll / APR_USEC_PER_SEC, why);
	return NULL;
}

static xn_error_t *
on_flags(struct rsync_run *r, const xn_value_t *message)
{
	const char *tag, *path;
	long long n;

	XN_TRY(xn_unpack_value(message, r->scratch, "(slp)", &tag, &n, &path));
	syncgate_job_log(r->job, SYNCGATE_WARNING, "%lld with flags (chattr: "
	    "immutable, append-only, no dump, compressed), which are not kept: "
	    "%s%s", n, rsync_shown(path, r->scratch), n > 1 ? ", ..." : "");
	return NULL;
}

static xn_error_t *
on_missing(struct rsync_run *r, const xn_value_t *message)
{
	const char *tag, *at, *end;
	const void *bytes;
	long long told = 0;
	size_t n;

	XN_TRY(xn_unpack_value(message, r->scratch, "(sly)", &tag,
	    &r->missing, &bytes, &n));
	end = (const char *)bytes + n;
	for (at = bytes; at < end; told++) {
		const char *stop = memchr(at, '\0', (size_t)(end - at));

		if (stop == NULL)
			return xn_error_create(XN_E_PROTOCOL,
			    "a line without an end");
		syncgate_job_log(r->job, SYNCGATE_WARNING, "files-from: %s has "
		    "no %s", r->source->text, rsync_shown(at, r->scratch));
		at = stop + 1;
	}
	if (r->missing > told)
		syncgate_job_log(r->job, SYNCGATE_WARNING, "files-from: %s has "
		    "not %lld more", r->source->text, r->missing - told);
	return NULL;
}

static xn_error_t *
on_changed(struct rsync_run *r, const xn_value_t *message)
{
	(void)message;
	r->changed = apr_time_now();
	return NULL;
}

static xn_error_t *
on_batch(struct rsync_run *r, const xn_value_t *message)
{
	const char *tag;
	long long n;
	int changed;

	XN_TRY(xn_unpack_value(message, r->scratch, "(slb)", &tag, &n,
	    &changed));
	if (n != r->batch + 1)
		return xn_error_create(XN_E_PROTOCOL, "the source's side tells "
		    "of batch %lld after %lld", n, r->batch);
	r->batch = n;
	r->changes[n % RSYNC_BATCHES] = changed ? r->changed : 0;
	r->changed = 0;
	return NULL;
}

static xn_error_t *
on_read(struct rsync_run *r, const xn_value_t *message)
{
	const char *tag;

	return xn_unpack_value(message, r->scratch, "(slll)", &tag,
	    &r->read_folders, &r->read_files, &r->read_bytes);
}

static xn_error_t *
on_source_known(struct rsync_run *r, const xn_value_t *message)
{
	return on_known(r, NULL, message);
}

/* It is on another file system: may it go on? */
static xn_error_t *
on_system(struct rsync_run *r, const xn_value_t *message)
{
	int first = r->system == NULL || *rsync_system_name(r->system) == '\0';
	const char *tag, *name;

	XN_TRY(xn_unpack_value(message, r->scratch, "(ss)", &tag, &name));
	r->error = rsync_system_is(r->system, r->job, name, r->scratch);
	if (first)
		return NULL;
	xn_error_clear(xn_send(r->control, "(s)", r->error == NULL ? "go" :
	    "no"));
	return NULL;
}

static const struct {
	const char *tag;
	xn_error_t *(*handle)(struct rsync_run *r, const xn_value_t *message);
} source_reports[] = {
	{ "system", on_system },
	{ "polling", on_polling },
	{ "changed", on_changed },
	{ "batch", on_batch },
	{ "flags", on_flags },
	{ "missing", on_missing },
	{ "known", on_source_known },
	{ "read", on_read },
};

static xn_error_t *
unknown(struct rsync_run *r, const char *side, const xn_value_t *message)
{
	return xn_error_create(XN_E_PROTOCOL, "%s side reports something "
	    "unknown: %s", side, xn_value_repr(message, r->scratch));
}

static xn_error_t *
take_source_report(struct rsync_run *r, const char *tag,
    const xn_value_t *message)
{
	for (size_t i = 0; i < sizeof(source_reports) /
	    sizeof(source_reports[0]); i++)
		if (strcmp(tag, source_reports[i].tag) == 0)
			return source_reports[i].handle(r, message);
	return unknown(r, "the source's", message);
}

static xn_error_t *
take_report(struct rsync_run *r, struct rsync_target *target,
    const xn_value_t *message)
{
	const xn_value_t *tag = xn_value_item(message, 0);

	if (tag == NULL || tag->kind != XN_STR)
		return unknown(r, "a", message);
	if (target == NULL)
		return take_source_report(r, tag->u.text, message);
	syncgate_job_healthy(r->job);
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
		if (strcmp(tag->u.text, reports[i].tag) == 0)
			return reports[i].handle(r, target, message);
	return unknown(r, "a target's", message);
}

static struct rsync_target *
target_of(struct rsync_run *r, const xn_channel_t *sender)
{
	for (int i = 0; i < r->n; i++)
		if (r->targets[i].control == sender)
			return &r->targets[i];
	return NULL;
}

/*
 * Why TARGET really ended.  When a connection is lost its side only sees its
 * channel end; and what was killed may be tried again.
 */
static void
explain(struct rsync_target *target)
{
	xn_error_t *lost;

	if (syncgate_was_killed(target->error)) {
		target->error->code = XN_E_CONNECTION;
		return;
	}
	if (target->gateway == NULL || target->error->code == XN_E_CANCELLED)
		return;
	lost = xn_gateway_join(target->gateway, LOST_WAIT);
	if (lost != NULL && lost->code == XN_E_TIMEOUT) {
		xn_error_clear(lost);
		return;
	}
	if (lost == NULL)
		lost = xn_error_create(XN_E_CONNECTION, "the agent ended");
	xn_error_clear(target->error);
	lost->code = XN_E_CONNECTION;
	target->error = xn_error_wrap(lost, "the connection was lost");
}

/* SENDER will say no more: ERROR says why, or NULL. */
static void
ended(struct rsync_run *r, const xn_channel_t *sender, xn_error_t *error)
{
	struct rsync_target *target = target_of(r, sender);

	if (target == NULL) {
		if (r->error == NULL)
			r->error = error;
		else
			xn_error_clear(error);
	} else if (target->done || target->error != NULL) {
		xn_error_clear(error);
	} else {
		rsync_lag_lost(r, target);
		target->error = error != NULL ? error : xn_error_create(
		    XN_E_EOF, "its side ended without a word");
		explain(target);
		if (r->options->follow && target->error->code == XN_E_REMOTE)
			target->error->code = XN_E_CONNECTION;
		if (rsync_is_lost(target->error))
			rsync_several_lost(r, target);
	}
}

/* One report; *ALL when all have ended. */
static xn_error_t *
turn(struct rsync_run *r, int *all)
{
	const xn_value_t *message = NULL;
	xn_channel_t *sender = NULL;
	xn_error_t *error;

	/* (If its side has just ended, that is told as ever.) */
	if (r->options->follow && syncgate_job_poked(r->job))
		xn_error_clear(xn_send(r->control, "(s)", "look"));
	error = xn_multichannel_receive(&message, &sender, r->multi, 1,
	    STOP_CHECK, r->scratch);
	if (error != NULL && sender == NULL) {
		*all = error->code == XN_E_EOF;
		if (*all || error->code == XN_E_TIMEOUT) {
			xn_error_clear(error);
			return NULL;
		}
		return error;
	}
	if (error != NULL || message == NULL) {
		ended(r, sender, error);
		return NULL;
	}
	XN_TRY(take_report(r, target_of(r, sender), message));
	rsync_lag(r);
	return NULL;
}

xn_error_t *
rsync_follow_reports(struct rsync_run *r)
{
	int all = 0;

	while (!all && !syncgate_job_stopping(r->job)) {
		apr_pool_clear(r->scratch);
		XN_TRY(turn(r, &all));
	}
	/* Those that are alone have threads of their own. */
	while (rsync_several_busy(r) && !syncgate_job_wait(r->job, STOP_CHECK))
		continue;
	return NULL;
}
