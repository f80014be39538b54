/*
 * setup.c: chdir=, nice= and env: of an xspec, set at the other end.
 *
 * Our own ends take them in one message; execnet's worker runs a small program
 * for it, as execnet's own client has it do.
 */
#include "core/gateway/internal.h"

#include <string.h>

#include <apr_strings.h>

/*
 * What is not asked for is left out of the arguments.  On Linux nice() is for
 * the calling thread alone, and other programs run in other threads.
 */
static const char python_source[] =
"def setup(channel, nice, env, chdir=None):\n"
"    import os\n"
"    text = getattr(os, 'fsdecode', lambda path: path)\n"
"    what = ''\n"
"    try:\n"
"        if chdir is not None:\n"
"            what = 'chdir: cannot change to \\'%s\\'' % text(chdir)\n"
"            if not os.path.exists(chdir):\n"
"                os.mkdir(chdir)\n"
"            os.chdir(chdir)\n"
"        if nice:\n"
"            what = 'nice: cannot add %d' % nice\n"
"            nice = os.nice(nice)\n"
"            if os.path.isdir('/proc/self/task'):\n"
"                for thread in os.listdir('/proc/self/task'):\n"
"                    os.setpriority(os.PRIO_PROCESS, int(thread), nice)\n"
"        for name in env:\n"
"            what = 'env: cannot set \\'%s\\'' % text(name)\n"
"            os.environ[text(name)] = text(env[name])\n"
"    except (AttributeError, OSError, ValueError) as e:\n"
"        why = getattr(e, 'strerror', None) or str(e)\n"
"        channel.send('%s: %s' % (what, why))\n"
"    else:\n"
"        channel.send('')\n";

static void
put_text(struct xn_buf *out, const char *text)
{
	xn_put_bytes(out, text, strlen(text));
}

/* The dict {chdir, nice, env} of SPEC. */
static int
put_dict(struct xn_buf *out, const xn_xspec_t *spec)
{
	xn_put_newdict(out);
	if (spec->chdir != NULL) {
		xn_put_str(out, "chdir", 5);
		put_text(out, spec->chdir);
		xn_put_setitem(out);
	}
	xn_put_str(out, "nice", 4);
	xn_put_int(out, spec->nice);
	xn_put_setitem(out);
	xn_put_str(out, "env", 3);
	xn_put_newdict(out);
	for (int i = 0; i < spec->env_count; i++) {
		put_text(out, spec->env[i].name);
		put_text(out, spec->env[i].value);
		xn_put_setitem(out);
	}
	xn_put_setitem(out);
	return xn_put_stop(out);
}

/* Our own ends answer with a close, or with an error. */
static xn_error_t *
by_message(xn_gateway_t *gw, uint8_t *payload, size_t n)
{
	xn_channel_t *ch;
	xn_error_t *error;

	xn_group__lock(gw->group);
	ch = xn_channel__new(gw->group, gw, gw->next_id);
	gw->next_id += 2;
	xn_gateway__put(gw, XN_MSG_SETUP, ch->id, payload, n, 0);
	xn_group__unlock(gw->group);
	error = xn_channel_waitclose(ch, gw->spec->timeout);
	xn_group__lock(gw->group);
	xn_channel__forget_unheld(ch);
	xn_channel__unref_locked(ch);
	xn_group__unlock(gw->group);
	return error;
}

static void *
pool_alloc(void *pool, size_t n)
{
	return apr_palloc(pool, n);
}

static xn_error_t *
by_program(xn_gateway_t *gw, uint8_t *payload, size_t n, apr_pool_t *pool)
{
	struct xn_decode_env env = {
		.alloc = pool_alloc, .alloc_baton = pool
	};
	xn_program_t program = { .name = "setup.py", .source = python_source,
	    .entry = "setup" };
	xn_channel_t *ch;
	const char *why;

	xn__free_with(pool, payload);
	if (xn_decode(&program.kwargs, payload, n, &env) != XN_C_OK)
		return xn_error_create(XN_E_NOMEM, "no memory for the set-up");
	XN_TRY(xn_remote_exec(&ch, gw, &program, pool));
	XN_TRY(xn_receive(ch, gw->spec->timeout, "s", &why));
	if (*why != '\0')
		return xn_error_create(XN_E_REMOTE, "%s", why);
	return xn_channel_waitclose(ch, gw->spec->timeout);
}

xn_error_t *
xn_gateway__setup(xn_gateway_t *gw)
{
	const xn_xspec_t *spec = gw->spec;
	struct xn_buf out;
	apr_pool_t *scratch;
	xn_error_t *error;

	if (spec->chdir == NULL && spec->nice == 0 && spec->env_count == 0)
		return NULL;
	xn_buf_init(&out, XN_MESSAGE_MAX);
	if (put_dict(&out, spec) != XN_C_OK) {
		xn_buf_free(&out);
		return xn_error_create(XN_E_NOMEM, "no memory for the set-up");
	}
	if (!gw->plain)
		return by_message(gw, out.base, out.end);
	apr_pool_create(&scratch, NULL);
	error = by_program(gw, out.base, out.end, scratch);
	apr_pool_destroy(scratch);
	return error;
}
