/*
 * side_text.h: small things that all sides of fileproc need.
 */
#ifndef FILEPROC_SIDE_TEXT_H
#define FILEPROC_SIDE_TEXT_H

#define FP_WORD_MAX	64

/* Is TEXT a name that we take into paths: letters, digits, '-' and '_'? */
static inline int
fp_is_word(const char *text)
{
	size_t n = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

	return n > 0 && n <= FP_WORD_MAX && text[n] == '\0';
}

static inline void
fp_random_text(char out[17])
{
	unsigned char bytes[8];
	int i;

	xn_random(bytes, sizeof(bytes));
	for (i = 0; i < 8; i++)
		snprintf(out + 2 * i, 3, "%02x", (int)bytes[i]);
}

/*
 * The last name in the path NAME; null if that is none that a file can have.
 */
static inline const char *
fp_last_name(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *last = slash == NULL ? name : slash + 1;

	if (last[0] == '\0' || strcmp(last, ".") == 0 ||
	    strcmp(last, "..") == 0 || strlen(last) > 255)
		return NULL;
	return last;
}

/* Close it if it is open; errno is kept. */
static inline void
fp_close(int *fd)
{
	int number = errno;

	if (*fd != -1)
		close(*fd);
	*fd = -1;
	errno = number;
}

#endif
