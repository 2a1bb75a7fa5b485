/* SPDX-License-Identifier: MIT */
/* Times, addresses, names and the lines of a policy, with what is near them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "base/syntax.h"
#include "document/policy_line.h"

struct time_row {
	const char *text;
	enum syntax_result result;
	int64_t seconds;
};

static const struct time_row times[] = {
    {"1970-01-01T00:00:00Z", SYNTAX_OK, 0},
    {"2024-06-01T00:00:00Z", SYNTAX_OK, 1717200000},
    {"2024-02-29T23:59:59Z", SYNTAX_OK, 1709251199},
    {"2000-02-29t00:00:00z", SYNTAX_OK, 951782400},
    {"9999-12-31T23:59:59Z", SYNTAX_OK, 253402300799},
    {"2024-06-01T00:00:00.999999999999Z", SYNTAX_OK, 1717200000},
    {"2024-06-01T02:00:00+02:00", SYNTAX_OK, 1717200000},
    {"2024-05-31T12:00:00-12:00", SYNTAX_OK, 1717200000},
    {"2024-06-01T00:00:00-00:00", SYNTAX_OK, 1717200000},
    {"2016-12-31T23:59:60Z", SYNTAX_OK, 1483228799},
    {"2017-01-01T05:29:60+05:30", SYNTAX_OK, 1483228799},
    {"1970-01-01T01:00:00+01:00", SYNTAX_OK, 0},

    {"2024-06-01T00:00:00", SYNTAX_WITHOUT_ZONE, 1717200000},
    {"2024-06-01 00:00", SYNTAX_WITHOUT_ZONE, 1717200000},
    {"2024-06-01T00:00:00.5 ", SYNTAX_WITHOUT_ZONE, 1717200000},

    {"2024-06-01 00:00:00Z", SYNTAX_TOLERATED, 1717200000},
    {" 2024-06-01T00:00:00Z", SYNTAX_TOLERATED, 1717200000},
    {"2024-06-01T00:00:00Z\r\n", SYNTAX_TOLERATED, 1717200000},
    {"2024-06-01T00:00Z", SYNTAX_TOLERATED, 1717200000},
    {"2024-06-01T00:00:00,5Z", SYNTAX_TOLERATED, 1717200000},
    {"2024-06-01T02:00:00+0200", SYNTAX_TOLERATED, 1717200000},
    {"2024-06-01T02:00:00+02", SYNTAX_TOLERATED, 1717200000},
    {"2024-06-01 02:00:00.0 +0200 UTC", SYNTAX_TOLERATED, 1717200000},
    {"2024-06-01T00:00:00 UTC", SYNTAX_TOLERATED, 1717200000},
    {"2024-06-01T00:00:00GMT", SYNTAX_TOLERATED, 1717200000},
    {"2024-05-31T24:00:00Z", SYNTAX_TOLERATED, 1717200000},

    {"", SYNTAX_BAD, 0},
    {" ", SYNTAX_BAD, 0},
    {"2024", SYNTAX_BAD, 0},
    {"2024-06-01", SYNTAX_BAD, 0},
    {"2024-06-01T", SYNTAX_BAD, 0},
    {"2024-06-01T00", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:00.Z", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:00+", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:00+2", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:00+02:", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:00+24:00", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:00+02:60", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:00Zx", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:00ZZ", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:00 CET", SYNTAX_BAD, 0},
    {"2024-06-01x00:00:00Z", SYNTAX_BAD, 0},
    {"2024-02-30T00:00:00Z", SYNTAX_BAD, 0},
    {"2023-02-29T00:00:00Z", SYNTAX_BAD, 0},
    {"1900-02-29T00:00:00Z", SYNTAX_BAD, 0},
    {"2024-04-31T00:00:00Z", SYNTAX_BAD, 0},
    {"2024-00-01T00:00:00Z", SYNTAX_BAD, 0},
    {"2024-13-01T00:00:00Z", SYNTAX_BAD, 0},
    {"2024-06-00T00:00:00Z", SYNTAX_BAD, 0},
    {"2024-06-01T24:00:01Z", SYNTAX_BAD, 0},
    {"2024-06-01T25:00:00Z", SYNTAX_BAD, 0},
    {"2024-06-01T00:60:00Z", SYNTAX_BAD, 0},
    {"2024-06-01T00:00:61Z", SYNTAX_BAD, 0},
    {"2024-06-01T12:00:60Z", SYNTAX_BAD, 0},
    {"1969-12-31T23:59:59Z", SYNTAX_BAD, 0},
    {"1970-01-01T00:00:00+00:01", SYNTAX_BAD, 0},
    {"9999-12-31T23:59:59-00:01", SYNTAX_BAD, 0},
    {"+2024-06-01T00:00:00Z", SYNTAX_BAD, 0},
    {"20240601T000000Z", SYNTAX_BAD, 0},
    {"2024-W22-6T00:00:00Z", SYNTAX_BAD, 0},
    {"1717200000", SYNTAX_BAD, 0},
    {"tomorrow", SYNTAX_BAD, 0},
};

static void test_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		int64_t seconds = -1;
		enum syntax_result result =
		    syntax_time(times[i].text, &seconds);

		if (result != times[i].result)
			fail_msg("%s: %d", times[i].text, (int)result);
		assert_int_equal(
		    seconds, result == SYNTAX_BAD ? -1 : times[i].seconds);
	}
}

/* Every prefix of a good time is read within its bounds. */
static void test_time_cut_short(void **state)
{
	static const char text[] = "2024-06-01 02:00:00.25 +02:00 UTC ";

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		char *cut = g_strndup(text, i);
		int64_t seconds;

		(void)syntax_time(cut, &seconds);
		g_free(cut);
	}
}

