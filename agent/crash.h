/*
 * crash.h: where a shipped program crashed, told in its own lines.
 *
 * In the executor a handler notes the signal and the chain of return addresses
 * in the shared report.  Afterwards the keeper, which never ran shipped code,
 * compiles the same text with debugging information and looks the lines up.
 */
#ifndef XN_AGENT_CRASH_H
#define XN_AGENT_CRASH_H

#include "agent/program.h"

/* Catch the signals of a crash, on a stack of their own. */
void xn_crash_install(struct xn_report *report);

/* From now on code between LOW and HIGH is the program's. */
void xn_crash_watch(struct xn_report *report, uint64_t low, uint64_t high,
    uint64_t entry);

/* The exit status of an executor whose handler has filled the report. */
#define XN_CRASH_STATUS	70

/*
 * Put into OUT what the report of a crash says: "mirror.c:12: in function
 * copy_file: crashed with SIGSEGV (invalid memory reference)" and the callers.
 */
void xn_crash_explain(char *out, size_t size, const struct xn_program *program);

/* "SIGSEGV (invalid memory reference)" */
void xn_crash_signal_name(char *out, size_t size, int number);

/* ---- stabs.c ------------------------------------------------------------- */

/* The functions and lines of an object file that tcc made. */
struct xn_stabs;

/* Read the object in FD; NULL if it has none that can be read. */
struct xn_stabs *xn_stabs_open(int fd);
void xn_stabs_close(struct xn_stabs *stabs);

/* The address of function NAME in the object, or -1. */
int64_t xn_stabs_address(const struct xn_stabs *stabs, const char *name);

/* The function and line of ADDRESS: 0, or -1 if it is in none. */
int xn_stabs_find(const struct xn_stabs *stabs, int64_t address,
    char *function, size_t size, int *line);

#endif
