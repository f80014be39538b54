/*
 * router.h: moves messages between the connection and the executors.
 *
 * One process, one thread, one poll loop: it never blocks and never runs
 * shipped code.  What a program sends is passed on as it is; the router looks
 * into payloads only far enough to learn which executor got which channel.
 */
#ifndef XN_AGENT_ROUTER_H
#define XN_AGENT_ROUTER_H

#include <sys/types.h>

#include "agent/handover.h"
#include "agent/sendfile.h"
#include "agent/shared.h"
#include "agent/take.h"
#include "agent/whole.h"
#include "core/wire/message.h"
#include "core/wire/scan.h"
#include "core/wire/window.h"

#define XN_EXECS_MAX	1024		/* programs at once */
#define XN_OWNED_MAX	16384		/* open channels */
#define XN_MADE_MAX	8192		/* of them made by one program, */
#define XN_ALL_MADE_MAX	12288		/* and by all: some are the client's */
#define XN_OUT_PAUSE	(256u * 1024)	/* executors are not read above this */
#define XN_OUT_STOP	(1024u * 1024)	/* nor the client above this */
#define XN_OUT_MAX	(8u * 1024 * 1024)
#define XN_ERR_PAUSE	(64u * 1024)	/* nor logs above this for stderr */
#define XN_ERR_MAX	(512u * 1024)
#define XN_QUEUED_PAUSE	(20u * 1024 * 1024) /* for all executors together:
				 * a queue's memory is twice what is in it */
#define XN_QUEUED_MAX	(XN_QUEUED_PAUSE + 1024u * 1024)
#define XN_PLAIN_PAUSE	(16u * 1024 * 1024) /* the same, without windows */
#define XN_BUCKETS	1024

/* A keeper and its executor, as the router sees them. */
struct xn_exec {
	struct xn_exec *next;
	int32_t channel;	/* the program's own */
	pid_t pid;		/* the keeper's; 0 once it was reaped */
	int sock;		/* to the executor; -1 after its end */
	int log;		/* its stderr; -1 after its end */
	int status;		/* as waited for, when pid is 0 */
	int64_t deadline;	/* ms: when it is killed, or 0 */
	struct xn_buf in;	/* from the executor: a message not yet whole */
	struct xn_buf out;	/* to it; never more than it has granted */
	struct xn_buf line;	/* of its stderr, not yet whole */
	struct xn_report *report;
	int bulk;		/* its last frame was a large one */
	unsigned int made;	/* open channels that it has made */
	int fds[2];		/* came with a large message, or -1: whole.h,
				 * sendfile.h */
	int pass_fd;		/* to be given to it (meet.h), or -1 */
	int32_t pass_id;	/* for that channel of its */
	uint8_t pass_waits;	/* until the other program has said its mark */
	size_t pass_at;		/* behind so many bytes of OUT */
};

/*
 * A message of an execnet client that is larger than what is handed on at
 * once, and so goes piece by piece.
 */
struct xn_big {
	int type;
	int32_t id;
	uint32_t left;		/* bytes still to come; 0: there is none */
	uint32_t after;		/* to be passed over behind this message */
	int skip;		/* they are for nobody */
};

/* An open channel. */
struct xn_owned {
	struct xn_owned *next;	/* in its bucket */
	int32_t id;
	struct xn_exec *exec;	/* who has it */
	struct xn_window window; /* as sender: what the client may still send */
	struct xn_scan scan;	/* of the payload that is under way */
	uint32_t part_n;	/* bytes of it so far, 0: none is under way */
	uint8_t in_part;
	uint8_t last;		/* the client said LAST_MESSAGE */
	uint8_t made;		/* by the program */
	uint64_t payloads, bytes; /* of the client's, whole ones and bytes of
				 * all, that have gone to the program */
	struct xn_take *take;	/* where they go instead, or NULL */
};

