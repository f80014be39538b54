/*
 * Folders that are known to have nothing with extended attributes in them.
 *
 *	bytes		a number that nobody outside knows, then the stamps,
 *			each 8 bytes of this machine's, the least first
 *
 * A stamp is made of names, inodes, modes and ctimes of all that is in a
 * folder.  Giving something attributes, or an ACL, sets its ctime, and no
 * program can set that back; so as long as the stamp is the same there are
 * none.
 */
#include "core/side/known.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#define STAMPS_MOST	(XN_KNOWN_MOST / sizeof(uint64_t) - 1)

struct xn_side_known {
	uint64_t seed;
	uint64_t sees;			/* whose eyes: see eyes() */
	uint64_t *old;			/* sorted; never changes */
	size_t old_n;
	pthread_mutex_t lock;
	uint64_t *now;			/* [0] is SEED, NOW_N behind it */
	size_t now_n, room;
	uint64_t *told;			/* what was handed out last */
};

/* ---- What was known ------------------------------------------------------ */

/*
 * Root is shown attributes (trusted.*) that others are not, unless it is only
 * that of a user namespace.
 */
static uint64_t
eyes(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	struct stat space;
	uint64_t sees = 0;

	if (syscall(SYS_capget, &head, data) != 0 ||
	    (data[0].effective & 1u << CAP_SYS_ADMIN) != 0)
		sees = 1;
	if (stat("/proc/self/ns/user", &space) == 0)
		sees |= (uint64_t)space.st_ino << 1;
	return sees;
}

/* Take the N BYTES apart: 0, or -1 and errno. */
static int
read_old(struct xn_side_known *known, const unsigned char *bytes, size_t n)
{
	size_t stamps = n / sizeof(uint64_t);

	if (n == 0) {
		xn_random(&known->seed, sizeof(known->seed));
		return 0;
	}
	errno = EINVAL;
	if (n % sizeof(uint64_t) != 0 || n > XN_KNOWN_MOST)
		return -1;
	known->old = malloc(n);
	if (known->old == NULL)
		return -1;
	memcpy(&known->seed, bytes, sizeof(known->seed));
	known->old_n = stamps - 1;
	memcpy(known->old, bytes + sizeof(uint64_t), n - sizeof(uint64_t));
	for (size_t i = 1; i < known->old_n; i++)
		if (known->old[i - 1] >= known->old[i]) {
			errno = EINVAL;
			return -1;
		}
	return 0;
}

struct xn_side_known *
xn_side__known_open(const void *bytes, size_t n)
{
	struct xn_side_known *known = calloc(1, sizeof(*known));

	if (known == NULL)
		return NULL;
	pthread_mutex_init(&known->lock, NULL);
	known->sees = eyes();
	if (read_old(known, bytes, n) == 0)
		return known;
	n = (size_t)errno;
	xn_side__known_close(known);
	errno = (int)n;
	return NULL;
}

void
xn_side__known_close(struct xn_side_known *known)
{
	if (known == NULL)
		return;
	pthread_mutex_destroy(&known->lock);
	free(known->old);
	free(known->now);
	free(known->told);
	free(known);
}

int
xn_side__known_any(const struct xn_side_known *known)
{
	return known->old_n > 0;
}

/* ---- Stamps -------------------------------------------------------------- */

/*
 * Only where the kernel alone says what a ctime is, and is known to set it with
 * attributes: not where another machine or a program does (NFS, FUSE), nor
 * where it is that of a file elsewhere (overlays); and tmpfs did not set it
 * before Linux 6.1.
 */
static int
is_of_a_kind(const struct statfs *fs)
{
	unsigned int kind = (unsigned int)fs->f_type;

	return kind == EXT4_SUPER_MAGIC || kind == XFS_SUPER_MAGIC ||
	    kind == BTRFS_SUPER_MAGIC;
}

static _Thread_local long long ahead;

void
xn_side__known_clock(long long seconds)
{
	ahead = seconds;
}

void
xn_side__known_begin(struct xn_side_stamp *stamp, int folder)
{
	struct timespec now;
	struct statfs fs;
	struct stat st;

	memset(stamp, 0, sizeof(*stamp));
	clock_gettime(CLOCK_REALTIME, &now);
	if (fstatfs(folder, &fs) != 0 || !is_of_a_kind(&fs) ||
	    fstat(folder, &st) != 0)
		return;
	stamp->may = 1;
	stamp->now = now.tv_sec + ahead;
	/* As an entry has it. */
	stamp->device = (unsigned int)st.st_dev;
	stamp->system[0] = (uint64_t)st.st_dev;
	memcpy(&stamp->system[1], &fs.f_fsid, sizeof(fs.f_fsid));
}

