/*
 * push.c: see push.h.
 */
#include "plugins/git/push.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "plugins/git/libgit2.h"
#include "plugins/git/login.h"
#include "plugins/git/pushed.h"

struct state {
	const struct gitw_push *push;
	apr_pool_t *pool;
	git_repository *repository;
	git_remote *remote;
	apr_array_header_t *specs;	/* what is to change, const char * */
	apr_array_header_t *lines;	/* of what would be lost, the same */
	int there;			/* branches and tags */
	const char *foreign;		/* why it is another one; or NULL */
	struct gitw_login login;
	const char *refused;		/* the first ref that was, and why */
	int refusals;
	apr_array_header_t *refs;	/* what all are then: lines, the same */
	int ended;
};

/* ---- URLs -------------------------------------------------------------- */

/* Where the host begins in SCHEME://USER:PASSWORD@HOST, or NULL. */
static const char *
find_host(const char *url)
{
	const char *at = strstr(url, "://"), *end;

	if (at == NULL)
		return NULL;
	at += 3;
	for (end = at + strcspn(at, "/"); end > at; end--)
		if (end[-1] == '@')
			return end;
	return at;
}

const char *
gitw_push_shown(const char *url, apr_pool_t *pool)
{
	const char *host = find_host(url), *user, *colon;

	if (host == NULL)
		return url;
	user = strstr(url, "://") + 3;
	colon = memchr(user, ':', (size_t)(host - user));
	return colon == NULL ? url : apr_psprintf(pool, "%.*s:***@%s",
	    (int)(colon - url), url, host);
}

xn_error_t *
gitw_push_check(const char *url)
{
	static const char *const schemes[] = { "file:///", "ssh://",
	    "https://", "http://" };
	const char *colon = strchr(url, ':'), *slash = strchr(url, '/');

	if (url[0] == '/')
		return NULL;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(url, schemes[i], strlen(schemes[i])) == 0 &&
		    url[strlen(schemes[i])] != '\0')
			return NULL;
	if (strstr(url, "://") == NULL && colon != NULL && colon > url &&
	    url[0] != '-' && colon[1] != '\0' &&
	    (slash == NULL || colon < slash))
		return NULL;
	return xn_error_create(XN_E_CONFIG, "push: %s is no place that can be "
	    "pushed to: give an absolute path, [USER@]HOST:PATH, or a URL of "
	    "ssh, https, http or file", url);
}

/* ---- Asked by libgit2 --------------------------------------------------- */

static int
is_ended(struct state *s)
{
	s->ended = s->ended || s->push->ended(s->push->baton);
	return s->ended;
}

static int
on_pack(int stage, uint32_t current, uint32_t total, void *baton)
{
	(void)stage;
	(void)current;
	(void)total;
	return is_ended(baton) ? GIT_EUSER : 0;
}

static int
on_sent(unsigned int current, unsigned int total, size_t bytes, void *baton)
{
	(void)current;
	(void)total;
	(void)bytes;
	return is_ended(baton) ? GIT_EUSER : 0;
}

static int
on_updated(const char *ref, const char *refused, void *baton)
{
	struct state *s = baton;

	s->refusals += refused != NULL;
	if (refused != NULL && s->refused == NULL)
		s->refused = apr_psprintf(s->pool, "%s: %s", ref, refused);
	return 0;
}

/* (It is the payload of all that libgit2 asks.) */
static int
on_credential(git_credential **out, const char *url, const char *user,
    unsigned int types, void *baton)
{
	struct state *s = baton;

	return gitw_login(out, url, user, types, &s->login);
}

/* ---- What is to change -------------------------------------------------- */

static int
is_branch_or_tag(const char *ref)
{
	return strncmp(ref, "refs/heads/", 11) == 0 ||
	    strncmp(ref, "refs/tags/", 10) == 0;
}

/*
 * May what has REFS be written to?  It must have the mark; and of branches and
 * tags, which are never forgotten here, at least one: for another repository
 * may have that mark, too.
 */
