/*
 * test_gateway_hostile.c: an agent that breaks the protocol ends its gateway
 * with one clear error, and nothing else.
 */
#include <execnet.h>

#include <dirent.h>
#include <malloc.h>
#include <unistd.h>

#include <apr_allocator.h>
#include <apr_env.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"
#include "tests/lib/hostile.h"
#include "tests/lib/peak.h"

/* A sanitizer keeps freed memory for a while: nothing to measure then. */
#ifndef __has_feature
#define __has_feature(name) 0	/* gcc's names are the others */
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEASURED 0
#else
#define MEASURED 1
#endif

static apr_pool_t *root;

/* Those whose error is that they are late; others have all the time they need. */
static const char *
limit_of(const char *mode)
{
	return strcmp(mode, "silent") == 0 || strcmp(mode, "slow hello") == 0 ||
	    strcmp(mode, "a byte at a time") == 0 ? "popen//timeout=4" :
	    "popen//timeout=60";
}

/* What a receive answers when the agent behaves as MODE; its code. */
static int
receive_from(const char *mode, const char **text, apr_pool_t *pool)
{
	xn_group_t *group;
	xn_gateway_t *gw;
	xn_channel_t *ch;
	xn_error_t *error;
	const xn_value_t *value;
	int code;
	xn_program_t program = { .source = "" };

	apr_env_set("XN_HOSTILE", mode, pool);
	error = xn_group_create(&group, pool);
	if (error == NULL)
		error = xn_gateway_open(&gw, group, limit_of(mode), pool);
	if (error == NULL)
		error = xn_remote_exec(&ch, gw, &program, pool);
	if (error == NULL)
		usleep(300000);		/* nothing is granted meanwhile */
	while (error == NULL)
		error = xn_channel_receive(&value, ch, xn_seconds(10), pool);
	*text = xn_error_text(error, pool);
	code = error->code;
	xn_error_clear(error);
	return code;
}

