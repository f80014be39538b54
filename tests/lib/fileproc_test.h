/*
 * fileproc_test.h: the test as the local half of fileproc, with its sides
 * natively in this process and shipped to an agent.
 *
 * One program includes it once; every case is run in both ways by both().
 */
#ifndef XN_TESTS_FILEPROC_TEST_H
#define XN_TESTS_FILEPROC_TEST_H

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "plugins/fileproc/sides.h"
#include "tests/lib/gateway_test.h"

#define PATIENCE	apr_time_from_sec(60)
#define OUTS		64
#define ID		"0123456789abcdef0123456789abcdef"

static int native;		/* how the sides run now */
static char base[64];		/* what is named by `work` */
static char room_path[4096];
static xn_channel_t *room, *slot;

/* What came for an item. */
struct out {
	const char *path;
	int mode;
	long long size;		/* -1: a folder */
	char *bytes;		/* with a NUL behind; NULL if not kept */
};
struct answer {
	struct out outs[OUTS];
	int n;
	int done, status, by_signal, timed_out;
	const char *tail;
	double seconds;
	const char *unable;	/* or NULL */
};
static struct answer answer;

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
static const xn_value_t *made_value;

/* DICT and what is in MORE. */
static inline const xn_value_t *
with(const xn_value_t *dict, const xn_value_t *more)
{
	xn_value_t *all = apr_pcalloc(pool, sizeof(*all)), *items;

	items = apr_pcalloc(pool, (dict->size + more->size) * 2 *
	    sizeof(*items));
	memcpy(items, dict->u.items, dict->size * 2 * sizeof(*items));
	memcpy(items + 2 * dict->size, more->u.items, more->size * 2 *
	    sizeof(*items));
	*all = *dict;
	all->depth = more->depth > dict->depth ? more->depth : dict->depth;
	all->size += more->size;
	all->u.items = items;
	return all;
}

/* Start the side NAME. */
static inline xn_channel_t *
start_side(const char *name, xn_native_main *function, const char *text,
    const xn_value_t *kwargs, const xn_limits_t *limits)
{
	xn_program_t program = { .name = name, .source = text,
	    .kwargs = kwargs };
	xn_channel_t *ch = NULL;

	if (limits != NULL)
		program.limits = *limits;
	if (native)
		failed(xn_native_exec(&ch, group, function, kwargs, pool));
	else
		failed(xn_remote_exec(&ch, gw, &program, pool));
	return ch;
}

/* A room beneath WORK, which may be NULL; its channel. */
static inline xn_channel_t *
start_room_in(const char *work)
{
	return start_side("side_room.c", fileproc_side_room,
	    fileproc_text_room, VALUE("{sss?p}", "queue", ID, "work", work),
	    NULL);
}

static inline void
start_room(void)
{
	const char *path, *kind, *tag;
	long long space;

	room = start_room_in(base);
	if (failed(xn_receive(room, PATIENCE, "(spsl)", &tag, &path, &kind,
	    &space)))
		abort();
	CU_ASSERT_STRING_EQUAL(tag, "room");
	CU_ASSERT(space > 0);
	apr_cpystrn(room_path, path, sizeof(room_path));
}

/* A slot with ARGV, a list, and what is in MORE, a dict or NULL. */
static inline void
start_slot_limited(const xn_value_t *argv, const xn_value_t *more,
    const xn_limits_t *limits)
{
	const xn_value_t *kwargs = VALUE("{spsssv}", "room", room_path,
	    "job", "test", "argv", argv);

	slot = start_side("side_command.c", fileproc_side_command,
	    fileproc_text_command, more == NULL ? kwargs : with(kwargs, more),
	    limits);
}

static inline void
start_slot(const xn_value_t *argv, const xn_value_t *more)
{
	start_slot_limited(argv, more, NULL);
}

static inline void
begin_item(const char *name, int tries, long long size, long long timeout,
    const char *kind)
{
	failed(xn_send(slot, "(sspllls)", "item", ID, name, (long long)tries,
	    size, timeout, kind));
}

/* A file with these bytes as the item NAME. */
static inline void
send_bytes(const char *name, const void *bytes, size_t n, long long timeout)
{
	begin_item(name, 1, (long long)n, timeout, "file");
	for (size_t at = 0; at < n; at += 60000)
		failed(xn_send(slot, "y", (const char *)bytes + at,
		    n - at < 60000 ? n - at : 60000));
}

static inline void
send_text(const char *name, const char *text)
{
	send_bytes(name, text, strlen(text), 0);
}

/* The bytes of an output; kept if there are not too many. */
static inline int
receive_bytes(struct out *out)
{
	long long at = 0;
	const void *p;
	size_t n;

	if (out->size <= 16 << 20)
		out->bytes = apr_pcalloc(pool, (apr_size_t)out->size + 1);
	while (at < out->size) {
		if (failed(xn_receive(slot, PATIENCE, "y", &p, &n)))
			return -1;
		CU_ASSERT_FATAL(at + (long long)n <= out->size);
		if (out->bytes != NULL)
			memcpy(out->bytes + at, p, n);
		at += (long long)n;
	}
	return 0;
}

static inline void
receive_done(const xn_value_t *v)
{
	const char *tag;
	const void *tail = "";
	size_t n = 0;

	if (failed(xn_unpack_value(v, pool, "(siibyd)", &tag, &answer.status,
	    &answer.by_signal, &answer.timed_out, &tail, &n,
	    &answer.seconds)))
		return;
	answer.done = 1;
	answer.tail = apr_pstrmemdup(pool, tail, n);
	CU_ASSERT(n <= 4096);
}

