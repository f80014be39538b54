#include "appliance/http/show.h"

#include <string.h>

#include "appliance/http/html.h"

/* States, how they look, and how many are told of in the head. */
static const struct {
	const char *state, *look;
} looks[] = {
	{ "held", "bad" }, { "failing", "bad" }, { "running", "good" },
	{ "stopping", "calm" }, { "queued", "calm" }, { "waiting", "calm" },
	{ "done", "good" }, { "paused", "off" }, { "stopped", "off" },
};
#define LOOKS	(sizeof(looks) / sizeof(looks[0]))

static const char *
state_of(const model_job_t *job)
{
	return xn_value_text(job->status, "state", "");
}

static int
is_state(const model_job_t *job, const char *state)
{
	return strcmp(state_of(job), state) == 0;
}

static const char *
look_of(const char *state)
{
	for (size_t i = 0; i < LOOKS; i++)
		if (strcmp(looks[i].state, state) == 0)
			return looks[i].look;
	return "calm";
}

/* ---- The head ----------------------------------------------------------- */

void
show_summary(FILE *out, const model_t *model)
{
	int count = model_count(model);

	fprintf(out, "<p id=\"summary\"><strong>%d job%s</strong>", count,
	    count == 1 ? "" : "s");
	for (size_t i = 0; i < LOOKS; i++) {
		int n = 0;

		for (int j = 0; j < count; j++)
			n += is_state(model_job(model, j), looks[i].state);
		if (n > 0)
			fprintf(out, "<span class=\"state %s\">%d %s</span>",
			    looks[i].look, n, looks[i].state);
	}
	if (model_error(model) != NULL) {
		fputs("<span class=\"state bad\">", out);
		html_text(out, model_error(model));
		fputs("</span>", out);
	}
	fputs("</p>", out);
}

/* ---- Pieces ------------------------------------------------------------- */

static void
show_state(FILE *out, const model_job_t *job)
{
	fprintf(out, "<span class=\"state %s\">", look_of(state_of(job)));
	html_text(out, state_of(job));
	fputs("</span>", out);
}

/* The daemon's own words, if it has any; else what it counts. */
static void
show_lag(FILE *out, const model_job_t *job)
{
	static const char *const counted[] = { "revisions", "refs", "items",
	    "files" };
	const xn_value_t *lag = xn_value_get(job->status, "lag");
	const char *behind = xn_value_text(job->status, "behind", "");
	int said = 0;

	if (*behind != '\0') {
		html_text(out, strcmp(behind, "-") == 0 ? "" : behind);
		return;
	}
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		double n = model_number(lag, counted[i]);

		if (n < 0)
			continue;
		fputs(said++ ? ", " : "", out);
		html_count(out, (long long)n);
		fprintf(out, " %.*s", (int)strlen(counted[i]) - (n == 1),
		    counted[i]);
	}
	if (model_number(lag, "bytes") > 0) {
		fputs(said++ ? ", " : "", out);
		html_bytes(out, model_number(lag, "bytes"));
	}
	if (model_number(lag, "seconds") >= 1) {
		fputs(said++ ? ", " : "", out);
		html_span(out, (long long)model_number(lag, "seconds"));
	}
	if (!said && xn_value_bool(lag, "in_step", 0))
		fputs("in step", out);
}

static void
show_proven(FILE *out, const model_job_t *job, apr_time_t now)
{
	const xn_value_t *proven = xn_value_get(job->status, "proven");
	apr_time_t at = model_time(proven, "at");
	const char *digest = xn_value_text(proven, "digest", "");

	if (at == 0)
		return;
	fputs("<span class=\"minor\" title=\"", out);
	html_text(out, xn_value_text(proven, "text", ""));
	fputs("\">proven equal ", out);
	html_ago(out, at, now);
	if (*digest != '\0') {
		fputs(", <code title=\"", out);
		html_text(out, digest);
		fprintf(out, "\">%.*s</code>", (int)strspn(digest,
		    "0123456789abcdef") < 8 ? 0 : 8, digest);
	}
	fputs("</span>", out);
}

