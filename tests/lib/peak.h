/*
 * peak.h: how much memory a process has had at once.
 */
#ifndef XN_TESTS_PEAK_H
#define XN_TESTS_PEAK_H

#include <stdio.h>

/* Of process PID, in KiB; -1 if it is gone. */
static inline long
peak_kib(int pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

/* A sanitizer keeps freed memory for a while: nothing to measure then. */
#ifndef __has_feature
#define __has_feature(name) 0	/* gcc's names are the others */
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEASURED 0
#else
#define MEASURED 1
#endif

#endif
