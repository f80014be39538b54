#include "appliance/job/told.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/job/text.h"
#include "appliance/job/times.h"

#define LAG_EVERY	apr_time_from_msec(500)
#define FIGURES_EVERY	apr_time_from_sec(5)
#define MEMBERS_SIZE	6144

struct figure {
	char what[32];
	long long before, now;		/* attempts before, and this one */
};

struct syncgate_told {
	syncgate_output_t *output;	/* or NULL */
	const char *name;
	pthread_mutex_t lock;		/* over all that follows */
	syncgate_lag_t lag, said;	/* the last one, and that went out */
	int has_lag;
	apr_time_t lag_at;		/* when one went out last; 0 */
	syncgate_proof_t proof;
	apr_pool_t *pool;
	struct figure figures[SYNCGATE_FIGURES];
	int n, changed;
	apr_time_t figures_at;
};

/* The rest of a line in JSON. */
struct members {
	char text[MEMBERS_SIZE];
	size_t n;
};

static apr_status_t
free_lock(void *data)
{
	syncgate_told_t *told = data;

	pthread_mutex_destroy(&told->lock);
	return APR_SUCCESS;
}

syncgate_told_t *
syncgate_told_create(syncgate_output_t *output, const char *name,
    apr_pool_t *pool)
{
	syncgate_told_t *told = apr_pcalloc(pool, sizeof(*told));

	told->output = output;
	told->name = name;
	told->pool = pool;
	pthread_mutex_init(&told->lock, NULL);
	apr_pool_cleanup_register(pool, told, free_lock,
	    apr_pool_cleanup_null);
	return told;
}

/* ---- As JSON ------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3)))
put(struct members *m, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(m->text + m->n, sizeof(m->text) - m->n, format, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(m->text) - m->n)
		m->n += (size_t)n;
}

static void
put_text(struct members *m, const char *key, const char *text, size_t most)
{
	put(m, ",\"%s\":", key);
	if (text == NULL)
		put(m, "null");
	else if (m->n + most < sizeof(m->text))
		m->n += syncgate_text_json(m->text + m->n, most, text);
}

/* As the time of the event itself; 0: null. */
static void
put_time(struct members *m, const char *key, apr_time_t when)
{
	char text[SYNCGATE_TIME_SIZE];

	if (syncgate_time_write(text, when))
		put(m, ",\"%s\":\"%s\"", key, text);
	else
		put(m, ",\"%s\":null", key);
}

/* ---- How far it is behind ------------------------------------------------ */

static void
say_lag(syncgate_told_t *told, apr_time_t now)
{
	const syncgate_lag_t *lag = &told->lag;
	const struct {
		const char *key;
		long long n;
	} counts[] = {
		{ "revisions", lag->revisions }, { "refs", lag->refs },
		{ "items", lag->items }, { "files", lag->files },
		{ "bytes", lag->bytes }, { "failed", lag->failed },
	};
	struct members m = { .n = 0 };

	put(&m, ",\"in_step\":%s", lag->in_step ? "true" : "false");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (counts[i].n >= 0)
			put(&m, ",\"%s\":%lld", counts[i].key, counts[i].n);
	put_time(&m, "since", lag->since);
	syncgate_output_event(told->output, told->name, "lag", m.text);
	told->said = *lag;
	told->lag_at = now;
}

static int
same_lag(const syncgate_lag_t *a, const syncgate_lag_t *b)
{
	return a->in_step == b->in_step && a->revisions == b->revisions &&
	    a->refs == b->refs && a->items == b->items &&
	    a->files == b->files && a->bytes == b->bytes &&
	    a->failed == b->failed && a->since == b->since;
}

void
syncgate_told_lag(syncgate_told_t *told, const syncgate_lag_t *lag)
{
	apr_time_t now = apr_time_now();

	if (told->output == NULL)
		return;
	pthread_mutex_lock(&told->lock);
	told->lag = *lag;
	told->has_lag = 1;
	/* That it is in step, or is not any more, is said at once. */
	if (told->lag_at == 0 || lag->in_step != told->said.in_step ||
	    (!same_lag(lag, &told->said) && (now - told->lag_at >= LAG_EVERY ||
	    now < told->lag_at)))
		say_lag(told, now);
	pthread_mutex_unlock(&told->lock);
}

