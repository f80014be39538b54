/* Configuration files: what they say, and where they are wrong. */
#include "appliance/job/config.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_env.h>
#include <apr_strings.h>

#include "core/plugin/loader.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

#define TEST "plugin = testplugin  place = \"/p\" "

/* One case: a pool, a folder of its own, and where the test plugins are. */
struct place {
	apr_pool_t *pool;
	const char *folder;
	apr_array_header_t *plugins;
};

static struct place
begin(void)
{
	struct place p = { .pool = expect_pool() };
	const char *top = getenv("top_builddir");
	char *folder = apr_pstrdup(p.pool, "/tmp/syncgate-config.XXXXXX");

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	p.folder = folder;
	p.plugins = apr_array_make(p.pool, 1, sizeof(const char *));
	APR_ARRAY_PUSH(p.plugins, const char *) = apr_pstrcat(p.pool,
	    top != NULL ? top : ".", "/tests/lib/.libs", NULL);
	return p;
}

static void
end(const struct place *p)
{
	const char *command = apr_pstrcat(p->pool, "rm -r ", p->folder, NULL);

	CU_ASSERT_EQUAL(system(command), 0);
	apr_pool_destroy(p->pool);
}

static const char *
put(const struct place *p, const char *name, const char *text)
{
	const char *path = apr_pstrcat(p->pool, p->folder, "/", name, NULL);
	FILE *stream = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	fputs(text, stream);
	fclose(stream);
	return path;
}

