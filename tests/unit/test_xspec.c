/* What an xspec says, and how each wrong one is refused. */
#include "core/gateway/xspec.h"

#include <apr_strings.h>

#include "core/gateway/nearest.h"
#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

static xn_xspec_t *
parse(const char *text, apr_pool_t *pool)
{
	xn_xspec_t *spec = NULL;

	CU_ASSERT(expect_error(xn_xspec_parse(&spec, text, pool), 0, ""));
	CU_ASSERT_PTR_NOT_NULL_FATAL(spec);
	return spec;
}

static void
machine_is_for_popen(void)
{
	apr_pool_t *pool = expect_pool();
	xn_xspec_t *spec;

	CU_ASSERT_STRING_EQUAL(parse("popen//machine=aarch64", pool)->machine,
	    "aarch64");
	CU_ASSERT_PTR_NULL(parse("popen", pool)->machine);
	for (const char *const *text = (const char *const[]){
	    "ssh=h//machine=aarch64", "popen//via=a//machine=aarch64",
	    "popen//python=python3//machine=aarch64", NULL }; *text != NULL;
	    text++)
		CU_ASSERT(expect_error(xn_xspec_parse(&spec, *text, pool),
		    XN_E_XSPEC, "machine= is about an agent of popen"));
	apr_pool_destroy(pool);
}

static void
popen_has_the_defaults(void)
{
	apr_pool_t *pool = expect_pool();
	const xn_xspec_t *spec = parse("popen", pool);

	CU_ASSERT_EQUAL(spec->kind, XN_XSPEC_POPEN);
	CU_ASSERT_STRING_EQUAL(spec->text, "popen");
	CU_ASSERT_PTR_NULL(spec->id);
	CU_ASSERT_PTR_NULL(spec->chdir);
	CU_ASSERT_EQUAL(spec->nice, 0);
	CU_ASSERT_EQUAL(spec->env_count, 0);
	CU_ASSERT_EQUAL(spec->timeout, xn_seconds(60));
	apr_pool_destroy(pool);
}

static void
every_key_is_taken(void)
{
	apr_pool_t *pool = expect_pool();
	const xn_xspec_t *spec = parse("id=a b//ssh=svn@host:2222//chdir=/x=y"
	    "//nice=-5//cache=yes//compress=yes//timeout=1.5"
	    "//hostkeys=accept-new//env:A=1//env:B=", pool);

	CU_ASSERT_EQUAL(spec->kind, XN_XSPEC_SSH);
	CU_ASSERT_STRING_EQUAL(spec->id, "a b");
	CU_ASSERT_STRING_EQUAL(spec->chdir, "/x=y");
	CU_ASSERT_EQUAL(spec->nice, -5);
	CU_ASSERT_EQUAL(spec->cache, 1);
	CU_ASSERT_EQUAL(spec->ssh.compress, 1);
	CU_ASSERT_EQUAL(spec->ssh.accept_new, 1);
	CU_ASSERT_EQUAL(spec->timeout, 1500000);
	CU_ASSERT_EQUAL_FATAL(spec->env_count, 2);
	CU_ASSERT_STRING_EQUAL(spec->env[0].name, "A");
	CU_ASSERT_STRING_EQUAL(spec->env[0].value, "1");
	CU_ASSERT_STRING_EQUAL(spec->env[1].value, "");
	apr_pool_destroy(pool);
}

