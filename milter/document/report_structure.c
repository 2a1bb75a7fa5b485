/* SPDX-License-Identifier: MIT */
/*
 * Members are read in the order of RFC 8460 section 4.4, each by the function
 * of report_member.c that has the tolerance for it. Strict is only what rows
 * are made of and nothing else can tell: when, how many sessions, and that an
 * element is an object at all.
 */
#include "report_structure.h"

#include <string.h>

#include "base/sessions.h"
#include "base/syntax.h"
#include "policy_line.h"

/* No report is older than the RFC's own example, which is of April 2016. */
#define EARLIEST_START INT64_C(1451606400)
#define EARLIEST_START_TEXT "2016-01-01"
#define LATEST_START (INT64_C(2) * 24 * 60 * 60) /* after it was received */

static bool read_failure(struct member_reader *reader,
    const struct member_path *path, const struct json_tree *object,
    struct report_failure *failure)
{
	member_word(reader, object, "result-type", ANOMALY_RESULT_TYPE_MISSING,
	    &failure->result_type);
	if (failure->result_type != NULL &&
	    !report_result_type_known(failure->result_type))
		report_note(reader->report, ANOMALY_RESULT_TYPE_UNKNOWN);
	member_ip(reader, object, "sending-mta-ip", &failure->sending_mta_ip);
	member_host(reader, object, "receiving-mx-hostname",
	    &failure->receiving_mx_hostname);
	member_text(reader, object, "receiving-mx-helo", MEMBER_OPTIONAL,
	    &failure->receiving_mx_helo);
	member_ip(reader, object, "receiving-ip", &failure->receiving_ip);
	if (!member_count(reader, path, object, "failed-session-count",
		ANOMALY_FAILED_SESSION_COUNT_MISSING,
		&failure->failed_session_count) ||
	    !member_free_text(reader, path, object, "additional-information",
		&failure->additional_information) ||
	    !member_free_text(reader, path, object, "failure-reason-code",
		&failure->failure_reason_code))
		return false;
	/* The RFC's text has this name for what its example names otherwise. */
	return failure->additional_information != NULL ||
	       member_free_text(reader, path, object, "additional-info-uri",
		   &failure->additional_information);
}

/* Appends one element of failure-details, if it is not null; false also at the
 * limit. */
static bool add_failure(struct member_reader *reader,
    const struct member_path *path, const struct json_tree *value,
    struct report_policy *policy, size_t *failures)
{
	if (++*failures > reader->limits->details)
		return member_fail(reader, MEMBER_LIMIT, "limits.details", NULL,
		    "more than %zu failure details", reader->limits->details);
	if (json_tree_is(value, JSON_TREE_NULL)) {
		report_note(reader->report, ANOMALY_NULL_VALUE);
		return true;
	}
	if (!json_tree_is(value, JSON_TREE_OBJECT))
		return member_fail_type(reader, path, value, "an object");
	return read_failure(reader, path, value, report_add_failure(policy));
}

static bool read_failures(struct member_reader *reader,
    const struct member_path *parent, const struct json_tree *object,
    struct report_policy *policy, size_t *failures)
{
	const struct member_path path = {
	    .parent = parent, .key = "failure-details"};
	const struct json_tree *value = json_tree_member(object, path.key);
	size_t size = json_tree_size(value);

	if (json_tree_is(value, JSON_TREE_OBJECT)) {
		report_note(reader->report, ANOMALY_DETAILS_NOT_ARRAY);
		return add_failure(reader, &path, value, policy, failures);
	}
	if (json_tree_is(value, JSON_TREE_NULL)) {
		if (policy->total_failure_session_count == 0)
			report_note(reader->report, ANOMALY_NULL_VALUE);
		return true;
	}
	if (json_tree_is(value, JSON_TREE_STRING) &&
	    *json_tree_string(value) == '\0') {
		report_note(reader->report, ANOMALY_DETAILS_NOT_ARRAY);
		return true;
	}
	if (value != NULL && !json_tree_is(value, JSON_TREE_ARRAY))
		return member_fail_type(reader, &path, value, "an array");
	for (size_t i = 0; i < size; i++) {
		const struct member_path element = {
		    .parent = &path, .index = i};

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

		sum = sessions_add(sum, failure->failed_session_count);
	}
	if (total_is_known && sum > policy->total_failure_session_count)
		report_note(report, ANOMALY_DETAILS_EXCEED_TOTAL);
	if (policy->total_failure_session_count > 0 &&
	    policy->failures->len == 0)
		report_note(report, ANOMALY_DETAILS_MISSING);
}

static bool read_summary(struct member_reader *reader,
    const struct member_path *parent, const struct json_tree *summary,
    struct report_policy *policy)
{
	const struct member_path path = {.parent = parent, .key = "summary"};

