/* SPDX-License-Identifier: MIT */
/*
 * Members are read in the order of RFC 8460 section 4.4, each by the function
 * of report_member.c that has the tolerance for it. Strict is only what rows
 * are made of and nothing else can tell: when, how many sessions, and that an
 * element is an object at all.
 */
#include "report_structure.h"

#include <jansson.h>
#include <string.h>

#include "base/syntax.h"
#include "policy_line.h"

/* No report is older than the RFC's own example, which is of April 2016. */
#define EARLIEST_START INT64_C(1451606400)
#define EARLIEST_START_TEXT "2016-01-01"
#define LATEST (INT64_C(2) * 24 * 60 * 60) /* after it was received */
/* A day with a shift of the clocks in it. */
#define LONG_PERIOD (INT64_C(25) * 60 * 60)

/* Goes to a member of the object that is read; the caller goes back by
 * g_string_truncate(). */
static void enter(struct member_reader *reader, const char *key)
{
	if (reader->path->len > 0)
		g_string_append_c(reader->path, '.');
	g_string_append(reader->path, key);
}

/* Appends what an element of a list holds. The policy is the one that the list
 * belongs to, or NULL. */
typedef bool add_element(struct member_reader *reader, const json_t *object,
    struct report_policy *policy);

/* Reads a list of objects, for which a single object may stand. */
static bool read_list(struct member_reader *reader, const char *key,
    const json_t *value, enum anomaly not_array, add_element *add,
    struct report_policy *policy)
{
	bool array = json_is_array(value);
	size_t size = array ? json_array_size(value) : 1;
	size_t length = reader->path->len;

	if (!array && !json_is_object(value))
		return member_fail_type(reader, key, value, "an array");
	if (!array)
		report_note(reader->report, not_array);
	for (size_t i = 0; i < size; i++) {
		const json_t *element =
		    array ? json_array_get(value, i) : value;

		enter(reader, key);
		if (array)
			g_string_append_printf(reader->path, "[%zu]", i);
		if (json_is_null(element))
			report_note(reader->report, ANOMALY_NULL_VALUE);
		else if (!json_is_object(element))
			return member_fail_type(
			    reader, "", element, "an object");
		else if (!add(reader, element, policy))
			return false;
		g_string_truncate(reader->path, length);
	}
	return true;
}

/* Ends the reading at a limit of the message, of which earlier reports may have
 * used some: more than the one that is too many is not this report's own. */
static bool fail_count(struct member_reader *reader, const char *limit,
    const char *what, size_t max, size_t foreign)
{
	char *source = g_strconcat("limits.", limit, NULL);

	(void)member_fail(reader, DECODE_LIMIT, source, NULL,
	    "more than %zu %s%s", max, what,
	    foreign > 1 ? " in the reports of the message" : "");
	g_free(source);
	return false;
}

/* Reads the host's name out of receiving-mx-helo, which may be the whole reply
 * to EHLO (RFC 5321 section 4.1.1.1), as Postfix's is. */
static void read_helo(
    struct member_reader *reader, const json_t *object, char **ret_helo)
{
	char *text = NULL, *word, *domain;
	const char *name;

	member_word(
	    reader, object, "receiving-mx-helo", MEMBER_OPTIONAL, &text);
	if (text == NULL)
		return;
	name = text;
	if (strspn(text, G_CSET_DIGITS) == 3 &&
	    (text[3] == '-' || text[3] == ' '))
		name += 4;
	name += strspn(name, " \t");
	word = g_strndup(name, strcspn(name, " \t\r\n"));
	if (syntax_domain(word, false, &domain) != SYNTAX_BAD) {
		g_free(word);
		word = domain;
	} else if (*word == '\0') {
		g_clear_pointer(&word, g_free);
	}
	*ret_helo = word;
	g_free(text);
}

/* Appends an element of failure-details. */
static bool add_failure(struct member_reader *reader, const json_t *object,
    struct report_policy *policy)
{
	struct report_failure *failure;

	if (++reader->failures > reader->limits->details)
		return fail_count(reader, "details", "failure details",
		    reader->limits->details,
		    reader->failures - report_failure_count(reader->report));
	failure = report_add_failure(policy);
	member_word(reader, object, "result-type", ANOMALY_RESULT_TYPE_MISSING,
	    &failure->result_type);
	if (failure->result_type != NULL &&
	    !report_result_type_known(failure->result_type))
		report_note(reader->report, ANOMALY_RESULT_TYPE_UNKNOWN);
	member_ip(reader, object, "sending-mta-ip", &failure->sending_mta_ip);
	(void)member_domain(reader, object, "receiving-mx-hostname",
	    MEMBER_OPTIONAL, &failure->receiving_mx_hostname);
	read_helo(reader, object, &failure->receiving_mx_helo);
	member_ip(reader, object, "receiving-ip", &failure->receiving_ip);
	if (!member_count(reader, object, "failed-session-count",
		ANOMALY_FAILED_SESSION_COUNT_MISSING,
		&failure->failed_session_count) ||
	    !member_free_text(reader, object, "additional-information",
		&failure->additional_information) ||
	    !member_free_text(reader, object, "failure-reason-code",
		&failure->failure_reason_code))
		return false;
	/* The RFC's text has this name for what its example names otherwise. */
	return failure->additional_information != NULL ||
	       member_free_text(reader, object, "additional-info-uri",
		   &failure->additional_information);
}

