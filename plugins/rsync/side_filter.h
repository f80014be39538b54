/*
 * side_filter.h: which entries rules hide from a transfer, and which of the
 * target's they protect from being deleted, as rsync 3 means them.
 *
 * Rules are added by side_filter_add.h, merge files of folders read by
 * side_filter_folder.h.  Who walks a tree asks for each entry of a folder that
 * is not hidden itself; what is in a hidden one is hidden with it.
 *
 * The first rule that matches says it; none: not hidden, not protected.
 */
#ifndef RSYNC_SIDE_FILTER_H
#define RSYNC_SIDE_FILTER_H

#include "side_wild.h"

#define RS_PATTERN_MOST	4095	/* bytes of a pattern */
#define RS_RULES_MOST	(64 << 20) /* bytes of all rules of a filter at once */
#define RS_MERGES_MOST	8	/* dir-merge rules of a filter */
#define RS_DEPTH_MOST	10	/* merge files in merge files */

/*
 * Flags of a rule; of a merge: what the rules in its files have unless they say
 * otherwise.
 */
#define RS_INCLUDE	0x0001
#define RS_SENDER	0x0002	/* said to be for one side; none: for both */
#define RS_RECEIVER	0x0004
#define RS_ABSOLUTE	0x0008	/* "/": matched with the absolute path */
#define RS_PERISHABLE	0x0010	/* "p": not in what is being deleted */
#define RS_NOT		0x0020	/* "!": what does not match, matches */
/* Of merges alone. */
#define RS_MERGE	0x0100
#define RS_PER_FOLDER	0x0200
#define RS_ABOVE	0x0400	/* also in the folders above the root */
#define RS_PLAIN	0x0800	/* "-", "+": its lines are patterns alone */
#define RS_WORDS	0x1000	/* "w": words instead of lines */
#define RS_OWN		0x2000	/* "n": not for folders in the folder */
#define RS_SELF		0x4000	/* "e": hides the file itself */
/* How a pattern is matched: worked out once. */
#define RS_ANCHORED	0x010000
#define RS_IS_WILD	0x020000
#define RS_FOLDERS	0x040000	/* folders alone */
#define RS_LAST		0x080000	/* with the last name of the path */
#define RS_BEFORE	0x100000	/* with the slash before the text, too */
#define RS_BEHIND	0x200000	/* ... behind it, if it is a folder */

struct rs_rule {
	struct rs_rule *next;	/* of its list */
	struct rs_rule *older;	/* that was made before it, of any list */
	int flags;
	int sides;		/* RS_SENDER, RS_RECEIVER: where it counts */
	int elements;		/* with how many last names of the path it is
				 * matched; 0: with all of it, or RS_LAST */
	int merge;		/* RS_PER_FOLDER: which of the filter's merges */
	size_t base;		/* where it is anchored in the filter's path */
	const char *literal;	/* what it is compared with: in text */
	size_t literal_n;
	rs_wild wild;		/* RS_IS_WILD: instead */
	char text[];		/* the pattern, or a merge's name, as given */
};

/* Rules in their order: the list's own, then those that it inherits. */
struct rs_list {
	struct rs_rule *first, *last, *inherited;
};

struct rs_merge {
	const char *name;	/* of the file, in each folder; in its rule */
	int flags;
	struct rs_rule *rules;	/* for the folder that the filter is in */
};

/* What there was when a folder was entered. */
struct rs_level {
	size_t n;		/* the length of its path in filter.folder */
	struct rs_rule *made;
	size_t bytes;
	struct rs_rule *rules[RS_MERGES_MOST];
};

/*
 * Read the merge file PATH: malloc'ed, its size in *N; null and errno (ENOENT:
 * there is none).  A relative PATH is beneath the root, but for that of a
 * `merge` rule, which is as the user wrote it.
 */
typedef char *rs_read(void *baton, const char *path, size_t *n);

/* Options of a filter. */
#define RS_DELETE_EXCLUDED 1	/* rules without a side are the sender's */
#define RS_NUL		2	/* texts have NULs at the ends of lines */

struct rs_filter {
	struct rs_list rules;
	struct rs_rule *made;	/* the newest rule of all */
	size_t bytes;		/* what they all take, at most */
	int options;
	rs_read *read;		/* may be null: then no merge can be read */
	void *baton;
	struct rs_merge merges[RS_MERGES_MOST];
	int merges_n;
	char *path;		/* "/ROOT/PATH/", or "/PATH/" when ROOT is "/";
				 * PATH is what was last asked about */
	size_t root;		/* where PATH begins in it */
	size_t n;		/* where it ends */
	size_t last;		/* where its last name begins */
	size_t size;		/* of its memory */
	char *folder;		/* where the filter is: side_filter_folder.h */
	struct rs_level *levels; /* depth of them, the root's first */
	int depth;
};

static inline void *
rs_resize(void *p, size_t n)
{
	p = realloc(p, n);
	if (p == NULL)
		xn_fail("out of memory");
	return p;
}

/* ---- Its life ---------------------------------------------------------------- */

/*
 * A filter without rules for what is beneath ROOT, an absolute path.  Whatever
 * is done with it fails if there is no memory.
 */
