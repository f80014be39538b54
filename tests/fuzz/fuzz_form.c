/*
 * Whatever comes as a form, a cookie or a header is text or nothing, lets
 * nobody in, and is no markup when it is shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/http/form.h"
#include "appliance/http/guard.h"
#include "appliance/http/html.h"
#include "appliance/job/text.h"
#include "tests/fuzz/text.h"

const char *const fuzz_seeds[] = {
	"do=stop+a%20b&mark=0123&back=%2Fjob%2Fa", "do=a&do=b", "%64o=x",
	"do=%00", "do=%c3%a9", "do=%ff", "do=%4", "&&=&do", "do=<b>&'\"",
	"a=1; do=17.0123; b=2", "Bearer 0123456789abcdef0123456789abcdef",
	"localhost:80", "[::1]:8080", "127.0.0.1", "http://localhost:80",
	"1796000000."
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	NULL
};

static void
check_text(int found, const char *out, size_t size)
{
	if (strnlen(out, size) == size || (found != FORM_FOUND && *out !=
	    '\0'))
		abort();
}

/* Nobody knows the token, so nothing may be right. */
static void
check_guard(const char *text)
{
	const guard_t local = { "fedcba9876543210fedcba9876543210", 1, 0 };
	const guard_t tls = { local.token, 0, 1 };

	if (guard_token(&local, text) || guard_bearer(&local, text) ||
	    guard_session_is_good(&local, text, 1790000000) ||
	    guard_mark_is_good(&tls, text, text))
		abort();
	guard_host(&local, text);
	guard_same_site(&local, NULL, text, text);
	guard_same_site(&tls, text, text, text);
}

static void
check_html(const char *text)
{
	char *html = NULL;
	size_t n;
	FILE *out = open_memstream(&html, &n);

	if (out == NULL)
		abort();
	html_text(out, text);
	html_chain(out, text);
	fclose(out);
	if (strpbrk(html, "\"'\n\r\033") != NULL && strstr(html,
	    "<ol class=\"chain\">") == NULL)
		abort();
	n = strcspn(html, "<>\"'\n\r\033");
	if (strncmp(html + n, "<ol class=\"chain\">", 18) != 0)
		abort();
	if (!syncgate_text_is_utf8(html))
		abort();
	free(html);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char small[8], large[4096], *text = malloc(size + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	check_text(form_get(small, sizeof(small), (const char *)data, size,
	    "do"), small, sizeof(small));
	check_text(form_get(large, sizeof(large), (const char *)data, size,
	    "do"), large, sizeof(large));
	if (!syncgate_text_is_utf8(large))
		abort();
	check_text(form_cookie(small, sizeof(small), text, "do"), small,
	    sizeof(small));
	check_guard(text);
	check_html(text);
	free(text);
	return 0;
}
