/*
 * form.h: forms and cookies, which anybody may have written.  Nothing here does
 * I/O or keeps anything.
 */
#ifndef SYNCGATE_HTTP_FORM_H
#define SYNCGATE_HTTP_FORM_H

#include <stddef.h>

enum { FORM_ABSENT, FORM_FOUND, FORM_WRONG };

/*
 * The field NAME of the form in the N bytes at BODY
 * (application/x-www-form-urlencoded), decoded into OUT of SIZE bytes, NUL
 * included.  FORM_WRONG: it is there twice, does not fit, has a NUL or an
 * escape that is none, or is not UTF-8.  Unless FORM_FOUND, OUT is "".
 */
int form_get(char *out, size_t size, const char *body, size_t n,
    const char *name);

/* The same of the cookie NAME in the header HEADER (NULL: none), as it is. */
int form_cookie(char *out, size_t size, const char *header,
    const char *name);

#endif
