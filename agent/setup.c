/*
 * setup.c: messages that are for the router itself.
 */
#include "agent/router.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/code.h"
#include "core/wire/dump.h"

/* The values of one message, freed together. */
struct arena {
	struct block { struct block *next; } *first;
};

static void *
arena_alloc(void *baton, size_t size)
{
	struct arena *a = baton;
	struct block *b = malloc(16 + size);

	if (b == NULL)
		return NULL;
	b->next = a->first;
	a->first = b;
	return (char *)b + 16;
}

static void
arena_free(struct arena *a)
{
	struct block *b;

	while ((b = a->first) != NULL) {
		a->first = b->next;
		free(b);
	}
}

/* Text of a str or bytes without NUL, or NULL; bytes are copied to end. */
static const char *
text_of(const xn_value *v, struct arena *a)
{
	char *text;

	if (v->kind == XN_STR)
		return strlen(v->u.text) == v->size ? v->u.text : NULL;
	if (v->kind != XN_BYTES || memchr(v->u.bytes, '\0', v->size) != NULL)
		return NULL;
	text = arena_alloc(a, (size_t)v->size + 1);
	if (text == NULL)
		return NULL;
	memcpy(text, v->u.bytes, v->size);
	text[v->size] = '\0';
	return text;
}

static int
set_chdir(const xn_value *v, struct arena *a, char *error, size_t size)
{
	const char *path = text_of(v, a);

	if (path == NULL || path[0] == '\0') {
		snprintf(error, size, "chdir: not a path");
		return -1;
	}
	/* As execnet: a missing folder is made, one level. */
	if (chdir(path) == 0 || (errno == ENOENT && mkdir(path, 0777) == 0 &&
	    chdir(path) == 0))
		return 0;
	snprintf(error, size, "chdir: cannot change to '%.200s': %m", path);
	return -1;
}

static int
set_nice(const xn_value *v, char *error, size_t size)
{
	if (v->kind != XN_INT || v->u.integer < -20 || v->u.integer > 19) {
		snprintf(error, size, "nice: not a number from -20 to 19");
		return -1;
	}
	errno = 0;
	if (nice((int)v->u.integer) == -1 && errno != 0) {
		snprintf(error, size, "nice: cannot add %lld: %m",
		    v->u.integer);
		return -1;
	}
	return 0;
}

static int
set_env(const xn_value *v, struct arena *a, char *error, size_t size)
{
	const char *name, *value;

	if (v->kind != XN_DICT) {
		snprintf(error, size, "env: not a dict");
		return -1;
	}
	for (unsigned int i = 0; i < v->size; i++) {
		name = text_of(&v->u.items[2 * i], a);
		value = text_of(&v->u.items[2 * i + 1], a);
		if (name == NULL || value == NULL ||
		    setenv(name, value, 1) != 0) {
			snprintf(error, size, "env: cannot set '%.80s'",
			    name != NULL ? name : "?");
			return -1;
		}
	}
	return 0;
}

static int
apply(const xn_value *dict, struct arena *a, char *error, size_t size)
{
	if (dict->kind != XN_DICT) {
		snprintf(error, size, "set-up: not a dict");
		return -1;
	}
	for (unsigned int i = 0; i < dict->size; i++) {
		const xn_value *key = &dict->u.items[2 * i];
		int rc;

		if (key->kind != XN_STR) {
			snprintf(error, size, "set-up: a key is no str");
			return -1;
		}
		if (strcmp(key->u.text, "chdir") == 0)
			rc = set_chdir(key + 1, a, error, size);
		else if (strcmp(key->u.text, "nice") == 0)
			rc = set_nice(key + 1, error, size);
		else if (strcmp(key->u.text, "env") == 0)
			rc = set_env(key + 1, a, error, size);
		else {
			snprintf(error, size, "set-up: unknown key '%.40s'",
			    key->u.text);
			rc = -1;
		}
		if (rc != 0)
			return rc;
	}
	return 0;
}

int
xn_setup_message(struct xn_router *r, const struct xn_message *m)
{
	struct arena a = { NULL };
	struct xn_decode_env env = { .alloc = arena_alloc, .alloc_baton = &a };
	char error[400];
	const xn_value *v;
	int rc;

	if (m->channel <= 0 || m->channel % 2 == 0 ||
	    xn_owner_find(r, m->channel) != NULL)
		return xn_router_refuse(r, "SETUP on channel %d, which is no "
		    "fresh odd one", (int)m->channel);
	rc = xn_decode(&v, m->payload, m->length, &env);
	if (rc != XN_C_OK) {
		arena_free(&a);
		return xn_router_refuse(r, "SETUP: %s", xn_code_text(rc));
	}
	rc = apply(v, &a, error, sizeof(error));
	xn_router_close(r, m->channel, rc == 0 ? NULL : error);
	arena_free(&a);
	return 0;
}

/* (py2str_as_py3str, py3str_as_py2str) for a channel, or for those to come. */
int
xn_setup_reconfigure(struct xn_router *r, const struct xn_message *m)
{
	const uint8_t *frame = m->payload - XN_HEADER_SIZE;
	size_t n = XN_HEADER_SIZE + m->length;
	struct xn_owned *o = xn_owner_find(r, m->channel);
	struct arena a = { NULL };
	struct xn_decode_env env = { .alloc = arena_alloc, .alloc_baton = &a };
	const xn_value *v;
	int rc, two[2] = { 0, 0 };

	rc = xn_decode(&v, m->payload, m->length, &env);
	if (rc == XN_C_OK && (v->kind != XN_TUPLE || v->size != 2 ||
	    v->u.items[0].kind != XN_BOOL || v->u.items[1].kind != XN_BOOL))
		rc = XN_C_MISMATCH;
	if (rc == XN_C_OK) {
		two[0] = v->u.items[0].u.boolean;
		two[1] = v->u.items[1].u.boolean;
	}
	arena_free(&a);
	if (rc != XN_C_OK)
		return xn_router_refuse(r, "RECONFIGURE: %s",
		    xn_code_text(rc));
	if (m->channel == 0) {
		r->py2str_as_py3str = two[0];
		r->py3str_as_py2str = two[1];
		for (struct xn_exec *e = r->execs; e != NULL; e = e->next)
			xn_execs_write(r, e, frame, n);
	} else if (o == NULL) {
		/* As execnet: the channel is made, dropped and so closed. */
		xn_router_close(r, m->channel, NULL);
	} else {
		xn_execs_write(r, o->exec, frame, n);
	}
	return 0;
}

static int
put_status(struct xn_buf *b, const struct xn_router *r)
{
	return xn_put_newdict(b) != 0 ||
	    xn_put_str(b, "numchannels", 11) != 0 ||
	    xn_put_int(b, r->owned_n) != 0 || xn_put_setitem(b) != 0 ||
	    xn_put_str(b, "numexecuting", 12) != 0 ||
	    xn_put_int(b, r->execs_n) != 0 || xn_put_setitem(b) != 0 ||
	    xn_put_str(b, "execmodel", 9) != 0 ||
	    xn_put_str(b, "process", 7) != 0 || xn_put_setitem(b) != 0 ||
	    xn_put_stop(b) != 0;
}

void
xn_setup_status(struct xn_router *r, const struct xn_message *m)
{
	struct xn_buf b;

	xn_buf_init(&b, 1024);
	if (put_status(&b, r) == 0)
		xn_router_put(r, XN_MSG_CHANNEL_DATA, m->channel,
		    xn_buf_data(&b), xn_buf_len(&b));
	xn_router_close(r, m->channel, NULL);
	xn_buf_free(&b);
}