/* Reads the failure-details of an object that holds them. */
static bool read_failures(struct member_reader *reader, const json_t *object,
    struct report_policy *policy)
{
	static const char key[] = "failure-details";
	const json_t *value = json_object_get(object, key);

	if (value == NULL)
		return true;
	if (json_is_null(value)) {
		if (policy->total_failure_session_count == 0)
			report_note(reader->report, ANOMALY_NULL_VALUE);
		return true;
	}
	if (json_is_string(value) && json_string_length(value) == 0) {
		report_note(reader->report, ANOMALY_DETAILS_NOT_ARRAY);
		return true;
	}
	return read_list(
	    reader, key, value, ANOMALY_DETAILS_NOT_ARRAY, add_failure, policy);
}

/* Holds the details of a policy against its total. */
static void compare_counts(struct report *report,
    const struct report_policy *policy, const json_t *total)
{
	if (total != NULL && !json_is_null(total) &&
	    report_failed_sessions(policy) >
		policy->total_failure_session_count)
		report_note(report, ANOMALY_DETAILS_EXCEED_TOTAL);
	if (policy->total_failure_session_count > 0 &&
	    policy->failures->len == 0)
		report_note(report, ANOMALY_DETAILS_MISSING);
}

static bool read_summary(struct member_reader *reader, const json_t *summary,
    struct report_policy *policy)
{
	size_t length = reader->path->len;

	if (summary == NULL)
		return true;
	enter(reader, "summary");
	if (!member_count(reader, summary, "total-successful-session-count",
		ANOMALY_SESSION_COUNT_MISSING,
		&policy->total_successful_session_count) ||
	    !member_count(reader, summary, "total-failure-session-count",
		ANOMALY_SESSION_COUNT_MISSING,
		&policy->total_failure_session_count))
		return false;
	g_string_truncate(reader->path, length);
	return true;
}

static bool has_type(const struct report_policy *policy, const char *type)
{
	return g_strcmp0(policy->policy_type, type) == 0;
}

