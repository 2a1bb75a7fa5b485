-- SPDX-License-Identifier: MIT
-- Partitions: made when needed, once, by month in UTC.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql

SELECT is_empty($$SELECT * FROM tlsrpt.missing_months('{}', NULL)$$,
	'nothing asked, nothing missing');
SELECT results_eq($$SELECT parent, month FROM tlsrpt.missing_months(
		'{2024-02-29,2024-02-01,2023-12-31,NULL}', '{2024-01-01}')$$,
	$$VALUES ('report', date '2023-12-01'), ('policy', '2023-12-01'),
		('failure', '2023-12-01'), ('rejected_report', '2024-01-01'),
		('report', '2024-02-01'), ('policy', '2024-02-01'),
		('failure', '2024-02-01')$$,
	'each month once, a table before those that refer to it');
SELECT lives_ok($$SELECT tlsrpt.ensure_months(
	'{2024-02-29,2023-12-31}', '{2024-12-31}')$$, 'they are made');
SELECT is_empty($$SELECT * FROM tlsrpt.missing_months(
	'{2024-02-01,2023-12-01}', '{2024-12-01}')$$, 'and found');
SELECT lives_ok($$SELECT tlsrpt.ensure_months(
	'{2024-02-29,2023-12-31}', '{2024-12-31}')$$, 'a second time is nothing');
SELECT is(pg_get_expr(relpartbound, oid), bound,
	relname || ': a month in UTC, whatever the session''s zone')
FROM pg_class JOIN (VALUES
	('tlsrpt.rejected_report_2024_12'::regclass,
		format('FOR VALUES FROM (%L) TO (%L)',
			timestamptz '2024-12-01 00:00Z', timestamptz '2025-01-01 00:00Z')),
	('tlsrpt.report_2024_02',
		'FOR VALUES FROM (''2024-02-01'') TO (''2024-03-01'')')
) AS x (oid, bound) USING (oid);

SET LOCAL search_path = pg_catalog;
SELECT tlsrpt.ensure_months('{2024-05-05}');
SET LOCAL search_path TO DEFAULT;
SELECT isnt(to_regclass('tlsrpt.report_2024_05'), NULL,
	'search_path does not matter');

-- What ingest needs.
SELECT is(pg_temp.outcomes(pg_temp.report(1),
	pg_temp.report(2, '{"start_datetime": "2024-06-30T23:59:59Z"}'),
	pg_temp.report(3, '{"start_datetime": "2024-07-01T00:00:00Z"}')),
	'{stored,stored,stored}', 'a batch of three months');
SELECT results_eq('SELECT tableoid::regclass::text FROM tlsrpt.report
	ORDER BY report_id', $$VALUES ('tlsrpt.report_2024_03'),
	('tlsrpt.report_2024_06'), ('tlsrpt.report_2024_07')$$,
	'each report is in its month');
SELECT isnt(to_regclass('tlsrpt.rejected_report_2024_03'), NULL,
	'the month of receipt is there for a loser to come');

-- A month that was dropped comes back when something is reported for it.
DROP TABLE tlsrpt.failure_2024_06, tlsrpt.policy_2024_06;
SELECT is(pg_temp.outcomes(
	pg_temp.report(4, '{"start_datetime": "2024-06-01T00:00:00Z"}')),
	'{stored}', 'a month half dropped is completed');
SELECT fk_ok('tlsrpt', 'failure_2024_06', ARRAY['policy_key', 'day'],
	'tlsrpt', 'policy_2024_06', ARRAY['policy_key', 'day']);
SELECT fk_ok('tlsrpt', 'policy_2024_06', ARRAY['report_key', 'day'],
	'tlsrpt', 'report_2024_06', ARRAY['report_key', 'day']);
SELECT throws_ok('DROP TABLE tlsrpt.report_2024_06', '2BP01', NULL,
	'a report can''t be dropped before its policies');
DROP TABLE tlsrpt.rejected_report_2024_03;
SELECT is(pg_temp.outcomes(pg_temp.other(1, pg_temp.auth()
	|| '{"received_at": "2024-08-01T00:00:00Z"}')), '{replaced}',
	'a loser whose month of receipt was dropped has it made anew');
SELECT is((SELECT tableoid::regclass::text FROM tlsrpt.rejected_report),
	'tlsrpt.rejected_report_2024_03', 'and goes there');

SELECT throws_ok(format('SELECT tlsrpt.ensure_months(%L)', ARRAY[day]),
	'22008', NULL, 'no month for ' || day)
FROM (VALUES (date '1999-12-31'), (current_date + 800), ('infinity'),
	('-infinity')) AS x (day);
SELECT lives_ok(format('SELECT tlsrpt.ensure_months(%L, %L)', ARRAY[day],
	ARRAY[day]), 'a month for ' || day)
FROM (VALUES (date '2000-01-01'), (current_date + 330)) AS x (day);

SELECT * FROM finish();
ROLLBACK;
