#include "plugins/fileproc/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

apr_time_t
fp_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (apr_time_t)t.tv_sec * APR_USEC_PER_SEC + t.tv_nsec / 1000;
}

xn_error_t *
fp_new_id(char id[FP_ID_LENGTH + 1])
{
	unsigned char bytes[FP_ID_LENGTH / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return xn_error_system(errno, "cannot get random bytes");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return NULL;
}

int
fp_is_id(const char *text)
{
	return strspn(text, "0123456789abcdef") == FP_ID_LENGTH &&
	    text[FP_ID_LENGTH] == '\0';
}

const char *
fp_base(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash != NULL ? slash + 1 : name;
}

int
fp_pattern(const char *const *patterns, const char *name)
{
	int i = 0;

	for (; patterns != NULL && patterns[i] != NULL; i++) {
		int whole = strchr(patterns[i], '/') != NULL;

		if (fnmatch(patterns[i], whole ? name : fp_base(name),
		    FNM_PATHNAME) == 0)
			return i;
	}
	return i;
}

static int
next_folder(int folder, const char *part, int make)
{
	int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(folder, part, flags);

	if (fd == -1 && errno == ENOENT && make &&
	    (mkdirat(folder, part, 0777) == 0 || errno == EEXIST))
		fd = openat(folder, part, flags);
	return fd;
}

int
fp_parent(int dir, const char *name, int make)
{
	char part[NAME_MAX + 1];
	int folder = dir;
	const char *slash;

	for (; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
		size_t n = (size_t)(slash - name);
		int next = -1;

		if (n == 0 || n > NAME_MAX || (n <= 2 &&
		    strncmp(name, "..", n) == 0)) {
			errno = EINVAL;
		} else {
			memcpy(part, name, n);
			part[n] = '\0';
			next = next_folder(folder, part, make);
		}
		fp_parent_done(dir, folder);
		if (next == -1)
			return -1;
		folder = next;
	}
	return folder;
}

void
fp_parent_done(int dir, int parent)
{
	int number = errno;

	if (parent != dir && parent != -1)
		close(parent);
	errno = number;
}

/* For file systems that do not know RENAME_NOREPLACE. */
static int
rename_slowly(int from, const char *old, int to, const char *new)
{
	struct stat st;

	if (fstatat(from, old, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		if (linkat(from, old, to, new, 0) == 0)
			return unlinkat(from, old, 0);
		if (errno != EPERM && errno != EOPNOTSUPP)
			return -1;
	}
	/* A folder replaces none but an empty one.  Of a file without links
	 * nothing better can be had. */
	if (fstatat(to, new, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from, old, to, new);
}

int
fp_rename_new(int from, const char *old, int to, const char *new)
{
	if (renameat2(from, old, to, new, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return rename_slowly(from, old, to, new);
}

void
fp_note(fp_intake_t *in, enum fp_note kind, const char *format, ...)
{
	char text[FP_NAME_MAX + 1024];
	va_list args;

	if ((in->noted & 1u << kind) != 0)
		return;
	in->noted |= 1u << kind;
	if (in->options.note == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	in->options.note(in->options.baton, text);
}
