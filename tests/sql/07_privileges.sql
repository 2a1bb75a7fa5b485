-- SPDX-License-Identifier: MIT
-- Each role may do its own, and nothing of the other's.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql

SELECT ok(NOT rolcanlogin AND NOT rolsuper AND NOT rolcreaterole
	AND NOT rolcreatedb, rolname || ' is a role for membership only')
FROM pg_roles WHERE rolname IN ('tlsrpt_loader', 'tlsrpt_reader');
SELECT lives_ok($$SELECT pg_temp.outcomes(pg_temp.report(1))$$, 'a report');

-- Nobody else.
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p,
		aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a
	WHERE pronamespace = 'tlsrpt'::regnamespace AND a.grantee = 0$$,
	'PUBLIC may call no function');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c,
		aclexplode(relacl) AS a
	WHERE relnamespace = 'tlsrpt'::regnamespace AND a.grantee = 0$$,
	'PUBLIC may read no table');
SELECT is(has_schema_privilege(0::oid, 'tlsrpt', 'USAGE'), false,
	'PUBLIC may not even look');

-- By the catalogue.
SELECT set_eq($$SELECT p.oid::regprocedure::text FROM pg_proc AS p
	WHERE pronamespace = 'tlsrpt'::regnamespace
		AND has_function_privilege('tlsrpt_loader', p.oid, 'EXECUTE')$$,
	ARRAY['tlsrpt.ingest(jsonb)'], 'the loader may call ingest only');
SELECT set_eq($$SELECT c.oid::regclass::text FROM pg_class AS c
	WHERE relnamespace = 'tlsrpt'::regnamespace
		AND relkind IN ('r', 'p', 'v')
		AND has_table_privilege('tlsrpt_loader', c.oid,
			'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')$$,
	ARRAY['tlsrpt.schema_version'], 'and read the version only');
SELECT set_eq($$SELECT p.oid::regprocedure::text FROM pg_proc AS p
	WHERE pronamespace = 'tlsrpt'::regnamespace
		AND has_function_privilege('tlsrpt_reader', p.oid, 'EXECUTE')$$,
	ARRAY['tlsrpt.one_line(text)', 'tlsrpt.days_of(text,date,date)',
	'tlsrpt.others_of(text,text,text,text,text,date,date)',
	'tlsrpt.problems_of(text,date)', 'tlsrpt.overview_of(text)',
		'tlsrpt.problem_key(text,text,text,text)'],
	'the reader may call what its views are made of');
SELECT set_eq($$SELECT c.relname::text FROM pg_class AS c
	WHERE relnamespace = 'tlsrpt'::regnamespace
		AND relkind IN ('r', 'p', 'v')
		AND has_table_privilege('tlsrpt_reader', c.oid, 'SELECT')$$,
	ARRAY['report', 'policy', 'failure', 'rejected_report',
	'problem_history', 'problem_day', 'domain_day', 'domain',
	'reporter_history', 'tenant_domain', 'result_type', 'anomaly',
	'schema_version',
	'daily', 'failure_detail', 'domain_overview', 'rejection', 'problem',
	'problem_fact', 'problem_daily', 'by_mx_host', 'by_reporter',
	'coverage', 'silent_reporter'],
	'the reader may read tables and views, and no partition by itself');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c,
		unnest(ARRAY['tlsrpt_reader', 'tlsrpt_loader']) AS name
	WHERE relnamespace = 'tlsrpt'::regnamespace
		AND relkind IN ('r', 'p', 'v') AND has_table_privilege(name, c.oid,
			'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')$$,
	'neither may write a table');
SELECT is(has_schema_privilege(name, 'tlsrpt', 'CREATE'), false,
	name || ' may make nothing here')
FROM unnest(ARRAY['tlsrpt_loader', 'tlsrpt_reader']) AS name;
SELECT is((SELECT prosecdef AND proconfig @> ARRAY[
		'search_path=pg_catalog, pg_temp', 'TimeZone=UTC'] FROM pg_proc
	WHERE oid = 'tlsrpt.ingest(jsonb)'::regprocedure), true,
	'ingest runs as its owner, with a search_path of its own and in UTC');
SELECT is((SELECT array_agg(DISTINCT prosecdef) FROM pg_proc
	WHERE pronamespace = 'tlsrpt'::regnamespace AND proname <> 'ingest'),
	ARRAY[false], 'no other function runs as its owner');

-- By trying. A new month is what the loader needs most rights for.
CREATE TEMP TABLE batch AS SELECT jsonb_build_array(pg_temp.report(2,
	'{"start_datetime": "2023-09-01T00:00:00Z"}')) AS b;
GRANT SELECT ON batch TO tlsrpt_loader, tlsrpt_reader;
SET LOCAL ROLE tlsrpt_loader;
SELECT is((SELECT outcome FROM batch, tlsrpt.ingest(b)), 'stored',
	'the loader ingests into a new month');
SELECT throws_ok('SELECT * FROM ' || what, '42501', NULL,
	'the loader can''t read ' || what)
FROM unnest(ARRAY['tlsrpt.report', 'tlsrpt.report_2023_09', 'tlsrpt.policy',
	'tlsrpt.failure', 'tlsrpt.rejected_report', 'tlsrpt.problem_history',
	'tlsrpt.problem', 'tlsrpt.setting', 'tlsrpt.erased_report',
	'tlsrpt.own_document',
	'tlsrpt.domain_overview']) AS what;
SELECT throws_ok($$SELECT tlsrpt.ensure_months('{2024-01-01}')$$, '42501',
	NULL, 'the loader makes no month by itself');
SELECT throws_ok($$INSERT INTO tlsrpt.schema_version VALUES (99)$$, '42501',
	NULL, 'the loader does not write the version');
SELECT lives_ok('SELECT version FROM tlsrpt.schema_version',
	'the loader reads the version');

-- What the loader's session has set or made must not matter to ingest.
CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql
AS 'SELECT NULL::bytea';
CREATE TEMP TABLE report (x int);
SET LOCAL search_path = pg_temp, public;
SELECT is((SELECT outcome FROM batch, tlsrpt.ingest(b)), 'duplicate',
	'a search_path of the caller''s changes nothing');
SET LOCAL search_path TO DEFAULT;

SET LOCAL ROLE tlsrpt_reader;
SELECT lives_ok('SELECT * FROM tlsrpt.' || what, 'the reader reads ' || what)
FROM unnest(ARRAY['report', 'policy', 'failure', 'rejected_report',
	'problem_history', 'problem_day', 'domain_day', 'domain',
	'reporter_history', 'tenant_domain', 'result_type', 'anomaly',
	'schema_version',
	'daily', 'failure_detail', 'domain_overview', 'rejection', 'problem',
	'problem_fact', 'problem_daily', 'by_mx_host', 'by_reporter',
	'coverage', 'silent_reporter']) AS what;
SELECT is((SELECT count(*) FROM tlsrpt.report), 2::bigint,
	'through the parent, all partitions');
SELECT throws_ok('SELECT * FROM tlsrpt.report_2024_03', '42501', NULL,
	'but no partition');
SELECT throws_ok($$SELECT * FROM tlsrpt.ingest('[]')$$, '42501', NULL,
	'the reader can''t ingest');
SELECT throws_ok($$DELETE FROM tlsrpt.report$$, '42501', NULL,
	'the reader can''t delete');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
