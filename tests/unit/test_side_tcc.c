/*
 * Shipped code as the agent compiles it: the two public headers and a program
 * in memory, no file of the system, linked with the table and nothing else.
 */
#include "tests/lib/fake_port.h"

#include <ctype.h>
#include <errno.h>

#include <libtcc.h>

#include <execnet/remote.h>
#include "tests/lib/cunit_main.h"

#ifndef SRCDIR
#define SRCDIR	"."
#endif

static char *
slurp(const char *name)
{
	const char *root = getenv("srcdir") != NULL ? getenv("srcdir") : SRCDIR;
	char path[4096], *text;
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/include/execnet/%s", root, name);
	file = fopen(path, "r");
	if (file == NULL) {
		printf("cannot open %s\n", path);
		CU_FAIL_FATAL("a header is missing");
	}
	text = calloc(1, 1 << 18);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	n = fread(text, 1, (1 << 18) - 1, file);
	CU_ASSERT(n > 1000);
	fclose(file);
	return text;
}

/* Blank the #include of FILE in TEXT. */
static void
blank_include(char *text, const char *file)
{
	char include[64], *at;

	snprintf(include, sizeof(include), "#include <execnet/%s>", file);
	at = strstr(text, include);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	memset(at, ' ', strlen(include));
}

/* The headers without what they include, and PROGRAM. */
static char *
whole_text(const char *program)
{
	char *value = slurp("value.h"), *remote = slurp("remote.h");
	char *tree = slurp("tree.h"), *delta = slurp("delta.h"), *all;
	size_t size = strlen(value) + strlen(remote) + strlen(tree) +
	    strlen(delta) + strlen(program) + 64;

	blank_include(remote, "value.h");
	blank_include(remote, "tree.h");
	blank_include(remote, "delta.h");
	blank_include(delta, "remote.h");
	all = malloc(size);
	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	snprintf(all, size, "%s\n%s\n%s\n%s\n#line 1 \"program.c\"\n%s", value,
	    remote, tree, delta, program);
	free(value);
	free(remote);
	free(tree);
	free(delta);
	return all;
}

static void
keep_message(void *baton, const char *message)
{
	char *out = baton;

	if (out[0] == '\0')
		snprintf(out, 1024, "%s", message);
}

/* Compile PROGRAM; *ENTRY is its remote_main, or NULL and MESSAGE says why. */
static TCCState *
compile(const char *program, char message[1024], xn_side_main **entry)
{
	TCCState *tcc = tcc_new();
	char *text = whole_text(program);
	void *found = NULL;
	int code;

	message[0] = '\0';
	*entry = NULL;
	CU_ASSERT_PTR_NOT_NULL_FATAL(tcc);
	tcc_set_error_func(tcc, message, keep_message);
	tcc_set_options(tcc, "-nostdlib -nostdinc -Wall -Werror");
	tcc_set_output_type(tcc, TCC_OUTPUT_MEMORY);
	code = tcc_compile_string(tcc, text);
	free(text);
	if (code != 0)
		return tcc;
	for (const struct xn_side_symbol *s = xn_side_symbols; s->name != NULL;
	    s++)
		tcc_add_symbol(tcc, s->name, s->address);
	if (tcc_relocate(tcc, TCC_RELOCATE_AUTO) == 0)
		found = tcc_get_symbol(tcc, "remote_main");
	memcpy(entry, &found, sizeof(found));
	return tcc;
}

static const char good_program[] =
"static int compare(const void *a, const void *b)\n"
"{\n"
"	return *(const int *)a - *(const int *)b;\n"
"}\n"
"static void last(void *baton) { xn_log(\"cleanup %s\", (char *)baton); }\n"
"void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
"{\n"
"	int numbers[4] = { 3, 1, 2, 0 };\n"
"	unsigned char hash[16];\n"
"	const char *name;\n"
"	long long n;\n"
"	double d;\n"
"	xn_stat_t st;\n"
"	xn_list *list;\n"
"	int base = xn_base_open(\"/\");\n"
"	xn_cleanup(last, \"x\");\n"
"	if (base == -1 || xn_stat(base, \"\", &st) != 0)\n"
"		xn_fail(\"no root: %m\");\n"
"	if (xn_stat(base, \"../x\", &st) != -1 || errno != EXDEV)\n"
"		xn_fail(\"errno %d\", errno);\n"
"	list = xn_list_open(base, \"\", 0);\n"
"	if (list == NULL || xn_list_find(list, \"etc\")->type != 'd' ||\n"
"	    xn_list_find(list, \"etc\")->device != st.device ||\n"
"	    xn_list_find(list, \"etc\")->mtime < 1000000000)\n"
"		xn_fail(\"no list of it\");\n"
"	close(base);\n"
"	qsort(numbers, 4, sizeof(numbers[0]), compare);\n"
"	xn_hash_bytes(\"\", 0, hash);\n"
"	while (xn_receive(channel, XN_FOREVER, \"(lds)\", &n, &d, &name)) {\n"
"		if (n < 0)\n"
"			xn_fail(\"number %lld of %s\", n, name);\n"
"		xn_send(channel, \"(ildsy)\", numbers[3], n * 3,\n"
"		    d * 0.5, xn_printf(\"%s:%s\", name,\n"
"		    xn_value_text(kwargs, \"key\", \"none\")), hash,\n"
"		    (size_t)2);\n"
"	}\n"
"}\n";

