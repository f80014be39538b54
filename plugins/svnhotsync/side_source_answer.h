/*
 * side_source_answer.h: what a mirror asks for, and gets when it is its turn:
 * not in the middle of something else, and not without credit.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_ANSWER_H
#define SVNHOTSYNC_SIDE_SOURCE_ANSWER_H

#include "side_source_stream.h"
#include "side_state.h"

#define ANSWERS_MAX	4	/* of a lane, before others have their turn */

/* ---- What it may say ---------------------------------------------------- */

static int
take_number(struct request *q, const xn_value *message)
{
	const char *tag;

	return xn_unpack_value(message, "(sl)", &tag, &q->first);
}

static int
take_from(struct request *q, const xn_value *message)
{
	const char *tag;

	return xn_unpack_value(message, "(sll)", &tag, &q->first, &q->n);
}

static int
take_compare(struct request *q, const xn_value *message)
{
	const char *tag;
	const void *digest;
	size_t size;

	if (!xn_unpack_value(message, "(sllby)", &tag, &q->first, &q->n,
	    &q->packed, &digest, &size) || size != 16)
		return 0;
	memcpy(q->data, digest, size);
	return 1;
}

static int
take_want(struct request *q, const xn_value *message)
{
	const char *tag;
	const void *bits;
	size_t size;

	if (!xn_unpack_value(message, "(slly)", &tag, &q->first, &q->n, &bits,
	    &size) || size != sizeof(q->data))
		return 0;
	memcpy(q->data, bits, size);
	return 1;
}

static int
take_nothing(struct request *q, const xn_value *message)
{
	(void)q;
	(void)message;
	return 1;
}

/* ---- What it gets: 1, or 0 if that goes on later ------------------------ */

/* The digest of REV's file, whose kind is returned; or fails. */
static int
digest_of(struct source *s, long long rev, unsigned char digest[16])
{
	int kind = DIGEST_NONE;

	read_numbers(s);
	if (rev < 0 || rev > s->youngest)
		xn_fail("%s has no r%lld: its youngest is r%lld", s->path,
		    rev, s->youngest);
	for (int round = 0; round < ROUNDS && kind == DIGEST_NONE; round++) {
		kind = fs_digest(s->db, &s->fs, rev, s->min_unpacked, digest);
		if (kind == DIGEST_NONE && errno != ENOENT)
			break;
		if (kind == DIGEST_NONE)
			read_numbers(s);
	}
	if (kind == DIGEST_NONE)
		xn_fail("cannot read r%lld in %s: %m", rev, s->path);
	return kind;
}

static int
on_digest(struct lane *lane, struct request *q)
{
	struct source *s = lane->source;
	unsigned char digest[16] = { 0 };
	int kind = digest_of(s, q->first, digest);
	const char *props;
	char date[64], why[1024];
	size_t n;

	props = props_try(s, q->first, &n, why, sizeof(why));
	fs_props_date(date, props == NULL ? "" : props, props == NULL ? 0 : n);
	props_forget(s);
	TELL(s->reader, 0, "(sllyy)", "digest", q->first, (long long)kind,
	    (const void *)digest, sizeof(digest), (const void *)date,
	    strlen(date));
	return 1;
}

/* What somebody may approve: that very state. */
static int
on_state(struct lane *lane, struct request *q)
{
	struct source *s = lane->source;
	unsigned char digest[16] = { 0 };
	const char *props;
	char why[1024];
	size_t n = 0;

	digest_of(s, q->first, digest);
	props = props_try(s, q->first, &n, why, sizeof(why));
	state_of(s->db, digest, props, n, digest);
	props_forget(s);
	TELL(s->reader, 0, "(sly)", "state", q->first, (const void *)digest,
	    sizeof(digest));
	return 1;
}

/* All packed properties of a shard, for a mirror that is upgraded. */
static int
on_props(struct lane *lane, struct request *q)
{
	struct source *s = lane->source;

	if (q->first < 0 || q->first >= fs_props_unpacked(&s->fs,
	    s->min_unpacked) / s->fs.shard)
		xn_fail("the mirror asks for packed properties that cannot "
		    "be");
	unit_begin(s->reader, UNIT_REPACK, q->first)->first = -1;
	return 1;
}

