/* SPDX-License-Identifier: MIT */
/* The values inside a report: what comes out in canonical form is its own
 * canonical form. */
#include "base/syntax.h"
#include "document/policy_line.h"
#include "fuzz.h"

static void check_time(const char *text)
{
	char formatted[SYNTAX_TIME_SIZE], again[SYNTAX_TIME_SIZE];
	int64_t seconds = -1, same = -1;

	if (syntax_time(text, &seconds) == SYNTAX_BAD) {
		FUZZ_CHECK(seconds == -1);
		return;
	}
	FUZZ_CHECK(seconds >= 0);
	syntax_time_format(seconds, formatted);
	FUZZ_CHECK(strlen(formatted) == 20);
	FUZZ_CHECK(syntax_time(formatted, &same) == SYNTAX_OK);
	FUZZ_CHECK(same == seconds);
	syntax_time_format(same, again);
	FUZZ_CHECK(strcmp(formatted, again) == 0);
}

static void check_ip(const char *text)
{
	char ip[INET6_ADDRSTRLEN], again[INET6_ADDRSTRLEN];

	if (syntax_ip(text, ip) == SYNTAX_BAD)
		return;
	FUZZ_CHECK(syntax_ip(ip, again) == SYNTAX_OK);
	FUZZ_CHECK(strcmp(ip, again) == 0);
	/* PostgreSQL's inet takes neither. */
	FUZZ_CHECK(strpbrk(ip, "[]%/ ") == NULL);
}

static void check_domain(const char *text, bool wildcard)
{
	char *domain = NULL, *again = NULL;
	enum syntax_result result = syntax_domain(text, wildcard, &domain);

	FUZZ_CHECK((domain == NULL) == (result == SYNTAX_BAD));
	if (domain == NULL)
		return;
	FUZZ_CHECK((result == SYNTAX_OK) == (strcmp(text, domain) == 0));
	FUZZ_CHECK(syntax_domain(domain, wildcard, &again) == SYNTAX_OK);
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
	if (policy_line_mx_host(text, &part) != SYNTAX_BAD)
		check_trimmed(part);
	if (policy_line_mode(text, &part) != SYNTAX_BAD)
		check_trimmed(part);
	g_free(text);
	return 0;
}
