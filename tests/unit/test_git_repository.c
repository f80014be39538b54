/*
 * Repositories are made, locked and refused; objects are read again.
 */
#include "plugins/git/repository.h"

#include <sys/wait.h>

#include "plugins/git/read.h"
#include "plugins/git/refs.h"
#include "tests/lib/git_test.h"

/* Open root/NAME in a pool of its own, and close it; MADE may be null. */
static xn_error_t *
try_open(const char *name, int *made)
{
	xn_error_t *error;
	apr_pool_t *own;

	apr_pool_create(&own, pool);
	error = gitw_repository_open(made, apr_pstrcat(pool, root, "/", name,
	    NULL), "main", own);
	apr_pool_destroy(own);
	return error;
}

static void
one_is_made_as_git_does(void)
{
	int made = 0;

	begin();
	CU_ASSERT_FATAL(good(try_open("new", &made)));
	CU_ASSERT(made);
	CU_ASSERT_STRING_EQUAL(output("git -C new rev-parse "
	    "--is-bare-repository && git -C new symbolic-ref HEAD && "
	    "git -C new config gc.auto && git -C new fsck --strict 2>&1 | "
	    "grep -v ^notice"), "true\nrefs/heads/main\n0");
	CU_ASSERT_FATAL(good(try_open("new", &made)));
	CU_ASSERT(!made);
	CU_ASSERT_EQUAL(command("mkdir empty"), 0);
	CU_ASSERT_FATAL(good(try_open("empty", &made)));
	CU_ASSERT(made);
	/* One of git's own. */
	CU_ASSERT_FATAL(good(try_open("r", &made)));
	CU_ASSERT(!made);
	CU_ASSERT_EQUAL(code_of(try_open("no/such", NULL), "no/such"),
	    XN_E_SYSTEM);
	end();
}

/* Whatever making one had done before it was killed. */
static void
one_that_was_begun_is_made(void)
{
	static const char *const begun[] = {
		"mkdir n", "mkdir n; : >n/syncgate.lock",
		"mkdir n n/objects; : >n/syncgate.lock",
		("mkdir -p n/objects/pack n/refs; : >n/syncgate.lock; "
		    ": >n/tmp_syncgate_12345678; : >n/config")
	};
	int made = 0;

	begin();
	for (size_t i = 0; i < sizeof(begun) / sizeof(begun[0]); i++) {
		CU_ASSERT_EQUAL(command("rm -rf n; %s", begun[i]), 0);
		CU_ASSERT(good(try_open("n", &made)) && made);
		CU_ASSERT_STRING_EQUAL(output("git -C n rev-parse "
		    "--is-bare-repository; ls n | grep tmp_"), "true");
	}
	end();
}

static void
what_is_none_of_ours_is_refused(void)
{
	static const struct { const char *how, *said; } rows[] = {
		{ "mkdir x; : >x/file", "neither an empty folder" },
		{ "mkdir x; mkdir x/objects", "neither an empty folder" },
		{ "git init -q x", "neither an empty folder" },
		{ "git init -q --bare x; rm -rf x/objects",
		    "has no folder objects" },
		{ "mkdir x; : >x/HEAD", "has no folder objects" },
		{ "git init -q --bare x; echo [ >x/config", "cannot read" },
		{ "git init -q --bare x; "
		    "printf '[core]\\nbare = x\\n' >x/config",
		    "cannot understand" },
		{ "git init -q y; ln -s y/.git x", "is not bare" },
		{ "git init -q --bare --object-format=sha256 x",
		    "has version 1" },
		{ "git init -q --bare x; git -C x config "
		    "core.repositoryformatversion 7", "has version 7" },
	};

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(command("rm -rf x y; %s; find x/ >before",
		    rows[i].how), 0);
		CU_ASSERT_EQUAL(code_of(try_open("x", NULL), rows[i].said),
		    XN_E_CONFIG);
		CU_ASSERT_EQUAL(command("find x/ | cmp - before"), 0);
	}
	CU_ASSERT_EQUAL(command("rm -rf x y; : >x"), 0);
	CU_ASSERT_EQUAL(code_of(try_open("x", NULL), "cannot read the folder"),
	    XN_E_SYSTEM);
	CU_ASSERT_EQUAL(code_of(gitw_repository_open(NULL, dir, "a..b", pool),
	    "'a..b' for a branch"), XN_E_CONFIG);
	end();
}

static void
only_one_writes(void)
{
	apr_pool_t *own;
	int status;
	pid_t pid;

	begin();
	apr_pool_create(&own, pool);
	CU_ASSERT_FATAL(good(gitw_repository_open(NULL, dir, "main", own)));
	CU_ASSERT_EQUAL(code_of(try_open("r", NULL), "another syncgate"),
	    XN_E_CONFIG);
	pid = fork();
	if (pid == 0)
		_exit(code_of(try_open("r", NULL), "another syncgate"));
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == XN_E_CONFIG);
	apr_pool_destroy(own);
	CU_ASSERT(good(try_open("r", NULL)));
	end();
}

