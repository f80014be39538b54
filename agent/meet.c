/*
 * meet.c: two routers meet; see meet.h.
 *
 * The token has two halves.  Who connects says the first, and only who knows it
 * hears the second: so neither gives the whole of it to a stranger.
 */
#include "agent/meet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "agent/meet_address.h"
#include "core/wire/code.h"
#include "core/wire/dump.h"

#define HALF		32u	/* of the token: 256 bits */
#define TICK_MS		50	/* how often deadlines are looked at */
#define PAYLOAD_MAX	1024u

enum state {
	LISTENS,	/* nobody has come yet */
	CONNECTS,
	HEARS,		/* connected: the other one's half is to come */
	DONE		/* for the executor, as soon as it takes it */
};

struct xn_meet {
	struct xn_meet *next;
	int32_t id;		/* the channel it is for */
	struct xn_exec *exec;
	enum state state;
	int listened;		/* and does not say its half first */
	int fd;
	int64_t deadline;
	uint8_t token[2 * HALF];
	uint8_t heard[HALF];
	size_t heard_n;
};

/* ---- Answers ------------------------------------------------------------ */

static void
answer(struct xn_router *r, int32_t id, const char *word, const char *text)
{
	char clean[3 * 300 + 1];
	struct xn_buf b;
	int rc;

	xn_buf_init(&b, 2 * PAYLOAD_MAX);
	rc = xn_put_str(&b, word, strlen(word));
	if (rc == 0 && text != NULL)
		rc = xn_put_str(&b, clean, xn_utf8_sanitize(clean, text,
		    strnlen(text, 300)));
	if (rc == 0)
		rc = xn_put_build(&b, XN_OP_BUILDTUPLE, text != NULL ? 2 : 1);
	if (rc == 0 && xn_put_stop(&b) == 0)
		xn_router_put(r, XN_MSG_LINK, id, xn_buf_data(&b),
		    xn_buf_len(&b));
	xn_buf_free(&b);
}

static void
answer_errno(struct xn_router *r, int32_t id, const char *doing,
    const char *what)
{
	char text[300];

	snprintf(text, sizeof(text), "cannot %s %.200s: %s", doing, what,
	    strerror(errno));
	answer(r, id, "error", text);
}

/* ---- The list ----------------------------------------------------------- */

static int
start_polling(struct xn_router *r)
{
	struct itimerspec tick = {
		{ 0, TICK_MS * 1000000L }, { 0, TICK_MS * 1000000L }
	};
	struct epoll_event event = { .events = EPOLLIN };

	if (r->meeting)
		return 0;
	r->meeting = 1;
	r->meet_fd = epoll_create1(EPOLL_CLOEXEC);
	r->meet_timer = timerfd_create(CLOCK_MONOTONIC,
	    TFD_CLOEXEC | TFD_NONBLOCK);
	return r->meet_fd < 0 || r->meet_timer < 0 ||
	    timerfd_settime(r->meet_timer, 0, &tick, NULL) != 0 ||
	    epoll_ctl(r->meet_fd, EPOLL_CTL_ADD, r->meet_timer, &event) != 0 ?
	    -1 : 0;
}

static void
stop_polling(struct xn_router *r)
{
	if (r->meet_fd >= 0)
		close(r->meet_fd);
	if (r->meet_timer >= 0)
		close(r->meet_timer);
	r->meeting = 0;
}

/* Closing would not end it as long as a new process has the descriptor, too. */
static void
stop_watching(struct xn_router *r, struct xn_meet *meet)
{
	if (meet->fd < 0)
		return;
	epoll_ctl(r->meet_fd, EPOLL_CTL_DEL, meet->fd, NULL);
	close(meet->fd);
	meet->fd = -1;
}

static void
drop(struct xn_router *r, struct xn_meet *gone)
{
	struct xn_meet **at = &r->meets;

	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	stop_watching(r, gone);
	free(gone);
	if (r->meets == NULL)
		stop_polling(r);
}

static int
watch(struct xn_router *r, struct xn_meet *meet, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = meet };

	return epoll_ctl(r->meet_fd, EPOLL_CTL_ADD, meet->fd, &event);
}

static void
fail(struct xn_router *r, struct xn_meet *meet, const char *why)
{
	answer(r, meet->id, "error", why);
	drop(r, meet);
}

