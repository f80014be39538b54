/*
 * python_test.h: what the tests of Python workers share.
 */
#ifndef XN_TESTS_PYTHON_TEST_H
#define XN_TESTS_PYTHON_TEST_H

#include "tests/lib/gateway_test.h"

#include <pthread.h>

#define PYTHON	"popen//python=python3"

/* Ship SOURCE, Python, and start it. */
static inline xn_channel_t *
start_python(const char *source)
{
	xn_program_t program = { .name = "test.py", .source = source };
	xn_channel_t *ch = NULL;

	failed(xn_remote_exec(&ch, gw, &program, pool));
	return ch;
}

/* ---- What the log got, from whichever thread -------------------------------- */

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_text[4096];
static char log_copy[4096];

static inline void
remember_line(void *baton, const char *id, const char *line)
{
	size_t n;

	(void)baton;
	(void)id;
	pthread_mutex_lock(&log_lock);
	n = strlen(log_text);
	snprintf(log_text + n, sizeof(log_text) - n, "%s\n", line);
	pthread_mutex_unlock(&log_lock);
}

/* The log once PART is in it; what there is after 60 s. */
static inline const char *
wait_for_line(const char *part)
{
	for (int i = 0; i < 6000; i++) {
		pthread_mutex_lock(&log_lock);
		memcpy(log_copy, log_text, sizeof(log_copy));
		pthread_mutex_unlock(&log_lock);
		if (strstr(log_copy, part) != NULL)
			return log_copy;
		usleep(10000);
	}
	CU_FAIL("the line did not come");
	return log_copy;
}

#endif
