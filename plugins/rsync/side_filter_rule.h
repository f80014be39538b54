/*
 * side_filter_rule.h: how a rule is written, but for its pattern.
 *
 *	RULE [PATTERN or FILE]		one space or '_' before the pattern
 *	RULE,MODIFIERS [PATTERN ...]	the comma may be left out behind a sign
 *
 *	-  exclude	/ ! s r p		+  include	/ ! s r p
 *	H  hide   S  show   P  protect   R  risk	/ ! p
 *	.  merge	- + e n w / s r p	:  dir-merge	the same
 *	!  clear
 *
 * The modifiers x and C, and rules that need them, are not supported.
 */
#ifndef RSYNC_SIDE_FILTER_RULE_H
#define RSYNC_SIDE_FILTER_RULE_H

#include "side_filter.h"

/* Flags of a rule while it is read, and of where it is read from. */
#define RS_OLD		0x1000000	/* patterns, before which there may be
					 * "- " or "+ "; or "!" */
#define RS_CLEAR	0x2000000	/* it is "!" */
#define RS_SIDED	0x4000000	/* it says its side by its name */

/* What a merge gives to the rules in its files. */
#define RS_GIVEN	(RS_SENDER | RS_RECEIVER | RS_ABSOLUTE | RS_PERISHABLE)

/* Where rules come from, and where they go. */
struct rs_parse {
	struct rs_filter *f;
	struct rs_list *list;
	int given;		/* flags that they have, and how to read them */
	size_t base;		/* where they are anchored */
	const char *name;	/* of the file; null: no file */
	int line;		/* in it */
	int depth;		/* of files in files */
	int in_folder;		/* a file of a folder */
	const char *rule;	/* the one that is being read, for messages */
	size_t rule_n;
	char *error;
	size_t error_n;
};

/* The rule that is being read cannot be taken: WHY, and MORE or null.  -1. */
static inline int
rs_wrong(const struct rs_parse *c, const char *why, const char *more)
{
	char shown[80], place[32] = "";
	size_t i;

	for (i = 0; i < c->rule_n && i < sizeof(shown) - 1; i++)
		shown[i] = (unsigned char)c->rule[i] < ' ' ||
		    c->rule[i] == 127 ? '?' : c->rule[i];
	shown[i] = '\0';
	if (c->line > 0)
		snprintf(place, sizeof(place), "%sline %d: ",
		    c->name == NULL ? "" : ", ", c->line);
	snprintf(c->error, c->error_n, "%s%srule \"%s%s\": %s%s",
	    c->name == NULL ? "" : c->name, place, shown,
	    i < c->rule_n ? "..." : "", why, more == NULL ? "" : more);
	return -1;
}

/* ---- What a rule is ----------------------------------------------------------- */

static inline int
rs_is_blank(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

/* The sign of the rule at *P, which goes behind its name; 0: it is none. */
static inline int
rs_sign(const char **p, const char *end)
{
	static const char *const names[] = { "-exclude", "+include", "Hhide",
	    "Sshow", "Pprotect", "Rrisk", ".merge", ":dir-merge", "!clear" };
	size_t left = (size_t)(end - *p), n, i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n = strlen(names[i] + 1);
		if (left >= n && memcmp(*p, names[i] + 1, n) == 0 &&
		    (left == n || rs_is_blank((*p)[n]) || (*p)[n] == '_' ||
		    (*p)[n] == ',')) {
			*p += n;
			return names[i][0];
		}
	}
	if (left == 0 || **p == '\0' || strchr("-+HSPR.:!", **p) == NULL)
		return 0;
	return *(*p)++;
}

static inline int
rs_sign_flags(int sign)
{
	switch (sign) {
	case '+':
		return RS_INCLUDE;
	case 'H':
		return RS_SENDER | RS_SIDED;
	case 'S':
		return RS_INCLUDE | RS_SENDER | RS_SIDED;
	case 'P':
		return RS_RECEIVER | RS_SIDED;
	case 'R':
		return RS_INCLUDE | RS_RECEIVER | RS_SIDED;
	case '.':
		return RS_MERGE;
	case ':':
		return RS_MERGE | RS_PER_FOLDER;
	case '!':
		return RS_CLEAR;
	}
	return 0;
}

/* The flags of the modifier C of a rule with FLAGS; 0: it has no such one. */
static inline int
rs_modifier(int c, int flags)
{
	int merge = flags & RS_MERGE;

	switch (c) {
	case '/':
		return RS_ABSOLUTE;
	case 'p':
		return RS_PERISHABLE;
	case '!':
		return merge ? 0 : RS_NOT;
	case 's':
		return flags & RS_SIDED ? 0 : RS_SENDER;
	case 'r':
		return flags & RS_SIDED ? 0 : RS_RECEIVER;
	case '-':
		return merge && !(flags & RS_PLAIN) ? RS_PLAIN : 0;
	case '+':
		return merge && !(flags & RS_PLAIN) ? RS_PLAIN | RS_INCLUDE : 0;
	case 'e':
		return merge ? RS_SELF : 0;
	case 'n':
		return merge ? RS_OWN : 0;
	case 'w':
		return merge ? RS_WORDS : 0;
	}
	return 0;
}

/* The modifiers at *P into FLAGS, and the space behind them. */
static inline int
rs_modifiers(const struct rs_parse *c, int *flags, const char **p,
    const char *end)
{
	char letter[2] = "";
	int more;

	if (*p < end && **p == ',')
		++*p;
	for (; *p < end && **p != ' ' && **p != '_'; ++*p) {
		if (c->given & RS_WORDS && rs_is_blank(**p))
			break;
		more = rs_modifier(**p, *flags);
		letter[0] = **p > ' ' && **p < 127 ? **p : '?';
		if (more == 0)
			return rs_wrong(c, **p == 'x' || **p == 'C' ?
			    "not supported is the modifier " :
			    "it cannot have the modifier ", letter);
		*flags |= more;
	}
	if (*p < end)
		++*p;
	return 0;
}

/* The name and modifiers of the rule at *P, and the space behind, to FLAGS. */
static inline int
rs_prefix(const struct rs_parse *c, int *flags, const char **p,
    const char *end)
{
	int given = c->given & RS_GIVEN;
	int sign = rs_sign(p, end);

	if (sign == 0)
		return rs_wrong(c, "there is no such rule", NULL);
	*flags = rs_sign_flags(sign);
	if (*flags & RS_CLEAR) {
		if (*p < end && **p == ',')
			++*p;
		return 0;
	}
	if (rs_modifiers(c, flags, p, end) != 0)
		return -1;
	if (given & (RS_SENDER | RS_RECEIVER) &&
	    *flags & (RS_SENDER | RS_RECEIVER))
		return rs_wrong(c, "the merge rule of its file has said the "
		    "side already", NULL);
	*flags |= given;
	return 0;
}

#endif
