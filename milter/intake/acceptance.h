/* SPDX-License-Identifier: MIT */
/*
 * acceptance: whose reports are accepted (section [accept]).
 *
 * Pure; any thread.
 */
#ifndef INTAKE_ACCEPTANCE_H
#define INTAKE_ACCEPTANCE_H

#include "authentication.h"
#include "config/config.h"
#include "document/report.h"

/* NULL when the report is taken, else a sentence (g_free) why it is refused. */
char *acceptance_refusal(const struct config *config,
    const struct report *report, const struct authentication *dkim,
    const char *submitter);

#endif
