/*
 * side_filter_add.h: rules from texts.
 *
 * All functions return 0, or -1 and a text in ERROR, of ERROR_N bytes, that
 * says what is wrong with which rule; the rules before that have been added.
 * They are called before the filter is in a folder.
 */
#ifndef RSYNC_SIDE_FILTER_ADD_H
#define RSYNC_SIDE_FILTER_ADD_H

#include "side_filter_rule.h"

/* What the lines of a text are. */
#define RS_AS_RULES	0
#define RS_AS_EXCLUDE	RS_OLD			/* as of exclude-from */
#define RS_AS_INCLUDE	(RS_OLD | RS_INCLUDE)	/* ... include-from */

/* ---- Single rules ------------------------------------------------------------- */

static inline void
rs_append(struct rs_list *list, struct rs_rule *rule)
{
	if (list->first == NULL)
		list->first = rule;
	else
		list->last->next = rule;
	list->last = rule;
}

/* How the pattern of RULE, its text of N bytes, is to be matched. */
static inline void
rs_work_out(struct rs_rule *rule, size_t n)
{
	const char *text = rule->text, *p;
	const char *deep = strstr(text, "**");
	int slashes = 0, floating;

	if (n >= 3 && strcmp(text + n - 3, "***") == 0)
		rule->flags |= RS_BEHIND;
	if (n > 1 && text[n - 1] == '/') {
		rule->flags |= RS_FOLDERS;
		n--;
	}
	for (p = text; p < text + n; p++)
		slashes += *p == '/';
	if (text[0] == '/')
		rule->flags |= RS_ANCHORED;
	else if (deep == NULL && slashes == 0)
		rule->flags |= RS_LAST;
	else if (deep == NULL)
		rule->elements = slashes + 1;
	floating = deep != NULL && deep != text && text[0] != '/';
	/* A slash before the text lets a first "**" and slash match nothing. */
	if (floating || (deep == text && !(rule->flags & RS_ABSOLUTE)))
		rule->flags |= RS_BEFORE;
	rule->literal = text + (text[0] == '/');
	rule->literal_n = n - (text[0] == '/');
	if (text[strcspn(text, "*?[")] != '\0') {
		rule->flags |= RS_IS_WILD;
		rs_wild_make(&rule->wild, rule->literal, rule->literal_n,
		    floating);
	}
}

/* What a rule of N bytes takes, at most: with tokens, and sets of its [...]. */
static inline size_t
rs_rule_bytes(size_t n)
{
	return sizeof(struct rs_rule) + 16 * (n + 4);
}

/* A rule of the N bytes at TEXT, which have no NUL. */
static inline struct rs_rule *
rs_make_rule(const struct rs_parse *c, int flags, const char *text, size_t n)
{
	struct rs_rule *rule = rs_resize(NULL, sizeof(*rule) + n + 1);
	int sides = flags & (RS_SENDER | RS_RECEIVER);

	memset(rule, 0, sizeof(*rule));
	memcpy(rule->text, text, n);
	rule->text[n] = '\0';
	rule->flags = flags & 0xffff;
	if (sides == 0)
		sides = c->f->options & RS_DELETE_EXCLUDED ? RS_SENDER :
		    RS_SENDER | RS_RECEIVER;
	rule->sides = sides;
	rule->base = flags & RS_ABSOLUTE ? 1 : c->base;
	rule->older = c->f->made;
	c->f->made = rule;
	c->f->bytes += rs_rule_bytes(n);
	rs_append(c->list, rule);
	return rule;
}

static inline void
rs_add_pattern(const struct rs_parse *c, int flags, const char *text, size_t n)
{
	rs_work_out(rs_make_rule(c, flags, text, n), n);
}

/* The dir-merge rule with FLAGS for files called as the N bytes at TEXT. */
static inline int
rs_add_per_folder(const struct rs_parse *c, int flags, const char *text,
    size_t n)
{
	struct rs_filter *f = c->f;
	size_t above = text[0] == '/', name_n = n - above;
	const char *name = text + above;
	struct rs_rule *rule;
	int i;

	if (name_n == 0 || memchr(name, '/', name_n) != NULL ||
	    (name[0] == '.' && name_n == 1) ||
	    (name_n == 2 && memcmp(name, "..", 2) == 0))
		return rs_wrong(c, "it must have the name of a file, with "
		    "no more than a slash before it", NULL);
	for (i = 0; i < f->merges_n; i++)
		if (strlen(f->merges[i].name) == name_n &&
		    memcmp(f->merges[i].name, name, name_n) == 0)
			return 0;	/* as rsync: the first place counts */
	if (f->merges_n == RS_MERGES_MOST)
		return rs_wrong(c, "too many dir-merge rules", NULL);
	rule = rs_make_rule(c, flags | (above ? RS_ABOVE : 0), text, n);
	rule->merge = f->merges_n++;
	f->merges[rule->merge].name = rule->text + above;
	f->merges[rule->merge].flags = rule->flags;
	f->merges[rule->merge].rules = NULL;
	return 0;
}

