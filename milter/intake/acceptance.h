/* SPDX-License-Identifier: MIT */
/*
 * acceptance: whose reports are accepted, by section [accept] of the
 * configuration. Pure; any thread.
 */
#ifndef INTAKE_ACCEPTANCE_H
#define INTAKE_ACCEPTANCE_H

#include "authentication.h"
#include "config/config.h"
#include "document/report.h"

/* NULL when the report is accepted, else why it is refused: a sentence
 * (g_free). submitter is never NULL; "" stands for an unnamed one. */
char *acceptance_refusal(const struct config *config,
    const struct report *report, const struct authentication *dkim,
    const char *submitter);

#endif
