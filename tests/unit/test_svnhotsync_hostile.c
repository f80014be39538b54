/*
 * A source that lies about revisions: the mirror's side refuses what it says,
 * and what was mirrored before stays as it was.
 */
#include "tests/lib/svn_liar.h"

#include <sys/stat.h>

/* One message "(s" FORMAT ")" whose letters take numbers and bytes. */
static const struct {
	const char *tag;
	long long a, b, c;	/* as many as SHAPE has letters l */
	const char *shape;	/* behind the tag; y is a piece of BYTES */
	size_t bytes;
	const char *why;
} single[] = {
	{ "r", 12, 0, 0, "lyy", 9, "sent r12 where r11 was due" },
	{ "r", 10, 0, 0, "lyy", 9, "sent r10 where r11 was due" },
	{ "r", -1, 0, 0, "lyy", 9, "sent r-1 where r11 was due" },
	{ "r", 0x7fffffffffffffff, 0, 0, "lyy", 9, "where r11 was due" },
	{ "r", 11, 0, 0, "ly", 9, "a revision of another shape" },
	{ "R", 11, -5, 4, "lll", 0, "a revision that cannot be" },
	{ "R", 11, 0, 4, "lll", 0, "a revision that cannot be" },
	{ "R", 11, 1LL << 60, 4, "lll", 0, "a revision that cannot be" },
	{ "R", 11, 10, 1LL << 40, "lll", 0, "a revision that cannot be" },
	{ "R", 11, 10, -1, "lll", 0, "a revision that cannot be" },
	{ "R", 13, 10, 10, "lll", 0, "sent r13 where r11 was due" },
	{ "p", 0, 0, 0, "y", 9, "sent \"p\" when it was not due" },
	{ "pack", 1, 0, 0, "l", 0, "a pack that is not due" },
	{ "pack", -1, 0, 0, "l", 0, "a pack that is not due" },
	{ "pack", 1LL << 62, 0, 0, "l", 0, "a pack that is not due" },
	{ "repack", 0, 0, 0, "l", 0, "packed properties that are not due" },
	{ "repack", -1, 0, 0, "l", 0, "packed properties that are not due" },
	{ "packend", 0, 0, 0, "l", 0, "a pack that it did not begin" },
	{ "revprop", 11, 0, 0, "ly", 9, "the mirror is at r10" },
	{ "revprop", -1, 0, 0, "ly", 9, "properties of another shape" },
	{ "P", 3, 1LL << 40, 0, "ll", 0, "properties that cannot be" },
	{ "P", 3, -1, 0, "ll", 0, "properties that cannot be" },
	{ "P", 11, 9, 0, "ll", 0, "the mirror is at r10" },
	{ "idle", 11, 0, 0, "l", 0, "says that it sent all, and did not" },
	{ "idle", 9, 0, 0, "l", 0, "says that it sent all, and did not" },
	{ "same", 0, 0, 0, "l", 0, "that nobody asked for" },
	{ "differ", 0, 1, 0, "lly", 16, "that nobody asked for" },
	{ "differ", 0, 4, 0, "lly", 16, "in a way that cannot be" },
	{ "differ", 0, 1LL << 59, 0, "lly", 16, "in a way that cannot be" },
	{ "differ", -1, 1, 0, "lly", 16, "in a way that cannot be" },
	{ "differ", 10, 2, 0, "lly", 32, "in a way that cannot be" },
	{ "synced", 0, 0, 0, "", 0, "what nobody asked for" },
	{ "dirty", -2, 0, 0, "l", 0, "a message of another shape" },
	{ "unread", 3, 0, 0, "l", 0, "a message of another shape" },
	{ "part", 0, 1, 0, "l", 0, "a part that nobody asked for" },
	{ "partend", 0, 0, 0, "", 0, "a part that it did not begin" },
	{ "nonsense", 0, 0, 0, "", 0, "that is not known" },
	{ "", 0, 0, 0, "", 0, "that is not known" },
};

