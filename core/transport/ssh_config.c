/*
 * ssh_config.c: reads what `ssh -G` prints: a lower-case keyword and its value
 * on each line; identityfile comes once for each file, the known_hosts files
 * are separated by blanks.
 */
#include "core/transport/ssh_config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define PATH_LIMIT	4096u

struct reading {
	xn_ssh_config_t *config;
	const xn_ssh_target_t *target;
	const xn_ssh_local_t *local;
	const char *agent;		/* IdentityAgent as written */
	const char *identity[XN_SSH_FILES_MAX];	/* as written */
	const char *user_known, *global_known;	/* as written; NULL: not said */
	apr_pool_t *pool;
};

static int
is_none(const char *value)
{
	return strcasecmp(value, "none") == 0;
}

/* What % and LETTER stand for; NULL if nothing does. */
static const char *
token(const struct reading *r, char letter)
{
	const xn_ssh_config_t *c = r->config;

	switch (letter) {
	case '%': return "%";
	case 'd': return r->local->home;
	case 'h': return c->host;
	case 'i': return apr_psprintf(r->pool, "%lu", r->local->uid);
	case 'k': return c->key_alias != NULL ? c->key_alias : r->target->host;
	case 'L': return apr_pstrmemdup(r->pool, r->local->host_name,
	    strcspn(r->local->host_name, "."));
	case 'l': return r->local->host_name;
	case 'n': return r->target->host;
	case 'p': return apr_itoa(r->pool, c->port);
	case 'r': return c->user;
	case 'u': return r->local->user;
	default: return NULL;
	}
}

/* A file name with ~/ and % tokens put in. */
static xn_error_t *
expand(const char **out, const struct reading *r, const char *path)
{
	char *text = apr_palloc(r->pool, PATH_LIMIT);
	size_t n = 0;

	if (path[0] == '~' && (path[1] == '/' || path[1] == '\0'))
		path = apr_pstrcat(r->pool, "%d", path + 1, NULL);
	for (; *path != '\0'; path++) {
		char one[2] = { *path, '\0' };
		const char *piece = one;

		if (*path == '%' && (piece = token(r, *++path)) == NULL)
			return xn_error_create(XN_E_UNSUPPORTED,
			    "ssh_config: the token %%%c in a file name is not "
			    "understood", *path != '\0' ? *path : ' ');
		if (strlen(piece) >= PATH_LIMIT - n)
			return xn_error_create(XN_E_CONNECT,
			    "ssh_config: a file name is longer than %u bytes",
			    PATH_LIMIT);
		memcpy(text + n, piece, strlen(piece));
		n += strlen(piece);
	}
	text[n] = '\0';
	*out = text;
	return NULL;
}

static xn_error_t *
take_port(struct reading *r, const char *value)
{
	char *end;
	long port = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || port < 1 || port > 65535)
		return xn_error_create(XN_E_CONNECT,
		    "ssh -G says port \"%s\"", value);
	r->config->port = (int)port;
	return NULL;
}

static xn_error_t *
take_identity(struct reading *r, const char *value)
{
	if (is_none(value))
		return NULL;
	if (r->config->identity_count == XN_SSH_FILES_MAX)
		return xn_error_create(XN_E_UNSUPPORTED,
		    "ssh_config names more than %d identity files",
		    XN_SSH_FILES_MAX);
	r->identity[r->config->identity_count++] = value;
	return NULL;
}

/* One keyword and its value, both in the pool. */
static xn_error_t *
take(struct reading *r, const char *keyword, const char *value)
{
	xn_ssh_config_t *c = r->config;

	if (strcmp(keyword, "hostname") == 0)
		c->host = value;
	else if (strcmp(keyword, "user") == 0)
		c->user = value;
	else if (strcmp(keyword, "port") == 0)
		return take_port(r, value);
	else if (strcmp(keyword, "identityfile") == 0)
		return take_identity(r, value);
	else if (strcmp(keyword, "identitiesonly") == 0)
		c->identities_only = strcmp(value, "yes") == 0;
	else if (strcmp(keyword, "identityagent") == 0)
		r->agent = value;
	else if (strcmp(keyword, "hostkeyalias") == 0)
		c->key_alias = value;
	else if (strcmp(keyword, "userknownhostsfile") == 0)
		r->user_known = value;
	else if (strcmp(keyword, "globalknownhostsfile") == 0)
		r->global_known = value;
	else if (strcmp(keyword, "proxycommand") == 0 && !is_none(value))
		c->proxy = apr_pstrcat(r->pool, "ProxyCommand ", value, NULL);
	else if (strcmp(keyword, "proxyjump") == 0 && !is_none(value))
		c->jump = value;
	return NULL;
}

