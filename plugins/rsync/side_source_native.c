/*
 * The source's side for an end that is here: see side_source.c.  What is listed
 * ahead of it waits in a table, since a number is all that kwargs can hold.
 */
#include "plugins/rsync/sides.h"

#include <pthread.h>

#define remote_main rsync_side_source
#include "side_source.c"

#define EARLY_MOST	64		/* runs that are connecting */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	int number;
	xn_ahead *ahead;
	int what;
} early[EARLY_MOST];
static int last_number;

xn_ahead *
rs_early_take(int number, int what)
{
	xn_ahead *ahead = NULL;
	int other = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; number > 0 && i < EARLY_MOST; i++) {
		if (early[i].number != number)
			continue;
		ahead = early[i].ahead;
		other = early[i].what != what;
		memset(&early[i], 0, sizeof(early[i]));
	}
	pthread_mutex_unlock(&lock);
	if (!other)
		return ahead;
	xn_ahead_close(ahead);
	return NULL;
}

static int
keep_early(xn_ahead *ahead, int what)
{
	int number = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; number == 0 && i < EARLY_MOST; i++) {
		if (early[i].ahead != NULL)
			continue;
		last_number = last_number == 0x7fffffff ? 1 : last_number + 1;
		number = early[i].number = last_number;
		early[i].ahead = ahead;
		early[i].what = what;
	}
	pthread_mutex_unlock(&lock);
	return number;
}

int
rsync_source_ahead(const char *path, int keep, int know, const void *known,
    size_t n)
{
	int base = xn_base_open(path), number = 0;
	xn_ahead *ahead = base == -1 ? NULL :
	    xn_ahead_open(base, rs_what(keep), 1);

	if (base != -1)
		close(base);
	if (ahead == NULL)
		return 0;
	if (know)
		rs_know(ahead, known, n);
	xn_ahead_add(ahead, "");
	number = keep_early(ahead, rs_what(keep));
	if (number == 0)
		xn_ahead_close(ahead);
	return number;
}

void
rsync_source_forget(int number)
{
	xn_ahead_close(rs_early_take(number, 0));
}
