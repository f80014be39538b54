/*
 * rsync_bad.h: one side of rsync, and a test that speaks for the other one,
 * as badly as it likes.
 *
 * The side runs natively or shipped to an agent of this machine.  Beneath a new
 * folder of the test's own are "root", the side's tree, and "outside", which
 * nothing may touch.
 */
#ifndef XN_TESTS_RSYNC_BAD_H
#define XN_TESTS_RSYNC_BAD_H

#include <execnet.h>

#include <stddef.h>

/* What a side is told beside its tree; bits. */
#define BAD_FOLLOW	0x01
#define BAD_PARTIAL	0x02
#define BAD_DELETE	0x04
#define BAD_DRY		0x08
#define BAD_RULES	0x10		/* without "*.key" */

#define BAD_KEEP	0x7f		/* all, owners by number */

struct bad {
	int natively;
	apr_pool_t *pool;
	xn_group_t *group;
	xn_gateway_t *gateway;
	const char *folder;
	xn_channel_t *control;		/* as its coordinator has it */
	xn_channel_t *peer;		/* as its peer has it */
	xn_channel_t *second;		/* a source has two targets */
	char *told;			/* what it told the coordinator, as text */
	char *error;			/* what it ended with; "" without */
};

/* A folder with "root" and "outside", and an agent; bad_close() removes it. */
void bad_open(struct bad *b, int natively);
void bad_close(struct bad *b);

/* Start a side: the tree's, or the one that keeps it like ours. */
void bad_source(struct bad *b, int flags);	/* for two targets */
void bad_target(struct bad *b, int flags);

/* Run CASE_OF with the side in an agent, then natively. */
void bad_both(void (*case_of)(struct bad *b));

/* A path beneath the folder, good until 8 further calls. */
const char *bad_path(const struct bad *b, const char *path);

/* Make a file; a shell's command, run in the folder, which must succeed. */
void bad_put(const struct bad *b, const char *path, const char *text);
void bad_shell(const struct bad *b, const char *command);

/* Is PATH a file with just that text? */
int bad_has(const struct bad *b, const char *path, const char *text);

/* What "root" has, names separated by blanks; good until the next call. */
const char *bad_names(const struct bad *b);

/* 1 if nothing outside was touched. */
int bad_outside_is_untouched(const struct bad *b);

/* The process that the side is in. */
int bad_process(const struct bad *b);

/* ---- Speaking ------------------------------------------------------------ */

#define SAY_MOST	(256 * 1024)

/* Records that are to be a message. */
struct say {
	unsigned char bytes[SAY_MOST + 1];
	size_t n;
};

void say_byte(struct say *s, int byte);
void say_number(struct say *s, unsigned long long number);
void say_bytes(struct say *s, const void *bytes, size_t n);	/* no length */
void say_text(struct say *s, const char *text);		/* a length, a text */
void say_text_n(struct say *s, const void *text, size_t n);

/* An entry of that TYPE; the other fields as small as they can be. */
struct say_entry {
	const char *name;
	size_t name_n;			/* 0: strlen(name) */
	unsigned long long mode, uid, gid, size, links, device, inode, major;
	const char *link;
	const void *attrs;
	size_t attrs_n;
};
void say_entry(struct say *s, int type, const struct say_entry *e);

/* "e", and a file, folder... of that name. */
void say_named(struct say *s, int type, const char *name);

/* Send what S has, which is empty then: plain, or packed. */
void say_it(struct bad *b, struct say *s);
void say_packed(struct bad *b, struct say *s);

/* The packed message in OUT, of SIZE bytes: how many it has. */
size_t say_pack(struct say *s, void *out, size_t size);

/* The root's entry, in a message of its own: the walk begins. */
void say_root(struct bad *b);

/* F: a file of SIZE bytes; b and Z: its bytes and their hash. */
void say_head(struct say *s, unsigned long long size);
void say_data(struct say *s, const void *bytes, size_t n);
void say_end(struct say *s, const void *bytes, size_t n);

/*
 * The next message of the peer, unpacked: its bytes, and how many in *N.  NULL
 * when it has ended, or nothing came for some seconds.  Good until the next.
 */
const unsigned char *hear(struct bad *b, size_t *n);

/* Let what follows be said and heard as the other target. */
void say_as_other(struct bad *b);

/* Say what is kept, as a target does first, and hear the root. */
void say_open(struct bad *b);

/* Say that nothing more is wanted. */
void say_quit(struct bad *b);

/* Hear until it has ended, within some seconds: 1, or 0. */
int hear_end(struct bad *b);

/* Hear until a message ends with BYTE: 1, or 0. */
int hear_byte(struct bad *b, int byte);

/* Hear until a message has a request that begins with WHAT and PATH: 1, or 0. */
int hear_request(struct bad *b, int what, const char *path);

/* ---- Ends ---------------------------------------------------------------- */

/* Fails the test if there is an error. */
void bad_must(xn_error_t *error);

/* Wait for the side to end: b->told and b->error. */
void bad_wait(struct bad *b);

/* It must end with an error that has PART; nothing outside was touched. */
void bad_refuses(struct bad *b, const char *part);

/* It must end well and have told an error that has PART (NULL: none). */
void bad_ends(struct bad *b, const char *part);

#endif
