/*
 * seccomp.c: the system calls that a program with limits may not make.
 *
 * A list of what is refused, not of what is allowed: a program may start any
 * other, and everything that opens a file is Landlock's.  Refused is
 *
 * - what reaches into other processes, or names one but the caller, and what
 *   makes the kernel do things that the filter does not see (io_uring);
 * - memory, messages and semaphores with a key or a name that all processes of
 *   the system share (System V's and POSIX's): Landlock knows none of them;
 * - new namespaces, mounts, and what else only administrators do;
 * - sockets, if there is to be no network; those with a name in the file
 *   system (and so all of AF_UNIX) also if paths are limited: Landlock does not
 *   look at connect();
 * - where paths are limited, opening for neither reading nor writing (access
 *   mode 3), which Landlock lets pass: it asks no right for it;
 * - where writing is limited, what changes a file without opening it.
 *
 * The kernel takes an int from the lower half of its register alone: what is
 * compared is masked, or whatever is not the one value is refused.
 *
 * Code for another machine (32-bit programs) is killed: its calls have other
 * numbers.
 */
#include "agent/limit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seccomp.h>

/* Newer than the libraries that we build with; the same on all machines. */
#define CALL_PROCESS_MRELEASE	448
#define CALL_FCHMODAT2		452
#define CALL_SETXATTRAT		463
#define CALL_REMOVEXATTRAT	466
#define CALL_FILE_SETATTR	469

#define IOPRIO_PROCESS	1u	/* <linux/ioprio.h> is not everywhere */

#define SET_FLAGS	0x40086602u	/* FS_IOC_SETFLAGS */
#define SET_FLAGS_32	0x40046602u	/* FS_IOC32_SETFLAGS */
#define SET_XATTR	0x401c5820u	/* FS_IOC_FSSETXATTR */
#define SET_VERSION	0x40087602u	/* FS_IOC_SETVERSION */
#define SET_VERSION_32	0x40047602u	/* FS_IOC32_SETVERSION */
#define ENABLE_VERITY	0x40806685u	/* FS_IOC_ENABLE_VERITY: then read-only */

static const int of_administrators[] = {
	SCMP_SYS(acct), SCMP_SYS(add_key), SCMP_SYS(bpf), SCMP_SYS(chroot),
	SCMP_SYS(delete_module), SCMP_SYS(finit_module), SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount), SCMP_SYS(fsopen), SCMP_SYS(fspick),
	SCMP_SYS(init_module), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(io_uring_setup),
	SCMP_SYS(ioperm), SCMP_SYS(iopl), SCMP_SYS(kcmp),
	SCMP_SYS(kexec_file_load), SCMP_SYS(kexec_load), SCMP_SYS(keyctl),
	SCMP_SYS(mount), SCMP_SYS(mount_setattr), SCMP_SYS(move_mount),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(open_tree),
	SCMP_SYS(perf_event_open), SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_open), SCMP_SYS(pivot_root), SCMP_SYS(process_madvise),
	CALL_PROCESS_MRELEASE,
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(ptrace), SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd),
	SCMP_SYS(reboot), SCMP_SYS(request_key),
	SCMP_SYS(setns), SCMP_SYS(swapoff), SCMP_SYS(swapon),
	SCMP_SYS(umount2), SCMP_SYS(userfaultfd),
};

/* These find what others have made, by a key or a name. */
static const int shared_by_all[] = {
	SCMP_SYS(mq_open), SCMP_SYS(mq_unlink), SCMP_SYS(msgctl),
	SCMP_SYS(msgget), SCMP_SYS(msgrcv), SCMP_SYS(msgsnd),
	SCMP_SYS(semctl), SCMP_SYS(semget), SCMP_SYS(semop),
	SCMP_SYS(semtimedop), SCMP_SYS(shmat), SCMP_SYS(shmctl),
	SCMP_SYS(shmget),
};

/*
 * These change the process (or thread) that they name, or a group of them, or
 * all of a user's.  0 is the caller; its number and those of its children are
 * not known when the filter is made.
 */
static const struct {
	int call;
	unsigned int argument;
	uint64_t own;		/* the only value that is let through */
} of_process[] = {
	{ SCMP_SYS(prlimit64), 0, 0 },
	{ SCMP_SYS(sched_setaffinity), 0, 0 },
	{ SCMP_SYS(sched_setattr), 0, 0 },
	{ SCMP_SYS(sched_setparam), 0, 0 },
	{ SCMP_SYS(sched_setscheduler), 0, 0 },
	{ SCMP_SYS(migrate_pages), 0, 0 },
	{ SCMP_SYS(move_pages), 0, 0 },
	{ SCMP_SYS(setpriority), 0, PRIO_PROCESS },
	{ SCMP_SYS(setpriority), 1, 0 },
	{ SCMP_SYS(ioprio_set), 0, IOPRIO_PROCESS },
	{ SCMP_SYS(ioprio_set), 1, 0 },
};

