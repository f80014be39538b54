/*
 * send_file.c: bytes of a file on their way out, read where they are sent from.
 */
#include "core/gateway/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/wire/dump.h"

#define PIECE	(60 * 1024)	/* one frame; whole pages, as files have them */
#define HEAD	5		/* of bytes as a value, before them */

/* A block for N bytes of payload; NULL: no memory. */
static uint8_t *
take_block(xn_channel_t *ch, size_t n)
{
	uint8_t *block;

	if (ch->gateway == NULL)
		return malloc(n);
	xn_group__lock(ch->group);
	block = xn_spare__take(ch->gateway, n);
	xn_group__unlock(ch->group);
	return block;
}

/* Read a piece of at most WANT bytes as a value into BLOCK: *GOT, 0 at the end
 * of the file. */
static xn_error_t *
read_piece(uint8_t *block, size_t *got, int fd, long long at, size_t want)
{
	ssize_t n;

	do
		n = pread(fd, block + HEAD, want, (off_t)at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return xn_error_system(errno, "cannot read the file to be "
		    "sent");
	block[0] = XN_OP_BYTES;
	xn_set_u32(block + 1, (uint32_t)n);
	block[HEAD + n] = XN_OP_STOP;
	*got = (size_t)n;
	return NULL;
}

xn_error_t *
xn_channel_send_file(long long *sent, xn_channel_t *ch, int fd, long long at,
    long long n)
{
	*sent = 0;
	while (*sent < n) {
		size_t want = n - *sent < PIECE ? (size_t)(n - *sent) : PIECE;
		size_t got = 0;
		uint8_t *block = take_block(ch, HEAD + want + 1);
		xn_error_t *error = block != NULL ? read_piece(block, &got, fd,
		    at + *sent, want) : xn_error_create(XN_E_NOMEM,
		    "no memory to send");

		if (error != NULL || got == 0) {
			free(block);
			return error;
		}
		XN_TRY(xn_channel__send_payload(ch, block, HEAD + got + 1));
		*sent += (long long)got;
	}
	return NULL;
}
