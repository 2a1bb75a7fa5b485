-- SPDX-License-Identifier: MIT
-- Months are dropped, and the sums follow.
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


SELECT throws_ok($$SELECT tlsrpt.set_retention('23 hours')$$, '22023', NULL,
	'less than a day is a mistake');
SELECT is_empty('SELECT * FROM tlsrpt.apply_retention()',
	'without a setting nothing goes');
CREATE FUNCTION pg_temp.at(months int, day int) RETURNS text LANGUAGE sql AS $$
	SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC')
		- make_interval(months => months) + make_interval(days => day - 1),
		'YYYY-MM-DD"T00:00:00Z"')
$$;
CREATE FUNCTION pg_temp.month(months int) RETURNS text LANGUAGE sql AS $$
	SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC')
		- make_interval(months => months), 'YYYY_MM')
$$;
SELECT is(pg_temp.outcomes(
	pg_temp.report(1, jsonb_build_object('start_datetime', pg_temp.at(5, 3),
		'received_at', pg_temp.at(5, 4))),
	pg_temp.report(2, jsonb_build_object('start_datetime', pg_temp.at(4, 9),
		'received_at', pg_temp.at(4, 10))),
	pg_temp.report(3, jsonb_build_object('start_datetime', pg_temp.at(1, 2),
		'received_at', pg_temp.at(1, 3))),
	pg_temp.report(4, jsonb_build_object('start_datetime', pg_temp.at(5, 3),
		'received_at', pg_temp.at(5, 4), 'organization_name', 'Gone',
		'policies', '[{"policy_domain": "gone.example", "failures":
			[{"failed_session_count": 1}]}]'::jsonb)),
	pg_temp.report(5, jsonb_build_object('kind', 'rejection',
		'reason', 'invalid', 'received_at', pg_temp.at(5, 6))),
	pg_temp.report(6, jsonb_build_object('kind', 'rejection',
		'reason', 'invalid', 'received_at', pg_temp.at(1, 6)))),
	'{stored,stored,stored,stored,rejected,rejected}', 'four months');
-- A sum that stands at its limit can't be subtracted from.
SELECT is(pg_temp.outcomes(pg_temp.report(7, more || jsonb_build_object(
	'start_datetime', pg_temp.at(5, 3), 'received_at', pg_temp.at(5, 4))),
	pg_temp.report(8, more || jsonb_build_object('start_datetime',
		pg_temp.at(1, 3), 'received_at', pg_temp.at(1, 4)))),
	'{stored,stored}', 'huge counts')
FROM (SELECT '{"policies": [{"policy_domain": "huge.example", "failures": [
	{"failed_session_count": 9223372036854775807}]}]}'::jsonb AS more) AS x;

SELECT lives_ok($$SELECT tlsrpt.set_retention('2 months')$$, 'two months');
SELECT lives_ok($$SELECT tlsrpt.set_retention('3 months')$$, 'or three');
SELECT set_eq('SELECT * FROM tlsrpt.apply_retention()',
	(SELECT array_agg(parent || '_' || pg_temp.month(n))
	FROM unnest(ARRAY['report', 'policy', 'failure', 'rejected_report'])
		AS parent, unnest(ARRAY[4, 5]) AS n),
	'months of all four tables go');
SELECT is_empty('SELECT * FROM tlsrpt.apply_retention()', 'once');
SELECT set_eq('SELECT report_id FROM tlsrpt.report', ARRAY['id-3', 'id-8'],
	'the rest stays');
SELECT is((SELECT count(*) FROM tlsrpt.rejected_report), 1::bigint,
	'of the rejections too');
SELECT results_eq($$SELECT result_type, first_seen, last_seen,
		failed_sessions FROM tlsrpt.problem_history
	WHERE policy_domain = 'example.com' ORDER BY 1$$,
	$$VALUES ('certificate-expired', pg_temp.at(5, 3)::date,
			pg_temp.at(1, 2)::date, 3::bigint),
		('starttls-not-supported', pg_temp.at(5, 3)::date,
			pg_temp.at(1, 2)::date, 2)$$,
	'the sums are those of the rows left; the first day stays');
SELECT is((SELECT failed_sessions FROM tlsrpt.problem_history
	WHERE policy_domain = 'huge.example'), 9223372036854775807,
	'one at the limit is counted anew');
SELECT is_empty('SELECT 1 FROM tlsrpt.' || what
	|| ' WHERE policy_domain = ''gone.example''',
	what || ' forgets who was not heard of since')
FROM unnest(ARRAY['problem_history', 'problem_day', 'domain_day',
	'reporter_history', 'domain']) AS what;
SELECT is((SELECT min(day) FROM tlsrpt.domain_day), pg_temp.at(1, 2)::date,
	'sums by day go with their days');
SELECT is(pg_temp.outcomes(pg_temp.report(1,
	jsonb_build_object('start_datetime', pg_temp.at(5, 3), 'received_at',
		pg_temp.at(0, 1)))), '{stored}', 'an old report may come in again');
SELECT is((SELECT count(*) FROM tlsrpt.apply_retention()), 3::bigint,
	'until the next time');
SELECT lives_ok($$SELECT tlsrpt.set_retention(NULL)$$, 'for ever');
SELECT is_empty('SELECT * FROM tlsrpt.apply_retention()', 'keeps all');

SELECT * FROM finish();
ROLLBACK;
