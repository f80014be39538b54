/*
 * Any text is a configuration or an error with a line that it has; neither
 * the scan nor libConfuse behind it reads outside of it.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "appliance/job/config_parse.h"
#include "appliance/job/config_scan.h"
#include "tests/fuzz/text.h"

const char *const fuzz_seeds[] = {
	"# a\njob one {\n plugin = svnhotsync\n source = \"h:/srv/*\"\n}\n",
	"gateway far { xspec = 'ssh=me@far//nice=3' } // b\n",
	"group all { gateways = {\"far\", 'popen'} }\n",
	"include(\"conf.d/*.conf\")\n", "job a { steps = { 1, 2 } /* c */ }",
	"job x { plugin = a plugin = b }", "job x { source += \"${HOME}\\n\" }",
	NULL
};

static void
check_scan(const uint8_t *data, size_t size, apr_pool_t *pool)
{
	char *text = apr_pmemdup(pool, data, size);
	syncgate_scan_problem_t problem;
	int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	syncgate_config_scan(&problem, text, size);
	if (problem.line < 0 || problem.line > lines)
		abort();
	/* Only comments are touched, and no line end is. */
	for (size_t i = 0; i < size; i++) {
		if (text[i] != (char)data[i] && (text[i] != ' ' ||
		    data[i] == '\n'))
			abort();
	}
}

static void
check_parse(const char *text, const apr_array_header_t *options,
    apr_pool_t *pool)
{
	syncgate_parsed_t parsed;
	xn_error_t *error;

	parsed.sections = apr_array_make(pool, 4,
	    sizeof(syncgate_section_t *));
	parsed.includes = apr_array_make(pool, 4, sizeof(syncgate_include_t));
	error = syncgate_config_parse(&parsed, "f", text, options, pool);
	if (error != NULL && (error->code != XN_E_CONFIG ||
	    strncmp(error->message, "f:", 2) != 0))
		abort();
	xn_error_clear(error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static apr_pool_t *pool;
	apr_array_header_t *options;
	const char *text;

	if (pool == NULL && (apr_initialize() != APR_SUCCESS ||
	    apr_pool_create(&pool, NULL) != APR_SUCCESS))
		abort();
	check_scan(data, size, pool);
	text = apr_pstrmemdup(pool, (const char *)data, size);
	options = apr_array_make(pool, 2, sizeof(const char *));
	APR_ARRAY_PUSH(options, const char *) = "source";
	APR_ARRAY_PUSH(options, const char *) = "steps";
	check_parse(text, NULL, pool);
	check_parse(text, options, pool);
	apr_pool_clear(pool);
	return 0;
}
