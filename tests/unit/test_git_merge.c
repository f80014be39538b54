/*
 * Merged packs are good ones with the same objects, and there are never many.
 */
#include "plugins/git/merge.h"

#include "plugins/git/clean.h"
#include "plugins/git/refs.h"
#include "tests/lib/git_test.h"

/* A pack of COMMITS, the first of them number FIRST; versions are deltas. */
static struct gitw_id
write_pack(int first, int commits)
{
	struct gitw_id commit, id, name;
	struct gitw_base base = { .n = 0 };
	gitw_pack_t *pack;

	CU_ASSERT_FATAL(good(gitw_pack_create(&pack, dir, pool)));
	for (int i = first; i < first + commits; i++) {
		char *text = apr_pcalloc(pool, 3000);

		memset(text, 'a' + first % 26, 2000);
		sprintf(text + 1000, "version %d", i);
		CU_ASSERT_FATAL(good(gitw_pack_add(&id, pack, GITW_BLOB, text,
		    2000, &base)));
		base = (struct gitw_base){ id, text, 2000 };
		commit = add_commit(pack, apr_psprintf(pool, "commit %d", i),
		    NULL);
	}
	(void)commit;
	CU_ASSERT_FATAL(good(gitw_pack_end(&name, pack)));
	return name;
}

static int
packs(void)
{
	return atoi(output("ls r/objects/pack/*.pack | wc -l"));
}

/* All objects that git finds, and what they hold, in a file. */
static void
list_objects(const char *file)
{
	CU_ASSERT_EQUAL(command("git -C r cat-file --batch --batch-all-objects "
	    ">%s", file), 0);
}

static void
judge(void)
{
	CU_ASSERT_EQUAL(command("git -C r fsck --strict --full --no-dangling "
	    "2>&1 | grep -v ^notice: >said; ! grep . said"), 0);
	CU_ASSERT_EQUAL(command("for p in r/objects/pack/*.pack; do "
	    "git index-pack --strict -o again.idx $p >name && "
	    "cmp again.idx ${p%%.pack}.idx && rm -f again.idx && "
	    "test r/objects/pack/pack-$(cat name).pack = $p || exit 1; done"),
	    0);
	CU_ASSERT_STRING_EQUAL(output("ls r/objects/pack | "
	    "grep -v '^pack-[0-9a-f]*[.]\\(pack\\|idx\\)$'"), "");
}

static void
packs_become_one_with_the_same_objects(void)
{
	unsigned int merged;

	begin();
	for (int i = 0; i < 5; i++)
		write_pack(i * 10, 10);
	list_objects("before");
	CU_ASSERT(good(gitw_merge(&merged, dir, 5, pool)));
	CU_ASSERT(merged == 0 && packs() == 5);
	CU_ASSERT(good(gitw_merge(&merged, dir, 4, pool)));
	CU_ASSERT(merged == 5 && packs() == 1);
	judge();
	list_objects("after");
	CU_ASSERT_EQUAL(command("cmp before after"), 0);
	CU_ASSERT_EQUAL(command("git verify-pack -v r/objects/pack/*.idx | "
	    "grep -q '^chain length = 9'"), 0);
	CU_ASSERT(good(gitw_merge(&merged, dir, 0, pool)));
	CU_ASSERT(merged == 0 && packs() == 1);
	end();
}

/* Of 300 packs never more than a handful are there, and large ones are copied
 * seldom. */
static void
there_are_never_many(void)
{
	int most = 0, total = 0;
	unsigned int merged;

	begin();
	write_pack(1000, 200);
	for (int i = 0; i < 300; i++) {
		struct gitw_id name = write_pack(2000 + i, 1);

		(void)name;
		CU_ASSERT(good(gitw_merge(&merged, dir, 12, pool)));
		total += (int)merged;
		if (packs() > most)
			most = packs();
	}
	CU_ASSERT(most <= 13);
	CU_ASSERT(total < 700);
	judge();
	end();
}

/* ---- What is left alone ------------------------------------------------- */

