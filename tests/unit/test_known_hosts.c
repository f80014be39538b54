/* known_hosts lines are read and matched as OpenSSH does it. */
#include "tests/lib/cunit_main.h"

#include "core/transport/known_hosts.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEz2wHNXeHmEWPtS6e3iZSzaAYBQ" \
    "NagXKFgNPZV/6OaN"

static int
reads(const char *text)
{
	xn_known_line_t line;

	return xn_known_hosts_line(&line, text, strlen(text));
}

static int
matches(const char *hosts, const char *name)
{
	xn_known_line_t line;
	char text[4096];

	snprintf(text, sizeof(text), "%s %s", hosts, KEY);
	CU_ASSERT_EQUAL(xn_known_hosts_line(&line, text, strlen(text)), 1);
	return xn_known_hosts_match(&line, name);
}

static void
a_line_is_taken_apart(void)
{
	static const char text[] = " \ta,b\t" KEY " a comment  \r";
	xn_known_line_t line;

	CU_ASSERT_EQUAL(xn_known_hosts_line(&line, text, strlen(text)), 1);
	CU_ASSERT_EQUAL(line.marker, XN_KNOWN_PLAIN);
	CU_ASSERT_EQUAL(line.hosts_length, 3);
	CU_ASSERT_EQUAL(memcmp(line.hosts, "a,b", 3), 0);
	CU_ASSERT_EQUAL(line.type_length, 11);
	CU_ASSERT_EQUAL(line.key_length, 68);
}

static void
markers_are_no_host_names(void)
{
	xn_known_line_t line;
	const char *revoked = "@revoked * " KEY;
	const char *authority = "@cert-authority *.org " KEY;

	CU_ASSERT_EQUAL(xn_known_hosts_line(&line, revoked, strlen(revoked)),
	    1);
	CU_ASSERT_EQUAL(line.marker, XN_KNOWN_REVOKED);
	CU_ASSERT_EQUAL(xn_known_hosts_match(&line, "any"), 1);
	CU_ASSERT_EQUAL(xn_known_hosts_match(&line, "@revoked"), 1);
	CU_ASSERT_EQUAL(xn_known_hosts_line(&line, authority,
	    strlen(authority)), 1);
	CU_ASSERT_EQUAL(line.marker, XN_KNOWN_AUTHORITY);
	CU_ASSERT_EQUAL(xn_known_hosts_match(&line, "a.org"), 1);
	CU_ASSERT_EQUAL(xn_known_hosts_match(&line, "a.net"), 0);
	CU_ASSERT_EQUAL(reads("@else * " KEY), 0);
	CU_ASSERT_EQUAL(reads("@revoked"), 0);
}

static void
what_is_no_entry_is_passed_over(void)
{
	/* Type and key disagree. */
	static const char disagree[] = "host ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA"
	    "IEz2wHNXeHmEWPtS6e3iZSzaAYBQNagXKFgNPZV/6OaN";
	static const char *const none[] = {
		"", "   ", "# a comment", "#host " KEY, "host", "host ssh-rsa",
		"host 1024 35 1234567890", "host ssh-ed25519 AAAA",
		"host ssh-ed25519 not*base64!",
		disagree,
	};
	char nul[] = "host " KEY;
	xn_known_line_t line;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (reads(none[i]) != 0)
			printf("\n  read: %s\n", none[i]);
		CU_ASSERT_EQUAL(reads(none[i]), 0);
	}
	nul[2] = '\0';
	CU_ASSERT_EQUAL(xn_known_hosts_line(&line, nul, sizeof(nul) - 1), 0);
}

static void
a_line_that_is_too_long_is_passed_over(void)
{
	char *text = malloc(XN_KNOWN_LINE_MAX + 100);
	xn_known_line_t line;
	size_t n;

	if (text == NULL)
		exit(2);
	memset(text, ' ', XN_KNOWN_LINE_MAX + 100);
	n = (size_t)sprintf(text, "host %s", KEY);
	text[n] = ' ';
	CU_ASSERT_EQUAL(xn_known_hosts_line(&line, text, XN_KNOWN_LINE_MAX), 1);
	CU_ASSERT_EQUAL(xn_known_hosts_line(&line, text, XN_KNOWN_LINE_MAX + 1),
	    0);
	free(text);
}

