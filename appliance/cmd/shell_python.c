/*
 * Snippets in Python: one program (shell.py) executes them all, so that they
 * share their names.  It is started with the first one.
 */
#include "appliance/cmd/shell.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "appliance/cmd/shell_text.h"

/* So that no value of a snippet is taken for its end. */
static xn_error_t *
make_nonce(shell_t *shell)
{
	unsigned char bytes[16];
	char *text = apr_palloc(shell->run_pool, 2 * sizeof(bytes) + 1);
	apr_status_t status = apr_generate_random_bytes(bytes, sizeof(bytes));

	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot get random bytes");
	for (size_t i = 0; i < sizeof(bytes); i++)
		apr_snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	shell->nonce = text;
	return NULL;
}

static xn_error_t *
start_program(shell_t *shell)
{
	const xn_program_t program = {
		.name = "shell.py", .source = (const char *)shell_python_text,
	};
	xn_channel_t *control;

	apr_pool_clear(shell->run_pool);
	XN_TRY(make_nonce(shell));
	XN_TRY(xn_remote_exec(&control, shell->gateway, &program,
	    shell->run_pool));
	XN_TRY(xn_gateway_newchannel(&shell->channel, shell->gateway,
	    shell->run_pool));
	XN_TRY(xn_send(control, "(sc)", shell->nonce, shell->channel));
	XN_TRY(shell_stream_start(&shell->stream, shell->channel, shell->nonce,
	    shell->repr, shell->events[1], shell->run_pool));
	shell->control = control;
	return NULL;
}

xn_error_t *
shell_python_start(shell_t *shell, const char *name, const char *text)
{
	if (shell->control == NULL)
		XN_TRY(start_program(shell));
	shell_stream_set_number(shell->stream, shell->number);
	return xn_send(shell->control, "(iss)", shell->number, name, text);
}
