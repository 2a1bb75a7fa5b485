/* SPDX-License-Identifier: MIT */
/* The values inside a report: what comes out in canonical form is its own
 * canonical form. */
#include "fuzz.h"
#include "value.h"

static void check_time(const char *text)
{
	char formatted[VALUE_TIME_SIZE], again[VALUE_TIME_SIZE];
	int64_t seconds = -1, same = -1;

	if (value_time(text, &seconds) == VALUE_BAD) {
		FUZZ_CHECK(seconds == -1);
		return;
	}
	FUZZ_CHECK(seconds >= 0);
	value_time_format(seconds, formatted);
	FUZZ_CHECK(strlen(formatted) == 20);
	FUZZ_CHECK(value_time(formatted, &same) == VALUE_OK);
	FUZZ_CHECK(same == seconds);
	value_time_format(same, again);
	FUZZ_CHECK(strcmp(formatted, again) == 0);
}

static void check_ip(const char *text)
{
	char ip[INET6_ADDRSTRLEN], again[INET6_ADDRSTRLEN];

	if (value_ip(text, ip) == VALUE_BAD)
		return;
	FUZZ_CHECK(value_ip(ip, again) == VALUE_OK);
	FUZZ_CHECK(strcmp(ip, again) == 0);
	/* PostgreSQL's inet takes neither. */
	FUZZ_CHECK(strpbrk(ip, "[]%/ ") == NULL);
}

static void check_domain(const char *text, bool wildcard)
{
	char *domain = NULL, *again = NULL;
	enum value_result result = value_domain(text, wildcard, &domain);

	FUZZ_CHECK((domain == NULL) == (result == VALUE_BAD));
	if (domain == NULL)
		return;
	FUZZ_CHECK((result == VALUE_OK) == (strcmp(text, domain) == 0));
	FUZZ_CHECK(value_domain(domain, wildcard, &again) == VALUE_OK);
	FUZZ_CHECK(strcmp(domain, again) == 0);
	FUZZ_CHECK(wildcard || strchr(domain, '*') == NULL);
	g_free(domain);
	g_free(again);
}

static void check_trimmed(char *text)
{
	FUZZ_CHECK(*text != '\0');
	FUZZ_CHECK(!g_ascii_isspace(*text));
	FUZZ_CHECK(!g_ascii_isspace(text[strlen(text) - 1]));
	g_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = fuzz_string(bytes, length);
	char *part = NULL;

	check_time(text);
	check_ip(text);
	check_domain(text, false);
	check_domain(text, true);
	if (value_mx_host(text, &part) != VALUE_BAD)
		check_trimmed(part);
	if (value_sts_mode(text, &part) != VALUE_BAD)
		check_trimmed(part);
	g_free(text);
	return 0;
}