static syncgate_config_t *
load(const struct place *p, const char *text)
{
	syncgate_config_t *config = NULL;

	CU_ASSERT(expect_error(syncgate_config_load(&config, put(p, "a.conf",
	    text), p->plugins, p->pool), 0, ""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(config);
	return config;
}

static const syncgate_job_config_t *
job(const struct place *p, const syncgate_config_t *config, const char *name)
{
	const syncgate_job_config_t *found = NULL;

	CU_ASSERT(expect_error(syncgate_config_job(&found, config, name,
	    p->pool), 0, ""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	return found;
}

static const syncgate_value_t *
value(const syncgate_job_config_t *config, const char *name)
{
	for (int i = 0; i < config->values->count; i++) {
		if (strcmp(config->values->items[i].option->name, name) == 0)
			return &config->values->items[i];
	}
	CU_FAIL_FATAL("no such option");
	return NULL;
}

static void
jobs_and_gateways_are_read(void)
{
	struct place p = begin();
	const syncgate_config_t *config = load(&p,
	    "job one { " TEST " steps = {7} }\n"
	    "// the gateway stands behind the job that uses it\n"
	    "job two {\n plugin = 'testplugin'\n place = \"far:/x\"\n"
	    " text = \"a \\\"b\\\" # c /* d\" /* comment */\n"
	    " healthy = no # comment\n}\n"
	    "gateway far { xspec = \"ssh=me@far:2222\" }\n");

	CU_ASSERT_EQUAL(config->jobs->nelts, 2);
	CU_ASSERT_EQUAL(value(job(&p, config, "one"), "steps")->number, 7);
	CU_ASSERT_STRING_EQUAL(value(job(&p, config, "two"), "place")
	    ->location->xspec, "ssh=me@far:2222");
	CU_ASSERT_STRING_EQUAL(value(job(&p, config, "two"), "text")->text,
	    "a \"b\" # c /* d");
	CU_ASSERT_EQUAL(value(job(&p, config, "two"), "healthy")->number, 0);
	CU_ASSERT_STRING_EQUAL(job(&p, config, "two")->where,
	    apr_pstrcat(p.pool, p.folder, "/a.conf:4", NULL));
	end(&p);
}

/* The jobs are not looked at: neither of them could be read. */
static void
gateways_and_groups_are_read_alone(void)
{
	struct place p = begin();
	syncgate_config_t *config = NULL;
	const syncgate_group_config_t *group;

	CU_ASSERT(expect_error(syncgate_config_load_gateways(&config, put(&p,
	    "a.conf", "group all {\n gateways = {\"far\",\n"
	    " \"popen//id=x\"}\n}\njob one { plugin = nosuch }\n"
	    "gateway far { xspec = \"ssh=far\" }\njob two { a = 1 }\n"
	    "gateway near { xspec = \"popen//id=n//nice=1\" }\n"
	    "include(\"b.d/*\")\n"), p.pool), 0, ""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(config);
	CU_ASSERT_EQUAL(config->jobs->nelts, 0);
	CU_ASSERT_STRING_EQUAL(syncgate_config_gateway(config, "far")->xspec,
	    "ssh=far");
	CU_ASSERT_PTR_NULL(syncgate_config_gateway(config, "all"));
	CU_ASSERT_STRING_EQUAL(syncgate_config_via(config, "far")->name,
	    "far");
	CU_ASSERT_STRING_EQUAL(syncgate_config_via(config, "n")->name,
	    "near");
	CU_ASSERT_PTR_NULL(syncgate_config_via(config, "near"));
	CU_ASSERT_STRING_EQUAL(syncgate_config_via_xspec(config, "n"),
	    "popen//nice=1");
	CU_ASSERT_PTR_NULL(syncgate_config_via_xspec(config, "near"));
	CU_ASSERT_PTR_NULL(syncgate_config_group(config, "far"));
	group = syncgate_config_group(config, "all");
	CU_ASSERT_PTR_NOT_NULL_FATAL(group);
	CU_ASSERT_EQUAL_FATAL(group->members->nelts, 2);
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(group->members, 0, const char *),
	    "far");
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(group->members, 1, const char *),
	    "popen//id=x");
	end(&p);
}

static void
lists_and_the_store_are_read(void)
{
	struct place p = begin();
	const syncgate_config_t *config = load(&p, "store = \"sqlite:/s/a.db\""
	    "\njob x { " TEST " tags = {\"a b\", c}\n remotes = {far, "
	    "\"popen//id=y\"} }\njob y { " TEST " tags = one }\n"
	    "gateway far { xspec = \"ssh=far\" }\n");
	const apr_array_header_t *list;

	CU_ASSERT_STRING_EQUAL(config->store, "sqlite:/s/a.db");
	list = value(job(&p, config, "x"), "tags")->list;
	CU_ASSERT_EQUAL_FATAL(list->nelts, 2);
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(list, 0, const char *), "a b");
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(list, 1, const char *), "c");
	list = value(job(&p, config, "x"), "remotes")->list;
	CU_ASSERT_EQUAL_FATAL(list->nelts, 2);
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(list, 0, const char *),
	    "ssh=far");
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(list, 1, const char *),
	    "popen//id=y");
	CU_ASSERT_EQUAL(value(job(&p, config, "y"), "tags")->list->nelts, 1);
	CU_ASSERT_EQUAL(value(job(&p, config, "y"), "remotes")->list->nelts,
	    0);
	CU_ASSERT_PTR_NULL(load(&p, "job x { " TEST " }")->store);
	end(&p);
}

