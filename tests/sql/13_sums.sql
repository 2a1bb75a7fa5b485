-- SPDX-License-Identifier: MIT
-- domain_day, reporter_history and problem_day say what a sum over the rows would.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql
\ir include/agree.psql

SELECT is(pg_temp.outcomes(pg_temp.report(1),
	pg_temp.report(2, '{"start_datetime": "2024-02-10T00:00:00Z"}'),
	pg_temp.report(3, '{"organization_name": "Microsoft Corporation"}'),
	pg_temp.report(4, '{"organization_name": null, "policies": [
		{"total_successful_session_count": 3, "failures": [{}]}]}'),
	pg_temp.report(5, '{"start_datetime": "2024-04-10T00:00:00Z"}')),
	'{stored,stored,stored,stored,stored}', 'five reports');
SELECT pg_temp.agree('after them');
SELECT is(pg_temp.outcomes(pg_temp.report(1), pg_temp.other(1),
	pg_temp.report(6)), '{duplicate,conflict,stored}',
	'a duplicate, a conflict and another');
SELECT pg_temp.agree('the first two count for nothing');
SELECT is(pg_temp.outcomes(
	pg_temp.other(2, pg_temp.auth()
		|| '{"start_datetime": "2024-02-10T00:00:00Z"}'),
	pg_temp.other(3, pg_temp.auth() || '{"policies": [],
		"organization_name": "Microsoft Corporation"}'),
	pg_temp.other(4, pg_temp.auth() || '{"organization_name": null,
		"policies": [{"policy_domain": "new.example"}]}'),
	pg_temp.report(7)), '{replaced,replaced,replaced,stored}',
	'replacements beside a new one');
SELECT pg_temp.agree('replaced');
SELECT is(pg_temp.outcomes(pg_temp.other(n, pg_temp.auth()
	|| jsonb_build_object('policies', '[]'::jsonb, 'start_datetime', d))),
	'{replaced}', 'the last of ' || d)
FROM (VALUES (5, '2024-04-10T00:00:00Z')) AS x (n, d);
SELECT pg_temp.agree('a day that has nothing left');
SELECT is((SELECT mx_host FROM tlsrpt.domain_day LIMIT 1), NULL,
	'no MX hosts named');
SELECT is(pg_temp.outcomes(pg_temp.report(8, '{"policies": [
	{"policy_domain": "mx.example", "mx_host": ["a", "b"]}]}'),
	pg_temp.report(9, '{"policies": [
	{"policy_domain": "mx.example", "mx_host": []}]}')), '{stored,stored}',
	'a policy that names MX hosts');
SELECT is((SELECT mx_host FROM tlsrpt.domain_day
	WHERE policy_domain = 'mx.example'), '{a,b}', 'they are kept');
SELECT is(pg_temp.outcomes(pg_temp.other(8, pg_temp.auth() || '{"policies": [
	{"policy_domain": "mx.example", "mx_host": ["c"]}]}'::jsonb)), '{replaced}',
	'until another report takes its place');
SELECT is((SELECT mx_host FROM tlsrpt.domain_day
	WHERE policy_domain = 'mx.example'), '{c}', 'which names others');

SELECT * FROM finish();
ROLLBACK;
