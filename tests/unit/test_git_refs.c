/*
 * Refs: git reads what we write, we read what git writes, and names are what
 * git check-ref-format says they are.
 */
#include "plugins/git/refs.h"

#include <signal.h>
#include <sys/resource.h>

#include "plugins/git/clean.h"
#include "tests/lib/git_test.h"
#include "tests/lib/random.h"

/* A repository with the commits of ID, and a tag object of the first. */
static struct gitw_id commits[3], tag;

static void
begin_refs(void)
{
	gitw_pack_t *pack;

	begin();
	CU_ASSERT_FATAL(good(gitw_pack_create(&pack, dir, pool)));
	for (int i = 0; i < 3; i++)
		commits[i] = add_commit(pack, apr_psprintf(pool, "commit %d",
		    i), i == 0 ? NULL : &commits[i - 1]);
	tag = add(pack, GITW_TAG, apr_psprintf(pool, "object %s\ntype commit\n"
	    "tag v1\ntagger A <a@b> 1 +0000\n\nv1\n", hex_of(&commits[0])));
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
}

static struct gitw_refs *
read_refs(void)
{
	struct gitw_refs *refs = NULL;

	CU_ASSERT_FATAL(good(gitw_refs_read(&refs, dir, pool)));
	return refs;
}

/* Write the refs of NAMES, a list that ends with null, all of commit I. */
static xn_error_t *
write_names(int i, const char *head, const char *const *names)
{
	struct gitw_ref refs[20];
	struct gitw_refs set = { .refs = refs, .head = head };

	for (; names[set.n] != NULL; set.n++)
		refs[set.n] = (struct gitw_ref){ .name = names[set.n],
			.id = commits[i] };
	return gitw_refs_write(&set, read_refs(), dir, pool);
}

static void
git_reads_what_we_write(void)
{
	struct gitw_ref refs[] = {
		{ .name = "refs/tags/v1", .is_tag = 1 },
		{ .name = "refs/heads/main" }, { .name = "refs/heads/a-b" },
		{ .name = "refs/heads/a/b" }, { .name = "refs/heads/\xc3\xa4" },
	};
	struct gitw_refs set = { refs, 5, "refs/heads/main" }, *back;
	const char *text;

	begin_refs();
	refs[0].id = tag;
	refs[0].peeled = refs[3].id = commits[0];
	refs[2].id = refs[4].id = commits[1];
	refs[1].id = commits[2];
	CU_ASSERT_FATAL(good(gitw_refs_write(&set, read_refs(), dir, pool)));
	text = apr_psprintf(pool, "%s refs/heads/a-b\n%s refs/heads/a/b\n"
	    "%s refs/heads/main\n%s refs/heads/\xc3\xa4\n%s refs/tags/v1\n"
	    "%s refs/tags/v1^{}", hex_of(&commits[1]), hex_of(&commits[0]),
	    hex_of(&commits[2]), hex_of(&commits[1]), hex_of(&tag),
	    hex_of(&commits[0]));
	CU_ASSERT_STRING_EQUAL(output("git -C r show-ref -d"), text);
	CU_ASSERT_STRING_EQUAL(output("git -C r symbolic-ref HEAD"),
	    "refs/heads/main");
	CU_ASSERT_EQUAL(command("git -C r fsck --strict >said 2>&1 && "
	    "! grep . said"), 0);
	/* git itself would write the same. */
	CU_ASSERT_EQUAL(command("cp r/packed-refs ours && "
	    "git -C r pack-refs --all && cmp ours r/packed-refs"), 0);
	back = read_refs();
	CU_ASSERT_EQUAL(back->n, 5);
	CU_ASSERT_EQUAL(gitw_refs_find(back, "refs/tags/v1")->is_tag, 1);
	CU_ASSERT_EQUAL(gitw_id_compare(&gitw_refs_find(back,
	    "refs/tags/v1")->peeled, &commits[0]), 0);
	CU_ASSERT_PTR_NULL(gitw_refs_find(back, "refs/tags/v2"));
	CU_ASSERT_STRING_EQUAL(output("ls r | grep -e tmp_ -e lock"), "");
	end();
}

