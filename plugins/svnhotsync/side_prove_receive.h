/*
 * side_prove_receive.h: a mirror receives what mends it, under a lock and names
 * of our own in its db.
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_RECEIVE_H
#define SVNHOTSYNC_SIDE_PROVE_RECEIVE_H

#include "side_prove.h"

#define MEND		"syncgate-mend"		/* what comes, */
#define MEND_BUILT	"syncgate-mend-built"	/* and what is made of it */
#define MEND_LOCK	"syncgate-mend-lock"
#define MEND_WAIT	60000			/* milliseconds */
#define REPLACED	"replaced-by-syncgate"	/* a folder in db */
#define REPLACED_MAX	100			/* files in it */

static inline void
mend_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* Done, or cut off: nothing of ours stays. */
static void
mend_end(struct prove *v)
{
	if (v->mend_lock != -1) {
		xn_unlink(v->s.db, MEND);
		xn_unlink(v->s.db, MEND_BUILT);
	}
	mend_close(&v->file);
	mend_close(&v->built);
	mend_close(&v->write_lock);
	mend_close(&v->mend_lock);
	free(v->text);
	v->text = NULL;
}

/* Remove what a repair that was killed left, unless another one is going on. */
static inline void
mend_sweep(struct prove *v)
{
	xn_stat_t st;
	int fd;

	if (xn_stat(v->s.db, MEND, &st) != 0 &&
	    xn_stat(v->s.db, MEND_BUILT, &st) != 0)
		return;
	fd = xn_open(v->s.db, MEND_LOCK, XN_O_READ | XN_O_WRITE, 0);
	if (fd != -1 && xn_lock(fd, 0) == 0)
		v->mend_lock = fd;
	else if (fd != -1)
		close(fd);
	mend_end(v);
}

/* Take the lock NAME in db, for which WAIT milliseconds are waited. */
static inline int
mend_lock(struct prove *v, const char *name, int wait)
{
	int fd = xn_open(v->s.db, name, XN_O_READ | XN_O_WRITE | XN_O_CREATE,
	    0666);
	int number;

	if (fd == -1)
		xn_fail("cannot open %s/db/%s: %m", v->s.path, name);
	if (xn_lock(fd, wait) == 0)
		return fd;
	number = errno;
	close(fd);
	errno = number;
	if (errno == EAGAIN)
		xn_fail("cannot take the lock %s/db/%s: somebody else has it",
		    v->s.path, name);
	xn_fail("cannot take the lock %s/db/%s: %m", v->s.path, name);
}

/* A new file, in the place of what a killed run left. */
static inline int
mend_create(struct prove *v, const char *name)
{
	int fd;

	if (xn_unlink(v->s.db, name) != 0 && errno != ENOENT)
		xn_fail("cannot remove %s/db/%s: %m", v->s.path, name);
	fd = xn_open(v->s.db, name, XN_O_READ | XN_O_WRITE | XN_O_CREATE |
	    XN_O_EXCLUSIVE, 0444);
	if (fd == -1)
		xn_fail("cannot make %s/db/%s: %m", v->s.path, name);
	return fd;
}

static inline void
mend_write(struct prove *v, int fd, const void *bytes, size_t n)
{
	if (xn_write_full(fd, bytes, n) != 0)
		xn_fail("cannot write what mends %s: %m", v->s.path);
}

/* The folder of PATH, which may have gone with what was in it. */
static inline void
mend_folder(struct prove *v, const char *path)
{
	char folder[PATH_SIZE], *slash;

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') -
	    path), path);
	if (xn_mkdir(v->s.db, folder, 0777) != 0) {
		if (errno != EEXIST)
			xn_fail("cannot make %s/db/%s: %m", v->s.path, folder);
		return;
	}
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	if (xn_sync_dir(v->s.db, slash == NULL ? "" : folder) != 0)
		xn_fail("cannot sync %s/db/%s: %m", v->s.path, folder);
}

/* What is to come, and where it is kept: 1 if it is a text. */
static inline int
is_text(const char *what)
{
	return strcmp(what, "props") == 0 || strcmp(what, "propspack") == 0 ||
	    strcmp(what, "manifest") == 0;
}

/* Is WHAT a thing that mends what is WANTED? */
static inline int
mend_fits(const struct prove *v, const char *wanted, const char *what)
{
	if (strcmp(wanted, "file") == 0)
		return strcmp(what, "file") == 0 ||
		    (strcmp(what, "items") == 0 && !v->s.fs.physical);
	if (strcmp(wanted, "pack") == 0)
		return strcmp(what, "pack") == 0 ||
		    strcmp(what, v->s.fs.physical ? "file" : "items") == 0 ||
		    (strcmp(what, "manifest") == 0 && v->s.fs.physical);
	return strcmp(wanted, what) == 0;
}

