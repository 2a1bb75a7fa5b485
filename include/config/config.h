/* SPDX-License-Identifier: MIT */
/*
 * config: the configuration file as an immutable struct.
 *
 * Knows every key, its default and what it may be. Leaves to others what the
 * values are used for.
 *
 * A struct config never changes once loaded, so any thread may read it; it is
 * reference-counted, and a reload makes a new one.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define CONFIG_DEFAULT_PATH "/etc/tlsrpt-milter/tlsrpt-milter.conf"

enum config_disposition { CONFIG_KEEP, CONFIG_DISCARD };
enum config_on_refused { CONFIG_REFUSED_KEEP, CONFIG_REFUSED_REJECT };
enum config_on_spool_error { CONFIG_SPOOL_DELIVER, CONFIG_SPOOL_TEMPFAIL };
enum config_authentication { CONFIG_AUTH_RECORD, CONFIG_AUTH_REQUIRE };

/* Section limits. Sizes in bytes, the rest are counts but deadline. */
struct limits {
	size_t message_size;
	size_t header_count;
	size_t header_size;
	size_t mime_parts;
	size_t mime_depth;
	size_t reports;
	size_t gzip_members;
	size_t report_size; /* inflated */
	size_t parse_memory;
	size_t json_depth;
	size_t policies; /* per report */
	size_t details;  /* per report */
	size_t string_length;
	unsigned int deadline; /* seconds */
};

struct config {
	/* milter */
	char *socket;
	char **recipients; /* lower case, NULL-terminated, maybe empty */
	enum config_disposition disposition;
	enum config_on_refused on_refused;
	enum config_on_spool_error on_spool_error;
	bool add_header;
	/* accept */
	char **policy_domains; /* lower case, NULL-terminated, maybe empty */
	char **submitters;     /* lower case, NULL-terminated, maybe empty */
	enum config_authentication authentication;
	char **authserv_ids; /* lower case, NULL-terminated, maybe empty */

	struct limits limits;
	/* spool */
	char *spool_directory;
	uint64_t spool_quota; /* bytes */
	/* database */
	char *conninfo;     /* see db/conninfo.h */
	unsigned int batch; /* records */
	/* log */
	enum log_target log_target;
	int log_level; /* of syslog(3): LOG_ERR … LOG_DEBUG */
	/* metrics */
	char *metrics_directory; /* "" for none */

	int references; /* config.c's own */
};

/*
 * Reads and validates a file. On success the caller owns one reference. On
 * failure returns NULL and stores in *ret_error one line
 * "FILE: [section] key: what is wrong, what is allowed" that the caller frees
 * with g_free(). Any thread.
 */
struct config *config_load(const char *path, char **ret_error);

/* Does what config_load() does, for text in memory; name stands for the file in
 * errors. */
struct config *config_parse(
    const char *text, size_t length, const char *name, char **ret_error);

/* All defaults. */
struct config *config_default(void);

/* One more reference; one less (NULL is allowed). Any thread. */
struct config *config_ref(struct config *config);
void config_unref(struct config *config);

/*
 * The whole configuration as text that config_parse() reads back to the same
 * values. The caller frees it with g_free().
 */
char *config_print(const struct config *config);

#endif
