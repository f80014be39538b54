/*
 * The form with five fields is that of crontab(5), with its rule that a day of
 * the month and a day of the week, if both are restricted, are alternatives.
 */
#include "appliance/job/at.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WRONG	"is not a time: write it as 02:30, \"Mon-Fri 02:30\" or " \
		"\"30 2 * * 1-5\""

typedef unsigned long long mask_t;

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : 100;
}

int
syncgate_at_time(const char *text, char last)
{
	static const int most[] = { 24, 60, 60 };
	int seconds = 0, parts = 0;

	for (;;) {
		int number = digit(text[0]) >= 10 ? 100 :
		    10 * digit(text[0]) + digit(text[1]);

		if (parts == 3 || number >= most[parts])
			return -1;
		seconds = seconds * 60 + number;
		parts++;
		text += 2;
		if (*text == last && parts > 1)
			return parts == 2 ? seconds * 60 : seconds;
		if (*text++ != ':')
			return -1;
	}
}

/* ---- Lists of numbers ---------------------------------------------------- */

/* What a field may have. */
struct field {
	int low, high;
	const char *names;		/* of three letters, from the first on */
	int first;
};

static const struct field week = { 0, 7, "sunmontuewedthufrisat", 0 };
static const struct field cron[] = {
	{ 0, 59, "", 0 }, { 0, 23, "", 0 }, { 1, 31, "", 0 },
	{ 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1 },
	{ 0, 7, "sunmontuewedthufrisat", 0 }
};
#define FIELDS	((int)(sizeof(cron) / sizeof(cron[0])))

/* A number or a name at *TEXT, which is moved behind it; -1: neither. */
static int
take_one(const char **text, const struct field *field)
{
	size_t count = strlen(field->names) / 3;
	int number = 0, n = 0;

	for (size_t i = 0; i < count; i++)
		if (strncasecmp(*text, field->names + 3 * i, 3) == 0) {
			*text += 3;
			return field->first + (int)i;
		}
	for (; digit(**text) < 10 && n < 3; n++)
		number = number * 10 + digit(*(*text)++);
	return n == 0 || number < field->low || number > field->high ? -1 :
	    number;
}

/* "*", "N" or "N-M", and perhaps "/STEP": 0, or -1. */
static int
take_range(mask_t *mask, const char **text, const struct field *field)
{
	static const struct field steps = { 1, 59, "", 0 };
	int from = field->low, to = field->high, step = 1;
	int all = **text == '*';

	if (all) {
		(*text)++;
	} else {
		from = to = take_one(text, field);
		if (from >= 0 && **text == '-') {
			(*text)++;
			to = take_one(text, field);
		}
		if (from < 0 || to < from)
			return -1;
	}
	if (**text == '/') {
		(*text)++;
		step = take_one(text, &steps);
		if (step < 0 || (!all && from == to))
			return -1;
	}
	for (int i = from; i <= to; i += step)
		*mask |= 1ULL << i;
	return 0;
}

/* A list of them, with END behind it; *TEXT is moved behind that. */
static int
take_field(mask_t *mask, const char **text, const struct field *field,
    char end)
{
	*mask = 0;
	for (;;) {
		if (take_range(mask, text, field) != 0)
			return -1;
		if (**text == end)
			break;
		if (*(*text)++ != ',')
			return -1;
	}
	if (end != '\0')
		*text += strspn(*text, " \t");
	return 0;
}

/* 7 is Sunday, too; all of them are no restriction. */
static int
week_of(mask_t mask)
{
	mask = (mask | mask >> 7) & 0x7f;
	return mask == 0x7f ? 0 : (int)mask;
}

/* ---- What it says -------------------------------------------------------- */

static void
add(apr_array_header_t *at, apr_array_header_t *on, int seconds,
    const int days[SYNCGATE_AT_DAYS])
{
	APR_ARRAY_PUSH(at, int) = seconds;
	for (int i = 0; i < SYNCGATE_AT_DAYS; i++)
		APR_ARRAY_PUSH(on, int) = days[i];
}

/* Does any of MONTHS have any of DAYS? */
static int
is_ever(const int days[SYNCGATE_AT_DAYS])
{
	static const int longest[12] = { 31, 29, 31, 30, 31, 30, 31, 31, 30,
	    31, 30, 31 };
	int months = days[SYNCGATE_AT_MONTH];

	if (days[SYNCGATE_AT_MONTH_DAY] == 0 || (days[SYNCGATE_AT_WEEK] &
	    SYNCGATE_AT_EITHER) != 0)
		return 1;
	for (int i = 0; i < 12; i++)
		if ((months == 0 || (months & 1 << i) != 0) &&
		    (days[SYNCGATE_AT_MONTH_DAY] & ((1LL << longest[i]) - 1))
		    != 0)
			return 1;
	return 0;
}

static const char *
read_cron(apr_array_header_t *at, apr_array_header_t *on, const char *text)
{
	mask_t masks[FIELDS];
	int days[SYNCGATE_AT_DAYS];

	for (int i = 0; i < FIELDS; i++) {
		char end = i == FIELDS - 1 ? '\0' :
		    text[strcspn(text, " \t")] == '\t' ? '\t' : ' ';

		if (take_field(&masks[i], &text, &cron[i], end) != 0)
			return WRONG;
	}
	days[SYNCGATE_AT_MONTH_DAY] = masks[2] == 0xfffffffeULL ? 0 :
	    (int)(masks[2] >> 1);
	days[SYNCGATE_AT_MONTH] = masks[3] == 0x1ffeULL ? 0 :
	    (int)(masks[3] >> 1);
	days[SYNCGATE_AT_WEEK] = week_of(masks[4]);
	if (days[SYNCGATE_AT_WEEK] != 0 && days[SYNCGATE_AT_MONTH_DAY] != 0)
		days[SYNCGATE_AT_WEEK] |= SYNCGATE_AT_EITHER;
	if (!is_ever(days))
		return "is on a day that no such month has";
	for (int hour = 0; hour < 24; hour++)
		for (int minute = 0; minute < 60; minute++)
			if ((masks[1] >> hour & 1) != 0 &&
			    (masks[0] >> minute & 1) != 0)
				add(at, on, hour * 3600 + minute * 60, days);
	return NULL;
}

const char *
syncgate_at_read(apr_array_header_t *at, apr_array_header_t *on,
    const char *text)
{
	int days[SYNCGATE_AT_DAYS] = { 0 }, seconds;
	mask_t mask;

	if (strchr(text, ':') == NULL)
		return read_cron(at, on, text);
	if (strchr(text, ' ') != NULL) {
		if (digit(*text) < 10 || *text == '*' ||
		    take_field(&mask, &text, &week, ' ') != 0)
			return WRONG;
		days[SYNCGATE_AT_WEEK] = week_of(mask);
	}
	seconds = syncgate_at_time(text, '\0');
	if (seconds < 0)
		return WRONG;
	add(at, on, seconds, days);
	return NULL;
}
