/*
 * ssh_key.c: looks at a key file: is it there, is it encrypted, which public
 * key belongs to it?
 *
 *	-----BEGIN OPENSSH PRIVATE KEY-----, base64 of
 *	"openssh-key-v1\0"  string cipher  string kdf  string options
 *	uint32 keys  string public-key  ...
 */
#include "core/transport/ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/transport/known_hosts.h"

#define FILE_MAX	(64u * 1024)
#define MAGIC		"openssh-key-v1"	/* with its NUL */
#define OPENSSH_BEGIN	"-----BEGIN OPENSSH PRIVATE KEY-----"

/* The text of PATH, *TEXT NULL if there is no such file. */
static xn_error_t *
read_file(char **text, const char *path, apr_pool_t *pool)
{
	char *buffer;
	ssize_t got;
	size_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	*text = NULL;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? NULL :
		    xn_error_system(errno, "cannot read %s", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)FILE_MAX) {
		close(fd);
		return xn_error_create(XN_E_AUTH, "%s is no key file", path);
	}
	buffer = apr_palloc(pool, FILE_MAX + 1);
	while (n < FILE_MAX && (got = read(fd, buffer + n, FILE_MAX - n)) > 0)
		n += (size_t)got;
	close(fd);
	buffer[n] = '\0';
	*text = buffer;
	return NULL;
}

/* Take a string off the front of the *N bytes at *P; 0 if there is none. */
static int
take_string(const uint8_t **out, size_t *length, const uint8_t **p, size_t *n)
{
	uint32_t size;

	if (*n < 4 || (size = xn_get_u32(*p)) > *n - 4)
		return 0;
	*out = *p + 4;
	*length = size;
	*p += 4 + size;
	*n -= 4 + size;
	return 1;
}

const char *
xn_ssh__blob_type(const uint8_t *blob, size_t n, apr_pool_t *pool)
{
	const uint8_t *type;
	size_t length;

	if (!take_string(&type, &length, &blob, &n) || length > 64)
		return "";
	for (size_t i = 0; i < length; i++)
		if (!apr_isalnum(type[i]) && strchr("-.@", type[i]) == NULL)
			return "";
	return apr_pstrmemdup(pool, (const char *)type, length);
}

/* The bytes between the lines BEGIN and END of an OpenSSH key. */
static const uint8_t *
unwrap(size_t *n, const char *text, apr_pool_t *pool)
{
	const char *end = strstr(text, "-----END");
	uint8_t *bytes;
	char *joined;
	size_t length = 0;
	int got;

	text += strlen(OPENSSH_BEGIN);
	if (end == NULL || end < text)
		return NULL;
	joined = apr_palloc(pool, (size_t)(end - text) + 1);
	for (; text < end; text++)
		if (!apr_isspace(*text))
			joined[length++] = *text;
	bytes = apr_palloc(pool, length + 1);
	got = xn_known_hosts_base64(bytes, length, joined, length);
	*n = got > 0 ? (size_t)got : 0;
	return got > 0 ? bytes : NULL;
}

static void
look_inside(xn_ssh_key_t *key, const char *text, apr_pool_t *pool)
{
	const uint8_t *p, *cipher, *ignored;
	size_t n, cipher_n, ignored_n;

	p = unwrap(&n, text, pool);
	if (p == NULL || n < sizeof(MAGIC) ||
	    memcmp(p, MAGIC, sizeof(MAGIC)) != 0)
		return;
	p += sizeof(MAGIC);
	n -= sizeof(MAGIC);
	if (!take_string(&cipher, &cipher_n, &p, &n) ||
	    !take_string(&ignored, &ignored_n, &p, &n) ||
	    !take_string(&ignored, &ignored_n, &p, &n) || n < 4)
		return;
	key->encrypted = cipher_n != 4 || memcmp(cipher, "none", 4) != 0;
	p += 4;
	n -= 4;
	if (!take_string(&ignored, &ignored_n, &p, &n))
		return;
	if (key->blob == NULL) {
		key->blob = ignored;
		key->n = ignored_n;
	}
	if (!key->encrypted)
		take_string(&key->secret, &key->secret_n, &p, &n);
}

/* PATH.pub: "type base64 comment". */
static void
look_beside(xn_ssh_key_t *key, apr_pool_t *pool)
{
	const char *path = apr_pstrcat(pool, key->path, ".pub", NULL);
	xn_error_t *error;
	uint8_t *blob;
	char *text, *start;
	size_t n;
	int got;

	if ((error = read_file(&text, path, pool)) != NULL) {
		xn_error_clear(error);	/* it is only a help */
		return;
	}
	if (text == NULL || (start = strchr(text, ' ')) == NULL)
		return;
	n = strcspn(++start, " \r\n");
	blob = apr_palloc(pool, n + 1);
	got = xn_known_hosts_base64(blob, n, start, n);
	if (got > 0 && *xn_ssh__blob_type(blob, (size_t)got, pool) != '\0') {
		key->blob = blob;
		key->n = (size_t)got;
	}
}

xn_error_t *
xn_ssh__key_look(xn_ssh_key_t **out, const char *path, apr_pool_t *pool)
{
	xn_ssh_key_t *key = apr_pcalloc(pool, sizeof(*key));
	char *text, *begin;

	*out = key;
	key->path = path;
	look_beside(key, pool);
	XN_TRY(read_file(&text, path, pool));
	if (text == NULL) {
		key->missing = 1;
		return NULL;
	}
	key->text = text;
	begin = strstr(text, OPENSSH_BEGIN);
	if (begin != NULL) {
		key->openssh = 1;
		look_inside(key, begin, pool);
	} else {
		key->encrypted = strstr(text, "ENCRYPTED") != NULL;
	}
	return NULL;
}
