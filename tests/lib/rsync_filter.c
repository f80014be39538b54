/*
 * rsync_filter.c: what is in a target after a transfer, by the filter alone.
 *
 *	rsync_filter OPTION... SOURCE TARGET
 *
 * prints for each entry that TARGET would then have "new PATH" or, where it is
 * none of SOURCE's, "old PATH", with a slash behind folders and a NUL behind
 * each.  OPTIONs are rsync's: --exclude=, --include=, --filter=,
 * --exclude-from=, --include-from=, --files-from=, -r, --from0, --delete,
 * --delete-excluded.  Ends with status 2 and a text if a rule is wrong.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "plugins/rsync/side_from.h"

#define TREE_MOST	4096
#define PATH_SIZE	8192

struct entry {
	char *path;
	int is_folder;
	int said;		/* by rs_select() */
};

struct tree {
	char *root;
	int base;		/* the same */
	struct rs_filter filter;
};

static struct entry taken[TREE_MOST];
static size_t taken_n;
static struct rs_from from_list, *from;
static struct tree source, target;
static int deletes;
static char error[512];

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(2);
}

/* As the coordinator has it: files are named from where we are. */
static char *
slurp(void *baton, const char *path, size_t *n)
{
	FILE *file = fopen(path, "r");
	char *text;

	(void)baton;
	if (file == NULL)
		return NULL;
	text = malloc(1 << 20);
	if (text == NULL)
		die(path, "out of memory");
	*n = fread(text, 1, 1 << 20, file);
	fclose(file);
	return text;
}

/* ---- Walking ------------------------------------------------------------- */

/* The names in PATH of TREE, sorted, each with its path; how many. */
static int
list(const struct tree *tree, const char *path, struct entry **out)
{
	char full[2 * PATH_SIZE], name[PATH_SIZE];
	struct dirent **found;
	struct stat st;
	int n, i, kept = 0;

	snprintf(full, sizeof(full), "%s/%s", tree->root, path);
	n = scandir(full, &found, NULL, alphasort);
	if (n < 0)
		die(full, strerror(errno));
	*out = calloc((size_t)n + 1, sizeof(**out));
	for (i = 0; i < n; i++) {
		if (strcmp(found[i]->d_name, ".") != 0 &&
		    strcmp(found[i]->d_name, "..") != 0) {
			snprintf(name, sizeof(name), "%s%s%s", path,
			    path[0] == '\0' ? "" : "/", found[i]->d_name);
			snprintf(full, sizeof(full), "%s/%s", tree->root, name);
			if (lstat(full, &st) != 0)
				die(full, strerror(errno));
			(*out)[kept].path = strdup(name);
			(*out)[kept++].is_folder = S_ISDIR(st.st_mode);
		}
		free(found[i]);
	}
	free(found);
	return kept;
}

static void
be_in(struct tree *tree, const char *folder)
{
	if (rs_filter_folder(&tree->filter, folder, error, sizeof(error)) != 0)
		die(folder, error);
}

static void
say(const char *what, const struct entry *e)
{
	printf("%s %s%s%c", what, e->path, e->is_folder ? "/" : "", 0);
}

static void
walk_source(const char *folder, int in)
{
	struct entry *entries;
	int n = list(&source, folder, &entries), i;

	be_in(&source, folder);
	for (i = 0; i < n; i++)
		entries[i].said = rs_select(&source.filter, from,
		    entries[i].path, entries[i].is_folder, in);
	for (i = 0; i < n; i++) {
		if (entries[i].said == 0) {
			free(entries[i].path);
			continue;
		}
		if (taken_n == TREE_MOST)
			die(folder, "too large a tree");
		taken[taken_n++] = entries[i];
		say("new", &entries[i]);
		if (entries[i].is_folder)
			walk_source(entries[i].path, entries[i].said);
	}
	free(entries);
}

static const struct entry *
find_taken(const char *path)
{
	for (size_t i = 0; i < taken_n; i++)
		if (strcmp(taken[i].path, path) == 0)
			return &taken[i];
	return NULL;
}

/* All that is in FOLDER, an extra one, stays. */
static void
keep_all(const char *folder)
{
	struct entry *entries;
	int n = list(&target, folder, &entries), i;

	for (i = 0; i < n; i++) {
		say("old", &entries[i]);
		if (entries[i].is_folder)
			keep_all(entries[i].path);
		free(entries[i].path);
	}
	free(entries);
}

/* Delete E, which is GOING with its folder or not: 1 if something is kept. */
static int
delete_extra(const struct entry *e, int going)
{
	struct entry *entries;
	int n, i, kept = 0;

	if (rs_filter_protects(&target.filter, e->path, e->is_folder, going)) {
		say("old", e);
		if (e->is_folder)
			keep_all(e->path);
		return 1;
	}
	if (!e->is_folder)
		return 0;
	n = list(&target, e->path, &entries);
	for (i = 0; i < n; i++) {
		be_in(&target, e->path);
		kept |= delete_extra(&entries[i], 1);
		free(entries[i].path);
	}
	free(entries);
	if (kept)
		say("old", e);
	return kept;
}

