#include "appliance/job/breaker.h"

#include <string.h>

#include <apr_sha1.h>
#include <apr_strings.h>

const char *const syncgate_hold_names[SYNCGATE_HOLD_KINDS] = {
	[SYNCGATE_HOLD_LOSS] = "loss",
	[SYNCGATE_HOLD_EMPTY] = "empty",
	[SYNCGATE_HOLD_BACK] = "back",
	[SYNCGATE_HOLD_OTHER] = "other",
};

int
syncgate_hold_kind(const char *name)
{
	for (int kind = 0; kind < SYNCGATE_HOLD_KINDS; kind++)
		if (strcmp(syncgate_hold_names[kind], name) == 0)
			return kind;
	return -1;
}

int
syncgate_breaker_is_token(const char *word)
{
	return strlen(word) == SYNCGATE_HOLD_TOKEN &&
	    strspn(word, "0123456789abcdef") == SYNCGATE_HOLD_TOKEN;
}

void
syncgate_breaker_write_kinds(FILE *out, unsigned int kinds)
{
	const char *between = "";

	putc('[', out);
	for (int kind = 0; kind < SYNCGATE_HOLD_KINDS; kind++) {
		if ((kinds >> kind & 1) == 0)
			continue;
		fprintf(out, "%s\"%s\"", between, syncgate_hold_names[kind]);
		between = ",";
	}
	putc(']', out);
}

xn_error_t *
syncgate_breaker_begin(syncgate_breaker_t *breaker, const char *job,
    const char *const *words, int count, syncgate_output_t *output,
    apr_pool_t *pool)
{
	apr_status_t status = apr_thread_mutex_create(&breaker->mutex,
	    APR_THREAD_MUTEX_DEFAULT, pool);

	if (status != APR_SUCCESS)
		return xn_error_system(status, "cannot make a lock");
	breaker->job = job;
	breaker->output = output;
	breaker->tokens = apr_array_make(pool, count, sizeof(const char *));
	breaker->kinds = 0;
	for (int i = 0; i < count; i++) {
		int kind = syncgate_hold_kind(words[i]);

		if (kind >= 0)
			breaker->kinds |= 1u << kind;
		else if (syncgate_breaker_is_token(words[i]))
			APR_ARRAY_PUSH(breaker->tokens, const char *) =
			    words[i];
		else
			return xn_error_create(XN_E_USAGE, "--approve %s: it "
			    "is neither what a job that was held asked for nor "
			    "loss, empty, back or other", words[i]);
	}
	return NULL;
}

void
syncgate_breaker_token(char token[SYNCGATE_HOLD_TOKEN + 1], const char *job,
    const syncgate_hold_t *hold)
{
	static const char hex[] = "0123456789abcdef";
	const char *parts[] = { job, syncgate_hold_names[hold->kind],
	    hold->subject };
	unsigned char sum[APR_SHA1_DIGESTSIZE];
	apr_sha1_ctx_t sha;

	apr_sha1_init(&sha);
	/* With the NUL behind each, so that "a", "b" is not "ab". */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		apr_sha1_update_binary(&sha, (const unsigned char *)parts[i],
		    (unsigned int)strlen(parts[i]) + 1);
	apr_sha1_final(sum, &sha);
	for (int i = 0; i < SYNCGATE_HOLD_TOKEN / 2; i++) {
		token[2 * i] = hex[sum[i] >> 4];
		token[2 * i + 1] = hex[sum[i] & 15];
	}
	token[SYNCGATE_HOLD_TOKEN] = '\0';
}

/* Is TOKEN approved?  Then it is so no more. */
static int
take_token(syncgate_breaker_t *breaker, const char *token)
{
	int found = 0;

	apr_thread_mutex_lock(breaker->mutex);
	for (int i = 0; i < breaker->tokens->nelts && !found; i++) {
		const char **one = &APR_ARRAY_IDX(breaker->tokens, i,
		    const char *);

		found = strcmp(*one, token) == 0;
		if (found)
			*one = "";
	}
	apr_thread_mutex_unlock(breaker->mutex);
	return found;
}

xn_error_t *
syncgate_breaker_ask(syncgate_breaker_t *breaker, const syncgate_hold_t *hold)
{
	const char *kind = syncgate_hold_names[hold->kind];
	char token[SYNCGATE_HOLD_TOKEN + 1], text[2048];

	syncgate_breaker_token(token, breaker->job, hold);
	if (breaker->tokens != NULL && ((breaker->kinds >> hold->kind & 1) ||
	    take_token(breaker, token))) {
		apr_snprintf(text, sizeof(text), "goes on, as was approved "
		    "(%s): %s", kind, hold->reason);
		if (breaker->output != NULL)
			syncgate_output_log(breaker->output, breaker->job,
			    SYNCGATE_WARNING, "approved", text);
		return NULL;
	}
	/* (There is no run that could go on.) */
	if (breaker->tokens == NULL)
		return xn_error_create(XN_E_JOB, "%s", hold->reason);
	if (breaker->output != NULL)
		syncgate_output_hold(breaker->output, breaker->job, kind,
		    token, hold);
	return xn_error_create(XN_E_HELD, "%s; if that is meant: `syncgate "
	    "approve %s`, or without a daemon `syncgate run --approve %s`",
	    hold->reason, breaker->job, token);
}