static void
a_program_compiles_links_and_runs(void)
{
	struct xn_fake *f = xn_fake_create();
	xn_side_main *entry;
	char message[1024], *error;
	TCCState *tcc = compile(good_program, message, &entry);

	if (entry == NULL)
		printf("\n  %s\n", message);
	CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
	CU_ASSERT_STRING_EQUAL(message, "");
	xn_fake_start(f, 1, entry, NULL);
	xn_fake_send(f, 0, "(lds)", 5000000000LL, 3.0, "abc");
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0),
	    "(3, 15000000000, 1.5, 'abc:none', b'\\x99\\xaa')");
	xn_fake_send(f, 0, "(lds)", -7LL, 0.0, "abc");
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0),
	    "<error number -7 of abc>");
	error = xn_fake_join(f, 1);
	CU_ASSERT_PTR_NOT_NULL(error);
	free(error);
	CU_ASSERT_STRING_EQUAL(xn_fake_log(f, 1), "cleanup x\n");
	xn_fake_destroy(f);
	tcc_delete(tcc);
}

static const char size_program[] =
"void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
"{\n"
"	xn_send(channel, \"(iiiiiiiii)\", (int)sizeof(xn_value),\n"
"	    (int)sizeof(xn_entry),\n"
"	    (int)sizeof(xn_stat_t), (int)sizeof(xn_waitable),\n"
"	    (int)sizeof(xn_event), (int)sizeof(xn_child),\n"
"	    (int)sizeof(ssize_t), (int)sizeof(off_t),\n"
"	    (int)sizeof(xn_delta_step));\n"
"}\n";

static void
structs_are_the_same_for_both_compilers(void)
{
	struct xn_fake *f = xn_fake_create();
	xn_side_main *entry;
	char message[1024], expected[128];
	TCCState *tcc = compile(size_program, message, &entry);

	CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
	xn_fake_start(f, 1, entry, NULL);
	snprintf(expected, sizeof(expected),
	    "(%zu, %zu, %zu, %zu, %zu, %zu, %zu, %zu, %zu)", sizeof(xn_value),
	    sizeof(xn_entry), sizeof(xn_stat_t), sizeof(xn_waitable),
	    sizeof(xn_event), sizeof(xn_child), sizeof(ssize_t), sizeof(off_t),
	    sizeof(xn_delta_step));
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0), expected);
	CU_ASSERT_PTR_NULL(xn_fake_join(f, 1));
	xn_fake_destroy(f);
	tcc_delete(tcc);
}

/* 3,000 bytes that are 5 more in the new file. */
static const char delta_program[] =
"static void make(int fd, const char *first, int n)\n"
"{\n"
"	xn_delta_write(fd, 0, first, n, 0, NULL);\n"
"	for (int i = 0; i < 3000; i++) {\n"
"		char c = i * i >> 4;\n"
"		xn_delta_write(fd, n + i, &c, 1, 0, NULL);\n"
"	}\n"
"}\n"
"void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
"{\n"
"	int base = xn_base_open(\"/tmp\"), rc;\n"
"	int old = xn_temporary(base), new = xn_temporary(base);\n"
"	unsigned char sign[47 * XN_DELTA_ENTRY];\n"
"	xn_delta *d = xn_delta_open(new, 3005, 3000, 64, 0);\n"
"	xn_delta_step s;\n"
"	make(old, \"\", 0);\n"
"	make(new, \"hello\", 5);\n"
"	xn_delta_add(d, sign,\n"
"	    xn_delta_sign(old, 0, 3000, 64, sign, sizeof(sign)));\n"
"	while ((rc = xn_delta_next(d, &s)) == XN_DELTA_STEP)\n"
"		xn_send(channel, \"(llly)\", s.at, s.length, s.from,\n"
"		    s.bytes != NULL ? s.bytes : \"\",\n"
"		    (size_t)(s.bytes != NULL ? s.length : 0));\n"
"	xn_send(channel, \"i\", rc);\n"
"	close(old);\n"
"	close(new);\n"
"	close(base);\n"
"}\n";

static void
a_program_makes_a_delta(void)
{
	struct xn_fake *f = xn_fake_create();
	xn_side_main *entry;
	char message[1024];
	TCCState *tcc = compile(delta_program, message, &entry);

	CU_ASSERT_STRING_EQUAL(message, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
	xn_fake_start(f, 1, entry, NULL);
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0),
	    "(0, 5, -1, b'hello')");
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0), "(5, 3000, 0, b'')");
	CU_ASSERT_STRING_EQUAL(xn_fake_receive(f, 0), "0");
	CU_ASSERT_PTR_NULL(xn_fake_join(f, 1));
	xn_fake_destroy(f);
	tcc_delete(tcc);
}

