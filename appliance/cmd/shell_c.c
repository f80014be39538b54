/*
 * Snippets in C: each is a program of its own, its text the body of
 * remote_main(), behind the definitions that were kept.
 */
#include "appliance/cmd/shell.h"

#include <string.h>

#include <apr_strings.h>

static const char head[] = "#include <execnet/remote.h>\n";

/* "= EXPRESSION": send it, by a letter that its type says. */
#define SEND_BEFORE "xn_send(channel, _Generic((\n"
#define SEND_BETWEEN "\n), _Bool: \"b\", char: \"i\", signed char: \"i\", " \
	"unsigned char: \"i\", short: \"i\", unsigned short: \"i\", " \
	"int: \"i\", unsigned int: \"l\", long: \"l\", unsigned long: " \
	"\"l\", long long: \"l\", unsigned long long: \"l\", float: \"d\", " \
	"double: \"d\", char *: \"s\", const char *: \"s\", " \
	"const xn_value *: \"v\"), (\n"
#define SEND_AFTER "\n))"

static const char *
send_expression(const char *line, const char *text, apr_pool_t *pool)
{
	char *trimmed = apr_pstrdup(pool, text);

	for (size_t n = strlen(trimmed); n > 0 &&
	    strchr(" \t\n", trimmed[n - 1]) != NULL; n--)
		trimmed[n - 1] = '\0';
	text = trimmed;
	return apr_pstrcat(pool, SEND_BEFORE, line, text, SEND_BETWEEN, line,
	    text, SEND_AFTER, NULL);
}

static const char *
kept_text(const shell_t *shell)
{
	return apr_array_pstrcat(shell->run_pool, shell->kept, '\n');
}

/* Is it a whole program, that has an entry of its own? */
static int
is_program(const char *text)
{
	return strstr(text, "remote_main") != NULL;
}

static const char *
make_program(shell_t *shell, const char *name, const char *text, int keep)
{
	apr_pool_t *pool = shell->run_pool;
	const char *line = apr_psprintf(pool, "#line 1 \"%s\"\n", name);
	const char *body = text + strspn(text, " \t");

	if (is_program(text))
		return apr_pstrcat(pool, head, kept_text(shell), "\n", line,
		    text, NULL);
	if (keep) {
		shell->keeping = apr_pstrcat(shell->pool, line, text, NULL);
		return apr_pstrcat(pool, head, kept_text(shell), "\n",
		    shell->keeping, "\nvoid remote_main(xn_channel *channel, "
		    "const xn_value *kwargs)\n{\n}\n", NULL);
	}
	if (*body == '=')
		body = send_expression(line, body + 1, pool);
	else
		body = text;
	return apr_pstrcat(pool, head, kept_text(shell), "\nvoid remote_main("
	    "xn_channel *channel, const xn_value *kwargs)\n{\n", line, body,
	    "\n;\n}\n", NULL);
}

xn_error_t *
shell_c_start(shell_t *shell, const char *name, const char *text, int keep)
{
	xn_program_t program = { .name = name };

	apr_pool_clear(shell->run_pool);
	shell->keeping = NULL;
	program.source = make_program(shell, name, text, keep);
	XN_TRY(xn_remote_exec(&shell->channel, shell->gateway, &program,
	    shell->run_pool));
	return shell_stream_start(&shell->stream, shell->channel, NULL,
	    shell->repr, shell->events[1], shell->run_pool);
}
