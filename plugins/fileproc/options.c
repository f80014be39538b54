/*
 * options.c: see options.h.
 */
#include "plugins/fileproc/options_inside.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "plugins/fileproc/naming.h"

#define CONCURRENCY_MAX	256

const char *
fp_option(const struct fp_reading *r, const char *name)
{
	return syncgate_job_string(r->job, name);
}

int
fp_option_choice(const struct fp_reading *r, const char *name, const char *const *names)
{
	const char *value = fp_option(r, name);

	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(value, names[i]) == 0)
			return i;
	return -1;
}

xn_error_t *
fp_option_path(const char **path, const struct fp_reading *r, const char *name,
    const char *value)
{
	size_t n = strlen(value);

	if (value[0] != '/')
		return xn_error_create(XN_E_CONFIG, "%s = \"%s\": write an "
		    "absolute path, beginning with /", name, value);
	if (strstr(value, "//") != NULL || strstr(value, "/./") != NULL ||
	    strstr(value, "/../") != NULL || (n > 2 &&
	    (strcmp(value + n - 2, "/.") == 0 ||
	    strcmp(value + n - 3, "/..") == 0)))
		return xn_error_create(XN_E_CONFIG, "%s = \"%s\": write it "
		    "without //, /./ and /../", name, value);
	while (n > 1 && value[n - 1] == '/')
		n--;
	*path = apr_pstrndup(r->pool, value, n);
	return NULL;
}

xn_error_t *
fp_option_number(int *out, const struct fp_reading *r, const char *name, long long from,
    long long to)
{
	long long value = syncgate_job_integer(r->job, name);

	if (value < from || value > to)
		return xn_error_create(XN_E_CONFIG, "%s = %lld: from %lld to "
		    "%lld", name, value, from, to);
	*out = (int)value;
	return NULL;
}

/* ---- Folders here ------------------------------------------------------ */

static xn_error_t *
read_done(struct fp_reading *r)
{
	fp_options_t *o = r->o;
	const char *done = fp_option(r, "done");

	if (strcmp(done, "delete") == 0) {
		o->done = FP_DELETE;
		return NULL;
	}
	o->done = FP_KEEP;
	if (strcmp(done, "keep") != 0)
		return fp_option_path(&o->done_folder, r, "done", done);
	o->done_folder = apr_pstrcat(r->pool, o->intake.data_in, ".done", NULL);
	return NULL;
}

int
fp_is_within(const char *a, const char *b)
{
	size_t n = strlen(a);

	return strncmp(a, b, n) == 0 && (b[n] == '\0' || b[n] == '/' || n == 1);
}

/* What is written must not be taken for new items. */
static xn_error_t *
check_apart(const fp_options_t *o)
{
	const struct {
		const char *name, *path;
	} others[] = {
		{ "data-out", o->data_out }, { "failed", o->failed },
		{ "done", o->done_folder },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i].path == NULL)
			continue;
		if (fp_is_within(o->intake.data_in, others[i].path) ||
		    fp_is_within(others[i].path, o->intake.data_in))
			return xn_error_create(XN_E_CONFIG, "data-in %s and "
			    "%s %s lie in each other: give each a folder of "
			    "its own", o->intake.data_in, others[i].name,
			    others[i].path);
	}
	if (strcmp(o->data_out, o->failed) == 0 || (o->done_folder != NULL &&
	    (strcmp(o->data_out, o->done_folder) == 0 ||
	    strcmp(o->failed, o->done_folder) == 0)))
		return xn_error_create(XN_E_CONFIG, "data-out, failed and done "
		    "must be different folders");
	return NULL;
}

static xn_error_t *
read_folders(struct fp_reading *r)
{
	fp_options_t *o = r->o;
	const char *failed = fp_option(r, "failed");

	XN_TRY(fp_option_path(&o->intake.data_in, r, "data-in",
	    fp_option(r, "data-in")));
	XN_TRY(fp_option_path(&o->data_out, r, "data-out", fp_option(r, "data-out")));
	if (failed == NULL)
		failed = apr_pstrcat(r->pool, o->intake.data_in, ".failed",
		    NULL);
	XN_TRY(fp_option_path(&o->failed, r, "failed", failed));
	XN_TRY(read_done(r));
	return check_apart(o);
}

