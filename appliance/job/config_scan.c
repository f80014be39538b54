#include "appliance/job/config_scan.h"

#include <string.h>

/* A position in the text, and the line that it is on. */
struct scan {
	const char *at, *end;
	int line;
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

/* Past a quoted string; a backslash takes the next character with it. */
static void
skip_quoted(struct scan *s, char quote)
{
	step(s);
	while (s->at < s->end && *s->at != quote) {
		if (*s->at == '\\' && s->end - s->at > 1)
			step(s);
		step(s);
	}
	if (s->at < s->end)
		step(s);
}

static void
skip_line(struct scan *s)
{
	while (s->at < s->end && *s->at != '\n')
		step(s);
}

static void
skip_comment(struct scan *s)
{
	s->at += 2;
	while (s->at < s->end && !looking_at(s, "*/"))
		step(s);
	if (s->at < s->end)
		s->at += 2;
}

/* Can C be part of an unquoted value? */
static int
in_word(char c)
{
	return strchr(" \t\r\n\"'{}()=+,", c) == NULL;
}

int
syncgate_config_scan(const char *text, size_t n, const char **reason)
{
	struct scan s = { .at = text, .end = text + n, .line = 1 };
	int word = 0;	/* the character before belongs to a bare word */

	while (s.at < s.end) {
		int slash = looking_at(&s, "/*");

		if (*s.at == '\0') {
			*reason = "a NUL character: this is not a text file";
			return s.line;
		}
		if (word && (slash || *s.at == '#')) {
			*reason = slash ?
			    "\"/*\" would begin a comment here: "
			    "quote this value" :
			    "\"#\" would begin a comment here: "
			    "quote this value";
			return s.line;
		}
		if (slash) {
			skip_comment(&s);
		} else if (*s.at == '#' || (!word && looking_at(&s, "//"))) {
			skip_line(&s);
		} else if (*s.at == '"' || *s.at == '\'') {
			skip_quoted(&s, *s.at);
		} else {
			word = in_word(*s.at);
			step(&s);
			continue;
		}
		word = 0;
	}
	return 0;
}