static int
on_from(struct lane *lane, struct request *q)
{
	struct source *s = lane->source;

	if (q->n < 0 || q->n > q->first || q->n % s->fs.shard != 0)
		xn_fail("the mirror asks from a revision that cannot be");
	lane->next = q->first;
	lane->mirror_unpacked = q->n;
	lane->sent = 1;
	remember_last(s, q->first - 1);
	s->look = 1;
	return 1;
}

/* A range of revisions in one shard that the mirror has? */
static void
check_range(const struct lane *lane, long long first, long long n)
{
	long long shard = lane->source->fs.shard;

	if (first < 0 || n < 1 || n > RANGE_MAX || first > lane->next - n ||
	    first / shard != (first + n - 1) / shard)
		xn_fail("the mirror asks for properties of %lld revisions "
		    "from r%lld on, which cannot be", n, first);
}

/* Both have the shard packed: by files. */
static void
compare_packed(struct source *s, const struct request *q)
{
	long long shard = q->first / s->fs.shard;
	unsigned char digest[16];
	char why[1024];
	int round = 0;

	while (fs_packed_digest(s->db, &s->fs, shard, digest) != 0) {
		if (errno == ENOENT && ++round < ROUNDS)
			continue;
		if (errno != ENOENT && errno != EINVAL)
			xn_fail("cannot read the packed properties of shard "
			    "%lld in %s: %m", shard, s->path);
		memset(digest, 0xff, sizeof(digest));
		break;
	}
	if (memcmp(digest, q->data, 16) != 0) {
		if (props_pack_try(s, shard, why, sizeof(why))) {
			unit_begin(s->reader, UNIT_REPACK, shard)->first =
			    q->first;
			return;
		}
		tell_unread(s, q->first, why);
	}
	TELL(s->reader, 0, "(sl)", "same", q->first);
}

/* Digests of the properties of N revisions, of one shard, wherever they lie. */
static void
digests_of(struct source *s, long long first, long long n, unsigned char *out)
{
	long long unpacked = fs_props_unpacked(&s->fs, s->min_unpacked);
	long long rev = first, done;
	const char *props;
	char why[1024];
	size_t size;

	while (rev < first + n) {
		done = rev > 0 && rev < unpacked ? 0 : fs_props_digests(s->db,
		    &s->fs, rev, first + n - rev, out);
		rev += done;
		out += done * 16;
		if (rev == first + n)
			break;
		/* It is packed, or being packed.  What cannot be read differs
		 * from all; who then asks for it is told why. */
		props = props_try(s, rev++, &size, why, sizeof(why));
		if (props != NULL)
			xn_hash_bytes(props, size, out);
		else
			memset(out, 0xff, 16);
		out += 16;
	}
}

static int
on_compare(struct lane *lane, struct request *q)
{
	struct source *s = lane->source;
	struct reader *r = s->reader;
	unsigned char whole[16];
	size_t size;

	props_forget(s);
	if (q->packed) {
		if (q->first < 0 || q->first >= fs_props_unpacked(&s->fs,
		    s->min_unpacked))
			xn_fail("the mirror has a shard packed that is not "
			    "packed in %s", s->path);
		compare_packed(s, q);
		return 1;
	}
	check_range(lane, q->first, q->n);
	digests_of(s, q->first, q->n, r->digests);
	size = (size_t)q->n * 16;
	xn_hash_bytes(r->digests, size, whole);
	if (memcmp(whole, q->data, 16) == 0)
		TELL(r, 0, "(sl)", "same", q->first);
	else
		TELL(r, size, "(slly)", "differ", q->first, q->n,
		    (const void *)r->digests, size);
	return 1;
}

/* One revision after the other, for it may be many. */
static int
on_want(struct lane *lane, struct request *q)
{
	struct source *s = lane->source;

	check_range(lane, q->first, q->n);
	props_forget(s);
	while (q->done < q->n && may_send(lane) && lane->unit == NULL) {
		long long i = q->done++;
		struct unit *u;

		if ((q->data[i / 8] >> (i % 8) & 1) == 0)
			continue;
		u = unit_begin(s->reader, UNIT_PROPS, q->first + i);
		unit_step(s, u);
		if (unit_done(u))
			end_unit(s, u);
	}
	return q->done == q->n;
}

