#include "appliance/job/config_parse.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <confuse.h>

#include "appliance/job/config_scan.h"
#include "appliance/job/daemon_config.h"
#include "core/gateway/nearest.h"

/* One parse of one file. */
struct parse {
	syncgate_parsed_t *parsed;
	const char *file;
	apr_pool_t *pool;
	xn_error_t *error;	/* the first; set once */
};

/*
 * libConfuse hands its callbacks no baton, and its lexer is global anyway: one
 * parse at a time in a process.
 */
static struct parse *current;

static const char *
place(const cfg_t *cfg)
{
	return apr_psprintf(current->pool, "%s:%d", current->file, cfg->line);
}

static int
refuse(cfg_t *cfg, const char *format, const char *a, const char *b)
{
	if (current->error == NULL)
		current->error = xn_error_create(XN_E_CONFIG, "%s: %s",
		    place(cfg), apr_psprintf(current->pool, format, a, b));
	return -1;
}

/* Where CFG is, for a message: " in job mirror", or "" at the top. */
static const char *
inside(cfg_t *cfg)
{
	if (cfg_title(cfg) == NULL)
		return strcmp(cfg_name(cfg), "daemon") == 0 ? " in daemon" :
		    "";
	return apr_psprintf(current->pool, " in %s %s", cfg_name(cfg),
	    cfg_title(cfg));
}

static void
refuse_unknown(cfg_t *cfg, const char *name)
{
	struct xn_nearest nearest = { .word = name };

	for (int i = 0; cfg->opts[i].name != NULL; i++)
		xn_nearest_try(&nearest, cfg->opts[i].name);
	refuse(cfg, "unknown option %s%s", apr_psprintf(current->pool,
	    "\"%s\"%s", name, inside(cfg)),
	    xn_nearest_hint(&nearest, current->pool));
}

/* What libConfuse finds wrong; only the first is kept. */
static void
on_error(cfg_t *cfg, const char *format, va_list ap)
{
	static const char unknown[] = "no such option '";
	size_t n = sizeof(unknown) - 1;
	char text[512];
	char *quote;

	vsnprintf(text, sizeof(text), format, ap);
	if (strncmp(text, unknown, n) == 0) {
		quote = strrchr(text + n, '\'');
		if (quote != NULL)
			*quote = '\0';
		refuse_unknown(cfg, text + n);
		return;
	}
	refuse(cfg, "%s%s", text, inside(cfg));
}

static syncgate_section_t *
make_section(cfg_t *cfg)
{
	syncgate_section_t *section = apr_pcalloc(current->pool,
	    sizeof(*section));

	section->kind = apr_pstrdup(current->pool, cfg_name(cfg));
	section->title = cfg_title(cfg) == NULL ? "" :
	    apr_pstrdup(current->pool, cfg_title(cfg));
	section->file = current->file;
	section->where = place(cfg);
	section->settings = apr_array_make(current->pool, 4,
	    sizeof(syncgate_setting_t));
	return section;
}

static syncgate_section_t *
section_of(cfg_t *cfg)
{
	apr_array_header_t *all = current->parsed->sections;
	syncgate_section_t **daemon = &current->parsed->daemon, *section;

	if (cfg_title(cfg) == NULL) {
		if (*daemon == NULL)
			*daemon = make_section(cfg);
		return *daemon;
	}
	for (int i = 0; i < all->nelts; i++) {
		section = APR_ARRAY_IDX(all, i, syncgate_section_t *);
		if (strcmp(section->kind, cfg_name(cfg)) == 0 &&
		    strcmp(section->title, cfg_title(cfg)) == 0)
			return section;
	}
	section = make_section(cfg);
	APR_ARRAY_PUSH(all, syncgate_section_t *) = section;
	return section;
}

/* Whether a job's option may be a list is for its plugin to say. */
static int
may_be_list(const syncgate_section_t *section, const char *name)
{
	return strcmp(section->kind, "group") == 0 ||
	    (strcmp(section->kind, "job") == 0 && strcmp(name, "plugin") != 0);
}

/*
 * After each value of an option; a list gets a setting for each.  libConfuse
 * sets CFGF_MODIFIED with every value, and we take it away: that tells a second
 * assignment, which it would let win silently, from the brace behind a list.
 */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	syncgate_section_t *section = section_of(cfg);
	syncgate_setting_t *setting;

	if (opt->nvalues > 1 && !may_be_list(section, opt->name))
		return refuse(cfg, "the option \"%s\"%s has several values "
		    "and takes one", opt->name, inside(cfg));
	if ((opt->flags & CFGF_MODIFIED) == 0)
		return 0;
	opt->flags &= ~CFGF_MODIFIED;
	if (section->file != current->file)
		return refuse(cfg, "%s stands already at %s",
		    inside(cfg) + strlen(" in "), section->where);
	if (opt->nvalues == 1 &&
	    syncgate_section_get(section, opt->name) != NULL)
		return refuse(cfg, "the option \"%s\"%s is given twice",
		    opt->name, inside(cfg));
	setting = apr_array_push(section->settings);
	setting->name = apr_pstrdup(current->pool, opt->name);
	setting->value = apr_pstrdup(current->pool, cfg_opt_getnstr(opt,
	    opt->nvalues - 1));
	setting->where = place(cfg);
	setting->more = opt->nvalues > 1;
	return 0;
}

