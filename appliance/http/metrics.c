/*
 * For Prometheus, in its text format, and for who wants to know whether there
 * is a daemon at all.
 */
#include <string.h>

#include "appliance/http/server.h"
#include "appliance/job/json.h"

/* What the value of one of a job's metrics is; < 0: it has none. */
typedef double value_fn(const model_job_t *job);

/* ---- Values ------------------------------------------------------------- */

static double
bytes(const model_job_t *job)
{
	return job->bytes_total;
}

static double
progress(const model_job_t *job)
{
	double done = model_number(job->status, "done");
	double total = model_number(job->status, "total");

	if (done < 0 || total <= 0)
		return -1;
	return done > total ? 1 : done / total;
}

static double
in_step(const model_job_t *job)
{
	const xn_value_t *lag = xn_value_get(job->status, "lag");

	return lag == NULL ? -1 : xn_value_bool(lag, "in_step", 0);
}

static double
proven(const model_job_t *job)
{
	apr_time_t at = model_time(xn_value_get(job->status, "proven"), "at");

	return at > 0 ? (double)apr_time_sec(at) : -1;
}

/* A value is a number of the job's status, or of its lag, or worked out. */
enum { OF_STATUS, OF_LAG, OF_VALUE };

static const struct {
	const char *name, *type, *help;
	int of;				/* enum above */
	const char *key;		/* of the number, or */
	value_fn *value;
} metrics[] = {
	{ "runs_total", "counter", "Runs that began since the daemon did.",
	    OF_STATUS, "runs", NULL },
	{ "failures_total", "counter", "Runs that failed since the daemon "
	    "began.", OF_STATUS, "failed", NULL },
	{ "consecutive_failures", "gauge", "Failures in a row; 0: the last "
	    "run ended well.", OF_STATUS, "failures", NULL },
	{ "transferred_bytes_total", "counter", "Bytes that were moved since "
	    "the status page began.", OF_VALUE, NULL, bytes },
	{ "progress_ratio", "gauge", "What is done of the phase that runs, 0 "
	    "to 1.", OF_VALUE, NULL, progress },
	{ "lag_seconds", "gauge", "Time behind the source.", OF_LAG,
	    "seconds", NULL },
	{ "lag_bytes", "gauge", "Bytes behind the source.", OF_LAG, "bytes",
	    NULL },
	{ "lag_revisions", "gauge", "Revisions behind the source.", OF_LAG,
	    "revisions", NULL },
	{ "lag_refs", "gauge", "Refs behind the source.", OF_LAG, "refs",
	    NULL },
	{ "lag_items", "gauge", "Items that wait.", OF_LAG, "items", NULL },
	{ "lag_files", "gauge", "Files behind the source.", OF_LAG, "files",
	    NULL },
	{ "failed_items", "gauge", "Items that failed, and wait for somebody.",
	    OF_LAG, "failed", NULL },
	{ "in_step", "gauge", "1 if nothing is missing there now.", OF_VALUE,
	    NULL, in_step },
	{ "last_start_timestamp_seconds", "gauge", "When its last run began.",
	    OF_STATUS, "began", NULL },
	{ "last_end_timestamp_seconds", "gauge", "When its last run ended.",
	    OF_STATUS, "ended", NULL },
	{ "last_success_timestamp_seconds", "gauge", "When a run of it last "
	    "ended well.", OF_STATUS, "succeeded", NULL },
	{ "last_proven_timestamp_seconds", "gauge", "When its target was last "
	    "proven equal to its source.", OF_VALUE, NULL, proven },
	{ "next_run_timestamp_seconds", "gauge", "When its next run is due.",
	    OF_STATUS, "next", NULL },
};

static double
value_of(const model_job_t *job, size_t which)
{
	const char *key = metrics[which].key;

	if (metrics[which].of == OF_VALUE)
		return metrics[which].value(job);
	return model_number(metrics[which].of == OF_STATUS ? job->status :
	    xn_value_get(job->status, "lag"), key);
}

/* ---- As text ------------------------------------------------------------ */

static void
put_label(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			putc(*text, out);
	}
}

