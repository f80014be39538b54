/*
 * A source that lies about hooks, conf and locks: the mirror's side refuses
 * what it says, and what was mirrored before stays as it was.
 */
#include "tests/lib/svn_liar.h"

static const struct {
	int part;
	const char *path;
	long long mode, size;
	const char *why;
} part_files[] = {
	{ 0, "../evil", 0644, 3, "a file that no part has" },
	{ 0, "../../evil", 0644, 3, "a file that no part has" },
	{ 0, "x/../../evil", 0644, 3, "a file that no part has" },
	{ 0, "/tmp/evil", 0644, 3, "a file that no part has" },
	{ 0, "", 0644, 3, "a file that no part has" },
	{ 0, ".", 0644, 3, "a file that no part has" },
	{ 0, "x/./y", 0644, 3, "a file that no part has" },
	{ 0, "x//y", 0644, 3, "a file that no part has" },
	{ 0, "x/", 0644, 3, "a file that no part has" },
	{ 0, ".syncgate-0", 0644, 3, "a file that no part has" },
	{ 0, "x/.syncgate-0", 0644, 3, "a file that no part has" },
	{ 0, "a/b/c/d/e/f/g/h/i/j", 0644, 3, "a file that no part has" },
	{ 1, "../evil", 0644, 3, "a file that no part has" },
	{ 2, "x", 0644, 3, "a file that no part has" },
	{ 2, "082/x", 0644, 3, "a file that no part has" },
	{ 2, "083/08227ee67df92d3f9e3516ba38228da6", 0644, 3,
	    "a file that no part has" },
	{ 2, "082/08227ee67df92d3f9e3516ba38228dag", 0644, 3,
	    "a file that no part has" },
	{ 2, "082/08227ee67df92d3f9e3516ba38228da6/x", 0644, 3,
	    "a file that no part has" },
	{ 0, "x", 04755, 3, "a file that cannot be" },
	{ 0, "x", -1, 3, "a file that cannot be" },
	{ 0, "x", 0644, -1, "a file that cannot be" },
	{ 0, "x", 0644, 1LL << 40, "a file that cannot be" },
	{ 0, "x", 0644, (4 << 20) + 1, "a file that cannot be" },
};

static char before[40];

/* A mirror that includes all parts; BEFORE tells what is in it. */
static void
begin_parts(void)
{
	svnpair_include = 7;
	begin();
	strcpy(before, svnrepo_digest(mirror, 0));
}

static void
end_parts(void)
{
	svnpair_include = 0;
	svnrepo_end();
}

static void
send_part(struct svnpair *p, int part)
{
	svnpair_send(p, "(slb)", "part", (long long)part, 1);
}

/* Speak as the source, until PART was begun. */
static struct svnpair *
greet_part(int part)
{
	struct svnpair *p = greet();

	send_part(p, part);
	return p;
}

static void
no_file_of_a_part_leads_out_of_it(void)
{
	struct svnpair *p;

	begin_parts();
	for (size_t i = 0; i < sizeof(part_files) / sizeof(part_files[0]);
	    i++) {
		p = greet_part(part_files[i].part);
		svnpair_send(p, "(spll)", "partfile", part_files[i].path,
		    part_files[i].mode, part_files[i].size);
		expect_refusal(p, part_files[i].why, before);
	}
	end_parts();
}

static void
what_goes_or_stays_is_in_the_part(void)
{
	struct svnpair *p;

	begin_parts();
	p = greet_part(0);
	svnpair_send(p, "(sp)", "partgone", "../../mirror/format");
	expect_refusal(p, "a file that no part has", before);
	p = greet_part(0);
	svnpair_send(p, "(sps)", "partkeep", "../../mirror/format", "why");
	expect_refusal(p, "a file that no part has", before);
	p = greet_part(0);
	svnpair_send(p, "(sp)", "partkeep", "x");
	expect_refusal(p, "a message of another shape", before);
	p = greet();
	svnpair_send(p, "(sps)", "partkeep", "x", "why");
	expect_refusal(p, "a file that no part has", before);
	end_parts();
}

static void
parts_and_their_files_come_one_by_one(void)
{
	struct svnpair *p;

	begin_parts();
	p = greet_part(0);
	send_part(p, 1);
	expect_refusal(p, "a part that nobody asked for", before);
	p = greet_part(3);
	expect_refusal(p, "a part that nobody asked for", before);
	p = greet_part(0);
	svnpair_send(p, "(spll)", "partfile", "x", 0644LL, 0LL);
	svnpair_send(p, "(spll)", "partfile", "x", 0644LL, 0LL);
	svnpair_send(p, "(s)", "partend");
	expect_refusal(p, "sent x twice", before);
	p = greet_part(0);
	svnpair_send(p, "(spll)", "partfile", "x", 0644LL, 4LL);
	svnpair_send(p, "(sy)", "p", bytes, (size_t)5);
	expect_refusal(p, "a piece that does not fit", before);
	end_parts();
}

static const struct xn_test_case cases[] = {
	{ "no file of a part leads out of it",
	    no_file_of_a_part_leads_out_of_it },
	{ "what goes or stays is in the part",
	    what_goes_or_stays_is_in_the_part },
	{ "parts and their files come one by one",
	    parts_and_their_files_come_one_by_one },
};

XN_TEST_MAIN("svnhotsync hostile source of parts", cases)
