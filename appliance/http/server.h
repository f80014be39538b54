/*
 * server.h: what the files of this room share.
 *
 * There is one thread and one loop (server.c).  Nothing in it waits but its
 * poll(): the daemon and the history are asked while others are served, and a
 * request that needs their answer is suspended.
 */
#ifndef SYNCGATE_HTTP_SERVER_H
#define SYNCGATE_HTTP_SERVER_H

#include <stdio.h>
#include <sys/un.h>

#include <execnet.h>
#include <microhttpd.h>

#include "appliance/http/ask.h"
#include "appliance/http/form.h"
#include "appliance/http/guard.h"
#include "appliance/http/model.h"
#include "appliance/job/listen.h"
#include "appliance/job/token.h"

/* Connections, of which so many may be streams (and as many again that end
 * already); a body has at most that. */
#define SERVER_CONNECTIONS	128
#define SERVER_STREAMS		32
#define SERVER_BODY		4096
#define SERVER_HEADERS		(24 * 1024)

typedef struct server_options {
	const char *listen;		/* as of listen.h */
	const char *control;		/* the daemon's socket */
	const char *config;		/* its file, for the history */
	const char *program;		/* syncgate, for that, too */
	const char *store;		/* the same; or NULL */
	const char *cert, *key;		/* files for TLS; or NULL */
} server_options_t;

/* A connection, from its beginning on. */
typedef struct connection {
	int fd;				/* -1: free */
	int answering;			/* a request is whole */
	int streams;			/* for as long as they like */
	long long since;		/* it is so; microseconds */
} connection_t;

/* What somebody did, for the page that is shown next. */
typedef struct note {
	char id[17];
	int ok;
	char text[1024];
} note_t;
#define SERVER_NOTES	16

typedef struct server {
	const server_options_t *options;
	apr_pool_t *pool;
	struct MHD_Daemon *daemon;
	syncgate_listen_t listen;
	int listener, signals;
	char host[256];			/* of this machine, for people */
	char token[SYNCGATE_TOKEN_SIZE + 1];
	guard_t guard;
	char cookie[GUARD_NAME];
	asker_t *asker;
	model_t *model;
	int asked;			/* for the next take */
	long long next_take;
	struct events *events;
	struct runs *runs;
	connection_t connections[SERVER_CONNECTIONS];
	note_t notes[SERVER_NOTES];
	int last_note;
	int stopping;
	long long now;			/* of this turn, microseconds of a
					 * clock that nobody sets; and */
	apr_time_t wall;
	long long requests[6];		/* by the first digit of the status */
} server_t;

/* One request; it lives until its answer is sent. */
typedef struct request {
	server_t *server;
	struct MHD_Connection *connection;
	connection_t *of;
	apr_pool_t *pool;		/* its own */
	const char *path, *method;
	const struct route *route;
	char body[SERVER_BODY];
	size_t used;
	int too_long;
	int may_change;			/* by a session, or: */
	int by_bearer;
	char session[GUARD_SESSION];	/* "" */
	/* What it waits for, and what came of that. */
	int waits, came, ok;
	const char *said;		/* in its pool */
	/* Of its answer. */
	const char *location, *set_cookie;
} request_t;

/* What MHD is told; MHD_NO: close the connection. */
typedef enum MHD_Result result_t;

/* ---- server.c ----------------------------------------------------------- */

/* Serve until SIGTERM.  An error means that it did not begin. */
xn_error_t *server_run(const server_options_t *options, apr_pool_t *pool);

/* Suspend R; and go on with it: its route is called again, with came set. */
void server_wait(request_t *r);
void server_go_on(request_t *r);

/* ---- request.c: from a request to its route ----------------------------- */

/*
 * For MHD: something came of a request, its headers, a piece of its body, or
 * the end of that; and it is over, however.  CLS is the server, *MINE its
 * request_t.
 */
result_t request_take(void *cls, struct MHD_Connection *connection,
    const char *path, const char *method, const char *version,
    const char *data, size_t *n, void **mine);
void request_done(void *cls, struct MHD_Connection *connection, void **mine,
    enum MHD_RequestTerminationCode how);

/* A header of R, or an argument behind its "?"; NULL. */
const char *request_header(const request_t *r, const char *name);
const char *request_argument(const request_t *r, const char *name);

/* Does whoever asks want JSON, not a page? */
int request_wants_json(const request_t *r);

/* ---- answer.c ----------------------------------------------------------- */

/* A text is written to out, and then answered with. */
typedef struct answer {
	FILE *out;			/* NULL: no memory */
	char *text;
	size_t n;
} answer_t;

/* Begin one; and answer with it, which frees it, whatever comes of that. */
void answer_begin(answer_t *answer);
result_t answer_end(request_t *r, answer_t *answer, unsigned int status,
    const char *type);

/* The N bytes at TEXT, which stay; a browser asks whether they are the same. */
result_t answer_static(request_t *r, const char *type,
    const unsigned char *text, size_t n);

/* RESPONSE, which is consumed, with the headers of all. */
result_t answer_send(request_t *r, unsigned int status, const char *type,
    struct MHD_Response *response);

/* Go to WHERE; and a page, or JSON, that says SENTENCE. */
result_t answer_redirect(request_t *r, const char *where);
result_t answer_sentence(request_t *r, unsigned int status,
    const char *sentence);

/* ---- Routes ------------------------------------------------------------- */

typedef struct route {
	const char *path;		/* one that ends with "/" and more: what
					 * begins so */
	const char *methods;		/* "GET", "POST", "GET, POST" */
	int anyone;			/* needs no token, wherever we listen */
	result_t (*answer)(request_t *r);
} route_t;

/* What routes lead to: each answers R, or has it wait. */
result_t page_overview(request_t *r);
result_t page_job(request_t *r);
result_t page_login(request_t *r);
result_t act_do(request_t *r);
result_t act_login(request_t *r);
result_t act_logout(request_t *r);
result_t metrics_answer(request_t *r);
result_t health_answer(request_t *r);
result_t events_answer(request_t *r);

/* ---- page.c ------------------------------------------------------------- */

/* The top and the bottom of every page. */
void page_begin(FILE *out, const request_t *r, const char *title);
void page_end(FILE *out);

/* BACK if that is one of our pages, which somebody may be sent back to; else
 * the first page. */
const char *page_back(const char *back);

/* ---- act.c -------------------------------------------------------------- */

/* Is NAME what a job may be called? */
int act_is_name(const char *name);

/* ---- events.c ----------------------------------------------------------- */

/* None yet, in S's pool; and how many streams there are. */
struct events *events_create(server_t *s);
int events_count(const server_t *s);

/* Streams go on that have something to say: there was a take, it is time for a
 * sign of life, or all end.  And free what is shown. */
void events_wake(server_t *s);
void events_end(server_t *s);

/* ---- runs.c ------------------------------------------------------------- */

#define RUNS_MOST	4	/* asked for at once */

/* Nobody asks yet; in S's pool. */
struct runs *runs_create(server_t *s);

/* Have the runs of JOB read for R, which waits; 0: too many do.  And R does not
 * wait any more. */
int runs_begin(request_t *r, const char *job);
void runs_forget(const request_t *r);

/* For poll(): RUNS_MOST descriptors; what it said; and when one has taken too
 * long, INT64_MAX: none. */
void runs_fds(const server_t *s, struct pollfd *fds);
void runs_serve(server_t *s, const struct pollfd *fds);
long long runs_wake(const server_t *s);

/* End those that are asked, and wait for that. */
void runs_end(server_t *s);

/* What came, R->said, as a table. */
void runs_show(FILE *out, const request_t *r);

#endif