static void
folders_and_refs_change_places_in_one_step(void)
{
	static const char *const before[] = { "refs/heads/x",
		"refs/heads/y/1/2", NULL };
	static const char *const after[] = { "refs/heads/x/1",
		"refs/heads/y", NULL };
	static const char *const none[] = { NULL };

	begin_refs();
	CU_ASSERT(good(write_names(0, "refs/heads/x", before)));
	CU_ASSERT(good(write_names(1, "refs/heads/y", after)));
	CU_ASSERT_STRING_EQUAL(output("git -C r for-each-ref "
	    "--format='%%(refname)'"), "refs/heads/x/1\nrefs/heads/y");
	CU_ASSERT_STRING_EQUAL(output("git -C r symbolic-ref HEAD"),
	    "refs/heads/y");
	/* HEAD is left alone, and all refs go. */
	CU_ASSERT(good(write_names(1, NULL, none)));
	CU_ASSERT_STRING_EQUAL(output("git -C r symbolic-ref HEAD"),
	    "refs/heads/y");
	CU_ASSERT_EQUAL(read_refs()->n, 0);
	end();
}

static void
what_cannot_be_refs_changes_nothing(void)
{
	static const char *const good_ones[] = { "refs/heads/main", NULL };
	static const char *const twice[] = { "refs/heads/b", "refs/heads/a",
		"refs/heads/b", NULL };
	static const char *const within[] = { "refs/heads/a", "refs/heads/a-b",
		"refs/heads/a/b/c", NULL };
	static const char *const bad[] = { "refs/heads/a..b", NULL };

	begin_refs();
	CU_ASSERT(good(write_names(0, "refs/heads/main", good_ones)));
	CU_ASSERT_EQUAL(command("cp r/packed-refs before"), 0);
	CU_ASSERT_EQUAL(code_of(write_names(1, NULL, twice),
	    "'refs/heads/b' is there twice"), XN_E_USAGE);
	CU_ASSERT_EQUAL(code_of(write_names(1, NULL, within), "'refs/heads/a' "
	    "and 'refs/heads/a/b/c' cannot both"), XN_E_USAGE);
	CU_ASSERT_EQUAL(code_of(write_names(1, NULL, bad),
	    "does not take 'refs/heads/a..b'"), XN_E_USAGE);
	CU_ASSERT_EQUAL(code_of(write_names(1, "refs/a b", good_ones),
	    "HEAD means no ref"), XN_E_USAGE);
	CU_ASSERT_EQUAL(command("cmp r/packed-refs before"), 0);
	CU_ASSERT_STRING_EQUAL(output("ls r | grep -e tmp_ -e lock"), "");
	end();
}

static void
what_cannot_be_written_changes_nothing(void)
{
	static const char *const before[] = { "refs/heads/main", NULL };
	static const char *const after[] = { "refs/heads/main", "refs/heads/b",
		NULL };
	struct rlimit was, small;
	xn_error_t *error;

	begin_refs();
	CU_ASSERT(good(write_names(0, NULL, before)));
	CU_ASSERT_EQUAL(command("cp r/packed-refs before"), 0);
	/* As a full disk: the first bytes can be written. */
	getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 60;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	error = write_names(0, "refs/heads/b", after);
	setrlimit(RLIMIT_FSIZE, &was);
	signal(SIGXFSZ, SIG_DFL);
	CU_ASSERT_EQUAL(code_of(error, "cannot write to"), XN_E_SYSTEM);
	CU_ASSERT_EQUAL(command("cmp r/packed-refs before"), 0);
	CU_ASSERT_STRING_EQUAL(output("ls r | grep -e tmp_ -e lock"), "");
	end();
}

/* ---- Others ------------------------------------------------------------- */

