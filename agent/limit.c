/*
 * limit.c: reads the limits of a program, and puts them in force.
 */
#include "agent/limit.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "agent/append.h"

#define PATHS_MAX	256	/* of one kind */
#define NUMBER_MAX	((int64_t)1 << 53)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1	/* their shadow memory is far above any RLIMIT_AS */
#else
#define SANITIZED 0
#endif

/* ---- Reading them --------------------------------------------------------- */

static int __attribute__((format(printf, 3, 4)))
refuse(char *error, size_t size, const char *format, ...)
{
	int n = snprintf(error, size, "remote_exec: ");
	va_list ap;

	va_start(ap, format);
	vsnprintf(error + n, size - (size_t)n, format, ap);
	va_end(ap);
	return -1;
}

static int
parse_seconds(double *out, const xn_value *v)
{
	if (v->kind == XN_INT)
		*out = (double)v->u.integer;
	else if (v->kind == XN_FLOAT)
		*out = v->u.real;
	else
		return -1;
	return isfinite(*out) && *out > 0 && *out < (double)NUMBER_MAX ? 0 :
	    -1;
}

static int
parse_number(int64_t *out, const xn_value *v)
{
	if (v->kind != XN_INT || v->u.integer <= 0 ||
	    v->u.integer > NUMBER_MAX)
		return -1;
	*out = v->u.integer;
	return 0;
}

/* bytes and u.text are the same pointer, with a NUL behind the text. */
static const char *
path_of(const xn_value *v)
{
	if ((v->kind != XN_STR && v->kind != XN_BYTES) || v->size == 0 ||
	    v->size > XN_TEXT_BYTES_MAX || v->u.text[0] != '/' ||
	    strlen(v->u.text) != v->size)
		return NULL;
	return v->u.text;
}

static int
parse_paths(const xn_value **out, const xn_value *v)
{
	if ((v->kind != XN_LIST && v->kind != XN_TUPLE) || v->size > PATHS_MAX)
		return -1;
	for (unsigned int i = 0; i < v->size; i++)
		if (path_of(&v->u.items[i]) == NULL)
			return -1;
	*out = v;
	return 0;
}

static int
parse_network(struct xn_limits *limits, const xn_value *v)
{
	if (v->kind != XN_BOOL)
		return -1;
	limits->no_network = !v->u.boolean;
	return 0;
}

static int
parse_one(struct xn_limits *limits, const char *key, const xn_value *v,
    char *error, size_t size)
{
	const char *wanted = "a positive whole number";
	int rc;

	if (strcmp(key, "seconds") == 0) {
		rc = parse_seconds(&limits->seconds, v);
		wanted = "a positive number";
	} else if (strcmp(key, "memory") == 0) {
		rc = parse_number(&limits->memory, v);
	} else if (strcmp(key, "cpu") == 0) {
		rc = parse_number(&limits->cpu, v);
	} else if (strcmp(key, "files") == 0) {
		rc = parse_number(&limits->files, v);
	} else if (strcmp(key, "processes") == 0) {
		rc = parse_number(&limits->processes, v);
	} else if (strcmp(key, "network") == 0) {
		rc = parse_network(limits, v);
		wanted = "a bool";
	} else {
		wanted = "a list of at most 256 absolute paths";
		if (strcmp(key, "read") == 0)
			rc = parse_paths(&limits->read, v);
		else if (strcmp(key, "write") == 0)
			rc = parse_paths(&limits->write, v);
		else if (strcmp(key, "exec") == 0)
			rc = parse_paths(&limits->exec, v);
		else
			return refuse(error, size, "limit '%.40s' is unknown "
			    "(there are seconds, memory, cpu, files, "
			    "processes, read, write, exec, network)", key);
	}
	return rc == 0 ? 0 : refuse(error, size, "limit '%s' is not %s", key,
	    wanted);
}

