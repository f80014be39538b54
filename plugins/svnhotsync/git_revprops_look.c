/*
 * git_revprops_look.c: properties of converted revisions that were changed are
 * found, and noted in refs/notes/svn-revprops.
 *
 * The mirror puts them in place by rename, or in a pack: so the time of a
 * folder of db/revprops says whether to read what is in it.  That is kept in
 * memory alone, for it is another one on every machine; so all are read once
 * after a start.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <apr_strings.h>
#include <svn_hash.h>
#include <svn_props.h>
#include <svn_string.h>

#include "plugins/svnhotsync/git_text.h"

/* A folder that was changed so lately may be changed again within the same
 * tick of its time. */
#define SETTLED		2		/* seconds */
#define END_EVERY	64		/* revisions */

/* What a folder was when it was looked at. */
struct svngit_shard {
	ino_t inode;
	struct timespec time;
};

/* ---- A note ------------------------------------------------------------ */

/* A line, if there is such a property. */
static void
add_line(svn_stringbuf_t *text, const char *name, apr_hash_t *props,
    apr_pool_t *pool)
{
	const svn_string_t *value = svn_hash_gets(props, name);
	apr_size_t n;
	char *line;

	if (value == NULL)
		return;
	n = value->len;
	line = apr_pstrdup(pool, svngit_utf8(value->data, &n, pool));
	for (char *at = line; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 127)
			*at = '?';
	svn_stringbuf_appendcstr(text, apr_psprintf(pool, "%s: %s\n", name,
	    line));
}

static const svn_stringbuf_t *
note_of(struct svngit *g, svn_revnum_t rev, apr_hash_t *props,
    apr_pool_t *pool)
{
	svn_stringbuf_t *text = svn_stringbuf_createf(pool, "r%ld %s\n", rev,
	    g->uuid);
	const svn_string_t *log = svn_hash_gets(props, SVN_PROP_REVISION_LOG);
	const char *said;
	apr_size_t n;

	add_line(text, SVN_PROP_REVISION_AUTHOR, props, pool);
	add_line(text, SVN_PROP_REVISION_DATE, props, pool);
	if (log == NULL)
		return text;
	n = log->len;
	said = svngit_utf8(log->data, &n, pool);
	svn_stringbuf_appendcstr(text, SVN_PROP_REVISION_LOG ":\n\n");
	svn_stringbuf_appendbytes(text, said, n);
	if (n > 0 && said[n - 1] != '\n')
		svn_stringbuf_appendbyte(text, '\n');
	return text;
}

/* Of a branch that is a commit, of a tag the tag object, if it is still the
 * one that REV made. */
static void
note(struct svngit *g, svn_revnum_t rev, apr_hash_t *props, apr_pool_t *pool)
{
	const svn_stringbuf_t *text = note_of(g, rev, props, pool);

	for (apr_hash_index_t *i = apr_hash_first(pool,
	    svngit_map_all(g->map)); i != NULL; i = apr_hash_next(i)) {
		const struct svngit_branch *b = apr_hash_this_val(i);
		const struct svngit_step *step = svngit_map_step(b, rev);

		if (step == NULL || step->rev != rev)
			continue;
		if (strncmp(b->ref, "refs/tags/", 10) != 0)
			svngit_notes_set(g->changed, &step->commit, text);
		else if (b->live && b->is_tag && step == &b->steps[b->n - 1])
			svngit_notes_set(g->changed, &b->tag, text);
	}
}

/* ---- Looking ----------------------------------------------------------- */

/* Those that cannot be read do not stop who converts: they are said to be. */
static void
look_at_one(long *changed, struct svngit *g, svn_revnum_t rev,
    apr_pool_t *pool)
{
	const struct svngit_options *options = g->options;
	apr_hash_t *props;
	xn_error_t *error = svngit_error(svn_fs_revision_proplist2(&props,
	    g->fs, rev, TRUE, pool, pool));

	if (error != NULL) {
		options->odd(options->baton, apr_psprintf(pool, "whether "
		    "properties of r%ld were changed cannot be seen: %s", rev,
		    xn_error_text(error, pool)));
		xn_error_clear(error);
	} else if (svngit_revprops_note(g, rev, props, pool)) {
		note(g, rev, props, pool);
		++*changed;
	}
}

/* Read those of FIRST to LAST; *CHANGED is one more for each that differs.  0:
 * it was asked to end before it had all. */
