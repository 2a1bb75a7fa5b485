-- SPDX-License-Identifier: MIT
-- Problems in plain words: what, where, since when, whose, what to do.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql
\ir include/days.psql

-- Each result type of the registry, and two that are not in it.
DO $$
BEGIN
	PERFORM pg_temp.about(n, 'types.example', 90, 10, org, (
		SELECT jsonb_agg(pg_temp.failure(type, CASE
			WHEN type LIKE 'sts-%' THEN NULL ELSE 'mx1.types.example' END, 5))
		FROM (SELECT result_type FROM tlsrpt.result_type
			UNION ALL SELECT 'new-fangled' UNION ALL SELECT NULL) AS t (type)))
	FROM generate_series(1, 2) AS n, unnest(ARRAY['A', 'B']) AS org;
END
$$;
SELECT is((SELECT count(*) FROM tlsrpt.problem
	WHERE policy_domain = 'types.example'), 13::bigint, 'a row for each type');
SELECT is(state || '/' || side || '/' || reporters || '/' || failed_sessions
	|| '/' || affected_share, 'new/ours/2/20/0.05',
	'the numbers of ' || coalesce(result_type, 'none'))
FROM tlsrpt.problem WHERE policy_domain = 'types.example';
SELECT ok(explanation LIKE format('%%since %s (last seen on %s) for types.example: '
		'20 failed sessions reported by A and B, which is 5%%%% of all '
		'sessions of the domain on those days. %%', pg_temp.today() - 2,
		pg_temp.today() - 1)
	AND explanation LIKE '%most likely on our side.', 'dates, counts and names of '
	|| coalesce(result_type, 'none'))
FROM tlsrpt.problem WHERE policy_domain = 'types.example';
SELECT ok(p.explanation LIKE '%' || x.says || '%',
	format('%s says: %s', x.type, x.says))
FROM (VALUES
	('starttls-not-supported', 'mx1.types.example did not offer STARTTLS'),
	('certificate-host-mismatch',
		'mx1.types.example presents is not valid for that name'),
	('certificate-expired', 'mx1.types.example presents has expired'),
	('certificate-not-trusted',
		'mx1.types.example presents does not lead to an authority'),
	('validation-failure', 'TLS with mx1.types.example failed'),
	('tlsa-invalid', 'TLSA records of mx1.types.example do not match'),
	('dnssec-invalid', 'mx1.types.example failed DNSSEC validation'),
	('dane-required', 'no usable TLSA records for mx1.types.example'),
	('sts-policy-fetch-error', 'not be fetched from mta-sts.types.example'),
	('sts-policy-invalid', 'policy at mta-sts.types.example does not follow'),
	('sts-webpki-invalid', 'web server mta-sts.types.example presents a cert'),
	('new-fangled', 'At mx1.types.example, the sender saw "new-fangled", which '
		'is not in the IANA registry'),
	(NULL, 'sender saw a failure but did not say which')) AS x (type, says)
LEFT JOIN tlsrpt.problem AS p ON p.policy_domain = 'types.example'
	AND p.result_type IS NOT DISTINCT FROM x.type;
SELECT ok(length(action) > 60 AND action !~ '\mMX:25|mta-sts.DOMAIN'
	AND (action ~ 'types\.example' OR result_type ~ '^(certificate-(expired|not)|dnssec|dane|sts-policy|validation)'),
	'an action for ' || coalesce(result_type, 'none') || ', with its names')
FROM tlsrpt.problem WHERE policy_domain = 'types.example';

-- Stable, whatever else comes.
SELECT matches(problem_id, '^[0-9a-f]{16}$', 'an id') FROM tlsrpt.problem
WHERE policy_domain = 'types.example' AND result_type = 'tlsa-invalid';
SELECT is(problem_id, tlsrpt.problem_id('types.example', 'tlsa-invalid',
	'mx1.types.example'), 'that comes from domain, type and host')
