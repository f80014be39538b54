/*
 * many.h: several mirrors, or several repositories, of one source.
 *
 * Each mirror of each repository is a struct hot_mirror, which is tried again
 * and again by itself.  The main thread says what is tried when (many.c), and
 * which there are (many_told.c), and asks about those that are held
 * (many_held.c); threads open (many_open.c); what is reported and how it ended
 * comes from the threads of gateways.
 */
#ifndef SVNHOTSYNC_MANY_H
#define SVNHOTSYNC_MANY_H

#include "plugins/svnhotsync/hub.h"

#define HOT_PAUSE_FIRST	xn_seconds(1)	/* before the second attempt, */
#define HOT_PAUSE_LAST	xn_seconds(60)	/* and the most before another */

enum hot_state {
	HOT_WAITING,		/* until due */
	HOT_OPENING,		/* in a thread */
	HOT_READY,		/* its side runs, and waits for the source */
	HOT_SERVED,
	HOT_ENDED,		/* and is to be cleaned up */
	HOT_HELD,		/* until it is known of all whether they are */
	HOT_DONE,		/* with --once: well */
	HOT_FAILED,		/* with --once: not well */
	HOT_GONE		/* its repository is no longer there */
};

/* A gateway that several mirrors may use. */
struct hot_gate;

/* A mirror of a repository.  Under the hub's mutex, but for what is set once
 * and what belongs to the thread that opens it. */
struct hot_mirror {
	struct hot_mirror *next;
	struct many *many;
	const char *name;		/* for people */
	const char *repository;		/* NULL: there is only one */
	const char *source;		/* path over there */
	xn_location_t location;
	enum hot_state state;
	apr_time_t due;
	apr_interval_time_t pause;
	struct hot_report report;	/* of who is called with reports */
	struct hot_check check;		/* of the main thread; */
	apr_time_t checked;		/* when it was asked last */
	apr_pool_t *pool;		/* of this attempt */
	struct hot_gate *gate;
	xn_channel_t *control;
	struct hot_lane *lane;		/* NULL: it has a source's side of its
					 * own, since it is made by dump */
	apr_thread_t *thread;		/* that opens it */
	int stop_sent;
	int drop_told, method_told;
	int gone;			/* its repository is */
	int begun;			/* it fits the source */
	int is_held;			/* it did not at the last attempt; and
					 * nobody has approved what was asked */
	char *asked;			/* namely that; malloc'ed */
	int anew;			/* somebody has: it is made anew, of a
					 * source as HELD has it, by the thread
					 * that opens it */
	struct hot_held *held;		/* why it is; malloc'ed */
	syncgate_progress_t shown;	/* what it reported last */
	long long left;			/* revisions; -1: not known */
	long long got, got_before;	/* revisions, in this attempt, and in
					 * those before */
	int in_step;
	int followed;
	int finished;			/* it reported its end */
	int code;			/* of the error, 0: none */
	char *error;			/* malloc'ed */
	char *said;			/* was logged last; malloc'ed */
	apr_time_t said_at;
};

/* What the source told, until the main thread comes to it; malloc'ed. */
struct hot_told {
	struct hot_told *next;
	char *what, *name, *why;
};

struct many {
	struct hotsync *h;
	struct hub *hub;
	const xn_location_t *const *locations;	/* of the mirrors */
	const char *parent, *pattern;	/* of the repositories; or NULL */
	struct hot_mirror *mirrors;
	struct hot_gate *gates;
	apr_thread_mutex_t *gates_mutex;
	int opening;			/* threads, */
	int making;			/* and those that make one anew */
	const char *held;		/* what was asked last about those that
					 * are held, and how to approve it */
	struct hot_told *told, **told_end;
	int listed;			/* the source told all it had */
	int unread;			/* what may be repositories, and could
					 * not be looked at; */
	const char *unread_first;	/* the first of them: why */
	int gathered;			/* no longer waiting for others */
	apr_time_t gather_until;
	int stopping;
	apr_time_t behind;		/* since when it is not in step */
	apr_time_t stop_since;
	struct hot_mirror *to_check;	/* whose turn it is; or NULL */
};

/* The mirror at LOCATION, of REPOSITORY (in H's pool), or of the only one. */
void hot_add_mirror(struct many *many, const xn_location_t *location,
    const char *repository);

/* What the source tells: hot_told() is the hub's to call, and the others are of
 * the main thread, with the mutex. */
void hot_told(void *many, const char *what, const char *name, const char *why);
xn_error_t *hot_hear_told(struct many *many);
void hot_forget_told(struct many *many);

/* Begin an attempt in a thread: it becomes READY, or ENDED. */
xn_error_t *hot_open(struct hot_mirror *m);

/* After the end of an attempt, or, without EXPLAIN, in the middle of it: let go
 * of all it had.  EXPLAIN: was it the connection?  Then that is m->error. */
void hot_close(struct hot_mirror *m, int explain);

/* Ask about those that are held, if there are any, when it is known of all
 * others that they are not. */
xn_error_t *hot_ask_held(struct many *many);

/* M's attempt has ended with that it is held. */
void hot_hold(struct hot_mirror *m);
void hot_leave_held(struct hot_mirror *m);

/* Is nothing left but mirrors that are held? */
int hot_all_held(const struct many *many);

/* Tell the job how far all are, and how far behind. */
void hot_show(struct many *many);
void hot_tell_lag(struct many *many);

/* M has ended, with ERROR (consumed) or well. */
void hot_end(struct hot_mirror *m, xn_error_t *error);

/* All gateways, when no mirror uses them any more. */
void hot_close_gates(struct many *many);

/* The last components, "PARENT" and "PATTERN" of "PARENT/PATTERN". */
void hot_split(const char **parent, const char **pattern, const char *path,
    apr_pool_t *pool);

/* May NAME, which comes from elsewhere, be a component of a path here? */
int hot_is_name(const char *name);

/* NAME in the folder at PARENT, whose last component is a pattern or, if not,
 * which is the folder. */
xn_location_t *hot_child(const xn_location_t *parent, const char *name,
    apr_pool_t *pool);

#endif