/* NULL: not given. */
static int
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
ssh_is_taken_apart(void)
{
	static const struct {
		const char *text, *host, *user;
		int port;
		const char *identity, *config;
	} rows[] = {
		{ "ssh=host", "host", NULL, 0, NULL, NULL },
		{ "ssh=me@host", "host", "me", 0, NULL, NULL },
		{ "ssh=me@corp@host", "host", "me@corp", 0, NULL, NULL },
		{ "ssh=me@host:22", "host", "me", 22, NULL, NULL },
		{ "ssh=[::1]", "::1", NULL, 0, NULL, NULL },
		{ "ssh=me@[fe80::1%eth0]:65535", "fe80::1%eth0", "me", 65535,
		    NULL, NULL },
		{ "ssh=-p 5000 host", "host", NULL, 5000, NULL, NULL },
		{ "ssh=-p5000  -lme  host ", "host", "me", 5000, NULL, NULL },
		{ "ssh=-p 2222 -i /k/id -l me -F /c/f host", "host", "me",
		    2222, "/k/id", "/c/f" },
	};
	apr_pool_t *pool = expect_pool();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const xn_ssh_target_t *ssh = &parse(rows[i].text, pool)->ssh;

		CU_ASSERT_STRING_EQUAL(ssh->host, rows[i].host);
		CU_ASSERT(same(ssh->user, rows[i].user));
		CU_ASSERT_EQUAL(ssh->port, rows[i].port);
		CU_ASSERT(same(ssh->identity, rows[i].identity));
		CU_ASSERT(same(ssh->config, rows[i].config));
		CU_ASSERT_EQUAL(ssh->accept_new, 0);
	}
	apr_pool_destroy(pool);
}

static void
a_jump_list_is_taken(void)
{
	apr_pool_t *pool = expect_pool();
	const xn_xspec_t *spec = parse("ssh=-J gate,me@b:22 -p 5 host", pool);

	CU_ASSERT_STRING_EQUAL(spec->ssh.jump, "gate,me@b:22");
	CU_ASSERT_STRING_EQUAL(spec->ssh.host, "host");
	CU_ASSERT_PTR_NULL(parse("ssh=host", pool)->ssh.jump);
	apr_pool_destroy(pool);
}

/* WORDS, joined by bars. */
static const char *
joined(const char *const *words, apr_pool_t *pool)
{
	const char *text = "";

	for (; *words != NULL; words++)
		text = apr_pstrcat(pool, text, *text != '\0' ? "|" : "",
		    *words, NULL);
	return text;
}

static void
openssh_keeps_its_words(void)
{
	static const struct {
		const char *text, *words, *host;
	} rows[] = {
		{ "openssh=host", "host", "host" },
		{ "openssh=me@host", "me@host", "host" },
		{ "openssh=-p 5000 host", "-p|5000|host", "host" },
		{ "openssh=-p5000 -vC host", "-p5000|-vC|host", "host" },
		{ "openssh=host -p 5000", "host|-p|5000", "host" },
		{ "openssh=-vp 22 host", "-vp|22|host", "host" },
		{ "openssh=-- host", "--|host", "host" },
		{ "openssh=::1", "::1", "::1" },
		{ "openssh=-o 'ProxyCommand nc %h %p' \"a b\"",
		    "-o|ProxyCommand nc %h %p|a b", "a b" },
		{ "openssh=-oUser=a\\ b host", "-oUser=a b|host", "host" },
	};
	apr_pool_t *pool = expect_pool();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const xn_xspec_t *spec = parse(rows[i].text, pool);

		CU_ASSERT_EQUAL(spec->kind, XN_XSPEC_OPENSSH);
		CU_ASSERT_STRING_EQUAL(joined(spec->openssh, pool),
		    rows[i].words);
		CU_ASSERT_STRING_EQUAL(spec->openssh_host, rows[i].host);
	}
	CU_ASSERT_EQUAL(parse("openssh=host//cache=yes", pool)->cache, 1);
	apr_pool_destroy(pool);
}

