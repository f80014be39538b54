/*
 * many_show.c: what is shown of all mirrors together.
 */
#include "plugins/svnhotsync/many.h"

/* All mirrors as one line: the least of them, or how many are up to date. */
void
hot_show(struct many *many)
{
	syncgate_progress_t p = { .unit = "revision", .done = -1, .total = -1 };
	long long all = 0, followed = 0;

	for (struct hot_mirror *m = many->mirrors; m != NULL; m = m->next) {
		const syncgate_progress_t *one = &m->shown;

		all++;
		followed += m->followed && m->state == HOT_SERVED;
		if (one->done >= 0 && (p.done < 0 || one->done < p.done))
			p.done = one->done;
		if (one->total > p.total)
			p.total = one->total;
		p.bytes += one->bytes;
	}
	p.phase = all > 0 && followed == all ? "following" : "copying";
	if (many->parent != NULL) {
		p.unit = "mirror";
		p.done = 0;
		for (struct hot_mirror *m = many->mirrors; m != NULL;
		    m = m->next)
			p.done += (m->followed &&
			    m->state == HOT_SERVED) || m->state == HOT_DONE;
		p.total = all;
	}
	syncgate_job_progress(many->h->job, &p);
}

/* All mirrors together: of one repository the last of them counts, of several
 * all that is to go. */
void
hot_tell_lag(struct many *many)
{
	long long left = 0, got = 0, bytes = 0;
	int in_step = many->parent == NULL || many->listed;

	for (const struct hot_mirror *m = many->mirrors; m != NULL;
	    m = m->next) {
		if (m->left > 0 && many->parent != NULL)
			left += m->left;
		else if (m->left > left)
			left = m->left;
		in_step &= m->state == HOT_GONE || (m->in_step &&
		    (m->state == HOT_SERVED || m->state == HOT_DONE));
		got += m->got + m->got_before;
		bytes += m->shown.bytes > 0 ? m->shown.bytes : 0;
	}
	hotsync_lag_tell(many->h->job, &many->behind, left, -1, in_step);
	syncgate_job_figure(many->h->job, "revisions", got);
	syncgate_job_figure(many->h->job, "bytes", bytes);
}
