-- SPDX-License-Identifier: MIT
-- A batch that can't be taken says which record and why, and leaves nothing.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql

CREATE FUNCTION pg_temp.fails(batch jsonb, code text, message text, name text)
RETURNS SETOF text LANGUAGE sql AS $$
	SELECT throws_ok(format('SELECT * FROM tlsrpt.ingest(%L)', batch),
		code::char(5), message, name)
$$;

SELECT pg_temp.fails(batch, '22023',
	'tlsrpt.ingest: the batch is not a JSON array', 'no array: '
	|| coalesce(batch::text, 'NULL'))
FROM (VALUES (NULL::jsonb), ('{}'), ('null'), ('5')) AS x (batch);
SELECT throws_ok($$SELECT * FROM tlsrpt.ingest('[5]')$$, '22023', NULL,
	'an element that is no object');

SELECT pg_temp.fails(jsonb_build_array(pg_temp.report(1) - member), '22023',
	'tlsrpt.ingest: record 1 of the batch (''spool.1''): missing: ' || member,
	member || ' is absent')
FROM unnest(ARRAY['received_at', 'source', 'start_datetime', 'end_datetime',
	'identity', 'content_sha256', 'document']) AS member;
SELECT pg_temp.fails(jsonb_build_array(pg_temp.report(1), pg_temp.report(2,
		'{"identity": null, "document": null}')), '22023',
	'tlsrpt.ingest: record 2 of the batch (''spool.2''): missing: identity, document',
	'null is as good as absent, and all are named');
SELECT pg_temp.fails(jsonb_build_array(pg_temp.report(1) - 'record'), '22023',
	'tlsrpt.ingest: record 1 of the batch (no name): missing: record',
	'record is absent');
SELECT pg_temp.fails(jsonb_build_array(pg_temp.report(1) - 'kind'), '22023',
	'tlsrpt.ingest: record 1 of the batch (''spool.1''): kind NULL is neither report nor rejection',
	'kind is absent');
SELECT pg_temp.fails(jsonb_build_array(pg_temp.report(1, '{"kind": "x"}')),
	'22023',
	'tlsrpt.ingest: record 1 of the batch (''spool.1''): kind ''x'' is neither report nor rejection',
	'kind is unknown');
SELECT pg_temp.fails('[{"kind": "rejection", "record": "r"}]', '22023',
	'tlsrpt.ingest: record 1 of the batch (''r''): missing: received_at, reason',
	'a rejection lacks something');

-- Bounds. All are of the classes that the loader takes for a refusal.
SELECT pg_temp.fails(jsonb_build_array(pg_temp.report(1, more)), code, NULL,
	code || ' ' || more)
FROM (VALUES
	('{"source": "mail"}'::jsonb, '23514'),
	('{"dkim_result": "neutral"}', '23514'),
	('{"identity": "\\x00"}', '23514'),
	('{"content_sha256": "\\x00"}', '23514'),
	('{"identity": "\\xzz"}', '22023'),
	('{"size_bytes": -1}', '23514'),
	('{"size_bytes": 9223372036854775808}', '22003'),
	('{"day": "2024-03-21"}', '23514'),
	('{"start_datetime": "yesterdate"}', '22007'),
	('{"start_datetime": "1999-12-31T23:59:59Z"}', '22008'),
	('{"start_datetime": "2999-01-01T00:00:00Z"}', '22008'),
	('{"start_datetime": "infinity"}', '22008'),
	('{"received_at": "1999-12-31T23:59:59Z"}', '22008'),
	('{"policies": 5}', '22023'),
	('{"policies": [5]}', '22023'),
	('{"policies": [{"failures": {}}]}', '22023'),
	('{"policies": [{"total_failure_session_count": -1}]}', '23514'),
	('{"policies": [{"total_successful_session_count": 1.5}]}', '22P02'),
	('{"policies": [{"failures": [{"failed_session_count": -1}]}]}', '23514'),
	('{"policies": [{"failures": [{"receiving_ip": "x"}]}]}', '22P02')
) AS x (more, code);
SELECT pg_temp.fails(jsonb_build_array('{"kind": "rejection",
		"record": "r", "received_at": "2024-03-21T00:00:00Z",
		"reason": "because"}'::jsonb), '23514', NULL, 'a reason of its own');

-- Nothing stays of a batch of which one record is bad.
SELECT pg_temp.fails(jsonb_build_array(pg_temp.report(1), pg_temp.report(2),
	'{"kind": "rejection", "record": "r", "reason": "invalid",
		"received_at": "2024-03-21T00:00:00Z"}'::jsonb,
	pg_temp.report(3, '{"source": "mail"}')), '23514', NULL,
	'one bad record among good ones');
SELECT is_empty('SELECT report_key FROM tlsrpt.report', 'no report');
SELECT is_empty('SELECT policy_key FROM tlsrpt.policy', 'no policy');
SELECT is_empty('SELECT failure_key FROM tlsrpt.failure', 'no failure');
SELECT is_empty('SELECT record FROM tlsrpt.rejected_report', 'no rejection');
SELECT is_empty('SELECT first_seen FROM tlsrpt.problem_history',
	'no problem');

-- Neither inserted nor found: a trigger plays the month that is dropped just
-- between.
SELECT is(pg_temp.outcomes(pg_temp.report(1)), '{stored}', 'one report');
CREATE FUNCTION pg_temp.skip() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER skip BEFORE INSERT ON tlsrpt.report_2024_03
	FOR EACH ROW EXECUTE FUNCTION pg_temp.skip();
SELECT pg_temp.fails(jsonb_build_array(pg_temp.report(2)), '40001',
	'tlsrpt.ingest: a report vanished while it was being compared',
	'a report that vanished is to be sent again');

SELECT * FROM finish();
ROLLBACK;
