/*
 * send.h: an item on its way to a program over there.
 */
#ifndef FILEPROC_SEND_H
#define FILEPROC_SEND_H

#include "plugins/fileproc/item.h"
#include "plugins/fileproc/options.h"

/*
 * Send the bytes of ITEM, open as FD, or all that is in it.  *REMOTE is the
 * error of the channel, *WRONG what is wrong with the item; else both NULL.
 */
xn_error_t *fp_send_item(const char **wrong, xn_error_t **remote,
    xn_channel_t *channel, int fd, const fp_item_t *item, apr_pool_t *pool);

/* The bytes of one file of SIZE bytes. */
xn_error_t *fp_send_file(const char **wrong, xn_error_t **remote,
    xn_channel_t *channel, int fd, long long size);

/* PATHS and ROOM, NULL-ended, in POOL. */
const char *const *fp_with_room(const char *const *paths, const char *room,
    apr_pool_t *pool);

/* Is VALUE a tuple that begins with the string TAG? */
int fp_is_tagged(const xn_value_t *value, const char *tag);

/* Take VALUE apart by FORMAT: 1, or 0 if it has another shape. */
#define fp_unpacks(value, pool, ...)					\
	(fp_clear_mismatch(xn_unpack_value(value, pool, __VA_ARGS__)))
int fp_clear_mismatch(xn_error_t *error);

#endif
