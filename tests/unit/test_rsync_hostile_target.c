/*
 * A target that attacks the side that reads a tree: it gets nothing that is
 * outside of it or was left out, and the other targets get theirs.
 */
#include "tests/lib/rsync_bad.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <apr_thread_proc.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/peak.h"

#define LARGE		(64 * 1024)

static struct say s;

/* Ask for PATH by the request WHAT, which has all its fields. */
static void
ask(struct bad *b, int what, const char *path)
{
	say_byte(&s, what);
	say_text(&s, path);
	if (what == 'D') {
		say_bytes(&s, "\2\0", 2);
	} else if (what == 'A') {
		say_bytes(&s, "\0\1", 2);
		say_bytes(&s, "0123456789abcdef", 16);
	} else if (what == 'C') {
		say_number(&s, 4096);
		say_number(&s, LARGE);
		say_number(&s, 0);
	}
	say_it(b, &s);
}

/* The answer to that is this error alone. */
static void
expect_error_of(struct bad *b, int what, const char *path, int error)
{
	const unsigned char *at;
	size_t n;

	ask(b, what, path);
	at = hear(b, &n);
	CU_ASSERT_PTR_NOT_NULL(at);
	if (at == NULL)
		return;
	if (n != 2 || at[0] != (what == 'D' ? 'x' : 'V') || at[1] != error)
		printf("\n  %c %s: %c, error %d instead of %d\n", what, path,
		    at[0], at[1], error);
	CU_ASSERT(n == 2 && at[0] == (what == 'D' ? 'x' : 'V') &&
	    at[1] == error);
}

/* Both targets say that they have all; the source ends well. */
static void
expect_end(struct bad *b)
{
	say_quit(b);
	say_as_other(b);
	say_quit(b);
	bad_ends(b, "'read'");
}

#define ENOENT_	2
#define EXDEV_	18

#define ELOOP_	40
#define ESTALE_	116

static void
ask_outside(struct bad *b)
{
	static const char kinds[] = "GHACD";
	static const struct {
		const char *path;
		int error;
	} rows[] = {
		{ "../outside/canary", EXDEV_ }, { "..", EXDEV_ },
		{ "../../../../../../etc/passwd", EXDEV_ },
		{ "/etc/passwd", EXDEV_ }, { "/", EXDEV_ },
		{ "d/../../outside/canary", EXDEV_ }, { "d/..", EXDEV_ },
		{ "link", ELOOP_ }, { "link/canary", ELOOP_ },
		{ "d/link/canary", ELOOP_ }, { "link/", ELOOP_ },
		{ "none", ENOENT_ }, { "d/none", ENOENT_ },
	};

	bad_shell(b, "mkdir root/d && ln -s ../outside root/link && "
	    "ln -s ../../outside root/d/link");
	bad_source(b, 0);
	say_open(b);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (const char *kind = kinds; *kind != '\0'; kind++)
			expect_error_of(b, *kind, rows[i].path, rows[i].error);
	expect_end(b);
}

static void
nothing_outside_is_sent(void)
{
	bad_both(ask_outside);
}

/* What is no file: no open of it blocks, none of it is read. */
static void
ask_special(struct bad *b)
{
	static const char *const paths[] = { "fifo", "d", "null", "zero", "" };

	bad_shell(b, "mkfifo root/fifo && mkdir root/d");
	if (mknod(bad_path(b, "root/null"), S_IFCHR | 0666, makedev(1, 3)) !=
	    0 || mknod(bad_path(b, "root/zero"), S_IFCHR | 0666,
	    makedev(1, 5)) != 0)
		bad_shell(b, "mkfifo root/null root/zero");
	bad_source(b, 0);
	say_open(b);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		for (const char *kind = "GHAC"; *kind != '\0'; kind++)
			expect_error_of(b, *kind, paths[i], ESTALE_);
	expect_end(b);
}

static void
what_is_no_file_is_not_opened_for_long(void)
{
	bad_both(ask_special);
}

