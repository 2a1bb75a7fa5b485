/* SPDX-License-Identifier: MIT */
/*
 * The shapes are checked here and to the last byte: strptime(3) accepts
 * 30 February, and PostgreSQL accepts "tomorrow" and "10.0.0.1/8". A value
 * that leaves here is canonical, so that nothing downstream has to parse
 * foreign text again.
 */
#include "base/syntax.h"

#include <arpa/inet.h>
#include <glib.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

/* RFC 1035 section 2.3.4, without the root label. */
#define LABEL_MAX 63
#define NAME_MAX_LENGTH 253
/* A longer name in UTF-8 does not fit into A-labels: each of its characters has
 * four bytes at most, and one at least in an A-label. */
#define U_NAME_MAX ((size_t)4 * NAME_MAX_LENGTH)

#define SECONDS_PER_DAY INT64_C(86400)
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

#define BLANK "[ \\t\\n\\f\\r]"
#define BLANKS BLANK "*+"
#define TWO "(\\d{2})"

/* date-time of RFC 3339 section 5.6. */
#define STRICT_TIME                           \
	"^\\d{4}-\\d{2}-\\d{2}"               \
	"T\\d{2}:\\d{2}:\\d{2}(?:[.]\\d++)?+" \
	"(?:Z|[+-]\\d{2}:\\d{2})\\z"

/* Whatever is understood. Quantifiers are possessive, so that a long text takes
 * no longer than its length. */
#define LENIENT_TIME                                                    \
	"^" BLANKS "(\\d{4})-" TWO "-" TWO "(?:T|" BLANK ")" BLANKS TWO \
	":" TWO "(?::" TWO ")?+(?:[.,]\\d++)?+" BLANKS "(Z|([+-])" TWO  \
	"(?::?" TWO ")?+"                                               \
	"(?:" BLANKS "(?:UTC|GMT))?+|UTC|GMT)?+" BLANKS "\\z"

/* The groups of LENIENT_TIME. */
enum { YEAR = 1, MONTH, DAY, HOUR, MINUTE, SECOND, ZONE, SIGN, HOURS, MINUTES };

static GRegex *strict_time, *lenient_time;

static void compile_times(void)
{
	const GRegexCompileFlags flags = G_REGEX_RAW | G_REGEX_CASELESS;

	strict_time = g_regex_new(STRICT_TIME, flags, 0, NULL);
	lenient_time = g_regex_new(LENIENT_TIME, flags, 0, NULL);
}

/* What a group of digits says; 0 when it is missing. */
static int group_number(const GMatchInfo *match, int group)
{
	g_autofree char *digits = g_match_info_fetch(match, group);

	return digits == NULL ? 0 : (int)g_ascii_strtoll(digits, NULL, 10);
}

/* Whether the numbers are in their ranges and the day is in the calendar. */
static bool is_time(const GMatchInfo *match)
{
	int minute = group_number(match, MINUTE);
	int second = group_number(match, SECOND);
	/* 24:00:00 is ISO 8601's end of the day. */
	int last_hour = minute == 0 && second == 0 ? 24 : 23;

	return g_date_valid_dmy((GDateDay)group_number(match, DAY),
		   (GDateMonth)group_number(match, MONTH),
		   (GDateYear)group_number(match, YEAR)) &&
	       group_number(match, HOUR) <= last_hour && minute <= 59 &&
	       second <= 60 && group_number(match, HOURS) <= 23 &&
	       group_number(match, MINUTES) <= 59;
}

/* False for a leap second that does not end a UTC day, and out of range. */
static bool count_seconds(const GMatchInfo *match, int64_t *ret_seconds)
{
	g_autofree char *sign = g_match_info_fetch(match, SIGN);
	int offset = group_number(match, HOURS) * 3600 +
		     group_number(match, MINUTES) * 60;
	bool leap = group_number(match, SECOND) == 60;
	struct tm tm = {
	    .tm_year = group_number(match, YEAR) - 1900,
	    .tm_mon = group_number(match, MONTH) - 1,
	    .tm_mday = group_number(match, DAY),
	    .tm_hour = group_number(match, HOUR),
	    .tm_min = group_number(match, MINUTE),
	    .tm_sec = group_number(match, SECOND) - leap,
	};
	int64_t seconds = timegm(&tm);

	seconds += g_strcmp0(sign, "-") == 0 ? offset : -offset;
	if (seconds < 0 || seconds > LAST_SECOND)
		return false;
	if (leap && seconds % SECONDS_PER_DAY != SECONDS_PER_DAY - 1)
		return false;
	*ret_seconds = seconds;
	return true;
}

/* Reads the one form that nearly all senders write, a tenth of the work. What
 * strptime(3) takes beyond it does not come out again as it went in. */
