/*
 * A side of rsync whose peer says arbitrary messages: it ends, has freed all,
 * and nothing outside of its tree was touched.
 *
 *	byte 0		bit 0: the source's side; 1: it follows; 2: partial;
 *			3: deleting; 4: in place; 5: append; 6: checksum
 *	the rest	messages: 2 bytes, how long it is; its bytes
 *
 * The side runs in this thread, over a port that has all messages already; what
 * it sends is forgotten.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/side/port.h"
#include "core/wire/format.h"
#include "plugins/rsync/side_keep.h"
#include "plugins/rsync/sides.h"
#include "tests/fuzz/fuzz.h"

static const uint8_t *says;
static size_t says_n;
static char control, peer;	/* the channels' objects */
static char folder[] = "/tmp/xn-fuzz-rsync-XXXXXX";

static void
must(int true_here)
{
	if (!true_here)
		abort();
}

/* ---- The port ------------------------------------------------------------- */

static int
take_all(void *baton, void *channel, const uint8_t *payload, size_t n,
    const char **error)
{
	(void)baton;
	(void)channel;
	(void)payload;
	(void)n;
	(void)error;
	return XN_PORT_OK;
}

static int
pack(struct xn_buf *out, const char *format, ...)
{
	va_list ap;
	int code;

	va_start(ap, format);
	code = xn_pack(out, NULL, format, ap);
	va_end(ap);
	return code;
}

static int
say_next(void *baton, void *channel, int timeout, uint8_t **payload,
    size_t *n, const char **error)
{
	struct xn_buf out;
	size_t size;

	(void)baton;
	(void)timeout;
	(void)error;
	if (channel != &peer || says_n < 2)
		return XN_PORT_EOF;
	size = (size_t)says[0] << 8 | says[1];
	size = size > says_n - 2 ? says_n - 2 : size;
	xn_buf_init(&out, 1 << 20);
	must(pack(&out, "y", says + 2, size) == 0);
	*n = xn_buf_len(&out);
	*payload = malloc(*n);
	must(*payload != NULL);
	memcpy(*payload, xn_buf_data(&out), *n);
	xn_buf_free(&out);
	says += 2 + size;
	says_n -= 2 + size;
	return XN_PORT_OK;
}

static int
peer_is_ready(void *baton, void **channels, int *ready, int n, const int *fds,
    int *fd_ready, int nfds, int timeout)
{
	int count = 0;

	(void)baton;
	(void)fds;
	(void)timeout;
	for (int i = 0; i < n; i++) {
		ready[i] = channels[i] == &control ? XN_PORT_TIMEOUT :
		    says_n < 2 ? XN_PORT_EOF : XN_PORT_OK;
		count += ready[i] != XN_PORT_TIMEOUT;
	}
	for (int i = 0; i < nfds; i++)
		fd_ready[i] = 0;
	return count;
}

static void
end_channel(void *baton, void *channel, const char *text)
{
	(void)baton;
	(void)channel;
	(void)text;
}

static int
is_never_closed(void *baton, void *channel)
{
	(void)baton;
	(void)channel;
	return 0;
}

static int32_t
id_of(void *baton, void *channel)
{
	(void)baton;
	return channel == &peer ? 3 : 1;
}

static void
forget_line(void *baton, const char *line)
{
	(void)baton;
	(void)line;
}

static const struct xn_port port = {
	.send = take_all, .receive = say_next, .select = peer_is_ready,
	.close = end_channel, .isclosed = is_never_closed,
	.id_of_channel = id_of, .log = forget_line
};

/* ---- The folder ----------------------------------------------------------- */

static const char *
path_of(const char *name)
{
	static char paths[4][256];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	must(remove(path) == 0);
	return 0;
}

static void
remove_folder(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
write_file(const char *path, size_t n)
{
	FILE *f = fopen(path, "w");

	must(f != NULL);
	while (n-- > 0)
		fputc((int)(n % 251), f);
	must(fclose(f) == 0);
}

/* A small tree, with a link that leads out. */
static void
make_root(void)
{
	must(mkdir(path_of("root"), 0755) == 0);
	must(mkdir(path_of("root/d"), 0755) == 0);
	write_file(path_of("root/a"), 5);
	write_file(path_of("root/d/b"), 20000);
	must(symlink("../outside", path_of("root/l")) == 0);
	must(mkfifo(path_of("root/p"), 0644) == 0);
}

static void
check_outside(void)
{
	struct stat st;

	must(stat(path_of("outside/canary"), &st) == 0 && st.st_size == 3 &&
	    st.st_nlink == 1);
	must(stat(path_of("outside"), &st) == 0 && st.st_nlink == 2);
	must(stat(folder, &st) == 0 && st.st_nlink == 4);
	nftw(path_of("root"), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- The sides ------------------------------------------------------------ */

static void
put_text(xn_value *v, const char *text)
{
	v->kind = XN_STR;
	v->size = (unsigned int)strlen(text);
	v->u.text = text;
}

static void
put_number(xn_value items[2], const char *key, int number, int is_truth)
{
	put_text(&items[0], key);
	items[1].kind = is_truth ? XN_BOOL : XN_INT;
	if (is_truth)
		items[1].u.boolean = number;
	else
		items[1].u.integer = number;
}

static void
make_dict(xn_value *dict, xn_value *items, unsigned int n)
{
	memset(dict, 0, sizeof(*dict));
	dict->kind = XN_DICT;
	dict->depth = 2;
	dict->size = n;
	dict->u.items = items;
}

static void
run(int how)
{
	xn_value items[16] = { { 0 } }, file[8] = { { 0 } };
	xn_value channel = { 0 }, kwargs;

	channel.kind = XN_CHANNEL;
	channel.u.channel.object = &peer;
	channel.u.channel.id = 3;
	put_number(file, "partial", how >> 2 & 1, 1);
	put_number(file + 2, "inplace", how >> 4 & 1, 1);
	put_number(file + 4, "append", how >> 5 & 1, 1);
	put_number(file + 6, "checksum", how >> 6 & 1, 1);
	put_text(&items[0], "path");
	put_text(&items[1], path_of("root"));
	put_text(&items[2], how & 1 ? "peers" : "peer");
	items[3] = channel;
	if (how & 1) {
		make_dict(&items[3], &channel, 1);
		items[3].kind = XN_LIST;
		items[3].depth = 1;
	}
	put_text(&items[4], "files");
	make_dict(&items[5], file, 4);
	items[5].depth = 1;
	put_number(items + 6, "keep", 0x7f & ~RS_OWNER, 0);
	put_number(items + 8, "follow", (how & 3) == 2, 1);
	put_number(items + 10, "remove", how & 8 ? RS_DELETE_DURING :
	    RS_DELETE_NO, 0);
	put_number(items + 12, "confine", RS_CONFINE_OFF, 0);
	put_number(items + 14, "itemize", 1, 1);
	make_dict(&kwargs, items, 8);
	xn_side_run(&port, how & 1 ? rsync_side_source : rsync_side_target,
	    &control, &kwargs, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int made;

	if (size == 0)
		return 0;
	if (!made) {
		must(mkdtemp(folder) != NULL);
		atexit(remove_folder);
		must(mkdir(path_of("outside"), 0755) == 0);
		write_file(path_of("outside/canary"), 3);
		made = 1;
	}
	says = data + 1;
	says_n = size - 1;
	make_root();
	run(data[0]);
	check_outside();
	return 0;
}
