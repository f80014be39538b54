/*
 * side_pack.h: the manifest of a shard's packed properties, for both sides.
 */
#ifndef SVNHOTSYNC_SIDE_PACK_H
#define SVNHOTSYNC_SIDE_PACK_H

#include "side_fsfs.h"

/* The first revision that the manifest of SHARD speaks of: r0 is not packed. */
static inline long long
fs_manifest_first(const struct fsfs *fs, long long shard)
{
	return shard == 0 ? 1 : shard * fs->shard;
}

/*
 * Take the next line of a manifest of SHARD at *AT: 1 and the name of a file
 * of packed properties, 0 at its end, -1 if that is no such name.
 */
static inline int
fs_manifest_next(const struct fsfs *fs, long long shard, const char **at,
    char name[NAME_SIZE])
{
	size_t n = strcspn(*at, "\n");

	if (**at == '\0')
		return 0;
	if (n == 0 || n >= NAME_SIZE || (*at)[n] != '\n')
		return -1;
	memcpy(name, *at, n);
	name[n] = '\0';
	*at += n + 1;
	return fs_is_props_pack(fs, shard, name) ? 1 : -1;
}

/* Does MANIFEST have a proper name for each revision of SHARD? */
static inline int
fs_manifest_whole(const struct fsfs *fs, long long shard, const char *manifest)
{
	long long lines = 0;
	char name[NAME_SIZE];
	int state;

	while ((state = fs_manifest_next(fs, shard, &manifest, name)) > 0)
		lines++;
	return state == 0 && lines ==
	    (shard + 1) * fs->shard - fs_manifest_first(fs, shard);
}

/* The name of the file with REV's properties: 0, or -1 if damaged. */
static inline int
fs_manifest_name(const struct fsfs *fs, const char *manifest, long long rev,
    char name[NAME_SIZE])
{
	long long shard = rev / fs->shard;
	long long skip = rev - fs_manifest_first(fs, shard);
	int state = 1;

	while (skip-- >= 0 && state > 0)
		state = fs_manifest_next(fs, shard, &manifest, name);
	return state > 0 ? 0 : -1;
}

/* The manifest of SHARD, malloc'ed; null and errno. */
static inline char *
fs_manifest(int db, long long shard, size_t *n)
{
	char path[PATH_SIZE];

	fs_pack_path(path, "revprops", shard, "manifest");
	return xn_read_file(db, path, MANIFEST_MAX, n);
}

/* Fold the bytes of the file NAME into the digest OUT; 0, or -1 and errno. */
static inline int
fs_fold_file(int db, long long shard, const char *name, unsigned char out[16])
{
	unsigned char both[32];
	char path[PATH_SIZE];
	char *text;
	size_t n;

	fs_pack_path(path, "revprops", shard, name);
	text = xn_read_file(db, path, PROPS_MAX, &n);
	if (text == NULL)
		return -1;
	memcpy(both, out, 16);
	xn_hash_bytes(text, n, both + 16);
	xn_hash_bytes(both, sizeof(both), out);
	free(text);
	return 0;
}

/*
 * The digest of SHARD's packed properties as they lie in files: the manifest
 * and what it names, in its order.  0, or -1 and errno (EINVAL: damaged).
 */
static inline int
fs_packed_digest(int db, const struct fsfs *fs, long long shard,
    unsigned char out[16])
{
	char name[NAME_SIZE], last[NAME_SIZE] = "";
	size_t n;
	char *manifest = fs_manifest(db, shard, &n);
	const char *at = manifest;
	int state, result = 0;

	if (manifest == NULL)
		return -1;
	xn_hash_bytes(manifest, n, out);
	while ((state = fs_manifest_next(fs, shard, &at, name)) > 0) {
		if (strcmp(name, last) == 0)
			continue;
		memcpy(last, name, sizeof(last));
		result = fs_fold_file(db, shard, name, out);
		if (result != 0)
			break;
	}
	free(manifest);
	if (state < 0) {
		errno = EINVAL;
		return -1;
	}
	return result;
}

#endif