FROM tlsrpt.problem
WHERE policy_domain = 'types.example' AND result_type = 'tlsa-invalid';

-- One sender alone fails, others succeed at the same host in the same days.
DO $$
BEGIN
	PERFORM pg_temp.about(n, 'alone.example', 0, 7, 'Lonely', jsonb_build_array(
		pg_temp.failure('validation-failure', 'mx1.alone.example', 7)))
	FROM generate_series(1, 3) AS n;
	PERFORM pg_temp.about(n, 'alone.example', 500, 0, org)
	FROM generate_series(1, 3) AS n, unnest(ARRAY['A', 'B']) AS org;
END
$$;
SELECT results_eq($$SELECT side, failed_sessions, reporters FROM tlsrpt.problem
	WHERE policy_domain = 'alone.example'$$, $$VALUES ('sender', 21::bigint, 1)$$,
	'one alone while others succeed: the sender');
SELECT is(evidence, format('Only Lonely saw it from %s to %s, while A and B '
		'had 3000 successful sessions under the same type of policy and no '
		'failure at mx1.alone.example on the same days.',
		pg_temp.today() - 3, pg_temp.today() - 1), 'says why')
FROM tlsrpt.problem WHERE policy_domain = 'alone.example';
SELECT ok(explanation LIKE '%on the sender''s side: Lonely.'
	AND action LIKE 'Ask Lonely first %', 'and whom to ask')
FROM tlsrpt.problem WHERE policy_domain = 'alone.example';
-- Another one fails there too, otherwise.
SELECT lives_ok($$SELECT pg_temp.about(2, 'alone.example', 9, 1, 'A',
	jsonb_build_array(pg_temp.failure('tlsa-invalid', 'mx1.alone.example', 1)))$$);
SELECT is(side, 'unknown', 'unless another fails at that host, in another way')
FROM tlsrpt.problem WHERE policy_domain = 'alone.example'
	AND result_type = 'validation-failure';
SELECT lives_ok($$SELECT pg_temp.about(2, 'alone.example', 9, 1, 'B',
	jsonb_build_array(pg_temp.failure('validation-failure', 'mx1.alone.example',
	1)))$$);
SELECT is(side, 'ours', 'or in the same')
FROM tlsrpt.problem WHERE policy_domain = 'alone.example'
	AND result_type = 'validation-failure';
-- Successes of other days prove nothing.
DO $$
BEGIN
	PERFORM pg_temp.about(1, 'quiet.example', 0, 7, 'Lonely',
		jsonb_build_array(pg_temp.failure('tlsa-invalid', 'mx', 7)));
	PERFORM pg_temp.about(20, 'quiet.example', 500, 0, 'A');
END
$$;
SELECT ok(side = 'unknown' AND evidence LIKE '%nothing to compare it with.',
	'nobody else reported then: unknown')
FROM tlsrpt.problem WHERE policy_domain = 'quiet.example';

-- A certificate has expired on one MX of three.
DO $$
BEGIN
	PERFORM pg_temp.about(1, 'three.example', 60, 30, org, jsonb_build_array(
		pg_temp.failure('certificate-expired', 'MX2.three.example', 30)),
		mx => '["mx1.three.example", "mx2.three.example",
			"mx3.three.example", "*.three.example"]')
	FROM unnest(ARRAY['A', 'B']) AS org;
END
$$;
SELECT ok(explanation LIKE '%MX2.three.example presents has expired.%'
	AND evidence LIKE '% MX hosts of the policy without this failure on the same '
		'days: mx1.three.example, mx3.three.example.', 'one MX of three')
FROM tlsrpt.problem WHERE policy_domain = 'three.example';

-- A wave of lost STARTTLS.
DO $$
BEGIN
	PERFORM pg_temp.about(1, 'wave.example', 0, 9, 'Sender ' || n,
		jsonb_build_array(pg_temp.failure('starttls-not-supported',
			'mx.wave.example', 9))) FROM generate_series(1, 5) AS n;
	PERFORM pg_temp.about(1, 'two.example', 0, 9, 'Sender ' || n,
		jsonb_build_array(pg_temp.failure('starttls-not-supported',
			'mx.two.example', 9))) FROM generate_series(1, 2) AS n;