static void
send_single(struct svnpair *p, size_t i)
{
	const char *shape = single[i].shape, *tag = single[i].tag;
	long long a = single[i].a, b = single[i].b, c = single[i].c;
	size_t n = single[i].bytes;

	if (strcmp(shape, "lyy") == 0)
		svnpair_send(p, "(slyy)", tag, a, bytes, n, bytes, n);
	else if (strcmp(shape, "ly") == 0)
		svnpair_send(p, "(sly)", tag, a, bytes, n);
	else if (strcmp(shape, "lly") == 0)
		svnpair_send(p, "(slly)", tag, a, b, bytes, n);
	else if (strcmp(shape, "lll") == 0)
		svnpair_send(p, "(slll)", tag, a, b, c);
	else if (strcmp(shape, "ll") == 0)
		svnpair_send(p, "(sll)", tag, a, b);
	else if (strcmp(shape, "l") == 0)
		svnpair_send(p, "(sl)", tag, a);
	else if (strcmp(shape, "y") == 0)
		svnpair_send(p, "(sy)", tag, bytes, n);
	else
		svnpair_send(p, "(s)", tag);
}

static void
no_single_message_that_lies_changes_the_mirror(void)
{
	struct svnpair *p;
	char before[40];

	begin();
	strcpy(before, svnrepo_digest(mirror, 0));
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
		p = greet();
		send_single(p, i);
		expect_refusal(p, single[i].why, before);
	}
	p = greet();
	svnpair_send(p, "l", 5LL);
	expect_refusal(p, "something else than a message", before);
	p = greet();
	svnpair_send(p, "[]");
	expect_refusal(p, "something else than a message", before);
	svnrepo_end();
}

static const struct {
	const char *kind, *name;
	long long size;
} files[] = {
	{ "revs", "../../evil", 3 },
	{ "revs", "../../../evil", 3 },
	{ "revs", "manifest", 3 },		/* logical addressing */
	{ "revs", "pack/../../../evil", 3 },
	{ "revs", "/tmp/evil", 3 },
	{ "revs", "", 3 },
	{ "revs", "pack", -1 },
	{ "revs", "pack", 1LL << 62 },
	{ "../revs", "pack", 3 },
	{ "", "pack", 3 },
	{ "revprops", "pack", 3 },
	{ "revprops", "1.0/../../../evil", 3 },
	{ "revprops", "..", 3 },
	{ "revprops", "-1.0", 3 },
	{ "revprops", "01.0", 3 },
	{ "revprops", "1.", 3 },
	{ "revprops", ".0", 3 },
	{ "revprops", "1.0.0", 3 },
	{ "revprops", "1.00", 3 },
	{ "revprops", "8.0", 3 },		/* of another shard */
	{ "revprops", "99999999999999999999999999999999999999999.0", 3 },
	{ "revprops", "1.0", 1LL << 30 },
	{ "revprops", "1.0.tmp", 3 },
};

static void
no_name_leads_out_of_a_pack(void)
{
	struct svnpair *p;
	char before[40];

	begin();
	strcpy(before, svnrepo_digest(mirror, 0));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		p = greet();
		svnpair_send(p, "(sl)", "pack", 0LL);
		svnpair_send(p, "(sssl)", "file", files[i].kind, files[i].name,
		    files[i].size);
		expect_refusal(p, "a file that no pack has", NULL);
	}
	/* What was begun is cleared away by the next start. */
	free(svnpair_once(source, mirror));
	CU_ASSERT_STRING_EQUAL(before, svnrepo_digest(mirror, 0));
	svnrepo_end();
}

static void
send_file(struct svnpair *p, const char *kind, const char *name,
    const char *text)
{
	svnpair_send(p, "(sssl)", "file", kind, name, (long long)strlen(text));
	svnpair_send(p, "(sy)", "p", text, strlen(text));
}