static xn_error_t *
read_intake(struct fp_reading *r)
{
	static const char *const folders[] = { "ignore", "names", "items",
	    NULL };
	static const char *const orders[] = { "name", "time", "size", NULL };
	static const char *const readies[] = { "auto", "closed", "marker",
	    "settle", NULL };
	struct fp_intake_options *in = &r->o->intake;

	in->folders = fp_option_choice(r, "folders", folders);
	in->order = fp_option_choice(r, "order", orders);
	in->ready = fp_option_choice(r, "ready", readies);
	in->patterns = syncgate_job_list(r->job, "pattern");
	in->priority = syncgate_job_list(r->job, "priority");
	in->marker_suffix = fp_option(r, "ready-suffix");
	in->settle = syncgate_job_seconds(r->job, "settle");
	in->poll = syncgate_job_seconds(r->job, "poll");
	XN_TRY(fp_check_patterns(r, "pattern"));
	XN_TRY(fp_check_patterns(r, "priority"));
	if (in->poll < xn_seconds(0.1))
		return xn_error_create(XN_E_CONFIG, "poll is less than 0.1 "
		    "seconds");
	if (in->ready == FP_READY_MARKER && (*in->marker_suffix == '\0' ||
	    strchr(in->marker_suffix, '/') != NULL))
		return xn_error_create(XN_E_CONFIG, "ready-suffix = \"%s\" "
		    "makes no name of a marker", in->marker_suffix);
	return NULL;
}

/* ---- Limits ------------------------------------------------------------- */

static xn_error_t *
read_paths(const char *const **out, const struct fp_reading *r, const char *name)
{
	const char *const *list = syncgate_job_list(r->job, name);
	int none = list[0] != NULL && strcmp(list[0], "none") == 0;

	*out = list[0] != NULL ? list + none : NULL;
	for (int i = none; list[i] != NULL; i++)
		if (none || list[i][0] != '/')
			return xn_error_create(XN_E_CONFIG, "%s = \"%s\": "
			    "write absolute paths, or none alone", name,
			    list[i]);
	return NULL;
}

static xn_error_t *
read_limits(struct fp_reading *r)
{
	xn_limits_t *l = &r->o->limits;

	l->memory = syncgate_job_integer(r->job, "memory");
	l->cpu_seconds = syncgate_job_integer(r->job, "cpu");
	l->processes = syncgate_job_integer(r->job, "processes");
	r->o->max_output = syncgate_job_integer(r->job, "max-output");
	if (r->o->max_output < 0 || l->memory < 0 || l->cpu_seconds < 0 || l->processes < 0)
		return xn_error_create(XN_E_CONFIG, "memory, cpu, "
		    "processes and max-output are not negative");
	l->no_network = !syncgate_job_bool(r->job, "network");
	XN_TRY(read_paths(&l->read, r, "read"));
	XN_TRY(read_paths(&l->write, r, "write"));
	XN_TRY(read_paths(&l->exec, r, "exec"));
	if (r->o->way == FP_WAY_SYSTEM && (l->memory != 0 ||
	    l->cpu_seconds != 0 || l->processes != 0 || l->no_network ||
	    l->read != NULL || l->write != NULL || l->exec != NULL))
		return xn_error_create(XN_E_CONFIG, "a system that is there "
		    "already cannot be confined: memory, cpu, processes, "
		    "read, write, exec and network are for processors");
	return NULL;
}

/* ---- Tries -------------------------------------------------------------- */

static int
read_status(const char **text, int *status)
{
	char *end;
	long value;

	if (**text < '0' || **text > '9')
		return 0;
	value = strtol(*text, &end, 10);
	*text = end;
	*status = (int)value;
	return value >= 0 && value <= 255;
}

static int
read_range(struct fp_range *range, const char *text)
{
	if (strcmp(text, "timeout") == 0) {
		*range = (struct fp_range){ FP_STATUS_TIMEOUT,
		    FP_STATUS_TIMEOUT };
		return 1;
	}
	if (strcmp(text, "signal") == 0) {
		*range = (struct fp_range){ FP_STATUS_SIGNAL,
		    FP_STATUS_SIGNAL };
		return 1;
	}
	if (!read_status(&text, &range->from))
		return 0;
	range->to = range->from;
	if (*text == '-') {
		text++;
		if (!read_status(&text, &range->to))
			return 0;
	}
	return *text == '\0' && range->from <= range->to;
}

