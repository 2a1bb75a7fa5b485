/* SPDX-License-Identifier: MIT */
/*
 * report: the typed model of an SMTP TLS report (RFC 8460 section 4.4).
 *
 * Knows what a report is made of, which deviations are tolerated, and what
 * makes two reports the same one. Leaves JSON to report_json.c and rows to
 * ingest_row.c.
 *
 * A report belongs to one thread at a time. Strings are UTF-8 without NUL, or
 * NULL where the document has none; they and all lists belong to the report.
 */
#ifndef DOCUMENT_REPORT_H
#define DOCUMENT_REPORT_H

#include <glib.h>
#include <stdint.h>

#define REPORT_DIGEST_SIZE 32

/*
 * Every deviation that is tolerated, in the order of the alphabet:
 * X(constant, name in report.anomalies, clause, what it means).
 * The list is closed: a new one is added here, in the schema's comment and in
 * the manual page.
 */
#define REPORT_ANOMALIES(X)                                                    \
	X(BASE64_UNDECLARED, "base64-undeclared", "RFC 2045 section 6.1",      \
	    "the attachment was in base64, and Content-Transfer-Encoding did " \
	    "not say so")                                                      \
	X(COMPRESSED_UNLABELLED, "compressed-unlabelled",                      \
	    "RFC 8460 section 5.3", "labelled +json, but compressed")          \
	X(CONTACT_INFO_MISSING, "contact-info-missing",                        \
	    "RFC 8460 section 4.4", "contact-info is missing, null or empty")  \
	X(CONTROL_CHARACTERS, "control-characters", "RFC 8259 section 7",      \
	    "a string has line ends, tabs or other control characters that "   \
	    "are not escaped")                                                 \
	X(DATA_AFTER_JSON, "data-after-json", "RFC 8259 section 2",            \
	    "bytes after the JSON document were ignored")                      \
	X(DATE_RANGE_REVERSED, "date-range-reversed", "RFC 8460 section 4.4",  \
	    "end-datetime is before start-datetime")                           \
	X(DATETIME_NONSTANDARD, "datetime-nonstandard",                        \
	    "RFC 3339 section 5.6",                                            \
	    "a date-time is not written as RFC 3339 asks, and was understood") \
	X(DATETIME_WITHOUT_ZONE, "datetime-without-zone",                      \
	    "RFC 3339 section 5.6",                                            \
	    "a date-time has no zone and was read as UTC")                     \
	X(DETAILS_EXCEED_TOTAL, "details-exceed-total",                        \
	    "RFC 8460 section 4.4",                                            \
	    "the failure details of a policy add up to more than its "         \
	    "total-failure-session-count")                                     \
	X(DETAILS_IN_POLICY, "details-in-policy", "RFC 8460 section 4.4",      \
	    "failure-details stands inside policy and was read there")         \
	X(DETAILS_MISSING, "details-missing", "RFC 8460 section 4.4",          \
	    "a policy has failed sessions and no failure details")             \
	X(DETAILS_NOT_ARRAY, "details-not-array", "RFC 8460 section 4.4",      \
	    "failure-details is a single object, or \"\", instead of an "      \
	    "array")                                                           \
	X(DOUBLE_GZIP, "double-gzip", "RFC 8460 section 5.2",                  \
	    "the document was compressed twice")                               \
	X(DUPLICATE_KEY, "duplicate-key", "RFC 7493 section 2.3",              \
	    "an object has the same key twice; the last one was taken")        \
	X(FAILED_SESSION_COUNT_MISSING, "failed-session-count-missing",        \
	    "RFC 8460 section 4.4",                                            \
	    "failed-session-count is missing in a failure detail; 0 was "      \
	    "taken")                                                           \
	X(GZIP_DATA_AFTER_END, "gzip-data-after-end", "RFC 1952 section 2.2",  \
	    "bytes after the last gzip member were ignored")                   \
	X(IP_INVALID, "ip-invalid", "RFC 8460 section 4.4",                    \
	    "an address is not an IP address; the row has NULL")               \
	X(IP_NONSTANDARD, "ip-nonstandard", "RFC 8460 section 4.4",            \
	    "an address has brackets, a zone or blanks around it")             \
	X(MEDIA_TYPE_UNEXPECTED, "media-type-unexpected",                      \
	    "RFC 8460 section 5.3",                                            \
	    "the attachment was not labelled application/tlsrpt+gzip or "      \
	    "+json")                                                           \
	X(MX_HOST_NONSTANDARD, "mx-host-nonstandard", "RFC 8460 section 4.4",  \
	    "mx-host has an empty entry, an 'mx:' prefix, which was removed, " \
	    "or several hosts in one string, which were taken apart")          \
	X(MX_HOST_NOT_ARRAY, "mx-host-not-array", "RFC 8460 section 4.4",      \
	    "mx-host is a string instead of an array")                         \
	X(NOT_COMPRESSED, "not-compressed", "RFC 8460 section 5.3",            \
	    "labelled gzip, but not compressed")                               \
	X(NULL_VALUE, "null-value", "RFC 8460 section 4.4",                    \
	    "a member or an element is null; it was read as absent")           \
	X(OBJECT_IN_ARRAY, "object-in-array", "RFC 8460 section 4.4",          \
	    "policy or summary is an array of one object, which was taken")    \
	X(ORGANIZATION_NAME_MISSING, "organization-name-missing",              \
	    "RFC 8460 section 4.4",                                            \
	    "organization-name is missing, null or empty")                     \
	X(POLICIES_EMPTY, "policies-empty", "RFC 8460 section 4.4",            \
	    "the report has no policy")                                        \
	X(POLICIES_NOT_ARRAY, "policies-not-array", "RFC 8460 section 4.4",    \
	    "policies is a single object instead of an array")                 \
	X(POLICY_DOMAIN_FROM_FILENAME, "policy-domain-from-filename",          \
	    "RFC 8460 section 5.1",                                            \
	    "policy-domain is missing and was taken from the filename")        \
	X(POLICY_DOMAIN_FROM_HEADER, "policy-domain-from-header",              \
	    "RFC 8460 section 5.3",                                            \
	    "policy-domain is missing and was taken from TLS-Report-Domain")   \
	X(POLICY_DOMAIN_INVALID, "policy-domain-invalid",                      \
	    "RFC 8460 section 4.4",                                            \
	    "policy-domain is not a domain name of A-labels; kept as text")    \
	X(POLICY_DOMAIN_MISSING, "policy-domain-missing",                      \
	    "RFC 8460 section 4.4",                                            \
	    "policy-domain is missing, and nothing else names it")             \
	X(POLICY_MISSING, "policy-missing", "RFC 8460 section 4.4",            \
	    "an element of policies has no policy; of its members those were " \
	    "read that stand in the element itself")                           \
	X(POLICY_STRING_JSON_IN_STRING, "policy-string-json-in-string",        \
	    "RFC 8460 section 4.4",                                            \
	    "policy-string holds a JSON array as text; it was unpacked")       \
	X(POLICY_STRING_MISSING, "policy-string-missing",                      \
	    "RFC 8460 section 4.4",                                            \
	    "a policy of type sts or tlsa has no policy-string")               \
	X(POLICY_STRING_NOT_ARRAY, "policy-string-not-array",                  \
	    "RFC 8460 section 4.4",                                            \
	    "policy-string is a string instead of an array")                   \
	X(POLICY_STRING_TRIMMED, "policy-string-trimmed",                      \
	    "RFC 8460 section 4.4",                                            \
	    "lines of policy-string had blanks or line ends around them")      \
	X(POLICY_TYPE_MISSING, "policy-type-missing", "RFC 8460 section 4.4",  \
	    "policy-type is missing in a policy")                              \
	X(POLICY_TYPE_UNKNOWN, "policy-type-unknown", "RFC 8460 section 4.4",  \
	    "a policy-type is none of tlsa, sts, no-policy-found")             \
	X(REPORT_ID_MISSING, "report-id-missing", "RFC 8460 section 4.4",      \
	    "report-id is missing, null or empty")                             \
	X(RESULT_TYPE_MISSING, "result-type-missing", "RFC 8460 section 4.3",  \
	    "result-type is missing in a failure detail")                      \
	X(RESULT_TYPE_UNKNOWN, "result-type-unknown", "RFC 8460 section 6.6",  \
	    "a result-type is not in IANA's registry")                         \
	X(SESSION_COUNT_MISSING, "session-count-missing",                      \
	    "RFC 8460 section 4.4",                                            \
	    "a count is missing in a summary; 0 was taken")                    \
	X(SESSION_COUNT_NOT_INTEGER, "session-count-not-integer",              \
	    "RFC 8460 section 4.4",                                            \
	    "a count is a string or has a decimal point")                      \
	X(SUMMARY_MISSING, "summary-missing", "RFC 8460 section 4.4",          \
	    "a policy has no summary; 0 sessions were taken")                  \
	X(UTF8_BOM, "utf8-bom", "RFC 8259 section 8.1",                        \
	    "the document starts with a byte order mark")                      \
	X(VALUE_NOT_STRING, "value-not-string", "RFC 8460 section 4.4",        \
	    "another value stands where a string belongs; kept as text, or "   \
	    "left out where that would say nothing")                           \
	X(ZIP_ARCHIVE, "zip-archive", "RFC 8460 section 5.2",                  \
	    "the document came in a zip archive instead of gzip")

