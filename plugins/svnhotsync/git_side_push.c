/*
 * git_side_push.c: the side that sends the refs of the Git repository on, in a
 * thread beside the one that converts, so that nothing waits for a network:
 *
 *   <- ("push", rev)		the repository has all up to that one
 *   -> ("pushed", rev, n)	so has the other, of which n refs changed
 *   -> ("unpushed", reason)
 *   -> ("held", reason or "", refs that would be lost, of so many, lines)
 *				before either of them; then it waits for
 *   <- ("go") or ("no")
 *
 * kwargs: dir, url.
 *
 * How far it is pushed is left in the repository, in the file GIT_PUSHED: "rN",
 * for `syncgate status`.
 */
#include <execnet/remote.h>

#include "plugins/svnhotsync/git_plain.h"
#include "plugins/svnhotsync/sides.h"

#define LINES_MOST	40
#define LINES_SIZE	16384

struct side {
	xn_channel *channel;
	const char *dir, *url;
	int ended;
};

static void
see_end(void *baton)
{
	struct side *s = baton;

	s->ended = xn_wait(s->channel, 0) == XN_READY_EOF;
}

static int
ended(void *baton)
{
	struct side *s = baton;
	char error[256];

	if (!s->ended && xn_attempt(see_end, s, error, sizeof(error)) != 0)
		s->ended = 1;
	return s->ended;
}

/* What is asked, and may be answered. */
struct question {
	struct side *side;
	const char *reason;
	long long lost, all;
	char *lines;
	int may;
};

static void
put_question(void *baton)
{
	struct question *q = baton;
	const char *answer;

	xn_send(q->side->channel, "(sslls)", "held", q->reason, q->lost,
	    q->all, (const char *)q->lines);
	/* (Not received at its end: that would end us, within libgit2.) */
	if (xn_wait(q->side->channel, XN_FOREVER) != XN_READY_VALUE)
		return;
	xn_receive(q->side->channel, 0, "(s)", &answer);
	q->may = strcmp(answer, "go") == 0;
}

static int
may(void *baton, const char *reason, int lost, int all,
    const char *const *lines)
{
	/* (An attempt that fails lets go of what is the program's.) */
	char text[LINES_SIZE] = "", error[256];
	struct question q = { baton, reason, lost, all, text, 0 };
	size_t used = 0;

	for (int i = 0; i < LINES_MOST && lines[i] != NULL; i++) {
		size_t n = strlen(lines[i]);

		if (used + n + 2 > LINES_SIZE)
			break;
		memcpy(q.lines + used, lines[i], n);
		memcpy(q.lines + used + n, "\n", 2);
		used += n + 1;
	}
	xn_utf8(q.lines, LINES_SIZE, q.lines);
	if (xn_attempt(put_question, &q, error, sizeof(error)) != 0)
		q.may = 0;
	return q.may;
}

/* All up to REV is there: 0; -1, and ERROR says why it cannot be left so. */
static int
leave(const struct side *s, long long rev, char *error)
{
	char text[80];
	int base = xn_base_open(s->dir), failed;

	snprintf(text, sizeof(text), "r%lld\n", rev);
	failed = base == -1 || xn_write_file(base, GIT_PUSHED, text,
	    strlen(text), 0444) != 0;
	if (failed)
		snprintf(error, GIT_PLAIN_ERROR, "cannot write %s/%s: %s",
		    s->dir, GIT_PUSHED, strerror(errno));
	if (base != -1)
		close(base);
	return failed ? -1 : 0;
}

void
svnhotsync_side_push(xn_channel *channel, const xn_value *kwargs)
{
	struct side *s = xn_alloc(sizeof(*s));
	char error[GIT_PLAIN_ERROR];
	unsigned int changed;
	const char *tag;
	long long rev;

	memset(s, 0, sizeof(*s));
	s->channel = channel;
	s->dir = xn_value_text(kwargs, "dir", "");
	s->url = xn_value_text(kwargs, "url", "");
	for (;;) {
		xn_receive(channel, XN_FOREVER, "(sl)", &tag, &rev);
		if (git_plain_push(&changed, s->dir, s->url, ended, may, s,
		    error) == GIT_PLAIN_DONE && leave(s, rev, error) == 0)
			xn_send(channel, "(sll)", "pushed", rev,
			    (long long)changed);
		else
			xn_send(channel, "(ss)", "unpushed", xn_utf8(error,
			    sizeof(error), error));
	}
}
