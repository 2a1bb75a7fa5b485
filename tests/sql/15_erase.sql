-- SPDX-License-Identifier: MIT
-- A domain is exported, and erased for good; addresses are truncated.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql


CREATE FUNCTION pg_temp.about(n int, VARIADIC domains text[])
RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.report(n, jsonb_build_object('report_id',
			'id-' || n || '-' || domains[1], 'filename', 'x!' || domains[1]
			|| '!1.json', 'document', jsonb_build_object('report-id',
				'id-' || n || '-' || domains[1], 'policies',
				(SELECT jsonb_agg(jsonb_build_object('policy',
					jsonb_build_object('policy-domain', upper(name)))
					ORDER BY place)
				FROM unnest(domains) WITH ORDINALITY AS u (name, place))),
		'policies', (SELECT jsonb_agg(jsonb_build_object('policy_domain', name,
			'total_failure_session_count', 1, 'failures',
			'[{"failed_session_count": 1}]'::jsonb) ORDER BY place)
			FROM unnest(domains) WITH ORDINALITY AS u (name, place))))
$$;
SELECT is(pg_temp.outcomes(pg_temp.about(1, 'a.example'),
	pg_temp.about(2, 'b.example'), pg_temp.about(3, 'a.example', 'b.example'),
	pg_temp.about(4, 'b.example', 'a.example', 'a.example'),
	pg_temp.about(5, 'xa.example'), pg_temp.about(1, 'a.example')
		|| '{"record": "c", "content_sha256": "\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}',
	'{"kind": "rejection", "record": "r1", "reason": "refused", "received_at":
		"2024-03-21T00:00:00Z", "detail": "policy-domain: a.example is not listed"}',
	'{"kind": "rejection", "record": "r2", "reason": "refused", "received_at":
		"2024-03-21T00:00:00Z", "detail": "policy-domain: xa.example is not listed"}',
	'{"kind": "rejection", "record": "r3", "reason": "refused", "received_at":
		"2024-03-21T00:00:00Z", "detail": "policy-domain: a.example. is not listed"}'),
	'{stored,stored,stored,stored,stored,conflict,rejected,rejected,rejected}',
	'reports about three domains');

SELECT set_eq($$SELECT other_domains, jsonb_array_length(document
		-> 'policies') FROM tlsrpt.export_domain('A.example.')$$,
	$$VALUES ('{}'::text[], 1), ('{b.example}', 2), ('{b.example}', 3)$$,
	'the original documents');
SELECT is(tlsrpt.erase_domain('A.example'), 3::bigint, 'three reports');
SELECT is_empty('SELECT 1 FROM tlsrpt.' || what
	|| ' WHERE policy_domain = ''a.example''', 'nothing is left in ' || what)
FROM unnest(ARRAY['policy', 'failure', 'problem_history', 'problem_day',
	'domain_day', 'reporter_history', 'domain', 'daily', 'problem']) AS what;
SELECT is_empty($$SELECT 1 FROM tlsrpt.report AS r
	WHERE r::text ~* '[^x]a\.example'$$, 'nor anywhere in a report');
SELECT is_empty($$SELECT 1 FROM tlsrpt.rejected_report AS r
	WHERE r::text ~* '[^x]a\.example'$$, 'nor in what was rejected');
SELECT bag_eq('SELECT policy_domains, jsonb_array_length(document
		-> ''policies'') FROM tlsrpt.report',
	$$VALUES ('{b.example}'::text[], 1), ('{b.example}', 1),
		('{b.example}', 1), ('{xa.example}', 1)$$,
	'reports about others lose their entries about it');
SELECT results_eq('SELECT policy_domain, sum(failed_sessions)::int
	FROM tlsrpt.problem_history GROUP BY 1 ORDER BY 1',
	$$VALUES ('b.example', 3), ('xa.example', 1)$$, 'sums of others stay');
SELECT is((SELECT count(*) FROM tlsrpt.rejected_report), 1::bigint,
	'a rejection about another stays');
SELECT is(pg_temp.outcomes(pg_temp.about(1, 'a.example'),
	pg_temp.about(3, 'a.example', 'b.example'),
	pg_temp.about(4, 'b.example', 'a.example', 'a.example') || pg_temp.auth()
		|| '{"content_sha256": "\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}',
	pg_temp.about(6, 'c.example')), '{duplicate,duplicate,duplicate,stored}',
	'they can''t come in again');
