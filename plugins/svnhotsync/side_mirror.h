/*
 * side_mirror.h: the state of the side that keeps a mirror.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_H
#define SVNHOTSYNC_SIDE_MIRROR_H

#include "side_fsfs.h"
#include "side_part.h"
#include "side_state.h"

#define BATCH_REVISIONS	1000
#define BATCH_BYTES	(64LL << 20)
#define BATCH_SECONDS	5
#define LOCK_WAIT	60000		/* milliseconds */
#define FILE_SIZE_MAX	(1LL << 50)
#define COMPARES_MAX	64		/* asked and not yet answered */
#define DIRTY_MAX	64
#define LEFTOVERS_MAX	64		/* a run leaves one or two */
#define REPORT_SECONDS	0.25

/* A revision and the digest of the file that holds it. */
struct mark {
	long long rev;			/* -1: none */
	int kind;			/* enum digest_kind */
	unsigned char digest[16];
};

/* What the pieces that come next belong to. */
enum receiving {
	RECEIVING_NOTHING,
	RECEIVING_REVISION,		/* then its properties */
	RECEIVING_PROPS,		/* of that revision */
	RECEIVING_FILE,			/* of a pack */
	RECEIVING_CHANGED,		/* properties of a visible revision */
	RECEIVING_PART			/* a file of a part */
};

/* A file of a part, as it comes. */
struct part_item {
	char *path;			/* at the mirror, in the part */
	char *bytes;			/* n, and a NUL */
	long long n;
	int mode;			/* the source's */
	int gone;			/* it is to be removed */
	int kept;			/* file or folder: it stays as it is */
	int written;			/* under a name of ours */
};

/* What a pack in progress is for. */
enum packing { PACKING_NOTHING, PACKING_NEW, PACKING_PROPS };

/* How far a comparison of properties is. */
enum comparing {
	COMPARING_NOTHING,
	COMPARING_RANGES,		/* asking, and being answered */
	COMPARING_SYNC			/* waiting for all that was wanted */
};

struct mirror {
	xn_channel *control;		/* the coordinator */
	xn_channel *peer;		/* the source's side */
	const char *path, *job;
	int follow, guard, dry;
	int identity;			/* 1: dry, for a repair; 2: and youngest
					 * may be damaged */

	/* Making it anew: side_mirror_resync.h. */
	int resyncing;			/* PATH is where the new one is made */
	const char *place;		/* where the mirror is to be seen, */
	const char *name, *new_name;	/* its name, and the new one's, in */
	int parent, old;		/* the folder PARENT; what is there */
	int old_lock;			/* the run lock of that */
	int whole;			/* it may take the old one's place when
					 * the coordinator says so */

	int root, db;			/* descriptors, -1 when not open */
	int run_lock;			/* db/syncgate-lock, held */
	int write_lock;			/* db/write-lock, while we write */
	struct fsfs fs;
	char uuid[64];
	struct fsfs new_fs;		/* the source was upgraded to this, */
	const char *new_format;		/* in its words; null: it was not */
	const void *new_conf;		/* its fsfs.conf, */
	size_t new_conf_n;
	const char *record_more;	/* lines of the record; or null */
	int fresh;			/* there is no root `format` yet */

	long long youngest;		/* as published; -1: nothing */
	long long min_unpacked;
	struct mark published;		/* the file of youngest */
	struct mark last;		/* the last whole revision that is
					 * written; from youngest on */
	long long source_youngest;	/* as far as we know */

	int shard_fds[2];		/* revs/S and revprops/S */
	long long shard;		/* that S; -1: not open */
	long long batch_bytes;
	double batch_start;

	enum receiving receiving;
	int file;			/* being received, -1 */
	long long left, props_left;	/* bytes to come */
	long long receiving_rev;
	xn_hash *hash;			/* of the revision's file */
	char file_path[PATH_SIZE];	/* where the file goes in the end */
	char *changed;			/* RECEIVING_CHANGED: collected */
	long long changed_n;

	enum packing packing;
	long long packing_shard;

	long long compare_next, compare_end;	/* to ask for, end excluded */
	int compares;			/* asked and not yet answered */
	int comparing;			/* enum comparing */
	long long dirty[DIRTY_MAX];	/* shards to compare after that */
	int dirty_n, dirty_all;
	unsigned char *digests;		/* of a range, RANGE_MAX * 16 bytes */
	int caught_up;			/* the first "idle" came */

	int include;			/* parts that are wanted, a bit each, */
	int included;			/* and were asked for */
	int run_hooks;			/* they keep their run bit */
	int part;			/* that comes now, or -1 */
	int part_whole;			/* all of it */
	struct part_item *items;	/* malloc'ed */
	int items_n, items_room;
	long long items_bytes;
	int following;
	int done;			/* it ended as it should */

	long long bytes;		/* received in this run */
	double reported;
	char error[512];		/* why commit() failed */
	int not_ours;			/* namely because it was written to */
	int trying;			/* what is refused is begun again, */
	int refused;			/* and was */
};

