/*
 * id.c: see id.h.
 */
#include "plugins/git/id.h"

#include <string.h>

#include "plugins/git/sha1.h"

static const char *const names[] = {
	[GITW_COMMIT] = "commit",
	[GITW_TREE] = "tree",
	[GITW_BLOB] = "blob",
	[GITW_TAG] = "tag"
};

const char *
gitw_type_name(enum gitw_type type)
{
	return names[type];
}

char *
gitw_id_hex(const struct gitw_id *id, char hex[GITW_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < GITW_ID; i++) {
		hex[2 * i] = digits[id->bytes[i] >> 4];
		hex[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	hex[GITW_HEX] = '\0';
	return hex;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
gitw_id_parse(struct gitw_id *id, const char *hex)
{
	for (int i = 0; i < GITW_ID; i++) {
		int high = digit(hex[2 * i]);
		int low = high < 0 ? -1 : digit(hex[2 * i + 1]);

		if (low < 0)
			return 0;
		id->bytes[i] = (unsigned char)(high << 4 | low);
	}
	return 1;
}

int
gitw_id_compare(const struct gitw_id *a, const struct gitw_id *b)
{
	return memcmp(a->bytes, b->bytes, GITW_ID);
}

void
gitw_object_id(struct gitw_id *id, enum gitw_type type, const void *bytes,
    size_t n)
{
	gitw_sha1_t sha1;

	gitw_sha1_object(&sha1, type, n);
	gitw_sha1_add(&sha1, bytes, n);
	gitw_sha1_end(id, &sha1);
}
