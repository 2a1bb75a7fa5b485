-- SPDX-License-Identifier: MIT
-- The numbers that analysts read. Days are relative to today in UTC.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql
\ir include/days.psql

-- daily.
DO $$
BEGIN
	PERFORM pg_temp.about(1, 'd.example', 90, 10);
	PERFORM pg_temp.about(1, 'd.example', 60, 40);
	PERFORM pg_temp.about(1, 'd.example', 0, 0, 'Microsoft Corporation');
	PERFORM pg_temp.about(1, NULL, 5, 5);
	PERFORM pg_temp.about(2, 'd.example', 1, 3, type => 'tlsa');
END
$$;
SELECT results_eq($$SELECT pg_temp.today() - day, policy_domain,
		organization_name, policy_type, reports, successful_sessions,
		failed_sessions, failure_rate
	FROM tlsrpt.daily ORDER BY day DESC, policy_domain, organization_name$$,
	$$VALUES (1, 'd.example', 'Google Inc.', 'sts', 2::bigint, 150::numeric,
			50::numeric, 0.25::double precision),
		(1, 'd.example', 'Microsoft Corporation', 'sts', 1, 0, 0, NULL),
		(1, NULL, 'Google Inc.', 'sts', 1, 5, 5, 0.5),
		(2, 'd.example', 'Google Inc.', 'tlsa', 1, 1, 3, 0.75)$$,
	'daily adds up by day, domain, reporter and policy type');
SELECT is(pg_temp.outcomes(pg_temp.report(1, jsonb_build_object('policies',
		'[{"policy_domain": "twice.example", "policy_type": "sts",
			"total_successful_session_count": 1},
		{"policy_domain": "twice.example", "policy_type": "sts",
			"total_successful_session_count": 2}]'::jsonb))), '{stored}',
	'a report with two policies of one domain');
SELECT results_eq($$SELECT reports, successful_sessions FROM tlsrpt.daily
	WHERE policy_domain = 'twice.example'$$, 'VALUES (1::bigint, 3::numeric)',
	'is one report');

-- Nobody breaks the sums by claiming the largest count there is: not in one
-- report, not in a second one, not in a replacement beside a new one.
CREATE FUNCTION pg_temp.huge() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('policies', jsonb_build_array(p, p))
	FROM (SELECT jsonb_build_object('policy_domain', 'huge.example',
		'total_failure_session_count', n, 'failures', jsonb_build_array(
			pg_temp.failure('tlsa-invalid', 'mx', n),
			pg_temp.failure('tlsa-invalid', 'mx', n))) AS p
		FROM (VALUES (9223372036854775807)) AS x (n)) AS y
$$;
SELECT is(pg_temp.outcomes(pg_temp.report(20, pg_temp.huge())), '{stored}',
	'huge counts');
SELECT is(pg_temp.outcomes(pg_temp.report(21, pg_temp.huge()),
	pg_temp.report(22, '{"policies": []}')), '{stored,stored}', 'once more');
SELECT is(pg_temp.outcomes(pg_temp.report(23, pg_temp.huge()),
	pg_temp.other(22, pg_temp.auth() || pg_temp.huge())),
	'{stored,replaced}', 'and twice in a batch');
SELECT is((SELECT failed_sessions FROM tlsrpt.daily
	WHERE policy_domain = 'huge.example'), 8 * 9223372036854775807::numeric,
	'add up beyond bigint');
SELECT is((SELECT failed_sessions FROM tlsrpt.problem_history
	WHERE policy_domain = 'huge.example'), 9223372036854775807,
	'and stop there in problem_history');
SELECT is(pg_temp.outcomes(pg_temp.other(23, pg_temp.auth())), '{replaced}',
	'a replacement of one');
SELECT is((SELECT failed_sessions FROM tlsrpt.problem_history
	WHERE policy_domain = 'huge.example'), 9223372036854775807,
	'counts the others anew, and stops there too');

-- failure_detail.
SELECT is(pg_temp.outcomes(pg_temp.report(3)), '{stored}', 'a report');
SELECT results_eq($$SELECT f.policy_domain, f.organization_name,
		f.result_type, f.receiving_mx_hostname, f.failed_sessions,
		f.policy_type, f.policy_failed_sessions, f.report_id, f.submitter,
		f.authenticated, f.meaning = t.meaning, f.action = t.action
	FROM tlsrpt.failure_detail AS f
	LEFT JOIN tlsrpt.result_type AS t USING (result_type)
	WHERE f.report_id = 'id-3' ORDER BY failure_key$$,
	$$VALUES ('example.com', 'Google Inc.', 'certificate-expired',
			'mx1.example.com', 3::bigint, 'sts', 5::bigint, 'id-3',
			'google.com', false, true, true),
		('example.com', 'Google Inc.', 'starttls-not-supported',
			'mx2.example.com', 2, 'sts', 5, 'id-3', 'google.com', false,
			true, true)$$,
	'failure_detail joins policy, report and explanation');
SELECT is(pg_temp.outcomes(pg_temp.report(4, '{"policies": [{"failures":
	[{"result_type": "new-fangled"}]}]}')), '{stored}',
	'a result type outside the registry');
