/*
 * Names and numbers of users and groups.
 *
 * The C library of a static program would load others from the system to look
 * them up.  So the files are read here, and getent is asked for those that are
 * not in them.  What was found is kept for the program that asked: it asks for
 * each file of a tree.
 */
#include "core/side/side.h"
#include "core/side/users.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <execnet/remote.h>

#define BUCKETS		256u
#define KEPT_MAX	100000	/* names and numbers; then all are forgotten */
#define NAME_MOST	256	/* bytes */
#define LOOK_AGAIN	1.0	/* seconds: has the file changed? */
#define KEEP_FOUND	600.0	/* what getent said */
#define KEEP_NONE	60.0	/* that it found none, or did not answer */

/* What is known of a name or of a number. */
struct answer {
	struct answer *next;
	long long id;			/* -1: nobody has that name */
	double until;			/* clock; 0: as long as the file */
	char name[];			/* "": nobody has that number */
};

struct database {
	const char *name;		/* getent's */
	struct answer *by_name[BUCKETS], *by_id[BUCKETS];
	int kept;
	double looked;			/* clock, when FILE was; 0: never */
	struct stat file;		/* as it was when it was read */
	double silent;			/* clock; getent did not answer, and is
					 * not asked until then */
};

struct users {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	struct database of[2];
};

enum { USERS, GROUPS };

static _Thread_local struct users *kept;
static _Thread_local const char *paths[2];

void
xn_side__users_files(const char *passwd, const char *group)
{
	paths[USERS] = passwd;
	paths[GROUPS] = group;
}

/* ---- What is kept -------------------------------------------------------- */

static void
forget(struct database *d)
{
	for (unsigned int i = 0; i < 2 * BUCKETS; i++) {
		struct answer **bucket = i < BUCKETS ? &d->by_name[i] :
		    &d->by_id[i - BUCKETS];

		while (*bucket != NULL) {
			struct answer *a = *bucket;

			*bucket = a->next;
			free(a);
		}
	}
	d->kept = 0;
}

/* (A program begins and ends in one thread.) */
static void
drop(struct xn_side_owned *self)
{
	struct users *users = (struct users *)self;

	forget(&users->of[USERS]);
	forget(&users->of[GROUPS]);
	free(users);
	kept = NULL;
}

static struct answer **
bucket_of(struct database *d, const char *name, long long id)
{
	unsigned int hash = 5381;

	if (name == NULL)
		return &d->by_id[(unsigned long long)id % BUCKETS];
	while (*name != '\0')
		hash = hash * 33 + (unsigned char)*name++;
	return &d->by_name[hash % BUCKETS];
}

/* What is known of NAME, or of ID where that is null; NULL if nothing is, or
 * nothing any more. */
static struct answer *
find(struct database *d, const char *name, long long id)
{
	struct answer **at = bucket_of(d, name, id), *a;

	while (*at != NULL && (name != NULL ? strcmp((*at)->name, name) != 0 :
	    (*at)->id != id))
		at = &(*at)->next;
	a = *at;
	if (a != NULL && a->until != 0 && a->until < xn_clock()) {
		*at = a->next;
		d->kept--;
		free(a);
		return NULL;
	}
	return a;
}

/* Keep ANSWER to a question for a name, or for a number. */
static struct answer *
keep(struct database *d, int for_name, const char *name, long long id,
    double until)
{
	struct answer *a = malloc(sizeof(*a) + strlen(name) + 1), **bucket;

	if (a == NULL)
		return NULL;
	a->id = id;
	a->until = until;
	strcpy(a->name, name);
	bucket = bucket_of(d, for_name ? name : NULL, id);
	a->next = *bucket;
	*bucket = a;
	d->kept++;
	return a;
}

/* ---- The files ----------------------------------------------------------- */

/* A number of a user or group; -1 if it is none. */
static long long
number_of(const char *text)
{
	char *end;
	long long id;

	if (*text < '0' || *text > '9')
		return -1;
	id = strtoll(text, &end, 10);
	return *end == '\0' && id < (long long)UINT32_MAX ? id : -1;
}

/* "name:password:number" with or without more behind it, in place: its number
 * and *NAME; -1 if it is none (a comment, or what NIS had). */
static long long
take_apart(char *line, const char **name)
{
	char *password = strchr(line, ':'), *number, *end;

	if (password == NULL || password == line ||
	    strchr("+-#", line[0]) != NULL)
		return -1;
	*password++ = '\0';
	number = strchr(password, ':');
	if (number == NULL)
		return -1;
	end = number + 1 + strcspn(number + 1, ":\n");
	*end = '\0';
	*name = line;
	return number_of(number + 1);
}

