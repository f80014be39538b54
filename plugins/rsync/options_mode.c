/*
 * options_mode.c: what chmod says, as rsync's --chmod means it.
 *
 * A rule is one or more of D (folders alone), F (all else alone), u, g, o and a,
 * then +, - or =, then letters of rwxXst, or one of u, g and o: what that has.
 * Or D, F and an octal number.  Rules are separated by commas.
 */
#include "plugins/rsync/options_inside.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "plugins/rsync/side_keep.h"

/* A rule while it is read. */
struct rule {
	int flags;			/* RS_MODE_* */
	int where;			/* 0100, 0010, 0001: of whom */
	int top;			/* their setuid and setgid */
	int op;				/* '+', '-', '=', or '0': a number */
	int what, sticky;		/* bits for each, and others */
	int copy;			/* shift of whose bits, -1: none */
};

/* The bits that are not given where a rule does not say to whom. */
static int
read_umask(apr_pool_t *pool)
{
	apr_file_t *file;
	char line[256];
	int mask = 022;

	if (apr_file_open(&file, "/proc/self/status", APR_READ |
	    APR_BUFFERED, 0, pool) != APR_SUCCESS)
		return mask;
	while (apr_file_gets(line, sizeof(line), file) == APR_SUCCESS)
		if (strncmp(line, "Umask:", 6) == 0)
			mask = (int)apr_strtoi64(line + 6, NULL, 8);
	apr_file_close(file);
	return mask & 0777;
}

static int
read_who(struct rule *rule, int c)
{
	static const struct {
		char c;
		int where, top;
	} all[] = { { 'u', 0100, 04000 }, { 'g', 0010, 02000 },
	    { 'o', 0001, 0 }, { 'a', 0111, 06000 } };

	if (c == 'D' || c == 'F') {
		rule->flags |= c == 'D' ? RS_MODE_FOLDERS : RS_MODE_FILES;
		return (rule->flags & RS_MODE_FOLDERS) == 0 ||
		    (rule->flags & RS_MODE_FILES) == 0;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].c == c) {
			rule->where |= all[i].where;
			rule->top |= all[i].top;
			return 1;
		}
	return 0;
}

static int
read_what(struct rule *rule, int c)
{
	static const char who[] = "ogu", bits[] = "xwr";
	const char *found;

	if (rule->copy != -1)
		return 0;
	if ((found = strchr(bits, c == 'X' ? 'x' : c)) != NULL) {
		rule->what |= 1 << (found - bits);
		rule->flags |= c == 'X' ? RS_MODE_X : 0;
	} else if (c == 's') {
		rule->sticky |= rule->top != 0 ? rule->top : 04000;
	} else if (c == 't') {
		rule->sticky |= 01000;
	} else if ((found = strchr(who, c)) != NULL) {
		rule->copy = 3 * (int)(found - who);
		return rule->what == 0 && rule->sticky == 0;
	} else {
		return 0;
	}
	return 1;
}

/* Take the N characters at TEXT apart; 0 if they are no rule. */
static int
read_rule(struct rule *rule, const char *text, size_t n)
{
	size_t i = 0;

	memset(rule, 0, sizeof(*rule));
	rule->copy = -1;
	while (i < n && strchr("+-=01234567", text[i]) == NULL)
		if (!read_who(rule, text[i++]))
			return 0;
	if (i == n)
		return 0;
	if (strchr("+-=", text[i]) != NULL) {
		rule->op = text[i++];
		while (i < n)
			if (!read_what(rule, text[i++]))
				return 0;
		return 1;
	}
	rule->op = '0';
	for (; i < n && text[i] >= '0' && text[i] <= '7' &&
	    rule->what <= 07777; i++)
		rule->what = rule->what * 8 + text[i] - '0';
	return i == n && rule->what <= 07777 && rule->where == 0;
}

/* The rule as the source's side has it: RS_MODE_RULE numbers. */
static const char *
rule_text(const struct rule *rule, int mask, apr_pool_t *pool)
{
	int everybody = rule->where == 0;
	int where = everybody ? 0111 : rule->where;
	int allowed = everybody ? 07777 & ~mask : 07777;
	int bits = ((where * rule->what) & allowed) | rule->sticky;
	int and = 07777, or = 0, flags = rule->flags;

	if (rule->op == '0') {
		and = 0;
		or = rule->what;
	} else if (rule->op == '-') {
		and = 07777 & ~bits;
	} else {
		or = bits;
	}
	if (rule->op == '=')
		and = 07777 & ~(where * 7) & ~(rule->sticky != 0 ?
		    rule->top : 0);
	if (rule->copy != -1) {
		flags |= rule->op == '-' ? RS_MODE_TAKE : RS_MODE_GIVE;
		if (rule->op == '=')
			and = 07777 & ~(where * 7) & ~((where & 0100 ? 04000 :
			    0) | (where & 0010 ? 02000 : 0) |
			    (where & 0001 ? 01000 : 0));
	}
	return apr_psprintf(pool, "%d %d %d %d %d %d ", flags, and, or,
	    where, rule->copy == -1 ? 0 : rule->copy, allowed);
}

xn_error_t *
rsync_options_mode(const char **out, const char *text, apr_pool_t *pool)
{
	int mask = read_umask(pool);
	const char *at = text;

	*out = "";
	for (;;) {
		size_t n = strcspn(at, ",");
		struct rule rule;

		if (!read_rule(&rule, at, n))
			return xn_error_create(XN_E_CONFIG, "chmod is \"%s\": "
			    "\"%s\" is no change of modes such as Dg+s, "
			    "F0644 or go=rX", text,
			    apr_pstrndup(pool, at, n));
		*out = apr_pstrcat(pool, *out, rule_text(&rule, mask, pool),
		    NULL);
		if (at[n] == '\0')
			return NULL;
		at += n + 1;
	}
}
