/* SPDX-License-Identifier: MIT */
/*
 * value_check: what strings of the configuration may be.
 *
 * Each function judges a string or an item of a list. It returns the normal
 * form (g_free), or NULL with a sentence in *ret_error (g_free) that begins
 * with the value. Any thread.
 */
#ifndef CONFIG_VALUE_CHECK_H
#define CONFIG_VALUE_CHECK_H

char *value_check_socket(const char *text, char **ret_error);

char *value_check_path(const char *text, char **ret_error);
/* An empty string stands for none. */
char *value_check_path_or_none(const char *text, char **ret_error);

/* An address or pattern, in lower case; <> around it are removed. */
char *value_check_recipient(const char *text, char **ret_error);

/* A domain or "*.domain", in lower case. */
char *value_check_domain(const char *text, char **ret_error);

/* The authserv-id of RFC 8601 section 2.2, in lower case. */
char *value_check_authserv_id(const char *text, char **ret_error);

/* Any text at all. */
char *value_check_not_empty(const char *text, char **ret_error);

#endif