static int
look_at(long *changed, struct svngit *g, svn_revnum_t first,
    svn_revnum_t last, apr_pool_t *scratch)
{
	apr_pool_t *turn;
	int over = 0;

	apr_pool_create(&turn, scratch);
	for (svn_revnum_t rev = first; rev <= last && !over; rev++) {
		apr_pool_clear(turn);
		look_at_one(changed, g, rev, turn);
		if (rev % END_EVERY == 0)
			over = g->options->ended(g->options->baton);
	}
	apr_pool_destroy(turn);
	return !over;
}

/* How many revisions a folder has; 0: there is one for all. */
static svn_revnum_t
shard_size(const struct svngit *g, apr_pool_t *pool)
{
	FILE *file = fopen(apr_pstrcat(pool, g->options->mirror,
	    "/db/format", NULL), "re");
	long size = 0, n;
	char line[64];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "layout sharded %ld", &n) == 1 && n > 0)
			size = n;
	if (file != NULL)
		fclose(file);
	return size;
}

/* Is the folder PATH as it was?  If not, *NOW is what it is to be known as. */
static int
is_as_it_was(struct svngit_shard *now, struct svngit *g, const char *path)
{
	const struct svngit_shard *was = apr_hash_get(g->shards, path,
	    APR_HASH_KEY_STRING);
	struct stat st;

	memset(now, 0, sizeof(*now));
	if (stat(path, &st) != 0)
		return 0;
	now->inode = st.st_ino;
	now->time = st.st_mtim;
	if (time(NULL) - st.st_mtim.tv_sec < SETTLED)
		now->inode = 0;
	return was != NULL && was->inode != 0 && was->inode == now->inode &&
	    was->time.tv_sec == now->time.tv_sec &&
	    was->time.tv_nsec == now->time.tv_nsec;
}

static void
remember(struct svngit *g, const char *path, const struct svngit_shard *now)
{
	struct svngit_shard *shard = apr_hash_get(g->shards, path,
	    APR_HASH_KEY_STRING);

	if (shard == NULL) {
		shard = apr_palloc(g->pool, sizeof(*shard));
		apr_hash_set(g->shards, apr_pstrdup(g->pool, path),
		    APR_HASH_KEY_STRING, shard);
	}
	*shard = *now;
}

/* Those that lie in one folder, or in one pack; 0 as above. */
static int
look_at_shard(long *changed, struct svngit *g, svn_revnum_t number,
    svn_revnum_t size, apr_pool_t *scratch)
{
	svn_revnum_t first = number * size, last = size == 0 ? g->position :
	    first + size - 1;
	const char *path = apr_psprintf(scratch, size == 0 ?
	    "%s/db/revprops" : "%s/db/revprops/%ld", g->options->mirror,
	    number);
	const char *pack = apr_pstrcat(scratch, path, ".pack", NULL);
	struct svngit_shard now;
	struct stat st;

	/* (With a pack there still is a folder that has r0.) */
	if (size > 0 && stat(pack, &st) == 0)
		path = pack;
	if (is_as_it_was(&now, g, path))
		return 1;
	if (!look_at(changed, g, first > 0 ? first : 1,
	    last < g->position ? last : g->position, scratch))
		return 0;
	remember(g, path, &now);
	return 1;
}

void
svngit_revprops_look(long *changed, struct svngit *g, apr_pool_t *scratch)
{
	svn_revnum_t size = shard_size(g, scratch);
	apr_pool_t *turn;
	int on = 1;

	*changed = 0;
	apr_pool_create(&turn, scratch);
	for (svn_revnum_t number = 0; on && (number == 0 || (size > 0 &&
	    number * size <= g->position)); number++) {
		apr_pool_clear(turn);
		on = look_at_shard(changed, g, number, size, turn);
	}
	apr_pool_destroy(turn);
}

xn_error_t *
svngit_changed_open(struct svngit *g, apr_pool_t *scratch)
{
	const struct gitw_ref *ref = apr_hash_get(g->kept, SVNGIT_CHANGED,
	    APR_HASH_KEY_STRING);

	g->shards = apr_hash_make(g->pool);
	g->changed = svngit_notes_create(g->store, g->pool);
	return ref == NULL ? NULL : svngit_notes_begin(g->changed, &ref->id,
	    scratch);
}

xn_error_t *
svngit_changed_write(struct svngit *g, apr_pool_t *scratch)
{
	struct gitw_id commit;

	XN_TRY(svngit_notes_commit(&commit, g->changed, "", 0, scratch));
	svngit_keep_ref(g, SVNGIT_CHANGED, &commit);
	return NULL;
}
