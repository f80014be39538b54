/*
 * guard.h: who may read, and who may change.
 *
 * The token, entered once, gives a session: a cookie that says until when it is
 * good, and is signed with the token; so nothing of it is kept here.  A form
 * carries a mark that is made of that cookie, which another site cannot know.
 */
#ifndef SYNCGATE_HTTP_GUARD_H
#define SYNCGATE_HTTP_GUARD_H

#include <stddef.h>

#define GUARD_LIFE	(7 * 86400)	/* of a session, seconds */
#define GUARD_MARK	65		/* 64 hex digits and a NUL */
#define GUARD_SESSION	96
#define GUARD_NAME	48

typedef struct guard {
	const char *token;
	int local;		/* the page is for this machine alone */
	int tls;
} guard_t;

/*
 * Was the page asked for by a name of this machine?  HOST is the header.  A
 * name of somebody else's may lead here as well, and then its pages could read
 * ours.  Where others may come the certificate says who we are: any name will
 * do, if there is one.
 */
int guard_host(const guard_t *guard, const char *host);

/*
 * Does a request that changes something come from one of our own pages, or from
 * no page at all?  The headers Sec-Fetch-Site, Origin and Host; NULL: none.
 */
int guard_same_site(const guard_t *guard, const char *site,
    const char *origin, const char *host);

/* Is TEXT the token?  How long that takes tells nothing of it. */
int guard_token(const guard_t *guard, const char *text);

/* The same of the header Authorization, "Bearer TOKEN". */
int guard_bearer(const guard_t *guard, const char *header);

/* The name of our cookie: two daemons of one host do not share it. */
void guard_cookie_name(char name[GUARD_NAME], const guard_t *guard);

/* A session that begins at NOW, seconds; and is SESSION good now? */
void guard_session(char session[GUARD_SESSION], const guard_t *guard,
    long long now);
int guard_session_is_good(const guard_t *guard, const char *session,
    long long now);

/* The mark for forms of SESSION; and is MARK that one? */
void guard_mark(char mark[GUARD_MARK], const guard_t *guard,
    const char *session);
int guard_mark_is_good(const guard_t *guard, const char *session,
    const char *mark);

#endif
