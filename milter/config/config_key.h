/* SPDX-License-Identifier: MIT */
/*
 * config_key: the one table of configuration keys, for config.c and
 * config_scan.c only.
 *
 * Knows each key's section, type, default, range and place in struct config,
 * and how its text becomes a value and back. Leaves files and libconfuse to
 * config.c, line numbers to config_scan.c. Any thread.
 */
#ifndef CONFIG_CONFIG_KEY_H
#define CONFIG_CONFIG_KEY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

#define CONFIG_KIB ((uint64_t)1024)
#define CONFIG_MIB (CONFIG_KIB * 1024)
#define CONFIG_GIB (CONFIG_MIB * 1024)

/*
 * The table: X(constant, section, name, type, member of struct config, default,
 * what it may be). Sections together and in order; defaults as in a file,
 * without quotes; those of lists are empty.
 *
 * Ranges: the upper bounds keep a slip of a digit from becoming a denial of
 * service, and report-size at the 256 MiB at which PostgreSQL's jsonb ends.
 */
/* clang-format off */
#define CONFIG_KEYS(X)							       \
	X(SOCKET, "milter", "socket", STRING, socket,			       \
	    "unix:/run/tlsrpt-milter/milter.sock",			       \
	    .check = config_check_socket)				       \
	X(RECIPIENTS, "milter", "recipients", LIST, recipients,		       \
	    "", .check = config_check_recipient)			       \
	X(DISPOSITION, "milter", "disposition", CHOICE, disposition,	       \
	    "keep", .choices = dispositions)				       \
	X(ON_REFUSED, "milter", "on-refused", CHOICE, on_refused,	       \
	    "keep", .choices = on_refused)				       \
	X(ON_SPOOL_ERROR, "milter", "on-spool-error", CHOICE, on_spool_error,  \
	    "deliver", .choices = on_spool_error)			       \
	X(ADD_HEADER, "milter", "add-header", CHOICE, add_header,	       \
	    "true", .choices = booleans)				       \
	X(POLICY_DOMAINS, "accept", "policy-domains", LIST, policy_domains,    \
	    "", .check = config_check_policy_domain)			       \
	X(AUTHENTICATION, "accept", "authentication", CHOICE, authentication,  \
	    "record", .choices = authentications)			       \
	X(AUTHSERV_IDS, "accept", "authserv-ids", LIST, authserv_ids,	       \
	    "", .check = config_check_authserv_id)			       \
	X(MESSAGE_SIZE, "limits", "message-size", SIZE, limits.message_size,   \
	    "25M", .least = CONFIG_KIB, .most = CONFIG_GIB)		       \
	X(HEADER_COUNT, "limits", "header-count", NUMBER, limits.header_count, \
	    "1000", .least = 1, .most = 100000)				       \
	X(HEADER_SIZE, "limits", "header-size", SIZE, limits.header_size,      \
	    "256K", .least = CONFIG_KIB, .most = CONFIG_MIB * 16)	       \
	X(MIME_PARTS, "limits", "mime-parts", NUMBER, limits.mime_parts,       \
	    "100", .least = 1, .most = 10000)				       \
	X(MIME_DEPTH, "limits", "mime-depth", NUMBER, limits.mime_depth,       \
	    "16", .least = 1, .most = 100)				       \
	X(REPORTS, "limits", "reports", NUMBER, limits.reports,		       \
	    "16", .least = 1, .most = 1000)				       \
	X(GZIP_MEMBERS, "limits", "gzip-members", NUMBER, limits.gzip_members, \
	    "16", .least = 1, .most = 1000)				       \
	X(REPORT_SIZE, "limits", "report-size", SIZE, limits.report_size,      \
	    "16M", .least = CONFIG_KIB, .most = CONFIG_MIB * 256)	       \
	X(PARSE_MEMORY, "limits", "parse-memory", SIZE, limits.parse_memory,   \
	    "256M", .least = CONFIG_MIB, .most = CONFIG_GIB * 64)	       \
	X(JSON_DEPTH, "limits", "json-depth", NUMBER, limits.json_depth,       \
	    "32", .least = 1, .most = 1000)				       \
	X(POLICIES, "limits", "policies", NUMBER, limits.policies,	       \
	    "10000", .least = 1, .most = 1000000)			       \
	X(DETAILS, "limits", "details", NUMBER, limits.details,		       \
	    "100000", .least = 1, .most = 10000000)			       \
	X(STRING_LENGTH, "limits", "string-length", SIZE, limits.string_length,\
	    "64K", .least = 64, .most = CONFIG_MIB * 16)		       \
	X(DEADLINE, "limits", "deadline", NUMBER, limits.deadline,	       \
	    "30", .least = 1, .most = 3600)				       \
	X(SPOOL_DIRECTORY, "spool", "directory", STRING, spool_directory,      \
	    "/var/spool/tlsrpt-milter", .check = config_check_path)	       \
	X(SPOOL_QUOTA, "spool", "quota", SIZE, spool_quota,		       \
	    "1G", .least = CONFIG_MIB, .most = CONFIG_GIB * 1024 * 1024)       \
	X(CONNINFO, "database", "conninfo", STRING, conninfo,		       \
	    "service=tlsrpt", .check = config_check_conninfo)		       \
	X(BATCH, "database", "batch", NUMBER, batch,			       \
	    "256", .least = 1, .most = 10000)				       \
	X(LOG_TARGET, "log", "target", CHOICE, log_target,		       \
	    "syslog", .choices = log_targets)				       \
	X(LOG_LEVEL, "log", "level", CHOICE, log_level,			       \
	    "info", .choices = log_levels)				       \
	X(METRICS_DIRECTORY, "metrics", "directory", STRING, metrics_directory,\
	    "", .check = config_check_path_or_none)
