/*
 * git_write DIR N: make the bare repository DIR one of N commits, going on from
 * those that it has; the same ones each time.  For tests that kill it.
 *
 * Each commit is a pack of its own, and a step: it moves refs/heads/main, HEAD,
 * and adds refs/steps/NUMBER.  Packs are merged when there are more than three.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "plugins/git/merge.h"
#include "plugins/git/pack.h"
#include "plugins/git/read.h"
#include "plugins/git/refs.h"
#include "plugins/git/repository.h"

static const char main_name[] = "refs/heads/main";

/* A file of text, as version NUMBER. */
static const char *
text_of(size_t number, apr_pool_t *pool)
{
	char *text = apr_palloc(pool, 20000);
	size_t n = 0;

	for (size_t i = 0; i < 100 + number; i++)
		n += (size_t)sprintf(text + n, "line %zu of it is %zu\n", i,
		    i * i * 7919);
	return text;
}

static xn_error_t *
add(struct gitw_id *id, gitw_pack_t *pack, enum gitw_type type,
    const char *text, size_t n)
{
	return gitw_pack_add(id, pack, type, text, n, NULL);
}

/* The objects of commit NUMBER, in a pack of their own. */
static xn_error_t *
write_objects(struct gitw_id *commit, const char *dir, size_t number,
    const struct gitw_ref *parent, apr_pool_t *pool)
{
	const char *text = text_of(number, pool);
	char tree[64] = "100644 file", hex[2][GITW_HEX + 1];
	size_t n = strlen(tree) + 1;
	struct gitw_id id;
	gitw_pack_t *pack;

	XN_TRY(gitw_pack_create(&pack, dir, pool));
	XN_TRY(add(&id, pack, GITW_BLOB, text, strlen(text)));
	memcpy(tree + n, id.bytes, GITW_ID);
	XN_TRY(add(&id, pack, GITW_TREE, tree, n + GITW_ID));
	if (parent != NULL)
		gitw_id_hex(&parent->id, hex[1]);
	text = apr_psprintf(pool, "tree %s\n%s%s%sauthor A <a@b> %d +0000\n"
	    "committer A <a@b> %d +0000\n\nnumber %d\n",
	    gitw_id_hex(&id, hex[0]), parent == NULL ? "" : "parent ",
	    parent == NULL ? "" : hex[1], parent == NULL ? "" : "\n",
	    (int)number, (int)number, (int)number);
	XN_TRY(add(commit, pack, GITW_COMMIT, text, strlen(text)));
	return gitw_pack_end(NULL, pack);
}

/* HEAD after commit NUMBER. */
static const char *
head_of(size_t number)
{
	return number % 2 == 0 ? main_name : "refs/heads/other";
}

static xn_error_t *
move_refs(const struct gitw_refs *old, const struct gitw_id *commit,
    const char *dir, apr_pool_t *pool)
{
	size_t number = old->n == 0 ? 1 : old->n;
	struct gitw_refs refs = { .head = head_of(number) };

	refs.refs = apr_pcalloc(pool, (old->n + 2) * sizeof(*refs.refs));
	for (size_t i = 0; i < old->n; i++)
		if (strcmp(old->refs[i].name, main_name) != 0)
			refs.refs[refs.n++] = old->refs[i];
	refs.refs[refs.n].name = main_name;
	refs.refs[refs.n++].id = *commit;
	refs.refs[refs.n].name = apr_psprintf(pool, "refs/steps/%d",
	    (int)number);
	refs.refs[refs.n++].id = *commit;
	return gitw_refs_write(&refs, old, dir, pool);
}

/* HEAD comes after the refs: we may have been killed between the two. */
static xn_error_t *
mend_head(const struct gitw_refs *refs, const char *dir, apr_pool_t *pool)
{
	struct gitw_refs right = *refs;

	right.head = head_of(refs->n - 1);
	return gitw_refs_write(&right, refs, dir, pool);
}

/* Is what a ref has there, and whole? */
static xn_error_t *
check_refs(const struct gitw_refs *refs, const char *dir, apr_pool_t *pool)
{
	gitw_reader_t *reader;
	const char *bytes;
	size_t n;

	XN_TRY(gitw_reader_open(&reader, dir, pool));
	for (size_t i = 0; i < refs->n; i++)
		XN_TRY(gitw_read(&bytes, &n, reader, &refs->refs[i].id,
		    GITW_COMMIT, 0, pool));
	return NULL;
}

static xn_error_t *
one_more(int *done, const char *dir, size_t wanted, apr_pool_t *pool)
{
	struct gitw_refs *refs;
	struct gitw_id commit;

	XN_TRY(gitw_refs_read(&refs, dir, pool));
	XN_TRY(check_refs(refs, dir, pool));
	/* Each commit has a ref, and main is one more. */
	*done = refs->n > wanted;
	if (*done)
		return mend_head(refs, dir, pool);
	XN_TRY(write_objects(&commit, dir, refs->n == 0 ? 1 : refs->n,
	    gitw_refs_find(refs, main_name), pool));
	XN_TRY(move_refs(refs, &commit, dir, pool));
	return gitw_merge(NULL, dir, 3, pool);
}

static xn_error_t *
run(const char *dir, size_t wanted, apr_pool_t *pool)
{
	int done = 0;

	XN_TRY(gitw_repository_open(NULL, dir, "main", pool));
	while (!done) {
		apr_pool_t *turn;
		xn_error_t *error;

		apr_pool_create(&turn, pool);
		error = one_more(&done, dir, wanted, turn);
		apr_pool_destroy(turn);
		XN_TRY(error);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	xn_error_t *error;
	apr_pool_t *pool;
	int status = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: git_write DIR N\n");
		return 2;
	}
	apr_initialize();
	apr_pool_create(&pool, NULL);
	error = run(argv[1], strtoul(argv[2], NULL, 10), pool);
	if (error != NULL) {
		fprintf(stderr, "git_write: %s\n", xn_error_text(error, pool));
		xn_error_clear(error);
		status = 1;
	}
	apr_pool_destroy(pool);
	apr_terminate();
	return status;
}
