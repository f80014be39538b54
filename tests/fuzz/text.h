/* text.h: what a fuzz target for texts has beside its function. */
#ifndef XN_TESTS_FUZZ_TEXT_H
#define XN_TESTS_FUZZ_TEXT_H

#include "tests/fuzz/fuzz.h"

/* Texts to begin with; ends with NULL. */
extern const char *const fuzz_seeds[];

#endif
