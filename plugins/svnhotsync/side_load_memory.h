/*
 * side_load_memory.h: transactions in memory while much is loaded.
 *
 * A revision is put together in db/transactions and db/txn-protorevs, from many
 * small files that nobody needs once it is committed.  While a mirror is loaded
 * the two are links to a folder of ours in /dev/shm, where that is a file
 * system in memory; FSFS moves what is done across.  After a crash the links
 * dangle or their folder is left: the next start mends both.
 */
#ifndef SVNHOTSYNC_SIDE_LOAD_MEMORY_H
#define SVNHOTSYNC_SIDE_LOAD_MEMORY_H

#include "side_load.h"

#define MEMORY		"/dev/shm"
#define MEMORY_PREFIX	"syncgate-"
#define MEMORY_ROOM	(256LL << 20)	/* free bytes that are wanted */

static const char *const memory_dirs[] = { "transactions", "txn-protorevs" };

/* Where the link db/NAME leads: a name of ours in MEMORY, or "". */
static void
memory_of_link(const struct load *l, const char *name, char out[64])
{
	static const char prefix[] = MEMORY "/" MEMORY_PREFIX;
	xn_list *list = xn_list_one(l->m.db, name, 0);
	const char *link = list == NULL || xn_list_n(list) != 1 ? NULL :
	    xn_list_entry(list, 0)->link;
	size_t n = link == NULL ? 0 : strlen(link), tail = strlen(name) + 1;
	size_t at = sizeof(prefix) - 1;

	out[0] = '\0';
	if (link != NULL && n == at + 32 + tail &&
	    strncmp(link, prefix, at) == 0 &&
	    strspn(link + at, "0123456789abcdef") == 32 &&
	    link[at + 32] == '/' && strcmp(link + at + 33, name) == 0)
		snprintf(out, 64, MEMORY_PREFIX "%.32s", link + at);
	xn_list_close(list);
}

/* Remove a folder of ours in memory: whoever else has one of that name. */
static void
memory_remove(const char *name)
{
	int base = xn_base_open(MEMORY);
	xn_stat_t st;

	if (base == -1)
		return;
	if (xn_stat(base, name, &st) == 0 && st.type == XN_FT_DIRECTORY &&
	    (unsigned int)st.uid == geteuid())
		xn_remove_tree(base, name);
	close(base);
}

/* Make db/NAME an empty folder, whatever it is; 0, or -1 and errno. */
static int
memory_folder(struct load *l, const char *name)
{
	char memory[64];
	xn_stat_t st;

	if (xn_stat(l->m.db, name, &st) == 0 && st.type == XN_FT_SYMLINK) {
		memory_of_link(l, name, memory);
		if (memory[0] != '\0')
			memory_remove(memory);
		if (xn_unlink(l->m.db, name) != 0)
			return -1;
	} else if (xn_remove_tree(l->m.db, name) != 0 && errno != ENOENT) {
		return -1;
	}
	return make_dir(l->m.db, name);
}

/* What a run left, transactions among it, which nobody will finish. */
static void
memory_mend(struct load *l)
{
	for (int i = 0; i < 2; i++)
		if (memory_folder(l, memory_dirs[i]) != 0)
			xn_fail("cannot empty %s/db/%s: %m", l->m.path,
			    memory_dirs[i]);
}

/* One of the two in memory, below BASE: 0 or -1. */
static int
memory_link(struct load *l, int base, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", l->memory, name);
	if (xn_mkdir(base, path, 0700) != 0)
		return -1;
	if (xn_rmdir(l->m.db, name) != 0 && errno != ENOENT)
		return -1;
	snprintf(path, sizeof(path), MEMORY "/%s/%s", l->memory, name);
	return xn_symlink(path, l->m.db, name);
}

static void
memory_end(struct load *l)
{
	if (l->memory[0] == '\0')
		return;
	for (int i = 0; i < 2; i++)
		if (memory_folder(l, memory_dirs[i]) != 0)
			xn_log("cannot empty %s/db/%s: %m", l->m.path,
			    memory_dirs[i]);
	memory_remove(l->memory);
	l->memory[0] = '\0';
}

/* N revisions are about to be loaded. */
static void
memory_begin(struct load *l, long long n)
{
	int base = n < MEMORY_LEAST || l->no_memory ? -1 : xn_base_open(MEMORY);
	unsigned int r[4];
	xn_space_t space;
	int failed;

	if (base == -1)
		return;
	if (xn_space(base, &space) != 0 || !space.in_memory ||
	    space.free < MEMORY_ROOM) {
		close(base);
		return;
	}
	xn_random(r, sizeof(r));
	snprintf(l->memory, sizeof(l->memory), MEMORY_PREFIX
	    "%08x%08x%08x%08x", r[0], r[1], r[2], r[3]);
	failed = xn_mkdir(base, l->memory, 0700) != 0 ||
	    memory_link(l, base, memory_dirs[0]) != 0 ||
	    memory_link(l, base, memory_dirs[1]) != 0;
	if (failed)
		xn_log("transactions stay on the disk: %m");
	close(base);
	if (failed)
		memory_end(l);
}

#endif
