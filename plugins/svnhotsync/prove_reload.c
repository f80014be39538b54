/*
 * prove_reload.c: a mirror by dump whose content differs is made anew from the
 * first revision that does.
 *
 * What the source's Subversion stores is no concern of such a mirror, so there
 * is no file to fetch.  The two sides of the job do it (side_load_reload.h),
 * as in a run: the new mirror is made beside the other, and they are exchanged
 * in one step.
 */
#include "plugins/svnhotsync/prove.h"

/* Until the mirror's side has put what has all in its place; what is there then
 * is compared with the source once more, so nobody verifies it before. */
static xn_error_t *
hear_all(struct hotsync *h)
{
	const xn_value_t *message;

	while (!h->report.finished) {
		apr_pool_clear(h->scratch);
		h->report.scratch = h->scratch;
		XN_TRY(prove_next(&message, h, h->control, h->scratch));
		XN_TRY(hotsync_report(&h->report, message));
		if (h->report.whole)
			XN_TRY(xn_send(h->control, "(s)", "swap"));
		h->report.whole = 0;
	}
	/* It lets go of the mirror now. */
	return xn_channel_waitclose(h->control, XN_FOREVER);
}

xn_error_t *
prove_reload(struct prove_pair *p, long long rev)
{
	struct hotsync *h = p->h;
	xn_error_t *error;

	/* (They hold what is to be exchanged open.) */
	prove_stop(p);
	hotsync_report_begin(&h->report, h->job, h->mirror);
	h->follow = 0;
	h->reload = rev + 1;
	error = hotsync_start(h);
	h->reload = 0;
	if (error == NULL)
		error = hear_all(h);
	if (h->control != NULL)
		xn_error_clear(xn_channel_close(h->control));
	h->control = NULL;
	p->replaced = error == NULL;
	return error;
}
