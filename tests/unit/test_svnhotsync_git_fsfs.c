/*
 * What is read from the files of a mirror is what libsvn says, or is left to
 * it; also where a file is damaged.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <svn_fs.h>
#include <svn_hash.h>
#include <svn_props.h>
#include <svn_repos.h>

#include "plugins/git/repository.h"
#include "plugins/svnhotsync/git_fsfs.h"

#include "tests/lib/apr_test.h"

#define MOST	(1 << 20)

static char dir[PATH_MAX], mirror[PATH_MAX + 8];
static svn_fs_t *fs;
static svngit_store_t *store;
static svngit_fsfs_t *fsfs;

static int
is_well(svn_error_t *error)
{
	int good = error == NULL;

	svn_error_clear(error);
	return good;
}

static void
run(const char *script)
{
	char *command = apr_psprintf(pool, "cd '%s' && LC_ALL=C.UTF-8 && "
	    "export LC_ALL && m() { svnmucc -m m -U \"file://$PWD/r\" "
	    "\"$@\"; } && { %s\n} >log 2>&1", dir, script);

	CU_ASSERT_EQUAL_FATAL(system(command), 0);
}

/* A repository with a file that changes often, and others. */
static void
begin(void)
{
	const char *tmp = getenv("TMPDIR");
	svn_repos_t *repos;
	char git[PATH_MAX + 8];

	snprintf(dir, sizeof(dir), "%s/fsfs.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(mirror, sizeof(mirror), "%s/r", dir);
	snprintf(git, sizeof(git), "%s/g", dir);
	run("svnadmin create r && seq 1 3000 >a && seq 3000 >s && : >e &&"
	    "m mkdir t mkdir t/d put a t/d/a put s t/same put s t/same2 "
	    "put e t/e && m propset svn:executable x t/d/a propset p v t/e &&"
	    "m propset svn:special x t/e cp HEAD t/d t/c put s t/c/a &&"
	    "m cp HEAD t/d/a 't/a b' rm t/same mkdir t/same &&"
	    "m rm t/c put s t/c propset p v t propset p v . && "
	    "for i in $(seq 24); do sed -i \"$((i * 97))s/.*/changed $i/\" a "
	    "&& m put a t/d/a || exit 1; done");
	CU_ASSERT_FATAL(is_well(svn_repos_open3(&repos, mirror, NULL, pool,
	    pool)));
	fs = svn_repos_fs(repos);
	CU_ASSERT_FATAL(is_good(gitw_repository_open(NULL, git, "main",
	    pool)));
	CU_ASSERT_FATAL(is_good(svngit_store_open(&store, git, pool)));
	fsfs = svngit_fsfs_create(mirror, store, pool);
	svngit_fsfs_look(fsfs);
}

static void
end(void)
{
	char *command = apr_psprintf(pool, "rm -rf '%s'", dir);

	CU_ASSERT_EQUAL(system(command), 0);
	apr_pool_clear(pool);
}

/* What libsvn has of a file. */
struct said {
	svn_stringbuf_t *text;
	enum svngit_mode mode;
};

static int
ask(struct said *said, svn_fs_root_t *root, const char *path)
{
	apr_hash_t *props;
	svn_stream_t *stream;

	if (!is_well(svn_fs_file_contents(&stream, root, path, pool)) ||
	    !is_well(svn_stringbuf_from_stream(&said->text, stream, 0,
	    pool)) ||
	    !is_well(svn_fs_node_proplist(&props, root, path, pool)))
		return 0;
	said->mode = svn_hash_gets(props, SVN_PROP_SPECIAL) != NULL ?
	    SVNGIT_LINK : svn_hash_gets(props, SVN_PROP_EXECUTABLE) != NULL ?
	    SVNGIT_PROGRAM : SVNGIT_FILE;
	return 1;
}

/* 1: it is right; 0: it was left to libsvn; -1: it is wrong. */
static int
read_one(const struct said *said, const char *path, int know,
    apr_pool_t *turn)
{
	struct svngit_node node;
	enum svngit_mode mode;
	svn_stringbuf_t *text;
	struct gitw_id id;

	if (!svngit_fsfs_node(&node, fsfs, path) ||
	    !svngit_fsfs_mode(&mode, fsfs, &node, turn) ||
	    !svngit_fsfs_text(&text, fsfs, &node.text, NULL,
	    MOST, turn))
		return 0;
	if (mode != said->mode || !svn_stringbuf_compare(text, said->text))
		return -1;
	if (know && is_good(svngit_store_put(&id, store, GITW_BLOB,
	    text->data, text->len, NULL)))
		svngit_fsfs_know(fsfs, &node.text, &id);
	return 1;
}

static int
equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Are A and all below it as B is? */
static int
same_changes(const struct svngit_change *a, const struct svngit_change *b)
{
	unsigned int n = a->below == NULL ? 0 : apr_hash_count(a->below);

	if (!equal(a->name, b->name) || a->listed != b->listed ||
	    a->kind != b->kind || a->node != b->node || a->text != b->text ||
	    a->props != b->props || !equal(a->from, b->from) ||
	    a->from_rev != b->from_rev ||
	    n != (b->below == NULL ? 0 : apr_hash_count(b->below)))
		return 0;
	for (apr_hash_index_t *i = n == 0 ? NULL : apr_hash_first(NULL,
	    a->below); i != NULL; i = apr_hash_next(i)) {
		const struct svngit_change *c = svn_hash_gets(b->below,
		    apr_hash_this_key(i));

		if (c == NULL || !same_changes(apr_hash_this_val(i), c))
			return 0;
	}
	return 1;
}

/* All files that C or what is below it has changed: how many were read; -1
 * after one that is wrong. */
static int
read_all(svn_fs_root_t *root, const struct svngit_change *c,
    const char *path, int know)
{
	struct said said;
	int n = 0;

	if (c->listed && c->node == svn_node_file) {
		CU_ASSERT_FATAL(ask(&said, root, path));
		n = read_one(&said, path, know, pool);
		CU_ASSERT_EQUAL(n, 1);
	}
	for (apr_hash_index_t *i = c->below == NULL ? NULL :
	    apr_hash_first(pool, c->below); i != NULL; i = apr_hash_next(i))
		n += read_all(root, apr_hash_this_val(i), apr_pstrcat(pool,
		    path, *path == '\0' ? "" : "/", apr_hash_this_key(i),
		    NULL), know);
	return n;
}

/* Has a revision the properties that libsvn says? */
static int
same_props(svn_revnum_t rev)
{
	apr_hash_t *ours, *theirs;

	if (!svngit_fsfs_props(&ours, fsfs, rev, pool) ||
	    !is_well(svn_fs_revision_proplist2(&theirs, fs, rev, TRUE, pool,
	    pool)) || apr_hash_count(ours) != apr_hash_count(theirs))
		return 0;
	for (apr_hash_index_t *i = apr_hash_first(pool, ours); i != NULL;
	    i = apr_hash_next(i)) {
		const svn_string_t *value = svn_hash_gets(theirs,
		    apr_hash_this_key(i));

		if (value == NULL || !svn_string_compare(value,
		    apr_hash_this_val(i)))
			return 0;
	}
	return 1;
}

static void
compare_all(int know)
{
	struct svngit_change *ours, *theirs;
	svn_revnum_t youngest;
	svn_fs_root_t *root;
	int n = 0;

	CU_ASSERT_FATAL(is_well(svn_fs_youngest_rev(&youngest, fs, pool)));
	CU_ASSERT_EQUAL(youngest, 29);
	for (svn_revnum_t rev = 1; rev <= youngest; rev++) {
		CU_ASSERT(same_props(rev));
		CU_ASSERT_FATAL(svngit_fsfs_begin(fsfs, rev));
		CU_ASSERT_FATAL(svngit_fsfs_changes(&ours, fsfs, pool));
		CU_ASSERT_FATAL(is_well(svn_fs_revision_root(&root, fs, rev,
		    pool)));
		CU_ASSERT_FATAL(is_well(svngit_changes_read(&theirs, root,
		    pool, pool)));
		CU_ASSERT(same_changes(ours, theirs));
		CU_ASSERT(same_changes(theirs, ours));
		n += read_all(root, ours, "", know);
	}
	CU_ASSERT_EQUAL(n, 4 + 2 + 2 + 1 + 1 + 24);
}

static void
all_is_read(void)
{
	begin();
	compare_all(0);
	compare_all(1);
	end();
}

/* No file: or one of another kind. */
static void
the_rest_is_left_to_libsvn(void)
{
	struct svngit_node node;

	begin();
	CU_ASSERT_FALSE(svngit_fsfs_begin(fsfs, 1000));
	CU_ASSERT_FALSE(svngit_fsfs_node(&node, fsfs, "t/d/a"));
	CU_ASSERT(svngit_fsfs_begin(fsfs, 29));
	CU_ASSERT(svngit_fsfs_node(&node, fsfs, "t/d/a"));
	CU_ASSERT_FALSE(svngit_fsfs_node(&node, fsfs, "t/c"));
	CU_ASSERT_FALSE(svngit_fsfs_node(&node, fsfs, "t/d"));
	run("sed -i 's/addressing logical/addressing physical/' r/db/format");
	svngit_fsfs_look(fsfs);
	CU_ASSERT_FALSE(svngit_fsfs_begin(fsfs, 29));
	CU_ASSERT_FALSE(svngit_fsfs_node(&node, fsfs, "t/d/a"));
	run("rm -f r/db/format && printf '9\\nlayout sharded 1000\\n"
	    "addressing logical\\n' >r/db/format");
	svngit_fsfs_look(fsfs);
	CU_ASSERT_FALSE(svngit_fsfs_begin(fsfs, 29));
	end();
}

/* Each byte of a revision's file is another one, in turn; and it ends early. */
static void
damage_is_seen(void)
{
	struct svngit_change *changes, *right;
	char *name, bytes[65536];
	svn_fs_root_t *root;
	apr_pool_t *turn;
	struct said said;
	int read = 0;
	size_t n;
	FILE *f;

	begin();
	CU_ASSERT_FATAL(is_well(svn_fs_revision_root(&root, fs, 29, pool)));
	CU_ASSERT_FATAL(ask(&said, root, "t/d/a"));
	CU_ASSERT_FATAL(is_well(svngit_changes_read(&right, root, pool,
	    pool)));
	name = apr_pstrcat(pool, mirror, "/db/revs/0/29", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f = fopen(name, "r"));
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	CU_ASSERT_EQUAL_FATAL(unlink(name), 0);
	apr_pool_create(&turn, pool);
	for (size_t i = 0; i < 2 * n; i++) {
		apr_pool_clear(turn);
		CU_ASSERT_PTR_NOT_NULL_FATAL(f = fopen(name, "w"));
		bytes[i / 2] = (char)(bytes[i / 2] ^ (1 << i % 8));
		CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, i % 2 == 0 ? n : i / 2,
		    f), i % 2 == 0 ? n : i / 2);
		bytes[i / 2] = (char)(bytes[i / 2] ^ (1 << i % 8));
		fclose(f);
		if (!svngit_fsfs_begin(fsfs, 29))
			continue;
		CU_ASSERT_NOT_EQUAL(read_one(&said, "t/d/a", 0, turn),
		    -1);
		if (svngit_fsfs_changes(&changes, fsfs, turn)) {
			CU_ASSERT(same_changes(changes, right));
			read++;
		}
	}
	CU_ASSERT(n > 1000 && read > 0);
	end();
}

static const struct xn_test_case cases[] = {
	{ "all is read as libsvn does", all_is_read },
	{ "the rest is left to libsvn", the_rest_is_left_to_libsvn },
	{ "damage is seen", damage_is_seen },
};

XN_TEST_MAIN_POOL("svnhotsync git fsfs", cases)
