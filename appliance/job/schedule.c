#include "appliance/job/schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/job/at.h"
#include "appliance/job/output.h"
#include "appliance/job/settings.h"

#define EVERY_LEAST	apr_time_from_sec(1)
#define RETRY_LEAST	apr_time_from_msec(10)

const char *const syncgate_hook_names[SYNCGATE_HOOKS] = {
	[SYNCGATE_ON_FAILURE] = "on-failure",
	[SYNCGATE_ON_HOLD] = "on-hold",
	[SYNCGATE_ON_RECOVERY] = "on-recovery",
};

int
syncgate_schedule_is_of_runs(const char *name)
{
	static const char *const names[] = { "hold-over", "before-run",
	    "after-run", "hooks-within" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return 0;
}

static xn_error_t *
read_times(syncgate_schedule_t *schedule, const syncgate_settings_t *s,
    apr_pool_t *pool)
{
	const apr_array_header_t *texts = syncgate_settings_list(s, "at");

	schedule->at = apr_array_make(pool, texts->nelts, sizeof(int));
	schedule->on = apr_array_make(pool, texts->nelts * SYNCGATE_AT_DAYS,
	    sizeof(int));
	for (int i = 0; i < texts->nelts; i++) {
		const char *text = APR_ARRAY_IDX(texts, i, const char *);
		const char *wrong = syncgate_at_read(schedule->at,
		    schedule->on, text);

		if (wrong != NULL)
			return xn_error_create(XN_E_CONFIG, "%s: at: \"%s\" %s",
			    syncgate_settings_place(s, "at"), text, wrong);
	}
	return NULL;
}

/* "22:00-06:00": over midnight, too. */
static xn_error_t *
read_hours(syncgate_schedule_t *schedule, const syncgate_settings_t *s,
    apr_pool_t *pool)
{
	const apr_array_header_t *texts = syncgate_settings_list(s, "within");

	schedule->within = apr_array_make(pool, 2 * texts->nelts, sizeof(int));
	for (int i = 0; i < texts->nelts; i++) {
		const char *text = APR_ARRAY_IDX(texts, i, const char *);
		const char *dash = strchr(text, '-');
		int from = dash == NULL ? -1 : syncgate_at_time(text, '-');
		int to = dash == NULL ? -1 : syncgate_at_time(dash + 1, '\0');

		if (from < 0 || to < 0 || from == to)
			return xn_error_create(XN_E_CONFIG, "%s: within: "
			    "\"%s\" is not from one time to another: write "
			    "them as 22:00-06:00", syncgate_settings_place(s,
			    "within"), text);
		APR_ARRAY_PUSH(schedule->within, int) = from;
		APR_ARRAY_PUSH(schedule->within, int) = to;
	}
	return NULL;
}

/* "50%", "1000" or "no". */
static xn_error_t *
read_hold_over(syncgate_schedule_t *schedule, const syncgate_settings_t *s)
{
	const char *text = syncgate_settings_text(s, "hold-over");
	char *end;
	long long number;

	schedule->hold_over = -1;
	if (strcmp(text, "no") == 0)
		return NULL;
	errno = 0;
	number = strtoll(text, &end, 10);
	schedule->hold_over = number;
	schedule->hold_percent = strcmp(end, "%") == 0;
	if (*text >= '0' && *text <= '9' && errno == 0 && (*end == '\0' ||
	    (schedule->hold_percent && number <= 100)))
		return NULL;
	return xn_error_create(XN_E_CONFIG, "%s: hold-over: \"%s\" is neither "
	    "a percentage nor a number: write 50%%, 1000 or no",
	    syncgate_settings_place(s, "hold-over"), text);
}

/* Programs of the user's, and how long they may take. */
static void
read_programs(syncgate_schedule_t *schedule, const syncgate_settings_t *s)
{
	schedule->before_run = syncgate_settings_list(s, "before-run");
	schedule->after_run = syncgate_settings_list(s, "after-run");
	schedule->hooks_within = syncgate_settings_number(s, "hooks-within");
	for (int i = 0; i < SYNCGATE_HOOKS; i++)
		schedule->hooks[i] = syncgate_settings_list(s,
		    syncgate_hook_names[i]);
}

xn_error_t *
syncgate_schedule_read(syncgate_schedule_t *schedule,
    const syncgate_setting_t *settings, int count, apr_pool_t *pool)
{
	syncgate_settings_t s;
	const char *level;

	XN_TRY(syncgate_settings_read(&s, syncgate_options_common(), settings,
	    count, pool));
	schedule->every = syncgate_settings_number(&s, "every");
	schedule->jitter = syncgate_settings_number(&s, "jitter");
	schedule->after = syncgate_settings_list(&s, "after");
	schedule->retry_after = syncgate_settings_number(&s, "retry-after");
	level = syncgate_settings_text(&s, "log-level");
	schedule->log_level = level == NULL ? -1 : syncgate_level_of(level);
	read_programs(schedule, &s);
	XN_TRY(syncgate_settings_count(&schedule->hold_after, &s,
	    "hold-after"));
	XN_TRY(read_hold_over(schedule, &s));
	if (syncgate_settings_value(&s, "every")->given &&
	    schedule->every < EVERY_LEAST)
		return xn_error_create(XN_E_CONFIG, "%s: every: it is a "
		    "second at least", syncgate_settings_place(&s, "every"));
	if (schedule->retry_after < RETRY_LEAST)
		return xn_error_create(XN_E_CONFIG, "%s: retry-after: it is "
		    "10ms at least", syncgate_settings_place(&s,
		    "retry-after"));
	XN_TRY(read_hours(schedule, &s, pool));
	return read_times(schedule, &s, pool);
}

int
syncgate_schedule_is_timed(const syncgate_schedule_t *schedule)
{
	return schedule->every > 0 || schedule->at->nelts > 0 ||
	    schedule->after->nelts > 0;
}
