/*
 * known_hosts.c: reading and matching lines of known_hosts.
 *
 *	[@marker] patterns|hashed-name key-type base64-key [comment]
 *	patterns:     pattern[,pattern...], each with * and ?, "!" negates
 *	hashed name:  |1|base64(salt)|base64(HMAC-SHA1(salt, name))
 */
#include "core/transport/known_hosts.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SHA1_SIZE	20
#define PATTERN_MAX	XN_HOST_NAME_MAX

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Take the next word off the front of *P; 0 if there is none. */
static int
next_word(const char **word, size_t *length, const char **p, const char *end)
{
	while (*p < end && is_blank(**p))
		(*p)++;
	*word = *p;
	while (*p < end && !is_blank(**p))
		(*p)++;
	*length = (size_t)(*p - *word);
	return *length > 0;
}

static int
word_is(const char *word, size_t length, const char *text)
{
	return length == strlen(text) && memcmp(word, text, length) == 0;
}

/* Is the key's first string, its type, what the line says it is? */
static int
key_has_type(const xn_known_line_t *line)
{
	uint8_t head[66];
	size_t n = line->type_length;

	/* 22 groups of base64 are 66 bytes: the length and any type's name. */
	if (n > sizeof(head) - 4 || xn_known_hosts_base64(head, sizeof(head),
	    line->key, line->key_length < 88 ? line->key_length & ~(size_t)3 :
	    88) < (int)(n + 4))
		return 0;
	return head[0] == 0 && head[1] == 0 && head[2] == 0 && head[3] == n &&
	    memcmp(head + 4, line->type, n) == 0;
}

int
xn_known_hosts_line(xn_known_line_t *line, const char *text, size_t n)
{
	const char *p = text, *end = text + n;

	memset(line, 0, sizeof(*line));
	if (n > XN_KNOWN_LINE_MAX || memchr(text, '\0', n) != NULL)
		return 0;
	while (end > p && (end[-1] == '\r' || is_blank(end[-1])))
		end--;
	if (!next_word(&line->hosts, &line->hosts_length, &p, end) ||
	    line->hosts[0] == '#')
		return 0;
	if (line->hosts[0] == '@') {
		if (word_is(line->hosts, line->hosts_length, "@revoked"))
			line->marker = XN_KNOWN_REVOKED;
		else if (word_is(line->hosts, line->hosts_length,
		    "@cert-authority"))
			line->marker = XN_KNOWN_AUTHORITY;
		else
			return 0;
		if (!next_word(&line->hosts, &line->hosts_length, &p, end))
			return 0;
	}
	return next_word(&line->type, &line->type_length, &p, end) &&
	    next_word(&line->key, &line->key_length, &p, end) &&
	    key_has_type(line);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Match with * and ?; when one * fails to fit, only the last is moved on. */
static int
glob_match(const char *pattern, size_t n, const char *name)
{
	size_t at = 0, star = n, length = strlen(name), i = 0, mark = 0;

	while (i < length) {
		if (at < n && pattern[at] == '*') {
			star = at++;
			mark = i;
		} else if (at < n && (pattern[at] == '?' ||
		    lower(pattern[at]) == name[i])) {
			at++;
			i++;
		} else if (star < n) {
			at = star + 1;
			i = ++mark;
		} else {
			return 0;
		}
	}
	while (at < n && pattern[at] == '*')
		at++;
	return at == n;
}

static int
hashed_match(const char *hosts, size_t n, const char *name)
{
	uint8_t salt[64], wanted[SHA1_SIZE], digest[EVP_MAX_MD_SIZE];
	const char *bar = memchr(hosts + 3, '|', n - 3);
	unsigned int size = 0;
	int salt_size;

	if (bar == NULL)
		return 0;
	salt_size = xn_known_hosts_base64(salt, sizeof(salt), hosts + 3,
	    (size_t)(bar - hosts) - 3);
	if (salt_size <= 0 || xn_known_hosts_base64(wanted, sizeof(wanted),
	    bar + 1, n - (size_t)(bar + 1 - hosts)) != SHA1_SIZE)
		return 0;
	if (HMAC(EVP_sha1(), salt, salt_size, (const unsigned char *)name,
	    strlen(name), digest, &size) == NULL || size != SHA1_SIZE)
		return 0;
	return CRYPTO_memcmp(digest, wanted, SHA1_SIZE) == 0;
}

int
xn_known_hosts_match(const xn_known_line_t *line, const char *name)
{
	const char *p = line->hosts, *end = line->hosts + line->hosts_length;
	int found = 0;

	if (strlen(name) > XN_HOST_NAME_MAX)
		return 0;
	if (line->hosts_length > 3 && memcmp(p, "|1|", 3) == 0)
		return hashed_match(p, line->hosts_length, name);
	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *stop = comma != NULL ? comma : end;
		int negated = p < stop && *p == '!';
		size_t n = (size_t)(stop - p) - (size_t)negated;

		if (n > 0 && n <= PATTERN_MAX &&
		    glob_match(p + negated, n, name)) {
			if (negated)
				return 0;
			found = 1;
		}
		p = comma != NULL ? comma + 1 : end;
	}
	return found;
}

static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
xn_known_hosts_base64(uint8_t *out, size_t max, const char *text, size_t n)
{
	uint32_t bits = 0;
	size_t have = 0;
	int digit;

	if (n % 4 != 0 || n > 2 * (size_t)XN_KNOWN_KEY_MAX)
		return -1;
	for (int i = 0; i < 2 && n > 0 && text[n - 1] == '='; i++)
		n--;
	for (size_t i = 0; i < n; i++) {
		if ((digit = base64_digit(text[i])) < 0)
			return -1;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 == 0)
			continue;
		if (have == max)
			return -1;
		/* 6, then 4, then 2 bits too many are left over in turn. */
		out[have++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return (int)have;
}
