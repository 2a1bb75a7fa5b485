/* SPDX-License-Identifier: MIT */
/*
 * value_check: what strings of the configuration may be.
 *
 * Each function judges a string, or an item of a list in lower case. It returns
 * NULL, with *value (g_free) made its normal form; or a static sentence that
 * goes on after the value. Any thread.
 */
#ifndef CONFIG_VALUE_CHECK_H
#define CONFIG_VALUE_CHECK_H

/* Where the milter listens, as smfi_setconn() of libmilter takes it. */
const char *value_check_socket(char **value);

/* An absolute path, short enough for a record's name below it. */
const char *value_check_path(char **value);
/* An absolute path, or an empty string for none. */
const char *value_check_path_or_none(char **value);

/* An address or pattern, its domain as syntax_domain() gives it; <> around it
 * are removed. */
const char *value_check_recipient(char **value);

/* A domain or "*.domain", as syntax_domain() gives it. */
const char *value_check_domain(char **value);

/* The authserv-id of RFC 8601 section 2.2. */
const char *value_check_authserv_id(char **value);

#endif