static void
schedules_and_the_daemon_are_read(void)
{
	struct place p = begin();
	const syncgate_config_t *config = load(&p, "daemon {\n socket = "
	    "\"/run/s\"\n stop-within = 5s\n}\njob x { " TEST " every = 15m "
	    "at = {\"02:30\", \"23:59:59\"} jitter = 1m hold-after = 0\n "
	    "after = y within = \"22:00-06:00\" }\njob y { " TEST " }\n");
	const syncgate_schedule_t *s = &job(&p, config, "x")->schedule;

	CU_ASSERT_STRING_EQUAL(config->daemon.socket, "/run/s");
	CU_ASSERT_EQUAL(config->daemon.stop_within, apr_time_from_sec(5));
	CU_ASSERT_EQUAL(config->daemon.at_once, 0);
	CU_ASSERT_EQUAL(s->every, apr_time_from_sec(900));
	CU_ASSERT_EQUAL(s->jitter, apr_time_from_sec(60));
	CU_ASSERT_EQUAL(s->hold_after, 0);
	CU_ASSERT_EQUAL_FATAL(s->at->nelts, 2);
	CU_ASSERT_EQUAL(APR_ARRAY_IDX(s->at, 0, int), 9000);
	CU_ASSERT_EQUAL(APR_ARRAY_IDX(s->at, 1, int), 86399);
	CU_ASSERT_EQUAL_FATAL(s->within->nelts, 2);
	CU_ASSERT_EQUAL(APR_ARRAY_IDX(s->within, 0, int), 22 * 3600);
	CU_ASSERT_EQUAL(APR_ARRAY_IDX(s->within, 1, int), 6 * 3600);
	CU_ASSERT_EQUAL_FATAL(s->after->nelts, 1);
	CU_ASSERT(syncgate_schedule_is_timed(s));
	s = &job(&p, config, "y")->schedule;
	CU_ASSERT(!syncgate_schedule_is_timed(s));
	CU_ASSERT_EQUAL(s->hold_after, 5);
	CU_ASSERT_EQUAL(s->retry_after, apr_time_from_sec(10));
	CU_ASSERT_EQUAL(config->texts->nelts, 1);
	config = load(&p, "job y { " TEST " }");
	CU_ASSERT_PTR_NULL(config->daemon.socket);
	CU_ASSERT_EQUAL(config->daemon.stop_within, apr_time_from_sec(30));
	end(&p);
}

/* What EXPLAIN makes of an error of CODE on opening XSPEC. */
static const char *
explained(const syncgate_config_t *config, int code, const char *xspec,
    apr_pool_t *pool)
{
	xn_error_t *error = syncgate_config_explain(xn_error_wrap(
	    xn_error_create(code, "no such host"), "cannot open gateway %s",
	    xspec), config->hints);
	const char *text = xn_error_text(error, pool);

	xn_error_clear(error);
	return text;
}

static void
a_host_may_be_a_misspelt_gateway(void)
{
	struct place p = begin();
	const syncgate_config_t *config = load(&p, "gateway far { xspec = "
	    "\"popen\" }\njob x { plugin = testplugin place = \"fra:/x\" }"
	    "\njob y { plugin = testplugin place = \"me@far2:/x\" }");

	CU_ASSERT_PTR_NOT_NULL(strstr(explained(config, XN_E_CONNECT,
	    "ssh=fra", p.pool), "no such host (no gateway \"fra\" is "
	    "configured, so it was taken for the ssh host fra: did you mean "
	    "\"far\"?)"));
	CU_ASSERT_STRING_EQUAL(explained(config, XN_E_AUTH, "ssh=fra",
	    p.pool), "cannot open gateway ssh=fra: no such host");
	CU_ASSERT_STRING_EQUAL(explained(config, XN_E_CONNECT,
	    "ssh=me@far2", p.pool),
	    "cannot open gateway ssh=me@far2: no such host");
	CU_ASSERT_PTR_NULL(syncgate_config_explain(NULL, config->hints));
	end(&p);
}

