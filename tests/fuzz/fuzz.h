/* fuzz.h: the one function of a fuzz target. */
#ifndef XN_TESTS_FUZZ_H
#define XN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
