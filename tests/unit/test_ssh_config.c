/* What ssh -G prints becomes a configuration, and defaults without it. */
#include "tests/lib/cunit_main.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "core/transport/ssh_config.h"
#include "core/transport/ssh_jump.h"

static apr_pool_t *pool;
static const xn_ssh_local_t local = { .home = "/home/me", .user = "me",
    .host_name = "here.example.org", .uid = 1000, .agent = "/run/agent" };

static xn_ssh_config_t *
parse(const char *text, const xn_ssh_target_t *target)
{
	xn_ssh_config_t *config = NULL;
	xn_error_t *error;

	if (pool == NULL) {
		apr_initialize();
		apr_pool_create(&pool, NULL);
	}
	error = xn_ssh_config_parse(&config, text, strlen(text), target, &local,
	    pool);
	CU_ASSERT_PTR_NULL_FATAL(error);
	return config;
}

/* The code of the refusal of TEXT, 0 if it is not refused. */
static int
refused(const char *text)
{
	xn_ssh_target_t target = { .host = "alias" };
	xn_ssh_config_t *config;
	xn_error_t *error;
	int code;

	parse("", &target);
	error = xn_ssh_config_parse(&config, text, strlen(text), &target,
	    &local, pool);
	code = error != NULL ? error->code : 0;
	xn_error_clear(error);
	return code;
}

static void
what_ssh_says_is_taken(void)
{
	xn_ssh_target_t target = { .host = "alias" };
	xn_ssh_config_t *c = parse("host alias\nuser svn\n"
	    "hostname real.example.org\nport 2222\nidentitiesonly yes\n"
	    "hostkeyalias key-name\nidentityfile ~/.ssh/one\n"
	    "identityfile /etc/two\nproxycommand none\nproxyjump none\n"
	    "userknownhostsfile /home/me/.ssh/known_hosts ~/more\n"
	    "globalknownhostsfile /etc/ssh/ssh_known_hosts\n", &target);

	CU_ASSERT_STRING_EQUAL(c->host, "real.example.org");
	CU_ASSERT_STRING_EQUAL(c->user, "svn");
	CU_ASSERT_EQUAL(c->port, 2222);
	CU_ASSERT_EQUAL(c->identities_only, 1);
	CU_ASSERT_STRING_EQUAL(c->key_alias, "key-name");
	CU_ASSERT_PTR_NULL(c->proxy);
	CU_ASSERT_EQUAL(c->identity_count, 2);
	CU_ASSERT_STRING_EQUAL(c->identity[0], "/home/me/.ssh/one");
	CU_ASSERT_STRING_EQUAL(c->identity[1], "/etc/two");
	CU_ASSERT_EQUAL(c->known_count, 3);
	CU_ASSERT_EQUAL(c->known_user_count, 2);
	CU_ASSERT_STRING_EQUAL(c->known[1], "/home/me/more");
	CU_ASSERT_STRING_EQUAL(c->known[2], "/etc/ssh/ssh_known_hosts");
	CU_ASSERT_STRING_EQUAL(c->agent, "/run/agent");
}

static void
the_xspec_goes_before_the_configuration(void)
{
	xn_ssh_target_t target = { .host = "alias", .user = "root", .port = 7,
	    .identity = "/my/key" };
	xn_ssh_config_t *c = parse("user svn\nhostname h\nport 2222\n"
	    "identityfile /etc/two\n", &target);

	CU_ASSERT_STRING_EQUAL(c->user, "root");
	CU_ASSERT_EQUAL(c->port, 7);
	/* ssh -G leaves out a -i that is not there; else it has it first. */
	CU_ASSERT_EQUAL(c->identity_count, 2);
	CU_ASSERT_STRING_EQUAL(c->identity[0], "/my/key");
	CU_ASSERT_STRING_EQUAL(c->identity[1], "/etc/two");
	CU_ASSERT_EQUAL(c->identity_named, 1);
	CU_ASSERT_EQUAL(c->identities_only, 0);
	c = parse("identityfile /my/key\nidentityfile /etc/two\n"
	    "identitiesonly yes\n", &target);
	CU_ASSERT_EQUAL(c->identity_count, 2);
	CU_ASSERT_STRING_EQUAL(c->identity[0], "/my/key");
	CU_ASSERT_EQUAL(c->identities_only, 1);
}

static void
without_ssh_there_are_defaults(void)
{
	xn_ssh_target_t target = { .host = "host" };
	xn_ssh_config_t *c = parse("", &target);

	CU_ASSERT_STRING_EQUAL(c->host, "host");
	CU_ASSERT_STRING_EQUAL(c->user, "me");
	CU_ASSERT_EQUAL(c->port, 22);
	CU_ASSERT_EQUAL(c->identity_count, 3);
	CU_ASSERT_STRING_EQUAL(c->identity[0], "/home/me/.ssh/id_ed25519");
	CU_ASSERT_STRING_EQUAL(c->identity[2], "/home/me/.ssh/id_rsa");
	CU_ASSERT_EQUAL(c->known_count, 2);
	CU_ASSERT_STRING_EQUAL(c->known[0], "/home/me/.ssh/known_hosts");
	target.identity = "/my/key";
	c = parse("", &target);
	CU_ASSERT_EQUAL(c->identity_count, 1);
	CU_ASSERT_STRING_EQUAL(c->identity[0], "/my/key");
}