int
xn_limits_parse(struct xn_limits *limits, const xn_value *dict, char *error,
    size_t size)
{
	memset(limits, 0, sizeof(*limits));
	if (dict == NULL || dict->kind == XN_NONE)
		return 0;
	if (dict->kind != XN_DICT)
		return refuse(error, size, "limits are not a dict");
	for (unsigned int i = 0; i < dict->size; i++) {
		const xn_value *key = &dict->u.items[2 * i];

		if (key->kind != XN_STR)
			return refuse(error, size, "a limit's name is no str");
		if (parse_one(limits, key->u.text, key + 1, error, size) != 0)
			return -1;
	}
	return 0;
}

int
xn_limits_paths(const struct xn_limits *limits)
{
	return limits->read != NULL || limits->write != NULL ||
	    limits->exec != NULL;
}

int
xn_limits_any(const struct xn_limits *limits)
{
	return xn_limits_paths(limits) || limits->no_network ||
	    limits->seconds > 0 || limits->memory > 0 || limits->cpu > 0 ||
	    limits->files > 0 || limits->processes > 0;
}

/* ---- As text -------------------------------------------------------------- */

static void
add_number(char *out, size_t size, size_t *n, const char *key, int64_t value)
{
	if (value > 0)
		xn_append(out, size, n, "%s%s=%lld", *n > 0 ? " " : "", key,
		    (long long)value);
}

static void
add_paths(char *out, size_t size, size_t *n, const char *key,
    const xn_value *list)
{
	if (list == NULL)
		return;
	xn_append(out, size, n, "%s%s=%s", *n > 0 ? " " : "", key,
	    list->size == 0 ? "none" : "");
	for (unsigned int i = 0; i < list->size; i++)
		xn_append(out, size, n, "%s%s", i > 0 ? ":" : "",
		    list->u.items[i].u.text);
}

void
xn_limits_text(char *out, size_t size, const struct xn_limits *limits)
{
	size_t n = 0;

	out[0] = '\0';
	if (limits->seconds > 0)
		xn_append(out, size, &n, "seconds=%g", limits->seconds);
	add_number(out, size, &n, "memory", limits->memory);
	add_number(out, size, &n, "cpu", limits->cpu);
	add_number(out, size, &n, "files", limits->files);
	add_number(out, size, &n, "processes", limits->processes);
	add_paths(out, size, &n, "read", limits->read);
	add_paths(out, size, &n, "write", limits->write);
	add_paths(out, size, &n, "exec", limits->exec);
	if (limits->no_network)
		xn_append(out, size, &n, "%snetwork=no", n > 0 ? " " : "");
}

/* ---- Putting them in force ------------------------------------------------ */

/*
 * What root may do beyond its own files would lift the limits; and a limit that
 * the kernel does not hold root to is none.  What is left is what changes files
 * of others and becomes another user.
 */
static int
drop_capabilities(const struct xn_limits *limits, char *error, size_t size)
{
	static const uint32_t file_work = 1u << CAP_CHOWN |
	    1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_FSETID |
	    1u << CAP_KILL | 1u << CAP_SETGID | 1u << CAP_SETUID |
	    1u << CAP_LEASE;
	struct __user_cap_header_struct head = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};
	struct __user_cap_data_struct data[2];
	int sealed = xn_limits_paths(limits) || limits->no_network ||
	    limits->processes > 0;
	uint32_t keep[2] = { ~(1u << CAP_SYS_RESOURCE), ~0u };

	if (sealed) {
		keep[0] = file_work;
		keep[1] = 0;
	}
	for (unsigned long cap = 0; cap < 64; cap++)
		if ((keep[cap / 32] >> cap % 32 & 1) == 0)
			/* EINVAL: the kernel has no such; EPERM: no root */
			prctl(PR_CAPBSET_DROP, cap, 0ul, 0ul, 0ul);
	if (syscall(SYS_capget, &head, data) != 0)
		return refuse(error, size, "cannot limit it: capget: %m");
	for (int i = 0; i < 2; i++) {
		data[i].effective &= keep[i];
		data[i].permitted &= keep[i];
		data[i].inheritable &= keep[i];
	}
	if (syscall(SYS_capset, &head, data) != 0)
		return refuse(error, size, "cannot limit it: capset: %m");
	return 0;
}

