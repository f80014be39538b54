/*
 * A side of rsync under attack: see rsync_bad.h.
 */
#include "tests/lib/rsync_bad.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/rsync/side_keep.h"
#include "plugins/rsync/sides.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

#define PATIENCE	apr_time_from_sec(30)
#define CANARY		"nobody writes here\n"

/* What a native side sends to its peer comes to the test, and back. */
static const char relay_text[] =
    "#include <execnet/remote.h>\n"
    "void remote_main(xn_channel *channel, const xn_value *kwargs)\n"
    "{ xn_waitable w[2];\n"
    "memset(w, 0, sizeof(w));\n"
    "w[0].channel = channel;\n"
    "w[1].channel = xn_value_channel(xn_value_get(kwargs, \"peer\"));\n"
    "for (;;) {\n"
    "xn_select(w, 2, XN_FOREVER);\n"
    "for (int i = 0; i < 2; i++) if (w[i].ready)\n"
    "xn_send_value(w[!i].channel, xn_receive_value(w[i].channel, -1));\n"
    "} }\n";

void
bad_must(xn_error_t *error)
{
	CU_ASSERT_TRUE_FATAL(expect_error(error, 0, ""));
}

/* ---- The folder ---------------------------------------------------------- */

const char *
bad_path(const struct bad *b, const char *path)
{
	static char paths[8][512];
	static int next;
	char *out = paths[next++ % 8];

	snprintf(out, sizeof(paths[0]), "%s/%s", b->folder, path);
	return out;
}

