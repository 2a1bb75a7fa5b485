/* SPDX-License-Identifier: MIT */
/*
 * gunzip: gzip (RFC 1952) to bytes, within bounds.
 *
 * Knows zlib, and nothing of what the bytes mean. Pure; any thread.
 */
#ifndef DOCUMENT_GUNZIP_H
#define DOCUMENT_GUNZIP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gunzip_result {
	GUNZIP_OK,
	GUNZIP_DAMAGED,          /* damaged, or cut short */
	GUNZIP_TOO_LARGE,        /* more than max_size bytes come out */
	GUNZIP_TOO_MANY_MEMBERS, /* more than max_members */
	GUNZIP_STOPPED           /* by the sink */
};

struct gunzip_info {
	size_t members;
	/* Offset in the input where reading stopped: the end of the last
	 * member, or where it broke. */
	size_t offset;
	bool data_after_end; /* bytes other than zeros follow the last member */
};

/* Gets the next length bytes that came out; false stops inflating. */
typedef bool gunzip_sink(void *context, const uint8_t *bytes, size_t length);

/*
 * Inflates all members, one after another, and hands what comes out to sink
 * piece by piece: never more than max_size bytes in all, and of damaged data
 * what comes before the damage is noticed. Needs about 80 KiB of memory,
 * whatever comes out. *ret_info is always written, unless it is NULL.
 */
enum gunzip_result gunzip(const uint8_t *bytes, size_t length, size_t max_size,
    size_t max_members, gunzip_sink *sink, void *context,
    struct gunzip_info *ret_info);

#endif
