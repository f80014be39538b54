/*
 * The words behind the program: NAME=VALUE is a keyword argument, with VALUE
 * in JSON or else as it is; all others are the list "args".
 */
#include "appliance/cmd/exec.h"

#include <string.h>

#include <apr_strings.h>

#include "appliance/job/json.h"
#include "appliance/job/text.h"

/* The kwargs being made. */
struct args {
	xn_value_t *pairs;		/* key, value, key, value, ... */
	unsigned int count;		/* of pairs */
	unsigned char depth;		/* of the deepest value */
	apr_pool_t *pool;
};

static void
set_str(xn_value_t *out, const char *text)
{
	out->kind = XN_STR;
	out->size = (unsigned int)strlen(text);
	out->u.text = text;
}

/* A word as it is: str where it is UTF-8, else bytes. */
static void
set_word(xn_value_t *out, const char *word)
{
	set_str(out, word);
	if (!syncgate_text_is_utf8(word)) {
		out->kind = XN_BYTES;
		out->u.bytes = (const unsigned char *)word;
	}
}

/* How long the NAME of "NAME=..." is; 0 if WORD is not that. */
static size_t
name_length(const char *word)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz_0123456789";
	size_t n = strspn(word, letters);

	return word[n] == '=' && strcspn(word, "0123456789") > 0 ? n : 0;
}

static xn_error_t *
add_pair(struct args *args, const char *word, size_t n)
{
	const char *name = apr_pstrmemdup(args->pool, word, n);
	xn_value_t *pair = &args->pairs[2 * args->count];
	const char *text = word + n + 1;
	const xn_value_t *value;
	xn_error_t *error;

	if (strcmp(name, "args") == 0)
		return xn_error_create(XN_E_USAGE, "args is the list of the "
		    "words without a \"=\": give %s another name", word);
	for (unsigned int i = 0; i < args->count; i++) {
		if (strcmp(args->pairs[2 * i].u.text, name) == 0)
			return xn_error_create(XN_E_USAGE,
			    "the argument %s is given twice", name);
	}
	set_str(&pair[0], name);
	error = syncgate_json_read(&value, text, strlen(text), args->pool);
	if (error == NULL)
		pair[1] = *value;
	else if (*text == '{' && strstr(text, "\"$") != NULL)
		return xn_error_wrap(error, "argument %s", name);
	else
		set_word(&pair[1], text);
	xn_error_clear(error);
	if (args->depth < pair[1].depth)
		args->depth = pair[1].depth;
	args->count++;
	return NULL;
}

static const xn_value_t *
make_dict(const struct args *args)
{
	xn_value_t *dict = apr_pcalloc(args->pool, sizeof(*dict));

	dict->kind = XN_DICT;
	dict->depth = (unsigned char)(1 + args->depth);
	dict->size = args->count;
	dict->u.items = args->pairs;
	return dict;
}

/* A C program always finds "args"; a function in Python, if there are any. */
static void
finish(exec_plan_t *plan, struct args *args, const xn_value_t *items,
    unsigned int count)
{
	xn_value_t *pair = &args->pairs[2 * args->count];

	if (count == 0 && args->count > 0)
		plan->kwargs_python = make_dict(args);
	set_str(&pair[0], "args");
	pair[1].kind = XN_LIST;
	pair[1].depth = 1;
	pair[1].size = count;
	pair[1].u.items = items;
	if (args->depth == 0)
		args->depth = 1;
	args->count++;
	plan->kwargs_c = make_dict(args);
	if (count > 0)
		plan->kwargs_python = plan->kwargs_c;
}

xn_error_t *
exec_args_read(exec_plan_t *plan, const char *const *words, int n)
{
	size_t room = (size_t)n + 1;
	xn_value_t *items = apr_pcalloc(plan->pool, sizeof(*items) * room);
	struct args args = { .pool = plan->pool };
	unsigned int count = 0;
	int plain = 0;

	args.pairs = apr_pcalloc(plan->pool, sizeof(*items) * 2 * room);
	for (int i = 0; i < n; i++) {
		size_t length = plain ? 0 : name_length(words[i]);

		if (!plain && strcmp(words[i], "--") == 0)
			plain = 1;	/* no names behind it */
		else if (length > 0)
			XN_TRY(add_pair(&args, words[i], length));
		else
			set_word(&items[count++], words[i]);
	}
	finish(plan, &args, items, count);
	return NULL;
}
