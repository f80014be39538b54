#include "plugins/svnhotsync/git_notes.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <svn_string.h>

#include "plugins/svnhotsync/git_tree.h"

/* One that is pending. */
struct note {
	struct gitw_id object;
	const char *text;
	apr_size_t n;			/* bytes of that */
};

struct svngit_notes {
	svngit_store_t *store;
	int has;			/* they were written, as */
	struct gitw_id tree;
	int replaces;			/* what is pending, a note that is
					 * there */
	apr_pool_t *pending_pool;
	apr_hash_t *pending[256];	/* by the first byte: id ->
					 * struct note * */
};

svngit_notes_t *
svngit_notes_create(svngit_store_t *store, apr_pool_t *pool)
{
	struct svngit_notes *notes = apr_pcalloc(pool, sizeof(*notes));

	notes->store = store;
	apr_pool_create(&notes->pending_pool, pool);
	return notes;
}

/* ---- Reading ----------------------------------------------------------- */

static xn_error_t *
damaged(void)
{
	return xn_error_create(XN_E_JOB, SVNGIT_NOTES " has something that "
	    "this version does not write: if nobody has changed it, give the "
	    "job an empty folder to convert all anew");
}

/* "rN UUID" at *LINE, up to END: the number, and *LINE behind the blank. */
static int
parse_rev(svn_revnum_t *rev, const char **line)
{
	char *end;

	if ((*line)[0] != 'r' || (*line)[1] < '0' || (*line)[1] > '9')
		return 0;
	*rev = strtol(*line + 1, &end, 10);
	*line = end + 1;
	return *end == ' ';
}

static xn_error_t *
read_note(const struct gitw_id *commit, char *text, svngit_note_fn *each,
    void *baton)
{
	const char *line, *path;
	svn_revnum_t rev;
	char *end;

	for (; *text != '\0'; text = end + 1) {
		end = strchr(text, '\n');
		line = text;
		if (end == NULL)
			return damaged();
		*end = '\0';
		if (!parse_rev(&rev, &line) ||
		    (path = strstr(line, " /")) == NULL)
			return damaged();
		XN_TRY(each(baton, rev, path + 2, commit));
	}
	return NULL;
}

/* Those below the entry DIR of the tree of notes. */
static xn_error_t *
read_some(struct svngit_notes *notes, const struct svngit_entry *dir,
    svngit_note_fn *each, void *baton, apr_pool_t *scratch)
{
	const char *bytes, *at, *text;
	char hex[GITW_HEX + 1];
	struct svngit_entry e;
	struct gitw_id commit;
	xn_error_t *error;
	apr_size_t n, m;

	if (dir->mode != SVNGIT_DIR || strlen(dir->name) != 2)
		return damaged();
	XN_TRY(svngit_store_get(&bytes, &n, notes->store, &dir->id,
	    GITW_TREE, scratch));
	at = bytes;
	while (svngit_tree_next(&e, &at, bytes + n, &error) > 0) {
		apr_snprintf(hex, sizeof(hex), "%s%s", dir->name, e.name);
		if (strlen(e.name) != GITW_HEX - 2 ||
		    !gitw_id_parse(&commit, hex))
			return damaged();
		XN_TRY(svngit_store_get(&text, &m, notes->store, &e.id,
		    GITW_BLOB, scratch));
		XN_TRY(read_note(&commit, apr_pstrmemdup(scratch, text, m),
		    each, baton));
	}
	return error;
}

static xn_error_t *
read_position(struct svngit_position *position, const char *commit,
    apr_pool_t *pool)
{
	const char *line = strstr(commit, "\n\n"), *end, *last, *middle;

	if (line == NULL)
		return damaged();
	line += 2;
	if (!parse_rev(&position->rev, &line) ||
	    (end = strchr(line, '\n')) == NULL ||
	    (last = strstr(end + 1, "\n\n")) == NULL)
		return damaged();
	position->uuid = apr_pstrmemdup(pool, line, (apr_size_t)(end - line));
	end++;
	middle = memchr(end, '\n', (apr_size_t)(last - end));
	if (middle == NULL)
		return damaged();
	position->digest = apr_pstrmemdup(pool, end,
	    (apr_size_t)(middle - end));
	middle++;
	position->refs = apr_pstrmemdup(pool, middle,
	    (apr_size_t)(last - middle));
	position->made_by = apr_pstrdup(pool, last + 2);
	return NULL;
}

