/*
 * svnhotsync, the side that says what revisions are, by digests; it runs at
 * both ends, and the coordinator (prove.c) asks both the same.
 *
 *   -> ("repository", uuid, youngest, min unpacked, proof, differs)	the
 *					first message; the last two: what a
 *					mirror keeps of that, or ""
 *   <- ("fold", first, n, again, from)	again: look at them once more
 *   -> ("at", rev)...			while it takes long
 *   -> ("fold", first, n, 48 bytes, unpacked)	of their properties, their
 *					content, and the rest of those that are
 *					not below from; those below unpacked may
 *					have been read from packs, without it
 *   <- ("why", rev)			why is it what it is?
 *   -> ("why", rev, text)		"", if it can be read
 *   <- ("good", rev)			by the checksums that FSFS has, of a
 *					source with the rest of its pack
 *   -> ("good", rev, "", 1), ("bad", which, why, 1)
 *   -> ("ask", first, "", n)		it has none: Subversion is to look at
 *					those
 *   <- ("prove", text)			a mirror's: keep that
 *   -> ("kept",)
 *   <- ("differs", text)		a mirror's: keep that
 *   -> ("kept", why)			why not; or ""
 *
 * What differs is mended (side_prove_mend.h):
 *   <- ("need", of, rev)		of a mirror; of: "props", "content"
 *   -> ("need", rev, what)		"props", "propspack"; "file", "pack"
 *   <- ("send", what, rev)		of a source
 *   -> ("body", what, size), ("p", bytes)..., each, and ("sent", what)
 *					(of a dump only "props")
 *   <- ("mend", what, rev, 16 bytes, keep)	of a mirror: what has the digest
 *					that the source has said; then bodies,
 *					and
 *   <- ("sent", what)
 *   -> ("mended", rev, path)		keep: where is what was replaced; or ""
 *
 * kwargs: path, mirror (bool), dump (bool), status (bool: only the first
 * message); or parent, pattern:
 *   -> ("found", name)..., ("listed",)
 */
#include <execnet/remote.h>

#include "side_prove.h"
#include "side_prove_check.h"
#include "side_prove_dump.h"
#include "side_prove_mend.h"
#include "side_prove_open.h"
#include "side_prove_send.h"

static void
prove_cleanup(void *baton)
{
	struct prove *v = baton;

	mend_end(v);
	items_close(&v->items);
	props_forget(&v->s);
	if (v->s.db != -1)
		close(v->s.db);
	if (v->s.root != -1)
		close(v->s.root);
	free(v->props);
	free(v->content);
	free(v->rest);
	free(v->known);
	free(v);
}

/* ---- Answers ------------------------------------------------------------- */

static void
check_range(const struct prove *v, long long first, long long n)
{
	if (first < 0 || n < 1 || n > v->n || first > v->n - n)
		xn_fail("the coordinator asks for revisions that are not "
		    "there");
}

static void
on_fold(struct prove *v, const xn_value *message)
{
	unsigned char all[48] = { 0 };
	long long first, n, from;
	const char *tag;
	int again;

	if (!xn_unpack_value(message, "(sllbl)", &tag, &first, &n, &again,
	    &from))
		xn_fail("a question of another shape");
	check_range(v, first, n);
	if (again)
		prove_forget(v, first, n);
	if (v->dump)
		dump_digests(v, first, n);
	for (long long rev = first; rev < first + n; rev++) {
		if ((v->known[rev] & KNOWN_PROPS) == 0)
			prove_props(v, rev);
		if ((v->known[rev] & KNOWN_CONTENT) == 0)
			prove_content(v, rev);
		if (!v->dump)	/* which has told as it came */
			prove_tell(v, rev);
	}
	prove_fold(v->props + first * 16, n, all);
	prove_fold(v->content + first * 16, n, all + 16);
	if (from < first)
		from = first;
	if (from < first + n)
		prove_fold(v->rest + from * 16, first + n - from, all + 32);
	xn_send(v->channel, "(sllyl)", "fold", first, n, all, sizeof(all),
	    v->s.min_unpacked);
}

