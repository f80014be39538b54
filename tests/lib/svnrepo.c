#include "tests/lib/svnrepo.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

static char folder[64];

const char *
svnrepo_begin(void)
{
	/* In memory where that can be: the mirror syncs a lot. */
	strcpy(folder, access("/dev/shm", W_OK) == 0 ?
	    "/dev/shm/syncgate-unit.XXXXXX" : "/tmp/syncgate-unit.XXXXXX");
	assert(mkdtemp(folder) != NULL);
	return folder;
}

void
svnrepo_end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert(folder[0] == '/' && system(command) == 0);
}

const char *
svnrepo_path(const char *format, ...)
{
	static char paths[8][512];
	static int next;
	char *out = paths[next++ % 8];
	int n = snprintf(out, 512, "%s/", folder);
	va_list ap;

	va_start(ap, format);
	vsnprintf(out + n, 512 - (size_t)n, format, ap);
	va_end(ap);
	return out;
}

static void
put_bytes(const char *path, const char *name, const void *bytes, size_t n,
    mode_t mode)
{
	char whole[512];
	int fd;

	snprintf(whole, sizeof(whole), "%s/%s", path, name);
	fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC, mode);
	assert(fd != -1 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

void
svnrepo_put(const char *path, const char *name, const char *text)
{
	put_bytes(path, name, text, strlen(text), 0644);
}

/* Replace NAME as Subversion does. */
static void
put_renamed(const char *path, const char *name, const void *bytes, size_t n,
    mode_t mode)
{
	char from[512], to[512];

	put_bytes(path, "db/svn-xyz.tmp", bytes, n, mode);
	snprintf(from, sizeof(from), "%s/db/svn-xyz.tmp", path);
	snprintf(to, sizeof(to), "%s/%s", path, name);
	assert(rename(from, to) == 0);
}

static void
make_folder(const char *path, const char *name)
{
	char whole[1100];

	snprintf(whole, sizeof(whole), "%s/%s", path, name);
	mkdir(whole, 0755);
}

void
svnrepo_make(const char *path, long long shard)
{
	static const char *const folders[] = {
		"", "conf", "hooks", "locks", "db", "db/revs", "db/revprops",
		"db/transactions", "db/txn-protorevs"
	};
	char format[128];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		make_folder(path, folders[i]);
	svnrepo_put(path, "format", "5\n");
	snprintf(format, sizeof(format), "8\nlayout sharded %lld\n"
	    "addressing logical\n", shard);
	svnrepo_put(path, "db/format", format);
	svnrepo_put(path, "db/fs-type", "fsfs\n");
	svnrepo_put(path, "db/uuid", "8c3f31fa-6e10-48f8-a2f4-41ccfaf40e27\n"
	    "40018135-070b-4337-8d5d-0ab95a20128a\n");
	svnrepo_put(path, "db/fsfs.conf", "# nothing\n");
	svnrepo_put(path, "db/min-unpacked-rev", "0\n");
	svnrepo_put(path, "db/write-lock", "");
	svnrepo_commit(path, shard, 0, 0);
}

static size_t
props_text(char *out, size_t max, long long rev, const char *log)
{
	int n = snprintf(out, max, "K 8\nsvn:date\nV 27\n"
	    "2026-11-23T05:%02lld:%02lld.%06lldZ\nK 7\nsvn:log\nV %zu\n%s\n"
	    "END\n", rev / 60 % 60, rev % 60, rev % 1000000, strlen(log), log);

	assert(n > 0 && (size_t)n < max);
	return (size_t)n;
}

void
svnrepo_commit(const char *path, long long shard, long long rev, size_t size)
{
	char name[128], text[1024], log[64];
	unsigned char *noise = malloc(size + 1);
	size_t n;

	snprintf(name, sizeof(name), "db/revs/%lld", rev / shard);
	make_folder(path, name);
	snprintf(name, sizeof(name), "db/revprops/%lld", rev / shard);
	make_folder(path, name);
	snprintf(name, sizeof(name), "db/revs/%lld/%lld", rev / shard, rev);
	snprintf(text, sizeof(text), "revision %lld of %s\n", rev, "us");
	for (size_t i = 0; i < size; i++)
		noise[i] = (unsigned char)(rev * 31 + (long long)(i * i / 7));
	put_bytes(path, name, size > 0 ? (void *)noise : text,
	    size > 0 ? size : strlen(text), 0444);
	free(noise);
	snprintf(log, sizeof(log), "log of r%lld", rev);
	n = props_text(text, sizeof(text), rev, log);
	snprintf(name, sizeof(name), "db/revprops/%lld/%lld", rev / shard, rev);
	put_renamed(path, name, text, n, 0444);
	snprintf(text, sizeof(text), "%lld\n", rev);
	put_renamed(path, "db/current", text, strlen(text), 0644);
}

void
svnrepo_revprop(const char *path, long long shard, long long rev,
    const char *log)
{
	size_t max = strlen(log) + 256, n;
	char *text = malloc(max), name[128];

	n = props_text(text, max, rev, log);
	snprintf(name, sizeof(name), "db/revprops/%lld/%lld", rev / shard, rev);
	put_renamed(path, name, text, n, 0444);
	free(text);
}

long long
svnrepo_youngest(const char *path)
{
	char name[512], text[32] = "";
	int fd;

	snprintf(name, sizeof(name), "%s/db/current", path);
	fd = open(name, O_RDONLY);
	if (fd == -1)
		return -1;
	assert(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atoll(text);
}

/* ---- Packing -------------------------------------------------------------- */

/* Append the file NAME to OUT; returns its size. */
static size_t
append(unsigned char **out, size_t *n, const char *path, const char *name)
{
	char whole[512];
	struct stat st;
	int fd;

	snprintf(whole, sizeof(whole), "%s/%s", path, name);
	fd = open(whole, O_RDONLY);
	assert(fd != -1 && fstat(fd, &st) == 0);
	*out = realloc(*out, *n + (size_t)st.st_size + 1);
	assert(read(fd, *out + *n, (size_t)st.st_size) == st.st_size);
	close(fd);
	*n += (size_t)st.st_size;
	return (size_t)st.st_size;
}

/* The size in front of a packed file of properties: seven bits a byte. */
static size_t
encode_size(unsigned char *out, size_t size)
{
	unsigned char reversed[10];
	size_t n = 0;

	do
		reversed[n++] = (unsigned char)(size & 0x7f);
	while ((size >>= 7) != 0);
	for (size_t i = 0; i < n; i++)
		out[i] = reversed[n - 1 - i] | (i + 1 < n ? 0x80 : 0);
	return n;
}

/* FIRST..LAST into the file NAME, half of a shard's properties. */
static void
pack_props(const char *path, long long shard, long long first, long long last,
    const char *name, int compress)
{
	unsigned char *bytes = NULL, *whole, *out;
	char head[4096], rev_name[128];
	size_t n = 0, size, at;
	uLongf packed;

	at = (size_t)sprintf(head, "%lld\n%lld\n", first, last - first + 1);
	for (long long rev = first; rev <= last; rev++) {
		snprintf(rev_name, sizeof(rev_name), "db/revprops/%lld/%lld",
		    rev / shard, rev);
		size = append(&bytes, &n, path, rev_name);
		at += (size_t)sprintf(head + at, "%zu\n", size);
		assert(at < sizeof(head) - 64);
	}
	head[at++] = '\n';
	whole = malloc(at + n);
	memcpy(whole, head, at);
	memcpy(whole + at, bytes, n);
	packed = compressBound(at + n);
	out = malloc(10 + packed);
	size = encode_size(out, at + n);
	if (!compress || compress2(out + size, &packed, whole, at + n, 9) !=
	    Z_OK || packed >= at + n) {
		packed = at + n;
		memcpy(out + size, whole, packed);
	}
	put_bytes(path, name, out, size + packed, 0644);
	free(out);
	free(whole);
	free(bytes);
}

static void
remove_shard(const char *path, long long shard, long long pack)
{
	char name[512];

	for (long long rev = pack * shard; rev < (pack + 1) * shard; rev++) {
		snprintf(name, sizeof(name), "%s/db/revs/%lld/%lld", path, pack,
		    rev);
		unlink(name);
		snprintf(name, sizeof(name), "%s/db/revprops/%lld/%lld", path,
		    pack, rev);
		if (rev > 0)
			unlink(name);
	}
	snprintf(name, sizeof(name), "%s/db/revs/%lld", path, pack);
	rmdir(name);
	snprintf(name, sizeof(name), "%s/db/revprops/%lld", path, pack);
	rmdir(name);
}

void
svnrepo_pack(const char *path, long long shard, int compress)
{
	char name[512], text[64], manifest[8192];
	unsigned char *bytes = NULL;
	long long pack, first, half, end;
	size_t n = 0, at = 0;

	snprintf(name, sizeof(name), "%s/db/min-unpacked-rev", path);
	append(&bytes, &n, path, "db/min-unpacked-rev");
	snprintf(text, sizeof(text), "%.*s", (int)n, (char *)bytes);
	pack = strtoll(text, NULL, 10) / shard;
	end = (pack + 1) * shard;
	n = 0;
	snprintf(name, sizeof(name), "db/revs/%lld.pack", pack);
	make_folder(path, name);
	snprintf(name, sizeof(name), "db/revprops/%lld.pack", pack);
	make_folder(path, name);
	for (long long rev = pack * shard; rev < end; rev++) {
		snprintf(name, sizeof(name), "db/revs/%lld/%lld", pack, rev);
		append(&bytes, &n, path, name);
	}
	snprintf(name, sizeof(name), "db/revs/%lld.pack/pack", pack);
	put_bytes(path, name, bytes, n, 0444);
	free(bytes);
	first = pack == 0 ? 1 : pack * shard;
	half = pack * shard + shard / 2;
	snprintf(name, sizeof(name), "db/revprops/%lld.pack/%lld.0", pack, first);
	pack_props(path, shard, first, half - 1, name, compress);
	snprintf(name, sizeof(name), "db/revprops/%lld.pack/%lld.0", pack, half);
	pack_props(path, shard, half, end - 1, name, compress);
	for (long long rev = first; rev < end; rev++)
		at += (size_t)sprintf(manifest + at, "%lld.0\n",
		    rev < half ? first : half);
	snprintf(name, sizeof(name), "db/revprops/%lld.pack/manifest", pack);
	put_bytes(path, name, manifest, at, 0644);
	snprintf(text, sizeof(text), "%lld\n", end);
	put_renamed(path, "db/min-unpacked-rev", text, strlen(text), 0644);
	remove_shard(path, shard, pack);
}

/* ---- Comparing --------------------------------------------------------------- */

static void digest_folder(XXH3_state_t *state, const char *root,
    const char *name, int same);

/* What a mirror has and its source has not, or of its own. */
static int
differs_by_intent(const char *name)
{
	static const char *const names[] = {
		"/conf", "/hooks", "/locks", "/README.txt", "/db/uuid",
		"/db/syncgate", "/db/syncgate-lock", "/db/txn-current",
		"/db/txn-current-lock", "/db/write-lock"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return 0;
}

static void
digest_file(XXH3_state_t *state, const char *whole, const struct stat *st)
{
	char piece[4096];
	int fd = open(whole, O_RDONLY);
	ssize_t got;

	XXH3_128bits_update(state, &st->st_size, sizeof(st->st_size));
	while ((got = read(fd, piece, sizeof(piece))) > 0)
		XXH3_128bits_update(state, piece, (size_t)got);
	close(fd);
}

static void
digest_entry(XXH3_state_t *state, const char *root, const char *name, int same)
{
	char whole[1024];
	struct stat st;

	if (same && differs_by_intent(name))
		return;
	snprintf(whole, sizeof(whole), "%s%s", root, name);
	if (lstat(whole, &st) != 0) {	/* its writer has renamed it meanwhile */
		assert(errno == ENOENT);
		return;
	}
	XXH3_128bits_update(state, name, strlen(name) + 1);
	if (!same)
		XXH3_128bits_update(state, &st.st_mode, sizeof(st.st_mode));
	if (S_ISDIR(st.st_mode))
		digest_folder(state, root, name, same);
	else
		digest_file(state, whole, &st);
}

static void
digest_folder(XXH3_state_t *state, const char *root, const char *name, int same)
{
	struct dirent **entries;
	char whole[1024];
	int n;

	snprintf(whole, sizeof(whole), "%s%s", root, name);
	n = scandir(whole, &entries, NULL, alphasort);
	assert(n >= 0 || errno == ENOENT);
	if (n < 0)
		return;
	for (int i = 0; i < n; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 &&
		    strcmp(entries[i]->d_name, "..") != 0) {
			snprintf(whole, sizeof(whole), "%s/%s", name,
			    entries[i]->d_name);
			digest_entry(state, root, whole, same);
		}
		free(entries[i]);
	}
	free(entries);
}

char *
svnrepo_digest(const char *path, int same)
{
	static char out[4][40];
	static int next;
	XXH3_state_t *state = XXH3_createState();
	XXH128_hash_t hash;

	XXH3_128bits_reset(state);
	digest_folder(state, path, "", same);
	hash = XXH3_128bits_digest(state);
	XXH3_freeState(state);
	next = (next + 1) % 4;
	snprintf(out[next], sizeof(out[next]), "%016llx%016llx",
	    (unsigned long long)hash.high64, (unsigned long long)hash.low64);
	return out[next];
}
