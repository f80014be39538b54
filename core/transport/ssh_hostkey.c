/*
 * ssh_hostkey.c: is it the machine that we know?
 *
 * Strict: an unknown key and a changed one are errors, a revoked one always
 * is.  hostkeys=accept-new writes down the key of a machine of which no key at
 * all was known.
 */
#include "core/transport/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/transport/known_hosts.h"

/* A line of a known_hosts file that is for this host. */
struct xn_ssh_known_key {
	struct xn_ssh_known_key *next;
	int marker;			/* enum xn_known_marker */
	const char *type;		/* "ssh-ed25519" */
	const uint8_t *blob;
	size_t n;
	const char *file;
	int line;
};

/* What libssh2 calls the methods of each type of key, the best type first. */
static const struct {
	const char *type, *short_name, *methods[3];
} types[] = {
	{ "ssh-ed25519", "ED25519", { "ssh-ed25519" } },
	{ "ecdsa-sha2-nistp256", "ECDSA", { "ecdsa-sha2-nistp256" } },
	{ "ecdsa-sha2-nistp384", "ECDSA", { "ecdsa-sha2-nistp384" } },
	{ "ecdsa-sha2-nistp521", "ECDSA", { "ecdsa-sha2-nistp521" } },
	{ "ssh-rsa", "RSA", { "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa" } },
};
#define TYPES	(sizeof(types) / sizeof(types[0]))

static const char *
short_name(const char *type)
{
	for (size_t i = 0; i < TYPES; i++)
		if (strcmp(types[i].type, type) == 0)
			return types[i].short_name;
	return type;
}

/* The name by which known_hosts files know the host, in lower case. */
static const char *
known_name(const xn_ssh_config_t *config, int with_port, apr_pool_t *pool)
{
	const char *from = config->key_alias != NULL ? config->key_alias :
	    config->host;
	char *name = apr_pstrdup(pool, from);

	for (char *p = name; *p != '\0'; p++)
		*p = (char)apr_tolower(*p);
	if (config->key_alias != NULL || config->port == 22 || !with_port)
		return name;
	return apr_psprintf(pool, "[%s]:%d", name, config->port);
}

/* Keep LINE, number NUMBER of FILE, at the end of the list. */
static void
keep_line(xn_ssh_known_t *known, struct xn_ssh_known_key ***tail,
    const xn_known_line_t *line, const char *file, int number)
{
	struct xn_ssh_known_key *key = apr_pcalloc(known->pool, sizeof(*key));
	size_t room = line->key_length / 4 * 3;
	uint8_t *blob = apr_palloc(known->pool, room + 1);
	int n = xn_known_hosts_base64(blob, room, line->key, line->key_length);

	if (n <= 0)
		return;
	key->marker = line->marker;
	key->type = apr_pstrmemdup(known->pool, line->type, line->type_length);
	key->blob = blob;
	key->n = (size_t)n;
	key->file = file;
	key->line = number;
	**tail = key;
	*tail = &key->next;
}

static xn_error_t *
load_file(xn_ssh_known_t *known, struct xn_ssh_known_key ***tail,
    const char *file, const char *name)
{
	char text[XN_KNOWN_LINE_MAX + 2];
	FILE *in = fopen(file, "re");
	int number = 0, whole = 1;

	if (in == NULL)
		return errno == ENOENT || errno == ENOTDIR ? NULL :
		    xn_error_system(errno, "cannot read %s", file);
	while (fgets(text, sizeof(text), in) != NULL) {
		size_t n = strlen(text);
		int starts = whole;
		xn_known_line_t line;

		whole = n > 0 && text[n - 1] == '\n';
		number += starts;
		if (!starts || (!whole && !feof(in)))
			continue;	/* a piece of a line that is too long */
		if (xn_known_hosts_line(&line, text, n - (size_t)whole) &&
		    xn_known_hosts_match(&line, name))
			keep_line(known, tail, &line, file, number);
	}
	fclose(in);
	return NULL;
}

static xn_error_t *
load_name(xn_ssh_known_t *known, struct xn_ssh_known_key ***tail,
    const xn_ssh_config_t *config, const char *name)
{
	for (int i = 0; i < config->known_count; i++)
		XN_TRY(load_file(known, tail, config->known[i], name));
	return NULL;
}

