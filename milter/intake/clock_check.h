/* SPDX-License-Identifier: MIT */
/*
 * clock_check: notices by the reports that come whether this machine's clock
 * may be wrong: a report comes in the days after its period. Any thread.
 */
#ifndef INTAKE_CLOCK_CHECK_H
#define INTAKE_CLOCK_CHECK_H

#include <stdint.h>

#include "document/report.h"

/*
 * Counts a report that came by mail: report if decoding it gave one, else the
 * reason why not, each NULL otherwise. Times are seconds since the epoch. When
 * many of the last reports are from the future or the past, that is a line in
 * the log, at most once a day.
 */
void clock_check_note(
    const struct report *report, const char *reason, int64_t received_at);

#endif
