/*
 * Objects are read from packs, whoever wrote them, and while they are written;
 * what is damaged is never taken for an object.
 */
#include "plugins/git/packs.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "plugins/git/merge.h"
#include "tests/lib/git_test.h"

#define VERSIONS	120

/* The I-th of texts each of which is the one before with a line more. */
static char *
version(int i, size_t *n)
{
	char *text = malloc((size_t)(i + 60) * 40), *at = text;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	for (int k = 0; k < i + 60; k++)
		at += sprintf(at, "%08x is line %d\n",
		    (unsigned int)(k + 1) * 2654435761u, k);
	*n = (size_t)(at - text);
	return text;
}

static void
id_of_version(struct gitw_id *id, int i)
{
	size_t n;
	char *text = version(i, &n);

	gitw_object_id(id, GITW_BLOB, text, n);
	free(text);
}

static void
add_version(gitw_pack_t *pack, int i)
{
	struct gitw_base base = { .n = 0 };
	struct gitw_id id;
	char *was = i == 0 ? NULL : version(i - 1, &base.n), *text;
	size_t n;

	base.bytes = was;
	if (was != NULL)
		gitw_object_id(&base.id, GITW_BLOB, was, base.n);
	text = version(i, &n);
	CU_ASSERT(good(gitw_pack_add(&id, pack, GITW_BLOB, text, n,
	    was == NULL ? NULL : &base)));
	free(was);
	free(text);
}

/* Is CONTENT, which this frees, version I? */
static int
is_version(struct gitw_content *content, int i)
{
	size_t n;
	char *text = version(i, &n);
	int right = content->bytes != NULL && content->type == GITW_BLOB &&
	    content->n == n && memcmp(content->bytes, text, n) == 0;

	free(text);
	free(content->bytes);
	return right;
}

static int
has_version(gitw_packs_t *packs, int i)
{
	struct gitw_content content;
	struct gitw_id id;

	id_of_version(&id, i);
	return good(gitw_packs_read(&content, packs, &id, SIZE_MAX)) &&
	    is_version(&content, i);
}

static void
write_versions(int from, int to)
{
	gitw_pack_t *pack;

	CU_ASSERT_FATAL(good(gitw_pack_create(&pack, dir, pool)));
	for (int i = from; i < to; i++)
		add_version(pack, i);
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
}

static void
those_of_several_packs_are_read(void)
{
	struct gitw_content content;
	gitw_packs_t *packs;
	struct gitw_id id;
	unsigned int merged;
	int right = 0;

	begin();
	packs = gitw_packs_create(dir, pool);
	gitw_object_id(&id, GITW_BLOB, "no such", 7);
	CU_ASSERT(good(gitw_packs_read(&content, packs, &id, SIZE_MAX)) &&
	    content.bytes == NULL);
	/* More than are open at once. */
	for (int i = 0; i < VERSIONS; i += 10)
		write_versions(i, i + 10);
	id_of_version(&id, 0);
	CU_ASSERT(good(gitw_packs_read(&content, packs, &id, SIZE_MAX)) &&
	    content.bytes == NULL);
	gitw_packs_forget(packs);
	for (int i = 0; i < VERSIONS; i++)
		right += has_version(packs, i * 7 % VERSIONS);
	CU_ASSERT_EQUAL(right, VERSIONS);
	id_of_version(&id, 7);
	CU_ASSERT(good(gitw_packs_read(&content, packs, &id, 100)) &&
	    content.bytes == NULL);
	/* They go, and it is seen where what was in them is now. */
	CU_ASSERT_FATAL(good(gitw_merge(&merged, dir, 4, pool)));
	CU_ASSERT(merged > 4);
	right = 0;
	for (int i = 0; i < VERSIONS; i++)
		right += has_version(packs, i);
	CU_ASSERT_EQUAL(right, VERSIONS);
	end();
}

/* Git makes long chains; and, told so, deltas that we leave to libgit2. */
static void
those_of_git_are_read(void)
{
	struct gitw_content content;
	gitw_packs_t *packs;
	struct gitw_id id;
	int right = 0, whole = 0;

	begin();
	write_versions(0, VERSIONS);
	packs = gitw_packs_create(dir, pool);
	CU_ASSERT_EQUAL(command("git -C r cat-file --batch-all-objects "
	    "--batch-check='%%(objectname)' | git -C r pack-objects -q "
	    "--no-reuse-delta --delta-base-offset --depth=100 --window=10 "
	    "objects/pack/pack >new && cd r/objects/pack && "
	    "for p in *.idx; do [ $p = pack-$(cat ../../../new).idx ] || "
	    "rm -f $p ${p%%.idx}.pack; done"), 0);
	for (int i = 0; i < VERSIONS; i++)
		right += has_version(packs, i);
	CU_ASSERT_EQUAL(right, VERSIONS);
	CU_ASSERT_EQUAL(command("p=$(cat new); git -C r cat-file "
	    "--batch-all-objects --batch-check='%%(objectname)' | git -C r "
	    "pack-objects -q --no-reuse-delta --no-delta-base-offset "
	    "objects/pack/pack >new && [ $p != $(cat new) ] && "
	    "rm -f r/objects/pack/pack-$p.*"), 0);
	gitw_packs_forget(packs);
	for (int i = right = 0; i < VERSIONS; i++) {
		id_of_version(&id, i);
		CU_ASSERT(good(gitw_packs_read(&content, packs, &id,
		    SIZE_MAX)));
		whole += content.bytes != NULL;
		right += content.bytes == NULL || is_version(&content, i);
	}
	CU_ASSERT_EQUAL(right, VERSIONS);
	CU_ASSERT(whole > 0 && whole < VERSIONS);
	end();
}

