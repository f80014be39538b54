/*
 * The pages: they are whole without a script, and their forms, too.  The one
 * form of a page stands apart from its buttons, so that what is shown of a job
 * is the same for everybody.
 */
#include <string.h>

#include <apr_strings.h>

#include "appliance/http/html.h"
#include "appliance/http/server.h"
#include "appliance/http/show.h"

#define HTML	"text/html; charset=utf-8"

const char *
page_back(const char *back)
{
	if (strncmp(back, "/job/", 5) == 0 && act_is_name(back + 5))
		return back;
	return "/";
}

/* ---- Of every page ------------------------------------------------------ */

static void
write_account(FILE *out, const request_t *r)
{
	char mark[GUARD_MARK];

	if (r->session[0] == '\0') {
		fputs("<a class=\"account\" href=\"/login\">Log in</a>", out);
		return;
	}
	guard_mark(mark, &r->server->guard, r->session);
	fprintf(out, "<form class=\"account\" method=\"post\" action=\""
	    "/logout\"><input type=\"hidden\" name=\"mark\" value=\"%s\">"
	    "<button>Log out</button></form>", mark);
}

void
page_begin(FILE *out, const request_t *r, const char *title)
{
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8"
	    "\"><meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\"><meta name=\"color-scheme\" content=\"light "
	    "dark\"><title>", out);
	html_text(out, title);
	fputs("</title><link rel=\"icon\" href=\"/icon.svg\" type=\""
	    "image/svg+xml\"><link rel=\"stylesheet\" href=\"/page.css\">"
	    "<script src=\"/page.js\" defer></script></head>\n<body>"
	    "<a class=\"skip\" href=\"#main\">Skip to the content</a>"
	    "<header><h1><a href=\"/\">syncgate</a> <span class=\"host\">",
	    out);
	html_text(out, r->server->host);
	fputs("</span></h1><p id=\"live\" hidden></p>", out);
	write_account(out, r);
	fputs("</header>\n<main id=\"main\" tabindex=\"-1\">", out);
}

void
page_end(FILE *out)
{
	fputs("</main></body></html>\n", out);
}

/* What was done by the form that led here; for scripts, too. */
static void
write_note(FILE *out, const request_t *r)
{
	const char *id = request_argument(r, "said");
	const note_t *note = NULL;

	for (int i = 0; id != NULL && i < SERVER_NOTES; i++)
		if (r->server->notes[i].id[0] != '\0' && strcmp(
		    r->server->notes[i].id, id) == 0)
			note = &r->server->notes[i];
	fprintf(out, "<p id=\"note\" role=\"status\" class=\"%s\">",
	    note == NULL ? "" : note->ok ? "note" : "note bad");
	if (note != NULL)
		html_text(out, note->text);
	fputs("</p>", out);
}

/* The form of all buttons; they lead to BACK again. */
static void
write_form(FILE *out, const request_t *r, const char *back)
{
	char mark[GUARD_MARK] = "";

	if (r->session[0] != '\0')
		guard_mark(mark, &r->server->guard, r->session);
	fprintf(out, "<form id=\"act\" method=\"post\" action=\"/do\">"
	    "<input type=\"hidden\" name=\"mark\" value=\"%s\">"
	    "<input type=\"hidden\" name=\"back\" value=\"", mark);
	html_text(out, back);
	fputs("\"></form><p id=\"spoken\" class=\"hidden\" aria-live=\""
	    "polite\"></p>", out);
}

static void
write_head(FILE *out)
{
	fputs("<thead><tr><th scope=\"col\">Job</th><th scope=\"col\">State"
	    "</th><th scope=\"col\">Lag</th><th scope=\"col\">Progress</th>"
	    "<th scope=\"col\">Rate</th><th scope=\"col\"><span class=\""
	    "hidden\">Actions</span></th></tr></thead>", out);
}

/* ---- All jobs ----------------------------------------------------------- */