/* r1's properties, none, as a file of packed ones that is not compressed. */
static const char packed[] = "\x0b" "1\n1\n4\n\nEND\n";

static void
properties_that_cannot_be_read_come_into_no_mirror(void)
{
	static const char *const texts[] = {
		"", "properties", "K 8\nsvn:date\nV 27\n2026", "K 1\na\nV 1\nb\n",
		"K 99999999999999999999\na\nV 1\nb\nEND\n", "K 1\na\nEND\n",
		"K 3\na\nV 1\nb\nEND\n", "V 1\na\nEND\n",
	};
	struct svnpair *p;
	char before[40];

	begin();
	strcpy(before, svnrepo_digest(mirror, 0));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		p = greet();
		svnpair_send(p, "(sly)", "revprop", 3LL, texts[i],
		    strlen(texts[i]));
		expect_refusal(p, "that cannot be read", before);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		p = greet();
		svnpair_send(p, "(slyy)", "r", 11LL, bytes, (size_t)5,
		    texts[i], strlen(texts[i]));
		expect_refusal(p, "that cannot be read", NULL);
		p = greet();
		svnpair_send(p, "(slll)", "R", 11LL, 5LL,
		    (long long)strlen(texts[i]));
		svnpair_send(p, "(sy)", "p", bytes, (size_t)5);
		if (texts[i][0] != '\0')
			svnpair_send(p, "(sy)", "p", texts[i],
			    strlen(texts[i]));
		expect_refusal(p, "that cannot be read", NULL);
	}
	for (size_t n = 0; n + 1 < sizeof(packed); n++) {
		p = greet();
		svnpair_send(p, "(sl)", "pack", 0LL);
		send_file(p, "revs", "pack", "revisions");
		svnpair_send(p, "(sssl)", "file", "revprops", "1.0",
		    (long long)n);
		if (n > 0)
			svnpair_send(p, "(sy)", "p", packed, n);
		expect_refusal(p, "that cannot be read", NULL);
	}
	svnrepo_end();
}

static void
a_pack_that_is_not_whole_is_not_shown(void)
{
	static const char *const manifests[] = {
		NULL, "", "1.0\n", "1.0\n1.0\n1.0\n1.0\n1.0\n1.0\n1.0",
		"1.0\n1.0\n1.0\n1.0\n1.0\n1.0\n1.0\n1.0\n",
		"1.0\n1.0\n1.0\n1.0\n1.0\n1.0\n5.0\n",
		"../../evil\n1.0\n1.0\n1.0\n1.0\n1.0\n1.0\n",
	};
	struct svnpair *p;

	begin();
	for (size_t i = 0; i < sizeof(manifests) / sizeof(manifests[0]); i++) {
		p = greet();
		svnpair_send(p, "(sl)", "pack", 0LL);
		send_file(p, "revs", "pack", "revisions");
		send_file(p, "revprops", "1.0", packed);
		if (manifests[i] != NULL && manifests[i][0] != '\0')
			send_file(p, "revprops", "manifest", manifests[i]);
		else if (manifests[i] != NULL)
			svnpair_send(p, "(sssl)", "file", "revprops",
			    "manifest", 0LL);
		svnpair_send(p, "(sl)", "packend", 0LL);
		expect_refusal(p, "the source sent a pack w", NULL);
		CU_ASSERT_EQUAL(access(svnrepo_path("mirror/db/revs/0/7"),
		    F_OK), 0);
	}
	p = greet();
	svnpair_send(p, "(sl)", "pack", 0LL);
	send_file(p, "revs", "pack", "revisions");
	svnpair_send(p, "(sl)", "packend", 1LL);
	expect_refusal(p, "a pack that it did not begin", NULL);
	svnrepo_end();
}

