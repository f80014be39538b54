/*
 * read.c: see read.h.
 */
#include "plugins/git/read.h"

#include <string.h>

#include <apr_strings.h>

#include "plugins/git/libgit2.h"

struct gitw_reader {
	const char *objects;		/* DIR/objects */
	git_odb *odb;			/* null after it could not be opened */
};

static apr_status_t
close_reader(void *baton)
{
	gitw_reader_t *reader = baton;

	git_odb_free(reader->odb);
	reader->odb = NULL;
	return APR_SUCCESS;
}

static xn_error_t *
open_again(gitw_reader_t *reader)
{
	git_odb_free(reader->odb);
	reader->odb = NULL;
	if (git_odb_open(&reader->odb, reader->objects) != 0)
		return gitw_libgit2_error("cannot open %s", reader->objects);
	return NULL;
}

xn_error_t *
gitw_reader_open(gitw_reader_t **reader, const char *dir, apr_pool_t *pool)
{
	gitw_reader_t *r = apr_pcalloc(pool, sizeof(*r));

	XN_TRY(gitw_libgit2_begin(pool));
	r->objects = apr_pstrcat(pool, dir, "/objects", NULL);
	apr_pool_cleanup_register(pool, r, close_reader,
	    apr_pool_cleanup_null);
	*reader = r;
	return open_again(r);
}

int
gitw_reader_has(gitw_reader_t *reader, const struct gitw_id *id)
{
	git_oid oid;

	memcpy(oid.id, id->bytes, GITW_ID);
	return reader->odb != NULL && git_odb_exists(reader->odb, &oid);
}

static int
is_wanted(enum gitw_type type, size_t most, git_object_t got, size_t n)
{
	return (type == 0 || (int)got == (int)type) && (most == 0 || n <= most);
}

/* 0, and *OBJECT is null where it is not what is wanted; or libgit2's error. */
static int
read_once(git_odb_object **object, gitw_reader_t *reader, const git_oid *oid,
    enum gitw_type type, size_t most)
{
	git_object_t got;
	int bad = 0;
	size_t n;

	*object = NULL;
	/* (The header takes nearly as long as all of a small object.) */
	if (most != 0) {
		bad = git_odb_read_header(&n, &got, reader->odb, oid);
		if (bad != 0 || !is_wanted(type, most, got, n))
			return bad;
	}
	bad = git_odb_read(object, reader->odb, oid);
	if (bad == 0 && !is_wanted(type, most, git_odb_object_type(*object),
	    git_odb_object_size(*object))) {
		git_odb_object_free(*object);
		*object = NULL;
	}
	return bad;
}

xn_error_t *
gitw_read(const char **bytes, size_t *n, gitw_reader_t *reader,
    const struct gitw_id *id, enum gitw_type type, size_t most,
    apr_pool_t *pool)
{
	git_odb_object *object = NULL;
	char hex[GITW_HEX + 1];
	git_oid oid;

	memcpy(oid.id, id->bytes, GITW_ID);
	gitw_id_hex(id, hex);
	if (reader->odb == NULL)
		XN_TRY(open_again(reader));
	if (read_once(&object, reader, &oid, type, most) != 0) {
		/* Its pack may have been made one with others. */
		XN_TRY(open_again(reader));
		if (read_once(&object, reader, &oid, type, most) != 0)
			return gitw_libgit2_error("cannot read the object %s "
			    "of %s", hex, reader->objects);
	}
	if (object == NULL)
		return xn_error_create(XN_E_JOB, "the object %s of %s is no "
		    "%s, or has more than %zu bytes", hex, reader->objects,
		    type == 0 ? "object" : gitw_type_name(type), most);
	*n = git_odb_object_size(object);
	*bytes = apr_pstrmemdup(pool, git_odb_object_data(object), *n);
	git_odb_object_free(object);
	return NULL;
}
