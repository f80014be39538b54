/*
 * keeper.h: the program that is first at a remote, and stays.
 */
#ifndef FILEPROC_KEEPER_H
#define FILEPROC_KEEPER_H

#include "plugins/fileproc/remote.h"

/*
 * Start it over LINK's gateway, wait until it is ready, and fill in LINK; its
 * channel lives in POOL.
 */

/* side_room.c: it makes a folder to work in, and removes it. */
xn_error_t *fp_keeper_room(fp_link_t *link, fp_job_t *job, apr_pool_t *pool);

/* side_system.c: it serves all items of a system that is there. */
xn_error_t *fp_keeper_system(fp_link_t *link, fp_job_t *job,
    apr_pool_t *pool);

#endif
