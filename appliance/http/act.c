/*
 * Changing something: with a session and its mark, or with the token itself,
 * and never for a page of another site.
 */
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "appliance/http/server.h"
#include "appliance/job/json.h"

#define WITHIN	(15 * 1000000LL)	/* it may have to write to a disk */

static const char *const verbs[] = { "start", "stop", "pause", "resume",
    "approve", NULL };

/* What the configuration lets a job be called. */
int
act_is_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_-.";
	size_t n = strspn(name, letters);

	return n > 0 && n <= 64 && name[n] == '\0';
}

/* The field NAME of R's form; "" if it is not there, or not right. */
static const char *
field(const request_t *r, const char *name)
{
	char *text = apr_palloc(r->pool, 256);

	form_get(text, 256, r->body, r->used, name);
	return text;
}

static int
is_same_site(const request_t *r)
{
	return guard_same_site(&r->server->guard, request_header(r,
	    "Sec-Fetch-Site"), request_header(r, "Origin"), request_header(r,
	    "Host"));
}

/* ---- Doing -------------------------------------------------------------- */

/* Keep TEXT for the next page; its id, in R's pool; NULL: it is not kept. */
static const char *
keep_note(request_t *r, int ok, const char *text)
{
	server_t *s = r->server;
	note_t *note = &s->notes[s->last_note++ % SERVER_NOTES];
	unsigned char bytes[8];

	if (apr_generate_random_bytes(bytes, sizeof(bytes)) != APR_SUCCESS)
		return NULL;
	for (size_t i = 0; i < sizeof(bytes); i++)
		apr_snprintf(note->id + 2 * i, 3, "%02x", bytes[i]);
	note->ok = ok;
	apr_cpystrn(note->text, text, sizeof(note->text));
	return apr_pstrdup(r->pool, note->id);
}

/* It is done, or not: say so, on the page that it came from. */
static result_t
tell(request_t *r)
{
	const char *back = page_back(field(r, "back")), *id;

	if (request_wants_json(r))
		return answer_sentence(r, r->ok ? MHD_HTTP_OK :
		    MHD_HTTP_CONFLICT, r->said);
	id = keep_note(r, r->ok, r->said);
	return answer_redirect(r, id == NULL ? back : apr_pstrcat(r->pool,
	    back, "?said=", id, NULL));
}

static void
on_answer(void *baton, const xn_value_t *answer, const char *error,
    apr_pool_t *pool)
{
	request_t *r = baton;

	(void)pool;
	r->ok = answer != NULL;
	r->said = apr_pstrdup(r->pool, answer != NULL ? xn_value_text(answer,
	    "text", "done") : error);
	/* What it did is to be seen at once. */
	r->server->next_take = r->server->now;
	server_go_on(r);
}

/* The request for the daemon, with its end; NULL: WHAT is none. */
static const char *
make_line(request_t *r, const char *what)
{
	char *words = apr_pstrdup(r->pool, what), *state = NULL;
	const char *verb = apr_strtok(words, " ", &state);
	/* (Of nothing there is no next word to ask for.) */
	const char *name = verb == NULL ? NULL : apr_strtok(NULL, " ",
	    &state);
	const char *seen = name == NULL ? NULL : apr_strtok(NULL, " ",
	    &state);
	int i = 0;

	while (verb != NULL && verbs[i] != NULL && strcmp(verbs[i], verb) !=
	    0)
		i++;
	if (verb == NULL || verbs[i] == NULL || name == NULL ||
	    !act_is_name(name) || (seen != NULL) != (strcmp(verb, "approve")
	    == 0))
		return NULL;
	/* (Both are of letters, digits and marks alone.) */
	if (seen == NULL)
		return apr_psprintf(r->pool, "{\"do\":\"%s\",\"jobs\":"
		    "[\"%s\"]}\n", verb, name);
	return !act_is_name(seen) || apr_strtok(NULL, " ", &state) != NULL ?
	    NULL : apr_psprintf(r->pool,
	    "{\"do\":\"approve\",\"jobs\":[\"%s\"],\"always\":false,"
	    "\"token\":\"%s\"}\n", name, seen);
}

static result_t
begin(request_t *r)
{
	const char *line = make_line(r, field(r, "do"));

	if (line == NULL)
		return answer_sentence(r, MHD_HTTP_BAD_REQUEST,
		    "the form does not say what is to be done");
	if (model_error(r->server->model) != NULL)
		return answer_sentence(r, MHD_HTTP_SERVICE_UNAVAILABLE,
		    model_error(r->server->model));
	if (!ask_begin(r->server->asker, line, WITHIN, on_answer, r))
		return answer_sentence(r, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "too many ask at once");
	server_wait(r);
	return MHD_YES;
}

result_t
act_do(request_t *r)
{
	if (r->came)
		return tell(r);
	if (!is_same_site(r))
		return answer_sentence(r, MHD_HTTP_FORBIDDEN,
		    "another site wanted this");
	if (!r->may_change && request_wants_json(r))
		return answer_sentence(r, MHD_HTTP_UNAUTHORIZED,
		    "log in first; nothing was changed");
	if (!r->may_change)
		return answer_redirect(r, "/login?first=1");
	if (!r->by_bearer && !guard_mark_is_good(&r->server->guard,
	    r->session, field(r, "mark")))
		return answer_sentence(r, MHD_HTTP_FORBIDDEN, "the form is "
		    "too old, or not ours: load the page again");
	return begin(r);
}

/* ---- In and out --------------------------------------------------------- */

/* For our pages alone, out of reach of scripts, for LIFE seconds. */
static const char *
make_cookie(const request_t *r, const char *value, int life)
{
	return apr_psprintf(r->pool, "%s=%s; Path=/; Max-Age=%d; HttpOnly; "
	    "SameSite=Strict%s", r->server->cookie, value, life,
	    r->server->guard.tls ? "; Secure" : "");
}

result_t
act_login(request_t *r)
{
	const server_t *s = r->server;
	char session[GUARD_SESSION];

	if (!is_same_site(r))
		return answer_sentence(r, MHD_HTTP_FORBIDDEN,
		    "another site wanted this");
	if (!guard_token(&s->guard, field(r, "token")))
		return page_login(r);
	guard_session(session, &s->guard, apr_time_sec(s->wall));
	r->set_cookie = make_cookie(r, session, GUARD_LIFE);
	return answer_redirect(r, page_back(field(r, "back")));
}

result_t
act_logout(request_t *r)
{
	if (!is_same_site(r) || !guard_mark_is_good(&r->server->guard,
	    r->session, field(r, "mark")))
		return answer_sentence(r, MHD_HTTP_FORBIDDEN,
		    "another site wanted this");
	r->set_cookie = make_cookie(r, "", 0);
	return answer_redirect(r, "/");
}
