/*
 * libConfuse 3.3 is content with more than it should be:
 *
 * - an unquoted value ends where a comment seems to begin: host:/srv/svn/ is
 *   what is left of host:/srv/svn/ and a star behind it;
 * - the end of the file closes an open section;
 * - the lines of comments are counted twice and thrice;
 * - a variable that the environment does not have is the empty text, so that
 *   "${ROOT}/mirror" is /mirror;
 * - told to ignore unknown options, as our first pass must, it loses its place
 *   in an unknown section and behind "+=".
 *
 * So the text is looked through before, by the same rules for quotes and
 * comments; what leads there is refused, and comments are blanked.
 */
#include "appliance/job/config_scan.h"

#include <stdlib.h>
#include <string.h>

const char *const syncgate_config_names[] = {
	"daemon", "gateway", "group", "include", "job", "store", NULL
};

/* A position in the text, and what surrounds it. */
struct scan {
	char *at;
	const char *end;
	int line;
	int depth;		/* of open braces and parentheses */
	int opened;		/* the line of the outermost */
	int started;		/* outside of all: a name was seen */
	char last;		/* the last token: a mark, or 'a' for a word */
	const char *word;	/* the bare word that we are in; or NULL */
	syncgate_scan_problem_t *problem;
};

static void
step(struct scan *s)
{
	if (*s->at == '\n')
		s->line++;
	s->at++;
}

static int
looking_at(const struct scan *s, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(s->end - s->at) >= n && memcmp(s->at, word, n) == 0;
}

static void
complain(struct scan *s, int line, const char *reason)
{
	if (s->problem->line == 0) {
		s->problem->line = line;
		s->problem->reason = reason;
	}
	s->at += s->end - s->at;
}

/* At "${NAME}" or "${NAME:-DEFAULT}" in double quotes: is there a value? */
static int
has_value(const struct scan *s)
{
	const char *name = s->at + 2;
	const char *close = memchr(name, '}', (size_t)(s->end - name));
	char copy[256];
	size_t n;

	if (close == NULL)
		return 1;
	n = (size_t)(close - name);
	for (size_t i = 0; i + 1 < n; i++) {
		if (name[i] == ':' && name[i + 1] == '-')
			return 1;
	}
	if (n >= sizeof(copy))
		return 0;
	memcpy(copy, name, n);
	copy[n] = '\0';
	return getenv(copy) != NULL;
}

/* A word or a quoted text: behind "=" outside of all, that was it. */
static void
end_value(struct scan *s)
{
	if (s->depth == 0 && s->last == '=')
		s->started = 0;
	s->last = 'a';
}

/* A backslash takes the next character with it, a line's end also. */
static void
skip_quoted(struct scan *s)
{
	char quote = *s->at;

	if (s->depth == 0 && !s->started) {
		complain(s, s->line, "job, gateway, group, daemon, include or "
		    "store is wanted here, without quotes");
		return;
	}
	step(s);
	while (s->at < s->end && *s->at != quote && *s->at != '\n') {
		if (quote == '"' && looking_at(s, "${") && !has_value(s)) {
			complain(s, s->line, "the environment has no variable "
			    "of this name: write \"${NAME:-}\" if it may be "
			    "missing");
			return;
		}
		if (*s->at == '\\' && s->end - s->at > 1)
			step(s);
		step(s);
	}
	if (s->at == s->end || *s->at == '\n') {
		complain(s, s->line, "a quote on this line is not closed");
		return;
	}
	step(s);
	end_value(s);
}

static void
blank(struct scan *s)
{
	if (*s->at != '\n')
		*s->at = ' ';
	step(s);
}

static void
blank_line(struct scan *s)
{
	while (s->at < s->end && *s->at != '\n')
		blank(s);
}

static void
blank_comment(struct scan *s)
{
	blank(s);
	blank(s);
	while (s->at < s->end && !looking_at(s, "*/"))
		blank(s);
	for (int i = 0; i < 2 && s->at < s->end; i++)
		blank(s);
}

/* The name that begins a section or a call must be one that we know. */
static void
check_name(struct scan *s, const char *name, size_t n)
{
	for (int i = 0; syncgate_config_names[i] != NULL; i++) {
		if (strlen(syncgate_config_names[i]) == n &&
		    memcmp(syncgate_config_names[i], name, n) == 0)
			return;
	}
	if (n >= sizeof(s->problem->word))
		n = sizeof(s->problem->word) - 1;
	memcpy(s->problem->word, name, n);
	s->problem->word[n] = '\0';
	complain(s, s->line, NULL);
}

/* The bare word that ended before s->at. */
static void
end_word(struct scan *s)
{
	const char *word = s->word;

	if (word == NULL)
		return;
	s->word = NULL;
	if (s->depth == 0 && !s->started) {
		s->started = 1;
		s->last = 'a';
		check_name(s, word, (size_t)(s->at - word));
	} else {
		end_value(s);
	}
}

static void
take_mark(struct scan *s)
{
	char mark = *s->at;

	if (mark == '{' && s->depth > 0 && s->last != '=') {
		complain(s, s->line, "a section cannot stand inside another: "
		    "is a closing brace missing before it?");
		return;
	}
	if (mark == '+') {
		complain(s, s->line, "\"+=\" is not known here: write \"=\", "
		    "a list as {\"A\", \"B\"}, and quotes around a value "
		    "that has a \"+\"");
		return;
	}
	if ((mark == '{' || mark == '(') && s->depth++ == 0)
		s->opened = s->line;
	/* One too many is for libConfuse to refuse. */
	if ((mark == '}' || mark == ')') && s->depth > 0 && --s->depth == 0)
		s->started = 0;
	s->last = mark;
	step(s);
}

/* Where a comment begins, or would. */
static int
take_comment(struct scan *s)
{
	if (*s->at != '#' && !looking_at(s, "/*") &&
	    (s->word != NULL || !looking_at(s, "//")))
		return 0;
	if (s->word != NULL)
		complain(s, s->line, *s->at == '#' ?
		    "\"#\" would begin a comment here: quote this value" :
		    "\"/*\" would begin a comment here: quote this value");
	else if (looking_at(s, "/*"))
		blank_comment(s);
	else
		blank_line(s);
	return 1;
}

static void
take_token(struct scan *s)
{
	if (*s->at == '\0') {
		complain(s, s->line,
		    "a NUL character: this is not a text file");
	} else if (take_comment(s)) {
		return;
	} else if (*s->at == '"' || *s->at == '\'') {
		end_word(s);
		if (s->at < s->end)
			skip_quoted(s);
	} else if (strchr("{}()=+,", *s->at) != NULL) {
		end_word(s);
		if (s->at < s->end)
			take_mark(s);
	} else if (strchr(" \t\r\n", *s->at) != NULL) {
		end_word(s);
		if (s->at < s->end)
			step(s);
	} else {
		if (s->word == NULL)
			s->word = s->at;
		step(s);
	}
}

void
syncgate_config_scan(syncgate_scan_problem_t *problem, char *text, size_t n)
{
	struct scan s = { .at = text, .end = text + n, .line = 1,
	    .problem = problem };

	memset(problem, 0, sizeof(*problem));
	while (s.at < s.end)
		take_token(&s);
	end_word(&s);
	if (s.depth > 0)
		complain(&s, s.opened, "what is opened here is not closed");
}
