/*
 * compile.c: C source text to code in memory.
 *
 * What libtcc sees is the headers of shipped code and the program's text, one
 * behind the other; the program's own includes of those are blanked out.  There
 * is no folder for other includes, which so fail with tcc's
 * own message at their own line, unless they name a file over there absolutely:
 * the program may read that one anyway.
 */
#include "agent/compile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libtcc.h>

#include "agent/embedded.h"

#define MESSAGES_MAX	(8 * 1024)

/*
 * Blank out the directives "#include <execnet/value.h>" and the like in TEXT,
 * keeping every line where it is.
 */
static void
blank_includes(char *text)
{
	static const char *const names[] = {
		"<execnet/delta.h>", "<execnet/remote.h>", "<execnet/tree.h>",
		"<execnet/value.h>"
	};
	char *line, *p;

	for (line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		p = line + strspn(line, " \t");
		if (*p != '#')
			continue;
		p += 1 + strspn(p + 1, " \t");
		if (strncmp(p, "include", 7) != 0)
			continue;
		p += 7 + strspn(p + 7, " \t");
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			size_t n = strlen(names[i]);

			if (strncmp(p, names[i], n) == 0)
				memset(line, ' ', (size_t)(p - line) + n);
		}
	}
}

/* FILE as it may stand between the quotes of a #line. */
static void
quote_file(char *out, size_t size, const char *file)
{
	size_t n = 0;

	for (; *file != '\0' && n + 2 < size; file++)
		out[n++] = strchr("\"\\", *file) != NULL ||
		    iscntrl((unsigned char)*file) ? '?' : *file;
	out[n] = '\0';
}

/* The whole text for the compiler, malloc'ed; NULL without memory. */
static char *
whole_text(const struct xn_source *source)
{
	char line[300], file[256], *text, *p;
	size_t size;

	quote_file(file, sizeof(file), source->file);
	snprintf(line, sizeof(line), "\n#line 1 \"%s\"\n", file);
	size = sizeof(xn_text_value) + sizeof(xn_text_remote) +
	    sizeof(xn_text_tree) + sizeof(xn_text_delta) + strlen(line) +
	    source->size + 160;
	text = malloc(size);
	if (text == NULL)
		return NULL;
	p = text + snprintf(text, size, "#line 1 \"execnet/value.h\"\n%s\n"
	    "#line 1 \"execnet/remote.h\"\n%s\n#line 1 \"execnet/tree.h\"\n%s"
	    "\n#line 1 \"execnet/delta.h\"\n%s",
	    (const char *)xn_text_value, (const char *)xn_text_remote,
	    (const char *)xn_text_tree, (const char *)xn_text_delta);
	blank_includes(text);
	p += snprintf(p, size - (size_t)(p - text), "%s", line);
	memcpy(p, source->text, source->size);
	p[source->size] = '\0';
	blank_includes(p);
	return text;
}

static void
on_message(void *baton, const char *message)
{
	struct xn_buf *errors = baton;

	if (errors == NULL)
		return;
	if (xn_buf_len(errors) > 0)
		xn_buf_put_u8(errors, '\n');
	/* What no longer fits is left out: the first messages tell. */
	xn_buf_put(errors, message, strlen(message));
}

static TCCState *
make_state(struct xn_buf *errors, int type, const char *options)
{
	TCCState *s = tcc_new();

	if (s == NULL) {
		on_message(errors, "no memory for the compiler");
		return NULL;
	}
	tcc_set_error_func(s, errors, on_message);
	tcc_set_options(s, options);
	tcc_set_output_type(s, type);
	return s;
}

static void
add_symbols(TCCState *s)
{
	const struct xn_side_symbol *sym;

	for (sym = xn_side_symbols; sym->name != NULL; sym++)
		tcc_add_symbol(s, sym->name, sym->address);
	for (sym = xn_compile_helpers; sym->name != NULL; sym++)
		tcc_add_symbol(s, sym->name, sym->address);
}

static int
compile_text(TCCState *s, const struct xn_source *source,
    struct xn_buf *errors)
{
	char *text = whole_text(source);
	int rc;

	if (text == NULL) {
		on_message(errors, "no memory for the program's text");
		return -1;
	}
	rc = tcc_compile_string(s, text);
	free(text);
	return rc;
}

/*
 * Give the code a mapping of its own, so that a crash can tell by an address
 * whether it was in the program.
 */
static int
place(TCCState *s, struct xn_code_block *out, struct xn_buf *errors)
{
	int size = tcc_relocate(s, NULL);
	void *memory;

	if (size <= 0)
		return -1;
	memory = mmap(NULL, (size_t)size + 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		on_message(errors, "no memory for the program's code");
		return -1;
	}
	out->low = (uint64_t)(uintptr_t)memory;
	out->high = out->low + (uint64_t)size;
	return tcc_relocate(s, memory);
}

/* One sentence, and one of all the messages that C has for Python. */
static void
say_python(struct xn_buf *errors)
{
	char first[300];

	snprintf(first, sizeof(first), "%.*s", (int)xn_buf_len(errors),
	    (const char *)xn_buf_data(errors));
	first[strcspn(first, "\n")] = '\0';
	xn_buf_free(errors);
	on_message(errors, "this worker runs C source, not Python: execnet's "
	    "chdir=, nice=, env:, via= and _rinfo() need a Python worker. The "
	    "C compiler says: ");
	xn_buf_put(errors, first, strlen(first));
}

int
xn_compile(struct xn_code_block *out, const struct xn_source *source,
    struct xn_buf *errors)
{
	TCCState *s;
	char text[160];

	xn_buf_init(errors, MESSAGES_MAX);
	s = make_state(errors, TCC_OUTPUT_MEMORY,
	    "-nostdlib -nostdinc -Wall -Werror");
	if (s == NULL)
		return -1;
	add_symbols(s);
	if (compile_text(s, source, errors) != 0 ||
	    place(s, out, errors) != 0) {
		if (xn_buf_len(errors) == 0)
			on_message(errors, "the compiler failed");
		if (xn_looks_like_python(source->text))
			say_python(errors);
		return -1;
	}
	*(void **)&out->entry = tcc_get_symbol(s, source->entry);
	if (out->entry == NULL) {
		snprintf(text, sizeof(text), "%.80s: error: no function "
		    "'%.40s'", source->file, source->entry);
		on_message(errors, text);
		return -1;
	}
	return 0;
}

int
xn_compile_object(const struct xn_source *source, const char *path)
{
	TCCState *s = make_state(NULL, TCC_OUTPUT_OBJ,
	    "-g -nostdlib -nostdinc -w");
	int rc;

	if (s == NULL)
		return -1;
	rc = compile_text(s, source, NULL);
	if (rc == 0)
		rc = tcc_output_file(s, path);
	tcc_delete(s);
	return rc;
}
