/*
 * whole.h: large messages to an execnet client.
 *
 * execnet knows no parts: a message goes out in one piece, and once its header
 * is written nothing else can, whatever becomes of the program that sends it.
 * So the program first puts all of the payload into sealed memory, which the
 * router then writes from at its leisure: a program that is killed leaves no
 * message half sent, and one that dawdles holds nobody up.
 *
 * With the memory comes the writing end of a pipe.  The router closes it when
 * the message is out; the program sends no other large one before that, so
 * one at most waits of each program.
 */
#ifndef XN_AGENT_WHOLE_H
#define XN_AGENT_WHOLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A message on its way from its memory to the client. */
struct xn_whole {
	uint8_t *map;	/* sealed: nobody can change or truncate it */
	size_t n, at;
	size_t left;	/* 0: there is none */
	size_t before;	/* bytes of the queue that go out first */
	int done;	/* the pipe's end to close */
};

/*
 * Begin to send N bytes of the memory FD, with BEFORE bytes in front of it.
 * DONE is closed at the end.  Takes both descriptors over, whatever happens.
 * 0, or -1 when FD is no sealed memory of that size.
 */
int xn_whole_begin(struct xn_whole *w, int fd, int done, size_t n,
    size_t before);

/* Write what FD takes; as write(). */
ssize_t xn_whole_write(struct xn_whole *w, int fd);
void xn_whole_drop(struct xn_whole *w);

/*
 * The program's part: N bytes at P in a memory of their own, sealed.  The
 * descriptor, or -1 and errno.
 */
int xn_whole_make(const void *p, size_t n);

/* recv() that also takes the descriptors of one message (FDS, else -1). */
ssize_t xn_whole_recv(int sock, void *room, size_t n, int fds[2]);

/* Send the N bytes (few) at P on SOCK with FDS (the second may be -1: not
 * there); as send(). */
ssize_t xn_whole_send(int sock, const void *p, size_t n, const int fds[2]);

#endif
