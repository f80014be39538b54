/*
 * git_fsfs_node.c: what a revision changed, and the files that it has now.
 *
 * The item with the changes has two lines for each path, the second of which is
 * empty if it was not copied:
 *
 *	ID ACTION-KIND TEXT PROPS [MERGEINFO] /path	(true or false)
 *	REV /from
 *
 * A node is lines "name: value" and an empty one; of these are needed
 *
 *	type: file
 *	text: REV NUMBER SIZE LENGTH MD5 ...		(without: it is empty)
 *	props: the same					(without: there are
 *							none)
 *	cpath: /path		where it was made
 *
 * Whatever changed at a path of this revision was made there in it.
 */
#include "plugins/svnhotsync/git_fsfs_internal.h"

#include <string.h>

#include <apr_strings.h>

/* ---- Changes ----------------------------------------------------------- */

static const struct {
	const char *name;
	svn_fs_path_change_kind_t kind;
} actions[] = {
	{ "modify-", svn_fs_path_change_modify },
	{ "add-", svn_fs_path_change_add },
	{ "delete-", svn_fs_path_change_delete },
	{ "replace-", svn_fs_path_change_replace },
};

/* Is TEXT, a word, at *AT?  Then *AT is behind it and the blank. */
static int
take_word(const char **at, const char *text)
{
	apr_size_t n = strlen(text);

	if (strncmp(*at, text, n) != 0 || (*at)[n] != ' ')
		return 0;
	*at += n + 1;
	return 1;
}

static int
take_flag(int *flag, const char **at)
{
	*flag = take_word(at, "true");
	return *flag || take_word(at, "false");
}

static int
take_action(struct svngit_change *c, const char **at)
{
	for (apr_size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		apr_size_t n = strlen(actions[i].name);

		if (strncmp(*at, actions[i].name, n) != 0)
			continue;
		*at += n;
		c->kind = actions[i].kind;
		c->node = take_word(at, "file") ? svn_node_file :
		    take_word(at, "dir") ? svn_node_dir : svn_node_unknown;
		return c->node != svn_node_unknown;
	}
	return 0;
}

/* "REV /path" up to END: what C was copied from. */
static int
take_origin(struct svngit_change *c, const char *at, const char *end,
    apr_pool_t *pool)
{
	apr_uint64_t rev;

	if (at == end)
		return 1;
	if (!svngit_fsfs_number(&rev, &at) || *at++ != ' ' || *at++ != '/' ||
	    at > end)
		return 0;
	if (!svngit_change_is_new(c))
		return 1;
	c->from = apr_pstrmemdup(pool, at, (apr_size_t)(end - at));
	c->from_rev = (svn_revnum_t)rev;
	return 1;
}

/* The two lines at *AT, before END. */
static int
take_change(struct svngit_change *top, const char **at, const char *end,
    apr_pool_t *pool)
{
	const char *line = *at, *eol = memchr(line, '\n',
	    (apr_size_t)(end - line)), *second;
	struct svngit_change c = { .listed = 1 }, *to;
	int unused;

	if (eol == NULL || (second = memchr(eol + 1, '\n',
	    (apr_size_t)(end - eol - 1))) == NULL)
		return 0;
	*at = second + 1;
	line += strcspn(line, " \n");
	if (*line++ != ' ' || !take_action(&c, &line) ||
	    !take_flag(&c.text, &line) || !take_flag(&c.props, &line))
		return 0;
	if (*line != '/' && !take_flag(&unused, &line))
		return 0;
	if (*line != '/' || line > eol ||
	    !take_origin(&c, eol + 1, second, pool))
		return 0;
	to = svngit_change_at(top, apr_pstrmemdup(pool, line,
	    (apr_size_t)(eol - line)), pool);
	c.name = to->name;
	c.below = to->below;
	if (c.kind == svn_fs_path_change_delete)
		c.node = svn_node_none;
	*to = c;
	return 1;
}

