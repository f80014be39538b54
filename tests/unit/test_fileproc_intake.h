/*
 * What the tests of fileproc's intake share: a data-in for each case, and an
 * intake on it whose notes are kept.
 */
#ifndef XN_TESTS_FILEPROC_INTAKE_H
#define XN_TESTS_FILEPROC_INTAKE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "plugins/fileproc/inside.h"
#include "tests/lib/cunit_main.h"

#define TAKEN_MAX	64

static char root[64];			/* of the case; data-in is root/in */
static char data_in[80];
static apr_pool_t *pool;
static fp_intake_t *intake;
static struct fp_intake_options options;
static struct fp_claimed taken[TAKEN_MAX];
static int n_taken;
static apr_interval_time_t again;
static char notes[16384];

static inline void
keep_note(void *baton, const char *text)
{
	(void)baton;
	strncat(notes, text, sizeof(notes) - strlen(notes) - 2);
	strcat(notes, "\n");
}

/* Run shell commands in root; they must succeed. */
static inline void
command(const char *format, ...)
{
	char line[4096];
	size_t n = (size_t)snprintf(line, sizeof(line), "cd %s && { ", root);
	va_list args;

	va_start(args, format);
	vsnprintf(line + n, sizeof(line) - n - 8, format, args);
	va_end(args);
	strcat(line, "\n}");
	CU_ASSERT_EQUAL_FATAL(system(line), 0);
}

static inline void
fresh(void)
{
	apr_initialize();
	apr_pool_create(&pool, NULL);
	strcpy(root, "/tmp/fp-intake-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
	snprintf(data_in, sizeof(data_in), "%s/in", root);
	CU_ASSERT_EQUAL_FATAL(mkdir(data_in, 0755), 0);
	options = (struct fp_intake_options){ .data_in = data_in,
	    .settle = xn_seconds(0.3), .poll = xn_seconds(5),
	    .note = keep_note };
	notes[0] = '\0';
	intake = NULL;
}

/* Open the intake; whatever is said is asserted not to be an error. */
static inline void
begin(void)
{
	xn_error_t *error = fp_intake_open(&intake, &options, pool);

	if (error != NULL)
		printf("\n%s\n", xn_error_text(error, pool));
	CU_ASSERT_PTR_NULL_FATAL(error);
}

static inline void
end(void)
{
	if (intake != NULL)
		fp_intake_close(intake);
	intake = NULL;
}

static inline void
gone(void)
{
	end();
	apr_pool_destroy(pool);
	/* It goes only so deep. */
	if (fp_tree_remove(AT_FDCWD, root) != 0)
		command("cd / && rm -rf %s", root);
}

/* What ERROR says, which is cleared; "" for none. */
static inline const char *
said(xn_error_t *error)
{
	const char *text = error == NULL ? "" : xn_error_text(error, pool);

	xn_error_clear(error);
	return text;
}

#define ASSERT_SAID(error, part) do {					\
	const char *said_text = said(error);				\
	if (strstr(said_text, (part)) == NULL)				\
		printf("\nsaid: '%s'\n", said_text);			\
	CU_ASSERT_PTR_NOT_NULL(strstr(said_text, (part)));		\
} while (0)

#define ASSERT_NOTED(part) do {						\
	if (strstr(notes, (part)) == NULL)				\
		printf("\nnoted: '%s'\n", notes);			\
	CU_ASSERT_PTR_NOT_NULL(strstr(notes, (part)));			\
} while (0)

/* One call. */
static inline int
take(int max)
{
	xn_error_t *error = fp_intake_take(taken, max, &n_taken, &again,
	    intake, pool);

	if (error != NULL)
		printf("\n%s\n", xn_error_text(error, pool));
	CU_ASSERT_PTR_NULL_FATAL(error);
	return n_taken;
}

/* As the job does: until N are taken, or SECONDS have passed. */
static inline int
take_within(int n, double seconds)
{
	apr_time_t until = apr_time_now() + xn_seconds(seconds);
	int total = 0;

	for (;;) {
		apr_interval_time_t left = until - apr_time_now();
		struct pollfd p = { .fd = fp_intake_fd(intake),
		    .events = POLLIN };
		xn_error_t *error = fp_intake_take(taken + total, n - total,
		    &n_taken, &again, intake, pool);

		if (error != NULL)
			printf("\n%s\n", xn_error_text(error, pool));
		CU_ASSERT_PTR_NULL_FATAL(error);
		total += n_taken;
		if (total == n || left <= 0)
			break;
		if (again < left)
			left = again;
		poll(&p, 1, (int)((left + 999) / 1000));
	}
	n_taken = total;
	return total;
}

/* The names of what was taken last, one after the other. */
static inline const char *
names(void)
{
	const char *all = "";

	for (int i = 0; i < n_taken; i++)
		all = apr_pstrcat(pool, all, i > 0 ? " " : "", taken[i].name,
		    NULL);
	return all;
}

#define ASSERT_NAMES(expected) do {					\
	const char *names_text = names();				\
	if (strcmp(names_text, (expected)) != 0)			\
		printf("\ntaken: '%s'\n", names_text);			\
	CU_ASSERT_STRING_EQUAL(names_text, (expected));			\
} while (0)

static inline int
exists(const char *format, ...)
{
	char path[4400];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/", root);
	va_list args;
	struct stat st;

	va_start(args, format);
	vsnprintf(path + n, sizeof(path) - n, format, args);
	va_end(args);
	return lstat(path, &st) == 0;
}

/* What a claimed file holds, as a string in pool. */
static inline const char *
content(const struct fp_claimed *claimed)
{
	char *text = apr_pcalloc(pool, (apr_size_t)claimed->size + 1);
	int fd;

	CU_ASSERT_PTR_NULL_FATAL(fp_claim_open(&fd, intake, claimed->id,
	    claimed->name));
	CU_ASSERT_EQUAL(read(fd, text, (size_t)claimed->size),
	    claimed->size);
	close(fd);
	return text;
}

/* FUNCTION in a process of another user, who owns nothing here: its status. */
static inline int
as_nobody(void (*function)(void))
{
	unsigned int before = CU_get_number_of_failures();
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(9);
		function();
		fflush(stdout);
		_exit(CU_get_number_of_failures() != before);
	}
	waitpid(pid, &status, 0);
	return status;
}

static inline int
is_ours(void *baton, int parent, const char *name, const struct stat *st)
{
	static const char *const ours[] = { "lock", "queue", "new", "retry",
	    "gone" };

	(void)parent;
	(void)st;
	++*(int *)baton;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(ours[i], name) == 0)
			return 0;
	printf("\nleft in .syncgate: %s\n", name);
	return 1;
}

/* Nothing of any claim is left. */
static inline void
assert_clean(void)
{
	int own = open(apr_pstrcat(pool, data_in, "/.syncgate", NULL),
	    O_RDONLY | O_DIRECTORY), ours = 0;

	if (intake != NULL)
		fp_spares_remove(intake);
	CU_ASSERT_EQUAL(fp_tree_walk(own, is_ours, &ours), 0);
	CU_ASSERT_EQUAL(ours, 5);
	close(own);
}

#endif
