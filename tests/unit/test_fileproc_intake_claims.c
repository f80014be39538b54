/*
 * fileproc's intake: claims and what may be done with them.
 */
#include "tests/unit/test_fileproc_intake.h"

#include <pthread.h>

/* ---- Claims ------------------------------------------------------------- */

static int n_claims;
static struct fp_claimed last;

static xn_error_t *
count_claim(void *baton, const struct fp_claimed *claimed, apr_pool_t *scratch)
{
	(void)scratch;
	n_claims++;
	last = *claimed;
	last.name = apr_pstrdup(pool, claimed->name);
	return baton == NULL ? NULL : fp_claim_remove(intake, claimed->id);
}

static int
claims(void *baton)
{
	n_claims = 0;
	CU_ASSERT_PTR_NULL(fp_intake_claims(intake, count_claim, baton, pool));
	return n_claims;
}

static void
a_name_that_comes_again_is_another_item(void)
{
	char first[FP_ID_LENGTH + 1];

	fresh();
	command("printf 1 >in/a");
	begin();
	take(10);
	strcpy(first, taken[0].id);
	command("printf 22 >in/a");
	CU_ASSERT_EQUAL(take_within(1, 2), 1);
	CU_ASSERT_STRING_NOT_EQUAL(first, taken[0].id);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "22");
	strcpy(taken[0].id, first);
	taken[0].size = 1;
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1");
	CU_ASSERT_EQUAL(claims(NULL), 2);
	CU_ASSERT_EQUAL(claims(&n_claims), 2);
	assert_clean();
	gone();
}

static void
claims_are_found_again_as_they_were(void)
{
	struct fp_claimed before;
	char queue[FP_ID_LENGTH + 1];

	fresh();
	options.folders = FP_FOLDERS_NAMES;
	command("mkdir -p in/s/t; printf 123 >'in/s/t/x\ny'; "
	    "touch -d '2020-02-03 04:05:06.789' in/s/t/x*");
	begin();
	strcpy(queue, fp_intake_queue(intake));
	CU_ASSERT_EQUAL_FATAL(take(1), 1);
	before = taken[0];
	end();
	/* Also where the options are others by now. */
	options.folders = FP_FOLDERS_ITEMS;
	begin();
	CU_ASSERT_STRING_EQUAL(fp_intake_queue(intake), queue);
	CU_ASSERT_EQUAL_FATAL(claims(NULL), 1);
	CU_ASSERT_STRING_EQUAL(last.id, before.id);
	CU_ASSERT_STRING_EQUAL(last.name, "s/t/x\ny");
	CU_ASSERT_EQUAL(last.size, 3);
	CU_ASSERT_EQUAL(last.folder, 0);
	CU_ASSERT_EQUAL(last.arrived, before.arrived);
	end();
	options.folders = FP_FOLDERS_ITEMS;
	options.settle = 0;
	command("rm -rf in/s; mkdir -p in/d/e; printf 12 >in/d/e/f");
	begin();
	CU_ASSERT_EQUAL(claims(&n_claims), 1);
	CU_ASSERT_EQUAL_FATAL(take_within(1, 2), 1);
	before = taken[0];
	CU_ASSERT_EQUAL_FATAL(claims(NULL), 1);
	CU_ASSERT_STRING_EQUAL(last.name, "d");
	CU_ASSERT_EQUAL(last.size, 2);
	CU_ASSERT_EQUAL(last.folder, 1);
	gone();
}

static xn_error_t *
refuse(void *baton, const struct fp_claimed *claimed, apr_pool_t *scratch)
{
	(void)baton;
	(void)claimed;
	(void)scratch;
	return xn_error_create(XN_E_JOB, "no more");
}

