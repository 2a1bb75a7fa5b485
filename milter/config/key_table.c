/* SPDX-License-Identifier: MIT */
/*
 * Ranges: the upper bounds keep a slip of a digit from becoming a denial of
 * service. That of report-size is the 256 MiB at which PostgreSQL's jsonb ends.
 */
#include "key_table.h"

#include <glib.h>
#include <string.h>
#include <syslog.h>

#include "config/config.h"
#include "value_check.h"

#define KIB ((uint64_t)1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

static const struct config_choice dispositions[] = {
    {"keep", CONFIG_KEEP}, {"discard", CONFIG_DISCARD}, {NULL, 0}};
static const struct config_choice on_refused[] = {{"keep", CONFIG_REFUSED_KEEP},
    {"reject", CONFIG_REFUSED_REJECT}, {NULL, 0}};
static const struct config_choice on_spool_error[] = {
    {"deliver", CONFIG_SPOOL_DELIVER}, {"tempfail", CONFIG_SPOOL_TEMPFAIL},
    {NULL, 0}};
static const struct config_choice authentications[] = {
    {"record", CONFIG_AUTH_RECORD}, {"require", CONFIG_AUTH_REQUIRE},
    {NULL, 0}};
static const struct config_choice log_targets[] = {
    {"syslog", LOG_TARGET_SYSLOG}, {"stderr", LOG_TARGET_STDERR}, {NULL, 0}};
static const struct config_choice log_levels[] = {{"error", LOG_ERR},
    {"warning", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO},
    {"debug", LOG_DEBUG}, {NULL, 0}};
static const struct config_choice booleans[] = {{"true", true},
    {"false", false}, {"yes", true}, {"no", false}, {"on", true},
    {"off", false}, {NULL, 0}};

#define KEY(type, section, name, member, fallback, ...)                        \
	{                                                                      \
		section, name, CONFIG_##type, offsetof(struct config, member), \
		    sizeof(((struct config *)NULL)->member), fallback,         \
		    __VA_ARGS__                                                \
	}
#define STRING(section, name, member, fallback, function) \
	KEY(STRING, section, name, member, fallback, .check = (function))
#define LIST(section, name, member, function) \
	KEY(LIST, section, name, member, "", .check = (function))
#define CHOICE(section, name, member, fallback, words) \
	KEY(CHOICE, section, name, member, fallback, .choices = (words))
#define NUMBER(section, name, member, fallback, low, high)           \
	KEY(NUMBER, section, name, member, fallback, .least = (low), \
	    .most = (high))
#define SIZE(section, name, member, fallback, low, high)           \
	KEY(SIZE, section, name, member, fallback, .least = (low), \
	    .most = (high))

/* clang-format off */
const struct config_key key_table[] = {
    STRING("milter", "socket", socket,
	"unix:/run/tlsrpt-milter/milter.sock", value_check_socket),
    LIST("milter", "recipients", recipients, value_check_recipient),
    CHOICE("milter", "disposition", disposition, "keep", dispositions),
    CHOICE("milter", "on-refused", on_refused, "keep", on_refused),
    CHOICE("milter", "on-spool-error", on_spool_error,
	"deliver", on_spool_error),
    CHOICE("milter", "add-header", add_header, "true", booleans),

    LIST("accept", "policy-domains", policy_domains, value_check_domain),
    LIST("accept", "submitters", submitters, value_check_domain),
    CHOICE("accept", "authentication", authentication,
	"record", authentications),
    LIST("accept", "authserv-ids", authserv_ids, value_check_authserv_id),

    SIZE("limits", "message-size", limits.message_size, "25M", KIB, GIB),
    NUMBER("limits", "header-count", limits.header_count, "1000", 1, 100000),
    SIZE("limits", "header-size", limits.header_size, "256K", KIB, MIB * 16),
    NUMBER("limits", "mime-parts", limits.mime_parts, "100", 1, 10000),
    NUMBER("limits", "mime-depth", limits.mime_depth, "16", 1, 100),
    NUMBER("limits", "reports", limits.reports, "16", 1, 1000),
    NUMBER("limits", "gzip-members", limits.gzip_members, "16", 1, 1000),
    SIZE("limits", "report-size", limits.report_size, "16M", KIB, MIB * 256),
    SIZE("limits", "parse-memory", limits.parse_memory, "256M", MIB, GIB * 64),
    NUMBER("limits", "json-depth", limits.json_depth, "32", 1, 1000),
    NUMBER("limits", "policies", limits.policies, "1000", 1, 1000000),
    NUMBER("limits", "details", limits.details, "10000", 1, 10000000),
    SIZE("limits", "string-length", limits.string_length, "64K", 64, MIB * 16),
    NUMBER("limits", "deadline", limits.deadline, "30", 1, 3600),

    STRING("spool", "directory", spool_directory,
	"/var/spool/tlsrpt-milter", value_check_path),
    SIZE("spool", "quota", spool_quota, "1G", MIB, GIB * 1024 * 1024),

    STRING("database", "conninfo", conninfo,
	"service=tlsrpt", NULL),
    NUMBER("database", "batch", batch, "256", 1, 10000),

    CHOICE("log", "target", log_target, "syslog", log_targets),
    CHOICE("log", "level", log_level, "info", log_levels),

    STRING("metrics", "directory", metrics_directory,
	"", value_check_path_or_none),
    {.section = NULL},
};
/* clang-format on */

const struct config_key *key_table_find(const char *section, const char *name)
{
	const struct config_key *key = key_table;

	for (; key->section != NULL; key++)
		if ((section == NULL || strcmp(key->section, section) == 0) &&
		    (name == NULL || strcmp(key->name, name) == 0))
			return key;
	return NULL;
}