static void
none_becomes_too_large(void)
{
	unsigned int merged;
	uint64_t each;

	begin();
	for (int i = 0; i < 5; i++)
		write_pack(i * 10, 10);
	each = strtoull(output("git -C r count-objects -v | "
	    "sed -n 's/^in-pack: //p'"), NULL, 10) / 5;
	CU_ASSERT(each >= 20);
	CU_ASSERT(good(gitw_merge_some(&merged, dir, 0, 2 * each - 1, pool)));
	CU_ASSERT(merged == 0 && packs() == 5);
	CU_ASSERT(good(gitw_merge_some(&merged, dir, 0, 3 * each, pool)));
	CU_ASSERT(merged == 3 && packs() == 3);
	CU_ASSERT(good(gitw_merge_some(&merged, dir, 0, 3 * each, pool)));
	CU_ASSERT(merged == 2 && packs() == 2);
	CU_ASSERT(good(gitw_merge_some(&merged, dir, 0, 3 * each, pool)));
	CU_ASSERT(merged == 0 && packs() == 2);
	judge();
	end();
}

static void
what_git_keeps_is_left_alone(void)
{
	static const char *const suffixes[] = { "keep", "bitmap", "rev",
		"promisor", "mtimes" };
	unsigned int merged;

	begin();
	for (int i = 0; i < 5; i++) {
		struct gitw_id name = write_pack(i, 1);

		CU_ASSERT_EQUAL(command(": >r/objects/pack/pack-%s.%s",
		    hex_of(&name), suffixes[i]), 0);
	}
	CU_ASSERT(good(gitw_merge(&merged, dir, 0, pool)));
	CU_ASSERT(merged == 0 && packs() == 5);
	write_pack(10, 1);
	write_pack(11, 1);
	CU_ASSERT(good(gitw_merge(&merged, dir, 0, pool)));
	CU_ASSERT(merged == 2 && packs() == 6);
	CU_ASSERT_EQUAL(command("rm -f r/objects/pack/*.[bkmr]* "
	    "r/objects/pack/*.promisor && "
	    "git -C r multi-pack-index write"), 0);
	CU_ASSERT(good(gitw_merge(&merged, dir, 0, pool)));
	CU_ASSERT(merged == 0 && packs() == 6);
	CU_ASSERT_EQUAL(command("rm r/objects/pack/multi-pack-index"), 0);
	CU_ASSERT(good(gitw_merge(&merged, dir, 0, pool)));
	CU_ASSERT(merged == 6 && packs() == 1);
	judge();
	end();
}

/* A thin pack's deltas say the id of what they are to. */
static void
packs_with_other_deltas_are_left_alone(void)
{
	unsigned int merged;

	begin();
	write_pack(0, 3);
	write_pack(10, 3);
	/* git writes REF_DELTA if it is told that OFS_DELTA is unknown. */
	CU_ASSERT_EQUAL(command("for i in 1 2 3; do head -c 3000 /dev/zero | "
	    "tr '\\0' x >f; echo $i >>f; git -C r hash-object -w ../f; done "
	    ">ids && git -C r pack-objects -q objects/pack/pack <ids >name && "
	    "git -C r prune-packed && git verify-pack -v "
	    "r/objects/pack/pack-$(cat name).idx | grep -q 'chain length'"),
	    0);
	list_objects("before");
	CU_ASSERT(good(gitw_merge(&merged, dir, 1, pool)));
	CU_ASSERT(merged == 2 && packs() == 2);
	judge();
	list_objects("after");
	CU_ASSERT_EQUAL(command("cmp before after && "
	    "test -f r/objects/pack/pack-$(cat name).pack"), 0);
	end();
}

static void
packs_that_share_objects_are_left_alone(void)
{
	unsigned int merged;

	begin();
	write_pack(0, 3);
	write_pack(10, 4);
	/* git writes one that has all of the first, and another object. */
	CU_ASSERT_EQUAL(command("echo other | git -C r hash-object -w --stdin "
	    ">ids && git show-index <$(ls -S r/objects/pack/*.idx | tail -1) | "
	    "cut -d' ' -f2 >>ids && git -C r pack-objects -q "
	    "--delta-base-offset objects/pack/pack <ids >name && "
	    "git -C r prune-packed"), 0);
	list_objects("before");
	CU_ASSERT(good(gitw_merge(&merged, dir, 0, pool)));
	CU_ASSERT(merged == 2 && packs() == 2);
	judge();
	list_objects("after");
	CU_ASSERT_EQUAL(command("cmp before after"), 0);
	end();
}

