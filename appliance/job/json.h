/*
 * json.h: values as JSON, both ways and without loss.
 *
 * None, bool, int, float, str, list, and a dict of str are what JSON has for
 * them.  What JSON has not is an object with one key:
 *
 *	{"$bytes": "aGk="}		bytes, in base64
 *	{"$tuple": [1, 2]}		a tuple
 *	{"$set": [1]}, {"$frozenset": [1]}
 *	{"$dict": [[KEY, VALUE], ...]}	a dict with a key that is no str, that
 *					has a NUL, or that begins with "$"
 *	{"$complex": [1.0, -2.5]}	real and imaginary part
 *	{"$float": "nan"}		nan, inf, -inf
 *	{"$int": "9223372036854775808"}	an int of more than 64 bits
 *	{"$channel": 3}			a channel; is written, cannot be read
 */
#ifndef SYNCGATE_JOB_JSON_H
#define SYNCGATE_JOB_JSON_H

#include <stdio.h>

#include <execnet.h>

/*
 * Write VALUE to OUT as one line of JSON, without the line's end.  Characters
 * that a terminal would obey are escaped.  Whether it was written is for the
 * caller to ask of OUT.
 */
void syncgate_json_write(FILE *out, const xn_value_t *value);

/* The N bytes at TEXT (UTF-8) as a JSON string, quotes included. */
void syncgate_json_write_text(FILE *out, const char *text, size_t n);

/* A member behind others: ,"KEY": and TEXT as a string, or null for NULL. */
void syncgate_json_member(FILE *out, const char *key, const char *text);

/*
 * Read the N bytes at TEXT, one value in JSON, into POOL.  XN_E_USAGE says
 * what is wrong with it: no JSON, a tag that there is not, a set with a list
 * in it, more than a message can carry.
 */
xn_error_t *syncgate_json_read(const xn_value_t **value, const char *text,
    size_t n, apr_pool_t *pool);

#endif
