/*
 * A processor for fileproc's torture: the item, and its checksum.
 */
#include <execnet/remote.h>

static unsigned table[256];

static void
make_table(void)
{
	unsigned i, k, c;

	for (i = 0; i < 256; i++) {
		c = i;
		for (k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
		table[i] = c;
	}
}

int
process(fileproc_item *item)
{
	static char text[65536];
	unsigned crc = 0xffffffffu;
	ssize_t n, i;
	int size;

	make_table();
	while ((n = read(item->in, text, sizeof(text))) > 0) {
		for (i = 0; i < n; i++)
			crc = crc >> 8 ^ table[(crc ^ text[i]) & 255];
		if (xn_write_full(item->out, text, (size_t)n) != 0)
			xn_fail("cannot write: %m");
	}
	if (strstr(item->name, "lasts") != NULL)
		xn_sleep(400);
	size = snprintf(text, sizeof(text), "\nsum %08x\n", crc ^ 0xffffffffu);
	if (xn_write_full(item->out, text, (size_t)size) != 0)
		xn_fail("cannot write: %m");
	return n != 0;
}