/* ---- Beginning ---------------------------------------------------------- */

static void
begin(struct xn_router *r, struct xn_meet *meet, int connects,
    const char *address)
{
	union xn_meet_address a;
	socklen_t n = xn_meet_parse(&a, address);
	const char *doing = connects ? "connect to" : "listen at";
	char where[100];
	int ok;

	errno = EINVAL;
	ok = n != 0;
	if (ok)
		meet->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
	ok = ok && meet->fd >= 0;
	if (ok && connects)
		ok = connect(meet->fd, &a.any, n) == 0 || errno == EINPROGRESS;
	else if (ok)
		ok = bind(meet->fd, &a.any, n) == 0 &&
		    listen(meet->fd, 1) == 0;
	meet->state = connects ? CONNECTS : LISTENS;
	meet->listened = !connects;
	if (!ok || watch(r, meet, connects ? EPOLLOUT : EPOLLIN) != 0) {
		answer_errno(r, meet->id, doing, address);
		drop(r, meet);
	} else if (!connects) {
		xn_meet_where(where, sizeof(where), meet->fd, address);
		answer(r, meet->id, "at", where);
	}
}

/* ---- The message -------------------------------------------------------- */

struct room {
	_Alignas(16) char bytes[8 * PAYLOAD_MAX];
	size_t used;
};

static void *
room_alloc(void *baton, size_t size)
{
	struct room *room = baton;
	char *p = room->bytes + room->used;

	size = (size + 15) & ~(size_t)15;
	if (size > sizeof(room->bytes) - room->used)
		return NULL;
	room->used += size;
	return p;
}

static int
is_str(const xn_value *v)
{
	return v->kind == XN_STR && strlen(v->u.text) == v->size;
}

/* One of the two requests: 1 to connect, 0 to listen, -1 neither. */
static int
request(const xn_value *v)
{
	const xn_value *items = v->u.items;

	if (v->kind != XN_TUPLE || v->size != 3 || !is_str(&items[0]) ||
	    items[1].kind != XN_BYTES || items[1].size != 2 * HALF)
		return -1;
	if (strcmp(items[0].u.text, "connect") == 0 && is_str(&items[2]))
		return 1;
	if (strcmp(items[0].u.text, "listen") == 0 &&
	    (is_str(&items[2]) || items[2].kind == XN_NONE))
		return 0;
	return -1;
}

static struct xn_meet *
new_meet(struct xn_router *r, const struct xn_owned *o, const xn_value *token)
{
	struct xn_meet *meet;
	int n = 0;

	for (meet = r->meets; meet != NULL; meet = meet->next)
		n++;
	if (n >= XN_MEETS_MAX || (meet = calloc(1, sizeof(*meet))) == NULL)
		return NULL;
	if (start_polling(r) != 0) {
		stop_polling(r);
		free(meet);
		return NULL;
	}
	meet->id = o->id;
	meet->exec = o->exec;
	meet->fd = -1;
	meet->deadline = xn_router_now() + XN_MEET_MS;
	memcpy(meet->token, token->u.bytes, sizeof(meet->token));
	meet->next = r->meets;
	r->meets = meet;
	return meet;
}

int
xn_meet_message(struct xn_router *r, const struct xn_message *m)
{
	struct room room = { .used = 0 };
	struct xn_decode_env env = { .alloc = room_alloc,
	    .alloc_baton = &room };
	struct xn_owned *o = xn_owner_find(r, m->channel);
	struct xn_meet *meet;
	const xn_value *v = NULL;
	char name[XN_MEET_NAME];
	int connects;

	if (m->length > PAYLOAD_MAX || xn_decode(&v, m->payload, m->length,
	    &env) != XN_C_OK || (connects = request(v)) < 0)
		return xn_router_refuse(r, "LINK: not a request");
	if (o == NULL || r->plain) {
		answer(r, m->channel, "error", "no program has the channel");
		return 0;
	}
	meet = new_meet(r, o, &v->u.items[1]);
	if (meet == NULL || xn_meet_name(name) != 0)
		answer(r, m->channel, "error", "too many are under way");
	else
		begin(r, meet, connects, v->u.items[2].kind == XN_STR ?
		    v->u.items[2].u.text : name);
	return 0;
}

/* ---- Going on ----------------------------------------------------------- */

