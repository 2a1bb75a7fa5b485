/* SPDX-License-Identifier: MIT */
/*
 * The order is: what one look at the bytes can refuse (UTF-16, depth), then
 * jansson under a budget, then limits that need the tree, then the model member
 * by member, and last the document written down again. A document is parsed
 * once, and a tree never outlives the call.
 */
#include "report_json.h"

#include <string.h>

#include "budget.h"
#include "digest.h"
#include "field.h"
#include "json_scan.h"
#include "json_tree.h"
#include "value.h"

/* No report is older than the RFC's own example, which is of April 2016. */
#define EARLIEST_START INT64_C(1451606400)
#define EARLIEST_START_TEXT "2016-01-01"
#define LATEST_START (INT64_C(2) * 24 * 60 * 60) /* after it was received */

void report_json_init(void)
{
	budget_init();
	json_tree_init();
}

size_t report_json_budget(const struct limits *limits)
{
	return limits->parse_memory / 2;
}

static bool read_failure(struct field_reader *reader,
    const struct field_path *path, const struct json_tree *object,
    struct report_failure *failure)
{
	bool ok =
	    field_word(reader, path, object, "result-type",
		REPORT_ANOMALY_RESULT_TYPE_MISSING, &failure->result_type) &&
	    field_ip(reader, path, object, "sending-mta-ip",
		&failure->sending_mta_ip) &&
	    field_host(reader, path, object, "receiving-mx-hostname",
		&failure->receiving_mx_hostname) &&
	    field_text(reader, path, object, "receiving-mx-helo",
		FIELD_OPTIONAL, &failure->receiving_mx_helo) &&
	    field_ip(
		reader, path, object, "receiving-ip", &failure->receiving_ip) &&
	    field_count(reader, path, object, "failed-session-count",
		REPORT_ANOMALY_FAILED_SESSION_COUNT_MISSING,
		&failure->failed_session_count) &&
	    field_text(reader, path, object, "additional-information",
		FIELD_OPTIONAL, &failure->additional_information) &&
	    field_text(reader, path, object, "failure-reason-code",
		FIELD_OPTIONAL, &failure->failure_reason_code);

	/* The RFC's text has this name for what its example calls otherwise. */
	if (ok && failure->additional_information == NULL)
		ok = field_text(reader, path, object, "additional-info-uri",
		    FIELD_OPTIONAL, &failure->additional_information);
	if (ok && failure->result_type != NULL &&
	    !report_result_type_known(failure->result_type))
		report_note(reader->report, REPORT_ANOMALY_RESULT_TYPE_UNKNOWN);
	return ok;
}

/* Appends one element of failure-details; false also at the limit. */
static bool add_failure(struct field_reader *reader,
    const struct field_path *path, const struct json_tree *value,
    struct report_policy *policy, size_t *failures)
{
	if (++*failures > reader->limits->details)
		return field_fail(reader, FIELD_LIMIT, "limits.details", NULL,
		    "more than %zu failure details", reader->limits->details);
	if (!json_tree_is(value, JSON_TREE_OBJECT))
		return field_fail_type(reader, path, value, "an object");
	return read_failure(reader, path, value, report_add_failure(policy));
}

static bool read_failures(struct field_reader *reader,
    const struct field_path *parent, const struct json_tree *object,
    struct report_policy *policy, size_t *failures)
{
	const struct field_path path = {
	    .parent = parent, .key = "failure-details"};
	const struct json_tree *value = json_tree_member(object, path.key);
	size_t size = json_tree_size(value);

	if (json_tree_is(value, JSON_TREE_OBJECT)) {
		report_note(reader->report, REPORT_ANOMALY_DETAILS_NOT_ARRAY);
		return add_failure(reader, &path, value, policy, failures);
	}
	if (json_tree_is(value, JSON_TREE_NULL)) {
		if (policy->total_failure_session_count == 0)
			report_note(reader->report, REPORT_ANOMALY_NULL_VALUE);
		return true;
	}
	if (json_tree_is(value, JSON_TREE_STRING) &&
	    *json_tree_string(value) == '\0') {
		report_note(reader->report, REPORT_ANOMALY_DETAILS_NOT_ARRAY);
		return true;
	}
	if (value != NULL && !json_tree_is(value, JSON_TREE_ARRAY))
		return field_fail_type(reader, &path, value, "an array");
	for (size_t i = 0; i < size; i++) {
		const struct field_path element = {.parent = &path, .index = i};

		if (!add_failure(reader, &element, json_tree_element(value, i),
			policy, failures))
			return false;
	}
	return true;
}