/* A file is asked for, and has become a link when it is opened. */
static void
swap_file(struct bad *b)
{
	bad_shell(b, "mkdir root/d && echo old > root/d/canary");
	bad_source(b, 0);
	say_open(b);
	ask(b, 'D', "d");
	CU_ASSERT(hear_byte(b, '.'));
	bad_shell(b, "rm root/d/canary && "
	    "ln -s ../../outside/canary root/d/canary");
	expect_error_of(b, 'G', "d/canary", ELOOP_);
	bad_shell(b, "rm -r root/d && ln -s ../outside root/d");
	for (const char *kind = "GHAC"; *kind != '\0'; kind++)
		expect_error_of(b, *kind, "d/canary", ELOOP_);
	sleep(2);		/* the list of it is not fresh any more */
	expect_error_of(b, 'D', "d", ELOOP_);
	expect_end(b);
}

static void
a_link_swapped_in_is_not_followed(void)
{
	bad_both(swap_file);
}

/* The rules leave out "*.key": asking for it by name does not help. */
static void
ask_left_out(struct bad *b)
{
	static const char *const paths[] = {
		"a.key", "d/b.key", "c.key/in", "./a.key", "d/../a.key",
		"d//b.key", "c.key/", "d/./b.key",
	};

	bad_shell(b, "mkdir root/d root/c.key && touch root/a.key "
	    "root/d/b.key root/c.key/in root/d/open");
	bad_source(b, BAD_RULES);
	say_open(b);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		for (const char *kind = "GHACD"; *kind != '\0'; kind++)
			expect_error_of(b, *kind, paths[i], ENOENT_);
	expect_error_of(b, 'D', "c.key", ENOENT_);
	ask(b, 'G', "d/open");
	CU_ASSERT(hear_byte(b, 0x7f));	/* the last of the hash of nothing */
	expect_end(b);
}

static void
what_is_left_out_is_not_sent(void)
{
	bad_both(ask_left_out);
}

/* ---- Requests that cannot be ----------------------------------------------- */

static const struct {
	int opened;
	const char *bytes;
	size_t n;
	const char *why;
} requests[] = {
	{ 0, "pG\1a", 4, "before it said what it keeps" },
	{ 0, "pD\0\0\0", 5, "before it said what it keeps" },
	{ 0, "pW", 2, "before it said what it keeps" },
	{ 0, "pO\xff\xff\xff\x7f", 6, "what is kept of" },
	{ 1, "", 0, "an empty message" },
	{ 1, "pX", 2, "something unknown" },
	{ 1, "p\0", 2, "something unknown" },
	{ 1, "pS\1a", 4, "something unknown" },
	{ 1, "z\xff\xff\xff\xff", 5, "a packed message of" },
	{ 1, "z\1\0\0\0x", 6, "cannot be unpacked" },
	{ 1, "pG", 2, "cut short" },
	{ 1, "pG\5abc", 6, "cut short" },
	{ 1, "pG\3a\0b", 6, "a path with a NUL" },
	{ 1, "pD\0", 3, "cut short" },
	{ 1, "pD\0\1\0abc", 8, "cut short" },
	{ 1, "pA\1a\0\1", 6, "cut short" },
	{ 1, "pC\1a\x80\x80\x80\1\0\0", 10, "a block of" },
	{ 1, "pC\1a\x80\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0", 17,
	    "a size of" },
	{ 1, "pC\1a\x80\x20\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 17,
	    "a signature of" },
	{ 1, "pC\1a\x80\x20\1\14abc", 11, "cut short" },
	{ 1, "pG\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0", 14,
	    "a number that is too large" },
};

static void
refuse_requests(struct bad *b)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		bad_source(b, 0);
		if (requests[i].opened)
			say_open(b);
		bad_must(xn_send(b->peer, "y", requests[i].bytes,
		    requests[i].n));
		CU_ASSERT(hear_end(b));
		/* The other one does not notice. */
		say_as_other(b);
		say_open(b);
		ask(b, 'D', "");
		CU_ASSERT(hear_byte(b, '.'));
		say_quit(b);
		bad_refuses(b, requests[i].why);
	}
}

