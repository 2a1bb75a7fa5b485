/* SPDX-License-Identifier: MIT */
/*
 * A single report proves nothing: its sender's clock may be wrong, or somebody
 * makes fun. So the last few are looked at, and the line only asks.
 */
#include "clock_check.h"

#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/syntax.h"

/* So many of the last so many reports. */
#define MANY 5
#define LAST 10
/* Mail servers give up after five days. */
#define OLD_SECONDS ((int64_t)7 * 24 * 3600)
#define PAUSE ((int64_t)24 * 3600 * G_USEC_PER_SEC)

/* What was odd about the last reports, a bit for each, the latest the lowest.
 */
static struct {
	pthread_mutex_t mutex;
	unsigned int future;
	unsigned int past;
	int64_t told; /* when the last line was written, or 0 */
} seen = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static unsigned int shift(unsigned int bits, bool bit)
{
	return (bits << 1 | bit) & ((1U << LAST) - 1);
}

/* Which kind of odd reports there are many of, if it is time for a line. */
static const char *judge(bool future, bool past)
{
	int64_t now = g_get_monotonic_time();
	const char *many = NULL;

	pthread_mutex_lock(&seen.mutex);
	seen.future = shift(seen.future, future);
	seen.past = shift(seen.past, past);
	if (seen.told == 0 || now - seen.told > PAUSE) {
		if (__builtin_popcount(seen.future) >= MANY)
			many = "begin more than 2 days after they came";
		else if (__builtin_popcount(seen.past) >= MANY)
			many = "end more than 7 days before they came";
	}
	if (many != NULL)
		seen.told = now;
	pthread_mutex_unlock(&seen.mutex);
	return many;
}

void clock_check_note(
    const struct report *report, const char *reason, int64_t received_at)
{
	bool future =
	    reason != NULL && strstr(reason, REPORT_FROM_FUTURE) != NULL;
	bool past =
	    report != NULL && report->end_datetime < received_at - OLD_SECONDS;
	char time[SYNTAX_TIME_SIZE];
	const char *many = judge(future, past);

	if (many == NULL)
		return;
	syntax_time_format(received_at, time);
	log_failure(LOG_WARNING, EVENT_CLOCK_DOUBTED,
	    "of the last %d reports %d or more %s; is this machine's clock "
	    "right? It says %s",
	    LAST, MANY, many, time);
}
