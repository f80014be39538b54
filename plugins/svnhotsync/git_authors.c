#include "plugins/svnhotsync/git_authors.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "plugins/svnhotsync/git_text.h"

#define LINE_MAX_BYTES	4096
#define NOBODY		"(no author)"

struct svngit_authors {
	const char *file, *uuid;
	int keep;
	apr_hash_t *known;		/* login -> "Name <mail>" */
	apr_pool_t *pool;
};

/* TEXT without blanks around it; changes it. */
static char *
trim(char *text)
{
	char *end;

	while (apr_isspace(*text))
		text++;
	end = text + strlen(text);
	while (end > text && apr_isspace(end[-1]))
		end--;
	*end = '\0';
	return text;
}

/* Is WHO a name, a blank, and an address in <>? */
static int
is_person(const char *who)
{
	const char *less = strchr(who, '<'), *more = strchr(who, '>');

	return less != NULL && more != NULL && less > who + 1 &&
	    less[-1] == ' ' && more > less && more[1] == '\0' &&
	    strchr(less + 1, '<') == NULL && svngit_is_utf8(who, strlen(who));
}

static xn_error_t *
take_line(struct svngit_authors *a, char *line, int number)
{
	char *login = trim(line), *equals;
	const char *who;

	if (*login == '\0' || *login == '#')
		return NULL;
	equals = strstr(login, " = ");
	if (equals == NULL)
		equals = strchr(login, '=');
	if (equals == NULL)
		return xn_error_create(XN_E_CONFIG, "authors: line %d of %s "
		    "is not login = Name <mail>", number, a->file);
	who = trim(strchr(equals, '=') + 1);
	*equals = '\0';
	login = trim(login);
	if (*login == '\0' || !is_person(who))
		return xn_error_create(XN_E_CONFIG, "authors: line %d of %s "
		    "is not login = Name <mail>", number, a->file);
	apr_hash_set(a->known, apr_pstrdup(a->pool, login),
	    APR_HASH_KEY_STRING, apr_pstrdup(a->pool, who));
	return NULL;
}

static xn_error_t *
read_file(struct svngit_authors *a)
{
	char line[LINE_MAX_BYTES];
	apr_file_t *file;
	apr_status_t status = apr_file_open(&file, a->file, APR_FOPEN_READ |
	    APR_FOPEN_BUFFERED, APR_OS_DEFAULT, a->pool);

	for (int number = 1; status == APR_SUCCESS; number++) {
		status = apr_file_gets(line, sizeof(line), file);
		if (status != APR_SUCCESS)
			break;
		if (strlen(line) == sizeof(line) - 1)
			return xn_error_create(XN_E_CONFIG, "authors: line "
			    "%d of %s is too long", number, a->file);
		/* (Editors of Windows put this before the first line.) */
		XN_TRY(take_line(a, line + (number == 1 && strncmp(line,
		    "\xef\xbb\xbf", 3) == 0 ? 3 : 0), number));
	}
	if (!APR_STATUS_IS_EOF(status))
		return xn_error_system(status, "cannot read the authors in %s",
		    a->file);
	apr_file_close(file);
	return NULL;
}

xn_error_t *
svngit_authors_read(svngit_authors_t **out, const char *file,
    const char *uuid, int keep, apr_pool_t *pool)
{
	struct svngit_authors *a = apr_pcalloc(pool, sizeof(*a));

	a->file = file;
	a->uuid = uuid;
	a->keep = keep || file == NULL;
	a->known = apr_hash_make(pool);
	a->pool = pool;
	*out = a;
	return file == NULL ? NULL : read_file(a);
}

/* LOGIN as it can stand in a line of a commit; "" if nothing is left. */
static const char *
as_name(const char *login, apr_size_t n, apr_pool_t *pool)
{
	char *copy;

	login = svngit_utf8(login, &n, pool);
	copy = apr_pstrmemdup(pool, login, n);
	for (apr_size_t i = 0; i < n; i++)
		if ((unsigned char)copy[i] < ' ' || copy[i] == 127 ||
		    copy[i] == '<' || copy[i] == '>')
			copy[i] = '?';
	return trim(copy);
}

/* LOGIN as it can stand in a commit. */
static const char *
name_of(const char *login, apr_size_t n, apr_pool_t *pool)
{
	if (login != NULL)
		login = as_name(login, n, pool);
	return login == NULL || *login == '\0' ? NOBODY : login;
}

const char *
svngit_authors_unknown(svngit_authors_t *a, const char *login, apr_size_t n,
    apr_pool_t *pool)
{
	login = name_of(login, n, pool);
	return a->keep || apr_hash_get(a->known, login,
	    APR_HASH_KEY_STRING) != NULL ? NULL : login;
}

xn_error_t *
svngit_authors_find(const char **who, svngit_authors_t *a, const char *login,
    apr_size_t n, apr_pool_t *pool)
{
	login = name_of(login, n, pool);
	*who = apr_hash_get(a->known, login, APR_HASH_KEY_STRING);
	if (*who != NULL)
		return NULL;
	if (!a->keep)
		return xn_error_create(XN_E_JOB, "who is \"%s\"?  %s does not "
		    "say: add `%s = Name <mail>` to it, or set "
		    "unknown-authors = keep", login, a->file, login);
	*who = apr_psprintf(pool, "%s <%s@%s>", login, login, a->uuid);
	return NULL;
}
