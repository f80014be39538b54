/* What the decoder accepts must be written again, and read to the same. */
#include <stdlib.h>
#include <string.h>

#include "core/wire/code.h"
#include "core/wire/format.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/arena.h"

static char a_channel;

static void *
find_channel(void *baton, int32_t id)
{
	(void)baton;
	return id == 0 ? NULL : &a_channel;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .limit = 256u << 20 };
	struct xn_decode_env env = { .alloc = arena_alloc,
	    .alloc_baton = &arena, .channel = find_channel };
	const xn_value *v, *again;
	struct xn_buf first, second;
	char line[256];

	xn_buf_init(&first, 1u << 26);
	xn_buf_init(&second, 1u << 26);
	/* The first byte chooses the coercions. */
	if (size > 0) {
		env.py2str_as_py3str = data[0] & 1;
		env.py3str_as_py2str = data[0] >> 1 & 1;
	}
	if (size > 0 && xn_decode(&v, data + 1, size - 1, &env) == XN_C_OK) {
		xn_repr(line, sizeof(line), v);
		env.py3str_as_py2str = 0;
		if (xn_encode(&first, v) != XN_C_OK ||
		    xn_decode(&again, xn_buf_data(&first),
		    xn_buf_len(&first), &env) != XN_C_OK ||
		    xn_encode(&second, again) != XN_C_OK ||
		    xn_buf_len(&first) != xn_buf_len(&second) ||
		    memcmp(xn_buf_data(&first), xn_buf_data(&second),
		    xn_buf_len(&first)) != 0)
			abort();
	}
	xn_buf_free(&first);
	xn_buf_free(&second);
	arena_free(&arena);
	return 0;
}
