#include "appliance/supervise/plan.h"

#include <string.h>
#include <sys/stat.h>

#include <apr_sha1.h>
#include <apr_strings.h>

#include "appliance/job/config_texts.h"
#include "appliance/job/job.h"
#include "appliance/job/json.h"
#include "appliance/job/store.h"

/* ---- What a worker goes by ---------------------------------------------- */

/* With the NUL behind it, so that "a", "b" is not "ab". */
static void
add_text(apr_sha1_ctx_t *sha, const char *text)
{
	if (text == NULL)
		text = "";
	apr_sha1_update_binary(sha, (const unsigned char *)text,
	    (unsigned int)strlen(text) + 1);
}

static void
add_words(apr_sha1_ctx_t *sha, const apr_array_header_t *words)
{
	for (int i = 0; i < words->nelts; i++)
		add_text(sha, APR_ARRAY_IDX(words, i, const char *));
	add_text(sha, "");
}

/* XSPEC; with a via= it leads through other gateways, and *VIA is 1 then. */
static void
add_xspec(apr_sha1_ctx_t *sha, const char *xspec, int *via)
{
	add_text(sha, xspec);
	if (xspec != NULL && strstr(xspec, "via=") != NULL)
		*via = 1;
}

static void
add_value(apr_sha1_ctx_t *sha, const syncgate_value_t *value, int *via)
{
	const apr_array_header_t *list = value->list;

	add_text(sha, value->option->name);
	add_text(sha, value->text);
	if (value->location != NULL)
		add_xspec(sha, value->location->xspec, via);
	for (int i = 0; list != NULL && i < list->nelts; i++) {
		add_text(sha, APR_ARRAY_IDX(value->words, i, const char *));
		if (value->option->type == SYNCGATE_LOCATIONS)
			add_xspec(sha, APR_ARRAY_IDX(list, i,
			    const xn_location_t *)->xspec, via);
		else
			add_xspec(sha, APR_ARRAY_IDX(list, i, const char *),
			    via);
	}
}

/*
 * Of a job whose gateways lead through others all gateways count: which of them
 * it uses shows when it opens them.
 */
static const char *
digest(const syncgate_job_config_t *job, apr_pool_t *pool)
{
	static const char hex[] = "0123456789abcdef";
	const syncgate_config_t *config = job->config;
	unsigned char sum[APR_SHA1_DIGESTSIZE];
	char *text = apr_pcalloc(pool, 2 * sizeof(sum) + 1);
	apr_sha1_ctx_t sha;
	int via = 0;

	apr_sha1_init(&sha);
	add_text(&sha, job->plugin->name);
	add_text(&sha, config->store);
	add_words(&sha, job->schedule.before_run);
	add_words(&sha, job->schedule.after_run);
	add_text(&sha, apr_psprintf(pool, "%" APR_INT64_T_FMT " %"
	    APR_INT64_T_FMT "%s", (apr_int64_t)job->schedule.hooks_within,
	    (apr_int64_t)job->schedule.hold_over, job->schedule.hold_percent ?
	    "%" : ""));
	for (int i = 0; i < job->values->count; i++)
		add_value(&sha, &job->values->items[i], &via);
	for (int i = 0; via && i < config->gateways->nelts; i++)
		add_text(&sha, APR_ARRAY_IDX(config->gateways, i,
		    syncgate_gateway_config_t).xspec);
	apr_sha1_final(sum, &sha);
	for (size_t i = 0; i < sizeof(sum); i++) {
		text[2 * i] = hex[sum[i] >> 4];
		text[2 * i + 1] = hex[sum[i] & 15];
	}
	return text;
}

/* ---- Where it logs in --------------------------------------------------- */

/* What XSPEC begins with, if that is not here. */
static void
add_host(apr_array_header_t *hosts, const char *xspec, apr_pool_t *pool)
{
	const char *end;

	if (xspec == NULL || strncmp(xspec, "popen", 5) == 0)
		return;
	end = strstr(xspec, "//");
	APR_ARRAY_PUSH(hosts, const char *) = end == NULL ? xspec :
	    apr_pstrmemdup(pool, xspec, (apr_size_t)(end - xspec));
}

static apr_array_header_t *
hosts_of(const syncgate_job_config_t *job, apr_pool_t *pool)
{
	apr_array_header_t *hosts = apr_array_make(pool, 4,
	    sizeof(const char *));

	for (int i = 0; i < job->values->count; i++) {
		const syncgate_value_t *value = &job->values->items[i];
		int type = value->option->type;

		if (value->location != NULL)
			add_host(hosts, value->location->xspec, pool);
		for (int j = 0; value->list != NULL &&
		    j < value->list->nelts; j++) {
			if (type == SYNCGATE_LOCATIONS)
				add_host(hosts, APR_ARRAY_IDX(value->list, j,
				    const xn_location_t *)->xspec, pool);
			else if (type == SYNCGATE_GATEWAYS)
				add_host(hosts, APR_ARRAY_IDX(value->list, j,
				    const char *), pool);
		}
	}
	return hosts;
}

