/*
 * The verifying side for a mirror that is here: see side_verify.c.
 */
#include "plugins/svnhotsync/sides.h"

#define SVNHOTSYNC_LIBSVN
#define remote_main svnhotsync_side_verify
#include "side_verify.c"

#include "plugins/svnhotsync/loader.h"

static void
is_ended(void *baton)
{
	struct verify *v = baton;

	v->ended = xn_wait(v->channel, 0) == XN_READY_EOF;
}

/* Called by libsvn, which must not be jumped over. */
static int
cancelled(void *baton)
{
	struct verify *v = baton;
	char error[256];

	return xn_attempt(is_ended, v, error, sizeof(error)) != 0 || v->ended;
}

int
verify_range(struct verify *v, long long first, long long last)
{
	char error[LOADER_ERROR], odd[LOADER_ERROR];
	long bad = (long)first;

	if (loader_verify(v->path, (long)first, (long)last, v->packed,
	    cancelled, v, &bad, odd, error) == 0) {
		verify_odd(v, odd);
		return 0;
	}
	v->bad = bad;
	snprintf(v->why, sizeof(v->why), "%s", error);
	return -1;
}
