/* SPDX-License-Identifier: MIT */
/*
 * ingest_row: a spooled record as one object of the batch that
 * tlsrpt.ingest(jsonb) takes. Knows the names of the columns. Pure; any thread.
 */
#ifndef LOAD_INGEST_ROW_H
#define LOAD_INGEST_ROW_H

#include <glib.h>

#include "document/report.h"
#include "spool/record.h"

/* Appends {"kind":"report",…} with policies and failures to out. name is the
 * spool record's name; record and report are what was read from it. */
void ingest_row_report(GString *out, const char *name,
    const struct record *record, const struct report *report);

/* Appends {"kind":"rejection",…} to out. */
void ingest_row_rejection(
    GString *out, const char *name, const struct record *record);

#endif
