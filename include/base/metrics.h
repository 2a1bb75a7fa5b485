/* SPDX-License-Identifier: MIT */
/*
 * metrics: counters, and the text file that node_exporter's textfile collector
 * reads. Knows names, help texts and the format; leaves to others what is
 * counted. Any thread.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

/* X(constant, name, labels, help): counters of one name stand together. */
#define METRICS_COUNTERS(X)                                                \
	X(MESSAGES, "tlsrpt_messages", "", "Messages seen by the milter.") \
	X(CANDIDATES, "tlsrpt_candidates", "",                             \
	    "Messages looked into for reports.")                           \
	X(SPOOLED, "tlsrpt_reports", "outcome=\"spooled\"",                \
	    "Reports found at intake by what became of them.")             \
	X(INVALID, "tlsrpt_reports", "outcome=\"invalid\"", "")            \
	X(REFUSED, "tlsrpt_reports", "outcome=\"refused\"", "")            \
	X(FAILED, "tlsrpt_reports", "outcome=\"spool-failed\"", "")        \
	X(DROPPED, "tlsrpt_rejections_dropped", "",                        \
	    "Rejections not recorded, being over their tenth of the "      \
	    "quota.")                                                      \
	X(LOADED_STORED, "tlsrpt_loaded", "outcome=\"stored\"",            \
	    "Spool records given to PostgreSQL by outcome.")               \
	X(LOADED_DUPLICATE, "tlsrpt_loaded", "outcome=\"duplicate\"", "")  \
	X(LOADED_REPLACED, "tlsrpt_loaded", "outcome=\"replaced\"", "")    \
	X(LOADED_CONFLICT, "tlsrpt_loaded", "outcome=\"conflict\"", "")    \
	X(LOADED_REJECTED, "tlsrpt_loaded", "outcome=\"rejected\"", "")    \
	X(LOADED_BAD, "tlsrpt_loaded", "outcome=\"bad\"", "")              \
	X(BATCHES, "tlsrpt_batches", "", "Batches committed by PostgreSQL.")

enum metrics_counter {
#define X(constant, name, labels, help) METRICS_##constant,
	METRICS_COUNTERS(X)
#undef X
	    METRICS_COUNTER_COUNT
};

#define METRICS_GAUGES(X)                                                     \
	X(SPOOL_RECORDS, "tlsrpt_spool_records", "Records waiting in new.")   \
	X(SPOOL_BYTES, "tlsrpt_spool_bytes", "Bytes waiting in new.")         \
	X(SPOOL_BAD, "tlsrpt_spool_bad_records", "Records set aside in bad.") \
	X(SPOOL_BAD_BYTES, "tlsrpt_spool_bad_bytes", "Bytes in bad.")         \
	X(SPOOL_QUOTA, "tlsrpt_spool_quota_bytes",                            \
	    "Bytes that new and bad may have together.")                      \
	X(SPOOL_OLDEST, "tlsrpt_spool_oldest_timestamp_seconds",              \
	    "When the oldest record in new was received; 0 for none.")        \
	X(DATABASE_UP, "tlsrpt_database_up",                                  \
	    "Whether the last attempt to use the database succeeded.")

enum metrics_gauge {
#define X(constant, name, help) METRICS_##constant,
	METRICS_GAUGES(X)
#undef X
	    METRICS_GAUGE_COUNT
};

/* Adds amount to a counter. */
void metrics_add(enum metrics_counter counter, uint64_t amount);
/* Sets a gauge. */
void metrics_set(enum metrics_gauge gauge, uint64_t value);

/*
 * Writes directory/PROGRAM.prom by way of a temporary file and rename(2).
 * Counters and gauges that this program never touched are left out (adding 0
 * touches). Gauges have the label program; a counter is to be touched by one
 * program only, since node_exporter refuses a series that two files have. Does
 * nothing when directory is "". False with errno when it can't.
 */
bool metrics_write(const char *directory, const char *program);

#endif
