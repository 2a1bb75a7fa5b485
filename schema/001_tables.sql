-- SPDX-License-Identifier: MIT
-- Tables and their partitions. Requires PostgreSQL 15 or later. 002 stores
-- reports, 003 has the views that people read, 004 the roles and privileges.
--
-- report, policy and failure are partitioned by month of day. Foreign keys
-- connect partition to partition (create_month adds them): on the parents, they
-- would halve the rate of ingest, and a single month could not be dropped.
-- Indexes on the parents are copied to each partition.

CREATE SCHEMA tlsrpt;
REVOKE ALL ON SCHEMA tlsrpt FROM PUBLIC;
COMMENT ON SCHEMA tlsrpt IS
	'SMTP TLS reports (RFC 8460): who could not send mail to us over verified TLS, and why. Start with the view domain_overview, then failure_detail.';

CREATE TABLE tlsrpt.schema_version (
	version int PRIMARY KEY,
	applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tlsrpt.schema_version IS
	'Migrations applied to this schema. tlsrpt-loader refuses to load into a version that it does not know.';
COMMENT ON COLUMN tlsrpt.schema_version.version IS
	'Number of the migration: 1 for 001_tables.sql.';
COMMENT ON COLUMN tlsrpt.schema_version.applied_at IS
	'Time when the migration was applied.';

-- Sequences rather than identity columns, because all partitions share one and a
-- report that is replaced keeps its key.
CREATE SEQUENCE tlsrpt.report_key_seq;
CREATE SEQUENCE tlsrpt.policy_key_seq;
CREATE SEQUENCE tlsrpt.failure_key_seq;
COMMENT ON SEQUENCE tlsrpt.report_key_seq IS
	'Values of report_key. Has gaps, since duplicates use up numbers too.';
COMMENT ON SEQUENCE tlsrpt.policy_key_seq IS
	'Values of policy_key. May have gaps.';
COMMENT ON SEQUENCE tlsrpt.failure_key_seq IS
	'Values of failure_key. May have gaps.';

CREATE TABLE tlsrpt.report (
	report_key bigint NOT NULL DEFAULT nextval('tlsrpt.report_key_seq'),
	day date NOT NULL
		CHECK (day BETWEEN (start_datetime AT TIME ZONE 'UTC')::date
			AND (greatest(start_datetime, end_datetime)
				AT TIME ZONE 'UTC')::date),
	organization_name text,
	contact_info text,
	report_id text,
	start_datetime timestamptz NOT NULL,
	end_datetime timestamptz NOT NULL,
	submitter text,
	received_at timestamptz NOT NULL,
	source text NOT NULL CHECK (source IN ('milter', 'import')),
	queue_id text,
	envelope_from text,
	message_id text,
	filename text,
	media_type text,
	size_bytes bigint CHECK (size_bytes >= 0),
	dkim_result text NOT NULL DEFAULT 'none'
		CHECK (dkim_result IN ('pass', 'fail', 'none')),
	dkim_domain text,
	authenticated boolean NOT NULL DEFAULT false,
	policy_domains text[] NOT NULL DEFAULT '{}',
	anomalies text[] NOT NULL DEFAULT '{}',
	identity bytea NOT NULL CHECK (length(identity) = 32),
	content_sha256 bytea NOT NULL CHECK (length(content_sha256) = 32),
	times_received int NOT NULL DEFAULT 1 CHECK (times_received > 0),
	document jsonb NOT NULL,
	PRIMARY KEY (report_key, day),
	UNIQUE (identity, day)
) PARTITION BY RANGE (day);
ALTER SEQUENCE tlsrpt.report_key_seq OWNED BY tlsrpt.report.report_key;

COMMENT ON TABLE tlsrpt.report IS
	'One row for each report, which is counted once however often it arrives (RFC 8460 section 4.4). Partitioned by month of day.';
COMMENT ON COLUMN tlsrpt.report.report_key IS
	'Key of the report in this database. Join with USING (report_key, day).';
COMMENT ON COLUMN tlsrpt.report.day IS
	'UTC date on which the period that the report covers ends (its last second): a day that begins at local midnight, or a whole week, counts there. That of start_datetime if the end is before it or was days ahead when the report arrived. Restrict it in every query, so that only the months needed are read.';
COMMENT ON COLUMN tlsrpt.report.organization_name IS
	'Organisation that sent the report, as it calls itself: organization-name (RFC 8460 section 4.4). NULL if absent.';
COMMENT ON COLUMN tlsrpt.report.contact_info IS
	'Address for questions about the report: contact-info (RFC 8460 section 4.4). NULL if absent.';
COMMENT ON COLUMN tlsrpt.report.report_id IS
	'The reporter''s own identifier for the report: report-id (RFC 8460 section 4.4). Not unique, even for one reporter. NULL if absent.';
COMMENT ON COLUMN tlsrpt.report.start_datetime IS
	'Start of the period that the report covers: date-range.start-datetime (RFC 8460 section 4.4).';
COMMENT ON COLUMN tlsrpt.report.end_datetime IS
	'End of the period that the report covers: date-range.end-datetime (RFC 8460 section 4.4). Usually a day after the start.';
COMMENT ON COLUMN tlsrpt.report.submitter IS
	'Domain that sent the report, in lower case: the domain of contact_info, else of the From field, else the organisation''s name (RFC 8460 sections 3 and 5.3). Empty if there is none of these.';
COMMENT ON COLUMN tlsrpt.report.received_at IS
	'Time when the mail server received the mail, or when the file was imported.';
COMMENT ON COLUMN tlsrpt.report.source IS
	'How the report arrived: milter (in inbound mail) or import (from a file).';
COMMENT ON COLUMN tlsrpt.report.queue_id IS
	'Queue ID of the mail at the MTA, for looking it up in the mail log. NULL for imported files.';
COMMENT ON COLUMN tlsrpt.report.envelope_from IS
	'Envelope sender of the mail (RFC 5321 section 4.1.1.2); empty for the null sender, NULL for imported files.';
COMMENT ON COLUMN tlsrpt.report.message_id IS
	'Message-ID field of the mail (RFC 5322 section 3.6.4). NULL if absent.';
COMMENT ON COLUMN tlsrpt.report.filename IS
	'Filename of the attachment or file (RFC 8460 section 5.1). NULL if it has none.';
COMMENT ON COLUMN tlsrpt.report.media_type IS
	'Media type that the attachment was labelled with (RFC 8460 section 5.3). NULL if it has no label.';
COMMENT ON COLUMN tlsrpt.report.size_bytes IS
	'Size of the attachment as received, usually compressed, in bytes.';
COMMENT ON COLUMN tlsrpt.report.dkim_result IS
	'DKIM result from a trusted Authentication-Results field (RFC 8601): pass, fail or none.';
COMMENT ON COLUMN tlsrpt.report.dkim_domain IS
	'Signing domain (d=) to which dkim_result applies (RFC 6376 section 3.5). NULL if there is none.';
COMMENT ON COLUMN tlsrpt.report.authenticated IS
	'True if there is a DKIM pass for the submitter''s domain or an organisational parent of it (RFC 8460 section 3). Anyone can send an unauthenticated report.';
COMMENT ON COLUMN tlsrpt.report.policy_domains IS
	'Distinct policy domains named in the report, sorted.';
COMMENT ON COLUMN tlsrpt.report.identity IS
	'SHA-256 over submitter, organisation, report-id, period and policy domains, each prefixed by its length: identifies the report. Unique together with day. Where contact_info has no domain, content_sha256 stands for the submitter, so that the report is the same whichever way it came.';
COMMENT ON COLUMN tlsrpt.report.content_sha256 IS
	'SHA-256 of the document with keys sorted and white space removed: distinguishes another copy of a report from a different report with the same identity.';
COMMENT ON COLUMN tlsrpt.report.times_received IS
	'Number of times that this report was received; it is counted once all the same. May be too high by one for each time that the database''s answer to the loader was lost.';
COMMENT ON COLUMN tlsrpt.report.document IS
	'The report as received (RFC 8460 section 4.4), for everything that has no column.';
COMMENT ON COLUMN tlsrpt.report.anomalies IS
	'Deviations from the RFCs that were tolerated; the table anomaly explains each name.';

CREATE TABLE tlsrpt.policy (
	policy_key bigint NOT NULL DEFAULT nextval('tlsrpt.policy_key_seq'),
	day date NOT NULL,
	report_key bigint NOT NULL,
	organization_name text,
	policy_type text,
	policy_mode text,
	policy_domain text,
	policy_string text[] NOT NULL DEFAULT '{}',
	mx_host text[] NOT NULL DEFAULT '{}',
	total_successful_session_count bigint NOT NULL
		CHECK (total_successful_session_count >= 0),
	total_failure_session_count bigint NOT NULL
		CHECK (total_failure_session_count >= 0),
	PRIMARY KEY (policy_key, day)
) PARTITION BY RANGE (day);
ALTER SEQUENCE tlsrpt.policy_key_seq OWNED BY tlsrpt.policy.policy_key;
CREATE INDEX policy_report_key ON tlsrpt.policy (report_key);
CREATE INDEX policy_policy_domain_day ON tlsrpt.policy (policy_domain, day);

COMMENT ON TABLE tlsrpt.policy IS
	'One row for each entry of policies in a report (RFC 8460 section 4.4), with the number of sessions that succeeded and failed under that policy. Add up sessions here, not in failure.';
COMMENT ON COLUMN tlsrpt.policy.policy_key IS
	'Key of the policy row. Join with USING (policy_key, day).';
COMMENT ON COLUMN tlsrpt.policy.day IS
	'UTC date that the report counts for, as in report.';
COMMENT ON COLUMN tlsrpt.policy.report_key IS
	'Key of the report that the policy is from.';
COMMENT ON COLUMN tlsrpt.policy.organization_name IS
	'Organisation that sent the report, copied from report so that sums by reporter need no join. NULL if absent.';
COMMENT ON COLUMN tlsrpt.policy.policy_type IS
	'Type of the policy that the sender found: tlsa (DANE, RFC 7672), sts (MTA-STS, RFC 8461) or no-policy-found (RFC 8460 section 4.4). Other values are kept as sent; NULL if absent.';
COMMENT ON COLUMN tlsrpt.policy.policy_mode IS
	'Mode of an MTA-STS policy (RFC 8461 section 3.2): enforce, testing or none. NULL for other policy types.';
COMMENT ON COLUMN tlsrpt.policy.policy_domain IS
	'Domain whose policy was applied, in lower case: policy-domain (RFC 8460 section 4.4). For sts and no-policy-found this is the recipient domain, for tlsa it may be an MX host''s name. At most 255 characters; NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.policy.policy_string IS
	'The policy as the sender saw it: policy-string (RFC 8460 section 4.4). Lines of the MTA-STS policy, or TLSA records.';
COMMENT ON COLUMN tlsrpt.policy.mx_host IS
	'MX host patterns of an MTA-STS policy: mx-host (RFC 8460 section 4.4).';
COMMENT ON COLUMN tlsrpt.policy.total_successful_session_count IS
	'Number of sessions that satisfied the policy: total-successful-session-count (RFC 8460 section 4.4).';
COMMENT ON COLUMN tlsrpt.policy.total_failure_session_count IS
	'Number of sessions that did not satisfy the policy: total-failure-session-count (RFC 8460 section 4.4). The counts in failure need not add up to it.';

CREATE TABLE tlsrpt.failure (
	failure_key bigint NOT NULL DEFAULT nextval('tlsrpt.failure_key_seq'),
	day date NOT NULL,
	policy_key bigint NOT NULL,
	organization_name text,
	policy_domain text,
	result_type text,
	sending_mta_ip inet,
	receiving_mx_hostname text,
	receiving_mx_helo text,
	receiving_ip inet,
	failed_session_count bigint NOT NULL CHECK (failed_session_count >= 0),
	additional_information text,
	failure_reason_code text,
	PRIMARY KEY (failure_key, day)
) PARTITION BY RANGE (day);
ALTER SEQUENCE tlsrpt.failure_key_seq OWNED BY tlsrpt.failure.failure_key;
CREATE INDEX failure_policy_key ON tlsrpt.failure (policy_key);
CREATE INDEX failure_policy_domain_day ON tlsrpt.failure (policy_domain, day);

COMMENT ON TABLE tlsrpt.failure IS
	'One row for each entry of failure-details (RFC 8460 section 4.4). One session may be counted in several rows, so sums can exceed policy.total_failure_session_count.';
COMMENT ON COLUMN tlsrpt.failure.failure_key IS
	'Key of the failure row.';
COMMENT ON COLUMN tlsrpt.failure.day IS
	'UTC date that the report counts for, as in report.';
COMMENT ON COLUMN tlsrpt.failure.policy_key IS
	'Key of the policy row that the failure belongs to.';
COMMENT ON COLUMN tlsrpt.failure.organization_name IS
	'Organisation that reported the failure, as in report. NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure.policy_domain IS
	'Domain whose policy was applied, as in policy; NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.failure.result_type IS
	'What went wrong: result-type (RFC 8460 section 4.3), explained in the table result_type. Values outside the registry are kept as sent; NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure.sending_mta_ip IS
	'Address that the sender connected from: sending-mta-ip (RFC 8460 section 4.4). NULL if absent or not an address.';
COMMENT ON COLUMN tlsrpt.failure.receiving_mx_hostname IS
	'Our MX host as named in DNS: receiving-mx-hostname (RFC 8460 section 4.4). NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure.receiving_mx_helo IS
	'Host name that our host gave in its answer to EHLO: receiving-mx-helo (RFC 8460 section 4.4). Whatever a sender reports besides the name is only in report.document. NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure.receiving_ip IS
	'Our address that the sender connected to: receiving-ip (RFC 8460 section 4.4). NULL if absent or not an address.';
COMMENT ON COLUMN tlsrpt.failure.failed_session_count IS
	'Number of sessions that failed in this way: failed-session-count (RFC 8460 section 4.4).';
COMMENT ON COLUMN tlsrpt.failure.additional_information IS
	'Text or URI with further details: additional-information (RFC 8460 section 4.4), which the RFC also calls additional-info-uri. Do not trust it or follow it blindly. NULL if absent.';
COMMENT ON COLUMN tlsrpt.failure.failure_reason_code IS
	'Free text from the reporter, often the message of its TLS library: failure-reason-code (RFC 8460 section 4.4). NULL if absent.';

CREATE TABLE tlsrpt.rejected_report (
	record text NOT NULL,
	received_at timestamptz NOT NULL,
	reason text NOT NULL CHECK (reason IN ('invalid', 'refused', 'conflict')),
	detail text,
	envelope_from text,
	message_id text,
	submitter text,
	filename text,
	content_sha256 bytea CHECK (length(content_sha256) = 32),
	size_bytes bigint CHECK (size_bytes >= 0),
	document jsonb,
	conflicts_with bigint,
	PRIMARY KEY (record, received_at)
) PARTITION BY RANGE (received_at);

COMMENT ON TABLE tlsrpt.rejected_report IS
	'Reports that were received but are not counted. Partitioned by month of received_at in UTC.';
COMMENT ON COLUMN tlsrpt.rejected_report.record IS
	'Name of the spool record. For a report that was replaced, the name of the record that replaced it.';
COMMENT ON COLUMN tlsrpt.rejected_report.received_at IS
	'Time when the rejected report was received.';
COMMENT ON COLUMN tlsrpt.rejected_report.reason IS
	'invalid: the report could not be read or exceeds a limit. refused: it is not about one of our domains, or lacks a DKIM pass where one is required. conflict: it has the identity of a report that is counted, but different content.';
COMMENT ON COLUMN tlsrpt.rejected_report.detail IS
	'The reason as a sentence.';
COMMENT ON COLUMN tlsrpt.rejected_report.envelope_from IS
	'Envelope sender of the mail (RFC 5321 section 4.1.1.2); empty for the null sender, NULL for imported files.';
COMMENT ON COLUMN tlsrpt.rejected_report.message_id IS
	'Message-ID field of the mail (RFC 5322 section 3.6.4). NULL if absent.';
COMMENT ON COLUMN tlsrpt.rejected_report.submitter IS
	'Domain that claims to have sent the report. NULL if it could not be determined.';
COMMENT ON COLUMN tlsrpt.rejected_report.filename IS
	'Filename of the attachment or file (RFC 8460 section 5.1). NULL if it has none.';
COMMENT ON COLUMN tlsrpt.rejected_report.content_sha256 IS
	'SHA-256 of the attachment as received; for a conflict, of the document as in report.content_sha256.';
COMMENT ON COLUMN tlsrpt.rejected_report.size_bytes IS
	'Size of the attachment as received, in bytes.';
COMMENT ON COLUMN tlsrpt.rejected_report.document IS
	'The document of the rejected report if reason is conflict; otherwise NULL.';
COMMENT ON COLUMN tlsrpt.rejected_report.conflicts_with IS
	'report_key of the report that is counted instead, if reason is conflict; otherwise NULL.';

-- A unique index on four texts that a stranger wrote would fail at 2.7 kB a row
-- (SQLSTATE 54000), so the index is on a digest of them. The lengths distinguish
-- ('a','bc') from ('ab','c'), and a missing length distinguishes NULL from ''.
-- decode(…, 'escape') yields the bytes of a text whose backslashes are doubled;
-- convert_to would do, but is not immutable.
CREATE FUNCTION tlsrpt.problem_key(
	policy_domain text, result_type text, receiving_mx_hostname text,
	organization_name text)
RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(decode(replace(
	coalesce(length(policy_domain)::text || ':' || policy_domain, '-')
	|| coalesce(length(result_type)::text || ':' || result_type, '-')
	|| coalesce(length(receiving_mx_hostname)::text || ':'
		|| receiving_mx_hostname, '-')
	|| coalesce(length(organization_name)::text || ':' || organization_name, '-'),
	'\', '\\'), 'escape'));
COMMENT ON FUNCTION tlsrpt.problem_key(text, text, text, text) IS
	'Digest of the columns that make a row of problem_history unique. Two NULLs are equal.';

CREATE TABLE tlsrpt.problem_history (
	policy_domain text,
	result_type text,
	receiving_mx_hostname text,
	organization_name text,
	first_seen date NOT NULL,
	last_seen date NOT NULL,
	failed_sessions bigint NOT NULL CHECK (failed_sessions >= 0),
	problem_id text,
	policy_type text,
	CHECK (first_seen <= last_seen)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX problem_history_key ON tlsrpt.problem_history
	(tlsrpt.problem_key(policy_domain, result_type, receiving_mx_hostname,
		organization_name));
CREATE INDEX problem_history_policy_domain ON tlsrpt.problem_history
	(policy_domain);

COMMENT ON TABLE tlsrpt.problem_history IS
	'Sums of failure over all days, kept up to date by ingest: one row for each policy domain, result type, MX host and reporter (NULLs are equal). apply_retention subtracts what it deletes but leaves first_seen as it is.';
COMMENT ON COLUMN tlsrpt.problem_history.policy_domain IS
	'Domain whose policy was applied, as in policy; NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.problem_history.result_type IS
	'What went wrong (RFC 8460 section 4.3), as in failure. NULL if absent.';
COMMENT ON COLUMN tlsrpt.problem_history.receiving_mx_hostname IS
	'Our MX host as named in DNS, as in failure. NULL if absent.';
COMMENT ON COLUMN tlsrpt.problem_history.organization_name IS
	'Organisation that reported the failures, as in failure. NULL if absent.';
COMMENT ON COLUMN tlsrpt.problem_history.first_seen IS
	'First day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem_history.last_seen IS
	'Last day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem_history.failed_sessions IS
	'Sum of failed_session_count. Saturates at 9223372036854775807.';
COMMENT ON COLUMN tlsrpt.problem_history.problem_id IS
	'Identifier of the problem, a digest of policy domain, result type and MX host. The view problem, problem_daily and the notification tlsrpt_problem use the same one.';

COMMENT ON COLUMN tlsrpt.problem_history.policy_type IS
	'Type of the policy under which the sessions failed on last_seen; one of them if there were several. NULL if absent.';

-- Without these sums, the views would have to add up the millions of rows that a
-- stranger can send. The key is a text, because JavaScript in a browser would
-- round a number of this size.
CREATE TABLE tlsrpt.problem_day (
	problem_id text NOT NULL,
	day date NOT NULL,
	policy_domain text,
	result_type text,
	receiving_mx_hostname text,
	failed_sessions bigint NOT NULL CHECK (failed_sessions >= 0),
	PRIMARY KEY (problem_id, day)
) WITH (fillfactor = 80);
CREATE INDEX problem_day_policy_domain_day ON tlsrpt.problem_day
	(policy_domain, day);
COMMENT ON TABLE tlsrpt.problem_day IS
	'Sums of failure by problem and day over all reporters, kept up to date by ingest. Read problem_daily instead.';
COMMENT ON COLUMN tlsrpt.problem_day.problem_id IS
	'Identifier of the problem, as in problem.';
COMMENT ON COLUMN tlsrpt.problem_day.day IS
	'UTC date that the reports count for.';
COMMENT ON COLUMN tlsrpt.problem_day.policy_domain IS
	'Domain whose policy was applied, as in policy; NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.problem_day.result_type IS
	'What went wrong (RFC 8460 section 4.3), as in failure. NULL if absent.';
COMMENT ON COLUMN tlsrpt.problem_day.receiving_mx_hostname IS
	'Our MX host as named in DNS, as in failure. NULL if absent.';
COMMENT ON COLUMN tlsrpt.problem_day.failed_sessions IS
	'Sum of failed_session_count. Saturates at 9223372036854775807.';

CREATE TABLE tlsrpt.domain_day (
	policy_domain text,
	day date NOT NULL,
	successful_sessions bigint NOT NULL CHECK (successful_sessions >= 0),
	failed_sessions bigint NOT NULL CHECK (failed_sessions >= 0),
	mx_host text[],
	UNIQUE NULLS NOT DISTINCT (policy_domain, day)
) WITH (fillfactor = 80);
COMMENT ON TABLE tlsrpt.domain_day IS
	'Sums of policy by policy domain and day, kept up to date by ingest. A day has no row if no report covers it.';
COMMENT ON COLUMN tlsrpt.domain_day.policy_domain IS
	'Domain whose policy was applied, as in policy; NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.domain_day.day IS
	'UTC date that the reports count for.';
COMMENT ON COLUMN tlsrpt.domain_day.successful_sessions IS
	'Sum of total_successful_session_count. Saturates at 9223372036854775807.';
COMMENT ON COLUMN tlsrpt.domain_day.failed_sessions IS
	'Sum of total_failure_session_count. Saturates at 9223372036854775807.';
COMMENT ON COLUMN tlsrpt.domain_day.mx_host IS
	'mx_host of one policy of that day, limited to 20 entries. NULL if no policy listed any.';

CREATE TABLE tlsrpt.reporter_history (
	policy_domain text,
	organization_name text,
	first_report date NOT NULL,
	last_report date NOT NULL,
	first_success date,
	last_success date,
	successful_sessions bigint NOT NULL CHECK (successful_sessions >= 0),
	failed_sessions bigint NOT NULL CHECK (failed_sessions >= 0)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX reporter_history_key ON tlsrpt.reporter_history
	(tlsrpt.problem_key(policy_domain, organization_name, NULL, NULL));
CREATE INDEX reporter_history_policy_domain ON tlsrpt.reporter_history
	(policy_domain);
COMMENT ON TABLE tlsrpt.reporter_history IS
	'Sums of policy by policy domain and reporter, kept up to date by ingest. apply_retention deletes the row of a reporter whose reports it has all deleted.';
COMMENT ON COLUMN tlsrpt.reporter_history.policy_domain IS
	'Domain whose policy was applied, as in policy; NULL if the report does not name it.';
COMMENT ON COLUMN tlsrpt.reporter_history.organization_name IS
	'Organisation that sent the reports, as in policy. NULL if absent.';
COMMENT ON COLUMN tlsrpt.reporter_history.first_report IS
	'First day (UTC) covered by a report.';
COMMENT ON COLUMN tlsrpt.reporter_history.last_report IS
	'Last day (UTC) covered by a report.';
COMMENT ON COLUMN tlsrpt.reporter_history.first_success IS
	'First day (UTC) with successful sessions. NULL if there is none.';
COMMENT ON COLUMN tlsrpt.reporter_history.last_success IS
	'Last day (UTC) with successful sessions. NULL if there is none.';
COMMENT ON COLUMN tlsrpt.reporter_history.successful_sessions IS
	'Sum of total_successful_session_count since first_report. Saturates at 9223372036854775807.';
COMMENT ON COLUMN tlsrpt.reporter_history.failed_sessions IS
	'Sum of total_failure_session_count since first_report. Saturates at 9223372036854775807.';

CREATE TABLE tlsrpt.domain (
	policy_domain text PRIMARY KEY
);
COMMENT ON TABLE tlsrpt.domain IS
	'All policy domains in domain_day, kept up to date by ingest.';
COMMENT ON COLUMN tlsrpt.domain.policy_domain IS
	'Domain whose policy was applied, as in policy; never NULL.';

-- Reports that were erased on request must not return from an old mailbox.
CREATE TABLE tlsrpt.erased_report (
	identity bytea PRIMARY KEY CHECK (length(identity) = 32),
	erased_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tlsrpt.erased_report IS
	'Identities of reports that erase_domain deleted or changed. ingest answers duplicate for them and stores nothing.';
COMMENT ON COLUMN tlsrpt.erased_report.identity IS
	'Identity of the report, as in report: a digest that reveals nothing about the content.';
COMMENT ON COLUMN tlsrpt.erased_report.erased_at IS
	'Time when the report was erased.';

CREATE TABLE tlsrpt.setting (
	name text PRIMARY KEY,
	value text NOT NULL
);
COMMENT ON TABLE tlsrpt.setting IS
	'Settings of this database: retention (see set_retention) and truncate_addresses (see set_truncate_addresses).';
COMMENT ON COLUMN tlsrpt.setting.name IS
	'Name of the setting: retention or truncate_addresses.';
COMMENT ON COLUMN tlsrpt.setting.value IS
	'An interval for retention, on or off for truncate_addresses. Without a row, reports are kept forever and addresses are not truncated.';

CREATE TABLE tlsrpt.result_type (
	result_type text PRIMARY KEY,
	meaning text NOT NULL,
	usual_cause text NOT NULL,
	action text NOT NULL
);
COMMENT ON TABLE tlsrpt.result_type IS
	'What each result type means and what to do about it (RFC 8460 section 4.3; IANA registry "STARTTLS Validation Result Types").';
COMMENT ON COLUMN tlsrpt.result_type.result_type IS
	'Result type as in failure.result_type.';
COMMENT ON COLUMN tlsrpt.result_type.meaning IS
	'What the sender saw, in a sentence.';
COMMENT ON COLUMN tlsrpt.result_type.usual_cause IS
	'What usually causes it.';
COMMENT ON COLUMN tlsrpt.result_type.action IS
	'What to check and what to change. MX and DOMAIN stand for the names that the view problem fills in.';

INSERT INTO tlsrpt.result_type (result_type, meaning, usual_cause, action) VALUES
('starttls-not-supported',
 'The MX host did not offer STARTTLS, so no TLS session could be started.',
 'STARTTLS is switched off on this host, or the server could not load its key; a firewall or SMTP proxy strips STARTTLS from the EHLO response; or somebody on the path strips it on purpose.',
 'Connect from outside with "openssl s_client -starttls smtp -connect MX:25" and look for 250-STARTTLS. In Postfix, set smtpd_tls_security_level = may and check the certificate and key; switch off SMTP inspection in firewalls. If only one reporter sees this while others succeed, suspect the path to that reporter.'),
('certificate-host-mismatch',
 'The certificate of the MX host does not contain the required name: the name of the MX host for MTA-STS (RFC 8461 section 4.2), the name of the MX host or of the domain for DANE-TA (RFC 7672 section 3.2.2).',
 'The certificate was issued for another name (of a web server, an old host, or an internal name), the MX record points to an alias or a new host that the certificate does not list, or a load balancer serves its default certificate.',
 'Compare the MX records with the subjectAltName entries that "openssl s_client -starttls smtp -connect MX:25 -servername MX" shows, and issue a certificate that lists every MX host name. The common name alone is not enough.'),
('certificate-expired',
 'The certificate of the MX host had expired when the sender connected.',
 'Renewal failed; or the certificate was renewed on disk but the mail server was not reloaded; or one of several hosts behind the name was forgotten.',
 'Renew the certificate and reload the mail server on every address of the MX host; check each address separately, including IPv6. Add a reload to the renewal hook, and monitor the certificate on port 25 for expiry.'),
('certificate-not-trusted',
 'The sender could not build a chain from the certificate of the MX host to a certificate authority that it trusts.',
 'The intermediate certificate is not sent, the certificate is self-signed or was issued by a private authority, or common trust stores no longer include the authority.',
 'Serve the full chain (leaf first, then intermediates) and use a publicly trusted authority: MTA-STS requires one (RFC 8461 section 4.2). A self-signed certificate works only with DANE.'),
('validation-failure',
 'The TLS session failed for a reason that has no result type of its own.',
 'There is no protocol version or cipher in common, the TLS handshake was interrupted or timed out, or the sender does not say more precisely what it found. failure_reason_code often has the details.',
 'Read failure_reason_code and additional_information, look for the sender''s address and the time in the log of the MX host, and test with "openssl s_client -starttls smtp". Offer TLS 1.2 and 1.3, and check the limits on connections and handshakes.'),
('tlsa-invalid',
 'There are TLSA records for the MX host, but none of them matches the certificate that it presents, or none of them is usable (RFC 7672 section 3).',
 'The certificate or key was renewed but the TLSA record was not; or the record has a wrong digest, has a usage other than DANE-TA(2) or DANE-EE(3), or was published for another port or host.',
 'Compare the records at _25._tcp.MX with the certificate on each address of the host. Before you change the key, publish the record for the next one and wait two TTLs; "3 1 1" records for a key that is kept across renewals are the easiest to keep correct. DANE senders hold mail back until this is fixed.'),
('dnssec-invalid',
 'The sender''s resolver got no valid DNSSEC answer for the records of the domain or MX host.',
 'Signatures have expired, the DS record at the parent matches no key, a key rollover went wrong, or the name servers give different answers.',
 'Check the zone of the domain and of each MX host with a DNSSEC debugger or "delv", re-sign the zone, and compare the DS record at the registrar with the zone''s keys. Other services that validate DNSSEC fail for this zone as well: treat it as an outage.'),
('dane-required',
 'The sender is configured to require DANE for this domain, but found no DNSSEC-validated TLSA records for this MX host.',
 'TLSA records or DNSSEC were removed or never existed, while the sender lists the domain as DANE-only; or an MX host was added without TLSA records.',
 'Publish TLSA records in a DNSSEC-signed zone for every MX host. If you gave up DANE on purpose, ask the reporter (contact_info) to drop the requirement.'),
('sts-policy-fetch-error',
 'The sender found the _mta-sts record in DNS, but could not fetch the policy from https://mta-sts.DOMAIN/.well-known/mta-sts.txt.',
 'The web server or the name mta-sts.DOMAIN is down, responds with a redirect or an error, is too slow, or has an address (often IPv6) where nothing listens.',
 'Fetch the policy from outside with "curl -4" and "curl -6": the response must be 200, without a redirect (RFC 8461 section 3.3). Until this is fixed, senders use the policy that they have cached; those without a cached policy use none.'),
('sts-policy-invalid',
 'The sender fetched the MTA-STS policy and found that it does not follow the syntax of RFC 8461 section 3.2.',
 'A line is missing or misspelt (version, mode, mx, max_age), the response is an HTML page or has a wrong media type, or max_age is out of range.',
 'Serve text/plain with the lines "version: STSv1", "mode: enforce" (or testing), one "mx:" line for each host or pattern, and "max_age:" in seconds (weeks rather than days, at most 31557600). Change the id in the _mta-sts record after each edit.'),
('sts-webpki-invalid',
 'The HTTPS server of the MTA-STS policy presented a certificate that the sender does not accept, so the policy was not used.',
 'The certificate for mta-sts.DOMAIN has expired, does not contain that name, or is sent without its intermediate. This is the web server''s certificate, not the MX host''s.',
 'Open https://mta-sts.DOMAIN/.well-known/mta-sts.txt with "curl -v" and fix the certificate of that web server: it must be valid, contain the name mta-sts.DOMAIN, come from a public authority and be sent with its full chain (RFC 8461 section 3.3).');

CREATE TABLE tlsrpt.anomaly (
	name text PRIMARY KEY,
	clause text NOT NULL,
	meaning text NOT NULL
);
COMMENT ON TABLE tlsrpt.anomaly IS
	'Deviations from the RFCs that are tolerated in a report, with what each means.';
COMMENT ON COLUMN tlsrpt.anomaly.name IS
	'Value as it stands in report.anomalies.';
COMMENT ON COLUMN tlsrpt.anomaly.clause IS
	'The clause that the report violates.';
COMMENT ON COLUMN tlsrpt.anomaly.meaning IS
	'What was unusual, and how it was read.';

INSERT INTO tlsrpt.anomaly (name, clause, meaning) VALUES
-- anomalies: written by make anomalies
('base64-undeclared', 'RFC 2045 section 6.1',
 'the attachment was in base64, but Content-Transfer-Encoding did not say so.'),
('compressed-unlabelled', 'RFC 8460 section 5.3',
 'the attachment was labelled +json, but was compressed.'),
('contact-info-missing', 'RFC 8460 section 4.4',
 'contact-info is missing, null or empty.'),
('control-characters', 'RFC 8259 section 7',
 'a string has line ends, tabs or other control characters that are not escaped.'),
('data-after-json', 'RFC 8259 section 2',
 'bytes after the JSON document were ignored.'),
('date-range-long', 'RFC 8460 section 4.1',
 'the period is longer than 25 hours; the report counts for the day on which it ends.'),
('date-range-reversed', 'RFC 8460 section 4.4',
 'end-datetime is before start-datetime.'),
('datetime-nonstandard', 'RFC 3339 section 5.6',
 'a date-time is not in the form of RFC 3339, but was understood.'),
('datetime-without-zone', 'RFC 3339 section 5.6',
 'a date-time has no zone and was read as UTC.'),
('details-exceed-total', 'RFC 8460 section 4.4',
 'the failure details of a policy add up to more than its total-failure-session-count.'),
('details-in-policy', 'RFC 8460 section 4.4',
 'failure-details stands inside policy, and was read from there.'),
('details-missing', 'RFC 8460 section 4.4',
 'a policy has failed sessions but no failure details.'),
('details-not-array', 'RFC 8460 section 4.4',
 'failure-details is a single object or an empty string instead of an array.'),
('domain-not-ascii', 'RFC 8460 section 4.4',
 'a policy domain or the name of a host is in U-labels; it was written in A-labels.'),
('double-gzip', 'RFC 8460 section 5.2',
 'the document was compressed twice.'),
('duplicate-key', 'RFC 7493 section 2.3',
 'an object has the same key twice; the last one was used.'),
('failed-session-count-missing', 'RFC 8460 section 4.4',
 'failed-session-count is missing in a failure detail; 0 was assumed.'),
('gzip-data-after-end', 'RFC 1952 section 2.2',
 'bytes after the last gzip member were ignored.'),
('ip-invalid', 'RFC 8460 section 4.4',
 'an address is not an IP address; the row has NULL.'),
('ip-nonstandard', 'RFC 8460 section 4.4',
 'an address has brackets, a zone or blanks around it.'),
('line-folded', 'RFC 5322 section 2.1.1',
 'a mail server folded a long line of the document, which was put together again.'),
('media-type-unexpected', 'RFC 8460 section 5.3',
 'the attachment was not labelled application/tlsrpt+gzip or +json.'),
('mx-host-nonstandard', 'RFC 8460 section 4.4',
 'mx-host has an empty entry, an ''mx:'' prefix, which was removed, or several hosts in one string, which were separated.'),
('mx-host-not-array', 'RFC 8460 section 4.4',
 'mx-host is a string instead of an array.'),
('not-compressed', 'RFC 8460 section 5.3',
 'the attachment was labelled gzip, but was not compressed.'),
('null-value', 'RFC 8460 section 4.4',
 'a member or an element is null; it was read as absent.'),
('number-too-large', 'RFC 8259 section 6',
 'a number is larger than 64 bits can hold; it was read as text.'),
('object-in-array', 'RFC 8460 section 4.4',
 'policy or summary is an array of one object, which was used.'),
('organization-name-missing', 'RFC 8460 section 4.4',
 'organization-name is missing, null or empty.'),
('policies-empty', 'RFC 8460 section 4.4',
 'the report has no policy.'),
('policies-not-array', 'RFC 8460 section 4.4',
 'policies is a single object instead of an array.'),
('policy-domain-from-filename', 'RFC 8460 section 5.1',
 'policy-domain is missing and was taken from the filename.'),
('policy-domain-from-header', 'RFC 8460 section 5.3',
 'policy-domain is missing and was taken from TLS-Report-Domain.'),
('policy-domain-invalid', 'RFC 8460 section 4.4',
 'policy-domain is not a domain name; it was kept as text.'),
('policy-domain-missing', 'RFC 8460 section 4.4',
 'policy-domain is missing, and nothing else names it.'),
('policy-missing', 'RFC 8460 section 4.4',
 'an element of policies has no policy; the members of a policy that stand in the element itself were read.'),
('policy-string-json-in-string', 'RFC 8460 section 4.4',
 'policy-string holds a JSON array as text, which was unpacked.'),
('policy-string-missing', 'RFC 8460 section 4.4',
 'a policy of type sts or tlsa has no policy-string.'),
('policy-string-not-array', 'RFC 8460 section 4.4',
 'policy-string is a string instead of an array.'),
('policy-string-trimmed', 'RFC 8460 section 4.4',
 'lines of policy-string had blanks or line ends around them.'),
('policy-type-missing', 'RFC 8460 section 4.4',
 'policy-type is missing in a policy.'),
('policy-type-unknown', 'RFC 8460 section 4.4',
 'a policy-type is not one of tlsa, sts and no-policy-found.'),
('report-domain-mismatch', 'RFC 8460 section 5.6',
 'TLS-Report-Domain, the filename and the policy domains (of types other than tlsa) don''t name the same domain; the first of them that names one was taken.'),
('report-id-missing', 'RFC 8460 section 4.4',
 'report-id is missing, null or empty.'),
('result-type-missing', 'RFC 8460 section 4.3',
 'result-type is missing in a failure detail.'),
('result-type-unknown', 'RFC 8460 section 6.6',
 'a result-type is not in IANA''s registry.'),
('session-count-missing', 'RFC 8460 section 4.4',
 'a count is missing in a summary; 0 was assumed.'),
('session-count-not-integer', 'RFC 8460 section 4.4',
 'a count is a string or has a decimal point.'),
('summary-missing', 'RFC 8460 section 4.4',
 'a policy has no summary; 0 sessions were assumed.'),
('utf8-bom', 'RFC 8259 section 8.1',
 'the document starts with a byte order mark.'),
('value-not-string', 'RFC 8460 section 4.4',
 'a value of another type stands where a string belongs; it was kept as text, or left out where that would be meaningless.'),
('zip-archive', 'RFC 8460 section 5.2',
 'the document came in a zip archive instead of gzip.');

-- Partitions. ingest (002) creates those that it needs at the beginning of its
-- transaction.

CREATE FUNCTION tlsrpt.missing_months(days date[], received date[])
RETURNS TABLE (parent text, month date)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT m.parent, m.month
	FROM (
		SELECT t.parent, t.place, d.month
		FROM (SELECT DISTINCT date_trunc('month', day::timestamp)::date
				AS month
			FROM unnest(days) AS day WHERE day IS NOT NULL) AS d,
			(VALUES ('report', 1), ('policy', 2), ('failure', 3))
				AS t (parent, place)
		UNION ALL
		SELECT DISTINCT 'rejected_report', 4,
			date_trunc('month', day::timestamp)::date
		FROM unnest(received) AS day WHERE day IS NOT NULL
	) AS m
	WHERE NOT EXISTS (
		SELECT FROM pg_inherits AS i
		WHERE i.inhrelid = to_regclass('tlsrpt.' || m.parent
				|| to_char(m.month::timestamp, '_YYYY_MM'))
			AND i.inhparent = ('tlsrpt.' || m.parent)::regclass)
	ORDER BY m.month, m.place
$$;

-- ATTACH takes a lock that does not affect readers and writers of the parent.
-- CREATE TABLE … PARTITION OF would wait for all of them and block everybody who
-- comes after it.
CREATE FUNCTION tlsrpt.create_month(parent text, month date)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET default_tablespace = ''
AS $$
DECLARE
	suffix text := to_char(month::timestamp, '_YYYY_MM');
	next date := (month + interval '1 month')::date;
	zone text := CASE parent WHEN 'rejected_report' THEN ' 00:00:00+00'
		ELSE '' END;
BEGIN
	-- Each month is a table. The bounds keep a wrong clock, or a loader under
	-- an attacker's control, from creating thousands of them.
	IF NOT month BETWEEN date '2000-01-01' AND current_date + 366 THEN
		RAISE EXCEPTION USING ERRCODE = 'datetime_field_overflow',
			MESSAGE = format('tlsrpt: cannot create a partition of %s for %s',
				parent, month),
			DETAIL = 'Months from 2000-01 to a year from now are allowed.';
	END IF;
	EXECUTE format('CREATE TABLE tlsrpt.%I (LIKE tlsrpt.%I INCLUDING ALL)',
		parent || suffix, parent);
	EXECUTE format('COMMENT ON TABLE tlsrpt.%I IS %L', parent || suffix,
		format('Partition of %s for %s (UTC).', parent,
			to_char(month::timestamp, 'YYYY-MM')));
	IF parent = 'policy' THEN
		EXECUTE format('ALTER TABLE tlsrpt.%I ADD CONSTRAINT %I FOREIGN KEY '
			'(report_key, day) REFERENCES tlsrpt.%I (report_key, day)',
			parent || suffix, parent || suffix || '_report_fkey',
			'report' || suffix);
	ELSIF parent = 'failure' THEN
		EXECUTE format('ALTER TABLE tlsrpt.%I ADD CONSTRAINT %I FOREIGN KEY '
			'(policy_key, day) REFERENCES tlsrpt.%I (policy_key, day)',
			parent || suffix, parent || suffix || '_policy_fkey',
			'policy' || suffix);
	END IF;
	EXECUTE format('ALTER TABLE tlsrpt.%I ATTACH PARTITION tlsrpt.%I '
		'FOR VALUES FROM (%L) TO (%L)',
		parent, parent || suffix, month || zone, next || zone);
END
$$;

CREATE FUNCTION tlsrpt.ensure_months(
	days date[], received date[] DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM tlsrpt.missing_months(days, received)) THEN
		RETURN;
	END IF;
	-- 1953264498 is 0x746c7372, "tlsr". A session that had to wait here looks
	-- again with a new snapshot and finds the partitions that the other created.
	PERFORM pg_advisory_xact_lock(1953264498, 1);
	PERFORM tlsrpt.create_month(m.parent, m.month)
	FROM tlsrpt.missing_months(days, received) AS m;
END
$$;

COMMENT ON FUNCTION tlsrpt.ensure_months(date[], date[]) IS
	'Creates missing partitions for reports that cover the given days and for rejections received on the given days. Neither waits for readers nor blocks them. Part of ingest.';
COMMENT ON FUNCTION tlsrpt.missing_months(date[], date[]) IS
	'Partitions that do not exist yet. Part of ensure_months.';
COMMENT ON FUNCTION tlsrpt.create_month(text, date) IS
	'Creates one partition with its foreign key. Part of ensure_months.';