SELECT results_eq($$SELECT result_type, meaning FROM tlsrpt.failure_detail
	WHERE report_id = 'id-4'$$, $$VALUES ('new-fangled', NULL::text)$$,
	'is shown without an explanation');

-- domain_overview. Bounds: today is in, 7 and 30 days ago are out.
DO $$
BEGIN
	PERFORM pg_temp.about(0, 'a.example', 1, 0);
	PERFORM pg_temp.about(6, 'a.example', 2, 2);
	PERFORM pg_temp.about(7, 'a.example', 4, 4, 'Microsoft Corporation');
	PERFORM pg_temp.about(29, 'a.example', 8, 8);
	PERFORM pg_temp.about(30, 'a.example', 16, 0);
	PERFORM pg_temp.about(59, 'a.example', 32, 2);
	PERFORM pg_temp.about(60, 'a.example', 64, 64);
	PERFORM pg_temp.about(200, 'old.example', 1, 1);
	PERFORM pg_temp.about(5, 'better.example', 99, 1);
	PERFORM pg_temp.about(35, 'better.example', 90, 10);
	PERFORM pg_temp.about(5, 'steady.example', 90, 10);
	PERFORM pg_temp.about(35, 'steady.example', 91, 9);
	PERFORM pg_temp.about(5, 'tiny.example', 9999, 1);
	PERFORM pg_temp.about(35, 'tiny.example', 10000, 0);
	PERFORM pg_temp.about(5, 'new.example', 1, 0);
END
$$;
SELECT results_eq($$SELECT successful_sessions_7d, failed_sessions_7d,
		failure_rate_7d, successful_sessions_30d, failed_sessions_30d,
		failure_rate_30d, failure_rate_previous_30d, trend, worst_problem,
		pg_temp.today() - last_report, reporters
	FROM tlsrpt.domain_overview WHERE policy_domain = 'a.example'$$,
	$$VALUES (3::numeric, 2::numeric, 0.4::double precision, 15::numeric,
		14::numeric, 14 / 29::double precision, 0.04::double precision,
		'worse', '2 failed sessions in the last week, but no report says why',
		0, 2)$$,
	'domain_overview adds up 7, 30 and the 30 days before');
SELECT results_eq($$SELECT policy_domain, trend FROM tlsrpt.domain_overview
	WHERE policy_domain ~ '^(better|steady|tiny|new|old)[.]' ORDER BY 1$$,
	$$VALUES ('better.example', 'better'), ('new.example', 'new'),
		('old.example', 'silent'), ('steady.example', 'steady'),
		('tiny.example', 'steady')$$, 'the trends');
SELECT results_eq($$SELECT successful_sessions_30d, failed_sessions_30d,
		failure_rate_30d, worst_problem, pg_temp.today() - last_report,
		reporters FROM tlsrpt.domain_overview
	WHERE policy_domain = 'old.example'$$,
	$$VALUES (0::numeric, 0::numeric, NULL::double precision, NULL::text,
		200, 0)$$, 'a domain of which nothing was heard lately is still there');
