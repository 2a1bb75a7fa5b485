-- SPDX-License-Identifier: MIT
-- Tables and their partitions. PostgreSQL 15 or later. How a report gets in is in
-- 002, what people read in 003, who may do what in 004.
--
-- report, policy and failure are partitioned by month of day. Foreign keys
-- stand on the partitions, leaf to leaf (create_month makes them): on the parents they
-- would halve the rate of ingest, and a month could not be dropped by itself.
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
	'Migrations applied to this schema. tlsrpt-loader refuses to load into a version it does not know.';
COMMENT ON COLUMN tlsrpt.schema_version.version IS
	'Number of the migration: 1 for 001_tables.sql.';
COMMENT ON COLUMN tlsrpt.schema_version.applied_at IS
	'When it was applied.';

-- Sequences and not identity columns: partitions share one, and a report that
-- is replaced keeps its key.
CREATE SEQUENCE tlsrpt.report_key_seq;
CREATE SEQUENCE tlsrpt.policy_key_seq;
CREATE SEQUENCE tlsrpt.failure_key_seq;
COMMENT ON SEQUENCE tlsrpt.report_key_seq IS
	'Values of report_key. Has gaps: a duplicate takes a number too.';
COMMENT ON SEQUENCE tlsrpt.policy_key_seq IS
	'Values of policy_key. May have gaps.';
COMMENT ON SEQUENCE tlsrpt.failure_key_seq IS
	'Values of failure_key. May have gaps.';

