/*
 * execnet's gateway specifications.
 *
 *	spec	= pair *( "//" pair )
 *	pair	= key [ "=" value ]
 *
 * The first "=" ends the key.  Neither key nor value contains "//".  A key
 * stands once; one that begins with "_" is refused; "env:NAME=value" may stand
 * for each NAME once.
 */
#include "core/gateway/xspec.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "core/gateway/nearest.h"
#include "core/gateway/xspec_openssh.h"
#include "core/gateway/xspec_socket.h"
#include "core/gateway/xspec_ssh.h"
#include "core/gateway/xspec_words.h"

#define XSPEC_MAX	65536		/* bytes; more is not a specification */
#define TIMEOUT_DEFAULT	60		/* seconds */
#define TIMEOUT_MAX	(7 * 86400)

/* One parse. */
struct parse {
	xn_xspec_t *spec;
	apr_pool_t *pool;
	unsigned long seen;		/* bit N: keys[N] was given */
	apr_array_header_t *env;	/* xn_xspec_env_t */
};

typedef xn_error_t *apply_fn(struct parse *p, const char *value);

static xn_error_t *
set_popen(struct parse *p, const char *value)
{
	if (value != NULL)
		return xn_error_create(XN_E_XSPEC, "popen takes no value");
	p->spec->kind = XN_XSPEC_POPEN;
	return NULL;
}

static xn_error_t *
set_ssh(struct parse *p, const char *value)
{
	p->spec->kind = XN_XSPEC_SSH;
	return xn_xspec_ssh(&p->spec->ssh, value, p->pool);
}

/* The words go to the ssh program as they are; execnet's -p form works so. */
static xn_error_t *
set_openssh(struct parse *p, const char *value)
{
	int n;

	p->spec->kind = XN_XSPEC_OPENSSH;
	XN_TRY(xn_xspec_words(&p->spec->openssh, &n, "openssh", value,
	    p->pool));
	return xn_xspec_openssh(&p->spec->openssh_host, p->spec->openssh);
}

static xn_error_t *
set_socket(struct parse *p, const char *value)
{
	p->spec->kind = XN_XSPEC_SOCKET;
	return xn_xspec_socket(&p->spec->host, &p->spec->port, value,
	    p->pool);
}

static xn_error_t *
set_unix(struct parse *p, const char *value)
{
	p->spec->kind = XN_XSPEC_UNIX;
	return xn_xspec_unix(&p->spec->path, value);
}

static xn_error_t *
set_via(struct parse *p, const char *value)
{
	p->spec->via = value;
	return NULL;
}

static xn_error_t *
set_python(struct parse *p, const char *value)
{
	int n;

	return xn_xspec_words(&p->spec->python, &n, "python", value, p->pool);
}

static xn_error_t *
set_worker(struct parse *p, const char *value)
{
	static const char *const names[] = { "agent", "python", "execnet" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(value, names[i]) == 0) {
			p->spec->worker = (enum xn_xspec_worker)i;
			return NULL;
		}
	}
	return xn_error_create(XN_E_XSPEC, "worker=%s: write worker=agent, "
	    "worker=python or worker=execnet", value);
}

static xn_error_t *
set_machine(struct parse *p, const char *value)
{
	p->spec->machine = value;
	return NULL;
}

static xn_error_t *
set_id(struct parse *p, const char *value)
{
	p->spec->id = value;
	return NULL;
}

static xn_error_t *
set_chdir(struct parse *p, const char *value)
{
	p->spec->chdir = value;
	return NULL;
}

static xn_error_t *
set_nice(struct parse *p, const char *value)
{
	char *end;
	long nice = strtol(value, &end, 10);

	if (end == value || *end != '\0' || nice < -20 || nice > 19 ||
	    *value == ' ')
		return xn_error_create(XN_E_XSPEC,
		    "nice=%s: a whole number from -20 to 19 is wanted", value);
	p->spec->nice = (int)nice;
	return NULL;
}

static xn_error_t *
read_yes_no(int *out, const char *key, const char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return xn_error_create(XN_E_XSPEC,
		    "%s=%s: write %s=yes or %s=no", key, value, key, key);
	*out = strcmp(value, "yes") == 0;
	return NULL;
}

static xn_error_t *
set_cache(struct parse *p, const char *value)
{
	return read_yes_no(&p->spec->cache, "cache", value);
}

static xn_error_t *
set_compress(struct parse *p, const char *value)
{
	return read_yes_no(&p->spec->ssh.compress, "compress", value);
}

static xn_error_t *
set_timeout(struct parse *p, const char *value)
{
	size_t n = strspn(value, "0123456789.");
	char *end;
	double seconds = strtod(value, &end);

	if (n == 0 || value[n] != '\0' || *end != '\0' || seconds < 0.001 ||
	    seconds > TIMEOUT_MAX)
		return xn_error_create(XN_E_XSPEC, "timeout=%s: a number of "
		    "seconds above 0 and up to %d is wanted", value,
		    TIMEOUT_MAX);
	p->spec->timeout = xn_seconds(seconds);
	return NULL;
}

