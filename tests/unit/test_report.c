/* SPDX-License-Identifier: MIT */
/* The model: who sent a report, what it is about, and what makes it the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "base/digest.h"
#include "document/identity.h"
#include "document/report.h"

static struct report *make_report(void)
{
	struct report *report = report_new();
	struct report_policy *policy = report_add_policy(report);

	report->organization_name = g_strdup("Example Sender");
	report->contact_info = g_strdup("tlsrpt@Sender.Example");
	report->report_id = g_strdup("id-1");
	report->start_datetime = 1717200000;
	report->end_datetime = 1717286399;
	policy->policy_domain = g_strdup("example.com");
	return report;
}

static void set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

static void add_domain(struct report *report, const char *domain)
{
	report_add_policy(report)->policy_domain = g_strdup(domain);
}

static void test_free_takes_null(void **state)
{
	(void)state;
	report_free(NULL);
	report_free(report_new());
}

/* The list is closed, sorted, without repeats, and every entry says all. */
static void test_anomalies(void **state)
{
	static const char *const anomalies[ANOMALY_COUNT][3] = {
#define X(constant, name, clause, meaning) {name, clause, meaning},
#include "document/anomalies.def"
#undef X
	};

	(void)state;
	for (guint i = 0; i < ANOMALY_COUNT; i++) {
		const char *name = anomalies[i][0];

		assert_string_equal(anomaly_name(i), name);

		assert_int_equal(
		    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
		    strlen(name));
		assert_memory_equal(anomalies[i][1], "RFC ", 4);
		assert_true(*anomalies[i][2] != '\0');
		if (i > 0)
			assert_true(strcmp(anomaly_name(i - 1), name) < 0);
	}
}

static void test_note(void **state)
{
	struct report *report = report_new();

	(void)state;
	report_note(report, 0);
	report_note(report, ANOMALY_COUNT - 1);
	report_note(report, 0);
	assert_true(
	    report->anomalies == (1 | UINT64_C(1) << (ANOMALY_COUNT - 1)));
	report_free(report);
}

static void check_completed(const char *header, const char *filename,
    const char *domain, enum anomaly anomaly)
{
	struct report *report = make_report();
	struct report_policy *policy = report_add_policy(report);
	struct report_policy *first = g_ptr_array_index(report->policies, 0);

	report_complete(report, header, filename);
	assert_string_equal(first->policy_domain, "example.com");
	if (domain == NULL)
		assert_null(policy->policy_domain);
	else
		assert_string_equal(policy->policy_domain, domain);
	/* The first policy is about example.com. */
	assert_true(
	    report->anomalies ==
	    (UINT64_C(1) << anomaly |
		(domain != NULL ? UINT64_C(1) << ANOMALY_REPORT_DOMAIN_MISMATCH
				: 0)));
	assert_string_equal(
	    report->report_domain, domain != NULL ? domain : "example.com");
	report_free(report);
}

static void test_complete(void **state)
{
	const enum anomaly header = ANOMALY_POLICY_DOMAIN_FROM_HEADER;
	const enum anomaly filename = ANOMALY_POLICY_DOMAIN_FROM_FILENAME;
	const enum anomaly missing = ANOMALY_POLICY_DOMAIN_MISSING;

	(void)state;
	check_completed(
	    " H.example.", "s!f.example!1!2.json", "h.example", header);
	check_completed(NULL, "s!F.example!1!2.json.gz", "f.example", filename);
	check_completed(
	    NULL, "a!b/s!f.example!1!2!u.json", "f.example", filename);
	check_completed("a b", "s!f.example!1!2", "f.example", filename);
	check_completed("", "", NULL, missing);
	check_completed(NULL, "s!f.example.json", NULL, missing);
	check_completed(NULL, "s!!1!2.json", NULL, missing);
	check_completed(NULL, "s!a b!1!2.json", NULL, missing);
	check_completed(NULL, NULL, NULL, missing);
}

static void test_complete_leaves_complete_alone(void **state)
{
	struct report *report = make_report();

	(void)state;
	report_complete(report, NULL, NULL);
	assert_true(report->anomalies == 0);
	report_free(report);
}