static void
one_that_asks_nonsense_is_let_go_alone(void)
{
	bad_both(refuse_requests);
}

static void
end_suddenly(struct bad *b)
{
	const unsigned char *at;
	size_t n;

	bad_shell(b, "head -c 1000000 /dev/zero > root/a");
	bad_source(b, 0);
	say_open(b);
	for (int i = 0; i < 20; i++)
		ask(b, 'G', "a");
	bad_must(xn_channel_close(b->peer));
	say_as_other(b);
	say_open(b);
	ask(b, 'H', "a");
	at = hear(b, &n);
	CU_ASSERT(at != NULL && n == 17 && at[0] == 'H');
	say_quit(b);
	bad_ends(b, "'read'");
}

static void
one_that_goes_does_not_end_the_others(void)
{
	bad_both(end_suddenly);
}

/* ---- Deltas ---------------------------------------------------------------- */

static void
ask_deltas(struct bad *b)
{
	static const unsigned long long rows[][3] = {	/* block, size, n */
		{ 0, 100, 0 }, { 1, 100, 12 }, { 3, 1ull << 40, 24 },
		{ 64, ~0ull >> 1, 0 }, { 64, 1ull << 60, 1200 },
		{ 1 << 20, 1ull << 60, 12 }, { 4096, 0, 12 },
		{ 4096, 0, 0 }, { 4096, LARGE, 11 }, { 4096, LARGE, 0 },
		{ 4096, LARGE, 12000 }, { 63, 100, 24 }, { 1 << 20, 0, 0 },
		{ 4096, 1ull << 61, 24000 },
	};
	static const char noise[24000] = "any bytes";
	const unsigned char *at;
	size_t n = 0;

	bad_shell(b, "head -c 65536 /dev/urandom > root/a");
	bad_source(b, 0);
	say_open(b);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		say_byte(&s, 'C');
		say_text(&s, "a");
		for (int k = 0; k < 3; k++)
			say_number(&s, rows[i][k]);
		say_bytes(&s, noise, (size_t)rows[i][2]);
		ask(b, 'G', "none");
		/* It ends with Z or V; the next one is answered. */
		while ((at = hear(b, &n)) != NULL)
			if (n >= 2 && at[n - 2] == 'V' && at[n - 1] == ENOENT_)
				break;
		CU_ASSERT_PTR_NOT_NULL(at);
		if (at == NULL)
			printf("\n  row %d\n", (int)i);
	}
	CU_ASSERT(!MEASURED || peak_kib(bad_process(b)) < 120 * 1024);
	expect_end(b);
}

static void
absurd_signatures_are_an_error_or_of_no_use(void)
{
	bad_both(ask_deltas);
}

/* A large one, which comes when it is asked for. */
static void
lie_about_signature(struct bad *b)
{
	static const char piece[60 * 1024];

	bad_shell(b, "head -c 65536 /dev/urandom > root/a");
	for (int how = 0; how < 4; how++) {
		bad_source(b, 0);
		say_open(b);
		say_byte(&s, 'C');
		say_text(&s, "a");
		say_number(&s, 64);
		say_number(&s, 64 * 8000);
		say_number(&s, 12 * 8000 + (how == 3));
		say_it(b, &s);
		CU_ASSERT(hear_byte(b, 'y'));
		if (how == 0) {		/* more than it said */
			for (int i = 0; i < 2; i++) {
				say_byte(&s, 'S');
				say_text_n(&s, piece, sizeof(piece));
				say_it(b, &s);
			}
		} else if (how == 1) {	/* nothing */
			say_bytes(&s, "S\0", 2);
			say_it(b, &s);
		} else if (how == 2) {	/* something else */
			ask(b, 'G', "a");
		} else {		/* no whole entries: it fails alone */
			say_byte(&s, 'S');
			say_text_n(&s, piece, 48000);
			say_it(b, &s);
			say_byte(&s, 'S');
			say_text_n(&s, piece, 9600);
			say_it(b, &s);
			CU_ASSERT(hear_byte(b, 'y'));	/* the next batch */
			say_byte(&s, 'S');
			say_text_n(&s, piece, 12 * 8000 + 1 - 57600);
			say_it(b, &s);
			CU_ASSERT(hear_byte(b, 22));	/* EINVAL */
			expect_end(b);
			continue;
		}
		say_as_other(b);
		say_quit(b);
		bad_refuses(b, how == 2 ? "did not send its signature" :
		    "more of a signature than it has");
	}
}