static inline int rs_add_lines(struct rs_parse *c, const char *text, size_t n);

/* The rules of the file that a merge rule with FLAGS names. */
static inline int
rs_add_file(const struct rs_parse *c, int flags, const char *text, size_t n)
{
	struct rs_parse file = *c;
	char *name = rs_resize(NULL, n + 1), *content = NULL;
	int rc;

	memcpy(name, text, n);
	name[n] = '\0';
	errno = ENOSYS;
	if (c->depth < RS_DEPTH_MOST && c->f->read != NULL)
		content = c->f->read(c->f->baton, name, &n);
	if (c->depth == RS_DEPTH_MOST) {
		rc = rs_wrong(c, "too many files in files", NULL);
	} else if (content == NULL) {
		rc = rs_wrong(c, "cannot read the file: ", strerror(errno));
	} else {
		file.name = name;
		file.line = 0;
		file.depth++;
		file.given = flags & (RS_GIVEN | RS_PLAIN | RS_INCLUDE |
		    RS_WORDS);
		rc = rs_add_lines(&file, content, n);
	}
	free(content);
	free(name);
	return rc;
}

/* The merge rule with FLAGS of the file that the N bytes at TEXT name. */
static inline int
rs_add_merge(const struct rs_parse *c, int flags, const char *text, size_t n)
{
	const char *name = text + n;

	if (c->in_folder)
		return rs_wrong(c, "a folder's merge file cannot name "
		    "further ones", NULL);
	while (name > text && name[-1] != '/')
		name--;
	if (flags & RS_SELF && name < text + n)
		rs_add_pattern(c, 0, name, (size_t)(text + n - name));
	return flags & RS_PER_FOLDER ? rs_add_per_folder(c, flags, text, n) :
	    rs_add_file(c, flags, text, n);
}

static inline void
rs_clear(const struct rs_parse *c)
{
	memset(c->list, 0, sizeof(*c->list));
	if (!c->in_folder)
		c->f->merges_n = 0;
}

/* What is before the pattern at *P: its flags. */
static inline int
rs_before(const struct rs_parse *c, int *flags, const char **p,
    const char *end)
{
	size_t n = (size_t)(end - *p);

	*flags = c->given & (RS_GIVEN | RS_INCLUDE);
	if (!(c->given & (RS_OLD | RS_PLAIN)))
		return rs_prefix(c, flags, p, end);
	if (c->given & RS_OLD && n == 1 && **p == '!') {
		*flags = RS_CLEAR;
		++*p;
	} else if (c->given & RS_OLD && n > 1 && (*p)[1] == ' ' &&
	    (**p == '-' || **p == '+')) {
		*flags = **p == '+' ? RS_INCLUDE : 0;
		*p += 2;
	}
	return 0;
}

/* The rule at *P, up to END or, of words, the next blank; *P goes behind. */
static inline int
rs_add_rule(struct rs_parse *c, const char **p, const char *end)
{
	const char *text;
	size_t n;
	int flags;

	for (c->rule = text = *p; text < end && *text != '\n'; text++)
		;
	c->rule_n = (size_t)(text - c->rule);

	if (rs_before(c, &flags, p, end) != 0)
		return -1;
	text = *p;
	while (*p < end && !(c->given & RS_WORDS && rs_is_blank(**p)))
		++*p;
	n = (size_t)(*p - text);
	if (flags & RS_CLEAR && n == 0) {
		rs_clear(c);
		return 0;
	}
	if (flags & RS_CLEAR)
		return rs_wrong(c, "nothing may be behind it", NULL);
	if (n == 0)
		return rs_wrong(c, "it has no pattern", NULL);
	if (n > RS_PATTERN_MOST || memchr(text, '\0', n) != NULL)
		return rs_wrong(c, "its pattern is too long, or has a NUL",
		    NULL);
	if (c->f->bytes + rs_rule_bytes(n) > RS_RULES_MOST)
		return rs_wrong(c, "too many rules", NULL);
	if (flags & RS_MERGE)
		return rs_add_merge(c, flags, text, n);
	rs_add_pattern(c, flags, text, n);
	return 0;
}

