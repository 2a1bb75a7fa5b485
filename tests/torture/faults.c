/* SPDX-License-Identifier: MIT */
/*
 * A library for LD_PRELOAD that lets system calls of a program fail, or the
 * program die, at the n-th call of chosen kinds.
 *
 * FAULTS_CONTROL names a file of struct control, mapped and shared: the test
 * arms a fault in it while the program runs, and reads from it what was called,
 * even after a SIGKILL. FAULTS_DIR is the spool: calls on files count only
 * below it. send and recv count always, since the daemons leave them to libpq.
 *
 * With FAULTS_NO_SYNC fsync does nothing, for tests that need many records
 * soon. With FAULTS_SLOW_SYNC it takes so many milliseconds more. With
 * FAULTS_CLOCK the program's time of day is so many seconds ahead of the
 * kernel's, as if somebody had set the clock.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* As in tests/harness/faults.py. */
enum kind {
	OPEN,
	WRITE,
	FSYNC,
	RENAME,
	CLOSE,
	UNLINK,
	READ,
	CHMOD,
	LIST,
	SEND,
	RECEIVE,
	KINDS
};

enum {
	ACTION_NONE,
	ACTION_KILL_BEFORE,
	ACTION_KILL_AFTER,
	ACTION_SHORT,
	ACTION_ERROR = 1000
}; /* plus errno */

struct control {
	_Atomic uint64_t action;
	_Atomic uint64_t kinds; /* bits */
	_Atomic uint64_t at;    /* fires at this matching call, from 1 */
	_Atomic uint64_t times; /* and at so many in a row */
	_Atomic uint64_t seen;  /* matching calls since it was armed */
	_Atomic uint64_t fired;
	_Atomic uint64_t calls[KINDS];
};

static struct control *control;
static bool no_sync;
static long slow_sync; /* milliseconds */
static long clock_ahead; /* seconds */
static char directory[PATH_MAX];
static size_t directory_length;

