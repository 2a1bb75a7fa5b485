-- SPDX-License-Identifier: MIT
-- Tenants see their domains' rows in every table, view and function, and no more.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql
-- One policy with one failure for each domain.
CREATE FUNCTION pg_temp.domain(VARIADIC domains text[])
RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('policies', jsonb_agg(jsonb_build_object(
		'policy_domain', name, 'total_failure_session_count', 1,
		'failures', '[{"failed_session_count": 1}]'::jsonb)))
	FROM unnest(domains) AS name
$$;
-- With a document that has both, one spelt otherwise.
CREATE FUNCTION pg_temp.recent(n int, VARIADIC domains text[])
RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.report(n, jsonb_build_object('start_datetime', d
			|| 'T00:00:00Z', 'end_datetime', d || 'T23:59:59Z',
			'received_at', now(), 'anomalies', '["null-value"]'::jsonb,
			'document', jsonb_build_object('organization-name', 'Google Inc.',
				'report-id', 'id-' || n, 'x-note', 'about b.example',
				'policies', (SELECT jsonb_agg(jsonb_build_object('policy',
						jsonb_build_object('policy-domain', upper(name)
							|| '.')) ORDER BY place)
					FROM unnest(domains) WITH ORDINALITY
						AS u (name, place))))
		|| pg_temp.domain(VARIADIC domains))
	FROM (SELECT (now() AT TIME ZONE 'UTC')::date - 1 AS d) AS x
$$;
SELECT is(pg_temp.outcomes(pg_temp.recent(1, 'a.example'),
		pg_temp.recent(2, 'b.example'),
		pg_temp.recent(3, 'b.example', 'a.example'),
		pg_temp.recent(4, NULL),
		'{"kind": "rejection", "record": "r", "reason": "invalid",
			"received_at": "2024-03-21T00:00:00Z"}'),
	'{stored,stored,stored,stored,rejected}', 'reports about two tenants');
-- For coverage and silent_reporter it takes five days.
DO $$
BEGIN
	PERFORM tlsrpt.ingest(jsonb_build_array(pg_temp.report(10 * n + k,
		pg_temp.domain(CASE k WHEN 1 THEN 'a.example' ELSE 'b.example' END)
		|| jsonb_build_object('start_datetime',
			(now() AT TIME ZONE 'UTC')::date - n || 'T00:00:00Z',
			'end_datetime',
			(now() AT TIME ZONE 'UTC')::date - n || 'T23:00:00Z'))))
	FROM generate_series(20, 26) AS n, generate_series(1, 2) AS k;
END
$$;
-- A reporter that is heard no more.
DO $$
BEGIN
	PERFORM tlsrpt.ingest(jsonb_build_array(pg_temp.report(1000 + 10 * n + k,
		pg_temp.domain(CASE k WHEN 1 THEN 'a.example' ELSE 'b.example' END)
		|| jsonb_build_object('organization_name', 'Gone', 'start_datetime',
			(now() AT TIME ZONE 'UTC')::date - n || 'T00:00:00Z',
			'end_datetime',
			(now() AT TIME ZONE 'UTC')::date - n || 'T23:00:00Z'))))
	FROM generate_series(20, 26) AS n, generate_series(1, 2) AS k;
END
$$;
SELECT report_key AS k1 FROM tlsrpt.report WHERE report_id = 'id-1' \gset
SELECT report_key AS k2 FROM tlsrpt.report WHERE report_id = 'id-2' \gset
SELECT report_key AS k3 FROM tlsrpt.report WHERE report_id = 'id-3' \gset
SELECT 'tlsrpt.policy_' || to_char((now() AT TIME ZONE 'UTC')::date - 1,
	'YYYY_MM') AS leaf \gset

-- Granting.
CREATE ROLE tenant_a;
CREATE ROLE tenant_b;
CREATE ROLE nobody;
CREATE ROLE analyst IN ROLE tlsrpt_reader;
SELECT lives_ok($$SELECT tlsrpt.grant_domain('tenant_a', 'A.Example.')$$,
	'a domain is granted, however it is written');
SELECT lives_ok($$SELECT tlsrpt.grant_domain('tenant_a', 'a.example')$$,
	'a second time is nothing');
SELECT lives_ok($$SELECT tlsrpt.grant_domain('tenant_b', 'b.example')$$,
	'another to another');
SELECT throws_ok($$SELECT tlsrpt.grant_domain('no_such_role', 'a.example')$$,
	'42704', 'tlsrpt.grant_domain: role no_such_role does not exist', 'no role');
