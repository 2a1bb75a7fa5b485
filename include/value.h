/* SPDX-License-Identifier: MIT */
/*
 * value: the small values inside a report, from text to canonical form.
 *
 * Knows RFC 3339 times, IP address literals, domain names, and the two lines of
 * an STS policy that matter here (RFC 8461 section 3.2). Leaves to
 * report_json.c where in a document they stand and what to do about a bad one.
 *
 * All functions are pure and may be called from any thread. Out-parameters are
 * untouched on failure.
 */
#ifndef VALUE_H
#define VALUE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum value_result {
	VALUE_OK,
	/* Understood, but not in the form the RFC asks for. */
	VALUE_TOLERATED,
	/* The same, and of a time: it has no zone and was read as UTC. */
	VALUE_WITHOUT_ZONE,
	/* Not such a value at all. */
	VALUE_BAD,
};

/*
 * An RFC 3339 date-time (RFC 3339 section 5.6) as seconds since the epoch,
 * UTC. A leap second counts as the second before it. A fraction is dropped.
 * VALUE_WITHOUT_ZONE: no zone, whatever else is unusual.
 * VALUE_TOLERATED: a blank in place of the T; no seconds; a decimal comma;
 * 24:00:00; a zone without its colon or minutes ("+0100", "+01"), with a blank
 * before it, or written UTC or GMT; blanks around the whole.
 * VALUE_BAD: anything else, 30 February, a date alone and years before 1970
 * included.
 */
enum value_result value_time(const char *text, int64_t *ret_seconds);

/*
 * Writes seconds since the epoch as "2026-11-24T20:20:51Z" into buf, which
 * holds at least VALUE_TIME_SIZE bytes. What is before 1970 or after 9999 is
 * written as the first or the last second of those years.
 */
#define VALUE_TIME_SIZE 24
void value_time_format(int64_t seconds, char *buf);

/*
 * An IPv4 or IPv6 literal in the form that inet_ntop(3) gives.
 * VALUE_TOLERATED: with brackets, an "IPv6:" prefix, blanks around it or a
 * zone ("fe80::1%eth0"), all of which are dropped.
 * VALUE_BAD: anything else, prefixes ("10.0.0.1/8") included.
 */
enum value_result value_ip(const char *text, char ret_ip[INET6_ADDRSTRLEN]);

/*
 * A domain name of A-labels (RFC 5891 section 2.3.2.1), lower-case and without
 * the final dot, as a new string that the caller frees with g_free().
 * "*." may stand in front when wildcard is true.
 * VALUE_TOLERATED: blanks around it, upper case or a final dot were removed.
 * VALUE_BAD: labels over 63 or names over 253 bytes, other characters than
 * letters, digits, '-' and '_', an empty label.
 */
enum value_result value_domain(
    const char *text, bool wildcard, char **ret_domain);

/*
 * An entry of mx-host (RFC 8460 section 4.4) as a new string (g_free): a domain
 * name as value_domain() gives it, or the text without blanks around it where
 * it is none.
 * VALUE_TOLERATED: the key "mx:" of a policy's line stood in front and was
 * removed.
 * VALUE_BAD: nothing is left.
 */
enum value_result value_mx_host(const char *text, char **ret_host);

/*
 * The value of a policy's line "mode: enforce" (RFC 8461 section 3.2), lower
 * case, as a new string (g_free). Blanks may stand anywhere around key and
 * value, and the key's case is free. VALUE_BAD: another line.
 */
enum value_result value_sts_mode(const char *line, char **ret_mode);

#endif
