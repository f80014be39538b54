#include "appliance/http/html.h"

#include <string.h>

#include "appliance/job/text.h"

#define LINKS_MAX	12	/* of a chain that are shown apart */

void
html_text(FILE *out, const char *text)
{
	char clean[64], one[8];
	unsigned int code;
	int n;

	for (; *text != '\0'; text += n) {
		n = syncgate_text_character(text, &code);
		if (n == 0)
			n = 1;
		memcpy(one, text, (size_t)n);
		one[n] = '\0';
		switch (*one) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		case '\n':
			putc(' ', out);
			break;
		default:
			syncgate_text_clean(clean, sizeof(clean), one);
			fputs(clean, out);
		}
	}
}

void
html_count(FILE *out, long long n)
{
	char digits[32];
	int length = snprintf(digits, sizeof(digits), "%lld", n);

	for (int i = 0; i < length; i++) {
		if (i > (n < 0) && (length - i) % 3 == 0)
			putc(',', out);
		putc(digits[i], out);
	}
}

void
html_bytes(FILE *out, double bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB",
	    "PB", "EB" };
	int i = 0;

	while (bytes >= 999.5 && i < 6) {
		bytes /= 1000;
		i++;
	}
	fprintf(out, i == 0 || bytes >= 99.5 ? "%.0f %s" : "%.1f %s", bytes,
	    units[i]);
}

void
html_span(FILE *out, long long seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 60)
		fprintf(out, "%lld s", seconds);
	else if (seconds < 3600)
		fprintf(out, "%lld min", seconds / 60);
	else if (seconds < 86400)
		fprintf(out, "%lld h %lld min", seconds / 3600,
		    seconds / 60 % 60);
	else
		fprintf(out, "%lld d %lld h", seconds / 86400,
		    seconds / 3600 % 24);
}

void
html_ago(FILE *out, apr_time_t when, apr_time_t now)
{
	long long seconds = apr_time_sec(now - when);
	apr_time_exp_t t;

	/* What is being read is not to flicker. */
	if (seconds > 10 && seconds < 60)
		seconds = seconds / 10 * 10;
	apr_time_exp_gmt(&t, when);
	fprintf(out, "<time datetime=\"%04d-%02d-%02dT%02d:%02d:%02dZ\" "
	    "title=\"%04d-%02d-%02d %02d:%02d:%02d UTC\">",
	    t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
	    t.tm_sec, t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
	    t.tm_min, t.tm_sec);
	if (seconds <= 10 && seconds > -10) {
		fputs(when > now ? "in a moment" : "just now", out);
	} else {
		fputs(seconds < 0 ? "in " : "", out);
		html_span(out, seconds < 0 ? -seconds : seconds);
		fputs(seconds < 0 ? "" : " ago", out);
	}
	fputs("</time>", out);
}

void
html_chain(FILE *out, const char *error)
{
	char one[2100];

	fputs("<ol class=\"chain\">", out);
	for (int i = 1; *error != '\0'; i++) {
		const char *end = i == LINKS_MAX ? NULL : strstr(error, ": ");
		size_t n = end == NULL ? strlen(error) : (size_t)(end -
		    error);

		if (n >= sizeof(one))
			n = sizeof(one) - 1;
		memcpy(one, error, n);
		one[n] = '\0';
		fputs("<li>", out);
		html_text(out, one);
		fputs("</li>", out);
		error = end == NULL ? "" : end + 2;
	}
	fputs("</ol>", out);
}
