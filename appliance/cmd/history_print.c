#include "appliance/cmd/history.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "appliance/job/json.h"
#include "appliance/job/text.h"

#define TEXT_BYTES	4096		/* of a line; the rest is cut off */

/* What a run told of itself; NULL: nothing that can be read. */
static const xn_value_t *
figures_of(const syncgate_run_t *run, apr_pool_t *pool)
{
	const xn_value_t *object = NULL;

	if (run->figures != NULL)
		xn_error_clear(syncgate_json_read(&object, run->figures,
		    strlen(run->figures), pool));
	return object != NULL && object->kind == XN_DICT ? object : NULL;
}

/* ---- For people ---------------------------------------------------------- */

void
history_print_head(int width)
{
	printf("%-*s %6s  %-19s %9s  %-7s  %s\n", width, "JOB", "RUN", "BEGAN",
	    "TOOK", "OUTCOME", "WHAT");
}

/* By the local clock. */
static void
clock_of(char out[32], apr_time_t when)
{
	time_t seconds = (time_t)apr_time_sec(when);
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(out, 32, "?");
}

/* "0.3s", "59s", "12m 5s", "3h 10m", "4d 2h". */
static void
span_of(char out[32], const syncgate_run_t *run)
{
	double took = (double)(run->ended - run->began) / 1e6;
	long long s = (long long)took;

	if (run->ended == 0 || took < 0)
		snprintf(out, 32, "-");
	else if (took < 10)
		snprintf(out, 32, "%.1fs", took);
	else if (s < 60)
		snprintf(out, 32, "%llds", s);
	else if (s < 3600)
		snprintf(out, 32, "%lldm %llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, 32, "%lldh %lldm", s / 3600, s / 60 % 60);
	else
		snprintf(out, 32, "%lldd %lldh", s / 86400, s / 3600 % 24);
}

/* How much of the name of COUNT things is said: "1 item", "2 items". */
static int
name_length(const char *name, long long count)
{
	int n = (int)strnlen(name, 60);

	return count == 1 && n > 1 && name[n - 1] == 's' ? n - 1 : n;
}

/* "3 revisions, 1200 bytes". */
static size_t
figures_text(char *out, size_t size, const syncgate_run_t *run,
    apr_pool_t *pool)
{
	const xn_value_t *object = figures_of(run, pool);
	size_t n = 0;

	*out = '\0';
	for (unsigned int i = 0; object != NULL && i < object->size; i++) {
		const xn_value_t *key = &object->u.items[2 * i];
		const xn_value_t *value = &object->u.items[2 * i + 1];

		if (key->kind != XN_STR || value->kind != XN_INT)
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%lld %.*s",
		    n > 0 ? ", " : "", value->u.integer,
		    name_length(key->u.text, value->u.integer), key->u.text);
		if (n + 128 > size)
			break;
	}
	return n;
}

void
history_print(const syncgate_run_t *run, int width)
{
	char job[128], began[32], took[32], what[2 * TEXT_BYTES];
	char clean[TEXT_BYTES];
	apr_pool_t *pool;
	size_t n;

	apr_pool_create(&pool, NULL);
	clock_of(began, run->began);
	span_of(took, run);
	n = figures_text(what, 2048, run, pool);
	if (run->by_hand)
		n += (size_t)snprintf(what + n, sizeof(what) - n,
		    "%sby hand", n > 0 ? ", " : "");
	if (run->error != NULL && run->error[0] != '\0')
		snprintf(what + n, sizeof(what) - n, "%s%.*s", n > 0 ? ": " :
		    "", TEXT_BYTES, run->error);
	/* Whatever it is, a terminal obeys none of it. */
	syncgate_text_clean(job, sizeof(job), run->job);
	syncgate_text_clean(clean, sizeof(clean), what);
	printf("%-*s %6lld  %-19s %9s  %-7s  %s\n", width, job, run->number,
	    began, took, syncgate_run_outcome(run->outcome), clean);
	apr_pool_destroy(pool);
}

/* ---- For programs -------------------------------------------------------- */

void
history_print_json(const syncgate_run_t *run, apr_pool_t *pool)
{
	const xn_value_t *figures = figures_of(run, pool);

	printf("{\"job\": ");
	syncgate_json_write_text(stdout, run->job, strlen(run->job));
	cmd_json_text("plugin", run->plugin);
	printf(", \"number\": %lld", run->number);
	cmd_json_time("began", run->began);
	cmd_json_time("ended", run->ended);
	if (run->ended > 0)
		printf(", \"seconds\": %.3f",
		    (double)(run->ended - run->began) / 1e6);
	else
		printf(", \"seconds\": null");
	cmd_json_text("outcome", syncgate_run_outcome(run->outcome));
	printf(", \"by_hand\": %s", run->by_hand ? "true" : "false");
	cmd_json_text("error", run->error);
	printf(", \"figures\": ");
	if (figures != NULL)
		syncgate_json_write(stdout, figures);
	else
		printf("null");
	printf("}\n");
}
