/* SPDX-License-Identifier: MIT */
/*
 * carrier: which messages may carry a report, as far as their header tells.
 *
 * Leaves recipients to config/recipient.h. Pure; any thread.
 */
#ifndef MAIL_CARRIER_H
#define MAIL_CARRIER_H

#include <stdbool.h>

#include "base/span.h"

/*
 * Whether one header field makes a message a candidate (RFC 8460 section 5.3):
 * Content-Type multipart/report with report-type tlsrpt or application/tlsrpt*,
 * or any TLS-Report-Domain or TLS-Report-Submitter field. Values may be folded.
 */
bool carrier_header(const char *name, const char *value);

/* What a header field says about its message. */
enum carrier_sign {
	/* It is a TLS report: what carrier_header() recognises, or a Subject
	 * of the form that RFC 8460 section 5.3 demands. */
	CARRIER_IS_REPORT = 1,
	/* Somebody answers or forwards a message: In-Reply-To, References. */
	CARRIER_IS_ANSWER = 2,
	/* Perhaps so: a Subject that begins with "Re:", "Fwd:" or the like. */
	CARRIER_SEEMS_ANSWER = 4,
};

/* The sign that one header field is, or 0. */
unsigned int carrier_signs(struct span name, const char *value);

#endif