static bool read_usual_time(const char *text, int64_t *ret_seconds)
{
	char again[SYNTAX_TIME_SIZE];
	struct tm tm = {0};
	int64_t seconds;

	if (strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL)
		return false;
	seconds = timegm(&tm);
	syntax_time_format(seconds, again);
	if (strcmp(again, text) != 0)
		return false;
	*ret_seconds = seconds;
	return true;
}

enum syntax_result syntax_time(const char *text, int64_t *ret_seconds)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *zone = NULL;

	if (read_usual_time(text, ret_seconds))
		return SYNTAX_OK;
	(void)pthread_once(&once, compile_times);
	if (!g_regex_match(lenient_time, text, 0, &match) || !is_time(match) ||
	    !count_seconds(match, ret_seconds))
		return SYNTAX_BAD;
	zone = g_match_info_fetch(match, ZONE);
	if (zone == NULL || zone[0] == '\0')
		return SYNTAX_WITHOUT_ZONE;
	return group_number(match, HOUR) <= 23 &&
		       g_regex_match(strict_time, text, 0, NULL)
		   ? SYNTAX_OK
		   : SYNTAX_TOLERATED;
}

void syntax_time_format(int64_t seconds, char *buf)
{
	time_t time = CLAMP(seconds, 0, LAST_SECOND);
	struct tm tm;

	gmtime_r(&time, &tm);
	strftime(buf, SYNTAX_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/*
 * Removes what may stand around an address: blanks, one pair of brackets,
 * "IPv6:" (RFC 5321 section 4.1.3) and a zone (RFC 4007 section 11). Changes
 * text.
 */
static char *unwrap_ip(char *text)
{
	size_t length;

	text = g_strstrip(text);
	length = strlen(text);
	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text[length - 1] = '\0';
		text = g_strstrip(text + 1);
	}
	if (g_ascii_strncasecmp(text, "IPv6:", 5) == 0)
		text = g_strchug(text + 5);
	if (strchr(text, ':') != NULL)
		text[strcspn(text, "%")] = '\0';
	return text;
}

/* Where the IPv4 address stands in an IPv6 address that it is mapped to (RFC
 * 4291 section 2.5.5.2). */
#define MAPPED_AT 12

enum syntax_result syntax_ip(const char *text, char ret_ip[INET6_ADDRSTRLEN])
{
	struct in6_addr address;
	char *copy, *bare;
	enum syntax_result result = SYNTAX_BAD;
	bool mapped;
	int family;

	/* A longer text is not an address, whatever stands around it. */
	if (strlen(text) > 256)
		return SYNTAX_BAD;
	copy = g_strdup(text);
	bare = unwrap_ip(copy);
	family = strchr(bare, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(family, bare, &address) == 1) {
		mapped = family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address);
		(void)inet_ntop(mapped ? AF_INET : family,
		    address.s6_addr + (mapped ? MAPPED_AT : 0), ret_ip,
		    INET6_ADDRSTRLEN);
		result = strcmp(bare, text) == 0 ? SYNTAX_OK : SYNTAX_TOLERATED;
	}
	g_free(copy);
	return result;
}

/* Whether labels of letters, digits, '-' and '_' are joined by dots. */
static bool is_domain(const char *name)
{
	for (;;) {
		size_t label = 0;

		while (g_ascii_isalnum(name[label]) || name[label] == '-' ||
		       name[label] == '_')
			label++;
		if (label == 0 || label > LABEL_MAX)
			return false;
		if (name[label] != '.')
			return name[label] == '\0';
		name += label + 1;
	}
}

/* A copy of a name with its U-labels as A-labels; NULL when it can't be written
 * so. */
static char *to_a_labels(const char *name)
{
	return strlen(name) <= U_NAME_MAX && g_utf8_validate(name, -1, NULL)
		   ? g_hostname_to_ascii(name)
		   : NULL;
}

enum syntax_result syntax_domain(
    const char *text, bool wildcard, char **ret_domain)
{
	g_autofree char *written = g_strstrip(g_ascii_strdown(text, -1));
	bool below = wildcard && g_str_has_prefix(written, "*.");
	char *name = below ? written + 2 : written;
	g_autofree char *converted =
	    g_str_is_ascii(name) ? NULL : to_a_labels(name);

	if (converted != NULL)
		name = converted;
	if (g_str_has_suffix(name, "."))
		name[strlen(name) - 1] = '\0';
	if (strlen(name) > NAME_MAX_LENGTH || !is_domain(name))
		return SYNTAX_BAD;
	*ret_domain = g_strconcat(below ? "*." : "", name, NULL);
	return strcmp(*ret_domain, text) == 0 ? SYNTAX_OK : SYNTAX_TOLERATED;
}

bool syntax_domain_is_below(const char *name, const char *parent)
{
	size_t length = strlen(name);
	size_t below = strlen(parent);

	return below > 0 && length > below + 1 &&
	       name[length - below - 1] == '.' &&
	       g_str_has_suffix(name, parent);
}
