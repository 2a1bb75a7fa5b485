/* SPDX-License-Identifier: MIT */
/*
 * report: the typed model of an SMTP TLS report (RFC 8460 section 4.4).
 *
 * Knows what a report is made of. Leaves JSON to report_json.c, what makes two
 * reports the same one to identity.c, and rows to ingest_row.c.
 *
 * A report belongs to one thread at a time. Strings are UTF-8 without NUL, or
 * NULL where the document has none; they and all lists belong to the report.
 */
#ifndef DOCUMENT_REPORT_H
#define DOCUMENT_REPORT_H

#include <glib.h>
#include <stdint.h>

#include "base/digest.h"
#include "document/anomaly.h"

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

/* What the reason says of a report that begins too late. */
#define REPORT_FROM_FUTURE "more than 2 days after it was received"

struct report {
	char *organization_name;
	char *contact_info;
	char *report_id;
	int64_t start_datetime; /* seconds since the epoch, UTC */
	int64_t end_datetime;
	/* A second of the UTC date that the report counts for: the last one of
	 * the period, or the first where the end can't be right. */
	int64_t day;
	char *report_domain; /* the domain that the report is about, lower case;
				NULL where nothing names one */
	GPtrArray *policies; /* of struct report_policy *; never NULL */
	anomaly_set anomalies;

	/* The document itself, with keys sorted and without blanks, and the
	 * SHA-256 of that. */
	char *document;
	size_t document_length;
	uint8_t content_sha256[DIGEST_SIZE];
};

/* An empty report; free with report_free(), which takes NULL. */
struct report *report_new(void);
void report_free(struct report *report);

/* Append an empty element, owned by the list it was appended to. */
struct report_policy *report_add_policy(struct report *report);
struct report_failure *report_add_failure(struct report_policy *policy);

/* Notes that a deviation was tolerated, once or several times. */
void report_note(struct report *report, enum anomaly anomaly);

/*
 * Fills in the domain of the report: from the TLS-Report-Domain field (RFC 8460
 * section 5.3), else from the second part of the filename (section 5.1), else
 * the only domain of its policies. Field and filename may be NULL. What doesn't
 * agree is noted; the domain of a TLSA policy is a host's and need not.
 *
 * Fills in the policy domains that are missing, from the field or the filename,
 * and notes which. When neither names one, it stays NULL and
 * policy-domain-missing is noted.
 */
void report_complete(
    struct report *report, const char *tls_report_domain, const char *filename);

/* The number of failure rows, and of sessions (successful and failed; saturates
 * at INT64_MAX). */
size_t report_failure_count(const struct report *report);
int64_t report_session_count(const struct report *report);

/* The sessions that a policy's failure details add up to; saturates. */
int64_t report_failed_sessions(const struct report_policy *policy);

/* Whether nothing of a report's counts is missing, and the details of each
 * policy that has any add up to its failed sessions. */
gboolean report_sums_agree(const struct report *report);

/* Whether a result-type is one of the eleven of IANA's registry. */
gboolean report_result_type_known(const char *result_type);

#endif
