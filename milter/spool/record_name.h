/* SPDX-License-Identifier: MIT */
/*
 * record_name: the names of files in a spool.
 *
 * Knows what is in a name: the time, the process, a counter and the host, which
 * together make it unique, a number for the submitter (spool_lane()), and
 * whether it is a rejection. Any thread.
 */
#ifndef SPOOL_RECORD_NAME_H
#define SPOOL_RECORD_NAME_H

#include <stdbool.h>

#include "spool/record.h"

/* The end of a rejection's name, so that the rejections' share of the quota can
 * be counted without opening files. */
#define RECORD_NAME_REJECTION ".rejection"

/*
 * A name (g_free) for a new record, or for a temporary file (NULL), in which
 * counter is to be another one each time. Names sort by the time of writing; by
 * its name the database tells a repeated rejection from a new one.
 */
char *record_name_make(const struct record *record, unsigned int counter);

#endif
