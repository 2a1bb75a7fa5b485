/* SPDX-License-Identifier: MIT */
/*
 * carrier: which messages may carry a report, as far as their header tells.
 *
 * Leaves recipients to config/recipient.h. Pure; any thread.
 */
#ifndef MAIL_CARRIER_H
#define MAIL_CARRIER_H

#include <stdbool.h>

/*
 * Whether one header field makes a message a candidate (RFC 8460 section 5.3):
 * Content-Type multipart/report with report-type tlsrpt or application/tlsrpt*,
 * or any TLS-Report-Domain or TLS-Report-Submitter field. Values may be folded.
 */
bool carrier_header(const char *name, const char *value);

#endif
