/*
 * fileproc's intake: what is taken, in which order, and what may be done with a
 * claim.
 */
#include "tests/unit/test_fileproc_intake.h"

#include <locale.h>

static void
a_closed_file_is_claimed_and_removed(void)
{
	fresh();
	command("printf hello >in/a");
	begin();
	CU_ASSERT_EQUAL_FATAL(take(10), 1);
	CU_ASSERT_STRING_EQUAL(taken[0].name, "a");
	CU_ASSERT_EQUAL(taken[0].size, 5);
	CU_ASSERT_EQUAL(taken[0].folder, 0);
	CU_ASSERT_EQUAL(taken[0].returned, 0);
	CU_ASSERT(exists("in/.syncgate/%s/a", taken[0].id));
	CU_ASSERT(!exists("in/a"));
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "hello");
	CU_ASSERT(again > 0);
	CU_ASSERT_PTR_NULL(fp_claims_sync(intake));
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[0].id));
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[0].id));
	CU_ASSERT_PTR_NULL(fp_claims_sync(intake));
	CU_ASSERT_EQUAL(take(10), 0);
	assert_clean();
	CU_ASSERT_STRING_EQUAL(notes, "");
	gone();
}

static void
what_is_open_for_writing_waits_for_its_close(void)
{
	int fd;

	fresh();
	begin();
	fd = openat(AT_FDCWD, apr_pstrcat(pool, data_in, "/a", NULL),
	    O_WRONLY | O_CREAT, 0644);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, "12", 2), 2);
	CU_ASSERT_EQUAL(take_within(1, 0.3), 0);
	CU_ASSERT_EQUAL(write(fd, "34", 2), 2);
	close(fd);
	CU_ASSERT_EQUAL_FATAL(take_within(1, 2), 1);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1234");
	gone();
}

/* ---- Order and choice --------------------------------------------------- */

static void
items_come_in_the_order_asked_for(void)
{
	static const struct { int order; const char *names; } rows[] = {
		{ FP_ORDER_NAME, "a b c d" },
		{ FP_ORDER_TIME, "c a d b" },
		{ FP_ORDER_SIZE, "d b a c" },
	};

	for (size_t i = 0; i < 3; i++) {
		fresh();
		command("printf 333 >in/a; printf 22 >in/b; "
		    "printf 4444 >in/c; printf 1 >in/d; "
		    "touch -d '2020-01-01 12:00:01' in/c; "
		    "touch -d '2020-01-01 12:00:02' in/a; "
		    "touch -d '2020-01-01 12:00:02.5' in/d");
		options.order = rows[i].order;
		begin();
		take(10);
		ASSERT_NAMES(rows[i].names);
		CU_ASSERT(taken[0].arrived > 0);
		gone();
	}
}

static void
the_order_holds_over_several_calls_and_events(void)
{
	fresh();
	command("cd in && touch b d f");
	begin();
	take(1);
	ASSERT_NAMES("b");
	/* Better ones come while the rest waits. */
	command("cd in && touch e c g");
	take(1);
	ASSERT_NAMES("c");
	take(10);
	ASSERT_NAMES("d e f g");
	gone();
}

static void
urgent_ones_come_first(void)
{
	static const char *const priority[] = { "*.now", "x*", NULL };

	fresh();
	command("cd in && touch a.now b xb.now xa z");
	options.priority = priority;
	begin();
	take(3);
	ASSERT_NAMES("a.now xb.now xa");
	command("touch in/y.now");
	take(10);
	ASSERT_NAMES("y.now b z");
	gone();
}

static void
patterns_choose(void)
{
	static const char *const patterns[] = { "*.pdf", "scan-?", "sub/*.txt",
	    NULL };

	fresh();
	options.patterns = patterns;
	options.folders = FP_FOLDERS_NAMES;
	command("cd in && mkdir -p sub/deep && touch a.pdf b.pdf.part scan-1 "
	    "scan-12 c.txt sub/d.txt sub/deep/e.txt sub/deep/f.pdf");
	begin();
	take(10);
	ASSERT_NAMES("a.pdf scan-1 sub/d.txt sub/deep/f.pdf");
	CU_ASSERT(exists("in/b.pdf.part"));
	CU_ASSERT(exists("in/sub/deep/e.txt"));
	gone();
}