/* What becomes of the item, into `answer`. */
static inline void
get_answer(void)
{
	const xn_value_t *v;
	const char *tag, *text;

	memset(&answer, 0, sizeof(answer));
	while (!answer.done && answer.unable == NULL) {
		struct out *out = &answer.outs[answer.n];

		if (failed(xn_channel_receive(&v, slot, PATIENCE, pool)))
			return;
		tag = v->kind == XN_TUPLE && v->size > 0 &&
		    v->u.items[0].kind == XN_STR ? v->u.items[0].u.text : "";
		if (strcmp(tag, "done") == 0) {
			receive_done(v);
		} else if (strcmp(tag, "unable") == 0) {
			failed(xn_unpack_value(v, pool, "(ss)", &tag, &text));
			answer.unable = text;
		} else if (strcmp(tag, "out") == 0) {
			failed(xn_unpack_value(v, pool, "(spil)", &tag,
			    &out->path, &out->mode, &out->size));
			if (receive_bytes(out) != 0)
				return;
			answer.n += answer.n < OUTS - 1;
		} else if (strcmp(tag, "dir") == 0) {
			failed(xn_unpack_value(v, pool, "(spi)", &tag,
			    &out->path, &out->mode));
			out->size = -1;
			answer.n += answer.n < OUTS - 1;
		} else {
			printf("\n  received %s\n", xn_value_repr(v, pool));
			CU_FAIL("something else came");
			return;
		}
	}
}

/* The output PATH, or NULL. */
static inline const struct out *
output(const char *path)
{
	for (int i = 0; i < answer.n; i++)
		if (strcmp(answer.outs[i].path, path) == 0)
			return &answer.outs[i];
	return NULL;
}

/* The item has become TEXT. */
static inline void
expect_text(const char *text)
{
	get_answer();
	if (answer.status != 0 || answer.unable != NULL)
		printf("\n  %s%s\n", answer.unable != NULL ? answer.unable :
		    "", answer.tail != NULL ? answer.tail : "");
	CU_ASSERT_EQUAL(answer.status, 0);
	CU_ASSERT_EQUAL(answer.by_signal, 0);
	CU_ASSERT_EQUAL_FATAL(answer.n, 1);
	CU_ASSERT_STRING_EQUAL(answer.outs[0].path, "");
	CU_ASSERT_STRING_EQUAL(answer.outs[0].bytes, text);
}

/* The item has failed by itself, with PART at the end of its stderr. */
static inline void
expect_failure(int status, int by_signal, const char *part)
{
	get_answer();
	CU_ASSERT_EQUAL(answer.n, 0);
	CU_ASSERT_PTR_NULL(answer.unable);
	CU_ASSERT_EQUAL(answer.status, status);
	if (answer.by_signal != by_signal)
		printf("\n  wanted signal %d, got %d\n", by_signal,
		    answer.by_signal);
	CU_ASSERT_EQUAL(answer.by_signal, by_signal);
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer.tail);
	if (strstr(answer.tail, part) == NULL)
		printf("\n  wanted %s\n  got %s\n", part, answer.tail);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.tail, part));
}

/* The names in a folder but those that begin with a dot, sorted by nobody. */
static inline int
count_names(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	int n = 0;

	while (dir != NULL && (d = readdir(dir)) != NULL)
		n += d->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return dir == NULL ? -1 : n;
}

/* Nothing of an item is left in the room: only its lock. */
static inline void
expect_clean_room(void)
{
	CU_ASSERT_EQUAL(count_names(room_path), 1);
}

/* The same, when its sides have ended. */
static inline void
await_clean_room(void)
{
	for (int i = 0; i < 3000 && count_names(room_path) != 1; i++)
		usleep(10000);
	expect_clean_room();
}

/* Until the room is gone, and the home with it. */
static inline void
await_empty_base(void)
{
	for (int i = 0; i < 6000 && count_names(base) != 0; i++)
		usleep(10000);
}

/* Tell the room to forget the item ID; it has, when it answers. */
static inline void
forget(const char *id)
{
	const xn_value_t *space;

	failed(xn_send(room, "(ss)", "forget", id));
	failed(xn_send(room, "(s)", "space"));
	failed(xn_receive(room, PATIENCE, "v", &space));
}

static inline void
run_once(void (*function)(void))
{
	char line[128];

	strcpy(base, "/tmp/xn-fileproc-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
	room = NULL;
	if (begin_with(native ? NULL : "popen") == 0)
		function();
	/* (Who ends with the agent has less time to tidy up.) */
	if (room != NULL)
		xn_error_clear(xn_channel_close(room));
	if (room != NULL)
		await_empty_base();
	end();
	/* The room is gone with its channel, and so is the home. */
	await_empty_base();
	CU_ASSERT_EQUAL(count_names(base), 0);
	snprintf(line, sizeof(line), "rm -rf %s", base);
	CU_ASSERT_EQUAL(system(line), 0);
}

/*
 * Run FUNCTION in a process of its own after PREPARE, which returns 0, or 1
 * where it cannot be tried.
 */
static inline void
run_apart(int (*prepare)(void), void (*function)(void))
{
	unsigned int before = CU_get_number_of_failures();
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (prepare() == 0)
			run_once(function);
		fflush(stdout);
		_exit(CU_get_number_of_failures() != before);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
}

static inline int
become_plain(void)
{
	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 1;
	/* Where our own program is may be closed to it. */
	return access("/proc/self/exe", X_OK) != 0;
}

/*
 * The same by an agent of another user than root, who has no PID namespaces
 * and is bound by modes; without being root it is what both() does.
 */
static inline void
as_plain_user(void (*function)(void))
{
	native = 0;
	if (geteuid() == 0)
		run_apart(become_plain, function);
}

static inline void
both(void (*function)(void))
{
	for (native = 0; native < 2; native++)
		run_once(function);
}

#endif
