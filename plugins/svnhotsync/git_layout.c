#include "plugins/svnhotsync/git_layout.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "plugins/git/refs.h"

#define PARTS_MAX	32		/* components of a pattern */
#define PATTERNS_MAX	1000

struct pattern {
	const char *path, *ref;		/* as given */
	const char *parts[PARTS_MAX];	/* of the path; "*": any */
	int n;				/* 0: the whole repository */
};

struct svngit_layout {
	struct pattern *patterns;
	int n;
	const char *text;
};

static const char *const standard[] = {
	"trunk:refs/heads/trunk", "branches/*:refs/heads/*",
	"tags/*:refs/tags/*", NULL
};
static const char *const none[] = { ":refs/heads/main", NULL };

/* ---- Reading patterns -------------------------------------------------- */

static int
stars(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += *text == '*';
	return n;
}

/* Take the path of WORD apart. */
static xn_error_t *
split(struct pattern *p, const char *word, apr_pool_t *pool)
{
	char *state = NULL, *copy = apr_pstrdup(pool, p->path);
	char *part = *copy == '\0' ? NULL : apr_strtok(copy, "/", &state);

	for (; part != NULL; part = apr_strtok(NULL, "/", &state)) {
		if (p->n == PARTS_MAX)
			return xn_error_create(XN_E_CONFIG, "layout has "
			    "\"%s\": its path is too long", word);
		if (strchr(part, '*') != NULL && strcmp(part, "*") != 0)
			return xn_error_create(XN_E_CONFIG, "layout has "
			    "\"%s\": a * stands for a whole name", word);
		p->parts[p->n++] = part;
	}
	return NULL;
}

static xn_error_t *
check_ref(const struct pattern *p, const char *word, apr_pool_t *pool)
{
	char *name = apr_pstrdup(pool, p->ref);

	if (strncmp(p->ref, "refs/heads/", 11) != 0 &&
	    strncmp(p->ref, "refs/tags/", 10) != 0)
		return xn_error_create(XN_E_CONFIG, "layout has \"%s\": behind "
		    "the colon there must be a ref, refs/heads/... or "
		    "refs/tags/...", word);
	if (stars(p->path) != stars(p->ref))
		return xn_error_create(XN_E_CONFIG, "layout has \"%s\": its "
		    "path and its ref have not as many *", word);
	for (char *star = name; (star = strchr(star, '*')) != NULL; star++)
		*star = 'x';
	if (!gitw_ref_is_name(name))
		return xn_error_create(XN_E_CONFIG, "layout has \"%s\": Git "
		    "takes no such ref", word);
	return NULL;
}

/* Is what P matches always looked at by EARLIER first? */
static int
is_hidden(const struct pattern *p, const struct pattern *earlier)
{
	if (earlier->n < p->n)
		return earlier->n == 0;
	for (int i = 0; i < p->n; i++)
		if (strcmp(earlier->parts[i], "*") != 0 &&
		    strcmp(earlier->parts[i], p->parts[i]) != 0)
			return 0;
	return 1;
}

static xn_error_t *
add(struct svngit_layout *layout, const char *word, apr_pool_t *pool)
{
	struct pattern *p = &layout->patterns[layout->n];
	const char *colon = strchr(word, ':');

	if (colon == NULL)
		return xn_error_create(XN_E_CONFIG, "layout has \"%s\": it is "
		    "standard, or none, or patterns PATH:REF", word);
	p->path = apr_pstrmemdup(pool, word, (apr_size_t)(colon - word));
	p->ref = apr_pstrdup(pool, colon + 1);
	XN_TRY(split(p, word, pool));
	XN_TRY(check_ref(p, word, pool));
	for (int i = 0; i < layout->n; i++)
		if (is_hidden(p, &layout->patterns[i]))
			return xn_error_create(XN_E_CONFIG, "layout has "
			    "\"%s\", and before it \"%s:%s\", which looks "
			    "there already", word, layout->patterns[i].path,
			    layout->patterns[i].ref);
	layout->text = apr_pstrcat(pool, layout->text, word, "\n", NULL);
	layout->n++;
	return NULL;
}

xn_error_t *
svngit_layout_parse(svngit_layout_t **out, const char *const *words,
    apr_pool_t *pool)
{
	struct svngit_layout *layout = apr_pcalloc(pool, sizeof(*layout));
	int n = 0;

	if (words[0] == NULL || (words[1] == NULL &&
	    strcmp(words[0], "standard") == 0))
		words = standard;
	else if (words[1] == NULL && strcmp(words[0], "none") == 0)
		words = none;
	while (words[n] != NULL)
		n++;
	if (n > PATTERNS_MAX)
		return xn_error_create(XN_E_CONFIG, "layout has more than %d "
		    "patterns", PATTERNS_MAX);
	layout->patterns = apr_pcalloc(pool,
	    (apr_size_t)n * sizeof(*layout->patterns));
	layout->text = "";
	for (int i = 0; i < n; i++)
		XN_TRY(add(layout, words[i], pool));
	*out = layout;
	return NULL;
}

