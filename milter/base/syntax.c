/* SPDX-License-Identifier: MIT */
/*
 * The shapes are checked by hand and to the last byte: strptime(3) accepts
 * 30 February, and PostgreSQL accepts "tomorrow" and "10.0.0.1/8". A value
 * that leaves here is canonical, so that nothing downstream has to parse
 * foreign text again.
 */
#include "base/syntax.h"

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <time.h>

/* RFC 1035 section 2.3.4, without the root label. */
#define LABEL_MAX 63
#define NAME_MAX_LENGTH 253

#define SECONDS_PER_DAY INT64_C(86400)
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* A date-time while it is being read, and how unusual it has been so far. */
struct civil {
	struct tm tm;
	int offset; /* seconds east of UTC */
	bool zone;
	bool unusual;
};

static const char *skip_blanks(const char *text)
{
	while (g_ascii_isspace(*text))
		text++;
	return text;
}

/* Reads exactly count digits. NULL when they are not there. */
static const char *take_digits(const char *text, int count, int *ret_number)
{
	int number = 0;

	for (int i = 0; i < count; i++) {
		if (!g_ascii_isdigit(text[i]))
			return NULL;
		number = number * 10 + (text[i] - '0');
	}
	*ret_number = number;
	return text + count;
}

static const char *take_byte(const char *text, char byte)
{
	return text != NULL && *text == byte ? text + 1 : NULL;
}

/* Whether a day is in the calendar: timegm(3) makes 1 March of 30 February. */
static bool is_date(const struct tm *tm)
{
	struct tm copy = *tm;

	(void)timegm(&copy);
	return copy.tm_mday == tm->tm_mday && copy.tm_mon == tm->tm_mon;
}

/* full-date of RFC 3339. */
static const char *take_date(const char *text, struct tm *tm)
{
	text = take_digits(text, 4, &tm->tm_year);
	text = take_byte(text, '-');
	if (text != NULL)
		text = take_digits(text, 2, &tm->tm_mon);
	text = take_byte(text, '-');
	if (text != NULL)
		text = take_digits(text, 2, &tm->tm_mday);
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return text != NULL && is_date(tm) ? text : NULL;
}

static const char *take_fraction(const char *text, struct civil *civil)
{
	if (*text != '.' && *text != ',')
		return text;
	civil->unusual |= *text == ',';
	text++;
	if (!g_ascii_isdigit(*text))
		return NULL;
	while (g_ascii_isdigit(*text))
		text++;
	return text;
}

/* partial-time of RFC 3339, the seconds optional. */
static const char *take_clock(const char *text, struct civil *civil)
{
	text = take_digits(text, 2, &civil->tm.tm_hour);
	text = take_byte(text, ':');
	if (text != NULL)
		text = take_digits(text, 2, &civil->tm.tm_min);
	if (text == NULL)
		return NULL;
	if (*text == ':')
		text = take_digits(text + 1, 2, &civil->tm.tm_sec);
	else
		civil->unusual = true;
	if (text == NULL || civil->tm.tm_min > 59 || civil->tm.tm_sec > 60)
		return NULL;
	if (civil->tm.tm_hour == 24 && civil->tm.tm_min == 0 &&
	    civil->tm.tm_sec == 0)
		civil->unusual = true; /* ISO 8601's end of the day */
	else if (civil->tm.tm_hour > 23)
		return NULL;
	return take_fraction(text, civil);
}

/* "UTC" or "GMT", after blanks. Returns text itself when there is neither. */
static const char *take_zone_name(const char *text, struct civil *civil)
{
	const char *name = skip_blanks(text);

	if (g_ascii_strncasecmp(name, "UTC", 3) != 0 &&
	    g_ascii_strncasecmp(name, "GMT", 3) != 0)
		return text;
	civil->zone = true;
	civil->unusual = true;
	return name + 3;
}

static const char *take_offset(const char *text, struct civil *civil)
{
	int sign = *text == '-' ? -1 : 1;
	int hours = 0, minutes = 0;

	text = take_digits(text + 1, 2, &hours);
	if (text == NULL)
		return NULL;
	if (*text == ':') {
		text = take_digits(text + 1, 2, &minutes);
	} else {
		civil->unusual = true;
		if (g_ascii_isdigit(*text))
			text = take_digits(text, 2, &minutes);
	}
	if (text == NULL || hours > 23 || minutes > 59)
		return NULL;
	civil->offset = sign * (hours * 3600 + minutes * 60);
	civil->zone = true;
	return take_zone_name(text, civil);
}