/* Holds the details of a policy against its total. */
static void compare_counts(struct report *report,
    const struct report_policy *policy, bool total_is_known)
{
	int64_t sum = 0;

	for (guint i = 0; i < policy->failures->len; i++) {
		const struct report_failure *failure =
		    g_ptr_array_index(policy->failures, i);

		sum = report_add_sessions(sum, failure->failed_session_count);
	}
	if (total_is_known && sum > policy->total_failure_session_count)
		report_note(report, REPORT_ANOMALY_DETAILS_EXCEED_TOTAL);
	if (policy->total_failure_session_count > 0 &&
	    policy->failures->len == 0)
		report_note(report, REPORT_ANOMALY_DETAILS_MISSING);
}

static bool read_summary(struct field_reader *reader,
    const struct field_path *parent, const struct json_tree *summary,
    struct report_policy *policy)
{
	const struct field_path path = {.parent = parent, .key = "summary"};

	if (summary == NULL)
		return true;
	return field_count(reader, &path, summary,
		   "total-successful-session-count",
		   REPORT_ANOMALY_SESSION_COUNT_MISSING,
		   &policy->total_successful_session_count) &&
	       field_count(reader, &path, summary,
		   "total-failure-session-count",
		   REPORT_ANOMALY_SESSION_COUNT_MISSING,
		   &policy->total_failure_session_count);
}

static bool has_type(const struct report_policy *policy, const char *type)
{
	return policy->policy_type != NULL &&
	       strcmp(policy->policy_type, type) == 0;
}

/* Canonical where it is a domain; a missing one is for report_complete(). */
static bool read_policy_domain(struct field_reader *reader,
    const struct field_path *path, const struct json_tree *object,
    struct report_policy *policy)
{
	char *text = NULL;
	char *domain;

	if (!field_word(reader, path, object, "policy-domain",
		FIELD_NOTED_LATER, &text))
		return false;
	if (text != NULL && value_domain(text, false, &domain) != VALUE_BAD) {
		g_free(text);
		text = domain;
	} else if (text != NULL) {
		report_note(
		    reader->report, REPORT_ANOMALY_POLICY_DOMAIN_INVALID);
	}
	policy->policy_domain = text;
	return true;
}

/* policy-string and mx-host, and what an STS policy's lines say of the mode. */
static bool read_policy_lists(struct field_reader *reader,
    const struct field_path *path, const struct json_tree *object,
    struct report_policy *policy)
{
	static const struct field_list lines = {
	    .key = "policy-string",
	    .not_array = REPORT_ANOMALY_POLICY_STRING_NOT_ARRAY,
	    .packed = REPORT_ANOMALY_POLICY_STRING_JSON_IN_STRING,
	    .cleaned = REPORT_ANOMALY_POLICY_STRING_TRIMMED,
	};
	static const struct field_list hosts = {
	    .key = "mx-host",
	    .not_array = REPORT_ANOMALY_MX_HOST_NOT_ARRAY,
	    .packed = REPORT_ANOMALY_MX_HOST_NONSTANDARD,
	    .cleaned = REPORT_ANOMALY_MX_HOST_NONSTANDARD,
	    .hosts = true,
	};
	bool sts = has_type(policy, "sts");
	bool needed = sts || has_type(policy, "tlsa");

	if (!field_list(reader, path, object,
		needed ? FIELD_NOTED_LATER : FIELD_OPTIONAL, &lines,
		policy->policy_string) ||
	    !field_list(
		reader, path, object, FIELD_OPTIONAL, &hosts, policy->mx_host))
		return false;
	if (needed && policy->policy_string->len == 0)
		report_note(
		    reader->report, REPORT_ANOMALY_POLICY_STRING_MISSING);
	for (guint i = 0; sts && i < policy->policy_string->len; i++)
		if (value_sts_mode(g_ptr_array_index(policy->policy_string, i),
			&policy->policy_mode) != VALUE_BAD)
			break;
	return true;
}

static bool read_policy(struct field_reader *reader,
    const struct field_path *parent, const struct json_tree *object,
    struct report_policy *policy)
{
	const struct field_path path = {.parent = parent, .key = "policy"};

