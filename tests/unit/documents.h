/* SPDX-License-Identifier: MIT */
/*
 * tests/fixtures/documents: a case is NAME.json (or .json.gz, .zip, .bin), the
 * attachment as received, and NAME.expect, lines "key: value":
 *
 *   media-type, filename, tls-report-domain, received   what mail says of it
 *   limits.NAME                                         a limit that is lower
 *   result        ok, other, invalid or limit
 *   reason        the sentence that goes with invalid and limit
 *   anomalies     names in the order of the alphabet; demanded of an ok
 *   organization-name, start, policies, policy[0].domain, policy[0].string,
 *   failure[0][1].sending-mta-ip, …                     what was understood
 *
 * "(none)" is NULL; lists are joined by " | ".
 */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "config/config.h"

static inline struct limits documents_limits(void)
{
	return (struct limits){
	    .gzip_members = 16,
	    .report_size = 16 << 20,
	    .parse_memory = 256 << 20,
	    .json_depth = 32,
	    .policies = 10000,
	    .details = 100000,
	    .string_length = 64 << 10,
	    .deadline = 30,
	};
}

/* The whole file, or NULL. */
static inline char *documents_read(
    const char *name, const char *suffix, gsize *ret_length)
{
	char *path =
	    g_strconcat(FIXTURES, "/documents/", name, suffix, (char *)NULL);
	char *bytes = NULL;

	if (!g_file_get_contents(path, &bytes, ret_length, NULL))
		bytes = NULL;
	g_free(path);
	return bytes;
}

static inline gint documents_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of all cases, sorted; the caller unrefs. */
static inline GPtrArray *documents_names(void)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GDir *folder = g_dir_open(FIXTURES "/documents", 0, NULL);
	const char *entry;

	assert_non_null(folder);
	while ((entry = g_dir_read_name(folder)) != NULL)
		if (g_str_has_suffix(entry, ".expect"))
			g_ptr_array_add(
			    names, g_strndup(entry, strlen(entry) - 7));
	g_dir_close(folder);
	g_ptr_array_sort(names, documents_compare);
	return names;
}

#endif
