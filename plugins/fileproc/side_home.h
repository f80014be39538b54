/*
 * side_home.h: the folder that holds a user's rooms, and what is dead in it.
 *
 * Who makes or removes rooms in a home holds its file `lock` meanwhile.  A home
 * goes when the last room has gone: who gets the lock looks whether it is still
 * that of the folder which has the name now.
 */
#ifndef FILEPROC_SIDE_HOME_H
#define FILEPROC_SIDE_HOME_H

#include "side_text.h"

#define FP_NAME		192	/* a room's or a home's name */
#define FP_LOCK_WAIT	10000	/* milliseconds */
#define FP_TRIES	20
#define FP_DEAD		".dead-"

struct fp_home {
	char base[4096];
	char name[FP_NAME];
	int base_fd, fd;	/* -1: not open */
	int lock;		/* -1: not held */
};

static inline void
fp_home_init(struct fp_home *home)
{
	home->base_fd = home->fd = home->lock = -1;
}

static inline void
fp_home_unlock(struct fp_home *home)
{
	fp_close(&home->lock);
}

static inline void
fp_home_close(struct fp_home *home)
{
	fp_close(&home->lock);
	fp_close(&home->fd);
	fp_close(&home->base_fd);
}

/* Open the home NAME, if it is a folder of ours that nobody else writes in. */
static inline int
fp_home_open(struct fp_home *home, const char *name)
{
	xn_stat_t st;

	snprintf(home->name, sizeof(home->name), "%s", name);
	home->fd = xn_open(home->base_fd, name, XN_O_READ | XN_O_DIRECTORY, 0);
	if (home->fd == -1)
		return -1;
	if (xn_fstat(home->fd, &st) == 0 && st.uid == (int)geteuid() &&
	    (st.mode & 022) == 0)
		return 0;
	fp_close(&home->fd);
	errno = EPERM;
	return -1;
}

/* 0 with the lock of the home held; errno ESTALE: it was removed meanwhile. */
static inline int
fp_home_lock(struct fp_home *home)
{
	xn_stat_t ours, there;

	home->lock = xn_open(home->fd, "lock", XN_O_READ | XN_O_WRITE |
	    XN_O_CREATE, 0600);
	if (home->lock == -1) {
		if (errno == ENOENT)
			errno = ESTALE;
		return -1;
	}
	if (xn_lock(home->lock, FP_LOCK_WAIT) != 0) {
		fp_close(&home->lock);
		return -1;
	}
	if (xn_fstat(home->lock, &ours) == 0 &&
	    xn_stat(home->fd, "lock", &there) == 0 &&
	    ours.inode == there.inode)
		return 0;
	fp_close(&home->lock);
	errno = ESTALE;
	return -1;
}

/* Open and lock the home NAME, which is made if MAKE says so. */
static inline int
fp_home_try(struct fp_home *home, const char *name, int make)
{
	int i;

	for (i = 0; i < FP_TRIES; i++) {
		if (make && xn_mkdir(home->base_fd, name, 0700) != 0 &&
		    errno != EEXIST)
			return -1;
		if (fp_home_open(home, name) == 0) {
			if (fp_home_lock(home) == 0)
				return 0;
			fp_close(&home->fd);
		} else if (make && errno == ENOENT) {
			/* Its last room went since it was made. */
			errno = ESTALE;
		}
		if (errno != ESTALE)
			return -1;
	}
	return -1;
}

/* Our home beneath BASE, open and locked; 0, or -1 and errno. */
static inline int
fp_home_enter(struct fp_home *home, const char *base, int make)
{
	char name[FP_NAME], random[17];

	snprintf(home->base, sizeof(home->base), "%s", base);
	home->base_fd = xn_base_open(base);
	if (home->base_fd == -1)
		return -1;
	snprintf(name, sizeof(name), "syncgate-%u", geteuid());
	if (fp_home_try(home, name, make) == 0)
		return 0;
	/* Somebody else has that name. */
	if (errno != EPERM && errno != EACCES && errno != ELOOP &&
	    errno != ENOTDIR)
		return -1;
	fp_random_text(random);
	snprintf(name, sizeof(name), "syncgate-%u.%s", geteuid(), random);
	return fp_home_try(home, name, make);
}

