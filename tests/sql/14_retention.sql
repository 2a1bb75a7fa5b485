-- SPDX-License-Identifier: MIT
-- Months are dropped, and the sums follow.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql


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