enum report_anomaly {
#define X(constant, name, clause, meaning) REPORT_ANOMALY_##constant,
	REPORT_ANOMALIES(X)
#undef X
	    REPORT_ANOMALY_COUNT
};

/* A set of anomalies: bit n stands for enum report_anomaly n. */
typedef uint64_t report_anomalies;
G_STATIC_ASSERT(REPORT_ANOMALY_COUNT <= 64);

/* One entry of failure-details (RFC 8460 section 4.4). */
struct report_failure {
	char *result_type;
	char *sending_mta_ip; /* canonical, as inet_ntop(3) writes it */
	char *receiving_mx_hostname;
	char *receiving_mx_helo;
	char *receiving_ip; /* canonical */
	int64_t failed_session_count;
	char *additional_information;
	char *failure_reason_code;
};

/* One entry of policies. */
struct report_policy {
	char *policy_type;
	char *policy_mode;        /* of an STS policy: enforce, testing, none */
	char *policy_domain;      /* lower case */
	GPtrArray *policy_string; /* of char *; never NULL */
	GPtrArray *mx_host;       /* of char *; never NULL */
	int64_t total_successful_session_count;
	int64_t total_failure_session_count;
	GPtrArray *failures; /* of struct report_failure *; never NULL */
};

struct report {
	char *organization_name;
	char *contact_info;
	char *report_id;
	int64_t start_datetime; /* seconds since the epoch, UTC */
	int64_t end_datetime;
	GPtrArray *policies; /* of struct report_policy *; never NULL */
	report_anomalies anomalies;