/* Patterns look at bytes where a name is no text. */
static void
patterns_meet_any_name(void)
{
	static const char *const patterns[] = { "*.pdf", "\xc3\xa4?", NULL };

	setlocale(LC_ALL, "C.UTF-8");
	CU_ASSERT_EQUAL(fp_pattern(patterns, "\xff\xfe.pdf"), 0);
	CU_ASSERT_EQUAL(fp_pattern(patterns, "a\n\xff/\xc3.pdf"), 0);
	CU_ASSERT_EQUAL(fp_pattern(patterns, "\xc3\xa4\xc3\xb6"), 1);
	CU_ASSERT_EQUAL(fp_pattern(patterns, "\xff.pdf.x"), 2);
	CU_ASSERT_EQUAL(fp_pattern(NULL, "x"), 0);
	setlocale(LC_ALL, "C");
}

/* ---- Folders ------------------------------------------------------------ */

static void
folders_can_be_ignored(void)
{
	fresh();
	command("cd in && mkdir -p d1 d2 && touch d1/x a");
	begin();
	take(10);
	ASSERT_NAMES("a");
	ASSERT_NOTED("folders in");
	command("mkdir in/d3; touch in/d1/y");
	CU_ASSERT_EQUAL(take(10), 0);
	gone();
}

static void
folders_can_be_a_part_of_names(void)
{
	struct stat st;
	enum fp_moved moved;
	int to;

	fresh();
	options.folders = FP_FOLDERS_NAMES;
	command("cd in && mkdir -p d/e empty && printf 1 >d/x && "
	    "printf 22 >d/e/y && touch a");
	begin();
	take(10);
	ASSERT_NAMES("a d/e/y d/x");
	CU_ASSERT(exists("in/d/e"));
	CU_ASSERT(exists("in/empty"));
	CU_ASSERT_STRING_EQUAL(content(&taken[1]), "22");
	/* To where its folders are not yet. */
	command("mkdir done");
	to = open(apr_pstrcat(pool, root, "/done", NULL),
	    O_RDONLY | O_DIRECTORY);
	CU_ASSERT_PTR_NULL(fp_claim_move(&moved, intake, taken[1].id,
	    taken[1].name, to, taken[1].name));
	CU_ASSERT_EQUAL(moved, FP_MOVED);
	CU_ASSERT(exists("done/d/e/y"));
	close(to);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[i].id));
	assert_clean();
	/* Folders that come later are watched: at once, not after `poll`. */
	command("mkdir -p in/new/er; echo >in/new/er/z");
	CU_ASSERT_EQUAL(take_within(1, 2), 1);
	ASSERT_NAMES("new/er/z");
	command("echo >in/new/er/zz; mv in/new in/old");
	CU_ASSERT_EQUAL(take_within(1, 2), 1);
	command("echo >in/old/er/zzz");
	CU_ASSERT_EQUAL(take_within(1, 2), 1);
	ASSERT_NAMES("old/er/zzz");
	CU_ASSERT_EQUAL(stat(data_in, &st), 0);
	gone();
}

static void
folders_can_be_items(void)
{
	int fd, d;

	fresh();
	options.folders = FP_FOLDERS_ITEMS;
	options.settle = xn_seconds(6);
	command("mkdir -p in/d/e in/empty; printf 123 >in/d/e/x; "
	    "printf 45 >in/d/y; chmod 0500 in/d/e");
	begin();
	/* They are quiet only after `settle`. */
	CU_ASSERT_EQUAL(take(10), 0);
	CU_ASSERT(again > 0 && again <= options.settle + xn_seconds(0.1));
	usleep((useconds_t)again + 100000);
	CU_ASSERT_EQUAL(take_within(2, 60), 2);
	/* The one that was made first may be quiet first. */
	d = strcmp(names(), "empty d") == 0;
	if (d == 0)
		ASSERT_NAMES("d empty");
	CU_ASSERT_EQUAL(taken[d].folder, 1);
	CU_ASSERT_EQUAL(taken[d].size, 5);
	CU_ASSERT_PTR_NULL(fp_claim_open(&fd, intake, taken[d].id, "d"));
	CU_ASSERT_EQUAL(faccessat(fd, "e/x", F_OK, 0), 0);
	close(fd);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[i].id));
	assert_clean();
	gone();
}

static void
a_folder_waits_for_what_is_written_in_it(void)
{
	int fd;

	fresh();
	options.folders = FP_FOLDERS_ITEMS;
	options.settle = xn_seconds(6);
	command("mkdir in/d");
	fd = open(apr_pstrcat(pool, data_in, "/d/x", NULL),
	    O_WRONLY | O_CREAT, 0644);
	begin();
	/* Quiet, but open. */
	CU_ASSERT_EQUAL(take_within(1, 3), 0);
	close(fd);
	CU_ASSERT_EQUAL(take_within(1, 60), 1);
	/* Always something new in it. */
	command("mkdir in/e; for i in 1 2 3 4 5 6 7 8; do echo >in/e/$i; "
	    "sleep 0.1; done &");
	CU_ASSERT_EQUAL(take_within(1, 0.7), 0);
	CU_ASSERT_EQUAL(take_within(1, 60), 1);
	command("test $(ls in/.syncgate/%s/e | wc -l) = 8", taken[0].id);
	gone();
}

