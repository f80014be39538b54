/*
 * Any text is rules, or an error that says why; written back they mean the
 * same; wildcards match what they would by trying all; what a folder's file
 * does goes with it; a list wants its names.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/rsync/side_from.h"
#include "tests/fuzz/text.h"
#include "tests/lib/wild_slow.h"

/* Rules, an empty line, those of a folder's file, an empty line, paths. */
const char *const fuzz_seeds[] = {
	"0- *.o\n+ /foo/**\n-! */\n\n- a\n+ /b\n\nfoo/bar/a.o\nx/b\n.f\n",
	"1H a/**/b*c\nP,p [[:alpha:]!]\\*?\n:en- .f\n\na b\n#c\n\na/x/b1c\n",
	"2dir-merge,w .f\nexclude,s [^a-c]***\nclear\n-/ /srv/**\n\n-_x\t!\n\nx",
	"3show **/a\nrisk_[]x-]*\n: /.f\n: .g\n\n!\n- /a\n\n/./a//b/../c/\n;d",
	"0- [[:bad:]]\n- [a\n- a\\\n- **a*b**c*\n\n\n\nxa/bb/cab/c\n.\n..\n",
	"0: .f\n+ **/*\n-! [!/]\n\n- ***\n\na/b/c/d/e/f\n\xff\xfe\n", NULL
};

#define PATHS	32

struct input {
	const char *part[3];
	size_t n[3];
};

/* Any file of a folder whose name has an even length. */
static char *
read_part(void *baton, const char *path, size_t *n)
{
	const struct input *in = baton;
	char *text;

	errno = ENOENT;
	if (strlen(path) % 2 != 0)
		return NULL;
	text = malloc(in->n[1] + 1);
	if (text != NULL)
		memcpy(text, in->part[1], in->n[1]);
	*n = in->n[1];
	return text;
}

static void
split(struct input *in, const char *text, size_t n)
{
	const char *end = text + n, *stop;

	for (int i = 0; i < 3; i++) {
		stop = i == 2 ? NULL : memmem(text, (size_t)(end - text),
		    "\n\n", 2);
		in->part[i] = text;
		in->n[i] = (size_t)((stop == NULL ? end : stop) - text);
		text = stop == NULL ? end : stop + 2;
	}
}

/* What F says of PATH in all ways. */
static int
verdict(struct rs_filter *f, const char *path)
{
	int said = 0;

	for (int is_folder = 0; is_folder < 2; is_folder++) {
		said = said * 2 + rs_filter_hides(f, path, is_folder);
		said = said * 2 + rs_filter_protects(f, path, is_folder, 0);
		said = said * 2 + rs_filter_protects(f, path, is_folder, 1);
	}
	return said;
}

static void
check_wild(const struct rs_rule *rule, const char *path)
{
	const rs_wild *w = &rule->wild;
	size_t n = strlen(path);

	if (!(rule->flags & RS_IS_WILD) || n * n * (size_t)w->n > 200000)
		return;
	if (rs_wild_match(w, path, n) != wild_slow(w, path, n))
		abort();
}

static void
check_path(struct rs_filter *f, struct rs_filter *again, const char *path)
{
	const char *slash = strrchr(path, '/');
	const struct rs_rule *made = f->made;
	size_t bytes = f->bytes;
	char error[200] = "", folder[4096];

	if (verdict(f, path) != verdict(again, path))
		abort();
	for (const struct rs_rule *r = f->rules.first; r != NULL; r = r->next)
		check_wild(r, path);
	snprintf(folder, sizeof(folder), "%.*s", slash == NULL ? 0 :
	    (int)(slash - path), path);
	if (rs_filter_folder(f, folder, error, sizeof(error)) == 0)
		verdict(f, path);
	else if (error[0] == '\0')
		abort();
	rs_filter_no_folder(f);
	if (f->made != made || f->bytes != bytes ||
	    verdict(f, path) != verdict(again, path))
		abort();
}

/* Names and all above them are wanted. */
static void
check_list(const struct rs_from *from, struct rs_filter *f)
{
	char path[4096];
	char *slash;

	for (size_t i = 0; i < from->n && i < PATHS; i++) {
		if (rs_from_wants(from, from->names[i]) != RS_WANTED_YES ||
		    !(rs_select(f, from, from->names[i], 1, 0) & RS_TAKEN))
			abort();
		snprintf(path, sizeof(path), "%s", from->names[i]);
		while ((slash = strrchr(path, '/')) != NULL) {
			*slash = '\0';
			if (rs_from_wants(from, path) == RS_WANTED_NO ||
			    path[0] == '\0')
				abort();
		}
	}
}

static void
check(struct rs_filter *f, struct rs_filter *again, const struct input *in,
    int options)
{
	struct rs_from from;
	char text[RS_RULE_TEXT], error[200] = "";

	for (const struct rs_rule *r = f->rules.first; r != NULL; r = r->next) {
		rs_rule_text(r, text);
		if (rs_filter_add(again, text, error, sizeof(error)) != 0)
			abort();
	}
	if (rs_from_make(&from, in->part[2], in->n[2], options & RS_NUL,
	    in->n[0] % 2, error, sizeof(error)) != 0) {
		if (error[0] == '\0')
			abort();
		return;
	}
	for (size_t i = 0; i < from.n && i < PATHS; i++)
		if (from.names[i][0] != '\0' && strlen(from.names[i]) < 4000)
			check_path(f, again, from.names[i]);
	check_list(&from, f);
	rs_from_free(&from);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rs_filter f, again;
	struct input in;
	char error[200] = "";
	int options;

	if (size == 0)
		return 0;
	options = data[0] & 3;
	split(&in, (const char *)data + 1, size - 1);
	rs_filter_init(&f, "/srv/data", options);
	rs_filter_init(&again, "/srv/data", options);
	f.read = read_part;
	f.baton = &in;
	if (rs_filter_add_text(&f, "rules", in.part[0], in.n[0],
	    data[0] & 4 ? RS_AS_EXCLUDE : RS_AS_RULES, error,
	    sizeof(error)) != 0 && error[0] == '\0')
		abort();
	check(&f, &again, &in, options);
	rs_filter_free(&again);
	rs_filter_free(&f);
	return 0;
}
