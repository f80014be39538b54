/*
 * confine.c: a program that has opened what it works with goes without all else.
 *
 * Beneath its base a side may read, and write if it is to; names of users are
 * looked up in files, or by a program of the system, which may be read and
 * executed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/limit.h"
#include "agent/link.h"

/* What looking up a name takes: those of them that are there. */
static const char *const system_folders[] = {
	"/bin", "/dev/null", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin",
	"/usr", "/var/lib"
};
#define FOLDERS	(sizeof(system_folders) / sizeof(system_folders[0]))

static void
add_path(xn_value *list, xn_value *items, const char *path)
{
	xn_value *item = &items[list->size++];

	memset(item, 0, sizeof(*item));
	item->kind = XN_STR;
	item->u.text = path;
	item->size = (unsigned int)strlen(path);
}

int
xn_confine_to(int base, int writing)
{
	xn_value read_items[FOLDERS + 1], write_items[1], exec_items[FOLDERS];
	xn_value read = { 0 }, write = { 0 }, exec = { 0 };
	struct xn_limits limits = { .read = &read, .write = &write,
		.exec = &exec };
	char here[40], error[256];

	if (xn_landlock_abi() < 1)
		return -1;
	read.kind = write.kind = exec.kind = XN_LIST;
	read.u.items = read_items;
	write.u.items = write_items;
	exec.u.items = exec_items;
	snprintf(here, sizeof(here), "/proc/self/fd/%d", base);
	add_path(&read, read_items, here);
	if (writing)
		add_path(&write, write_items, here);
	for (size_t i = 0; i < FOLDERS; i++) {
		if (access(system_folders[i], R_OK) != 0)
			continue;
		add_path(&read, read_items, system_folders[i]);
		add_path(&exec, exec_items, system_folders[i]);
	}
	errno = EPERM;
	/* Who is not root may confine himself only after that. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1ul, 0ul, 0ul, 0ul) != 0)
		return -1;
	return xn_landlock_enter(&limits, error, sizeof(error));
}
