/*
 * side_load_anew.h: a mirror by dump that is made anew beside the old one
 * (side_mirror_resync.h): by --resync, of nothing that the old one has, or by a
 * repair, of what is good in it (side_load_reload.h).
 *
 * Both are loaded as any mirror is.  When the new one has all, and the
 * coordinator says so, it takes the old one's place.
 */
#ifndef SVNHOTSYNC_SIDE_LOAD_ANEW_H
#define SVNHOTSYNC_SIDE_LOAD_ANEW_H

#include "side_load_memory.h"
#include "side_mirror_resync.h"

/* What a killed run began goes; what is not known stays, and is in the way. */
static void
anew_clear(struct load *l)
{
	struct mirror *m = &l->m;
	const char *mark = xn_printf("%s/db/" RESYNC_FILE, m->new_name);
	const char *begun = xn_printf("%s/" BEGINNING, m->new_name);
	char memory[64];

	/* (An empty folder is nobody's, or of one that was just begun.) */
	if (xn_rmdir(m->parent, m->new_name) == 0 || errno == ENOENT)
		return;
	if (!is_there(m->parent, mark) && !is_there(m->parent, begun))
		REFUSE(m, "%s" NEW_SUFFIX " is in the way of a new mirror, and "
		    "was not begun as one: rename it", m->place);
	m->db = xn_open(m->parent, xn_printf("%s/db", m->new_name),
	    XN_O_READ | XN_O_DIRECTORY, 0);
	for (int i = 0; m->db != -1 && i < 2; i++) {
		memory_of_link(l, memory_dirs[i], memory);
		if (memory[0] != '\0')
			memory_remove(memory);
	}
	close_fd(&m->db);
	if (xn_remove_tree(m->parent, m->new_name) != 0 && errno != ENOENT)
		xn_fail("cannot remove %s: %m", m->path);
}

/* A new one that is no repository yet is known as ours by this folder in it. */
static void
make_beginning(struct mirror *m)
{
	if (m->root == -1)
		m->root = xn_base_make(m->path, 0777);
	if (m->root == -1)
		xn_fail("cannot make the mirror %s: %m", m->path);
	if (xn_mkdir(m->root, BEGINNING, 0777) != 0)
		xn_fail("cannot make %s/" BEGINNING ": %m", m->path);
}

/* Of --resync: what was begun goes on if it is a repository by now, and nothing
 * of the old one is in it. */
static void
anew_resume(struct load *l)
{
	const struct mirror *m = &l->m;
	const char *mark = fs_read_text(m->parent, xn_printf("%s/db/"
	    RESYNC_FILE, m->new_name), NULL);

	if (mark == NULL || strcmp(mark, RESYNC_NEW) != 0 ||
	    !is_there(m->parent, xn_printf("%s/format", m->new_name)) ||
	    !is_there(m->parent, xn_printf("%s/db/" RECORD, m->new_name)))
		anew_clear(l);
}

/* What was begun fits no more, and is of no use. */
static void
anew_again(struct load *l)
{
	struct mirror *m = &l->m;

	load_close(l);
	close_fd(&m->run_lock);
	close_fd(&m->db);
	close_fd(&m->root);
	anew_clear(l);
	m->fresh = 1;
	m->youngest = m->last.rev = m->published.rev = -1;
}

/* The new one takes the old one's place. */
static void
anew_take_place(struct load *l)
{
	/* (It is open by its name.) */
	load_close(l);
	/* (Should they not be exchanged, it may be done by hand.) */
	l->reloading = 0;
	resync_end(&l->m);
}

/* A cleanup: what a repair began goes; --resync goes on with it. */
static void
anew_cleanup(struct load *l)
{
	if (l->reloading)
		xn_remove_tree(l->m.parent, l->m.new_name);
	close_fd(&l->old_db);
	close_fd(&l->m.parent);
	close_fd(&l->m.old);
	close_fd(&l->m.old_lock);
}

#endif
