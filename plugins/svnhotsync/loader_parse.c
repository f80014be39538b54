/*
 * loader_parse.c: committing what a dump says.
 *
 * As svnadmin load does it, but that everything stays as it is: merge
 * information is not rewritten, nothing is validated, and each revision gets
 * its properties as it is committed, its date among them.
 */
#include <stdlib.h>
#include <string.h>

#include <svn_checksum.h>
#include <svn_delta.h>
#include <svn_dirent_uri.h>
#include <svn_error_codes.h>
#include <svn_hash.h>
#include <svn_pools.h>
#include <svn_props.h>

#include "plugins/svnhotsync/loader_internal.h"

#define PROPS_MOST	(128 << 20)	/* bytes; two of the largest */

/* A dump while it is parsed. */
struct parse {
	svn_fs_t *fs;
	svn_revnum_t due;		/* the next revision */
	svn_fs_txn_t *txn;		/* not yet committed; or NULL */
	apr_size_t props;		/* bytes of those of one record */
};

struct revision {
	struct parse *parse;
	svn_revnum_t rev;
	svn_fs_root_t *root;		/* of the transaction */
	apr_array_header_t *props;	/* svn_prop_t */
	int has_date;
	apr_pool_t *pool;
};

struct node {
	struct revision *revision;
	const char *path;
	const char *base, *result;	/* MD5 of its text, or NULL */
	apr_pool_t *pool;
};

/* A revision's number in a header; -1 if it is none. */
static svn_revnum_t
number_of(const char *text)
{
	return text != NULL && *text != '\0' && strlen(text) < 16 &&
	    strspn(text, "0123456789") == strlen(text) ? atol(text) : -1;
}

/* ---- Revisions ---------------------------------------------------------- */

static svn_error_t *
magic_header_record(int version, void *baton, apr_pool_t *pool)
{
	(void)version;
	(void)baton;
	(void)pool;
	return NULL;
}

/* The mirror has the source's since it was made. */
static svn_error_t *
uuid_record(const char *uuid, void *baton, apr_pool_t *pool)
{
	struct parse *parse = baton;
	const char *ours;

	SVN_ERR(svn_fs_get_uuid(parse->fs, &ours, pool));
	if (strcmp(uuid, ours) != 0)
		return svn_error_createf(SVN_ERR_STREAM_MALFORMED_DATA, NULL,
		    "the dump is of the repository with UUID %s, and the "
		    "mirror's is %s", uuid, ours);
	return NULL;
}

static svn_error_t *
new_revision_record(void **out, apr_hash_t *headers, void *baton,
    apr_pool_t *pool)
{
	const char *text = svn_hash_gets(headers,
	    SVN_REPOS_DUMPFILE_REVISION_NUMBER);
	struct revision *r = apr_pcalloc(pool, sizeof(*r));
	struct parse *parse = baton;
	svn_revnum_t youngest;

	*out = r;
	r->parse = parse;
	r->pool = pool;
	r->rev = number_of(text);
	parse->props = 0;
	r->props = apr_array_make(pool, 8, sizeof(svn_prop_t));
	if (r->rev == 0)
		return NULL;
	SVN_ERR(svn_fs_youngest_rev(&youngest, parse->fs, pool));
	if (r->rev != parse->due)
		return svn_error_createf(SVN_ERR_STREAM_MALFORMED_DATA, NULL,
		    "the dump has r%ld where r%ld was due", r->rev,
		    parse->due);
	if (youngest != r->rev - 1)
		return svn_error_createf(SVN_ERR_FS_CONFLICT, NULL,
		    "somebody else committed r%ld", youngest);
	SVN_ERR(svn_fs_begin_txn2(&parse->txn, parse->fs, youngest,
	    SVN_FS_TXN_CLIENT_DATE, pool));
	return svn_fs_txn_root(&r->root, parse->txn, pool);
}

/* One more property of the record that is read. */
static svn_error_t *
count_property(struct parse *parse, const char *name,
    const svn_string_t *value)
{
	parse->props += strlen(name) + (value == NULL ? 0 : value->len) + 64;
	if (parse->props <= PROPS_MOST)
		return NULL;
	return svn_error_createf(SVN_ERR_STREAM_MALFORMED_DATA, NULL,
	    "the dump has a record with more than %d bytes of properties",
	    PROPS_MOST);
}

