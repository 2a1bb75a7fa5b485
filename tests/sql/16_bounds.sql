-- SPDX-License-Identifier: MIT
-- One step beside the cases of the scripts before: without a host, without a
-- domain, with one reporter more, a little under and over each threshold.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql
\ir include/days.psql

-- A reporter's day: successes, and failures given as TYPE@HOST, two of each.
CREATE FUNCTION pg_temp.sees(ago int, domain text, org text, ok int,
	VARIADIC failures text[]) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.about(ago, domain, ok, 2 * cardinality(failures), org, (
		SELECT jsonb_agg(pg_temp.failure(split_part(f, '@', 1),
			nullif(split_part(f, '@', 2), ''), 2)) FROM unnest(failures) AS f))
$$;

-- Whose it is: another failure counts only at the same host, which may be none.
DO $$
BEGIN
	PERFORM pg_temp.sees(3, 'policy.example', 'One', 0,
		'sts-policy-fetch-error');
	PERFORM pg_temp.sees(3, 'policy.example', 'Two', 50, 'sts-webpki-invalid');
	PERFORM pg_temp.sees(3, 'host.example', 'One', 0,
		'sts-policy-fetch-error');
	PERFORM pg_temp.sees(3, 'host.example', 'Two', 50,
		'sts-webpki-invalid@mx');
	PERFORM pg_temp.sees(3, 'same.example', 'One', 0, 'tlsa-invalid@mx1',
		'starttls-not-supported@mx1');
	PERFORM pg_temp.sees(3, 'same.example', 'Two', 50,
		'starttls-not-supported@mx2');
END
$$;
SELECT results_eq($$SELECT policy_domain, result_type, side
	FROM tlsrpt.problem_fact
	WHERE policy_domain ~ '^(policy|host|same)[.]' AND week_names = '{One}'
	ORDER BY 1, 2$$,
	$$VALUES ('host.example', 'sts-policy-fetch-error', 'sender'),
	('policy.example', 'sts-policy-fetch-error', 'unknown'),
	('same.example', 'starttls-not-supported', 'sender'),
	('same.example', 'tlsa-invalid', 'sender')$$,
	'no host is a host of its own, and another host another one');
SELECT ok(evidence LIKE 'Only One saw it %; others had other failures with that '
	'policy on the same days.', 'and the evidence says so')
FROM tlsrpt.problem WHERE policy_domain = 'policy.example'
	AND result_type = 'sts-policy-fetch-error';

