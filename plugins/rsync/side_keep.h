/*
 * side_keep.h: the numbers that the coordinator and the sides share.
 */
#ifndef RSYNC_SIDE_KEEP_H
#define RSYNC_SIDE_KEEP_H

/* What of an entry is kept, beside type, size, content and link text. */
#define RS_PERMS	0x01
#define RS_TIMES	0x02
#define RS_OWNER	0x04
#define RS_GROUP	0x08
#define RS_ATTRS	0x10
#define RS_LINKS	0x20		/* hard links */
#define RS_NUMERIC	0x40		/* owners by number, not by name */
#define RS_USERS	0x80		/* of the attributes, those of any owner */

/* What is left as it is at a target. */
#define RS_NO_LINKS	0x01		/* symbolic links */
#define RS_NO_DEVICES	0x02
#define RS_NO_SPECIALS	0x04		/* FIFOs and sockets */

/*
 * A change of modes is RS_MODE_RULE numbers: flags, what is kept (and), what is
 * added (or), of whom (0100, 0010, 0001), the shift of whose bits are copied,
 * and which of those count.
 */
#define RS_MODE_RULE	6
#define RS_MODE_FOLDERS	0x01		/* of folders alone */
#define RS_MODE_FILES	0x02		/* of all else alone */
#define RS_MODE_X	0x04		/* x only where there was one, or to
					 * folders */
#define RS_MODE_GIVE	0x08		/* copied bits are added */
#define RS_MODE_TAKE	0x10		/* they are taken away */

/* The owner that rule I of usermap says, on the wire; likewise of groupmap. */
#define RS_MAPPED	0xffff0000u
#define RS_MAPPED_MAX	1000		/* rules */

/* Whether sides confine themselves. */
enum rs_confine { RS_CONFINE_AUTO, RS_CONFINE_REQUIRE, RS_CONFINE_OFF };

/* When extra things are deleted. */
enum rs_delete { RS_DELETE_NO, RS_DELETE_DURING, RS_DELETE_AFTER };

#endif