/* Whatever byte of a pack is another one. */
static void
what_is_damaged_is_no_object(void)
{
	struct gitw_content content;
	struct gitw_id id;
	const char *path;
	apr_pool_t *turn;
	char byte, other;
	long size;
	int said = 0;
	FILE *f;

	begin();
	apr_pool_create(&turn, pool);
	write_versions(0, 6);
	CU_ASSERT_EQUAL(command("chmod u+w r/objects/pack/*.pack"), 0);
	path = output("ls $PWD/r/objects/pack/*.pack");
	f = fopen(apr_pstrdup(pool, path), "r+");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f) - GITW_ID;
	for (long at = 12; at < size; at += 1 + at % 3) {
		gitw_packs_t *packs;
		xn_error_t *error;

		apr_pool_clear(turn);
		packs = gitw_packs_create(dir, turn);
		fseek(f, at, SEEK_SET);
		CU_ASSERT_EQUAL_FATAL(fread(&byte, 1, 1, f), 1);
		other = (char)(byte ^ 1 << at % 8);
		fseek(f, at, SEEK_SET);
		fwrite(&other, 1, 1, f);
		fflush(f);
		for (int i = 5; i >= 0; i--) {
			id_of_version(&id, i);
			error = gitw_packs_read(&content, packs, &id,
			    SIZE_MAX);
			CU_ASSERT(error == NULL ? content.bytes == NULL ||
			    is_version(&content, i) :
			    error->code == XN_E_JOB ||
			    error->code == XN_E_NOMEM);
			said += error != NULL;
			xn_error_clear(error);
		}
		fseek(f, at, SEEK_SET);
		fwrite(&byte, 1, 1, f);
		fflush(f);
	}
	fclose(f);
	CU_ASSERT(said > 100);
	end();
}

/* ---- While one is written ----------------------------------------------- */

struct writing {
	gitw_pack_t *pack;
	int done;			/* versions that are in it */
};

static void *
write_all(void *baton)
{
	struct writing *w = baton;
	char large[20000];
	struct gitw_id id;

	for (int i = 0; i < VERSIONS; i++) {
		add_version(w->pack, i);
		/* So that the buffer becomes full. */
		for (size_t k = 0; k < sizeof(large); k++)
			large[k] = (char)((k * k * 31 + (size_t)i * k) >> 3);
		CU_ASSERT(good(gitw_pack_add(&id, w->pack, GITW_BLOB, large,
		    sizeof(large), NULL)));
		__atomic_store_n(&w->done, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void
one_is_read_while_it_is_written(void)
{
	struct writing w = { .done = 0 };
	struct gitw_chain chain = { .used = 0 };
	struct gitw_content content;
	struct gitw_id id;
	pthread_t thread;
	int right = 0, all = 0, done = 0;

	begin();
	CU_ASSERT_FATAL(good(gitw_pack_create(&w.pack, dir, pool)));
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, write_all, &w), 0);
	while (done < VERSIONS) {
		done = __atomic_load_n(&w.done, __ATOMIC_ACQUIRE);
		/* The last ones, which may be nowhere but in the buffer. */
		for (int i = done > 8 ? done - 8 : 0; i < done; i++, all++) {
			id_of_version(&id, i);
			right += good(gitw_pack_read(&content, w.pack, &id,
			    SIZE_MAX, &chain)) && is_version(&content, i);
		}
	}
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(right, all);
	CU_ASSERT(all >= 8);
	gitw_chain_free(&chain);
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, w.pack)));
	CU_ASSERT_EQUAL(command("git -C r fsck --strict --full --no-dangling "
	    "2>&1 | grep -v ^notice: >said; ! grep . said"), 0);
	end();
}

static const struct xn_test_case cases[] = {
	{ "those of several packs are read", those_of_several_packs_are_read },
	{ "those of git are read", those_of_git_are_read },
	{ "what is damaged is no object", what_is_damaged_is_no_object },
	{ "one is read while it is written", one_is_read_while_it_is_written },
};

XN_TEST_MAIN("git: reading packs", cases)
