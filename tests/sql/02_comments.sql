-- SPDX-License-Identifier: MIT
-- Whoever looks at an object with \d+ or a browser reads what it is for.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(7);

SELECT tlsrpt.ensure_months('{2024-03-15}', '{2024-03-15}');

SELECT isnt(obj_description('tlsrpt'::regnamespace), NULL,
	'the schema has a comment');
SELECT is_empty($$SELECT oid::regclass FROM pg_class
	WHERE relnamespace = 'tlsrpt'::regnamespace
		AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
		AND obj_description(oid, 'pg_class') IS NULL$$,
	'so has each table, partition, view and sequence');
SELECT is_empty($$SELECT a.attrelid::regclass || '.' || a.attname
	FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
	WHERE c.relnamespace = 'tlsrpt'::regnamespace
		AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
		AND a.attnum > 0 AND NOT a.attisdropped
		AND col_description(c.oid, a.attnum) IS NULL$$,
	'so has each column of a table, partition, view and type');
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc
	WHERE pronamespace = 'tlsrpt'::regnamespace
		AND obj_description(oid, 'pg_proc') IS NULL$$,
	'so has each function');
SELECT is_empty($$SELECT t.oid::regtype FROM pg_type AS t
	LEFT JOIN pg_class AS c ON c.oid = t.typrelid
	WHERE t.typnamespace = 'tlsrpt'::regnamespace
		AND (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c')
		AND obj_description(t.oid, 'pg_type') IS NULL$$,
	'so has each type');
SELECT is_empty($$SELECT rolname FROM pg_roles
	WHERE rolname LIKE 'tlsrpt\_%'
		AND rolname IN ('tlsrpt_loader', 'tlsrpt_reader')
		AND shobj_description(oid, 'pg_authid') IS NULL$$,
	'so has each role');
SELECT is_empty($$SELECT description FROM pg_description
	WHERE objoid IN (SELECT oid FROM pg_class
			WHERE relnamespace = 'tlsrpt'::regnamespace)
		AND (description ~ '@|\mTODO\M' OR length(description) < 7)$$,
	'and none is a filler');

SELECT * FROM finish();
ROLLBACK;
