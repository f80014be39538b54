/* A plugin's table of options, and what the user may write into it. */
#include "core/plugin/options.h"

#include <poll.h>
#include <unistd.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

static const syncgate_option_t table[] = {
	{ "source", SYNCGATE_LOCATION, NULL, 1, NULL, "where it comes from" },
	{ "mirror", SYNCGATE_LOCATION, NULL, 0, NULL, "where it goes" },
	{ "name", SYNCGATE_STRING, "none", 0, NULL, "a name" },
	{ "follow", SYNCGATE_BOOL, "yes", 0, NULL, "stay" },
	{ "size", SYNCGATE_INTEGER, "2M", 0, NULL, "a size" },
	{ "poll", SYNCGATE_SECONDS, "1.5s", 0, NULL, "how often" },
	{ "method", SYNCGATE_CHOICE, "auto", 0, "auto|copy", "the way" },
	{ "tag", SYNCGATE_LIST, NULL, 0, NULL, "tags" },
	{ "remote", SYNCGATE_GATEWAYS, NULL, 0, NULL, "remotes" },
	{ NULL, 0, NULL, 0, NULL, NULL }
};

static const syncgate_plugin_t plugin = {
	.abi = SYNCGATE_PLUGIN_ABI, .name = "toy", .options = table,
};

/* A job with SETTING (may be NULL) beside the required source. */
static xn_error_t *
read_one(syncgate_job_t *job, const char *name, const char *value,
    apr_pool_t *pool)
{
	const syncgate_setting_t settings[] = {
		{ "source", "/a", "f:1", 0 }, { name, value, "f:2", 0 },
	};

	memset(job, 0, sizeof(*job));
	job->name = "test";
	return syncgate_options_read(&job->values, &plugin, settings,
	    name != NULL ? 2 : 1, NULL, NULL, pool);
}

static void
defaults_are_typed(void)
{
	apr_pool_t *pool = expect_pool();
	syncgate_job_t job;

	CU_ASSERT(expect_error(read_one(&job, NULL, NULL, pool), 0, ""));
	CU_ASSERT_STRING_EQUAL(syncgate_job_location(&job, "source")->path,
	    "/a");
	CU_ASSERT_PTR_NULL(syncgate_job_location(&job, "mirror"));
	CU_ASSERT_STRING_EQUAL(syncgate_job_string(&job, "name"), "none");
	CU_ASSERT_EQUAL(syncgate_job_bool(&job, "follow"), 1);
	CU_ASSERT_EQUAL(syncgate_job_integer(&job, "size"), 2 << 20);
	CU_ASSERT_EQUAL(syncgate_job_seconds(&job, "poll"), 1500000);
	CU_ASSERT_STRING_EQUAL(syncgate_job_string(&job, "method"), "auto");
	apr_pool_destroy(pool);
}

static void
bools_have_six_words(void)
{
	static const char *const words[] = { "yes", "no", "true", "false",
	    "on", "off" };
	apr_pool_t *pool = expect_pool();
	syncgate_job_t job;

	for (int i = 0; i < 6; i++) {
		CU_ASSERT(expect_error(read_one(&job, "follow", words[i],
		    pool), 0, ""));
		CU_ASSERT_EQUAL(syncgate_job_bool(&job, "follow"), i % 2 == 0);
	}
	apr_pool_destroy(pool);
}

static void
numbers_have_suffixes(void)
{
	static const struct {
		const char *option, *text;
		long long value;
	} rows[] = {
		{ "size", "0", 0 }, { "size", "-3", -3 },
		{ "size", "7k", 7 << 10 }, { "size", "7K", 7 << 10 },
		{ "size", "3G", 3LL << 30 },
		{ "size", "9223372036854775807", 9223372036854775807LL },
		{ "poll", "2", 2000000 }, { "poll", "20ms", 20000 },
		{ "poll", "0.25s", 250000 }, { "poll", "2m", 120000000 },
		{ "poll", "1h", 3600000000LL }, { "poll", "2d",
		    172800000000LL }, { "poll", "0", 0 },
	};
	apr_pool_t *pool = expect_pool();
	syncgate_job_t job;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT(expect_error(read_one(&job, rows[i].option,
		    rows[i].text, pool), 0, ""));
		CU_ASSERT_EQUAL(strcmp(rows[i].option, "size") == 0 ?
		    syncgate_job_integer(&job, "size") :
		    syncgate_job_seconds(&job, "poll"), rows[i].value);
	}
	apr_pool_destroy(pool);
}