/* ---- Texts -------------------------------------------------------------------- */

static inline int
rs_add_words(struct rs_parse *c, const char *text, const char *end)
{
	c->line = 1;
	for (;;) {
		for (; text < end && rs_is_blank(*text); text++)
			c->line += *text == '\n';
		if (text == end)
			return 0;
		if (rs_add_rule(c, &text, end) != 0)
			return -1;
	}
}

/* All rules of a text of N bytes; empty lines and comments are none. */
static inline int
rs_add_lines(struct rs_parse *c, const char *text, size_t n)
{
	const char *end = text + n, *p, *stop;
	int nul = c->f->options & RS_NUL;

	if (c->given & RS_WORDS)
		return rs_add_words(c, text, end);
	for (c->line = 1; text < end; c->line++) {
		for (stop = text; stop < end; stop++)
			if (nul ? *stop == '\0' :
			    *stop == '\n' || *stop == '\r')
				break;
		p = text;
		if (p < stop && *p != '#' && *p != ';' &&
		    rs_add_rule(c, &p, stop) != 0)
			return -1;
		if (end - stop > 1 && stop[0] == '\r' && stop[1] == '\n')
			stop++;
		text = stop + 1;
	}
	return 0;
}

static inline void
rs_parse_init(struct rs_parse *c, struct rs_filter *f, int given, char *error,
    size_t error_n)
{
	memset(c, 0, sizeof(*c));
	c->f = f;
	c->list = &f->rules;
	c->given = given;
	c->base = f->root;
	c->error = error;
	c->error_n = error_n;
}

static inline int
rs_add_as(struct rs_filter *f, const char *rule, int how, char *error,
    size_t error_n)
{
	struct rs_parse c;

	rs_parse_init(&c, f, how, error, error_n);
	return rs_add_rule(&c, &rule, rule + strlen(rule));
}

/* Add one RULE: what rsync's --filter takes. */
static inline int
rs_filter_add(struct rs_filter *f, const char *rule, char *error,
    size_t error_n)
{
	return rs_add_as(f, rule, RS_AS_RULES, error, error_n);
}

/* What --exclude and --include take. */
static inline int
rs_filter_add_exclude(struct rs_filter *f, const char *pattern, char *error,
    size_t error_n)
{
	return rs_add_as(f, pattern, RS_AS_EXCLUDE, error, error_n);
}

static inline int
rs_filter_add_include(struct rs_filter *f, const char *pattern, char *error,
    size_t error_n)
{
	return rs_add_as(f, pattern, RS_AS_INCLUDE, error, error_n);
}

/*
 * Add what is in the file NAME (for messages), TEXT of N bytes, whose lines are
 * RS_AS_...: what --exclude-from, --include-from and a merge rule take.
 */
static inline int
rs_filter_add_text(struct rs_filter *f, const char *name, const char *text,
    size_t n, int how, char *error, size_t error_n)
{
	struct rs_parse c;

	rs_parse_init(&c, f, how, error, error_n);
	c.name = name;
	return rs_add_lines(&c, text, n);
}

/* ---- And back ----------------------------------------------------------------- */

/* The size of what rs_rule_text() writes. */
#define RS_RULE_TEXT	(RS_PATTERN_MOST + 16)

/*
 * RULE, one of filter.rules, as rs_filter_add() takes it, into OUT: so the
 * rules of one filter, of which files have been read here, get to another, at
 * another machine, with the same options.
 */
static inline void
rs_rule_text(const struct rs_rule *rule, char out[RS_RULE_TEXT])
{
	static const struct {
		int flag;
		char letter;
	} letters[] = { { RS_SENDER, 's' }, { RS_RECEIVER, 'r' },
	    { RS_ABSOLUTE, '/' }, { RS_PERISHABLE, 'p' }, { RS_NOT, '!' },
	    { RS_WORDS, 'w' }, { RS_OWN, 'n' } };
	char *p = out;
	size_t i;

	if (rule->flags & RS_PER_FOLDER)
		*p++ = ':';
	if (!(rule->flags & RS_PER_FOLDER) || rule->flags & RS_PLAIN)
		*p++ = rule->flags & RS_INCLUDE ? '+' : '-';
	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (rule->flags & letters[i].flag)
			*p++ = letters[i].letter;
	*p++ = ' ';
	snprintf(p, RS_PATTERN_MOST + 1, "%s", rule->text);
}

#endif
