/*
 * side_arguments.h: the command of side_command.c, and what it gets to know.
 */
#ifndef FILEPROC_SIDE_ARGUMENTS_H
#define FILEPROC_SIDE_ARGUMENTS_H

#include "side_item.h"

#define SIGNAL_KILL		9
#define SIGNAL_FILE_SIZE	25	/* SIGXFSZ */
#define PROGRAM_PATH		"/proc/self/fd/3"
#define ARGUMENTS_MAX		4096
#define OWN_ENV			7

struct command {
	struct fp_slot *slot;
	const char **argv;	/* as given, ending with null */
	int argc;
	const char **args;	/* with the item's words put in */
	const char **env;	/* ours first, then what was given */
	int files;		/* the answer is what lies in out/ */
	int out_named, program_named;	/* {out}, {program} are used */
	int program;		/* memory file; -1: none */
	char *text;		/* where the words of args and env are made */
	size_t text_n, text_room;

	/* The item's. */
	int out;		/* base of its out/; -1 */
	int running;
	xn_child child;
	long long answer_size;
};

/* ---- Reading the command ------------------------------------------------- */

static const char *
text_of(const xn_value *v, const char *what)
{
	if (v == NULL || (v->kind != XN_STR && v->kind != XN_BYTES) ||
	    strlen(v->u.text) != v->size)
		xn_fail("%s is not a text", what);
	return v->u.text;
}

static int
is_used(const struct command *c, const char *word)
{
	int i;

	for (i = 0; i < c->argc; i++)
		if (strstr(c->argv[i], word) != NULL)
			return 1;
	return 0;
}

/* A name in a text that a shell reads could be a command. */
static void
refuse_shell_text(const struct command *c)
{
	static const char *const words[] = { "{in}", "{out}", "{name}" };
	const char *shell = strrchr(c->argv[0], '/');
	size_t n;
	int i, k;

	shell = shell == NULL ? c->argv[0] : shell + 1;
	n = strlen(shell);
	if (n < 2 || strcmp(shell + n - 2, "sh") != 0)
		return;
	for (i = 1; i + 1 < c->argc; i++) {
		if (c->argv[i][0] != '-' || strchr(c->argv[i], 'c') == NULL)
			continue;
		for (k = 0; k < 3; k++)
			if (strstr(c->argv[i + 1], words[k]) != NULL)
				xn_fail("the text for %s -c may not have %s: "
				    "an item's name could be a command; write "
				    "\"$SYNCGATE_IN\", \"$SYNCGATE_OUT\" or "
				    "\"$SYNCGATE_ITEM\"", shell, words[k]);
	}
}

static void
read_argv(struct command *c, const xn_value *argv)
{
	int i;

	if (argv == NULL || (argv->kind != XN_LIST && argv->kind != XN_TUPLE) ||
	    argv->size == 0 || argv->size > ARGUMENTS_MAX)
		xn_fail("argv is not a list of 1 to %d texts", ARGUMENTS_MAX);
	c->argc = (int)argv->size;
	c->argv = xn_alloc((argv->size + 1) * sizeof(*c->argv));
	c->args = xn_alloc((argv->size + 1) * sizeof(*c->args));
	for (i = 0; i < c->argc; i++)
		c->argv[i] = text_of(xn_value_item(argv, (unsigned int)i),
		    "an argument");
}

static void
read_program(struct command *c, const xn_value *program)
{
	c->program_named = is_used(c, "{program}");
	if (program == NULL || program->kind == XN_NONE) {
		if (c->program_named)
			xn_fail("an argument has {program}, and there is none");
		return;
	}
	if (program->kind != XN_BYTES)
		xn_fail("program is not bytes");
	c->program = xn_memory_file("program", program->u.bytes,
	    program->size);
	if (c->program == -1)
		FP_UNABLE(c->slot, "cannot put the program into a memory "
		    "file: %m");
}

static void
read_env(struct command *c, const xn_value *env)
{
	unsigned int n = 0, i;

	if (env != NULL && env->kind == XN_DICT)
		n = env->size;
	else if (env != NULL && env->kind != XN_NONE)
		xn_fail("env is not a dict");
	c->env = xn_alloc((OWN_ENV + n + 1) * sizeof(*c->env));
	for (i = 0; i < n; i++)
		c->env[OWN_ENV + i] = xn_printf("%s=%s",
		    text_of(&env->u.items[2 * i], "a name in env"),
		    text_of(&env->u.items[2 * i + 1], "a value in env"));
}

