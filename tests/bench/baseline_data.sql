-- SPDX-License-Identifier: MIT
-- What is loaded here, as calls of baseline.sql's statement, 256 reports each:
--   psql -At -f baseline_data.sql > FILE
\set ON_ERROR_STOP on
SET "TimeZone" = 'UTC';
SELECT format('SELECT tlsrpt.ensure_months(%L, %L);',
	array_agg(DISTINCT day),
	array_agg(DISTINCT (received_at AT TIME ZONE 'UTC')::date))
FROM tlsrpt.report;

WITH r AS (
	SELECT *, n / 256 AS batch, n % 256 + 1 AS place
	FROM (SELECT *, row_number() OVER (ORDER BY report_key) - 1 AS n
		FROM tlsrpt.report) AS numbered
), p AS (
	SELECT p.*, r.batch, r.place AS report_place,
		row_number() OVER (PARTITION BY r.batch ORDER BY p.policy_key) AS place
	FROM tlsrpt.policy AS p JOIN r USING (report_key, day)
), f AS (
	SELECT f.*, p.batch, p.place AS policy_place
	FROM tlsrpt.failure AS f JOIN p USING (policy_key, day)
), reports AS (
	SELECT batch, format('%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,'
		'%L,%L,%L,%L,%L,%L',
		array_agg(day), array_agg(organization_name), array_agg(contact_info),
		array_agg(report_id), array_agg(start_datetime),
		array_agg(end_datetime), array_agg(submitter), array_agg(received_at),
		array_agg(source), array_agg(queue_id), array_agg(envelope_from),
		array_agg(message_id), array_agg(filename), array_agg(media_type),
		array_agg(size_bytes), array_agg(dkim_result), array_agg(dkim_domain),
		array_agg(authenticated), array_agg(policy_domains::text),
		array_agg(anomalies::text), array_agg(identity),
		array_agg(content_sha256), array_agg(document)) AS arguments
	FROM (SELECT * FROM r ORDER BY place) AS r GROUP BY batch
), policies AS (
	SELECT batch, format('%L,%L,%L,%L,%L,%L,%L,%L', array_agg(report_place),
		array_agg(policy_type), array_agg(policy_mode),
		array_agg(policy_domain), array_agg(policy_string::text),
		array_agg(mx_host::text), array_agg(total_successful_session_count),
		array_agg(total_failure_session_count)) AS arguments
	FROM (SELECT * FROM p ORDER BY place) AS p GROUP BY batch
), failures AS (
	SELECT batch, format('%L,%L,%L,%L,%L,%L,%L,%L,%L',
		array_agg(policy_place), array_agg(result_type),
		array_agg(sending_mta_ip), array_agg(receiving_mx_hostname),
		array_agg(receiving_mx_helo), array_agg(receiving_ip),
		array_agg(failed_session_count), array_agg(additional_information),
		array_agg(failure_reason_code)) AS arguments
	FROM f GROUP BY batch
)
SELECT format('EXECUTE load_batch(%s,%s,%s);', reports.arguments,
	policies.arguments, coalesce(failures.arguments,
		'''{}'',''{}'',''{}'',''{}'',''{}'',''{}'',''{}'',''{}'',''{}'''))
FROM reports JOIN policies USING (batch) LEFT JOIN failures USING (batch)
ORDER BY batch;
