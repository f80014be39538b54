/*
 * lease.h: a job that several daemons have is run by one of them at a time, by
 * a lease in the store that they share.
 *
 * The process that runs it holds the lease, and renews it when a third of its
 * time has gone.  When three quarters have gone without that, the job is cut
 * off, and shortly before the end the process ends, whatever it does: also one
 * that slept meanwhile (SIGSTOP, a suspended machine), as its first act.
 */
#ifndef SYNCGATE_JOB_LEASE_H
#define SYNCGATE_JOB_LEASE_H

#include "appliance/job/config.h"
#include "appliance/job/output.h"
#include "core/plugin/host.h"

typedef struct syncgate_lease syncgate_lease_t;

/*
 * Take the lease of the job of CONFIG, and wait for it as long as another has
 * it, which is said; *LEASE is NULL if the configuration wants none.  Where
 * JOB->once is set it does not wait: XN_E_TIMEOUT says who has it, and *HAD
 * (HAD may be NULL), which is 0 before, is set to 1.
 * XN_E_CANCELLED: a signal came meanwhile.
 */
xn_error_t *syncgate_lease_take(syncgate_lease_t **lease, int *had,
    const syncgate_job_config_t *config, const syncgate_job_t *job,
    syncgate_output_t *output);

/*
 * The job has ended with ERROR (may be NULL); give back LEASE (may be NULL).
 * Returns ERROR or, if the lease was lost, XN_E_TIMEOUT instead.
 */
xn_error_t *syncgate_lease_end(syncgate_lease_t *lease, xn_error_t *error);

/*
 * Did the server of one not answer when its job had ended?  Then a thread waits
 * for it still, with what APR has loaded: this process is to end by _exit().
 */
int syncgate_lease_is_left(void);

#endif