static xn_error_t *
check_ours(apr_hash_t *refs, struct state *s)
{
	int others = 0, ours = 0;
	git_odb *odb;

	if (apr_hash_count(refs) > 0 && apr_hash_get(refs, s->push->mark,
	    APR_HASH_KEY_STRING) == NULL)
		s->foreign = apr_psprintf(s->pool, "it has refs, and none of "
		    "them is %s: what is pushed to must be empty at first",
		    s->push->mark);
	if (git_repository_odb(&odb, s->repository) != 0)
		return gitw_libgit2_error("cannot read %s", s->push->dir);
	for (apr_hash_index_t *i = apr_hash_first(s->pool, refs); i != NULL;
	    i = apr_hash_next(i)) {
		const char *name = apr_hash_this_key(i);

		if (!is_branch_or_tag(name))
			continue;
		s->there++;
		if (git_odb_exists(odb, apr_hash_this_val(i)))
			ours = 1;
		else
			others = 1;
	}
	git_odb_free(odb);
	if (s->foreign == NULL && others && !ours)
		s->foreign = apr_psprintf(s->pool, "it has branches or tags, "
		    "and none of them is of %s: what is pushed to must be "
		    "empty at first", s->push->dir);
	return NULL;
}

/* The refs there, name -> const git_oid *. */
static xn_error_t *
list_there(apr_hash_t *refs, struct state *s)
{
	const git_remote_head **heads;
	size_t n;

	if (git_remote_ls(&heads, &n, s->remote) != 0)
		return gitw_libgit2_error("cannot list the refs there");
	for (size_t i = 0; i < n; i++) {
		const char *name = heads[i]->name;

		/* (What a tag leads to is said, too, as NAME^{}.) */
		if (!gitw_pushed_takes(name) || strchr(name, '^') != NULL)
			continue;
		apr_hash_set(refs, apr_pstrdup(s->pool, name),
		    APR_HASH_KEY_STRING, apr_pmemdup(s->pool, &heads[i]->oid,
		    sizeof(git_oid)));
	}
	return check_ours(refs, s);
}

static int
take_here(const char *name, void *baton)
{
	apr_array_header_t *names = baton;

	if (gitw_pushed_takes(name))
		APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(names->pool,
		    name);
	return 0;
}

