/*
 * census.c: how many processes a program has, counted by its keeper.
 *
 * RLIMIT_NPROC counts all processes of a user and does not bind root, and a
 * cgroup can be made by few and stays behind after a crash.  So the seccomp
 * filter of a program asks its keeper before it lets a process or a thread be
 * made; the keeper allows as many as may be added at most, and when those are
 * used up it counts, in /proc, what there is.
 */
#include "agent/limit.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <seccomp.h>

#include "agent/procstat.h"

#define GROW	256

struct entry {
	pid_t pid, parent;
	int threads;
	int ours;
};

struct entries {
	struct entry *list;
	size_t n, room;
};

/* The parent and the number of threads of process PID; -1 if it is gone. */
static int
read_entry(struct entry *e, const char *pid)
{
	char text[1024];
	const char *p = xn_procstat_read(text, sizeof(text), pid);

	e->pid = (pid_t)atoi(pid);
	e->ours = 0;
	/* " state ppid ..."; threads are the 20th of all, 0 for a zombie */
	if (p == NULL || sscanf(p, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u "
	    "%*u %*u %*u %*d %*d %*d %*d %d", &e->parent, &e->threads) != 2)
		return -1;
	if (e->threads < 1)
		e->threads = 1;
	return 0;
}

static int
read_all(struct entries *all)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	struct entry *more;

	if (dir == NULL)
		return -1;
	while ((d = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		if (all->n == all->room) {
			more = realloc(all->list,
			    (all->room + GROW) * sizeof(*more));
			if (more == NULL)
				break;
			all->list = more;
			all->room += GROW;
		}
		if (read_entry(&all->list[all->n], d->d_name) == 0)
			all->n++;
	}
	closedir(dir);
	return d == NULL ? 0 : -1;
}

static int
by_pid(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int
is_ours(const struct entries *all, const struct entry *e, pid_t root)
{
	const struct entry key = { .pid = e->parent };
	const struct entry *parent;

	if (e->parent == root)
		return 1;
	parent = bsearch(&key, all->list, all->n, sizeof(key), by_pid);
	return parent != NULL && parent->ours;
}

/* Mark the children of what is marked, until there is none. */
static int64_t
count_below(struct entries *all, pid_t root)
{
	int64_t count = 0;
	int found;

	if (all->n > 0)
		qsort(all->list, all->n, sizeof(*all->list), by_pid);
	do {
		found = 0;
		for (size_t i = 0; i < all->n; i++) {
			struct entry *e = &all->list[i];

			if (e->ours || !is_ours(all, e, root))
				continue;
			e->ours = found = 1;
			count += e->threads;
		}
	} while (found);
	return count;
}

int64_t
xn_census_count(void)
{
	struct entries all = { NULL, 0, 0 };
	char self[32];
	/* /proc may be of another PID namespace than ours: it says who we
	 * are there. */
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);
	int64_t count = -1;

	if (n <= 0)
		return -1;
	self[n] = '\0';
	if (read_all(&all) == 0)
		count = count_below(&all, (pid_t)atoi(self));
	free(all.list);
	return count;
}

/* May one more be made? */
static int
allow(struct xn_census *census)
{
	/* What was allowed last may not be in /proc yet. */
	struct timespec moment = { 0, 2000000 };
	int64_t count;

	if (census->budget == 0) {
		nanosleep(&moment, NULL);
		count = xn_census_count();
		if (count < 0 || count >= census->limit)
			return 0;
		census->budget = census->limit - count;
	}
	census->budget--;
	return 1;
}

/* What to say to who has ASKED; 0 to leave it waiting: it is killed soon. */
static int
decide(struct xn_census *census, const struct seccomp_notif *asked,
    struct seccomp_notif_resp *answer)
{
	answer->id = asked->id;
	if (asked->data.nr == SCMP_SYS(clone) &&
	    (asked->data.args[0] & CLONE_NEWUSER) != 0) {
		answer->error = -EACCES;
		return 1;
	}
	answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	return allow(census);
}

int
xn_census_answer(struct xn_census *census)
{
	struct seccomp_notif *asked;
	struct seccomp_notif_resp *answer;
	int rc = 0;

	if (seccomp_notify_alloc(&asked, &answer) != 0)
		return -1;
	/* Who asked may be gone by now. */
	if (seccomp_notify_receive(census->listener, asked) == 0) {
		if (decide(census, asked, answer))
			seccomp_notify_respond(census->listener, answer);
		else
			rc = -1;
	}
	seccomp_notify_free(asked, answer);
	return rc;
}
