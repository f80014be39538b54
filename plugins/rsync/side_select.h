/*
 * side_select.h: what takes part, by the rules and the list of files, as both
 * sides work it out each for its own tree.
 *
 * kwargs: rules (list of str: rsync's filter rules), delete_excluded (bool),
 * from (bytes: names, a NUL behind each; or none).
 */
#ifndef RSYNC_SIDE_SELECT_H
#define RSYNC_SIDE_SELECT_H

#include "side_filter_add.h"
#include "side_filter_folder.h"
#include "side_from.h"

/* A merge file above the root, as it was found when it was first looked for:
 * before the side is confined, for afterwards it cannot be read. */
struct rs_above {
	struct rs_above *next;
	char *path, *text;		/* text: null, and */
	size_t n;
	int number;			/* this is why */
};

struct rs_selection {
	struct rs_filter filter;
	struct rs_from names, *from;	/* from: null, all */
	int root;			/* base: for merge files in folders */
	struct rs_above *above;
	int active;			/* there is something to ask */
	char *folder;			/* the last that was asked for, and */
	int in;				/* what it is; null: none */
	char *error;
	size_t error_n;
};

static inline struct rs_above *
rs_find_above(struct rs_selection *s, const char *path)
{
	struct rs_above *a;

	for (a = s->above; a != NULL; a = a->next)
		if (strcmp(a->path, path) == 0)
			return a;
	a = xn_alloc(sizeof(*a));
	a->path = xn_printf("%s", path);
	a->text = rs_read_beneath(&s->root, path, &a->n);
	a->number = errno;
	a->next = s->above;
	s->above = a;
	return a;
}

/* A filter.read: a merge file in a folder of the tree, or above it. */
static inline char *
rs_read_rules(void *baton, const char *path, size_t *n)
{
	struct rs_selection *s = baton;
	const struct rs_above *a;
	char *copy;

	if (path[0] != '/')
		return rs_read_beneath(&s->root, path, n);
	a = rs_find_above(s, path);
	errno = a->number;
	if (a->text == NULL)
		return NULL;
	copy = rs_resize(NULL, a->n + 1);
	memcpy(copy, a->text, a->n + 1);
	*n = a->n;
	return copy;
}

/* Have what is above the root be read; what is wrong with it is said when it is
 * asked for. */
static inline void
rs_selection_look_above(struct rs_selection *s)
{
	int above = 0;

	for (int i = 0; i < s->filter.merges_n; i++)
		above |= s->filter.merges[i].flags & RS_ABOVE;
	if (!above || s->root == -1)
		return;
	(void)rs_filter_folder(&s->filter, "", s->error, s->error_n);
	rs_filter_no_folder(&s->filter);
}

static inline void
rs_selection_rules(struct rs_selection *s, const xn_value *rules)
{
	for (unsigned int i = 0; rules != NULL && i < rules->size; i++) {
		const xn_value *rule = xn_value_item(rules, i);
		char *text;

		if (rule->kind != XN_BYTES || memchr(rule->u.bytes, 0,
		    rule->size) != NULL)
			xn_fail("a rule is no text");
		text = rs_resize(NULL, rule->size + 1);
		memcpy(text, rule->u.bytes, rule->size);
		text[rule->size] = '\0';
		if (rs_filter_add(&s->filter, text, s->error, s->error_n) != 0)
			xn_fail("%s", s->error);
		free(text);
		s->active = 1;
	}
}

/* Before the side is confined. */
static inline void
rs_selection_open(struct rs_selection *s, int root, const char *path,
    const xn_value *kwargs)
{
	const xn_value *from = xn_value_get(kwargs, "from");

	s->error_n = 512;
	s->error = xn_alloc(s->error_n);
	s->root = root;
	rs_filter_init(&s->filter, path, xn_value_bool(kwargs,
	    "delete_excluded", 0) ? RS_DELETE_EXCLUDED : 0);
	s->filter.read = rs_read_rules;
	s->filter.baton = s;
	rs_selection_rules(s, xn_value_get(kwargs, "rules"));
	rs_selection_look_above(s);
	if (from == NULL || from->kind != XN_BYTES)
		return;
	if (rs_from_make(&s->names, (const char *)from->u.bytes, from->size, 1,
	    0, s->error, s->error_n) != 0)
		xn_fail("files-from: %s", s->error);
	s->from = &s->names;
	s->active = 1;
}

