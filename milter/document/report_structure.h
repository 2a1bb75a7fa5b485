/* SPDX-License-Identifier: MIT */
/*
 * report_structure: a JSON tree to the model of a report (RFC 8460
 * section 4.4).
 *
 * Knows which members a report has, what may not be missing, and where else
 * senders put them. Leaves the tolerance for one member to report_member.c, and
 * bytes, limits of the whole and the document to report_json.c.
 */
#ifndef DOCUMENT_REPORT_STRUCTURE_H
#define DOCUMENT_REPORT_STRUCTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "report_member.h"

/*
 * Fills the reader's report from a document's root and notes deviations.
 * received_at as in report_json_read(). False: result and reason are in the
 * reader.
 */
bool report_structure_read(struct member_reader *reader,
    const struct json_t *root, int64_t received_at);

#endif