enum xn_router_state {
	XN_ROUTER_RUNS,
	XN_ROUTER_TERMINATES,	/* GATEWAY_TERMINATE came, or
				 * the connection has gone */
	XN_ROUTER_FLUSHES	/* all has ended; what is queued goes out */
};

struct xn_router {
	int in_fd, out_fd;	/* the connection */
	int err_fd;		/* the stderr that we were started with */
	int log_fd;		/* our own stderr, as a pipe */
	int child_fd;		/* signalfd for SIGCHLD */
	int pidns;		/* executors get a PID namespace */
	int plain;		/* the client is execnet itself: plain.c */
	int ours;		/* the client knows the types from 32 up */
	int no_input;		/* the client has closed its end */
	int gone;		/* the connection is: what is sent is dropped */
	enum xn_router_state state;
	int64_t term_at, kill_at; /* ms: SIGTERM, SIGKILL, when terminating */
	int exit_status;
	int py2str_as_py3str, py3str_as_py2str;
	struct xn_buf in, out, line;
	struct xn_buf err;	/* for err_fd */
	struct xn_big big;	/* from an execnet client */
	struct xn_whole whole;	/* to one, and before OUT's remainder */
	struct xn_handover handover; /* goes out before OUT */
	struct xn_sendfile sendfile; /* before OUT's remainder */
	struct xn_exec *execs;
	unsigned int execs_n, owned_n;
	unsigned int made_n;	/* channels that programs have made */
	struct xn_take *takes;	/* the channels' */
	unsigned int takes_n;
	int more;		/* in IN is more that can be handled */
	size_t queued;		/* bytes in the executors' out */
	size_t first;		/* which of them is read first */
	struct xn_owned *buckets[XN_BUCKETS];
	struct xn_meet *meets;	/* of meet.c, which has the next two as well */
	int meeting;		/* those are open: */
	int meet_fd, meet_timer;
	struct xn_shared *shared;
	char error[256];	/* why the gateway ends */
};

/* Run until the connection or the gateway ends; the exit status. */
int xn_router_run(struct xn_router *r);

int64_t xn_router_now(void);

/* Free what B holds; if that was much, it is the system's again. */
void xn_router_free(struct xn_buf *b);

/* ---- out.c: to the client ------------------------------------------------ */

/* Queue a message to the client; N bytes of PAYLOAD. */
void xn_router_put(struct xn_router *r, int type, int32_t id,
    const void *payload, size_t n);

/* Close channel ID at the client; with TEXT (any bytes) as an error. */
void xn_router_close(struct xn_router *r, int32_t id, const char *text);

/* Append the frame that closes ID, as xn_router_close(). */
int xn_router_close_frame(struct xn_buf *b, int32_t id, const char *text);

/* A line for the client's log, as from the program of channel ID or 0. */
void xn_router_log(struct xn_router *r, int32_t id, const void *line,
    size_t n);

/* Pass N bytes of whole messages on to the client. */
void xn_router_to_client(struct xn_router *r, const uint8_t *p, size_t n);

