/*
 * side_mirror_upgrade.h: following a source that was upgraded.
 *
 * In the order of `svnadmin upgrade`: first comes what the new format needs,
 * packed properties for all that is packed among it, where nobody looks yet;
 * then uuid and format, each by rename; and only then goes what nobody looks at
 * any more.  Killed before that of format, a mirror is as it was, and the next
 * start does it again; killed after it, the next start removes the rest.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_UPGRADE_H
#define SVNHOTSYNC_SIDE_MIRROR_UPGRADE_H

#include "side_mirror_receive.h"
#include "side_mirror_start.h"

static void dispatch(struct mirror *m, const xn_value *message);

/* The packed properties of SHARD, which is packed at both ends. */
static void
fetch_packed_props(struct mirror *m, long long shard)
{
	const xn_value *message;
	char path[PATH_SIZE];
	const char *tag;

	snprintf(path, sizeof(path), "revprops/%lld.pack", shard);
	if (make_dir(m->db, path) != 0)
		xn_fail("cannot make %s/db/%s: %m", m->path, path);
	xn_send(m->peer, "(sl)", "props", shard);
	message = xn_receive_value(m->peer, XN_FOREVER);
	if (!xn_unpack_value(xn_value_item(message, 0), "s", &tag) ||
	    strcmp(tag, "repack") != 0)
		xn_fail("the source sent something else than the properties "
		    "that were asked for");
	dispatch(m, message);
	while (m->packing == PACKING_PROPS && m->packing_shard == shard)
		dispatch(m, xn_receive_value(m->peer, XN_FOREVER));
	if (m->packing != PACKING_NOTHING)
		xn_fail("the source sent other properties than those asked "
		    "for");
	m->packing_shard = shard;
	check_packed_props(m);
}

static void
replace_file(struct mirror *m, const char *name, const void *bytes, size_t n,
    int mode)
{
	if (xn_write_file(m->db, name, bytes, n, mode) != 0)
		xn_fail("cannot write %s/db/%s: %m", m->path, name);
}

/* Files that formats before 4 do not have. */
static void
add_files(struct mirror *m)
{
	xn_stat_t st;

	if (xn_stat(m->db, "min-unpacked-rev", &st) != 0)
		replace_file(m, "min-unpacked-rev", "0\n", 2, 0666);
	if (xn_stat(m->db, "fsfs.conf", &st) != 0)
		replace_file(m, "fsfs.conf", m->new_conf, m->new_conf_n, 0666);
}

static void
upgrade_mirror(struct mirror *m)
{
	int was = m->fs.format;
	char uuid[160];

	m->fs.format = m->new_fs.format;
	add_files(m);
	if (was < FORMAT_PACKED_PROPS)
		for (long long shard = 0; shard < fs_props_unpacked(&m->fs,
		    m->min_unpacked) / m->fs.shard; shard++)
			fetch_packed_props(m, shard);
	if (hold_mirror(m) != 0)
		fail_commit(m);
	if (xn_syncfs(m->db) != 0)
		xn_fail("cannot sync the file system of %s: %m", m->path);
	/* Another second line: who has the mirror open keeps nothing of it. */
	uuid_text(m, uuid);
	replace_file(m, "uuid", uuid, strlen(uuid), 0666);
	replace_file(m, "format", m->new_format, strlen(m->new_format), 0444);
	close_fd(&m->write_lock);
	remove_leftovers(m, "revprops");
	xn_log("the source was upgraded: the mirror %s has format %d now, and "
	    "had %d; restart svnserve and httpd if they serve it", m->path,
	    m->fs.format, was);
}

#endif