static void
on_why(struct prove *v, const xn_value *message)
{
	const char *tag;
	long long rev;

	if (!xn_unpack_value(message, "(sl)", &tag, &rev))
		xn_fail("a question of another shape");
	check_range(v, rev, 1);
	v->why[0] = '\0';
	prove_forget(v, rev, 1);
	if (v->dump) {
		dump_digests(v, rev, 1);
	} else {
		prove_props(v, rev);
		prove_content(v, rev);
	}
	xn_send(v->channel, "(sls)", "why", rev, v->why);
}

static void
on_prove(struct prove *v, const xn_value *message)
{
	const char *tag, *text;

	if (!v->mirror || !xn_unpack_value(message, "(ss)", &tag, &text))
		xn_fail("a proof of another shape");
	prove_check_place(v);
	mend_sweep(v);
	if (xn_write_file(v->s.db, PROOF, text, strlen(text), 0666) != 0)
		xn_fail("cannot write %s/db/" PROOF ": %m", v->s.path);
	if (xn_unlink(v->s.db, DIFFERS) != 0 && errno != ENOENT)
		xn_fail("cannot remove %s/db/" DIFFERS ": %m", v->s.path);
	xn_send(v->channel, "(s)", "kept");
}

/* The proof stays: it says how far it was equal before. */
static void
on_differs(struct prove *v, const xn_value *message)
{
	const char *tag, *text;

	if (!v->mirror || !xn_unpack_value(message, "(ss)", &tag, &text))
		xn_fail("a finding of another shape");
	prove_check_place(v);
	/* (On a full disk it can be repaired all the same.) */
	xn_send(v->channel, "(ss)", "kept", xn_write_file(v->s.db, DIFFERS,
	    text, strlen(text), 0666) == 0 ? "" : xn_printf("cannot write "
	    "%s/db/" DIFFERS ": %m", v->s.path));
}

static const struct {
	const char *tag;
	void (*handle)(struct prove *v, const xn_value *message);
} questions[] = {
	{ "fold", on_fold },
	{ "why", on_why },
	{ "good", on_good },
	{ "prove", on_prove },
	{ "differs", on_differs },
	{ "need", on_need },
	{ "send", on_send },
	{ "mend", on_mend },
};

static void
answer(struct prove *v)
{
	const xn_value *message = xn_receive_value(v->channel, XN_FOREVER);
	const char *tag;

	if (!xn_unpack_value(xn_value_item(message, 0), "s", &tag))
		xn_fail("the coordinator sent something else than a question");
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (strcmp(tag, questions[i].tag) != 0)
			continue;
		questions[i].handle(v, message);
		return;
	}
	xn_fail("the coordinator asks for something unknown");
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	struct prove *v;

	if (xn_value_text(kwargs, "parent", NULL) != NULL) {
		list_repositories(channel, xn_value_text(kwargs, "parent", ""),
		    xn_value_text(kwargs, "pattern", "*"));
		return;
	}
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		xn_fail("out of memory");
	v->s.root = v->s.db = v->items.fd = -1;
	v->mend_lock = v->write_lock = v->file = v->built = -1;
	v->s.pack.shard = v->checked_shard = -1;
	xn_cleanup(prove_cleanup, v);
	v->channel = channel;
	v->s.path = (char *)xn_value_text(kwargs, "path", "");
	v->mirror = xn_value_bool(kwargs, "mirror", 0);
	v->dump = xn_value_bool(kwargs, "dump", 0);
	v->items.path = v->s.path;
	v->items.piece = xn_alloc(XN_PIECE);
	prove_open(v, xn_value_bool(kwargs, "status", 0));
	if (xn_value_bool(kwargs, "status", 0))
		return;
	/* Until the coordinator closes the channel, which ends the program. */
	for (;;)
		answer(v);
}
