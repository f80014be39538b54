/* Packed attributes are what they were put together from, or refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <execnet/remote.h>
#include "core/side/attrs.h"
#include "tests/fuzz/fuzz.h"

/* One attribute packed again at OUT, which has room. */
static size_t
pack(uint8_t *out, const struct xn_side_attr *a)
{
	size_t length = strlen(a->name);

	out[0] = (uint8_t)(length >> 8);
	out[1] = (uint8_t)length;
	for (int i = 0; i < 4; i++)
		out[2 + i] = (uint8_t)(a->n >> (24 - 8 * i));
	memcpy(out + 6, a->name, length);
	if (a->n > 0)
		memcpy(out + 6 + length, a->value, a->n);
	return 6 + length + a->n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* as large as they are and no larger: sanitizers see the end */
	uint8_t *again = malloc(size + 1), *exact = malloc(size + 1);
	const unsigned char *at = exact;
	size_t left = size, n = 0;
	struct xn_side_attr a;
	int more;

	if (again == NULL || exact == NULL)
		abort();
	memcpy(exact, data, size);
	while ((more = xn_side__attrs_next(&at, &left, &a)) == 1)
		n += pack(again + n, &a);
	if ((more == 0) != (left == 0) || n != size - left ||
	    memcmp(again, exact, n) != 0)
		abort();
	/* Nothing is looked at before all of them are right. */
	if (xn_fset_attrs(-1, exact, (unsigned int)size) == 0 ||
	    (errno != EINVAL && errno != EBADF) ||
	    (errno == EBADF && more != 0))
		abort();
	free(again);
	free(exact);
	return 0;
}
