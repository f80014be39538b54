/*
 * known_hosts.h: the lines of OpenSSH's known_hosts files (sshd(8)).
 *
 * libssh2's own reader ignores wildcard and negated patterns and takes
 * @revoked and @cert-authority for host names, so it is not used.  Nothing
 * here does I/O: lines are pushed.
 */
#ifndef XN_TRANSPORT_KNOWN_HOSTS_H
#define XN_TRANSPORT_KNOWN_HOSTS_H

#include <stddef.h>
#include <stdint.h>

#define XN_KNOWN_LINE_MAX	(32u * 1024)	/* longer lines are ignored */
#define XN_KNOWN_KEY_MAX	(16u * 1024)	/* a key, as it is on the wire */
#define XN_HOST_NAME_MAX	1024u

enum xn_known_marker {
	XN_KNOWN_PLAIN,
	XN_KNOWN_REVOKED,	/* @revoked: this key is never to be accepted */
	XN_KNOWN_AUTHORITY	/* @cert-authority: the key signs host keys */
};

/* One line; everything points into the text that it was read from. */
typedef struct xn_known_line {
	int marker;		/* enum xn_known_marker */
	const char *hosts;	/* patterns, or one hashed name */
	size_t hosts_length;
	const char *type;	/* "ssh-ed25519" */
	size_t type_length;
	const char *key;	/* base64 */
	size_t key_length;
} xn_known_line_t;

/*
 * Read the N bytes of TEXT, one line without its newline.  1: *LINE is filled;
 * 0: a comment, an empty line, or nothing that can be understood (OpenSSH
 * passes over those as well).
 */
int xn_known_hosts_line(xn_known_line_t *line, const char *text, size_t n);

/*
 * 1 if LINE is for NAME: "host" or "[host]:port", in lower case, at most
 * XN_HOST_NAME_MAX bytes.  A negated pattern that matches makes it 0.
 */
int xn_known_hosts_match(const xn_known_line_t *line, const char *name);

/*
 * The bytes of the N characters of base64 at TEXT, into OUT (room for MAX).
 * Returns how many, or -1: not base64, or more than MAX.
 */
int xn_known_hosts_base64(uint8_t *out, size_t max, const char *text,
    size_t n);

#endif
