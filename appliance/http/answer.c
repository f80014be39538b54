#include "appliance/http/server.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/http/html.h"
#include "appliance/job/json.h"

/*
 * Nothing is loaded from elsewhere, nothing is a script or a style but our own
 * files, and nobody puts us into a frame.
 */
static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; "
	    "style-src 'self'; img-src 'self'; connect-src 'self'; "
	    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
};

result_t
answer_send(request_t *r, unsigned int status, const char *type,
    struct MHD_Response *response)
{
	result_t result;

	if (response == NULL)
		return MHD_NO;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(response, headers[i].name,
		    headers[i].value);
	if (type != NULL)
		MHD_add_response_header(response, "Content-Type", type);
	if (MHD_get_response_header(response, "Cache-Control") == NULL)
		MHD_add_response_header(response, "Cache-Control",
		    "no-store");
	if (r->location != NULL)
		MHD_add_response_header(response, "Location", r->location);
	if (r->set_cookie != NULL)
		MHD_add_response_header(response, "Set-Cookie",
		    r->set_cookie);
	if (status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate",
		    "Bearer realm=\"syncgate\"");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED && r->route != NULL)
		MHD_add_response_header(response, "Allow",
		    r->route->methods);
	r->server->requests[status / 100 % 6]++;
	result = MHD_queue_response(r->connection, status, response);
	MHD_destroy_response(response);
	return result;
}

void
answer_begin(answer_t *answer)
{
	answer->text = NULL;
	answer->n = 0;
	answer->out = open_memstream(&answer->text, &answer->n);
}

result_t
answer_end(request_t *r, answer_t *answer, unsigned int status,
    const char *type)
{
	struct MHD_Response *response;

	if (answer->out == NULL || fclose(answer->out) != 0) {
		free(answer->text);
		return MHD_NO;
	}
	response = MHD_create_response_from_buffer(answer->n, answer->text,
	    MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(answer->text);
	return answer_send(r, status, type, response);
}

/* FNV-1a: whether it is the same as before, and nothing else. */
static const char *
etag(const request_t *r, const unsigned char *text, size_t n)
{
	unsigned long long h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ text[i]) * 0x100000001b3u;
	return apr_psprintf(r->pool, "\"%08x%08x\"", (unsigned int)(h >> 32),
	    (unsigned int)h);
}

result_t
answer_static(request_t *r, const char *type, const unsigned char *text,
    size_t n)
{
	const char *tag = etag(r, text, n);
	const char *has = request_header(r, "If-None-Match");
	int same = has != NULL && strcmp(has, tag) == 0;
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    same ? 0 : n, (void *)(size_t)text, MHD_RESPMEM_PERSISTENT);

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "ETag", tag);
	MHD_add_response_header(response, "Cache-Control", "no-cache");
	return answer_send(r, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, type,
	    response);
}

result_t
answer_redirect(request_t *r, const char *where)
{
	r->location = where;
	return answer_send(r, MHD_HTTP_SEE_OTHER, NULL,
	    MHD_create_response_from_buffer(0, (void *)(size_t)"",
	    MHD_RESPMEM_PERSISTENT));
}

result_t
answer_sentence(request_t *r, unsigned int status, const char *sentence)
{
	answer_t answer;

	answer_begin(&answer);
	if (answer.out != NULL && request_wants_json(r)) {
		fprintf(answer.out, "{\"ok\":%s,\"%s\":", status < 400 ?
		    "true" : "false", status < 400 ? "text" : "error");
		syncgate_json_write_text(answer.out, sentence,
		    strlen(sentence));
		fputs("}\n", answer.out);
		return answer_end(r, &answer, status, "application/json");
	}
	if (answer.out != NULL) {
		page_begin(answer.out, r, "syncgate");
		fputs("<section class=\"box\"><p>", answer.out);
		html_text(answer.out, sentence);
		fputs("</p><p><a href=\"/\">All jobs</a></p></section>",
		    answer.out);
		page_end(answer.out);
	}
	return answer_end(r, &answer, status, "text/html; charset=utf-8");
}
