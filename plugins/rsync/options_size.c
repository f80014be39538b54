/*
 * options_size.c: sizes as rsync writes them: 100, 1.5m, 2KB, 1GiB-1.
 */
#include "plugins/rsync/options_inside.h"

#include <string.h>

#define LARGEST	(1ll << 60)

/* What the letters at *AT multiply by, and behind them; 0 if they are none. */
static long long
read_unit(const char **at, int unit)
{
	static const char letters[] = "bkmgtp";
	long long base = 1024, factor = 1;
	const char *found;
	int c = unit;

	if (**at != '\0' && **at != '+' && **at != '-')
		c = *(*at)++ | 0x20;
	found = strchr(letters, c);
	if (found == NULL || c == '\0')
		return 0;
	if (found > letters && (**at == 'b' || **at == 'B')) {
		base = 1000;
		++*at;
	} else if (found > letters && (**at == 'i' || **at == 'I') &&
	    ((*at)[1] == 'b' || (*at)[1] == 'B')) {
		*at += 2;
	}
	for (; found > letters; found--)
		factor *= base;
	return factor;
}

/* TEXT in bytes, or -1. */
static long long
read_size(const char *text, int unit)
{
	const char *at = text;
	long double value = 0, place = 1;
	long long factor;

	while (*at >= '0' && *at <= '9' && value < LARGEST)
		value = value * 10 + (*at++ - '0');
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++)
			value += (*at - '0') * (place /= 10);
	if (at == text || (at == text + 1 && *text == '.'))
		return -1;
	factor = read_unit(&at, unit);
	value *= factor;
	if (factor == 0 || value >= LARGEST)
		return -1;
	if ((*at == '+' || *at == '-') && at[1] == '1') {
		value += *at == '+' ? 1 : -1;
		at += 2;
	}
	return *at != '\0' || value < 0 ? -1 : (long long)value;
}

xn_error_t *
rsync_options_size(long long *out, const syncgate_job_t *job,
    const char *name, int unit, long long none)
{
	const char *text = syncgate_job_string(job, name);

	*out = none;
	if (text == NULL)
		return NULL;
	*out = read_size(text, unit);
	if (*out < 0)
		return xn_error_create(XN_E_CONFIG, "%s is \"%s\", which is no "
		    "size such as 700, 1.5m or 2GB", name, text);
	return NULL;
}