static void
wrong_files_name_file_and_line(void)
{
	static const struct {
		const char *text;
		int code;
		const char *part;
	} rows[] = {
		{ "\njbo x { }", XN_E_CONFIG, "a.conf:2: unknown section "
		    "\"jbo\": did you mean \"job\"?" },
		{ "# a\n// b\n/* c\n */ job x {\n" TEST " # d\n stesp = 3",
		    XN_E_CONFIG, "a.conf:4: what is opened" },
		{ "# a\n// b\n/* c\n */ job x {\n" TEST " # d\n stesp = 3 }",
		    XN_E_CONFIG, "a.conf:6: unknown option \"stesp\"" },
		{ "job x {\n" TEST "\n stesp = 3\n}", XN_E_CONFIG,
		    "a.conf:3: unknown option \"stesp\" in job x: "
		    "did you mean \"steps\"?" },
		{ "gateway x {\n xpsec = \"popen\"\n}", XN_E_CONFIG,
		    "a.conf:2: unknown option \"xpsec\" in gateway x" },
		{ "job x {\n" TEST "\n steps = many\n}", XN_E_CONFIG,
		    "a.conf:3: steps: \"many\" is not" },
		{ "job x {\n" TEST "\n steps = 1\n steps = 1\n}", XN_E_CONFIG,
		    "a.conf:4: the option \"steps\" in job x is given "
		    "twice" },
		{ "job x {\n" TEST "\n steps = 1\n steps += 2\n}",
		    XN_E_CONFIG, "a.conf:4: \"+=\" is not known here" },
		{ "job x {\n" TEST "\n tags = {}\n}", XN_E_CONFIG,
		    "the option \"tags\" in job x has no value" },
		{ "job x {\n" TEST "\n tags = a\n tags = b\n}", XN_E_CONFIG,
		    "a.conf:4: the option \"tags\" in job x is given "
		    "twice" },
		{ "job x {\n plugin = {testplugin, b}\n}", XN_E_CONFIG,
		    "a.conf:2: the option \"plugin\" in job x has several" },
		{ "gateway far { xspec = \"popen\" }\njob x {\n" TEST
		    "\n remotes = {\"popen\",\n fra}\n}", XN_E_CONFIG,
		    "a.conf:5: job x: \"fra\" is neither a configured "
		    "gateway nor an xspec: did you mean \"far\"?" },
		{ "store = \"sqlite:a\"", XN_E_CONFIG,
		    "a.conf:1: a store in SQLite is written" },
		{ "store = {\"sqlite:/a\", \"sqlite:/b\"}", XN_E_CONFIG,
		    "a.conf:1: the option \"store\" has several" },
		{ "store = \"sqlite:/a\"\nstore = \"sqlite:/b\"", XN_E_CONFIG,
		    "a.conf:2: store stands already at" },
		{ "store = { }", XN_E_CONFIG, "\"store\" has no value" },
		{ "store = \"sqlite:/a\"\njbo x { }", XN_E_CONFIG,
		    "a.conf:2: unknown section \"jbo\"" },
		{ "store \"sqlite:/a\"", XN_E_CONFIG, "missing equal sign" },
		{ "job x {\n" TEST "\n steps = {1,\n 2}\n}", XN_E_CONFIG,
		    "a.conf:4: the option \"steps\" in job x has several" },
		{ "job x {\n" TEST "\n steps = {}\n}", XN_E_CONFIG,
		    "the option \"steps\" in job x has no value" },
		{ "job x {\n place = h:/srv/*\n}", XN_E_CONFIG,
		    "a.conf:2: \"/*\" would begin a comment here: quote" },
		{ "job x {\n place = /a#b\n}", XN_E_CONFIG,
		    "a.conf:2: \"#\" would begin a comment here: quote" },
		{ "job x {\n place = \"h:x\"\n plugin = testplugin }",
		    XN_E_CONFIG, "a.conf:2: place: location \"h:x\"" },
		{ "job x {\n plugin = testplugin\n}", XN_E_CONFIG,
		    "a.conf:2: job x: the option \"place\" is missing" },
		{ "\njob x {\n}", XN_E_CONFIG, "job x does not say which" },
		{ "job x {\n plugin = nosuch\n}", XN_E_PLUGIN,
		    "a.conf:2: job x: there is no plugin \"nosuch\"" },
		{ "job x {\n plugin = oldplugin\n}", XN_E_PLUGIN,
		    "a.conf:2: job x: plugin " },
		{ "gateway x {\n xspec = \"popn\"\n}", XN_E_CONFIG,
		    "a.conf:2: gateway x: xspec \"popn\"" },
		{ "gateway x {\n}", XN_E_CONFIG, "gateway x has no xspec" },
		{ "gateway popen { xspec = \"popen\" }", XN_E_CONFIG,
		    "cannot be called popen" },
		{ "group g { gateways = \"popen\" }\n\ngroup h {\n gateways = "
		    "{\"popen\",\n\"g\"} }", XN_E_CONFIG,
		    "a.conf:5: group h: \"g\" is neither" },
		{ "group g { gateways = {\"ssh=\"} }", XN_E_CONFIG,
		    "a.conf:1: group g: xspec \"ssh=\"" },
		{ "job x { " TEST " }\njob x { " TEST "}", XN_E_CONFIG,
		    "a.conf:2: " },
		{ "job \"a b\" { " TEST " }", XN_E_CONFIG, "a name begins" },
		{ "job \"-a\" { " TEST " }", XN_E_CONFIG, "a name begins" },
		{ "\njob x {\n" TEST, XN_E_CONFIG,
		    "a.conf:2: what is opened here is not closed" },
		{ "jbo x { " TEST " }\njob x { " TEST "}", XN_E_CONFIG,
		    "a.conf:1: unknown section \"jbo\"" },
		{ "job x {\n" TEST "\njob y {\n" TEST "}", XN_E_CONFIG,
		    "a.conf:3: a section cannot stand inside another" },
		{ "job x {\n plugin testplugin\n}", XN_E_CONFIG,
		    "a.conf:2: missing equal sign" },
		{ "job x {\n " TEST "\n text = \"a\n steps = \"3\"\n}",
		    XN_E_CONFIG, "a.conf:3: a quote on this line is not" },
		{ "job x {\n " TEST "\n text = 'a }", XN_E_CONFIG,
		    "a.conf:3: a quote on this line is not closed" },
		{ "job x {\n " TEST "\n text = \"a${SYNCGATE_NO_SUCH}\" }",
		    XN_E_CONFIG, "a.conf:3: the environment has no variable" },
		{ "}", XN_E_CONFIG, "a.conf:1: " },
		{ "job x {\n " TEST "\n every = often\n}", XN_E_CONFIG,
		    "a.conf:3: every: \"often\" is not a time" },
		{ "job x {\n " TEST "\n every = 10ms\n}", XN_E_CONFIG,
		    "a.conf:3: every: it is a second at least" },
		{ "job x {\n " TEST "\n retry-after = 0\n}", XN_E_CONFIG,
		    "a.conf:3: retry-after: it is 10ms at least" },
		{ "job x {\n " TEST "\n at = {\"02:30\", \"24:00\"}\n}",
		    XN_E_CONFIG, "a.conf:3: at: \"24:00\" is not a time" },
		{ "job x {\n " TEST "\n at = \"2:30\"\n}", XN_E_CONFIG,
		    "a.conf:3: at: \"2:30\" is not" },
		{ "job x {\n " TEST "\n at = \"02:30:00:00\"\n}",
		    XN_E_CONFIG, "is not a time: write it as" },
		{ "job x {\n " TEST "\n at = \"02\"\n}", XN_E_CONFIG,
		    "is not a time: write it as" },
		{ "job x {\n " TEST "\n at = \"02:\"\n}", XN_E_CONFIG,
		    "is not a time: write it as" },
		{ "job x {\n " TEST "\n within = {\"01:00-02:00\", \"3\"}\n}",
		    XN_E_CONFIG, "a.conf:3: within: \"3\" is not from one" },
		{ "job x {\n " TEST "\n within = \"01:00-01:00\"\n}",
		    XN_E_CONFIG, "\"01:00-01:00\" is not from one" },
		{ "job x {\n " TEST "\n within = \"01:00-02:00-03:00\"\n}",
		    XN_E_CONFIG, "is not from one" },
		{ "job x {\n " TEST "\n hold-after = -1\n}", XN_E_CONFIG,
		    "a.conf:3: hold-after: \"-1\" is out of range" },
		{ "job x {\n " TEST "\n evrey = 1m\n}", XN_E_CONFIG,
		    "did you mean \"every\"?" },
		{ "job x {\n " TEST "\n after = z\n}", XN_E_CONFIG,
		    "job x: after: " },
		{ "job x {\n " TEST "\n after = x\n}", XN_E_CONFIG,
		    "job x: after: this goes round in a circle" },
		{ "job x {\n " TEST "\n after = y\n}\njob y {\n " TEST
		    "\n after = {z, x}\n}\njob z {\n " TEST "\n}",
		    XN_E_CONFIG, "after: this goes round in a circle" },
		{ "daemon {\n socket = a\n}", XN_E_CONFIG,
		    "a.conf:2: socket: \"a\" is not an absolute path" },
		{ "daemon {\n memory = \"/a/\"\n}", XN_E_CONFIG,
		    "a.conf:2: memory: \"/a/\" is not an absolute path" },
		{ "daemon {\n sokcet = \"/a\"\n}", XN_E_CONFIG,
		    "a.conf:2: unknown option \"sokcet\" in daemon: did you "
		    "mean \"socket\"?" },
		{ "daemon {\n at-once = {1, 2}\n}", XN_E_CONFIG,
		    "\"at-once\" in daemon has several" },
		{ "daemon {\n at-once = 1\n at-once = 2\n}", XN_E_CONFIG,
		    "\"at-once\" in daemon is given twice" },
		{ "include(\"nosuch.conf\")", XN_E_CONFIG,
		    "a.conf:1: include: cannot open" },
		{ "include(\"a.conf\")", XN_E_CONFIG, "was read already" },
		{ "include()", XN_E_CONFIG, "takes one pattern" },
	};
	struct place p = begin();
	syncgate_config_t *config;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT(expect_error(syncgate_config_load(&config, put(&p,
		    "a.conf", rows[i].text), p.plugins, p.pool),
		    rows[i].code, rows[i].part));
	CU_ASSERT(expect_error(syncgate_config_load(&config, "/nonexistent",
	    p.plugins, p.pool), XN_E_SYSTEM, "cannot open /nonexistent"));
	end(&p);
}