static void
sockets_are_taken_apart(void)
{
	static const struct {
		const char *text, *host;
		int port;
	} rows[] = {
		{ "socket=host:8888", "host", 8888 },
		{ "socket=127.0.0.1:1", "127.0.0.1", 1 },
		{ "socket=[::1]:65535", "::1", 65535 },
		{ "socket=:8888", "localhost", 8888 },
	};
	apr_pool_t *pool = expect_pool();
	const xn_xspec_t *spec;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spec = parse(rows[i].text, pool);
		CU_ASSERT_EQUAL(spec->kind, XN_XSPEC_SOCKET);
		CU_ASSERT_STRING_EQUAL(spec->host, rows[i].host);
		CU_ASSERT_EQUAL(spec->port, rows[i].port);
	}
	spec = parse("unix=/run/a b//id=x", pool);
	CU_ASSERT_EQUAL(spec->kind, XN_XSPEC_UNIX);
	CU_ASSERT_STRING_EQUAL(spec->path, "/run/a b");
	apr_pool_destroy(pool);
}

struct refusal {
	const char *text;
	int code;
	const char *part;
};

static void
refused(const struct refusal *rows, size_t n)
{
	apr_pool_t *pool = expect_pool();
	xn_xspec_t *spec;

	for (size_t i = 0; i < n; i++) {
		CU_ASSERT(expect_error(xn_xspec_parse(&spec, rows[i].text,
		    pool), rows[i].code, rows[i].part));
		CU_ASSERT_PTR_NULL(spec);
	}
	apr_pool_destroy(pool);
}
#define REFUSED(rows) refused((rows), sizeof(rows) / sizeof((rows)[0]))

static void
bad_grammar_names_the_key(void)
{
	static const struct refusal rows[] = {
		{ "", XN_E_XSPEC, "empty" },
		{ "//", XN_E_XSPEC, "empty key" },
		{ "popen//", XN_E_XSPEC, "empty key" },
		{ "popen////id=a", XN_E_XSPEC, "empty key" },
		{ "=x", XN_E_XSPEC, "empty key" },
		{ "popen//popen", XN_E_XSPEC, "\"popen\" is given twice" },
		{ "ssh=a//ssh=b", XN_E_XSPEC, "\"ssh\" is given twice" },
		{ "popen//id=a//id=a", XN_E_XSPEC, "\"id\" is given twice" },
		{ "popen//env:A=1//env:A=2", XN_E_XSPEC, "env:A" },
		{ "popen//env:=1", XN_E_XSPEC, "env:NAME=VALUE" },
		{ "popen//env:A", XN_E_XSPEC, "env:NAME=VALUE" },
		{ "popen//_id=a", XN_E_XSPEC, "underscore" },
		{ "popen//_x", XN_E_XSPEC, "\"_x\" begins" },
		{ "popen//id=a\033[2J", XN_E_XSPEC, "control character" },
		{ "popen=1", XN_E_XSPEC, "popen takes no value" },
		{ "popen//ssh=a", XN_E_XSPEC, "exclude each other" },
		{ "id=a//nice=1", XN_E_XSPEC, "write popen, ssh=HOST" },
	};

	REFUSED(rows);
}

static void
near_keys_are_suggested(void)
{
	static const struct refusal rows[] = {
		{ "popn", XN_E_XSPEC, "did you mean \"popen\"?" },
		{ "popen//chdri=/x", XN_E_XSPEC, "did you mean \"chdir\"?" },
		{ "popen//time=3", XN_E_XSPEC, "\"time\"" },
		{ "ssh=a//hostkey=strict", XN_E_XSPEC, "\"hostkeys\"?" },
		{ "ssh=a//zzzzzz=1", XN_E_XSPEC, "unknown key \"zzzzzz\"" },
	};
	struct xn_nearest nearest = { .word = "zzzzzz" };

	REFUSED(rows);
	xn_nearest_try(&nearest, "popen");
	CU_ASSERT_PTR_NULL(nearest.best);
}

