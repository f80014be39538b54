/*
 * Pages that keep themselves up to date, by server-sent events:
 *
 *	event: list, data: ["a","b"]	the jobs, in their order
 *	event: part, data: <tbody id="job-a"...		what replaces what has
 *							its id
 *
 * A stream has one message at a time; who reads slowly misses what was between,
 * and costs no more for it.  When there is nothing new its connection is
 * suspended.
 *
 * When all are taken, who comes gets the place of a stream of the client, by its
 * address, that has most, if that has more than one more: so one that opens
 * many, and reads none, keeps nobody out but itself.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <apr_strings.h>

#include "appliance/http/server.h"
#include "appliance/http/show.h"
#include "appliance/job/json.h"

#define MESSAGE_MAX	(256 * 1024)	/* no further job after that */
#define SIGN_OF_LIFE	(15 * 1000000LL)

/* An address without its port; zeros for a local one that has none. */
struct client {
	unsigned char bytes[16];
};

struct stream {
	int used;
	int ending;			/* its place is another's */
	struct MHD_Connection *connection;
	int fd;				/* of that */
	struct client client;		/* whose it is */
	server_t *server;
	char job[72];			/* it shows this one alone; "" */
	char *text;			/* malloc'ed: the message, and */
	size_t n, sent;
	long long take;			/* what it knows */
	int next;			/* the job to go on with, and */
	long long begun;		/* the take with which that began */
	int suspended;
	long long last;			/* it was told something */
};

#define PLACES	(2 * SERVER_STREAMS)

struct events {
	struct stream streams[PLACES];
	long long shown;		/* the take that is shown */
	char *summary;			/* malloc'ed, and */
	long long summary_take;		/* when that changed */
};

struct events *
events_create(server_t *s)
{
	return apr_pcalloc(s->pool, sizeof(struct events));
}

int
events_count(const server_t *s)
{
	int count = 0;

	for (int i = 0; i < PLACES; i++)
		count += s->events->streams[i].used &&
		    !s->events->streams[i].ending;
	return count;
}

/* ---- What is new -------------------------------------------------------- */

/* TEXT, malloc'ed, is what is shown now at *SHOWN; *TAKE: since when. */
static void
keep(char **shown, long long *take, char *text, long long now)
{
	if (text == NULL || (*shown != NULL && strcmp(*shown, text) == 0)) {
		free(text);
		return;
	}
	free(*shown);
	*shown = text;
	*take = now;
}

static char *
render(void show(FILE *, const model_job_t *, apr_time_t),
    const model_job_t *job, apr_time_t now)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (out == NULL)
		return NULL;
	show(out, job, now);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void
render_summary(server_t *s, long long take)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (out == NULL)
		return;
	show_summary(out, s->model);
	fclose(out);
	keep(&s->events->summary, &s->events->summary_take, text, take);
}

/* All of the last take, once for all streams. */
static void
refresh(server_t *s)
{
	long long take = model_takes(s->model);

	if (s->events->shown == take)
		return;
	s->events->shown = take;
	render_summary(s, take);
	for (int i = 0; i < model_count(s->model); i++) {
		model_job_t *job = model_job(s->model, i);

		keep(&job->row, &job->row_take, render(show_row, job,
		    s->wall), take);
	}
}

/* ---- A message ---------------------------------------------------------- */

static void
put_list(FILE *out, const model_t *model)
{
	fputs("event: list\ndata: [", out);
	for (int i = 0; i < model_count(model); i++) {
		const char *name = model_job(model, i)->name;

		fputs(i > 0 ? "," : "", out);
		syncgate_json_write_text(out, name, strlen(name));
	}
	fputs("]\n\n", out);
}

static void
put_part(FILE *out, const char *text)
{
	if (text != NULL)
		fprintf(out, "event: part\ndata: %s\n\n", text);
}

static void
put_job(FILE *out, const struct stream *stream, model_job_t *job, int panel)
{
	server_t *s = stream->server;

	if (job->row_take > stream->take)
		put_part(out, job->row);
	if (!panel)
		return;
	keep(&job->panel, &job->panel_take, render(show_panel, job, s->wall),
	    model_takes(s->model));
	if (job->panel_take > stream->take)
		put_part(out, job->panel);
}

/* All that is new for it, or as much as fits; 1: that was all. */
static int
put_news(FILE *out, struct stream *stream)
{
	server_t *s = stream->server;
	const model_t *model = s->model;
	model_job_t *one = model_find(model, stream->job);

	if (s->events->summary_take > stream->take)
		put_part(out, s->events->summary);
	if (stream->job[0] != '\0') {
		if (one != NULL)
			put_job(out, stream, one, 1);
		return 1;
	}
	if (model_list_take(model) > stream->take)
		put_list(out, model);
	while (stream->next < model_count(model) && ftell(out) < MESSAGE_MAX)
		put_job(out, stream, model_job(model, stream->next++), 0);
	return stream->next >= model_count(model);
}