	if (!field_word(reader, &path, object, "policy-type",
		REPORT_ANOMALY_POLICY_TYPE_MISSING, &policy->policy_type))
		return false;
	if (policy->policy_type != NULL && !has_type(policy, "sts") &&
	    !has_type(policy, "tlsa") && !has_type(policy, "no-policy-found"))
		report_note(reader->report, REPORT_ANOMALY_POLICY_TYPE_UNKNOWN);
	return read_policy_domain(reader, &path, object, policy) &&
	       read_policy_lists(reader, &path, object, policy);
}

/* Appends one element of policies. */
static bool add_policy(struct field_reader *reader,
    const struct field_path *path, const struct json_tree *value,
    size_t *failures)
{
	const struct field_path policy_path = {.parent = path, .key = "policy"};
	const struct field_path summary_path = {
	    .parent = path, .key = "summary"};
	const struct json_tree *object = NULL, *summary = NULL, *total;
	struct report_policy *policy;

	if (!json_tree_is(value, JSON_TREE_OBJECT))
		return field_fail_type(reader, path, value, "an object");
	if (!field_object(
		reader, &policy_path, value, FIELD_NOTED_LATER, &object) ||
	    !field_object(reader, &summary_path, value,
		REPORT_ANOMALY_SUMMARY_MISSING, &summary))
		return false;
	if (object == NULL && summary == NULL)
		return field_fail(reader, FIELD_INVALID, FIELD_RFC8460, path,
		    "has neither policy nor summary");
	policy = report_add_policy(reader->report);
	/* Without a policy each of its members is missing. */
	if (!read_policy(reader, path, object, policy) ||
	    !read_summary(reader, path, summary, policy) ||
	    !read_failures(reader, path, value, policy, failures))
		return false;
	total = json_tree_member(summary, "total-failure-session-count");
	compare_counts(reader->report, policy,
	    total != NULL && !json_tree_is(total, JSON_TREE_NULL));
	return true;
}

static bool read_policies(
    struct field_reader *reader, const struct json_tree *root)
{
	const struct field_path path = {.key = "policies"};
	const struct json_tree *value =
	    field_get(reader, root, path.key, FIELD_NOTED_LATER);
	size_t size = json_tree_size(value);
	size_t failures = 0;

	if (value == NULL)
		return field_fail(
		    reader, FIELD_INVALID, FIELD_RFC8460, &path, "is missing");
	if (json_tree_is(value, JSON_TREE_OBJECT)) {
		report_note(reader->report, REPORT_ANOMALY_POLICIES_NOT_ARRAY);
		return add_policy(reader, &path, value, &failures);
	}
	if (!json_tree_is(value, JSON_TREE_ARRAY))
		return field_fail_type(reader, &path, value, "an array");
	if (size > reader->limits->policies)
		return field_fail(reader, FIELD_LIMIT, "limits.policies", NULL,
		    "more than %zu policies", reader->limits->policies);
	if (size == 0)
		report_note(reader->report, REPORT_ANOMALY_POLICIES_EMPTY);
	for (size_t i = 0; i < size; i++) {
		const struct field_path element = {.parent = &path, .index = i};

		if (!add_policy(reader, &element, json_tree_element(value, i),
			&failures))
			return false;
	}
	return true;
}

static bool read_time(struct field_reader *reader,
    const struct field_path *parent, const struct json_tree *range,
    const char *key, int64_t *ret_seconds)
{
	const struct field_path path = {.parent = parent, .key = key};
	char *text = NULL;
	bool ok = true;

	if (!field_text(reader, parent, range, key, FIELD_NOTED_LATER, &text))
		return false;
	if (text == NULL)
		return field_fail(
		    reader, FIELD_INVALID, FIELD_RFC8460, &path, "is missing");
	switch (value_time(text, ret_seconds)) {
	case VALUE_OK:
		break;
	case VALUE_TOLERATED:
		report_note(
		    reader->report, REPORT_ANOMALY_DATETIME_NONSTANDARD);
		break;
	case VALUE_WITHOUT_ZONE:
		report_note(
		    reader->report, REPORT_ANOMALY_DATETIME_WITHOUT_ZONE);
		break;
	case VALUE_BAD:
		ok = field_fail(reader, FIELD_INVALID, "RFC 3339 section 5.6",
		    &path, "\"%.60s\" is not a date-time", text);
		break;
	}
	g_free(text);
	return ok;
}

