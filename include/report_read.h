/* SPDX-License-Identifier: MIT */
/*
 * report_read: a JSON tree to the model of RFC 8460 section 4.4.
 *
 * Knows which members a report has, what may not be missing, and where else
 * senders put them. Leaves the tolerance for one member to field.c, and bytes,
 * limits of the whole and the document to report_json.c.
 */
#ifndef REPORT_READ_H
#define REPORT_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "field.h"
#include "json_tree.h"

/*
 * Fills the reader's report from a document's root and notes deviations.
 * received_at as in report_json_read(). False: result and reason are in the
 * reader.
 */
bool report_read(struct field_reader *reader, const struct json_tree *root,
    int64_t received_at);

#endif
