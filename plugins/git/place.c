/*
 * place.c: see place.h.
 *
 * The index comes last: what has none is no pack yet.  Between the moments when
 * they get their names, the pack has two: if we are killed then, clean.c sees
 * that it is ours.
 */
#include "plugins/git/place.h"

#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/git/index.h"

void
gitw_pack_header(unsigned char header[GITW_PACK_HEADER], size_t n)
{
	memcpy(header, "PACK\0\0\0\2", 8);
	for (int i = 0; i < 4; i++)
		header[8 + i] = (unsigned char)(n >> (24 - 8 * i));
}

static xn_error_t *
place_files(struct gitw_file *pack, struct gitw_file *index,
    const struct gitw_id *sum, const char *folder, apr_pool_t *pool)
{
	char hex[GITW_HEX + 1];
	const char *base = apr_pstrcat(pool, folder, "/pack-",
	    gitw_id_hex(sum, hex), NULL);
	const char *path = apr_pstrcat(pool, base, ".pack", NULL);
	xn_error_t *error;

	XN_TRY(gitw_file_link(pack, path));
	error = gitw_file_place(index, apr_pstrcat(pool, base, ".idx", NULL));
	if (error != NULL)
		unlink(path);
	return error;
}

xn_error_t *
gitw_place(struct gitw_file *file, const struct gitw_id *sum,
    struct gitw_entries *entries, const char *folder, apr_pool_t *pool)
{
	struct gitw_file index;
	xn_error_t *error;

	XN_TRY(gitw_file_sync(file));
	gitw_entries_sort(entries);
	XN_TRY(gitw_file_create(&index, folder, 0444, 1));
	error = gitw_index_write(&index, entries, sum);
	if (error == NULL)
		error = gitw_file_sync(&index);
	if (error == NULL)
		error = place_files(file, &index, sum, folder, pool);
	gitw_file_abandon(&index);
	return error != NULL ? error : gitw_folder_sync(folder);
}