static void
tokens_are_put_in(void)
{
	xn_ssh_target_t target = { .host = "alias" };
	xn_ssh_config_t *c = parse("user svn\nhostname h.org\nport 2222\n"
	    "identityfile %d/%u@%l-%r@%h:%p-%n-%i-%L-%k%%\n"
	    "identityagent ~/agent-%h\n", &target);

	CU_ASSERT_STRING_EQUAL(c->identity[0], "/home/me/me@here.example.org-"
	    "svn@h.org:2222-alias-1000-here-alias%");
	CU_ASSERT_STRING_EQUAL(c->agent, "/home/me/agent-h.org");
	CU_ASSERT_EQUAL(refused("identityfile /a/%T\n"), XN_E_UNSUPPORTED);
	CU_ASSERT_EQUAL(refused("identityfile /a/%"), XN_E_UNSUPPORTED);
}

static void
an_agent_can_be_named_or_refused(void)
{
	xn_ssh_target_t target = { .host = "alias" };

	CU_ASSERT_PTR_NULL(parse("identityagent none\n", &target)->agent);
	CU_ASSERT_STRING_EQUAL(parse("identityagent SSH_AUTH_SOCK\n",
	    &target)->agent, "/run/agent");
	setenv("XN_TEST_AGENT", "/x/y", 1);
	CU_ASSERT_STRING_EQUAL(parse("identityagent $XN_TEST_AGENT\n",
	    &target)->agent, "/x/y");
}

static void
a_proxy_is_seen(void)
{
	xn_ssh_target_t target = { .host = "alias" };

	CU_ASSERT_STRING_EQUAL(parse("proxyjump gate,me@b:7\n",
	    &target)->jump, "gate,me@b:7");
	CU_ASSERT_PTR_NULL(parse("proxyjump gate\n", &target)->proxy);
	target.jump = "other";
	CU_ASSERT_STRING_EQUAL(parse("proxyjump gate\n", &target)->jump,
	    "other");
	target.jump = "none";
	CU_ASSERT_PTR_NULL(parse("proxyjump gate\n", &target)->jump);
	CU_ASSERT_STRING_EQUAL(parse("proxycommand nc %h %p\n",
	    &target)->proxy, "ProxyCommand nc %h %p");
}

/* The last host of LIST, and what comes before it, as one text. */
static const char *
jump(const char *list)
{
	xn_ssh_target_t target = { .host = "alias" };
	xn_error_t *error;

	parse("", &target);
	error = xn_ssh__jump_parse(&target, list, pool);
	if (error != NULL) {
		CU_ASSERT_EQUAL(error->code, XN_E_XSPEC);
		xn_error_clear(error);
		return "refused";
	}
	return apr_psprintf(pool, "%s@%s:%d by %s", target.user != NULL ?
	    target.user : "", target.host, target.port,
	    target.jump != NULL ? target.jump : "none");
}

static void
jump_hosts_are_taken_from_the_end(void)
{
	static const char *const bad[] = { "", ",", "a,", "@a", "me@", ":22",
	    "a:0", "a:x", "a:65536", "[::1", "[::1]22", "[]", "-oX=y",
	    "me@-oX=y", "a/b", "ssh://" };

	CU_ASSERT_STRING_EQUAL(jump("gate"), "@gate:0 by none");
	CU_ASSERT_STRING_EQUAL(jump("me@gate:22"), "me@gate:22 by none");
	CU_ASSERT_STRING_EQUAL(jump("a@b@gate"), "a@b@gate:0 by none");
	CU_ASSERT_STRING_EQUAL(jump("ssh://me@gate:7"), "me@gate:7 by none");
	CU_ASSERT_STRING_EQUAL(jump("a,me@b:2,c"), "@c:0 by a,me@b:2");
	CU_ASSERT_STRING_EQUAL(jump("[::1]:22"), "@::1:22 by none");
	CU_ASSERT_STRING_EQUAL(jump("me@[::1]"), "me@::1:0 by none");
	CU_ASSERT_STRING_EQUAL(jump("::1"), "@::1:0 by none");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_STRING_EQUAL(jump(bad[i]), "refused");
}

static void
nonsense_is_refused_and_bounded(void)
{
	char many[64 * 32] = "", *p = many;

	CU_ASSERT_EQUAL(refused("port 0\n"), XN_E_CONNECT);
	CU_ASSERT_EQUAL(refused("port 65536\n"), XN_E_CONNECT);
	CU_ASSERT_EQUAL(refused("port 22x\n"), XN_E_CONNECT);
	CU_ASSERT_EQUAL(refused("port \n"), XN_E_CONNECT);
	CU_ASSERT_EQUAL(refused("unknownkeyword x\n\n \nalone"), 0);
	for (int i = 0; i < XN_SSH_FILES_MAX + 1; i++)
		p += sprintf(p, "identityfile /key-%d\n", i);
	CU_ASSERT_EQUAL(refused(many), XN_E_UNSUPPORTED);
	p = many + sprintf(many, "userknownhostsfile");
	for (int i = 0; i < XN_SSH_FILES_MAX + 1; i++)
		p += sprintf(p, " /known-%d", i);
	CU_ASSERT_EQUAL(refused(many), XN_E_UNSUPPORTED);
	CU_ASSERT_EQUAL(refused("userknownhostsfile \"/a b\" none\n"), 0);
}

static const struct xn_test_case cases[] = {
	{ "what ssh says is taken", what_ssh_says_is_taken },
	{ "the xspec goes before the configuration",
	    the_xspec_goes_before_the_configuration },
	{ "without ssh there are defaults", without_ssh_there_are_defaults },
	{ "tokens are put in", tokens_are_put_in },
	{ "an agent can be named or refused", an_agent_can_be_named_or_refused },
	{ "a proxy is seen", a_proxy_is_seen },
	{ "jump hosts are taken from the end",
	    jump_hosts_are_taken_from_the_end },
	{ "nonsense is refused and bounded", nonsense_is_refused_and_bounded },
};

XN_TEST_MAIN("ssh config", cases)
