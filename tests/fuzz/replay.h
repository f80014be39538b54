/*
 * replay.h: the inputs that fuzzing found worth keeping.
 *
 * tests/fuzz/corpus/NAME.hex has one input a line, in hexadecimal; tools/fuzz.sh
 * writes them.  "-" is the empty input.
 */
#ifndef XN_TESTS_FUZZ_REPLAY_H
#define XN_TESTS_FUZZ_REPLAY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Call RUN for each input in the corpus of the program called ARGV0
 * ("tests/fuzz/fuzz_NAME"); how many.  No corpus: 0.
 */
size_t fuzz_replay(const char *argv0, void (*run)(const uint8_t *p, size_t n));

#endif
