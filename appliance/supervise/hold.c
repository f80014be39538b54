#include "appliance/supervise/hold.h"

#include <string.h>

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* TEXT with each of its numbers as one '#', cut where WAY is full. */
static void
make_way(char way[HOLD_WAY_MAX], const char *text)
{
	size_t n = 0;

	for (; *text != '\0' && n < HOLD_WAY_MAX - 1; text++) {
		if (!is_digit(*text))
			way[n++] = *text;
		else if (n == 0 || way[n - 1] != '#')
			way[n++] = '#';
	}
	way[n] = '\0';
}

int
hold_failed(hold_t *hold, const char *text, int after)
{
	char way[HOLD_WAY_MAX];

	make_way(way, text);
	if (strcmp(way, hold->way) != 0)
		hold->same = 0;
	memcpy(hold->way, way, sizeof(way));
	hold->same++;
	return after > 0 && hold->same >= after;
}

void
hold_forget(hold_t *hold)
{
	hold->same = 0;
	hold->way[0] = '\0';
}
