/*
 * login.h: who one is where is pushed to.
 *
 * By ssh it is by a key of the user's agent, and then by those in ~/.ssh that
 * have no passphrase; by http and https what ~/.git-credentials has, which is
 * the file of git-credential-store.
 */
#ifndef GIT_LOGIN_H
#define GIT_LOGIN_H

#include <apr_pools.h>
#include <git2.h>

struct gitw_login {
	unsigned int keys, passwords;	/* so many were tried */
	apr_pool_t *pool;
};

/* A git_credential_acquire_cb; BATON is a struct gitw_login *.  It is asked
 * again when what it gave was not taken, and gives the next. */
int gitw_login(git_credential **out, const char *url, const char *user,
    unsigned int types, void *baton);

/* The name and password that LINE, of such a file, has for URL, in POOL; 0: it
 * is for another place. */
int gitw_login_line(const char **name, const char **password, const char *line,
    const char *url, apr_pool_t *pool);

#endif