/* Reads policy-string and mx-host, and the mode from an STS policy's lines. */
static bool read_policy_lists(struct member_reader *reader,
    const json_t *object, struct report_policy *policy)
{
	const struct member_list lines = {
	    .key = "policy-string",
	    .not_array = ANOMALY_POLICY_STRING_NOT_ARRAY,
	    .packed = ANOMALY_POLICY_STRING_JSON_IN_STRING,
	    .cleaned = ANOMALY_POLICY_STRING_TRIMMED,
	    .lines = policy->policy_string,
	};
	const struct member_list hosts = {
	    .key = "mx-host",
	    .not_array = ANOMALY_MX_HOST_NOT_ARRAY,
	    .packed = ANOMALY_MX_HOST_NONSTANDARD,
	    .cleaned = ANOMALY_MX_HOST_NONSTANDARD,
	    .hosts = true,
	    .lines = policy->mx_host,
	};
	bool sts = has_type(policy, "sts");
	bool needed = sts || has_type(policy, "tlsa");

	if (!member_list(reader, object,
		needed ? MEMBER_NOTED_LATER : MEMBER_OPTIONAL, &lines) ||
	    !member_list(reader, object, MEMBER_OPTIONAL, &hosts))
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

static bool read_policy(struct member_reader *reader, const json_t *object,
    struct report_policy *policy)
{
	member_word(reader, object, "policy-type", ANOMALY_POLICY_TYPE_MISSING,
	    &policy->policy_type);
	if (policy->policy_type != NULL && !has_type(policy, "sts") &&
	    !has_type(policy, "tlsa") && !has_type(policy, "no-policy-found"))
		report_note(reader->report, ANOMALY_POLICY_TYPE_UNKNOWN);
	/* A missing domain is left to report_complete(). */
	if (!member_domain(reader, object, "policy-domain", MEMBER_NOTED_LATER,
		&policy->policy_domain))
		report_note(reader->report, ANOMALY_POLICY_DOMAIN_INVALID);
	return read_policy_lists(reader, object, policy);
}

/* Whether a member of a policy stands in the element of policies itself. */
static bool is_flat(const json_t *element)
{
	static const char *const keys[] = {
	    "policy-type", "policy-domain", "policy-string", "mx-host"};

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		if (json_object_get(element, keys[i]) != NULL)
			return true;
	return false;
}

/* The object that has the failure-details of an element of policies. */
static const json_t *details_holder(
    struct member_reader *reader, const json_t *element, const json_t *policy)
{
	const json_t *own = json_object_get(element, "failure-details");

	if ((own != NULL && !json_is_null(own)) ||
	    json_object_get(policy, "failure-details") == NULL)
		return element;
	if (policy != element)
		report_note(reader->report, ANOMALY_DETAILS_IN_POLICY);
	return policy;
}

/* Appends an element of policies. */
static bool add_policy(struct member_reader *reader, const json_t *element,
    struct report_policy *none)
{
	const json_t *object = NULL, *summary = NULL;
	struct report_policy *policy;

	(void)none;
	if (++reader->policies > reader->limits->policies)
		return fail_count(reader, "policies", "policies",
		    reader->limits->policies,
		    reader->policies - reader->report->policies->len);
	if (!member_object(reader, element, "policy", true,
		ANOMALY_POLICY_MISSING, &object) ||
	    !member_object(reader, element, "summary", true,
		ANOMALY_SUMMARY_MISSING, &summary))
		return false;
	if (object == NULL && summary == NULL && !is_flat(element))
		return member_fail(reader, DECODE_INVALID, MEMBER_RFC8460, "",
		    "has neither policy nor summary");
	if (object == NULL)
		object = element;
	policy = report_add_policy(reader->report);
	if (!read_policy(reader, object, policy) ||
	    !read_summary(reader, summary, policy) ||
	    !read_failures(
		reader, details_holder(reader, element, object), policy))
		return false;
	compare_counts(reader->report, policy,
	    json_object_get(summary, "total-failure-session-count"));
	return true;
}

static bool read_policies(struct member_reader *reader, const json_t *root)
{
	static const char key[] = "policies";
	const json_t *value = member_get(reader, root, key, MEMBER_NOTED_LATER);

	if (value == NULL)
		return member_fail(
		    reader, DECODE_INVALID, MEMBER_RFC8460, key, "is missing");
	if (!read_list(reader, key, value, ANOMALY_POLICIES_NOT_ARRAY,
		add_policy, NULL))
		return false;
	if (reader->report->policies->len == 0)
		report_note(reader->report, ANOMALY_POLICIES_EMPTY);
	return true;
}

static bool read_time(struct member_reader *reader, const json_t *range,
    const char *key, int64_t *ret_seconds)
{
	const json_t *value = json_object_get(range, key);
	char *text = NULL;
	bool ok = true;

	if (json_is_object(value) || json_is_array(value))
		return member_fail_type(reader, key, value, "a string");
	member_text(reader, range, key, MEMBER_NOTED_LATER, &text);
	if (text == NULL)
		return member_fail(
		    reader, DECODE_INVALID, MEMBER_RFC8460, key, "is missing");
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
		ok = member_fail(reader, DECODE_INVALID, "RFC 3339 section 5.6",
		    key, "\"%.*s\" is not a date-time", MEMBER_QUOTE_MAX, text);
		break;
	}
	g_free(text);
	return ok;
}

/* Refuses a start that is far off: it would also make the database create a
 * table for its month. */
static bool check_start(struct member_reader *reader, int64_t received_at)
{
	int64_t start = reader->report->start_datetime;
	const char *where = NULL;
	char text[SYNTAX_TIME_SIZE];

	if (start < EARLIEST_START)
		where = "before " EARLIEST_START_TEXT;
	else if (start - LATEST > received_at)
		where = REPORT_FROM_FUTURE;
	if (where == NULL)
		return true;
	syntax_time_format(start, text);
	return member_fail(reader, DECODE_INVALID, MEMBER_RFC8460,
	    "start-datetime", "%s is %s (date-out-of-range)", text, where);
}

/* Finds the day of the period: where it ends, so that a week, or a day that
 * begins at another zone's midnight, counts where most of it is known. An end
 * that is far off would make the database create tables for any month. */
static void note_period(struct report *report, int64_t received_at)
{
	int64_t start = report->start_datetime, end = report->end_datetime;

	report->day = start;
	if (end > start && end - LATEST <= received_at)
		report->day = end - 1;
	if (end < start)
		report_note(report, ANOMALY_DATE_RANGE_REVERSED);
	else if (end - start > LONG_PERIOD)
		report_note(report, ANOMALY_DATE_RANGE_LONG);
}

static bool read_date_range(
    struct member_reader *reader, const json_t *root, int64_t received_at)
{
	struct report *report = reader->report;
	const json_t *range = NULL;

	if (!member_object(
		reader, root, "date-range", false, MEMBER_NOTED_LATER, &range))
		return false;
	enter(reader, "date-range");
	if (!read_time(
		reader, range, "start-datetime", &report->start_datetime) ||
	    !read_time(reader, range, "end-datetime", &report->end_datetime) ||
	    !check_start(reader, received_at))
		return false;
	g_string_truncate(reader->path, 0);
	note_period(report, received_at);
	return true;
}

bool report_structure_read(
    struct member_reader *reader, const json_t *root, int64_t received_at)
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
