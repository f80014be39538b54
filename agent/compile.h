/*
 * compile.h: C source text to code in memory, by libtcc.
 */
#ifndef XN_AGENT_COMPILE_H
#define XN_AGENT_COMPILE_H

#include "agent/program.h"
#include "core/side/port.h"
#include "core/wire/buf.h"

/* Code in memory. */
struct xn_code_block {
	xn_side_main *entry;
	uint64_t low, high;	/* the addresses it covers */
};

/*
 * Compile SOURCE and link it against the functions of <execnet/remote.h>.
 * 0, or -1 and the compiler's messages, one a line, in ERRORS.  The code stays
 * for the life of the process.  One compilation at a time: libtcc has global
 * state.
 */
int xn_compile(struct xn_code_block *out, const struct xn_source *source,
    struct xn_buf *errors);

/* 1 if TEXT, which is no C, has a line that would be Python; else 0. */
int xn_looks_like_python(const char *text);

/* The same text with debugging information, as an object in the file PATH. */
int xn_compile_object(const struct xn_source *source, const char *path);

/* Functions that libtcc calls by itself; ends with NULL. */
extern const struct xn_side_symbol xn_compile_helpers[];

#endif