/* ---- As JSON ------------------------------------------------------------ */

static void
put_list(FILE *out, const char *key, const apr_array_header_t *list)
{
	fprintf(out, ",\"%s\":[", key);
	for (int i = 0; i < list->nelts; i++) {
		const char *text = APR_ARRAY_IDX(list, i, const char *);

		fputs(i > 0 ? "," : "", out);
		syncgate_json_write_text(out, text, strlen(text));
	}
	putc(']', out);
}

static void
put_numbers(FILE *out, const char *key, const apr_array_header_t *list)
{
	fprintf(out, ",\"%s\":[", key);
	for (int i = 0; i < list->nelts; i++)
		fprintf(out, "%s%d", i > 0 ? "," : "", APR_ARRAY_IDX(list, i,
		    int));
	putc(']', out);
}

static void
put_schedule(FILE *out, const syncgate_schedule_t *s)
{
	fprintf(out, ",\"every\":%lld,\"jitter\":%lld,\"retry-after\":%lld,"
	    "\"hold-after\":%d,\"log-level\":%d", (long long)s->every,
	    (long long)s->jitter, (long long)s->retry_after, s->hold_after,
	    s->log_level + 1);
	put_numbers(out, "at", s->at);
	put_numbers(out, "on", s->on);
	put_numbers(out, "within", s->within);
	put_list(out, "after", s->after);
	for (int i = 0; i < SYNCGATE_HOOKS; i++)
		put_list(out, syncgate_hook_names[i], s->hooks[i]);
}

static void
put_job(FILE *out, const syncgate_job_config_t *job, apr_pool_t *pool)
{
	fputs("{\"name\":", out);
	syncgate_json_write_text(out, job->name, strlen(job->name));
	syncgate_json_member(out, "plugin", job->plugin->name);
	syncgate_json_member(out, "what", syncgate_job_describe(job, pool));
	syncgate_json_member(out, "digest", digest(job, pool));
	put_list(out, "hosts", hosts_of(job, pool));
	put_schedule(out, &job->schedule);
	putc('}', out);
}

/* Files that were replaced under their names are others. */
static void
put_page(FILE *out, const syncgate_daemon_config_t *daemon)
{
	const char *const paths[] = { daemon->http_cert, daemon->http_key };
	struct stat st;

	syncgate_json_member(out, "http", daemon->http);
	syncgate_json_member(out, "http-cert", daemon->http_cert);
	syncgate_json_member(out, "http-key", daemon->http_key);
	fputs(",\"http-files\":\"", out);
	for (int i = 0; i < 2; i++)
		if (paths[i] != NULL && stat(paths[i], &st) == 0)
			fprintf(out, "%lld.%09ld:%llu ",
			    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			    (unsigned long long)st.st_ino);
	putc('"', out);
}

/* NULL: there is none, which who needs it says. */
static const char *
store_of(const syncgate_config_t *config, apr_pool_t *pool)
{
	const char *url = config->store;

	if (url == NULL)
		xn_error_clear(syncgate_store_default(&url, pool));
	return url;
}

void
plan_write(FILE *out, const syncgate_config_t *config,
    const apr_array_header_t *jobs, apr_pool_t *pool)
{
	const syncgate_daemon_config_t *daemon = &config->daemon;

	fprintf(out, "{\"at-once\":%d,\"host-at-once\":%d,"
	    "\"stop-within\":%lld", daemon->at_once, daemon->host_at_once,
	    (long long)daemon->stop_within);
	syncgate_json_member(out, "socket", daemon->socket);
	syncgate_json_member(out, "control-group", daemon->group);
	syncgate_json_member(out, "memory", daemon->memory);
	put_page(out, daemon);
	syncgate_json_member(out, "store", store_of(config, pool));
	fprintf(out, ",\"history-keep\":%lld,\"history-runs\":%d",
	    (long long)daemon->history_keep, daemon->history_runs);
	syncgate_json_member(out, "log-socket", daemon->log_socket);
	fprintf(out, ",\"log\":%d,\"log-json\":%d", daemon->log,
	    daemon->log_json);
	fputs(",\"jobs\":[", out);
	for (int i = 0; i < jobs->nelts; i++) {
		fputs(i > 0 ? "," : "", out);
		put_job(out, APR_ARRAY_IDX(jobs, i,
		    const syncgate_job_config_t *), pool);
	}
	fputs("],\"texts\":", out);
	syncgate_config_texts_write(out, config->texts);
	fputs("}\n", out);
}

void
plan_write_error(FILE *out, const xn_error_t *error, apr_pool_t *pool)
{
	const char *text = xn_error_text(error, pool);

	fputs("{\"error\":", out);
	syncgate_json_write_text(out, text, strlen(text));
	fputs("}\n", out);
}
