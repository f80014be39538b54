/* vectors.c: see vectors.h. */
#include "tests/lib/vectors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
must(void *p, const char *what)
{
	if (p == NULL) {
		perror(what);
		exit(2);
	}
	return p;
}

/* TEXT with every <RUN*N> written out; malloc'ed. */
static char *
expand(const char *text)
{
	char *out, *end;
	size_t size;
	FILE *f = must(open_memstream(&out, &size), "open_memstream");

	while (*text != '\0') {
		const char *star;
		long times;

		if (*text != '<') {
			fputc(*text++, f);
			continue;
		}
		star = must(strchr(text, '*'), "a run without *");
		times = strtol(star + 1, &end, 10);
		while (times-- > 0)
			fwrite(text + 1, 1, (size_t)(star - text - 1), f);
		text = end + 1;
	}
	fclose(f);
	return out;
}

static uint8_t *
unhex(const char *text, size_t *n)
{
	char *hex = expand(strcmp(text, "-") == 0 ? "" : text);
	uint8_t *bytes;

	*n = strlen(hex) / 2;
	bytes = must(malloc(*n == 0 ? 1 : *n), "malloc");
	for (size_t i = 0; i < *n; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	free(hex);
	return bytes;
}

static char *
read_file(const char *path)
{
	char *text;
	long size;
	FILE *f = must(fopen(path, "rb"), path);

	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	text = must(malloc((size_t)size + 1), "malloc");
	if (fread(text, 1, (size_t)size, f) != (size_t)size)
		must(NULL, path);
	text[size] = '\0';
	fclose(f);
	return text;
}

void
vectors_load(struct vectors *out, int version)
{
	const char *top = getenv("top_srcdir");
	char path[4096], *line, *save = NULL;

	snprintf(path, sizeof(path), "%s/tests/data/execnet_vectors_%d.txt",
	    top == NULL ? "." : top, version);
	out->n = 0;
	out->text = read_file(path);
	out->items = must(calloc(1024, sizeof(*out->items)), "calloc");
	for (line = strtok_r(out->text, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save)) {
		struct vector *v = &out->items[out->n];

		if (line[0] == '#')
			continue;
		v->kind = strsep(&line, "\t");
		v->name = must(strsep(&line, "\t"), path);
		v->bytes = unhex(must(strsep(&line, "\t"), path), &v->n);
		v->expected = expand(must(line, path));
		if (++out->n == 1024)
			must(NULL, path);
	}
}

void
vectors_free(struct vectors *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->items[i].bytes);
		free(v->items[i].expected);
	}
	free(v->items);
	free(v->text);
}

int
vector_is_value(const struct vector *v)
{
	return strcmp(v->kind, "value") == 0 ||
	    strcmp(v->kind, "unordered") == 0;
}

static void write_value(FILE *f, const xn_value *v);

static void
write_hex(FILE *f, char tag, const void *bytes, size_t n)
{
	fputc(tag, f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%02x", ((const uint8_t *)bytes)[i]);
}

static void
write_double(FILE *f, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	fprintf(f, "%016llx", (unsigned long long)bits);
}

static void
write_items(FILE *f, const char *brackets, const xn_value *v)
{
	fputc(brackets[0], f);
	for (unsigned int i = 0; i < v->size; i++) {
		if (i != 0)
			fputc(',', f);
		write_value(f, &v->u.items[i]);
	}
	fputc(brackets[1], f);
}

static void
write_dict(FILE *f, const xn_value *v)
{
	fputs("D{", f);
	for (unsigned int i = 0; i < v->size; i++) {
		if (i != 0)
			fputc(',', f);
		write_value(f, &v->u.items[2 * i]);
		fputc(':', f);
		write_value(f, &v->u.items[2 * i + 1]);
	}
	fputc('}', f);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
write_set(FILE *f, const xn_value *v)
{
	char **texts = must(calloc(v->size + 1u, sizeof(*texts)), "calloc");

	for (unsigned int i = 0; i < v->size; i++)
		texts[i] = vector_text(&v->u.items[i]);
	qsort(texts, v->size, sizeof(*texts), by_text);
	fputs(v->kind == XN_SET ? "S{" : "Z{", f);
	for (unsigned int i = 0; i < v->size; i++) {
		fprintf(f, "%s%s", i == 0 ? "" : ",", texts[i]);
		free(texts[i]);
	}
	fputc('}', f);
	free(texts);
}

static void
write_value(FILE *f, const xn_value *v)
{
	switch ((enum xn_kind)v->kind) {
	case XN_NONE:
		fputc('n', f);
		break;
	case XN_BOOL:
		fputc(v->u.boolean ? 'T' : 'F', f);
		break;
	case XN_INT:
		fprintf(f, "i%lld", v->u.integer);
		break;
	case XN_BIGINT:
		fprintf(f, "i%s", v->u.text);
		break;
	case XN_FLOAT:
		fputc('f', f);
		write_double(f, v->u.real);
		break;
	case XN_COMPLEX:
		fputc('c', f);
		write_double(f, v->u.complex_parts[0]);
		write_double(f, v->u.complex_parts[1]);
		break;
	case XN_BYTES:
		write_hex(f, 'y', v->u.bytes, v->size);
		break;
	case XN_STR:
		write_hex(f, 's', v->u.text, v->size);
		break;
	case XN_LIST:
		write_items(f, "[]", v);
		break;
	case XN_TUPLE:
		write_items(f, "()", v);
		break;
	case XN_DICT:
		write_dict(f, v);
		break;
	case XN_SET:
	case XN_FROZENSET:
		write_set(f, v);
		break;
	case XN_CHANNEL:
		fprintf(f, "channel%d", v->u.channel.id);
		break;
	}
}

char *
vector_text(const xn_value *v)
{
	char *out;
	size_t size;
	FILE *f = must(open_memstream(&out, &size), "open_memstream");

	write_value(f, v);
	fclose(f);
	return out;
}
