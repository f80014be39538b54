/*
 * ssh_auth.c: who we are: the keys of ssh-agent, then key files.
 *
 * Keys that the configuration names go first, since servers end the
 * connection after a few wrong ones (MaxAuthTries).  With -i the files go
 * before what else the agent has.
 */
#include "core/transport/ssh.h"

#include <string.h>

#include <apr_strings.h>

#include "core/wire/dump.h"

struct trying {
	xn_ssh_t *s;
	const xn_ssh_config_t *config;
	const xn_transport_open_t *how;
	xn_ssh_key_t *files[XN_SSH_FILES_MAX];	/* NULL: cannot be read */
	xn_ssh_agent_t *agent;
	xn_ssh_agent_key_t *keys;	/* the agent's */
	int key_count;
	const char *tried;		/* a list, for the error */
	int refused;			/* how many keys the server refused */
	int done;			/* we are in */
	apr_pool_t *pool;
};

static void
note(struct trying *t, const char *what, const char *outcome)
{
	t->tried = apr_psprintf(t->pool, "%s%s%s (%s)",
	    t->tried != NULL ? t->tried : "", t->tried != NULL ? ", " : "",
	    what, outcome);
}

static void
note_error(struct trying *t, const char *what, xn_error_t *error)
{
	note(t, what, xn_error_text(error, t->pool));
	xn_error_clear(error);
}

/* What became of a key: RC is libssh2's. */
static xn_error_t *
outcome(struct trying *t, const char *what, int rc)
{
	if (rc == 0) {
		t->done = 1;
		return NULL;
	}
	if (t->s->goodbye != NULL || rc == LIBSSH2_ERROR_SOCKET_DISCONNECT ||
	    rc == LIBSSH2_ERROR_SOCKET_RECV ||
	    rc == LIBSSH2_ERROR_SOCKET_SEND) {
		note(t, what, "refused");
		return xn_error_create(XN_E_AUTH, "%s ended the connection "
		    "after %d keys (%s): tried %s; name the right one: ssh=-i "
		    "KEY HOST", t->s->t.peer, t->refused + 1,
		    t->s->goodbye != NULL ? t->s->goodbye : "MaxAuthTries?",
		    t->tried);
	}
	if (rc == LIBSSH2_ERROR_AUTHENTICATION_FAILED ||
	    rc == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED) {
		t->refused++;
		note(t, what, "refused");
		return NULL;
	}
	note(t, what, xn_ssh__reason(t->s, t->pool));
	return NULL;
}

/*
 * libssh2 before 1.11 sends the type of the blob as the signature's, and for
 * RSA that is SHA-1, which servers refuse.  They take the newer name in both
 * places.
 */
static xn_ssh_agent_key_t
for_sending(const struct trying *t, const uint8_t *blob, size_t n)
{
	static const char newer[] = "rsa-sha2-512";
	xn_ssh_agent_key_t key = { blob, n, NULL };
	uint8_t *renamed;

	if (n < 11 || memcmp(blob, "\0\0\0\7ssh-rsa", 11) != 0 ||
	    libssh2_version(0x010b00) != NULL)
		return key;
	key.n = n - 7 + sizeof(newer) - 1;
	renamed = apr_palloc(t->pool, key.n);
	xn_set_u32(renamed, sizeof(newer) - 1);
	memcpy(renamed + 4, newer, sizeof(newer) - 1);
	memcpy(renamed + 4 + sizeof(newer) - 1, blob + 11, n - 11);
	key.blob = renamed;
	return key;
}

static xn_error_t *
try_agent_key(struct trying *t, const xn_ssh_agent_key_t *key)
{
	xn_ssh_agent_signer_t signer = { t->agent, key };
	xn_ssh_agent_key_t sent = for_sending(t, key->blob, key->n);
	void *abstract = &signer;
	int rc;

	XN_SSH_LOOP(rc, libssh2_userauth_publickey(t->s->session,
	    t->config->user, sent.blob, sent.n, xn_ssh__agent_sign, &abstract),
	    t->s, t->how, "waiting for the answer to a key");
	return outcome(t, apr_psprintf(t->pool, "agent key %s", key->comment),
	    rc);
}

static int
is_file_key(const struct trying *t, const xn_ssh_agent_key_t *key)
{
	for (int i = 0; i < t->config->identity_count; i++)
		if (t->files[i] != NULL && t->files[i]->n == key->n &&
		    t->files[i]->blob != NULL &&
		    memcmp(t->files[i]->blob, key->blob, key->n) == 0)
			return 1;
	return 0;
}

/* The agent's keys: those that files name, or (OTHERS) the rest. */
static xn_error_t *
try_agent(struct trying *t, int others)
{
	for (int i = 0; i < t->key_count && !t->done; i++)
		if (is_file_key(t, &t->keys[i]) == !others)
			XN_TRY(try_agent_key(t, &t->keys[i]));
	return NULL;
}

