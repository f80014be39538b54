/*
 * ssh_agent.c: asks an ssh-agent for its keys and for signatures
 * (draft-miller-ssh-agent): a length, a type, and its contents.
 *
 * libssh2's own agent functions block without a limit and ask for RSA
 * signatures by SHA-1 only, which servers refuse.
 */
#include "core/transport/ssh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/transport/wait.h"
#include "core/wire/code.h"
#include "core/wire/dump.h"

#define REQUEST_IDENTITIES	11
#define IDENTITIES_ANSWER	12
#define SIGN_REQUEST		13
#define SIGN_RESPONSE		14
#define SIGN_RSA_SHA2_512	4

#define ANSWER_MAX	(256u * 1024)
#define KEYS_MAX	64
#define COMMENT_MAX	128u

static xn_error_t *
move_bytes(const xn_ssh_agent_t *agent, void *bytes, size_t n, int writing)
{
	char *p = bytes;

	while (n > 0) {
		struct pollfd pfd[2] = {
			{ agent->fd, writing ? POLLOUT : POLLIN, 0 }
		};
		ssize_t done;

		XN_TRY(xn_transport_poll(pfd, 1, agent->how, agent->how->deadline,
		    "waiting for ssh-agent"));
		done = writing ?
		    send(agent->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT) :
		    recv(agent->fd, p, n, MSG_DONTWAIT);
		if (done < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (done <= 0)
			return xn_error_system(done < 0 ? errno : ECONNRESET,
			    "lost the connection to ssh-agent");
		p += done;
		n -= (size_t)done;
	}
	return NULL;
}

/* Send REQUEST (without its length) and put the answer into ANSWER. */
static xn_error_t *
ask(const xn_ssh_agent_t *agent, struct xn_buf *request, struct xn_buf *answer)
{
	uint8_t length[4], *room;
	uint32_t n;

	xn_set_u32(length, (uint32_t)xn_buf_len(request));
	XN_TRY(move_bytes(agent, length, 4, 1));
	XN_TRY(move_bytes(agent, xn_buf_data(request), xn_buf_len(request), 1));
	XN_TRY(move_bytes(agent, length, 4, 0));
	n = xn_get_u32(length);
	if (n == 0 || n > ANSWER_MAX ||
	    xn_buf_reserve(answer, n, &room) != XN_C_OK)
		return xn_error_create(XN_E_AUTH,
		    "ssh-agent answers with %lu bytes", (unsigned long)n);
	XN_TRY(move_bytes(agent, room, n, 0));
	xn_buf_commit(answer, n);
	return NULL;
}

static int
take_string(const uint8_t **out, size_t *n, struct xn_buf *b)
{
	uint32_t size;

	if (xn_buf_len(b) < 4)
		return 0;
	size = xn_get_u32(xn_buf_data(b));
	if (size > xn_buf_len(b) - 4)
		return 0;
	*out = xn_buf_data(b) + 4;
	*n = size;
	xn_buf_consume(b, 4 + (size_t)size);
	return 1;
}

static xn_error_t *
read_keys(xn_ssh_agent_key_t **keys, int *count, struct xn_buf *b,
    apr_pool_t *pool)
{
	const uint8_t *blob, *comment;
	size_t n, comment_n;
	uint32_t wanted;

	if (xn_buf_len(b) < 5 || xn_buf_data(b)[0] != IDENTITIES_ANSWER)
		return xn_error_create(XN_E_AUTH, "ssh-agent does not list its "
		    "keys (is it locked?)");
	wanted = xn_get_u32(xn_buf_data(b) + 1);
	xn_buf_consume(b, 5);
	*keys = apr_pcalloc(pool, KEYS_MAX * sizeof(**keys));
	for (*count = 0; wanted > 0 && *count < KEYS_MAX; wanted--) {
		xn_ssh_agent_key_t *key = &(*keys)[(*count)++];
		char *clean = apr_palloc(pool, 3 * COMMENT_MAX + 1);

		if (!take_string(&blob, &n, b) ||
		    !take_string(&comment, &comment_n, b))
			return xn_error_create(XN_E_AUTH, "ssh-agent sent a "
			    "list of keys that is cut off");
		xn_utf8_sanitize(clean, comment,
		    comment_n < COMMENT_MAX ? comment_n : COMMENT_MAX);
		key->blob = apr_pmemdup(pool, blob, n);
		key->n = n;
		key->comment = clean;
	}
	return NULL;
}

static apr_status_t
close_agent(void *baton)
{
	close(((xn_ssh_agent_t *)baton)->fd);
	return APR_SUCCESS;
}

static xn_error_t *
connect_agent(xn_ssh_agent_t *agent, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(path);

	if (n >= sizeof(address.sun_path))
		return xn_error_create(XN_E_AUTH,
		    "the path of ssh-agent's socket is too long: %s", path);
	memcpy(address.sun_path, path, n + 1);
	if (connect(agent->fd, (struct sockaddr *)&address,
	    sizeof(address)) != 0)
		return xn_error_system(errno, "no ssh-agent at %s", path);
	return NULL;
}

xn_error_t *
xn_ssh__agent_open(xn_ssh_agent_t **out, xn_ssh_agent_key_t **keys, int *count,
    const char *path, const xn_transport_open_t *how, apr_pool_t *pool)
{
	xn_ssh_agent_t *agent = apr_pcalloc(pool, sizeof(*agent));
	struct xn_buf request, answer;
	xn_error_t *error;

	*count = 0;
	agent->how = how;
	agent->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (agent->fd < 0)
		return xn_error_system(errno, "cannot make a socket");
	apr_pool_cleanup_register(pool, agent, close_agent,
	    apr_pool_cleanup_null);
	XN_TRY(connect_agent(agent, path));
	xn_buf_init(&request, 1);
	xn_buf_init(&answer, ANSWER_MAX);
	error = xn_buf_put_u8(&request, REQUEST_IDENTITIES) != XN_C_OK ?
	    xn_error_create(XN_E_NOMEM, "no memory to ask ssh-agent") :
	    ask(agent, &request, &answer);
	if (error == NULL)
		error = read_keys(keys, count, &answer, pool);
	xn_buf_free(&request);
	xn_buf_free(&answer);
	*out = agent;
	return error;
}

static int
put_string(struct xn_buf *b, const void *bytes, size_t n)
{
	int rc = xn_buf_put_u32(b, (uint32_t)n);

	return rc != XN_C_OK ? rc : xn_buf_put(b, bytes, n);
}

/*
 * The answer is a signature with its type in front; libssh2 wants the bare
 * one.  Its memory is libssh2's, which frees it.
 */
static int
take_signature(unsigned char **signature, size_t *length, struct xn_buf *b)
{
	const uint8_t *type, *bytes, *whole;
	size_t type_n, n, whole_n;

	if (xn_buf_len(b) < 1 || xn_buf_data(b)[0] != SIGN_RESPONSE)
		return -1;
	xn_buf_consume(b, 1);
	if (!take_string(&whole, &whole_n, b) || whole_n < 8 ||
	    xn_get_u32(whole) > whole_n - 8)
		return -1;
	type = whole + 4;
	type_n = xn_get_u32(whole);
	n = xn_get_u32(type + type_n);
	bytes = type + type_n + 4;
	if (n > whole_n - 8 - type_n || (*signature = malloc(n + 1)) == NULL)
		return -1;
	memcpy(*signature, bytes, n);
	*length = n;
	return 0;
}

int
xn_ssh__agent_sign(LIBSSH2_SESSION *session, unsigned char **signature,
    size_t *length, const unsigned char *data, size_t n, void **abstract)
{
	const xn_ssh_agent_signer_t *signer = *abstract;
	const xn_ssh_agent_key_t *key = signer->key;
	int rsa = key->n >= 11 && memcmp(key->blob, "\0\0\0\7ssh-rsa", 11) == 0;
	struct xn_buf request, answer;
	xn_error_t *error;
	int rc = -1;

	(void)session;
	xn_buf_init(&request, ANSWER_MAX);
	xn_buf_init(&answer, ANSWER_MAX);
	if (xn_buf_put_u8(&request, SIGN_REQUEST) == XN_C_OK &&
	    put_string(&request, key->blob, key->n) == XN_C_OK &&
	    put_string(&request, data, n) == XN_C_OK &&
	    xn_buf_put_u32(&request, rsa ? SIGN_RSA_SHA2_512 : 0) == XN_C_OK) {
		error = ask(signer->agent, &request, &answer);
		rc = error == NULL ?
		    take_signature(signature, length, &answer) : -1;
		xn_error_clear(error);	/* libssh2 knows yes and no only */
	}
	xn_buf_free(&request);
	xn_buf_free(&answer);
	return rc;
}