/* An emulator may say yes and do nothing: look at what is kept. */
static int
set_limit(int what, int64_t soft, int64_t hard, const char *name, char *error,
    size_t size)
{
	struct rlimit r = { (rlim_t)soft, (rlim_t)hard }, before, now;

	if (soft == 0)
		return 0;
	if (getrlimit(what, &before) != 0)
		return refuse(error, size, "cannot limit %s: %m", name);
	/* A lower limit of the whole user's stays. */
	if (before.rlim_max < r.rlim_max)
		r.rlim_max = before.rlim_max;
	if (r.rlim_max < r.rlim_cur)
		r.rlim_cur = r.rlim_max;
	if (setrlimit(what, &r) != 0)
		return refuse(error, size, "cannot limit %s to %lld: %m", name,
		    (long long)soft);
	if (getrlimit(what, &now) != 0 || now.rlim_cur != r.rlim_cur)
		return refuse(error, size, "cannot limit %s: this system "
		    "accepts the limit and does not keep it", name);
	return 0;
}

/* The address space in use, in bytes; 0 if that cannot be known. */
static int64_t
memory_in_use(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long long pages = 0;

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lld", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static int
check_memory(const struct xn_limits *limits, char *error, size_t size)
{
	int64_t used = limits->memory > 0 ? memory_in_use() : 0;

	if (limits->memory > 0 && SANITIZED)
		return refuse(error, size, "cannot limit memory: this agent "
		    "was built with a sanitizer");
	if (limits->memory > 0 && limits->memory < used)
		return refuse(error, size, "cannot limit memory to %lld bytes: "
		    "the agent itself has %lld", (long long)limits->memory,
		    (long long)used);
	return 0;
}

static int
set_limits(const struct xn_limits *limits, char *error, size_t size)
{
	/* One second more for a program that ignores the first signal. */
	return set_limit(RLIMIT_CPU, limits->cpu, limits->cpu + 1, "cpu",
	    error, size) != 0 || set_limit(RLIMIT_NOFILE, limits->files,
	    limits->files, "files", error, size) != 0 ||
	    set_limit(RLIMIT_AS, limits->memory, limits->memory, "memory",
	    error, size) != 0 ? -1 : 0;
}

/* Give the listener to the keeper; this process must not answer itself. */
static int
send_listener(int ask, int listener, char *error, size_t size)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control.room)
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t put;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &listener, sizeof(int));
	put = sendmsg(ask, &m, MSG_NOSIGNAL);
	close(listener);
	if (put != 1)
		return refuse(error, size, "cannot limit processes: the "
		    "keeper does not take the filter: %m");
	return 0;
}

/*
 * Whatever opens files or sees /proc comes before Landlock, whatever makes
 * system calls that it refuses before the filter, and the numbers last, so
 * that no step here runs into them.
 */
int
xn_limits_enter(const struct xn_limits *limits, int ask, char *error,
    size_t size)
{
	int sealed = xn_limits_paths(limits) || limits->no_network ||
	    limits->processes > 0, listener = -1;

	if (check_memory(limits, error, size) != 0)
		return -1;
	if (limits->processes > 0 && access("/proc/self/stat", R_OK) != 0)
		return refuse(error, size, "cannot limit processes: there is "
		    "no /proc in which they could be counted");
	if (sealed && prctl(PR_SET_NO_NEW_PRIVS, 1ul, 0ul, 0ul, 0ul) != 0)
		return refuse(error, size, "cannot limit it: "
		    "PR_SET_NO_NEW_PRIVS: %m");
	if (sealed && xn_landlock_enter(limits, error, size) != 0)
		return -1;
	if (xn_limits_any(limits) &&
	    drop_capabilities(limits, error, size) != 0)
		return -1;
	if (sealed && xn_seccomp_enter(limits, &listener, error, size) != 0)
		return -1;
	if (listener >= 0 && send_listener(ask, listener, error, size) != 0)
		return -1;
	if (ask >= 0)
		close(ask);
	return set_limits(limits, error, size);
}