__attribute__((constructor)) static void start(void)
{
	no_sync = getenv("FAULTS_NO_SYNC") != NULL;
	const char *slow = getenv("FAULTS_SLOW_SYNC");
	const char *ahead = getenv("FAULTS_CLOCK");
	slow_sync = slow == NULL ? 0 : strtol(slow, NULL, 10);
	clock_ahead = ahead == NULL ? 0 : strtol(ahead, NULL, 10);
	const char *path = getenv("FAULTS_CONTROL");
	const char *below = getenv("FAULTS_DIR");
	if (path == NULL || below == NULL || realpath(below, directory) == NULL)
		return;
	directory_length = strlen(directory);
	int (*real_open)(const char *, int, ...) =
	    (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	int fd = real_open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	void *map = mmap(
	    NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		control = map;
}

/* Whether a descriptor, or a path relative to it, is below the spool. */
static bool is_below(int fd, const char *path)
{
	char link[64];
	char target[PATH_MAX];
	if (control == NULL)
		return false;
	if (path != NULL && (path[0] == '/' || fd == AT_FDCWD))
		return strncmp(path, directory, directory_length) == 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, target, sizeof target - 1);
	if (length < (ssize_t)directory_length)
		return false;
	target[length] = '\0';
	return strncmp(target, directory, directory_length) == 0 &&
	       (target[directory_length] == '/' ||
		   target[directory_length] == '\0');
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* Counts a call; the action that is to be taken at it. */
static uint64_t meet(enum kind kind)
{
	atomic_fetch_add(&control->calls[kind], 1);
	uint64_t action = atomic_load(&control->action);
	if (action == ACTION_NONE ||
	    (atomic_load(&control->kinds) & (UINT64_C(1) << kind)) == 0)
		return ACTION_NONE;
	uint64_t number = atomic_fetch_add(&control->seen, 1) + 1;
	uint64_t at = atomic_load(&control->at);
	uint64_t times = atomic_load(&control->times);
	if (number < at || number - at >= times)
		return ACTION_NONE;
	atomic_fetch_add(&control->fired, 1);
	if (action == ACTION_KILL_BEFORE)
		die();
	return action;
}

#define REAL(result, name, ...)             \
	static result (*real)(__VA_ARGS__); \
	if (real == NULL)                   \
	real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

/* A call by an expression, around which a fault may strike. */
#define FAULTY(applies, kind, call)                           \
	do {                                                  \
		if (!(applies))                               \
			return call;                          \
		uint64_t action = meet(kind);                 \
		if (action >= ACTION_ERROR) {                 \
			errno = (int)(action - ACTION_ERROR); \
			return -1;                            \
		}                                             \
		__typeof__(call) result = call;               \
		if (action == ACTION_KILL_AFTER)              \
			die();                                \
		return result;                                \
	} while (0)

int openat(int fd, const char *path, int flags, ...)
{
	REAL(int, openat, int, const char *, int, ...);
	va_list arguments;
	va_start(arguments, flags);
	mode_t mode = va_arg(arguments, mode_t);
	va_end(arguments);
	/* Looking through a folder is no part of writing a record. */
	bool listing = strcmp(path, ".") == 0 && (flags & O_DIRECTORY) != 0 &&
		       (flags & O_TMPFILE) != O_TMPFILE;
	FAULTY(is_below(fd, path), listing ? LIST : OPEN,
	    real(fd, path, flags, mode));
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	REAL(ssize_t, write, int, const void *, size_t);
	if (!is_below(fd, NULL))
		return real(fd, bytes, length);
	uint64_t action = meet(WRITE);
	if (action >= ACTION_ERROR) {
		/* As a disk that becomes full on the way: a part is there. */
		if (length > 1)
			(void)!real(fd, bytes, length / 2);
		errno = (int)(action - ACTION_ERROR);
		return -1;
	}
	if (action == ACTION_SHORT && length > 1)
		length /= 2;
	if (action == ACTION_KILL_AFTER && length > 1)
		(void)!real(fd, bytes, length / 2);
	if (action == ACTION_KILL_AFTER)
		die();
	return real(fd, bytes, length);
}

ssize_t read(int fd, void *bytes, size_t length)
{
	REAL(ssize_t, read, int, void *, size_t);
	if (!is_below(fd, NULL))
		return real(fd, bytes, length);
	uint64_t action = meet(READ);
	if (action >= ACTION_ERROR) {
		errno = (int)(action - ACTION_ERROR);
		return -1;
	}
	if (action == ACTION_SHORT && length > 1)
		length /= 2;
	ssize_t result = real(fd, bytes, length);
	if (action == ACTION_KILL_AFTER)
		die();
	return result;
}

int fsync(int fd)
{
	REAL(int, fsync, int);
	if (no_sync)
		return 0;
	if (slow_sync > 0)
		usleep((useconds_t)slow_sync * 1000);
	FAULTY(is_below(fd, NULL), FSYNC, real(fd));
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	REAL(int, clock_gettime, clockid_t, struct timespec *);
	int result = real(clock, time);
	if (result == 0 && clock == CLOCK_REALTIME)
		time->tv_sec += clock_ahead;
	return result;
}

/* Counts as an fsync: it is one, of much. */
int syncfs(int fd)
{
	REAL(int, syncfs, int);
	if (no_sync)
		return 0;
	FAULTY(is_below(fd, NULL), FSYNC, real(fd));
}

int fchmod(int fd, mode_t mode)
{
	REAL(int, fchmod, int, mode_t);
	FAULTY(is_below(fd, NULL), CHMOD, real(fd, mode));
}

int close(int fd)
{
	REAL(int, close, int);
	if (!is_below(fd, NULL))
		return real(fd);
	uint64_t action = meet(CLOSE);
	/* A close that fails has closed all the same, as Linux has it. */
	int result = real(fd);
	if (action >= ACTION_ERROR) {
		errno = (int)(action - ACTION_ERROR);
		return -1;
	}
	if (action == ACTION_KILL_AFTER)
		die();
	return result;
}

int renameat2(
    int from, const char *old, int to, const char *new, unsigned flags)
{
	REAL(int, renameat2, int, const char *, int, const char *, unsigned);
	FAULTY(is_below(from, old), RENAME, real(from, old, to, new, flags));
}

int renameat(int from, const char *old, int to, const char *new)
{
	REAL(int, renameat, int, const char *, int, const char *);
	FAULTY(is_below(from, old), RENAME, real(from, old, to, new));
}

int unlinkat(int fd, const char *path, int flags)
{
	REAL(int, unlinkat, int, const char *, int);
	FAULTY(is_below(fd, path), UNLINK, real(fd, path, flags));
}

/* A connection that broke has broken for both sides. */
static ssize_t cut(int fd, uint64_t action)
{
	shutdown(fd, SHUT_RDWR);
	errno = (int)(action - ACTION_ERROR);
	return -1;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
	REAL(ssize_t, send, int, const void *, size_t, int);
	uint64_t action = control == NULL ? ACTION_NONE : meet(SEND);
	if (action >= ACTION_ERROR)
		return cut(fd, action);
	if (action == ACTION_SHORT && length > 1)
		length /= 2;
	ssize_t result = real(fd, bytes, length, flags);
	if (action == ACTION_KILL_AFTER)
		die();
	return result;
}

ssize_t recv(int fd, void *bytes, size_t length, int flags)
{
	REAL(ssize_t, recv, int, void *, size_t, int);
	uint64_t action = control == NULL ? ACTION_NONE : meet(RECEIVE);
	if (action >= ACTION_ERROR)
		return cut(fd, action);
	ssize_t result = real(fd, bytes, length, flags);
	if (action == ACTION_KILL_AFTER)
		die();
	return result;
}