END
$$;
SELECT ok(explanation LIKE '%possible downgrade attack%(5 reporters)%'
	AND explanation LIKE '%Sender 1, Sender 2, Sender 3 and 2 more%'
	AND action LIKE 'Check mx.wave.example at once%' AND urgency = 100,
	'many senders at once: possibly an attack')
FROM tlsrpt.problem WHERE policy_domain = 'wave.example';
SELECT ok(explanation NOT LIKE '%attack%', 'two are no wave')
FROM tlsrpt.problem WHERE policy_domain = 'two.example';
SELECT ok(worst_problem LIKE '%possibly a downgrade attack'
	AND worst_problem_id = (SELECT problem_id FROM tlsrpt.problem
		WHERE policy_domain = 'wave.example'), 'domain_overview says so too')
FROM tlsrpt.domain_overview WHERE policy_domain = 'wave.example';

-- States. Three later days with reports make a problem resolved.
CREATE FUNCTION pg_temp.history(domain text, failing int[], fine int[])
RETURNS void LANGUAGE sql AS $$
	SELECT pg_temp.about(n, domain, 10, 5, 'A', jsonb_build_array(
		pg_temp.failure('tlsa-invalid', 'mx', 5))) FROM unnest(failing) AS n;
	SELECT pg_temp.about(n, domain, 15, 0, 'A') FROM unnest(fine) AS n;
$$;
DO $$
BEGIN
	PERFORM pg_temp.history('ended.example', '{9,8,7}', '{6,5,4,3,2,1}');
	PERFORM pg_temp.history('two-days.example', '{9,8,5}', '{4,3}');
	PERFORM pg_temp.history('silent.example', '{15}', '{}');
	PERFORM pg_temp.history('unheard.example', '{14}', '{}');
	PERFORM pg_temp.history('ongoing.example', '{40,30,12,6,1}', '{}');
	PERFORM pg_temp.history('back.example', '{40,39,1}', '{20}');
	PERFORM pg_temp.history('fresh.example', '{6}', '{5}');
END
$$;
SELECT results_eq($$SELECT policy_domain, state FROM tlsrpt.problem
	WHERE policy_domain ~ '^(ended|two-days|silent|unheard|ongoing|back|fresh)[.]'
	ORDER BY 1$$, $$VALUES ('back.example', 'new'), ('ended.example', 'resolved'),
	('fresh.example', 'new'), ('ongoing.example', 'ongoing'),
	('silent.example', 'resolved'), ('two-days.example', 'ongoing'),
	('unheard.example', 'ongoing')$$, 'the states');
SELECT ok(urgency = 0 AND explanation LIKE format('Resolved (seen from %s to %s) for %%',
		pg_temp.today() - 9, pg_temp.today() - 7)
	AND action LIKE format('Nothing to do: not seen since %s.%%',
		pg_temp.today() - 7), 'one that ended says so')
FROM tlsrpt.problem WHERE policy_domain = 'ended.example';
SELECT is(worst_problem, NULL, 'and is nobody''s worst problem')
FROM tlsrpt.domain_overview WHERE policy_domain = 'ended.example';
SELECT is(explanation, format('Back again on %s for back.example: 5 failed '
		'sessions in its last week reported by A, which is 33.3%% of all '
		'sessions of the domain on those days. The total is 15 since %s. '
		'The TLSA records of mx do not match the certificate that it '
		'presents, so DANE senders hold mail back.', pg_temp.today() - 1, pg_temp.today() - 40),
	'one that came back says so, and counts its last week by itself')
FROM tlsrpt.problem WHERE policy_domain = 'back.example';
SELECT is(affected_share, 5 / 15::double precision,
	'the share is of the last week, not of all time')
