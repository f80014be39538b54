/*
 * callback.h: callbacks of channels, and the threads that call them.
 */
#ifndef XN_GATEWAY_CALLBACK_H
#define XN_GATEWAY_CALLBACK_H

#include <stddef.h>
#include <stdint.h>

#include <execnet.h>

/*
 * Take the first item for the callback: 0 if there is none or no callback.
 * And why nothing more will come (XN_E_EOF: a plain end); locked.
 */
int xn_channel__pop_for_callback(xn_channel_t *ch, uint8_t **payload,
    size_t *n, xn_channel_fn **function, void **baton);
xn_error_t *xn_channel__end_error(xn_channel_t *ch);

/*
 * Threads that run callbacks say so of themselves, once; xn__may_block() is
 * then an error in them: "WHAT: a callback must not block".
 */
int xn__this_thread_calls_back(int does);
int xn__in_callback_thread(void);
xn_error_t *xn__may_block(const char *what);

/* The thread that does so for pairs: CH has something for its callback;
 * locked.  Start and stop are not. */
void xn_caller__queue(xn_channel_t *ch);
xn_error_t *xn_caller__start(xn_group_t *group);
void xn_caller__stop(xn_group_t *group);

/* The program has closed CH: its callback is told; without the lock. */
void xn_channel__closed_here(xn_channel_t *ch);

/* Call the callback for what waits; without the lock. */
void xn_channel__run_callback(xn_channel_t *ch);

/* Wait until no other thread is in the callback of CH; locked. */
void xn_channel__await_callback(xn_channel_t *ch);

#endif
