/*
 * test_fileproc_system_hostile.c: systems, users of it and callers that are
 * not what one would wish.
 */
#include "tests/lib/fileproc_system.h"

#include <sys/mount.h>

/* ---- Results that are none -------------------------------------------------------- */

static void
bad_results(void)
{
	static const struct { const char *make, *tag, *why; } bad[] = {
		{ "ln -s /etc/passwd out/a.out", "error",
		    "'a.out', a symbolic link" },
		{ "ln -s nowhere out/a.out", "error", "a symbolic link" },
		{ "mkfifo out/a.out", "error", "neither file nor folder" },
		{ "mkdir a; ln -s /etc a/etc; mv a out/a.out", "error",
		    "'a.out/etc', a symbolic link" },
		{ "mkdir -p a/b; mkfifo a/b/c; mv a out/a.out", "error",
		    "'a.out/b/c', which is neither" },
		{ "p=a; mkdir a; for i in $(seq 70); do p=$p/d; mkdir $p; "
		    "done; mv a out/a.out", "error", "nested too deeply" },
		{ "p=.; for i in $(seq 12); do p=$p/$(printf '%%0250d' 0); "
		    "done; mkdir -p a/$p; mkdir z; mkdir -p z/$p; mv z a/$p; "
		    "mv a out/a.out", "error", "too long" },
	};
	struct run *run = start_run(1, VALUE("{sssl}", "result", "%n.out",
	    "late_s", 600LL));
	xn_channel_t *lane = run->lanes[0];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		place(lane, apr_psprintf(pool, "id%d", (int)i), "a", "x");
		command(bad[i].make);
		expect_part(lane, bad[i].tag, bad[i].why);
		CU_ASSERT_FALSE(is_there("in/a"));
		/* It does not block the next one for ever. */
		send_item(lane, ID1, "a", "x");
		expect(lane, "('staged',)");
		say(lane, "go");
		expect_placed(lane);
		CU_ASSERT_FALSE(is_there("out/a.out"));
		command("mv in/a out/a.out");
		expect_result(lane, "a.out", "x");
		take(lane);
	}
	stop_run(run);
	expect_clean();
	command("test -e /etc/passwd");
}

static void
results_that_are_none(void)
{
	both(bad_results);
}

/* Folders that lead elsewhere. */
static void
links(void)
{
	struct run *run = start_run(1, VALUE("{sssl}", "result", "%n.out",
	    "poll_ms", 50LL));
	xn_channel_t *lane = run->lanes[0];

	command("mkdir elsewhere; ln -s ../elsewhere in/sub");
	send_item(lane, ID1, "sub/a", "x");
	expect(lane, "('staged',)");
	say(lane, "go");
	expect_part(lane, "unable", "sub/a");
	command("rm in/sub; ln -s ../elsewhere out/sub; "
	    "echo secret >elsewhere/a.out");
	place(lane, ID1, "sub/a", "x");
	expect_silence(lane);
	command("rm out/sub; mkdir out/sub; echo 1 >out/sub/a.out");
	expect_result(lane, "a.out", "1\n");
	/* The result is replaced before it is removed. */
	command("rm out/sub/a.out; ln -s ../../elsewhere out/sub/a.out");
	take(lane);
	command("test -e elsewhere/a.out && test -L out/sub/a.out");
	command("test $(ls -A elsewhere | wc -l) = 1");
	stop_run(run);
}

static void
links_lead_nowhere(void)
{
	both(links);
}

/* ---- Names and messages ------------------------------------------------------------ */

static void
bad_names(void)
{
	struct run *run = start_run(1, VALUE("{ssssss}", "prefix", "p-",
	    "result", "%n.out", "done_suffix", ".done"));
	const char *bad[] = {
		"../a", "a/../b", "/etc/a", "a//b", "", ".", "..", "a/", "./a",
		".syncgate", ".syncgate/a", "a/.syncgate",
		apr_psprintf(pool, "%0256d", 7),
		/* With the prefix, or the result's suffix. */
		apr_psprintf(pool, "%0249d", 7),
		apr_psprintf(pool, "%0254d", 7), NULL
	};
	xn_channel_t *lane = run->lanes[0];

	for (int i = 0; bad[i] != NULL; i++) {
		send_item(lane, ID1, bad[i], "x");
		expect_part(lane, "error", "");
	}
	place(lane, ID2, "a", "x");
	command("test \"$(ls in)\" = \"$(printf 'p-a\\np-a.done')\"");
	say(lane, "abandon");
	expect(lane, "('abandoned', True)");
	stop_run(run);
	command("test -z \"$(ls in)\"");
}