static const char *
named(void *baton, const char *name)
{
	return strcmp(name, "far") == 0 ? baton : NULL;
}

static void
lists_are_in_their_order(void)
{
	static char xspec[] = "ssh=far//id=f";
	static const syncgate_setting_t settings[] = {
		{ "tag", "b", "f:1", 0 }, { "source", "/a", "f:2", 0 },
		{ "remote", "popen", "f:3", 0 }, { "tag", "", "f:1", 1 },
		{ "remote", "far", "f:4", 1 }, { "tag", "b", "f:4", 0 },
	};
	apr_pool_t *pool = expect_pool();
	syncgate_job_t job = { .name = "test" };
	const char *const *list;

	CU_ASSERT(expect_error(syncgate_options_read(&job.values, &plugin,
	    settings, 6, named, xspec, pool), 0, ""));
	list = syncgate_job_list(&job, "tag");
	CU_ASSERT_STRING_EQUAL(list[0], "b");
	CU_ASSERT_STRING_EQUAL(list[1], "");
	CU_ASSERT_STRING_EQUAL(list[2], "b");
	CU_ASSERT_PTR_NULL(list[3]);
	list = syncgate_job_list(&job, "remote");
	CU_ASSERT_STRING_EQUAL(list[0], "popen");
	CU_ASSERT_STRING_EQUAL(list[1], "ssh=far//id=f");
	CU_ASSERT_PTR_NULL(list[2]);
	CU_ASSERT(expect_error(read_one(&job, NULL, NULL, pool), 0, ""));
	CU_ASSERT_PTR_NULL(syncgate_job_list(&job, "tag")[0]);
	CU_ASSERT_PTR_NULL(syncgate_job_list(&job, "remote")[0]);
	apr_pool_destroy(pool);
}

static void
wrong_values_name_place_and_option(void)
{
	static const struct {
		const char *option, *text, *part;
	} rows[] = {
		{ "follow", "maybe", "f:2: follow: \"maybe\" is neither" },
		{ "follow", "", "neither yes nor no" },
		{ "size", "", "not a whole number" },
		{ "size", "k", "not a whole number" },
		{ "size", " 1", "not a whole number" },
		{ "size", "1.5", "not one of k, M and G" },
		{ "size", "1T", "not one of k, M and G" },
		{ "size", "9223372036854775808", "too large" },
		{ "size", "9007199254740993k", "too large" },
		{ "poll", "soon", "not a time" },
		{ "poll", "-1", "not a time" },
		{ "poll", "1e3", "not a time" },
		{ "poll", "1.2.3", "not a time" },
		{ "poll", "3 weeks", "not one of ms" },
		{ "poll", "99999999999d", "too long" },
		{ "method", "cpy", "not one of auto|copy: did you mean "
		    "\"copy\"?" },
		{ "method", "auto|copy", "not one of" },
		{ "mirror", "x:y", "f:2: mirror: location \"x:y\"" },
		{ "mirrro", "/b", "f:2: plugin toy has no option \"mirrro\": "
		    "did you mean \"mirror\"?" },
		{ "remote", "far", "f:2: remote: \"far\" is neither a "
		    "configured gateway nor an xspec: xspec \"far\"" },
		{ "source", "/b", "f:2: the option \"source\" is given "
		    "twice" },
	};
	apr_pool_t *pool = expect_pool();
	syncgate_job_t job;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT(expect_error(read_one(&job, rows[i].option,
		    rows[i].text, pool), XN_E_CONFIG, rows[i].part));
	apr_pool_destroy(pool);
}