/* Begin to receive SIZE bytes of WHAT. */
static inline void
mend_begin(struct prove *v, const char *what, long long size)
{
	v->left = size;
	if (is_text(what)) {
		if (size > PROPS_MAX || v->text != NULL)
			xn_fail("the source sent a text that cannot be");
		v->text = malloc((size_t)size + 1);
		if (v->text == NULL)
			xn_fail("out of memory");
		v->text[0] = '\0';
		v->text_n = 0;
		return;
	}
	if (size < 1 || size > FILE_SIZE_LIMIT || v->file != -1)
		xn_fail("the source sent a file that cannot be");
	v->file = mend_create(v, MEND);
}

static inline void
mend_piece(struct prove *v, const char *what, const void *bytes, size_t n)
{
	if (n == 0 || (long long)n > v->left)
		xn_fail("the source sent a piece that does not fit");
	v->left -= (long long)n;
	if (!is_text(what)) {
		mend_write(v, v->file, bytes, n);
		return;
	}
	memcpy(v->text + v->text_n, bytes, n);
	v->text_n += n;
	v->text[v->text_n] = '\0';
}

/* Receive all that mends what is WANTED; OUT: "file" or "items", or the rest.
 *  */
static inline void
mend_receive(struct prove *v, const char *wanted, char out[16])
{
	const xn_value *message;
	const char *tag, *what;
	const void *bytes;
	long long size;
	char now[16];
	size_t n;

	out[0] = now[0] = '\0';
	v->left = 0;
	for (;;) {
		message = xn_receive_value(v->channel, XN_FOREVER);
		if (xn_unpack_value(message, "(ssl)", &tag, &what, &size) &&
		    strcmp(tag, "body") == 0 && v->left == 0 && size >= 0 &&
		    mend_fits(v, wanted, what)) {
			mend_begin(v, what, size);
			snprintf(now, sizeof(now), "%s", what);
			if (out[0] == '\0')
				snprintf(out, 16, "%s", what);
		} else if (xn_unpack_value(message, "(sy)", &tag, &bytes, &n) &&
		    strcmp(tag, "p") == 0 && now[0] != '\0') {
			mend_piece(v, now, bytes, n);
		} else if (xn_unpack_value(message, "(ss)", &tag, &what) &&
		    strcmp(tag, "sent") == 0 && v->left == 0 &&
		    out[0] != '\0') {
			return;
		} else {
			xn_fail("the source sent something else than what "
			    "mends the mirror");
		}
	}
}

static inline void
mend_check(const unsigned char is[16], const unsigned char said[16],
    long long rev)
{
	if (memcmp(is, said, 16) != 0)
		xn_fail("the source sent another r%lld than it says that it "
		    "has; nothing was changed", rev);
}

/* ---- What is replaced ---------------------------------------------------- */

/* How many there are. */
static inline long
kept_count(struct prove *v)
{
	xn_dir *dir = xn_dir_open(v->s.db, REPLACED);
	long n = 0;

	if (dir == NULL)
		xn_fail("cannot read %s/db/" REPLACED ": %m", v->s.path);
	while (xn_dir_next(dir) != NULL)
		n++;
	xn_dir_close(dir);
	return n;
}

/* Another name for the file PATH, which is about to be replaced; it takes no
 * copy. */
static inline void
mend_keep(struct prove *v, const char *path)
{
	char name[PATH_SIZE], to[2 * PATH_SIZE];
	int failed, n = 0;

	if (xn_mkdir(v->s.db, REPLACED, 0777) != 0 && errno != EEXIST)
		xn_fail("cannot make %s/db/" REPLACED ": %m", v->s.path);
	if (kept_count(v) >= REPLACED_MAX)
		xn_fail("%s/db/" REPLACED " has %d files of earlier repairs: "
		    "look at them, and move them away; nothing was changed",
		    v->s.path, REPLACED_MAX);
	snprintf(name, sizeof(name), "%s", path);
	for (char *p = name; *p != '\0'; p++)
		if (*p == '/')
			*p = '-';
	do {
		snprintf(to, sizeof(to), REPLACED "/%.90s.%d", name, ++n);
		failed = xn_hardlink(v->s.db, path, to);
	} while (failed != 0 && errno == EEXIST);
	if (failed != 0 && errno == ENOENT)	/* there is nothing */
		return;
	if (failed != 0 || xn_sync_dir(v->s.db, REPLACED) != 0)
		xn_fail("cannot keep %s/db/%s as %s: %m", v->s.path, path, to);
	snprintf(v->kept, sizeof(v->kept), "%s", to);
}

#endif