static void
an_error_has_a_file_and_a_line(void)
{
	static const struct {
		const char *program, *place;
	} bad[] = {
		{ "void remote_main(xn_channel *c, const xn_value *k)\n"
		  "{\n\tsystem(\"true\");\n}\n", "program.c:3: " },
		{ "int x = y;\n", "program.c:1: " },
		{ "\n#include <stdio.h>\n", "program.c:2: " }
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char message[1024];
		xn_side_main *entry;
		TCCState *tcc = compile(bad[i].program, message, &entry);

		CU_ASSERT_PTR_NULL(entry);
		if (strstr(message, bad[i].place) == NULL)
			printf("\n  got: %s\n", message);
		CU_ASSERT_PTR_NOT_NULL(strstr(message, bad[i].place));
		tcc_delete(tcc);
	}
}

/* ---- Every declared function is in the table --------------------------- */

static void
blank(char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != '\n')
			*from = ' ';
}

/* Blank comments, braces with what is in them,
 * and directives. */
static void
simplify(char *text)
{
	int depth = 0;
	char *p, *end;

	while ((p = strstr(text, "/*")) != NULL) {
		end = strstr(p, "*/");
		CU_ASSERT_PTR_NOT_NULL_FATAL(end);
		blank(p, end + 2);
	}
	for (p = text; *p != '\0'; p = *end == '\0' ? end : end + 1) {
		end = strchrnul(p, '\n');
		while (p[0] == '#' && end[-1] == '\\')
			end = strchrnul(end + 1, '\n');
		if (p[0] == '#')
			blank(p, end);
	}
	for (p = text; *p != '\0'; p++) {
		if (*p == '{')
			depth++;
		if (*p == '}')
			depth--;
		if (depth > 0 || *p == '}')
			*p = ' ';
	}
	CU_ASSERT_EQUAL(depth, 0);
}

/* The name that "#define NAME MAPPED" gives NAME in ORIGINAL. */
static void
map_name(const char *original, char name[128])
{
	char define[160], mapped[128];
	const char *at;

	snprintf(define, sizeof(define), "#define %s\t", name);
	at = strstr(original, define);
	if (at != NULL && sscanf(at, "#define %*s %127s", mapped) == 1)
		memcpy(name, mapped, sizeof(mapped));
}

static int
in_table(const char *name)
{
	for (const struct xn_side_symbol *s = xn_side_symbols; s->name != NULL;
	    s++)
		if (strcmp(s->name, name) == 0)
			return s->address != NULL;
	return 0;
}

/* The declared name in one statement: before the first "(", if any. */
static int
declared(const char *statement, size_t n, char name[128])
{
	const char *open = memchr(statement, '(', n), *end, *start;

	while (n > 0 && isspace((unsigned char)*statement)) {
		statement++;
		n--;
	}
	if (open == NULL || strncmp(statement, "typedef", 7) == 0)
		return 0;
	for (end = open; end > statement && isspace((unsigned char)end[-1]);)
		end--;
	for (start = end; start > statement &&
	    (isalnum((unsigned char)start[-1]) || start[-1] == '_');)
		start--;
	if (start == end || end - start > 127)
		return 0;
	memcpy(name, start, (size_t)(end - start));
	name[end - start] = '\0';
	return 1;
}

static int
check_header(const char *file)
{
	char *original = slurp(file), *text = slurp(file), *p, *end, name[128];
	int count = 0;

	simplify(text);
	for (p = text; (end = strchr(p, ';')) != NULL; p = end + 1) {
		if (!declared(p, (size_t)(end - p), name) ||
		    strcmp(name, "remote_main") == 0)
			continue;
		map_name(original, name);
		count++;
		if (!in_table(name))
			printf("\n  %s: %s is not in the table\n", file, name);
		CU_ASSERT(in_table(name));
	}
	free(original);
	free(text);
	return count;
}

static void
every_declared_function_can_be_linked(void)
{
	int have = 0, declared_in_all;

	declared_in_all = check_header("value.h") + check_header("remote.h") +
	    check_header("tree.h") + check_header("delta.h");
	while (xn_side_symbols[have].name != NULL)
		have++;
	/* Neither did the parser overlook many, nor is there anything that no
	 * header promises. */
	CU_ASSERT_EQUAL(declared_in_all, have);
	CU_ASSERT(in_table("xn_side_send") && in_table("xn_value_get"));
	CU_ASSERT(in_table("xn_inflate") && in_table("__errno_location"));
	CU_ASSERT(!in_table("xn_send") && !in_table("system"));
}

static const struct xn_test_case cases[] = {
	{ "a program compiles, links and runs",
	  a_program_compiles_links_and_runs },
	{ "structs are the same for both compilers",
	  structs_are_the_same_for_both_compilers },
	{ "a program makes a delta", a_program_makes_a_delta },
	{ "an error has a file and a line", an_error_has_a_file_and_a_line },
	{ "every declared function can be linked",
	  every_declared_function_can_be_linked },
};

XN_TEST_MAIN("side: shipped code", cases)