static void
a_required_one_is_missed(void)
{
	const syncgate_values_t *values;
	apr_pool_t *pool = expect_pool();

	CU_ASSERT(expect_error(syncgate_options_read(&values, &plugin, NULL, 0,
	    NULL, NULL, pool), XN_E_CONFIG,
	    "\"source\" is missing: where it comes from"));
	apr_pool_destroy(pool);
}

static void
a_broken_table_is_refused(void)
{
	static const struct {
		syncgate_option_t option;
		const char *part;
	} rows[] = {
		{ { "Big", SYNCGATE_STRING, NULL, 0, NULL, "h" },
		    "lower case" },
		{ { "", SYNCGATE_STRING, NULL, 0, NULL, "h" }, "lower case" },
		{ { "plugin", SYNCGATE_STRING, NULL, 0, NULL, "h" },
		    "taken by the job" },
		{ { "retry-after", SYNCGATE_STRING, NULL, 0, NULL, "h" },
		    "taken by the job" },
		{ { "hold-over", SYNCGATE_STRING, NULL, 0, NULL, "h" },
		    "taken by the job" },
		{ { "a", 17, NULL, 0, NULL, "h" }, "no type 17" },
		{ { "a", -1, NULL, 0, NULL, "h" }, "no type -1" },
		{ { "a", SYNCGATE_STRING, NULL, 0, NULL, NULL }, "no help" },
		{ { "a", SYNCGATE_CHOICE, NULL, 0, NULL, "h" },
		    "no choices" },
		{ { "a", SYNCGATE_BOOL, "x", 0, NULL, "h" }, "its default" },
		{ { "a", SYNCGATE_BOOL, "no", 1, NULL, "h" },
		    "required and has a default" },
		{ { "a", SYNCGATE_LIST, "x", 0, NULL, "h" },
		    "a list has no default" },
		{ { "b", SYNCGATE_STRING, NULL, 0, NULL, "h" },
		    "stands twice" },
	};
	apr_pool_t *pool = expect_pool();

	CU_ASSERT(expect_error(syncgate_options_check(&plugin, pool), 0, ""));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const syncgate_option_t options[] = {
			{ "b", SYNCGATE_STRING, NULL, 0, NULL, "h" },
			rows[i].option,
			{ NULL, 0, NULL, 0, NULL, NULL },
		};
		const syncgate_plugin_t broken = { .options = options };

		CU_ASSERT(expect_error(syncgate_options_check(&broken, pool),
		    XN_E_PLUGIN, rows[i].part));
	}
	apr_pool_destroy(pool);
}

static void
a_job_waits_until_it_is_asked_to_stop(void)
{
	syncgate_job_t job = { .name = "test" };
	apr_time_t start = apr_time_now();
	int ends[2];

	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	job.stop_fd = ends[0];
	CU_ASSERT_EQUAL(syncgate_job_stopping(&job), 0);
	CU_ASSERT_EQUAL(syncgate_job_wait(&job, 30000), 0);
	CU_ASSERT(apr_time_now() - start >= 30000);
	CU_ASSERT_EQUAL(write(ends[1], "x", 1), 1);
	CU_ASSERT_EQUAL(syncgate_job_stopping(&job), 1);
	CU_ASSERT_EQUAL(syncgate_job_wait(&job, XN_FOREVER), 1);
	CU_ASSERT_EQUAL(syncgate_job_stop_fd(&job), ends[0]);
	close(ends[0]);
	close(ends[1]);
}

static const struct xn_test_case cases[] = {
	{ "defaults are typed as given values are", defaults_are_typed },
	{ "truth has six words", bools_have_six_words },
	{ "sizes and times have suffixes", numbers_have_suffixes },
	{ "lists are in their order", lists_are_in_their_order },
	{ "a wrong value names its place and option",
	    wrong_values_name_place_and_option },
	{ "a required option is missed", a_required_one_is_missed },
	{ "a broken table is refused", a_broken_table_is_refused },
	{ "a job waits until it is asked to stop",
	    a_job_waits_until_it_is_asked_to_stop },
};

XN_TEST_MAIN("options", cases)
