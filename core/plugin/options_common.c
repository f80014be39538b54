/*
 * What the program itself reads of each job, whatever its plugin; no plugin has
 * options of these names.
 */
#include "core/plugin/options.h"

#include <string.h>

static const syncgate_option_t common[] = {
	{ "every", SYNCGATE_SECONDS, NULL, 0, NULL,
	    "the daemon runs it so often, from start to start" },
	{ "at", SYNCGATE_LIST, NULL, 0, NULL,
	    "the daemon runs it at these times of the day" },
	{ "within", SYNCGATE_LIST, NULL, 0, NULL,
	    "the daemon runs it in these hours of the day alone" },
	{ "after", SYNCGATE_LIST, NULL, 0, NULL,
	    "the daemon runs it when one of these jobs has ended well" },
	{ "jitter", SYNCGATE_SECONDS, "0", 0, NULL,
	    "each time is later by up to so much" },
	{ "hold-after", SYNCGATE_INTEGER, "5", 0, NULL,
	    "so many equal failures hold it; 0: never" },
	{ "hold-over", SYNCGATE_STRING, "50%", 0, NULL,
	    "a run that would remove or rewrite more of the destination is "
	    "held: a percentage, how many, or no" },
	{ "retry-after", SYNCGATE_SECONDS, "10", 0, NULL,
	    "the first wait after a failure; it doubles" },
	{ "log-level", SYNCGATE_CHOICE, NULL, 0, "debug|info|warning",
	    "what the daemon logs of it, from that on" },
	{ "before-run", SYNCGATE_LIST, NULL, 0, NULL,
	    "a program, and its words, without which a run does not begin" },
	{ "after-run", SYNCGATE_LIST, NULL, 0, NULL,
	    "a program, and its words: a run has ended" },
	{ "hooks-within", SYNCGATE_SECONDS, "60", 0, NULL,
	    "these two end in that time, or are killed" },
	{ "on-failure", SYNCGATE_LIST, NULL, 0, NULL,
	    "a program, and its words: the job has begun to fail" },
	{ "on-hold", SYNCGATE_LIST, NULL, 0, NULL,
	    "a program, and its words: the job is held" },
	{ "on-recovery", SYNCGATE_LIST, NULL, 0, NULL,
	    "a program, and its words: the job failed, and is well again" },
	{ NULL, 0, NULL, 0, NULL, NULL }
};

const syncgate_option_t *
syncgate_options_common(void)
{
	return common;
}

int
syncgate_options_is_common(const char *name)
{
	const syncgate_option_t *option = common;

	while (option->name != NULL && strcmp(option->name, name) != 0)
		option++;
	return option->name != NULL;
}
