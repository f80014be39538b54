/*
 * Indexes of packs: git reads what we write, and what is damaged is named.
 */
#include "plugins/git/index.h"

#include <stdio.h>

#include "plugins/git/pack.h"
#include "tests/lib/git_test.h"

/* git reads what we write of a pack of 3 TB, and so do we. */
static void
offsets_beyond_2_gigabytes_are_indexed(void)
{
	static const uint64_t offsets[] = { 12, 0x7fffffff, 0x80000000,
		0xffffffff, (uint64_t)3 << 40 };
	struct gitw_entries entries = { 0 };
	struct gitw_index index;
	struct gitw_file file;
	struct gitw_id sum = { { 0 } };
	char bytes[8192];
	const char *said;
	size_t n;
	FILE *f;

	begin();
	for (int i = 0; i < 5; i++) {
		struct gitw_entry entry = { .offset = offsets[i],
			.crc = (uint32_t)i };

		entry.id.bytes[0] = (unsigned char)(250 - i * 50);
		CU_ASSERT(good(gitw_entries_add(&entries, &entry)));
	}
	gitw_entries_sort(&entries);
	CU_ASSERT_FATAL(good(gitw_file_create(&file, root, 0444, 1)));
	CU_ASSERT_FATAL(good(gitw_index_write(&file, &entries, &sum)));
	CU_ASSERT_FATAL(good(gitw_file_flush(&file)));
	said = output("git show-index <%s | sort -n | cut -d' ' -f1 | "
	    "tr '\\n' ' '", file.path);
	CU_ASSERT_STRING_EQUAL(said,
	    "12 2147483647 2147483648 4294967295 3298534883328 ");
	f = fopen(file.path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	CU_ASSERT_PTR_NULL_FATAL(gitw_index_parse(&index, bytes, n));
	for (int i = 0; i < 5; i++) {
		struct gitw_id id = { { 0 } };
		long at;

		id.bytes[0] = (unsigned char)(250 - i * 50);
		at = gitw_index_find(&index, &id);
		CU_ASSERT_FATAL(at >= 0);
		CU_ASSERT_EQUAL(gitw_index_offset(&index, (size_t)at),
		    offsets[i]);
		CU_ASSERT_EQUAL(gitw_index_crc(&index, (size_t)at),
		    (uint32_t)i);
		id.bytes[19] = 1;
		CU_ASSERT_EQUAL(gitw_index_find(&index, &id), -1);
	}
	gitw_file_abandon(&file);
	gitw_entries_free(&entries);
	end();
}

static void
damaged_indexes_are_named(void)
{
	static const struct { const char *how, *said; } rows[] = {
		{ "truncate -s 100 $i", "it is too short" },
		{ ": >$i", "it is too short" },
		{ "truncate -s -1 $i", "its length is not" },
		{ "truncate -s -40 $i", "its length is not" },
		{ "head -c 800 /dev/zero >>$i", "its length is not" },
		{ "printf x | dd of=$i conv=notrunc status=none",
		    "no index of version 2" },
		{ "printf '\\377' | dd of=$i bs=1 seek=8 conv=notrunc "
		    "status=none", "its counts are not in order" },
		{ "printf '\\377' | dd of=$i bs=1 seek=1028 conv=notrunc "
		    "status=none", "its length is not" },
		{ "printf x | dd of=$p bs=1 seek=9 conv=notrunc status=none",
		    "not the one of its index" },
		{ "truncate -s -1 $p", "not the one of its index" },
		{ "truncate -s 10 $p", "not the one of its index" },
	};
	gitw_pack_t *pack;

	begin();
	pack = new_pack();
	add_commit(pack, "text", NULL);
	CU_ASSERT_FATAL(good(gitw_pack_end(NULL, pack)));
	CU_ASSERT_EQUAL(command("cp -a r/objects/pack good"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL_FATAL(command("rm -rf r/objects/pack && "
		    "cp -a good r/objects/pack && "
		    "i=$(echo r/objects/pack/*.idx) && p=${i%%idx}pack && "
		    "chmod u+w $i $p && %s", rows[i].how), 0);
		CU_ASSERT_EQUAL(code_of(gitw_pack_create(&pack, dir, pool),
		    rows[i].said), XN_E_JOB);
		CU_ASSERT_STRING_EQUAL(output("ls r/objects/pack | wc -l"),
		    "2");
	}
	/* An index without a pack is none, as for git. */
	CU_ASSERT_EQUAL(command("rm -f r/objects/pack/*.pack"), 0);
	CU_ASSERT(good(gitw_pack_create(&pack, dir, pool)));
	end();
}

static const struct xn_test_case cases[] = {
	{ "offsets beyond 2 gigabytes are indexed",
	    offsets_beyond_2_gigabytes_are_indexed },
	{ "damaged indexes are named", damaged_indexes_are_named },
};

XN_TEST_MAIN("git: indexes", cases)