SELECT throws_ok(format('SELECT tlsrpt.grant_domain(%L, %L)', who, what),
	'22023', NULL, format('not %s to %s', what, who))
FROM (VALUES ('analyst', 'a.example'), ('postgres', 'a.example'),
	('tenant_a', ''), ('tenant_a', '.'), ('tenant_a', 'a b')) AS x (who, what);

-- What a tenant may read, and what comes of it.
SELECT set_eq($$SELECT c.relname::text FROM pg_class AS c
	WHERE relnamespace = 'tlsrpt'::regnamespace AND relkind IN ('r', 'p', 'v')
		AND has_any_column_privilege('tenant_a', c.oid, 'SELECT')$$,
	ARRAY['report', 'policy', 'failure', 'problem_history', 'problem_day',
	'domain_day', 'domain', 'reporter_history', 'result_type',
	'schema_version', 'tenant_domain', 'daily', 'failure_detail', 'problem',
	'problem_fact', 'problem_daily', 'domain_overview', 'by_mx_host',
	'by_reporter', 'coverage', 'silent_reporter', 'own_document'],
	'a tenant may read these, and no partition');
SELECT set_eq($$SELECT p.oid::regprocedure::text FROM pg_proc AS p
	WHERE pronamespace = 'tlsrpt'::regnamespace
		AND has_function_privilege('tenant_a', p.oid, 'EXECUTE')$$,
	ARRAY['tlsrpt.one_line(text)', 'tlsrpt.days_of(text,date,date)',
	'tlsrpt.others_of(text,text,text,text,text,date,date)',
	'tlsrpt.problems_of(text,date)', 'tlsrpt.overview_of(text)',
		'tlsrpt.tenant_document(bigint,date)',
		'tlsrpt.problem_key(text,text,text,text)'], 'and call these');
SET LOCAL ROLE tenant_a;
SELECT set_eq('SELECT DISTINCT policy_domain FROM tlsrpt.' || what,
	ARRAY['a.example'], 'of ' || what || ' it sees its domain only')
FROM unnest(ARRAY['policy', 'failure', 'problem_history', 'problem_day',
	'domain_day', 'domain', 'reporter_history', 'tenant_domain', 'daily',
	'failure_detail', 'problem', 'problem_fact', 'problem_daily',
	'domain_overview', 'by_mx_host', 'by_reporter', 'coverage',
	'silent_reporter']) AS what;
SELECT set_eq('SELECT report_id FROM tlsrpt.report WHERE day >
		(now() AT TIME ZONE ''UTC'')::date - 5', ARRAY['id-1', 'id-3'],
	'and reports about its domain');
SELECT is_empty('SELECT * FROM tlsrpt.problems_of(''b.example'')',
	'problems_of gives nothing about others');
SELECT is_empty('SELECT * FROM tlsrpt.problems_of(NULL)',
	'nor about nobody''s');
SELECT results_eq('SELECT reporters FROM tlsrpt.overview_of(''b.example'')',
	'VALUES (0)', 'nor does overview_of');
SELECT throws_ok('SELECT ' || what, '42501', NULL, 'never ' || what)
FROM unnest(ARRAY['document FROM tlsrpt.report',
	'policy_domains FROM tlsrpt.report', 'identity FROM tlsrpt.report',
	'anomalies FROM tlsrpt.report', 'filename FROM tlsrpt.report',
	'* FROM tlsrpt.report', '* FROM ' || :'leaf',
	'* FROM tlsrpt.rejection', '* FROM tlsrpt.rejected_report',
	'* FROM tlsrpt.setting', '* FROM tlsrpt.erased_report',
	'* FROM tlsrpt.ingest(''[]'')',
	'tlsrpt.grant_domain(''tenant_a'', ''b.example'')',
	'* FROM tlsrpt.export_domain(''a.example'')',
	'tlsrpt.erase_domain(''a.example'')', '* FROM tlsrpt.apply_retention()',
	'tlsrpt.set_retention(''1 day'')']) AS what;
SELECT throws_ok($$INSERT INTO tlsrpt.tenant_domain
	VALUES ('tenant_a'::regrole, 'b.example')$$, '42501', NULL,
	'nor may it grant itself a domain');

-- Errors say nothing about rows of others: the policy comes before whatever
-- could fail or tell.
CREATE FUNCTION pg_temp.tell(text) RETURNS boolean
LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
	IF $1 <> 'a.example' THEN
		RAISE EXCEPTION 'seen: %', $1;
	END IF;
	RETURN true;