xn_error_t *
xn_ssh__known_load(xn_ssh_known_t **out, const xn_ssh_config_t *config,
    apr_pool_t *pool)
{
	xn_ssh_known_t *known = apr_pcalloc(pool, sizeof(*known));
	struct xn_ssh_known_key **tail = &known->keys;

	known->pool = pool;
	known->name = known_name(config, 1, pool);
	if (strlen(known->name) > XN_HOST_NAME_MAX)
		return xn_error_create(XN_E_CONNECT,
		    "a host name is longer than %u bytes", XN_HOST_NAME_MAX);
	XN_TRY(load_name(known, &tail, config, known->name));
	/* As OpenSSH does: an entry without the port is good for any port. */
	if (known->keys == NULL && known->name[0] == '[')
		XN_TRY(load_name(known, &tail, config,
		    known_name(config, 0, pool)));
	*out = known;
	return NULL;
}

static const struct xn_ssh_known_key *
find_type(const xn_ssh_known_t *known, const char *type)
{
	for (const struct xn_ssh_known_key *k = known->keys; k != NULL;
	    k = k->next)
		if (k->marker == XN_KNOWN_PLAIN && strcmp(k->type, type) == 0)
			return k;
	return NULL;
}

/*
 * Add METHOD to LIST if libssh2 has it.  It would leave out what it has not by
 * itself, but with a memcpy that overlaps.
 */
static const char *
add_method(const char *list, const char *method, xn_ssh_t *s, apr_pool_t *pool)
{
	const char **offered = NULL;
	int found = 0, n = libssh2_session_supported_algs(s->session,
	    LIBSSH2_METHOD_HOSTKEY, &offered);

	for (int i = 0; i < n; i++)
		found |= strcmp(offered[i], method) == 0;
	if (n > 0)
		libssh2_free(s->session, offered);
	return !found ? list : apr_pstrcat(pool, list, *list != '\0' ? "," : "",
	    method, NULL);
}

xn_error_t *
xn_ssh__known_prefer(const xn_ssh_known_t *known, xn_ssh_t *s)
{
	const char *list = "";

	for (int wanted = 1; wanted >= 0; wanted--)
		for (size_t i = 0; i < TYPES; i++)
			for (int m = 0; m < 3 && types[i].methods[m] != NULL &&
			    (find_type(known, types[i].type) != NULL) == wanted;
			    m++)
				list = add_method(list, types[i].methods[m], s,
				    known->pool);
	if (libssh2_session_method_pref(s->session, LIBSSH2_METHOD_HOSTKEY,
	    list) != 0)
		return xn_ssh__error(s, XN_E_CONNECT, 0,
		    "choosing a host key", known->pool);
	return NULL;
}

const char *
xn_ssh__known_types(const xn_ssh_known_t *known, apr_pool_t *pool)
{
	const char *list = NULL;

	for (const struct xn_ssh_known_key *k = known->keys; k != NULL;
	    k = k->next)
		if (k->marker == XN_KNOWN_PLAIN)
			list = apr_psprintf(pool, "%s%sits %s key (%s:%d)",
			    list != NULL ? list : "", list != NULL ? ", " : "",
			    short_name(k->type), k->file, k->line);
	return list;
}