static void
what_others_change_meanwhile_is_seen(void)
{
	static const char *const how[] = {
		"git pack-refs --all",
		("git update-ref refs/heads/main HEAD~1 && "
		    "git pack-refs --all"),
		"git branch new && git pack-refs --all",
		"git symbolic-ref HEAD refs/heads/other",
	};
	static const char *const names[] = { "refs/heads/main", NULL };

	begin_refs();
	for (int i = 0; i < 4; i++) {
		struct gitw_ref ref = { .name = names[0] };
		struct gitw_refs set = { &ref, 1, NULL }, *old;
		xn_error_t *error;

		CU_ASSERT_FATAL(good(write_names(1, names[0], names)));
		old = read_refs();
		CU_ASSERT_EQUAL(command("cd r && %s", how[i]), 0);
		CU_ASSERT_EQUAL(command("cp r/packed-refs before"), 0);
		ref.id = commits[2];
		error = gitw_refs_write(&set, old, dir, pool);
		if (i == 0) {
			CU_ASSERT(good(error));
			continue;
		}
		CU_ASSERT_EQUAL(code_of(error, "somebody else has changed"),
		    XN_E_JOB);
		CU_ASSERT_EQUAL(command("cmp r/packed-refs before"), 0);
		CU_ASSERT_STRING_EQUAL(output("ls r | grep -e tmp_ -e lock"),
		    "");
	}
	end();
}

static void
a_loose_ref_is_refused(void)
{
	struct gitw_refs *refs;

	begin_refs();
	CU_ASSERT_EQUAL(command("git -C r update-ref refs/heads/a/b %s",
	    hex_of(&commits[0])), 0);
	CU_ASSERT_EQUAL(code_of(gitw_refs_read(&refs, dir, pool),
	    "refs/heads/a/b is a loose ref"), XN_E_CONFIG);
	CU_ASSERT_EQUAL(command("git -C r pack-refs --all"), 0);
	CU_ASSERT_EQUAL(read_refs()->n, 1);
	CU_ASSERT_EQUAL(command("ln -s /nowhere r/refs/heads/link"), 0);
	CU_ASSERT_EQUAL(code_of(gitw_refs_read(&refs, dir, pool),
	    "refs/heads/link is a loose ref"), XN_E_CONFIG);
	end();
}

/* git's lock is waited for, and who writes is not disturbed. */
static void
a_lock_of_git_is_waited_for(void)
{
	static const char *const names[] = { "refs/heads/main", NULL };

	begin_refs();
	CU_ASSERT_EQUAL(command(": >r/packed-refs.lock; "
	    "(sleep 0.3; rm r/packed-refs.lock) &"), 0);
	CU_ASSERT(good(write_names(0, NULL, names)));
	CU_ASSERT_EQUAL(read_refs()->n, 1);
	end();
}

static void
a_lock_that_was_ours_goes(void)
{
	begin_refs();
	/* As after a kill between link and rename, and after the rename. */
	CU_ASSERT_EQUAL(command("cd r && echo new >tmp_syncgate_1 && "
	    "ln tmp_syncgate_1 packed-refs.lock && "
	    "echo head >tmp_syncgate_2 && ln tmp_syncgate_2 HEAD.lock && "
	    "echo refs >tmp_syncgate_3 && ln tmp_syncgate_3 packed-refs && "
	    ": >config.lock"), 0);
	CU_ASSERT(good(gitw_clean(dir, pool)));
	CU_ASSERT_STRING_EQUAL(output("cd r && ls -d tmp_* *.lock; "
	    "cat packed-refs"), "ls: cannot access 'tmp_*': No such file or "
	    "directory\nconfig.lock\nrefs");
	/* git's stays. */
	CU_ASSERT_EQUAL(command("cd r && : >packed-refs.lock && "
	    "echo new >tmp_syncgate_1"), 0);
	CU_ASSERT(good(gitw_clean(dir, pool)));
	CU_ASSERT_EQUAL(command("test -f r/packed-refs.lock"), 0);
	end();
}

/* ---- What is damaged ---------------------------------------------------- */

#define ID	"0123456789012345678901234567890123456789"

