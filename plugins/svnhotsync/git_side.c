/*
 * git_side.c: the side that keeps a Git repository in step with a mirror that
 * is here.  It runs in a thread beside the side that keeps the mirror:
 *
 *   <- ("look",)		there may be new revisions
 *   -> ("converted", rev, youngest)	so many of them are in Git
 *   -> ("looked", rev)		and these are all; -1: there is no mirror yet
 *   <- ("props",)		properties may have been changed
 *   -> ("properties", n)	so many revisions had some that were, and noted
 *   -> ("odd", text)		for the log
 *   -> ("refused", reason)	and it looks no more
 *   -> ("held", kind, reason, state)	nor does it then, until
 *   <- ("aside",)		the repository goes aside, and all is converted
 *				into a new one
 *   -> ("aside", path)		where it is now
 *
 * kwargs: dir, mirror, layout (its words, a line each), authors ("": none),
 * keep, ignore, merges, empty-dirs, externals (no, file or gitmodules).
 *
 * A side ends by a jump, which must not pass over libsvn: what is called from
 * there is an attempt.
 */
#include <execnet/remote.h>

#include "plugins/svnhotsync/git_plain.h"
#include "plugins/svnhotsync/git_side_ended.h"
#include "plugins/svnhotsync/sides.h"

#define BEFORE_MAX	1000		/* names that are tried */

struct side {
	xn_channel *channel;
	struct git_plain_options options;
	git_plain_t *git;		/* opened when it is first needed */
	int refused, held;
	int ended;
	const char *text;		/* what an attempt is to say */
};

static void
side_cleanup(void *baton)
{
	struct side *s = baton;

	git_plain_close(s->git);
}

static void
say_odd(void *baton)
{
	struct side *s = baton;

	xn_send(s->channel, "(ss)", "odd", s->text);
}

/* Called by the conversion. */
static void
odd(void *baton, const char *text)
{
	struct side *s = baton;
	char out[GIT_PLAIN_ERROR], error[256];

	s->text = xn_utf8(out, sizeof(out), text);
	if (xn_attempt(say_odd, s, error, sizeof(error)) != 0)
		s->ended = 1;
}

static int
ended(void *baton)
{
	struct side *s = baton;

	s->ended = s->ended || git_has_ended(s->channel);
	return s->ended;
}

static void
tell_held(struct side *s, const char *why)
{
	const char *kind, *state;

	git_plain_held(&kind, &state, s->git);
	s->held = 1;
	xn_send(s->channel, "(ssss)", "held", kind, why, state);
}

/* What came of it: 1 if all is well. */
static int
is_done(struct side *s, enum git_plain_result result, const char *why)
{
	char out[GIT_PLAIN_ERROR];

	why = result == GIT_PLAIN_DONE ? "" : xn_utf8(out, sizeof(out), why);
	if (result == GIT_PLAIN_FAILED)
		xn_fail("%s", why);
	if (result == GIT_PLAIN_HELD)
		tell_held(s, why);
	if (result == GIT_PLAIN_REFUSED) {
		s->refused = 1;
		xn_send(s->channel, "(ss)", "refused", why);
	}
	return result == GIT_PLAIN_DONE;
}

/* Is the mirror there?  While it is made, it need not be. */
static int
is_there(const struct side *s)
{
	int base = xn_base_open(s->options.mirror);
	xn_stat_t st;
	int there;

	if (base == -1)
		return 0;
	there = xn_stat(base, "format", &st) == 0 &&
	    xn_stat(base, "db/current", &st) == 0;
	close(base);
	return there;
}

static void
look(struct side *s)
{
	char error[GIT_PLAIN_ERROR] = "";
	long position = -1, youngest = 0;
	int over = 0;

	if (s->git == NULL && !is_there(s)) {
		xn_send(s->channel, "(sl)", "looked", -1LL);
		return;
	}
	if (s->git == NULL && !is_done(s, git_plain_open(&s->git,
	    &s->options, error), error))
		return;
	while (position < youngest && !over) {
		if (!is_done(s, git_plain_batch(s->git, &position, &youngest,
		    &over, error), error))
			return;
		xn_send(s->channel, "(sll)", "converted",
		    (long long)position, (long long)youngest);
	}
	xn_send(s->channel, "(sl)", "looked", (long long)position);
}