static void
what_is_wrong_with_a_claim_is_said(void)
{
	int fd;

	fresh();
	command("echo >in/a");
	begin();
	take(1);
	ASSERT_SAID(fp_intake_claims(intake, refuse, NULL, pool), "no more");
	ASSERT_SAID(fp_claim_open(&fd, intake, "../../etc", "passwd"),
	    "no id of an item");
	ASSERT_SAID(fp_claim_remove(intake, ".."), "no id of an item");
	ASSERT_SAID(fp_claim_open(&fd, intake, taken[0].id, ""), "no name");
	ASSERT_SAID(fp_claim_open(&fd, intake, taken[0].id, "b"),
	    "No such file");
	CU_ASSERT_EQUAL(fd, -1);
	/* Somebody made a link of it: not followed. */
	command("cd in/.syncgate/%s && rm a && ln -s /etc/passwd a",
	    taken[0].id);
	ASSERT_SAID(fp_claim_open(&fd, intake, taken[0].id, "a"),
	    "cannot read the item 'a'");
	gone();
}

static void
moving_replaces_nothing(void)
{
	enum fp_moved moved;
	int to;

	fresh();
	command("mkdir to; echo 1 >in/a; echo 0 >to/a; ln -s .. to/up");
	to = open(apr_pstrcat(pool, root, "/to", NULL),
	    O_RDONLY | O_DIRECTORY);
	begin();
	CU_ASSERT_EQUAL_FATAL(take(1), 1);
	CU_ASSERT_PTR_NULL(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "a"));
	CU_ASSERT_EQUAL(moved, FP_MOVED_TAKEN);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1\n");
	ASSERT_SAID(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "up/a"), "cannot make the folder");
	ASSERT_SAID(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "../a"), "cannot make the folder");
	CU_ASSERT_PTR_NULL(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "b"));
	CU_ASSERT_EQUAL(moved, FP_MOVED);
	command("test $(cat to/a) = 0 && test $(cat to/b) = 1");
	CU_ASSERT_PTR_NULL(fp_claim_move(&moved, intake, taken[0].id, "a", to,
	    "c"));
	CU_ASSERT_EQUAL(moved, FP_MOVED_GONE);
	assert_clean();
	close(to);
	gone();
}

static void
moving_keeps_to_one_file_system(void)
{
	struct stat here, there;
	enum fp_moved moved;
	int to = open("/dev/shm", O_RDONLY | O_DIRECTORY);

	fresh();
	CU_ASSERT_EQUAL(stat(data_in, &here), 0);
	if (to != -1 && fstat(to, &there) == 0 && here.st_dev != there.st_dev) {
		command("echo >in/a");
		begin();
		take(1);
		ASSERT_SAID(fp_claim_move(&moved, intake, taken[0].id, "a",
		    to, "fp-intake-test"), "must be on one file system");
		CU_ASSERT_EQUAL(claims(NULL), 1);
	}
	if (to != -1)
		close(to);
	gone();
}

/* ---- Returned ----------------------------------------------------------- */

#define RETURNED "00112233445566778899aabbccddeeff"

static void
what_is_returned_comes_again(void)
{
	enum fp_moved moved;
	int from;

	fresh();
	options.folders = FP_FOLDERS_NAMES;
	command("mkdir failed; printf 1 >failed/a; printf 2 >failed/b");
	from = open(apr_pstrcat(pool, root, "/failed", NULL),
	    O_RDONLY | O_DIRECTORY);
	ASSERT_SAID(fp_claim_return(&moved, data_in, RETURNED, "a", from,
	    "a"), "has the job run");
	begin();
	take(1);
	CU_ASSERT_PTR_NULL(fp_claim_return(&moved, data_in, RETURNED, "s/a",
	    from, "a"));
	CU_ASSERT_EQUAL(moved, FP_MOVED);
	CU_ASSERT_EQUAL_FATAL(take_within(1, 2), 1);
	CU_ASSERT_STRING_EQUAL(taken[0].id, RETURNED);
	CU_ASSERT_STRING_EQUAL(taken[0].name, "s/a");
	CU_ASSERT_EQUAL(taken[0].returned, 1);
	CU_ASSERT_STRING_EQUAL(content(&taken[0]), "1");
	CU_ASSERT_PTR_NULL(fp_claim_return(&moved, data_in, RETURNED, "b",
	    from, "b"));
	CU_ASSERT_EQUAL(moved, FP_MOVED_TAKEN);
	CU_ASSERT_PTR_NULL(fp_claim_return(&moved, data_in, RETURNED, "c",
	    from, "c"));
	CU_ASSERT_EQUAL(moved, FP_MOVED_GONE);
	CU_ASSERT_PTR_NULL(fp_claim_remove(intake, RETURNED));
	/* While nobody runs; it is given before the others. */
	end();
	CU_ASSERT_PTR_NULL(fp_claim_return(&moved, data_in, RETURNED, "b",
	    from, "b"));
	command("echo >in/a");
	begin();
	CU_ASSERT_EQUAL(claims(NULL), 0);
	CU_ASSERT_EQUAL(take(2), 2);
	ASSERT_NAMES("b a");
	close(from);
	gone();
}

