-- SPDX-License-Identifier: MIT
-- The rollup says what a sum over all failure rows would.
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