static void
includes_are_globs_beside_the_file(void)
{
	struct place p = begin();
	const char *folder = apr_pstrcat(p.pool, p.folder, "/conf.d", NULL);
	const syncgate_config_t *config;
	syncgate_config_t *wrong;

	CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
	put(&p, "conf.d/2.conf", "job b { " TEST " steps = 2 }\n");
	put(&p, "conf.d/1.conf", "job a { " TEST " }\n"
	    "include(\"more\")\n");
	put(&p, "conf.d/more", "job c { " TEST " }\n");
	config = load(&p, "include(\"conf.d/*.conf\")\n"
	    "include(\"none.d/*\")\njob first { " TEST " }\n");
	CU_ASSERT_EQUAL(config->jobs->nelts, 4);
	CU_ASSERT_STRING_EQUAL(APR_ARRAY_IDX(config->jobs, 0,
	    syncgate_job_config_t).name, "first");
	CU_ASSERT_EQUAL(value(job(&p, config, "b"), "steps")->number, 2);
	put(&p, "conf.d/2.conf", "\njob b {\n stesp = 2 " TEST "}\n");
	CU_ASSERT(expect_error(syncgate_config_load(&wrong, put(&p, "a.conf",
	    "include(\"conf.d/*.conf\")\n"), p.plugins, p.pool), XN_E_CONFIG,
	    "conf.d/2.conf:3: unknown option"));
	put(&p, "conf.d/2.conf", "job a {\n " TEST "}\n");
	CU_ASSERT(expect_error(syncgate_config_load(&wrong, put(&p, "a.conf",
	    "include(\"conf.d/*.conf\")\n"), p.plugins, p.pool), XN_E_CONFIG,
	    "conf.d/2.conf:2: job a stands already at"));
	end(&p);
}

