/* SPDX-License-Identifier: MIT */
/*
 * A line is put together in memory and written in one piece, so that the lines
 * of several threads never mix. The level is read without a lock: a line that
 * races with a reload may be judged by the old level.
 */
#include "base/log.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"

static const char *const events[] = {
#define X(constant, name, daemons, meaning) name,
#include "base/log_events.def"
#undef X
};

static atomic_int log_level = LOG_INFO;
static atomic_int log_target = LOG_TARGET_STDERR;
static atomic_bool log_to_journal;

/* Whether stderr is the very stream that systemd connected to the journal
 * (systemd.exec(5), JOURNAL_STREAM); the variable is inherited by children
 * whose stderr is something else. */
static bool is_journal_stream(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat status;

	if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
		return false;
	g_snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev,
	    (uintmax_t)status.st_ino);
	return strcmp(stream, own) == 0;
}

void log_open(const char *program, enum log_target target, int level)
{
	atomic_store(&log_to_journal, is_journal_stream());
	if (target == LOG_TARGET_SYSLOG)
		openlog(program, LOG_PID, LOG_MAIL);
	atomic_store(&log_level, level);
	atomic_store(&log_target, (int)target);
}

/* Whether a line of that level is written. */
static bool is_enabled(int level)
{
	return level <= atomic_load(&log_level);
}

static void write_line(int level, GString *line)
{
	int saved = errno;

	if (atomic_load(&log_target) == LOG_TARGET_SYSLOG) {
		syslog(level, "%s", line->str);
	} else {
		char prefix[] = {'<', (char)('0' + (level & 7)), '>', '\0'};

		if (atomic_load(&log_to_journal))
			g_string_prepend(line, prefix);
		g_string_append_c(line, '\n');
		(void)file_write_all(STDERR_FILENO, line->str, line->len);
	}
	errno = saved;
}

static void append_pair(GString *line, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (line->len > 0)
		g_string_append_c(line, ' ');
	g_string_append(line, name);
	g_string_append_c(line, '=');
	escape_logfmt(line, value);
}

void log_event(int level, enum log_event event, ...)
{
	GString *line, *rest;
	const char *name;
	va_list pairs;

	if (!is_enabled(level))
		return;
	line = g_string_sized_new(256);
	rest = g_string_sized_new(256);
	va_start(pairs, event);
	while ((name = va_arg(pairs, const char *)) != NULL) {
		const char *value = va_arg(pairs, const char *);

		append_pair(
		    strcmp(name, "queue-id") == 0 ? line : rest, name, value);
	}
	va_end(pairs);
	append_pair(line, "event", events[event]);
	if (rest->len > 0)
		g_string_append_printf(line, " %s", rest->str);
	write_line(level, line);
	g_string_free(rest, TRUE);
	g_string_free(line, TRUE);
}

void log_failure(int level, enum log_event event, const char *format, ...)
{
	g_autofree char *reason = NULL;
	va_list arguments;

	if (!is_enabled(level))
		return;
	va_start(arguments, format);
	reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	log_event(level, event, "reason", reason, NULL);
}