static inline void
rs_selection_close(struct rs_selection *s)
{
	if (s->from != NULL)
		rs_from_free(s->from);
	if (s->error != NULL)
		rs_filter_free(&s->filter);
	for (const struct rs_above *a = s->above; a != NULL; a = a->next)
		free(a->text);
	xn_free(s->folder);
}

/* What rs_select() says of the folder PATH, whose folders were asked before. */
static inline int
rs_selected_folder(struct rs_selection *s, const char *path)
{
	int in = rs_select(&s->filter, s->from, "", 1, 0);
	char *part;
	size_t n = 0;

	if (s->from == NULL || path[0] == '\0')
		return in;
	part = rs_join(path, "");
	do {
		char kept;

		n += n > 0;
		n += strcspn(part + n, "/");
		kept = part[n];
		part[n] = '\0';
		in = rs_select(&s->filter, s->from, part, 1, in);
		part[n] = kept;
	} while (part[n] != '\0');
	xn_free(part);
	return in;
}

/*
 * Mark what of LIST, the entries of the folder PATH, takes no part: what the
 * folder is (RS_TAKEN...), or -1 and s->error says why that cannot be told.
 */
static inline int
rs_select_list(struct rs_selection *s, const char *path, xn_list *list)
{
	int n = xn_list_n(list), in;

	if (!s->active)
		return RS_TAKEN | RS_WHOLE | RS_ALL;
	if (rs_filter_folder(&s->filter, path, s->error, s->error_n) != 0)
		return -1;
	in = rs_selected_folder(s, path);
	for (int i = 0; i < n; i++) {
		xn_entry *e = xn_list_entry(list, i);
		char *whole;

		if (e->mark != 0)
			continue;
		whole = rs_join(path, e->name);
		if (rs_select(&s->filter, s->from, whole, e->type == 'd',
		    in) == 0)
			e->mark = RS_SKIP;
		xn_free(whole);
	}
	return in;
}

/* What the folder PATH is, by itself and all above it: 0: it takes no part. */
static inline int
rs_select_folder(struct rs_selection *s, const char *path)
{
	int in = rs_select(&s->filter, s->from, "", 1, 0);
	char *part, *parent;
	size_t n = 0;

	if (s->folder != NULL && strcmp(s->folder, path) == 0)
		return s->in;
	part = rs_join(path, "");
	while (in != 0 && path[n] != '\0') {
		parent = rs_join(path, "");
		parent[n] = '\0';
		n += n > 0;
		n += strcspn(path + n, "/");
		part[n] = '\0';
		in = rs_filter_folder(&s->filter, parent, s->error,
		    s->error_n) != 0 ? 0 : rs_select(&s->filter, s->from, part,
		    1, in);
		part[n] = path[n];
		xn_free(parent);
	}
	xn_free(part);
	xn_free(s->folder);
	s->folder = rs_join(path, "");
	s->in = in;
	return in;
}

/*
 * Does PATH, somebody else's word, take part: 1, or 0.  A target that asks for
 * what was left out gets nothing of it.
 */
static inline int
rs_takes(struct rs_selection *s, const char *path, int is_folder)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int in;

	if (!s->active || path[0] == '\0')
		return 1;
	if (!rs_is_clean(path))
		return 0;
	folder = rs_join(path, "");
	folder[slash == NULL ? 0 : slash - path] = '\0';
	in = rs_select_folder(s, folder);
	in = in != 0 && rs_filter_folder(&s->filter, folder, s->error,
	    s->error_n) == 0 && rs_select(&s->filter, s->from, path, is_folder,
	    in) != 0;
	xn_free(folder);
	return in;
}

/* Must PATH be kept at the target although the source does not have it? */
static inline int
rs_is_protected(struct rs_selection *s, const char *path, int is_folder,
    int going)
{
	return s->active && rs_filter_protects(&s->filter, path, is_folder,
	    going);
}

#endif