static void
put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP syncgate_%s %s\n# TYPE syncgate_%s %s\n", name,
	    help, name, type);
}

static void
put_job(FILE *out, const char *name, const model_job_t *job)
{
	fprintf(out, "syncgate_%s{name=\"", name);
	put_label(out, job->name);
	fputs("\",plugin=\"", out);
	put_label(out, xn_value_text(job->status, "plugin", ""));
	putc('"', out);
}

static void
put_metric(FILE *out, const model_t *model, size_t which)
{
	char name[64];
	int said = 0;

	snprintf(name, sizeof(name), "job_%s", metrics[which].name);
	for (int i = 0; i < model_count(model); i++) {
		const model_job_t *job = model_job(model, i);
		double value = value_of(job, which);

		if (value < 0)
			continue;
		if (!said++)
			put_head(out, name, metrics[which].type,
			    metrics[which].help);
		put_job(out, name, job);
		fprintf(out, "} %.17g\n", value);
	}
}

static void
put_states(FILE *out, const model_t *model)
{
	static const char *const states[] = { "running", "stopping", "queued",
	    "waiting", "done", "failing", "held", "paused", "stopped" };

	if (model_count(model) > 0)
		put_head(out, "job_state", "gauge", "1 for the state that the "
		    "job is in.");
	for (int i = 0; i < model_count(model); i++) {
		const model_job_t *job = model_job(model, i);
		const char *is = xn_value_text(job->status, "state", "");

		for (size_t j = 0; j < sizeof(states) / sizeof(states[0]);
		    j++) {
			put_job(out, "job_state", job);
			fprintf(out, ",state=\"%s\"} %d\n", states[j],
			    strcmp(states[j], is) == 0);
		}
	}
}

static void
put_own(FILE *out, const server_t *s)
{
	put_head(out, "build_info", "gauge", "1; which syncgate this is.");
	fputs("syncgate_build_info{version=\"", out);
	put_label(out, PACKAGE_VERSION);
	fputs("\"} 1\n", out);
	put_head(out, "up", "gauge", "1 if the daemon answers.");
	fprintf(out, "syncgate_up %d\n", model_error(s->model) == NULL);
	put_head(out, "http_requests_total", "counter", "Requests that the "
	    "status page answered, by the class of the answer.");
	for (int i = 2; i < 6; i++)
		fprintf(out, "syncgate_http_requests_total{code=\"%dxx\"} "
		    "%lld\n", i, s->requests[i]);
	put_head(out, "http_streams", "gauge", "Pages that are kept up to "
	    "date.");
	fprintf(out, "syncgate_http_streams %d\n", events_count(s));
}

result_t
metrics_answer(request_t *r)
{
	const server_t *s = r->server;
	answer_t answer;

	answer_begin(&answer);
	if (answer.out == NULL)
		return MHD_NO;
	put_own(answer.out, s);
	/* What was is not what is. */
	if (model_error(s->model) == NULL) {
		put_states(answer.out, s->model);
		for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]);
		    i++)
			put_metric(answer.out, s->model, i);
	}
	return answer_end(r, &answer, MHD_HTTP_OK,
	    "text/plain; version=0.0.4; charset=utf-8");
}

/* ---- Health ------------------------------------------------------------- */

/* It does not tell how the jobs are: one that is held is no reason to restart
 * the daemon. */
result_t
health_answer(request_t *r)
{
	const model_t *model = r->server->model;
	int well = model_error(model) == NULL;
	answer_t answer;

	answer_begin(&answer);
	if (answer.out == NULL)
		return MHD_NO;
	fprintf(answer.out, "{\"ok\":%s,\"jobs\":%d,\"answered\":%lld",
	    well ? "true" : "false", model_count(model),
	    (long long)apr_time_sec(model_answered(model)));
	if (!well) {
		fputs(",\"error\":", answer.out);
		syncgate_json_write_text(answer.out, model_error(model),
		    strlen(model_error(model)));
	}
	fputs("}\n", answer.out);
	return answer_end(r, &answer, well ? MHD_HTTP_OK :
	    MHD_HTTP_SERVICE_UNAVAILABLE, "application/json");
}
