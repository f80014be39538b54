/*
 * side_source_props.h: the properties of a revision, wherever they lie.
 *
 * A file of packed properties begins with its unpacked size, seven bits a byte,
 * the highest group first; the rest is zlib's, or as it is when it has just
 * that size.  Unpacked it is "FIRST\nCOUNT\nSIZE\n...\n\n" and then the
 * properties of COUNT revisions, one after the other.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_PROPS_H
#define SVNHOTSYNC_SIDE_SOURCE_PROPS_H

#include "side_pack.h"
#include "side_source.h"

/* Forget what was loaded: it may have been replaced since. */
static void
props_forget(struct source *s)
{
	free(s->pack.text);
	free(s->manifest);
	free(s->props);
	s->pack.text = s->manifest = s->props = NULL;
	s->pack.shard = -1;
}

/* The unpacked text of a file of packed properties, malloc'ed; else null. */
static char *
props_unpack(const char *raw, size_t n, size_t *out_n)
{
	unsigned long long size = 0;
	size_t i = 0;
	char *out;

	do {
		if (i == n || i == 5)
			return NULL;
		size = size << 7 | ((unsigned char)raw[i] & 0x7f);
	} while (((unsigned char)raw[i++] & 0x80) != 0);
	if (size > PROPS_MAX)
		return NULL;
	out = malloc((size_t)size + 1);
	if (out == NULL)
		return NULL;
	if (n - i == size) {
		memcpy(out, raw + i, (size_t)size);
	} else if (xn_inflate(out, (size_t)size, raw + i, n - i) != 0) {
		free(out);
		return NULL;
	}
	out[size] = '\0';
	*out_n = (size_t)size;
	return out;
}

/* One line that is a number; -1 if it is none. */
static long long
line_number(const char **text)
{
	long long n = fs_number(text);

	return n >= 0 && *(*text)++ == '\n' ? n : -1;
}

/* The next look begins with the first of them. */
static void
props_rewind(struct props_pack *p)
{
	p->next = p->first;
	p->next_size = p->sizes;
	p->next_at = p->bytes;
}

/* Find the parts of p->text, N bytes; 0, or -1 if it is damaged. */
static int
props_parse(struct props_pack *p, size_t n)
{
	const char *at = p->text;
	long long total = 0, size;

	p->end = p->text + n;
	p->first = line_number(&at);
	p->count = p->first < 0 ? -1 : line_number(&at);
	if (p->count < 1 || p->count > SHARD_MAX)
		return -1;
	p->sizes = at;
	for (long long i = 0; i < p->count; i++) {
		size = line_number(&at);
		if (size < 0 || size > PROPS_MAX)
			return -1;
		total += size;
	}
	if (*at != '\n' || p->end - at - 1 < total)
		return -1;
	p->bytes = at + 1;
	props_rewind(p);
	return 0;
}

/* Load the file NAME of SHARD's packed properties; 0, or -1 and errno. */
static int
props_load(struct source *s, long long shard, const char *name)
{
	struct props_pack *p = &s->pack;
	char path[PATH_SIZE];
	size_t n = 0;
	char *raw;

	if (p->shard == shard && strcmp(p->name, name) == 0)
		return 0;
	free(p->text);
	p->text = NULL;
	p->shard = -1;
	fs_pack_path(path, "revprops", shard, name);
	raw = xn_read_file(s->db, path, PROPS_MAX, &n);
	if (raw == NULL)
		return -1;
	p->text = props_unpack(raw, n, &n);
	free(raw);
	if (p->text == NULL || props_parse(p, n) != 0)
		xn_fail("%s/db/%s is damaged", s->path, path);
	p->shard = shard;
	snprintf(p->name, sizeof(p->name), "%s", name);
	return 0;
}

/* REV's properties out of its pack; null and errno. */
static const char *
props_packed(struct source *s, long long rev, size_t *n)
{
	long long shard = rev / s->fs.shard;
	struct props_pack *p = &s->pack;
	char name[NAME_SIZE];
	const char *at;

	/* Going up through a pack asks for the manifest once a file. */
	if (p->shard != shard || rev < p->first || rev >= p->first + p->count) {
		free(s->manifest);
		s->manifest = fs_manifest(s->db, shard, NULL);
		if (s->manifest == NULL)
			return NULL;
		if (fs_manifest_name(&s->fs, s->manifest, rev, name) != 0)
			xn_fail("%s/db/revprops/%lld.pack/manifest is damaged",
			    s->path, shard);
		if (props_load(s, shard, name) != 0)
			return NULL;
		if (rev < p->first || rev >= p->first + p->count)
			xn_fail("%s/db/revprops/%lld.pack/%s does not have "
			    "r%lld", s->path, shard, name, rev);
	}
	if (rev < p->next)
		props_rewind(p);
	do {
		at = p->next_at;
		*n = (size_t)line_number(&p->next_size);
		p->next_at += *n;
	} while (p->next++ < rev);
	return at;
}

/*
 * The properties of REV as a text of N bytes, good until the next call.  Fails
 * if there is no such revision.
 */
static const char *
props_of(struct source *s, long long rev, size_t *n)
{
	const char *found = NULL;
	char path[PATH_SIZE];

	for (int round = 0; round < ROUNDS && found == NULL; round++) {
		if (round > 0)
			read_numbers(s);
		if (rev > 0 && rev < fs_props_unpacked(&s->fs,
		    s->min_unpacked)) {
			found = props_packed(s, rev, n);
		} else {
			fs_rev_path(path, &s->fs, "revprops", rev);
			free(s->props);
			s->props = xn_read_file(s->db, path, PROPS_MAX, n);
			found = s->props;
		}
		if (found == NULL && errno != ENOENT)
			break;
	}
	if (found == NULL)
		xn_fail("cannot read the properties of r%lld in %s: %m", rev,
		    s->path);
	return found;
}

#endif