static void
bad_values_say_what_is_wanted(void)
{
	static const struct refusal rows[] = {
		{ "popen//nice=", XN_E_XSPEC, "nice=VALUE" },
		{ "popen//nice", XN_E_XSPEC, "nice=VALUE" },
		{ "popen//id", XN_E_XSPEC, "id=VALUE" },
		{ "popen//nice=20", XN_E_XSPEC, "-20 to 19" },
		{ "popen//nice=1x", XN_E_XSPEC, "-20 to 19" },
		{ "popen//timeout=0", XN_E_XSPEC, "above 0" },
		{ "popen//timeout=-1", XN_E_XSPEC, "above 0" },
		{ "popen//timeout=1e9", XN_E_XSPEC, "above 0" },
		{ "popen//timeout=nan", XN_E_XSPEC, "above 0" },
		{ "popen//timeout=1.2.3", XN_E_XSPEC, "above 0" },
		{ "ssh=a//cache=maybe", XN_E_XSPEC, "cache=yes or cache=no" },
		{ "ssh=a//compress=1", XN_E_XSPEC, "compress=yes" },
		{ "ssh=a//hostkeys=no", XN_E_XSPEC, "hostkeys=strict" },
		{ "popen//cache=yes", XN_E_XSPEC, "leave it out here" },
		{ "popen//hostkeys=strict", XN_E_XSPEC, "leave it out" },
	};

	REFUSED(rows);
}

static void
bad_ssh_says_how_to_write_it(void)
{
	static const struct refusal rows[] = {
		{ "ssh", XN_E_XSPEC, "ssh=VALUE" },
		{ "ssh=  ", XN_E_XSPEC, "needs a host" },
		{ "ssh=@host", XN_E_XSPEC, "user is empty" },
		{ "ssh=me@", XN_E_XSPEC, "host is empty" },
		{ "ssh=host:", XN_E_XSPEC, "not a port" },
		{ "ssh=host:0", XN_E_XSPEC, "not a port" },
		{ "ssh=host:65536", XN_E_XSPEC, "not a port" },
		{ "ssh=host:22x", XN_E_XSPEC, "not a port" },
		{ "ssh=::1", XN_E_XSPEC, "in brackets" },
		{ "ssh=[::1", XN_E_XSPEC, "in brackets" },
		{ "ssh=[::1]22", XN_E_XSPEC, "in brackets" },
		{ "ssh=[]", XN_E_XSPEC, "host is empty" },
		{ "ssh=me@-oProxyCommand=x", XN_E_XSPEC, "not a host" },
		{ "ssh=a/b", XN_E_XSPEC, "not a host" },
		{ "ssh=-p 1 host:2", XN_E_XSPEC, "port is given twice" },
		{ "ssh=-l a b@host", XN_E_XSPEC, "user is given twice" },
		{ "ssh=-p", XN_E_XSPEC, "needs a value" },
		{ "ssh=-p 22", XN_E_XSPEC, "needs a host" },
		{ "ssh=-oFoo=1 host", XN_E_XSPEC, "for -F" },
		{ "ssh=-C host", XN_E_XSPEC, "for -F" },
		{ "ssh=- host", XN_E_XSPEC, "for -F" },
		{ "ssh=host ls", XN_E_XSPEC, "behind the host" },
		{ "ssh=host -p 22", XN_E_XSPEC, "behind the host" },
	};

	REFUSED(rows);
}

static void
bad_openssh_says_what_is_wrong(void)
{
	static const struct refusal rows[] = {
		{ "openssh", XN_E_XSPEC, "openssh=VALUE" },
		{ "openssh=", XN_E_XSPEC, "openssh=VALUE" },
		{ "openssh=  ", XN_E_XSPEC, "needs a value" },
		{ "openssh=-p 22", XN_E_XSPEC, "needs a host" },
		{ "openssh=-p", XN_E_XSPEC, "needs a value behind it" },
		{ "openssh=--", XN_E_XSPEC, "needs a host" },
		{ "openssh=me@", XN_E_XSPEC, "host is empty" },
		{ "openssh=host ls", XN_E_XSPEC, "behind the host" },
		{ "openssh=-- host -N", XN_E_XSPEC, "behind the host" },
		{ "openssh=host:22", XN_E_XSPEC, "openssh=-p 22 host" },
		{ "openssh=-N host", XN_E_XSPEC, "-N runs nothing" },
		{ "openssh=-vf host", XN_E_XSPEC, "-f puts ssh" },
		{ "openssh=host -tt", XN_E_XSPEC, "-t puts a terminal" },
		{ "openssh=-W a:1 host", XN_E_XSPEC, "-W takes the place" },
		{ "openssh=-o 'A host", XN_E_XSPEC, "left open" },
		{ "openssh=a//ssh=b", XN_E_XSPEC, "exclude each other" },
		{ "openssh=a//compress=yes", XN_E_XSPEC, "ssh= connection" },
		{ "openssh=a//hostkeys=strict", XN_E_XSPEC,
		    "ssh= connection" },
	};

	REFUSED(rows);
}