/* The peer broke the protocol: end the gateway, say why.  Returns -1. */
int xn_router_refuse(struct xn_router *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* 1 if something waits for the client to take bytes. */
int xn_out_waits(const struct xn_router *r);

/* 1 while nothing more is to be taken on for the client. */
int xn_out_is_full(const struct xn_router *r);

/* The connection, or err_fd, takes bytes. */
void xn_out_write(struct xn_router *r);
void xn_out_write_err(struct xn_router *r);

/* What is still queued goes out, if the client takes it. */
void xn_out_flush(struct xn_router *r);

/* The client is gone, and so is who would read anything. */
void xn_out_end(struct xn_router *r);

/* ---- client.c: messages from the client ---------------------------------- */

/*
 * Handle the whole messages in r->in, all or (r->more) until too much waits;
 * -1 after xn_router_refuse().
 */
int xn_client_input(struct xn_router *r);

/* 1 while so much waits that nothing more is taken from the client. */
int xn_router_is_full(const struct xn_router *r);

/* As if GATEWAY_TERMINATE had come. */
void xn_client_terminate(struct xn_router *r);

/* ---- plain.c: an execnet client ------------------------------------------ */

/* Take its first line and answer it; 0, or -1 after a line on stderr. */
int xn_plain_open(struct xn_router *r);

/*
 * A message begins in r->in.  0 when it goes its way like any other, 1 when it
 * is taken piece by piece (r->big), XN_PLAIN_MORE while more bytes are needed,
 * -1 after a refusal.
 */
#define XN_PLAIN_MORE	2
int xn_plain_header(struct xn_router *r);

/* Take the next piece: 1; 0 while more bytes are needed; -1 as above. */
int xn_plain_piece(struct xn_router *r);

/* ---- setup.c: messages that are for the router itself -------------------- */

int xn_setup_message(struct xn_router *r, const struct xn_message *m);
int xn_setup_reconfigure(struct xn_router *r, const struct xn_message *m);
void xn_setup_status(struct xn_router *r, const struct xn_message *m);

/* ---- execs.c: executors -------------------------------------------------- */

/* Start an executor for the CHANNEL_EXEC M; the reason goes to the client. */
int xn_execs_start(struct xn_router *r, const struct xn_message *m);

/* Pass N bytes of whole messages on to E. */
void xn_execs_write(struct xn_router *r, struct xn_exec *e, const uint8_t *p,
    size_t n);
void xn_execs_flush(struct xn_router *r, struct xn_exec *e);

/*
 * Give E the descriptor FD, a direct path for its channel ID, in order with
 * what is written to it; FD is taken over.  WAITS: it is not to use it before
 * the other program does.  One at a time: only after xn_execs_can_pass() said
 * 1.
 */
int xn_execs_can_pass(const struct xn_exec *e);
void xn_execs_pass(struct xn_router *r, struct xn_exec *e, int32_t id,
    int fd, int waits);

/* Note which keepers have ended; free those that are read to their end. */
void xn_execs_reap(struct xn_router *r);
void xn_execs_finish(struct xn_router *r);

/* Kill E and everything that it started. */
void xn_execs_kill(struct xn_router *r, struct xn_exec *e);
void xn_execs_kill_all(struct xn_router *r);

/* ---- execs_read.c: what comes from an executor --------------------------- */

#define XN_EXEC_READ	(64u * 1024)	/* bytes at once */

/* E's socket, or its stderr, has something to read. */
void xn_execs_read(struct xn_router *r, struct xn_exec *e);
void xn_execs_read_log(struct xn_router *r, struct xn_exec *e);

/* Close the descriptors of a large message that nothing has become of. */
void xn_execs_close_fds(struct xn_exec *e);

/* ---- owner.c: who has which channel -------------------------------------- */

struct xn_owned *xn_owner_find(struct xn_router *r, int32_t id);

/* Make E the owner of ID; NULL if there are too many channels. */
struct xn_owned *xn_owner_add(struct xn_router *r, int32_t id,
    struct xn_exec *e);
void xn_owner_remove(struct xn_router *r, int32_t id);

/* E has made ID: 0, or -1 if it may not make more. */
int xn_owner_made(struct xn_router *r, int32_t id, struct xn_exec *e);

/* No program is to make the even ID, nor one below it. */
void xn_owner_pass(struct xn_router *r, int32_t id);

/* E has ended: close what it owns, with TEXT as the error if not NULL. */
void xn_owner_close_all(struct xn_router *r, struct xn_exec *e,
    const char *text);

/*
 * Look through N bytes of a payload on their way to E for channel ids: E owns
 * those that nobody has, and is told of those that another program has.
 * LAST says that the payload ends here.  0, or -1 after xn_router_refuse().
 */
int xn_owner_learn(struct xn_router *r, struct xn_exec *e,
    struct xn_scan *scan, const uint8_t *p, size_t n, int last);

#endif
