/*
 * A chart is an SVG in the page: no script draws it, and no file is loaded.
 */
#include "appliance/http/html.h"
#include "appliance/http/show.h"

void
show_rate(FILE *out, const model_rate_t *rate, double value)
{
	if (rate->by == MODEL_BYTES) {
		html_bytes(out, value);
		fputs("/s", out);
		return;
	}
	if (value >= 0.95 || value == 0) {
		fprintf(out, value < 10 && value != 0 ? "%.1f " : "%.0f ",
		    value);
		html_text(out, rate->unit);
		fputs("s/s", out);
		return;
	}
	/* Less than one a second is read better by the minute. */
	fprintf(out, "%.1f ", value * 60);
	html_text(out, rate->unit);
	fputs("s/min", out);
}

/* Where the point I is. */
static void
put_point(FILE *out, const model_rate_t *rate, int i, double at, double y,
    int height)
{
	fprintf(out, "%.1f %.1f", at < 0 ? 0 : at, height - 1 -
	    rate->points[i] * y);
}

/*
 * The line over the points from FIRST on that are known; which is behind them.
 * One alone is as wide as a step.  (The last point is of a step that is not
 * over.)
 */
static int
draw_line(FILE *out, const model_rate_t *rate, int first, double x, double y,
    int height)
{
	double from = (first - 1) * x;
	int end = first + 1;

	while (end < MODEL_POINTS - 1 && rate->points[end] >= 0)
		end++;
	if (end > first + 1)
		from = first * x;
	fprintf(out, "<path class=\"area\" d=\"M%.1f %dL", from < 0 ? 0 : from,
	    height);
	put_point(out, rate, first, from, y, height);
	for (int i = first; i < end; i++) {
		putc('L', out);
		put_point(out, rate, i, i * x, y, height);
	}
	fprintf(out, "L%.1f %dZ\"/><path class=\"line\" d=\"M",
	    (end - 1) * x, height);
	put_point(out, rate, first, from, y, height);
	for (int i = first; i < end; i++) {
		putc('L', out);
		put_point(out, rate, i, i * x, y, height);
	}
	fputs("\"/>", out);
	return end;
}

void
show_chart(FILE *out, const model_rate_t *rate, int width, int height)
{
	double most = model_rate_most(rate), now = model_rate_now(rate);
	double x = (double)width / (MODEL_POINTS - 2), y;

	if (most < 0)
		return;
	y = most > 0 ? (height - 3) / most : 0;
	fprintf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" width=\"%d\" "
	    "height=\"%d\" preserveAspectRatio=\"none\" role=\"img\" "
	    "aria-label=\"Rate over the last 10 minutes: ", width, height,
	    width, height);
	if (now >= 0)
		show_rate(out, rate, now);
	else
		fputs("nothing", out);
	fputs(" now, at most ", out);
	show_rate(out, rate, most);
	fprintf(out, "\"><path class=\"base\" d=\"M0 %.1fH%d\"/>",
	    height - 0.5, width);
	for (int i = 0; i < MODEL_POINTS - 1; i++)
		if (rate->points[i] >= 0)
			i = draw_line(out, rate, i, x, y, height);
	fputs("</svg>", out);
}