static void
show_progress(FILE *out, const model_job_t *job)
{
	const char *phase = xn_value_text(job->status, "phase", "");
	long long done = xn_value_int(job->status, "done", -1);
	long long total = xn_value_int(job->status, "total", -1);

	if (*phase == '\0' || xn_value_int(job->status, "pid", 0) <= 0)
		return;
	fputs("<span>", out);
	html_text(out, phase);
	if (done >= 0) {
		fputs(" <span class=\"minor\">", out);
		html_count(out, done);
		if (total > 0) {
			fputs(" of ", out);
			html_count(out, total);
		}
		putc(' ', out);
		html_text(out, xn_value_text(job->status, "unit", ""));
		fprintf(out, "%s</span>", (total > 0 ? total : done) == 1 ||
		    *xn_value_text(job->status, "unit", "") == '\0' ? "" :
		    "s");
	}
	fputs("</span>", out);
	if (done < 0 || total <= 0)
		return;
	fprintf(out, "<progress max=\"%lld\" value=\"%lld\" aria-label=\""
	    "Progress of ", total, done > total ? total : done);
	html_text(out, job->name);
	fputs("\"></progress>", out);
}

static void
show_speed(FILE *out, const model_job_t *job)
{
	double now = model_rate_now(&job->rate);

	if (model_rate_most(&job->rate) < 0)
		return;
	show_chart(out, &job->rate, 112, 26);
	fputs("<span class=\"minor\">", out);
	if (now >= 0)
		show_rate(out, &job->rate, now);
	else
		fputs("idle", out);
	fputs("</span>", out);
}

/* ---- What can be done --------------------------------------------------- */

static void
show_button(FILE *out, const model_job_t *job, const char *verb,
    const char *text)
{
	fprintf(out, "<button form=\"act\" name=\"do\" value=\"%s ", verb);
	html_text(out, job->name);
	fprintf(out, "\">%s <span class=\"hidden\">", text);
	html_text(out, job->name);
	fputs("</span></button>", out);
}

static void
show_buttons(FILE *out, const model_job_t *job)
{
	int stopped = is_state(job, "stopped");
	int waits = is_state(job, "paused") || is_state(job, "held");
	int runs = xn_value_int(job->status, "pid", 0) > 0;

	if (waits)
		show_button(out, job, "resume", "Resume");
	else if (stopped)
		show_button(out, job, "start", "Start");
	else if (!runs)
		show_button(out, job, "start", "Run now");
	if (!stopped && !waits)
		show_button(out, job, "pause", "Pause");
	if (!stopped)
		show_button(out, job, "stop", "Stop");
}

/* ---- What is wrong ------------------------------------------------------ */

static void
show_sample(FILE *out, const xn_value_t *sample)
{
	if (sample == NULL || sample->kind != XN_LIST || sample->size == 0)
		return;
	fputs("<p>What it would do, for example:</p><ul class=\"sample\">",
	    out);
	for (unsigned int i = 0; i < sample->size && i < 100; i++) {
		const xn_value_t *one = &sample->u.items[i];

		fputs("<li>", out);
		html_text(out, one->kind == XN_STR ? one->u.text : "");
		fputs("</li>", out);
	}
	fputs("</ul>", out);
}

static void
show_hold(FILE *out, const model_job_t *job, const xn_value_t *hold)
{
	const char *approve = xn_value_text(hold, "approve", "");

	fputs("<div class=\"hold\"><p><strong>Held:</strong> ", out);
	html_text(out, xn_value_text(hold, "reason", ""));
	fputs("</p>", out);
	show_sample(out, xn_value_get(hold, "sample"));
	if (*approve != '\0') {
		fputs("<p class=\"actions\"><button form=\"act\" name=\"do\" "
		    "value=\"approve ", out);
		html_text(out, job->name);
		putc(' ', out);
		html_text(out, approve);
		fputs("\" class=\"strong\">Approve <span class=\"hidden\">",
		    out);
		html_text(out, job->name);
		fputs("</span></button> <span class=\"minor\">It does this, "
		    "once, and goes on.</span></p>", out);
	}
	fputs("</div>", out);
}

/* 1 if there is something about JOB that the columns do not say. */
static int
has_more(const model_job_t *job)
{
	const xn_value_t *hold = xn_value_get(job->status, "hold");

	return (hold != NULL && hold->kind == XN_DICT) ||
	    *xn_value_text(job->status, "error", "") != '\0';
}

