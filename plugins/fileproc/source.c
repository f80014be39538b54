/*
 * source.c: see source.h.
 */
#include "plugins/fileproc/source.h"

#include <apr_strings.h>

#include "plugins/fileproc/sides.h"

/* A name between quotes in C. */
static const char *
quoted(const char *name, apr_pool_t *pool)
{
	const char *text = "";

	for (; *name != '\0'; name++)
		text = apr_psprintf(pool, *name == '"' || *name == '\\' ?
		    "%s\\%c" : "%s%c", text,
		    (unsigned char)*name < ' ' ? '?' : *name);
	return text;
}

/* For who wants to know only whether the text compiles. */
static const char check[] = "#line 1 \"fileproc/source.c\"\n"
    "void " FP_SOURCE_CHECK "(xn_channel *channel, const xn_value *kwargs)\n"
    "{\n	(void)kwargs;\n	xn_send(channel, \"(s)\", \"ready\");\n}\n";

xn_error_t *
fp_source_with(const char **text, const fp_options_t *o, apr_pool_t *pool)
{
	*text = apr_psprintf(pool, "%s\n#line 1 \"%s\"\n%s\n%s",
	    fileproc_text_process, quoted(o->program_name, pool), o->program,
	    check);
	return NULL;
}