static void
bad_sockets_say_how_to_write_them(void)
{
	static const struct refusal rows[] = {
		{ "socket", XN_E_XSPEC, "socket=VALUE" },
		{ "socket=host", XN_E_XSPEC, "socket=HOST:PORT" },
		{ "socket=host:", XN_E_XSPEC, "not a port" },
		{ "socket=host:0", XN_E_XSPEC, "not a port" },
		{ "socket=host:65536", XN_E_XSPEC, "not a port" },
		{ "socket=host:1x", XN_E_XSPEC, "not a port" },
		{ "socket=host:99999999999999999999", XN_E_XSPEC,
		    "not a port" },
		{ "socket=::1:80", XN_E_XSPEC, "in brackets" },
		{ "socket=h:1//cache=yes", XN_E_XSPEC, "brought over ssh" },
		{ "socket=h:1//unix=/x", XN_E_XSPEC, "exclude each other" },
		{ "unix", XN_E_XSPEC, "unix=VALUE" },
		{ "unix=relative", XN_E_XSPEC, "whole path" },
	};

	apr_pool_t *pool = expect_pool();
	struct refusal much = { apr_psprintf(pool, "unix=/%0120d", 0),
	    XN_E_XSPEC, "at most 107 bytes" };

	REFUSED(rows);
	refused(&much, 1);
	apr_pool_destroy(pool);
}

static void
known_keys_that_do_not_work_have_their_sentence(void)
{
	static const struct refusal rows[] = {
		{ "popen//execmodel=thread", XN_E_XSPEC, "process of its own" },
		{ "popen//installvia=a", XN_E_XSPEC, "installed" },
		{ "ssh=h//ssh_config=/f", XN_E_XSPEC, "-F FILE" },
		{ "vagrant_ssh=box", XN_E_XSPEC, "vagrant ssh-config" },
		{ "popen//dont_write_bytecode", XN_E_XSPEC, "Python file" },
	};

	REFUSED(rows);
}

static const struct xn_test_case cases[] = {
	{ "machine is for popen", machine_is_for_popen },
	{ "popen alone has the defaults", popen_has_the_defaults },
	{ "every key is taken", every_key_is_taken },
	{ "ssh= is taken apart", ssh_is_taken_apart },
	{ "a list of jump hosts is taken", a_jump_list_is_taken },
	{ "openssh= keeps its words", openssh_keeps_its_words },
	{ "sockets are taken apart", sockets_are_taken_apart },
	{ "bad grammar names the key", bad_grammar_names_the_key },
	{ "near keys are suggested", near_keys_are_suggested },
	{ "bad values say what is wanted", bad_values_say_what_is_wanted },
	{ "a bad ssh= says how to write it", bad_ssh_says_how_to_write_it },
	{ "a bad openssh= says what is wrong",
	    bad_openssh_says_what_is_wrong },
	{ "bad sockets say how to write them",
	    bad_sockets_say_how_to_write_them },
	{ "known keys that do not work have their sentence",
	    known_keys_that_do_not_work_have_their_sentence },
};

XN_TEST_MAIN("xspec", cases)
