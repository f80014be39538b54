/*
 * prove_side.c: both ends of a comparison for test_svnhotsync_liar.c, in the
 * place of side_prove.c: a source that lies, or does not do what it should, and
 * a mirror that does not.
 */
#include <execnet/remote.h>

#define UUID	"8c3f31fa-6e10-48f8-a2f4-41ccfaf40e27"

void svnhotsync_side_prove(xn_channel *channel, const xn_value *kwargs);

/* As in the test. */
enum lie {
	HONEST, YOUNGEST, LONG_UUID, BEHIND, OTHER_N, LONG_FOLD, BACKWARDS,
	TOO_FAR, UNKNOWN, ENDLESS, PACKS, PACKS_ON, NO_REVISION, DIFFERENT,
	BIG_PIECE, EMPTY_PIECE, HUGE_BODY, TWO_BODIES, SHORT_BODY,
	NOTHING_SENT, OTHER_WORDS, SILENT, MIRROR_FAILS, SLOW_WHY, OTHER_WHY
};
int prove_lie;
long long prove_n = 10;			/* revisions, */
long long prove_bad = 3;		/* and the one that differs */
int prove_asked[2];			/* messages that came to each end */

static void
introduce(xn_channel *channel, int mirror)
{
	int lie = mirror ? HONEST : prove_lie;

	xn_send(channel, "(ssllss)", "repository", lie == LONG_UUID ?
	    UUID UUID : UUID, lie == YOUNGEST ? -5LL : lie == BEHIND ? 5LL :
	    prove_n - 1, 0LL, "", "");
}

/* As far as it is packed; PACKS: since it was introduced. */
static long long
unpacked(int lie)
{
	static long long packed;

	if (lie == PACKS_ON)
		return ++packed;
	return lie == PACKS ? prove_bad + 1 : 0;
}

/* The fold of N revisions from FIRST on: of a liar one is another one; of one
 * that was packed only in what is not packed anywhere. */
static void
say_fold(xn_channel *channel, long long first, long long n, long long from,
    int lie)
{
	unsigned char fold[64] = { 0 };
	int has = first <= prove_bad && first + n > prove_bad;

	if (lie == BACKWARDS)
		xn_send(channel, "(sl)", "at", 5LL);
	if (lie == BACKWARDS || lie == ENDLESS)
		xn_send(channel, "(sl)", "at", 4LL);
	for (int i = 0; lie == ENDLESS && i < 1000; i++)
		xn_send(channel, "(sl)", "at", -1LL);
	if (lie == TOO_FAR)
		xn_send(channel, "(sl)", "at", 10LL);
	if (lie == UNKNOWN)
		xn_send(channel, "(ss)", "unknown", "words");
	fold[20] = lie >= NO_REVISION && has && (lie != NO_REVISION || n > 1);
	fold[40] = lie == PACKS && has && from <= prove_bad;
	xn_send(channel, "(sllyl)", "fold", first, lie == OTHER_N ? n + 1 : n,
	    fold, lie == LONG_FOLD ? sizeof(fold) : (size_t)48,
	    unpacked(lie));
}

static void
say_bodies(xn_channel *channel, int lie)
{
	static const char bytes[64];

	if (lie == MIRROR_FAILS) {	/* until that is noticed, and ends us */
		xn_send(channel, "(ssl)", "body", "file", 1LL << 40);
		for (;; xn_sleep(10))
			xn_send(channel, "(sy)", "p", bytes, (size_t)19);
	}
	if (lie != NOTHING_SENT)
		xn_send(channel, "(ssl)", "body", "file", lie == HUGE_BODY ?
		    1LL << 60 : 20LL);
	if (lie == TWO_BODIES)
		xn_send(channel, "(ssl)", "body", "file", 20LL);
	xn_send(channel, "(sy)", "p", bytes, lie == BIG_PIECE ? (size_t)21 :
	    lie == EMPTY_PIECE ? (size_t)0 : (size_t)19);
	if (lie == OTHER_WORDS)
		xn_send(channel, "(s)", "words");
	xn_send(channel, "(ss)", "sent", "file");
}

/* 0: it ends. */
static int
answer(xn_channel *channel, int mirror)
{
	const xn_value *message = xn_receive_value(channel, XN_FOREVER);
	int lie = mirror ? HONEST : prove_lie, again;
	long long first, n, from;
	const char *tag = "";

	prove_asked[mirror]++;
	if (xn_unpack_value(message, "(sllbl)", &tag, &first, &n, &again,
	    &from)) {
		say_fold(channel, first, n, from, lie);
		return 1;
	}
	xn_unpack_value(xn_value_item(message, 0), "s", &tag);
	if (strcmp(tag, "why") == 0 && lie == SLOW_WHY)
		xn_send(channel, "(sl)", "at", prove_bad);
	if (strcmp(tag, "why") == 0)
		xn_send(channel, "(sls)", "why", prove_bad + (lie == OTHER_WHY),
		    "");
	else if (strcmp(tag, "need") == 0)
		xn_send(channel, "(sls)", "need", prove_bad, "file");
	else if (strcmp(tag, "differs") == 0)
		xn_send(channel, "(ss)", "kept", "");
	else if (strcmp(tag, "prove") == 0)
		xn_send(channel, "(s)", "kept");
	else if (strcmp(tag, "send") == 0 && lie == SILENT)
		return 0;
	else if (strcmp(tag, "send") == 0)
		say_bodies(channel, lie);
	else if (strcmp(tag, "mend") == 0 && prove_lie == MIRROR_FAILS)
		xn_fail("a reason of its own");
	/* What is carried to the mirror is no concern of this one. */
	return 1;
}

void
svnhotsync_side_prove(xn_channel *channel, const xn_value *kwargs)
{
	int mirror = xn_value_bool(kwargs, "mirror", 0);

	introduce(channel, mirror);
	while (answer(channel, mirror))
		continue;
}