static void check_report_domain(const char *header, const char *filename,
    const char *type, const char *policy_domain, const char *expected,
    bool mismatch)
{
	struct report *report = report_new();
	struct report_policy *policy = report_add_policy(report);

	policy->policy_type = g_strdup(type);
	policy->policy_domain = g_strdup(policy_domain);
	report_complete(report, header, filename);
	assert_string_equal(report->report_domain, expected);
	assert_int_equal(report->anomalies != 0, mismatch);
	report_free(report);
}

/* A TLSA policy's domain may be anybody's host, and says nothing against. */
static void test_report_domain(void **state)
{
	const char *name = "s!f.example!1!2.json";

	(void)state;
	check_report_domain(
	    "F.example.", name, "sts", "f.example", "f.example", false);
	check_report_domain(
	    NULL, name, "no-policy-found", "f.example", "f.example", false);
	check_report_domain(NULL, NULL, "sts", "p.example", "p.example", false);
	check_report_domain(
	    NULL, NULL, "tlsa", "mx.p.example", "mx.p.example", false);
	check_report_domain(
	    "f.example", name, "tlsa", "mx.p.example", "f.example", false);
	check_report_domain(
	    "h.example", name, "tlsa", "mx.p.example", "h.example", true);
	check_report_domain(
	    "h.example", NULL, "sts", "p.example", "h.example", true);
	check_report_domain(NULL, name, "sts", "p.example", "f.example", true);
	check_report_domain(
	    "a b", name, "sts", "f.example", "f.example", false);
}

static void test_no_report_domain(void **state)
{
	struct report *report = report_new();

	(void)state;
	report_complete(report, "", "report.json");
	assert_null(report->report_domain);
	report_free(report);
	report = make_report();
	report_add_policy(report)->policy_domain = g_strdup("other.example");
	report_complete(report, NULL, NULL);
	assert_null(report->report_domain);
	report_free(report);
}

