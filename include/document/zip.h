/* SPDX-License-Identifier: MIT */
/*
 * zip: the one file of a zip archive (PKWARE's APPNOTE.TXT 6.3), as gzip.
 *
 * Knows the archive's directory, but not how to inflate: a file in it is
 * deflated just as in gzip, so it gets gzip's header and trailer and is left to
 * gunzip.c, with its bounds and its checksum. Pure; any thread.
 */
#ifndef DOCUMENT_ZIP_H
#define DOCUMENT_ZIP_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

enum zip_result {
	ZIP_OK,
	ZIP_SEVERAL, /* more than one file may be meant */
	ZIP_DAMAGED  /* or encrypted, in ZIP64, compressed by another method
		       than deflate, or without any file */
};

/* More entries than this are not looked at: the archive has several files. */
#define ZIP_ENTRIES_MAX 1000

/*
 * The file that is meant, as one gzip member. Folders, files in __MACOSX/ and
 * names that begin with a dot are never meant; nor is any other file when there
 * is one with a report's name (sniff_name()).
 *
 * On ZIP_OK, and on ZIP_SEVERAL for the first of them, *ret_gzip is a new array
 * for the caller (g_byte_array_unref) of about the file's compressed size.
 */
enum zip_result zip_to_gzip(
    const uint8_t *bytes, size_t length, GByteArray **ret_gzip);

#endif
