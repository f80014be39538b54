/*
 * side_source_repository.h: repositories and their mirrors come and go.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_REPOSITORY_H
#define SVNHOTSYNC_SIDE_SOURCE_REPOSITORY_H

#include "side_place.h"
#include "side_source_watch.h"

/* ---- A repository -------------------------------------------------------- */

/* A small file, malloc'ed; what was in *WHERE is freed. */
static char *
load_text(char **where, int base, const char *name,
    size_t *n)
{
	free(*where);
	*where = xn_read_file(base, name, SMALL_FILE, n);
	return *where;
}

static char *
load_or_fail(struct source *s, char **where, int base, const char *name)
{
	if (load_text(where, base, name, NULL) == NULL)
		xn_fail("cannot read %s/%s%s: %m", s->path,
		    base == s->db ? "db/" : "", name);
	return *where;
}

/* Is it a repository that can be mirrored?  Opens its db folder. */
static void
open_repository(struct source *s)
{
	const char *why;
	xn_stat_t st;
	const char *text;

	s->root = xn_base_open(s->path);
	if (s->root == -1)
		xn_fail("cannot open the repository %s: %m", s->path);
	if (xn_stat(s->root, "format", &st) != 0 && errno == ENOENT)
		xn_fail("%s is not a Subversion repository: it has no file "
		    "\"format\"", s->path);
	text = load_or_fail(s, &s->text, s->root, "format");
	if (strcmp(text, "5\n") != 0 && strcmp(text, "3\n") != 0)
		xn_fail("%s: the repository's format is %.10s, and only 3 and "
		    "5 are known", s->path, text);
	s->db = xn_open(s->root, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (s->db == -1)
		xn_fail("cannot open %s/db: %m", s->path);
	text = load_or_fail(s, &s->text, s->db, "fs-type");
	if (strcmp(text, "fsfs\n") != 0)
		xn_fail("%s: its file system is of type %.*s, and only fsfs "
		    "is mirrored by copy: load a dump of it into a new "
		    "repository", s->path, (int)strcspn(text, "\n"), text);
	why = fs_format_read(&s->fs,
	    load_or_fail(s, &s->format, s->db, "format"));
	if (why != NULL)
		xn_fail("%s: %s", s->path, why);
	text = load_or_fail(s, &s->text, s->db, "uuid");
	if (fs_first_line(s->uuid, sizeof(s->uuid), text) != 0 ||
	    !fs_is_uuid(s->uuid))
		xn_fail("%s: its db/uuid is damaged", s->path);
	if (load_text(&s->conf, s->db, "fsfs.conf", &s->conf_n) == NULL &&
	    errno != ENOENT)
		xn_fail("cannot read %s/db/fsfs.conf: %m", s->path);
	read_numbers(s);
}

static void
close_one(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* S has no lanes (any more). */
static void
free_source(struct source *s)
{
	struct reader *r = s->reader;

	for (struct source **at = &r->sources; *at != NULL;
	    at = &(*at)->next_source)
		if (*at == s) {
			*at = s->next_source;
			break;
		}
	watch_forget(s);
	close_files(s);
	close_one(&s->root);
	close_one(&s->db);
	props_forget(s);
	part_let_go(s->part_new);
	free(s->run_names);
	for (int i = 0; i < PARTS; i++)
		part_let_go(s->part[i]);
	free(s->times);
	free(s->format);
	free(s->conf);
	free(s->text);
	free(s->path);
	free(s);
}

/* The repository at PATH, new or known. */
static struct source *
source_at(struct reader *r, const char *path)
{
	struct source *s;

	for (s = r->sources; s != NULL; s = s->next_source)
		if (strcmp(s->path, path) == 0)
			return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		xn_fail("out of memory");
	s->root = s->db = s->file = s->props_file = -1;
	s->pack.shard = s->last_rev = -1;
	s->reader = r;
	s->next_source = r->sources;
	r->sources = s;
	s->path = strdup(path);
	s->looked = xn_clock();
	if (s->path == NULL)
		xn_fail("out of memory");
	return s;
}

/* ---- Its mirrors --------------------------------------------------------- */

static struct lane *
new_lane(struct reader *r, struct source *s, int id)
{
	struct lane *lane = calloc(1, sizeof(*lane)), **lanes;
	int n = id * 2 + 16;

	if (lane == NULL)
		xn_fail("out of memory");
	if (id >= r->lanes_n) {
		lanes = realloc(r->lanes, (size_t)n * sizeof(struct lane *));
		if (lanes == NULL) {
			free(lane);
			xn_fail("out of memory");
		}
		memset(lanes + r->lanes_n, 0,
		    (size_t)(n - r->lanes_n) * sizeof(struct lane *));
		r->lanes = lanes;
		r->lanes_n = n;
	}
	lane->source = s;
	lane->id = id;
	lane->next = -1;
	lane->next_lane = s->lanes;
	s->lanes = lane;
	r->lanes[id] = lane;
	return lane;
}

static void
free_lane(struct lane *lane)
{
	struct source *s = lane->source;

	for (struct lane **at = &s->lanes; *at != NULL; at = &(*at)->next_lane)
		if (*at == lane) {
			*at = lane->next_lane;
			break;
		}
	s->reader->lanes[lane->id] = NULL;
	to_nobody(s->reader);
	unit_leave(lane);
	while (lane->first_request != NULL)
		drop_request(lane);
	free(lane);
}

/* And the repository with the last. */
static void
close_lane(struct lane *lane)
{
	struct source *s = lane->source;

	free_lane(lane);
	if (s->lanes == NULL)
		free_source(s);
}

/* Before the mirror has asked for anything: so it hears also why not. */
static void
introduce(struct lane *lane)
{
	struct source *s = lane->source;
	char place[PLACE_SIZE];

	if (s->db == -1) {
		open_repository(s);
		if (s->reader->follow)
			watch_start(s);
	}
	read_numbers(s);
	to_one(lane);
	place_of(place, s->db);
	TELL(s->reader, s->conf_n, "(slyyylls)", "repository",
	    (long long)PROTOCOL_VERSION, (const void *)s->format,
	    strlen(s->format), (const void *)s->uuid, strlen(s->uuid),
	    (const void *)(s->conf == NULL ? "" : s->conf),
	    s->conf == NULL ? (size_t)0 : s->conf_n, s->youngest,
	    s->min_unpacked, (const char *)place);
}

/* ---- One thing that fails ends no other ---------------------------------- */

/* The lane has ended, and why. */
static void
fail_lane(struct lane *lane, const char *why)
{
	if (!lane->source->reader->many)
		xn_fail("%s", why);
	to_one(lane);
	TELL(lane->source->reader, strlen(why), "(ss)", "failed", why);
	close_lane(lane);
}

static void
fail_source(struct source *s, const char *why)
{
	struct lane *next;
	int last = s->lanes == NULL;

	if (last) {
		free_source(s);
		return;
	}
	for (struct lane *l = s->lanes; l != NULL && !last; l = next) {
		next = l->next_lane;
		last = next == NULL;
		fail_lane(l, why);
	}
}

#endif
