/*
 * crash.c: notes a crash, and explains it.
 */
#include "agent/crash.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "agent/append.h"
#include "agent/compile.h"

#define SCAN_WORDS	256	/* of the stack, for the way back to tcc code */

static struct xn_report *watched;

static const struct {
	int number;
	const char *name, *meaning;
} signals[] = {
	{ SIGSEGV, "SIGSEGV", "invalid memory reference" },
	{ SIGBUS, "SIGBUS", "access beyond the end of a mapped file" },
	{ SIGFPE, "SIGFPE", "division by zero or overflow in one" },
	{ SIGILL, "SIGILL", "invalid instruction" },
	{ SIGABRT, "SIGABRT", "abort, corrupt memory" },
	{ SIGKILL, "SIGKILL", "killed, perhaps for want of memory" },
	{ SIGXCPU, "SIGXCPU", "processor time limit" },
	{ SIGSYS, "SIGSYS", "forbidden system call" },
};

void
xn_crash_signal_name(char *out, size_t size, int number)
{
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (signals[i].number == number) {
			snprintf(out, size, "%s (%s)", signals[i].name,
			    signals[i].meaning);
			return;
		}
	}
	snprintf(out, size, "signal %d", number);
}

/* ---- In the executor ----------------------------------------------------- */

/*
 * A word of our own memory, without a second crash if it is not there.  The
 * kernel looks whether it is: process_vm_readv(), made for that, is missing in
 * containers, in emulators and with limits; any call that reads memory does.
 * That it blocks some signals for the moment that is left does no harm.
 */
static int
peek(uint64_t address, uint64_t *word)
{
	const uint64_t *at = (const uint64_t *)(uintptr_t)address;

	if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, at, NULL, sizeof(*at)) != 0)
		return -1;
	*word = *at;
	return 0;
}

static int
in_program(const struct xn_report *r, uint64_t address)
{
	return address >= r->low && address < r->high;
}

static void
note(struct xn_report *r, uint64_t address)
{
	if (r->chain_n < XN_CHAIN_MAX)
		r->chain[r->chain_n++] = (int64_t)(address - r->entry);
}

/*
 * The chain of frame pointers from FP up.  tcc's code always keeps one; each
 * frame lies above the one before and below the stack's top.
 */
static void
note_frames(struct xn_report *r, uint64_t sp, uint64_t fp)
{
	uint64_t next, back;

	while (r->chain_n < XN_CHAIN_MAX && fp % 8 == 0 && fp >= sp &&
	    fp < r->stack_top) {
		if (peek(fp, &next) != 0 || peek(fp + 8, &back) != 0 ||
		    !in_program(r, back))
			return;
		/* The call is before the address that it returns to. */
		note(r, back - 1);
		if (next <= fp)
			return;
		fp = next;
	}
}

/*
 * In a function of the agent (memcpy with a wild pointer) the frame pointer
 * may be anything; the first word of the stack that points into the program is
 * where it was called.
 */
static void
note_caller(struct xn_report *r, uint64_t sp)
{
	uint64_t word;

	for (int i = 0; i < SCAN_WORDS; i++) {
		if (peek(sp + 8 * (uint64_t)i, &word) != 0)
			return;
		if (in_program(r, word)) {
			note(r, word - 1);
			return;
		}
	}
}

static void
on_crash(int number, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	struct xn_report *r = watched;
	uint64_t pc, sp, fp, lr = 0;

	(void)info;
#if defined(__x86_64__)
	pc = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
	sp = (uint64_t)u->uc_mcontext.gregs[REG_RSP];
	fp = (uint64_t)u->uc_mcontext.gregs[REG_RBP];
#elif defined(__aarch64__)
	pc = u->uc_mcontext.pc;
	sp = u->uc_mcontext.sp;
	fp = u->uc_mcontext.regs[29];
	lr = u->uc_mcontext.regs[30];
#else
#error "no registers for this machine"
#endif
	r->chain_n = 0;
	if (r->high != 0) {
		if (in_program(r, pc))
			note(r, pc);
		else if (in_program(r, lr))
			note(r, lr - 1);
		else
			note_caller(r, sp);
		note_frames(r, sp, fp);
	}
	atomic_store(&r->signal, number);
	_exit(XN_CRASH_STATUS);
}

void
xn_crash_install(struct xn_report *report)
{
	static uint64_t stack[8192];	/* 64 KiB */
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa;

	watched = report;
	sigaltstack(&alternate, NULL);
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_crash;
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
	sigfillset(&sa.sa_mask);
	sigdelset(&sa.sa_mask, SIGSEGV);
	sigdelset(&sa.sa_mask, SIGBUS);
	for (int i = 0; i < 5; i++)
		sigaction(signals[i].number, &sa, NULL);
}

void
xn_crash_watch(struct xn_report *report, uint64_t low, uint64_t high,
    uint64_t entry)
{
	report->stack_top = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	report->entry = entry;
	report->low = low;
	report->high = high;
}

/* ---- In the keeper ------------------------------------------------------- */

/* Compile the program of the report again; NULL if that cannot be done. */
static struct xn_stabs *
compile_again(struct xn_source *source, const struct xn_program *program)
{
	struct xn_stabs *stabs = NULL;
	struct xn_decode_env env;
	struct xn_limits limits;
	const xn_value *kwargs;
	char path[40], error[200];
	int fd;

	xn_program_env(&env, program);
	if (xn_program_parse(source, &limits, &kwargs, program, &env, error,
	    sizeof(error)) != 0)
		return NULL;
	fd = memfd_create("program", MFD_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (xn_compile_object(source, path) == 0)
		stabs = xn_stabs_open(fd);
	close(fd);
	return stabs;
}

void
xn_crash_explain(char *out, size_t size, const struct xn_program *program)
{
	const struct xn_report *r = program->report;
	struct xn_source source = { .file = "<program>" };
	struct xn_stabs *stabs = NULL;
	char signal_name[80], function[80];
	int64_t entry = -1;
	int line, told = 0, chain_n = r->chain_n;
	size_t n = 0;

	xn_crash_signal_name(signal_name, sizeof(signal_name), r->signal);
	if (chain_n > 0 && chain_n <= XN_CHAIN_MAX)
		stabs = compile_again(&source, program);
	if (stabs != NULL)
		entry = xn_stabs_address(stabs, source.entry);
	out[0] = '\0';
	for (int i = 0; entry >= 0 && i < chain_n; i++) {
		if (xn_stabs_find(stabs, entry + r->chain[i], function,
		    sizeof(function), &line) != 0)
			break;
		if (told++ == 0)
			xn_append(out, size, &n, "%.200s:%d: in function %s: "
			    "crashed with %s", source.file, line, function,
			    signal_name);
		else
			xn_append(out, size, &n, "\n%.200s:%d: called from %s",
			    source.file, line, function);
	}
	if (told == 0)
		xn_append(out, size, &n, "%s: crashed with %s", source.file,
		    signal_name);
	xn_stabs_close(stabs);
}