/* ---- Markers, settle ---------------------------------------------------- */

static void
a_marker_makes_its_item_complete(void)
{
	for (int order = FP_ORDER_NAME; order <= FP_ORDER_SIZE; order++) {
		fresh();
		options.ready = FP_READY_MARKER;
		options.marker_suffix = ".done";
		options.folders = FP_FOLDERS_NAMES;
		options.order = order;
		command("cd in && mkdir s && echo >a && echo >b && "
		    "touch b.done stale.done s/c s/c.done .done");
		begin();
		CU_ASSERT_EQUAL_FATAL(take(10), 2);
		CU_ASSERT(exists("in/a"));
		CU_ASSERT(!exists("in/b.done"));
		CU_ASSERT(!exists("in/s/c.done"));
		CU_ASSERT(exists("in/stale.done"));
		for (int i = 0; i < 2; i++)
			CU_ASSERT_PTR_NULL(fp_claim_remove(intake,
			    taken[i].id));
		assert_clean();
		command("touch in/a.done");
		CU_ASSERT_EQUAL(take_within(1, 2), 1);
		/* The marker first, and its item behind it. */
		command("echo >in/stale");
		CU_ASSERT_EQUAL(take_within(1, 2), 1);
		gone();
	}
}

static void
folders_with_markers(void)
{
	fresh();
	options.ready = FP_READY_MARKER;
	options.marker_suffix = "!";
	options.folders = FP_FOLDERS_ITEMS;
	command("mkdir in/d; printf 123 >in/d/x; touch in/d!");
	begin();
	/* At once: the marker is the promise, and nothing else is asked. */
	CU_ASSERT_EQUAL_FATAL(take(10), 1);
	CU_ASSERT_EQUAL(taken[0].size, 3);
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[0].id));
	assert_clean();
	gone();
}

static void
settled_is_what_has_not_changed_for_so_long(void)
{
	apr_time_t start;

	fresh();
	options.ready = FP_READY_SETTLE;
	options.settle = xn_seconds(6);
	start = apr_time_now();
	command("echo >in/a; touch -d 2020-01-01 in/a");
	begin();
	CU_ASSERT_EQUAL(take(10), 0);
	CU_ASSERT_EQUAL(take_within(1, 60), 1);
	CU_ASSERT(apr_time_now() - start >= xn_seconds(1.9));
	command("(for i in 1 2 3 4 5 6 7 8; do echo >>in/b; sleep 0.1; "
	    "done) &");
	CU_ASSERT_EQUAL(take_within(1, 0.7), 0);
	CU_ASSERT_EQUAL(take_within(1, 60), 1);
	CU_ASSERT_EQUAL(taken[0].size, 8);
	/* A time of modification that is to come is no reason to wait. */
	command("echo >in/c; touch -d 2037-01-01 in/c");
	CU_ASSERT_EQUAL(take_within(1, 60), 1);
	gone();
}

/* ---- Names -------------------------------------------------------------- */

static void
hostile_names_work(void)
{
	static const char *const hostile[] = { " ", "\n", "-rf", "a\nb",
	    "\xff\xfe", "*", "a'b\"c", "%s%n", "\033[2J", "~", "x.part",
	    "\xc3\xa4", "con:1" };
	char path[400], longest[256];
	int n = (int)(sizeof(hostile) / sizeof(hostile[0]));

	fresh();
	memset(longest, 'x', 255);
	longest[255] = '\0';
	for (int i = 0; i <= n; i++) {
		snprintf(path, sizeof(path), "%s/%s", data_in,
		    i < n ? hostile[i] : longest);
		close(open(path, O_WRONLY | O_CREAT, 0644));
	}
	begin();
	CU_ASSERT_EQUAL_FATAL(take(TAKEN_MAX), n + 1);
	for (int i = 0; i <= n; i++) {
		int known = 0;

		for (int k = 0; k < n; k++)
			known |= strcmp(taken[i].name, hostile[k]) == 0;
		CU_ASSERT(known || strcmp(taken[i].name, longest) == 0);
		CU_ASSERT_STRING_EQUAL(content(&taken[i]), "");
		CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[i].id));
	}
	assert_clean();
	gone();
}

