/*
 * landlock.c: which files a program may open, by the kernel.
 *
 * Landlock (Linux 5.13) knows files by their folders.  The C library has no
 * calls for it, and its header may be older than the kernel, so the numbers
 * stand here.  What it leaves alone (modes, owners, times, attributes; sockets
 * with a name) is seccomp.c's.
 */
#include "agent/limit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#define CALL_CREATE	444	/* the same on all machines */
#define CALL_ADD_RULE	445
#define CALL_RESTRICT	446
#define GET_VERSION	1u	/* LANDLOCK_CREATE_RULESET_VERSION */
#define BENEATH		1	/* LANDLOCK_RULE_PATH_BENEATH */

#define NULL_DEVICE	"/dev/null"

#define EXECUTE		(1ull << 0)
#define WRITE_FILE	(1ull << 1)
#define READ_FILE	(1ull << 2)
#define READ_DIR	(1ull << 3)
#define REMOVE_AND_MAKE	(0x1ffull << 4)	/* two kinds removed, seven made */
#define REFER		(1ull << 13)	/* from ABI 2 */
#define TRUNCATE	(1ull << 14)	/* 3 */
#define IOCTL_DEV	(1ull << 15)	/* 5 */

#define ON_FILES	(EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)
#define ALL_READ	(READ_FILE | READ_DIR)
#define SCOPES		3ull		/* abstract sockets, signals: from 6 */

struct ruleset {
	uint64_t fs, net, scoped;
};

struct rule {
	uint64_t allowed;
	int32_t folder;
} __attribute__((packed));

struct landlock {
	int fd;
	uint64_t handled;
	char *error;
	size_t size;
};

int
xn_landlock_abi(void)
{
	return (int)syscall(CALL_CREATE, NULL, 0ul, GET_VERSION);
}

static int
refuse(const struct landlock *l, const char *what, const char *path)
{
	snprintf(l->error, l->size, "remote_exec: cannot limit %s%s: %s", what,
	    path, strerror(errno));
	return -1;
}