/* "SHA256:..." as ssh-keygen -l prints it. */
static const char *
fingerprint(const uint8_t *blob, size_t n, apr_pool_t *pool)
{
	unsigned char digest[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	int length;

	if (EVP_Digest(blob, n, digest, &size, EVP_sha256(), NULL) != 1)
		return "(no fingerprint)";
	length = EVP_EncodeBlock(text, digest, (int)size);
	while (length > 0 && text[length - 1] == '=')
		length--;
	return apr_psprintf(pool, "SHA256:%.*s", length, (char *)text);
}

/* Append the key to the first of the user's files, in one write. */
static xn_error_t *
write_down(const xn_ssh_known_t *known, const xn_ssh_config_t *config,
    const char *type, const uint8_t *blob, size_t n, apr_pool_t *pool)
{
	char *text = apr_palloc(pool, n / 3 * 4 + 8), last = '\n';
	const char *file, *line, *slash;
	struct stat st;
	ssize_t put;
	int fd;

	if (config->known_user_count == 0)
		return xn_error_create(XN_E_HOSTKEY, "hostkeys=accept-new: "
		    "ssh_config names no UserKnownHostsFile to write to");
	file = config->known[0];
	if ((slash = strrchr(file, '/')) != NULL && slash > file)
		mkdir(apr_pstrmemdup(pool, file, (size_t)(slash - file)), 0700);
	fd = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return xn_error_system(errno, "hostkeys=accept-new: cannot "
		    "write the new host key to %s", file);
	if (fstat(fd, &st) == 0 && st.st_size > 0 &&
	    pread(fd, &last, 1, st.st_size - 1) != 1)
		last = '\n';
	EVP_EncodeBlock((unsigned char *)text, blob, (int)n);
	line = apr_psprintf(pool, "%s%s %s %s\n", last == '\n' ? "" : "\n",
	    known->name, type, text);
	put = write(fd, line, strlen(line));
	if (put != (ssize_t)strlen(line)) {
		xn_error_t *error = xn_error_system(put < 0 ? errno : ENOSPC,
		    "hostkeys=accept-new: cannot write to %s", file);
		close(fd);
		return error;
	}
	close(fd);
	return NULL;
}

/* The host is known, but by none of the keys that it sent. */
static xn_error_t *
changed(const xn_ssh_known_t *known, const xn_ssh_t *s, const char *type,
    const char *print, apr_pool_t *pool)
{
	const struct xn_ssh_known_key *old = find_type(known, type);

	if (old != NULL)
		return xn_error_create(XN_E_HOSTKEY, "the host key of %s has "
		    "changed: it is now %s %s, but %s:%d has %s; somebody may "
		    "be in between; if the change is right, remove that line",
		    known->name, short_name(type), print, old->file, old->line,
		    fingerprint(old->blob, old->n, pool));
	return xn_error_create(XN_E_HOSTKEY, "%s sent its %s host key %s, which "
	    "is not known; known is %s; check it and add it to known_hosts "
	    "(ssh-keyscan -t %s prints it)", s->t.peer, short_name(type), print,
	    xn_ssh__known_types(known, pool),
	    strncmp(type, "ecdsa", 5) == 0 ? "ecdsa" :
	    strcmp(type, "ssh-rsa") == 0 ? "rsa" : "ed25519");
}

/* The first of the user's files that keeps what is written to it, or NULL. */
static const char *
keeping_file(const xn_ssh_config_t *config)
{
	for (int i = 0; i < config->known_user_count; i++)
		if (strcmp(config->known[i], "/dev/null") != 0)
			return config->known[i];
	return NULL;
}

static xn_error_t *
unknown(const xn_ssh_known_t *known, const xn_ssh_config_t *config,
    const xn_ssh_target_t *target, const char *type, const char *print,
    const struct xn_ssh_known_key *authority)
{
	const char *file = keeping_file(config), *to = " >>", *or_say = "";

	if (file == NULL) {
		file = "a file that UserKnownHostsFile names (it names none)";
		to = "";
	}
	if (authority != NULL)
		return xn_error_create(XN_E_HOSTKEY, "%s is known by the "
		    "authority that signs its host key (%s:%d), which ssh= "
		    "cannot check; add its own key to %s", known->name,
		    authority->file, authority->line, file);
	if (!target->is_jump)
		or_say = " or say hostkeys=accept-new";
	return xn_error_create(XN_E_HOSTKEY, "the host key of %s is not known: "
	    "%s %s; if that is right, add it%s%s (ssh-keyscan -p %d %s%s%s)%s",
	    known->name, short_name(type), print, *to == '\0' ? " to " : "",
	    *to == '\0' ? file : "", config->port, config->host, to,
	    *to == '\0' ? "" : file, or_say);
}

xn_error_t *
xn_ssh__known_check(const xn_ssh_known_t *known, xn_ssh_t *s,
    const xn_ssh_config_t *config, const xn_ssh_target_t *target,
    apr_pool_t *pool)
{
	size_t n = 0;
	int kind, match = 0, plain = 0;
	const struct xn_ssh_known_key *authority = NULL;
	const uint8_t *blob = (const uint8_t *)libssh2_session_hostkey(
	    s->session, &n, &kind);
	const char *type, *print;

	if (blob == NULL || n == 0 || n > XN_KNOWN_KEY_MAX)
		return xn_error_create(XN_E_HOSTKEY, "%s sent no host key that "
		    "can be read", s->t.peer);
	type = xn_ssh__blob_type(blob, n, pool);
	print = fingerprint(blob, n, pool);
	for (const struct xn_ssh_known_key *k = known->keys; k != NULL;
	    k = k->next) {
		int same = k->n == n && memcmp(k->blob, blob, n) == 0;

		if (same && k->marker == XN_KNOWN_REVOKED)
			return xn_error_create(XN_E_HOSTKEY, "the host key of "
			    "%s, %s %s, is revoked by %s:%d", known->name,
			    short_name(type), print, k->file, k->line);
		match |= same && k->marker == XN_KNOWN_PLAIN;
		plain |= k->marker == XN_KNOWN_PLAIN;
		if (k->marker == XN_KNOWN_AUTHORITY && authority == NULL)
			authority = k;
	}
	if (match)
		return NULL;
	if (plain)
		return changed(known, s, type, print, pool);
	if (authority == NULL && target->accept_new)
		return write_down(known, config, type, blob, n, pool);
	return unknown(known, config, target, type, print, authority);
}
