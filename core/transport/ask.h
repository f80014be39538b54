/* ask.h: another program's answer, with a bound on its size and its time. */
#ifndef XN_TRANSPORT_ASK_H
#define XN_TRANSPORT_ASK_H

#include "core/transport/transport.h"

#define XN_ASK_COMPLAINT	1024u

typedef struct xn_answer {
	int found;		/* 0: there is no such program */
	int status;		/* as waitpid() has it */
	char *text;		/* its output */
	size_t n;
	char complaint[XN_ASK_COMPLAINT];	/* the beginning of its stderr */
	size_t complaint_n;
} xn_answer_t;

/*
 * Run ARGV (looked for on PATH, ends with NULL), without a shell and without
 * input, and wait until it ends; NAME stands for it in messages.  It and what it
 * has started are killed when HOW's time is up, when HOW is cancelled, and when
 * it prints more than MAX bytes, which is an error.
 */
xn_error_t *xn_transport_ask(xn_answer_t *answer, const char *const *argv,
    const char *name, size_t max, const xn_transport_open_t *how,
    apr_pool_t *pool);

#endif