/* Each day to 2105, and what glibc makes of it. */
static void test_time_format(void **state)
{
	(void)state;
	for (int64_t at = 86399; at < INT64_C(1) << 32; at += 86400) {
		char text[SYNTAX_TIME_SIZE], wanted[32];
		time_t clock = at;
		struct tm tm;
		int64_t back;

		syntax_time_format(at, text);
		gmtime_r(&clock, &tm);
		strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%SZ", &tm);
		assert_string_equal(text, wanted);
		assert_int_equal(syntax_time(text, &back), SYNTAX_OK);
		assert_int_equal(back, at);
	}
}

static void test_time_format_clamps(void **state)
{
	char text[SYNTAX_TIME_SIZE];

	(void)state;
	syntax_time_format(INT64_MIN, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	syntax_time_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

struct text_row {
	const char *text;
	enum syntax_result result;
	const char *value;
};

static const struct text_row addresses[] = {
    {"192.0.2.1", SYNTAX_OK, "192.0.2.1"},
    {"2001:db8::1", SYNTAX_OK, "2001:db8::1"},
    {"2001:0DB8:0:0:0:0:0:1", SYNTAX_OK, "2001:db8::1"},
    {"::", SYNTAX_OK, "::"},
    {" 192.0.2.1\r\n", SYNTAX_TOLERATED, "192.0.2.1"},
    {"[192.0.2.1]", SYNTAX_TOLERATED, "192.0.2.1"},
    {"[ 2001:db8::1 ]", SYNTAX_TOLERATED, "2001:db8::1"},
    {"[IPv6:2001:db8::1]", SYNTAX_TOLERATED, "2001:db8::1"},
    {"ipv6: 2001:db8::1", SYNTAX_TOLERATED, "2001:db8::1"},
    {"::ffff:192.0.2.1", SYNTAX_OK, "192.0.2.1"},
    {"[IPv6:::FFFF:c000:0201]", SYNTAX_TOLERATED, "192.0.2.1"},
    {"::fffe:192.0.2.1", SYNTAX_OK, "::fffe:c000:201"},
    {"fe80::1%eth0", SYNTAX_TOLERATED, "fe80::1"},
    {"[fe80::1%25eth0]", SYNTAX_TOLERATED, "fe80::1"},
    {"", SYNTAX_BAD, NULL},
    {"[]", SYNTAX_BAD, NULL},
    {"[", SYNTAX_BAD, NULL},
    {"]", SYNTAX_BAD, NULL},
    {"x.x.x.x", SYNTAX_BAD, NULL},
    {"192.0.2", SYNTAX_BAD, NULL},
    {"192.0.2.256", SYNTAX_BAD, NULL},
    {"192.000.002.001", SYNTAX_BAD, NULL},
    {"192.0.2.1:25", SYNTAX_BAD, NULL},
    {"192.0.2.1%eth0", SYNTAX_BAD, NULL},
    {"10.0.0.1/8", SYNTAX_BAD, NULL},
    {"2001:db8::/32", SYNTAX_BAD, NULL},
    {"[[192.0.2.1]]", SYNTAX_BAD, NULL},
    {"192.0.2.1, 192.0.2.2", SYNTAX_BAD, NULL},
    {"mx.example.com", SYNTAX_BAD, NULL},
    {"IPv6:", SYNTAX_BAD, NULL},
    {"%", SYNTAX_BAD, NULL},
};

static void test_ip(void **state)
{
	char *many = g_strnfill(100000, ' ');

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
		char ip[INET6_ADDRSTRLEN] = "untouched";
		enum syntax_result result = syntax_ip(addresses[i].text, ip);

		if (result != addresses[i].result)
			fail_msg("%s: %d", addresses[i].text, (int)result);
		assert_string_equal(ip,
		    result == SYNTAX_BAD ? "untouched" : addresses[i].value);
	}
	assert_int_equal(syntax_ip(many, many), SYNTAX_BAD);
	g_free(many);
}

static const struct text_row domains[] = {
    {"example.com", SYNTAX_OK, "example.com"},
    {"xn--bcher-kva.example", SYNTAX_OK, "xn--bcher-kva.example"},
    {"_dmarc.example.com", SYNTAX_OK, "_dmarc.example.com"},
    {"localhost", SYNTAX_OK, "localhost"},
    {"EXAMPLE.Com", SYNTAX_TOLERATED, "example.com"},
    {"example.com.", SYNTAX_TOLERATED, "example.com"},
    {" example.com\t", SYNTAX_TOLERATED, "example.com"},
    {"", SYNTAX_BAD, NULL},
    {".", SYNTAX_BAD, NULL},
    {" . ", SYNTAX_BAD, NULL},
    {"example..com", SYNTAX_BAD, NULL},
    {".example.com", SYNTAX_BAD, NULL},
    {"example.com..", SYNTAX_BAD, NULL},
    {"exam ple.com", SYNTAX_BAD, NULL},
    {"b\xc3\xbc"
     "cher.example",
	SYNTAX_TOLERATED, "xn--bcher-kva.example"},
    {" B\xc3\x9c"
     "CHER.Example. ",
	SYNTAX_TOLERATED, "xn--bcher-kva.example"},
    {"u\xcc\x88"
     "ber.example",
	SYNTAX_TOLERATED, "xn--ber-goa.example"},
    {"_smtp.b\xc3\xbc"
     "cher.example",
	SYNTAX_TOLERATED, "_smtp.xn--bcher-kva.example"},
    {"b\xc3\xbc"
     "cher\xe3\x80\x82"
     "example\xe3\x80\x82",
	SYNTAX_TOLERATED, "xn--bcher-kva.example"},
    {"b\xfc"
     "cher.example",
	SYNTAX_BAD, NULL},
    {"b\xc3\xbc"
     "cher..example",
	SYNTAX_BAD, NULL},
    {"b\xc3\xbc cher.example", SYNTAX_BAD, NULL},
    {"\xe2\x80\xae"
     "elpmaxe.example",
	SYNTAX_BAD, NULL},
    {"user@example.com", SYNTAX_BAD, NULL},
    {"*.example.com", SYNTAX_BAD, NULL},
    {"example.com\x01", SYNTAX_BAD, NULL},
};

static void test_domain(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(domains); i++) {
		char *domain = NULL;
		enum syntax_result result =
		    syntax_domain(domains[i].text, false, &domain);

		if (result != domains[i].result)
			fail_msg("%s: %d", domains[i].text, (int)result);
		if (result == SYNTAX_BAD)
			assert_null(domain);
		else
			assert_string_equal(domain, domains[i].value);
		g_free(domain);
	}
}