/* clang-format on */

enum config_key_id {
#define X(constant, ...) KEY_##constant,
	CONFIG_KEYS(X)
#undef X
	    KEY_COUNT
};

enum config_type {
	CONFIG_STRING,
	CONFIG_LIST,   /* of strings, NULL-terminated */
	CONFIG_CHOICE, /* one of choices */
	CONFIG_NUMBER, /* decimal */
	CONFIG_SIZE    /* decimal with K, M, G */
};

/* A word and what it stands for; an array ends with a NULL word. The first word
 * for a value is the one that is printed. */
struct config_choice {
	const char *word;
	unsigned int value;
};

/*
 * Judges a string or an item of a list. Returns its normal form (g_free), or
 * NULL with a sentence in *ret_error (g_free).
 */
typedef char *(*config_check)(const char *text, char **ret_error);

struct config_key {
	const char *section;
	const char *name;
	enum config_type type;
	size_t offset; /* in struct config */
	size_t size;   /* of the member there */
	/* As in a file, without quotes; that of a list is empty. */
	const char *fallback;
	const struct config_choice *choices;
	uint64_t least, most;
	config_check check; /* of strings and items; NULL: taken as they are */
};

/* By enum config_key_id. */
extern const struct config_key config_keys[KEY_COUNT];

/*
 * Sets a key's member in config, which is free of a value there. Lists have any
 * number of values, all else has one. False with a sentence in *ret_error
 * (g_free) and the index of the value that is wrong in *ret_index.
 */
bool config_key_set(const struct config_key *key, struct config *config,
    const char *const *values, size_t count, size_t *ret_index,
    char **ret_error);

/* Appends a key's value as config_parse() reads it. */
void config_key_print(
    const struct config_key *key, const struct config *config, GString *out);

/* Frees a key's member. */
void config_key_clear(const struct config_key *key, struct config *config);

/* The checks (config_check.c). */
char *config_check_socket(const char *text, char **ret_error);
char *config_check_path(const char *text, char **ret_error);
char *config_check_path_or_none(const char *text, char **ret_error);
char *config_check_conninfo(const char *text, char **ret_error);
char *config_check_recipient(const char *text, char **ret_error);
char *config_check_policy_domain(const char *text, char **ret_error);
char *config_check_authserv_id(const char *text, char **ret_error);

#endif