static void
patterns_match_as_in_openssh(void)
{
	static const struct { const char *hosts, *name; int match; } all[] = {
		{ "host", "host", 1 }, { "HOST", "host", 1 },
		{ "host", "hos", 0 }, { "host", "hosts", 0 },
		{ "a,host,b", "host", 1 }, { "a,b", "host", 0 },
		{ "*", "host", 1 }, { "h*t", "host", 1 }, { "h*", "host", 1 },
		{ "*.example.org", "a.example.org", 1 },
		{ "*.example.org", "example.org", 0 },
		{ "h?st", "host", 1 }, { "h?st", "hst", 0 },
		{ "*o*s*", "host", 1 }, { "*t*s*", "host", 0 },
		{ "**t", "host", 1 }, { "a*b*c", "aXbXbc", 1 },
		{ "*,!host", "host", 0 }, { "!host,*", "host", 0 },
		{ "!other,*", "host", 1 }, { "!other", "host", 0 },
		{ "!h*,host", "host", 0 }, { ",,host,", "host", 1 },
		{ "!,host", "host", 1 },
		{ "[host]:22022", "[host]:22022", 1 },
		{ "[host]:22022", "host", 0 }, { "host", "[host]:22022", 0 },
		{ "[*.org]:22", "[a.org]:22", 1 }, { "10.0.0.?", "10.0.0.7", 1 },
		{ "::1", "::1", 1 }, { "[::1]:2222", "[::1]:2222", 1 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (matches(all[i].hosts, all[i].name) != all[i].match)
			printf("\n  %s for %s\n", all[i].hosts, all[i].name);
		CU_ASSERT_EQUAL(matches(all[i].hosts, all[i].name),
		    all[i].match);
	}
}

/* Two lines that ssh-keygen -H made of names. */
static void
hashed_names_match_only_their_name(void)
{
	static const char host[] = "|1|FCzDwiRsWGvlc0nzy9FFm4oZ690=|"
	    "kjSjqSANA5K8t0Ad9CZRaRa6sW0=";
	static const char port[] = "|1|LHwj11yDJHdl2UZqwFaj1OwiTFg=|"
	    "rki+OrQPVf/i2FW99s04kIqCqHk=";

	CU_ASSERT_EQUAL(matches(host, "myhost.example.org"), 1);
	CU_ASSERT_EQUAL(matches(host, "myhost.example.com"), 0);
	CU_ASSERT_EQUAL(matches(port, "[other.example.org]:2222"), 1);
	CU_ASSERT_EQUAL(matches(port, "other.example.org"), 0);
	CU_ASSERT_EQUAL(matches("|1|FCzDwiRsWGvlc0nzy9FFm4oZ690=",
	    "myhost.example.org"), 0);
	CU_ASSERT_EQUAL(matches("|1||kjSjqSANA5K8t0Ad9CZRaRa6sW0=", ""), 0);
	CU_ASSERT_EQUAL(matches("|1|FCzDwiRsWGvlc0nzy9FFm4oZ690=|kjSj",
	    "myhost.example.org"), 0);
	CU_ASSERT_EQUAL(matches("|2|FCzDwiRsWGvlc0nzy9FFm4oZ690=|"
	    "kjSjqSANA5K8t0Ad9CZRaRa6sW0=", "myhost.example.org"), 0);
}

static void
base64_is_strict_and_bounded(void)
{
	uint8_t out[16];

	CU_ASSERT_EQUAL(xn_known_hosts_base64(out, 16, "", 0), 0);
	CU_ASSERT_EQUAL(xn_known_hosts_base64(out, 16, "QQ==", 4), 1);
	CU_ASSERT_EQUAL(out[0], 'A');
	CU_ASSERT_EQUAL(xn_known_hosts_base64(out, 16, "QUI=", 4), 2);
	CU_ASSERT_EQUAL(xn_known_hosts_base64(out, 16, "QUJD/+8a", 8), 6);
	CU_ASSERT_EQUAL(memcmp(out, "ABC\xff\xef\x1a", 6), 0);
	CU_ASSERT_EQUAL(xn_known_hosts_base64(out, 16, "QUJ", 3), -1);
	CU_ASSERT_EQUAL(xn_known_hosts_base64(out, 16, "QU=D", 4), -1);
	CU_ASSERT_EQUAL(xn_known_hosts_base64(out, 16, "QU D", 4), -1);
	CU_ASSERT_EQUAL(xn_known_hosts_base64(out, 16, "Q===", 4), -1);
	CU_ASSERT_EQUAL(xn_known_hosts_base64(out, 5, "QUJDRUZH", 8), -1);
}

static const struct xn_test_case cases[] = {
	{ "a line is taken apart", a_line_is_taken_apart },
	{ "markers are no host names", markers_are_no_host_names },
	{ "what is no entry is passed over", what_is_no_entry_is_passed_over },
	{ "a line that is too long is passed over",
	    a_line_that_is_too_long_is_passed_over },
	{ "patterns match as in OpenSSH", patterns_match_as_in_openssh },
	{ "hashed names match only their name",
	    hashed_names_match_only_their_name },
	{ "base64 is strict and bounded", base64_is_strict_and_bounded },
};

XN_TEST_MAIN("known hosts", cases)