/* The same for store = "...", which stands in no section. */
static int
on_store(cfg_t *cfg, cfg_opt_t *opt)
{
	syncgate_setting_t **store = &current->parsed->store;

	if (opt->nvalues > 1)
		return refuse(cfg, "the option \"%s\" has several values and "
		    "takes one%s", opt->name, "");
	if ((opt->flags & CFGF_MODIFIED) == 0)
		return 0;
	opt->flags &= ~CFGF_MODIFIED;
	if (*store != NULL)
		return refuse(cfg, "%s stands already at %s", opt->name,
		    (*store)->where);
	*store = apr_pcalloc(current->pool, sizeof(**store));
	(*store)->name = "store";
	(*store)->value = apr_pstrdup(current->pool, cfg_opt_getnstr(opt, 0));
	(*store)->where = place(cfg);
	return 0;
}

/* At the end of a section, which may have had no setting at all. */
static int
on_section(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	for (int i = 0; section->opts[i].name != NULL; i++) {
		/* Still set: "= { }", for which on_value is not called. */
		if ((section->opts[i].flags & CFGF_MODIFIED) != 0)
			return refuse(cfg, "the option \"%s\"%s has no value",
			    section->opts[i].name, inside(section));
	}
	section_of(section);
	return 0;
}

static int
on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	syncgate_include_t *include;

	if (argc != 1)
		return refuse(cfg, "%s takes one pattern: "
		    "include(\"conf.d/*.conf\")%s", opt->name, "");
	include = apr_array_push(current->parsed->includes);
	include->pattern = apr_pstrdup(current->pool, argv[0]);
	include->where = place(cfg);
	return 0;
}

/* ---- The tables -------------------------------------------------------- */

static cfg_opt_t
list_option(const char *name)
{
	cfg_opt_t option = CFG_STR_LIST(name, NULL, CFGF_NODEFAULT);

	option.validcb = on_value;
	return option;
}

/* FIRST (or NULL), the NAMES of plugins' options (or NULL), those of TABLE. */
static cfg_opt_t *
table_of(const char *first, const apr_array_header_t *names,
    const syncgate_option_t *table, apr_pool_t *pool)
{
	int n = 0, count = names != NULL ? names->nelts : 0;
	cfg_opt_t *options;
	const cfg_opt_t end = CFG_END();

	while (table[n].name != NULL)
		n++;
	options = apr_pcalloc(pool, sizeof(*options) *
	    (size_t)(count + n + 2));
	n = 0;
	if (first != NULL)
		options[n++] = list_option(first);
	for (int i = 0; i < count; i++)
		options[n++] = list_option(APR_ARRAY_IDX(names, i,
		    const char *));
	for (int i = 0; table[i].name != NULL; i++)
		options[n++] = list_option(table[i].name);
	options[n] = end;
	return options;
}

static xn_error_t *
run_parser(const char *text, cfg_opt_t *top, cfg_flag_t flags)
{
	cfg_t *cfg = cfg_init(top, flags);
	int result;

	if (cfg == NULL)
		return xn_error_create(XN_E_NOMEM, "%s: out of memory",
		    current->file);
	cfg_set_error_function(cfg, on_error);
	result = cfg_parse_buf(cfg, text);
	if ((cfg_getopt(cfg, "store")->flags & CFGF_MODIFIED) != 0)
		refuse(cfg, "the option \"%s\" has no value%s", "store", "");
	cfg_free(cfg);
	if (current->error == NULL && result != CFG_SUCCESS)
		return xn_error_create(XN_E_CONFIG, "%s: cannot be parsed",
		    current->file);
	return current->error;
}

static xn_error_t *
scan_text(const char *file, char *text, apr_pool_t *pool)
{
	syncgate_scan_problem_t problem;
	struct xn_nearest nearest = { .word = problem.word };

	syncgate_config_scan(&problem, text, strlen(text));
	if (problem.line == 0)
		return NULL;
	if (problem.reason != NULL)
		return xn_error_create(XN_E_CONFIG, "%s:%d: %s", file,
		    problem.line, problem.reason);
	for (int i = 0; syncgate_config_names[i] != NULL; i++)
		xn_nearest_try(&nearest, syncgate_config_names[i]);
	return xn_error_create(XN_E_CONFIG, "%s:%d: unknown section \"%s\"%s",
	    file, problem.line, problem.word, xn_nearest_hint(&nearest, pool));
}

xn_error_t *
syncgate_config_parse(syncgate_parsed_t *parsed, const char *file,
    const char *text, const apr_array_header_t *options, apr_pool_t *pool)
{
	struct parse parse = { .parsed = parsed, .file = file, .pool = pool };
	cfg_opt_t gateway[] = { list_option("xspec"), CFG_END() };
	cfg_opt_t group[] = { list_option("gateways"), CFG_END() };
	cfg_opt_t top[] = {
		CFG_SEC("gateway", gateway,
		    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC("group", group,
		    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC("job", table_of("plugin", options,
		    syncgate_options_common(), pool),
		    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC("daemon", table_of(NULL, NULL, syncgate_daemon_options,
		    pool), CFGF_NONE),
		list_option("store"),
		CFG_FUNC("include", on_include),
		CFG_END()
	};
	char *copy = apr_pstrdup(pool, text);
	xn_error_t *error;

	XN_TRY(scan_text(file, copy, pool));
	for (int i = 0; i < 4; i++)
		top[i].validcb = on_section;
	top[4].validcb = on_store;
	current = &parse;
	error = run_parser(copy, top,
	    options == NULL ? CFGF_IGNORE_UNKNOWN : CFGF_NONE);
	current = NULL;
	return error;
}

const syncgate_setting_t *
syncgate_section_get(const syncgate_section_t *section, const char *name)
{
	for (int i = 0; i < section->settings->nelts; i++) {
		const syncgate_setting_t *setting = &APR_ARRAY_IDX(
		    section->settings, i, syncgate_setting_t);

		if (strcmp(setting->name, name) == 0)
			return setting;
	}
	return NULL;
}
