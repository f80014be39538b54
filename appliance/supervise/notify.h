/*
 * notify.h: telling systemd how the daemon is: a datagram to the socket that
 * NOTIFY_SOCKET names, sd_notify(3).  Without that, nothing is done.
 */
#ifndef SYNCGATE_SUPERVISE_NOTIFY_H
#define SYNCGATE_SUPERVISE_NOTIFY_H

/*
 * Take what the environment says out of it: workers are not to answer for us.
 * Call it once, before all else.
 */
void notify_begin(void);

/* Send TEXT, "READY=1" and the like, a line for each. */
void notify_send(const char *text);

/* "RELOADING=1" with the time that goes with it. */
void notify_reloading(void);

/*
 * Microseconds between two signs of life that systemd wants from us, so that
 * none comes too late; 0: it wants none.
 */
long long notify_watchdog(void);

#endif
