/*
 * fileproc_system.h: the test as the local half of fileproc, with the side at a
 * system that watches its folder, natively in this process and shipped to an
 * agent.
 *
 * One program includes it once; a case is run in both ways by both(), shipped
 * alone by shipped().  The folders are BASE/in and BASE/out.
 */
#ifndef XN_TESTS_FILEPROC_SYSTEM_H
#define XN_TESTS_FILEPROC_SYSTEM_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "plugins/fileproc/sides.h"
#include "tests/lib/gateway_test.h"

#define PATIENCE	apr_time_from_sec(60)
#define A_WHILE		apr_time_from_msec(700)
#define LANES		8
#define OUTS		64
#define QUEUE		"00112233445566778899aabbccddeeff"
#define ID1		"11111111111111111111111111111111"
#define ID2		"22222222222222222222222222222222"
#define ID3		"33333333333333333333333333333333"

static int native;		/* how the side runs now */
static char base[64];
static const char *text;	/* what is shipped; NULL: the side */

/* A run of the side: its channel is also the first lane. */
struct run {
	xn_channel_t *lanes[LANES + 1];
	int n;
};

/* What came for an item. */
struct out {
	const char *path;
	int mode;
	long long size;		/* -1: a folder */
	char *bytes;		/* with a NUL behind; NULL if not kept */
};
static struct out outs[OUTS];
static int outs_n;

static const xn_value_t *made_value;

static inline const xn_value_t *
made(xn_error_t *error, const xn_value_t *const *value)
{
	if (failed(error))
		abort();
	return *value;
}

/* A value by a format; aborts where that is wrong. */
#define VALUE(...) \
	made(xn_make_value(&made_value, pool, __VA_ARGS__), &made_value)

/* Run a shell command in BASE. */
static inline void
command(const char *format, ...)
{
	char line[8192];
	va_list ap;
	int n;

	n = snprintf(line, sizeof(line), "cd %s && ", base);
	va_start(ap, format);
	vsnprintf(line + n, sizeof(line) - (size_t)n, format, ap);
	va_end(ap);
	CU_ASSERT_EQUAL_FATAL(system(line), 0);
}

/* BASE/NAME. */
static inline const char *
path_of(const char *name)
{
	return apr_psprintf(pool, "%s/%s", base, name);
}

static inline int
is_there(const char *name)
{
	struct stat st;

	return lstat(path_of(name), &st) == 0;
}

/* ---- Starting ------------------------------------------------------------------ */

static const char relay_source[] = SIDE(
    "xn_channel *other; xn_waitable w[2]; int i;\n"
    "xn_receive(channel, XN_FOREVER, \"c\", &other);\n"
    "for (;;) {\n"
    "	w[0].channel = channel; w[1].channel = other;\n"
    "	xn_select(w, 2, XN_FOREVER);\n"
    "	for (i = 0; i < 2; i++)\n"
    "		if (w[i].ready == XN_READY_VALUE)\n"
    "			xn_send_value(w[!i].channel,\n"
    "			    xn_receive_value(w[i].channel, 0));\n"
    "		else if (w[i].ready == XN_READY_EOF)\n"
    "			return;\n"
    "}\n");

/* Two ends of a channel, for a native side and for us. */
static inline void
make_lane(xn_channel_t **theirs, xn_channel_t **ours)
{
	failed(xn_gateway_newchannel(theirs, gw, pool));
	*ours = *theirs;
	if (!native)
		return;
	*ours = start(relay_source);
	/* The relay gets the other end of what the side gets. */
	failed(xn_send(*ours, "c", *theirs));
}

static inline const xn_value_t *
list_of(const xn_value_t *items, int n)
{
	xn_value_t *list = apr_pcalloc(pool, sizeof(*list));

	list->kind = XN_LIST;
	list->depth = 1;
	list->size = (unsigned int)n;
	list->u.items = items;
	return list;
}

/* MORE, and what is in DICT and not in MORE. */
static inline const xn_value_t *
with(const xn_value_t *more, const xn_value_t *dict)
{
	xn_value_t *all = apr_pcalloc(pool, sizeof(*all)), *items;
	unsigned int n = more->size;

	items = apr_pcalloc(pool, (dict->size + n) * 2 * sizeof(*items));
	memcpy(items, more->u.items, n * 2 * sizeof(*items));
	for (unsigned int i = 0; i < dict->size; i++) {
		const xn_value_t *pair = &dict->u.items[2 * i];

		if (xn_value_get(more, pair->u.text) == NULL)
			memcpy(items + 2 * n++, pair, 2 * sizeof(*pair));
	}
	*all = *dict;
	all->depth = more->depth > dict->depth ? more->depth : dict->depth;
	all->size = n;
	all->u.items = items;
	return all;
}

