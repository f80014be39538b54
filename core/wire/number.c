/* number.c: integers as decimal text. */
#include "core/wire/internal.h"

#include "core/wire/code.h"

/* Put the value of D into D->small if 64 bits can hold it. */
static void
make_small(struct xn_decimal *d)
{
	/* Counted downwards, because the negative range is the larger one. */
	int64_t v = 0;

	d->fits = 0;
	if (d->n > 19)
		return;
	for (size_t i = 0; i < d->n; i++) {
		int digit = d->digits[i] - '0';

		if (v < (INT64_MIN + digit) / 10)
			return;
		v = v * 10 - digit;
	}
	if (!d->negative && v == INT64_MIN)
		return;
	d->small = d->negative ? v : -v;
	d->fits = 1;
}

int
xn_decimal__parse(struct xn_decimal *d, const char *text, size_t n)
{
	d->negative = 0;
	d->small = 0;
	if (n > 0 && (text[0] == '-' || text[0] == '+')) {
		d->negative = text[0] == '-';
		text++;
		n--;
	}
	if (n == 0 || n > XN_DIGITS_MAX)
		return XN_C_BAD_NUMBER;
	for (size_t i = 0; i < n; i++)
		if (text[i] < '0' || text[i] > '9')
			return XN_C_BAD_NUMBER;
	while (n > 1 && text[0] == '0') {
		text++;
		n--;
	}
	if (text[0] == '0')
		d->negative = 0;
	d->digits = text;
	d->n = n;
	make_small(d);
	return XN_C_OK;
}
