/*
 * A source that lies about the state that it is in, or is in another one than
 * was approved: the mirror stays as it was.
 */
#include "tests/lib/svn_liar.h"

/* What it says of its state is what an approval is good for. */
static void
its_state_must_be_one(void)
{
	static const struct {
		long long rev;
		size_t n;
	} states[] = { { 20, 15 }, { 20, 17 }, { 20, 0 }, { 19, 16 } };
	unsigned char digest[17] = { 1 };
	struct svnpair *p;
	char before[40];

	begin();
	strcpy(before, svnrepo_digest(mirror, 0));
	for (size_t i = 0; i <= sizeof(states) / sizeof(states[0]); i++) {
		p = introduce();
		svnpair_send(p, "(sllyy)", "digest", 10LL, 1LL, digest,
		    (size_t)16, "", (size_t)0);
		CU_ASSERT_STRING_EQUAL(svnpair_receive(p), "('state', 20)");
		if (i == sizeof(states) / sizeof(states[0])) {
			svnpair_send(p, "l", 5LL);
			expect_refusal(p, "something else than a message",
			    before);
			continue;
		}
		svnpair_send(p, "(sl)", "dirty", -1LL);
		svnpair_send(p, "(sly)", "state", states[i].rev, digest,
		    states[i].n);
		expect_refusal(p, "something else than its state", before);
	}
	svnrepo_end();
}

/* What was approved is looked at once more, before anything is made. */
static void
what_was_approved_is_what_is_taken(void)
{
	static const struct {
		long long rev;			/* that was approved */
		unsigned char first;		/* of the state now */
		const char *why;
	} asked[] = {
		{ 20, 2, "not any more what it was when it was approved" },
		{ 21, 1, "not any more what it was when it was approved" },
		{ -1, 1, "names a state that cannot be" },
		{ 20, 1, "connection was lost" },
	};
	unsigned char now[16] = { 0 };
	struct svnpair *p;
	char before[40];

	begin();
	strcpy(before, svnrepo_digest(mirror, 0));
	svnpair_approved.n = 16;
	svnpair_approved.state[0] = 1;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		svnpair_approved.rev = asked[i].rev;
		p = svnpair_start(NULL, mirror, 0, 0);
		svnpair_send(p, "(slyyylls)", "repository", 1LL, FORMAT,
		    strlen(FORMAT), UUID, strlen(UUID), "", (size_t)0, 20LL,
		    8LL, "");
		if (asked[i].rev == 20) {
			CU_ASSERT_STRING_EQUAL(svnpair_receive(p),
			    "('state', 20)");
			now[0] = asked[i].first;
			svnpair_send(p, "(sly)", "state", 20LL, now,
			    sizeof(now));
		}
		if (asked[i].rev == 20 && asked[i].first == 1) {
			CU_ASSERT_STRING_EQUAL(svnpair_receive(p),
			    "('from', 0, 0)");
			svnpair_cut(p);
		}
		expect_refusal(p, asked[i].why, before);
		CU_ASSERT_EQUAL(access(svnrepo_path("mirror.syncgate-new"),
		    F_OK) == 0, i == sizeof(asked) / sizeof(asked[0]) - 1);
	}
	memset(&svnpair_approved, 0, sizeof(svnpair_approved));
	svnrepo_end();
}

static const struct xn_test_case cases[] = {
	{ "its state must be one", its_state_must_be_one },
	{ "what was approved is what is taken",
	    what_was_approved_is_what_is_taken },
};

XN_TEST_MAIN("svnhotsync state", cases)
