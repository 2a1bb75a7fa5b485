/* SPDX-License-Identifier: MIT */
/*
 * value_check: what strings of the configuration may be.
 *
 * Each function judges a string, or an item of a list in lower case. It returns
 * NULL, with text made its normal form, which is never longer; or a static
 * sentence that goes on after the value. Any thread.
 */
#ifndef CONFIG_VALUE_CHECK_H
#define CONFIG_VALUE_CHECK_H

const char *value_check_socket(char *text);

const char *value_check_path(char *text);
/* An empty string stands for none. */
const char *value_check_path_or_none(char *text);

/* An address or pattern; <> around it are removed. */
const char *value_check_recipient(char *text);

/* A domain or "*.domain". */
const char *value_check_domain(char *text);

/* The authserv-id of RFC 8601 section 2.2. */
const char *value_check_authserv_id(char *text);

#endif