static void
read_command(struct command *c, const xn_value *kwargs)
{
	const char *input = xn_value_text(kwargs, "input", "stdin");
	const char *output = xn_value_text(kwargs, "output", "stdout");

	c->slot->as_path = c->slot->folders = strcmp(input, "path") == 0;
	c->files = strcmp(output, "files") == 0;
	if (!c->slot->as_path && strcmp(input, "stdin") != 0)
		xn_fail("input is neither stdin nor path");
	if (!c->files && strcmp(output, "stdout") != 0)
		xn_fail("output is neither stdout nor files");
	read_argv(c, xn_value_get(kwargs, "argv"));
	refuse_shell_text(c);
	if (!c->slot->as_path && is_used(c, "{in}"))
		xn_fail("an argument has {in}, and the item comes on stdin "
		    "(input = \"path\" gives it a path)");
	c->out_named = !c->files && is_used(c, "{out}");
	read_program(c, xn_value_get(kwargs, "program"));
	read_env(c, xn_value_get(kwargs, "env"));
}

/* ---- Its words for an item ----------------------------------------------- */

/* Add N bytes; they may move, so words are kept as offsets until the end. */
static void
add(struct command *c, const char *text, size_t n)
{
	if (c->text_n + n > c->text_room) {
		size_t room = 2 * (c->text_n + n);
		char *more = realloc(c->text, room);

		if (more == NULL)
			xn_fail("out of memory: the arguments of a command");
		c->text = more;
		c->text_room = room;
	}
	memcpy(c->text + c->text_n, text, n);
	c->text_n += n;
}

static void
add_text(struct command *c, const char *text)
{
	add(c, text, strlen(text));
}

/* The item's own folder, and FIRST and SECOND in it. */
static void
add_path(struct command *c, const char *first, const char *second)
{
	add_text(c, c->slot->room_path);
	add_text(c, "/");
	add_text(c, c->slot->folder);
	add_text(c, first);
	add_text(c, second);
}

/* If AT begins with a word in braces, add what it means: the word's length. */
static size_t
add_meaning(struct command *c, const char *at)
{
	if (strncmp(at, "{in}", 4) == 0) {
		add_path(c, "/in/", c->slot->last_name);
		return 4;
	}
	if (strncmp(at, "{out}", 5) == 0) {
		add_path(c, "/out", "");
		return 5;
	}
	if (strncmp(at, "{name}", 6) == 0) {
		add_text(c, c->slot->name);
		return 6;
	}
	if (strncmp(at, "{id}", 4) == 0) {
		add_text(c, c->slot->id);
		return 4;
	}
	if (strncmp(at, "{program}", 9) == 0 && c->program != -1) {
		add_text(c, PROGRAM_PATH);
		return 9;
	}
	return 0;
}

static void
add_argument(struct command *c, const char *text)
{
	while (*text != '\0') {
		size_t n = *text == '{' ? add_meaning(c, text) : 0;

		if (n == 0) {
			n = 1 + strcspn(text + 1, "{");
			add(c, text, n);
		}
		text += n;
	}
	add(c, "", 1);
}

/* Words of c->text, one behind the other, as pointers. */
static const char *
point(const char **to, int n, const char *from)
{
	int i;

	for (i = 0; i < n; i++) {
		to[i] = from;
		from += strlen(from) + 1;
	}
	return from;
}

static void
add_variable(struct command *c, const char *name, const char *value)
{
	add_text(c, name);
	add_text(c, value);
	add(c, "", 1);
}

/* OWN_ENV of them; what has no meaning is empty. */
static void
add_environment(struct command *c)
{
	struct fp_slot *s = c->slot;
	char number[24];

	snprintf(number, sizeof(number), "%lld", s->tries);
	add_variable(c, "SYNCGATE_ITEM=", s->name);
	add_variable(c, "SYNCGATE_ID=", s->id);
	add_variable(c, "SYNCGATE_TRY=", number);
	add_variable(c, "SYNCGATE_JOB=", s->job);
	add_text(c, "SYNCGATE_IN=");
	if (s->as_path)
		add_path(c, "/in/", s->last_name);
	add(c, "", 1);
	add_text(c, "SYNCGATE_OUT=");
	if (c->files || c->out_named)
		add_path(c, "/out", "");
	add(c, "", 1);
	add_text(c, "TMPDIR=");
	add_path(c, "", "");
	add(c, "", 1);
}

/* c->args and c->env for this item. */
static void
make_arguments(struct command *c)
{
	int i;

	c->text_n = 0;
	for (i = 0; i < c->argc; i++)
		add_argument(c, c->argv[i]);
	add_environment(c);
	point(c->env, OWN_ENV, point(c->args, c->argc, c->text));
}

#endif
