/*
 * side_fsfs.h: what both sides know of an FSFS repository: its numbers, its
 * names, its formats.
 *
 *	format				"5"; a repository without it is none
 *	db/format			"8\nlayout sharded 1000\n..."
 *	db/current			the youngest revision
 *	db/min-unpacked-rev		the first revision that is not packed
 *	db/revs/S/R			revision R of shard S = R / shard size
 *	db/revs/S.pack/pack		all revisions of a packed shard
 *	db/revs/S.pack/manifest		(only with physical addressing)
 *	db/revprops/S/R			its properties; r0's are never packed
 *	db/revprops/S.pack/manifest	for each revision the file that has it
 *	db/revprops/S.pack/R.T		properties of some revisions from R on
 *
 * What the formats that are copied have:
 *	3	Subversion 1.5: nothing is packed, there is no min-unpacked-rev
 *	4	1.6: revisions can be packed, their properties are not
 *	6	1.8: properties, too
 *	7, 8	1.9, 1.10: a second line in uuid; addressing is said
 * Formats before 7 address physically.  A linear layout has no shards,
 * db/revs/R and db/revprops/R, and is never packed; repositories of 1.4 keep it
 * when they are upgraded, and "3 4 1" as their current until the next commit.
 *
 * A committed revision's file never changes until its shard is packed.
 * current, min-unpacked-rev and properties are replaced by rename.
 */
#ifndef SVNHOTSYNC_SIDE_FSFS_H
#define SVNHOTSYNC_SIDE_FSFS_H

#include <execnet/remote.h>

#define PROTOCOL_VERSION	1
#define SMALL_FILE		65536	/* format, current, uuid, fsfs.conf */
#define PROPS_MAX		(16 << 20) /* properties of one revision */
#define MANIFEST_MAX		(16 << 20)
#define SHARD_MAX		1000000
#define LINEAR_SHARD		1000	/* without shards we count by these */
#define TAIL_SIZE		65536	/* of a pack, for its digest */
#define NAME_SIZE	40	/* of a name that FSFS makes */
#define PATH_SIZE	96
#define ROUNDS			5	/* a file vanished: look again */
#define RANGE_MAX		4096	/* revisions in one comparison */

#define FORMAT_PACKED		4	/* the first with min-unpacked-rev */
#define FORMAT_PACKED_PROPS	6
#define FORMAT_INSTANCE		7	/* the first with two lines in uuid */

enum digest_kind { DIGEST_NONE, DIGEST_FILE, DIGEST_PACK };

/* What db/format says. */
struct fsfs {
	int format;
	int physical;		/* addressing */
	int linear;		/* no folders of shards */
	long long shard;	/* revisions a shard; LINEAR_SHARD without */
};

/*
 * The decimal number at *TEXT as FSFS writes it, at most 15 digits without
 * sign or leading zero; *TEXT then points behind it.  -1 if there is none.
 */
static inline long long
fs_number(const char **text)
{
	const char *p = *text;
	long long n = 0;

	while (*p >= '0' && *p <= '9' && p - *text < 16)
		n = n * 10 + (*p++ - '0');
	if (p == *text || p - *text > 15 || (**text == '0' && p - *text > 1))
		return -1;
	*text = p;
	return n;
}

/* The whole of TEXT as such a number, or -1. */
static inline long long
fs_whole_number(const char *text)
{
	long long n = fs_number(&text);

	return *text == '\0' ? n : -1;
}

/* Take one line "layout sharded N" or "addressing logical" of db/format. */
static inline const char *
fs_format_option(struct fsfs *fs, const char *line)
{
	const char *p = line + 15;

	if (strncmp(line, "layout sharded ", 15) == 0) {
		fs->shard = fs_number(&p);
		if (fs->shard < 1 || fs->shard > SHARD_MAX || *p != '\n')
			return "its shard size is out of range";
		return NULL;
	}
	if (strncmp(line, "layout linear\n", 14) == 0)
		return NULL;
	fs->physical = strncmp(line, "addressing physical\n", 20) == 0;
	if (!fs->physical && strncmp(line, "addressing logical\n", 19) != 0)
		return "its db/format has an option that is not known here";
	return NULL;
}

/* NULL, or why a format of that number cannot be mirrored by copy. */
static inline const char *
fs_format_known(int format)
{
	if (format < 3)
		return xn_printf("its FSFS format is %d, as Subversion made it "
		    "before 1.5: run `svnadmin upgrade` on it, which takes a "
		    "moment, or take method = dump", format);
	if (format == 5)
		return "its FSFS format is 5, which no released Subversion "
		    "reads: load a dump of it into a new repository";
	return format > 8 ? xn_printf("its FSFS format is %d, newer than the 8 "
	    "that is known here", format) : NULL;
}