FROM tlsrpt.problem WHERE policy_domain = 'back.example';
SELECT ok((SELECT min(urgency) FROM tlsrpt.problem WHERE state <> 'resolved')
	> (SELECT max(urgency) FROM tlsrpt.problem WHERE state = 'resolved'),
	'what is over is less urgent than what is not');

-- Runs: a gap of more than a week begins a new one, wherever the week began.
DO $$
BEGIN
	PERFORM pg_temp.history('gap-eight.example', '{11,3}', '{}');
	PERFORM pg_temp.history('gap-seven.example', '{10,3}', '{}');
	PERFORM pg_temp.history('gap-ten.example', '{14,4}', '{}');
	PERFORM pg_temp.history('long.example',
		ARRAY(SELECT generate_series(1, 20)), '{}');
END
$$;
SELECT results_eq($$SELECT policy_domain, state, pg_temp.today() - run_first,
		pg_temp.today() - week_seen_first FROM tlsrpt.problem_fact
	WHERE policy_domain ~ '^(gap-|long[.])' ORDER BY 1$$,
	$$VALUES ('gap-eight.example', 'new', 3, 3),
	('gap-seven.example', 'ongoing', 10, 3), ('gap-ten.example', 'new', 4, 4),
	('long.example', 'ongoing', 20, 7)$$, 'runs');
SELECT ok(evidence LIKE format('Only A saw it on %s, %%', pg_temp.today() - 4),
	'evidence names days that it was seen on, not the week''s')
FROM tlsrpt.problem WHERE policy_domain = 'gap-ten.example';

-- Whose it is: the same days, the same type of policy.
CREATE FUNCTION pg_temp.fails(ago int, domain text, type text, mx text,
	org text, kind text DEFAULT 'sts') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.about(ago, domain, 0, 7, org, jsonb_build_array(
		pg_temp.failure(type, mx, 7)), kind)
$$;
DO $$
BEGIN
	-- Only others without DANE deliver.
	PERFORM pg_temp.fails(1, 'dane.example', 'tlsa-invalid', 'mx', 'One', 'tlsa');
	PERFORM pg_temp.about(1, 'dane.example', 9000, 0, 'Big', '[]',
		'no-policy-found');
	PERFORM pg_temp.fails(1, 'danes.example', 'tlsa-invalid', 'mx', 'One', 'tlsa');
	PERFORM pg_temp.about(1, 'danes.example', 50, 0, 'Two', '[]', 'tlsa');
	-- Before and after, but not on that day.
	PERFORM pg_temp.fails(5, 'around.example', 'certificate-expired', 'mx', 'One');
	PERFORM pg_temp.about(n, 'around.example', 50, 0, 'Two')
	FROM unnest(ARRAY[9, 3]) AS n;
	-- Fails there too, but not on that day.
	PERFORM pg_temp.fails(5, 'other-day.example', 'certificate-expired', 'mx',
		'One');
	PERFORM pg_temp.about(5, 'other-day.example', 50, 0, 'Two');
	PERFORM pg_temp.fails(n, 'other-day.example', 'starttls-not-supported', 'mx',
		'Two') FROM unnest(ARRAY[9, 3]) AS n;
END
$$;
SELECT results_eq($$SELECT policy_domain, side, others, other_names,
		other_sessions FROM tlsrpt.problem_fact
	WHERE policy_domain ~ '^(danes?|around|other-day)[.]'
		AND result_type <> 'starttls-not-supported' ORDER BY 1$$,
	$$VALUES ('around.example', 'unknown', 0, NULL::text[], NULL::numeric),
	('dane.example', 'unknown', 0, NULL, NULL),
	('danes.example', 'sender', 1, '{Two}', 50),
	('other-day.example', 'sender', 1, '{Two}', 50)$$,
	'who delivers otherwise, or on other days, says nothing');
SELECT ok(evidence LIKE '%nobody else reported successful sessions under the '
	'same type of policy on the same days%', 'and is not said to')