/* Those in r->to, who have what LANE has of PART, get what there is now. */
static void
begin_part(struct lane *lane, int part)
{
	struct source *s = lane->source;
	struct unit *u = unit_begin(s->reader, UNIT_PART, part);
	int has = lane->part_version[part];

	u->list = s->part[part];
	u->list->refs++;
	/* While there is no folder, nothing of it is gone. */
	u->whole = (s->parts_missing >> part & 1) == 0 && (has == 0 ||
	    has != u->list->version - 1);
}

/* All of some parts; later, what changes in them. */
static int
on_include(struct lane *lane, struct request *q)
{
	struct source *s = lane->source;

	if (q->first < 0 || q->first >= 1 << PARTS)
		xn_fail("the mirror asks for parts that are not known");
	lane->parts_wanted |= (int)q->first;
	s->parts_wanted |= (int)q->first;
	for (int i = 0; i < PARTS; i++) {
		if ((q->first >> i & 1) == 0 || lane->part_version[i] != 0)
			continue;
		part_look(s, i);
		begin_part(lane, i);
		return 0;
	}
	return 1;
}

static int
on_sync(struct lane *lane, struct request *q)
{
	(void)q;
	TELL(lane->source->reader, 0, "(s)", "synced");
	return 1;
}

static void
tell_polling(struct lane *lane)
{
	TELL(lane->source->reader, 0, "(ss)", "polling",
	    (const char *)lane->source->polling_why);
}

static int
on_follow(struct lane *lane, struct request *q)
{
	(void)q;
	lane->following = 1;
	lane->source->look = 1;
	if (lane->source->polling)
		tell_polling(lane);
	return 1;
}

/* The coordinator was poked, and told the mirror's side. */
static int
on_look(struct lane *lane, struct request *q)
{
	(void)q;
	lane->source->look = 1;
	return 1;
}

static const struct {
	const char *tag;
	int (*take)(struct request *q, const xn_value *message);
	int (*handle)(struct lane *lane, struct request *q);
	int before_from;
} requests[] = {
	{ "digest", take_number, on_digest, 1 },
	{ "state", take_number, on_state, 1 },
	{ "props", take_number, on_props, 1 },
	{ "from", take_from, on_from, 1 },
	{ "compare", take_compare, on_compare, 0 },
	{ "want", take_want, on_want, 0 },
	{ "include", take_number, on_include, 0 },
	{ "sync", take_nothing, on_sync, 0 },
	{ "follow", take_nothing, on_follow, 0 },
	{ "look", take_nothing, on_look, 0 },
};

/* ---- In turn ------------------------------------------------------------ */

static void
queue_request(struct lane *lane, int what, const xn_value *message)
{
	struct request *q = calloc(1, sizeof(*q));

	if (q == NULL)
		xn_fail("out of memory");
	q->what = what;
	if (!requests[what].take(q, message)) {
		free(q);
		xn_fail("the mirror's side asks for \"%s\" in another shape",
		    requests[what].tag);
	}
	if (lane->last_request == NULL)
		lane->first_request = q;
	else
		lane->last_request->next = q;
	lane->last_request = q;
	lane->requests++;
}

/* LANE's mirror said MESSAGE. */
static void
take_request(struct lane *lane, const xn_value *message)
{
	const char *tag;

	if (!xn_unpack_value(xn_value_item(message, 0), "s", &tag))
		xn_fail("the mirror's side sent something else than a request");
	if (lane->requests == REQUESTS_MAX)
		xn_fail("the mirror's side asks for too much at once");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(tag, requests[i].tag) == 0) {
			queue_request(lane, (int)i, message);
			return;
		}
	xn_fail("the mirror's side asks for something unknown");
}

static void
drop_request(struct lane *lane)
{
	struct request *q = lane->first_request;

	lane->first_request = q->next;
	if (q->next == NULL)
		lane->last_request = NULL;
	lane->requests--;
	free(q);
}

static int
may_answer(const struct lane *lane)
{
	return lane->first_request != NULL && lane->unit == NULL &&
	    may_send(lane);
}

/* Answer some of what LANE asked for. */
static void
answer(struct lane *lane)
{
	for (int i = 0; i < ANSWERS_MAX && may_answer(lane); i++) {
		struct request *q = lane->first_request;

		if (lane->next < 0 && !requests[q->what].before_from)
			xn_fail("the mirror's side asks for \"%s\" too early",
			    requests[q->what].tag);
		to_one(lane);
		if (requests[q->what].handle(lane, q))
			drop_request(lane);
	}
}

#endif
