/*
 * sha1.h: SHA-1, as bytes come.
 *
 * By libcrypto's old functions, which take no memory and cannot fail, and whose
 * state can be copied: EVP takes longer to begin than a small object to hash.
 */
#ifndef GIT_SHA1_H
#define GIT_SHA1_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "plugins/git/id.h"

typedef SHA_CTX gitw_sha1_t;

void gitw_sha1_begin(gitw_sha1_t *sha1);

/* Begin with what goes before the SIZE bytes of an object. */
void gitw_sha1_object(gitw_sha1_t *sha1, enum gitw_type type, uint64_t size);

void gitw_sha1_add(gitw_sha1_t *sha1, const void *bytes, size_t n);
void gitw_sha1_end(struct gitw_id *sum, gitw_sha1_t *sha1);

#endif
