#include "appliance/job/daemon_config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "appliance/job/listen.h"
#include "appliance/job/settings.h"

#define LEASE_LEAST	apr_time_from_sec(4)

const syncgate_option_t syncgate_daemon_options[] = {
	{ "socket", SYNCGATE_STRING, NULL, 0, NULL,
	    "where the daemon hears commands" },
	{ "control-group", SYNCGATE_STRING, NULL, 0, NULL,
	    "members of this group may give it commands, too" },
	{ "memory", SYNCGATE_STRING, NULL, 0, NULL,
	    "where the daemon keeps what was stopped, paused and held" },
	{ "at-once", SYNCGATE_INTEGER, "0", 0, NULL,
	    "so many scheduled jobs run at once; 0: all" },
	{ "host-at-once", SYNCGATE_INTEGER, "0", 0, NULL,
	    "so many of those that log in to one host; 0: all" },
	{ "stop-within", SYNCGATE_SECONDS, "30", 0, NULL,
	    "what does not end in that time is killed" },
	{ "http", SYNCGATE_STRING, NULL, 0, NULL,
	    "where the status page listens" },
	{ "http-cert", SYNCGATE_STRING, NULL, 0, NULL,
	    "its certificate, for TLS" },
	{ "http-key", SYNCGATE_STRING, NULL, 0, NULL,
	    "the key of that" },
	{ "history-keep", SYNCGATE_SECONDS, "90d", 0, NULL,
	    "runs are remembered so long; 0: for ever" },
	{ "history-runs", SYNCGATE_INTEGER, "10000", 0, NULL,
	    "and the last ones of each job; 0: any number" },
	{ "lease", SYNCGATE_SECONDS, "0", 0, NULL,
	    "of daemons that share a server one runs a job; who does not renew "
	    "its lease for so long has lost it" },
	{ "log", SYNCGATE_CHOICE, "auto", 0, "auto|stderr|syslog|journald",
	    "where the daemon's log goes" },
	{ "log-format", SYNCGATE_CHOICE, "text", 0, "text|json",
	    "what its lines are" },
	{ "log-socket", SYNCGATE_STRING, NULL, 0, NULL,
	    "where syslog or journald hears, if elsewhere than usual" },
	{ NULL, 0, NULL, 0, NULL, NULL }
};

/* NAME is the absolute path of a file, if it is given. */
static xn_error_t *
check_path(const syncgate_settings_t *s, const char *name)
{
	const char *path = syncgate_settings_text(s, name);

	if (path == NULL || (*path == '/' && path[strlen(path) - 1] != '/'))
		return NULL;
	return xn_error_create(XN_E_CONFIG, "%s: %s: \"%s\" is not an absolute "
	    "path of a file", syncgate_settings_place(s, name), name, path);
}

/* ---- The log ------------------------------------------------------------ */

static int
log_way(const char *text)
{
	static const char *const ways[] = {
		[SYNCGATE_LOG_AUTO] = "auto",
		[SYNCGATE_LOG_STDERR] = "stderr",
		[SYNCGATE_LOG_SYSLOG] = "syslog",
		[SYNCGATE_LOG_JOURNALD] = "journald",
	};
	int way = SYNCGATE_LOG_JOURNALD;

	/* (The table has checked that it is one of them.) */
	while (way > 0 && strcmp(ways[way], text) != 0)
		way--;
	return way;
}

static xn_error_t *
read_log(syncgate_daemon_config_t *daemon, const syncgate_settings_t *s)
{
	daemon->log = log_way(syncgate_settings_text(s, "log"));
	daemon->log_json = strcmp(syncgate_settings_text(s, "log-format"),
	    "json") == 0;
	daemon->log_socket = syncgate_settings_text(s, "log-socket");
	return check_path(s, "log-socket");
}

/* ---- The status page ---------------------------------------------------- */