/* What is far off would also make the database a table for its month. */
static bool check_start(struct field_reader *reader,
    const struct field_path *parent, int64_t received_at)
{
	const struct field_path path = {
	    .parent = parent, .key = "start-datetime"};
	int64_t start = reader->report->start_datetime;
	char text[VALUE_TIME_SIZE];

	value_time_format(start, text);
	if (start < EARLIEST_START)
		return field_fail(reader, FIELD_INVALID, FIELD_RFC8460, &path,
		    "%s is before " EARLIEST_START_TEXT " (date-out-of-range)",
		    text);
	if (start - LATEST_START > received_at)
		return field_fail(reader, FIELD_INVALID, FIELD_RFC8460, &path,
		    "%s is more than 2 days after it was received "
		    "(date-out-of-range)",
		    text);
	return true;
}

static bool read_date_range(struct field_reader *reader,
    const struct json_tree *root, int64_t received_at)
{
	const struct field_path path = {.key = "date-range"};
	struct report *report = reader->report;
	const struct json_tree *range = NULL;

	if (!field_object(reader, &path, root, FIELD_NOTED_LATER, &range))
		return false;
	if (!read_time(reader, &path, range, "start-datetime",
		&report->start_datetime) ||
	    !read_time(
		reader, &path, range, "end-datetime", &report->end_datetime) ||
	    !check_start(reader, &path, received_at))
		return false;
	if (report->end_datetime < report->start_datetime)
		report_note(report, REPORT_ANOMALY_DATE_RANGE_REVERSED);
	return true;
}

static bool read_report(struct field_reader *reader,
    const struct json_tree *root, int64_t received_at)
{
	struct report *report = reader->report;

	return field_text(reader, NULL, root, "organization-name",
		   REPORT_ANOMALY_ORGANIZATION_NAME_MISSING,
		   &report->organization_name) &&
	       field_word(reader, NULL, root, "contact-info",
		   REPORT_ANOMALY_CONTACT_INFO_MISSING,
		   &report->contact_info) &&
	       field_text(reader, NULL, root, "report-id",
		   REPORT_ANOMALY_REPORT_ID_MISSING, &report->report_id) &&
	       read_date_range(reader, root, received_at) &&
	       read_policies(reader, root);
}

/* UTF-16 and UTF-32 show by a byte order mark or by the zeros of ASCII. */
static bool is_wide(const char *bytes, size_t length)
{
	return length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 ||
				  memcmp(bytes, "\xfe\xff", 2) == 0 ||
				  bytes[0] == '\0' || bytes[1] == '\0');
}

static bool check_bytes(
    struct field_reader *reader, const char *bytes, size_t length)
{
	if (length == 0)
		return field_fail(reader, FIELD_INVALID, "RFC 8259", NULL,
		    "the document is empty");
	if (is_wide(bytes, length))
		return field_fail(reader, FIELD_INVALID, "RFC 8259 section 8.1",
		    NULL,
		    "byte 0: the document is in UTF-16 or UTF-32, not in "
		    "UTF-8");
	return true;
}

static void note_rest(
    struct field_reader *reader, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (memchr(" \t\r\n", bytes[i], 4) == NULL) {
			report_note(
			    reader->report, REPORT_ANOMALY_DATA_AFTER_JSON);
			return;
		}
	}
}

static bool check_strings(struct field_reader *reader,
    const struct json_scan *scan, const struct json_tree *root)
{
	size_t max = reader->limits->string_length;
	char *path;

	/* What is long neither with its escapes nor without them. */
	if (scan->max_string <= max || !json_tree_long_string(root, max, &path))
		return true;
	(void)field_fail(reader, FIELD_LIMIT, "limits.string-length", NULL,
	    "%s: more than %zu bytes", path, max);
	g_free(path);
	return false;
}

