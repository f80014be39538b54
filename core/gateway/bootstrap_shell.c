/*
 * bootstrap_shell.c: brings the agent to a machine that has nothing but sh.
 *
 *	<- XN0 <nonce> ok <system> <machine> gzip|plain
 *	   XN0 <nonce> nodir <places> | nodd | nosha		and it ends
 *	-> <size> <sha256>\n
 *	<- XN2 <nonce> have|need				cache=yes only
 *	-> size bytes: the agent, packed as it said
 *	<- XN1 <nonce> <features>				the agent
 *
 * One command does it (bootstrap_command.c).  Nothing is sent before XN0, which
 * says what to send, and nothing behind the agent before its hello, since some
 * tools over there read more than they were told to.
 */
#include "core/gateway/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include <apr_strings.h>

#include "core/gateway/bootstrap_command.h"
#include "core/wire/dump.h"

#define AGENT_MAX	(64u * 1024 * 1024)
#define SHA256_SIZE	32

/* What is being brought where. */
struct bringing {
	xn_transport_t *t;
	const xn_xspec_t *spec;
	const xn_transport_open_t *how;
	apr_pool_t *pool;
};

static const char *
clean_text(const char *text, apr_pool_t *pool)
{
	char *clean = apr_palloc(pool, 3 * strlen(text) + 1);

	xn_utf8_sanitize(clean, text, strlen(text));
	for (char *p = clean; *p != '\0'; p++)
		if (*p == '\n')
			*p = '|';
	return clean;
}

/* The stream ended before the line that we wait for; NOISE came instead. */
static xn_error_t *
early_end(const struct bringing *b, const char *doing, const char *noise)
{
	const char *ending, *advice;
	int status, code = xn_bootstrap_ending(&ending, &status, b->spec,
	    b->t, b->how, b->pool);

	advice = status == 127 || status == 126 ?
	    "; is there a sh, and may this user run it?" : "";
	return xn_error_create(code, "%s ended while %s: %s%s%s%s%s",
	    b->t->peer, doing, ending, *noise != '\0' ? "; it printed \"" : "",
	    clean_text(noise, b->pool), *noise != '\0' ? "\"" : "", advice);
}

/* Wait for the line "KEYWORD nonce ..."; *REST is what follows. */
static xn_error_t *
await_line(char **rest, const struct bringing *b, const char *keyword,
    const char *doing)
{
	const char *prefix = apr_pstrcat(b->pool, keyword, " ", b->how->nonce,
	    " ", NULL);
	const char *line, *noise = "";
	xn_error_t *error = xn_transport_expect(&line, &noise, b->t, b->how,
	    prefix, b->pool);

	if (error == NULL) {
		*rest = apr_pstrdup(b->pool, line + strlen(prefix));
		return NULL;
	}
	if (error->code == XN_E_CONNECTION) {
		xn_error_clear(error);
		return early_end(b, doing, noise);
	}
	return *noise == '\0' ? error : xn_error_wrap(error,
	    "while %s; it printed \"%s\"", doing, clean_text(noise, b->pool));
}

/* Understand XN0: the architecture over there, and how to pack. */
static xn_error_t *
read_report(const char **arch, int *gzipped, const struct bringing *b,
    char *report)
{
	char *state;
	const char *word = apr_strtok(report, " ", &state), *system;

	if (word != NULL && strcmp(word, "nodir") == 0)
		return xn_error_create(XN_E_BOOTSTRAP, "%s has no directory "
		    "that we may write to, with 2 MiB of room, and that lets "
		    "programs run: tried%s",
		    b->t->peer, state != NULL && *state != '\0' ?
		    apr_pstrcat(b->pool, " ", clean_text(state, b->pool), NULL)
		    : " none");
	if (word != NULL && strcmp(word, "nodd") == 0)
		return xn_error_create(XN_E_BOOTSTRAP, "%s has no dd, which "
		    "takes the agent from the connection", b->t->peer);
	if (word != NULL && strcmp(word, "nosha") == 0)
		return xn_error_create(XN_E_BOOTSTRAP, "%s has no sha256sum, "
		    "which cache=yes needs", b->t->peer);
	system = word != NULL ? apr_strtok(NULL, " ", &state) : NULL;
	*arch = system != NULL ? apr_strtok(NULL, " ", &state) : NULL;
	word = *arch != NULL ? apr_strtok(NULL, " ", &state) : NULL;
	if (word == NULL)
		return xn_error_create(XN_E_BOOTSTRAP, "%s does not say what "
		    "system it is: has it no uname?", b->t->peer);
	*gzipped = strcmp(word, "gzip") == 0;
	if (strcmp(system, "Linux") != 0)
		return xn_error_create(XN_E_BOOTSTRAP, "%s runs %s; the agent "
		    "runs on Linux only", b->t->peer,
		    clean_text(system, b->pool));
	return NULL;
}