static void
pieces_must_fit(void)
{
	struct svnpair *p;

	begin();
	p = greet();
	svnpair_send(p, "(slll)", "R", 11LL, 10LL, 4LL);
	svnpair_send(p, "(sy)", "p", bytes, (size_t)11);
	expect_refusal(p, "a piece that does not fit", NULL);
	p = greet();
	svnpair_send(p, "(slll)", "R", 11LL, 10LL, 4LL);
	svnpair_send(p, "(sy)", "p", bytes, (size_t)0);
	expect_refusal(p, "a piece that does not fit", NULL);
	p = greet();
	svnpair_send(p, "(slll)", "R", 11LL, 10LL, 4LL);
	svnpair_send(p, "(sy)", "p", bytes, (size_t)5);
	svnpair_send(p, "(slyy)", "r", 11LL, bytes, (size_t)5, bytes,
	    (size_t)5);
	expect_refusal(p, "sent \"r\" when it was not due", NULL);
	/* What is left of r11 lies above `current`, and is replaced. */
	svnrepo_commit(source, SHARD, 11, 0);
	free(svnpair_once(source, mirror));
	CU_ASSERT_STRING_EQUAL(svnrepo_digest(source, 1),
	    svnrepo_digest(mirror, 1));
	svnrepo_end();
}

static void
a_source_that_describes_itself_wrongly_is_refused(void)
{
	static const struct {
		const char *format, *uuid;
		long long youngest, unpacked;
	} offers[] = {
		{ "", UUID, 20, 8 },
		{ "8\nlayout sharded 8\naddressing logical\n../x\n", UUID, 20,
		    8 },
		{ "8\nlayout sharded 99999999\naddressing logical\n", UUID, 20,
		    8 },
		{ FORMAT, "short", 20, 8 },
		{ FORMAT, "8c3f31fa/6e10-48f8-a2f4-41ccfaf40e27", 20, 8 },
		{ FORMAT, "8c3f31fa-6e10-48f8-a2f4-41ccfaf40e2\n", 20, 8 },
		{ FORMAT, UUID, -1, 8 },
		{ FORMAT, UUID, 20, -8 },
	};
	struct svnpair *p;
	char before[40];

	begin();
	strcpy(before, svnrepo_digest(mirror, 0));
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		p = svnpair_start(NULL, mirror, 0, 0);
		svnpair_send(p, "(slyyylls)", "repository", 1LL,
		    offers[i].format, strlen(offers[i].format),
		    offers[i].uuid, strlen(offers[i].uuid), "", (size_t)0,
		    offers[i].youngest, offers[i].unpacked, "");
		expect_refusal(p, "in a way that cannot be", before);
	}
	p = svnpair_start(NULL, mirror, 0, 0);
	svnpair_send(p, "(slyyylls)", "repository", 2LL, FORMAT, strlen(FORMAT),
	    UUID, strlen(UUID), "", (size_t)0, 20LL, 8LL, "");
	expect_refusal(p, "speaks another language", before);
	p = svnpair_start(NULL, mirror, 0, 0);
	svnpair_cut(p);
	expect_refusal(p, "connection was lost", before);
	svnrepo_end();
}

/* It says that r10 is packed: then the date is what is compared. */
static void
r10_must_have_its_date(void)
{
	static const struct {
		const char *date, *why;
	} dates[] = {
		{ "2001-01-01T00:00:00.000000Z", "has another date than" },
		{ "", "the date of r10 cannot be read in the source" },
	};
	unsigned char digest[16] = { 0 };
	struct svnpair *p;
	char before[40];

	begin();
	strcpy(before, svnrepo_digest(mirror, 0));
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		p = introduce();
		svnpair_send(p, "(sllyy)", "digest", 10LL, 2LL, digest,
		    (size_t)16, dates[i].date, strlen(dates[i].date));
		if (dates[i].date[0] != '\0') {
			CU_ASSERT_STRING_EQUAL(svnpair_receive(p),
			    "('state', 20)");
			svnpair_send(p, "(sly)", "state", 20LL, digest,
			    (size_t)16);
		}
		expect_refusal(p, dates[i].why, before);
	}
	svnrepo_end();
}

