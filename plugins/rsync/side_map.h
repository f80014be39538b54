/*
 * side_map.h: whose files are to be whose: usermap and groupmap, and chown,
 * which is both.
 *
 * Who a file belongs to is matched where the source is; who that becomes is
 * looked up where the target is.  In between it has a number that stands for the
 * rule, RS_MAPPED and on; with numeric-ids it is the number itself.
 */
#ifndef RSYNC_SIDE_MAP_H
#define RSYNC_SIDE_MAP_H

#include "side_entry.h"
#include "side_wild.h"

struct rs_map_rule {
	const char *from, *to;
	long long low, high;		/* FROM, if it is numbers; else -1 */
	long long number;		/* TO, if it is one; else -1 */
	rs_wild wild;			/* FROM, if it is a name */
};

struct rs_map {
	struct rs_map_rule *rules;
	int n;
	struct rs_owners known;		/* what becomes of whom */
};

/* All of TEXT as a number, or -1. */
static inline long long
rs_all_number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n == 0 || n > 10 || text[n] != '\0' ? -1 : strtoll(text, NULL,
	    10);
}

static inline void
rs_map_rule_make(struct rs_map_rule *rule)
{
	size_t n = strspn(rule->from, "0123456789");

	rule->number = rs_all_number(rule->to);
	rule->low = rule->high = rs_all_number(rule->from);
	if (rule->low < 0 && n > 0 && n <= 10 && rule->from[n] == '-' &&
	    rs_all_number(rule->from + n + 1) >= 0) {
		rule->low = strtoll(rule->from, NULL, 10);
		rule->high = rs_all_number(rule->from + n + 1);
	}
	if (rule->low < 0)
		rs_wild_make(&rule->wild, rule->from, strlen(rule->from), 0);
}

/* LIST has FROM and TO in turn; it may be null. */
static inline void
rs_map_read(struct rs_map *map, const xn_value *list)
{
	unsigned int n = list == NULL ? 0 : list->size / 2;

	memset(map, 0, sizeof(*map));
	if (n > RS_MAPPED_MAX)
		xn_fail("there are too many rules for owners");
	map->rules = n == 0 ? NULL : xn_alloc(n * sizeof(*map->rules));
	map->n = (int)n;
	for (unsigned int i = 0; i < 2 * n; i++) {
		const xn_value *item = xn_value_item(list, i);
		struct rs_map_rule *rule = &map->rules[i / 2];
		const char *text;

		if (item->kind != XN_BYTES)
			xn_fail("a rule for owners is no text");
		text = xn_printf("%.*s", (int)item->size,
		    (const char *)item->u.bytes);
		if (i % 2 == 0) {
			rule->from = text;
		} else {
			rule->to = text;
			rs_map_rule_make(rule);
		}
	}
}

static inline void
rs_map_free(struct rs_map *map)
{
	for (int i = 0; i < map->n; i++)
		rs_wild_free(&map->rules[i].wild);
	rs_owners_free(&map->known);
	map->n = 0;
}

/* Who RULE says it is, as rs_name_mark() takes it. */
static inline const char *
rs_map_name(const struct rs_map_rule *rule)
{
	return rule->number >= 0 ? xn_printf("#%lld", rule->number) :
	    rule->to;
}

/* ---- Where the source is -------------------------------------------------- */

static inline int
rs_map_matches(const struct rs_map_rule *rule, long long id, const char *name)
{
	if (rule->low >= 0)
		return id >= rule->low && id <= rule->high;
	return rs_wild_match(&rule->wild, name, strlen(name));
}

/* What ID becomes, a user's or a group's; ID if no rule is for it. */
static inline unsigned int
rs_map_id(struct rs_map *map, unsigned int id, int is_group, int numeric)
{
	const struct rs_owner *found;
	const char *name = NULL;
	unsigned int to = id;

	if (map->n == 0)
		return id;
	if ((found = rs_owner_find(&map->known, id)) != NULL)
		return (unsigned int)found->other;
	if (!numeric)
		name = is_group ? xn_group_name(id) : xn_user_name(id);
	for (int i = 0; i < map->n && to == id; i++)
		if (rs_map_matches(&map->rules[i], id, name == NULL ? "" :
		    name)) {
			to = numeric ? (unsigned int)map->rules[i].number :
			    RS_MAPPED + (unsigned int)i;
			break;
		}
	rs_owner_add(&map->known, id, to);
	return to;
}

/* What the digest has for those that rules say, in MARKS: their names. */
static inline void
rs_map_mark(const struct rs_map *map, struct rs_owners *marks)
{
	for (int i = 0; i < map->n; i++)
		rs_owner_add(marks, RS_MAPPED + i, rs_name_mark(
		    rs_map_name(&map->rules[i])));
}

/* ---- Where the target is ---------------------------------------------------- */

/*
 * Look up all that rules say, a user or a group each, for OWNERS and for the
 * MARKS of the digest; fails if one is not known here.
 */
static inline void
rs_map_look_up(const struct rs_map *map, struct rs_owners *owners,
    struct rs_owners *marks, int is_group)
{
	for (int i = 0; i < map->n; i++) {
		const struct rs_map_rule *rule = &map->rules[i];
		long long id = rule->number;

		if (id < 0)
			id = is_group ? xn_group_id(rule->to) :
			    xn_user_id(rule->to);
		if (id < 0)
			xn_fail("there is no %s %s here to whom files could "
			    "belong", is_group ? "group" : "user", rule->to);
		rs_owner_add(owners, RS_MAPPED + i, id);
		if (rs_owner_find(marks, id) == NULL)
			rs_owner_add(marks, id,
			    rs_name_mark(rs_map_name(rule)));
	}
}

#endif