static xn_error_t *
read_agent(char **bytes, size_t *n, const char *path, apr_pool_t *pool)
{
	struct stat st;
	ssize_t got = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), reason;

	*n = 0;
	if (fd < 0)
		return xn_error_system(errno, "cannot open the agent %s", path);
	if (fstat(fd, &st) == 0 && st.st_size > 0 &&
	    st.st_size <= (off_t)AGENT_MAX) {
		*bytes = apr_palloc(pool, (size_t)st.st_size);
		while (*n < (size_t)st.st_size && (got = read(fd, *bytes + *n,
		    (size_t)st.st_size - *n)) > 0)
			*n += (size_t)got;
	}
	reason = got < 0 ? errno : EINVAL;
	close(fd);
	if (*n > 0 && *n == (size_t)st.st_size)
		return NULL;
	return xn_error_system(reason, "cannot read the agent %s", path);
}

/* The sha256 of the agent as it will lie over there, unpacked. */
static xn_error_t *
digest_agent(const char **hex, const char *arch, apr_pool_t *pool)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	const char *path;
	char *bytes, *text;
	size_t n;

	XN_TRY(xn_agent_find(&path, arch, 0, pool));
	XN_TRY(read_agent(&bytes, &n, path, pool));
	if (EVP_Digest(bytes, n, digest, &size, EVP_sha256(), NULL) != 1 ||
	    size != SHA256_SIZE)
		return xn_error_create(XN_E_SYSTEM, "cannot digest %s", path);
	text = apr_palloc(pool, 2 * SHA256_SIZE + 1);
	for (unsigned int i = 0; i < size; i++)
		apr_snprintf(text + (size_t)2 * i, 3, "%02x", digest[i]);
	*hex = text;
	return NULL;
}

/* Send bytes; if the other end has gone, say how it went. */
static xn_error_t *
send_bytes(const struct bringing *b, const void *bytes, size_t n)
{
	xn_error_t *error = xn_transport_write_all(b->t, b->how, bytes, n);

	if (error == NULL || error->code != XN_E_CONNECTION)
		return error;
	xn_error_clear(error);
	return early_end(b, "the agent was sent", "");
}

static xn_error_t *
send_agent(const struct bringing *b, const char *arch, int gzipped)
{
	const char *path, *sha = "-", *head;
	char *bytes, *answer;
	size_t n;

	XN_TRY_W(xn_agent_find(&path, arch, gzipped, b->pool), "%s is a %s",
	    b->t->peer, clean_text(arch, b->pool));
	XN_TRY(read_agent(&bytes, &n, path, b->pool));
	if (b->spec->cache)
		XN_TRY(digest_agent(&sha, arch, b->pool));
	head = apr_psprintf(b->pool, "%lu %s\n", (unsigned long)n, sha);
	XN_TRY(send_bytes(b, head, strlen(head)));
	if (b->spec->cache) {
		XN_TRY(await_line(&answer, b, "XN2", "looking for its agent"));
		if (strcmp(answer, "have") == 0)
			return NULL;
	}
	return send_bytes(b, bytes, n);
}

static xn_error_t *
bring(const struct bringing *b)
{
	const char *arch = NULL;
	char *report = NULL;
	int gzipped = 0;

	XN_TRY(await_line(&report, b, "XN0", "its shell was starting"));
	XN_TRY(read_report(&arch, &gzipped, b, report));
	return send_agent(b, arch, gzipped);
}

xn_error_t *
xn_bootstrap_shell(xn_transport_t **transport, const xn_xspec_t *spec,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	struct bringing b = { .spec = spec, .how = how };
	xn_error_t *error;

	XN_TRY(xn_bootstrap_shell_start(&b.t, spec,
	    xn_bootstrap_command(how->nonce, spec->cache, pool), how, pool));
	apr_pool_create(&b.pool, pool);	/* holds the agent's bytes */
	error = bring(&b);
	if (error != NULL)
		b.t->kind->close(b.t);
	else
		*transport = b.t;
	apr_pool_destroy(b.pool);
	return error;
}