/* Begin with those of COMMIT, whose *BYTES are in POOL. */
static xn_error_t *
begin(const char **bytes, svngit_notes_t *notes, const struct gitw_id *commit,
    apr_pool_t *pool)
{
	apr_size_t n;

	XN_TRY(svngit_store_get(bytes, &n, notes->store, commit, GITW_COMMIT,
	    pool));
	if (n < 5 + GITW_HEX || !gitw_id_parse(&notes->tree, *bytes + 5))
		return damaged();
	notes->has = 1;
	return NULL;
}

xn_error_t *
svngit_notes_position(struct svngit_position *position,
    svngit_notes_t *notes, const struct gitw_id *commit, apr_pool_t *pool)
{
	const char *bytes;

	XN_TRY(begin(&bytes, notes, commit, pool));
	return read_position(position, bytes, pool);
}

xn_error_t *
svngit_notes_begin(svngit_notes_t *notes, const struct gitw_id *commit,
    apr_pool_t *scratch)
{
	const char *bytes;

	return begin(&bytes, notes, commit, scratch);
}

xn_error_t *
svngit_notes_read(svngit_notes_t *notes, svngit_note_fn *each, void *baton,
    apr_pool_t *scratch)
{
	const char *bytes, *at;
	struct svngit_entry e;
	apr_pool_t *turn;
	xn_error_t *error;
	apr_size_t n;

	XN_TRY(svngit_store_get(&bytes, &n, notes->store, &notes->tree,
	    GITW_TREE, scratch));
	apr_pool_create(&turn, scratch);
	at = bytes;
	while (svngit_tree_next(&e, &at, bytes + n, &error) > 0) {
		apr_pool_clear(turn);
		XN_TRY(read_some(notes, &e, each, baton, turn));
	}
	apr_pool_destroy(turn);
	return error;
}

/* ---- Writing ----------------------------------------------------------- */

/* That of OBJECT, which is made if there is none. */
static struct note *
need_note(svngit_notes_t *notes, const struct gitw_id *object)
{
	apr_hash_t **some = &notes->pending[object->bytes[0]];
	struct note *note;

	if (*some == NULL)
		*some = apr_hash_make(notes->pending_pool);
	note = apr_hash_get(*some, object, sizeof(*object));
	if (note != NULL)
		return note;
	note = apr_palloc(notes->pending_pool, sizeof(*note));
	*note = (struct note){ *object, "", 0 };
	apr_hash_set(*some, &note->object, sizeof(note->object), note);
	return note;
}

void
svngit_notes_add(svngit_notes_t *notes, svn_revnum_t rev, const char *uuid,
    const char *path, const struct gitw_id *commit)
{
	struct note *note = need_note(notes, commit);

	note->text = apr_psprintf(notes->pending_pool, "%sr%ld %s /%s\n",
	    note->text, rev, uuid, path);
	note->n = strlen(note->text);
}

void
svngit_notes_set(svngit_notes_t *notes, const struct gitw_id *object,
    const svn_stringbuf_t *text)
{
	struct note *note = need_note(notes, object);

	notes->replaces = 1;
	note->text = apr_pstrmemdup(notes->pending_pool, text->data,
	    text->len);
	note->n = text->len;
}

/* The entry of a commit, in the tree of notes OLD. */
static xn_error_t *
write_note(struct svngit_entry *e, struct svngit_notes *notes,
    const struct note *note, const char *old, apr_size_t n, apr_pool_t *pool)
{
	char *hex = apr_palloc(pool, GITW_HEX + 1);
	const char *before = "";
	apr_size_t m = 0;

	gitw_id_hex(&note->object, hex);
	XN_TRY(svngit_tree_find(e, old, n, hex + 2));
	if (e->mode != SVNGIT_NONE && !notes->replaces)
		XN_TRY(svngit_store_get(&before, &m, notes->store, &e->id,
		    GITW_BLOB, pool));
	before = apr_pstrcat(pool, before, note->text, NULL);
	e->name = hex + 2;
	e->mode = SVNGIT_FILE;
	return svngit_store_put(&e->id, notes->store, GITW_BLOB, before,
	    m + note->n, NULL);
}