/* Bytes to a tree within limits, or NULL and the reason in the reader. */
static struct json_tree *load(struct field_reader *reader, const char *bytes,
    size_t length, const struct json_scan *scan)
{
	struct json_tree_info info;
	struct json_tree *root;
	char *reason = NULL;

	if (scan->max_depth > reader->limits->json_depth) {
		(void)field_fail(reader, FIELD_LIMIT, "limits.json-depth", NULL,
		    "nested more than %zu levels deep",
		    reader->limits->json_depth);
		return NULL;
	}
	root = json_tree_load(bytes, length, &info, &reason);
	if (root == NULL) {
		reader->result = FIELD_INVALID;
		reader->reason = reason;
		return NULL;
	}
	if (info.duplicate_key)
		report_note(reader->report, REPORT_ANOMALY_DUPLICATE_KEY);
	note_rest(reader, bytes + info.end, length - info.end);
	if (!check_strings(reader, scan, root))
		g_clear_pointer(&root, json_tree_free);
	return root;
}

static bool is_report(const struct json_tree *root)
{
	return json_tree_member(root, "policies") != NULL ||
	       json_tree_member(root, "report-id") != NULL;
}

/* False when the budget for it was refused. */
static bool write_document(
    struct report *report, const struct json_tree *root, size_t length)
{
	GString *text = g_string_sized_new(length);

	if (!json_tree_write(root, text)) {
		g_string_free(text, TRUE);
		return false;
	}
	report->document_length = text->len;
	report->document = g_string_free(text, FALSE);
	digest_of(
	    report->document, report->document_length, report->content_sha256);
	return true;
}

/* The result but for the budget, which only ends after the tree. */
static enum report_json_result read_document(struct field_reader *reader,
    const char *bytes, size_t length, const struct report_json_source *source)
{
	enum report_json_result result = REPORT_JSON_INVALID;
	struct json_tree *root = load(reader, bytes, length, source->scan);

	if (root == NULL)
		return reader->result == FIELD_LIMIT ? REPORT_JSON_LIMIT
						     : REPORT_JSON_OTHER;
	if (!is_report(root)) {
		(void)field_fail(reader, FIELD_INVALID, FIELD_RFC8460, NULL,
		    "the document is %s without policies and report-id, so no "
		    "report",
		    json_tree_type_name(root));
		result = REPORT_JSON_OTHER;
	} else if (read_report(reader, root, source->received_at) &&
		   (source->judge_only ||
		       write_document(reader->report, root, length))) {
		result = REPORT_JSON_OK;
	} else if (reader->result == FIELD_LIMIT) {
		result = REPORT_JSON_LIMIT;
	}
	json_tree_free(root);
	return result;
}

/* A sentence may quote a text that was cut in the middle of a character. Takes
 * it, and returns what is UTF-8. */
static char *valid_text(char *sentence)
{
	char *valid = g_utf8_make_valid(sentence, -1);

	g_free(sentence);
	return valid;
}

enum report_json_result report_json_read_source(
    const struct report_json_source *source, const struct limits *limits,
    struct report **ret_report, char **ret_reason)
{
	size_t budget = report_json_budget(limits), length = source->length;
	const char *bytes = source->bytes;
	enum report_json_result result = REPORT_JSON_OTHER;
	struct field_reader reader = {.limits = limits, .report = report_new()};

	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		report_note(reader.report, REPORT_ANOMALY_UTF8_BOM);
		bytes += 3;
		length -= 3;
	}
	budget_begin(budget);
	if (check_bytes(&reader, bytes, length))
		result = read_document(&reader, bytes, length, source);
	if (budget_end()) {
		result = REPORT_JSON_LIMIT;
		g_free(reader.reason);
		reader.reason = g_strdup_printf(
		    "limits.parse-memory: parsing takes more than %zu bytes, "
		    "the half of it that one document may have",
		    budget);
	}
	if (result == REPORT_JSON_OK) {
		*ret_report = reader.report;
		g_free(reader.reason);
	} else {
		*ret_reason = valid_text(reader.reason);
		report_free(reader.report);
	}
	return result;
}

enum report_json_result report_json_read(const char *bytes, size_t length,
    const struct limits *limits, int64_t received_at,
    struct report **ret_report, char **ret_reason)
{
	struct json_scan scan = {0};
	const struct report_json_source source = {
	    .bytes = bytes,
	    .length = length,
	    .scan = &scan,
	    .received_at = received_at,
	};

	json_scan_update(&scan, (const uint8_t *)bytes, length);
	return report_json_read_source(&source, limits, ret_report, ret_reason);
}

size_t report_json_estimate(const char *bytes, size_t length)
{
	struct json_scan scan = {0};

	json_scan_update(&scan, (const uint8_t *)bytes, length);
	return json_scan_estimate(&scan);
}