static void
walk_target(const char *folder, int said)
{
	struct entry *entries;
	int n = list(&target, folder, &entries), i;

	for (i = 0; i < n; i++) {
		const struct entry *of_source = find_taken(entries[i].path);

		if (deletes)
			be_in(&target, folder);
		if (of_source != NULL) {
			if (entries[i].is_folder)
				walk_target(entries[i].path, of_source->said);
		} else if (deletes && said & RS_WHOLE) {
			delete_extra(&entries[i], 0);
		} else {
			say("old", &entries[i]);
			if (entries[i].is_folder)
				keep_all(entries[i].path);
		}
		free(entries[i].path);
	}
	free(entries);
}

/* ---- Options --------------------------------------------------------------- */

static const char *
value_of(const char *argument, const char *option)
{
	size_t n = strlen(option);

	return strncmp(argument, option, n) == 0 ? argument + n : NULL;
}

static int
add_file(struct rs_filter *f, const char *name, int how)
{
	size_t n = 0;
	char *text = slurp(NULL, name, &n);
	int rc;

	if (text == NULL)
		die(name, strerror(errno));
	rc = rs_filter_add_text(f, name, text, n, how, error, sizeof(error));
	free(text);
	return rc;
}

static int
add(struct rs_filter *f, const char *argument)
{
	const char *value;

	if ((value = value_of(argument, "--exclude=")) != NULL)
		return rs_filter_add_exclude(f, value, error, sizeof(error));
	if ((value = value_of(argument, "--include=")) != NULL)
		return rs_filter_add_include(f, value, error, sizeof(error));
	if ((value = value_of(argument, "--filter=")) != NULL)
		return rs_filter_add(f, value, error, sizeof(error));
	if ((value = value_of(argument, "--exclude-from=")) != NULL)
		return add_file(f, value, RS_AS_EXCLUDE);
	if ((value = value_of(argument, "--include-from=")) != NULL)
		return add_file(f, value, RS_AS_INCLUDE);
	return 0;
}

/* The filter of TREE: the rules of COORDINATOR, which has read the files. */
static void
begin(struct tree *tree, const char *root, const struct rs_filter *coordinator)
{
	char *absolute = realpath(root, NULL), text[RS_RULE_TEXT];
	struct rs_rule *rule;

	if (absolute == NULL)
		die(root, strerror(errno));
	rs_filter_init(&tree->filter, absolute, coordinator->options);
	tree->root = absolute;
	tree->base = xn_base_open(absolute);
	if (tree->base == -1)
		die(root, strerror(errno));
	tree->filter.read = rs_read_beneath;
	tree->filter.baton = &tree->base;
	for (rule = coordinator->rules.first; rule != NULL; rule = rule->next) {
		rs_rule_text(rule, text);
		if (rs_filter_add(&tree->filter, text, error,
		    sizeof(error)) != 0)
			die(text, error);
	}
}

static void
read_list(const char *name, int nul, int deep)
{
	size_t n = 0;
	char *text = slurp(NULL, name, &n);

	if (text == NULL)
		die(name, strerror(errno));
	if (rs_from_make(&from_list, text, n, nul, deep, error,
	    sizeof(error)) != 0)
		die(name, error);
	free(text);
	from = &from_list;
}

/* Is NAME, of the list, there, and not hidden? */
static int
is_wanted(void *baton, const char *name)
{
	char full[PATH_SIZE];
	struct stat st;

	(void)baton;
	snprintf(full, sizeof(full), "%s/%s", source.root, name);
	return lstat(full, &st) == 0 && !rs_filter_hides(&source.filter, name,
	    S_ISDIR(st.st_mode));
}

static void
end(struct tree *tree)
{
	rs_filter_free(&tree->filter);
	close(tree->base);
	free(tree->root);
}

int
main(int argc, char **argv)
{
	struct rs_filter coordinator;
	const char *files = NULL, *value;
	int options = 0, deep = 0, said, i;

	if (argc < 3)
		die("usage", "rsync_filter OPTION... SOURCE TARGET");
	for (i = 1; i < argc - 2; i++) {
		if ((value = value_of(argv[i], "--files-from=")) != NULL)
			files = value;
		deletes |= value_of(argv[i], "--delete") != NULL;
		deep |= strcmp(argv[i], "-r") == 0;
		if (strcmp(argv[i], "--delete-excluded") == 0)
			options |= RS_DELETE_EXCLUDED;
		if (strcmp(argv[i], "--from0") == 0)
			options |= RS_NUL;
	}
	rs_filter_init(&coordinator, "/", options);
	coordinator.read = slurp;
	for (i = 1; i < argc - 2; i++)
		if (add(&coordinator, argv[i]) != 0)
			die(argv[i], error);
	if (files != NULL)
		read_list(files, options & RS_NUL, deep);
	begin(&source, argv[argc - 2], &coordinator);
	begin(&target, argv[argc - 1], &coordinator);
	if (from != NULL)
		rs_from_prune(from, is_wanted, NULL);
	said = rs_select(&source.filter, from, "", 1, 0);
	walk_source("", said);
	walk_target("", said);
	end(&source);
	end(&target);
	rs_filter_free(&coordinator);
	if (from != NULL)
		rs_from_free(from);
	for (size_t j = 0; j < taken_n; j++)
		free(taken[j].path);
	return 0;
}