/* One entry, to be hashed behind what came before. */
static uint64_t
stamp_entry(uint64_t before, const xn_entry *e)
{
	struct {
		uint64_t inode;
		int64_t ctime;
		uint32_t nanoseconds;
		uint16_t mode;
		uint8_t type, unused;
		char name[XN_SIDE_NAME];
	} record;
	size_t n = strlen(e->name);

	if (n > sizeof(record.name))
		n = sizeof(record.name);
	record.inode = e->inode;
	record.ctime = e->ctime;
	record.nanoseconds = (uint32_t)e->ctime_nanoseconds;
	record.mode = e->mode;
	record.type = e->type;
	record.unused = 0;
	memcpy(record.name, e->name, n);
	return XXH3_64bits_withSeed(&record, sizeof(record) -
	    sizeof(record.name) + n, before);
}

/* Make the stamp; where something is of another file system there is none. */
static int
make(const struct xn_side_known *known, struct xn_side_stamp *stamp,
    const xn_list *list, int what)
{
	int n = xn_list_n(list);
	uint64_t head[5] = { stamp->system[0], stamp->system[1], known->sees,
		(uint64_t)what, (uint64_t)n };

	if (stamp->made || !stamp->may)
		return stamp->made;
	if (n < XN_SIDE_KNOWN_LEAST)
		return 0;
	stamp->value = XXH3_64bits_withSeed(head, sizeof(head), known->seed);
	for (int i = 0; i < n; i++) {
		const xn_entry *e = xn_list_entry(list, i);

		if (e->type == '?' || e->device != stamp->device)
			return 0;
		stamp->value = stamp_entry(stamp->value, e);
	}
	stamp->made = 1;
	return 1;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

/* STAMP is to be known the next time, if there is room. */
static void
note(struct xn_side_known *known, const struct xn_side_stamp *stamp)
{
	pthread_mutex_lock(&known->lock);
	if (known->now_n + 1 >= known->room && known->room <= STAMPS_MOST) {
		size_t room = known->room * 2 + 64;
		uint64_t *more = realloc(known->now, room * sizeof(*more));

		if (more != NULL) {
			known->now = more;
			known->room = room;
		}
	}
	if (known->now_n + 1 < known->room && known->now_n < STAMPS_MOST)
		known->now[1 + known->now_n++] = stamp->value;
	pthread_mutex_unlock(&known->lock);
}

int
xn_side__known_has(struct xn_side_known *known, struct xn_side_stamp *stamp,
    const xn_list *list, int what)
{
	if (!make(known, stamp, list, what) || known->old_n == 0 ||
	    bsearch(&stamp->value, known->old, known->old_n,
	    sizeof(*known->old), compare) == NULL)
		return 0;
	note(known, stamp);
	return 1;
}

/*
 * Does FOLDER's file system show all that is there?  Mounted with noacl or
 * nouser_xattr it does not, and may be mounted otherwise the next time.
 */
static int
shows_all(int folder)
{
	static const char *const names[] = { "system.posix_acl_access",
		"user.syncgate" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (fgetxattr(folder, names[i], NULL, 0) == -1 &&
		    errno != ENODATA)
			return 0;
	return 1;
}

void
xn_side__known_add(struct xn_side_known *known, struct xn_side_stamp *stamp,
    int folder, const xn_list *list, int what)
{
	int n = xn_list_n(list);

	if (n < XN_SIDE_KNOWN_LEAST || !stamp->may)
		return;
	for (int i = 0; i < n; i++) {
		const xn_entry *e = xn_list_entry(list, i);

		if (e->attrs_n > 0 || e->type == '?' || e->ctime >=
		    stamp->now - XN_SIDE_KNOWN_SETTLED)
			return;
	}
	/* One may have been looked at again since it was made. */
	stamp->made = 0;
	if (make(known, stamp, list, what) && shows_all(folder))
		note(known, stamp);
}

/* ---- For the next time --------------------------------------------------- */

/* Sort them; a folder may have been listed twice. */
static void
sort(struct xn_side_known *known)
{
	uint64_t *stamps = known->now + 1;
	size_t kept = 0;

	if (known->now_n > 1)
		qsort(stamps, known->now_n, sizeof(*stamps), compare);
	for (size_t i = 0; i < known->now_n; i++)
		if (kept == 0 || stamps[kept - 1] != stamps[i])
			stamps[kept++] = stamps[i];
	known->now_n = kept;
}

/* The same with the lock held. */
static const void *
tell(struct xn_side_known *known, size_t *n, int *changed)
{
	size_t size;

	if (known->now == NULL) {
		known->now = malloc(sizeof(*known->now));
		if (known->now == NULL)
			return NULL;
		known->room = 1;
	}
	known->now[0] = known->seed;
	sort(known);
	size = known->now_n * sizeof(*known->now);
	*n = sizeof(*known->now) + size;
	*changed = known->now_n != known->old_n || (size > 0 &&
	    memcmp(known->now + 1, known->old, size) != 0);
	free(known->told);
	known->told = malloc(*n);
	if (known->told != NULL)
		memcpy(known->told, known->now, *n);
	return known->told;
}

const void *
xn_side__known_bytes(struct xn_side_known *known, size_t *n, int *changed)
{
	const void *bytes;

	pthread_mutex_lock(&known->lock);
	bytes = tell(known, n, changed);
	pthread_mutex_unlock(&known->lock);
	return bytes;
}
