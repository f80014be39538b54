/*
 * refs_write.c: the refs that a repository gets.
 *
 * The new packed-refs is made under a name of ours, and linked to
 * packed-refs.lock, Git's lock for it; so if we are killed it can be told whose
 * lock that is (clean.h).  Then it is renamed to packed-refs.
 */
#include "plugins/git/refs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/git/file.h"
#include "plugins/git/refs_internal.h"

/* How long Git may hold the lock: it only writes a file meanwhile. */
#define LOCK_WAIT	apr_time_from_sec(10)
#define LOCK_TURN	(20 * 1000)

/* Link FILE to LOCK as soon as that is not there. */
static xn_error_t *
take_lock(struct gitw_file *file, const char *lock)
{
	apr_time_t until = apr_time_now() + LOCK_WAIT;

	while (link(file->path, lock) != 0) {
		if (errno != EEXIST)
			return xn_error_system(errno, "cannot make %s", lock);
		if (apr_time_now() > until)
			return xn_error_create(XN_E_TIMEOUT, "%s is there "
			    "and stays: if no git runs, remove it", lock);
		apr_sleep(LOCK_TURN);
	}
	return NULL;
}

/*
 * Make FILE, which is durable, DIR/NAME; while it is locked, and if OLD is not
 * null, see that the refs still are OLD.
 */
static xn_error_t *
replace(struct gitw_file *file, const char *name, const struct gitw_refs *old,
    const char *dir, apr_pool_t *pool)
{
	const char *path = apr_pstrcat(pool, dir, "/", name, NULL);
	const char *lock = apr_pstrcat(pool, path, ".lock", NULL);
	struct gitw_refs *now = NULL;
	xn_error_t *error = NULL;

	XN_TRY(take_lock(file, lock));
	if (old != NULL)
		error = gitw_refs_read(&now, dir, pool);
	if (error == NULL && old != NULL && (!gitw_refs_equal(now, old) ||
	    !gitw_refs_same_head(now, old)))
		error = xn_error_create(XN_E_JOB,
		    "somebody else has changed the refs of %s", dir);
	if (error == NULL && rename(lock, path) != 0)
		error = xn_error_system(errno, "cannot rename %s to %s", lock,
		    path);
	if (error != NULL)
		unlink(lock);
	return error;
}

static xn_error_t *
put_ref(struct gitw_file *file, const struct gitw_ref *ref)
{
	char hex[GITW_HEX + 1];

	XN_TRY(gitw_file_write(file, gitw_id_hex(&ref->id, hex), GITW_HEX));
	XN_TRY(gitw_file_write(file, " ", 1));
	XN_TRY(gitw_file_write(file, ref->name, strlen(ref->name)));
	XN_TRY(gitw_file_write(file, "\n", 1));
	if (!ref->is_tag)
		return NULL;
	gitw_id_hex(&ref->peeled, hex);
	hex[GITW_HEX] = '\n';
	XN_TRY(gitw_file_write(file, "^", 1));
	return gitw_file_write(file, hex, GITW_HEX + 1);
}

static xn_error_t *
write_packed(struct gitw_file *file, const struct gitw_refs *refs)
{
	static const char head[] =
	    "# pack-refs with: peeled fully-peeled sorted \n";

	XN_TRY(gitw_file_write(file, head, sizeof(head) - 1));
	for (size_t i = 0; i < refs->n; i++)
		XN_TRY(put_ref(file, &refs->refs[i]));
	return gitw_file_sync(file);
}

static xn_error_t *
write_head(struct gitw_file *file, const char *head)
{
	XN_TRY(gitw_file_write(file, "ref: ", 5));
	XN_TRY(gitw_file_write(file, head, strlen(head)));
	XN_TRY(gitw_file_write(file, "\n", 1));
	return gitw_file_sync(file);
}

/* The refs if they are SORTED ones, else HEAD. */
static xn_error_t *
replace_one(const struct gitw_refs *sorted, const char *head,
    const struct gitw_refs *old, const char *dir, apr_pool_t *pool)
{
	struct gitw_file file;
	xn_error_t *error;

	XN_TRY(gitw_file_create(&file, dir, 0666, 0));
	error = sorted != NULL ? write_packed(&file, sorted) :
	    write_head(&file, head);
	if (error == NULL)
		error = replace(&file, sorted != NULL ? "packed-refs" : "HEAD",
		    old, dir, pool);
	gitw_file_abandon(&file);
	XN_TRY(error);
	return gitw_folder_sync(dir);
}

xn_error_t *
gitw_refs_write(const struct gitw_refs *refs, const struct gitw_refs *old,
    const char *dir, apr_pool_t *scratch)
{
	struct gitw_refs sorted = *refs;
	const struct gitw_refs *check = old;	/* if not checked yet */
	const char *wrong;

	sorted.refs = apr_pmemdup(scratch, refs->refs,
	    refs->n * sizeof(*refs->refs));
	wrong = gitw_refs_sort(&sorted, scratch);
	if (wrong == NULL && refs->head != NULL &&
	    !gitw_ref_is_name(refs->head))
		wrong = "HEAD means no ref";
	if (wrong != NULL)
		return xn_error_create(XN_E_USAGE,
		    "cannot write the refs of %s: %s", dir, wrong);
	if (!gitw_refs_equal(&sorted, old)) {
		XN_TRY(replace_one(&sorted, NULL, old, dir, scratch));
		check = NULL;
	}
	if (refs->head == NULL || gitw_refs_same_head(refs, old))
		return NULL;
	return replace_one(NULL, refs->head, check, dir, scratch);
}