static void
look_at_props(struct side *s)
{
	char error[GIT_PLAIN_ERROR] = "";
	long changed = 0;

	if (s->git == NULL || is_done(s, git_plain_props(s->git, &changed,
	    error), error))
		xn_send(s->channel, "(sl)", "properties", (long long)changed);
}

/* Give NAME in the folder BASE another one that is free, FREE; 0, or -1 and
 * errno. */
static int
rename_aside(const char **free_name, int base, const char *name)
{
	int failed = base == -1 ? -1 : 1;

	for (int i = 1; failed == 1 && i <= BEFORE_MAX; i++) {
		*free_name = xn_printf("%s.before-%d", name, i);
		if (xn_rename_new(base, name, *free_name) == 0)
			failed = 0;
		else if (errno != EEXIST)
			failed = -1;
	}
	return failed != 0 || xn_sync_dir(base, "") != 0 ? -1 : 0;
}

/* The repository that does not fit gets another name, as an old mirror does:
 * the next look makes a new one. */
static void
go_aside(struct side *s)
{
	char *dir = xn_printf("%s", s->options.dir), out[GIT_PLAIN_ERROR];
	const char *to = "";
	size_t n = strlen(dir), slash;
	int base, failed, number;

	while (n > 1 && dir[n - 1] == '/')
		dir[--n] = '\0';
	slash = (size_t)(strrchr(dir, '/') - dir);
	base = xn_base_open(slash == 0 ? "/" : xn_printf("%.*s", (int)slash,
	    dir));
	git_plain_close(s->git);
	s->git = NULL;
	failed = rename_aside(&to, base, dir + slash + 1);
	number = errno;
	if (base != -1)
		close(base);
	errno = number;
	if (failed)
		xn_fail("cannot give %s another name: %m", dir);
	s->held = 0;
	xn_send(s->channel, "(ss)", "aside", (const char *)xn_utf8(out,
	    sizeof(out), xn_printf("%.*s/%s", (int)slash, dir, to)));
}

static enum git_externals
externals_of(const char *word)
{
	return strcmp(word, "file") == 0 ? GIT_EXTERNALS_FILE :
	    strcmp(word, "gitmodules") == 0 ? GIT_EXTERNALS_MODULES :
	    GIT_EXTERNALS_NO;
}

void
svnhotsync_side_git(xn_channel *channel, const xn_value *kwargs)
{
	struct side *s = xn_alloc(sizeof(*s));
	const char *tag;

	memset(s, 0, sizeof(*s));
	s->channel = channel;
	s->options.dir = xn_value_text(kwargs, "dir", "");
	s->options.mirror = xn_value_text(kwargs, "mirror", "");
	s->options.layout = xn_value_text(kwargs, "layout", "");
	s->options.authors = xn_value_text(kwargs, "authors", "");
	s->options.keep = xn_value_bool(kwargs, "keep", 0);
	s->options.ignore = xn_value_bool(kwargs, "ignore", 0);
	s->options.merges = xn_value_bool(kwargs, "merges", 0);
	s->options.empty_dirs = xn_value_bool(kwargs, "empty-dirs", 0);
	s->options.externals = externals_of(xn_value_text(kwargs, "externals",
	    "no"));
	s->options.odd = odd;
	s->options.ended = ended;
	s->options.baton = s;
	xn_cleanup(side_cleanup, s);
	/* Nobody asks again before there is an answer.  After it refused the
	 * channel stays open: who asks once more is to hear that, and not of a
	 * closed channel. */
	for (;;) {
		xn_receive(channel, XN_FOREVER, "(s)", &tag);
		if (s->held && strcmp(tag, "aside") == 0)
			go_aside(s);
		else if (s->refused || s->held)
			continue;
		if (strcmp(tag, "props") == 0)
			look_at_props(s);
		else
			look(s);
	}
}
