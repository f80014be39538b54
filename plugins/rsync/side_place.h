/*
 * side_place.h: where a side's folder is: which machine's, and which folders it
 * lies in, by device and inode.  So the source's side sees that a target is the
 * source, or lies in it, by whatever links and gateways it is reached.
 */
#ifndef RSYNC_SIDE_PLACE_H
#define RSYNC_SIDE_PLACE_H

#include "side_wire.h"

#define RS_PLACES	256		/* folders above each other */
#define RS_MACHINE	64		/* bytes of a machine's name */

struct rs_place {
	char machine[RS_MACHINE + 1];	/* this boot of it; "": unknown */
	int is_there;			/* the first is the folder itself */
	int n;
	unsigned long long device[RS_PLACES], inode[RS_PLACES];
};

/* The kernel's name for this boot: no other machine has it. */
static inline void
rs_place_machine(struct rs_place *p)
{
	int base = xn_base_open("/proc/sys/kernel/random");
	char *text = base == -1 ? NULL : xn_read_file(base, "boot_id",
	    RS_MACHINE, NULL);

	if (text != NULL)
		snprintf(p->machine, sizeof(p->machine), "%.*s",
		    (int)strcspn(text, "\n"), text);
	free(text);
	if (base != -1)
		close(base);
}

/* Add the folder PATH: 1, or 0 if it was the last one already (the root). */
static inline int
rs_place_add(struct rs_place *p, const char *path, int first)
{
	int fd = xn_base_open(path), known = fd != -1;
	xn_stat_t st;

	if (known)
		known = xn_fstat(fd, &st) == 0;
	if (fd != -1)
		close(fd);
	if (!known)
		return 1;	/* one that we may not read: those above count */
	if (p->n > 0 && p->device[p->n - 1] == (unsigned long long)st.device &&
	    p->inode[p->n - 1] == (unsigned long long)st.inode)
		return 0;
	p->is_there |= first;
	p->device[p->n] = (unsigned long long)st.device;
	p->inode[p->n++] = (unsigned long long)st.inode;
	return 1;
}

/* Where PATH is, which may not be there yet: then ABOVE is, in which it will. */
static inline void
rs_place_find(struct rs_place *p, const char *path, const char *above)
{
	char *at;
	size_t n;

	memset(p, 0, sizeof(*p));
	rs_place_machine(p);
	n = strlen(above == NULL ? path : above);
	at = rs_memory(n + 3 * RS_PLACES + 1);
	memcpy(at, above == NULL ? path : above, n);
	for (int i = 0; i < RS_PLACES && rs_place_add(p, at, i == 0 &&
	    above == NULL); i++, n += 3)
		memcpy(at + n, "/..", 4);
	xn_free(at);
}

static inline void
rs_put_place(struct rs_out *o, const struct rs_place *p)
{
	rs_put_text(o, p->machine);
	rs_put_byte(o, p->is_there);
	rs_put(o, (unsigned long long)p->n);
	for (int i = 0; i < p->n; i++) {
		rs_put(o, p->device[i]);
		rs_put(o, p->inode[i]);
	}
}

static inline void
rs_get_place(struct rs_in *in, struct rs_place *p)
{
	char *machine = rs_get_text(in);

	memset(p, 0, sizeof(*p));
	snprintf(p->machine, sizeof(p->machine), "%s", machine);
	xn_free(machine);
	p->is_there = rs_get_byte(in) == 1;
	p->n = (int)rs_get_below(in, RS_PLACES, "the number of folders above");
	for (int i = 0; i < p->n; i++) {
		p->device[i] = rs_get(in);
		p->inode[i] = rs_get(in);
	}
}

/* Is the folder that A is B's, or one above that? */
static inline int
rs_place_holds(const struct rs_place *a, const struct rs_place *b)
{
	for (int i = 0; a->is_there && i < b->n; i++)
		if (a->device[0] == b->device[i] && a->inode[0] == b->inode[i])
			return 1;
	return 0;
}

/* Are both the same, or does one lie in the other? */
static inline int
rs_place_meets(const struct rs_place *a, const struct rs_place *b)
{
	return a->machine[0] != '\0' && strcmp(a->machine, b->machine) == 0 &&
	    (rs_place_holds(a, b) || rs_place_holds(b, a));
}

#endif