static xn_error_t *
set_hostkeys(struct parse *p, const char *value)
{
	if (strcmp(value, "strict") != 0 && strcmp(value, "accept-new") != 0)
		return xn_error_create(XN_E_XSPEC, "hostkeys=%s: write "
		    "hostkeys=strict or hostkeys=accept-new", value);
	p->spec->ssh.accept_new = strcmp(value, "accept-new") == 0;
	return NULL;
}

enum {
	TRUTH = 1,	/* stands without a value */
	SSH_ONLY = 2,	/* says something about ssh= */
	WAY = 4,	/* says how to get there: exactly one does */
	SHIPPED = 8,	/* says something about bringing the agent by a shell */
	HERE = 16	/* says something about an agent of popen */
};

/* Every key: what applies it, or why it is refused. */
static const struct key {
	const char *name;
	apply_fn *apply;	/* NULL: refused */
	int flags;
	const char *refusal;
} keys[] = {
	{ "popen", set_popen, TRUTH | WAY, NULL },
	{ "ssh", set_ssh, WAY, NULL },
	{ "openssh", set_openssh, WAY, NULL },
	{ "socket", set_socket, WAY, NULL },
	{ "unix", set_unix, WAY, NULL },
	{ "via", set_via, 0, NULL },
	{ "python", set_python, 0, NULL },
	{ "worker", set_worker, 0, NULL },
	{ "machine", set_machine, HERE, NULL },
	{ "id", set_id, 0, NULL },
	{ "chdir", set_chdir, 0, NULL },
	{ "nice", set_nice, 0, NULL },
	{ "cache", set_cache, SHIPPED, NULL },
	{ "compress", set_compress, SSH_ONLY, NULL },
	{ "timeout", set_timeout, 0, NULL },
	{ "hostkeys", set_hostkeys, SSH_ONLY, NULL },
	{ "execmodel", NULL, 0, "a program always runs in a process of its "
	    "own here: leave execmodel= out" },
	{ "installvia", NULL, 0, "nothing is ever installed at the other end: "
	    "leave installvia= out" },
	{ "ssh_config", NULL, 0, "write the file behind -F instead: "
	    "ssh=-F FILE HOST" },
	{ "vagrant_ssh", NULL, 0, "save what `vagrant ssh-config` prints in a "
	    "file, and write ssh=-F FILE HOST" },
	{ "dont_write_bytecode", NULL, 0, "no Python file is ever written at "
	    "the other end: leave dont_write_bytecode out" },
};
#define NKEYS (sizeof(keys) / sizeof(keys[0]))

static int
was_seen(const struct parse *p, apply_fn *apply)
{
	for (size_t i = 0; i < NKEYS; i++) {
		if (keys[i].apply == apply && (p->seen >> i & 1) != 0)
			return 1;
	}
	return 0;
}

static xn_error_t *
unknown_key(const char *name, apr_pool_t *pool)
{
	struct xn_nearest nearest = { .word = name };

	if (*name == '\0')
		return xn_error_create(XN_E_XSPEC, "an empty key: \"//\" "
		    "stands between two pairs, at most once in a row");
	for (size_t i = 0; i < NKEYS; i++)
		xn_nearest_try(&nearest, keys[i].name);
	return xn_error_create(XN_E_XSPEC, "unknown key \"%s\"%s", name,
	    xn_nearest_hint(&nearest, pool));
}

static xn_error_t *
take_env(struct parse *p, const char *name, const char *value)
{
	xn_xspec_env_t *env;

	if (*name == '\0' || value == NULL)
		return xn_error_create(XN_E_XSPEC,
		    "env:%s: write env:NAME=VALUE", name);
	for (int i = 0; i < p->env->nelts; i++) {
		env = &APR_ARRAY_IDX(p->env, i, xn_xspec_env_t);
		if (strcmp(env->name, name) == 0)
			return xn_error_create(XN_E_XSPEC,
			    "the key \"env:%s\" is given twice", name);
	}
	env = apr_array_push(p->env);
	env->name = name;
	env->value = value;
	return NULL;
}

static xn_error_t *
apply_key(struct parse *p, size_t i, const char *value)
{
	const struct key *key = &keys[i];

	if ((p->seen >> i & 1) != 0)
		return xn_error_create(XN_E_XSPEC,
		    "the key \"%s\" is given twice", key->name);
	p->seen |= 1ul << i;
	if (key->refusal != NULL)
		return xn_error_create(XN_E_XSPEC, "%s: %s", key->name,
		    key->refusal);
	if ((key->flags & TRUTH) == 0 && (value == NULL || *value == '\0'))
		return xn_error_create(XN_E_XSPEC,
		    "the key \"%s\" needs a value: write %s=VALUE", key->name,
		    key->name);
	return key->apply(p, value);
}

