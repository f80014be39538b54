#include "appliance/cmd/items.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "appliance/job/json.h"
#include "appliance/job/text.h"

#define NAME_BYTES 4096		/* of a line; the rest is cut off */

/* ---- For people --------------------------------------------------------- */

/* "59s", "3h", "12d": how long ago, in six columns. */
static void
age_of(char *out, size_t size, apr_time_t then)
{
	static const struct {
		long long seconds;
		const char *letter;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };
	long long age = apr_time_sec(apr_time_now() - then);
	size_t i = 0;

	if (age < 0)
		age = 0;
	/* At least two of it, so that it says something. */
	while (i < 3 && age < 2 * units[i].seconds)
		i++;
	snprintf(out, size, "%lld%s", age / units[i].seconds,
	    units[i].letter);
}

static void
size_of(char *out, size_t size, long long bytes)
{
	static const char *const letters[] = { "", "k", "M", "G", "T", "P" };
	double n = (double)bytes;
	int i = 0;

	if (bytes < 0) {
		snprintf(out, size, "-");
		return;
	}
	for (; n >= 1000 && i < 5; i++)
		n /= 1024;
	snprintf(out, size, i > 0 && n < 10 ? "%.1f%s" : "%.0f%s", n,
	    letters[i]);
}

/* The last line of NOTE that is not behind blanks: what happened last. */
static void
last_of(char *out, size_t size, const char *note)
{
	const char *last = "";
	size_t n = 0;

	while (note != NULL && *note != '\0') {
		size_t line = strcspn(note, "\n");

		if (line > 0 && *note != ' ') {
			last = note;
			n = line;
		}
		note += line + (note[line] != '\0');
	}
	snprintf(out, size, "%.*s", (int)n, last);
}

void
cmd_items_print_head(int whole_ids)
{
	printf("%-*s %-10s %5s %6s %6s  %s\n", whole_ids ? 32 : 8, "ID",
	    "STATE", "TRIES", "AGE", "SIZE", "NAME");
}

void
cmd_items_print(const syncgate_item_t *item, int whole_ids)
{
	char age[32], size[32], name[NAME_BYTES];
	char last[NAME_BYTES], note[NAME_BYTES];

	age_of(age, sizeof(age), item->arrived);
	size_of(size, sizeof(size), item->size);
	syncgate_text_clean(name, sizeof(name), item->name);
	last_of(last, sizeof(last), item->note);
	syncgate_text_clean(note, sizeof(note), last);
	printf("%-.*s %-10s %5d %6s %6s  %s%s%s\n", whole_ids ? 32 : 8,
	    item->id, cmd_items_state(item->state), item->tries, age, size,
	    name, *note != '\0' ? ": " : "", note);
}

/* ---- For programs ------------------------------------------------------- */

/* A name may be no text: then it is bytes, as everywhere in our JSON. */
static void
put_text(const char *key, const char *text)
{
	xn_value_t value = { .kind = XN_NONE };

	if (text != NULL && syncgate_text_is_utf8(text)) {
		value.kind = XN_STR;
		value.u.text = text;
	} else if (text != NULL) {
		value.kind = XN_BYTES;
		value.u.bytes = (const unsigned char *)text;
	}
	if (text != NULL)
		value.size = (unsigned int)strlen(text);
	printf(", \"%s\": ", key);
	syncgate_json_write(stdout, &value);
}

void
cmd_items_print_json(const syncgate_item_t *item)
{
	printf("{\"id\": \"%s\"", item->id);
	put_text("name", item->name);
	printf(", \"state\": \"%s\", \"tries\": %d",
	    cmd_items_state(item->state), item->tries);
	if (item->size >= 0)
		printf(", \"size\": %lld", item->size);
	else
		printf(", \"size\": null");
	cmd_json_time("arrived", item->arrived);
	cmd_json_time("due", item->due);
	cmd_json_time("changed", item->changed);
	put_text("remote", item->remote);
	put_text("note", item->note);
	printf("}\n");
}
