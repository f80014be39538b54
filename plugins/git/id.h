/*
 * id.h: the ids of Git's objects, by SHA-1.
 *
 * plugins/git is a library for plugins that write Git repositories: objects in
 * packs (pack.h), refs (refs.h), the repository around them (repository.h),
 * packs made one (merge.h), and reading (read.h).  Its names begin with gitw_,
 * since git_ is libgit2's.
 *
 * What is opened belongs to one thread at a time.
 */
#ifndef GIT_ID_H
#define GIT_ID_H

#include <stddef.h>
#include <stdint.h>

#define GITW_ID		20		/* bytes */
#define GITW_HEX	40		/* hexadecimal digits, without a NUL */

struct gitw_id {
	unsigned char bytes[GITW_ID];
};

/* The numbers are those of packs. */
enum gitw_type {
	GITW_COMMIT = 1,
	GITW_TREE,
	GITW_BLOB,
	GITW_TAG
};

/* "commit", "tree", "blob" or "tag". */
const char *gitw_type_name(enum gitw_type type);

/* ID in lower case with a NUL behind it; returns HEX. */
char *gitw_id_hex(const struct gitw_id *id, char hex[GITW_HEX + 1]);

/* 1 and *ID if HEX begins with 40 lower-case hexadecimal digits, else 0. */
int gitw_id_parse(struct gitw_id *id, const char *hex);

/* As memcmp(); ids are in the order of their hexadecimal forms. */
int gitw_id_compare(const struct gitw_id *a, const struct gitw_id *b);

/* The id of the object that BYTES are the content of. */
void gitw_object_id(struct gitw_id *id, enum gitw_type type, const void *bytes,
    size_t n);

#endif