	if (summary == NULL)
		return true;
	return member_count(reader, &path, summary,
		   "total-successful-session-count",
		   ANOMALY_SESSION_COUNT_MISSING,
		   &policy->total_successful_session_count) &&
	       member_count(reader, &path, summary,
		   "total-failure-session-count", ANOMALY_SESSION_COUNT_MISSING,
		   &policy->total_failure_session_count);
}

static bool has_type(const struct report_policy *policy, const char *type)
{
	return g_strcmp0(policy->policy_type, type) == 0;
}

/* Reads the policy domain, canonical if it is a domain; a missing one is left
 * to report_complete(). */
static void read_policy_domain(struct member_reader *reader,
    const struct json_tree *object, struct report_policy *policy)
{
	char *text = NULL;
	char *domain;

	member_word(reader, object, "policy-domain", MEMBER_NOTED_LATER, &text);
	if (text != NULL && syntax_domain(text, false, &domain) != SYNTAX_BAD) {
		g_free(text);
		text = domain;
	} else if (text != NULL) {
		report_note(reader->report, ANOMALY_POLICY_DOMAIN_INVALID);
	}
	policy->policy_domain = text;
}

/* Reads policy-string and mx-host, and the mode from an STS policy's lines. */
static bool read_policy_lists(struct member_reader *reader,
    const struct json_tree *object, struct report_policy *policy)
{
	static const struct member_list lines = {
	    .key = "policy-string",
	    .not_array = ANOMALY_POLICY_STRING_NOT_ARRAY,
	    .packed = ANOMALY_POLICY_STRING_JSON_IN_STRING,
	    .cleaned = ANOMALY_POLICY_STRING_TRIMMED,
	};
	static const struct member_list hosts = {
	    .key = "mx-host",
	    .not_array = ANOMALY_MX_HOST_NOT_ARRAY,
	    .packed = ANOMALY_MX_HOST_NONSTANDARD,
	    .cleaned = ANOMALY_MX_HOST_NONSTANDARD,
	    .hosts = true,
	};
	bool sts = has_type(policy, "sts");
	bool needed = sts || has_type(policy, "tlsa");

	if (!member_list(reader, object,
		needed ? MEMBER_NOTED_LATER : MEMBER_OPTIONAL, &lines,
		policy->policy_string) ||
	    !member_list(
		reader, object, MEMBER_OPTIONAL, &hosts, policy->mx_host))
		return false;
	if (needed && policy->policy_string->len == 0)
		report_note(reader->report, ANOMALY_POLICY_STRING_MISSING);
	for (guint i = 0; sts && i < policy->policy_string->len; i++)
		if (policy_line_mode(
			g_ptr_array_index(policy->policy_string, i),
			&policy->policy_mode) != SYNTAX_BAD)
			break;
	return true;
}

static bool read_policy(struct member_reader *reader,
    const struct json_tree *object, struct report_policy *policy)
{
	member_word(reader, object, "policy-type", ANOMALY_POLICY_TYPE_MISSING,
	    &policy->policy_type);
	if (policy->policy_type != NULL && !has_type(policy, "sts") &&
	    !has_type(policy, "tlsa") && !has_type(policy, "no-policy-found"))
		report_note(reader->report, ANOMALY_POLICY_TYPE_UNKNOWN);
	read_policy_domain(reader, object, policy);
	return read_policy_lists(reader, object, policy);
}

/* Whether a member of a policy stands in the element of policies itself. */
static bool is_flat(const struct json_tree *element)
{
	static const char *const keys[] = {
	    "policy-type", "policy-domain", "policy-string", "mx-host"};

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		if (json_tree_member(element, keys[i]) != NULL)
			return true;
	return false;
}

/* The object that has the failure-details of an element of policies. */
static const struct json_tree *details_holder(struct member_reader *reader,
    const struct json_tree *element, const struct json_tree *policy)
{
	const struct json_tree *own =
	    json_tree_member(element, "failure-details");

	if ((own != NULL && !json_tree_is(own, JSON_TREE_NULL)) ||
	    json_tree_member(policy, "failure-details") == NULL)
		return element;
	if (policy != element)
		report_note(reader->report, ANOMALY_DETAILS_IN_POLICY);
	return policy;
}

/* Appends one element of policies, if it is not null. */
static bool add_policy(struct member_reader *reader,
    const struct member_path *path, const struct json_tree *value,
    size_t *failures)
{
	const struct member_path policy_path = {
	    .parent = path, .key = "policy"};
	const struct member_path summary_path = {
	    .parent = path, .key = "summary"};
	const struct json_tree *object = NULL, *summary = NULL, *total;
	struct report_policy *policy;

	if (json_tree_is(value, JSON_TREE_NULL)) {
		report_note(reader->report, ANOMALY_NULL_VALUE);
		return true;
	}
	if (!json_tree_is(value, JSON_TREE_OBJECT))
		return member_fail_type(reader, path, value, "an object");
	if (!member_lone_object(
		reader, &policy_path, value, ANOMALY_POLICY_MISSING, &object) ||
	    !member_lone_object(reader, &summary_path, value,
		ANOMALY_SUMMARY_MISSING, &summary))
		return false;
	if (object == NULL && summary == NULL && !is_flat(value))
		return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460, path,
		    "has neither policy nor summary");
	if (object == NULL)
		object = value;
	policy = report_add_policy(reader->report);
	if (!read_policy(reader, object, policy) ||
	    !read_summary(reader, path, summary, policy) ||
	    !read_failures(reader, path, details_holder(reader, value, object),
		policy, failures))
		return false;
	total = json_tree_member(summary, "total-failure-session-count");
	compare_counts(reader->report, policy,
	    total != NULL && !json_tree_is(total, JSON_TREE_NULL));
	return true;
}