/* REF there, at WAS, would become what ID is, or go (NULL). */
static void
note_loss(struct state *s, const char *ref, const git_oid *was,
    const git_oid *id)
{
	char hex[GIT_OID_HEXSZ + 1];

	if (!is_branch_or_tag(ref) || (id != NULL && git_graph_descendant_of(
	    s->repository, id, was) == 1))
		return;
	APR_ARRAY_PUSH(s->lines, const char *) = apr_psprintf(s->pool,
	    "%s %s, which is at %s", id != NULL ? "rewrite" : "remove", ref,
	    git_oid_tostr(hex, sizeof(hex), was));
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Ask whether what would be lost may be. */
static xn_error_t *
ask_first(struct state *s)
{
	struct gitw_loss loss = { .foreign = s->foreign != NULL,
	    .reason = s->foreign, .all = s->there, .lost = s->lines->nelts };
	int may = s->foreign == NULL;

	if (may && loss.lost == 0)
		return NULL;
	qsort(s->lines->elts, (size_t)loss.lost, sizeof(const char *),
	    compare_lines);
	APR_ARRAY_PUSH(s->lines, const char *) = NULL;
	loss.lines = (const char *const *)s->lines->elts;
	if (s->push->may != NULL)
		may = s->push->may(s->push->baton, &loss);
	return may ? NULL : xn_error_create(XN_E_JOB, "%s", loss.foreign ?
	    s->foreign : "what it has would be lost");
}

static xn_error_t *
compare(struct state *s, apr_hash_t *there)
{
	apr_array_header_t *here = apr_array_make(s->pool, 64,
	    sizeof(const char *));

	if (git_reference_foreach_name(s->repository, take_here, here) != 0)
		return gitw_libgit2_error("cannot list the refs of %s",
		    s->push->dir);
	for (int i = 0; i < here->nelts; i++) {
		const char *name = APR_ARRAY_IDX(here, i, const char *);
		const git_oid *other = apr_hash_get(there, name,
		    APR_HASH_KEY_STRING);
		char hex[GIT_OID_HEXSZ + 1];
		git_oid id;

		if (git_reference_name_to_id(&id, s->repository, name) != 0)
			return gitw_libgit2_error("cannot read %s", name);
		APR_ARRAY_PUSH(s->refs, const char *) = apr_pstrcat(s->pool,
		    git_oid_tostr(hex, sizeof(hex), &id), " ", name, "\n",
		    NULL);
		if (other != NULL && git_oid_cmp(&id, other) != 0)
			note_loss(s, name, other, &id);
		if (other == NULL || git_oid_cmp(&id, other) != 0)
			APR_ARRAY_PUSH(s->specs, const char *) =
			    apr_psprintf(s->pool, "+%s:%s", name, name);
		apr_hash_set(there, name, APR_HASH_KEY_STRING, NULL);
	}
	for (apr_hash_index_t *i = apr_hash_first(s->pool, there); i != NULL;
	    i = apr_hash_next(i)) {
		const char *name = apr_hash_this_key(i);

		note_loss(s, name, apr_hash_this_val(i), NULL);
		APR_ARRAY_PUSH(s->specs, const char *) = apr_pstrcat(s->pool,
		    ":", name, NULL);
	}
	return NULL;
}

/* ---- The whole ---------------------------------------------------------- */

static apr_status_t
close_all(void *baton)
{
	struct state *s = baton;

	if (s->remote != NULL)
		git_remote_disconnect(s->remote);
	git_remote_free(s->remote);
	git_repository_free(s->repository);
	return APR_SUCCESS;
}

/* Of a folder here libgit2 would only say that its protocol is unknown. */
static xn_error_t *
check_there(const char *url)
{
	const char *path = strncmp(url, "file://", 7) == 0 ? url + 7 : url;
	struct stat st;

	if (path[0] != '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
		return NULL;
	return xn_error_create(XN_E_JOB, "there is no such folder: make a "
	    "repository there, by `git init --bare`");
}

static xn_error_t *
open_all(struct state *s, git_push_options *options)
{
	git_remote_create_options create;

	XN_TRY(check_there(s->push->url));
	XN_TRY(gitw_libgit2_begin(s->pool));
	apr_pool_cleanup_register(s->pool, s, close_all,
	    apr_pool_cleanup_null);
	if (git_repository_open_bare(&s->repository, s->push->dir) != 0)
		return gitw_libgit2_error("cannot open %s", s->push->dir);
	git_remote_create_options_init(&create,
	    GIT_REMOTE_CREATE_OPTIONS_VERSION);
	create.repository = s->repository;
	/* The URL means what it says; and libgit2 1.5 forgets 20 KiB for each
	 * line of a configuration in which it looks for what is instead. */
	create.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF |
	    GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
	if (git_remote_create_with_opts(&s->remote, s->push->url, &create) !=
	    0)
		return gitw_libgit2_error("cannot use the URL");
	options->callbacks.payload = s;
	options->callbacks.credentials = on_credential;
	options->callbacks.pack_progress = on_pack;
	options->callbacks.push_transfer_progress = on_sent;
	options->callbacks.push_update_reference = on_updated;
	if (git_remote_connect(s->remote, GIT_DIRECTION_PUSH,
	    &options->callbacks, &options->proxy_opts, NULL) != 0)
		return gitw_libgit2_error("cannot connect");
	return NULL;
}

static void
tell_behind(const struct state *s, int n)
{
	if (s->push->behind != NULL)
		s->push->behind(s->push->baton, n);
}

static xn_error_t *
send_specs(struct state *s, const git_push_options *options)
{
	git_strarray specs = { (char **)s->specs->elts,
	    (size_t)s->specs->nelts };

	s->login.keys = s->login.passwords = 0;
	if (git_remote_push(s->remote, &specs, options) != 0)
		return gitw_libgit2_error("cannot send them");
	if (s->refused == NULL)
		return NULL;
	tell_behind(s, s->refusals);
	return xn_error_create(XN_E_JOB, "refused: %s", s->refused);
}

static xn_error_t *
push_all(struct state *s)
{
	apr_hash_t *there = apr_hash_make(s->pool);
	git_push_options options;

	git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);
	XN_TRY(open_all(s, &options));
	XN_TRY(list_there(there, s));
	XN_TRY(compare(s, there));
	if (s->foreign == NULL)
		tell_behind(s, s->specs->nelts);
	XN_TRY(ask_first(s));
	return s->specs->nelts == 0 ? NULL : send_specs(s, &options);
}

xn_error_t *
gitw_push(unsigned int *changed, const char **refs,
    const struct gitw_push *push, apr_pool_t *scratch)
{
	struct state s = { .push = push };
	xn_error_t *error;

	*changed = 0;
	*refs = NULL;
	apr_pool_create(&s.pool, scratch);
	s.login.pool = s.pool;
	s.specs = apr_array_make(s.pool, 16, sizeof(const char *));
	s.lines = apr_array_make(s.pool, 16, sizeof(const char *));
	s.refs = apr_array_make(s.pool, 64, sizeof(const char *));
	error = push_all(&s);
	if (error == NULL) {
		*changed = (unsigned int)s.specs->nelts;
		*refs = apr_array_pstrcat(scratch, s.refs, 0);
	} else if (s.ended) {
		error->code = XN_E_CANCELLED;
	}
	apr_pool_destroy(s.pool);
	return error == NULL ? NULL : xn_error_wrap(error, "pushing to %s",
	    gitw_push_shown(push->url, scratch));
}