/* These change a file that is not open. */
static const int by_path[] = {
	SCMP_SYS(chmod), SCMP_SYS(chown), SCMP_SYS(fchmodat),
	SCMP_SYS(fchownat), SCMP_SYS(futimesat), SCMP_SYS(lchown),
	SCMP_SYS(lremovexattr), SCMP_SYS(lsetxattr), SCMP_SYS(removexattr),
	SCMP_SYS(setxattr), SCMP_SYS(utime), SCMP_SYS(utimes),
	CALL_FCHMODAT2, CALL_SETXATTRAT, CALL_REMOVEXATTRAT,
	CALL_FILE_SETATTR,
};

/* These change one that may be open for reading only. */
static const int by_descriptor[] = {
	SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(fremovexattr),
	SCMP_SYS(fsetxattr), SCMP_SYS(utimensat),
};

#define ACCESS_MODE	3ull	/* of open()'s flags; O_ACCMODE may be more */
#define INT		0xffffffffull	/* of a register, what an int takes */
#define SOCKET_TYPE	0xfull	/* of what socketpair() takes; then flags */

#define REFUSE	SCMP_ACT_ERRNO(EACCES)
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static int
refuse_all(scmp_filter_ctx f, uint32_t how, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		/* Calls that this machine has not are passed over. */
		if (seccomp_rule_add_array(f, how, calls[i], 0, NULL) < 0)
			return -1;
	return 0;
}

/* Refuse CALL where its argument N has all of BITS set. */
static int
refuse_bits(scmp_filter_ctx f, int call, unsigned int n, uint64_t bits)
{
	return seccomp_rule_add(f, REFUSE, call, 1, SCMP_CMP64(n,
	    SCMP_CMP_MASKED_EQ, bits, bits));
}

/* Refuse CALL where its argument N is the int VALUE. */
static int
refuse_value(scmp_filter_ctx f, int call, unsigned int n, uint64_t value)
{
	return seccomp_rule_add(f, REFUSE, call, 1, SCMP_CMP64(n,
	    SCMP_CMP_MASKED_EQ, INT, value));
}

static int
add_common(scmp_filter_ctx f)
{
	if (refuse_all(f, REFUSE, of_administrators,
	    LENGTH(of_administrators)) != 0 ||
	    refuse_all(f, REFUSE, shared_by_all, LENGTH(shared_by_all)) != 0)
		return -1;
	for (size_t i = 0; i < LENGTH(of_process); i++)
		if (seccomp_rule_add(f, REFUSE, of_process[i].call, 1,
		    SCMP_CMP64(of_process[i].argument, SCMP_CMP_NE,
		    of_process[i].own, 0)) < 0)
			return -1;
	/* All other namespaces want rights that a user namespace gives. */
	return refuse_bits(f, SCMP_SYS(unshare), 0, CLONE_NEWUSER);
}

/*
 * The flags of clone3() are in memory, where no filter sees them: it is not
 * there, and the C library takes clone().
 */
static int
add_processes(scmp_filter_ctx f, const struct xn_limits *limits)
{
	static const int making[] = {
		SCMP_SYS(clone), SCMP_SYS(fork), SCMP_SYS(vfork)
	};

	if (seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0)
	    < 0)
		return -1;
	if (limits->processes > 0)
		return refuse_all(f, SCMP_ACT_NOTIFY, making, LENGTH(making));
	return refuse_bits(f, SCMP_SYS(clone), 0, CLONE_NEWUSER);
}

/* A pair of datagram sockets sends to any name in the file system. */
static int
add_pairs(scmp_filter_ctx f)
{
	/* raw is another word for it */
	static const uint64_t types[] = { SOCK_DGRAM, SOCK_RAW };

	for (size_t i = 0; i < LENGTH(types); i++)
		if (seccomp_rule_add(f, REFUSE, SCMP_SYS(socketpair), 1,
		    SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, types[i]))
		    < 0)
			return -1;
	return 0;
}

