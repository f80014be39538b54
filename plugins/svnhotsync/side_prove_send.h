/*
 * side_prove_send.h: what the source sends of what differs at a mirror:
 * side_prove_mend.h says what it is.
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_SEND_H
#define SVNHOTSYNC_SIDE_PROVE_SEND_H

#include "side_prove.h"
#include "side_revprops.h"

static inline void
send_part(struct prove *v, long long at, long long n)
{
	size_t piece;

	for (; n > 0; n -= (long long)piece, at += (long long)piece) {
		piece = n > XN_PIECE ? XN_PIECE : (size_t)n;
		items_bytes(&v->items, at, v->items.piece, piece);
		xn_send(v->channel, "(sy)", "p", v->items.piece, piece);
	}
}

static inline void
send_body(struct prove *v, const char *what, long long at, long long n)
{
	xn_send(v->channel, "(ssl)", "body", what, n);
	send_part(v, at, n);
}

static inline void
send_text(struct prove *v, const char *what, const char *text, size_t n)
{
	size_t piece;

	xn_send(v->channel, "(ssl)", "body", what, (long long)n);
	for (; n > 0; n -= piece, text += piece) {
		piece = n > XN_PIECE ? XN_PIECE : n;
		xn_send(v->channel, "(sy)", "p", text, piece);
	}
}

/* All items of REV, each as it is in the digest. */
static inline void
send_items(struct prove *v, long long rev)
{
	long behind, first = items_of(&v->items, rev, &behind);
	long long size = 0;
	char head[64];

	items_count(&v->items, rev, first, behind);
	for (long i = first; i < behind; i++)
		if (v->items.item[i].counts)
			size += v->items.item[i].size +
			    items_head(head, &v->items.item[i]);
	xn_send(v->channel, "(ssl)", "body", "items", size);
	for (long i = first; i < behind; i++) {
		if (!v->items.item[i].counts)
			continue;
		xn_send(v->channel, "(sy)", "p", head,
		    (size_t)items_head(head, &v->items.item[i]));
		send_part(v, v->items.item[i].offset, v->items.item[i].size);
	}
}

/* REV alone, wherever it lies. */
static inline void
send_revision(struct prove *v, long long rev)
{
	char path[PATH_SIZE];
	long i, behind;

	if (rev >= v->s.min_unpacked) {
		fs_rev_path(path, &v->s.fs, "revs", rev);
		if (items_open(&v->items, v->s.db, path) != 0)
			xn_fail("cannot read %s/db/%s: %m", v->s.path, path);
		send_body(v, "file", 0, v->items.size);
		return;
	}
	if (prove_open_pack(v, rev) != 0)
		xn_fail("cannot read the pack of r%lld in %s", rev, v->s.path);
	if (!v->s.fs.physical) {
		send_items(v, rev);
		return;
	}
	i = items_of(&v->items, rev, &behind);
	send_body(v, "file", v->items.item[i].offset, v->items.item[i].size);
}

/* REV for a pack, where it lies alone here. */
static inline void
send_unpacked(struct prove *v, long long rev)
{
	char path[PATH_SIZE];

	if (v->s.fs.physical) {
		send_revision(v, rev);
		return;
	}
	fs_rev_path(path, &v->s.fs, "revs", rev);
	if (items_open(&v->items, v->s.db, path) != 0)
		xn_fail("cannot read %s/db/%s: %m", v->s.path, path);
	items_read(&v->items, rev, 1);
	send_items(v, rev);
}

static inline void
send_pack(struct prove *v, long long rev)
{
	char path[PATH_SIZE], *text;
	size_t n;

	if (rev >= v->s.min_unpacked) {
		send_unpacked(v, rev);
		return;
	}
	fs_pack_path(path, "revs", rev / v->s.fs.shard, "pack");
	if (items_open(&v->items, v->s.db, path) != 0)
		xn_fail("cannot read %s/db/%s: %m", v->s.path, path);
	send_body(v, "pack", 0, v->items.size);
	if (!v->s.fs.physical)
		return;
	fs_pack_path(path, "revs", rev / v->s.fs.shard, "manifest");
	text = xn_read_file(v->s.db, path, MANIFEST_MAX, &n);
	if (text == NULL)
		xn_fail("cannot read %s/db/%s: %m", v->s.path, path);
	send_text(v, "manifest", text, n);
	free(text);
}

/* For revprops_read(). */
static void
send_dumped(void *baton, long long rev, const char *text, size_t n)
{
	(void)rev;
	send_text(baton, "props", text, n);
}

static inline void
send_props(struct prove *v, long long rev)
{
	const char *text;
	size_t n;

	if (v->dump) {
		revprops_read(v->s.path, rev, 1, send_dumped, v);
		return;
	}
	text = props_of(&v->s, rev, &n);
	send_text(v, "props", text, n);
}

/* The properties of REV's shard, as the text of a file of packed ones. */
static inline void
send_props_pack(struct prove *v, long long rev)
{
	long long shard = rev / v->s.fs.shard;
	long long first = fs_manifest_first(&v->s.fs, shard);
	long long behind = (shard + 1) * v->s.fs.shard;
	char *text = malloc(PROPS_MAX);
	size_t n = 0, size, room;

	if (text == NULL)
		xn_fail("out of memory");
	v->text = text;		/* which is freed however this ends */
	if (behind > v->s.youngest + 1)
		xn_fail("r%lld is not in a whole shard", rev);
	n = (size_t)snprintf(text, PROPS_MAX, "%lld\n%lld\n", first,
	    behind - first);
	for (int bodies = 0; bodies < 2; bodies++) {
		for (long long r = first; r < behind; r++) {
			const char *props = props_of(&v->s, r, &size);

			room = (size_t)PROPS_MAX - n;
			if (size + 32 > room)
				xn_fail("the properties of the shard of r%lld "
				    "are more than can be sent: `syncgate run` "
				    "mends that", rev);
			if (bodies)
				memcpy(text + n, props, size);
			n += bodies ? size : (size_t)snprintf(text + n, room,
			    "%llu\n", (unsigned long long)size);
		}
		if (!bodies)
			text[n++] = '\n';
	}
	send_text(v, "propspack", text, n);
	free(text);
	v->text = NULL;
}

static void
on_send(struct prove *v, const xn_value *message)
{
	const char *tag, *what;
	long long rev;

	if (!xn_unpack_value(message, "(ssl)", &tag, &what, &rev) || rev < 0 ||
	    rev >= v->n || (v->dump && strcmp(what, "props") != 0))
		xn_fail("a question of another shape");
	prove_forget(v, rev, 1);
	if (strcmp(what, "props") == 0) {
		send_props(v, rev);
	} else if (strcmp(what, "propspack") == 0) {
		send_props_pack(v, rev);
	} else if (strcmp(what, "pack") == 0) {
		send_pack(v, rev);
	} else {
		send_revision(v, rev);
	}
	items_close(&v->items);
	xn_send(v->channel, "(ss)", "sent", what);
}

#endif