FROM tlsrpt.problem WHERE policy_domain = 'dane.example';

-- Over: three later days, and somebody who would have seen it.
DO $$
BEGIN
	PERFORM pg_temp.fails(5, 'unseen.example', 'tlsa-invalid', 'mx', 'One', 'tlsa');
	PERFORM pg_temp.about(n, 'unseen.example', 50, 0, 'Big', '[]',
		'no-policy-found') FROM generate_series(1, 4) AS n;
	PERFORM pg_temp.fails(30, 'gone.example', 'tlsa-invalid', 'mx', 'One');
END
$$;
SELECT results_eq($$SELECT policy_domain, state, heard_since
	FROM tlsrpt.problem_fact
	WHERE policy_domain ~ '^(unseen|gone|ended)[.]' ORDER BY 1$$,
	$$VALUES ('ended.example', 'resolved', true),
	('gone.example', 'resolved', false), ('unseen.example', 'new', false)$$,
	'who never saw it can''t say that it is over');
SELECT ok(action LIKE format('Not seen since %s, but One has not reported since, '
	'so it may not be over.%%', pg_temp.today() - 30), 'and after two weeks that is said')
FROM tlsrpt.problem WHERE policy_domain = 'gone.example';

-- Failures that nobody counted, and sessions without failures.
DO $$
BEGIN
	PERFORM pg_temp.about(1, 'nothing.example', 0, 0, 'A',
		'[{"result_type": "certificate-expired",
			"receiving_mx_hostname": "mx.nothing.example"}]');
	PERFORM pg_temp.about(1, 'mute.example', 30, 10, 'A');
	PERFORM pg_temp.about(1, 'mute.example', 30, 0, NULL);
END
$$;
SELECT is(failure_rate, NULL, 'no rate without sessions: ' || name)
FROM (SELECT 'problem_daily' AS name, policy_domain, failure_rate
		FROM tlsrpt.problem_daily
	UNION ALL SELECT 'by_mx_host', policy_domain, failure_rate
		FROM tlsrpt.by_mx_host) AS v
WHERE policy_domain = 'nothing.example';
SELECT ok(explanation LIKE '%: an unknown number of failed sessions reported '
	'by A. The certificate%', 'an unknown number is not 0')
FROM tlsrpt.problem WHERE policy_domain = 'nothing.example';
SELECT ok(worst_problem = '10 failed sessions in the last week, but no report '
	'says why' AND reporters = 2, 'failures without details are named')
FROM tlsrpt.domain_overview WHERE policy_domain = 'mute.example';

-- Hostile names: no command is made of them, lengths are bounded.
DO $$
BEGIN
	PERFORM pg_temp.about(1, 'hostile.example', 0, 1, repeat('o', 9000),
		jsonb_build_array(pg_temp.failure('starttls-not-supported',
			'mx; rm -rf ~ #' || repeat('x', 9000), 1)));
	PERFORM pg_temp.about(1, 'hostile.example', 0, 1, 'B',
		jsonb_build_array(pg_temp.failure(repeat('t', 9000), '%s %1$n', 1)));
	PERFORM pg_temp.about(1, NULL, 1, 1, 'B',
		jsonb_build_array(pg_temp.failure('tlsa-invalid', 'mx', 1)));
	PERFORM pg_temp.about(1, 'escape.example', 0, 1,
		E'B\x1b[2J\n' || U&'\202Eevil',
		jsonb_build_array(pg_temp.failure(U&'new\2028fangled', U&'m\0085x', 1)));
END
$$;
SELECT ok(explanation || evidence || action || worst_problem
		!~ '[\u0001-\u001f\u0085\u2028-\u202e]' AND evidence LIKE U&'Only B\FFFD[2J\FFFDevil %',
	'nothing in a sentence moves a cursor')