static bool read_policies(
    struct member_reader *reader, const struct json_tree *root)
{
	const struct member_path path = {.key = "policies"};
	const struct json_tree *value =
	    member_get(reader, root, path.key, MEMBER_NOTED_LATER);
	size_t size = json_tree_size(value);
	size_t failures = 0;

	if (value == NULL)
		return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460,
		    &path, "is missing");
	if (json_tree_is(value, JSON_TREE_OBJECT)) {
		report_note(reader->report, ANOMALY_POLICIES_NOT_ARRAY);
		return add_policy(reader, &path, value, &failures);
	}
	if (!json_tree_is(value, JSON_TREE_ARRAY))
		return member_fail_type(reader, &path, value, "an array");
	if (size > reader->limits->policies)
		return member_fail(reader, MEMBER_LIMIT, "limits.policies",
		    NULL, "more than %zu policies", reader->limits->policies);
	for (size_t i = 0; i < size; i++) {
		const struct member_path element = {
		    .parent = &path, .index = i};

		if (!add_policy(reader, &element, json_tree_element(value, i),
			&failures))
			return false;
	}
	if (reader->report->policies->len == 0)
		report_note(reader->report, ANOMALY_POLICIES_EMPTY);
	return true;
}

static bool read_time(struct member_reader *reader,
    const struct member_path *parent, const struct json_tree *range,
    const char *key, int64_t *ret_seconds)
{
	const struct member_path path = {.parent = parent, .key = key};
	char *text = NULL;
	bool ok = true;

	if (!member_needed_text(reader, parent, range, key, &text))
		return false;
	switch (syntax_time(text, ret_seconds)) {
	case SYNTAX_OK:
		break;
	case SYNTAX_TOLERATED:
		report_note(reader->report, ANOMALY_DATETIME_NONSTANDARD);
		break;
	case SYNTAX_WITHOUT_ZONE:
		report_note(reader->report, ANOMALY_DATETIME_WITHOUT_ZONE);
		break;
	case SYNTAX_BAD:
		ok = member_fail(reader, MEMBER_INVALID, "RFC 3339 section 5.6",
		    &path, "\"%.60s\" is not a date-time", text);
		break;
	}
	g_free(text);
	return ok;
}

/* Refuses a start that is far off: it would also make the database create a
 * table for its month. */
static bool check_start(struct member_reader *reader,
    const struct member_path *parent, int64_t received_at)
{
	const struct member_path path = {
	    .parent = parent, .key = "start-datetime"};
	int64_t start = reader->report->start_datetime;
	char text[SYNTAX_TIME_SIZE];

	syntax_time_format(start, text);
	if (start < EARLIEST_START)
		return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460,
		    &path,
		    "%s is before " EARLIEST_START_TEXT " (date-out-of-range)",
		    text);
	if (start - LATEST_START > received_at)
		return member_fail(reader, MEMBER_INVALID, MEMBER_RFC8460,
		    &path,
		    "%s is more than 2 days after it was received "
		    "(date-out-of-range)",
		    text);
	return true;
}

static bool read_date_range(struct member_reader *reader,
    const struct json_tree *root, int64_t received_at)
{
	const struct member_path path = {.key = "date-range"};
	struct report *report = reader->report;
	const struct json_tree *range = NULL;

	if (!member_object(reader, &path, root, MEMBER_NOTED_LATER, &range))
		return false;
	if (!read_time(reader, &path, range, "start-datetime",
		&report->start_datetime) ||
	    !read_time(
		reader, &path, range, "end-datetime", &report->end_datetime) ||
	    !check_start(reader, &path, received_at))
		return false;
	if (report->end_datetime < report->start_datetime)
		report_note(report, ANOMALY_DATE_RANGE_REVERSED);
	return true;
}

bool report_structure_read(struct member_reader *reader,
    const struct json_tree *root, int64_t received_at)
{
	struct report *report = reader->report;

	member_text(reader, root, "organization-name",
	    ANOMALY_ORGANIZATION_NAME_MISSING, &report->organization_name);
	member_word(reader, root, "contact-info", ANOMALY_CONTACT_INFO_MISSING,
	    &report->contact_info);
	member_text(reader, root, "report-id", ANOMALY_REPORT_ID_MISSING,
	    &report->report_id);
	return read_date_range(reader, root, received_at) &&
	       read_policies(reader, root);
}
