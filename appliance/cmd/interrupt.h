/*
 * interrupt.h: Ctrl-C, for the commands that talk to programs over there.
 */
#ifndef SYNCGATE_CMD_INTERRUPT_H
#define SYNCGATE_CMD_INTERRUPT_H

#include <execnet.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP cancel GROUP; a second one ends this
 * process as if it were not handled.
 */
void cmd_interrupt_cancels(xn_group_t *group);

/* The signal that came, or 0. */
int cmd_interrupt_caught(void);

/* End this process by the signal that came, if one came. */
void cmd_interrupt_finish(void);

#endif