/* Are the halves the same?  In a time that does not tell where they differ. */
static int
same(const uint8_t *a, const uint8_t *b)
{
	unsigned int differ = 0;

	for (size_t i = 0; i < HALF; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

/* Read the half that is to come: 1 when it is there and right, -1 if not. */
static int
hear(struct xn_meet *meet, const uint8_t *right)
{
	ssize_t n = read(meet->fd, meet->heard + meet->heard_n,
	    HALF - meet->heard_n);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	meet->heard_n += (size_t)n;
	if (meet->heard_n < HALF)
		return 0;
	return same(meet->heard, right) ? 1 : -1;
}

static int
say(struct xn_meet *meet, const uint8_t *half)
{
	/* The first bytes of a connection always fit. */
	return send(meet->fd, half, HALF, MSG_NOSIGNAL) == (ssize_t)HALF ? 0 :
	    -1;
}

/* Somebody came: the one that is let in. */
static void
let_in(struct xn_router *r, struct xn_meet *meet)
{
	int fd = accept4(meet->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	stop_watching(r, meet);
	meet->fd = fd;
	meet->state = HEARS;
	if (watch(r, meet, EPOLLIN) != 0)
		fail(r, meet, "cannot watch a connection");
}

static void
on_connected(struct xn_router *r, struct xn_meet *meet)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = meet };
	socklen_t n = sizeof(int);
	int code = 0;

	getsockopt(meet->fd, SOL_SOCKET, SO_ERROR, &code, &n);
	if (code == 0 && say(meet, meet->token) == 0 &&
	    epoll_ctl(r->meet_fd, EPOLL_CTL_MOD, meet->fd, &event) == 0) {
		meet->state = HEARS;
		return;
	}
	errno = code != 0 ? code : errno;
	answer_errno(r, meet->id, "connect to", "the other program's agent");
	drop(r, meet);
}

/*
 * Both know each other.  The second half goes out when the connection can be
 * queued for the executor, which so has it before anything that the other
 * one's program says of it.
 */
static void
finish(struct xn_router *r, struct xn_meet *meet)
{
	if (!xn_execs_can_pass(meet->exec))
		return;		/* another one is on its way: later */
	if (meet->listened && say(meet, meet->token + HALF) != 0) {
		fail(r, meet, "the other end is gone");
		return;
	}
	if (!meet->listened)
		answer(r, meet->id, "ok", NULL);
	xn_execs_pass(r, meet->exec, meet->id, meet->fd, meet->listened);
	meet->fd = -1;
	drop(r, meet);
}

static void
on_half(struct xn_router *r, struct xn_meet *meet)
{
	int rc = hear(meet, meet->token + (meet->listened ? 0 : HALF));

	if (rc < 0) {
		fail(r, meet, "who is at the other end does not know the "
		    "token");
	} else if (rc > 0) {
		/* What comes now is for the program. */
		epoll_ctl(r->meet_fd, EPOLL_CTL_DEL, meet->fd, NULL);
		meet->state = DONE;
		finish(r, meet);
	}
}

/* What is late, and what waited for an executor. */
static void
look_at_all(struct xn_router *r)
{
	int64_t now = xn_router_now();
	struct xn_meet *next;

	for (struct xn_meet *meet = r->meets; meet != NULL; meet = next) {
		next = meet->next;
		if (meet->state == DONE)
			finish(r, meet);
		else if (now >= meet->deadline)
			fail(r, meet, "nobody came in 10 seconds");
	}
}

void
xn_meet_poll(struct xn_router *r)
{
	struct epoll_event event;
	uint64_t ticks;

	struct xn_meet *meet;

	if (epoll_wait(r->meet_fd, &event, 1, 0) < 1)
		return;
	meet = event.data.ptr;
	if (meet == NULL) {
		if (read(r->meet_timer, &ticks, sizeof(ticks)) > 0)
			look_at_all(r);
	} else if (meet->state == LISTENS) {
		let_in(r, meet);
	} else if (meet->state == CONNECTS) {
		on_connected(r, meet);
	} else {
		on_half(r, meet);
	}
}

void
xn_meet_forget(struct xn_router *r, const struct xn_exec *e)
{
	struct xn_meet *next;

	for (struct xn_meet *meet = r->meets; meet != NULL; meet = next) {
		next = meet->next;
		if (meet->exec == e)
			drop(r, meet);
	}
}
