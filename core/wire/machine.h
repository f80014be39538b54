/*
 * machine.h: the stack machine of decode.c, for the files with its opcodes.
 */
#ifndef XN_WIRE_MACHINE_H
#define XN_WIRE_MACHINE_H

#include "core/wire/code.h"
#include "core/wire/dump.h"

#define XN_STACK_FEW	32u

struct xn_machine {
	const uint8_t *p, *end;		/* what remains of the input */
	const struct xn_decode_env *env;
	xn_value *stack;		/* few, or malloc'ed */
	size_t top, cap;		/* values on it, room for */
	size_t values;			/* placed in containers so far */
	int stopped;			/* STOP was seen */
	xn_value few[XN_STACK_FEW];		/* enough for most messages */
};

/* Take N bytes, a number, a length and that many bytes from the input. */
int xn_machine__take(struct xn_machine *m, size_t n, const uint8_t **bytes);
int xn_machine__int(struct xn_machine *m, int32_t *v);
int xn_machine__bytes(struct xn_machine *m, const uint8_t **bytes, size_t *n);

/* Memory that stays; NULL when there is none. */
void *xn_machine__alloc(struct xn_machine *m, size_t n);

/* A new value of KIND on top, everything else in it zero. */
int xn_machine__push(struct xn_machine *m, enum xn_kind kind, xn_value **v);

/* Count N values that go into a container. */
int xn_machine__count(struct xn_machine *m, size_t n);

/* The opcodes: of leaves, then of containers. */
int xn_op__constant(struct xn_machine *m, int op);
int xn_op__int(struct xn_machine *m, int op);
int xn_op__decimal(struct xn_machine *m, int op);
int xn_op__float(struct xn_machine *m, int op);
int xn_op__channel(struct xn_machine *m, int op);
int xn_op__text(struct xn_machine *m, int op);
int xn_op__newlist(struct xn_machine *m, int op);
int xn_op__newdict(struct xn_machine *m, int op);
int xn_op__setitem(struct xn_machine *m, int op);
int xn_op__build(struct xn_machine *m, int op);

#endif
