/*
 * What is asked of a job once, and is not a run.
 */
#include "appliance/job/job_host.h"

#include "appliance/job/stop.h"

/* ---- Without a gateway -------------------------------------------------- */

xn_error_t *
syncgate_job_check(const syncgate_job_config_t *config, apr_pool_t *pool)
{
	struct job_running running = { .output = NULL };
	syncgate_job_t job = job_host_make(config, &running, pool);

	if (config->config->daemon.lease > 0 && (config->config->store ==
	    NULL || !syncgate_store_is_shared(config->config->store)))
		return xn_error_create(XN_E_CONFIG, "%s: a lease needs a store "
		    "that is shared, \"pgsql:...\"", config->where);
	if (config->plugin->check == NULL)
		return NULL;
	XN_TRY_W(config->plugin->check(&job, pool), "%s: job %s",
	    config->where, config->name);
	return NULL;
}

const char *
syncgate_job_describe(const syncgate_job_config_t *config, apr_pool_t *pool)
{
	struct job_running running = { .output = NULL };
	syncgate_job_t job = job_host_make(config, &running, pool);

	if (config->plugin->describe == NULL)
		return config->plugin->description;
	return config->plugin->describe(&job, pool);
}

xn_error_t *
syncgate_job_queue(const char **queue, const syncgate_job_config_t *config,
    apr_pool_t *pool)
{
	struct job_running running = { .output = NULL };
	syncgate_job_t job = job_host_make(config, &running, pool);

	if (config->plugin->queue == NULL)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "has no items", config->name, config->plugin->name);
	XN_TRY_W(config->plugin->queue(queue, &job, pool), "job %s",
	    config->name);
	return NULL;
}

xn_error_t *
syncgate_job_in_hand(const syncgate_job_config_t *config,
    syncgate_item_fn *each, void *baton, apr_pool_t *pool)
{
	struct job_running running = { .output = NULL };
	syncgate_job_t job = job_host_make(config, &running, pool);

	if (config->plugin->in_hand == NULL)
		return NULL;
	XN_TRY_W(config->plugin->in_hand(&job, each, baton, pool), "job %s",
	    config->name);
	return NULL;
}

xn_error_t *
syncgate_job_act(const syncgate_job_config_t *config,
    const struct syncgate_items *items, int action,
    const syncgate_item_t *item, syncgate_output_t *output, apr_pool_t *pool)
{
	struct job_running running = { .output = output };
	syncgate_job_t job = job_host_make(config, &running, pool);

	if (config->plugin->act == NULL)
		return xn_error_create(XN_E_USAGE, "its plugin, %s, cannot do "
		    "that", config->plugin->name);
	running.items = *items;
	return config->plugin->act(&job, action, item, pool);
}

/* ---- With gateways ------------------------------------------------------ */

/* Once, and not to be tried again. */
static xn_error_t *
act_once(const syncgate_job_config_t *config, const struct job_act *act,
    const char *only, syncgate_output_t *output, syncgate_proof_t *proof,
    apr_pool_t *pool)
{
	struct job_running running = { .output = output };
	syncgate_job_t job = job_host_make(config, &running, pool);
	xn_error_t *error;

	XN_TRY(job_host_set_only(&job, config, only));
	job.once = 1;
	job.stop_fd = syncgate_stop_fd();
	error = job_host_attempt(&job, config, act, pool);
	if (error != NULL)
		return xn_error_wrap(error, "job %s", config->name);
	if (proof != NULL)
		*proof = syncgate_told_proof(running.told);
	return NULL;
}

xn_error_t *
syncgate_job_promote(const syncgate_job_config_t *config, int how,
    const char *only, syncgate_output_t *output, apr_pool_t *pool)
{
	const struct job_act act = { .function = config->plugin->promote,
	    .how = how };

	if (act.function == NULL)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "keeps nothing that could be promoted", config->name,
		    config->plugin->name);
	return act_once(config, &act, only, output, NULL, pool);
}

xn_error_t *
syncgate_job_verify(syncgate_proof_t *proof,
    const syncgate_job_config_t *config, int how, const char *only,
    syncgate_output_t *output, apr_pool_t *pool)
{
	const struct job_act act = { .function = config->plugin->verify,
	    .how = how };

	if (act.function == NULL)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "keeps nothing that could be verified", config->name,
		    config->plugin->name);
	return act_once(config, &act, only, output, proof, pool);
}

xn_error_t *
syncgate_job_status(const syncgate_job_config_t *config,
    syncgate_status_fn *each, void *baton, syncgate_output_t *output,
    apr_pool_t *pool)
{
	const struct job_act act = { .each = each, .baton = baton };

	if (config->plugin->status == NULL)
		return xn_error_create(XN_E_USAGE, "job %s: its plugin, %s, "
		    "has no status", config->name, config->plugin->name);
	return act_once(config, &act, NULL, output, NULL, pool);
}
