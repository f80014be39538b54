/*
 * Digests of lists: the same for what is the same, and for nothing else.
 */
#include "core/side/side.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <execnet/remote.h>
#include "tests/lib/fresh_base.h"

#define ALL	(XN_KEEP_MODE | XN_KEEP_UID | XN_KEEP_GID | XN_KEEP_MTIME | \
		 XN_KEEP_ATTRS)

static unsigned char first[16], second[16];

/* The list of all in the base, with nothing left of this machine and time. */
static xn_list *
listed(void)
{
	xn_list *list = xn_list_open(base, "", 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(list);
	for (int i = 0; i < xn_list_n(list); i++) {
		xn_entry *e = xn_list_entry(list, i);

		e->uid = 1000;
		e->gid = 4000000000u;
		e->mode = e->type == 'l' ? 0777 : 04755;
		e->mtime = -1234567890123LL;
		e->nanoseconds = 987654321;
		e->attrs = NULL;
		e->attrs_n = 0;
	}
	return list;
}

static int
same(void)
{
	return memcmp(first, second, 16) == 0;
}

/* Once for all machines: this one was made on x86_64. */
static void
a_digest_is_the_same_everywhere(void)
{
	static const unsigned char expected[16] = {
		0x2d, 0x7d, 0x89, 0x8d, 0x67, 0x40, 0xc7, 0x78,
		0xfd, 0x1b, 0x05, 0x32, 0xfd, 0x9e, 0x98, 0x22
	};
	xn_list *list;

	fresh();
	command("echo 12345 >f; ln -s some/where l; mkdir d; mkfifo p");
	list = listed();
	xn_list_entry(list, 1)->attrs = (const unsigned char *)"attrs";
	xn_list_entry(list, 1)->attrs_n = 5;
	xn_list_digest(list, ALL, first);
	if (memcmp(first, expected, 16) != 0)
		for (int i = 0; i < 16; i++)
			printf("0x%02x, ", first[i]);
	CU_ASSERT_EQUAL(memcmp(first, expected, 16), 0);
	xn_list_close(list);
	gone();
}

/* Each number matters where it is to be kept, and nowhere else. */
static void
what_is_kept_matters(void)
{
	xn_list *list;
	xn_entry *e;

	fresh();
	command("echo 12345 >f; mkdir d");
	list = listed();
	e = xn_list_find(list, "f");
	for (int keep = 0; keep <= ALL; keep++) {
		xn_entry was = *e;

		xn_list_digest(list, keep, first);
		for (int bit = 1; bit <= ALL; bit <<= 1) {
			*e = was;
			e->mode ^= bit == XN_KEEP_MODE ? 04000 : 0;
			e->uid += bit == XN_KEEP_UID;
			e->gid += bit == XN_KEEP_GID;
			e->nanoseconds += bit == XN_KEEP_MTIME;
			e->attrs_n = bit == XN_KEEP_ATTRS;
			e->attrs = bit == XN_KEEP_ATTRS ?
			    (const unsigned char *)"x" : NULL;
			xn_list_digest(list, keep, second);
			CU_ASSERT_EQUAL(same(), (keep & bit) == 0);
		}
		*e = was;
		e->mtime++;
		xn_list_digest(list, keep, second);
		CU_ASSERT_EQUAL(same(), (keep & XN_KEEP_MTIME) == 0);
		*e = was;
		e->inode++;
		e->device++;
		e->ctime++;
		e->blocks++;
		e->links++;
		xn_list_digest(list, keep, second);
		CU_ASSERT(same());
		*e = was;
		e->size++;
		xn_list_digest(list, keep, second);
		CU_ASSERT(!same());
		*e = was;
	}
	/* A folder's size is its file system's. */
	xn_list_digest(list, ALL, first);
	xn_list_find(list, "d")->size++;
	xn_list_digest(list, ALL, second);
	CU_ASSERT(same());
	xn_list_close(list);
	gone();
}

/* The digests of two shell commands' folders. */
static void
digests_of(const char *one, const char *other)
{
	xn_list *list;

	fresh();
	command(one);
	list = listed();
	xn_list_digest(list, ALL, first);
	xn_list_close(list);
	gone();
	fresh();
	command(other);
	list = listed();
	xn_list_digest(list, ALL, second);
	xn_list_close(list);
	gone();
}

static void
names_types_and_links_matter(void)
{
	digests_of(": >a; : >b", ": >b; : >a");
	CU_ASSERT(same());
	digests_of(": >a", ": >b");
	CU_ASSERT(!same());
	digests_of(": >a", "true");
	CU_ASSERT(!same());
	digests_of(": >a", "mkdir a");
	CU_ASSERT(!same());
	digests_of("mkfifo a", "mkdir a");
	CU_ASSERT(!same());
	digests_of("ln -s x a", "ln -s y a");
	CU_ASSERT(!same());
	digests_of("ln -s bc a", "ln -s b a; ln -s b c");
	CU_ASSERT(!same());
	digests_of(": >ab; : >c", ": >a; : >bc");
	CU_ASSERT(!same());
	digests_of("ln -s x a; chmod 755 .", "ln -s x a");
	CU_ASSERT(same());
}

static void
devices_have_their_numbers(void)
{
	xn_list *list;
	xn_entry *e;

	fresh();
	command(": >f");
	list = listed();
	e = xn_list_entry(list, 0);
	e->type = 'c';
	xn_list_digest(list, ALL, first);
	e->minor = 1;
	xn_list_digest(list, ALL, second);
	CU_ASSERT(!same());
	e->minor = 0;
	e->major = 1;
	xn_list_digest(list, ALL, first);
	CU_ASSERT(!same());
	/* What could not be looked at is like nothing. */
	e->type = '?';
	xn_list_digest(list, ALL, first);
	xn_list_digest(list, ALL, second);
	CU_ASSERT(!same());
	xn_list_close(list);
	gone();
}

static void
what_is_marked_is_left_out(void)
{
	xn_list *list;

	fresh();
	command(": >a; : >b; : >c; ln -s x d");
	list = listed();
	xn_list_find(list, "b")->mark = 7;
	xn_list_find(list, "d")->mark = 1;
	xn_list_digest(list, ALL, first);
	xn_list_find(list, "b")->mark = 0;
	xn_list_digest(list, ALL, second);
	CU_ASSERT(!same());
	xn_list_close(list);
	command("rm b d");
	list = listed();
	xn_list_digest(list, ALL, second);
	CU_ASSERT(same());
	xn_list_close(list);
	gone();
}

/* Records that are longer than what is written down at once. */
static void
long_ones_are_hashed_whole(void)
{
	static unsigned char large[20000];
	xn_list *list;

	fresh();
	for (int i = 0; i < 300; i++) {
		char name[260];

		snprintf(name, sizeof(name), "%0*d", 3 + i % 240, i);
		CU_ASSERT_EQUAL(symlinkat("x", base, name), 0);
	}
	list = listed();
	for (int i = 0; i < 300; i += 7) {
		xn_list_entry(list, i)->attrs = large;
		xn_list_entry(list, i)->attrs_n = i % 2 ? 4000 : 20000;
	}
	xn_list_digest(list, ALL, first);
	xn_list_digest(list, ALL, second);
	CU_ASSERT(same());
	large[3999]++;
	xn_list_digest(list, ALL, second);
	CU_ASSERT(!same());
	large[3999]--;
	large[19999]++;
	xn_list_digest(list, ALL, second);
	CU_ASSERT(!same());
	large[19999]--;
	xn_list_digest(list, ALL, second);
	CU_ASSERT(same());
	xn_list_close(list);
	gone();
}

static const struct xn_test_case cases[] = {
	{ "a digest is the same everywhere", a_digest_is_the_same_everywhere },
	{ "what is kept matters", what_is_kept_matters },
	{ "names, types and links matter", names_types_and_links_matter },
	{ "devices have their numbers", devices_have_their_numbers },
	{ "what is marked is left out", what_is_marked_is_left_out },
	{ "long ones are hashed whole", long_ones_are_hashed_whole },
};

XN_TEST_MAIN("tree: digests", cases)