static void
damaged_files_are_named(void)
{
	static const struct { const char *text, *said; } rows[] = {
		{ ID " refs/heads/a", "line 1: it has no end" },
		{ "# x\n" ID "\n", "line 2: it is neither" },
		{ ID " refs/heads/a\n\n", "line 2: it is neither" },
		{ ID "0 refs/heads/a\n", "line 1: it is neither" },
		{ "0123456789A12345678901234567890123456789 refs/heads/a\n",
		    "line 1: it has no id" },
		{ "^" ID "\n", "line 1: it leads to" },
		{ ID " refs/tags/a\n^" ID "\n^" ID "\n",
		    "line 3: it leads to" },
		{ ID " refs/tags/a\n^0123456789012345678901234567890123456x89"
		    "\n", "line 2: it has no id" },
		{ ID " refs/heads/\n", "Git does not take 'refs/heads/'" },
		{ ID " refs/heads/../../config\n", "does not take" },
		{ ID " HEAD\n", "does not take 'HEAD'" },
		{ ID " refs/heads/a\\000b\n", "it has a NUL" },
		{ ID " refs/heads/a\n" ID " refs/heads/a\n", "there twice" },
		{ ID " refs/heads/a\n" ID " refs/heads/a/b\n",
		    "cannot both be refs" },
	};
	struct gitw_refs *refs;

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(command("printf '%s' >r/packed-refs",
		    rows[i].text), 0);
		CU_ASSERT_EQUAL(code_of(gitw_refs_read(&refs, dir, pool),
		    rows[i].said), XN_E_JOB);
	}
	CU_ASSERT_EQUAL(command("rm r/packed-refs; mkdir r/packed-refs"), 0);
	CU_ASSERT_EQUAL(code_of(gitw_refs_read(&refs, dir, pool), "no file"),
	    XN_E_JOB);
	CU_ASSERT_EQUAL(command("rmdir r/packed-refs; "
	    "truncate -s 300M r/packed-refs"), 0);
	CU_ASSERT_EQUAL(code_of(gitw_refs_read(&refs, dir, pool),
	    "more than 268435456 bytes"), XN_E_JOB);
	CU_ASSERT_EQUAL(command("rm r/packed-refs; rm r/HEAD"), 0);
	CU_ASSERT_EQUAL(code_of(gitw_refs_read(&refs, dir, pool),
	    "HEAD is missing"), XN_E_JOB);
	CU_ASSERT_EQUAL(command("echo 'ref: ../x' >r/HEAD"), 0);
	CU_ASSERT_EQUAL(code_of(gitw_refs_read(&refs, dir, pool),
	    "HEAD is damaged"), XN_E_JOB);
	/* An id is no ref, but allowed. */
	CU_ASSERT_EQUAL(command("echo " ID " >r/HEAD"), 0);
	CU_ASSERT_PTR_NULL(read_refs()->head);
	end();
}

/* What is not sorted, and not as git says that it is, is read all the same. */
static void
what_is_not_sorted_is_read(void)
{
	begin();
	CU_ASSERT_EQUAL(command("printf '" ID " refs/tags/b\n^" ID "\n"
	    ID " refs/heads/a\n' >r/packed-refs"), 0);
	CU_ASSERT_EQUAL(read_refs()->n, 2);
	CU_ASSERT_STRING_EQUAL(read_refs()->refs[0].name, "refs/heads/a");
	CU_ASSERT_EQUAL(read_refs()->refs[1].is_tag, 1);
	end();
}

/* ---- Names -------------------------------------------------------------- */

static const char *const names[] = {
	"refs/heads/a", "refs/a", "refs/heads/a.b", "refs/heads/.a",
	"refs/heads/a.", "refs/heads/a./b", "refs/heads/a..b",
	"refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/.lock",
	"refs/heads/lock", "refs/heads/a.lockb", "refs/heads//a",
	"refs/heads/a/", "refs//a", "refs/heads/@", "refs/heads/a@",
	"refs/heads/@{", "refs/heads/a@{b", "refs/heads/a{", "refs/heads/@/{a",
	"refs/heads/a b", "refs/heads/a\tb", "refs/heads/a\177b",
	"refs/heads/a\001b", "refs/heads/a~b", "refs/heads/a^b",
	"refs/heads/a:b", "refs/heads/a?b", "refs/heads/a*b", "refs/heads/a[b",
	"refs/heads/a]b", "refs/heads/a\\b", "refs/heads/a\"b",
	"refs/heads/a'b", "refs/heads/-a", "refs/heads/\xff\xfe",
	"refs/heads/\xc3\xa4", "refs/", "refs/heads/a/.b", "refs/heads/a/..",
	"refs/heads/a,b;c#d$e%f&g(h)i+j=k!l|m<n>o`p", "refs/heads/HEAD",
};

