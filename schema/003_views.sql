-- SPDX-License-Identifier: MIT
-- Views for analysts over the rows themselves, singly or by day; the views over
-- sums are in 006 and 007. All views run with the privileges of the caller
-- (security_invoker), so that row-level security on the tables applies. "Today" is
-- the current date in UTC and is written out each time: inside a function or a
-- join it would keep the planner from skipping the months that are not needed.

-- The inner query groups by bytes, because comparing by a language's collation
-- takes longer (the outer query restores the collation), and divides as double
-- precision. Together this saves a quarter of the time for a large domain.
CREATE VIEW tlsrpt.daily WITH (security_invoker = true) AS
SELECT s.day, s.policy_domain,
	s.organization_name COLLATE "default" AS organization_name,
	s.policy_type COLLATE "default" AS policy_type, s.reports,
	s.successful_sessions, s.failed_sessions, s.failure_rate
FROM (
	SELECT p.day, p.policy_domain,
		p.organization_name COLLATE "C" AS organization_name,
		p.policy_type COLLATE "C" AS policy_type,
		count(DISTINCT p.report_key) AS reports,
		sum(p.total_successful_session_count) AS successful_sessions,
		sum(p.total_failure_session_count) AS failed_sessions,
		sum(p.total_failure_session_count::double precision)
			/ nullif(sum(p.total_successful_session_count::double precision
				+ p.total_failure_session_count::double precision), 0)
			AS failure_rate
	FROM tlsrpt.policy AS p
	GROUP BY p.day, p.policy_domain, p.organization_name COLLATE "C",
		p.policy_type COLLATE "C"
) AS s;

COMMENT ON VIEW tlsrpt.daily IS
	'Sessions by day, policy domain, reporter and policy type. Restrict day, so that only the months needed are read.';
COMMENT ON COLUMN tlsrpt.daily.day IS
	'UTC date that the reports count for.';
COMMENT ON COLUMN tlsrpt.daily.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.daily.organization_name IS
	'Organisation that reported, as it calls itself; NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.daily.policy_type IS
	'tlsa (DANE), sts (MTA-STS) or no-policy-found; NULL if absent.';
COMMENT ON COLUMN tlsrpt.daily.reports IS
	'Number of reports that the figures come from.';
COMMENT ON COLUMN tlsrpt.daily.successful_sessions IS
	'Number of sessions that satisfied the policy (total-successful-session-count).';
COMMENT ON COLUMN tlsrpt.daily.failed_sessions IS
	'Number of sessions that did not satisfy the policy (total-failure-session-count).';
COMMENT ON COLUMN tlsrpt.daily.failure_rate IS
	'failed_sessions / (successful_sessions + failed_sessions), from 0 to 1; NULL if there were no sessions.';

CREATE VIEW tlsrpt.failure_detail WITH (security_invoker = true) AS
SELECT f.failure_key, policy_key, report_key, day, f.policy_domain,
	f.result_type, f.receiving_mx_hostname, f.failed_session_count
		AS failed_sessions,
	f.organization_name, f.failure_reason_code, f.additional_information,
	f.sending_mta_ip, f.receiving_ip, f.receiving_mx_helo,
	t.meaning, t.usual_cause, t.action,
	p.policy_type, p.policy_mode, p.policy_string, p.mx_host,
	p.total_successful_session_count AS policy_successful_sessions,
	p.total_failure_session_count AS policy_failed_sessions,
	r.report_id, r.submitter, r.authenticated, r.contact_info,
	r.start_datetime, r.end_datetime, r.received_at
FROM tlsrpt.failure AS f
JOIN tlsrpt.policy AS p USING (policy_key, day)
JOIN tlsrpt.report AS r USING (report_key, day)
LEFT JOIN tlsrpt.result_type AS t ON t.result_type = f.result_type;

COMMENT ON VIEW tlsrpt.failure_detail IS
	'Each failure row with its policy and report, and the meaning of its result type. To see the document: SELECT document FROM tlsrpt.report WHERE report_key = … AND day = ….';
COMMENT ON COLUMN tlsrpt.failure_detail.failure_key IS
	'Key of the row in failure.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_key IS
	'Key of the row in policy.';
COMMENT ON COLUMN tlsrpt.failure_detail.report_key IS
	'Key of the row in report, which has the document.';
COMMENT ON COLUMN tlsrpt.failure_detail.day IS
	'UTC date that the report counts for.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.failure_detail.result_type IS
	'What went wrong: result-type (RFC 8460 section 4.3). NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure_detail.receiving_mx_hostname IS
	'Our MX host as named in DNS: receiving-mx-hostname. NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure_detail.failed_sessions IS
	'Number of sessions that failed in this way; one session may be counted in several rows.';