/* The folder NAME, of those commits whose ids begin with FIRST. */
static xn_error_t *
write_some(struct svngit_entry *dir, struct svngit_notes *notes,
    unsigned int first, const char *name, const char *root, apr_size_t root_n,
    apr_pool_t *pool)
{
	apr_array_header_t *new = apr_array_make(pool, 64,
	    sizeof(struct svngit_entry));
	const char *old = "", *bytes;
	struct gitw_id was;
	apr_size_t n = 0;

	XN_TRY(svngit_tree_find(dir, root, root_n, name));
	was = dir->id;
	if (dir->mode != SVNGIT_NONE)
		XN_TRY(svngit_store_get(&old, &n, notes->store, &was,
		    GITW_TREE, pool));
	for (apr_hash_index_t *i = apr_hash_first(pool,
	    notes->pending[first]); i != NULL; i = apr_hash_next(i))
		XN_TRY(write_note(apr_array_push(new), notes,
		    apr_hash_this_val(i), old, n, pool));
	XN_TRY(svngit_tree_change(&bytes, &n, old, n, new, pool));
	XN_TRY(svngit_store_put(&dir->id, notes->store, GITW_TREE, bytes, n,
	    dir->mode == SVNGIT_NONE ? NULL : &was));
	dir->name = name;
	dir->mode = SVNGIT_DIR;
	return NULL;
}

static xn_error_t *
write_tree(struct svngit_notes *notes, apr_pool_t *pool)
{
	apr_array_header_t *new = apr_array_make(pool, 256,
	    sizeof(struct svngit_entry));
	struct gitw_id was = notes->tree;
	const char *old = "", *bytes;
	apr_pool_t *turn;
	apr_size_t n = 0;

	apr_pool_create(&turn, pool);
	if (notes->has)
		XN_TRY(svngit_store_get(&old, &n, notes->store, &was,
		    GITW_TREE, pool));
	for (unsigned int first = 0; first < 256; first++) {
		apr_pool_clear(turn);
		if (notes->pending[first] != NULL)
			XN_TRY(write_some(apr_array_push(new), notes, first,
			    apr_psprintf(pool, "%02x", first), old, n, turn));
	}
	apr_pool_destroy(turn);
	if (notes->has && new->nelts == 0)
		return NULL;
	XN_TRY(svngit_tree_change(&bytes, &n, old, n, new, pool));
	XN_TRY(svngit_store_put(&notes->tree, notes->store, GITW_TREE, bytes,
	    n, notes->has ? &was : NULL));
	notes->has = 1;
	return NULL;
}

xn_error_t *
svngit_notes_write(struct gitw_id *commit, svngit_notes_t *notes,
    const struct svngit_position *position, apr_int64_t seconds,
    apr_pool_t *scratch)
{
	return svngit_notes_commit(commit, notes, apr_psprintf(scratch,
	    "r%ld %s\n%s\n%s\n\n%s", position->rev, position->uuid,
	    position->digest, position->refs, position->made_by), seconds,
	    scratch);
}

xn_error_t *
svngit_notes_commit(struct gitw_id *commit, svngit_notes_t *notes,
    const char *message, apr_int64_t seconds, apr_pool_t *scratch)
{
	char hex[GITW_HEX + 1];
	const char *text, *who;

	XN_TRY(write_tree(notes, scratch));
	who = apr_psprintf(scratch, "syncgate <> %" APR_INT64_T_FMT " +0000",
	    seconds);
	text = apr_psprintf(scratch, "tree %s\nauthor %s\ncommitter %s\n\n%s",
	    gitw_id_hex(&notes->tree, hex), who, who, message);
	apr_pool_clear(notes->pending_pool);
	memset(notes->pending, 0, sizeof(notes->pending));
	return svngit_store_put(commit, notes->store, GITW_COMMIT, text,
	    strlen(text), NULL);
}
