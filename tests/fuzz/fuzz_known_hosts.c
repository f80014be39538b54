/*
 * Any bytes as a line of known_hosts, alone and written over a good one: what
 * is read lies inside the text, and patterns match as a plain recursive
 * matcher says.
 */
#include <stdlib.h>
#include <string.h>

#include "core/transport/known_hosts.h"
#include "tests/fuzz/fuzz.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEz2wHNXeHmEWPtS6e3iZSzaAYBQ" \
    "NagXKFgNPZV/6OaN"

static const char *const seeds[] = {
	"myhost.example.org," KEY, "*.example.org,!a*b?c " KEY " comment",
	"@revoked [my*]:2? " KEY, "@cert-authority * " KEY,
	"|1|FCzDwiRsWGvlc0nzy9FFm4oZ690=|kjSjqSANA5K8t0Ad9CZRaRa6sW0= " KEY,
};
static const char *const names[] = { "myhost.example.org", "[my]:22", "" };

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int
glob(const char *p, const char *end, const char *name)
{
	if (p == end)
		return *name == '\0';
	if (*p == '*')
		return glob(p + 1, end, name) ||
		    (*name != '\0' && glob(p, end, name + 1));
	return *name != '\0' && (*p == '?' || lower(*p) == *name) &&
	    glob(p + 1, end, name + 1);
}

static int
slow_match(const xn_known_line_t *line, const char *name)
{
	const char *p = line->hosts, *end = p + line->hosts_length;
	int found = 0;

	while (p < end) {
		const char *stop = p, *start;

		while (stop < end && *stop != ',')
			stop++;
		start = *p == '!' ? p + 1 : p;
		if (start < stop && glob(start, stop, name)) {
			if (start > p)
				return 0;
			found = 1;
		}
		p = stop + 1;
	}
	return found;
}

/* The recursive matcher takes forever for many stars. */
static int
is_cheap(const xn_known_line_t *line)
{
	int stars = 0;

	for (size_t i = 0; i < line->hosts_length; i++)
		stars += line->hosts[i] == '*';
	return stars < 5 && (line->hosts_length < 3 ||
	    memcmp(line->hosts, "|1|", 3) != 0);
}

static void
inside(const char *text, size_t n, const char *p, size_t length)
{
	if (p < text || length == 0 || p + length > text + n)
		abort();
}

static void
try_line(const char *text, size_t n)
{
	xn_known_line_t line;

	if (!xn_known_hosts_line(&line, text, n))
		return;
	inside(text, n, line.hosts, line.hosts_length);
	inside(text, n, line.type, line.type_length);
	inside(text, n, line.key, line.key_length);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int match = xn_known_hosts_match(&line, names[i]);

		if (is_cheap(&line) && match != slow_match(&line, names[i]))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = sizeof(seeds) / sizeof(seeds[0]);

	try_line((const char *)data, size);
	for (size_t i = 0; size > 1 && i < count; i++) {
		size_t n = strlen(seeds[i]), at = data[0] % n;
		size_t part = size - 1 < n - at ? size - 1 : n - at;
		char *copy = malloc(n);

		if (copy == NULL)
			exit(2);
		memcpy(copy, seeds[i], n);
		memcpy(copy + at, data + 1, part);
		try_line(copy, n);
		free(copy);
	}
	return 0;
}