/* What is not only for this machine goes by TLS, or not at all. */
static xn_error_t *
read_http(syncgate_daemon_config_t *daemon, const syncgate_settings_t *s,
    apr_pool_t *pool)
{
	const char *name;
	syncgate_listen_t listen;
	int tls;

	daemon->http = syncgate_settings_text(s, "http");
	daemon->http_cert = syncgate_settings_text(s, "http-cert");
	daemon->http_key = syncgate_settings_text(s, "http-key");
	tls = daemon->http_cert != NULL;
	name = tls ? "http-cert" : "http-key";
	if (tls != (daemon->http_key != NULL))
		return xn_error_create(XN_E_CONFIG, "%s: %s: http-cert and "
		    "http-key go together", syncgate_settings_place(s, name),
		    name);
	if (daemon->http == NULL && tls)
		return xn_error_create(XN_E_CONFIG, "%s: %s: there is no "
		    "http", syncgate_settings_place(s, name), name);
	if (daemon->http == NULL)
		return NULL;
	XN_TRY_W(syncgate_listen_read(&listen, daemon->http, pool),
	    "%s: http", syncgate_settings_place(s, "http"));
	if (!listen.local && !tls)
		return xn_error_create(XN_E_CONFIG, "%s: http: \"%s\" can be "
		    "reached from other machines: that needs http-cert and "
		    "http-key", syncgate_settings_place(s, "http"),
		    daemon->http);
	XN_TRY(check_path(s, "http-cert"));
	return check_path(s, "http-key");
}

/* ---- All ---------------------------------------------------------------- */

/* Where it hears commands, and from whom. */
static xn_error_t *
read_socket(syncgate_daemon_config_t *daemon, const syncgate_settings_t *s)
{
	daemon->socket = syncgate_settings_text(s, "socket");
	daemon->group = syncgate_settings_text(s, "control-group");
	/* Others look for it where the configuration says, if that does. */
	if (daemon->group != NULL && daemon->socket == NULL)
		return xn_error_create(XN_E_CONFIG, "%s: control-group: give "
		    "the socket a place that its members can reach, by socket",
		    syncgate_settings_place(s, "control-group"));
	return check_path(s, "socket");
}

xn_error_t *
syncgate_daemon_config_read(syncgate_daemon_config_t *daemon,
    const syncgate_setting_t *settings, int count, apr_pool_t *pool)
{
	syncgate_settings_t s;

	XN_TRY(syncgate_settings_read(&s, syncgate_daemon_options, settings,
	    count, pool));
	daemon->stop_within = syncgate_settings_number(&s, "stop-within");
	daemon->history_keep = syncgate_settings_number(&s, "history-keep");
	XN_TRY(syncgate_settings_count(&daemon->history_runs, &s,
	    "history-runs"));
	XN_TRY(syncgate_settings_count(&daemon->at_once, &s, "at-once"));
	XN_TRY(syncgate_settings_count(&daemon->host_at_once, &s,
	    "host-at-once"));
	daemon->lease = syncgate_settings_number(&s, "lease");
	if (daemon->lease > 0 && daemon->lease < LEASE_LEAST)
		return xn_error_create(XN_E_CONFIG, "%s: lease is at least %d "
		    "s: it is renewed at a third of that",
		    syncgate_settings_place(&s, "lease"),
		    (int)apr_time_sec(LEASE_LEAST));
	daemon->memory = syncgate_settings_text(&s, "memory");
	XN_TRY(check_path(&s, "memory"));
	XN_TRY(read_socket(daemon, &s));
	XN_TRY(read_log(daemon, &s));
	return read_http(daemon, &s, pool);
}

xn_error_t *
syncgate_daemon_config_check(const syncgate_daemon_config_t *daemon)
{
	const char *const paths[] = { daemon->http_cert, daemon->http_key };

	for (int i = 0; i < 2; i++)
		if (paths[i] != NULL && access(paths[i], R_OK) != 0)
			return xn_error_create(XN_E_CONFIG, "%s: cannot read "
			    "%s: %s", i == 0 ? "http-cert" : "http-key",
			    paths[i], strerror(errno));
	return NULL;
}
