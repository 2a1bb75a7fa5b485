-- SPDX-License-Identifier: MIT
-- What analysts read: the rows, one by one or by day; views over the sums are in
-- 006 and 007. All views run with the rights of who asks (security_invoker), so
-- that row-level security on the tables holds. "Today" is the current date in
-- UTC, written out each time: hidden in a function or a join it would keep the
-- planner from leaving out the months not needed.

-- Grouped by bytes, as a language's order takes longer (outside the names have
-- their collation again), and divided as double precision: together that saves a
-- quarter of the time that a large domain takes.
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
	'UTC date that the reports are about.';
COMMENT ON COLUMN tlsrpt.daily.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL when the report does not name it.';
COMMENT ON COLUMN tlsrpt.daily.organization_name IS
	'Who reported, in its own words.';
COMMENT ON COLUMN tlsrpt.daily.policy_type IS
	'tlsa (DANE), sts (MTA-STS) or no-policy-found.';
COMMENT ON COLUMN tlsrpt.daily.reports IS
	'Number of reports that the numbers are from.';
COMMENT ON COLUMN tlsrpt.daily.successful_sessions IS
	'Sessions that fulfilled the policy.';
COMMENT ON COLUMN tlsrpt.daily.failed_sessions IS
	'Sessions that did not (total-failure-session-count).';
COMMENT ON COLUMN tlsrpt.daily.failure_rate IS
	'failed_sessions / (successful_sessions + failed_sessions): 0 to 1; NULL without sessions.';

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
	'Each failure row with its policy and report, and what its result type means. The document itself: SELECT document FROM tlsrpt.report WHERE report_key = … AND day = ….';
COMMENT ON COLUMN tlsrpt.failure_detail.failure_key IS
	'Key of the row in failure.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_key IS
	'Key of the row in policy.';
COMMENT ON COLUMN tlsrpt.failure_detail.report_key IS
	'Key of the row in report, where the document is.';
COMMENT ON COLUMN tlsrpt.failure_detail.day IS
	'UTC date that the report is about.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_domain IS
	'Domain whose policy was applied.';
COMMENT ON COLUMN tlsrpt.failure_detail.result_type IS
	'What went wrong (RFC 8460 section 4.3).';
COMMENT ON COLUMN tlsrpt.failure_detail.receiving_mx_hostname IS
	'Our MX host as DNS named it.';
COMMENT ON COLUMN tlsrpt.failure_detail.failed_sessions IS
	'Number of sessions that failed this way; a session may be in several rows.';
COMMENT ON COLUMN tlsrpt.failure_detail.organization_name IS
	'Who reported it.';
COMMENT ON COLUMN tlsrpt.failure_detail.failure_reason_code IS
	'The reporter''s own words for the cause, often its TLS library''s.';
COMMENT ON COLUMN tlsrpt.failure_detail.additional_information IS
	'Text or URI with more about it; not to be trusted.';
COMMENT ON COLUMN tlsrpt.failure_detail.sending_mta_ip IS
	'Address that the sender connected from.';
COMMENT ON COLUMN tlsrpt.failure_detail.receiving_ip IS
	'Our address that it connected to.';
COMMENT ON COLUMN tlsrpt.failure_detail.receiving_mx_helo IS
	'Name that our host gave in its greeting.';
COMMENT ON COLUMN tlsrpt.failure_detail.meaning IS
	'What the sender saw; NULL for a result type outside the registry.';
COMMENT ON COLUMN tlsrpt.failure_detail.usual_cause IS
	'What is behind it most of the time.';
COMMENT ON COLUMN tlsrpt.failure_detail.action IS
	'What to look at, and what to change.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_type IS
	'tlsa (DANE), sts (MTA-STS) or no-policy-found.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_mode IS
	'mode of an MTA-STS policy: enforce, testing or none.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_string IS
	'The policy as the sender saw it.';
COMMENT ON COLUMN tlsrpt.failure_detail.mx_host IS
	'MX patterns of an MTA-STS policy.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_successful_sessions IS
	'Successful sessions of the whole policy row; don''t add up over failures.';
COMMENT ON COLUMN tlsrpt.failure_detail.policy_failed_sessions IS
	'Failed sessions of the whole policy row; don''t add up over failures.';
COMMENT ON COLUMN tlsrpt.failure_detail.report_id IS
	'The reporter''s own name for the report, for questions to contact_info.';
COMMENT ON COLUMN tlsrpt.failure_detail.submitter IS
	'Domain that sent the report.';
COMMENT ON COLUMN tlsrpt.failure_detail.authenticated IS
	'Whether DKIM shows that the submitter sent it; if not, anyone may have.';
COMMENT ON COLUMN tlsrpt.failure_detail.contact_info IS
	'Address for questions about the report.';
COMMENT ON COLUMN tlsrpt.failure_detail.start_datetime IS
	'Start of the period that the report covers.';
COMMENT ON COLUMN tlsrpt.failure_detail.end_datetime IS
	'End of that period.';
COMMENT ON COLUMN tlsrpt.failure_detail.received_at IS
	'When the report came in.';

CREATE VIEW tlsrpt.rejection WITH (security_invoker = true) AS
SELECT j.received_at, j.reason,
	CASE j.reason
		WHEN 'invalid' THEN
			'It could not be read as a report or is over a limit. Nothing of it is counted.'
		WHEN 'refused' THEN
			'It is a valid report that the configuration does not take: of another domain, or without the DKIM signature asked for.'
		WHEN 'conflict' THEN
			'Another report with the same sender, report-id, period and policy domains is counted in its place: an authenticated one, or the one that came first.'
	END AS explanation,
	j.detail, j.submitter, j.envelope_from, j.filename, j.size_bytes,
	j.message_id, j.conflicts_with, j.document IS NOT NULL AS has_document,
	j.record
FROM tlsrpt.rejected_report AS j;

COMMENT ON VIEW tlsrpt.rejection IS
	'What came in as a report and is not counted, and why. Restrict received_at, so that only the months needed are read.';
COMMENT ON COLUMN tlsrpt.rejection.received_at IS
	'When it came in.';
COMMENT ON COLUMN tlsrpt.rejection.reason IS
	'invalid, refused or conflict.';
COMMENT ON COLUMN tlsrpt.rejection.explanation IS
	'What the reason means.';
COMMENT ON COLUMN tlsrpt.rejection.detail IS
	'What exactly was wrong with this one.';
COMMENT ON COLUMN tlsrpt.rejection.submitter IS
	'Domain that claims to have sent it, where it could be read.';
COMMENT ON COLUMN tlsrpt.rejection.envelope_from IS
	'Envelope sender of the mail.';
COMMENT ON COLUMN tlsrpt.rejection.filename IS
	'Filename of the attachment or file.';
COMMENT ON COLUMN tlsrpt.rejection.size_bytes IS
	'Size as received, in bytes.';
COMMENT ON COLUMN tlsrpt.rejection.message_id IS
	'Message-ID of the mail, to find it in the mailbox and the mail log.';
COMMENT ON COLUMN tlsrpt.rejection.conflicts_with IS
	'report_key of the report that is counted in its place.';
COMMENT ON COLUMN tlsrpt.rejection.has_document IS
	'Whether rejected_report.document has the report itself.';
COMMENT ON COLUMN tlsrpt.rejection.record IS
	'Name of the spool record; key into rejected_report with received_at.';
