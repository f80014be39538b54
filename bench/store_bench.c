/*
 * store_bench.c: figures of the store, for bench/store.sh.
 *
 *	store_bench save URL THREADS SECONDS	saves of one item that were
 *						durable, and commits, a second
 *	store_bench fill URL ITEMS		put so many items there, and say
 *						how many a second
 *	store_bench bare PATH SECONDS		write and fdatasync of 4 KiB, a
 *						second: what the disk can do
 */
#include "appliance/job/store_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#define QUEUE "00112233445566778899aabbccddeeff"

/* One that saves until the time is over. */
struct saver {
	syncgate_store_t *store;
	int number;
	apr_time_t end;
	long saves;
	apr_thread_t *thread;
};

static void
die(xn_error_t *error)
{
	if (error == NULL)
		return;
	fprintf(stderr, "store_bench: %s\n", xn_error_text(error,
	    error->pool));
	exit(1);
}

static void *APR_THREAD_FUNC
save(apr_thread_t *self, void *data)
{
	struct saver *saver = data;
	char id[33], name[64];
	syncgate_item_t item = { .id = id, .name = name, .size = 4096,
	    .state = SYNCGATE_ITEM_PUBLISHING, .detail = "data-out/name" };

	(void)self;
	while (apr_time_now() < saver->end) {
		snprintf(id, sizeof(id), "%016lx%016x", saver->saves,
		    saver->number);
		snprintf(name, sizeof(name), "item %ld", saver->saves);
		die(syncgate_store_save(saver->store, QUEUE, "bench", &item,
		    1));
		saver->saves++;
	}
	return NULL;
}

static void
bench_save(const char *url, int threads, int seconds, apr_pool_t *pool)
{
	struct saver *savers = apr_pcalloc(pool, sizeof(*savers) *
	    (size_t)threads);
	syncgate_store_t *store;
	apr_status_t status;
	long saves = 0;

	die(syncgate_store_open(&store, url, pool));
	for (int i = 0; i < threads; i++) {
		savers[i].store = store;
		savers[i].number = i;
		savers[i].end = apr_time_now() + apr_time_from_sec(seconds);
		apr_thread_create(&savers[i].thread, NULL, save, &savers[i],
		    pool);
	}
	for (int i = 0; i < threads; i++) {
		apr_thread_join(&status, savers[i].thread);
		saves += savers[i].saves;
	}
	printf("%ld %ld\n", saves / seconds, (long)store->commits / seconds);
}

static void
bench_fill(const char *url, int count, apr_pool_t *pool)
{
	syncgate_item_t items[500] = { { .id = NULL } };
	char ids[500][33], names[500][64];
	syncgate_store_t *store;
	apr_time_t began;

	die(syncgate_store_open(&store, url, pool));
	began = apr_time_now();
	for (int done = 0; done < count; done += 500) {
		for (int i = 0; i < 500; i++) {
			snprintf(ids[i], sizeof(ids[i]), "%032x", done + i);
			snprintf(names[i], sizeof(names[i]),
			    "some/folder/document-%07d.pdf", done + i);
			items[i].id = ids[i];
			items[i].name = names[i];
			items[i].state = SYNCGATE_ITEM_WAITING;
			items[i].arrived = began;
		}
		die(syncgate_store_save(store, QUEUE, "bench", items, 500));
	}
	printf("%.0f\n", count / ((double)(apr_time_now() - began) / 1e6));
}

/* Without a change of the file's size, as SQLite's WAL is overwritten. */
static void
bench_bare(const char *path, int seconds)
{
	static char block[4096];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	apr_time_t end = apr_time_now() + apr_time_from_sec(seconds);
	long n = 0;

	for (int i = 0; i < 256; i++) {
		if (pwrite(fd, block, sizeof(block), i * 4096) < 0)
			exit(1);
	}
	fsync(fd);
	for (; apr_time_now() < end; n++) {
		if (pwrite(fd, block, sizeof(block), n % 256 * 4096) < 0 ||
		    fdatasync(fd) != 0)
			exit(1);
	}
	close(fd);
	unlink(path);
	printf("%ld\n", n / seconds);
}

int
main(int argc, char **argv)
{
	apr_pool_t *pool;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	if (argc == 5 && strcmp(argv[1], "save") == 0)
		bench_save(argv[2], atoi(argv[3]), atoi(argv[4]), pool);
	else if (argc == 4 && strcmp(argv[1], "fill") == 0)
		bench_fill(argv[2], atoi(argv[3]), pool);
	else if (argc == 4 && strcmp(argv[1], "bare") == 0)
		bench_bare(argv[2], atoi(argv[3]));
	else
		return 2;
	apr_pool_destroy(pool);
	apr_terminate();
	return 0;
}