/* The mirror of begin() as a packed one of format 4, whose source says that it
 * was upgraded to 6. */
static struct svnpair *
greet_upgraded(void)
{
	unsigned char digest[16] = { 0 };
	struct svnpair *p;

	svnrepo_put(mirror, "db/format", "4\nlayout sharded 8\n");
	svnrepo_put(mirror, "db/min-unpacked-rev", "8\n");
	mkdir(svnrepo_path("mirror/db/revs/0.pack"), 0755);
	svnrepo_put(mirror, "db/revs/0.pack/pack", "a pack");
	svnrepo_put(mirror, "db/revs/0.pack/manifest", "0\n");
	p = svnpair_start(NULL, mirror, 0, 0);
	read_digest(digest);
	svnpair_send(p, "(slyyylls)", "repository", 1LL,
	    "6\nlayout sharded 8\n", (size_t)19, UUID, strlen(UUID), "",
	    (size_t)0, 20LL, 8LL, "");
	CU_ASSERT_STRING_EQUAL(svnpair_receive(p), "('digest', 10)");
	svnpair_send(p, "(sllyy)", "digest", 10LL, 1LL, digest, (size_t)16,
	    "", (size_t)0);
	CU_ASSERT_STRING_EQUAL(svnpair_receive(p), "('props', 0)");
	return p;
}

/* Whatever comes then, the mirror has its format and its properties still. */
static void
expect_old_format(struct svnpair *p, const char *why)
{
	char text[64] = "";
	FILE *f;

	expect_refusal(p, why, NULL);
	f = fopen(svnrepo_path("mirror/db/format"), "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), f));
	fclose(f);
	CU_ASSERT_STRING_EQUAL(text, "4\n");
	CU_ASSERT_EQUAL(access(svnrepo_path("mirror/db/revprops/0/7"), F_OK),
	    0);
}

static void
an_upgrade_that_lies_leaves_the_old_format(void)
{
	struct svnpair *p;

	begin();
	p = greet_upgraded();
	svnpair_send(p, "(slyy)", "r", 11LL, bytes, (size_t)9, bytes,
	    (size_t)9);
	expect_old_format(p, "something else than the properties");
	p = greet_upgraded();
	svnpair_send(p, "(sl)", "repack", 1LL);
	expect_old_format(p, "packed properties that are not due");
	p = greet_upgraded();
	svnpair_send(p, "(sl)", "repack", 0LL);
	svnpair_send(p, "(sl)", "packend", 0LL);
	expect_old_format(p, "a pack without a proper manifest");
	p = greet_upgraded();
	svnpair_send(p, "(sl)", "repack", 0LL);
	svnpair_send(p, "(slyy)", "r", 11LL, bytes, (size_t)9, bytes,
	    (size_t)9);
	expect_old_format(p, "sent r11 where r11 was due");
	p = greet_upgraded();
	svnpair_cut(p);
	expect_old_format(p, "connection was lost");
	svnrepo_end();
}

static const struct xn_test_case cases[] = {
	{ "no single message that lies changes the mirror",
	    no_single_message_that_lies_changes_the_mirror },
	{ "no name leads out of a pack", no_name_leads_out_of_a_pack },
	{ "properties that cannot be read come into no mirror",
	    properties_that_cannot_be_read_come_into_no_mirror },
	{ "a pack that is not whole is not shown",
	    a_pack_that_is_not_whole_is_not_shown },
	{ "pieces must fit", pieces_must_fit },
	{ "r10 must have its date", r10_must_have_its_date },
	{ "an upgrade that lies leaves the old format",
	    an_upgrade_that_lies_leaves_the_old_format },
	{ "a source that describes itself wrongly is refused",
	    a_source_that_describes_itself_wrongly_is_refused },
};

XN_TEST_MAIN("svnhotsync hostile source", cases)