const char *
svngit_layout_text(const svngit_layout_t *layout)
{
	return layout->text;
}

const char *
svngit_layout_head(const svngit_layout_t *layout)
{
	for (int i = 0; i < layout->n; i++)
		if (stars(layout->patterns[i].ref) == 0 &&
		    strncmp(layout->patterns[i].ref, "refs/heads/", 11) == 0)
			return layout->patterns[i].ref;
	return "refs/heads/main";
}

/* ---- Matching ---------------------------------------------------------- */

/* Does PATH begin as P says?  *N is how many components PATH has. */
static int
fits(const struct pattern *p, const char *path, int *n)
{
	const char *at = path, *slash;
	size_t length;

	for (*n = 0; *at != '\0'; (*n)++) {
		slash = strchr(at, '/');
		length = slash == NULL ? strlen(at) : (size_t)(slash - at);
		if (*n >= p->n || (strcmp(p->parts[*n], "*") != 0 &&
		    (strlen(p->parts[*n]) != length ||
		    memcmp(p->parts[*n], at, length) != 0)))
			return 0;
		at += length + (slash != NULL);
	}
	return 1;
}

/* The pattern that decides of PATH; NULL: none does. */
static const struct pattern *
find(enum svngit_place *place, const svngit_layout_t *layout,
    const char *path)
{
	int n;

	for (int i = 0; i < layout->n; i++)
		if (fits(&layout->patterns[i], path, &n)) {
			*place = n == layout->patterns[i].n ? SVNGIT_BRANCH :
			    SVNGIT_ABOVE;
			return &layout->patterns[i];
		}
	*place = SVNGIT_OUTSIDE;
	return NULL;
}

enum svngit_place
svngit_layout_place(const svngit_layout_t *layout, const char *path)
{
	enum svngit_place place;

	find(&place, layout, path);
	return place;
}

int
svngit_layout_branch(const svngit_layout_t *layout, const char *path)
{
	char *copy = strdup(path), *at = copy;
	enum svngit_place place;
	int length = -1;

	if (copy == NULL)
		abort();
	/* From the top, as whoever looks for branches goes. */
	for (;;) {
		char was = *at;

		*at = '\0';
		place = svngit_layout_place(layout, copy);
		if (place == SVNGIT_BRANCH)
			length = (int)(at - copy);
		*at = was;
		if (place != SVNGIT_ABOVE || was == '\0')
			break;
		at += was == '/';
		at += strcspn(at, "/");
	}
	free(copy);
	return length;
}

/* ---- Names of refs ----------------------------------------------------- */

/* Is the byte at NAME[I], of N, one that Git does not take there? */
static int
is_odd(const char *name, size_t i, size_t n)
{
	unsigned char c = (unsigned char)name[i];

	if (c <= ' ' || c == 127 || strchr("~^:?*[\\%", c) != NULL)
		return 1;
	if (c == '.')
		return i == 0 || i + 1 == n || name[i - 1] == '.' ||
		    (i + 5 == n && memcmp(name + i, ".lock", 5) == 0);
	/* (What a clone has of that would be its own HEAD.) */
	if (i == 0 && n == 4 && memcmp(name, "HEAD", 4) == 0)
		return 1;
	return c == '@' && (n == 1 || (i + 1 < n && name[i + 1] == '{'));
}

/* Put a name, up to the next slash of NAME, at *OUT. */
static const char *
put_name(char **out, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = strcspn(name, "/");

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (!is_odd(name, i, n)) {
			*(*out)++ = name[i];
			continue;
		}
		*(*out)++ = '%';
		*(*out)++ = digits[c >> 4];
		*(*out)++ = digits[c & 15];
	}
	return name[n] == '/' ? name + n + 1 : name + n;
}

const char *
svngit_layout_ref(const svngit_layout_t *layout, const char *path,
    apr_pool_t *pool)
{
	enum svngit_place place;
	const struct pattern *p = find(&place, layout, path);
	char *ref, *at;
	int part = 0;

	if (p == NULL || place != SVNGIT_BRANCH)
		return NULL;
	at = ref = apr_palloc(pool, strlen(p->ref) + 3 * strlen(path) + 1);
	for (const char *from = p->ref; *from != '\0'; from++) {
		if (*from != '*') {
			*at++ = *from;
			continue;
		}
		for (; strcmp(p->parts[part], "*") != 0; part++)
			path += strcspn(path, "/") + 1;
		path = put_name(&at, path);
		part++;
	}
	*at = '\0';
	return ref;
}