static void
broken_protocol_ends_the_gateway(void)
{
	static const struct {
		const char *mode, *part;	/* "one|another": either */
		int code;
	} table[] = {
		{ "unknown type", "no message", XN_E_PROTOCOL },
		{ "negative type", "no message", XN_E_PROTOCOL },
		{ "negative length", "no message", XN_E_PROTOCOL },
		{ "huge length", "no message", XN_E_PROTOCOL },
		{ "undecodable value", "cannot be read", XN_E_PROTOCOL },
		{ "huge list", "cannot be read", XN_E_PROTOCOL },
		{ "nested", "cannot be read", XN_E_PROTOCOL },
		{ "above credit", "more data than was granted",
		    XN_E_PROTOCOL },
		{ "endless parts", "CHANNEL_PART", XN_E_PROTOCOL },
		{ "absurd window", "CHANNEL_WINDOW", XN_E_PROTOCOL },
		{ "short window", "four bytes", XN_E_PROTOCOL },
		{ "error without text", "no text", XN_E_PROTOCOL },
		{ "setup from below", "does not send that", XN_E_PROTOCOL },
		{ "cut", "closed the connection", XN_E_CONNECTION },
		{ "no hello", "agent", XN_E_BOOTSTRAP },
		{ "noise", "did not ask for", XN_E_BOOTSTRAP },
		{ "silent", "in time", XN_E_TIMEOUT },
		{ "slow hello", "in time", XN_E_TIMEOUT },
		{ "our parity", "that we never made", XN_E_PROTOCOL },
		{ "our parity, cut", "that we never made", XN_E_PROTOCOL },
		{ "compressed", "does not send that", XN_E_PROTOCOL },
		{ "between an executor and its router", "does not send that",
		    XN_E_PROTOCOL },
		{ "coercion", "two truth values", XN_E_PROTOCOL },
		{ "a large answer", "4096 bytes", XN_E_PROTOCOL },
		{ "a large line", "no message", XN_E_PROTOCOL },
		{ "a large error", "no message", XN_E_PROTOCOL },
		{ "a large frame", "no message", XN_E_PROTOCOL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		apr_pool_t *pool;
		const char *text;
		int code;

		apr_pool_create(&pool, root);
		code = receive_from(table[i].mode, &text, pool);
		CU_ASSERT_EQUAL(code, table[i].code);
		CU_ASSERT(strstr(text, table[i].part) != NULL);
		if (code != table[i].code ||
		    strstr(text, table[i].part) == NULL)
			printf("\n    %s: code %d: %s\n", table[i].mode, code,
			    text);
		apr_pool_destroy(pool);
	}
}

static void
unknown_channels_are_dropped_silently(void)
{
	apr_pool_t *pool;
	const char *text;

	apr_pool_create(&pool, root);
	/* The value behind them arrives; then nothing more does. */
	CU_ASSERT_EQUAL(receive_from("unknown channel", &text, pool),
	    XN_E_TIMEOUT);
	CU_ASSERT(strstr(text, "nothing arrived") != NULL);
	apr_pool_destroy(pool);
}

/* ---- Storms ------------------------------------------------------------------ */

/* How many entries the folder PATH has; -1 where it cannot be read. */
static int
entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* Begin to measure the peak anew. */
static void
reset_peak(void)
{
	FILE *f = fopen("/proc/self/clear_refs", "w");

	malloc_trim(0);
	if (f != NULL) {
		fputs("5", f);
		fclose(f);
	}
}

/* Somebody who takes a while for a line now and then. */
static void
slow_log(void *baton, const char *id, const char *line)
{
	int *lines = baton;

	(void)id;
	(void)line;
	if (++*lines % 1000 == 0)
		usleep(1000);
}

struct storm {
	const char *mode, *part;
	int code;
	int takes;		/* the caller takes what comes meanwhile */
	int mib;		/* the most that may cost; 0: 64 */
};

/* The end of the gateway of a client that TAKES what it gets, or does not. */
static xn_error_t *
weather(const struct storm *storm, apr_pool_t *pool, int *lines)
{
	xn_program_t program = { .source = "" };
	xn_error_t *error = NULL;
	const xn_value_t *value;
	xn_group_t *group;
	xn_channel_t *ch;
	xn_gateway_t *gw;
	apr_pool_t *each;

	apr_env_set("XN_HOSTILE", storm->mode, pool);
	XN_TRY(xn_group_create(&group, pool));
	xn_group_set_log(group, slow_log, lines);
	XN_TRY(xn_gateway_open(&gw, group, limit_of(storm->mode),
	    pool));
	XN_TRY(xn_remote_exec(&ch, gw, &program, pool));
	apr_pool_create(&each, pool);
	while (storm->takes && error == NULL) {
		apr_pool_clear(each);
		error = xn_channel_receive(&value, ch, xn_seconds(60), each);
	}
	if (error != NULL && error->code == XN_E_PROTOCOL)
		return error;
	xn_error_clear(error);
	return xn_gateway_join(gw, xn_seconds(60));
}

/* PART, or of "one|another" the one that ERROR's text has, if it has that. */
static const char *
part_of(const xn_error_t *error, const char *part, apr_pool_t *pool)
{
	const char *another = strchr(part, '|');

	if (another == NULL)
		return part;
	if (error != NULL && strstr(xn_error_text(error, pool), another + 1))
		return another + 1;
	return apr_pstrmemdup(pool, part, (apr_size_t)(another - part));
}

static void
run_storm(const struct storm *storm)
{
	int threads = entries("/proc/self/task"), lines = 0;
	int files = entries("/proc/self/fd");
	apr_time_t began = apr_time_now();
	xn_error_t *error;
	apr_pool_t *pool;
	long peak, most = (storm->mib > 0 ? storm->mib : 64) * 1024L;

	apr_pool_create(&pool, root);
	reset_peak();
	error = weather(storm, pool, &lines);
	peak = peak_kib((int)getpid());
	CU_ASSERT(expect_error(error, storm->code, part_of(error, storm->part,
	    pool)));
	apr_pool_destroy(pool);
	if (getenv("XN_SHOW") != NULL)
		printf("\n    %s: %ld KiB, %.1f s", storm->mode, peak,
		    (double)(apr_time_now() - began) / 1e6);
	if (MEASURED && peak >= most)
		printf("\n    %s: %ld KiB\n", storm->mode, peak);
	CU_ASSERT(!MEASURED || peak < most);
	/* A thread that is joined may still be on its way out. */
	for (int i = 0; i < 500 && entries("/proc/self/task") > threads; i++)
		usleep(10000);
	CU_ASSERT(entries("/proc/self/task") <= threads);
	CU_ASSERT_EQUAL(entries("/proc/self/fd"), files);
}

/* Who is gone is missed by whoever reads first, or writes. */
#define GONE	"closed the connection|has ended"

static void
storms_cost_little_and_end_with_one_error(void)
{
	static const struct storm storms[] = {
		{ "data on a closed channel", GONE,
		    XN_E_CONNECTION, 1, 0 },
		{ "data on unknown channels", GONE,
		    XN_E_CONNECTION, 0, 0 },
		{ "closes", GONE, XN_E_CONNECTION, 0, 0 },
		{ "grants", GONE, XN_E_CONNECTION, 0, 0 },
		{ "pings", "does not read the answers", XN_E_PROTOCOL, 1, 0 },
		{ "questions", "does not read the answers", XN_E_PROTOCOL,
		    1, 0 },
		{ "programs", "does not read the answers", XN_E_PROTOCOL, 1, 0 },
		{ "log lines", GONE, XN_E_CONNECTION, 1, 0 },
		{ "marks and answers", GONE,
		    XN_E_CONNECTION, 0, 0 },
		/* It has not read them; or, where we are slow, has sent more
		 * than was granted, or more channels than may wait in
		 * values. */
		{ "unread closes", "broke the protocol|no channel can be",
		    XN_E_PROTOCOL, 1, 0 },
		{ "empty values", GONE, XN_E_CONNECTION,
		    0, 0 },
		{ "parts without end", GONE,
		    XN_E_CONNECTION, 0, 0 },
		{ "too many channels", "cannot be read", XN_E_PROTOCOL, 1, 0 },
		{ "one channel in many values", GONE,
		    XN_E_CONNECTION, 0, 0 },
		{ "many channels in many values", GONE,
		    XN_E_CONNECTION, 0, 0 },
		{ "too many values", "more than 1000000 values",
		    XN_E_PROTOCOL, 1, 0 },
		{ "the same key", "double", XN_E_PROTOCOL, 1, 0 },
		/* A value that large is its caller's, with 24 bytes for each
		 * of its 660,000 parts. */
		{ "keys that collide", GONE,
		    XN_E_CONNECTION, 1, 96 },
		{ "a byte at a time", "has not ended a message",
		    XN_E_CONNECTION, 1, 0 },
	};
	const char *only = getenv("XN_ONLY");

	for (size_t i = 0; i < sizeof(storms) / sizeof(storms[0]); i++)
		if (only == NULL || strcmp(only, storms[i].mode) == 0)
			run_storm(&storms[i]);
}

static const struct xn_test_case cases[] = {
	{ "a broken protocol ends the gateway with its own error",
	    broken_protocol_ends_the_gateway },
	{ "data for unknown channels is dropped",
	    unknown_channels_are_dropped_silently },
	{ "storms cost little, and end with one error",
	    storms_cost_little_and_end_with_one_error },
};

int
main(int argc, char **argv)
{
	const char *folder;
	int result;

	apr_initialize();
	apr_pool_create(&root, NULL);
	/* What one storm has freed is not the next one's peak. */
	apr_allocator_max_free_set(apr_pool_allocator_get(root), 1024 * 1024);
	folder = hostile_folder(root);
	apr_env_set("SYNCGATE_AGENT_DIR", folder, root);
	result = xn_test_main("gateway, hostile agent", cases,
	    sizeof(cases) / sizeof(cases[0]), argc, argv);
	hostile_remove(folder, root);
	return result;
}
