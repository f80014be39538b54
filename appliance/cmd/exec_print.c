#include "appliance/cmd/exec.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/job/json.h"

/*
 * A str as it is, for scripts; but a terminal gets only what it may show.
 * Everything else as Python would write it.
 */
static void
print_repr(const xn_value_t *value, apr_pool_t *pool)
{
	if (value->kind != XN_STR)
		printf("%s\n", xn_value_repr(value, pool));
	else if (isatty(STDOUT_FILENO))
		cmd_print_clean(value->u.text);
	else {
		fwrite(value->u.text, 1, value->size, stdout);
		putchar('\n');
	}
}

int
exec_print(const xn_value_t *value, const char *from, int repr,
    apr_pool_t *pool)
{
	if (repr) {
		if (from != NULL)
			printf("%s: ", from);
		print_repr(value, pool);
	} else {
		if (from != NULL) {
			fputs("{\"from\": ", stdout);
			syncgate_json_write_text(stdout, from, strlen(from));
			fputs(", \"value\": ", stdout);
		}
		syncgate_json_write(stdout, value);
		fputs(from != NULL ? "}\n" : "\n", stdout);
	}
	/* Whoever reads us through a pipe waits for each line. */
	return fflush(stdout) == 0 ? 0 : -1;
}