/* Read the text of db/format: NULL, or why it cannot be mirrored by copy. */
static inline const char *
fs_format_read(struct fsfs *fs, const char *text)
{
	const char *why;

	memset(fs, 0, sizeof(*fs));
	fs->format = (int)fs_number(&text);
	if (fs->format < 0 || fs->format > 1000 || *text++ != '\n')
		return "its db/format is damaged";
	why = fs_format_known(fs->format);
	if (why != NULL)
		return why;
	fs->physical = fs->format < FORMAT_INSTANCE ? 1 : -1;
	while (*text != '\0') {
		if (strchr(text, '\n') == NULL)
			return "its db/format is damaged";
		why = fs_format_option(fs, text);
		if (why != NULL)
			return why;
		text = strchr(text, '\n') + 1;
	}
	fs->linear = fs->shard == 0;
	if (fs->linear)
		fs->shard = LINEAR_SHARD;
	if (fs->linear && fs->physical == 0)
		return "its db/format has a layout and an addressing that do "
		    "not go together";
	return fs->physical < 0 ? "its db/format names no addressing" : NULL;
}

/* The first line of a text with a NUL for its newline, at most N - 1 bytes. */
static inline int
fs_first_line(char *out, size_t n, const char *text)
{
	size_t length = strcspn(text, "\n");

	if (length == 0 || length >= n || text[length] != '\n')
		return -1;
	memcpy(out, text, length);
	out[length] = '\0';
	return 0;
}

/* Is it a UUID, 36 characters of hex digits and dashes? */
static inline int
fs_is_uuid(const char *text)
{
	return strlen(text) == 36 &&
	    strspn(text, "0123456789abcdefABCDEF-") == 36;
}

/* Is what FD has open still what NAME ("": the folder itself) in the folder
 * PATH is? */
static inline int
fs_in_place(int fd, const char *path, const char *name)
{
	xn_stat_t ours, there = { 0 };
	int base = xn_base_open(path), found;

	found = base != -1 && xn_stat(base, name, &there) == 0;
	if (base != -1)
		close(base);
	return found && xn_fstat(fd, &ours) == 0 &&
	    ours.inode == there.inode && ours.device == there.device;
}

/*
 * A small file as text that lives until the program ends, so that no way of
 * ending loses it; null and errno.
 */
static inline char *
fs_read_text(int base, const char *name, size_t *size)
{
	size_t n = 0;
	char *text = xn_read_file(base, name, SMALL_FILE, &n), *copy = NULL;

	if (text != NULL) {
		copy = xn_alloc(n + 1);
		memcpy(copy, text, n);
	}
	free(text);
	if (size != NULL)
		*size = n;
	return copy;
}

/* The next name in DIR; null at its end, and when it cannot be read: then
 * *FAILED becomes 1, and errno says why. */
static inline const char *
fs_next(xn_dir *dir, int *failed)
{
	const char *name = xn_dir_next(dir);

	if (name == NULL && errno != 0)
		*failed = 1;
	return name;
}

/* "db/current" or "db/min-unpacked-rev"; -1 and errno. */
static inline long long
fs_read_number(int db, const char *name)
{
	char *text = xn_read_file(db, name, SMALL_FILE, NULL);
	const char *p = text;
	long long n;

	if (text == NULL)
		return -1;
	n = fs_number(&p);
	/* An upgraded repository may keep "3 4 1" as its current. */
	if (n >= 0 && *p != '\n' && *p != ' ')
		n = -1;
	free(text);
	if (n < 0)
		errno = EINVAL;
	return n;
}

/* Replace such a file, durably; 0, or -1 and errno. */
static inline int
fs_write_number(int db, const char *name, long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld\n", number);
	return xn_write_file(db, name, text, strlen(text), 0666);
}

/*
 * db/min-unpacked-rev, or what it is where there is no such file; -1 and errno.
 */
static inline long long
fs_read_unpacked(int db, const struct fsfs *fs)
{
	return fs->format < FORMAT_PACKED || fs->linear ? 0 :
	    fs_read_number(db, "min-unpacked-rev");
}

/* The first revision whose properties are not packed (but for r0's, which
 * never are), when revisions below MIN_UNPACKED are. */
static inline long long
fs_props_unpacked(const struct fsfs *fs, long long min_unpacked)
{
	return fs->format < FORMAT_PACKED_PROPS ? 0 : min_unpacked;
}

/* The folder of SHARD: "revs/0"; KIND is "revs" or "revprops". */
static inline void
fs_shard_path(char out[PATH_SIZE], const struct fsfs *fs, const char *kind,
    long long shard)
{
	if (fs->linear)
		snprintf(out, PATH_SIZE, "%s", kind);
	else
		snprintf(out, PATH_SIZE, "%s/%lld", kind, shard);
}

