-- SPDX-License-Identifier: MIT
-- What PostgreSQL can do at best with these tables, their keys and sums: one
-- prepared statement a batch, all rows of it as arrays, nothing checked that
-- tlsrpt.ingest checks for strangers' sake, nothing looked up.
--   psql -v data=FILE -f baseline.sql
-- FILE has the batches, as baseline_data.sql writes them.
\set ON_ERROR_STOP on
\set QUIET on
\o /dev/null
SET client_min_messages = warning;
SET "TimeZone" = 'UTC';
SET jit = off;
SET plan_cache_mode = force_generic_plan;

PREPARE load_batch (
	date[], text[], text[], text[], timestamptz[], timestamptz[], text[],
	timestamptz[], text[], text[], text[], text[], text[], text[], bigint[],
	text[], text[], boolean[], text[], text[], bytea[], bytea[], jsonb[],
	-- policies, with the place of their report in the batch
	bigint[], text[], text[], text[], text[], text[], bigint[], bigint[],
	-- failures, with the place of their policy in the batch
	bigint[], text[], inet[], text[], text[], inet[], bigint[], text[], text[]
) AS
WITH r AS MATERIALIZED (
	SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
		$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
	WITH ORDINALITY AS r (day, organization_name, contact_info, report_id,
		start_datetime, end_datetime, submitter, received_at, source, queue_id,
		envelope_from, message_id, filename, media_type, size_bytes,
		dkim_result, dkim_domain, authenticated, policy_domains, anomalies,
		identity, content_sha256, document, place)
), stored AS (
	INSERT INTO tlsrpt.report (day, organization_name, contact_info, report_id,
		start_datetime, end_datetime, submitter, received_at, source, queue_id,
		envelope_from, message_id, filename, media_type, size_bytes,
		dkim_result, dkim_domain, authenticated, policy_domains, anomalies,
		identity, content_sha256, document)
	SELECT day, organization_name, contact_info, report_id, start_datetime,
		end_datetime, submitter, received_at, source, queue_id, envelope_from,
		message_id, filename, media_type, size_bytes, dkim_result, dkim_domain,
		authenticated, policy_domains::text[], anomalies::text[], identity,
		content_sha256, document
	FROM r
	ORDER BY day, identity
	ON CONFLICT (identity, day) DO NOTHING
	RETURNING report_key, day, identity
), p AS MATERIALIZED (
	SELECT nextval('tlsrpt.policy_key_seq') AS policy_key, s.day, s.report_key,
		r.organization_name, u.*
	FROM stored AS s
	JOIN r USING (identity, day)
	JOIN unnest($24, $25, $26, $27, $28, $29, $30, $31)
		WITH ORDINALITY AS u (report_place, policy_type, policy_mode,
			policy_domain, policy_string, mx_host, successful, failed, place)
		ON u.report_place = r.place
), stored_policy AS (
	INSERT INTO tlsrpt.policy (policy_key, day, report_key, organization_name,
		policy_type, policy_mode, policy_domain, policy_string, mx_host,
		total_successful_session_count, total_failure_session_count)
	SELECT policy_key, day, report_key, organization_name, policy_type,
		policy_mode, policy_domain, policy_string::text[], mx_host::text[],
		successful, failed
	FROM p
), f AS MATERIALIZED (
	SELECT p.day, p.policy_key, p.organization_name, p.policy_domain, u.*,
		left(encode(tlsrpt.problem_key(p.policy_domain, u.result_type,
			u.mx, NULL), 'hex'), 16) AS problem_id
	FROM unnest($32, $33, $34, $35, $36, $37, $38, $39, $40)
		AS u (policy_place, result_type, sending_mta_ip, mx, helo,
			receiving_ip, failed, information, code)
	JOIN p ON p.place = u.policy_place
), stored_failure AS (
	INSERT INTO tlsrpt.failure (day, policy_key, organization_name,
		policy_domain, result_type, sending_mta_ip, receiving_mx_hostname,
		receiving_mx_helo, receiving_ip, failed_session_count,
		additional_information, failure_reason_code)
	SELECT day, policy_key, organization_name, policy_domain, result_type,
		sending_mta_ip, mx, helo, receiving_ip, failed, information, code
	FROM f
), sum_domain AS (
	INSERT INTO tlsrpt.domain (policy_domain)
	SELECT DISTINCT policy_domain FROM p WHERE policy_domain IS NOT NULL
	ON CONFLICT DO NOTHING
), sum_domain_day AS (
	INSERT INTO tlsrpt.domain_day AS d (policy_domain, day,
		successful_sessions, failed_sessions, mx_host)
	SELECT policy_domain, day, sum(successful), sum(failed),
		nullif(max(mx_host)::text[], '{}')
	FROM p
	GROUP BY policy_domain, day
	ORDER BY policy_domain, day
	ON CONFLICT (policy_domain, day) DO UPDATE SET
		successful_sessions = d.successful_sessions
			+ excluded.successful_sessions,
		failed_sessions = d.failed_sessions + excluded.failed_sessions
), sum_reporter AS (
	INSERT INTO tlsrpt.reporter_history AS h (policy_domain,
		organization_name, first_report, last_report, first_success,
		last_success, successful_sessions, failed_sessions)
	SELECT policy_domain, organization_name, min(day), max(day),
		min(day) FILTER (WHERE successful > 0),
		max(day) FILTER (WHERE successful > 0), sum(successful), sum(failed)
	FROM p
	GROUP BY policy_domain, organization_name
	ON CONFLICT (tlsrpt.problem_key(policy_domain, organization_name, NULL,
		NULL)) DO UPDATE SET
		first_report = least(h.first_report, excluded.first_report),
		last_report = greatest(h.last_report, excluded.last_report),
		first_success = least(h.first_success, excluded.first_success),
		last_success = greatest(h.last_success, excluded.last_success),
		successful_sessions = h.successful_sessions
			+ excluded.successful_sessions,
		failed_sessions = h.failed_sessions + excluded.failed_sessions
), sum_problem_day AS (
	INSERT INTO tlsrpt.problem_day AS d (problem_id, day, policy_domain,
		result_type, receiving_mx_hostname, failed_sessions)
	SELECT problem_id, day, min(policy_domain), min(result_type), min(mx),
		sum(failed)
	FROM f
	GROUP BY problem_id, day
	ORDER BY problem_id, day
	ON CONFLICT (problem_id, day) DO UPDATE SET
		failed_sessions = d.failed_sessions + excluded.failed_sessions
)
INSERT INTO tlsrpt.problem_history AS h (policy_domain, result_type,
	receiving_mx_hostname, organization_name, first_seen, last_seen,
	failed_sessions, problem_id)
SELECT policy_domain, result_type, mx, organization_name, min(day), max(day),
	sum(failed), min(problem_id)
FROM f
GROUP BY policy_domain, result_type, mx, organization_name
ON CONFLICT (tlsrpt.problem_key(policy_domain, result_type,
	receiving_mx_hostname, organization_name)) DO UPDATE SET
	first_seen = least(h.first_seen, excluded.first_seen),
	last_seen = greatest(h.last_seen, excluded.last_seen),
	failed_sessions = h.failed_sessions + excluded.failed_sessions;

\i :data