static svn_error_t *
set_revision_property(void *baton, const char *name, const svn_string_t *value)
{
	struct revision *r = baton;
	svn_prop_t *prop;

	SVN_ERR(count_property(r->parse, name, value));
	prop = &APR_ARRAY_PUSH(r->props, svn_prop_t);
	prop->name = apr_pstrdup(r->pool, name);
	prop->value = svn_string_dup(value, r->pool);
	if (strcmp(name, SVN_PROP_REVISION_DATE) == 0)
		r->has_date = 1;
	return NULL;
}

static svn_error_t *
close_revision(void *baton)
{
	struct revision *r = baton;
	struct parse *parse = r->parse;
	const char *conflict;
	svn_revnum_t rev;

	if (r->rev == 0)
		return NULL;
	/* The transaction has the date when it began. */
	if (!r->has_date) {
		svn_prop_t *prop = &APR_ARRAY_PUSH(r->props, svn_prop_t);

		prop->name = SVN_PROP_REVISION_DATE;
		prop->value = NULL;
	}
	SVN_ERR(svn_fs_change_txn_props(parse->txn, r->props, r->pool));
	SVN_ERR(svn_fs_commit_txn(&conflict, &rev, parse->txn, r->pool));
	parse->txn = NULL;
	parse->due++;
	if (rev != r->rev)
		return svn_error_createf(SVN_ERR_FS_CONFLICT, NULL,
		    "r%ld became r%ld: somebody else committed, too", r->rev,
		    rev);
	return NULL;
}

/* ---- Nodes -------------------------------------------------------------- */

/* Its path as the file system wants it. */
static const char *
node_path(const char *text, apr_pool_t *pool)
{
	while (*text == '/')
		text++;
	return svn_relpath_canonicalize(text, pool);
}

static svn_error_t *
malformed(const struct node *node, const char *what)
{
	return svn_error_createf(SVN_ERR_STREAM_MALFORMED_DATA, NULL,
	    "the dump has '%s' %s", node->path, what);
}

/* It is a copy: of what it should be? */
static svn_error_t *
copy_node(struct node *node, apr_hash_t *headers, const char *from,
    const char *from_rev)
{
	const char *md5 = svn_hash_gets(headers,
	    SVN_REPOS_DUMPFILE_TEXT_COPY_SOURCE_MD5);
	svn_revnum_t rev = number_of(from_rev);
	svn_checksum_t *wanted, *got;
	svn_fs_root_t *root;

	if (rev < 0 || rev >= node->revision->rev)
		return malformed(node, "copied from a later revision");
	from = node_path(from, node->pool);
	SVN_ERR(svn_fs_revision_root(&root, node->revision->parse->fs, rev,
	    node->pool));
	if (md5 != NULL) {
		SVN_ERR(svn_checksum_parse_hex(&wanted, svn_checksum_md5, md5,
		    node->pool));
		SVN_ERR(svn_fs_file_checksum(&got, svn_checksum_md5, root, from,
		    TRUE, node->pool));
		if (!svn_checksum_match(wanted, got))
			return malformed(node, "copied from a file with "
			    "another text");
	}
	return svn_fs_copy(root, from, node->revision->root, node->path,
	    node->pool);
}

static svn_error_t *
add_node(struct node *node, apr_hash_t *headers)
{
	const char *from = svn_hash_gets(headers,
	    SVN_REPOS_DUMPFILE_NODE_COPYFROM_PATH);
	const char *rev = svn_hash_gets(headers,
	    SVN_REPOS_DUMPFILE_NODE_COPYFROM_REV);
	const char *kind = svn_hash_gets(headers,
	    SVN_REPOS_DUMPFILE_NODE_KIND);

	if (from != NULL && rev != NULL)
		return copy_node(node, headers, from, rev);
	if (kind != NULL && strcmp(kind, "file") == 0)
		return svn_fs_make_file(node->revision->root, node->path,
		    node->pool);
	if (kind != NULL && strcmp(kind, "dir") == 0)
		return svn_fs_make_dir(node->revision->root, node->path,
		    node->pool);
	return malformed(node, "of no known kind");
}