static xn_error_t *
read_tries(struct fp_reading *r)
{
	const char *const *list = syncgate_job_list(r->job, "retry-on");
	fp_options_t *o = r->o;
	struct fp_range *ranges;
	int n = 0;

	while (list[n] != NULL)
		n++;
	ranges = apr_pcalloc(r->pool, sizeof(*ranges) * (size_t)(n + 1));
	for (int i = 0; i < n; i++)
		if (!read_range(&ranges[i], list[i]))
			return xn_error_create(XN_E_CONFIG, "retry-on = "
			    "\"%s\": an exit status (75), a range (100-110), "
			    "timeout or signal", list[i]);
	o->retry_on = n > 0 ? ranges : NULL;
	o->nretry_on = n;
	o->timeout = syncgate_job_seconds(r->job, "timeout");
	o->backoff = syncgate_job_seconds(r->job, "backoff");
	o->backoff_max = syncgate_job_seconds(r->job, "backoff-max");
	return fp_option_number(&o->retries, r, "retries", 0, 1000000);
}

/* ---- Results ------------------------------------------------------------ */

static xn_error_t *
read_results(struct fp_reading *r)
{
	static const char *const outputs[] = { "single", "folder", "flat",
	    NULL };
	static const char *const duplicates[] = { "number", "replace", "fail",
	    NULL };
	fp_options_t *o = r->o;

	o->outputs = fp_option_choice(r, "outputs", outputs);
	if (o->outputs < 0 && o->way == FP_WAY_SYSTEM)
		o->outputs = strpbrk(o->result, "*?") != NULL ?
		    FP_OUTPUTS_FOLDER : FP_OUTPUTS_SINGLE;
	else if (o->outputs < 0)
		o->outputs = o->answer_files ? FP_OUTPUTS_FOLDER :
		    FP_OUTPUTS_SINGLE;
	o->duplicates = fp_option_choice(r, "duplicates", duplicates);
	o->marker = fp_option(r, "output-marker");
	o->name_rule = fp_option(r, "output-name");
	if (o->name_rule == NULL)
		o->name_rule = o->outputs == FP_OUTPUTS_FLAT ||
		    (o->way == FP_WAY_SYSTEM &&
		    o->outputs == FP_OUTPUTS_SINGLE) ? "%o" : "%n";
	XN_TRY_W(fp_name_rule_check(o->name_rule), "output-name");
	if (o->outputs == FP_OUTPUTS_FLAT && (*o->marker == '\0' ||
	    strchr(o->marker, '/') != NULL))
		return xn_error_create(XN_E_CONFIG, "output-marker = \"%s\" "
		    "makes no name of a marker", o->marker);
	if (o->outputs != FP_OUTPUTS_SINGLE && o->way != FP_WAY_SYSTEM &&
	    !o->answer_files)
		return xn_error_create(XN_E_CONFIG, "outputs = %s needs "
		    "answers that are files: answer = files",
		    outputs[o->outputs]);
	if (o->outputs == FP_OUTPUTS_FLAT && o->duplicates == FP_REPLACE)
		return xn_error_create(XN_E_CONFIG, "duplicates = replace "
		    "cannot be one step for several files: use outputs = "
		    "folder, or number");
	return NULL;
}

static xn_error_t *
read_remotes(struct fp_reading *r)
{
	static const char *const here[] = { "popen", NULL };
	const char *const *list = syncgate_job_list(r->job, "remotes");

	r->o->remotes = list[0] != NULL ? list : here;
	r->o->remote_names = list[0] != NULL ?
	    syncgate_job_words(r->job, "remotes") : here;
	while (r->o->remotes[r->o->nremotes] != NULL)
		r->o->nremotes++;
	r->o->bytes = syncgate_job_integer(r->job, "in-flight");
	if (r->o->bytes < 1)
		return xn_error_create(XN_E_CONFIG, "in-flight = %lld: at "
		    "least 1", r->o->bytes);
	r->o->work = fp_option(r, "work");
	if (r->o->work != NULL)
		XN_TRY(fp_option_path(&r->o->work, r, "work", r->o->work));
	return fp_option_number(&r->o->concurrency, r, "concurrency", 1,
	    CONCURRENCY_MAX);
}

xn_error_t *
fp_options_read(fp_options_t **options, syncgate_job_t *job, apr_pool_t *pool)
{
	struct fp_reading r = { .job = job, .pool = pool };

	r.o = apr_pcalloc(pool, sizeof(*r.o));
	XN_TRY(read_folders(&r));
	XN_TRY(read_intake(&r));
	XN_TRY(read_remotes(&r));
	XN_TRY(fp_read_way(&r));
	XN_TRY(fp_check_used(&r));
	XN_TRY(read_limits(&r));
	XN_TRY(read_tries(&r));
	XN_TRY(read_results(&r));
	*options = r.o;
	return NULL;
}
