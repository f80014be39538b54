/*
 * program.h: one CHANNEL_EXEC, from its frame to its running code.
 */
#ifndef XN_AGENT_PROGRAM_H
#define XN_AGENT_PROGRAM_H

#include <sys/types.h>

#include "agent/limit.h"
#include "agent/shared.h"
#include "core/wire/dump.h"

/* What every process of an executor knows about it. */
struct xn_program {
	int32_t channel;		/* the program's own channel */
	const uint8_t *payload;		/* of CHANNEL_EXEC */
	size_t n;
	int sock;			/* the executor's end */
	int log;			/* where its stderr goes */
	int pidns;			/* the keeper is init of a namespace */
	pid_t keeper;			/* as the executor sees it */
	int ask;			/* socket to the keeper, or -1: see
					 * xn_limits_enter() */
	int plain;			/* the client is execnet itself */
	int files;			/* the router sends files: sendfile.h */
	int py2str_as_py3str;		/* RECONFIGURE of the gateway */
	int py3str_as_py2str;
	struct xn_shared *shared;
	struct xn_report *report;
};

/* The source text of a program and what to call. */
struct xn_source {
	const char *text;	/* size bytes and a NUL behind them */
	size_t size;
	const char *file;	/* for messages */
	const char *entry;
};

/*
 * Fill ENV for xn_program_parse() where only texts and numbers are wanted:
 * memory stays until the process ends, every channel is allowed.
 */
void xn_program_env(struct xn_decode_env *env,
    const struct xn_program *program);

/*
 * Take the payload of CHANNEL_EXEC apart: (source, file, entry, kwargs[,
 * limits]).  0, or -1 and a sentence in ERROR.  All is in memory from ENV.
 */
int xn_program_parse(struct xn_source *source, struct xn_limits *limits,
    const xn_value **kwargs, const struct xn_program *program,
    const struct xn_decode_env *env, char *error, size_t size);

/*
 * The process that keeps an executor: it forks the executor, reaps what that
 * leaves, holds the wall clock, explains a crash, and ends when nothing of it
 * is left.  With a PID namespace it is its init.  Does not return.
 */
void xn_keeper_run(struct xn_program *program)
    __attribute__((noreturn));

/* The process that compiles and runs the program.  Does not return. */
void xn_executor_run(const struct xn_program *program)
    __attribute__((noreturn));

#endif
