/*
 * snippet.h: where a snippet ends that is typed line by line.
 */
#ifndef SYNCGATE_JOB_SNIPPET_H
#define SYNCGATE_JOB_SNIPPET_H

/*
 * Is TEXT, whole lines each with its end, all of a snippet?  It goes on while
 * a bracket, a brace, a comment or a string of several lines is open, behind a
 * backslash at the end of a line, and in Python from a line that opens a block
 * to an empty one.  Strings and comments are looked into by the rules of C,
 * or of PYTHON.
 */
int syncgate_snippet_complete(const char *text, int python);

#endif
