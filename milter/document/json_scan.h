/* SPDX-License-Identifier: MIT */
/*
 * json_scan: what can be told about a JSON text before it is parsed.
 *
 * One pass over the bytes, in pieces of any size, that counts structure and
 * checks nothing: for a text that is not JSON the counts are harmless.
 * Allocates no memory. A scan belongs to one thread.
 */
#ifndef DOCUMENT_JSON_SCAN_H
#define DOCUMENT_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_SCAN_NAME_SIZE 12

struct json_scan {
	/* The results, valid at any time. */
	size_t length;     /* bytes that were scanned */
	size_t end;        /* behind the outermost object; 0: not seen yet */
	size_t max_depth;  /* of objects and arrays in one another */
	size_t max_string; /* bytes between quotes, escapes as they stand */
	/* What max_string is, of strings that may hold a JSON array as text. */
	size_t max_packed;
	size_t controls;      /* in strings, not escaped, U+0000 left out */
	size_t large_numbers; /* all that 64 bits may not hold */
	size_t max_word;      /* bytes of a number or another bare word */
	bool is_object;       /* the first byte behind blanks and BOM is '{' */
	/* A string directly in the outermost object is policies or report-id,
	 * or has an escape and could be. */
	bool claims_report;
	/* A key directly in the outermost object is policies or report-id, as
	 * it stands: the text says so itself, whether it can be read or not. */
	bool has_report_key;

	/* For json_scan.c only. */
	size_t objects, arrays, pairs, commas, strings, numbers;
	size_t string_bytes;
	size_t depth;
	size_t string;                  /* length of the current string */
	size_t word;                    /* length of the current bare word */
	char name[JSON_SCAN_NAME_SIZE]; /* how the current string begins */
	bool started, done, in_string, escaped, in_number, has_escape;
	bool is_name;  /* the last string was policies or report-id */
	bool may_grow; /* the current number may yet prove large */
	bool at_start; /* of a string, but for blanks */
	bool packed;   /* the current string may hold an array */
};

/* Begins with an all-zero struct. Bytes behind the outermost object or array
 * are only counted in length. */
void json_scan_update(
    struct json_scan *scan, const uint8_t *bytes, size_t length);

/*
 * Whether an object that claims to be a report stands anywhere in the bytes,
 * except inside another object. Then *ret_offset is where it begins. Looks at
 * each byte once.
 */
bool json_scan_find_report(
    const uint8_t *bytes, size_t length, size_t *ret_offset);

/* Whether a text is an array of nothing but strings, if it is JSON at all. */
bool json_scan_is_string_list(const char *text);

/*
 * An upper bound of the memory in bytes that it takes to parse the text with
 * jansson, make a struct report of it and write it again, on a 64-bit machine.
 * The text itself is not included; an array that a string holds as text is.
 */
size_t json_scan_estimate(const struct json_scan *scan);

#endif