SELECT is_empty($$SELECT 1 FROM tlsrpt.report AS r
	WHERE r::text ~* '[^x]a\.example'$$, 'and did not');
SELECT is(pg_temp.outcomes(pg_temp.about(7, 'a.example')), '{stored}',
	'a new report about it does');
SELECT is(tlsrpt.erase_domain('nobody.example'), 0::bigint,
	'a domain that is not there');
SELECT throws_ok($$SELECT tlsrpt.erase_domain('')$$, '22023', NULL,
	'no domain');
-- Entries that name no domain go by their place.
SELECT is(tlsrpt.erase_entries('{"policies": [{"n": 1}, {"n": 2}]}',
	'{a,b}', 'a'), '{"policies": [{"n": 2}]}', 'an entry without a name');
SELECT is(tlsrpt.erase_entries('{"policies": {"n": 1}}', '{a}', 'b'),
	'{"policies": [{"n": 1}]}', 'policies that are no array');
SELECT is(tlsrpt.erase_entries('{"a": 1}', NULL, 'a'), NULL,
	'a document without policies');

-- Addresses.
SELECT is(tlsrpt.truncate_address(a), b, 'truncated ' || a)
FROM (VALUES ('192.0.2.77', '192.0.2.0'), ('2001:db8:1:2::3', '2001:db8:1::'),
	('[2001:db8:1:2::3]', '2001:db8:1::'), ('fe80::1%eth0', 'fe80::'),
	('mail.example', NULL), ('', NULL), ('1.2.3', NULL),
	('::ffff:192.0.2.77', '::')) AS x (a, b);
CREATE FUNCTION pg_temp.from_address(n int, ip text) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT pg_temp.report(n, jsonb_build_object('document',
		jsonb_build_object('policies', jsonb_build_array(jsonb_build_object(
			'failure-details', jsonb_build_array(jsonb_build_object(
				'sending-mta-ip', ip, 'receiving-ip', '198.51.100.5'))))),
		'policies', jsonb_build_array(jsonb_build_object('policy_domain',
			'ip.example', 'failures', jsonb_build_array(jsonb_build_object(
				'sending_mta_ip', ip, 'receiving_ip', '198.51.100.5'))))))
$$;
SELECT is(pg_temp.outcomes(pg_temp.from_address(20, '192.0.2.77')), '{stored}',
	'as it comes');
SELECT lives_ok('SELECT tlsrpt.set_truncate_addresses(true)', 'switched on');
SELECT is(pg_temp.outcomes(pg_temp.from_address(20, '192.0.2.77'),
	pg_temp.from_address(21, '192.0.2.78'),
	pg_temp.from_address(22, '2001:db8:1:2::3'),
	pg_temp.from_address(23, '192.0.2.79') || '{"identity": null}'
		|| jsonb_build_object('identity', sha256('20'), 'content_sha256',
			sha256('three'))), '{duplicate,stored,stored,conflict}',
	'a duplicate is still known as such');
SELECT lives_ok('SELECT tlsrpt.set_truncate_addresses(false)', 'and off');
SELECT is(pg_temp.outcomes(pg_temp.from_address(24, '192.0.2.80')), '{stored}',
	'as it comes again');
SELECT bag_eq($$SELECT host(sending_mta_ip) AS s, host(receiving_ip) AS r
	FROM tlsrpt.failure WHERE policy_domain = 'ip.example'$$, $$VALUES ('192.0.2.77', '198.51.100.5'),
	('192.0.2.0', '198.51.100.5'), ('2001:db8:1::', '198.51.100.5'),
	('192.0.2.80', '198.51.100.5')$$, 'in rows');
SELECT bag_eq($$SELECT document #>>
		'{policies,0,failure-details,0,sending-mta-ip}' FROM tlsrpt.report
	WHERE policy_domains = '{ip.example}'$$,
	$$VALUES ('192.0.2.77'), ('192.0.2.0'), ('2001:db8:1::'),
		('192.0.2.80')$$, 'and in documents');
SELECT is((SELECT document #>> '{policies,0,failure-details,0,sending-mta-ip}'
	FROM tlsrpt.rejected_report WHERE record = 'spool.23'), '192.0.2.0',
	'those of losers too');

SELECT * FROM finish();
ROLLBACK;
