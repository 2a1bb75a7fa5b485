/* SPDX-License-Identifier: MIT */
/*
 * sniff: what bytes are, by how they begin, and what a file is by its name.
 *
 * The one place for the first bytes of gzip, zip, JSON and a byte order mark,
 * so that mail, an attachment and a file are judged by the same rules. Leaves
 * mbox to mbox.c, and reading what was recognised to its own module. Pure; any
 * thread.
 */
#ifndef BASE_SNIFF_H
#define BASE_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Whether the bytes begin as a gzip member does (RFC 1952 section 2.3.1): its
 * two magic bytes, and deflate, the only method there is. */
bool sniff_gzip(const uint8_t *bytes, size_t length);

/* Whether the bytes begin as a zip archive with a file in it does. */
bool sniff_zip(const uint8_t *bytes, size_t length);

/* The length of the UTF-8 byte order mark that the bytes begin with, or 0. */
size_t sniff_bom(const uint8_t *bytes, size_t length);

/* The offset of the first byte behind blanks, line ends and a byte order mark;
 * length when nothing else is there. */
size_t sniff_start(const uint8_t *bytes, size_t length);

/* Whether the bytes begin as a report may: as gzip, zip, or a JSON object that
 * blanks and a byte order mark may precede. */
bool sniff_report(const uint8_t *bytes, size_t length);

/* Whether a file has a report's name: one that ends in .json or .gz. */
bool sniff_name(struct span name);

#endif
