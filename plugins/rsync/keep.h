/*
 * keep.h: the numbers that the coordinator and the sides share.
 */
#ifndef RSYNC_KEEP_H
#define RSYNC_KEEP_H

/* What of an entry is kept, beside type, size, content and link text. */
#define RS_PERMS	0x01
#define RS_TIMES	0x02
#define RS_OWNER	0x04
#define RS_GROUP	0x08
#define RS_ATTRS	0x10
#define RS_LINKS	0x20		/* hard links */
#define RS_NUMERIC	0x40		/* owners by number, not by name */
#define RS_USERS	0x80		/* of the attributes, those of any owner */

/* Whether sides confine themselves. */
enum rs_confine { RS_CONFINE_AUTO, RS_CONFINE_REQUIRE, RS_CONFINE_OFF };

/* When extra things are deleted. */
enum rs_delete { RS_DELETE_NO, RS_DELETE_DURING, RS_DELETE_AFTER };

#endif
