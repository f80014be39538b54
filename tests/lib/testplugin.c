/*
 * testplugin.c: a real plugin that does nothing, in every way that a test of
 * the loader, of `run` and of `check` needs.  Built twice: with another
 * TESTPLUGIN_ABI it must be refused.
 */
#include <syncgate/plugin.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef TESTPLUGIN_ABI
#define TESTPLUGIN_ABI SYNCGATE_PLUGIN_ABI
#define TESTPLUGIN_NAME "testplugin"
#else
#define TESTPLUGIN_NAME "oldplugin"
#endif

static const syncgate_option_t options[] = {
	{ "place", SYNCGATE_LOCATION, NULL, 1, NULL, "a place, never used" },
	{ "steps", SYNCGATE_INTEGER, "3", 0, NULL, "how many steps to do" },
	{ "pause", SYNCGATE_SECONDS, "0", 0, NULL, "how long a step takes" },
	{ "fail", SYNCGATE_INTEGER, "0", 0, NULL,
	    "lose the connection in so many attempts" },
	{ "healthy", SYNCGATE_BOOL, "yes", 0, NULL,
	    "say so at the beginning" },
	{ "end", SYNCGATE_CHOICE, "done", 0,
	    "done|follow|error|long|crash|hang|evil|late", "how it ends" },
	{ "lag", SYNCGATE_BOOL, "no", 0, NULL, "say how far it is behind" },
	{ "proven", SYNCGATE_STRING, NULL, 0, NULL,
	    "say that this was proven equal" },
	{ "text", SYNCGATE_STRING, NULL, 0, NULL, "a line for the log" },
	{ "tags", SYNCGATE_LIST, NULL, 0, NULL, "lines for the log" },
	{ "remotes", SYNCGATE_GATEWAYS, NULL, 0, NULL,
	    "gateways, for the log" },
	{ "queue", SYNCGATE_STRING, NULL, 0, NULL, "32 hex digits" },
	{ "items", SYNCGATE_INTEGER, "0", 0, NULL,
	    "how many items to save" },
	{ "lose", SYNCGATE_LIST, NULL, 0, NULL,
	    "what it would remove, if that is approved" },
	{ "lose-kind", SYNCGATE_INTEGER, "0", 0, NULL,
	    "and what kind of hold that is" },
	{ NULL, 0, NULL, 0, NULL, NULL }
};

static xn_error_t *
check(syncgate_job_t *job, apr_pool_t *pool)
{
	(void)pool;
	if (syncgate_job_integer(job, "steps") > 1000000)
		return xn_error_create(XN_E_CONFIG,
		    "steps: nobody has that much time");
	return NULL;
}

static const char *
describe(syncgate_job_t *job, apr_pool_t *pool)
{
	(void)pool;
	return syncgate_job_location(job, "place")->path;
}

/* Wait over there for something that never comes. */
static xn_error_t *
hang(syncgate_job_t *job, apr_pool_t *pool)
{
	static const char source[] =
	    "#include <execnet/remote.h>\n"
	    "void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
	    "{ long long n; xn_receive(channel, XN_FOREVER, \"l\", &n); }\n";
	xn_gateway_t *gateway;
	xn_channel_t *channel;
	long long n;

	XN_TRY(xn_gateway_open(&gateway, syncgate_job_group(job), "popen",
	    pool));
	XN_TRY(xn_remote_exec(&channel, gateway, &(xn_program_t){
	    .name = "hang.c", .source = source }, pool));
	syncgate_job_log(job, SYNCGATE_INFO, "hanging");
	XN_TRY_W(xn_receive(channel, XN_FOREVER, "l", &n), "hanging");
	return NULL;
}

/* A signal comes when all is done: nobody looks any more. */
static xn_error_t *
be_late(syncgate_job_t *job)
{
	struct pollfd stop = { syncgate_job_stop_fd(job), POLLIN, 0 };

	kill(getpid(), SIGTERM);
	while (poll(&stop, 1, -1) <= 0)
		continue;
	return NULL;
}

static xn_error_t *
end(syncgate_job_t *job, apr_pool_t *pool)
{
	const char *how = syncgate_job_string(job, "end");

	if (strcmp(how, "error") == 0)
		return xn_error_wrap(xn_error_create(XN_E_JOB,
		    "it did not want to"), "at the end");
	if (strcmp(how, "evil") == 0)
		return xn_error_create(XN_E_JOB,
		    "a \"quoted\" \033[2Jtext\nof two lines \xff");
	if (strcmp(how, "long") == 0)
		return xn_error_create(XN_E_JOB, "%s", (const char *)memset(
		    apr_pcalloc(pool, 200001), 'x', 200000));
	if (strcmp(how, "crash") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(how, "hang") == 0)
		return hang(job, pool);
	if (strcmp(how, "late") == 0)
		return be_late(job);
	while (strcmp(how, "follow") == 0 && !syncgate_job_once(job) &&
	    !syncgate_job_wait(job, xn_seconds(3600)))
		;
	return NULL;
}

static void
tell_lag(syncgate_job_t *job, const syncgate_progress_t *progress)
{
	syncgate_lag_t lag = SYNCGATE_LAG_UNKNOWN;

	syncgate_job_figure(job, "steps", progress->done);
	syncgate_job_figure(job, "bytes", progress->bytes);
	if (!syncgate_job_bool(job, "lag"))
		return;
	lag.revisions = progress->total - progress->done;
	lag.in_step = lag.revisions == 0;
	if (!lag.in_step)
		lag.since = apr_time_now() - apr_time_from_sec(5);
	syncgate_job_lag(job, &lag);
}

