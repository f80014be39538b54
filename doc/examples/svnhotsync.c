/* The talk's demonstration: svnhotsync XSPEC REPOSITORY MIRROR, for ever. */
#include <execnet.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_general.h>
#include <apr_thread_proc.h>
#include <stdio.h>

#include "svnhotsync-remote.h" /* the text of svnhotsync-remote.c, made by the build */

/* Load what arrives until the number that ends a batch; that is *HAVE then. */
static xn_error_t *
load_batch(long long *have, xn_channel_t *channel, const char *mirror, apr_pool_t *pool)
{
	const char *argv[] = { "svnadmin", "load", "-q", "--force-uuid", mirror, NULL };
	apr_procattr_t *attr;
	apr_proc_t load;
	const xn_value_t *v;
	apr_pool_t *turn;
	int code, status;

	apr_procattr_create(&attr, pool);
	apr_procattr_io_set(attr, APR_FULL_BLOCK, APR_NO_PIPE, APR_NO_PIPE);
	apr_procattr_cmdtype_set(attr, APR_PROGRAM_PATH);
	status = apr_proc_create(&load, argv[0], argv, NULL, attr, pool);
	for (apr_pool_create(&turn, pool); status == APR_SUCCESS; apr_pool_clear(turn)) {
		XN_TRY(xn_channel_receive(&v, channel, XN_FOREVER, turn));
		if (v->kind != XN_BYTES)
			break;
		status = apr_file_write_full(load.in, v->u.bytes, v->size, NULL);
	}
	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot feed svnadmin load %s", mirror);
	XN_TRY(xn_unpack_value(v, turn, "l", have));
	apr_file_close(load.in);
	apr_proc_wait(&load, &code, NULL, APR_WAIT);
	return code == 0 ? NULL : xn_error_create(XN_E_JOB, "svnadmin load exited %d", code);
}

static xn_error_t *
sync_for_ever(char **argv, apr_pool_t *pool)
{
	xn_group_t *group;
	xn_gateway_t *gw;
	xn_channel_t *channel;
	xn_program_t program = { .name = "svnhotsync-remote.c", .source = svnhotsync_remote };
	long long have = 0;
	FILE *current = fopen(apr_pstrcat(pool, argv[3], "/db/current", NULL), "r");
	apr_pool_t *batch;

	if (current == NULL || fscanf(current, "%lld", &have) != 1)
		return xn_error_create(XN_E_JOB, "%s: svnadmin create it first", argv[3]);
	XN_TRY(xn_make_value(&program.kwargs, pool, "{spsl}", "repository", argv[2], "have", have));
	XN_TRY(xn_group_create(&group, pool));
	XN_TRY(xn_gateway_open(&gw, group, argv[1], pool));
	XN_TRY(xn_remote_exec(&channel, gw, &program, pool));
	for (apr_pool_create(&batch, pool);; apr_pool_clear(batch)) {
		XN_TRY(load_batch(&have, channel, argv[3], batch));
		fprintf(stderr, "r%lld\n", have);
	}
}

int
main(int argc, char **argv)
{
	apr_pool_t *pool;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	if (argc != 4)
		return fprintf(stderr, "usage: svnhotsync XSPEC REPOSITORY MIRROR\n"), 2;
	return fprintf(stderr, "%s\n", xn_error_text(sync_for_ever(argv, pool), pool)), 1;
}