static svn_error_t *
new_node_record(void **out, apr_hash_t *headers, void *baton, apr_pool_t *pool)
{
	const char *action = svn_hash_gets(headers,
	    SVN_REPOS_DUMPFILE_NODE_ACTION);
	const char *path = svn_hash_gets(headers,
	    SVN_REPOS_DUMPFILE_NODE_PATH);
	struct node *node = apr_pcalloc(pool, sizeof(*node));

	*out = node;
	node->revision = baton;
	node->revision->parse->props = 0;
	node->pool = pool;
	node->path = path == NULL ? "" : node_path(path, pool);
	node->base = svn_hash_gets(headers,
	    SVN_REPOS_DUMPFILE_TEXT_DELTA_BASE_MD5);
	node->result = svn_hash_gets(headers,
	    SVN_REPOS_DUMPFILE_TEXT_CONTENT_MD5);
	if (path == NULL || action == NULL || node->revision->root == NULL)
		return malformed(node, "where it cannot be");
	if (strcmp(action, "change") == 0)
		return NULL;
	if (strcmp(action, "add") == 0)
		return add_node(node, headers);
	if (strcmp(action, "delete") != 0 && strcmp(action, "replace") != 0)
		return malformed(node, "with an action that is not known");
	SVN_ERR(svn_fs_delete(node->revision->root, node->path, pool));
	return action[0] == 'd' ? NULL : add_node(node, headers);
}

static svn_error_t *
set_node_property(void *baton, const char *name, const svn_string_t *value)
{
	struct node *node = baton;

	SVN_ERR(count_property(node->revision->parse, name, value));
	return svn_fs_change_node_prop(node->revision->root, node->path, name,
	    value, node->pool);
}

static svn_error_t *
delete_node_property(void *baton, const char *name)
{
	return set_node_property(baton, name, NULL);
}

static svn_error_t *
remove_node_props(void *baton)
{
	struct node *node = baton;
	apr_hash_index_t *i;
	apr_hash_t *props;

	SVN_ERR(svn_fs_node_proplist(&props, node->revision->root, node->path,
	    node->pool));
	for (i = apr_hash_first(node->pool, props); i != NULL;
	    i = apr_hash_next(i))
		SVN_ERR(set_node_property(node, apr_hash_this_key(i), NULL));
	return NULL;
}

static svn_error_t *
set_fulltext(svn_stream_t **stream, void *baton)
{
	struct node *node = baton;

	return svn_fs_apply_text(stream, node->revision->root, node->path,
	    node->result, node->pool);
}

static svn_error_t *
apply_textdelta(svn_txdelta_window_handler_t *handler, void **handler_baton,
    void *baton)
{
	struct node *node = baton;

	return svn_fs_apply_textdelta(handler, handler_baton,
	    node->revision->root, node->path, node->base, node->result,
	    node->pool);
}

static svn_error_t *
close_node(void *baton)
{
	(void)baton;
	return NULL;
}

static const svn_repos_parse_fns3_t functions = {
	.magic_header_record = magic_header_record,
	.uuid_record = uuid_record,
	.new_revision_record = new_revision_record,
	.new_node_record = new_node_record,
	.set_revision_property = set_revision_property,
	.set_node_property = set_node_property,
	.delete_node_property = delete_node_property,
	.remove_node_props = remove_node_props,
	.set_fulltext = set_fulltext,
	.apply_textdelta = apply_textdelta,
	.close_node = close_node,
	.close_revision = close_revision,
};

svn_error_t *
loader_parse(svn_fs_t *fs, svn_revnum_t first, svn_stream_t *stream,
    apr_pool_t *pool)
{
	struct parse parse = { .fs = fs, .due = first };
	svn_error_t *failed = svn_repos_parse_dumpstream3(stream, &functions,
	    &parse, FALSE, NULL, NULL, pool);

	return failed;
}
