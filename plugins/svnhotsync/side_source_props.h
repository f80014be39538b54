/*
 * side_source_props.h: the properties of a revision, wherever they lie.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_PROPS_H
#define SVNHOTSYNC_SIDE_SOURCE_PROPS_H

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

/* ---- Can they be read? --------------------------------------------------- */

/* For xn_attempt(). */
struct props_look {
	struct source *s;
	long long rev;
	const char *text;
	size_t n;
};

static inline void
props_look(void *baton)
{
	struct props_look *look = baton;

	look->text = props_of(look->s, look->rev, &look->n);
}

/* Where REV's properties lie: "db/revprops/0/3". */
static inline void
props_place_of(const struct source *s, long long rev, char out[PATH_SIZE])
{
	char path[PATH_SIZE];

	if (s->pack.text != NULL && rev > 0 && rev < fs_props_unpacked(&s->fs,
	    s->min_unpacked))
		fs_pack_path(path, "revprops", rev / s->fs.shard, s->pack.name);
	else
		fs_rev_path(path, &s->fs, "revprops", rev);
	snprintf(out, PATH_SIZE, "db/%.80s", path);
}

/*
 * As props_of(), but null if they cannot be read or are not properties, and
 * then WHY, of SIZE bytes, has the reason.
 */
static inline const char *
props_try(struct source *s, long long rev, size_t *n, char *why, size_t size)
{
	struct props_look look = { s, rev, NULL, 0 };
	char place[PATH_SIZE], reason[512];

	if (xn_attempt(props_look, &look, reason, sizeof(reason)) != 0) {
		snprintf(why, size, "the properties of r%lld: %s", rev,
		    reason);
		return NULL;
	}
	*n = look.n;
	if (props_good(look.text, look.n))
		return look.text;
	props_place_of(s, rev, place);
	snprintf(why, size, "the properties of r%lld in %s/%s are damaged",
	    rev, s->path, place);
	return NULL;
}

/* All packed properties of SHARD: 1, or 0 and WHY. */
static inline int
props_pack_try(struct source *s, long long shard, char *why, size_t size)
{
	long long rev = fs_manifest_first(&s->fs, shard);
	long long end = (shard + 1) * s->fs.shard;
	size_t n;

	props_forget(s);
	while (rev < end && props_try(s, rev, &n, why, size) != NULL)
		rev++;
	props_forget(s);
	return rev == end;
}

#endif