static void
a_signature_is_what_it_was_said_to_be(void)
{
	bad_both(lie_about_signature);
}

/* ---- Floods ---------------------------------------------------------------- */

struct flood {
	xn_channel_t *peer;
	long long sent;
};

/* Ask and ask, until nothing more is taken. */
static void *APR_THREAD_FUNC
flood(apr_thread_t *thread, void *baton)
{
	struct flood *f = baton;
	static struct say many;
	xn_error_t *error = NULL;

	while (many.n < 60000) {
		say_byte(&many, 'G');
		say_text(&many, "a");
		say_bytes(&many, "D\0\0\0", 4);
	}
	many.bytes[0] = 'p';
	while (error == NULL && f->sent < 64 << 20) {
		error = xn_send(f->peer, "y", many.bytes, many.n + 1);
		__atomic_add_fetch(&f->sent, (long long)many.n,
		    __ATOMIC_RELAXED);
	}
	xn_error_clear(error);
	apr_thread_exit(thread, APR_SUCCESS);
	return NULL;
}

static void
ask_and_never_read(struct bad *b)
{
	struct flood f = { NULL, 0 };
	apr_thread_t *thread;
	apr_status_t status;
	long before, after;

	bad_shell(b, "head -c 1000000 /dev/urandom > root/a; cd root; "
	    "seq 1 5000 | xargs touch");
	bad_source(b, 0);
	say_open(b);
	before = peak_kib(bad_process(b));
	f.peer = b->peer;
	CU_ASSERT_EQUAL_FATAL(apr_thread_create(&thread, NULL, flood, &f,
	    b->pool), APR_SUCCESS);
	/* The other one gets what it asks for meanwhile. */
	say_as_other(b);
	say_open(b);
	for (int i = 0; i < 20; i++) {
		ask(b, 'D', "");
		CU_ASSERT(hear_byte(b, '.'));
		usleep(50 * 1000);
	}
	after = peak_kib(bad_process(b));
	CU_ASSERT(!MEASURED || (before > 0 && after - before < 24 * 1024));
	if (after - before >= 24 * 1024)
		printf("\n  %ld KiB more\n", after - before);
	/* Nobody has taken much of what it said. */
	CU_ASSERT(__atomic_load_n(&f.sent, __ATOMIC_RELAXED) < 4 << 20);
	say_quit(b);
	bad_must(xn_channel_close(b->second));
	apr_thread_join(&status, thread);
	bad_wait(b);
	CU_ASSERT_STRING_EQUAL(b->error, "");
}

static void
who_asks_and_never_reads_is_not_heard_any_more(void)
{
	bad_both(ask_and_never_read);
}

static const struct xn_test_case cases[] = {
	{ "nothing outside is sent", nothing_outside_is_sent },
	{ "what is no file is not opened for long",
	    what_is_no_file_is_not_opened_for_long },
	{ "a link swapped in is not followed",
	    a_link_swapped_in_is_not_followed },
	{ "what is left out is not sent", what_is_left_out_is_not_sent },
	{ "one that asks nonsense is let go alone",
	    one_that_asks_nonsense_is_let_go_alone },
	{ "one that goes does not end the others",
	    one_that_goes_does_not_end_the_others },
	{ "absurd signatures are an error or of no use",
	    absurd_signatures_are_an_error_or_of_no_use },
	{ "a signature is what it was said to be",
	    a_signature_is_what_it_was_said_to_be },
	{ "who asks and never reads is not heard any more",
	    who_asks_and_never_reads_is_not_heard_any_more },
};

XN_TEST_MAIN("rsync: a hostile target", cases)