END
$$;
SELECT lives_ok('SELECT count(*) FROM tlsrpt.' || what
	|| ' WHERE pg_temp.tell(policy_domain)', what || ' tells nothing')
FROM unnest(ARRAY['policy', 'failure', 'problem_history', 'problem_day',
	'domain_day', 'domain', 'reporter_history', 'tenant_domain', 'daily',
	'failure_detail', 'problem', 'problem_daily', 'domain_overview',
	'by_mx_host', 'by_reporter', 'coverage', 'silent_reporter']) AS what;
CREATE FUNCTION pg_temp.tell(jsonb) RETURNS boolean
LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
	IF $1::text ~* 'b.example' THEN
		RAISE EXCEPTION 'seen: %', $1;
	END IF;
	RETURN true;
END
$$;
SELECT lives_ok('SELECT count(*) FROM tlsrpt.own_document
	WHERE pg_temp.tell(document)', 'own_document tells nothing');

-- Documents.
SELECT is(tlsrpt.tenant_document(:k3), '{"organization-name": "Google Inc.",
	"report-id": "id-3", "policies": [{"policy": {"policy-domain":
	"A.EXAMPLE."}}]}', 'a document with the own policies alone');
SELECT is(tlsrpt.tenant_document(:k1, (now() AT TIME ZONE 'UTC')::date - 1)
	-> 'policies' -> 0 -> 'policy' ->> 'policy-domain', 'A.EXAMPLE.',
	'by day too');
SELECT is(tlsrpt.tenant_document(:k2), NULL, 'none of others');
SET LOCAL ROLE tenant_b;
SELECT is(tlsrpt.tenant_document(:k3) -> 'policies',
	'[{"policy": {"policy-domain": "B.EXAMPLE."}}]', 'the other sees its own');
SET LOCAL ROLE nobody;
SELECT throws_ok('SELECT 1 FROM tlsrpt.policy', '42501', NULL,
	'who was granted nothing sees nothing');

-- Readers and the loader are not concerned.
SET LOCAL ROLE analyst;
SELECT set_eq('SELECT DISTINCT policy_domain FROM tlsrpt.' || what,
	$$VALUES ('a.example'), ('b.example'), (NULL)$$,
	'a reader sees all of ' || what)
FROM unnest(ARRAY['policy', 'failure', 'problem_history', 'problem_day',
	'domain_day', 'reporter_history', 'daily', 'failure_detail', 'problem',
	'problem_daily', 'by_mx_host', 'by_reporter']) AS what;
SELECT set_eq('SELECT policy_domain FROM tlsrpt.domain_overview',
	ARRAY['a.example', 'b.example'], 'and all domains');
RESET ROLE;
\ir include/plan.psql
SET LOCAL ROLE analyst;
SELECT unalike((SELECT string_agg(plan, ' ') FROM pg_temp.plan(
	'SELECT * FROM tlsrpt.failure') AS plan), '%tenant_domain%',
	'nor does its plan know of tenants');
RESET ROLE;
CREATE TEMP TABLE batch AS SELECT jsonb_build_array(pg_temp.report(4711)) AS b;
GRANT SELECT ON batch TO tlsrpt_loader;
SET LOCAL ROLE tlsrpt_loader;
SELECT is((SELECT outcome FROM batch, tlsrpt.ingest(b)), 'stored',
	'the loader loads as before');
RESET ROLE;

-- Revoking.
SELECT lives_ok($$SELECT tlsrpt.grant_domain('tenant_a', 'b.example')$$,
	'a second domain');
SELECT lives_ok($$SELECT tlsrpt.revoke_domain('tenant_a', 'A.example')$$,
	'the first is taken back');
SET LOCAL ROLE tenant_a;
SELECT set_eq('SELECT DISTINCT policy_domain FROM tlsrpt.failure',
	ARRAY['b.example'], 'the second is left');
RESET ROLE;
SELECT throws_ok($$SELECT tlsrpt.revoke_domain('tenant_a', 'a.example')$$,
	'P0002', NULL, 'what was not granted can''t be revoked');
SELECT lives_ok($$SELECT tlsrpt.revoke_domain('tenant_a', 'b.example')$$,
	'the last one');
SET LOCAL ROLE tenant_a;
SELECT throws_ok('SELECT 1 FROM tlsrpt.policy', '42501', NULL,
	'takes all rights');
RESET ROLE;
DROP ROLE nobody;
DELETE FROM pg_temp.batch;
SELECT lives_ok($$SELECT count(*) FROM tlsrpt.problem$$,
	'a role that is dropped disturbs nobody');

SELECT * FROM finish();
ROLLBACK;
