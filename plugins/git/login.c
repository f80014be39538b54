/*
 * login.c: see login.h.
 */
#include "plugins/git/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

/* ---- Keys --------------------------------------------------------------- */

/* The Nth key in ~/.ssh that is there; or NULL. */
static const char *
find_key(unsigned int n, apr_pool_t *pool)
{
	static const char *const names[] = { "id_ed25519", "id_ecdsa",
	    "id_rsa" };
	const char *home = getenv("HOME"), *path;

	for (size_t i = 0; home != NULL && i < sizeof(names) /
	    sizeof(names[0]); i++) {
		path = apr_pstrcat(pool, home, "/.ssh/", names[i], NULL);
		if (access(path, R_OK) == 0 && n-- == 0)
			return path;
	}
	return NULL;
}

static int
give_key(git_credential **out, struct gitw_login *l, const char *user)
{
	const char *agent_at = getenv("SSH_AUTH_SOCK"), *key;
	unsigned int agent = agent_at != NULL && access(agent_at, W_OK) == 0;

	if (l->keys++ < agent)
		return git_credential_ssh_key_from_agent(out, user);
	key = find_key(l->keys - agent - 1, l->pool);
	return key == NULL ? GIT_PASSTHROUGH :
	    git_credential_ssh_key_new(out, user, NULL, key, NULL);
}

/* ---- Passwords ---------------------------------------------------------- */

/* A URL's parts, which point into it. */
struct url {
	const char *scheme, *user, *host;
	size_t scheme_n, user_n, host_n;	/* the host with its port */
};

static int
take_apart(struct url *parts, const char *url)
{
	const char *at = strstr(url, "://"), *end;

	if (at == NULL)
		return 0;
	parts->scheme = url;
	parts->scheme_n = (size_t)(at - url);
	parts->user = parts->host = at + 3;
	end = parts->host + strcspn(parts->host, "/\r\n");
	for (at = parts->host; at < end; at++)
		if (*at == '@')
			parts->host = at + 1;
	parts->host_n = (size_t)(end - parts->host);
	parts->user_n = parts->host == parts->user ? 0 :
	    (size_t)(parts->host - parts->user) - 1;
	return 1;
}

/* N bytes of TEXT without their %XX. */
static const char *
decoded(const char *text, size_t n, apr_pool_t *pool)
{
	char *out = apr_palloc(pool, n + 1), *to = out, two[3] = "", *end;

	for (size_t i = 0; i < n; i++) {
		*to = text[i];
		if (text[i] == '%' && i + 2 < n) {
			memcpy(two, text + i + 1, 2);
			*to = (char)strtol(two, &end, 16);
			if (*end == '\0')
				i += 2;
			else
				*to = '%';
		}
		to++;
	}
	*to = '\0';
	return out;
}

int
gitw_login_line(const char **name, const char **password, const char *line,
    const char *url, apr_pool_t *pool)
{
	struct url has, wants;
	const char *colon;

	if (!take_apart(&has, line) || !take_apart(&wants, url) ||
	    has.scheme_n != wants.scheme_n ||
	    memcmp(has.scheme, wants.scheme, has.scheme_n) != 0 ||
	    has.host_n != wants.host_n ||
	    memcmp(has.host, wants.host, has.host_n) != 0)
		return 0;
	colon = memchr(has.user, ':', has.user_n);
	if (colon == NULL)
		return 0;
	/* Another name than the URL's is for somebody else. */
	if (wants.user_n > 0 && (wants.user_n != (size_t)(colon - has.user) ||
	    memcmp(has.user, wants.user, wants.user_n) != 0))
		return 0;
	*name = decoded(has.user, (size_t)(colon - has.user), pool);
	*password = decoded(colon + 1, has.user_n -
	    (size_t)(colon - has.user) - 1, pool);
	return 1;
}

static int
give_password(git_credential **out, struct gitw_login *l, const char *url)
{
	const char *home = getenv("HOME"), *name, *password;
	char line[4096];
	int found = 0;
	FILE *file;

	if (home == NULL || l->passwords++ > 0)
		return GIT_PASSTHROUGH;
	file = fopen(apr_pstrcat(l->pool, home, "/.git-credentials", NULL),
	    "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) !=
	    NULL)
		found = gitw_login_line(&name, &password, line, url, l->pool);
	if (file != NULL)
		fclose(file);
	return !found ? GIT_PASSTHROUGH :
	    git_credential_userpass_plaintext_new(out, name, password);
}

int
gitw_login(git_credential **out, const char *url, const char *user,
    unsigned int types, void *baton)
{
	if ((types & GIT_CREDENTIAL_USERNAME) != 0)
		return git_credential_username_new(out, user == NULL ? "git" :
		    user);
	if ((types & GIT_CREDENTIAL_SSH_KEY) != 0)
		return give_key(out, baton, user == NULL ? "git" : user);
	if ((types & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0)
		return give_password(out, baton, url);
	return GIT_PASSTHROUGH;
}
