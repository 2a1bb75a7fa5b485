-- SPDX-License-Identifier: MIT
-- The rollup says what a sum over all failure rows would.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql

CREATE VIEW pg_temp.truth AS
SELECT policy_domain, result_type, receiving_mx_hostname, organization_name,
	min(day) AS first_seen, max(day) AS last_seen,
	sum(failed_session_count)::bigint AS failed_sessions
FROM tlsrpt.failure GROUP BY 1, 2, 3, 4;
CREATE FUNCTION pg_temp.agrees(name text) RETURNS text LANGUAGE sql AS $$
	SELECT set_eq('SELECT policy_domain, result_type,
			receiving_mx_hostname, organization_name, first_seen, last_seen,
			failed_sessions FROM tlsrpt.problem_history',
		'SELECT * FROM pg_temp.truth', name)
$$;

SELECT is(pg_temp.outcomes(pg_temp.report(1),
	pg_temp.report(2, '{"start_datetime": "2024-02-10T00:00:00Z"}'),
	pg_temp.report(3, '{"organization_name": "Microsoft Corporation"}'),
	pg_temp.report(4, '{"start_datetime": "2024-04-10T00:00:00Z"}')),
	'{stored,stored,stored,stored}', 'four reports');
SELECT results_eq($$SELECT first_seen, last_seen, failed_sessions
	FROM tlsrpt.problem_history WHERE organization_name = 'Google Inc.'
		AND result_type = 'certificate-expired'$$,
	$$VALUES (date '2024-02-10', date '2024-04-10', 9::bigint)$$,
	'one row for each domain, type, host and reporter');
SELECT pg_temp.agrees('it agrees with the failure rows');

SELECT is(pg_temp.outcomes(pg_temp.report(1), pg_temp.other(1)),
	'{duplicate,conflict}', 'a duplicate and a conflict');
SELECT pg_temp.agrees('count for nothing');

-- A NULL equals a NULL and not the empty string; parts don't run together.
SELECT is(pg_temp.outcomes(pg_temp.report(5, more), pg_temp.report(6, more)),
	'{stored,stored}', 'rows without names, twice')
FROM (SELECT '{"organization_name": null, "policies": [{"failures": [
	{"failed_session_count": 1}, {"failed_session_count": 10,
		"result_type": ""},
	{"failed_session_count": 100, "result_type": "a",
		"receiving_mx_hostname": "bc"},
	{"failed_session_count": 1000, "result_type": "ab",
		"receiving_mx_hostname": "c"},
	{"failed_session_count": 10000, "result_type": "\\x00",
		"receiving_mx_hostname": "\\"}]}]}'::jsonb AS more) AS x;
SELECT results_eq('SELECT failed_sessions FROM tlsrpt.problem_history
	WHERE organization_name IS NULL ORDER BY 1',
	'VALUES (2::bigint), (20), (200), (2000), (20000)', 'make five problems');
SELECT pg_temp.agrees('and agree');

-- A replacement takes away what it replaces.
SELECT is(pg_temp.outcomes(pg_temp.other(4, pg_temp.auth()
	|| '{"start_datetime": "2024-04-10T00:00:00Z"}')), '{replaced}',
	'the last report, of two problems, by one with one');
SELECT results_eq($$SELECT result_type, first_seen, last_seen,
		failed_sessions FROM tlsrpt.problem_history
	WHERE organization_name = 'Google Inc.' ORDER BY 1$$,
	$$VALUES ('certificate-expired', date '2024-02-10', date '2024-04-10',
			13::bigint),
		('starttls-not-supported', '2024-02-10', '2024-03-20', 4)$$,
	'the sums and the last day follow');
SELECT pg_temp.agrees('and agree');
SELECT is(pg_temp.outcomes(pg_temp.other(2, pg_temp.auth()
	|| '{"start_datetime": "2024-02-10T00:00:00Z", "policies": []}')),
	'{replaced}', 'the first report, by one without a problem');
SELECT pg_temp.agrees('the first day follows');
SELECT is(pg_temp.outcomes(pg_temp.other(3, pg_temp.auth()
	|| '{"organization_name": "Microsoft Corporation", "policies": []}')),
	'{replaced}', 'the only report of a reporter');
SELECT is_empty($$SELECT failed_sessions FROM tlsrpt.problem_history
	WHERE organization_name = 'Microsoft Corporation'$$,
	'its problems are gone');
SELECT is(pg_temp.outcomes(
	pg_temp.other(5, pg_temp.auth() || '{"organization_name": null}'),
	pg_temp.other(6, pg_temp.auth() || '{"organization_name": null}'),
	pg_temp.report(7)), '{replaced,replaced,stored}',
	'two replacements and a new report in one batch');
SELECT pg_temp.agrees('agree');

-- Retention drops months, and what was seen then stays seen.
SELECT is(pg_temp.outcomes(pg_temp.report(8,
	'{"start_datetime": "2024-01-05T00:00:00Z"}')), '{stored}', 'an old one');
DROP TABLE tlsrpt.failure_2024_01, tlsrpt.policy_2024_01,
	tlsrpt.report_2024_01;
SELECT results_eq($$SELECT first_seen FROM tlsrpt.problem_history
	WHERE policy_domain = 'example.com' AND organization_name = 'Google Inc.'
	ORDER BY result_type$$,
	$$VALUES (date '2024-01-05'), ('2024-01-05')$$, 'dropping takes nothing');
SELECT is(pg_temp.outcomes(pg_temp.other(7, pg_temp.auth())), '{replaced}',
	'a replacement afterwards');
SELECT is((SELECT first_seen FROM tlsrpt.problem_history
	WHERE policy_domain = 'example.com' AND organization_name = 'Google Inc.'
		AND result_type = 'certificate-expired'), date '2024-01-05',
	'keeps the first day');

SELECT * FROM finish();
ROLLBACK;