/* RIGHTS beneath PATH; those of folders make no sense for a file. */
static int
allow(const struct landlock *l, const char *path, uint64_t rights)
{
	struct rule rule = { rights & l->handled, -1 };
	struct stat st;
	int rc;

	if (rule.allowed == 0)
		return 0;
	rule.folder = open(path, O_PATH | O_CLOEXEC);
	if (rule.folder < 0)
		return -1;
	if (fstat(rule.folder, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= ON_FILES;
	rc = rule.allowed == 0 ? 0 : (int)syscall(CALL_ADD_RULE, l->fd, BENEATH,
	    &rule, 0u);
	if (rc != 0) {
		int number = errno;

		close(rule.folder);
		errno = number;
		return -1;
	}
	close(rule.folder);
	return 0;
}

static int
allow_all(const struct landlock *l, const char *what, const xn_value *paths,
    uint64_t rights)
{
	for (unsigned int i = 0; paths != NULL && i < paths->size; i++)
		if (allow(l, paths->u.items[i].u.text, rights) != 0)
			return refuse(l, what, paths->u.items[i].u.text);
	return 0;
}

/* What a kernel with ABI can watch over. */
static uint64_t
known_rights(int abi)
{
	uint64_t rights = ALL_READ | EXECUTE | WRITE_FILE | REMOVE_AND_MAKE;

	if (abi >= 2)
		rights |= REFER;
	if (abi >= 3)
		rights |= TRUNCATE;
	if (abi >= 5)
		rights |= IOCTL_DEV;
	return rights;
}

/*
 * Moving and linking between folders (REFER) is refused to everybody who is in
 * Landlock at all, unless it is named: so it always is, and everywhere allowed
 * where writing is not limited.  That also makes a ruleset without paths one
 * that the kernel accepts.
 */
static int
add_rules(const struct landlock *l, const struct xn_limits *limits,
    uint64_t writing)
{
	if (limits->write == NULL && (l->handled & REFER) != 0 &&
	    allow(l, "/", REFER) != 0)
		return refuse(l, "paths: the rule for ", "/");
	if (allow_all(l, "read to ", limits->read, ALL_READ) != 0 ||
	    allow_all(l, "write to ", limits->write, writing) != 0 ||
	    allow_all(l, "exec to ", limits->exec, EXECUTE | ALL_READ) != 0)
		return -1;
	/* Every child that is started has it for what it gets no pipe for. */
	allow(l, NULL_DEVICE, READ_FILE | WRITE_FILE | TRUNCATE);
	return 0;
}

static int
create(struct landlock *l, int abi)
{
	struct ruleset set = { l->handled, 0, abi >= 6 ? SCOPES : 0 };
	size_t n = abi >= 6 ? sizeof(set) : abi >= 4 ?
	    offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);

	l->fd = (int)syscall(CALL_CREATE, &set, n, 0u);
	return l->fd < 0 ? -1 : 0;
}

static int
no_landlock(char *error, size_t size, const struct xn_limits *limits)
{
	if (!xn_limits_paths(limits))
		return 0;
	snprintf(error, size, "remote_exec: cannot limit paths: %s",
	    errno == EOPNOTSUPP ? "Landlock is switched off in this kernel "
	    "(lsm= at boot)" : "this kernel has no Landlock (Linux 5.13 has)");
	return -1;
}

int
xn_landlock_enter(const struct xn_limits *limits, char *error, size_t size)
{
	struct landlock l = { .error = error, .size = size };
	int abi = xn_landlock_abi(), rc;
	uint64_t known = known_rights(abi);
	uint64_t writing = known & ~(ALL_READ | EXECUTE);

	if (abi < 1)
		return no_landlock(error, size, limits);
	l.handled = known & REFER;
	if (limits->read != NULL)
		l.handled |= ALL_READ;
	if (limits->write != NULL)
		l.handled |= writing;
	if (limits->exec != NULL)
		l.handled |= EXECUTE;
	if (l.handled == 0)
		return 0;	/* ABI 1, and no paths */
	if (create(&l, abi) != 0)
		return refuse(&l, "paths: a Landlock ruleset", "");
	rc = add_rules(&l, limits, writing);
	if (rc == 0 && syscall(CALL_RESTRICT, l.fd, 0u) != 0)
		rc = refuse(&l, "paths: entering Landlock", "");
	close(l.fd);
	return rc;
}

/* 1 if PATH lies beneath one of FOLDERS. */
static int
is_beneath(const char *path, const xn_value *folders)
{
	char inner[PATH_MAX], outer[PATH_MAX];
	size_t n;

	if (realpath(path, inner) == NULL)
		return 0;
	for (unsigned int i = 0; i < folders->size; i++) {
		if (realpath(folders->u.items[i].u.text, outer) == NULL)
			continue;
		n = strcmp(outer, "/") == 0 ? 0 : strlen(outer);
		if (strncmp(inner, outer, n) == 0 &&
		    (inner[n] == '/' || inner[n] == '\0'))
			return 1;
	}
	return 0;
}

/*
 * 1 if /dev/null, which all may open, is neither named as one that may be
 * changed nor safe by who owns it.  A capability counts whatever it is: with
 * the right one the program becomes its owner.
 */
static int
null_can_be_changed(const xn_value *folders)
{
	struct __user_cap_header_struct head = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};
	struct __user_cap_data_struct data[2] = { { 0, 0, 0 } };
	uid_t real, effective, saved;
	struct stat st;

	if (stat(NULL_DEVICE, &st) != 0 || is_beneath(NULL_DEVICE, folders))
		return 0;
	return syscall(SYS_capget, &head, data) != 0 ||
	    (data[0].permitted | data[1].permitted) != 0 ||
	    getresuid(&real, &effective, &saved) != 0 ||
	    st.st_uid == real || st.st_uid == effective || st.st_uid == saved;
}

int
xn_landlock_opened_within_write(const struct xn_limits *limits)
{
	const xn_value *readable[] = { limits->read, limits->exec };

	if (limits->read == NULL || null_can_be_changed(limits->write))
		return 0;
	for (int k = 0; k < 2; k++)
		for (unsigned int i = 0; readable[k] != NULL &&
		    i < readable[k]->size; i++)
			if (!is_beneath(readable[k]->u.items[i].u.text,
			    limits->write))
				return 0;
	return 1;
}