/* A name of pieces that matter. */
static const char *
random_name(uint32_t *seed)
{
	static const char *const pieces[] = { "a", ".", "/", "@", "{", "lock",
		".lock", "b", "-", "~", "..", "\\", "x", "y", " " };
	char *name = apr_pcalloc(pool, 200);

	strcpy(name, "refs/");
	for (uint32_t n = 1 + next_random(seed) % 5; n > 0; n--)
		strcat(name, pieces[next_random(seed) % 15]);
	return name;
}

static void
names_are_what_git_says(void)
{
	const char *all[400], *said;
	uint32_t seed = 11;
	int yes = 0, different = 0;
	FILE *f;

	begin();
	f = fopen(apr_pstrcat(pool, root, "/names", NULL), "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	for (size_t i = 0; i < 400; i++) {
		all[i] = i < sizeof(names) / sizeof(names[0]) ? names[i] :
		    random_name(&seed);
		fprintf(f, "%s\n", all[i]);
	}
	fclose(f);
	said = output("while IFS= read -r n; do git check-ref-format \"$n\" "
	    "&& printf 1 || printf 0; done <names");
	CU_ASSERT_EQUAL_FATAL(strlen(said), 400);
	for (size_t i = 0; i < 400; i++) {
		yes += said[i] == '1';
		if (gitw_ref_is_name(all[i]) == (said[i] == '1'))
			continue;
		fprintf(stderr, "git says %c: %s\n", said[i], all[i]);
		different++;
	}
	CU_ASSERT_EQUAL(different, 0);
	CU_ASSERT(yes > 50 && yes < 350);
	CU_ASSERT(!gitw_ref_is_name("HEAD") && !gitw_ref_is_name("heads/a"));
	CU_ASSERT(!gitw_ref_is_name("") && !gitw_ref_is_name("refs"));
	end();
}

/* What is too long for a file's name could not be read again by git. */
static void
names_do_as_names_of_files(void)
{
	char name[2000] = "refs/heads/";

	memset(name + 11, 'a', 250);
	CU_ASSERT(gitw_ref_is_name(name));
	name[11 + 250] = 'a';
	CU_ASSERT(!gitw_ref_is_name(name));
	for (int i = 0; i < 1100; i++)
		name[11 + i] = i % 3 == 2 ? '/' : 'a';
	CU_ASSERT(!gitw_ref_is_name(name));
	name[1000] = '\0';
	CU_ASSERT(gitw_ref_is_name(name));
}

static const struct xn_test_case cases[] = {
	{ "git reads what we write", git_reads_what_we_write },
	{ "folders and refs change places in one step",
	    folders_and_refs_change_places_in_one_step },
	{ "what cannot be refs changes nothing",
	    what_cannot_be_refs_changes_nothing },
	{ "what cannot be written changes nothing",
	    what_cannot_be_written_changes_nothing },
	{ "what others change meanwhile is seen",
	    what_others_change_meanwhile_is_seen },
	{ "a loose ref is refused", a_loose_ref_is_refused },
	{ "a lock of git is waited for", a_lock_of_git_is_waited_for },
	{ "a lock that was ours goes", a_lock_that_was_ours_goes },
	{ "damaged files are named", damaged_files_are_named },
	{ "what is not sorted is read", what_is_not_sorted_is_read },
	{ "names are what git says", names_are_what_git_says },
	{ "names do as names of files", names_do_as_names_of_files },
};

XN_TEST_MAIN("git: refs", cases)
