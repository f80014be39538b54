/*
 * git_plain.h: git_convert.h for a side, whose header (<execnet/remote.h>) and
 * <execnet.h> cannot be had in one file.
 */
#ifndef SVNHOTSYNC_GIT_PLAIN_H
#define SVNHOTSYNC_GIT_PLAIN_H

#define GIT_PLAIN_ERROR	2048

typedef struct git_plain git_plain_t;

/* What svn:externals are in Git. */
enum git_externals {
	GIT_EXTERNALS_NO,
	GIT_EXTERNALS_FILE,		/* an .svnexternals in each folder */
	GIT_EXTERNALS_MODULES		/* a .gitmodules in each branch */
};

/* As struct svngit_options; texts that are not there are "", and are copied. */
struct git_plain_options {
	const char *dir, *mirror, *authors;
	const char *layout;		/* its words, a line each */
	int keep, ignore, merges, empty_dirs;
	enum git_externals externals;
	void (*odd)(void *baton, const char *text);
	int (*ended)(void *baton);
	void *baton;
};

/* What the functions return; ERROR has room for GIT_PLAIN_ERROR bytes, and says
 * why unless it is DONE. */
enum git_plain_result {
	GIT_PLAIN_DONE,
	GIT_PLAIN_FAILED,
	GIT_PLAIN_REFUSED,		/* it will not be better next time */
	GIT_PLAIN_HELD			/* but if somebody says that it goes
					 * aside: git_plain_held() */
};

enum git_plain_result git_plain_open(git_plain_t **git,
    const struct git_plain_options *options, char *error);

/* As svngit_held(), of what stays until GIT is closed. */
void git_plain_held(const char **kind, const char **state,
    const git_plain_t *git);

/* As svngit_batch(). */
enum git_plain_result git_plain_batch(git_plain_t *git, long *position,
    long *youngest, int *ended, char *error);

/* As svngit_props(). */
enum git_plain_result git_plain_props(git_plain_t *git, long *changed,
    char *error);

/*
 * As gitw_push() of DIR to URL, which has all up to REV then; that and the refs
 * are left in GIT_PUSHED.  MAY is asked what of it may be lost: LOST of ALL
 * branches and tags; REASON is there if it is another repository, else ""; LINES
 * end with a null pointer.
 */
struct git_plain_push {
	const char *dir, *url;
	int (*ended)(void *baton);
	int (*may)(void *baton, const char *reason, int lost, int all,
	    const char *const *lines);
	void (*behind)(void *baton, int n);
	void *baton;
};
enum git_plain_result git_plain_push(unsigned int *changed,
    const struct git_plain_push *push, long long rev, char *error);

/* How many of DIR's refs differ from what was pushed; -1: nobody knows. */
long long git_plain_behind(const char *dir);

/* A file in the repository: "rN", how far it was pushed, and the refs (see
 * plugins/git/pushed.h). */
#define GIT_NOTES	"refs/notes/svn"	/* the map, and how far it is */
#define GIT_PUSHED	"syncgate-pushed"

void git_plain_close(git_plain_t *git);		/* null is allowed */

#endif
