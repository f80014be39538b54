/*
 * Packs are what git takes for good, and have nothing twice.
 */
#include "plugins/git/pack.h"

#include <sys/stat.h>

#include "plugins/git/index.h"
#include "tests/lib/git_test.h"
#include "tests/lib/peak.h"
#include "tests/lib/random.h"

/* git finds nothing wrong with R, and makes of its packs the indexes it has. */
static void
judge(void)
{
	CU_ASSERT_EQUAL(command("git -C r fsck --strict --full --no-dangling "
	    "2>&1 | grep -v ^notice: >said; ! grep . said"), 0);
	CU_ASSERT_EQUAL(command("for p in r/objects/pack/*.pack; do "
	    "git verify-pack ${p%%.pack}.idx && "
	    "git index-pack --strict -o again.idx $p >name && "
	    "cmp again.idx ${p%%.pack}.idx && rm -f again.idx && "
	    "test r/objects/pack/pack-$(cat name).pack = $p || exit 1; done"),
	    0);
	CU_ASSERT_STRING_EQUAL(output("ls r/objects/pack | grep tmp_"), "");
}

static void
objects_of_all_kinds_are_as_git_writes_them(void)
{
	struct gitw_id name, blob, commit, tag, empty;
	gitw_pack_t *pack;
	struct stat st;

	begin();
	pack = new_pack();
	empty = add(pack, GITW_BLOB, "");
	blob = add(pack, GITW_BLOB, "hello\n");
	commit = add_commit(pack, "first", NULL);
	commit = add_commit(pack, "second", &commit);
	tag = add(pack, GITW_TAG, apr_psprintf(pool, "object %s\ntype commit\n"
	    "tag v1\ntagger A <a@b> 1 +0000\n\nv1\n", hex_of(&commit)));
	CU_ASSERT_EQUAL(gitw_pack_objects(pack), 9);
	CU_ASSERT_FATAL(good(gitw_pack_end(&name, pack)));
	judge();
	CU_ASSERT_STRING_EQUAL(output("printf 'hello\\n' | git hash-object "
	    "--stdin"), hex_of(&blob));
	CU_ASSERT_STRING_EQUAL(output("git hash-object /dev/null"),
	    hex_of(&empty));
	CU_ASSERT_STRING_EQUAL(output("git -C r cat-file blob %s",
	    hex_of(&blob)), "hello");
	CU_ASSERT_STRING_EQUAL(output("git -C r cat-file -t %s",
	    hex_of(&tag)), "tag");
	CU_ASSERT_STRING_EQUAL(output("git -C r log --format=%%s,%%T %s | "
	    "sed s/,.*//", hex_of(&commit)), "second\nfirst");
	CU_ASSERT_EQUAL(stat(apr_psprintf(pool, "%s/objects/pack/pack-%s.pack",
	    dir, hex_of(&name)), &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0444);
	end();
}

/* ---- Deltas ------------------------------------------------------------- */

/* N lines of words; they are random, but line I is always the same. */
static char *
lines(int n)
{
	char *text = malloc((size_t)n * 40 + 1), *at = text;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	for (int i = 0; i < n; i++) {
		uint32_t seed = (uint32_t)i + 1;

		next_random(&seed);
		at += sprintf(at, "%08x is line %d\n", next_random(&seed), i);
	}
	*at = '\0';
	return text;
}

/* VERSIONS of a text that grows, each with the one before it as its base. */
static uint64_t
add_versions(gitw_pack_t *pack, int versions, int with_base)
{
	struct gitw_base base = { .n = 0 };
	uint64_t began = gitw_pack_size(pack);
	char *last = NULL;

	for (int i = 0; i < versions; i++) {
		char *text = lines(200 + i);
		struct gitw_id id;

		CU_ASSERT(good(gitw_pack_add(&id, pack, GITW_BLOB, text,
		    strlen(text), with_base ? &base : NULL)));
		free(last);
		last = text;
		base = (struct gitw_base){ id, last, strlen(last) };
	}
	free(last);
	return gitw_pack_size(pack) - began;
}

static void
versions_are_short_chains_of_deltas(void)
{
	gitw_pack_t *pack;
	uint64_t small, large;

	begin();
	pack = new_pack();
	small = add_versions(pack, 130, 1);
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	judge();
	CU_ASSERT_EQUAL(command("git verify-pack -v r/objects/pack/*.idx | "
	    "awk '/^chain length/ { sub(/:/, \"\", $4); n = $4 }\n"
	    "/^non delta/ { whole = $3 } END { exit n != 50 || whole != 3 }'"),
	    0);
	pack = new_pack();
	CU_ASSERT_EQUAL(add_versions(pack, 130, 0), 0);
	CU_ASSERT_EQUAL(command("rm -f r/objects/pack/*"), 0);
	pack = new_pack();
	large = add_versions(pack, 130, 0);
	CU_ASSERT(small * 10 < large);
	end();
}

static void
what_a_delta_would_not_gain_by_is_whole(void)
{
	static const char one[] = "all of this text, which is long enough,";
	static const char other[] = "IS UNLIKE THE ONE THAT IS SAID TO BE BASE";
	struct gitw_base base = { .bytes = one, .n = strlen(one) };
	struct gitw_id id;
	gitw_pack_t *pack;

	begin();
	pack = new_pack();
	base.id = add(pack, GITW_BLOB, one);
	CU_ASSERT(good(gitw_pack_add(&id, pack, GITW_BLOB, other,
	    strlen(other), &base)));
	/* A base that is elsewhere, or empty. */
	gitw_object_id(&base.id, GITW_BLOB, "elsewhere", 9);
	CU_ASSERT(good(gitw_pack_add(&id, pack, GITW_BLOB, "text", 4,
	    &base)));
	base.id = add(pack, GITW_BLOB, "");
	base.n = 0;
	CU_ASSERT(good(gitw_pack_add(&id, pack, GITW_BLOB, one + 1,
	    strlen(one + 1), &base)));
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	judge();
	CU_ASSERT_EQUAL(command("git verify-pack -v r/objects/pack/*.idx | "
	    "grep -q '^non delta: 5'"), 0);
	end();
}

/* ---- What is there already ---------------------------------------------- */

static void
what_is_there_is_not_written_again(void)
{
	struct gitw_id name, id;
	gitw_pack_t *pack;

	begin();
	CU_ASSERT_EQUAL(command("printf loose | git -C r hash-object -w "
	    "--stdin >id"), 0);
	pack = new_pack();
	add(pack, GITW_BLOB, "one");
	id = add(pack, GITW_BLOB, "one");
	CU_ASSERT_EQUAL(gitw_pack_objects(pack), 1);
	CU_ASSERT(gitw_pack_has(pack, &id));
	CU_ASSERT_FATAL(good(gitw_pack_end(&name, pack)));
	CU_ASSERT_EQUAL(command("touch -d 2001-01-01 r/objects/pack/*.pack "
	    "r/objects/[0-9a-f][0-9a-f]/*"), 0);
	pack = new_pack();
	CU_ASSERT(gitw_pack_has(pack, &id));
	add(pack, GITW_BLOB, "one");
	add(pack, GITW_BLOB, "loose");
	CU_ASSERT_EQUAL(gitw_pack_objects(pack), 0);
	gitw_object_id(&id, GITW_BLOB, "other", 5);
	CU_ASSERT(!gitw_pack_has(pack, &id));
	/* Used again, they are as new as if they had been written. */
	CU_ASSERT_STRING_EQUAL(output("find r/objects/pack/*.pack "
	    "r/objects/[0-9a-f][0-9a-f]/* -mtime +100"), "");
	CU_ASSERT_FATAL(good(gitw_pack_end(&name, pack)));
	CU_ASSERT_STRING_EQUAL(hex_of(&name),
	    "0000000000000000000000000000000000000000");
	CU_ASSERT_STRING_EQUAL(output("ls r/objects/pack | wc -l"), "2");
	judge();
	end();
}

static void
an_empty_loose_object_is_none(void)
{
	gitw_pack_t *pack;

	begin();
	CU_ASSERT_EQUAL(command("id=$(printf loose | git -C r hash-object -w "
	    "--stdin) && cd r/objects/${id%%%%${id#??}} && chmod 644 * && "
	    ": >${id#??}"), 0);
	pack = new_pack();
	add(pack, GITW_BLOB, "loose");
	CU_ASSERT_EQUAL(gitw_pack_objects(pack), 1);
	gitw_pack_abandon(pack);
	CU_ASSERT_STRING_EQUAL(output("ls r/objects/pack"), "");
	end();
}

static void
a_pack_that_goes_meanwhile_is_looked_for_in_the_new_one(void)
{
	gitw_pack_t *pack;

	begin();
	for (int i = 0; i < 2; i++) {
		pack = new_pack();
		add(pack, GITW_BLOB, i == 0 ? "one" : "two");
		CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	}
	pack = new_pack();
	CU_ASSERT_EQUAL(command("git -C r repack -q -a -d -k"), 0);
	CU_ASSERT_EQUAL(command("test $(ls r/objects/pack/*.pack | wc -l) "
	    "-eq 1"), 0);
	add(pack, GITW_BLOB, "one");
	add(pack, GITW_BLOB, "two");
	CU_ASSERT_EQUAL(gitw_pack_objects(pack), 0);
	CU_ASSERT_EQUAL(command("rm -f r/objects/pack/*.pack "
	    "r/objects/pack/*.idx"), 0);
	/* Touched once, it is not looked at again; another one is. */
	gitw_pack_abandon(pack);
	pack = new_pack();
	add(pack, GITW_BLOB, "two");
	CU_ASSERT_EQUAL(gitw_pack_objects(pack), 1);
	end();
}

static void
put_pieces(gitw_pack_t *pack, uint64_t size, uint32_t seed, struct gitw_id *id)
{
	static unsigned char piece[100000];
	uint64_t left = size;

	CU_ASSERT_FATAL(good(gitw_pack_start(pack, size)));
	while (left > 0) {
		size_t n = left < sizeof(piece) ? (size_t)left : sizeof(piece);

		for (size_t i = 0; i < n; i += 50)
			piece[i] = (unsigned char)next_random(&seed);
		CU_ASSERT_FATAL(good(gitw_pack_write(pack, piece, n)));
		left -= n;
	}
	CU_ASSERT_FATAL(good(gitw_pack_finish(id, pack)));
}

static struct gitw_chain chain;

/* PACK has ID, which is TEXT; null: it does not have it. */
static int
has_content(gitw_pack_t *pack, const struct gitw_id *id, const char *text,
    size_t n, size_t most)
{
	struct gitw_content content;
	int right = good(gitw_pack_read(&content, pack, id, most, &chain));

	right = right && (text == NULL ? content.bytes == NULL :
	    content.bytes != NULL && content.type == GITW_BLOB &&
	    content.n == n && memcmp(content.bytes, text, n) == 0 &&
	    content.bytes[n] == '\0');
	free(content.bytes);
	return right;
}

/* Version I of add_versions() is what it was. */
static int
is_version(gitw_pack_t *pack, int i)
{
	char *text = lines(200 + i);
	size_t n = strlen(text);
	struct gitw_id id;
	int right;

	gitw_object_id(&id, GITW_BLOB, text, n);
	right = has_content(pack, &id, text, n, n) &&
	    has_content(pack, &id, NULL, 0, n - 1);
	free(text);
	return right;
}

static void
what_was_written_is_read_before_the_end(void)
{
	struct gitw_content content;
	struct gitw_id empty, large, id;
	gitw_pack_t *pack;
	int right = 0;

	begin();
	pack = new_pack();
	empty = add(pack, GITW_BLOB, "");
	add_versions(pack, 130, 1);
	for (int i = 129; i >= 0; i--)
		right += is_version(pack, i);
	CU_ASSERT_EQUAL(right, 130);
	CU_ASSERT(has_content(pack, &empty, "", 0, 0));
	put_pieces(pack, 3000000, 3, &large);
	CU_ASSERT_FATAL(good(gitw_pack_read(&content, pack, &large, SIZE_MAX,
	    &chain)) && content.bytes != NULL && content.n == 3000000);
	gitw_object_id(&id, GITW_BLOB, content.bytes, content.n);
	free(content.bytes);
	CU_ASSERT_EQUAL(gitw_id_compare(&id, &large), 0);
	gitw_object_id(&id, GITW_BLOB, "no such", 7);
	CU_ASSERT(has_content(pack, &id, NULL, 0, SIZE_MAX));
	gitw_chain_free(&chain);
	/* It goes on as if nothing had been. */
	add_commit(pack, "behind it", NULL);
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	judge();
	end();
}

/* ---- Large blobs -------------------------------------------------------- */

static void
a_large_blob_takes_no_memory(void)
{
	const char *is_long = getenv("SYNCGATE_LONG");
	uint64_t size = is_long != NULL && *is_long != '\0' ?
	    ((uint64_t)1 << 30) + 1 : 100000001;
	struct gitw_id id;
	gitw_pack_t *pack;
	long before;

	begin();
	pack = new_pack();
	before = peak_kib(getpid());
	put_pieces(pack, size, 1, &id);
	CU_ASSERT(!MEASURED || peak_kib(getpid()) - before < 4096);
	add(pack, GITW_BLOB, "and one behind it");
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	CU_ASSERT_EQUAL(strtoull(output("git -C r cat-file -s %s",
	    hex_of(&id)), NULL, 10), size);
	judge();
	end();
}

static void
a_blob_in_pieces_that_is_there_leaves_nothing(void)
{
	struct gitw_id whole, id;
	uint64_t size;
	gitw_pack_t *pack;

	begin();
	pack = new_pack();
	whole = add(pack, GITW_BLOB, "a text in pieces");
	size = gitw_pack_size(pack);
	CU_ASSERT(good(gitw_pack_start(pack, 16)));
	CU_ASSERT(good(gitw_pack_write(pack, "a text ", 7)));
	CU_ASSERT(good(gitw_pack_write(pack, "in pieces", 9)));
	CU_ASSERT(good(gitw_pack_finish(&id, pack)));
	CU_ASSERT_EQUAL(gitw_id_compare(&id, &whole), 0);
	CU_ASSERT_EQUAL(gitw_pack_size(pack), size);
	/* Also where some of it is in the file already. */
	put_pieces(pack, 20000000, 7, &whole);
	size = gitw_pack_size(pack);
	put_pieces(pack, 20000000, 7, &id);
	CU_ASSERT_EQUAL(gitw_id_compare(&id, &whole), 0);
	CU_ASSERT_EQUAL(gitw_pack_size(pack), size);
	CU_ASSERT(good(gitw_pack_start(pack, 0)));
	CU_ASSERT(good(gitw_pack_finish(&id, pack)));
	add(pack, GITW_BLOB, "behind it");
	CU_ASSERT_EQUAL(gitw_pack_objects(pack), 4);
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	judge();
	end();
}

static void
pieces_are_as_many_as_was_said(void)
{
	struct gitw_id id;
	gitw_pack_t *pack;

	begin();
	pack = new_pack();
	CU_ASSERT_EQUAL(code_of(gitw_pack_write(pack, "a", 1), "more bytes"),
	    XN_E_USAGE);
	CU_ASSERT_EQUAL(code_of(gitw_pack_finish(&id, pack), "before all"),
	    XN_E_USAGE);
	CU_ASSERT(good(gitw_pack_start(pack, 3)));
	CU_ASSERT_EQUAL(code_of(gitw_pack_start(pack, 3), "started"),
	    XN_E_USAGE);
	CU_ASSERT_EQUAL(code_of(gitw_pack_write(pack, "four", 4),
	    "more bytes"), XN_E_USAGE);
	CU_ASSERT(good(gitw_pack_write(pack, "ab", 2)));
	CU_ASSERT_EQUAL(code_of(gitw_pack_finish(&id, pack), "before all"),
	    XN_E_USAGE);
	CU_ASSERT_EQUAL(code_of(gitw_pack_add(&id, pack, GITW_BLOB, "", 0,
	    NULL), "being written"), XN_E_USAGE);
	CU_ASSERT_EQUAL(code_of(gitw_pack_end(&id, pack), "being written"),
	    XN_E_USAGE);
	gitw_pack_abandon(pack);
	CU_ASSERT_STRING_EQUAL(output("ls r/objects/pack"), "");
	end();
}

/* ---- Errors ------------------------------------------------------------- */

static void
the_same_calls_write_the_same_bytes(void)
{
	struct gitw_id first, second;
	gitw_pack_t *pack;

	begin();
	for (int i = 0; i < 2; i++) {
		pack = new_pack();
		add_versions(pack, 20, 1);
		add_commit(pack, "text", NULL);
		CU_ASSERT_FATAL(good(gitw_pack_end(i == 0 ? &first : &second,
		    pack)));
		CU_ASSERT_EQUAL(command("rm -f r/objects/pack/*"), 0);
	}
	CU_ASSERT_EQUAL(gitw_id_compare(&first, &second), 0);
	end();
}

static void
a_full_disk_is_said_and_leaves_nothing(void)
{
	static char noise[100000];
	xn_error_t *error = NULL;
	gitw_pack_t *pack;
	uint32_t seed = 5;
	struct gitw_id id;

	begin();
	if (geteuid() != 0 || command("mount -t tmpfs -o size=1m none "
	    "r/objects/pack 2>/dev/null") != 0) {
		printf(" (skipped: no tmpfs here) ");
		end();
		return;
	}
	for (int at_end = 0; at_end < 2; at_end++) {
		pack = new_pack();
		error = NULL;
		for (int i = 0; error == NULL && i < (at_end ? 10 : 20); i++) {
			for (size_t k = 0; k < sizeof(noise); k++)
				noise[k] = (char)next_random(&seed);
			error = gitw_pack_add(&id, pack, GITW_BLOB, noise,
			    sizeof(noise) - (at_end ? 0 : 1), NULL);
		}
		/* Where there is just too little for the index. */
		for (int i = 0; error == NULL && i < 100000; i++)
			error = gitw_pack_add(&id, pack, GITW_BLOB, &i,
			    sizeof(i), NULL);
		if (error == NULL)
			error = gitw_pack_end(NULL, pack);
		CU_ASSERT_PTR_NOT_NULL_FATAL(error);
		CU_ASSERT_EQUAL(error->status, ENOSPC);
		CU_ASSERT_EQUAL(code_of(error, "objects/pack/tmp_syncgate_"),
		    XN_E_SYSTEM);
		gitw_pack_abandon(pack);
		CU_ASSERT_STRING_EQUAL(output("ls r/objects/pack"), "");
	}
	/* With room again it goes on. */
	pack = new_pack();
	add_commit(pack, "text", NULL);
	CU_ASSERT(good(gitw_pack_end(NULL, pack)));
	judge();
	CU_ASSERT_EQUAL(command("umount r/objects/pack"), 0);
	end();
}

static const struct xn_test_case cases[] = {
	{ "objects of all kinds are as git writes them",
	    objects_of_all_kinds_are_as_git_writes_them },
	{ "versions are short chains of deltas",
	    versions_are_short_chains_of_deltas },
	{ "what a delta would not gain by is whole",
	    what_a_delta_would_not_gain_by_is_whole },
	{ "what is there is not written again",
	    what_is_there_is_not_written_again },
	{ "an empty loose object is none", an_empty_loose_object_is_none },
	{ "a pack that goes meanwhile is looked for in the new one",
	    a_pack_that_goes_meanwhile_is_looked_for_in_the_new_one },
	{ "what was written is read before the end",
	    what_was_written_is_read_before_the_end },
	{ "a large blob takes no memory", a_large_blob_takes_no_memory },
	{ "a blob in pieces that is there leaves nothing",
	    a_blob_in_pieces_that_is_there_leaves_nothing },
	{ "pieces are as many as was said", pieces_are_as_many_as_was_said },
	{ "the same calls write the same bytes",
	    the_same_calls_write_the_same_bytes },
	{ "a full disk is said and leaves nothing",
	    a_full_disk_is_said_and_leaves_nothing },
};

XN_TEST_MAIN("git: packs", cases)