static void
show_more(FILE *out, const model_job_t *job)
{
	const xn_value_t *hold = xn_value_get(job->status, "hold");
	const char *error = xn_value_text(job->status, "error", "");
	long long failures = xn_value_int(job->status, "failures", 0);

	if (hold != NULL && hold->kind == XN_DICT) {
		show_hold(out, job, hold);
		return;
	}
	if (*error == '\0')
		return;
	fputs("<div class=\"error\"><p><strong>", out);
	if (is_state(job, "held"))
		fputs("Held", out);
	else if (xn_value_int(job->status, "pid", 0) > 0)
		fputs("Tries again", out);
	else
		fputs("Last run", out);
	fputs(":</strong>", out);
	if (failures > 1) {
		fputs(" failed ", out);
		html_count(out, failures);
		fputs(" times", out);
	}
	fputs("</p>", out);
	html_chain(out, error);
	fputs("</div>", out);
}

/* ---- The pieces of the page --------------------------------------------- */

/* When it runs next, or why it does not. */
static void
show_next(FILE *out, const model_job_t *job, apr_time_t now)
{
	apr_time_t next = model_time(job->status, "next");
	apr_time_t ended = model_time(job->status, "ended");

	if (next > 0) {
		fputs("<span class=\"minor\">next ", out);
		html_ago(out, next > now ? next : now + 1, now);
		fputs("</span>", out);
	} else if (ended > 0 && xn_value_int(job->status, "pid", 0) <= 0) {
		fputs("<span class=\"minor\">ended ", out);
		html_ago(out, ended, now);
		fputs("</span>", out);
	}
}

static void
show_name(FILE *out, const model_job_t *job)
{
	fputs("<a href=\"/job/", out);
	html_text(out, job->name);
	fputs("\">", out);
	html_text(out, job->name);
	fputs("</a><span class=\"minor\">", out);
	html_text(out, xn_value_text(job->status, "plugin", ""));
	fputs("<span class=\"what\">", out);
	html_text(out, xn_value_text(job->status, "what", ""));
	fputs("</span></span>", out);
}

void
show_row(FILE *out, const model_job_t *job, apr_time_t now)
{
	fputs("<tbody id=\"job-", out);
	html_text(out, job->name);
	fprintf(out, "\" class=\"job %s\" data-state=\"", look_of(
	    state_of(job)));
	html_text(out, state_of(job));
	fputs("\"><tr><th scope=\"row\">", out);
	show_name(out, job);
	fputs("</th><td class=\"c-state\">", out);
	show_state(out, job);
	show_next(out, job, now);
	fputs("</td><td class=\"c-lag\" data-label=\"Lag\">", out);
	show_lag(out, job);
	show_proven(out, job, now);
	fputs("</td><td class=\"c-progress\" data-label=\"Progress\">", out);
	show_progress(out, job);
	fputs("</td><td class=\"c-rate\" data-label=\"Rate\">", out);
	show_speed(out, job);
	fputs("</td><td class=\"actions\">", out);
	show_buttons(out, job);
	fputs("</td></tr>", out);
	if (has_more(job)) {
		fputs("<tr class=\"more\"><td colspan=\"6\">", out);
		show_more(out, job);
		fputs("</td></tr>", out);
	}
	fputs("</tbody>", out);
}

static void
show_times(FILE *out, const model_job_t *job, apr_time_t now)
{
	static const struct {
		const char *key, *text;
	} times[] = {
		{ "began", "Last began" }, { "ended", "Last ended" },
		{ "next", "Next run" },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		apr_time_t at = model_time(job->status, times[i].key);

		if (at == 0)
			continue;
		fprintf(out, "<div><dt>%s</dt><dd>", times[i].text);
		html_ago(out, at, now);
		fputs("</dd></div>", out);
	}
	fputs("<div><dt>Runs since the daemon began</dt><dd>", out);
	html_count(out, xn_value_int(job->status, "runs", 0));
	fputs("</dd></div>", out);
}

void
show_panel(FILE *out, const model_job_t *job, apr_time_t now)
{
	double most = model_rate_most(&job->rate);

	fputs("<div id=\"panel\" data-ended=\"", out);
	fprintf(out, "%lld %lld\"><p class=\"why\">", xn_value_int(job->status,
	    "runs", 0), xn_value_int(job->status, "ended", 0));
	html_text(out, xn_value_text(job->status, "why", ""));
	fputs("</p>", out);
	if (most >= 0) {
		fputs("<figure>", out);
		show_chart(out, &job->rate, 720, 120);
		fputs("<figcaption><span>10 minutes ago</span><span>at most ",
		    out);
		show_rate(out, &job->rate, most);
		fputs("</span><span>now</span></figcaption></figure>", out);
	}
	fputs("<dl>", out);
	show_times(out, job, now);
	fputs("</dl></div>", out);
}
