/*
 * fake_port.h: two ends of a gateway in memory, to run sides natively.
 *
 * Each end is a struct xn_port; what one sends the other receives.  A program
 * can run at both ends (each in its thread), or the test itself speaks at one
 * of them with the functions below.  Everything is locked.
 */
#ifndef XN_TESTS_FAKE_PORT_H
#define XN_TESTS_FAKE_PORT_H

#include "core/side/port.h"

struct xn_fake;

/* A pair with its first channel; the ends are 0 and 1. */
struct xn_fake *xn_fake_create(void);

/* No thread may use it any more. */
void xn_fake_destroy(struct xn_fake *fake);

/* The port of END, and its object for the first channel. */
const struct xn_port *xn_fake_port(struct xn_fake *fake, int end);
void *xn_fake_channel(struct xn_fake *fake, int end);

/* Run MAIN at END in a thread of its own; KWARGS must live until the join,
 * which returns the program's error (free() it) or NULL. */
void xn_fake_start(struct xn_fake *fake, int end, xn_side_main *main_function,
    const xn_value *kwargs);
char *xn_fake_join(struct xn_fake *fake, int end);

/* The test speaks as END on the first channel: send by format (core/wire). */
void xn_fake_send(struct xn_fake *fake, int end, const char *format, ...);

/*
 * The next thing that END receives on the first channel within 10 seconds, as
 * text: repr() of a value, "<eof>", "<error TEXT>" or "<timeout>".  Good until
 * the next call for this end.
 */
const char *xn_fake_receive(struct xn_fake *fake, int end);

/* Close the first channel at END; TEXT may be NULL. */
void xn_fake_close(struct xn_fake *fake, int end, const char *text);

/* All that programs at END logged, one line each. */
const char *xn_fake_log(struct xn_fake *fake, int end);

#endif
