/*
 * html.h: text as HTML, and numbers as people read them.
 */
#ifndef SYNCGATE_HTTP_HTML_H
#define SYNCGATE_HTTP_HTML_H

#include <stdio.h>

#include <apr_time.h>

/*
 * TEXT, whoever wrote it, as text of a page or as the value of an attribute in
 * double quotes: nothing in it is markup, and what a reader does not see or
 * would see elsewhere is written as a number.  It has no line's end.
 */
void html_text(FILE *out, const char *text);

/* "1,234"; "1.2 MB"; "3 min". */
void html_count(FILE *out, long long n);
void html_bytes(FILE *out, double bytes);
void html_span(FILE *out, long long seconds);

/* WHEN as how long ago that was, with the time itself behind it. */
void html_ago(FILE *out, apr_time_t when, apr_time_t now);

/* ERROR, "a: b: c", from what was being done down to why it failed. */
void html_chain(FILE *out, const char *error);

#endif
