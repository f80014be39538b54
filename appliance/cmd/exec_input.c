/*
 * One thread, which waits for a line or for being told to stop.  A line that is
 * wrong is the end of the input, and told at the end of all.  A channel
 * that is closed is passed over from then on: why, its receiver says.
 */
#include "appliance/cmd/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "appliance/cmd/lines.h"
#include "appliance/job/json.h"

struct exec_input {
	xn_channel_t **channels;	/* NULL: not to be sent to any more */
	int count, wanted;		/* added, and to be */
	cmd_lines_t lines;
	int stop[2];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int stopping;
	xn_error_t *error;		/* of the input; read after the join */
	apr_pool_t *pool;		/* of the thread */
};

static int
is_gone(int code)
{
	return code == XN_E_CLOSED || code == XN_E_EOF ||
	    code == XN_E_REMOTE || code == XN_E_CONNECTION ||
	    code == XN_E_CANCELLED || code == XN_E_TIMEOUT;
}

/* Send VALUE to all that are left, how many that are into *LEFT. */
static xn_error_t *
send_all(struct exec_input *input, const xn_value_t *value, int *left)
{
	*left = 0;
	for (int i = 0; i < input->count; i++) {
		xn_error_t *error;

		if (input->channels[i] == NULL)
			continue;
		error = xn_channel_send(input->channels[i], value);
		if (error == NULL) {
			++*left;
			continue;
		}
		if (!is_gone(error->code))
			return error;
		xn_error_clear(error);
		input->channels[i] = NULL;
	}
	return NULL;
}

static xn_error_t *
read_failed(long number)
{
	if (errno == EMSGSIZE)
		return xn_error_create(XN_E_USAGE, "line %ld of standard "
		    "input is longer than %d bytes", number, LINES_MAX);
	return xn_error_system(errno, "cannot read standard input");
}

/* Until the input ends, or nobody is left to be told. */
static xn_error_t *
feed(struct exec_input *input)
{
	int left = 1;

	for (long number = 1; left > 0; number++) {
		const xn_value_t *value;
		const char *line;
		size_t n;

		switch (cmd_lines_next(&input->lines, &line, &n)) {
		case LINES_LINE:
			break;
		case LINES_ERROR:
			return read_failed(number);
		default:
			return NULL;
		}
		if (line[strspn(line, " \t\r")] == '\0' && n == strlen(line))
			continue;
		apr_pool_clear(input->pool);
		XN_TRY_W(syncgate_json_read(&value, line, n, input->pool),
		    "line %ld of standard input", number);
		XN_TRY_W(send_all(input, value, &left),
		    "line %ld of standard input", number);
	}
	return NULL;
}

/* Wait for the last channel: 0 if told to stop instead. */
static int
wait_for_channels(struct exec_input *input)
{
	int complete;

	pthread_mutex_lock(&input->lock);
	while (input->count < input->wanted && !input->stopping)
		pthread_cond_wait(&input->changed, &input->lock);
	complete = input->count == input->wanted;
	pthread_mutex_unlock(&input->lock);
	return complete;
}

static void *
input_main(void *baton)
{
	struct exec_input *input = baton;

	if (!wait_for_channels(input))
		return NULL;
	/* After a line that is wrong, too, what went before it is answered. */
	input->error = feed(input);
	for (int i = 0; i < input->count; i++) {
		if (input->channels[i] != NULL)
			xn_error_clear(xn_channel_close_write(
			    input->channels[i]));
	}
	return NULL;
}

xn_error_t *
exec_input_start(exec_input_t **result, int n, apr_pool_t *pool)
{
	struct exec_input *input = apr_pcalloc(pool, sizeof(*input));
	int rc;

	input->wanted = n;
	input->channels = apr_pcalloc(pool, sizeof(*input->channels) *
	    (size_t)(n + 1));
	apr_pool_create(&input->pool, pool);
	if (pipe2(input->stop, O_CLOEXEC) != 0)
		return xn_error_system(errno, "cannot make a pipe");
	input->lines.fd = STDIN_FILENO;
	input->lines.wake_fd = input->stop[0];
	pthread_mutex_init(&input->lock, NULL);
	pthread_cond_init(&input->changed, NULL);
	rc = pthread_create(&input->thread, NULL, input_main, input);
	if (rc != 0) {
		close(input->stop[0]);
		close(input->stop[1]);
		return xn_error_system(rc, "cannot start a thread");
	}
	*result = input;
	return NULL;
}

void
exec_input_add(exec_input_t *input, xn_channel_t *channel)
{
	pthread_mutex_lock(&input->lock);
	input->channels[input->count++] = channel;
	pthread_cond_broadcast(&input->changed);
	pthread_mutex_unlock(&input->lock);
}

xn_error_t *
exec_input_stop(exec_input_t *input)
{
	pthread_mutex_lock(&input->lock);
	input->stopping = 1;
	pthread_cond_broadcast(&input->changed);
	pthread_mutex_unlock(&input->lock);
	close(input->stop[1]);		/* the other end becomes readable */
	pthread_join(input->thread, NULL);
	close(input->stop[0]);
	cmd_lines_free(&input->lines);
	pthread_cond_destroy(&input->changed);
	pthread_mutex_destroy(&input->lock);
	return input->error;
}