/* What killed writers leave goes; what others have begun stays. */
static void
what_was_left_goes(void)
{
	gitw_pack_t *pack;

	begin();
	CU_ASSERT_FATAL(good(gitw_pack_create(&pack, dir, pool)));
	add_commit(pack, "text", NULL);
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	CU_ASSERT_EQUAL(command("cd r/objects/pack && ls | sort >../good && "
	    /* A pack that was written, linked, and not indexed. */
	    "echo new >tmp_syncgate_1 && ln tmp_syncgate_1 pack-1.pack && "
	    /* One that is indexed. */
	    "ln *[!1].pack tmp_syncgate_2 && : >tmp_syncgate_3 && "
	    /* Another's. */
	    ": >tmp_pack_1 && : >pack-2.pack"), 0);
	CU_ASSERT(good(try_open("r", NULL)));
	CU_ASSERT_EQUAL(command("cd r/objects/pack && rm tmp_pack_1 "
	    "pack-2.pack && ls | sort | cmp - ../good"), 0);
	CU_ASSERT_EQUAL(command("git verify-pack r/objects/pack/*.idx"),
	    0);
	end();
}

/* ---- Reading ------------------------------------------------------------ */

static void
objects_are_read_again(void)
{
	gitw_reader_t *reader;
	gitw_pack_t *pack;
	struct gitw_id id, commit, none = { { 1 } };
	const char *bytes;
	size_t n;

	begin();
	CU_ASSERT_FATAL(good(gitw_reader_open(&reader, dir, pool)));
	CU_ASSERT_FATAL(good(gitw_pack_create(&pack, dir, pool)));
	id = add(pack, GITW_BLOB, "a text");
	commit = add_commit(pack, "text", NULL);
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	CU_ASSERT(gitw_reader_has(reader, &id));
	CU_ASSERT(!gitw_reader_has(reader, &none));
	CU_ASSERT_FATAL(good(gitw_read(&bytes, &n, reader, &id, GITW_BLOB, 6,
	    pool)));
	CU_ASSERT(n == 6 && strcmp(bytes, "a text") == 0);
	CU_ASSERT(good(gitw_read(&bytes, &n, reader, &commit, 0, 0, pool)));
	CU_ASSERT_EQUAL(strncmp(bytes, "tree ", 5), 0);
	CU_ASSERT_EQUAL(code_of(gitw_read(&bytes, &n, reader, &id, GITW_BLOB,
	    5, pool), "more than 5 bytes"), XN_E_JOB);
	CU_ASSERT_EQUAL(code_of(gitw_read(&bytes, &n, reader, &id, GITW_TREE,
	    0, pool), "is no tree"), XN_E_JOB);
	CU_ASSERT_EQUAL(code_of(gitw_read(&bytes, &n, reader, &none, 0, 0,
	    pool), "cannot read the object 0100000000"), XN_E_JOB);
	end();
}

/* A pack of one blob, TEXT: its id. */
static struct gitw_id
packed(const char *text)
{
	gitw_pack_t *pack = new_pack();
	struct gitw_id id = add(pack, GITW_BLOB, text);

	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	return id;
}

/* Its pack has become another one, by git. */
static void
objects_are_read_from_where_they_went(void)
{
	gitw_reader_t *reader;
	struct gitw_id id;
	const char *bytes;
	size_t n;

	begin();
	packed("one");
	id = packed("two");
	CU_ASSERT_FATAL(good(gitw_reader_open(&reader, dir, pool)));
	CU_ASSERT(good(gitw_read(&bytes, &n, reader, &id, 0, 0, pool)));
	CU_ASSERT_EQUAL(command("git -C r repack -q -a -d -k"), 0);
	gitw_object_id(&id, GITW_BLOB, "one", 3);
	CU_ASSERT_FATAL(good(gitw_read(&bytes, &n, reader, &id, 0, 0, pool)));
	CU_ASSERT_STRING_EQUAL(bytes, "one");
	end();
}

static void
a_damaged_object_is_not_read(void)
{
	gitw_reader_t *reader;
	struct gitw_id id;
	const char *bytes;
	size_t n;

	begin();
	id = packed("a text that will be another one");
	CU_ASSERT_EQUAL(command("cd r/objects/pack && chmod u+w *.pack && "
	    "printf x | dd of=$(echo *.pack) bs=1 seek=20 conv=notrunc "
	    "status=none"), 0);
	CU_ASSERT_FATAL(good(gitw_reader_open(&reader, dir, pool)));
	CU_ASSERT_EQUAL(code_of(gitw_read(&bytes, &n, reader, &id, 0, 0,
	    pool), "cannot read the object"), XN_E_JOB);
	end();
}

static const struct xn_test_case cases[] = {
	{ "one is made as git does", one_is_made_as_git_does },
	{ "one that was begun is made", one_that_was_begun_is_made },
	{ "what is none of ours is refused", what_is_none_of_ours_is_refused },
	{ "only one writes", only_one_writes },
	{ "what was left goes", what_was_left_goes },
	{ "objects are read again", objects_are_read_again },
	{ "objects are read from where they went",
	    objects_are_read_from_where_they_went },
	{ "a damaged object is not read", a_damaged_object_is_not_read },
};

XN_TEST_MAIN("git: repositories", cases)
