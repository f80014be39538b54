/*
 * Which store: a URL, or the default of this user.  A conninfo may have a
 * password in it, so nothing of it is quoted but what is known to be none.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "appliance/job/sockets.h"
#include "appliance/job/store.h"
#include "appliance/job/store_db.h"

/* ---- PostgreSQL --------------------------------------------------------- */

/* So that a server that is gone is not waited for; what is given wins. */
#define CONNINFO_BEFORE "connect_timeout=10 tcp_user_timeout=30000 " \
    "keepalives_idle=30 application_name=syncgate "

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, " \t\n\r\f\v");
}

/* The value at P by libpq's rules; its end, or NULL if a quote is open. */
static const char *
skip_value(const char *p)
{
	int quoted = *p == '\'';

	for (p += quoted; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (quoted && *p == '\'')
			return p + 1;
		else if (!quoted && strchr(" \t\n\r\f\v", *p) != NULL)
			return p;
	}
	return quoted ? NULL : p;
}

static xn_error_t *
bad_conninfo(void)
{
	return xn_error_create(XN_E_CONFIG, "a store in PostgreSQL is written "
	    "\"pgsql:host=HOST dbname=NAME user=USER\", as libpq's "
	    "connection strings");
}

static int
may_be_shown(const char *key, size_t n)
{
	static const char *const keys[] = { "host", "hostaddr", "port",
	    "dbname", "user", "service" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strlen(keys[i]) == n && memcmp(keys[i], key, n) == 0)
			return 1;
	}
	return 0;
}

static xn_error_t *
parse_conninfo(struct store_url *url, const char *text, apr_pool_t *pool)
{
	const char *p = skip_blanks(text), *key;

	url->shown = "pgsql:";
	while (*p != '\0') {
		size_t n = strcspn(p, "= \t\n\r\f\v'\\");

		key = p;
		p = skip_blanks(p + n);
		if (n == 0 || *p != '=')
			return bad_conninfo();
		p = skip_value(skip_blanks(p + 1));
		if (p == NULL)
			return bad_conninfo();
		if (may_be_shown(key, n))
			url->shown = apr_psprintf(pool, "%s%s%.*s",
			    url->shown, url->shown[6] != '\0' ? " " : "",
			    (int)(p - key), key);
		p = skip_blanks(p);
	}
	url->params = apr_pstrcat(pool, CONNINFO_BEFORE, text, NULL);
	return NULL;
}

/* ---- All ---------------------------------------------------------------- */

int
syncgate_store_is_shared(const char *url)
{
	return strncmp(url, "pgsql:", 6) == 0;
}

xn_error_t *
store_url_parse(struct store_url *url, const char *text, apr_pool_t *pool)
{
	if (strncmp(text, "sqlite:", 7) == 0) {
		url->kind = STORE_SQLITE;
		url->params = text + 7;
		url->shown = text;
		if (text[7] != '/' || text[strlen(text) - 1] == '/')
			return xn_error_create(XN_E_CONFIG, "a store in SQLite "
			    "is written \"sqlite:/PATH\", with the whole path "
			    "of a file from the root");
		return NULL;
	}
	if (syncgate_store_is_shared(text)) {
		url->kind = STORE_PGSQL;
		return parse_conninfo(url, text + 6, pool);
	}
	return xn_error_create(XN_E_CONFIG, "a store is written "
	    "\"sqlite:/PATH\" or \"pgsql:host=HOST dbname=NAME\"");
}

xn_error_t *
syncgate_store_check(const char *url, apr_pool_t *pool)
{
	struct store_url parsed;

	return store_url_parse(&parsed, url, pool);
}

xn_error_t *
syncgate_store_default(const char **url, apr_pool_t *pool)
{
	const char *folder = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (syncgate_sockets_is_system())
		*url = "sqlite:/var/lib/syncgate/store.db";
	else if (folder != NULL && *folder == '/')
		*url = apr_pstrcat(pool, "sqlite:", folder,
		    "/syncgate/store.db", NULL);
	else if (home != NULL && *home == '/')
		*url = apr_pstrcat(pool, "sqlite:", home,
		    "/.local/state/syncgate/store.db", NULL);
	else
		return xn_error_create(XN_E_CONFIG, "neither XDG_STATE_HOME "
		    "nor HOME says where the store is: write store = "
		    "\"sqlite:/PATH\" or --store");
	return NULL;
}
