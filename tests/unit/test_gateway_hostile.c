/*
 * test_gateway_hostile.c: an agent that breaks the protocol ends its gateway
 * with one clear error, and nothing else.
 */
#include <execnet.h>

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "tests/lib/cunit_main.h"

static apr_pool_t *root;
static const char *folder;	/* holds the hostile agent under our name */

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
		error = xn_gateway_open(&gw, group, "popen//timeout=4", pool);
	if (error == NULL)
		error = xn_remote_exec(&ch, gw, &program, pool);
	if (error == NULL)
		usleep(300000);		/* nothing is granted meanwhile */
	while (error == NULL)
		error = xn_channel_receive(&value, ch, xn_seconds(3), pool);
	*text = xn_error_text(error, pool);
	code = error->code;
	xn_error_clear(error);
	return code;
}

static void
broken_protocol_ends_the_gateway(void)
{
	static const struct {
		const char *mode, *part;
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

static void
memory_stays_small_throughout(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	CU_ASSERT(usage.ru_maxrss < 128 * 1024);
}

static const struct xn_test_case cases[] = {
	{ "a broken protocol ends the gateway with its own error",
	    broken_protocol_ends_the_gateway },
	{ "data for unknown channels is dropped",
	    unknown_channels_are_dropped_silently },
	{ "memory stays small throughout", memory_stays_small_throughout },
};

/* A folder in which the agent of this machine is the hostile script. */
static void
make_folder(void)
{
	char name[] = "/tmp/xn-hostile.XXXXXX";
	const char *source = getenv("srcdir");
	char *full = NULL;
	struct utsname machine;

	uname(&machine);
	folder = apr_pstrdup(root, mkdtemp(name));
	apr_filepath_merge(&full, NULL, apr_pstrcat(root, source != NULL ?
	    source : ".", "/tests/lib/hostile_agent.py", (char *)NULL),
	    APR_FILEPATH_NOTRELATIVE, root);
	if (full == NULL)
		full = realpath("tests/lib/hostile_agent.py", NULL);
	if (full == NULL || symlink(full, apr_psprintf(root,
	    "%s/syncgate-agent-%s", folder, machine.machine)) != 0)
		perror("hostile agent");
	apr_env_set("SYNCGATE_AGENT_DIR", folder, root);
}

static void
remove_folder(void)
{
	struct utsname machine;

	uname(&machine);
	unlink(apr_psprintf(root, "%s/syncgate-agent-%s", folder,
	    machine.machine));
	rmdir(folder);
}

int
main(int argc, char **argv)
{
	int result;

	apr_initialize();
	apr_pool_create(&root, NULL);
	make_folder();
	result = xn_test_main("gateway, hostile agent", cases,
	    sizeof(cases) / sizeof(cases[0]), argc, argv);
	remove_folder();
	return result;
}