static void *
returns(void *names)
{
	int from = open(apr_pstrcat(pool, root, "/failed", NULL),
	    O_RDONLY | O_DIRECTORY);
	int *result = names;

	for (int i = 0; i < 200; i++) {
		char id[FP_ID_LENGTH + 1], name[16];
		enum fp_moved moved;

		snprintf(id, sizeof(id), "%032x", i);
		snprintf(name, sizeof(name), "%d", i);
		if (fp_claim_return(&moved, data_in, id, name, from, name) !=
		    NULL)
			++*result;
	}
	close(from);
	return NULL;
}

/* Two processes would; and the job starts again and again. */
static void
returning_at_once_loses_nothing(void)
{
	pthread_t threads[2];
	int wrong[2] = { 0, 0 }, total = 0;

	fresh();
	command("mkdir failed; for i in $(seq 0 199); do echo >failed/$i; "
	    "done");
	begin();
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, returns, &wrong[i]);
	for (int i = 0; i < 20; i++) {
		end();
		begin();
		total += take(10);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(wrong[0] + wrong[1], 0);
	end();
	begin();
	while (take(TAKEN_MAX) > 0)
		total += n_taken;
	CU_ASSERT_EQUAL(total, 200);
	CU_ASSERT_EQUAL(claims(&total), 200);
	assert_clean();
	gone();
}

/* ---- Durable ------------------------------------------------------------ */

static void *
removes(void *first)
{
	for (int i = 0; i < 16; i++) {
		struct fp_claimed *c = (struct fp_claimed *)first + i;

		if (fp_claim_remove(intake, c->id) != NULL ||
		    fp_claims_sync(intake) != NULL)
			return first;
	}
	return NULL;
}

static void
threads_may_remove_at_once(void)
{
	pthread_t threads[4];
	void *result;

	fresh();
	command("cd in; for i in $(seq 1 80); do echo >$i; done");
	begin();
	CU_ASSERT_EQUAL_FATAL(take(64), 64);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, removes, taken + 16 * i);
	{
		static struct fp_claimed more[16];
		xn_error_t *error = fp_intake_take(more, 16, &n_taken, &again,
		    intake, pool);

		CU_ASSERT_PTR_NULL(error);
		CU_ASSERT_EQUAL(n_taken, 16);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		CU_ASSERT_PTR_NULL(result);
	}
	CU_ASSERT_EQUAL(claims(&n_claims), 16);
	assert_clean();
	CU_ASSERT_PTR_NULL(fp_claims_sync(intake));
	CU_ASSERT_EQUAL(intake->synced, intake->changes);
	gone();
}

static const struct xn_test_case cases[] = {
	{ "a name that comes again is another item",
	  a_name_that_comes_again_is_another_item },
	{ "claims are found again as they were",
	  claims_are_found_again_as_they_were },
	{ "what is wrong with a claim is said",
	  what_is_wrong_with_a_claim_is_said },
	{ "moving replaces nothing", moving_replaces_nothing },
	{ "moving keeps to one file system", moving_keeps_to_one_file_system },
	{ "what is returned comes again", what_is_returned_comes_again },
	{ "returning at once loses nothing", returning_at_once_loses_nothing },
	{ "threads may remove at once", threads_may_remove_at_once },
};

XN_TEST_MAIN("fileproc intake, claims", cases)
