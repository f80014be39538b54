/*
 * git_side_push.c: the side that sends the refs of the Git repository on, in a
 * thread beside the one that converts, so that nothing waits for a network:
 *
 *   <- ("count", rev)
 *   -> ("behind", n)		so many refs differ there, as far as is known
 *				from here; -1: it is not
 *   <- ("push", rev)		the repository has all up to that one
 *   -> ("behind", n)		the same, and again when they were compared
 *   -> ("pushed", rev, n)	so has the other, of which n refs changed
 *   -> ("unpushed", reason)
 *   -> ("held", reason or "", refs that would be lost, of so many, lines)
 *				before either of them; then it waits for
 *   <- ("go") or ("no")
 *
 * kwargs: dir, url.
 *
 * How far it is pushed is left in the repository, in the file GIT_PUSHED, for
 * `syncgate status`.
 */
#include <execnet/remote.h>

#include "plugins/svnhotsync/git_plain.h"
#include "plugins/svnhotsync/git_side_ended.h"
#include "plugins/svnhotsync/sides.h"

#define LINES_MOST	40
#define LINES_SIZE	16384

struct side {
	xn_channel *channel;
	const char *dir, *url;
	int ended;
};

static int
ended(void *baton)
{
	struct side *s = baton;

	s->ended = s->ended || git_has_ended(s->channel);
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

/* How many refs there is to be told. */
struct count {
	struct side *side;
	long long n;
};

static void
put_count(void *baton)
{
	const struct count *count = baton;

	xn_send(count->side->channel, "(sl)", "behind", count->n);
}

/* (Called from within libgit2, too.) */
static void
behind(void *baton, int n)
{
	struct count count = { baton, n };
	char error[256];

	if (xn_attempt(put_count, &count, error, sizeof(error)) != 0)
		count.side->ended = 1;
}

static void
push(struct side *s, long long rev)
{
	const struct git_plain_push push = { .dir = s->dir, .url = s->url,
	    .ended = ended, .may = may, .behind = behind, .baton = s };
	char error[GIT_PLAIN_ERROR];
	unsigned int changed;

	if (git_plain_push(&changed, &push, rev, error) == GIT_PLAIN_DONE)
		xn_send(s->channel, "(sll)", "pushed", rev,
		    (long long)changed);
	else
		xn_send(s->channel, "(ss)", "unpushed", xn_utf8(error,
		    sizeof(error), error));
}

void
svnhotsync_side_push(xn_channel *channel, const xn_value *kwargs)
{
	struct side *s = xn_alloc(sizeof(*s));
	const char *tag;
	long long rev;

	memset(s, 0, sizeof(*s));
	s->channel = channel;
	s->dir = xn_value_text(kwargs, "dir", "");
	s->url = xn_value_text(kwargs, "url", "");
	for (;;) {
		xn_receive(channel, XN_FOREVER, "(sl)", &tag, &rev);
		xn_send(channel, "(sl)", "behind", git_plain_behind(s->dir));
		if (strcmp(tag, "push") == 0)
			push(s, rev);
	}
}
