/* Pieces of any size give the messages that the whole gives. */
#include <stdlib.h>
#include <string.h>

#include "core/wire/message.h"
#include "tests/fuzz/fuzz.h"

#define MAX	1000u

/* Take all messages of the N bytes at P, pushed PIECE at a time, and append
 * them to OUT as they would be sent; returns the last result. */
static int
take_all(struct xn_buf *out, const uint8_t *p, size_t n, size_t piece)
{
	struct xn_message m;
	struct xn_buf in;
	int rc = 0;

	xn_buf_init(&in, n);
	while (n > 0 && rc >= 0) {
		size_t now = n < piece ? n : piece;

		if (xn_buf_put(&in, p, now) != 0)
			abort();
		p += now;
		n -= now;
		while ((rc = xn_message_take(&m, &in, MAX)) == 1)
			if (m.length > MAX || xn_message_put(out, m.type,
			    m.channel, m.payload, m.length) != 0)
				abort();
	}
	xn_buf_free(&in);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xn_buf whole, pieces;
	size_t piece = size > 0 ? data[0] % 17u + 1 : 1;

	xn_buf_init(&whole, size);
	xn_buf_init(&pieces, size);
	if (size > 0) {
		data++;
		size--;
	}
	if (take_all(&whole, data, size, size + 1) !=
	    take_all(&pieces, data, size, piece) ||
	    xn_buf_len(&whole) != xn_buf_len(&pieces) ||
	    xn_buf_len(&whole) > size)
		abort();
	/* What was taken is the beginning of what was given. */
	if (xn_buf_len(&whole) != 0 && (memcmp(xn_buf_data(&whole), data,
	    xn_buf_len(&whole)) != 0 || memcmp(xn_buf_data(&pieces), data,
	    xn_buf_len(&pieces)) != 0))
		abort();
	xn_buf_free(&whole);
	xn_buf_free(&pieces);
	return 0;
}
