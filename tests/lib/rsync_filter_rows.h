/*
 * rsync_filter_rows.h: a rule, an entry, and whether the rule alone hides it.
 *
 * Looked at by the unit test, and by a program that is compiled at the far end:
 * C99, and nothing included.
 */
#ifndef XN_TESTS_RSYNC_FILTER_ROWS_H
#define XN_TESTS_RSYNC_FILTER_ROWS_H

static const struct rs_row {
	const char *rule, *path;	/* a path with a slash behind: a folder */
	int hides;
} rs_rows[] = {
	/* The last name, the last names, the whole path. */
	{ "- foo", "foo", 1 }, { "- foo", "a/b/foo", 1 },
	{ "- foo", "foox", 0 }, { "- foo", "xfoo", 0 },
	{ "- foo", "foo/bar", 0 }, { "- foo/bar", "foo/bar", 1 },
	{ "- foo/bar", "a/foo/bar", 1 }, { "- foo/bar", "xfoo/bar", 0 },
	{ "- foo/bar", "bar", 0 }, { "- foo/bar", "foo/bar/x", 0 },
	{ "- /foo", "foo", 1 }, { "- /foo", "a/foo", 0 },
	{ "- /foo/bar", "foo/bar", 1 }, { "- /foo/bar", "a/foo/bar", 0 },
	{ "- /", "foo/", 0 }, { "- //", "foo/", 0 }, { "- foo//", "foo/", 0 },
	/* Folders alone. */
	{ "- foo/", "foo/", 1 }, { "- foo/", "foo", 0 },
	{ "- foo/", "a/foo/", 1 }, { "- a/foo/", "a/foo/", 1 },
	{ "- a/foo/", "a/foo", 0 }, { "- /foo/", "a/foo/", 0 },
	/* Wild. */
	{ "- *", "foo", 1 }, { "- *", "a/foo", 1 }, { "- *.o", "a/b.o", 1 },
	{ "- *.o", "a/b.o.c", 0 }, { "- *.o", ".o", 1 },
	{ "- *a*b", "xaxb", 1 }, { "- *a*b", "xbxa", 0 },
	{ "- a/*", "a/b", 1 }, { "- a/*", "a/b/c", 0 }, { "- a/*", "b", 0 },
	{ "- a/*", "x/a/b", 1 }, { "- */b", "a/b", 1 }, { "- */b", "b", 0 },
	{ "- /*/b", "a/b", 1 }, { "- /*/b", "x/a/b", 0 },
	{ "- a/*/c", "a/b/c", 1 }, { "- a/*/c", "a/b/b/c", 0 },
	{ "- a/*/c", "a/c", 0 }, { "- ?", "a", 1 }, { "- ?", "ab", 0 },
	{ "- a?b", "a/b", 0 }, { "- /a?b", "a/b", 0 },
	{ "- \xff?", "\xff\xfe", 1 }, { "- ??", "\xc3\xa4", 1 },
	{ "- a*b", "a\nb", 1 }, { "- a?b", "a\nb", 1 },
	/* Two stars. */
	{ "- **", "a/b", 1 }, { "- a/**", "a/b/c", 1 }, { "- a/**", "a/", 0 },
	{ "- /a/**/c", "a/b/d/c", 1 }, { "- /a/**/c", "a/c", 0 },
	{ "- a/**/c", "x/a/b/c", 1 }, { "- a/**/c", "xa/b/c", 0 },
	{ "- **/c", "c", 1 }, { "- **/c", "a/b/c", 1 },
	{ "- **/c", "a/bc", 0 }, { "- **c", "a/bc", 1 },
	{ "- a**", "x/ay/z", 1 }, { "- a**", "xay/z", 0 },
	{ "- a**b*c", "a/x/b1c", 1 }, { "- a**b*c", "a/x/b1/c", 0 },
	{ "- a**b*c", "a/b1/b2c", 1 }, { "- **a*b**c*d", "a/ab/c/cd", 1 },
	{ "- **a*b**c*d", "a/ba/c/cd", 0 }, { "- **.o", "a/b.o", 1 },
	{ "- **/*.o", "b.o", 1 }, { "- **/*.o", "a/b.o/", 1 },
	{ "- **/*.o", "a/b.o/c", 0 }, { "- /**/b", "b", 0 },
	{ "- /**/b", "a/b", 1 }, { "- **/a/*/c", "a/b/c", 1 },
	{ "- **/a/*/c", "x/a/b/b/c", 0 },
	/* Three stars: the folder, too. */
	{ "- a/***", "a/", 1 }, { "- a/***", "a", 0 },
	{ "- a/***", "a/b/c", 1 }, { "- a/***", "x/a/", 1 },
	{ "- /a/***", "x/a/", 0 }, { "- a***", "ab/", 1 },
	{ "- a***/", "a/b/", 1 },
	/* A star that is none counts where it is looked for all the same. */
	{ "- a\\**", "a*b", 1 }, { "- a\\**", "x/a*b", 1 },
	{ "- a\\**", "a*b/c", 0 }, { "- a[**]", "a*", 1 },
	{ "- a\\***", "a*/", 1 },
	/* Backslashes: of use only where something is wild. */
	{ "- a\\b", "a\\b", 1 }, { "- a\\b", "ab", 0 },
	{ "- a\\b*", "ab", 1 }, { "- a\\b*", "a\\b", 0 },
	{ "- a\\\\b*", "a\\bc", 1 }, { "- \\*", "*", 1 }, { "- \\*", "a", 0 },
	{ "- \\[a]", "[a]", 1 }, { "- *\\", "a\\", 0 }, { "- a\\", "a\\", 1 },
	/* Sets. */
	{ "- [ab]", "a", 1 }, { "- [ab]", "c", 0 }, { "- [!ab]", "c", 1 },
	{ "- [^ab]", "c", 1 }, { "- [^ab]", "a", 0 }, { "- [a-c]", "b", 1 },
	{ "- [a-c]", "d", 0 }, { "- [a-]", "-", 1 }, { "- [-a]", "-", 1 },
	{ "- []]", "]", 1 }, { "- []a]", "a", 1 }, { "- [!]a]", "]", 0 },
	{ "- [!]a]", "b", 1 }, { "- [\\]]", "]", 1 }, { "- [\\a-c]", "b", 1 },
	{ "- [a-\\c]", "b", 1 }, { "- [a-c-e]", "d", 0 },
	{ "- [a-c-e]", "-", 1 }, { "- [c-a]", "b", 0 }, { "- [c-a]", "c", 1 },
	{ "- [\x80-\xff]", "\xe4", 1 }, { "- [[-]]", "[]", 1 },
	{ "- a[/]b", "a/b", 0 }, { "- /a[!b]b", "a/b", 0 },
	{ "- [a", "a", 0 }, { "- [a", "[a", 0 }, { "- []", "]", 0 },
	{ "- [a\\", "a", 0 },
	/* Classes. */
	{ "- [[:alpha:]]", "x", 1 }, { "- [[:alpha:]]", "1", 0 },
	{ "- [[:upper:][:digit:]]", "7", 1 }, { "- [[:upper:]]", "a", 0 },
	{ "- [![:space:]]", "a", 1 }, { "- [![:space:]]", "\t", 0 },
	{ "- [[:punct:]]", "-", 1 }, { "- [[:cntrl:]]", "\n", 1 },
	{ "- [[:alnum:]_-]", "-", 1 }, { "- [[:xdigit:]]", "F", 1 },
	{ "- [[:xdigit:]]", "g", 0 }, { "- [[:blank:]]", " ", 1 },
	{ "- [[:graph:]]", " ", 0 }, { "- [[:print:]]", " ", 1 },
	{ "- [[:lower:]]", "\xe4", 0 }, { "- [[:bad:]]", "b", 0 },
	{ "- [[:bad:]x]", "x", 0 }, { "- [[::]]", ":", 0 },
	{ "- [[:]", ":", 1 }, { "- [[:]", "[", 1 }, { "- [[:x]", "x", 1 },
	{ "- [[:alpha]", "[", 1 }, { "- [[:alpha]", "z", 0 },
	/* "!": what does not match. */
	{ "-! *.c", "a.h", 1 }, { "-! *.c", "a.c", 0 },
	{ "-! */", "a", 1 }, { "-! */", "a/", 0 }, { "-! [a", "b", 1 },
	{ "-! /a", "b/a", 1 }, { "-! a/b", "b", 1 },
	/* The absolute path: the root is /srv/data. */
	{ "-/ /srv/data/a", "a", 1 }, { "-/ /srv/data/a", "b/a", 0 },
	{ "-/ /a", "a", 0 }, { "-/ data/a", "a", 1 }, { "-/ ata/a", "a", 0 },
	{ "-/ srv/*/a", "a", 1 }, { "-/ /srv/**", "x/y", 1 },
	{ "-/ **/data/a", "a", 1 }, { "-/ **/srv/data/a", "a", 0 },
	{ "-/ data/**/b", "a/b", 1 }, { "-/ srv/**", "x/y", 1 },
	{ "-/ a", "b/a", 1 }, { "- data/a", "a", 0 }, { "- /srv/data/a", "a", 0 },
	{ "-/ */*/*/*", "a", 0 }, { "-/ */*/*", "a", 1 },
	/* Sides, and other names of rules. */
	{ "-s a", "a", 1 }, { "-r a", "a", 0 }, { "-sr a", "a", 1 },
	{ "H a", "a", 1 }, { "P a", "a", 0 }, { "hide a", "a", 1 },
	{ "exclude a", "a", 1 }, { "exclude,! a", "b", 1 },
	{ "-_a", "a", 1 }, { "-  a", " a", 1 }, { "- _a", "_a", 1 },
	{ "-p a", "a", 1 }, { "+ a", "a", 0 }, { "-, a", "a", 1 },
	{ "-,!s a", "b", 1 }, { "- a ", "a", 0 }, { "- #a", "#a", 1 },
};

#endif