static void
what_is_no_item_is_named_once(void)
{
	fresh();
	command("cd in && touch .hidden .hidden2 ok && ln -s /etc/passwd l && "
	    "ln -s ok l2 && mkfifo f f2 && mkdir d");
	begin();
	CU_ASSERT_EQUAL(take(10), 1);
	ASSERT_NAMES("ok");
	command("touch in/.hidden3 && ln -s x in/l3 && mkfifo in/f3");
	CU_ASSERT_EQUAL(take(10), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(notes, "hidden names"));
	CU_ASSERT_PTR_NOT_NULL(strstr(notes, "symbolic links"));
	CU_ASSERT_PTR_NOT_NULL(strstr(notes, "neither file nor folder"));
	command("test $(printf %%s '%s' | wc -l) -le 4", notes);
	gone();
}

/* DEPTH folders PART in each other beneath data-in, a file f in each. */
static void
make_deep(const char *part, int depth)
{
	int dir = open(data_in, O_RDONLY | O_DIRECTORY), next;

	while (depth-- > 0) {
		CU_ASSERT_EQUAL_FATAL(mkdirat(dir, part, 0755), 0);
		next = openat(dir, part, O_RDONLY | O_DIRECTORY);
		close(dir);
		dir = next;
		close(openat(dir, "f", O_WRONLY | O_CREAT, 0644));
	}
	close(dir);
}

static void
deep_and_long_names_are_left(void)
{
	char part[201];

	fresh();
	options.folders = FP_FOLDERS_NAMES;
	memset(part, 'd', 200);
	part[200] = '\0';
	make_deep(part, 30);
	make_deep("x", 70);
	begin();
	/* 3900 bytes have room for 19 such folders; and 64 deep it goes. */
	CU_ASSERT_EQUAL(take_within(TAKEN_MAX, 30), TAKEN_MAX);
	for (int i = 0; i < TAKEN_MAX; i++)
		CU_ASSERT_PTR_NULL(fp_claim_remove(intake, taken[i].id));
	CU_ASSERT_EQUAL(take_within(TAKEN_MAX, 0.5), 19 + 64 - TAKEN_MAX);
	ASSERT_NOTED("bytes in");
	ASSERT_NOTED("deep in");
	gone();
}

static void
a_folder_swapped_for_a_link_leads_nowhere(void)
{
	fresh();
	options.folders = FP_FOLDERS_NAMES;
	command("mkdir -p in/d other && echo >other/x && echo >in/d/x; "
	    "echo >in/a");
	begin();
	take(1);
	ASSERT_NAMES("a");
	/* d/x is known by its name; then the way to it leads elsewhere. */
	command("mv in/d away && ln -s ../other in/d");
	CU_ASSERT_EQUAL(take(10), 0);
	CU_ASSERT(exists("other/x"));
	/* And where no event told so. */
	CU_ASSERT_EQUAL(fp_parent(open(data_in, O_PATH), "d/x", 0), -1);
	CU_ASSERT_EQUAL(fp_parent(open(data_in, O_PATH), "../x", 0), -1);
	CU_ASSERT_EQUAL(fp_parent(open(data_in, O_PATH), "/x", 1), -1);
	gone();
}

static const struct xn_test_case cases[] = {
	{ "a closed file is claimed and removed",
	  a_closed_file_is_claimed_and_removed },
	{ "what is open for writing waits for its close",
	  what_is_open_for_writing_waits_for_its_close },
	{ "items come in the order asked for",
	  items_come_in_the_order_asked_for },
	{ "the order holds over several calls and events",
	  the_order_holds_over_several_calls_and_events },
	{ "urgent ones come first", urgent_ones_come_first },
	{ "patterns choose", patterns_choose },
	{ "patterns meet any name", patterns_meet_any_name },
	{ "folders can be ignored", folders_can_be_ignored },
	{ "folders can be a part of names", folders_can_be_a_part_of_names },
	{ "folders can be items", folders_can_be_items },
	{ "a folder waits for what is written in it",
	  a_folder_waits_for_what_is_written_in_it },
	{ "a marker makes its item complete",
	  a_marker_makes_its_item_complete },
	{ "folders with markers", folders_with_markers },
	{ "settled is what has not changed for so long",
	  settled_is_what_has_not_changed_for_so_long },
	{ "hostile names work", hostile_names_work },
	{ "what is no item is named once", what_is_no_item_is_named_once },
	{ "deep and long names are left", deep_and_long_names_are_left },
	{ "a folder swapped for a link leads nowhere",
	  a_folder_swapped_for_a_link_leads_nowhere },
};

XN_TEST_MAIN("fileproc intake", cases)