void
bad_put(const struct bad *b, const char *path, const char *text)
{
	FILE *f = fopen(bad_path(b, path), "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(fputs(text, f) >= 0);
	CU_ASSERT_EQUAL(fclose(f), 0);
}

void
bad_shell(const struct bad *b, const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd '%s' && { %s; }", b->folder, command);
	CU_ASSERT_EQUAL_FATAL(system(line), 0);
}

int
bad_has(const struct bad *b, const char *path, const char *text)
{
	FILE *f = fopen(bad_path(b, path), "r");
	size_t n = strlen(text), got;
	char *have = malloc(n + 2);

	if (f == NULL || have == NULL) {
		free(have);
		if (f != NULL)
			fclose(f);
		return 0;
	}
	got = fread(have, 1, n + 1, f);
	fclose(f);
	got = got == n && memcmp(have, text, n) == 0;
	free(have);
	return (int)got;
}

static int
is_entry(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static const char *
names_of(const char *folder)
{
	static char names[4096];
	struct dirent **list;
	int n = scandir(folder, &list, is_entry, alphasort);

	names[0] = '\0';
	for (int i = 0; i < n; i++) {
		snprintf(names + strlen(names), sizeof(names) - strlen(names),
		    "%s%s", i > 0 ? " " : "", list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return names;
}

const char *
bad_names(const struct bad *b)
{
	return names_of(bad_path(b, "root"));
}

int
bad_outside_is_untouched(const struct bad *b)
{
	struct stat st;
	const char *beside = names_of(b->folder);

	if (strcmp(beside, "outside root") != 0) {
		printf("\n  beside the root: %s\n", beside);
		return 0;
	}
	if (strcmp(names_of(bad_path(b, "outside")), "canary") != 0 ||
	    !bad_has(b, "outside/canary", CANARY) ||
	    stat(bad_path(b, "outside/canary"), &st) != 0)
		return 0;
	return st.st_nlink == 1 && (st.st_mode & 07777) == 0640 &&
	    st.st_mtime == 1000000000;
}

void
bad_open(struct bad *b, int natively)
{
	const char *where = getenv("TMPDIR");
	char folder[256];

	snprintf(folder, sizeof(folder), "%s/xn-rsync-bad-XXXXXX",
	    where != NULL ? where : "/tmp");
	memset(b, 0, sizeof(*b));
	b->natively = natively;
	b->pool = expect_pool();
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	b->folder = apr_pstrdup(b->pool, folder);
	bad_shell(b, "mkdir root outside && chmod 755 root");
	bad_put(b, "outside/canary", CANARY);
	bad_shell(b, "chmod 640 outside/canary && "
	    "touch -d @1000000000 outside/canary");
	bad_must(xn_group_create(&b->group, b->pool));
	bad_must(xn_gateway_open(&b->gateway, b->group, "popen", b->pool));
}

void
bad_close(struct bad *b)
{
	CU_ASSERT(bad_outside_is_untouched(b));
	bad_shell(b, "chmod -R u+rwX root && rm -rf root outside");
	CU_ASSERT_EQUAL(rmdir(b->folder), 0);
	apr_pool_destroy(b->pool);
	free(b->told);
	free(b->error);
}

void
bad_both(void (*case_of)(struct bad *b))
{
	struct bad b;

	for (int natively = 0; natively < 2; natively++) {
		bad_open(&b, natively);
		case_of(&b);
		bad_close(&b);
	}
}

/* ---- The sides ----------------------------------------------------------- */

/* Start PROGRAM or FUNCTION. */
static void
start(struct bad *b, xn_program_t *program, xn_native_main *function)
{
	free(b->told);
	free(b->error);
	b->told = b->error = NULL;
	if (b->natively)
		bad_must(xn_native_exec(&b->control, b->group, function,
		    program->kwargs, b->pool));
	else
		bad_must(xn_remote_exec(&b->control, b->gateway, program,
		    b->pool));
}

/* A channel for a side to its peer, which is ours as *PEER. */
static xn_channel_t *
make_peer(struct bad *b, xn_channel_t **peer)
{
	xn_program_t relay = { .name = "relay.c", .source = relay_text };
	xn_channel_t *inner;

	bad_must(xn_gateway_newchannel(&inner, b->gateway, b->pool));
	*peer = inner;
	if (!b->natively)
		return inner;
	bad_must(xn_make_value(&relay.kwargs, b->pool, "{sc}", "peer", inner));
	bad_must(xn_remote_exec(peer, b->gateway, &relay, b->pool));
	return inner;
}

void
bad_target(struct bad *b, int flags)
{
	xn_program_t program = { .name = "rsync/side_target.c",
	    .source = rsync_text_target };
	const xn_value_t *files;

	bad_must(xn_make_value(&files, b->pool, "{sb}", "partial",
	    (flags & BAD_PARTIAL) != 0));
	bad_must(xn_make_value(&program.kwargs, b->pool, "{svspscsisbsbsisi}",
	    "files", files, "path", bad_path(b, "root"), "peer",
	    make_peer(b, &b->peer),
	    "keep", BAD_KEEP, "follow", (flags & BAD_FOLLOW) != 0,
	    "dry", (flags & BAD_DRY) != 0, "remove", flags & BAD_DELETE ?
	    RS_DELETE_DURING : RS_DELETE_NO, "level", 0));
	start(b, &program, rsync_side_target);
}

void
bad_source(struct bad *b, int flags)
{
	xn_program_t program = { .name = "rsync/side_source.c",
	    .source = rsync_text_source };
	const char *rule = "- *.key";
	const xn_value_t *files, *rules;

	bad_must(xn_make_value(&files, b->pool, "{sb}", "prune", 0));
	bad_must(flags & BAD_RULES ? xn_make_value(&rules, b->pool, "[y]", rule,
	    strlen(rule)) : xn_make_value(&rules, b->pool, "[]"));
	bad_must(xn_make_value(&program.kwargs, b->pool, "{svsps[cc]sbsvsi}",
	    "files", files, "path", bad_path(b, "root"), "peers",
	    make_peer(b, &b->peer), make_peer(b, &b->second), "follow", (flags & BAD_FOLLOW) != 0, "rules", rules, "level", 0));
	start(b, &program, rsync_side_source);
}

int
bad_process(const struct bad *b)
{
	char path[80];
	int pid = 0, next;
	FILE *f;

	if (b->natively)
		return (int)getpid();
	/* The router's last child is the one that was started last. */
	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
	    (int)getpid());
	for (int deep = 0; deep < 2; deep++) {
		f = fopen(path, "r");
		while (f != NULL && fscanf(f, "%d", &next) == 1)
			pid = next;
		if (f != NULL)
			fclose(f);
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid,
		    pid);
	}
	return pid;
}

/* ---- Ends ---------------------------------------------------------------- */

static void
remember(struct bad *b, const char *text)
{
	size_t had = b->told == NULL ? 0 : strlen(b->told);
	size_t n = strlen(text);

	if (had > 1 << 20)
		return;
	b->told = realloc(b->told, had + n + 2);
	if (b->told == NULL)
		abort();
	memcpy(b->told + had, text, n);
	memcpy(b->told + had + n, "\n", 2);
}

void
bad_wait(struct bad *b)
{
	xn_error_t *error = NULL;
	const xn_value_t *value;
	apr_pool_t *scratch;

	free(b->error);
	remember(b, "");
	apr_pool_create(&scratch, b->pool);
	while ((error = xn_channel_receive(&value, b->control, PATIENCE,
	    scratch)) == NULL) {
		remember(b, xn_value_repr(value, scratch));
		apr_pool_clear(scratch);
	}
	b->error = strdup(error->code == XN_E_EOF ? "" :
	    xn_error_text(error, scratch));
	xn_error_clear(error);
	apr_pool_destroy(scratch);
}

/* Does TEXT have PART; says what it has instead. */
static int
has_part(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		return 1;
	printf("\n  wanted: %s\n  got:    %.400s\n", part, text);
	return 0;
}

void
bad_refuses(struct bad *b, const char *part)
{
	bad_wait(b);
	CU_ASSERT(has_part(b->error, part));
	CU_ASSERT(bad_outside_is_untouched(b));
}

void
bad_ends(struct bad *b, const char *part)
{
	bad_wait(b);
	CU_ASSERT_STRING_EQUAL(b->error, "");
	if (b->error[0] != '\0')
		printf("\n  ended with: %s\n", b->error);
	if (part != NULL)
		CU_ASSERT(has_part(b->told, part));
	CU_ASSERT(part != NULL || strstr(b->told, "b'!") == NULL);
	CU_ASSERT(bad_outside_is_untouched(b));
}