static void
write_jobs(FILE *out, const server_t *s)
{
	int count = model_count(s->model);

	fputs("<table id=\"jobs\" class=\"jobs\"><caption class=\"hidden\">"
	    "Jobs</caption>", out);
	write_head(out);
	for (int i = 0; i < count; i++)
		show_row(out, model_job(s->model, i), s->wall);
	fputs("</table>", out);
	if (count == 0 && model_error(s->model) == NULL)
		fputs("<p class=\"empty\">The configuration has no job yet."
		    "</p>", out);
}

result_t
page_overview(request_t *r)
{
	const server_t *s = r->server;
	answer_t answer;
	FILE *out;

	answer_begin(&answer);
	out = answer.out;
	if (out == NULL)
		return MHD_NO;
	page_begin(out, r, apr_psprintf(r->pool, "syncgate %s", s->host));
	write_note(out, r);
	show_summary(out, s->model);
	write_form(out, r, "/");
	write_jobs(out, s);
	page_end(out);
	return answer_end(r, &answer, MHD_HTTP_OK, HTML);
}

/* ---- One job ------------------------------------------------------------ */

static void
write_job(FILE *out, const request_t *r, const model_job_t *job)
{
	const server_t *s = r->server;

	write_note(out, r);
	fputs("<p class=\"way\"><a href=\"/\">All jobs</a></p><h2>", out);
	html_text(out, job->name);
	fputs("</h2>", out);
	write_form(out, r, r->path);
	fputs("<table class=\"jobs one\"><caption class=\"hidden\">How it is"
	    "</caption>", out);
	write_head(out);
	show_row(out, job, s->wall);
	fputs("</table>", out);
	show_panel(out, job, s->wall);
	fputs("<section id=\"history\"><h3>History</h3>", out);
	runs_show(out, r);
	fputs("</section>", out);
}

result_t
page_job(request_t *r)
{
	const model_job_t *job = model_find(r->server->model, r->path + 5);
	answer_t answer;

	if (job == NULL)
		return answer_sentence(r, MHD_HTTP_NOT_FOUND,
		    "there is no such job");
	if (!r->came && runs_begin(r, job->name)) {
		server_wait(r);
		return MHD_YES;
	}
	answer_begin(&answer);
	if (answer.out == NULL)
		return MHD_NO;
	page_begin(answer.out, r, apr_psprintf(r->pool, "%s - syncgate %s",
	    job->name, r->server->host));
	write_job(answer.out, r, job);
	page_end(answer.out);
	return answer_end(r, &answer, MHD_HTTP_OK, HTML);
}

/* ---- Logging in --------------------------------------------------------- */

result_t
page_login(request_t *r)
{
	int wrong = strcmp(r->method, "POST") == 0;
	answer_t answer;
	FILE *out;

	answer_begin(&answer);
	out = answer.out;
	if (out == NULL)
		return MHD_NO;
	page_begin(out, r, "Log in - syncgate");
	fputs("<section class=\"box\"><h2>Log in</h2>", out);
	if (request_argument(r, "first") != NULL)
		fputs("<p class=\"note bad\" role=\"alert\">Log in first: "
		    "nothing was changed.</p>", out);
	if (wrong)
		fputs("<p class=\"note bad\" role=\"alert\">That is not the "
		    "token.</p>", out);
	fputs("<p>With the token jobs can be started, stopped and approved. "
	    "Whoever runs the daemon gets it by</p><pre>syncgate token</pre>"
	    "<form method=\"post\" action=\"/login\"><label for=\"token\">"
	    "Token</label><input id=\"token\" name=\"token\" type=\""
	    "password\" autocomplete=\"current-password\" required "
	    "autofocus spellcheck=\"false\"><input type=\"hidden\" name=\""
	    "back\" value=\"/\"><button class=\"strong\">Log in</button>"
	    "</form></section>", out);
	page_end(out);
	return answer_end(r, &answer, wrong ? MHD_HTTP_FORBIDDEN :
	    MHD_HTTP_OK, HTML);
}