/* Labels of 63 bytes and names of 253 are the last that are one. */
static void test_domain_bounds(void **state)
{
	char *label = g_strnfill(63, 'a');
	char *name =
	    g_strconcat(label, ".", label, ".", label, ".", label + 2, NULL);
	char *long_name = g_strconcat("b", name, NULL);
	char *long_label = g_strconcat("b", label, NULL);
	char *domain = NULL;

	(void)state;
	assert_int_equal(strlen(name), 253);
	assert_int_equal(syntax_domain(label, false, &domain), SYNTAX_OK);
	g_free(domain);
	assert_int_equal(syntax_domain(name, false, &domain), SYNTAX_OK);
	g_free(domain);
	assert_int_equal(syntax_domain(long_label, false, &domain), SYNTAX_BAD);
	long_name[1] = '.';
	assert_int_equal(syntax_domain(long_name, false, &domain), SYNTAX_BAD);
	/* So does a text that is no name at all, however long it is. */
	g_free(long_name);
	long_name = g_strnfill(1 << 20, '\xbc');
	memset(long_name, '\xc3', 1);
	assert_int_equal(syntax_domain(long_name, false, &domain), SYNTAX_BAD);
	g_free(label);
	g_free(name);
	g_free(long_name);
	g_free(long_label);
}