/* Start the side with LANES_N lanes and what is in MORE, a dict or NULL. */
static inline struct run *
launch(int lanes_n, const xn_value_t *more)
{
	struct run *run = apr_pcalloc(pool, sizeof(*run));
	xn_value_t *lanes = apr_pcalloc(pool, LANES * sizeof(*lanes));
	xn_program_t program = { .name = "fileproc/side_system.c",
	    .source = text != NULL ? text : fileproc_text_system };
	const xn_value_t *kwargs;
	xn_channel_t *theirs;

	for (run->n = 1; run->n < lanes_n; run->n++) {
		make_lane(&theirs, &run->lanes[run->n]);
		lanes[run->n - 1] = *VALUE("c", theirs);
	}
	kwargs = VALUE("{spspsssssisv}", "in", path_of("in"), "out",
	    path_of("out"), "job", "test", "queue", QUEUE, "settle_ms", 300,
	    "lanes", list_of(lanes, lanes_n - 1));
	if (more != NULL)
		kwargs = with(more, kwargs);
	program.kwargs = kwargs;
	if (native)
		failed(xn_native_exec(&run->lanes[0], group,
		    fileproc_side_system, kwargs, pool));
	else
		failed(xn_remote_exec(&run->lanes[0], gw, &program, pool));
	return run;
}

/* The same, and it is ready. */
static inline struct run *
start_run(int lanes_n, const xn_value_t *more)
{
	struct run *run = launch(lanes_n, more);
	const xn_value_t *facts;
	const char *tag;

	if (failed(xn_receive(run->lanes[0], PATIENCE, "(sv)", &tag, &facts)))
		abort();
	CU_ASSERT_STRING_EQUAL(tag, "ready");
	return run;
}

/* End it, and wait until it has ended: 0, or the code of another end. */
static inline int
end_run(struct run *run)
{
	const xn_value_t *v;
	int code;

	xn_error_clear(xn_channel_close_write(run->lanes[0]));
	do
		code = code_of(xn_channel_receive(&v, run->lanes[0], PATIENCE,
		    pool));
	while (code == 0);
	return code == XN_E_EOF ? 0 : code;
}

static inline void
stop_run(struct run *run)
{
	CU_ASSERT_EQUAL(end_run(run), 0);
}

/* ---- Talking ------------------------------------------------------------------- */

static inline void
say(xn_channel_t *lane, const char *tag)
{
	failed(xn_send(lane, "(s)", tag));
}

static inline void
say_of(xn_channel_t *lane, const char *tag, const char *id, const char *name)
{
	failed(xn_send(lane, "(ssp)", tag, id, name));
}

/* The next message; NULL when there is none. */
static inline const xn_value_t *
hear_within(xn_channel_t *lane, apr_interval_time_t patience)
{
	const xn_value_t *v = NULL;
	xn_error_t *error = xn_channel_receive(&v, lane, patience, pool);

	if (error == NULL)
		return v;
	if (error->code == XN_E_TIMEOUT && patience < PATIENCE)
		xn_error_clear(error);
	else
		CU_ASSERT_FALSE_FATAL(failed(error));
	return NULL;
}

static inline const char *
tag_of(const xn_value_t *v)
{
	return v != NULL && v->kind == XN_TUPLE && v->size > 0 &&
	    v->u.items[0].kind == XN_STR ? v->u.items[0].u.text : "";
}

/* The next message is this one, as it is written in Python. */
static inline void
expect(xn_channel_t *lane, const char *shown)
{
	const xn_value_t *v = hear_within(lane, PATIENCE);
	const char *repr = v == NULL ? "nothing" : xn_value_repr(v, pool);

	if (strcmp(repr, shown) != 0)
		printf("\n  wanted %s\n  got %s\n", shown, repr);
	CU_ASSERT_STRING_EQUAL_FATAL(repr, shown);
}

/* The next message has this tag and PART in it. */
static inline void
expect_part(xn_channel_t *lane, const char *tag, const char *part)
{
	const xn_value_t *v = hear_within(lane, PATIENCE);
	const char *repr = v == NULL ? "nothing" : xn_value_repr(v, pool);

	if (strcmp(tag_of(v), tag) != 0 || strstr(repr, part) == NULL)
		printf("\n  wanted (%s, ...%s...)\n  got %s\n", tag, part, repr);
	CU_ASSERT_STRING_EQUAL_FATAL(tag_of(v), tag);
	CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(repr, part));
}

/* It is placed in the end, whatever it waits for. */
static inline void
expect_placed(xn_channel_t *lane)
{
	const xn_value_t *v;

	do
		v = hear_within(lane, PATIENCE);
	while (strcmp(tag_of(v), "waiting") == 0);
	CU_ASSERT_STRING_EQUAL_FATAL(tag_of(v), "placed");
}

