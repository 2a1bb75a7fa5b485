/* SPDX-License-Identifier: MIT */
/*
 * zip: the first file of a zip archive (PKWARE's APPNOTE.TXT 6.3), as gzip.
 *
 * Knows the archive's directory and not how to inflate: a file in it is
 * deflated just as in gzip, so it gets gzip's header and trailer and is left to
 * gunzip.c, with its bounds and its checksum. Pure; any thread.
 */
#ifndef ZIP_H
#define ZIP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the bytes begin as a zip archive with a file in it does. */
bool zip_sniff(const uint8_t *bytes, size_t length);

/*
 * The first file that is no folder as one gzip member, a new array for the
 * caller (g_byte_array_unref) of about the file's compressed size. NULL when
 * there is none, or it is broken, encrypted, in ZIP64 or compressed by another
 * method than deflate.
 */
GByteArray *zip_to_gzip(const uint8_t *bytes, size_t length);

#endif
