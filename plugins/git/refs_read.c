/*
 * refs_read.c: the refs that a repository has.
 *
 * packed-refs is Git's:
 *
 *	# pack-refs with: peeled fully-peeled sorted
 *	ID NAME
 *	^ID			what the tag in the line above leads to
 */
#include "plugins/git/refs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/git/refs_internal.h"

#define PACKED_MOST	(256 * 1024 * 1024)	/* bytes; a million refs */
#define HEAD_MOST	4096
#define DEEP_MOST	100			/* folders of loose refs */

/* ---- packed-refs -------------------------------------------------------- */

/* One line, of N bytes without its end. */
static const char *
parse_line(struct gitw_refs *refs, const char *text, size_t n,
    apr_pool_t *pool)
{
	struct gitw_ref *last = refs->n > 0 ? &refs->refs[refs->n - 1] : NULL;

	if (n > 0 && text[0] == '#')
		return NULL;
	if (n == 1 + GITW_HEX && text[0] == '^') {
		if (last == NULL || last->is_tag)
			return "it leads to what no ref has";
		last->is_tag = 1;
		return gitw_id_parse(&last->peeled, text + 1) ? NULL :
		    "it has no id";
	}
	if (n < GITW_HEX + 2 || text[GITW_HEX] != ' ')
		return "it is neither a ref nor what one leads to";
	last = &refs->refs[refs->n++];
	if (!gitw_id_parse(&last->id, text))
		return "it has no id";
	last->name = apr_pstrmemdup(pool, text + GITW_HEX + 1,
	    n - GITW_HEX - 1);
	last->is_tag = 0;
	return strlen(last->name) == n - GITW_HEX - 1 ? NULL :
	    "it has a NUL";
}

static size_t
count_lines(const char *text, size_t n)
{
	const char *end = text + n;
	size_t lines = 0;

	while (text < end && (text = memchr(text, '\n',
	    (size_t)(end - text))) != NULL) {
		lines++;
		text++;
	}
	return lines;
}

const char *
gitw_refs_parse(struct gitw_refs *refs, size_t *line, const char *text,
    size_t n, apr_pool_t *pool)
{
	const char *end = text + n, *stop, *wrong;
	size_t lines = count_lines(text, n);

	refs->refs = apr_palloc(pool, (lines + 1) * sizeof(*refs->refs));
	refs->n = 0;
	for (*line = 1; text < end; ++*line, text = stop + 1) {
		stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			return "it has no end";
		wrong = parse_line(refs, text, (size_t)(stop - text), pool);
		if (wrong != NULL)
			return wrong;
	}
	return gitw_refs_sort(refs, pool);
}

/* ---- Files -------------------------------------------------------------- */

/* The whole file with a NUL behind it; *TEXT is null if there is none. */
static xn_error_t *
read_file(const char **text, size_t *n, const char *path, size_t most,
    apr_pool_t *pool)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), bad = errno;
	struct stat st;
	char *bytes;
	ssize_t got = 1;

	*text = NULL;
	*n = 0;
	if (fd == -1)
		return bad == ENOENT ? NULL : xn_error_system(bad,
		    "cannot open %s", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (size_t)st.st_size > most) {
		close(fd);
		return xn_error_create(XN_E_JOB,
		    "%s is no file, or has more than %zu bytes", path, most);
	}
	bytes = apr_palloc(pool, (size_t)st.st_size + 1);
	while (*n < (size_t)st.st_size && got > 0) {
		got = read(fd, bytes + *n, (size_t)st.st_size - *n);
		*n += got > 0 ? (size_t)got : 0;
	}
	bad = errno;
	close(fd);
	if (got < 0)
		return xn_error_system(bad, "cannot read %s", path);
	bytes[*n] = '\0';
	*text = bytes;
	return NULL;
}

static xn_error_t *
read_packed(struct gitw_refs *refs, const char *dir, apr_pool_t *pool)
{
	const char *path = apr_pstrcat(pool, dir, "/packed-refs", NULL);
	const char *text, *wrong;
	size_t n, line;

	XN_TRY(read_file(&text, &n, path, PACKED_MOST, pool));
	wrong = text == NULL ? NULL : gitw_refs_parse(refs, &line, text, n,
	    pool);
	if (wrong != NULL)
		return xn_error_create(XN_E_JOB, "%s is damaged: line %zu: %s",
		    path, line, wrong);
	return NULL;
}

static xn_error_t *
read_head(struct gitw_refs *refs, const char *dir, apr_pool_t *pool)
{
	const char *path = apr_pstrcat(pool, dir, "/HEAD", NULL);
	struct gitw_id id;
	const char *text;
	size_t n;

	XN_TRY(read_file(&text, &n, path, HEAD_MOST, pool));
	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (text != NULL && n == GITW_HEX && gitw_id_parse(&id, text))
		return NULL;
	if (text != NULL && n > 5 && memcmp(text, "ref: ", 5) == 0) {
		refs->head = apr_pstrmemdup(pool, text + 5, n - 5);
		if (strlen(refs->head) == n - 5 &&
		    gitw_ref_is_name(refs->head))
			return NULL;
	}
	return xn_error_create(XN_E_JOB, text == NULL ? "%s is missing" :
	    "%s is damaged: it means no ref", path);
}

/* ---- Loose refs --------------------------------------------------------- */

static xn_error_t *refuse_loose(const char *folder, int deep,
    apr_pool_t *pool);

static xn_error_t *
refuse_if_ref(const char *folder, const struct dirent *entry, int deep,
    apr_pool_t *pool)
{
	const char *name = entry->d_name;
	const char *path = apr_pstrcat(pool, folder, "/", name, NULL);
	size_t n = strlen(name);
	struct stat st;

	if (name[0] == '.' || (n > 5 && strcmp(name + n - 5, ".lock") == 0) ||
	    lstat(path, &st) != 0)
		return NULL;
	if (S_ISDIR(st.st_mode))
		return refuse_loose(path, deep + 1, pool);
	return xn_error_create(XN_E_CONFIG, "%s is a loose ref, and all refs "
	    "here are packed: somebody else has made it.  Delete it; or, if "
	    "it is what it is to be, run 'git pack-refs --all' there", path);
}

static xn_error_t *
refuse_loose(const char *folder, int deep, apr_pool_t *pool)
{
	xn_error_t *error = NULL;
	struct dirent *entry;
	DIR *d = deep > DEEP_MOST ? NULL : opendir(folder);

	if (d == NULL && deep > DEEP_MOST)
		return xn_error_create(XN_E_JOB, "%s lies too deep", folder);
	if (d == NULL)
		return errno == ENOENT ? NULL : xn_error_system(errno,
		    "cannot read the folder %s", folder);
	while (error == NULL && (entry = readdir(d)) != NULL)
		error = refuse_if_ref(folder, entry, deep, pool);
	closedir(d);
	return error;
}

xn_error_t *
gitw_refs_read(struct gitw_refs **refs, const char *dir, apr_pool_t *pool)
{
	*refs = apr_pcalloc(pool, sizeof(**refs));
	XN_TRY(refuse_loose(apr_pstrcat(pool, dir, "/refs", NULL), 0, pool));
	XN_TRY(read_packed(*refs, dir, pool));
	return read_head(*refs, dir, pool);
}