static xn_error_t *
take_lines(struct reading *r, const char *text, size_t n)
{
	const char *end = text + n;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		char *keyword, *value;

		if (stop == NULL)
			stop = end;
		/* A NUL can only come from something that is not ssh. */
		keyword = apr_pstrmemdup(r->pool, text, (size_t)(stop - text));
		if ((value = strchr(keyword, ' ')) != NULL) {
			*value++ = '\0';
			XN_TRY(take(r, keyword, value));
		}
		text = stop + 1;
	}
	return NULL;
}

/* Add the files that FILES names, separated by blanks; quotes hold blanks. */
static xn_error_t *
add_known(struct reading *r, const char *files)
{
	xn_ssh_config_t *c = r->config;

	while (*files != '\0') {
		char quote = *files == '"' ? '"' : ' ';
		const char *start = files + (quote == '"');
		size_t n = strcspn(start, quote == '"' ? "\"" : " \t");
		const char *name = apr_pstrmemdup(r->pool, start, n);

		files = start + n;
		while (*files == ' ' || *files == '\t' || *files == '"')
			files++;
		if (n == 0 || is_none(name))
			continue;
		if (c->known_count == XN_SSH_FILES_MAX)
			return xn_error_create(XN_E_UNSUPPORTED,
			    "ssh_config names more than %d known_hosts files",
			    XN_SSH_FILES_MAX);
		XN_TRY(expand(&c->known[c->known_count], r, name));
		c->known_count++;
	}
	return NULL;
}

static xn_error_t *
take_agent(struct reading *r)
{
	xn_ssh_config_t *c = r->config;

	c->agent = r->local->agent;
	if (r->agent == NULL || strcmp(r->agent, "SSH_AUTH_SOCK") == 0)
		return NULL;
	if (is_none(r->agent))
		c->agent = NULL;
	else if (r->agent[0] == '$')
		c->agent = getenv(r->agent + 1);
	else
		return expand(&c->agent, r, r->agent);
	return NULL;
}

/* What the xspec itself says goes before what ssh says. */
static void
take_target(struct reading *r)
{
	xn_ssh_config_t *c = r->config;
	const xn_ssh_target_t *target = r->target;

	if (c->host == NULL)
		c->host = target->host;
	if (target->user != NULL)
		c->user = target->user;
	else if (c->user == NULL)
		c->user = r->local->user;
	if (target->port != 0)
		c->port = target->port;
	else if (c->port == 0)
		c->port = 22;
	if (target->jump != NULL)
		c->jump = is_none(target->jump) ? NULL : target->jump;
}

/* ssh -G was told of -i, but leaves out a file that is not there. */
static xn_error_t *
take_named_identity(struct reading *r)
{
	xn_ssh_config_t *c = r->config;
	const char *named = r->target->identity;

	if (named == NULL)
		return NULL;
	c->identity_named = 1;
	if (c->identity_count > 0 && strcmp(r->identity[0], named) == 0)
		return NULL;
	XN_TRY(take_identity(r, named));
	for (int i = c->identity_count - 1; i > 0; i--)
		r->identity[i] = r->identity[i - 1];
	r->identity[0] = named;
	return NULL;
}

static const char *const default_keys[] = {
	"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"
};

xn_error_t *
xn_ssh_config_parse(xn_ssh_config_t **config, const char *text, size_t n,
    const xn_ssh_target_t *target, const xn_ssh_local_t *local,
    apr_pool_t *pool)
{
	struct reading r = { .target = target, .local = local, .pool = pool };
	xn_ssh_config_t *c = apr_pcalloc(pool, sizeof(*c));

	r.config = c;
	XN_TRY(take_lines(&r, text, n));
	take_target(&r);
	XN_TRY(take_named_identity(&r));
	for (size_t i = 0; n == 0 && target->identity == NULL &&
	    i < sizeof(default_keys) / sizeof(default_keys[0]); i++)
		XN_TRY(take_identity(&r, default_keys[i]));
	for (int i = 0; i < c->identity_count; i++)
		XN_TRY(expand(&c->identity[i], &r, r.identity[i]));
	XN_TRY(take_agent(&r));
	XN_TRY(add_known(&r, r.user_known != NULL ? r.user_known :
	    "~/.ssh/known_hosts"));
	c->known_user_count = c->known_count;
	XN_TRY(add_known(&r, r.global_known != NULL ? r.global_known :
	    "/etc/ssh/ssh_known_hosts"));
	*config = c;
	return NULL;
}
