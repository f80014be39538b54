/*
 * side_mirror_whole.h: are all files of a mirror there?
 *
 * What is in them is for Subversion to verify.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_WHOLE_H
#define SVNHOTSYNC_SIDE_MIRROR_WHOLE_H

#include "side_mirror.h"
#include "side_pack.h"

/* Is db/PATH a file with something in it? */
static int
whole_has(const struct mirror *m, const char *path)
{
	xn_stat_t st;

	return xn_stat(m->db, path, &st) == 0 && st.size > 0 &&
	    st.type == XN_FT_FILE;
}

static void
whole_needs(struct mirror *m, const char *path)
{
	if (whole_has(m, path))
		return;
	REFUSE(m, "the mirror %s is not whole: %s/db/%s is not there, or empty "
	    "(while there is a source, `syncgate verify --repair` fetches what "
	    "differs); it is not promoted", m->path, m->path, path);
}

/* The packed properties of SHARD. */
static void
whole_props(struct mirror *m, long long shard)
{
	char name[NAME_SIZE], last[NAME_SIZE] = "", path[PATH_SIZE];
	char *manifest = fs_manifest(m->db, shard, NULL);
	const char *at = manifest;
	int whole = manifest != NULL && fs_manifest_whole(&m->fs, shard,
	    manifest), found = 1;

	while (whole && found && fs_manifest_next(&m->fs, shard, &at,
	    name) > 0) {
		if (strcmp(name, last) == 0)
			continue;
		memcpy(last, name, sizeof(last));
		fs_pack_path(path, "revprops", shard, name);
		found = whole_has(m, path);
	}
	free(manifest);
	if (!found)
		whole_needs(m, path);
	if (!whole)
		REFUSE(m, "the mirror %s is not whole: "
		    "%s/db/revprops/%lld.pack/manifest is damaged; it is not "
		    "promoted", m->path, m->path, shard);
}

static void
whole_pack(struct mirror *m, long long shard)
{
	char path[PATH_SIZE];

	fs_pack_path(path, "revs", shard, "pack");
	whole_needs(m, path);
	if (m->fs.physical) {
		fs_pack_path(path, "revs", shard, "manifest");
		whole_needs(m, path);
	}
	if (m->fs.format >= FORMAT_PACKED_PROPS)
		whole_props(m, shard);
}

/* Else the mirror is refused, naming the first that is missing. */
static void
check_whole(struct mirror *m)
{
	long long unpacked = fs_props_unpacked(&m->fs, m->min_unpacked);
	char path[PATH_SIZE];

	for (long long s = 0; s < m->min_unpacked / m->fs.shard; s++)
		whole_pack(m, s);
	for (long long rev = 0; rev <= m->youngest; rev++) {
		if (rev >= m->min_unpacked) {
			fs_rev_path(path, &m->fs, "revs", rev);
			whole_needs(m, path);
		}
		if (rev == 0 || rev >= unpacked) {
			fs_rev_path(path, &m->fs, "revprops", rev);
			whole_needs(m, path);
		}
	}
}

#endif