/* The first one of a name, and of a number, is the one that counts. */
static int
keep_line(struct database *d, char *line)
{
	const char *name;
	long long id = take_apart(line, &name);

	if (id == -1)
		return 0;
	if (find(d, name, 0) == NULL && keep(d, 1, name, id, 0) == NULL)
		return -1;
	if (find(d, NULL, id) == NULL && keep(d, 0, name, id, 0) == NULL)
		return -1;
	return 0;
}

static int
read_file(struct database *d, FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	int result = fstat(fileno(file), &d->file);

	while (result == 0 && getline(&line, &room, file) > 0)
		result = keep_line(d, line);
	free(line);
	if (result == 0 && ferror(file))
		result = -1;
	return result;
}

static int
has_changed(const struct database *d, const char *path)
{
	struct stat st;

	return d->looked == 0 || stat(path, &st) != 0 ||
	    st.st_ino != d->file.st_ino || st.st_dev != d->file.st_dev ||
	    st.st_size != d->file.st_size ||
	    st.st_mtim.tv_sec != d->file.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != d->file.st_mtim.tv_nsec;
}

/* Know what the file says now.  One that is not there says nothing. */
static int
refresh(struct database *d, const char *path)
{
	double now = xn_clock();
	int result, number;
	FILE *file;

	if (d->looked != 0 && now < d->looked + LOOK_AGAIN)
		return 0;
	if (has_changed(d, path) || d->kept > KEPT_MAX) {
		file = fopen(path, "re");
		if (file == NULL && errno != ENOENT)
			return -1;
		forget(d);
		memset(&d->file, 0, sizeof(d->file));
		if (file != NULL) {
			result = read_file(d, file);
			number = errno;
			fclose(file);
			errno = number;
			if (result != 0)
				return -1;
		}
	}
	d->looked = now;
	return 0;
}

/* ---- Asking -------------------------------------------------------------- */

/* Not every text is one to ask for: getent takes one that is a number, with
 * whatever sign, for a number. */
static int
may_be_name(const char *name)
{
	size_t n = strnlen(name, NAME_MOST + 1);
	char *end;

	if (n == 0 || n > NAME_MOST)
		return 0;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 127 ||
		    name[i] == ':')
			return 0;
	(void)strtoul(name, &end, 10);
	return *end != '\0';
}

static struct answer *
ask(struct database *d, const char *name, long long id)
{
	double now = xn_clock();
	char line[XN_SIDE_LINE], number[32];
	const char *found = NULL;
	int said = 0;
	long long got = -1;

	if (now < d->silent) {
		errno = ETIMEDOUT;
		return NULL;
	}
	snprintf(number, sizeof(number), "%lld", id);
	if (name == NULL || may_be_name(name))
		said = xn_side__getent(d->name, name == NULL ? number : name,
		    line);
	if (said == -1) {
		d->silent = xn_clock() + KEEP_NONE;
		return NULL;
	}
	if (said == 1)
		got = take_apart(line, &found);
	if (got != -1 && (name != NULL || got == id))
		return keep(d, name != NULL, name != NULL ? name : found, got,
		    now + KEEP_FOUND);
	return keep(d, name != NULL, name != NULL ? name : "",
	    name != NULL ? -1 : id, now + KEEP_NONE);
}

/* The answer for NAME, or for ID where that is null; NULL and errno if it is
 * not known whether there is one. */
static const struct answer *
answer_for(int which, const char *name, long long id)
{
	static const char *const names[2] = { "passwd", "group" };
	static const char *const files[2] = { "/etc/passwd", "/etc/group" };
	struct answer *a;
	struct database *d;

	if (kept == NULL) {
		kept = calloc(1, sizeof(*kept));
		if (kept == NULL)
			return NULL;
		xn_side__own(&kept->owned, drop);
	}
	d = &kept->of[which];
	d->name = names[which];
	if (refresh(d, paths[which] != NULL ? paths[which] : files[which]) != 0)
		return NULL;
	a = find(d, name, id);
	return a != NULL ? a : ask(d, name, id);
}

static long long
id_of(int which, const char *name)
{
	const struct answer *a;

	if (name == NULL) {
		errno = EINVAL;
		return -1;
	}
	a = answer_for(which, name, 0);
	if (a == NULL)
		return -1;
	if (a->id == -1)
		errno = ENOENT;
	return a->id;
}

static const char *
name_of(int which, long long id)
{
	const struct answer *a;

	if (id < 0 || id >= (long long)UINT32_MAX) {
		errno = EINVAL;
		return NULL;
	}
	a = answer_for(which, NULL, id);
	if (a == NULL)
		return NULL;
	if (a->name[0] == '\0') {
		errno = ENOENT;
		return NULL;
	}
	return a->name;
}

long long
xn_user_id(const char *name)
{
	return id_of(USERS, name);
}

long long
xn_group_id(const char *name)
{
	return id_of(GROUPS, name);
}

const char *
xn_user_name(long long id)
{
	return name_of(USERS, id);
}

const char *
xn_group_name(long long id)
{
	return name_of(GROUPS, id);
}
