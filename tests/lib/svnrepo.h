/*
 * svnrepo.h: repositories with the layout of FSFS, made quickly and without
 * Subversion, and svnhotsync's two sides run against each other natively.
 *
 * What is in a revision's file is of no concern to the sides, so here it is
 * text that tells the revision, or noise of a given size.
 */
#ifndef XN_TESTS_SVNREPO_H
#define XN_TESTS_SVNREPO_H

#include <stddef.h>

/* A new folder of the test's own; removed by svnrepo_end(). */
const char *svnrepo_begin(void);
void svnrepo_end(void);

/* A path in it, good until 8 further calls. */
const char *svnrepo_path(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Make PATH a repository with r0, SHARD revisions a shard. */
void svnrepo_make(const char *path, long long shard);

/* Add a revision whose file has SIZE bytes (0: a short text), and move
 * `current` by rename as Subversion does. */
void svnrepo_commit(const char *path, long long shard, long long rev,
    size_t size);

/* Pack the first shard that is not packed; LEAVE keeps the unpacked files. */
void svnrepo_pack(const char *path, long long shard, int compress);

/* Replace REV's properties (unpacked), by rename. */
void svnrepo_revprop(const char *path, long long shard, long long rev,
    const char *log);

/* Write the file NAME in PATH, in place. */
void svnrepo_put(const char *path, const char *name, const char *text);

/* All that is in PATH as one digest: names, modes, contents.  SAME ignores
 * what differs between a source and its mirror by intent, too. */
char *svnrepo_digest(const char *path, int same);

/* The youngest revision, or -1. */
long long svnrepo_youngest(const char *path);

/* ---- The two sides ------------------------------------------------------- */

struct svnpair;

/* What the mirror includes from then on: bits of enum part of side_part.h. */
extern int svnpair_include;

/* Whether it is made anew from then on, and for which state of the source that
 * was approved: n is 16, or 0 if it is not. */
extern struct svnpair_approved {
	unsigned char state[16];
	unsigned int n;
	long long rev;
} svnpair_approved;

/* Start both natively.  With SOURCE NULL the test speaks for the source. */
struct svnpair *svnpair_start(const char *source, const char *mirror,
    int follow, int dry);

/* The next message to the coordinator, "<eof>", or "<error TEXT>". */
const char *svnpair_report(struct svnpair *pair);

/* Wait for a report that begins with BEGINNING: 1, or 0 at the end. */
int svnpair_wait(struct svnpair *pair, const char *beginning);

/* Ask for a stop; cut the connection between the sides. */
void svnpair_stop(struct svnpair *pair);
void svnpair_cut(struct svnpair *pair);

/* The test as the source: send, and receive as text. */
void svnpair_send(struct svnpair *pair, const char *format, ...);
const char *svnpair_receive(struct svnpair *pair);

/* Wait for both and free; the mirror's error (free() it), or NULL. */
char *svnpair_join(struct svnpair *pair);

/* Start, wait, join. */
char *svnpair_once(const char *source, const char *mirror);

#endif
