/* The server half: dump every revision that is new, then wait for the next. */
#include <execnet/remote.h>

static void
send_dump(xn_channel *channel, const char *repository, long long from, long long to)
{
	const char *range = xn_printf("-r%lld:%lld", from, to);
	const char *argv[] = { "svnadmin", "dump", "-q", "--incremental", "--deltas", range,
	    repository, NULL };

	if (xn_run(channel, argv) != 0)
		xn_fail("svnadmin dump %s of %s failed", range, repository);
	xn_send(channel, "l", to);
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	const char *repository = xn_value_text(kwargs, "repository", "");
	long long have = xn_value_int(kwargs, "have", 0), youngest;
	int db = xn_base_open(xn_printf("%s/db", repository));
	xn_watch *watch = xn_watch_open();
	xn_waitable both[2] = { { .channel = channel }, { .fd = xn_watch_fd(watch) } };
	xn_event event;

	if (db < 0 || xn_watch_add(watch, db, "", XN_WATCH_MOVED_TO) < 0)
		xn_fail("cannot watch the repository %s: %m", repository);
	while (both[0].ready != XN_READY_EOF) {
		char *current = xn_read_file(db, "current", 64, NULL);

		youngest = current != NULL ? strtoll(current, NULL, 10) : -1;
		free(current);
		if (youngest > have)
			send_dump(channel, repository, have + 1, youngest);
		have = youngest > have ? youngest : have;
		xn_select(both, 2, XN_FOREVER);
		while (xn_watch_next(watch, &event))
			continue;
	}
}