/* PAIR is ours to cut in two. */
static xn_error_t *
take_pair(struct parse *p, char *pair)
{
	char *value = strchr(pair, '=');

	if (value != NULL)
		*value++ = '\0';
	if (*pair == '_')
		return xn_error_create(XN_E_XSPEC,
		    "the key \"%s\" begins with an underscore", pair);
	if (strncmp(pair, "env:", 4) == 0)
		return take_env(p, pair + 4, value);
	for (size_t i = 0; i < NKEYS; i++) {
		if (strcmp(keys[i].name, pair) == 0)
			return apply_key(p, i, value);
	}
	return unknown_key(pair, p->pool);
}

/* Exactly one key says how to get there. */
static xn_error_t *
check_way(const struct parse *p)
{
	const char *way = NULL;

	for (size_t i = 0; i < NKEYS; i++) {
		if ((p->seen >> i & 1) == 0 || (keys[i].flags & WAY) == 0)
			continue;
		if (way != NULL)
			return xn_error_create(XN_E_XSPEC, "%s and %s exclude "
			    "each other: write one of them", way,
			    keys[i].name);
		way = keys[i].name;
	}
	return way != NULL ? NULL : xn_error_create(XN_E_XSPEC,
	    "it does not say how to get there: write popen, ssh=HOST, "
	    "openssh=HOST, socket=HOST:PORT or unix=PATH into it");
}

/* python= asks for a Python worker; a Python worker needs a python. */
static xn_error_t *
settle_worker(struct parse *p)
{
	static const char *const python3[] = { "python3", NULL };
	int asked = was_seen(p, set_worker);

	if (p->spec->python != NULL && !asked)
		p->spec->worker = XN_WORKER_PYTHON;
	if (p->spec->python != NULL && p->spec->worker == XN_WORKER_AGENT)
		return xn_error_create(XN_E_XSPEC, "worker=agent and python= "
		    "exclude each other: write one of them");
	if (p->spec->python == NULL && p->spec->worker != XN_WORKER_AGENT)
		p->spec->python = python3;
	return NULL;
}

/* What can be seen only when all keys are known. */
static xn_error_t *
check_whole(struct parse *p)
{
	int is_ssh = was_seen(p, set_ssh);
	int by_shell, here;

	XN_TRY(check_way(p));
	XN_TRY(settle_worker(p));
	by_shell = p->spec->worker == XN_WORKER_AGENT &&
	    (is_ssh || was_seen(p, set_openssh));
	here = p->spec->worker == XN_WORKER_AGENT &&
	    p->spec->via == NULL && was_seen(p, set_popen);
	for (size_t i = 0; i < NKEYS; i++) {
		if ((p->seen >> i & 1) == 0)
			continue;
		if (!is_ssh && (keys[i].flags & SSH_ONLY) != 0)
			return xn_error_create(XN_E_XSPEC, "%s= is about an "
			    "ssh= connection: leave it out here",
			    keys[i].name);
		if (!by_shell && (keys[i].flags & SHIPPED) != 0)
			return xn_error_create(XN_E_XSPEC, "%s= is about an "
			    "agent that is brought over ssh: leave it out here",
			    keys[i].name);
		if (!here && (keys[i].flags & HERE) != 0)
			return xn_error_create(XN_E_XSPEC, "%s= is about an "
			    "agent of popen on this machine: leave it out here",
			    keys[i].name);
	}
	return NULL;
}

static xn_error_t *
parse_text(struct parse *p, const char *text)
{
	char *pair, *next;

	if (*text == '\0')
		return xn_error_create(XN_E_XSPEC,
		    "it is empty: write popen or ssh=HOST");
	if (strlen(text) > XSPEC_MAX)
		return xn_error_create(XN_E_XSPEC,
		    "it is longer than %d bytes", XSPEC_MAX);
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return xn_error_create(XN_E_XSPEC,
			    "it contains a control character");
	}
	pair = apr_pstrdup(p->pool, text);
	for (; pair != NULL; pair = next) {
		next = strstr(pair, "//");
		if (next != NULL) {
			*next = '\0';
			next += 2;
		}
		XN_TRY(take_pair(p, pair));
	}
	return check_whole(p);
}

xn_error_t *
xn_xspec_parse(xn_xspec_t **spec, const char *text, apr_pool_t *pool)
{
	struct parse p = { .pool = pool };

	*spec = NULL;
	p.spec = apr_pcalloc(pool, sizeof(*p.spec));
	p.spec->text = apr_pstrdup(pool, text);
	p.spec->timeout = xn_seconds(TIMEOUT_DEFAULT);
	p.env = apr_array_make(pool, 2, sizeof(xn_xspec_env_t));
	XN_TRY_W(parse_text(&p, text), "xspec \"%.200s\"", text);
	p.spec->env = (const xn_xspec_env_t *)p.env->elts;
	p.spec->env_count = p.env->nelts;
	*spec = p.spec;
	return NULL;
}

xn_error_t *
xn_xspec_check(const char *xspec, apr_pool_t *pool)
{
	xn_xspec_t *spec;

	return xn_xspec_parse(&spec, xspec, pool);
}
