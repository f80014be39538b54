/*
 * side_load_props.h: keeping the properties of revisions equal, which can be
 * changed at any time.
 */
#ifndef SVNHOTSYNC_SIDE_LOAD_PROPS_H
#define SVNHOTSYNC_SIDE_LOAD_PROPS_H

#include "side_load.h"

static const xn_value *load_next(struct load *l, int announced);

/* The answer to what was asked for; null if the coordinator wants an end. */
static const xn_value *
load_answer(struct load *l, const char **tag)
{
	const xn_value *message = load_next(l, 0);

	if (message != NULL && !xn_unpack_value(xn_value_item(message, 0),
	    "s", tag))
		xn_fail("the source sent something else than a message");
	return message;
}

/* Take what was wanted; 0 if an end is wanted. */
static int
receive_props(struct load *l, long long first, long long n)
{
	const xn_value *message;
	const char *tag;
	const void *text;
	long long rev;
	size_t size;

	while ((message = load_answer(l, &tag)) != NULL &&
	    strcmp(tag, "revprop") == 0) {
		if (!xn_unpack_value(message, "(sly)", &tag, &rev, &text,
		    &size) || rev < first || rev >= first + n)
			xn_fail("the source sent properties of another shape");
		load_props(l, rev, text, size);
		l->m.bytes += (long long)size;
	}
	load_props_end(l);
	if (message != NULL && strcmp(tag, "sent") != 0)
		xn_fail("the source answered what nobody asked for");
	return message != NULL;
}

/* They are not the same: ask for those that differ. */
static int
on_differ(struct load *l, const xn_value *message, long long first,
    long long n)
{
	unsigned char bits[RANGE_MAX / 8] = { 0 };
	const unsigned char *theirs;
	long long their_first, their_n;
	const char *tag;
	size_t size;

	if (!xn_unpack_value(message, "(slly)", &tag, &their_first, &their_n,
	    (const void **)&theirs, &size) || their_first != first ||
	    their_n != n || size != (size_t)n * 16)
		xn_fail("the source answered a comparison in a way that cannot "
		    "be");
	for (long long i = 0; i < n; i++)
		if (memcmp(theirs + i * 16, l->m.digests + i * 16, 16) != 0)
			bits[i / 8] |= (unsigned char)(1 << (i % 8));
	xn_send(l->m.peer, "(slly)", "want", first, n, bits, sizeof(bits));
	return receive_props(l, first, n);
}

/* Make the properties of N revisions equal; 0 if an end is wanted. */
static int
compare_range(struct load *l, long long first, long long n)
{
	const xn_value *message;
	unsigned char whole[16];
	const char *tag;

	load_digests(l, first, n, l->m.digests);
	xn_hash_bytes(l->m.digests, (size_t)n * 16, whole);
	xn_send(l->m.peer, "(slly)", "compare", first, n, whole,
	    sizeof(whole));
	message = load_answer(l, &tag);
	if (message == NULL)
		return 0;
	if (strcmp(tag, "differ") == 0)
		return on_differ(l, message, first, n);
	if (strcmp(tag, "same") != 0)
		xn_fail("the source answered what nobody asked for");
	return 1;
}

/* Compare what is dirty, until nothing is; 0 if an end is wanted. */
static int
compare_dirty(struct load *l)
{
	long long rev, n;

	while (l->dirty_all || l->dirty_n > 0) {
		if (!l->dirty_all) {
			rev = l->dirty[--l->dirty_n];
			if (rev <= l->m.last.rev && !compare_range(l, rev, 1))
				return 0;
			continue;
		}
		l->dirty_all = l->dirty_n = 0;
		for (rev = 0; rev <= l->m.last.rev; rev += n) {
			n = l->m.last.rev + 1 - rev;
			if (n > RANGE_MAX)
				n = RANGE_MAX;
			if (!compare_range(l, rev, n))
				return 0;
		}
	}
	return 1;
}

static void
note_dirty(struct load *l, long long rev)
{
	for (int i = 0; i < l->dirty_n; i++)
		if (l->dirty[i] == rev)
			return;
	if (rev < 0 || l->dirty_n == DIRTY_REVS)
		l->dirty_all = 1;
	else
		l->dirty[l->dirty_n++] = rev;
}

#endif