static void
a_damaged_pack_is_not_made_good(void)
{
	static const char *const how[] = {
		"printf x | dd of=$p bs=1 seek=100 conv=notrunc status=none",
		"printf x | dd of=${p%%pack}idx bs=1 seek=1500 conv=notrunc "
		    "status=none",
	};
	unsigned int merged;

	begin();
	write_pack(0, 5);
	write_pack(10, 5);
	CU_ASSERT_EQUAL(command("cp -a r/objects/pack good"), 0);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(command("rm -rf r/objects/pack && "
		    "cp -a good r/objects/pack && chmod u+w r/objects/pack/* "
		    "&& p=$(ls r/objects/pack/*.pack | head -1) && %s && "
		    "ls r/objects/pack >before", how[i]), 0);
		CU_ASSERT_EQUAL(code_of(gitw_merge(&merged, dir, 0, pool),
		    "is damaged"), XN_E_JOB);
		CU_ASSERT_EQUAL(command("ls r/objects/pack | cmp - before"),
		    0);
	}
	end();
}

/* ---- Killed ------------------------------------------------------------- */

/* The old packs were to go: they do if the new one is there, and only then. */
static void
old_packs_go_after_a_kill(void)
{
	struct gitw_id old[2], other = { { 1 } };
	unsigned int merged;

	begin();
	old[0] = write_pack(0, 2);
	old[1] = write_pack(10, 2);
	list_objects("before");
	CU_ASSERT_EQUAL(command("cp -a r/objects/pack both"), 0);
	CU_ASSERT(good(gitw_merge(&merged, dir, 0, pool)));
	CU_ASSERT_EQUAL(command("cd r/objects/pack && ls *.pack | "
	    "sed 's/pack-//; s/.pack//' >../../../new && "
	    "cp -a ../../../both/* . && n=$(cat ../../../new) && "
	    "ln pack-%s.pack tmp_syncgate_old-%s-$n && "
	    "ln pack-%s.pack tmp_syncgate_old-%s-$n && rm -f pack-%s.idx",
	    hex_of(&old[0]), hex_of(&old[0]), hex_of(&old[1]),
	    hex_of(&old[1]), hex_of(&old[1])), 0);
	CU_ASSERT(good(gitw_clean(dir, pool)));
	CU_ASSERT_EQUAL(packs(), 1);
	judge();
	/* The new one had not come to be. */
	CU_ASSERT_EQUAL(command("cd r/objects/pack && rm -f * && "
	    "cp -a ../../../both/* . && ln pack-%s.pack tmp_syncgate_old-%s-%s",
	    hex_of(&old[0]), hex_of(&old[0]), hex_of(&other)), 0);
	CU_ASSERT(good(gitw_clean(dir, pool)));
	CU_ASSERT_EQUAL(packs(), 2);
	list_objects("after");
	CU_ASSERT_EQUAL(command("cmp before after"), 0);
	judge();
	end();
}

static const struct xn_test_case cases[] = {
	{ "packs become one with the same objects",
	    packs_become_one_with_the_same_objects },
	{ "there are never many", there_are_never_many },
	{ "none becomes too large", none_becomes_too_large },
	{ "what git keeps is left alone", what_git_keeps_is_left_alone },
	{ "packs with other deltas are left alone",
	    packs_with_other_deltas_are_left_alone },
	{ "packs that share objects are left alone",
	    packs_that_share_objects_are_left_alone },
	{ "a damaged pack is not made good", a_damaged_pack_is_not_made_good },
	{ "old packs go after a kill", old_packs_go_after_a_kill },
};

XN_TEST_MAIN("git: merging packs", cases)
