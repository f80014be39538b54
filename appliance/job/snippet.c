#include "appliance/job/snippet.h"

#include <string.h>

/* What was seen so far. */
struct scan {
	const char *at;
	int python;
	int depth;		/* of open brackets */
	int open;		/* inside a string or comment at the end */
	int joined;		/* the last line ended in a backslash */
	int block;		/* Python: a block was opened */
	int blank;		/* the last line was empty */
	char first, last;	/* of the line: its first and its last mark */
};

static int
looking_at(const struct scan *s, const char *text)
{
	return strncmp(s->at, text, strlen(text)) == 0;
}

/* Skip to behind END, or to the end of all. */
static void
skip_to(struct scan *s, const char *end)
{
	const char *found = strstr(s->at, end);

	s->open = found == NULL;
	s->at = found != NULL ? found + strlen(end) : s->at + strlen(s->at);
}

static void
skip_comment(struct scan *s)
{
	if (looking_at(s, "/*")) {
		s->at += 2;
		skip_to(s, "*/");
	} else {
		s->at += strcspn(s->at, "\n");
	}
}

/* One with three quotes may have line ends in it. */
static void
skip_string(struct scan *s)
{
	char quote = *s->at;
	char three[4] = { quote, quote, quote, '\0' };
	int is_long = s->python && looking_at(s, three);

	s->at += is_long ? 3 : 1;
	while (*s->at != '\0') {
		if (is_long ? looking_at(s, three) : *s->at == quote) {
			s->at += is_long ? 3 : 1;
			return;
		}
		if (*s->at == '\n' && !is_long)
			return;		/* an error, for the compiler to tell */
		if (*s->at == '\\' && s->at[1] != '\0')
			s->at++;
		s->at++;
	}
	s->open = 1;
}

static void
end_line(struct scan *s)
{
	s->joined = s->last == '\\';
	s->blank = s->first == '\0';
	if (s->python && s->depth == 0 && (s->last == ':' || s->first == '@'))
		s->block = 1;
	/* What is joined is still the same line. */
	if (!s->joined)
		s->first = '\0';
	s->last = '\0';
	s->at++;
}

static void
take_mark(struct scan *s)
{
	if (strchr("([{", *s->at) != NULL)
		s->depth++;
	if (strchr(")]}", *s->at) != NULL && s->depth > 0)
		s->depth--;
	if (strchr(" \t\r", *s->at) == NULL) {
		s->last = *s->at;
		if (s->first == '\0')
			s->first = *s->at;
	}
	s->at++;
}

int
syncgate_snippet_complete(const char *text, int python)
{
	struct scan s = { .at = text, .python = python };

	while (*s.at != '\0') {
		if (*s.at == '\n')
			end_line(&s);
		else if (python ? *s.at == '#' : looking_at(&s, "/*") ||
		    looking_at(&s, "//"))
			skip_comment(&s);
		else if (*s.at == '"' || *s.at == '\'') {
			s.last = *s.at;
			if (s.first == '\0')
				s.first = *s.at;
			skip_string(&s);
		} else
			take_mark(&s);
	}
	return s.depth == 0 && !s.open && !s.joined && (!s.block || s.blank);
}