/* time-offset of RFC 3339, which may be missing. */
static const char *take_zone(const char *text, struct civil *civil)
{
	const char *zone = skip_blanks(text);

	if (*zone == '\0')
		return text;
	civil->unusual |= zone != text;
	if (*zone == 'Z' || *zone == 'z') {
		civil->zone = true;
		return zone + 1;
	}
	if (*zone == '+' || *zone == '-')
		return take_offset(zone, civil);
	return take_zone_name(zone, civil);
}

/* False for a leap second that does not end a UTC day, and out of range. */
static bool count_seconds(const struct civil *civil, int64_t *ret_seconds)
{
	bool leap = civil->tm.tm_sec == 60;
	struct tm tm = civil->tm;
	int64_t seconds;

	tm.tm_sec -= leap;
	seconds = timegm(&tm) - civil->offset;
	if (seconds < 0 || seconds > LAST_SECOND)
		return false;
	if (leap && seconds % SECONDS_PER_DAY != SECONDS_PER_DAY - 1)
		return false;
	*ret_seconds = seconds;
	return true;
}

enum syntax_result syntax_time(const char *text, int64_t *ret_seconds)
{
	struct civil civil = {0};
	const char *end = skip_blanks(text);

	civil.unusual = end != text;
	end = take_date(end, &civil.tm);
	if (end == NULL)
		return SYNTAX_BAD;
	if (*end == 'T' || *end == 't')
		end++;
	else if (!g_ascii_isspace(*end))
		return SYNTAX_BAD;
	civil.unusual |= g_ascii_isspace(*end);
	end = skip_blanks(end);
	end = take_clock(end, &civil);
	if (end != NULL)
		end = take_zone(end, &civil);
	if (end == NULL)
		return SYNTAX_BAD;
	civil.unusual |= g_ascii_isspace(*end);
	if (*skip_blanks(end) != '\0' || !count_seconds(&civil, ret_seconds))
		return SYNTAX_BAD;
	if (!civil.zone)
		return SYNTAX_WITHOUT_ZONE;
	return civil.unusual ? SYNTAX_TOLERATED : SYNTAX_OK;
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

enum syntax_result syntax_ip(const char *text, char ret_ip[INET6_ADDRSTRLEN])
{
	struct in6_addr address;
	char *copy, *bare;
	enum syntax_result result = SYNTAX_BAD;
	int family;

	/* A longer text is not an address, whatever stands around it. */
	if (strlen(text) > 256)
		return SYNTAX_BAD;
	copy = g_strdup(text);
	bare = unwrap_ip(copy);
	family = strchr(bare, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(family, bare, &address) == 1 &&
	    inet_ntop(family, &address, ret_ip, INET6_ADDRSTRLEN) != NULL)
		result = strcmp(bare, text) == 0 ? SYNTAX_OK : SYNTAX_TOLERATED;
	g_free(copy);
	return result;
}

static bool is_domain(const char *name, size_t length)
{
	size_t label = 0;

	if (length == 0 || length > NAME_MAX_LENGTH)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (name[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (g_ascii_isalnum(name[i]) || name[i] == '-' ||
			   name[i] == '_') {
			if (++label > LABEL_MAX)
				return false;
		} else {
			return false;
		}
	}
	return label > 0;
}

enum syntax_result syntax_domain(
    const char *text, bool wildcard, char **ret_domain)
{
	const char *start = skip_blanks(text);
	size_t length = strlen(start);
	size_t prefix;
	char *domain;

	while (length > 0 && g_ascii_isspace(start[length - 1]))
		length--;
	if (length > 0 && start[length - 1] == '.')
		length--;
	prefix = wildcard && length > 2 && strncmp(start, "*.", 2) == 0 ? 2 : 0;
	if (!is_domain(start + prefix, length - prefix))
		return SYNTAX_BAD;
	domain = g_ascii_strdown(start, (gssize)length);
	*ret_domain = domain;
	return strcmp(domain, text) == 0 ? SYNTAX_OK : SYNTAX_TOLERATED;
}

bool syntax_domain_is_below(const char *name, const char *parent)
{
	size_t name_length = strlen(name);
	size_t parent_length = strlen(parent);

	return parent_length > 0 && name_length > parent_length + 1 &&
	       name[name_length - parent_length - 1] == '.' &&
	       strcmp(name + name_length - parent_length, parent) == 0;
}
