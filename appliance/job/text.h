/*
 * text.h: text that may come from another machine, made fit to be printed.
 */
#ifndef SYNCGATE_JOB_TEXT_H
#define SYNCGATE_JOB_TEXT_H

#include <stddef.h>

/*
 * The length of the UTF-8 character at TEXT (1 to 4), or 0 if what stands
 * there is not one.  *CODE is its code point.
 */
int syncgate_text_character(const char *text, unsigned int *code);

/* 1 if TEXT is valid UTF-8 throughout. */
int syncgate_text_is_utf8(const char *text);

/*
 * Write TEXT into OUT (SIZE bytes, NUL included; what does not fit is cut off
 * at a character) as one line without anything that a terminal would obey:
 * tabs become blanks, line ends " / ", other control characters, marks that
 * turn the writing direction, and bytes that are not UTF-8 become \xNN.
 * Returns the length.
 */
size_t syncgate_text_clean(char *out, size_t size, const char *text);

/* The same as a JSON string, quotes included. */
size_t syncgate_text_json(char *out, size_t size, const char *text);

/*
 * What stands for the one character at TEXT inside a JSON string; its length.
 * *TAKEN is how many bytes of TEXT that was, 1 for a NUL.
 */
int syncgate_text_json_one(char piece[32], const char *text, int *taken);

#endif
