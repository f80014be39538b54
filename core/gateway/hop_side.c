/*
 * hop_side.c: what a gateway with via= runs at the gateway that it goes
 * through, when that has our agent: it opens a stream there, says so, and
 * carries its bytes.
 *
 *	kwargs	what: "connect" (host, port), "unix" (path), "run" (argv: the
 *		words, a NUL between two), or "agent" (nonce); timeout in
 *		milliseconds
 *	->	True, once it is open; then bytes, both ways
 */
#include <execnet/remote.h>

#define WORDS_MAX	4096

void remote_main(xn_channel *channel, const xn_value *kwargs);

/* Run ARGV with the channel as its stdin and stdout. */
static void
run(xn_channel *channel, const char *const *argv)
{
	xn_child child;
	int in, out, status;

	if (xn_child_start(&child, argv, XN_CHILD_IN | XN_CHILD_OUT) != 0)
		xn_fail("cannot start %s: %m", argv[0]);
	in = child.out;
	out = child.in;
	child.in = child.out = -1;
	xn_send(channel, "b", 1);
	/* When we are told to end, so is it: it is killed for us. */
	if (xn_pump(channel, in, out) != 0)
		return;
	status = xn_child_wait(&child);
	if (status != 0)
		xn_fail("%s ended with exit status %d", argv[0], status);
}

/* One more of the program that we run in. */
static void
run_agent(xn_channel *channel, const char *nonce)
{
	const char *argv[3];

	argv[0] = "/proc/self/exe";
	argv[1] = nonce;
	argv[2] = NULL;
	run(channel, argv);
}

static void
run_words(xn_channel *channel, const xn_value *words)
{
	const char **argv = xn_alloc((WORDS_MAX + 1) * sizeof(*argv));
	char *text;
	size_t n = 0, at = 0;

	if (words == NULL || words->kind != XN_BYTES || words->size == 0)
		xn_fail("there is no program to run");
	text = xn_alloc(words->size + 1);
	memcpy(text, words->u.bytes, words->size);
	while (at <= words->size && n < WORDS_MAX) {
		argv[n++] = text + at;
		at += strlen(text + at) + 1;
	}
	run(channel, argv);
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	const char *what = xn_value_text(kwargs, "what", "");
	int timeout = (int)xn_value_int(kwargs, "timeout", 60000), fd;

	if (strcmp(what, "run") == 0) {
		run_words(channel, xn_value_get(kwargs, "argv"));
	} else if (strcmp(what, "agent") == 0) {
		run_agent(channel, xn_value_text(kwargs, "nonce", "-"));
	} else {
		fd = strcmp(what, "unix") == 0 ?
		    xn_connect_unix(xn_value_text(kwargs, "path", ""),
		    timeout) :
		    xn_connect(xn_value_text(kwargs, "host", ""),
		    (int)xn_value_int(kwargs, "port", 0), timeout);
		xn_send(channel, "b", 1);
		xn_pump(channel, fd, fd);
	}
}
