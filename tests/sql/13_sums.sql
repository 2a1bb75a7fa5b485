-- SPDX-License-Identifier: MIT
-- domain_day, reporter_history and problem_day say what a sum over the rows would.
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


CREATE FUNCTION pg_temp.agree(name text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT set_eq('SELECT policy_domain, day, successful_sessions::numeric,
			failed_sessions::numeric FROM tlsrpt.domain_day',
		'SELECT policy_domain, day, sum(total_successful_session_count) AS s,
			sum(total_failure_session_count) AS f FROM tlsrpt.policy GROUP BY 1, 2',
		name || ': domain_day')
	UNION ALL SELECT set_eq('SELECT policy_domain, organization_name, first_report,
			last_report, first_success, last_success,
			successful_sessions::numeric, failed_sessions::numeric
		FROM tlsrpt.reporter_history',
		'SELECT policy_domain, organization_name, min(day) AS x, max(day) AS y,
			min(day) FILTER (WHERE total_successful_session_count > 0) AS a,
			max(day) FILTER (WHERE total_successful_session_count > 0) AS b,
			sum(total_successful_session_count) AS s,
			sum(total_failure_session_count) AS f FROM tlsrpt.policy GROUP BY 1, 2',
		name || ': reporter_history')
	UNION ALL SELECT set_eq('SELECT problem_id, day, policy_domain, result_type,
			receiving_mx_hostname, failed_sessions::numeric
		FROM tlsrpt.problem_day',
		'SELECT tlsrpt.problem_id(policy_domain, result_type,
				receiving_mx_hostname), day, policy_domain, result_type,
			receiving_mx_hostname, sum(failed_session_count)
		FROM tlsrpt.failure GROUP BY 1, 2, 3, 4, 5', name || ': problem_day')
	UNION ALL SELECT set_eq('SELECT policy_domain FROM tlsrpt.domain',
		'SELECT policy_domain FROM tlsrpt.policy
		WHERE policy_domain IS NOT NULL', name || ': domain');
$$;
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

SELECT * FROM finish();
ROLLBACK;