SELECT is((SELECT count(*) FROM tlsrpt.domain_overview),
	(SELECT count(DISTINCT policy_domain) FROM tlsrpt.policy),
	'each domain once, and none that has no name');

DO $$
BEGIN
	PERFORM pg_temp.about(1, 'w.example', 0, 9, org, jsonb_build_array(
		pg_temp.failure('tlsa-invalid', 'mx1.w.example', n),
		pg_temp.failure('tlsa-invalid', 'mx1.w.example', 1),
		pg_temp.failure('certificate-expired', 'mx2.w.example', 8)))
	FROM (VALUES ('A', 5), ('B', 6), ('C', 7), ('D', 1), ('E', 90))
		AS x (org, n);
	PERFORM pg_temp.about(40, 'w.example', 0, 9, 'A', jsonb_build_array(
		pg_temp.failure('certificate-expired', 'mx2.w.example', 800)));
	PERFORM pg_temp.about(1, 'one.example', 0, 1, NULL, jsonb_build_array(
		pg_temp.failure(NULL, NULL, 1)));
	PERFORM pg_temp.about(1, 'zero.example', 0, 1, 'A', jsonb_build_array(
		pg_temp.failure('tlsa-invalid', 'mx', 0)));
END
$$;
SELECT results_eq($$SELECT policy_domain, worst_problem
	FROM tlsrpt.domain_overview WHERE policy_domain ~ '^(w|one|zero)[.]'
	ORDER BY 1$$,
	$$VALUES ('one.example', 'A failure without a result type at an unnamed MX host: 1 failed session in the week to '
			|| pg_temp.today() - 1 || ', 100% of all sessions (reported by an unnamed reporter)'),
		('w.example', 'tlsa-invalid at mx1.w.example: 114 failed sessions in the week to '
			|| pg_temp.today() - 1 || ', 100% of all sessions (reported by E, C, B and 2 more)'),
		('zero.example', NULL)$$, 'the worst problem, as a sentence');

-- rejection.
SELECT is(pg_temp.outcomes(pg_temp.other(3), '{"kind": "rejection",
	"record": "r", "received_at": "2024-03-20T00:00:00Z",
	"reason": "refused", "detail": "not ours"}'::jsonb),
	'{conflict,rejected}', 'two rejections');
SELECT results_eq($$SELECT record, reason, detail LIKE '%not ours%',
		explanation IS NOT NULL, has_document, conflicts_with IS NOT NULL
	FROM tlsrpt.rejection WHERE record IN ('r', 'spool.other.3')
	ORDER BY record$$,
	$$VALUES ('r', 'refused', true, true, false, false),
		('spool.other.3', 'conflict', false, true, true, true)$$,
	'rejection explains them');

-- Months that a query does not ask for are not read.
\ir include/plan.psql
DO $$
BEGIN
	PERFORM tlsrpt.ensure_months('{2024-03-01,2024-04-01,2024-05-01}');
END
$$;
SELECT is((SELECT array_agg(DISTINCT m[1]) FROM pg_temp.plan(
			'SELECT * FROM tlsrpt.' || query) AS line,
		regexp_matches(line, ' on [a-z]+_(20\d\d_\d\d) ') AS m),
	'{2024_05}', 'only one month is read by ' || query)
FROM unnest(ARRAY[
	$$daily WHERE day BETWEEN '2024-05-01' AND '2024-05-31'$$,
	$$daily WHERE day = '2024-05-02' AND policy_domain = 'x'$$,
	$$failure_detail WHERE day = '2024-05-02'$$]) AS query;
SELECT is((SELECT count(*) FROM pg_temp.plan('SELECT * FROM tlsrpt.rejection
		WHERE received_at >= date ''2024-04-02''') AS line
	WHERE line ~ 'rejected_report_2024_03'), 0::bigint,
	'nor does rejection read months that are over');

SELECT * FROM finish();
ROLLBACK;