CREATE TABLE tlsrpt.report (
	report_key bigint NOT NULL DEFAULT nextval('tlsrpt.report_key_seq'),
	day date NOT NULL
		CHECK (day = (start_datetime AT TIME ZONE 'UTC')::date),
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
	'One row for each report received, each counted once (RFC 8460 section 4.4). Partitioned by month of day.';
COMMENT ON COLUMN tlsrpt.report.report_key IS
	'Key of the report in this database; joins by USING (report_key, day).';
COMMENT ON COLUMN tlsrpt.report.day IS
	'UTC date of start_datetime: the day that the report is about. Restrict it in every query, so that only the months needed are read.';
COMMENT ON COLUMN tlsrpt.report.organization_name IS
	'Who sends the report, in its own words: organization-name (RFC 8460 section 4.4). NULL when absent.';
COMMENT ON COLUMN tlsrpt.report.contact_info IS
	'Address for questions about the report: contact-info (RFC 8460 section 4.4). NULL when absent.';
COMMENT ON COLUMN tlsrpt.report.report_id IS
	'The sender''s own name for the report: report-id (RFC 8460 section 4.4). Not unique, not even for one sender. NULL when absent.';
COMMENT ON COLUMN tlsrpt.report.start_datetime IS
	'Start of the period covered: date-range.start-datetime (RFC 8460 section 4.4).';
COMMENT ON COLUMN tlsrpt.report.end_datetime IS
	'End of the period covered: date-range.end-datetime (RFC 8460 section 4.4). Usually a day after the start.';
COMMENT ON COLUMN tlsrpt.report.submitter IS
	'Lower-case domain that sends the report: that of contact_info, else of the From field, else the organisation''s name (RFC 8460 sections 3 and 5.3).';
COMMENT ON COLUMN tlsrpt.report.received_at IS
	'When the mail or file with the report was taken in.';
COMMENT ON COLUMN tlsrpt.report.source IS
	'Which way it came: milter (from inbound mail) or import (from a file).';
COMMENT ON COLUMN tlsrpt.report.queue_id IS
	'Queue id of the mail at the MTA, to look it up in the mail log. NULL for files.';
COMMENT ON COLUMN tlsrpt.report.envelope_from IS
	'Envelope sender of the mail (RFC 5321 section 4.1.1.2), empty for the null sender. NULL for files.';
COMMENT ON COLUMN tlsrpt.report.message_id IS
	'Message-ID field of the mail (RFC 5322 section 3.6.4).';
COMMENT ON COLUMN tlsrpt.report.filename IS
	'Filename of the attachment or file (RFC 8460 section 5.1).';
COMMENT ON COLUMN tlsrpt.report.media_type IS
	'Media type of the attachment as labelled (RFC 8460 section 5.3).';
COMMENT ON COLUMN tlsrpt.report.size_bytes IS
	'Size of the attachment as received, usually compressed, in bytes.';
COMMENT ON COLUMN tlsrpt.report.dkim_result IS
	'DKIM result by a trusted Authentication-Results field (RFC 8601): pass, fail, or none.';
COMMENT ON COLUMN tlsrpt.report.dkim_domain IS
	'Signing domain (d=) that dkim_result is about (RFC 6376 section 3.5).';
COMMENT ON COLUMN tlsrpt.report.authenticated IS
	'True when a DKIM pass has the submitter''s domain or an organisational parent of it (RFC 8460 section 3). Anyone can send an unauthenticated report.';
COMMENT ON COLUMN tlsrpt.report.policy_domains IS
	'Distinct policy domains in the report, sorted.';
COMMENT ON COLUMN tlsrpt.report.identity IS
	'SHA-256 over submitter, organisation, report-id, period and policy domains, each with its length: what makes it this report. Unique with day.';
COMMENT ON COLUMN tlsrpt.report.content_sha256 IS
	'SHA-256 of the document with sorted keys and without blanks: tells a second copy from another report under the same identity.';
COMMENT ON COLUMN tlsrpt.report.times_received IS
	'How often this very report came in; it is counted once all the same. May be one too high for each answer of the database that got lost.';
COMMENT ON COLUMN tlsrpt.report.document IS
	'The report as received (RFC 8460 section 4.4), for everything that has no column.';
COMMENT ON COLUMN tlsrpt.report.anomalies IS
	'Deviations from the RFC that were tolerated. One or more of: base64-undeclared, compressed-unlabelled, contact-info-missing, control-characters, data-after-json, date-range-reversed, datetime-nonstandard, datetime-without-zone, details-exceed-total, details-in-policy, details-missing, details-not-array, double-gzip, duplicate-key, failed-session-count-missing, gzip-data-after-end, ip-invalid, ip-nonstandard, media-type-unexpected, mx-host-nonstandard, mx-host-not-array, not-compressed, null-value, object-in-array, organization-name-missing, policies-empty, policies-not-array, policy-domain-from-filename, policy-domain-from-header, policy-domain-invalid, policy-domain-missing, policy-missing, policy-string-json-in-string, policy-string-missing, policy-string-not-array, policy-string-trimmed, policy-type-missing, policy-type-unknown, report-id-missing, result-type-missing, result-type-unknown, session-count-missing, session-count-not-integer, summary-missing, utf8-bom, value-not-string, zip-archive. The manual page tlsrpt-milter(8) explains each with its clause.';

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
	'One row for each entry of policies in a report (RFC 8460 section 4.4): how many sessions succeeded and failed under one policy. The numbers to add up are here, not in failure.';
COMMENT ON COLUMN tlsrpt.policy.policy_key IS
	'Key of the policy row; joins by USING (policy_key, day).';
COMMENT ON COLUMN tlsrpt.policy.day IS
	'As in its report: UTC date that the report is about.';
COMMENT ON COLUMN tlsrpt.policy.report_key IS
	'The report it is from.';
COMMENT ON COLUMN tlsrpt.policy.organization_name IS
	'As in its report, so that sums by reporter need no join.';
COMMENT ON COLUMN tlsrpt.policy.policy_type IS
	'What the sender found: tlsa (DANE, RFC 7672), sts (MTA-STS, RFC 8461) or no-policy-found (RFC 8460 section 4.4). Other values are kept as sent.';
COMMENT ON COLUMN tlsrpt.policy.policy_mode IS
	'mode of an MTA-STS policy (RFC 8461 section 3.2): enforce, testing or none. NULL for other types.';
COMMENT ON COLUMN tlsrpt.policy.policy_domain IS
	'Domain whose policy was applied, lower case (RFC 8460 section 4.4). For sts and no-policy-found the recipient domain, for tlsa possibly an MX host''s name. At most 255 characters. NULL when nothing names it.';
COMMENT ON COLUMN tlsrpt.policy.policy_string IS
	'The policy as the sender saw it (RFC 8460 section 4.4): lines of the MTA-STS policy, or TLSA records.';
COMMENT ON COLUMN tlsrpt.policy.mx_host IS
	'MX patterns of an MTA-STS policy: mx-host (RFC 8460 section 4.4).';
COMMENT ON COLUMN tlsrpt.policy.total_successful_session_count IS
	'Number of sessions that fulfilled the policy (RFC 8460 section 4.4).';
COMMENT ON COLUMN tlsrpt.policy.total_failure_session_count IS
	'Number of sessions that did not (RFC 8460 section 4.4). The failures need not add up to it.';

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
	'One row for each entry of failure-details (RFC 8460 section 4.4). One session may be in several rows, so sums can exceed policy.total_failure_session_count.';
COMMENT ON COLUMN tlsrpt.failure.failure_key IS
	'Key of the failure row.';
COMMENT ON COLUMN tlsrpt.failure.day IS
	'As in its report: UTC date that the report is about.';
COMMENT ON COLUMN tlsrpt.failure.policy_key IS
	'The policy row it belongs to.';
COMMENT ON COLUMN tlsrpt.failure.organization_name IS
	'As in its report: who saw the failure.';
COMMENT ON COLUMN tlsrpt.failure.policy_domain IS
	'As in its policy row.';
COMMENT ON COLUMN tlsrpt.failure.result_type IS
	'What went wrong (RFC 8460 section 4.3); the table result_type explains it. Values outside the registry are kept as sent.';
COMMENT ON COLUMN tlsrpt.failure.sending_mta_ip IS
	'Address that the sender connected from: sending-mta-ip. NULL when absent or not an address.';
COMMENT ON COLUMN tlsrpt.failure.receiving_mx_hostname IS
	'Our MX host as DNS named it: receiving-mx-hostname.';
COMMENT ON COLUMN tlsrpt.failure.receiving_mx_helo IS
	'Name that our host gave in its greeting: receiving-mx-helo.';
COMMENT ON COLUMN tlsrpt.failure.receiving_ip IS
	'Our address that the sender connected to: receiving-ip. NULL when absent or not an address.';
COMMENT ON COLUMN tlsrpt.failure.failed_session_count IS
	'Number of sessions that failed this way: failed-session-count.';
COMMENT ON COLUMN tlsrpt.failure.additional_information IS
	'Text or URI with more about it: additional-information (in RFC 8460 also additional-info-uri). Not to be trusted or followed blindly.';
COMMENT ON COLUMN tlsrpt.failure.failure_reason_code IS
	'Free text of the sender, often its TLS library''s message: failure-reason-code.';

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
	'What came in as a report and is not counted. Partitioned by month of received_at in UTC.';
COMMENT ON COLUMN tlsrpt.rejected_report.record IS
	'Name of the spool record. For a report that lost its place, that of the report which replaced it.';
COMMENT ON COLUMN tlsrpt.rejected_report.received_at IS
	'When the report that is not counted was taken in.';
COMMENT ON COLUMN tlsrpt.rejected_report.reason IS
	'invalid: could not be read or is over a limit. refused: not a domain of ours, or no DKIM pass where one is required. conflict: another content under the identity of a report that counts.';
COMMENT ON COLUMN tlsrpt.rejected_report.detail IS
	'The reason as a sentence.';
COMMENT ON COLUMN tlsrpt.rejected_report.envelope_from IS
	'Envelope sender of the mail (RFC 5321 section 4.1.1.2), empty for the null sender. NULL for files.';
COMMENT ON COLUMN tlsrpt.rejected_report.message_id IS
	'Message-ID field of the mail (RFC 5322 section 3.6.4).';
COMMENT ON COLUMN tlsrpt.rejected_report.submitter IS
	'Domain that claims to send the report, where it could be read.';
COMMENT ON COLUMN tlsrpt.rejected_report.filename IS
	'Filename of the attachment or file.';
COMMENT ON COLUMN tlsrpt.rejected_report.content_sha256 IS
	'SHA-256 of the attachment as received; for a conflict, of the document as in report.content_sha256.';
COMMENT ON COLUMN tlsrpt.rejected_report.size_bytes IS
	'Size of the attachment as received, in bytes.';
COMMENT ON COLUMN tlsrpt.rejected_report.document IS
	'The document of a conflict''s loser; NULL for the other reasons.';
COMMENT ON COLUMN tlsrpt.rejected_report.conflicts_with IS
	'report_key of the report that counts, when reason is conflict.';

-- A unique index on four texts of a stranger would fail at 2.7 kB a row
-- (SQLSTATE 54000), so it is over a digest of them. The lengths keep ('a','bc')
-- apart from ('ab','c'), the missing one NULL from ''. byteain reads a text's
-- bytes once backslashes are doubled; convert_to is not immutable.
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
	'Digest of what makes a row of problem_history unique; a NULL equals a NULL.';

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
	'Sums over all failure rows, kept up to date by ingest: one row for each policy domain, result type, MX host and reporter (NULLs equal). apply_retention takes away what it drops; first_seen stays.';
COMMENT ON COLUMN tlsrpt.problem_history.policy_domain IS
	'As in failure.';
COMMENT ON COLUMN tlsrpt.problem_history.result_type IS
	'As in failure.';
COMMENT ON COLUMN tlsrpt.problem_history.receiving_mx_hostname IS
	'As in failure.';
COMMENT ON COLUMN tlsrpt.problem_history.organization_name IS
	'As in failure: who saw it.';
COMMENT ON COLUMN tlsrpt.problem_history.first_seen IS
	'First day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem_history.last_seen IS
	'Last day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem_history.failed_sessions IS
	'Sum of failed_session_count; stays at 9223372036854775807 when more was claimed.';
COMMENT ON COLUMN tlsrpt.problem_history.problem_id IS
	'Digest of policy domain, result type and MX host: the same in problem, problem_daily and in what LISTEN tlsrpt_problem hears.';

COMMENT ON COLUMN tlsrpt.problem_history.policy_type IS
	'policy_type of the policy that failed so on last_seen; of several, one.';

-- What the views would else have to add up from a stranger's millions of rows.
-- Text keys: a number of this size would not survive a browser's arithmetic.
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
	'Sums of failure by problem and day, of all reporters; kept by ingest. Read problem_daily.';
COMMENT ON COLUMN tlsrpt.problem_day.problem_id IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_day.day IS
	'UTC date that the reports are about.';
COMMENT ON COLUMN tlsrpt.problem_day.policy_domain IS
	'As in failure.';
COMMENT ON COLUMN tlsrpt.problem_day.result_type IS
	'As in failure.';
COMMENT ON COLUMN tlsrpt.problem_day.receiving_mx_hostname IS
	'As in failure.';
COMMENT ON COLUMN tlsrpt.problem_day.failed_sessions IS
	'Sum of failed_session_count; stays at 9223372036854775807 when more was claimed.';

CREATE TABLE tlsrpt.domain_day (
	policy_domain text,
	day date NOT NULL,
	successful_sessions bigint NOT NULL CHECK (successful_sessions >= 0),
	failed_sessions bigint NOT NULL CHECK (failed_sessions >= 0),
	mx_host text[],
	UNIQUE NULLS NOT DISTINCT (policy_domain, day)
) WITH (fillfactor = 80);
COMMENT ON TABLE tlsrpt.domain_day IS
	'Sums of policy by policy domain and day; kept by ingest. A day without a row is one that no reporter sent a report about.';
COMMENT ON COLUMN tlsrpt.domain_day.policy_domain IS
	'As in policy.';
COMMENT ON COLUMN tlsrpt.domain_day.day IS
	'UTC date that the reports are about.';
COMMENT ON COLUMN tlsrpt.domain_day.successful_sessions IS
	'Sum of total_successful_session_count; stays at 9223372036854775807 when more was claimed.';
COMMENT ON COLUMN tlsrpt.domain_day.failed_sessions IS
	'Sum of total_failure_session_count; stays at 9223372036854775807 when more was claimed.';
COMMENT ON COLUMN tlsrpt.domain_day.mx_host IS
	'mx_host of a policy of that day, the first 20; NULL when none named any.';

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
	'Sums of policy by policy domain and reporter; kept by ingest. apply_retention forgets who has not reported since.';
COMMENT ON COLUMN tlsrpt.reporter_history.policy_domain IS
	'As in policy.';
COMMENT ON COLUMN tlsrpt.reporter_history.organization_name IS
	'As in policy.';
COMMENT ON COLUMN tlsrpt.reporter_history.first_report IS
	'First day (UTC) reported on.';
COMMENT ON COLUMN tlsrpt.reporter_history.last_report IS
	'Last day (UTC) reported on.';
COMMENT ON COLUMN tlsrpt.reporter_history.first_success IS
	'First day with successful sessions.';
COMMENT ON COLUMN tlsrpt.reporter_history.last_success IS
	'Last day with successful sessions.';
COMMENT ON COLUMN tlsrpt.reporter_history.successful_sessions IS
	'Sum of total_successful_session_count since first_report; stays at 9223372036854775807 when more was claimed.';
COMMENT ON COLUMN tlsrpt.reporter_history.failed_sessions IS
	'Sum of total_failure_session_count since first_report; stays at 9223372036854775807 when more was claimed.';

CREATE TABLE tlsrpt.domain (
	policy_domain text PRIMARY KEY
);
COMMENT ON TABLE tlsrpt.domain IS
	'Each policy domain that is in domain_day; kept by ingest.';
COMMENT ON COLUMN tlsrpt.domain.policy_domain IS
	'As in policy; never NULL.';

-- Reports that were erased on request must not come back from an old mailbox.
CREATE TABLE tlsrpt.erased_report (
	identity bytea PRIMARY KEY CHECK (length(identity) = 32),
	erased_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tlsrpt.erased_report IS
	'Identities of reports that erase_domain removed or changed. ingest answers duplicate for them, and stores nothing.';
COMMENT ON COLUMN tlsrpt.erased_report.identity IS
	'As in report: a digest, from which nothing can be read.';
COMMENT ON COLUMN tlsrpt.erased_report.erased_at IS
	'When it was erased.';

CREATE TABLE tlsrpt.setting (
	name text PRIMARY KEY,
	value text NOT NULL
);
COMMENT ON TABLE tlsrpt.setting IS
	'Settings of this database: retention (set_retention) and truncate_addresses (set_truncate_addresses).';
COMMENT ON COLUMN tlsrpt.setting.name IS
	'retention or truncate_addresses.';
COMMENT ON COLUMN tlsrpt.setting.value IS
	'An interval for retention, on for truncate_addresses; without a row: for ever, off.';

CREATE TABLE tlsrpt.result_type (
	result_type text PRIMARY KEY,
	meaning text NOT NULL,
	usual_cause text NOT NULL,
	action text NOT NULL
);
COMMENT ON TABLE tlsrpt.result_type IS
	'What each result type means and what to do about it (RFC 8460 section 4.3; IANA registry "STARTTLS Validation Result Types").';
COMMENT ON COLUMN tlsrpt.result_type.result_type IS
	'Value as it stands in failure.result_type.';
COMMENT ON COLUMN tlsrpt.result_type.meaning IS
	'What the sender saw, in a sentence.';
COMMENT ON COLUMN tlsrpt.result_type.usual_cause IS
	'What is behind it most of the time.';
COMMENT ON COLUMN tlsrpt.result_type.action IS
	'What to look at, and what to change.';

INSERT INTO tlsrpt.result_type (result_type, meaning, usual_cause, action) VALUES
('starttls-not-supported',
 'The MX host did not offer STARTTLS, so no TLS session could begin.',
 'STARTTLS is switched off or failed to load its key on this host; a firewall or SMTP proxy strips the word from the EHLO answer; or somebody on the path does so on purpose.',
 'Connect from outside with "openssl s_client -starttls smtp -connect MX:25" and look for 250-STARTTLS. In Postfix set smtpd_tls_security_level = may and check the certificate and key; switch off SMTP inspection in firewalls. If only one reporter sees it while others succeed, suspect the path to that reporter.'),
('certificate-host-mismatch',
 'The certificate of the MX host does not carry the name it has to: for MTA-STS the MX host''s (RFC 8461 section 4.2), for DANE-TA the MX host''s or the domain''s (RFC 7672 section 3.2.2).',
 'The certificate was issued for another name (web server, old host, internal name), the MX record points to an alias or a new host that the certificate does not list, or a load balancer serves its default certificate.',
 'Compare the MX records with the subjectAltName entries that "openssl s_client -starttls smtp -connect MX:25 -servername MX" shows, and issue a certificate with every MX host name in it. The common name alone is not enough.'),
('certificate-expired',
 'The certificate of the MX host had expired when the sender connected.',
 'Renewal failed, or the certificate was renewed on disk and the mail server was not reloaded; or one of several hosts behind the name was forgotten.',
 'Renew the certificate and reload the mail server on every address of the MX host; check each address by itself, IPv6 too. Add a reload to the renewal hook and an expiry check of port 25 to the monitoring.'),
('certificate-not-trusted',
 'The sender could not build a chain from the certificate of the MX host to a certificate authority it trusts.',
 'The intermediate certificate is not sent, the certificate is self-signed or from a private authority, or the authority has been removed from common trust stores.',
 'Serve the full chain (leaf first, then intermediates) and use a publicly trusted authority: MTA-STS requires one (RFC 8461 section 4.2). A self-signed certificate works only with DANE.'),
('validation-failure',
 'The TLS session failed for a reason that has no result type of its own.',
 'No protocol version or cipher in common, a TLS handshake cut short, a time-out, or a sender that does not say more precisely what it found. failure_reason_code often has its words.',
 'Read failure_reason_code and additional_information, look for the sender''s address and the time in the log of the MX host, and test with "openssl s_client -starttls smtp". Offer TLS 1.2 and 1.3, and check limits on connections and handshakes.'),
('tlsa-invalid',
 'There are TLSA records for the MX host, but none of them matches the certificate it presents, or they cannot be used (RFC 7672 section 3).',
 'The certificate or key was renewed and the TLSA record was not, or the record has a wrong digest, a usage other than DANE-TA(2) or DANE-EE(3), or was published for another port or host.',
 'Compare the records at _25._tcp.MX with the certificate on each address of the host. Publish the record of the next key before changing it and wait two TTLs; "3 1 1" records with a key that is kept over renewals are the easiest to keep right. DANE senders hold mail back until this is mended.'),
('dnssec-invalid',
 'The sender''s resolver got no valid DNSSEC answer for the records of the domain or MX host.',
 'Expired signatures, a DS record at the parent that matches no key, a key roll-over gone wrong, or name servers that answer differently.',
 'Check the zone of the domain and of each MX host with a DNSSEC debugger or "delv", re-sign the zone, and compare the DS record at the registrar with the zone''s keys. Other DNSSEC-validating services fail for this zone as well: treat it as an outage.'),
('dane-required',
 'The sender is set up to insist on DANE for this domain, and found no DNSSEC-validated TLSA records for this MX host.',
 'TLSA records or DNSSEC were removed or have never been there, while the sender lists the domain as DANE only; or an MX host was added without TLSA records.',
 'Publish TLSA records in a DNSSEC-signed zone for every MX host. If DANE was given up on purpose, ask the reporter (contact_info) to drop the requirement.'),
('sts-policy-fetch-error',
 'The sender found the _mta-sts record in DNS but could not fetch the policy from https://mta-sts.DOMAIN/.well-known/mta-sts.txt.',
 'The web server or the name mta-sts.DOMAIN is down, answers with a redirect or an error, is too slow, or has an address (often IPv6) where nothing listens.',
 'Fetch the address from outside with "curl -4" and "curl -6": it must answer 200 without a redirect (RFC 8461 section 3.3). Until then senders use the policy they have cached, and new ones none at all.'),
('sts-policy-invalid',
 'The sender fetched the MTA-STS policy and found it does not follow the syntax of RFC 8461 section 3.2.',
 'A missing or misspelt line (version, mode, mx, max_age), an HTML page instead of the text, a wrong media type, or max_age out of range.',
 'Serve text/plain with the lines "version: STSv1", "mode: enforce" (or testing), one "mx:" for each host or pattern, and "max_age:" in seconds (weeks rather than days, at most 31557600), and change the id in the _mta-sts record after each edit.'),
('sts-webpki-invalid',
 'The HTTPS server of the MTA-STS policy has a certificate that the sender does not accept, so the policy was not used.',
 'The certificate for mta-sts.DOMAIN has expired, does not carry that name, or is sent without its intermediate. It is the web server''s certificate, not the MX host''s.',
 'Open https://mta-sts.DOMAIN/.well-known/mta-sts.txt with "curl -v" and mend the certificate of that web server: the name mta-sts.DOMAIN, valid, from a public authority, with its full chain (RFC 8461 section 3.3).');

-- Partitions. ingest (002) makes those that it needs, as the first thing in a
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

-- ATTACH takes a lock that readers and writers of the parent don't notice;
-- CREATE TABLE … PARTITION OF would wait for all of them and make all others
-- wait behind it.
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
	-- Each month is a table: a bound keeps a mistaken clock, or a loader that
	-- fell into wrong hands, from making them by the thousand.
	IF NOT month BETWEEN date '2000-01-01' AND current_date + 366 THEN
		RAISE EXCEPTION USING ERRCODE = 'datetime_field_overflow',
			MESSAGE = format('tlsrpt: no partition of %s is made for %s',
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
	-- 0x746c7372 is "tlsr". Whoever waited here looks again by a new
	-- snapshot, and finds what the other one made.
	PERFORM pg_advisory_xact_lock(1953264498, 1);
	PERFORM tlsrpt.create_month(m.parent, m.month)
	FROM tlsrpt.missing_months(days, received) AS m;
END
$$;

COMMENT ON FUNCTION tlsrpt.ensure_months(date[], date[]) IS
	'Makes the partitions that reports about some days, and rejections received on some days, need. Neither waits for readers nor lets them wait. For ingest.';
COMMENT ON FUNCTION tlsrpt.missing_months(date[], date[]) IS
	'Partitions that are not there yet. Part of ensure_months.';
COMMENT ON FUNCTION tlsrpt.create_month(text, date) IS
	'Makes one partition with its foreign key. Part of ensure_months.';
