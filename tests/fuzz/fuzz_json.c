/* What is read as JSON is written as JSON that is read to the same value. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "appliance/job/json.h"
#include "tests/fuzz/text.h"

const char *const fuzz_seeds[] = {
	"{\"a\": [1, -2.5e3, true, null], \"b\\u0000\\n\": {}}",
	"{\"$bytes\": \"AP8=\"}", "{\"$set\": [1, {\"$tuple\": [\"x\"]}]}",
	"{\"$dict\": [[1, 2], [{\"$bytes\": \"YWJj\"}, {\"$int\": "
	    "\"123456789012345678901\"}]]}",
	"{\"$complex\": [1.0, {\"$float\": \"nan\"}]}",
	"[{\"$frozenset\": []}, {\"$float\": \"-inf\"}, \"\\ud83d\\ude00\"]",
	NULL
};

static const xn_value_t *
read_json(const char *text, size_t n, apr_pool_t *pool)
{
	const xn_value_t *value;
	xn_error_t *error = syncgate_json_read(&value, text, n, pool);

	if (error == NULL)
		return value;
	if (error->code != XN_E_USAGE)
		abort();
	xn_error_clear(error);
	return NULL;
}

static void
check_written(const xn_value_t *value, apr_pool_t *pool)
{
	const unsigned char *before, *after;
	const xn_value_t *again;
	size_t n, m, size;
	char *text = NULL;
	xn_error_t *error;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		abort();
	syncgate_json_write(out, value);
	fclose(out);
	again = read_json(text, size, pool);
	free(text);
	if (again == NULL)
		abort();
	/* Larger than a message can be: no more to compare. */
	error = xn_dumps(&before, &n, value, 1, pool);
	if (error != NULL) {
		xn_error_clear(error);
		return;
	}
	if (xn_dumps(&after, &m, again, 1, pool) != NULL || n != m ||
	    memcmp(before, after, n) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static apr_pool_t *pool;
	const xn_value_t *value;

	if (pool == NULL && (apr_initialize() != APR_SUCCESS ||
	    apr_pool_create(&pool, NULL) != APR_SUCCESS))
		abort();
	value = read_json((const char *)data, size, pool);
	if (value != NULL)
		check_written(value, pool);
	/* Not before the next one: there may be none, and what only the pool
	 * knows would be called a leak. */
	apr_pool_clear(pool);
	return 0;
}
