/*
 * Turning the wheel: one fp_intake_take() is what happened since the last, a
 * pass if it is time for one, and tests of the best names until enough are
 * claimed.
 */
#include "plugins/fileproc/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TESTS_MAX	FP_LIST_MAX	/* of one fp_intake_take() */
#define PASS_SHARE	10		/* at most a tenth of the time */

/* Those that have waited long enough are tested again. */
static void
wake(fp_intake_t *in)
{
	struct fp_list *waiting = &in->waiting;
	int kept = waiting->begin;
	apr_time_t now = fp_now();

	for (int i = waiting->begin; i < waiting->end; i++) {
		if (waiting->at[i]->due <= now)
			fp_scan_keep(in, waiting->at[i]);
		else
			waiting->at[kept++] = waiting->at[i];
	}
	waiting->end = kept;
}

/* When the first of them has. */
static apr_time_t
first_due(const fp_intake_t *in)
{
	apr_time_t first = in->next_round;

	for (int i = in->waiting.begin; i < in->waiting.end; i++)
		if (in->waiting.at[i]->due < first)
			first = in->waiting.at[i]->due;
	return first;
}

static void
wait_for(fp_intake_t *in, struct fp_candidate *c, apr_interval_time_t time)
{
	c->tries++;
	c->due = fp_now() + time;
	in->skipped = 1;
	/* One that does not fit is found again by a round. */
	free(fp_list_add(&in->waiting, c));
}

/*
 * Test C, which is given away, and claim it: *STATE says what became of it.
 * After an error it is tested again.
 */
static xn_error_t *
try_one(enum fp_state *state, struct fp_claimed *out, fp_intake_t *in,
    struct fp_candidate *c, apr_pool_t *pool)
{
	struct fp_test t = { .fd = -1 };
	int parent = fp_parent(in->dir, c->name, 0);
	xn_error_t *error = NULL;

	*state = FP_NO_ITEM;
	if (parent != -1)
		*state = fp_complete(&t, in, parent, fp_base(c->name), c);
	if (*state == FP_COMPLETE)
		error = fp_claim_make(state, out, in, parent,
		    fp_base(c->name), &t, c, pool);
	if (t.fd != -1)
		close(t.fd);
	fp_parent_done(in->dir, parent);
	if (error != NULL)
		fp_scan_keep(in, c);
	else if (*state == FP_NOT_YET)
		wait_for(in, c, t.wait);
	else
		free(c);
	return error;
}

/* A folder that is not the one we opened any more gets no items. */
static xn_error_t *
still_there(const fp_intake_t *in)
{
	struct stat named, opened;

	if (stat(in->options.data_in, &named) != 0)
		return xn_error_system(errno, "cannot find the folder '%s' any "
		    "more", in->options.data_in);
	if (fstat(in->dir, &opened) != 0 || named.st_ino != opened.st_ino ||
	    named.st_dev != opened.st_dev)
		return xn_error_system(ENOENT, "another folder has become '%s'",
		    in->options.data_in);
	return NULL;
}

/* A round begins when it is time; what it finds takes the place of what is
 * known, unless that would keep an earlier one from ever coming to its end. */
static int
round_is_due(const fp_intake_t *in)
{
	if (fp_now() < in->next_round)
		return 0;
	return in->bound == NULL || !in->skipped;
}

void
fp_intake_look(fp_intake_t *in)
{
	in->next_round = 0;
}

static xn_error_t *
pass(fp_intake_t *in)
{
	apr_time_t began = fp_now(), took;

	XN_TRY(still_there(in));
	XN_TRY(fp_scan_pass(in));
	took = (fp_now() - began) * PASS_SHARE;
	in->next_round = began + (took > in->options.poll ? took :
	    in->options.poll);
	return NULL;
}

static xn_error_t *
begin_round(fp_intake_t *in)
{
	fp_list_clear(&in->ready);
	free(in->bound);
	in->bound = NULL;
	in->skipped = 0;
	in->returned = 1;
	return pass(in);
}

/* Names to test, by a pass if there are none and one is due: at most one a
 * call of fp_intake_take(). */
static xn_error_t *
more_names(int *passed, fp_intake_t *in)
{
	if (fp_list_count(&in->ready) > 0 || in->bound == NULL || *passed)
		return NULL;
	*passed = 1;
	return pass(in);
}

static xn_error_t *
take_ready(struct fp_claimed *out, int max, int *n, fp_intake_t *in,
    int passed, apr_pool_t *pool)
{
	struct fp_candidate *c;
	enum fp_state state;

	for (int tests = 0; *n < max && tests < TESTS_MAX; tests++) {
		XN_TRY(more_names(&passed, in));
		c = fp_list_first(&in->ready);
		if (c == NULL)
			return NULL;
		XN_TRY(try_one(&state, &out[*n], in, c, pool));
		if (state == FP_COMPLETE)
			(*n)++;
	}
	return NULL;
}

static xn_error_t *
take(struct fp_claimed *out, int max, int *n, fp_intake_t *in,
    apr_pool_t *pool)
{
	int due;

	XN_TRY(fp_watch_read(in));
	due = round_is_due(in);
	if (due)
		XN_TRY(begin_round(in));
	if (due && in->halves)
		XN_TRY(fp_halves(out, max, n, in, pool));
	if (in->returned && *n < max)
		XN_TRY(fp_adopt(out, max, n, in, pool));
	wake(in);
	return take_ready(out, max, n, in, due, pool);
}

xn_error_t *
fp_intake_take(struct fp_claimed *out, int max, int *n,
    apr_interval_time_t *again, fp_intake_t *in, apr_pool_t *pool)
{
	xn_error_t *error;

	*n = 0;
	*again = 0;
	in->disk_time = 0;
	error = take(out, max, n, in, pool);
	if (error != NULL && *n == 0)
		return error;
	/* What was claimed must be told; the error comes by the next call. */
	if (error != NULL) {
		xn_error_clear(error);
		return NULL;
	}
	if (*n < max && fp_list_count(&in->ready) == 0 && in->bound == NULL) {
		*again = first_due(in) - fp_now();
		if (*again < 0)
			*again = 0;
	}
	return NULL;
}