/* Nothing comes for a while. */
static inline void
expect_silence(xn_channel_t *lane)
{
	const xn_value_t *v = hear_within(lane, A_WHILE);

	if (v != NULL)
		printf("\n  wanted nothing\n  got %s\n",
		    xn_value_repr(v, pool));
	CU_ASSERT_PTR_NULL_FATAL(v);
}

static inline void
send_item(xn_channel_t *lane, const char *id, const char *name,
    const char *bytes)
{
	size_t n = strlen(bytes);

	failed(xn_send(lane, "(sspll)", "place", id, name, (long long)n,
	    0644LL));
	if (n > 0)
		failed(xn_send(lane, "y", bytes, n));
}

/* The same, until it is in remote-in. */
static inline void
place(xn_channel_t *lane, const char *id, const char *name, const char *bytes)
{
	send_item(lane, id, name, bytes);
	expect(lane, "('staged',)");
	say(lane, "go");
	expect(lane, "('placed',)");
}

/* The bytes of an output; kept if there are not too many.  The tag of what
 * came instead, or NULL. */
static inline const char *
hear_bytes(xn_channel_t *lane, struct out *out)
{
	long long at = 0;
	const xn_value_t *v;

	if (out->size <= 16 << 20)
		out->bytes = apr_pcalloc(pool, (apr_size_t)out->size + 1);
	while (at < out->size) {
		v = hear_within(lane, PATIENCE);
		if (v == NULL || v->kind != XN_BYTES)
			return tag_of(v);
		CU_ASSERT_FATAL(at + (long long)v->size <= out->size);
		if (out->bytes != NULL)
			memcpy(out->bytes + at, v->u.bytes, v->size);
		at += v->size;
	}
	return NULL;
}

/* A result comes, into `outs`, up to its end; the tag of what ended it. */
static inline const char *
hear_result(xn_channel_t *lane)
{
	const xn_value_t *v;
	const char *tag, *instead;
	long long mode;

	outs_n = 0;
	for (;;) {
		struct out *out = &outs[outs_n];

		v = hear_within(lane, PATIENCE);
		if (strcmp(tag_of(v), "out") == 0) {
			CU_ASSERT_FATAL(outs_n < OUTS - 1);
			failed(xn_unpack_value(v, pool, "(spll)", &tag,
			    &out->path, &mode, &out->size));
			out->mode = (int)mode;
			outs_n++;
			instead = hear_bytes(lane, out);
			if (instead != NULL)
				return instead;
		} else if (strcmp(tag_of(v), "dir") == 0) {
			CU_ASSERT_FATAL(outs_n < OUTS - 1);
			failed(xn_unpack_value(v, pool, "(spl)", &tag,
			    &out->path, &mode));
			out->mode = (int)mode;
			out->size = -1;
			outs_n++;
		} else {
			if (strcmp(tag_of(v), "end") != 0 && v != NULL)
				printf("\n  %s\n", xn_value_repr(v, pool));
			return tag_of(v);
		}
	}
}

/* The output PATH, or NULL. */
static inline const struct out *
output(const char *path)
{
	for (int i = 0; i < outs_n; i++)
		if (strcmp(outs[i].path, path) == 0)
			return &outs[i];
	return NULL;
}

static inline void
expect_output(const char *path, const char *bytes)
{
	const struct out *out = output(path);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out->bytes);
	CU_ASSERT_STRING_EQUAL(out->bytes, bytes);
}

/* The result is one file. */
static inline void
expect_result(xn_channel_t *lane, const char *path, const char *bytes)
{
	CU_ASSERT_STRING_EQUAL_FATAL(hear_result(lane), "end");
	CU_ASSERT_EQUAL(outs_n, 1);
	expect_output(path, bytes);
}

static inline void
take(xn_channel_t *lane)
{
	say(lane, "taken");
	expect(lane, "('removed',)");
}

/* ---- Cases --------------------------------------------------------------------- */

/* Nothing is left of any item, here or there: only locks. */
static inline void
expect_clean(void)
{
	command("left=$(find in out -mindepth 1 ! -path 'in/.syncgate' "
	    "! -path in/.syncgate/items ! -path in/.syncgate/lock "
	    "! -path 'in/.syncgate/slots*' ! -name '*.run'); "
	    "[ -z \"$left\" ] || { echo \"$left\" >&2; false; }");
}

static inline void
run_once(void (*function)(void))
{
	char line[256];

	strcpy(base, "/tmp/xn-system-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
	command("mkdir in out");
	if (begin_with("popen") == 0)
		function();
	end();
	snprintf(line, sizeof(line), "chmod -R u+rwX %s; rm -rf %s", base,
	    base);
	CU_ASSERT_EQUAL(system(line), 0);
}

static inline void
both(void (*function)(void))
{
	for (native = 1; native >= 0; native--)
		run_once(function);
}

static inline void
shipped(void (*function)(void))
{
	native = 0;
	run_once(function);
}

#endif
