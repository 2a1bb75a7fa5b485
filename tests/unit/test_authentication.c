/* SPDX-License-Identifier: MIT */
/* Whether a report comes from who it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>

#include "assert_text.h"
#include "bare_config.h"
#include "intake/authentication.h"

static char *hosts[] = {"mx.example.com", NULL};

struct dkim_case {
	const char *field;
	const char *submitter;
	const char *result;
	const char *domain;
	bool authenticated;
};

static const struct dkim_case dkim_cases[] = {
    {"mx.example.com; dkim=pass header.d=google.com", "google.com", "pass",
	"google.com", true},
    {"mx.example.com; dkim=pass header.d=google.com", "mail.google.com", "pass",
	"google.com", true},
    {"mx.example.com; dkim=pass header.d=mail.google.com", "google.com", "pass",
	"mail.google.com", false},
    {"mx.example.com; dkim=pass header.d=com", "google.com", "pass", "com",
	false},
    {"mx.example.com; dkim=pass header.d=evilgoogle.com", "google.com", "pass",
	"evilgoogle.com", false},
    {"mx.example.com; dkim=pass header.d=evil.example; dkim=pass "
     "header.d=google.com",
	"google.com", "pass", "google.com", true},
    {"mx.example.com; dkim=fail header.d=google.com", "google.com", "fail",
	"google.com", false},
    {"mx.example.com; dkim=temperror header.d=google.com", "google.com", "fail",
	"google.com", false},
    {"other.example; dkim=pass header.d=google.com", "google.com", "none", NULL,
	false},
    {"mx.example.com; none", "google.com", "none", NULL, false},
    {";;;", "google.com", "none", NULL, false},
    {"mx.example.com; dkim=pass header.d=google.com", "", "pass", "google.com",
	false},
    /* A verifier may write U-labels (RFC 8616), or a final dot. */
    {"mx.example.com; dkim=pass header.d=b\xc3\xbc"
     "cher.example.",
	"xn--bcher-kva.example", "pass",
	"b\xc3\xbc"
	"cher.example.",
	true},
};

static void test_dkim(void **state)
{
	struct config config = bare_config();

	(void)state;
	config.authserv_ids = hosts;
	for (size_t i = 0; i < G_N_ELEMENTS(dkim_cases); i++) {
		const struct dkim_case *c = &dkim_cases[i];
		GPtrArray *fields = g_ptr_array_new();
		struct authentication dkim;

		g_ptr_array_add(fields, (char *)c->field);
		authentication_judge(&config, fields, c->submitter, &dkim);
		assert_string_equal(dkim.result, c->result);
		assert_text(dkim.domain, c->domain);
		assert_int_equal(dkim.authenticated, c->authenticated);
		g_free(dkim.domain);
		g_ptr_array_unref(fields);
	}
}

/* Several fields, the topmost first. */
struct order_case {
	const char *fields[4];
	const char *result;
	bool authenticated;
};

#define TRUE_PASS "mx.example.com; dkim=pass header.d=google.com"
#define TRUE_NONE "mx.example.com; dkim=none"

static const struct order_case order_cases[] = {
    /* What a verifier puts on top counts, whatever came with the message. */
    {{TRUE_NONE, TRUE_PASS}, "none", false},
    {{TRUE_PASS, TRUE_NONE}, "pass", true},
    {{"mx.example.com; dkim=pass header.d=evil.example", TRUE_PASS}, "pass",
	false},
    /* Another name, or another method, is no word on DKIM. */
    {{"other.example; dkim=none", TRUE_PASS}, "pass", true},
    {{"mx.example.com; spf=pass smtp.mailfrom=a@b.example", TRUE_PASS}, "pass",
	true},
    {{"mx.example.com; none", TRUE_PASS}, "pass", true},
    {{"OTHER.example; dkim=pass header.d=google.com"}, "none", false},
    /* One that can't be read is not stepped over. */
    {{"mx.example.com; dkim=fail header.i=\"@x", TRUE_PASS}, "none", false},
    {{"mx.example.com 1 (open", TRUE_PASS}, "none", false},
    {{"\"mx.example.com\"; ???", TRUE_PASS}, "none", false},
    {{"other.example; ???", TRUE_PASS}, "pass", true},
};

static void test_dkim_topmost(void **state)
{
	struct config config = bare_config();

	(void)state;
	config.authserv_ids = hosts;
	for (size_t i = 0; i < G_N_ELEMENTS(order_cases); i++) {
		const struct order_case *c = &order_cases[i];
		GPtrArray *fields = g_ptr_array_new();
		struct authentication dkim;

		for (size_t j = 0; c->fields[j] != NULL; j++)
			g_ptr_array_add(fields, (gpointer)c->fields[j]);
		authentication_judge(&config, fields, "google.com", &dkim);
		assert_string_equal(dkim.result, c->result);
		assert_int_equal(dkim.authenticated, c->authenticated);
		g_free(dkim.domain);
		g_ptr_array_unref(fields);
	}
}

static void test_dkim_without_fields(void **state)
{
	struct config config = bare_config();
	struct authentication dkim;

	(void)state;
	authentication_judge(&config, NULL, "google.com", &dkim);
	assert_string_equal(dkim.result, "none");
	assert_false(dkim.authenticated);
	g_free(dkim.domain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_dkim),
	    cmocka_unit_test(test_dkim_topmost),
	    cmocka_unit_test(test_dkim_without_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
