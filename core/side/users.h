/*
 * users.h: where names of users and groups come from.
 */
#ifndef XN_SIDE_USERS_H
#define XN_SIDE_USERS_H

#define XN_SIDE_LINE	1024	/* as much of one as is looked at */

/*
 * What `getent DATABASE KEY` says: 1 and the first line; 0 if there is no such
 * one, or no getent to ask; -1 and errno, ETIMEDOUT if it did not answer.
 */
int xn_side__getent(const char *database, const char *key,
    char line[XN_SIDE_LINE]);

/* For tests: how long this thread waits for an answer; its files, NULL those of
 * the system. */
void xn_side__getent_patience(double seconds);
void xn_side__users_files(const char *passwd, const char *group);

#endif
