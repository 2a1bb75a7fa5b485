-- SPDX-License-Identifier: MIT
-- Days are UTC, whatever the zones of server, session and report.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

-- A small report about 20 March 2024; more overrides its members.
CREATE FUNCTION pg_temp.report(n int, more jsonb DEFAULT '{}')
RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('kind', 'report', 'record', 'spool.' || n,
		'source', 'milter', 'received_at', '2024-03-21T04:20:51.123456Z',
		'organization_name', 'Google Inc.', 'report_id', 'id-' || n,
		'start_datetime', '2024-03-20T00:00:00Z',
		'end_datetime', '2024-03-20T23:59:59Z', 'submitter', 'google.com',
		'identity', sha256(n::text::bytea),
		'content_sha256', sha256('one'), 'document', '{"a": 1}'::jsonb,
		'policies', jsonb_build_array(jsonb_build_object(
			'policy_type', 'sts', 'policy_domain', 'example.com',
			'total_successful_session_count', 100,
			'total_failure_session_count', 5,
			'failures', jsonb_build_array(
				jsonb_build_object('result_type', 'certificate-expired',
					'receiving_mx_hostname', 'mx1.example.com',
					'failed_session_count', 3),
				jsonb_build_object('result_type', 'starttls-not-supported',
					'receiving_mx_hostname', 'mx2.example.com',
					'failed_session_count', 2))))) || more
$$;
-- Another content under the same identity: other document, one failure of 7.
CREATE FUNCTION pg_temp.other(n int, more jsonb DEFAULT '{}')
RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.report(n, jsonb_build_object(
		'record', 'spool.other.' || n,
		'received_at', '2024-03-22T10:00:00Z',
		'content_sha256', sha256('two'), 'document', '{"a": 2}'::jsonb,
		'policies', jsonb_build_array(jsonb_build_object(
			'policy_type', 'sts', 'policy_domain', 'example.com',
			'total_successful_session_count', 100,
			'total_failure_session_count', 7,
			'failures', jsonb_build_array(
				jsonb_build_object('result_type', 'certificate-expired',
					'receiving_mx_hostname', 'mx1.example.com',
					'failed_session_count', 7)))))) || more
$$;
-- The outcomes of a batch in its order.
CREATE FUNCTION pg_temp.outcomes(VARIADIC batch jsonb[])
RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(outcome) FROM tlsrpt.ingest(to_jsonb(batch))
$$;
CREATE FUNCTION pg_temp.auth() RETURNS jsonb LANGUAGE sql AS $$
	SELECT '{"authenticated": true, "dkim_result": "pass",
		"dkim_domain": "google.com"}'::jsonb
$$;

CREATE FUNCTION pg_temp.day_of(n int, start text) RETURNS date
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM tlsrpt.ingest(jsonb_build_array(pg_temp.report(n,
		jsonb_build_object('start_datetime', start, 'received_at', start))));
	RETURN (SELECT day FROM tlsrpt.report WHERE report_id = 'id-' || n);
END
$$;
CREATE FUNCTION pg_temp.in_zone(n int, zone text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('TimeZone', zone, true);
	RETURN NEXT is(pg_temp.day_of(n, '2024-03-31T23:30:00Z'),
		date '2024-03-31', 'late in the month, ' || zone);
	RETURN NEXT is(pg_temp.day_of(n + 1, '2024-04-01T00:00:00Z'),
		date '2024-04-01', 'first second of the month, ' || zone);
	RETURN NEXT is(pg_temp.day_of(n + 2, '2024-04-01T01:00:00+02:00'),
		date '2024-03-31', 'another zone in the report, ' || zone);
	RETURN NEXT is(pg_temp.day_of(n + 3, '2024-04-01T00:30:00'),
		date '2024-04-01', 'no zone is UTC, ' || zone);
	RETURN NEXT is(current_setting('TimeZone'), zone,
		'the session keeps its zone');
END
$$;
SELECT pg_temp.in_zone(1, 'Pacific/Auckland');
SELECT pg_temp.in_zone(11, 'America/Los_Angeles');
SELECT pg_temp.in_zone(21, 'UTC');

SELECT is(pg_temp.outcomes(
	'{"kind": "rejection", "record": "late", "reason": "invalid",
		"received_at": "2024-05-31T23:59:59.999999Z"}'::jsonb,
	'{"kind": "rejection", "record": "early", "reason": "invalid",
		"received_at": "2024-06-01T00:00:00Z"}'), '{rejected,rejected}',
	'two rejections around midnight');
SELECT results_eq($$SELECT record, tableoid::regclass::text
	FROM tlsrpt.rejected_report ORDER BY received_at$$,
	$$VALUES ('late', 'tlsrpt.rejected_report_2024_05'),
		('early', 'tlsrpt.rejected_report_2024_06')$$,
	'each in its month in UTC');

-- Same identity and day from sessions in different zones: the same report.
SET LOCAL TimeZone = 'Pacific/Auckland';
SELECT is(pg_temp.outcomes(pg_temp.report(31,
	'{"start_datetime": "2024-03-20T13:00:00Z"}')), '{stored}', 'here');
SET LOCAL TimeZone = 'America/Los_Angeles';
SELECT is(pg_temp.outcomes(pg_temp.report(31,
	'{"start_datetime": "2024-03-20T13:00:00Z"}')), '{duplicate}', 'there');

SELECT * FROM finish();
ROLLBACK;
