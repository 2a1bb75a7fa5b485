/* SPDX-License-Identifier: MIT */
/*
 * syntax: times, addresses and domain names, from text to canonical form.
 *
 * Knows RFC 3339 times, IP address literals and domain names. Leaves where such
 * a value stands, and what to do about a bad one, to the callers.
 *
 * All functions are pure and may be called from any thread. Out-parameters are
 * untouched on failure.
 */
#ifndef BASE_SYNTAX_H
#define BASE_SYNTAX_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum syntax_result {
	SYNTAX_OK,
	/* Understood, but not in the form the RFC asks for. */
	SYNTAX_TOLERATED,
	/* A time that was understood, but has no zone and was read as UTC. */
	SYNTAX_WITHOUT_ZONE,
	/* Not such a value at all. */
	SYNTAX_BAD,
};

/*
 * An RFC 3339 date-time (RFC 3339 section 5.6) as seconds since the epoch,
 * UTC. A leap second counts as the second before it. A fraction is dropped.
 * SYNTAX_WITHOUT_ZONE: there is no zone, whatever else is unusual.
 * SYNTAX_TOLERATED: a blank in place of the T; no seconds; a decimal comma;
 * 24:00:00; a zone without its colon or minutes ("+0100", "+01"), with a blank
 * before it, or written UTC or GMT; blanks around the whole.
 * SYNTAX_BAD: anything else, 30 February, a date alone and years before 1970
 * included.
 */
enum syntax_result syntax_time(const char *text, int64_t *ret_seconds);

/*
 * Writes seconds since the epoch as "2026-11-24T20:20:51Z" into buf, which
 * holds at least SYNTAX_TIME_SIZE bytes. A time before 1970 or after 9999 is
 * written as the first second of 1970 or the last of 9999.
 */
#define SYNTAX_TIME_SIZE 24
void syntax_time_format(int64_t seconds, char *buf);

/*
 * An IPv4 or IPv6 literal in the form that inet_ntop(3) gives; an IPv4 address
 * that is mapped to IPv6 ("::ffff:192.0.2.1") as the IPv4 address.
 * SYNTAX_TOLERATED: with brackets, an "IPv6:" prefix, blanks around it or a
 * zone ("fe80::1%eth0"), all of which are dropped.
 * SYNTAX_BAD: anything else, prefixes ("10.0.0.1/8") included.
 */
enum syntax_result syntax_ip(const char *text, char ret_ip[INET6_ADDRSTRLEN]);

/*
 * A domain name of A-labels (RFC 5890 section 2.3.2.1), lower-case and without
 * the final dot, as a new string that the caller frees with g_free(): the one
 * form in which domains are compared.
 * "*." may stand in front when wildcard is true.
 * SYNTAX_TOLERATED: blanks around it, upper case or a final dot were removed,
 * or U-labels in UTF-8 were written as A-labels. SYNTAX_BAD: labels over 63 or
 * names over 253 bytes, characters other than letters, digits, '-' and '_', an
 * empty label.
 */
enum syntax_result syntax_domain(
    const char *text, bool wildcard, char **ret_domain);

/* Whether name is below parent: "mx.example.com" is below "example.com". Both
 * are as syntax_domain() gives them. */
bool syntax_domain_is_below(const char *name, const char *parent);

#endif
