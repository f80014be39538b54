/*
 * svnhotsync's two sides natively, each in a thread; the test is the
 * coordinator, and may be the source as well.
 */
#include "tests/lib/svnrepo.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "core/wire/format.h"
#include "plugins/svnhotsync/sides.h"
#include "tests/lib/arena.h"
#include "tests/lib/fake_port.h"

#define CONTROL		3	/* the channel's id */
#define PATIENCE	30000	/* milliseconds */

struct svnpair {
	struct xn_fake *fake;		/* end 0: source and coordinator */
	int has_source;
	void *control[2];
	pthread_t mirror;
	char *mirror_error;
	xn_value source_items[6], mirror_items[20];
	xn_value source_kwargs, mirror_kwargs;
	char shown[1024];
};

int svnpair_include;
struct svnpair_approved svnpair_approved;

static void *
run_mirror(void *baton)
{
	struct svnpair *p = baton;

	xn_side_run(xn_fake_port(p->fake, 1), svnhotsync_side_mirror,
	    p->control[1], &p->mirror_kwargs, &p->mirror_error);
	return NULL;
}

static void
text_value(xn_value *v, const char *text)
{
	v->kind = XN_STR;
	v->size = (unsigned int)strlen(text);
	v->u.text = text;
}

static void
bool_item(xn_value *items, const char *key, int truth)
{
	text_value(&items[0], key);
	items[1].kind = XN_BOOL;
	items[1].u.boolean = truth;
}

static void
kwargs(struct svnpair *p, const char *source, const char *mirror, int follow,
    int dry)
{
	xn_value *v = p->mirror_items;

	text_value(&v[0], "peer");
	v[1].kind = XN_CHANNEL;
	v[1].u.channel.object = xn_fake_channel(p->fake, 1);
	v[1].u.channel.id = 1;
	text_value(&v[2], "path");
	text_value(&v[3], mirror);
	text_value(&v[4], "job");
	text_value(&v[5], "a \"job\"; rm");
	bool_item(&v[6], "follow", follow);
	bool_item(&v[8], "guard", 1);
	bool_item(&v[10], "dry", dry);
	text_value(&v[12], "include");
	v[13].kind = XN_INT;
	v[13].u.integer = svnpair_include;
	bool_item(&v[14], "resync", svnpair_approved.n > 0);
	text_value(&v[16], "approved");
	v[17].kind = XN_BYTES;
	v[17].size = svnpair_approved.n;
	v[17].u.bytes = svnpair_approved.state;
	text_value(&v[18], "approved_rev");
	v[19].kind = XN_INT;
	v[19].u.integer = svnpair_approved.rev;
	p->mirror_kwargs.kind = p->source_kwargs.kind = XN_DICT;
	p->mirror_kwargs.depth = p->source_kwargs.depth = 1;
	p->mirror_kwargs.size = 10;
	p->mirror_kwargs.u.items = v;
	v = p->source_items;
	text_value(&v[0], "path");
	text_value(&v[1], source == NULL ? "" : source);
	bool_item(&v[2], "follow", follow);
	text_value(&v[4], "poll");
	v[5].kind = XN_INT;
	v[5].u.integer = 200;
	p->source_kwargs.size = 3;
	p->source_kwargs.u.items = v;
}

struct svnpair *
svnpair_start(const char *source, const char *mirror, int follow, int dry)
{
	struct svnpair *p = calloc(1, sizeof(*p));

	assert(p != NULL);
	p->fake = xn_fake_create();
	p->has_source = source != NULL;
	for (int i = 0; i < 2; i++)
		p->control[i] = xn_fake_port(p->fake, i)->channel_of_id(
		    xn_fake_port(p->fake, i)->baton, CONTROL);
	kwargs(p, source, mirror, follow, dry);
	if (source != NULL)
		xn_fake_start(p->fake, 0, svnhotsync_side_source,
		    &p->source_kwargs);
	assert(pthread_create(&p->mirror, NULL, run_mirror, p) == 0);
	return p;
}

const char *
svnpair_report(struct svnpair *p)
{
	const struct xn_port *port = xn_fake_port(p->fake, 0);
	struct arena arena = { 0 };
	struct xn_decode_env env = { .alloc = arena_alloc,
	    .alloc_baton = &arena };
	const char *error = NULL;
	const xn_value *v;
	uint8_t *bytes;
	size_t n;

	switch (port->receive(port->baton, p->control[0], PATIENCE, &bytes, &n,
	    &error)) {
	case XN_PORT_OK:
		assert(xn_decode(&v, bytes, n, &env) == XN_C_OK);
		xn_repr(p->shown, sizeof(p->shown), v);
		free(bytes);
		break;
	case XN_PORT_EOF:
		strcpy(p->shown, "<eof>");
		break;
	case XN_PORT_TIMEOUT:
		strcpy(p->shown, "<timeout>");
		break;
	default:
		snprintf(p->shown, sizeof(p->shown), "<error %s>", error);
	}
	arena_free(&arena);
	return p->shown;
}

int
svnpair_wait(struct svnpair *p, const char *beginning)
{
	const char *got;

	for (;;) {
		got = svnpair_report(p);
		if (strncmp(got, beginning, strlen(beginning)) == 0)
			return 1;
		if (got[0] == '<') {
			printf("\n  waited for %s, got %s\n", beginning, got);
			return 0;
		}
	}
}

static int32_t
no_channel(const void *channel)
{
	(void)channel;
	return 0;
}

static void
send_on(struct svnpair *p, void *channel, const char *format, va_list ap)
{
	const struct xn_port *port = xn_fake_port(p->fake, 0);
	const char *error;
	struct xn_buf out;

	xn_buf_init(&out, 1 << 20);
	assert(xn_pack(&out, no_channel, format, ap) == XN_C_OK);
	port->send(port->baton, channel, out.base + out.start, out.end - out.start, &error);
	xn_buf_free(&out);
}

void
svnpair_send(struct svnpair *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	send_on(p, xn_fake_channel(p->fake, 0), format, ap);
	va_end(ap);
}

static void
send_control(struct svnpair *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	send_on(p, p->control[0], format, ap);
	va_end(ap);
}

const char *
svnpair_receive(struct svnpair *p)
{
	return xn_fake_receive(p->fake, 0);
}

void
svnpair_stop(struct svnpair *p)
{
	send_control(p, "(s)", "stop");
}

void
svnpair_cut(struct svnpair *p)
{
	xn_fake_close(p->fake, 0, "the connection was lost");
	xn_fake_close(p->fake, 1, "the connection was lost");
}

char *
svnpair_join(struct svnpair *p)
{
	char *error;

	pthread_join(p->mirror, NULL);
	if (p->has_source)
		free(xn_fake_join(p->fake, 0));
	error = p->mirror_error;
	xn_fake_destroy(p->fake);
	free(p);
	return error;
}

char *
svnpair_once(const char *source, const char *mirror)
{
	struct svnpair *p = svnpair_start(source, mirror, 0, 0);

	while (svnpair_report(p)[0] != '<')
		continue;
	return svnpair_join(p);
}