/* Where revision REV lies: "revs/0/12". */
static inline void
fs_rev_path(char out[PATH_SIZE], const struct fsfs *fs, const char *kind,
    long long rev)
{
	if (fs->linear)
		snprintf(out, PATH_SIZE, "%s/%lld", kind, rev);
	else
		snprintf(out, PATH_SIZE, "%s/%lld/%lld", kind, rev / fs->shard,
		    rev);
}

/*
 * The digests of the properties of N revisions from FIRST on, all of one shard,
 * which have files of their own: how many, and with less than N errno says why
 * the next one has none.
 */
static inline long long
fs_props_digests(int db, const struct fsfs *fs, long long first, long long n,
    unsigned char *out)
{
	char path[PATH_SIZE];
	int folder, number;

	fs_shard_path(path, fs, "revprops", first / fs->shard);
	folder = xn_open(db, path, XN_O_READ | XN_O_DIRECTORY, 0);
	if (folder == -1)
		return 0;
	n = xn_hash_numbered(folder, first, n, PROPS_MAX, out);
	number = errno;
	close(folder);
	errno = number;
	return n;
}

/* "revprops/3.pack/NAME" */
static inline void
fs_pack_path(char out[PATH_SIZE], const char *kind, long long shard,
    const char *name)
{
	snprintf(out, PATH_SIZE, "%s/%lld.pack/%s", kind, shard, name);
}

/*
 * Is NAME a file of packed properties in SHARD, "R.T" with R in the shard?
 * Short enough for every path buffer, and no other character gets through.
 */
static inline int
fs_is_props_pack(const struct fsfs *fs, long long shard, const char *name)
{
	const char *p = name;
	long long rev = fs_number(&p);

	return rev >= 0 && rev / fs->shard == shard && *p == '.' &&
	    fs_whole_number(p + 1) >= 0;
}

/*
 * The digest by which a revision is recognized: of its file, or, when it lies
 * in a pack, of the pack's size and its last 64 KiB.  Those hold the pack's
 * index with the checksums of all that is in it, and cost the same however
 * large the pack is.  Returns the kind, or DIGEST_NONE and errno.
 */
static inline int
fs_digest_fd(int fd, int kind, unsigned char out[16])
{
	char *piece = malloc(TAIL_SIZE);
	xn_hash *hash;
	xn_stat_t st;
	ssize_t got = -1;
	char size[32];

	if (piece == NULL || xn_fstat(fd, &st) != 0) {
		free(piece);
		return DIGEST_NONE;
	}
	hash = xn_hash_start();
	if (kind == DIGEST_PACK) {
		snprintf(size, sizeof(size), "%lld:", st.size);
		xn_hash_add(hash, size, strlen(size));
		if (st.size > TAIL_SIZE)
			lseek(fd, st.size - TAIL_SIZE, SEEK_SET);
	}
	while ((got = xn_read_full(fd, piece, TAIL_SIZE)) > 0)
		xn_hash_add(hash, piece, (size_t)got);
	xn_hash_end(hash, out);
	free(piece);
	return got == 0 ? kind : DIGEST_NONE;
}

static inline int
fs_digest(int db, const struct fsfs *fs, long long rev,
    long long min_unpacked, unsigned char out[16])
{
	int kind = rev < min_unpacked ? DIGEST_PACK : DIGEST_FILE, fd, number;
	char path[PATH_SIZE];

	if (kind == DIGEST_PACK)
		fs_pack_path(path, "revs", rev / fs->shard, "pack");
	else
		fs_rev_path(path, fs, "revs", rev);
	fd = xn_open(db, path, XN_O_READ, 0);
	if (fd == -1)
		return DIGEST_NONE;
	kind = fs_digest_fd(fd, kind, out);
	number = errno;
	close(fd);
	errno = number;
	return kind;
}

/* What svn:date says in a text of properties: out is "" if there is none. */
static inline void
fs_props_date(char out[64], const char *props, size_t n)
{
	static const char key[] = "K 8\nsvn:date\nV ";
	const char *end = props + n, *p = props;
	long long size;

	out[0] = '\0';
	for (; (size_t)(end - p) >= sizeof(key); p++)
		if (memcmp(p, key, sizeof(key) - 1) == 0)
			break;
	if ((size_t)(end - p) < sizeof(key))
		return;
	p += sizeof(key) - 1;
	size = fs_number(&p);
	if (size > 0 && size < 64 && *p == '\n' && end - p > size) {
		memcpy(out, p + 1, (size_t)size);
		out[size] = '\0';
	}
}

#endif
