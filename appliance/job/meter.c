#include "appliance/job/meter.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "appliance/job/text.h"

#define SAMPLE	apr_time_from_msec(500)	/* how long a rate is measured */
#define WEIGHT	0.3			/* of a new sample */

static void
smooth(double *rate, long long change, apr_interval_time_t time)
{
	double now = change < 0 ? 0 :
	    (double)change * 1e6 / (double)time;

	*rate = *rate == 0 ? now : *rate * (1 - WEIGHT) + now * WEIGHT;
}

static void
start_sample(syncgate_meter_t *meter, apr_time_t now)
{
	meter->since = now;
	meter->since_done = meter->done;
	meter->since_bytes = meter->bytes;
}

int
syncgate_meter_update(syncgate_meter_t *meter,
    const syncgate_progress_t *progress, apr_time_t now)
{
	char phase[sizeof(meter->phase)];
	int is_new;

	syncgate_text_clean(phase, sizeof(phase),
	    progress->phase != NULL ? progress->phase : "");
	syncgate_text_clean(meter->unit, sizeof(meter->unit),
	    progress->unit != NULL ? progress->unit : "");
	is_new = meter->since == 0 || strcmp(phase, meter->phase) != 0;
	meter->done = progress->done;
	meter->total = progress->total;
	meter->bytes = progress->bytes;
	if (is_new) {
		memcpy(meter->phase, phase, sizeof(phase));
		meter->done_rate = meter->byte_rate = 0;
		start_sample(meter, now);
	} else if (now - meter->since >= SAMPLE) {
		smooth(&meter->done_rate, meter->done - meter->since_done,
		    now - meter->since);
		smooth(&meter->byte_rate, meter->bytes - meter->since_bytes,
		    now - meter->since);
		start_sample(meter, now);
	}
	return is_new;
}

/* Appends to OUT, as far as there is room. */
static void __attribute__((format(printf, 4, 5)))
add(char *out, size_t size, size_t *used, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(out + *used, size - *used, format, ap);
	va_end(ap);
	if (n > 0)
		*used += (size_t)n < size - *used ? (size_t)n :
		    size - *used - 1;
}

static void
add_bytes(char *out, size_t size, size_t *used, double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	int i = 0;

	for (; bytes >= 1024 && i < 4; i++)
		bytes /= 1024;
	add(out, size, used, i > 0 && bytes < 100 ? "%.1f %s" : "%.0f %s",
	    bytes, units[i]);
}

static void
add_time_left(const syncgate_meter_t *meter, char *out, size_t size,
    size_t *used)
{
	double seconds;
	long long s;

	if (meter->total <= meter->done || meter->done_rate <= 0)
		return;
	seconds = (double)(meter->total - meter->done) / meter->done_rate;
	if (seconds > 99 * 86400.0)
		return;
	s = (long long)(seconds + 0.5);
	if (s >= 3600)
		add(out, size, used, ", %lld:%02lld:%02lld left", s / 3600,
		    s / 60 % 60, s % 60);
	else
		add(out, size, used, ", %lld:%02lld left", s / 60, s % 60);
}

size_t
syncgate_meter_text(const syncgate_meter_t *meter, char *out, size_t size)
{
	size_t used = 0;

	add(out, size, &used, "%s", meter->phase);
	if (meter->done >= 0 && meter->total >= 0)
		add(out, size, &used, ": %s %lld of %lld", meter->unit,
		    meter->done, meter->total);
	else if (meter->done >= 0)
		add(out, size, &used, ": %s %lld", meter->unit, meter->done);
	if (meter->bytes >= 0) {
		add(out, size, &used, ", ");
		add_bytes(out, size, &used, (double)meter->bytes);
	}
	if (meter->byte_rate > 0) {
		add(out, size, &used, ", ");
		add_bytes(out, size, &used, meter->byte_rate);
		add(out, size, &used, "/s");
	}
	add_time_left(meter, out, size, &used);
	return used;
}
