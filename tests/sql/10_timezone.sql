-- SPDX-License-Identifier: MIT
-- Days are UTC, whatever the zones of server, session and report.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql

CREATE FUNCTION pg_temp.day_of(n int, start text) RETURNS date
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM tlsrpt.ingest(jsonb_build_array(pg_temp.report(n,
		jsonb_build_object('start_datetime', start, 'received_at', start))));
	RETURN (SELECT day FROM tlsrpt.report WHERE report_id = 'id-' || n);
END
$$;
CREATE FUNCTION pg_temp.in_zone(n int, zone text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('TimeZone', zone, true);
	RETURN NEXT is(pg_temp.day_of(n, '2024-03-31T23:30:00Z'),
		date '2024-03-31', 'late in the month, ' || zone);
	RETURN NEXT is(pg_temp.day_of(n + 1, '2024-04-01T00:00:00Z'),
		date '2024-04-01', 'first second of the month, ' || zone);
	RETURN NEXT is(pg_temp.day_of(n + 2, '2024-04-01T01:00:00+02:00'),
		date '2024-03-31', 'another zone in the report, ' || zone);
	RETURN NEXT is(pg_temp.day_of(n + 3, '2024-04-01T00:30:00'),
		date '2024-04-01', 'no zone is UTC, ' || zone);
	RETURN NEXT is(current_setting('TimeZone'), zone,
		'the session keeps its zone');
END
$$;
SELECT pg_temp.in_zone(1, 'Pacific/Auckland');
SELECT pg_temp.in_zone(11, 'America/Los_Angeles');
SELECT pg_temp.in_zone(21, 'UTC');

-- The loader says which day a report counts for, if it is one of its period.
SELECT is(pg_temp.outcomes(pg_temp.report(41, jsonb_build_object(
		'start_datetime', '2024-03-31T15:00:00Z',
		'end_datetime', '2024-04-01T14:59:59Z', 'day', '2024-04-01')),
	pg_temp.report(42, jsonb_build_object(
		'start_datetime', '2024-03-28T00:00:00Z',
		'end_datetime', '2024-04-04T00:00:00Z', 'day', '2024-04-03'))),
	'{stored,stored}', 'days on which periods end');
SELECT results_eq($$SELECT report_id, r.day, p.day, f.day
	FROM tlsrpt.report AS r JOIN tlsrpt.policy AS p USING (report_key)
	JOIN tlsrpt.failure AS f USING (policy_key)
	WHERE report_id IN ('id-41', 'id-42') AND failed_session_count = 3
	ORDER BY 1$$,
	$$VALUES ('id-41', date '2024-04-01', date '2024-04-01', date '2024-04-01'),
		('id-42', '2024-04-03', '2024-04-03', '2024-04-03')$$,
	'the same of report, policy and failure');
SELECT throws_ok(format('SELECT tlsrpt.ingest(%L)', jsonb_build_array(
		pg_temp.report(43, jsonb_build_object('day', day)))), '23514', NULL,
	'a day outside the period: ' || day)
FROM unnest('{2024-03-19,2024-03-21,2024-05-01}'::text[]) AS day;

SELECT is(pg_temp.outcomes(
	'{"kind": "rejection", "record": "late", "reason": "invalid",
		"received_at": "2024-05-31T23:59:59.999999Z"}'::jsonb,
	'{"kind": "rejection", "record": "early", "reason": "invalid",
		"received_at": "2024-06-01T00:00:00Z"}'), '{rejected,rejected}',
	'two rejections around midnight');
SELECT results_eq($$SELECT record, tableoid::regclass::text
	FROM tlsrpt.rejected_report ORDER BY received_at$$,
	$$VALUES ('late', 'tlsrpt.rejected_report_2024_05'),
		('early', 'tlsrpt.rejected_report_2024_06')$$,
	'each in its month in UTC');

-- Same identity and day from sessions in different zones: the same report.
SET LOCAL TimeZone = 'Pacific/Auckland';
SELECT is(pg_temp.outcomes(pg_temp.report(31,
	'{"start_datetime": "2024-03-20T13:00:00Z"}')), '{stored}', 'here');
SET LOCAL TimeZone = 'America/Los_Angeles';
SELECT is(pg_temp.outcomes(pg_temp.report(31,
	'{"start_datetime": "2024-03-20T13:00:00Z"}')), '{duplicate}', 'there');

SELECT * FROM finish();
ROLLBACK;