static void
the_environment_is_expanded_in_double_quotes(void)
{
	struct place p = begin();
	const syncgate_config_t *config;

	apr_env_set("SYNCGATE_TEST_VALUE", "seen", p.pool);
	config = load(&p, "job a { " TEST
	    "text = \"${SYNCGATE_TEST_VALUE}\" }\n"
	    "job b { " TEST "text = '${SYNCGATE_TEST_VALUE}' }\n");
	CU_ASSERT_STRING_EQUAL(value(job(&p, config, "a"), "text")->text,
	    "seen");
	CU_ASSERT_STRING_EQUAL(value(job(&p, config, "b"), "text")->text,
	    "${SYNCGATE_TEST_VALUE}");
	end(&p);
}

static void
the_command_line_makes_a_job(void)
{
	static const char *const words[] = { "place=/a=b", "steps=9" };
	static const char *const wrong[] = { "place" };
	static const char *const unknown[] = { "place=/a", "step=1" };
	struct place p = begin();
	syncgate_config_t *config;

	CU_ASSERT(expect_error(syncgate_config_direct(&config, "testplugin",
	    words, 2, p.plugins, p.pool), 0, ""));
	CU_ASSERT_STRING_EQUAL(value(job(&p, config, "testplugin"), "place")
	    ->location->path, "/a=b");
	CU_ASSERT(expect_error(syncgate_config_direct(&config, "testplugin",
	    wrong, 1, p.plugins, p.pool), XN_E_CONFIG, "not KEY=VALUE"));
	CU_ASSERT(expect_error(syncgate_config_direct(&config, "testplugin",
	    unknown, 2, p.plugins, p.pool), XN_E_CONFIG,
	    "did you mean \"steps\"?"));
	CU_ASSERT(expect_error(syncgate_config_direct(&config, "testplugin",
	    words, 0, p.plugins, p.pool), XN_E_CONFIG,
	    "command line: job testplugin: the option \"place\""));
	end(&p);
}

