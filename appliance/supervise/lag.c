#include "appliance/supervise/lag.h"

#include <string.h>

#include <apr_strings.h>

#include "appliance/job/json.h"
#include "appliance/job/times.h"

/* What is kept of "in step" is older by up to that. */
#define STEP_EVERY	apr_time_from_sec(60)

static const char *const names[LAG_COUNTS] = {
	"revisions", "refs", "items", "files", "bytes", "failed"
};

void
lag_forget(lag_t *lag)
{
	memset(lag, 0, sizeof(*lag));
	for (int i = 0; i < LAG_COUNTS; i++)
		lag->counts[i] = -1;
}

void
lag_begin(lag_t *lag)
{
	lag->ended = lag->in_step = 0;
	lag->since = 0;
	for (int i = 0; i < LAG_COUNTS; i++)
		lag->counts[i] = -1;
}

void
lag_lost(lag_t *lag)
{
	lag->in_step = 0;
}

void
lag_end(lag_t *lag)
{
	lag->in_step = 0;
	lag->ended = 1;
}

/* ---- Taking -------------------------------------------------------------- */

void
lag_take(lag_t *lag, const xn_value_t *object, apr_time_t now)
{
	lag->in_step = xn_value_bool(object, "in_step", 0);
	for (int i = 0; i < LAG_COUNTS; i++) {
		lag->counts[i] = xn_value_int(object, names[i], -1);
		if (lag->counts[i] < 0)
			lag->counts[i] = -1;
	}
	lag->since = syncgate_time_read(xn_value_text(object, "since", ""));
	if (lag->since > now)
		lag->since = now;
	if (lag->in_step)
		lag->step_at = now;
}

void
lag_take_proven(lag_t *lag, const xn_value_t *object, apr_time_t now)
{
	apr_time_t at = syncgate_time_read(xn_value_text(object, "at", ""));

	if (at == 0 || at > now)
		at = now;
	/* What a target remembers may be older than what we know. */
	if (at < lag->proven_at)
		return;
	lag->proven_at = at;
	apr_cpystrn(lag->digest, xn_value_text(object, "digest", ""),
	    sizeof(lag->digest));
	apr_cpystrn(lag->proven, xn_value_text(object, "text", ""),
	    sizeof(lag->proven));
}

void
lag_live(lag_t *lag, apr_time_t now)
{
	if (lag->in_step)
		lag->step_at = now;
}

/* ---- Telling ------------------------------------------------------------- */

double
lag_seconds(const lag_t *lag, apr_time_t now)
{
	apr_time_t since = lag->step_at;

	if (lag->in_step)
		return 0;
	/* What is missing may be younger than when it was last looked at. */
	if (lag->since > since)
		since = lag->since;
	if (since == 0)
		return -1;
	return now > since ? (double)(now - since) / 1e6 : 0;
}

/* "12s", "5m", "3h", "12d". */
static const char *
span(double seconds, apr_pool_t *pool)
{
	long n = (long)seconds;

	if (n < 120)
		return apr_psprintf(pool, "%lds", n);
	if (n < 2 * 3600)
		return apr_psprintf(pool, "%ldm", n / 60);
	return n < 2 * 86400 ? apr_psprintf(pool, "%ldh", n / 3600) :
	    apr_psprintf(pool, "%ldd", n / 86400);
}

/* "17 bytes", "1.5 MB". */
static const char *
bytes_text(long long n, apr_pool_t *pool)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB",
	    "EB" };
	double bytes = (double)n / 1000;
	int i = 0;

	if (n < 1000)
		return apr_psprintf(pool, "%d byte%s", (int)n, n == 1 ? "" :
		    "s");
	for (; bytes >= 999.95 && i < 5; i++)
		bytes /= 1000;
	return apr_psprintf(pool, "%.1f %s", bytes, units[i]);
}

static const char *
count_text(long long n, const char *name, apr_pool_t *pool)
{
	size_t length = strlen(name);

	if (strcmp(name, "bytes") == 0)
		return bytes_text(n, pool);

	/* One of them is without its "s". */
	if (n == 1 && length > 0 && name[length - 1] == 's')
		length--;
	return apr_psprintf(pool, "%" APR_INT64_T_FMT " %.*s", (apr_int64_t)n,
	    (int)length, name);
}

