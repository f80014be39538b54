/*
 * The threads that write objects: the same bytes as without them.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "plugins/git/repository.h"
#include "plugins/svnhotsync/git_writer.h"

#include "tests/lib/apr_test.h"

/* Put N BYTES, like LIKE: how much longer the pack became. */
static uint64_t
grown(struct gitw_id *id, svngit_writer_t *writer, const char *bytes,
    size_t n, const struct gitw_id *like)
{
	struct svngit_object *object = svngit_object_make(GITW_BLOB, bytes, n);
	gitw_pack_t *pack;
	uint64_t before;

	CU_ASSERT_FATAL(is_good(svngit_writer_idle(&pack, writer, 1)));
	before = gitw_pack_size(pack);
	*id = object->id;
	CU_ASSERT(is_good(svngit_writer_put(writer, object, NULL, like)));
	svngit_object_drop(object);
	CU_ASSERT_FATAL(is_good(svngit_writer_idle(&pack, writer, 1)));
	return gitw_pack_size(pack) - before;
}

/* A folder with an empty repository, in PATH. */
static void
make_repository(char path[PATH_MAX], apr_pool_t *turn)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, PATH_MAX, "%s/writer.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(path));
	CU_ASSERT_FATAL(is_good(gitw_repository_open(NULL, path, "main",
	    turn)));
}

static void
remove_repository(const char *path)
{
	CU_ASSERT_EQUAL(system(apr_psprintf(pool, "rm -rf '%s'", path)), 0);
}

/* Fill N bytes with what can be compressed. */
static void
fill(char *bytes, size_t n, unsigned int *random)
{
	for (size_t i = 0; i < n; i++) {
		*random = *random * 1103515245 + 12345;
		bytes[i] = (char)('a' + (*random >> 16 & 15));
	}
}

/* With threads a pack has the same bytes as without; each third object is like
 * the one before. */
static void
packs_are_the_same_with_threads(void)
{
	char one[PATH_MAX], other[PATH_MAX], bytes[20000], hex[GITW_HEX + 1];
	struct svngit_object *object, *last = NULL;
	struct gitw_base base;
	struct gitw_id id, name;
	unsigned int random = 7;
	svngit_writer_t *writer;
	gitw_pack_t *pack;
	apr_pool_t *turn;

	apr_pool_create(&turn, pool);
	make_repository(one, turn);
	make_repository(other, turn);
	CU_ASSERT_FATAL(is_good(svngit_writer_open(&writer, one, turn)));
	CU_ASSERT_FATAL(is_good(gitw_pack_create(&pack, other, turn)));
	for (size_t i = 0; i < 600; i++) {
		size_t n = i * 977 % sizeof(bytes);
		int like = i % 3 == 2;

		if (i % 10 != 9)
			fill(bytes, like ? 10 : sizeof(bytes), &random);
		object = svngit_object_make(GITW_BLOB, bytes, n);
		if (like)
			base = (struct gitw_base){ last->id, last->bytes,
			    last->n };
		CU_ASSERT(is_good(svngit_writer_put(writer, object, like ?
		    last : NULL, NULL)));
		CU_ASSERT(is_good(gitw_pack_add(&id, pack, GITW_BLOB, bytes, n,
		    like ? &base : NULL)));
		svngit_object_drop(last);
		last = object;
	}
	svngit_object_drop(last);
	CU_ASSERT(is_good(svngit_writer_end(writer)));
	CU_ASSERT(is_good(gitw_pack_end(&name, pack)));
	CU_ASSERT_EQUAL(access(apr_psprintf(turn, "%s/objects/pack/pack-%s"
	    ".pack", one, gitw_id_hex(&name, hex)), R_OK), 0);
	/* And with much to do it can be closed. */
	for (size_t i = 0; i < 600; i++) {
		fill(bytes, 10, &random);
		object = svngit_object_make(GITW_BLOB, bytes, sizeof(bytes));
		CU_ASSERT(is_good(svngit_writer_put(writer, object, NULL,
		    NULL)));
		svngit_object_drop(object);
	}
	apr_pool_destroy(turn);
	remove_repository(one);
	remove_repository(other);
}

/* What an object is like need not be in memory any more. */
static void
what_is_like_it_is_read_again(void)
{
	char dir[PATH_MAX], bytes[30000];
	struct gitw_chain chain = { .z = { 0 } };
	struct gitw_content read;
	struct gitw_id first, second, third;
	unsigned int random = 1;
	svngit_writer_t *writer;
	gitw_pack_t *pack;
	apr_pool_t *turn;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		random = random * 1103515245 + 12345;
		bytes[i] = (char)(random >> 16);
	}
	apr_pool_create(&turn, pool);
	make_repository(dir, turn);
	CU_ASSERT_FATAL(is_good(svngit_writer_open(&writer, dir, turn)));
	CU_ASSERT(grown(&first, writer, bytes, sizeof(bytes), NULL) > 29000);
	bytes[10000]++;
	CU_ASSERT(grown(&second, writer, bytes, sizeof(bytes), &first) < 100);
	bytes[20000]++;
	CU_ASSERT(grown(&third, writer, bytes, sizeof(bytes), &second) < 100);
	CU_ASSERT(is_good(svngit_writer_idle(&pack, writer, 0)));
	CU_ASSERT_FATAL(is_good(gitw_pack_read(&read, pack, &third, SIZE_MAX,
	    &chain)) && read.bytes != NULL);
	CU_ASSERT(read.n == sizeof(bytes) && memcmp(read.bytes, bytes,
	    read.n) == 0);
	free(read.bytes);
	gitw_chain_free(&chain);
	/* What is in another pack is of no use, and neither is what is not. */
	CU_ASSERT(is_good(svngit_writer_end(writer)));
	bytes[10]++;
	CU_ASSERT(grown(&first, writer, bytes, sizeof(bytes), &third) >
	    29000);
	apr_pool_destroy(turn);
	remove_repository(dir);
}

static const struct xn_test_case cases[] = {
	{ "packs are the same with threads", packs_are_the_same_with_threads },
	{ "what an object is like is read again",
	    what_is_like_it_is_read_again },
};

XN_TEST_MAIN_POOL("svnhotsync git writer", cases)