static xn_error_t *
do_steps(syncgate_job_t *job)
{
	syncgate_progress_t progress = { .phase = "stepping", .unit = "step",
	    .total = syncgate_job_integer(job, "steps") };

	for (; progress.done < progress.total; progress.done++) {
		progress.bytes = progress.done * 1000;
		syncgate_job_progress(job, &progress);
		tell_lag(job, &progress);
		if (syncgate_job_wait(job, syncgate_job_seconds(job,
		    "pause"))) {
			syncgate_job_log(job, SYNCGATE_INFO,
			    "whole after %lld steps", progress.done);
			return NULL;
		}
	}
	syncgate_job_progress(job, &progress);
	tell_lag(job, &progress);
	if (syncgate_job_string(job, "proven") != NULL)
		syncgate_job_proven(job, 0, "abc123", syncgate_job_string(job,
		    "proven"));
	return NULL;
}

static void
log_lists(syncgate_job_t *job)
{
	const char *const *tag = syncgate_job_list(job, "tags");
	const char *const *remote = syncgate_job_list(job, "remotes");

	for (; *tag != NULL; tag++)
		syncgate_job_log(job, SYNCGATE_INFO, "tag %s", *tag);
	for (; *remote != NULL; remote++)
		syncgate_job_log(job, SYNCGATE_INFO, "remote %s", *remote);
}

/* Items: every third has failed, and one has an awkward name. */

static xn_error_t *
queue(const char **name, syncgate_job_t *job, apr_pool_t *pool)
{
	(void)pool;
	*name = syncgate_job_string(job, "queue");
	return NULL;
}

static xn_error_t *
save_item(syncgate_job_t *job, long long number)
{
	char id[33], name[64];
	syncgate_item_t item = { .id = id, .name = name,
	    .state = SYNCGATE_ITEM_WAITING, .size = number * 1000,
	    .arrived = apr_time_now() };

	snprintf(id, sizeof(id), "%032llx", number);
	snprintf(name, sizeof(name), "item %lld%s", number,
	    number == 1 ? " \033[2J\xff\n\\" : "");
	if (number % 3 == 0) {
		item.state = SYNCGATE_ITEM_FAILED;
		item.tries = 3;
		item.note = "it did not \"work\"";
	}
	return syncgate_job_items_save(job, &item, 1);
}

static xn_error_t *
do_items(syncgate_job_t *job, apr_pool_t *pool)
{
	const char *name = syncgate_job_string(job, "queue");
	syncgate_item_t *items;
	int n;

	if (name == NULL)
		return NULL;
	XN_TRY(syncgate_job_items_use(job, name));
	for (long long i = 0; i < syncgate_job_integer(job, "items"); i++)
		XN_TRY(save_item(job, i));
	XN_TRY(syncgate_job_items_list(&items, &n, job, 0, NULL, 500, pool));
	syncgate_job_log(job, SYNCGATE_INFO, "%d items", n);
	return NULL;
}

static xn_error_t *
act(syncgate_job_t *job, int action, const syncgate_item_t *item,
    apr_pool_t *pool)
{
	syncgate_item_t *found;

	XN_TRY(syncgate_job_items_find(&found, job, item->id, pool));
	if (found == NULL)
		return xn_error_create(XN_E_JOB, "it is not there");
	if (strcmp(item->name, "item 6") == 0)
		return xn_error_create(XN_E_JOB, "it is stubborn");
	syncgate_job_log(job, SYNCGATE_INFO, "%s %s",
	    action == SYNCGATE_RETRY ? "retry" : "discard", item->name);
	return NULL;
}

/* Ask before what is to be lost is. */
static xn_error_t *
lose(syncgate_job_t *job)
{
	const char *const *sample = syncgate_job_list(job, "lose");
	char subject[4096] = "", reason[128];
	syncgate_hold_t hold = { .subject = subject, .reason = reason,
	    .sample = sample, .kind = (int)syncgate_job_integer(job,
	    "lose-kind") };
	long long n = 0;

	for (; sample[n] != NULL; n++)
		snprintf(subject + strlen(subject), sizeof(subject) -
		    strlen(subject), "%.60s\n", sample[n]);
	snprintf(reason, sizeof(reason), "%lld of 10 would be lost", n);
	if (!syncgate_job_is_over(job, n, 10, 1) || syncgate_job_dry_run(job))
		return NULL;
	XN_TRY(syncgate_job_hold(job, &hold));
	syncgate_job_log(job, SYNCGATE_INFO, "%lld lost", n);
	return NULL;
}

static xn_error_t *
run(syncgate_job_t *job, apr_pool_t *pool)
{
	static long long attempts;
	const char *text = syncgate_job_string(job, "text");

	if (syncgate_job_bool(job, "healthy"))
		syncgate_job_healthy(job);
	if (attempts++ < syncgate_job_integer(job, "fail"))
		return xn_error_create(XN_E_CONNECTION,
		    "the connection was lost, attempt %lld", attempts);
	syncgate_job_log(job, SYNCGATE_INFO, "pid %d%s", (int)getpid(),
	    syncgate_job_dry_run(job) ? ", dry run" : "");
	if (text != NULL)
		syncgate_job_log(job, SYNCGATE_WARNING, "%s", text);
	log_lists(job);
	XN_TRY(lose(job));
	XN_TRY(do_items(job, pool));
	XN_TRY(do_steps(job));
	if (syncgate_job_stopping(job))
		return NULL;
	return end(job, pool);
}

XN_API extern const syncgate_plugin_t syncgate_plugin;
const syncgate_plugin_t syncgate_plugin = {
	.abi = TESTPLUGIN_ABI,
	.name = TESTPLUGIN_NAME,
	.description = "does nothing, for tests",
	.version = "1",
	.options = options,
	.check = check,
	.run = run,
	.describe = describe,
	.queue = queue,
	.act = act,
};