static void test_wildcard(void **state)
{
	static const char *const bad[] = {
	    "*", "*.", "*.*.example.com", "a.*.example.com", "*example.com"};
	char *domain = NULL;

	(void)state;
	assert_int_equal(
	    syntax_domain("*.Example.com", true, &domain), SYNTAX_TOLERATED);
	assert_string_equal(domain, "*.example.com");
	g_free(domain);
	assert_int_equal(syntax_domain("*.b\xc3\xbc"
				       "cher.example",
			     true, &domain),
	    SYNTAX_TOLERATED);
	assert_string_equal(domain, "*.xn--bcher-kva.example");
	g_free(domain);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_int_equal(
		    syntax_domain(bad[i], true, &domain), SYNTAX_BAD);
}

static const struct text_row hosts[] = {
    {"mx.example.com", SYNTAX_OK, "mx.example.com"},
    {" *.MX.example.com. ", SYNTAX_OK, "*.mx.example.com"},
    {"mx: mx.example.com", SYNTAX_TOLERATED, "mx.example.com"},
    {" MX :*.example.com", SYNTAX_TOLERATED, "*.example.com"},
    {"mx:not a host\r", SYNTAX_TOLERATED, "not a host"},
    {"mx", SYNTAX_OK, "mx"},
    {"mx1.example.com:25", SYNTAX_OK, "mx1.example.com:25"},
    {"", SYNTAX_BAD, NULL},
    {" \t", SYNTAX_BAD, NULL},
    {"mx: ", SYNTAX_BAD, NULL},
};

static void test_mx_host(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
		char *host = NULL;
		enum syntax_result result =
		    policy_line_mx_host(hosts[i].text, &host);

		if (result != hosts[i].result)
			fail_msg("%s: %d", hosts[i].text, (int)result);
		if (result == SYNTAX_BAD)
			assert_null(host);
		else
			assert_string_equal(host, hosts[i].value);
		g_free(host);
	}
}

static const struct text_row modes[] = {
    {"mode: enforce", SYNTAX_OK, "enforce"},
    {"mode:testing", SYNTAX_OK, "testing"},
    {"  Mode :\tNONE \r", SYNTAX_OK, "none"},
    {"version: STSv1  mode: enforce  mx: mx.example.com  ", SYNTAX_OK,
	"enforce"},
    {"version:STSv1;mode:testing;max_age:1", SYNTAX_OK, "testing"},
    {"version: STSv1\\r\\nmode: none\\r\\nmax_age: 1", SYNTAX_OK, "none"},
    {"mx: mode.example.com mode: enforce", SYNTAX_OK, "enforce"},
    {"mx: a.mode mx: xmode:none", SYNTAX_BAD, NULL},
    {"mode:", SYNTAX_BAD, NULL},
    {"mode: ", SYNTAX_BAD, NULL},
    {"mode", SYNTAX_BAD, NULL},
    {"modes: enforce", SYNTAX_BAD, NULL},
    {"max_age: 1", SYNTAX_BAD, NULL},
    {"", SYNTAX_BAD, NULL},
};

static void test_sts_mode(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		char *mode = NULL;
		enum syntax_result result =
		    policy_line_mode(modes[i].text, &mode);

		if (result != modes[i].result)
			fail_msg("%s: %d", modes[i].text, (int)result);
		if (result == SYNTAX_BAD)
			assert_null(mode);
		else
			assert_string_equal(mode, modes[i].value);
		g_free(mode);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_time_cut_short),
	    cmocka_unit_test(test_time_format),
	    cmocka_unit_test(test_time_format_clamps),
	    cmocka_unit_test(test_ip),
	    cmocka_unit_test(test_domain),
	    cmocka_unit_test(test_domain_bounds),
	    cmocka_unit_test(test_wildcard),
	    cmocka_unit_test(test_mx_host),
	    cmocka_unit_test(test_sts_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