static void
make_message(struct stream *stream)
{
	server_t *s = stream->server;
	FILE *out;

	free(stream->text);
	stream->text = NULL;
	stream->n = stream->sent = 0;
	out = open_memstream(&stream->text, &stream->n);
	if (out == NULL)
		return;
	refresh(s);
	if (stream->next == 0)
		stream->begun = s->events->shown;
	if (stream->take < s->events->shown && put_news(out, stream)) {
		stream->take = stream->begun;
		stream->next = 0;
	}
	if (ftell(out) == 0 && s->now - stream->last >= SIGN_OF_LIFE)
		fputs(":\n\n", out);
	if (fclose(out) != 0)
		stream->n = 0;
	if (stream->n > 0)
		stream->last = s->now;
}

/* MHD wants up to MOST bytes. */
static ssize_t
read_stream(void *baton, uint64_t at, char *bytes, size_t most)
{
	struct stream *stream = baton;
	size_t n;

	(void)at;
	if (stream->server->stopping || stream->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (stream->sent == stream->n)
		make_message(stream);
	n = stream->n - stream->sent;
	if (n == 0) {
		stream->suspended = 1;
		MHD_suspend_connection(stream->connection);
		return 0;
	}
	n = n > most ? most : n;
	memcpy(bytes, stream->text + stream->sent, n);
	stream->sent += n;
	return (ssize_t)n;
}

static void
free_stream(void *baton)
{
	struct stream *stream = baton;

	free(stream->text);
	memset(stream, 0, sizeof(*stream));
}

/* ---- Streams ------------------------------------------------------------ */

static struct client
client_of(const request_t *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info == NULL ? NULL :
	    info->client_addr;
	struct client client = { { 0 } };

	if (address != NULL && address->sa_family == AF_INET)
		memcpy(client.bytes, &((const struct sockaddr_in *)
		    (const void *)address)->sin_addr, 4);
	else if (address != NULL && address->sa_family == AF_INET6)
		memcpy(client.bytes, &((const struct sockaddr_in6 *)
		    (const void *)address)->sin6_addr, 16);
	return client;
}

static int
is_of(const struct stream *stream, const struct client *client)
{
	return stream->used && !stream->ending && memcmp(&stream->client,
	    client, sizeof(*client)) == 0;
}

static int
count_of(const struct events *events, const struct client *client)
{
	int count = 0;

	for (int i = 0; i < PLACES; i++)
		count += is_of(&events->streams[i], client);
	return count;
}

/* End one of the client that has most, if CLIENT is not much like it. */
static void
make_room(struct events *events, const struct client *client)
{
	int most = count_of(events, client) + 1;
	struct stream *victim = NULL;

	for (int i = 0; i < PLACES; i++) {
		struct stream *stream = &events->streams[i];
		int count = stream->used && !stream->ending ? count_of(events,
		    &stream->client) : 0;

		if (count > most) {
			most = count;
			victim = stream;
		}
	}
	if (victim == NULL)
		return;
	victim->ending = 1;
	shutdown(victim->fd, SHUT_RDWR);
	if (victim->suspended)
		MHD_resume_connection(victim->connection);
	victim->suspended = 0;
}

/* NULL: there is none for CLIENT. */
static struct stream *
find_place(server_t *s, const struct client *client)
{
	struct events *events = s->events;

	if (events_count(s) >= SERVER_STREAMS)
		make_room(events, client);
	if (events_count(s) >= SERVER_STREAMS)
		return NULL;
	for (int i = 0; i < PLACES; i++)
		if (!events->streams[i].used)
			return &events->streams[i];
	return NULL;
}

result_t
events_answer(request_t *r)
{
	server_t *s = r->server;
	const struct client client = client_of(r);
	struct stream *stream = r->of == NULL ? NULL : find_place(s, &client);
	const char *job = request_argument(r, "job");
	struct MHD_Response *response;

	if (stream == NULL)
		return answer_sentence(r, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "too many pages are kept up to date already");
	memset(stream, 0, sizeof(*stream));
	stream->used = 1;
	stream->connection = r->connection;
	stream->fd = r->of->fd;
	stream->client = client;
	stream->server = s;
	stream->last = s->now;
	if (job != NULL && act_is_name(job))
		apr_cpystrn(stream->job, job, sizeof(stream->job));
	/* Else what was rendered for nobody would be old. */
	if (events_count(s) == 1)
		s->events->shown = 0;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384,
	    read_stream, stream, free_stream);
	if (response == NULL) {
		free_stream(stream);
		return MHD_NO;
	}
	r->of->streams = 1;
	return answer_send(r, MHD_HTTP_OK, "text/event-stream", response);
}

void
events_wake(server_t *s)
{
	for (int i = 0; i < PLACES; i++) {
		struct stream *stream = &s->events->streams[i];

		if (!stream->used || !stream->suspended)
			continue;
		if (!s->stopping && stream->take == model_takes(s->model) &&
		    s->now - stream->last < SIGN_OF_LIFE)
			continue;
		stream->suspended = 0;
		MHD_resume_connection(stream->connection);
	}
}

void
events_end(server_t *s)
{
	free(s->events->summary);
	s->events->summary = NULL;
}
