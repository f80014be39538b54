/*
 * git_press.h: objects that are to be whole in a pack are compressed by a
 * thread of its own, before the one that writes packs (git_writer.h) comes to
 * them.  Most of its time would go into that.
 *
 * What it has not come to is left to who wants it, so nobody waits for what he
 * could do himself.
 */
#ifndef SVNHOTSYNC_GIT_PRESS_H
#define SVNHOTSYNC_GIT_PRESS_H

#include <execnet.h>

typedef struct svngit_press svngit_press_t;

struct svngit_pressed {
	const char *from;		/* N bytes, which stay as they are until
					 * svngit_press_take() */
	apr_size_t n;
	char *bytes;			/* what became of them: malloc'ed, or
					 * NULL */
	apr_size_t length;
	/* The thread's: */
	enum { SVNGIT_PRESS_WAITS, SVNGIT_PRESS_UNDER_WAY,
	    SVNGIT_PRESS_DONE } state;
	struct svngit_pressed *next;
};

/* The thread ends with POOL. */
xn_error_t *svngit_press_open(svngit_press_t **press, apr_pool_t *pool);

/* ITEM, of which FROM and N are set, is to be compressed. */
void svngit_press_add(svngit_press_t *press, struct svngit_pressed *item);

/*
 * Take items back, in the order in which they were added: if ITEM is under way,
 * wait for it.  Its bytes are NULL if the thread has not come to it.
 */
void svngit_press_take(svngit_press_t *press, struct svngit_pressed *item);

#endif