static int
agent_has(const struct trying *t, const xn_ssh_key_t *file)
{
	for (int i = 0; i < t->key_count; i++)
		if (file->blob != NULL && t->keys[i].n == file->n &&
		    memcmp(t->keys[i].blob, file->blob, file->n) == 0)
			return 1;
	return 0;
}

static xn_error_t *
sign_by_file(struct trying *t, xn_ssh_key_t *file)
{
	const char *doing = "waiting for the answer to a key";
	xn_ssh_agent_key_t sent;
	int rc;

	if (!xn_ssh__file_signer(file, t->pool)) {
		XN_SSH_LOOP(rc, libssh2_userauth_publickey_fromfile_ex(
		    t->s->session, t->config->user,
		    (unsigned int)strlen(t->config->user), NULL, file->path,
		    NULL), t->s, t->how, doing);
		return outcome(t, file->path, rc);
	}
	sent = for_sending(t, file->blob, file->n);
	XN_SSH_LOOP(rc, libssh2_userauth_publickey(t->s->session,
	    t->config->user, sent.blob, sent.n, xn_ssh__file_sign,
	    &file->pkey), t->s, t->how, doing);
	return outcome(t, file->path, rc);
}

static xn_error_t *
try_file(struct trying *t, xn_ssh_key_t *file)
{
	if (!file->missing && file->encrypted && !agent_has(t, file)) {
		note(t, file->path, "encrypted and not in an ssh-agent; use "
		    "ssh-add");
		return NULL;
	}
	if (file->missing && (t->config->identities_only ||
	    (t->config->identity_named && file == t->files[0])))
		note(t, file->path, "there is no such file");
	if (file->missing || agent_has(t, file))
		return NULL;
	return sign_by_file(t, file);
}

/* Look at the files, and connect to the agent; neither has to be there. */
static void
gather(struct trying *t)
{
	xn_error_t *error;

	for (int i = 0; i < t->config->identity_count; i++) {
		const char *path = t->config->identity[i];

		error = xn_ssh__key_look(&t->files[i], path, t->pool);
		if (error != NULL) {
			t->files[i] = NULL;
			note_error(t, path, error);
		}
	}
	if (t->config->agent == NULL)
		return;
	error = xn_ssh__agent_open(&t->agent, &t->keys, &t->key_count,
	    t->config->agent, t->how, t->pool);
	if (error != NULL) {
		t->key_count = 0;
		note_error(t, "ssh-agent", error);
	}
}

/* Ask by "none" what the server wants; it may let us in at once. */
static xn_error_t *
ask_methods(struct trying *t)
{
	LIBSSH2_SESSION *session = t->s->session;
	const char *methods;
	char clean[3 * 200 + 1];
	int rc;

	for (;;) {
		methods = libssh2_userauth_list(session, t->config->user,
		    (unsigned int)strlen(t->config->user));
		if (methods != NULL)
			break;
		if (libssh2_userauth_authenticated(session)) {
			t->done = 1;
			return NULL;
		}
		rc = libssh2_session_last_errno(session);
		if (rc != LIBSSH2_ERROR_EAGAIN)
			return xn_ssh__error(t->s, XN_E_AUTH, rc,
			    "asking how to log in", t->pool);
		XN_TRY(xn_ssh__wait(t->s, t->how, "asking how to log in"));
	}
	if (strstr(methods, "publickey") != NULL)
		return NULL;
	xn_utf8_sanitize(clean, methods, strnlen(methods, 200));
	return xn_error_create(XN_E_AUTH, "%s lets nobody in by a key: it "
	    "offers %s", t->s->t.peer, clean);
}

static xn_error_t *
try_files(struct trying *t)
{
	for (int i = 0; i < t->config->identity_count && !t->done; i++)
		if (t->files[i] != NULL)
			XN_TRY(try_file(t, t->files[i]));
	return NULL;
}

static xn_error_t *
try_all(struct trying *t)
{
	int named = t->config->identity_named;

	gather(t);
	XN_TRY(try_agent(t, 0));
	if (named)
		XN_TRY(try_files(t));
	if (!t->config->identities_only)
		XN_TRY(try_agent(t, 1));
	return named ? NULL : try_files(t);
}

xn_error_t *
xn_ssh__auth(xn_ssh_t *s, const xn_ssh_config_t *config,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	struct trying t = { .s = s, .config = config, .how = how };
	xn_error_t *error;

	/* What the agent holds and the files say is of no use afterwards. */
	apr_pool_create(&t.pool, pool);
	error = ask_methods(&t);
	if (error == NULL && !t.done)
		error = try_all(&t);
	if (error == NULL && !t.done)
		error = xn_error_create(XN_E_AUTH, "%s does not let us in: %s%s",
		    s->t.peer, t.tried != NULL ? "tried " : "there is no key to "
		    "try: no ssh-agent with keys, and no key file that "
		    "ssh_config names", t.tried != NULL ? t.tried : "");
	apr_pool_destroy(t.pool);
	return error;
}
