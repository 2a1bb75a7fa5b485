/* SPDX-License-Identifier: MIT */
/*
 * anomaly: the deviations from the RFCs that are tolerated in a report.
 *
 * Knows their names; anomalies.def is the list, with what each means. Leaves
 * noticing one to whoever reads that part of a report. Pure; any thread.
 */
#ifndef DOCUMENT_ANOMALY_H
#define DOCUMENT_ANOMALY_H

#include <glib.h>
#include <stdint.h>

enum anomaly {
#define X(constant, name, clause, meaning) ANOMALY_##constant,
#include "document/anomalies.def"
#undef X
	ANOMALY_COUNT
};

/* A set of anomalies: bit n stands for enum anomaly n. */
typedef uint64_t anomaly_set;
G_STATIC_ASSERT(ANOMALY_COUNT <= 64);

/* The name of an anomaly as it stands in the column report.anomalies; a static
 * string. */
const char *anomaly_name(enum anomaly anomaly);

#endif