/* Is there anything in the home but its lock? */
static inline int
fp_home_used(const struct fp_home *home)
{
	xn_dir *dir = xn_dir_open(home->fd, "");
	const char *name;
	int used = 0;

	if (dir == NULL)
		return 1;
	while ((name = xn_dir_next(dir)) != NULL)
		used |= strcmp(name, "lock") != 0;
	xn_dir_close(dir);
	return used;
}

/* Close it; an empty one is removed. */
static inline void
fp_home_leave(struct fp_home *home)
{
	if (home->fd != -1 && (home->lock != -1 || fp_home_lock(home) == 0) &&
	    !fp_home_used(home)) {
		xn_unlink(home->fd, "lock");
		xn_rmdir(home->base_fd, home->name);
	}
	fp_home_close(home);
}

/* ---- What killed runs left ----------------------------------------------- */

/* Does nobody hold the room NAME? */
static inline int
fp_is_dead(const struct fp_home *home, const char *name)
{
	char lock[FP_NAME + 300];
	xn_stat_t st;
	int fd, dead;

	if (xn_stat(home->fd, name, &st) != 0)
		return 0;
	if (st.type != XN_FT_DIRECTORY)
		return 1;
	snprintf(lock, sizeof(lock), "%s/lock", name);
	fd = xn_open(home->fd, lock, XN_O_READ | XN_O_WRITE, 0);
	/* Rooms are made under the home's lock: without one it is half made;
	 * what is no file was put there by a processor. */
	if (fd == -1)
		return errno == ENOENT || errno == ELOOP || errno == EISDIR;
	dead = xn_lock(fd, 0) == 0;
	close(fd);
	return dead;
}

/*
 * Give what is dead a name that says so, for it to be removed unlocked.  What
 * was killed may have left processes: they knew it by its old name.
 */
static inline void
fp_mark_dead(const struct fp_home *home)
{
	xn_dir *dir = xn_dir_open(home->fd, "");
	char dead[32], random[17], path[4096 + FP_NAME + 300];
	const char *name;

	while (dir != NULL && (name = xn_dir_next(dir)) != NULL) {
		if (strcmp(name, "lock") == 0 ||
		    strncmp(name, FP_DEAD, strlen(FP_DEAD)) == 0 ||
		    !fp_is_dead(home, name))
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", home->base,
		    home->name, name);
		xn_kill_in(path);
		fp_random_text(random);
		snprintf(dead, sizeof(dead), "%s%s", FP_DEAD, random);
		xn_rename(home->fd, name, dead);
	}
	if (dir != NULL)
		xn_dir_close(dir);
}

static inline void
fp_remove_dead(const struct fp_home *home)
{
	xn_dir *dir = xn_dir_open(home->fd, "");
	const char *name;

	while (dir != NULL && (name = xn_dir_next(dir)) != NULL)
		if (strncmp(name, FP_DEAD, strlen(FP_DEAD)) == 0)
			xn_remove_tree(home->fd, name);
	if (dir != NULL)
		xn_dir_close(dir);
}

static inline void
fp_sweep_home(int base_fd, const char *base, const char *name)
{
	struct fp_home home;

	fp_home_init(&home);
	snprintf(home.base, sizeof(home.base), "%s", base);
	home.base_fd = xn_open(base_fd, "", XN_O_READ | XN_O_DIRECTORY, 0);
	if (home.base_fd != -1 && fp_home_open(&home, name) == 0 &&
	    fp_home_lock(&home) == 0) {
		fp_mark_dead(&home);
		fp_home_unlock(&home);
		fp_remove_dead(&home);
		fp_home_leave(&home);
	}
	fp_home_close(&home);
}

/* Remove what killed runs of ours left beneath the folder BASE. */
static inline void
fp_sweep(const char *base)
{
	int fd = xn_base_open(base);
	xn_dir *dir = fd == -1 ? NULL : xn_dir_open(fd, "");
	char ours[40];
	const char *name;
	size_t n;

	snprintf(ours, sizeof(ours), "syncgate-%u", geteuid());
	n = strlen(ours);
	while (dir != NULL && (name = xn_dir_next(dir)) != NULL)
		if (strncmp(name, ours, n) == 0 && strlen(name) < FP_NAME &&
		    (name[n] == '\0' || name[n] == '.'))
			fp_sweep_home(fd, base, name);
	if (dir != NULL)
		xn_dir_close(dir);
	if (fd != -1)
		close(fd);
}

#endif
