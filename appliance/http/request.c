/*
 * The way of a request:
 *
 *	headers -> host, size -> route, method -> body -> rights -> its function
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/http/files_text.h"
#include "appliance/http/server.h"

static result_t
css(request_t *r)
{
	return answer_static(r, "text/css; charset=utf-8", page_css,
	    sizeof(page_css) - 1);
}

static result_t
js(request_t *r)
{
	return answer_static(r, "text/javascript; charset=utf-8", page_js,
	    sizeof(page_js) - 1);
}

static result_t
icon(request_t *r)
{
	return answer_static(r, "image/svg+xml", page_icon,
	    sizeof(page_icon) - 1);
}

static result_t
login(request_t *r)
{
	return strcmp(r->method, "POST") == 0 ? act_login(r) : page_login(r);
}

static const route_t routes[] = {
	{ "/", "GET, HEAD", 0, page_overview },
	{ "/job/", "GET, HEAD", 0, page_job },
	{ "/events", "GET", 0, events_answer },
	{ "/metrics", "GET, HEAD", 0, metrics_answer },
	{ "/health", "GET, HEAD", 0, health_answer },
	{ "/do", "POST", 1, act_do },
	{ "/login", "GET, HEAD, POST", 1, login },
	{ "/logout", "POST", 1, act_logout },
	{ "/page.css", "GET, HEAD", 1, css },
	{ "/page.js", "GET, HEAD", 1, js },
	{ "/icon.svg", "GET, HEAD", 1, icon },
	{ NULL, NULL, 0, NULL }
};

static const route_t *
find_route(const char *path)
{
	for (const route_t *route = routes; route->path != NULL; route++) {
		size_t n = strlen(route->path);

		if (strcmp(route->path, path) == 0 || (n > 1 &&
		    route->path[n - 1] == '/' && strncmp(path, route->path,
		    n) == 0))
			return route;
	}
	return NULL;
}

/* Is METHOD one of those of ROUTE, whole? */
static int
has_method(const route_t *route, const char *method)
{
	const char *at = strstr(route->methods, method);
	size_t n = strlen(method);

	return at != NULL && n > 0 && (at == route->methods || at[-1] == ' ')
	    && (at[n] == ',' || at[n] == '\0');
}

/* ---- What it says ------------------------------------------------------- */

const char *
request_header(const request_t *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND,
	    name);
}

const char *
request_argument(const request_t *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection,
	    MHD_GET_ARGUMENT_KIND, name);
}

int
request_wants_json(const request_t *r)
{
	const char *accept = request_header(r, "Accept");

	return accept != NULL && strstr(accept, "application/json") != NULL;
}

/* Who it is from: by a cookie of ours, or by the token itself. */
static void
find_rights(request_t *r)
{
	const server_t *s = r->server;

	r->by_bearer = guard_bearer(&s->guard, request_header(r,
	    "Authorization"));
	if (form_cookie(r->session, sizeof(r->session), request_header(r,
	    "Cookie"), s->cookie) == FORM_FOUND && guard_session_is_good(
	    &s->guard, r->session, apr_time_sec(s->wall)))
		r->may_change = 1;
	else
		r->session[0] = '\0';
	r->may_change |= r->by_bearer;
}

/* ---- Its answer --------------------------------------------------------- */

/* Who has to log in first. */
static result_t
refuse_reader(request_t *r)
{
	if (strcmp(r->path, "/") == 0 || strncmp(r->path, "/job/", 5) == 0)
		return answer_redirect(r, "/login");
	return answer_sentence(r, MHD_HTTP_UNAUTHORIZED,
	    "this needs the token that `syncgate token` prints");
}

static result_t
answer(request_t *r)
{
	if (r->route == NULL)
		return answer_sentence(r, MHD_HTTP_NOT_FOUND,
		    "there is no such page");
	if (!has_method(r->route, r->method))
		return answer_sentence(r, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "that cannot be done with this page");
	if (r->too_long)
		return answer_sentence(r, MHD_HTTP_CONTENT_TOO_LARGE,
		    "the request is too long");
	if (!r->route->anyone && !r->server->guard.local && !r->may_change)
		return refuse_reader(r);
	return r->route->answer(r);
}

/* It lives until request_done(). */
static request_t *
make_request(server_t *s, struct MHD_Connection *connection,
    const char *path, const char *method)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	apr_pool_t *pool;
	request_t *r;

	if (apr_pool_create(&pool, s->pool) != APR_SUCCESS)
		return NULL;
	r = apr_pcalloc(pool, sizeof(*r));
	r->server = s;
	r->connection = connection;
	r->of = info == NULL ? NULL : info->socket_context;
	r->pool = pool;
	r->path = apr_pstrdup(pool, path);
	r->method = apr_pstrdup(pool, method);
	r->route = find_route(path);
	return r;
}

static size_t
size_of_headers(const request_t *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info == NULL ? 0 : info->header_size;
}

/* Its headers are there, and its body is not. */
static result_t
begin(request_t *r)
{
	const char *length = request_header(r, "Content-Length");

	if (strlen(r->path) > SERVER_HEADERS)
		return answer_sentence(r, MHD_HTTP_URI_TOO_LONG,
		    "the address is too long");
	if (size_of_headers(r) > SERVER_HEADERS)
		return answer_sentence(r,
		    MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's "
		    "headers are too long, cookies among them");
	find_rights(r);
	if (!guard_host(&r->server->guard, request_header(r, "Host")))
		return answer_sentence(r, MHD_HTTP_MISDIRECTED_REQUEST,
		    "this page has the names localhost, 127.0.0.1 and [::1], "
		    "and was asked for by another");
	/* Before anybody sends it. */
	if (length != NULL && strtoull(length, NULL, 10) > SERVER_BODY) {
		r->too_long = 1;
		return answer(r);
	}
	return MHD_YES;
}

result_t
request_take(void *cls, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *data, size_t *n,
    void **mine)
{
	server_t *s = cls;
	request_t *r = *mine;

	(void)version;
	if (r == NULL) {
		r = *mine = make_request(s, connection, path, method);
		return r == NULL ? MHD_NO : begin(r);
	}
	if (*n > 0) {
		if (*n > sizeof(r->body) - r->used)
			r->too_long = 1;
		else
			memcpy(r->body + r->used, data, *n);
		r->used += r->too_long ? 0 : *n;
		*n = 0;
		return MHD_YES;
	}
	if (r->of != NULL && !r->of->answering) {
		r->of->answering = 1;
		r->of->since = s->now;
	}
	return answer(r);
}

void
request_done(void *cls, struct MHD_Connection *connection, void **mine,
    enum MHD_RequestTerminationCode how)
{
	server_t *s = cls;
	request_t *r = *mine;

	(void)connection;
	(void)how;
	if (r == NULL)
		return;
	*mine = NULL;
	ask_forget(s->asker, r);
	runs_forget(r);
	if (r->of != NULL) {
		r->of->answering = r->of->streams = 0;
		r->of->since = s->now;
	}
	apr_pool_destroy(r->pool);
}
