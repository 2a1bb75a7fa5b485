/* SPDX-License-Identifier: MIT */
/*
 * log: one event a line, in logfmt, to syslog or stderr.
 *
 * Knows targets, levels and how a value is quoted. Leaves what is worth a line
 * to others. Every function may be called from any thread after log_open().
 *
 * A line looks like
 *   queue-id=4XyZ12 event=spooled organization="Google Inc." policies=1
 * and never holds a control character: values are quoted and escaped by
 * escape_logfmt().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <syslog.h>

enum log_target { LOG_TARGET_SYSLOG, LOG_TARGET_STDERR };

/* What has happened: EVENT_STARTED is written as event=started. */
enum log_event {
#define X(constant, name, daemons, meaning) EVENT_##constant,
#include "base/log_events.def"
#undef X
};

/* Opens the log under the program's name (static string). Before it is called
 * lines go to stderr at level info. May be called again after a reload. */
void log_open(const char *program, enum log_target target, int level);

/*
 * Writes "event=EVENT" and then pairs of a name and a string value, ended by
 * NULL: log_event(LOG_INFO, EVENT_SPOOLED, "report-id", id, NULL). A pair whose
 * value is NULL is left out. The pair named "queue-id" comes first in the line.
 */
void log_event(int level, enum log_event event, ...) __attribute__((sentinel));

/*
 * Writes "event=EVENT reason=\"…\"" with a sentence made from a format.
 */
void log_failure(int level, enum log_event event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