COMMENT ON COLUMN tlsrpt.failure_detail.organization_name IS
	'Organisation that reported the failure. NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.failure_detail.failure_reason_code IS
	'The cause in the reporter''s own words, often those of its TLS library. NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure_detail.additional_information IS
	'Text or URI with further details, not to be trusted. NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure_detail.sending_mta_ip IS
	'Address that the sender connected from. NULL if absent or not an address.';
COMMENT ON COLUMN tlsrpt.failure_detail.receiving_ip IS
	'Our address that the sender connected to. NULL if absent or not an address.';
COMMENT ON COLUMN tlsrpt.failure_detail.receiving_mx_helo IS
	'Name that our host gave in its greeting. NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure_detail.meaning IS
	'What the sender saw; NULL for a result type outside the registry.';
COMMENT ON COLUMN tlsrpt.failure_detail.usual_cause IS
	'What usually causes it; NULL for a result type outside the registry.';
COMMENT ON COLUMN tlsrpt.failure_detail.action IS
	'What to check and what to change; NULL for a result type outside the registry.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_type IS
	'tlsa (DANE), sts (MTA-STS) or no-policy-found; NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_mode IS
	'Mode of an MTA-STS policy: enforce, testing or none. NULL for other policy types.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_string IS
	'The policy as the sender saw it: lines of the MTA-STS policy, or TLSA records.';
COMMENT ON COLUMN tlsrpt.failure_detail.mx_host IS
	'MX host patterns of an MTA-STS policy.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_successful_sessions IS
	'Number of successful sessions of the whole policy row; don''t add it up over failures.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_failed_sessions IS
	'Number of failed sessions of the whole policy row; don''t add it up over failures.';
COMMENT ON COLUMN tlsrpt.failure_detail.report_id IS
	'The reporter''s own identifier for the report, to quote in questions to contact_info. NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure_detail.submitter IS
	'Domain that sent the report.';
COMMENT ON COLUMN tlsrpt.failure_detail.authenticated IS
	'True if DKIM proves that the submitter sent the report; otherwise anyone may have sent it.';
COMMENT ON COLUMN tlsrpt.failure_detail.contact_info IS
	'Address for questions about the report. NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure_detail.start_datetime IS
	'Start of the period that the report covers.';
COMMENT ON COLUMN tlsrpt.failure_detail.end_datetime IS
	'End of the period that the report covers.';
COMMENT ON COLUMN tlsrpt.failure_detail.received_at IS
	'Time when the report was received.';

CREATE VIEW tlsrpt.rejection WITH (security_invoker = true) AS
SELECT j.received_at, j.reason,
	CASE j.reason
		WHEN 'invalid' THEN
			'It could not be read as a report or exceeds a limit. None of it is counted.'
		WHEN 'refused' THEN
			'It is a valid report that the configuration does not accept: it is about another domain, or lacks the required DKIM signature.'
		WHEN 'conflict' THEN
			'Another report with the same sender, report-id, period and policy domains is counted instead: an authenticated one, or the one that arrived first.'
	END AS explanation,
	j.detail, j.submitter, j.envelope_from, j.filename, j.size_bytes,
	j.message_id, j.conflicts_with, j.document IS NOT NULL AS has_document,
	j.record
FROM tlsrpt.rejected_report AS j;

COMMENT ON VIEW tlsrpt.rejection IS
	'Reports that were received but are not counted, and why. Restrict received_at, so that only the months needed are read.';
COMMENT ON COLUMN tlsrpt.rejection.received_at IS
	'Time when the rejected report was received.';
COMMENT ON COLUMN tlsrpt.rejection.reason IS
	'invalid, refused or conflict.';
COMMENT ON COLUMN tlsrpt.rejection.explanation IS
	'What the reason means, in a sentence.';
COMMENT ON COLUMN tlsrpt.rejection.detail IS
	'What exactly was wrong with this report.';
COMMENT ON COLUMN tlsrpt.rejection.submitter IS
	'Domain that claims to have sent the report. NULL if it could not be determined.';
COMMENT ON COLUMN tlsrpt.rejection.envelope_from IS
	'Envelope sender of the mail; empty for the null sender, NULL for imported files.';
COMMENT ON COLUMN tlsrpt.rejection.filename IS
	'Filename of the attachment or file. NULL if it has none.';
COMMENT ON COLUMN tlsrpt.rejection.size_bytes IS
	'Size of the attachment as received, in bytes.';
COMMENT ON COLUMN tlsrpt.rejection.message_id IS
	'Message-ID of the mail, to find it in the mailbox and the mail log. NULL if absent.';
COMMENT ON COLUMN tlsrpt.rejection.conflicts_with IS
	'report_key of the report that is counted instead; NULL unless reason is conflict.';
COMMENT ON COLUMN tlsrpt.rejection.has_document IS
	'True if rejected_report.document contains the report.';
COMMENT ON COLUMN tlsrpt.rejection.record IS
	'Name of the spool record; with received_at, the key of the row in rejected_report.';
