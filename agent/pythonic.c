/*
 * pythonic.c: is it Python that the compiler of C has refused?
 *
 * An execnet client ships Python unasked (chdir=, nice=, env:, via=, _rinfo()),
 * and its author may take us for a Python.  Only what C has not compiled is
 * looked at, and only lines that mean nothing in C are signs, so a mistake in a
 * C program is not explained away.
 */
#include "agent/compile.h"

#include <string.h>

#define NAME	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
		"0123456789_."

/* P behind WORD and the blanks after it; NULL if that is not there. */
static const char *
behind(const char *p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(p, word, n) != 0 || strspn(p + n, " \t") == 0)
		return NULL;
	return p + n + strspn(p + n, " \t");
}

/* import os, sys.path as path */
static int
is_import(const char *p, const char *end)
{
	p = behind(p, "import");
	return p != NULL && p + strspn(p, NAME ", \t") >= end;
}

/* from os import path */
static int
is_from(const char *p)
{
	p = behind(p, "from");
	if (p == NULL)
		return 0;
	p += strspn(p, NAME);
	p += strspn(p, " \t");
	return behind(p, "import") != NULL;
}

/* def f(channel): */
static int
is_block(const char *p, const char *end)
{
	static const char *const words[] = {
		"def", "class", "for", "while", "if", "with"
	};

	if (end == p || end[-1] != ':')
		return 0;
	if (end - p == 4 && memcmp(p, "try:", 4) == 0)
		return 1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (behind(p, words[i]) != NULL)
			return 1;
	return 0;
}

int
xn_looks_like_python(const char *text)
{
	const char *p = text, *end, *next;

	/* Its comments may hold anything. */
	if (strstr(text, "remote_main") != NULL ||
	    strstr(text, "#include") != NULL)
		return 0;
	for (; p != NULL; p = next) {
		p += strspn(p, " \t");
		next = strchr(p, '\n');
		end = next != NULL ? next++ : p + strlen(p);
		while (end > p && strchr(" \t\r;", end[-1]) != NULL)
			end--;
		/* In C the channel is a pointer. */
		if (strncmp(p, "channel.", 8) == 0 || is_import(p, end) ||
		    is_from(p) || is_block(p, end))
			return 1;
	}
	return 0;
}