const char *
syncgate_proof_members(const syncgate_proof_t *proof, apr_pool_t *pool)
{
	struct members m = { .n = 0 };

	put_time(&m, "at", proof->at);
	put_text(&m, "digest", proof->digest, 512);
	put_text(&m, "text", proof->text, 4096);
	return apr_pstrmemdup(pool, m.text, m.n);
}

void
syncgate_told_proven(syncgate_told_t *told, apr_time_t at,
    const char *digest, const char *text)
{
	syncgate_proof_t proof = { at, digest, text };
	apr_pool_t *pool;

	if (told->output == NULL)
		return;
	apr_pool_create(&pool, NULL);
	syncgate_output_event(told->output, told->name, "proven",
	    syncgate_proof_members(&proof, pool));
	apr_pool_destroy(pool);
	pthread_mutex_lock(&told->lock);
	told->proof.at = at;
	told->proof.digest = digest == NULL ? NULL : apr_pstrdup(told->pool,
	    digest);
	told->proof.text = apr_pstrdup(told->pool, text);
	pthread_mutex_unlock(&told->lock);
}

syncgate_proof_t
syncgate_told_proof(const syncgate_told_t *told)
{
	return told->proof;
}

/* ---- What it did --------------------------------------------------------- */

static void
put_figures(struct members *m, const syncgate_told_t *told)
{
	put(m, "{");
	for (int i = 0; i < told->n; i++)
		put(m, "%s\"%s\":%lld", i > 0 ? "," : "",
		    told->figures[i].what, told->figures[i].before +
		    told->figures[i].now);
	put(m, "}");
}

const char *
syncgate_told_figures(const syncgate_told_t *told, apr_pool_t *pool)
{
	struct members m = { .n = 0 };

	if (told->n == 0)
		return NULL;
	put_figures(&m, told);
	return apr_pstrmemdup(pool, m.text, m.n);
}

static void
say_figures(syncgate_told_t *told, apr_time_t now)
{
	struct members m = { .n = 0 };

	put(&m, ",\"figures\":");
	put_figures(&m, told);
	syncgate_output_event(told->output, told->name, "figures", m.text);
	told->changed = 0;
	told->figures_at = now;
}

/* Room for WHAT; NULL: there is none. */
static struct figure *
figure_of(syncgate_told_t *told, const char *what)
{
	for (int i = 0; i < told->n; i++)
		if (strcmp(told->figures[i].what, what) == 0)
			return &told->figures[i];
	if (told->n == SYNCGATE_FIGURES || strlen(what) >=
	    sizeof(told->figures[0].what))
		return NULL;
	apr_cpystrn(told->figures[told->n].what, what,
	    sizeof(told->figures[0].what));
	told->changed = 1;
	return &told->figures[told->n++];
}

void
syncgate_told_figure(syncgate_told_t *told, const char *what, long long n)
{
	apr_time_t now = apr_time_now();
	struct figure *figure;

	if (told->output == NULL)
		return;
	pthread_mutex_lock(&told->lock);
	figure = figure_of(told, what);
	if (figure != NULL && figure->now != n) {
		figure->now = n;
		told->changed = 1;
	}
	if (told->changed && (now - told->figures_at >= FIGURES_EVERY ||
	    now < told->figures_at))
		say_figures(told, now);
	pthread_mutex_unlock(&told->lock);
}

void
syncgate_told_end(syncgate_told_t *told)
{
	apr_time_t now = apr_time_now();

	if (told->output == NULL)
		return;
	pthread_mutex_lock(&told->lock);
	if (told->has_lag && !same_lag(&told->lag, &told->said))
		say_lag(told, now);
	if (told->changed)
		say_figures(told, now);
	for (int i = 0; i < told->n; i++) {
		told->figures[i].before += told->figures[i].now;
		told->figures[i].now = 0;
	}
	told->has_lag = 0;
	told->lag_at = 0;
	pthread_mutex_unlock(&told->lock);
}