-- Of many who deliver four are looked at, those with most sessions.
DO $$
BEGIN
	PERFORM pg_temp.sees(3, 'many.example', 'One', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.about(3, 'many.example', n, 0, chr(ascii('A') + n))
	FROM generate_series(1, 6) AS n;
	PERFORM pg_temp.sees(3, 'three.example', 'One', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.about(3, 'three.example', n, 0, chr(ascii('A') + n))
	FROM generate_series(1, 3) AS n;
END
$$;
SELECT results_eq($$SELECT policy_domain, others, other_names, other_sessions
	FROM tlsrpt.problem_fact WHERE policy_domain ~ '^(many|three)[.]'
	ORDER BY 1$$,
	$$VALUES ('many.example', 4, '{G,F,E,D}'::text[], 18::numeric),
	('three.example', 3, '{D,C,B}', 6)$$, 'the four with most sessions');
SELECT ok(evidence LIKE says, says) FROM tlsrpt.problem
JOIN (VALUES ('many.example', '% while G, F, E and others had %'),
	('three.example', '% while D, C and B had %')) AS x (policy_domain, says)
USING (policy_domain);

-- Three who lost STARTTLS are a wave; of four names three are said.
DO $$
BEGIN
	PERFORM pg_temp.sees(3, of || '-lost.example', chr(ascii('A') + n), 0,
		'starttls-not-supported@mx')
	FROM (VALUES ('two', 2), ('three', 3), ('four', 4)) AS x (of, most),
		generate_series(1, most) AS n;
END
$$;
SELECT results_eq($$SELECT policy_domain, downgrade, split_part(split_part(
		evidence, ': ', 2), '.', 1)
	FROM tlsrpt.problem_fact JOIN tlsrpt.problem
		USING (policy_domain, problem_id)
	WHERE policy_domain LIKE '%-lost.example' ORDER BY 1$$,
	$$VALUES ('four-lost.example', true, 'B, C, D and 1 more'),
	('three-lost.example', true, 'B, C and D'),
	('two-lost.example', false, 'B and C')$$, 'how many make a wave');

-- Which hosts of the policy are free of it: of this failure, not of all.
DO $$
BEGIN
	PERFORM pg_temp.about(1, 'hosts.example', 0, 3, failures =>
		jsonb_build_array(pg_temp.failure('certificate-expired', 'mx1', 1),
			pg_temp.failure('certificate-expired', 'mx2', 1),
			pg_temp.failure('starttls-not-supported', 'mx3', 1)),
		mx => '["mx1", "mx2", "mx3", "mx4"]');
END
$$;
SELECT results_eq($$SELECT receiving_mx_hostname, other_mx
	FROM tlsrpt.problem_fact WHERE policy_domain = 'hosts.example' ORDER BY 1$$,
	$$VALUES ('mx1', '{mx3,mx4}'::text[]), ('mx2', '{mx3,mx4}'),
	('mx3', '{mx1,mx2,mx4}')$$, 'who has it too is not free of it');

-- Hosts are those of the last day that names any.
DO $$
BEGIN
	PERFORM pg_temp.about(ago, 'last.example', 0, 1, failures =>
		jsonb_build_array(pg_temp.failure('tlsa-invalid', 'mx1', 1)), mx => mx)
	FROM (VALUES (1, '[]'::jsonb), (2, '["mx1", "mx2"]'), (3, '["mx3"]'))
		AS x (ago, mx);
END
$$;
SELECT is(other_mx, '{mx2}', 'MX hosts of the last day that names any')
FROM tlsrpt.problem_fact WHERE policy_domain = 'last.example';

-- A failure of no domain, asked for by itself and with a bound.
DO $$
BEGIN
	PERFORM pg_temp.sees(2, NULL, 'One', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.sees(9, NULL, 'One', 0, 'tlsa-invalid@old');
END
$$;
SELECT ok(explanation LIKE 'New on % for an unnamed domain: 2 failed '
	'sessions %', 'it has a sentence') FROM tlsrpt.problem
WHERE policy_domain IS NULL AND receiving_mx_hostname = 'mx';
SELECT results_eq($$SELECT receiving_mx_hostname
	FROM tlsrpt.problems_of(NULL, pg_temp.today() - 5)$$, $$VALUES ('mx')$$,
	'and only what was seen since then is answered');

-- Runs of a year: whether it is old is seen by the days, not by first_seen.
DO $$
BEGIN
	PERFORM pg_temp.sees(n, 'years.example', 'One', 0, 'tlsa-invalid@mx')
	FROM unnest(ARRAY[500, 366, 3]) AS n;
	PERFORM pg_temp.sees(n, 'weekly.example', 'One', 0, 'tlsa-invalid@mx')
	FROM generate_series(1, 400, 7) AS n;
END
$$;
SELECT results_eq($$SELECT policy_domain, state, pg_temp.today() - run_first
	FROM tlsrpt.problem_fact WHERE policy_domain ~ '^(years|weekly)[.]'
	ORDER BY 1$$, $$VALUES ('weekly.example', 'ongoing', 400),
	('years.example', 'new', 3)$$, 'runs longer and older than a year');

-- Over after three days; the week of a reporter is that of the problem; a report
-- that does not say which type of policy was looked at changes nothing.
DO $$
BEGIN
	PERFORM pg_temp.sees(5, 'over.example', 'One', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.sees(4, 'two-over.example', 'One', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.about(n, d || '.example', 9, 0, 'One')
	FROM unnest(ARRAY['over', 'two-over']) AS d, unnest(ARRAY[3, 2]) AS n;
	PERFORM pg_temp.about(4, 'over.example', 9, 0, 'One');
	-- Three days on, but of two days only.
	PERFORM pg_temp.sees(5, 'gap-over.example', 'One', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.about(n, 'gap-over.example', 9, 0, 'One')
	FROM unnest(ARRAY[4, 1]) AS n;
	PERFORM pg_temp.sees(10, 'week.example', 'Old', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.sees(9, 'week.example', 'One', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.sees(3, 'week.example', 'Two', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.about(n, 'type.example', 0, 1, 'One', jsonb_build_array(
		pg_temp.failure('tlsa-invalid', 'mx', 1)), type)
	FROM (VALUES (1, 'sts'), (2, 'sts'), (3, 'tlsa'), (2, NULL), (1, NULL))
		AS x (n, type);
END
$$;
SELECT results_eq($$SELECT policy_domain, state, week_names
	FROM tlsrpt.problem_fact
	WHERE policy_domain ~ '^(over|(two|gap)-over|week)[.]' ORDER BY 1$$,
	$$VALUES ('gap-over.example', 'new', '{One}'::text[]),
	('over.example', 'resolved', '{One}'),
	('two-over.example', 'new', '{One}'),
	('week.example', 'ongoing', '{One,Two}')$$, 'three days, and a week');
SELECT is(policy_type, 'sts', 'the last type of policy that was named')
FROM tlsrpt.problem_history WHERE policy_domain = 'type.example';

-- domain_overview: details of a week ago explain nothing of this week.
DO $$
BEGIN
	PERFORM pg_temp.sees(7, 'before.example', 'One', 0, 'tlsa-invalid@mx');
	PERFORM pg_temp.about(n, 'before.example', 9, 0, 'One')
	FROM generate_series(2, 6) AS n;
	PERFORM pg_temp.about(1, 'before.example', 9, 4, 'One');
END
$$;
SELECT is(worst_problem, '4 failed sessions in the last week, but no report '
	'says why', 'nor does a problem that is over')
FROM tlsrpt.domain_overview WHERE policy_domain = 'before.example';

-- The days before begin with the thirtieth.
DO $$
BEGIN
	PERFORM pg_temp.about(ago, 'thirty.example', ok, failed)
	FROM (VALUES (29, 3, 1), (30, 4, 1), (59, 4, 1), (60, 4, 4))
		AS x (ago, ok, failed);
END
$$;
SELECT results_eq($$SELECT failure_rate_30d, failure_rate_previous_30d
	FROM tlsrpt.domain_overview WHERE policy_domain = 'thirty.example'$$,
	$$VALUES (0.25::double precision, 0.2::double precision)$$,
	'thirty days, and thirty before');
SELECT lives_ok($$SELECT pg_temp.about(1, 'adds.example', n, 9 * n, 'One')
	FROM generate_series(1, 3) AS n$$);
SELECT results_eq($$SELECT reports, successful_sessions, failed_sessions,
		failure_rate FROM tlsrpt.by_reporter
	WHERE policy_domain = 'adds.example'$$,
	$$VALUES (3::bigint, 6::numeric, 54::numeric, 0.9::double precision)$$,
	'by_reporter adds up the reports of a day');

-- A fifth and 0.001, both ways.
DO $$
BEGIN
	PERFORM pg_temp.about(35, d || '.example', 100000 - was, was),
		pg_temp.about(5, d || '.example', 100000 - now, now)
	FROM (VALUES ('t-worse', 10000, 12001), ('t-less-worse', 10000, 11999),
		('t-better', 10000, 8333), ('t-less-better', 10000, 8334),
		('t-tiny-worse', 200, 299), ('t-tiny-better', 200, 101),
		('t-small-worse', 200, 301), ('t-small-better', 200, 99))
		AS x (d, was, now);
END
$$;
SELECT results_eq($$SELECT policy_domain, trend FROM tlsrpt.domain_overview
	WHERE policy_domain ~ '^t-' ORDER BY policy_domain COLLATE "C"$$,
	$$VALUES ('t-better.example', 'better'), ('t-less-better.example', 'steady'),
	('t-less-worse.example', 'steady'), ('t-small-better.example', 'better'),
	('t-small-worse.example', 'worse'), ('t-tiny-better.example', 'steady'),
	('t-tiny-worse.example', 'steady'), ('t-worse.example', 'worse')$$,
	'the trends, to a session');

-- A rate is never above 1, though details may say more than the totals.
DO $$
BEGIN
	PERFORM pg_temp.about(1, 'more.example', 1, 1, 'One', jsonb_build_array(
		pg_temp.failure('tlsa-invalid', 'mx', 9)));
END
$$;
SELECT is(failure_rate, 1::double precision, name)
FROM (SELECT 'by_mx_host' AS name, policy_domain, failure_rate
		FROM tlsrpt.by_mx_host
	UNION ALL SELECT 'problem_daily', policy_domain, failure_rate
		FROM tlsrpt.problem_daily
	UNION ALL SELECT 'problem', policy_domain, affected_share
		FROM tlsrpt.problem) AS x
WHERE policy_domain = 'more.example';

-- Who is expected to report did so on five days, however often on one.
DO $$
BEGIN
	PERFORM pg_temp.about(n, 'often.example', k, 0, 'Twice a day')
	FROM unnest(ARRAY[20, 19, 18, 17]) AS n, generate_series(1, 2) AS k;
	PERFORM pg_temp.about(n, 'often.example', k, 0, 'Daily')
	FROM generate_series(1, 5) AS n, generate_series(1, 2) AS k;
	PERFORM pg_temp.about(n, 'often.example', 1, 0, 'Old')
	FROM generate_series(28, 33) AS n;
	-- Nine days of silence: three usual gaps, and fewer.
	PERFORM pg_temp.about(n, 'often.example', 1, 0, 'Gaps of 3')
	FROM unnest(ARRAY[10, 13, 16, 19, 22]) AS n;
	PERFORM pg_temp.about(n, 'often.example', 1, 0, 'Gaps of 4')
	FROM unnest(ARRAY[10, 14, 18, 22, 26]) AS n;
	PERFORM pg_temp.about(n, 'often.example', 1, 0, 'Three days')
	FROM generate_series(4, 9) AS n;
	PERFORM pg_temp.about(n, 'often.example', 1, 0, 'Two days')
	FROM generate_series(3, 9) AS n;
END
$$;
SELECT results_eq($$SELECT organization_name, days_reported, days_expected,
		coverage FROM tlsrpt.coverage
	WHERE policy_domain = 'often.example'
		AND organization_name IN ('Twice a day', 'Daily', 'Old') ORDER BY 1$$,
	$$VALUES ('Daily', 5, 5, 1::double precision), ('Old', 3, 30, 0.1)$$,
	'coverage counts days');
-- A mail host whose clock was ahead.
DO $$
BEGIN
	PERFORM pg_temp.about(-n, 'ahead.example', 1, 0, 'One')
	FROM generate_series(0, 5) AS n;
END
$$;
SELECT results_eq($$SELECT days_reported, days_expected, coverage, missing_days
	FROM tlsrpt.coverage WHERE policy_domain = 'ahead.example'$$,
	$$VALUES (0, 1, 0::double precision, ARRAY[pg_temp.today() - 1])$$,
	'days to come break nothing');
SELECT results_eq($$SELECT organization_name, silent_days
	FROM tlsrpt.silent_reporter WHERE policy_domain = 'often.example'
	ORDER BY 1$$,
	$$VALUES ('Gaps of 3', 9), ('Old', 27), ('Three days', 3)$$,
	'silence is three usual gaps, and three days');

SELECT * FROM finish();
ROLLBACK;
