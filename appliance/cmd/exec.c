#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/cmd/cmd.h"
#include "appliance/job/text.h"

#define SOURCE_MAX (4 << 20)	/* bytes of a program's text */

static xn_error_t *
read_source(const char **source, const char *file, apr_pool_t *pool)
{
	FILE *stream = fopen(file, "re");
	xn_error_t *error = NULL;
	char *text;
	size_t n;

	if (stream == NULL)
		return xn_error_system(errno, "cannot open %s", file);
	text = apr_palloc(pool, SOURCE_MAX + 1);
	n = fread(text, 1, SOURCE_MAX + 1, stream);
	if (ferror(stream))
		error = xn_error_system(errno, "cannot read %s", file);
	else if (n > SOURCE_MAX)
		error = xn_error_create(XN_E_USAGE,
		    "%s is larger than %d bytes", file, SOURCE_MAX);
	else if (memchr(text, '\0', n) != NULL)
		error = xn_error_create(XN_E_USAGE,
		    "%s has a NUL character: it is not C source", file);
	else
		text[n] = '\0';
	fclose(stream);
	*source = text;
	return error;
}

/* {"args": [...]}: str where a word is UTF-8, else bytes. */
static const xn_value_t *
make_kwargs(const char *const *words, int count, apr_pool_t *pool)
{
	xn_value_t *items = apr_pcalloc(pool,
	    sizeof(*items) * (size_t)(count + 1));
	xn_value_t *pair = apr_pcalloc(pool, sizeof(*pair) * 2);
	xn_value_t *dict = apr_pcalloc(pool, sizeof(*dict));

	for (int i = 0; i < count; i++) {
		items[i].size = (unsigned int)strlen(words[i]);
		items[i].kind = XN_BYTES;
		items[i].u.bytes = (const unsigned char *)words[i];
		if (syncgate_text_is_utf8(words[i])) {
			items[i].kind = XN_STR;
			items[i].u.text = words[i];
		}
	}
	pair[0].kind = XN_STR;
	pair[0].u.text = "args";
	pair[0].size = 4;
	pair[1].kind = XN_LIST;
	pair[1].depth = 1;
	pair[1].size = (unsigned int)count;
	pair[1].u.items = items;
	dict->kind = XN_DICT;
	dict->depth = 2;
	dict->size = 1;
	dict->u.items = pair;
	return dict;
}

/*
 * A str as it is, for scripts; but a terminal gets only what it may show.
 * Everything else as Python would write it.
 */
static void
print_value(const xn_value_t *value, apr_pool_t *pool)
{
	if (value->kind == XN_STR && isatty(STDOUT_FILENO)) {
		cmd_print_clean(value->u.text);
		return;
	}
	if (value->kind == XN_STR) {
		fwrite(value->u.text, 1, value->size, stdout);
		putchar('\n');
		return;
	}
	printf("%s\n", xn_value_repr(value, pool));
}

static xn_error_t *
print_all(xn_channel_t *channel, apr_pool_t *pool)
{
	const xn_value_t *value;
	xn_error_t *error;
	apr_pool_t *turn;

	apr_pool_create(&turn, pool);
	for (;;) {
		apr_pool_clear(turn);
		error = xn_channel_receive(&value, channel, XN_FOREVER, turn);
		if (error != NULL)
			break;
		print_value(value, turn);
		/* Whoever reads us through a pipe waits for each line. */
		if (fflush(stdout) != 0)
			return NULL;	/* main() says why, if it must */
	}
	if (error->code != XN_E_EOF)
		return error;
	xn_error_clear(error);
	return NULL;
}

static void
print_log(void *baton, const char *gateway, const char *line)
{
	char clean[4096];

	(void)baton;
	syncgate_text_clean(clean, sizeof(clean), line);
	fprintf(stderr, "%s: %s\n", gateway != NULL ? gateway : "gateway",
	    clean);
}

static xn_error_t *
execute(const char *xspec, const xn_program_t *program, apr_pool_t *pool)
{
	xn_group_t *group;
	xn_gateway_t *gateway;
	xn_channel_t *channel;
	xn_error_t *error;

	XN_TRY(xn_group_create(&group, pool));
	xn_group_set_log(group, print_log, NULL);
	XN_TRY(xn_gateway_open(&gateway, group, xspec, pool));
	XN_TRY(xn_remote_exec(&channel, gateway, program, pool));
	error = print_all(channel, pool);
	xn_group_terminate(group, xn_seconds(1));
	return error;
}

static int
run(const cmd_line_t *line)
{
	xn_program_t program = { .name = line->words[1] };
	xn_error_t *error;
	apr_pool_t *pool;

	error = xn_xspec_check(line->words[0], line->pool);
	if (error == NULL)
		error = read_source(&program.source, line->words[1],
		    line->pool);
	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	program.kwargs = make_kwargs(line->words + 2, line->count - 2,
	    line->pool);
	apr_pool_create(&pool, line->pool);
	error = execute(line->words[0], &program, pool);
	apr_pool_destroy(pool);
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	return CMD_OK;
}

const cmd_t cmd_exec = {
	.name = "exec",
	.words = "XSPEC FILE.c [ARG...]",
	.summary = "Run a C program at the other end of a gateway",
	.details =
	    "\nThe text of FILE.c is sent over the gateway that XSPEC "
	    "describes, compiled there\nin memory, and its remote_main() is "
	    "called, with {\"args\": [ARG, ...]} as kwargs.\nEach value that "
	    "it sends is printed on a line: text as it is, others as Python\n"
	    "writes them.  Standard input is not used.\n\n"
	    "    syncgate exec popen hello.c\n"
	    "    syncgate exec \"ssh=me@host//nice=10\" disk_usage.c /srv\n",
	.min_words = 2,
	.max_words = -1,
	.verbatim = CMD_VERBATIM,
	.run = run,
};