FROM tlsrpt.problem JOIN tlsrpt.domain_overview USING (policy_domain)
WHERE policy_domain = 'escape.example';
SELECT ok(action NOT LIKE '%rm -rf%' AND length(action) < 1000
	AND length(explanation) < 1000 AND length(evidence) < 1000,
	'a hostile name')
FROM tlsrpt.problem WHERE policy_domain = 'hostile.example';
SELECT results_eq($$SELECT affected_share, side FROM tlsrpt.problem
	WHERE policy_domain IS NULL$$, $$VALUES (0.5::double precision, 'unknown')$$,
	'a failure of no domain');
SELECT is(failure_rate, 0.5::double precision, 'and its rate: ' || name)
FROM (SELECT 'problem_daily' AS name, policy_domain, failure_rate
		FROM tlsrpt.problem_daily
	UNION ALL SELECT 'by_mx_host', policy_domain, failure_rate
		FROM tlsrpt.by_mx_host) AS v
WHERE policy_domain IS NULL;

-- By day, by host, by reporter.
SELECT results_eq($$SELECT day, successful_sessions, failed_sessions,
		failure_rate FROM tlsrpt.problem_daily
	WHERE policy_domain = 'back.example' ORDER BY day DESC LIMIT 2$$,
	$$VALUES (pg_temp.today() - 1, 10::bigint, 5::bigint,
		(1 / 3.0)::double precision), (pg_temp.today() - 39, 10, 5, 1 / 3.0)$$,
	'problem_daily');
SELECT results_eq($$SELECT day, receiving_mx_hostname, result_types,
		successful_sessions, failed_sessions, failure_rate
	FROM tlsrpt.by_mx_host WHERE policy_domain = 'three.example'$$,
	$$VALUES (pg_temp.today() - 1, 'MX2.three.example',
		ARRAY['certificate-expired'], 120::bigint, 60::numeric,
		(1 / 3.0)::double precision)$$, 'by_mx_host');
SELECT results_eq($$SELECT organization_name, reports, successful_sessions,
		failed_sessions, failure_rate
	FROM tlsrpt.by_reporter WHERE policy_domain = 'alone.example'
		AND day = pg_temp.today() - 2 ORDER BY 1$$,
	$$VALUES ('A', 2::bigint, 509::numeric, 1::numeric,
			(1 / 510.0)::double precision), ('B', 2, 509, 1, 1 / 510.0),
		('Lonely', 1, 0, 7, 1)$$, 'by_reporter');

-- Who reports, and who no longer does.
DO $$
BEGIN
	PERFORM pg_temp.history('cover.example', '{}', '{1,2,3,5,6,45}');
	PERFORM pg_temp.about(n, 'cover.example', 1, 1, 'Gone')
	FROM generate_series(20, 30) AS n;
	PERFORM pg_temp.about(n, 'cover.example', 1, 1, 'Weekly')
	FROM unnest(ARRAY[10, 17, 24, 31, 38, 45]) AS n;
	PERFORM pg_temp.about(n, 'cover.example', 1, 1, 'Seldom')
	FROM unnest(ARRAY[10, 50]) AS n;
END
$$;
SELECT results_eq($$SELECT organization_name, days_reported, days_expected,
		pg_temp.today() - missing_days[cardinality(missing_days)]
	FROM tlsrpt.coverage WHERE policy_domain = 'cover.example' ORDER BY 1$$,
	$$VALUES ('A', 5, 30, 4), ('Gone', 11, 30, 1), ('Weekly', 3, 30, 1)$$,
	'coverage: who is expected, and the days missing');
SELECT results_eq($$SELECT organization_name, silent_days, usual_gap_days,
		successful_sessions, failed_sessions, failure_rate
	FROM tlsrpt.silent_reporter WHERE policy_domain = 'cover.example'$$,
	$$VALUES ('Gone', 19, 1.0, 11::numeric, 11::numeric,
		0.5::double precision)$$,
	'silent_reporter: not who reports once a week anyway');

SELECT * FROM finish();
ROLLBACK;
