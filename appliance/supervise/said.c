#include "appliance/supervise/said.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <syncgate/plugin.h>

#include "appliance/job/breaker.h"
#include "appliance/job/json.h"
#include "appliance/job/output.h"
#include "appliance/job/text.h"

/* "job NAME: " before TEXT says what everybody knows here. */
static const char *
without_name(const char *text, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(text, "job ", 4) == 0 && strncmp(text + 4, name, n) == 0 &&
	    strncmp(text + 4 + n, ": ", 2) == 0)
		return text + 4 + n + 2;
	return text;
}

/* What it calls an error is a warning here: the daemon goes on. */
static int
level_of(const char *name)
{
	int level = syncgate_level_of(name);

	return level >= 0 ? level : SYNCGATE_WARNING;
}

static void
take_progress(said_t *said, const xn_value_t *object)
{
	apr_cpystrn(said->phase, xn_value_text(object, "phase", ""),
	    sizeof(said->phase));
	apr_cpystrn(said->unit, xn_value_text(object, "unit", ""),
	    sizeof(said->unit));
	said->done = xn_value_int(object, "done", -1);
	said->total = xn_value_int(object, "total", -1);
	said->bytes = xn_value_int(object, "bytes", -1);
	said->trouble[0] = '\0';
	said->lost = 0;
}

/* Of numbers alone, and as many as there is room for. */
static void
take_figures(said_t *said, const xn_value_t *figures)
{
	char text[sizeof(said->figures)];
	size_t n = 0;

	for (unsigned int i = 0; figures != NULL && figures->kind == XN_DICT &&
	    i < figures->size; i++) {
		const xn_value_t *key = &figures->u.items[2 * i];
		const xn_value_t *value = &figures->u.items[2 * i + 1];

		if (key->kind != XN_STR || value->kind != XN_INT ||
		    n + key->size * 6 + 40 > sizeof(text))
			continue;
		text[n] = n == 0 ? '{' : ',';
		n++;
		n += syncgate_text_json(text + n, sizeof(text) - n,
		    key->u.text);
		n += (size_t)snprintf(text + n, sizeof(text) - n, ":%lld",
		    value->u.integer);
	}
	if (n == 0)
		return;
	memcpy(text + n, "}", 2);
	apr_cpystrn(said->figures, text, sizeof(said->figures));
}

/* ---- What is held ------------------------------------------------------- */

/* LINE behind what SAMPLE has; 0: there is no room. */
static int
add_line(char sample[SAID_SAMPLE_MAX], size_t *used, const char *line)
{
	size_t n = strlen(line);

	if (n > SYNCGATE_SAMPLE_BYTES)
		n = SYNCGATE_SAMPLE_BYTES;
	if (*used + n + 2 > SAID_SAMPLE_MAX)
		return 0;
	for (size_t i = 0; i < n; i++)
		sample[(*used)++] = line[i] == '\n' ? ' ' : line[i];
	sample[(*used)++] = '\n';
	sample[*used] = '\0';
	return 1;
}

said_hold_t *
said_hold_read(const xn_value_t *object, const char *key)
{
	const xn_value_t *sample = xn_value_get(object, "sample");
	const char *kind = xn_value_text(object, "kind", "");
	const char *approve = xn_value_text(object, "approve", "");
	said_hold_t *hold;
	size_t used = 0;

	if (syncgate_hold_kind(kind) < 0 ||
	    !syncgate_breaker_is_token(approve))
		return NULL;
	hold = calloc(1, sizeof(*hold));
	if (hold == NULL)
		return NULL;
	apr_cpystrn(hold->kind, kind, sizeof(hold->kind));
	apr_cpystrn(hold->approve, approve, sizeof(hold->approve));
	apr_cpystrn(hold->reason, xn_value_text(object, key, ""),
	    sizeof(hold->reason));
	for (unsigned int i = 0; sample != NULL && sample->kind == XN_LIST &&
	    i < sample->size; i++)
		if (sample->u.items[i].kind != XN_STR || !add_line(hold->sample,
		    &used, sample->u.items[i].u.text))
			break;
	return hold;
}

void
said_hold_write(FILE *out, const said_hold_t *hold, const char *key)
{
	const char *line = hold->sample, *end;

	fprintf(out, "{\"kind\":\"%s\",\"approve\":\"%s\",\"%s\":",
	    hold->kind, hold->approve, key);
	syncgate_json_write_text(out, hold->reason, strlen(hold->reason));
	fputs(",\"sample\":[", out);
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		fputs(line != hold->sample ? "," : "", out);
		syncgate_json_write_text(out, line, (size_t)(end - line));
	}
	fputs("]}", out);
}

/* The last one counts: a run that goes on asks again when it is for more. */
static void
take_hold(said_t *said, const xn_value_t *object)
{
	said_hold_t *hold = said_hold_read(object, "text");

	if (hold == NULL)
		return;
	free(said->hold);
	said->hold = hold;
}

void
said_forget(said_t *said)
{
	free(said->hold);
	memset(said, 0, sizeof(*said));
}

/* ---- Lines -------------------------------------------------------------- */

static void
take_object(said_t *said, said_line_t *log, const char *name,
    const xn_value_t *object)
{
	log->event = xn_value_text(object, "event", "log");
	if (strcmp(log->event, "progress") == 0) {
		take_progress(said, object);
		return;
	}
	if (strcmp(log->event, "figures") == 0) {
		take_figures(said, xn_value_get(object, "figures"));
		return;
	}
	if (strcmp(log->event, "lag") == 0 && said->lag != NULL) {
		lag_take(said->lag, object, apr_time_now());
		return;
	}
	if (strcmp(log->event, "proven") == 0 && said->lag != NULL) {
		lag_take_proven(said->lag, object, apr_time_now());
		return;
	}
	log->text = without_name(xn_value_text(object, "text", ""), name);
	if (strcmp(log->event, "hold") == 0) {
		take_hold(said, object);
		log->text = NULL;
		return;
	}
	log->level = level_of(xn_value_text(object, "level", "info"));
	if (strcmp(log->event, "retry") == 0 && said->lag != NULL)
		lag_lost(said->lag);
	if (strcmp(log->event, "retry") == 0) {
		apr_cpystrn(said->trouble, log->text, sizeof(said->trouble));
		said->lost = log->level == SYNCGATE_WARNING;
	}
	/* It is told when the run has ended. */
	if (strcmp(log->event, "failed") == 0 ||
	    strcmp(log->event, "skipped") == 0) {
		apr_cpystrn(said->error, log->text, sizeof(said->error));
		log->text = NULL;
	}
}

void
said_take(said_t *said, said_line_t *log, const char *name, char *line,
    apr_pool_t *pool)
{
	const xn_value_t *object = NULL;

	memset(log, 0, sizeof(*log));
	if (*line == '{')
		xn_error_clear(syncgate_json_read(&object, line, strlen(line),
		    pool));
	if (object != NULL && xn_value_get(object, "event") != NULL) {
		take_object(said, log, name, object);
		return;
	}
	if (*line == '\0')
		return;
	apr_cpystrn(said->other, line, sizeof(said->other));
	log->level = SYNCGATE_WARNING;
	log->event = "log";
	log->text = line;
}

void
said_figures(FILE *out, const said_t *said)
{
	if (said->figures[0] != '\0')
		fprintf(out, ",\"figures\":%s", said->figures);
}