const char *
lag_text(const lag_t *lag, apr_time_t now, apr_pool_t *pool)
{
	double seconds = lag_seconds(lag, now);
	const char *text = "";

	for (int i = 0; i < LAG_COUNTS; i++)
		if (lag->counts[i] > 0)
			text = apr_pstrcat(pool, text, *text != '\0' ? ", " :
			    "", count_text(lag->counts[i], names[i], pool),
			    NULL);
	if (lag->in_step)
		return *text == '\0' ? "in step" : apr_pstrcat(pool,
		    "in step, ", text, NULL);
	if (*text == '\0')
		return seconds < 0 ? "-" : apr_pstrcat(pool, span(seconds,
		    pool), lag->ended ? " ago" : " behind", NULL);
	return seconds < 0 ? text : apr_pstrcat(pool, text, ", ",
	    span(seconds, pool), NULL);
}

static void
put_time(FILE *out, const char *key, apr_time_t when)
{
	char text[SYNCGATE_TIME_SIZE];

	syncgate_time_write(text, when);
	fprintf(out, "\"%s\":\"%s\"", key, text);
}

static void
write_lag(FILE *out, const lag_t *lag, apr_time_t now)
{
	double seconds = lag_seconds(lag, now);
	int known = 0;

	for (int i = 0; i < LAG_COUNTS; i++)
		known |= lag->counts[i] >= 0;
	if (!known && seconds < 0)
		return;
	fprintf(out, ",\"lag\":{\"in_step\":%s", lag->in_step ? "true" :
	    "false");
	for (int i = 0; i < LAG_COUNTS; i++)
		if (lag->counts[i] >= 0)
			fprintf(out, ",\"%s\":%lld", names[i],
			    lag->counts[i]);
	if (seconds >= 0)
		fprintf(out, ",\"seconds\":%.1f", seconds);
	if (lag->step_at > 0) {
		putc(',', out);
		put_time(out, "in_step_at", lag->step_at);
	}
	putc('}', out);
}

void
lag_write(FILE *out, const lag_t *lag, apr_time_t now)
{
	write_lag(out, lag, now);
	if (lag->proven_at == 0)
		return;
	fputs(",\"proven\":{", out);
	put_time(out, "at", lag->proven_at);
	if (lag->digest[0] != '\0')
		syncgate_json_member(out, "digest", lag->digest);
	syncgate_json_member(out, "text", lag->proven);
	putc('}', out);
}

/* ---- Keeping ------------------------------------------------------------- */

int
lag_is_kept(const lag_t *lag)
{
	return lag->step_at > 0 || lag->proven_at > 0;
}

void
lag_keep(FILE *out, const lag_t *lag)
{
	/* (A file that is written now and then, not all the time.) */
	if (lag->step_at > 0)
		fprintf(out, ",\"in_step\":%lld", (long long)(lag->step_at -
		    (lag->ended ? 0 : lag->step_at % STEP_EVERY)));
	if (lag->proven_at == 0)
		return;
	fprintf(out, ",\"proven\":%lld", (long long)lag->proven_at);
	syncgate_json_member(out, "proven-digest", lag->digest);
	syncgate_json_member(out, "proven-text", lag->proven);
}

void
lag_remember(lag_t *lag, const xn_value_t *object)
{
	lag->ended = 1;		/* with the daemon before us */
	lag->step_at = xn_value_int(object, "in_step", 0);
	lag->proven_at = xn_value_int(object, "proven", 0);
	if (lag->step_at < 0 || lag->step_at > apr_time_now())
		lag->step_at = 0;
	if (lag->proven_at < 0 || lag->proven_at > apr_time_now())
		lag->proven_at = 0;
	apr_cpystrn(lag->digest, xn_value_text(object, "proven-digest", ""),
	    sizeof(lag->digest));
	apr_cpystrn(lag->proven, xn_value_text(object, "proven-text", ""),
	    sizeof(lag->proven));
}