/* Nor is a socket that a program was given (xn_link's) one to elsewhere. */
static int
add_sockets(scmp_filter_ctx f, const struct xn_limits *limits)
{
	static const int calls[] = {
		SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind),
		SCMP_SYS(listen),
	};

	if (!limits->no_network && !xn_limits_paths(limits))
		return 0;
	if (add_pairs(f) != 0)
		return -1;
	if (!limits->no_network)
		return refuse_value(f, SCMP_SYS(socket), 0, AF_UNIX);
	if (refuse_bits(f, SCMP_SYS(sendto), 3, MSG_FASTOPEN) < 0 ||
	    refuse_bits(f, SCMP_SYS(sendmsg), 2, MSG_FASTOPEN) < 0 ||
	    refuse_bits(f, SCMP_SYS(sendmmsg), 3, MSG_FASTOPEN) < 0)
		return -1;
	return refuse_all(f, REFUSE, calls, LENGTH(calls));
}

/* Refuse to open a file where its flags have BITS of MASK. */
static int
refuse_open(scmp_filter_ctx f, uint64_t mask, uint64_t bits)
{
	return seccomp_rule_add(f, REFUSE, SCMP_SYS(open), 1, SCMP_CMP64(1,
	    SCMP_CMP_MASKED_EQ, mask, bits)) < 0 ||
	    seccomp_rule_add(f, REFUSE, SCMP_SYS(openat), 1, SCMP_CMP64(2,
	    SCMP_CMP_MASKED_EQ, mask, bits)) < 0 ? -1 : 0;
}

/*
 * Access mode 3 is "for ioctl() only": Landlock asks no right for it, and the
 * descriptor is one that fchmod() takes.  openat2() hides its flags in memory:
 * who calls it gets along without.
 */
static int
add_opening(scmp_filter_ctx f, const struct xn_limits *limits)
{
	if (!xn_limits_paths(limits))
		return 0;
	if (seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0)
	    < 0 || refuse_open(f, ACCESS_MODE, ACCESS_MODE) != 0)
		return -1;
	if (limits->write == NULL || xn_landlock_abi() >= 3)
		return 0;
	/* Before ABI 3 it lets a file that may be read be truncated. */
	return seccomp_rule_add(f, REFUSE, SCMP_SYS(truncate), 0) < 0 ||
	    refuse_open(f, ACCESS_MODE | O_TRUNC, O_RDONLY | O_TRUNC) != 0 ?
	    -1 : 0;
}

static int
add_changes(scmp_filter_ctx f, const struct xn_limits *limits)
{
	static const uint32_t ioctls[] = {
		SET_FLAGS, SET_FLAGS_32, SET_XATTR, SET_VERSION,
		SET_VERSION_32, ENABLE_VERITY,
	};

	if (limits->write == NULL)
		return 0;
	if (refuse_all(f, REFUSE, by_path, LENGTH(by_path)) != 0)
		return -1;
	if (xn_landlock_opened_within_write(limits))
		/* without a path it is a call by descriptor */
		return seccomp_rule_add(f, REFUSE, SCMP_SYS(utimensat), 1,
		    SCMP_CMP64(1, SCMP_CMP_NE, 0, 0));
	for (size_t i = 0; i < LENGTH(ioctls); i++)
		if (refuse_value(f, SCMP_SYS(ioctl), 1, ioctls[i]) < 0)
			return -1;
	return refuse_all(f, REFUSE, by_descriptor, LENGTH(by_descriptor));
}

static int
load(scmp_filter_ctx f, const struct xn_limits *limits, int *listener)
{
	int rc;

	/* why it is refused, and not that it is */
	seccomp_attr_set(f, SCMP_FLTATR_API_SYSRAWRC, 1);
	seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* We set it ourselves, before Landlock, which needs it too. */
	seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 0);
	rc = seccomp_load(f);
	if (rc == 0 && limits->processes > 0)
		*listener = seccomp_notify_fd(f);
	return rc;
}

int
xn_seccomp_enter(const struct xn_limits *limits, int *listener, char *error,
    size_t size)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	const char *reason;
	int rc = -EINVAL;

	*listener = -1;
	/* What the library cannot do on this kernel is refused here. */
	if (f != NULL && add_common(f) == 0 && add_processes(f, limits) == 0 &&
	    add_sockets(f, limits) == 0 && add_opening(f, limits) == 0 &&
	    add_changes(f, limits) == 0)
		rc = load(f, limits, listener);
	seccomp_release(f);
	if (rc == 0)
		return 0;
	reason = rc != -EINVAL && rc != -ENOSYS ? strerror(-rc) :
	    limits->processes > 0 ? "this kernel has none that asks "
	    "(Linux 5.5 has)" : "this kernel has none";
	snprintf(error, size, "remote_exec: cannot limit %s: no seccomp "
	    "filter can be had here: %s", xn_limits_paths(limits) ? "paths" :
	    limits->no_network ? "the network" : "processes", reason);
	return -1;
}