static void test_submitter(void **state)
{
	static const struct {
		const char *contact, *from, *organization, *submitter;
	} rows[] = {
	    {"a@Sender.Example", "x.example", "O", "sender.example"},
	    {"mailto:a@sender.example?subject=x", NULL, "O", "sender.example"},
	    {"TLS Team <a@sender.example.>", NULL, "O", "sender.example"},
	    {"a@b@sender.example", NULL, "O", "sender.example"},
	    {"https://sender.example/", "X.example.", "O", "x.example"},
	    {"a@", "x.example", "O", "x.example"},
	    {"@", NULL, "O", "O"},
	    {"a@[192.0.2.1]", "x.example", "O", "x.example"},
	    {NULL, "Not A Domain", "O", "not a domain"},
	    {NULL, "", "Example Sender", "Example Sender"},
	    {NULL, NULL, NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct report *report = make_report();
		char *submitter;

		set(&report->contact_info, rows[i].contact);
		set(&report->organization_name, rows[i].organization);
		submitter = identity_submitter(report, rows[i].from);
		assert_string_equal(submitter, rows[i].submitter);
		g_free(submitter);
		report_free(report);
	}
}

static void test_policy_domains(void **state)
{
	struct report *report = make_report();
	GPtrArray *domains;

	(void)state;
	add_domain(report, "b.example");
	add_domain(report, NULL);
	add_domain(report, "a.example");
	add_domain(report, "b.example");
	add_domain(report, "example.com");
	domains = identity_policy_domains(report);
	assert_int_equal(domains->len, 3);
	assert_string_equal(g_ptr_array_index(domains, 0), "a.example");
	assert_string_equal(g_ptr_array_index(domains, 1), "b.example");
	assert_string_equal(g_ptr_array_index(domains, 2), "example.com");
	g_ptr_array_unref(domains);
	report_free(report);
}

/* The key by which the database tells reports apart never changes. */
static void test_identity_is_fixed(void **state)
{
	struct report *report = make_report();
	uint8_t identity[DIGEST_SIZE], wanted[DIGEST_SIZE];
	GByteArray *bytes = g_byte_array_new();
	static const char *const parts[] = {"sender.example", "Example Sender",
	    "id-1", "2024-06-01T00:00:00Z", "2024-06-01T23:59:59Z",
	    "example.com"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		uint8_t prefix[8] = {0};

		prefix[7] = (uint8_t)strlen(parts[i]);
		g_byte_array_append(bytes, prefix, 8);
		g_byte_array_append(
		    bytes, (const guint8 *)parts[i], (guint)strlen(parts[i]));
	}
	digest_of(bytes->data, bytes->len, wanted);
	identity_digest(report, "sender.example", identity);
	assert_memory_equal(identity, wanted, sizeof(wanted));
	g_byte_array_unref(bytes);
	report_free(report);
}

static bool same(
    const struct report *a, const struct report *b, const char *submitter)
{
	uint8_t one[DIGEST_SIZE], other[DIGEST_SIZE];

	identity_digest(a, "sender.example", one);
	identity_digest(b, submitter, other);
	return memcmp(one, other, sizeof(one)) == 0;
}

static void test_identity_tells_apart(void **state)
{
	struct report *a = make_report();
	struct report *b = make_report();

	(void)state;
	assert_true(same(a, b, "sender.example"));
	assert_false(same(a, b, "other.example"));
	set(&b->contact_info, "other@sender.example");
	b->anomalies = 1;
	assert_true(same(a, b, "sender.example"));
	b->start_datetime++;
	assert_false(same(a, b, "sender.example"));
	b->start_datetime--;
	b->end_datetime++;
	assert_false(same(a, b, "sender.example"));
	b->end_datetime--;
	add_domain(b, "example.com");
	assert_true(same(a, b, "sender.example"));
	add_domain(b, "example.net");
	assert_false(same(a, b, "sender.example"));
	add_domain(a, "example.net");
	assert_true(same(a, b, "sender.example"));
	/* No border between two texts can be moved. */
	set(&b->organization_name, "Example Senderi");
	set(&b->report_id, "d-1");
	assert_false(same(a, b, "sender.example"));
	report_free(a);
	report_free(b);
}

/* Where the document names no submitter, only its content counts. */
static void test_identity_by_content(void **state)
{
	static const char *const contacts[] = {NULL, "ask us", "a@"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(contacts); i++) {
		struct report *a = make_report();
		struct report *b = make_report();

		set(&a->contact_info, contacts[i]);
		set(&b->contact_info, contacts[i]);
		assert_true(same(a, b, "list.example"));
		assert_true(same(a, b, ""));
		b->content_sha256[0] ^= 1;
		assert_false(same(a, b, "sender.example"));
		report_free(a);
		report_free(b);
	}
}

static void test_counts(void **state)
{
	struct report *report = make_report();
	struct report_policy *policy = g_ptr_array_index(report->policies, 0);

	(void)state;
	assert_int_equal(report_failure_count(report), 0);
	assert_int_equal(report_session_count(report), 0);
	policy->total_successful_session_count = 5;
	policy->total_failure_session_count = 7;
	report_add_failure(policy)->failed_session_count = 100;
	policy = report_add_policy(report);
	policy->total_successful_session_count = 11;
	report_add_failure(policy);
	report_add_failure(policy);
	assert_int_equal(report_failure_count(report), 3);
	assert_int_equal(report_session_count(report), 23);
	policy->total_failure_session_count = INT64_MAX - 23;
	assert_true(report_session_count(report) == INT64_MAX);
	policy->total_failure_session_count = INT64_MAX;
	assert_true(report_session_count(report) == INT64_MAX);
	report_free(report);
}

static void test_result_types(void **state)
{
	(void)state;
	assert_true(report_result_type_known("dane-required"));
	assert_true(report_result_type_known("sts-webpki-invalid"));
	assert_false(report_result_type_known("Dane-Required"));
	assert_false(report_result_type_known(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_free_takes_null),
	    cmocka_unit_test(test_anomalies),
	    cmocka_unit_test(test_note),
	    cmocka_unit_test(test_complete),
	    cmocka_unit_test(test_complete_leaves_complete_alone),
	    cmocka_unit_test(test_report_domain),
	    cmocka_unit_test(test_no_report_domain),
	    cmocka_unit_test(test_submitter),
	    cmocka_unit_test(test_policy_domains),
	    cmocka_unit_test(test_identity_is_fixed),
	    cmocka_unit_test(test_identity_tells_apart),
	    cmocka_unit_test(test_identity_by_content),
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_result_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