static void
names_that_cannot_be_had(void)
{
	both(bad_names);
}

/* The program ends with PART in its error. */
static void
expect_failure(struct run *run, const char *part)
{
	const xn_value_t *v;
	xn_error_t *error;

	do
		error = xn_channel_receive(&v, run->lanes[0], PATIENCE, pool);
	while (error == NULL);
	text_has(error, XN_E_REMOTE, part);
}

static const xn_value_t *
item(const char *id, long long size)
{
	return VALUE("(sspll)", "place", id, "a", size, 1LL);
}

static void
bad_messages(void)
{
	const struct { const xn_value_t *first, *second; const char *why; }
	    bad[] = {
		{ VALUE("s", "x"), NULL, "something else than a message" },
		{ VALUE("(s)", "x"), NULL, "not known" },
		{ VALUE("(ss)", "place", "x"), NULL, "another shape" },
		{ item("../x", 1), NULL, "no id" },
		{ item("x", -1), NULL, "another shape" },
		{ item("x", 2), VALUE("y", "123", (size_t)3), "more bytes" },
		{ item("x", 0), VALUE("y", "123", (size_t)3), "more bytes" },
		{ item("x", 2), VALUE("(s)", "go"), "not staged" },
		{ item("x", 2), item("x", 2), "twice" },
		{ item("x", 2), item("y", 2), "a lane that has one" },
		{ item("x", 0), VALUE("(s)", "taken"), "not sent" },
		{ item("x", 0), VALUE("(s)", "again"), "not sent" },
		{ VALUE("(si)", "lane", 5), NULL, "no lane" },
		{ VALUE("(si)", "resume", 5), NULL, "another shape" },
		{ VALUE("(si)", "finish", 5), NULL, "another shape" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct run *run = start_run(1, VALUE("{sv}", "keep",
		    list_of(NULL, 0)));

		failed(xn_send(run->lanes[0], "v", bad[i].first));
		if (bad[i].second != NULL)
			xn_error_clear(xn_send(run->lanes[0], "v",
			    bad[i].second));
		expect_failure(run, bad[i].why);
	}
	stop_run(start_run(1, VALUE("{sv}", "keep", list_of(NULL, 0))));
	expect_clean();
}

static void
messages_that_are_wrong(void)
{
	both(bad_messages);
}

/* ---- Machines --------------------------------------------------------------------- */

static void
bad_places(void)
{
	command("mv in in2");
	expect_failure(launch(1, NULL), "cannot open remote-in, ");
	command("mv in2 in; mv out out2");
	expect_failure(launch(1, NULL), "cannot open remote-out, ");
	command("mv out2 out; ln -s ../out in/.syncgate");
	expect_failure(launch(1, NULL), "cannot open .syncgate in");
	command("rm in/.syncgate; : >in/.syncgate");
	expect_failure(launch(1, NULL), "cannot open .syncgate in");
	command("rm in/.syncgate");
	expect_failure(launch(1, VALUE("{ss}", "complete", "maybe")),
	    "complete is auto");
	expect_failure(launch(1, VALUE("{ss}", "complete", "marker")),
	    "needs the marker");
	expect_failure(launch(1, VALUE("{ss}", "prefix", "a/")),
	    "parts of a name");
	expect_failure(launch(1, VALUE("{ss}", "queue", "../x")), "queue");
}

static void
places_that_are_not_there(void)
{
	both(bad_places);
}

static void
moved_away(void)
{
	struct run *run = start_run(1, NULL);

	place(run->lanes[0], ID1, "a", "x");
	command("mv out elsewhere");
	expect_failure(run, "was moved away");
}

static void
a_folder_that_is_moved_away(void)
{
	both(moved_away);
}

/* Other users leave what they like where all may write. */
static void
litter(void)
{
	struct run *run = start_run(1, VALUE("{sl}", "slots", 2LL));
	xn_channel_t *lane = run->lanes[0];

	command("cd in/.syncgate/items && mkdir a && mkfifo b && "
	    "ln -s /etc/passwd c && head -c 1000000 /dev/zero >d && : >e && "
	    "echo x >f && printf '1\\0q\\0j\\0../../x\\0*\\0' >g && "
	    "printf '1\\0../q\\0j\\0x\\0nothing\\0\\0001\\0000\\0000\\0' >h && "
	    "touch .hidden && chmod 0 d && printf '1\\0q\\0j\\0x\\0%%05000d"
	    "\\0\\0001\\0000\\0000\\0' 0 >i");
	command("test $(stat -c %%a in/.syncgate) = 1777");
	command("test $(stat -c %%a in/.syncgate/items) = 1777");
	place(lane, ID1, "a", "x");
	command("test $(stat -c %%a in/.syncgate/items/" ID1 ") = 644");
	command("test $(stat -c %%a in/.syncgate/lock) = 666");
	command("mv in/a out/a");
	expect_result(lane, "a", "x");
	take(lane);
	stop_run(run);
}

static void
litter_is_no_matter(void)
{
	both(litter);
}

static void
full(void)
{
	struct run *run;
	xn_channel_t *lane;
	char *large = apr_pcalloc(pool, 300001);

	if (mount("none", path_of("in"), "tmpfs", 0, "size=256k") != 0)
		return;			/* not as root */
	memset(large, 'x', 300000);
	run = start_run(1, NULL);
	lane = run->lanes[0];
	failed(xn_send(lane, "(sspll)", "place", ID1, "a", 300000LL, 0600LL));
	for (int i = 0; i < 5; i++)
		failed(xn_send(lane, "y", large, (size_t)60000));
	expect_part(lane, "unable", "No space");
	place(lane, ID1, "a", "x");
	/* (Not by one mv: from one file system to another it sets the time
	 * when the file is there already.) */
	command("mv in/a out/.a && mv out/.a out/a");
	expect_result(lane, "a", "x");
	take(lane);
	stop_run(run);
	umount2(path_of("in"), MNT_DETACH);
}

static void
a_place_that_is_full(void)
{
	both(full);
}

/* Another user's folder, as it usually is. */
static void
not_allowed(void)
{
	if (geteuid() != 0)
		return;
	command("chmod 755 . in out");
	CU_ASSERT_EQUAL_FATAL(seteuid(65534), 0);
	failed(xn_gateway_open(&gw, group, "popen", pool));
	CU_ASSERT_EQUAL_FATAL(seteuid(0), 0);
	expect_failure(launch(1, NULL), "cannot make .syncgate in");
	/* A result that may be read and not be removed is taken, too. */
	command("chmod 777 in");
	{
		struct run *run = start_run(1, VALUE("{ss}", "result",
		    "%n.out"));

		place(run->lanes[0], ID1, "a", "x");
		command("echo 1 >out/a.out");
		expect_result(run->lanes[0], "a.out", "1\n");
		take(run->lanes[0]);
		CU_ASSERT(is_there("out/a.out"));
		send_item(run->lanes[0], ID2, "a", "x");
		expect(run->lanes[0], "('staged',)");
		say(run->lanes[0], "go");
		expect_part(run->lanes[0], "waiting", "'a.out' is in");
		stop_run(run);
	}
}

static void
what_is_not_allowed(void)
{
	shipped(not_allowed);
}

static const struct xn_test_case cases[] = {
	{ "results that are none", results_that_are_none },
	{ "links lead nowhere", links_lead_nowhere },
	{ "names that cannot be had", names_that_cannot_be_had },
	{ "messages that are wrong", messages_that_are_wrong },
	{ "places that are not there", places_that_are_not_there },
	{ "a folder that is moved away", a_folder_that_is_moved_away },
	{ "litter is no matter", litter_is_no_matter },
	{ "a place that is full", a_place_that_is_full },
	{ "what is not allowed", what_is_not_allowed },
};

XN_TEST_MAIN("fileproc: systems that are hostile", cases)