static void
an_unknown_job_is_suggested(void)
{
	struct place p = begin();
	const syncgate_config_t *config = load(&p, "job mirror { " TEST "}");
	const syncgate_job_config_t *found;

	CU_ASSERT(expect_error(syncgate_config_job(&found, config, "miror",
	    p.pool), XN_E_CONFIG, "did you mean \"mirror\"?"));
	end(&p);
}

static void
the_files_that_come_along_are_right(void)
{
	static const char *const names[] = { "/conf/syncgate.conf",
	    "/conf/examples/svnhotsync.conf" };
	const char *top = getenv("top_srcdir");
	apr_pool_t *pool = expect_pool();
	apr_array_header_t *folders = syncgate_plugin_folders(NULL, pool);
	syncgate_config_t *config;

	for (int i = 0; i < 2; i++) {
		CU_ASSERT(expect_error(syncgate_config_load(&config,
		    apr_pstrcat(pool, top != NULL ? top : ".", names[i],
		    NULL), folders, pool), 0, ""));
	}
	apr_pool_destroy(pool);
}

static const struct xn_test_case cases[] = {
	{ "jobs and gateways are read", jobs_and_gateways_are_read },
	{ "gateways and groups are read without the jobs",
	    gateways_and_groups_are_read_alone },
	{ "lists and the store are read", lists_and_the_store_are_read },
	{ "schedules and the daemon are read",
	    schedules_and_the_daemon_are_read },
	{ "a host may be a misspelt gateway",
	    a_host_may_be_a_misspelt_gateway },
	{ "a wrong file names file and line",
	    wrong_files_name_file_and_line },
	{ "includes are globs beside the file",
	    includes_are_globs_beside_the_file },
	{ "the environment is expanded in double quotes alone",
	    the_environment_is_expanded_in_double_quotes },
	{ "the command line makes a job", the_command_line_makes_a_job },
	{ "an unknown job is suggested", an_unknown_job_is_suggested },
	{ "the files that come along are right",
	    the_files_that_come_along_are_right },
};

XN_TEST_MAIN("config", cases)