	/* The document itself: keys sorted, no blanks (its own form of what
	 * was received), and the SHA-256 of that. */
	char *document;
	size_t document_length;
	uint8_t content_sha256[REPORT_DIGEST_SIZE];
};

/* An empty report; free with report_free(), which takes NULL. */
struct report *report_new(void);
void report_free(struct report *report);

/* Append an empty element, owned by the list it was appended to. */
struct report_policy *report_add_policy(struct report *report);
struct report_failure *report_add_failure(struct report_policy *policy);

/* Notes that a deviation was tolerated. Noting it twice is noting it once. */
void report_note(struct report *report, enum report_anomaly anomaly);

/* The name of an anomaly as it stands in the column report.anomalies, the
 * clause it deviates from, and what it means. Static strings. */
const char *report_anomaly_name(enum report_anomaly anomaly);
const char *report_anomaly_clause(enum report_anomaly anomaly);
const char *report_anomaly_meaning(enum report_anomaly anomaly);

/*
 * Fills the policy domains that are missing from the TLS-Report-Domain field
 * (RFC 8460 section 5.3), else from the second part of the filename (section
 * 5.1), and notes which. Both may be NULL. What neither names stays NULL and is
 * noted as policy-domain-missing.
 */
void report_complete(
    struct report *report, const char *tls_report_domain, const char *filename);

/*
 * Who sent the report: the lower-case domain of contact-info, else
 * from_domain, else the organisation's name, else "". from_domain may be NULL.
 * The caller frees the string with g_free().
 */
char *report_submitter(const struct report *report, const char *from_domain);

/* The distinct policy domains, sorted bytewise; those that are NULL left out.
 * The array is the caller's (g_ptr_array_unref), its strings the report's. */
GPtrArray *report_policy_domains(const struct report *report);

/*
 * What makes it this report and no other: SHA-256 over the submitter, the
 * organisation, the report-id, start and end in UTC and the distinct sorted
 * policy domains, each with its length before it.
 */
void report_identity(const struct report *report, const char *submitter,
    uint8_t ret_identity[REPORT_DIGEST_SIZE]);

/* Number of failure rows, and of sessions (successful and failed; saturates at
 * INT64_MAX). */
size_t report_failure_count(const struct report *report);
int64_t report_session_count(const struct report *report);

/* Whether a result-type is one of the eleven of IANA's registry. */
gboolean report_result_type_known(const char *result_type);

#endif
