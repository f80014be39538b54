/* said.c: stderr of a program that we talk to. */
#include "core/transport/said.h"

#include <string.h>

#include <apr_strings.h>

#include "core/wire/dump.h"

static void
log_line(struct xn_said *s, const xn_transport_t *t)
{
	char clean[3 * XN_SAID_LINE + 1];

	if (s->line_length > 0 && t->log != NULL) {
		xn_utf8_sanitize(clean, s->line, s->line_length);
		t->log(t->log_baton, clean);
	}
	s->line_length = 0;
}

void
xn_said_take(struct xn_said *s, const xn_transport_t *t, const char *text,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->head_length < XN_SAID_PART)
			s->head[s->head_length++] = text[i];
		else
			s->tail[s->tail_total++ % XN_SAID_PART] = text[i];
		if (text[i] == '\n' || s->line_length == XN_SAID_LINE)
			log_line(s, t);
		if (text[i] != '\n' && text[i] != '\r')
			s->line[s->line_length++] = text[i];
	}
}

void
xn_said_end(struct xn_said *s, const xn_transport_t *t)
{
	log_line(s, t);
}

/* The head, "..." where something is missing, and the tail, into RAW. */
static size_t
put_together(char *raw, const struct xn_said *s)
{
	size_t n = s->head_length, tail = s->tail_total;

	memcpy(raw, s->head, n);
	if (tail > XN_SAID_PART) {
		memcpy(raw + n, "...", 3);
		n += 3;
		tail = XN_SAID_PART;
	}
	for (size_t i = s->tail_total - tail; i < s->tail_total; i++)
		raw[n++] = s->tail[i % XN_SAID_PART];
	return n;
}

const char *
xn_said_clause(const struct xn_said *s, const char *how_it_ended,
    apr_pool_t *pool)
{
	char raw[2 * XN_SAID_PART + 4], line[sizeof(raw)];
	char *clean = apr_palloc(pool, 3 * sizeof(raw) + 1);
	size_t n = put_together(raw, s), out = 0;

	/* Lines are told apart by a bar; an empty one is left out. */
	for (size_t i = 0; i < n; i++) {
		if (raw[i] == '\n' && out > 0 && line[out - 1] != '|')
			line[out++] = '|';
		else if (raw[i] != '\n' && raw[i] != '\r')
			line[out++] = raw[i];
	}
	while (out > 0 && line[out - 1] == '|')
		out--;
	xn_utf8_sanitize(clean, line, out);
	return out == 0 ? how_it_ended :
	    apr_pstrcat(pool, how_it_ended, ", saying: ", clean, NULL);
}