static inline void
rs_filter_init(struct rs_filter *f, const char *root, int options)
{
	size_t n = strlen(root);

	memset(f, 0, sizeof(*f));
	f->options = options;
	while (n > 0 && root[n - 1] == '/')
		n--;
	f->root = n + 1;
	f->size = n + 256;
	f->path = rs_resize(NULL, f->size);
	memcpy(f->path, root, n);
	f->path[n] = '/';
}

/* Free the rules that were made after KEPT. */
static inline void
rs_forget(struct rs_filter *f, struct rs_rule *kept)
{
	struct rs_rule *rule;

	while (f->made != kept) {
		rule = f->made;
		f->made = rule->older;
		rs_wild_free(&rule->wild);
		free(rule);
	}
}

static inline void
rs_filter_free(struct rs_filter *f)
{
	rs_forget(f, NULL);
	free(f->path);
	free(f->folder);
	free(f->levels);
	memset(f, 0, sizeof(*f));
}

/* ---- Matching ---------------------------------------------------------------- */

/* Let F be asked about PATH. */
static inline void
rs_ask(struct rs_filter *f, const char *path)
{
	size_t n = strlen(path);
	const char *slash = strrchr(path, '/');

	if (f->root + n + 2 > f->size) {
		f->size = f->root + 2 * n + 2;
		f->path = rs_resize(f->path, f->size);
	}
	f->n = f->root + n;
	f->last = slash == NULL ? f->root : f->root +
	    (size_t)(slash + 1 - path);
	memcpy(f->path + f->root, path, n);
	memcpy(f->path + f->n, "/", 2);
}

/* Where the last COUNT names of what is from BEGIN on begin; 0: it has less. */
static inline size_t
rs_elements(const struct rs_filter *f, size_t begin, int count)
{
	size_t at = f->n;

	for (; at > begin; at--)
		if (f->path[at - 1] == '/' && --count == 0)
			return at;
	return count == 1 ? begin : 0;
}

static inline int
rs_literal_matches(const struct rs_filter *f, const struct rs_rule *rule,
    size_t begin)
{
	size_t at = f->n - rule->literal_n;

	if (f->n < begin + rule->literal_n ||
	    (rule->flags & RS_ANCHORED ? at != begin : f->path[at - 1] != '/'))
		return 0;
	return memcmp(f->path + at, rule->literal, rule->literal_n) == 0;
}

/* Does the pattern of RULE match the path that was asked about? */
static inline int
rs_rule_matches(const struct rs_filter *f, const struct rs_rule *rule,
    int is_folder)
{
	size_t begin = rule->flags & RS_ANCHORED ? rule->base :
	    rule->flags & RS_ABSOLUTE ? 1 : f->root, end = f->n;

	if (rule->flags & RS_FOLDERS && !is_folder)
		return 0;
	if (!(rule->flags & RS_IS_WILD))
		return rs_literal_matches(f, rule, begin);
	if (rule->flags & RS_LAST)
		begin = f->last;
	else if (rule->elements > 0)
		begin = rs_elements(f, begin, rule->elements);
	if (begin == 0 || begin > end)
		return 0;
	if (rule->flags & RS_BEFORE)
		begin--;
	if (rule->flags & RS_BEHIND && is_folder)
		end++;
	return rs_wild_match(&rule->wild, f->path + begin, end - begin);
}

/*
 * The first of the rules from RULE on that counts at SIDE and matches: 1 if it
 * includes, -1 if it excludes, 0 if none does.  Without those with a flag SKIP.
 */
static inline int
rs_judge(const struct rs_filter *f, const struct rs_rule *rule, int side,
    int is_folder, int skip)
{
	int found;

	for (; rule != NULL; rule = rule->next) {
		if (rule->flags & RS_PER_FOLDER) {
			found = rs_judge(f, f->merges[rule->merge].rules, side,
			    is_folder, skip);
			if (found != 0)
				return found;
		} else if (rule->sides & side && !(rule->flags & skip) &&
		    rs_rule_matches(f, rule, is_folder) ==
		    !(rule->flags & RS_NOT)) {
			return rule->flags & RS_INCLUDE ? 1 : -1;
		}
	}
	return 0;
}

/*
 * The sender's view: is PATH (relative to the root, without a slash before or
 * behind it) left out of the transfer?  The root, "", never is.
 */
static inline int
rs_filter_hides(struct rs_filter *f, const char *path, int is_folder)
{
	if (f->rules.first == NULL || path[0] == '\0')
		return 0;
	rs_ask(f, path);
	return rs_judge(f, f->rules.first, RS_SENDER, is_folder, 0) < 0;
}

/*
 * The receiver's view: must PATH, which the sender does not have, be kept?
 * GOING: it is in a folder that is itself being deleted, where perishable rules
 * do not count.  A folder in which something is kept is kept, too.
 */
static inline int
rs_filter_protects(struct rs_filter *f, const char *path, int is_folder,
    int going)
{
	if (f->rules.first == NULL || path[0] == '\0')
		return 0;
	rs_ask(f, path);
	return rs_judge(f, f->rules.first, RS_RECEIVER, is_folder,
	    going ? RS_PERISHABLE : 0) < 0;
}

#endif