/* Tell the coordinator how far we are, some times a second at most. */
static void
report(struct mirror *m, int now)
{
	long long total = m->source_youngest > m->last.rev ?
	    m->source_youngest : m->last.rev;

	if (!now && xn_clock() - m->reported < REPORT_SECONDS)
		return;
	m->reported = xn_clock();
	xn_send(m->control, "(slll)", "progress", m->last.rev, total,
	    m->bytes);
}

/*
 * A cleanup of a struct mirror: a send on a channel that the source closed ends
 * us without a word; why it closed it is still to be received, and becomes our
 * error.
 */
static void
mirror_last_words(void *baton)
{
	struct mirror *m = baton;

	while (!m->done && xn_wait(m->peer, 0) == XN_READY_VALUE)
		xn_receive_value(m->peer, 0);
	if (!m->done)
		xn_fail("the source's side ended the conversation");
}

#define MOVED	"the mirror %s was moved away or replaced meanwhile"

/* What to do about what cannot go on, if nobody is to be asked; */
#define RESYNC	"; if the source is right, `syncgate run --resync` makes the " \
	"mirror anew"
/* and about what others wrote to a mirror, before that. */
#define FOREIGN	"; look there for what is wanted, and commit it to the source"

/* End the program: this is wrong for good, and not worth another attempt. */
#define REFUSE(m, ...) do {						\
		char refused_text[2048];				\
		xn_utf8(refused_text, sizeof(refused_text),		\
		    xn_printf(__VA_ARGS__));				\
		(m)->refused = 1;					\
		if (!(m)->trying)					\
			xn_send((m)->control, "(ss)", "refused",	\
			    (const char *)refused_text);		\
		xn_fail("%s", refused_text);				\
	} while (0)

/* Tell the coordinator that the mirror is held, of which KIND and WHY, and in
 * which state the source is that it would be made anew from. */
static inline void
tell_held(struct mirror *m, const char *kind, const char *why)
{
	unsigned char state[16];
	char text[2048];

	xn_utf8(text, sizeof(text), why);
	state_ask(m->peer, m->source_youngest, state);
	xn_send(m->control, "(ssslly)", "held", kind, (const char *)text,
	    m->youngest, m->source_youngest, (const void *)state,
	    sizeof(state));
}

/*
 * The same where somebody may approve that the mirror is made anew: KIND is
 * "loss", "back" or "other", as <syncgate/plugin.h> has them.  Who only looks
 * is refused.
 */
#define HOLD(m, kind, ...) do {						\
		const char *held_text = xn_printf(__VA_ARGS__);		\
		if ((m)->dry || (m)->identity)				\
			REFUSE(m, "%s" RESYNC, held_text);		\
		(m)->refused = 1;					\
		if (!(m)->trying)					\
			tell_held(m, kind, held_text);			\
		xn_fail("%s", held_text);				\
	} while (0)

/*
 * It is to be made anew, which was approved for a source with STATE (N bytes;
 * 0: it was asked for as it is) at REV: is it that still?
 */
static inline void
check_approved(struct mirror *m, const void *state, size_t n, long long rev)
{
	unsigned char now[16] = { 0 };

	if (n == 0)
		return;
	if (n != sizeof(now) || rev < 0)
		xn_fail("the coordinator names a state that cannot be");
	if (rev <= m->source_youngest)
		state_ask(m->peer, rev, now);
	if (rev > m->source_youngest || memcmp(now, state, n) != 0)
		REFUSE(m, "the source is not any more what it was when it was "
		    "approved that the mirror %s is made anew: it was replaced "
		    "or wound back meanwhile; nothing was changed", m->path);
}

/* The same with what the coordinator gave in KWARGS. */
static inline void
check_approval(struct mirror *m, const xn_value *kwargs)
{
	const xn_value *value = xn_value_get(kwargs, "approved");
	const void *state = "";
	size_t n = 0;

	if (value != NULL && !xn_unpack_value(value, "y", &state, &n))
		xn_fail("the coordinator names a state that cannot be");
	check_approved(m, state, n, xn_value_int(kwargs, "approved_rev", -1));
}

/* Something is left undone, and the rest goes on: the job has not ended well
 * then. */
static inline void
warn(struct mirror *m, const char *text)
{
	char sent[2048];

	xn_send(m->control, "(ss)", "warn",
	    (const char *)xn_utf8(sent, sizeof(sent), text));
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* A new file beneath DB, in the place of whatever a killed run left there. */
static int
create_file(int base, const char *path, int mode)
{
	int flags = XN_O_WRITE | XN_O_CREATE | XN_O_EXCLUSIVE;
	int fd = xn_open(base, path, flags, mode);

	if (fd == -1 && errno == EEXIST && xn_unlink(base, path) == 0)
		fd = xn_open(base, path, flags, mode);
	return fd;
}

static int
make_dir(int base, const char *path)
{
	return xn_mkdir(base, path, 0777) == 0 || errno == EEXIST ? 0 : -1;
}

#endif
