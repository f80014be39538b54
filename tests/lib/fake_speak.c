/*
 * fake_speak.c: the test itself speaks at one end of a fake port.
 */
#include "tests/lib/fake_port.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/format.h"

#define RECEIVE_TIMEOUT	60000
#define SHOWN_MAX	65536

static _Thread_local char shown[2][SHOWN_MAX];

void
xn_fake_send(struct xn_fake *fake, int end, const char *format, ...)
{
	const struct xn_port *port = xn_fake_port(fake, end);
	const char *error = NULL;
	struct xn_buf out;
	va_list ap;
	int code;

	xn_buf_init(&out, 64u << 20);
	va_start(ap, format);
	code = xn_pack(&out, NULL, format, ap);
	va_end(ap);
	assert(code == 0);
	(void)code;
	port->send(port->baton, xn_fake_channel(fake, end),
	    xn_buf_data(&out), xn_buf_len(&out), &error);
	xn_buf_free(&out);
}

/* What xn_decode() allocates, until the value has been shown. */
struct chunk {
	struct chunk *next;
	char pad[8];
};

static void *
chunk_alloc(void *baton, size_t n)
{
	struct chunk **all = baton;
	struct chunk *c = malloc(sizeof(*c) + n);

	if (c == NULL)
		return NULL;
	c->next = *all;
	*all = c;
	return c + 1;
}

static void *
any_channel(void *baton, int32_t id)
{
	const struct xn_port *port = baton;

	return port->channel_of_id(port->baton, id);
}

static void
show(char out[SHOWN_MAX], const struct xn_port *port, const uint8_t *payload,
    size_t n)
{
	struct chunk *all = NULL;
	struct xn_decode_env env = {
		.alloc = chunk_alloc, .alloc_baton = &all,
		.channel = any_channel, .channel_baton = (void *)(uintptr_t)port
	};
	const xn_value *value;

	if (xn_decode(&value, payload, n, &env) == 0)
		xn_repr(out, SHOWN_MAX, value);
	else
		strcpy(out, "<no value>");
	while (all != NULL) {
		struct chunk *c = all;

		all = c->next;
		free(c);
	}
}

const char *
xn_fake_receive(struct xn_fake *fake, int end)
{
	const struct xn_port *port = xn_fake_port(fake, end);
	char *out = shown[end];
	const char *error = NULL;
	uint8_t *payload = NULL;
	size_t n = 0;

	switch (port->receive(port->baton, xn_fake_channel(fake, end),
	    RECEIVE_TIMEOUT, &payload, &n, &error)) {
	case XN_PORT_OK:
		show(out, port, payload, n);
		break;
	case XN_PORT_EOF:
		strcpy(out, "<eof>");
		break;
	case XN_PORT_ERROR:
		snprintf(out, SHOWN_MAX, "<error %s>", error);
		break;
	default:
		strcpy(out, "<timeout>");
	}
	free(payload);
	return out;
}
