/*
 * A processor in C, for fileproc's option `processor`: the item in capitals.
 * doc/fileproc-processors.md says what there is to be used.
 */
#include <execnet/remote.h>

int
process(fileproc_item *item)
{
	char text[4096];
	ssize_t n, i;

	while ((n = read(item->in, text, sizeof(text))) > 0) {
		for (i = 0; i < n; i++)
			if (text[i] >= 'a' && text[i] <= 'z')
				text[i] -= 'a' - 'A';
		if (xn_write_full(item->out, text, (size_t)n) != 0)
			break;
	}
	if (n != 0)
		fileproc_error("%s: %m", item->name);
	return n != 0;
}
