/*
 * side_prove_open.h: opening a repository to make digests of it, and saying
 * what it is; and which repositories there are.
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_OPEN_H
#define SVNHOTSYNC_SIDE_PROVE_OPEN_H

#include "side_names.h"
#include "side_prove.h"
#include "side_run.h"

/* A file that says what it is, or fails. */
static inline const char *
open_text(struct prove *v, const char *name)
{
	const char *text = fs_read_text(v->s.db, name, NULL);

	if (text == NULL)
		xn_fail("cannot read %s/db/%s: %m", v->s.path, name);
	return text;
}

/* By copy: what kind of FSFS it is. */
static inline void
open_fsfs(struct prove *v)
{
	const char *why;

	if (strcmp(open_text(v, "fs-type"), "fsfs\n") != 0)
		xn_fail("%s is no FSFS: only method = dump can compare it",
		    v->s.path);
	why = fs_format_read(&v->s.fs, open_text(v, "format"));
	if (why != NULL)
		xn_fail("%s: %s", v->s.path, why);
	if (fs_first_line(v->s.uuid, sizeof(v->s.uuid),
	    open_text(v, "uuid")) != 0 || !fs_is_uuid(v->s.uuid))
		xn_fail("%s: its db/uuid is damaged", v->s.path);
	read_numbers(&v->s);
}

/* By dump: as Subversion says. */
static inline void
open_dump(struct prove *v)
{
	const char *argv[4] = { "svnlook", "uuid" };
	char text[64];

	argv[2] = v->s.path;
	run_line(argv, "svnlook uuid", v->s.path, v->s.uuid,
	    sizeof(v->s.uuid));
	if (!fs_is_uuid(v->s.uuid))
		xn_fail("svnlook uuid %s says \"%s\"", v->s.path, v->s.uuid);
	argv[1] = "youngest";
	run_line(argv, "svnlook youngest", v->s.path, text, sizeof(text));
	v->s.youngest = fs_whole_number(text);
	if (v->s.youngest < 0)
		xn_fail("svnlook youngest %s says \"%s\"", v->s.path, text);
}

/* Room for the digests. */
static inline void
open_room(struct prove *v)
{
	if (v->n > PROVE_MAX)
		xn_fail("%s has %lld revisions, more than can be compared",
		    v->s.path, v->n);
	v->props = malloc((size_t)v->n * 16);
	v->content = malloc((size_t)v->n * 16);
	v->rest = calloc((size_t)v->n, 16);
	v->known = calloc(1, (size_t)v->n);
	if (v->props == NULL || v->content == NULL || v->rest == NULL ||
	    v->known == NULL)
		xn_fail("out of memory");
}

/* There is no record of ours. */
static inline void
open_no_mirror(struct prove *v)
{
	if (errno == ENOENT)
		xn_fail("%s is no mirror: syncgate did not make it, or it was "
		    "promoted since", v->s.path);
	xn_fail("cannot read %s/db/syncgate: %m", v->s.path);
}

/* Open it and introduce it; with STATUS a mirror's youngest is what its files
 * say, however it was made. */
static inline void
prove_open(struct prove *v, int status)
{
	const char *proof = "", *differs = "";

	v->s.root = xn_base_open(v->s.path);
	if (v->s.root == -1)
		xn_fail("cannot open the repository %s: %m", v->s.path);
	v->s.db = xn_open(v->s.root, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (v->s.db == -1)
		xn_fail("cannot open %s/db: %m", v->s.path);
	if (v->mirror) {
		if (fs_read_text(v->s.db, "syncgate", NULL) == NULL)
			open_no_mirror(v);
		proof = fs_read_text(v->s.db, PROOF, NULL);
		differs = fs_read_text(v->s.db, DIFFERS, NULL);
	}
	if (v->dump && !status)
		open_dump(v);
	else
		open_fsfs(v);
	v->n = v->s.youngest + 1;
	if (!status)
		open_room(v);
	xn_send(v->channel, "(ssllss)", "repository", v->s.uuid,
	    v->s.youngest, v->s.min_unpacked, proof == NULL ? "" : proof,
	    differs == NULL ? "" : differs);
}

/* ---- Which there are ----------------------------------------------------- */

static inline void
list_repositories(xn_channel *channel, const char *parent, const char *pattern)
{
	int base = xn_base_open(parent);
	xn_dir *dir = base == -1 ? NULL : xn_dir_open(base, "");
	const char *name;
	char path[300];
	xn_stat_t st;

	if (dir == NULL)
		xn_fail("cannot read the folder %s: %m", parent);
	while ((name = xn_dir_next(dir)) != NULL) {
		snprintf(path, sizeof(path), "%.255s/db/fs-type", name);
		if (!name_matches(pattern, name) ||
		    name_is_left_behind(name) || xn_stat(base, path, &st) != 0)
			continue;
		if (name_is_plain(name))
			xn_send(channel, "(sp)", "found", name);
		else
			xn_log("a repository in %s is left out: " NAME_ODD,
			    parent);
	}
	xn_dir_close(dir);
	close(base);
	xn_send(channel, "(s)", "listed");
}

#endif