int
svngit_fsfs_changes(struct svngit_change **top, svngit_fsfs_t *fsfs,
    apr_pool_t *pool)
{
	const struct svngit_item *item = NULL;
	const char *at, *end;

	for (apr_size_t i = 0; i < fsfs->file.n; i++)
		if (fsfs->file.items[i].kind == SVNGIT_ITEM_CHANGES)
			item = &fsfs->file.items[i];
	if (item == NULL || !svngit_fsfs_whole(&at, &fsfs->file, item,
	    fsfs->pool))
		return 0;
	*top = apr_pcalloc(pool, sizeof(**top));
	(*top)->name = "";
	end = at + item->n;
	/* An empty line ends them. */
	while (at < end && *at != '\n')
		if (!take_change(*top, &at, end, pool))
			return 0;
	return at + 1 == end;
}

/* ---- Nodes ------------------------------------------------------------- */

/* The bytes of a node. */
struct text {
	const char *bytes;
	apr_size_t n;
};

/* The value of NAME, which ends with a colon and a blank, among the lines of
 * TEXT; NULL: there is no such line. */
static const char *
value_of(apr_size_t *n, const struct text *text, const char *name)
{
	const char *at = text->bytes, *end = at + text->n, *eol;
	apr_size_t length = strlen(name);

	for (; at < end && (eol = memchr(at, '\n', (apr_size_t)(end - at))) !=
	    NULL && eol != at; at = eol + 1)
		if ((apr_size_t)(eol - at) >= length &&
		    memcmp(at, name, length) == 0) {
			*n = (apr_size_t)(eol - at) - length;
			return at + length;
		}
	return NULL;
}

static void
find_nodes(svngit_fsfs_t *fsfs)
{
	const struct svngit_file *file = &fsfs->file;
	const char *path, *type;
	apr_size_t n, type_n;
	struct text *text;

	fsfs->nodes = apr_hash_make(fsfs->pool);
	for (apr_size_t i = 0; i < file->n; i++) {
		const struct svngit_item *item = &file->items[i];

		if (item->kind != SVNGIT_ITEM_NODE)
			continue;
		text = apr_palloc(fsfs->pool, sizeof(*text));
		text->n = item->n;
		if (!svngit_fsfs_whole(&text->bytes, file, item,
		    fsfs->pool) ||
		    (type = value_of(&type_n, text, "type: ")) == NULL ||
		    type_n != 4 || memcmp(type, "file", 4) != 0 ||
		    (path = value_of(&n, text, "cpath: ")) == NULL || n < 2)
			continue;
		apr_hash_set(fsfs->nodes, path + 1, (apr_ssize_t)n - 1, text);
	}
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : -1;
}

/* "REV NUMBER SIZE LENGTH MD5" at AT. */
static int
parse_rep(struct svngit_rep *rep, const char *at)
{
	apr_uint64_t rev, size;

	if (!svngit_fsfs_number(&rev, &at) || *at++ != ' ' ||
	    !svngit_fsfs_number(&rep->number, &at) || *at++ != ' ' ||
	    !svngit_fsfs_number(&size, &at) || *at++ != ' ' ||
	    !svngit_fsfs_number(&rep->length, &at) || *at++ != ' ' ||
	    rep->number == 0)
		return 0;
	rep->rev = (svn_revnum_t)rev;
	for (int i = 0; i < 16; i++, at += 2) {
		int high = digit(at[0]), low = high < 0 ? -1 : digit(at[1]);

		if (low < 0)
			return 0;
		rep->md5[i] = (unsigned char)(high << 4 | low);
	}
	return 1;
}

int
svngit_fsfs_node(struct svngit_node *node, svngit_fsfs_t *fsfs,
    const char *path)
{
	const struct text *text;
	const char *value;
	apr_size_t n;

	if (fsfs->file.rev == SVN_INVALID_REVNUM)
		return 0;
	if (fsfs->nodes == NULL)
		find_nodes(fsfs);
	text = apr_hash_get(fsfs->nodes, path, APR_HASH_KEY_STRING);
	if (text == NULL)
		return 0;
	*node = (struct svngit_node){ .text.number = 0 };
	if ((value = value_of(&n, text, "text: ")) != NULL &&
	    !parse_rep(&node->text, value))
		return 0;
	return (value = value_of(&n, text, "props: ")) == NULL ||
	    parse_rep(&node->props, value);
}
