-- SPDX-License-Identifier: MIT
-- The same report again, or another one under its identity: never counted twice.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql

SELECT is(pg_temp.outcomes(pg_temp.report(1), pg_temp.report(2)),
	'{stored,stored}', 'two reports');

-- Duplicates.
SELECT is(pg_temp.outcomes(pg_temp.report(1)), '{duplicate}',
	'the same report is a duplicate');
SELECT is(pg_temp.outcomes(pg_temp.report(3), pg_temp.report(1),
		pg_temp.report(3), pg_temp.report(1)),
	'{stored,duplicate,duplicate,duplicate}',
	'so it is within a batch, whether it was there before or not');
SELECT results_eq('SELECT report_id, times_received FROM tlsrpt.report
	ORDER BY 1', $$VALUES ('id-1', 4), ('id-2', 1), ('id-3', 2)$$,
	'each is counted as received');
SELECT results_eq('SELECT count(*), sum(total_failure_session_count)::int
	FROM tlsrpt.policy', 'VALUES (3::bigint, 15)',
	'and its sessions are counted once');

-- A conflict of equals: the first to come wins.
SELECT is(pg_temp.outcomes(pg_temp.other(1)), '{conflict}',
	'other content under the same identity is a conflict');
SELECT results_eq($$SELECT record, received_at, reason, submitter,
		content_sha256, document, conflicts_with
	FROM tlsrpt.rejected_report$$,
	$$SELECT 'spool.other.1', timestamptz '2024-03-22 10:00:00+00',
		'conflict', 'google.com', sha256('two'), '{"a": 2}'::jsonb,
		report_key FROM tlsrpt.report WHERE report_id = 'id-1'$$,
	'the newcomer is kept with its document, and says what it conflicts with');
SELECT is(pg_temp.outcomes(pg_temp.other(1), pg_temp.other(1)),
	'{conflict,conflict}', 'once more, twice in a batch');
SELECT is((SELECT count(*) FROM tlsrpt.rejected_report), 1::bigint,
	'adds no second row');
SELECT is((SELECT document FROM tlsrpt.report WHERE report_id = 'id-1'),
	'{"a": 1}', 'what was stored stays');
SELECT is(pg_temp.outcomes(pg_temp.report(4), pg_temp.other(4)),
	'{stored,conflict}', 'a conflict within a batch');

-- An upgrade.
SELECT is(pg_temp.outcomes(pg_temp.report(2, pg_temp.auth())),
	'{duplicate}', 'the same content, now authenticated, is a duplicate');
SELECT results_eq($$SELECT authenticated, dkim_result, dkim_domain,
		times_received FROM tlsrpt.report WHERE report_id = 'id-2'$$,
	$$VALUES (true, 'pass', 'google.com', 2)$$, 'that authenticates it');
SELECT is(pg_temp.outcomes(pg_temp.report(2)), '{duplicate}',
	'and an unauthenticated duplicate');
SELECT is((SELECT authenticated FROM tlsrpt.report
	WHERE report_id = 'id-2'), true, 'takes nothing away');
SELECT is(pg_temp.outcomes(pg_temp.other(2, pg_temp.auth())),
	'{conflict}', 'authenticated against authenticated: the first wins');

-- A replacement.
SELECT report_key AS replaced_key FROM tlsrpt.report
WHERE report_id = 'id-1' \gset
SELECT is(pg_temp.outcomes(pg_temp.report(1),
		pg_temp.other(1, pg_temp.auth()),
		pg_temp.other(1, '{"record": "again"}')),
	'{conflict,replaced,duplicate}',
	'an authenticated report replaces one that is not; the rest of the batch is compared with it');
SELECT results_eq($$SELECT report_key, document, content_sha256,
		authenticated, dkim_domain, received_at, times_received
	FROM tlsrpt.report WHERE report_id = 'id-1'$$,
	format($$VALUES (%s::bigint, '{"a": 2}'::jsonb, sha256('two'), true,
		'google.com', timestamptz '2024-03-22 10:00:00+00', 2)$$,
		:replaced_key), 'in place: it keeps the key');
SELECT results_eq(format($$SELECT failed_session_count FROM tlsrpt.failure
		JOIN tlsrpt.policy USING (policy_key, day)
		WHERE report_key = %s$$, :replaced_key), 'VALUES (7::bigint)',
	'with its own policies and failures');
SELECT results_eq(format($$SELECT record, received_at, document
		FROM tlsrpt.rejected_report WHERE conflicts_with = %s
		ORDER BY 1$$, :replaced_key),
	$$VALUES ('spool.1', timestamptz '2024-03-21 04:20:51.123456+00',
			'{"a": 1}'::jsonb),
		('spool.other.1', '2024-03-21 04:20:51.123456+00', '{"a": 1}'),
		('spool.other.1', '2024-03-22 10:00:00+00', '{"a": 2}')$$,
	'the loser is kept under the record that replaced it, with its own time');
SELECT is((SELECT bool_and(detail LIKE 'A report with the same%'
		OR detail LIKE 'This report was not authenticated;%')
	FROM tlsrpt.rejected_report), true, 'each says why, in a sentence');

-- Within a batch an authenticated report comes first, wherever it stands.
SELECT is(pg_temp.outcomes(pg_temp.report(5),
		pg_temp.other(5, pg_temp.auth())),
	'{conflict,stored}', 'one that is authenticated can''t be shadowed');
-- The first authenticated one decides; here it says that what is stored was
-- right.
SELECT is(pg_temp.outcomes(pg_temp.report(6)), '{stored}', 'another');
SELECT is(pg_temp.outcomes(pg_temp.other(6), pg_temp.report(6,
		pg_temp.auth()), pg_temp.other(6, pg_temp.auth())),
	'{conflict,duplicate,conflict}', 'an upgrade between two conflicts');

-- A batch sent again, as after a lost answer.
CREATE TEMP TABLE batch AS SELECT jsonb_build_array(
	pg_temp.report(10), pg_temp.report(10, '{"record": "second"}'),
	pg_temp.other(10), pg_temp.other(3, pg_temp.auth()),
	pg_temp.report(3, '{"record": "third"}'),
	'{"kind": "rejection", "record": "r", "reason": "refused",
		"received_at": "2024-03-21T00:00:00Z"}'::jsonb) AS b;
CREATE FUNCTION pg_temp.rows() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws('/', (SELECT count(*) FROM tlsrpt.report),
		(SELECT count(*) FROM tlsrpt.policy),
		(SELECT string_agg(failed_session_count::text, ',' ORDER BY
			failure_key) FROM tlsrpt.failure),
		(SELECT count(*) FROM tlsrpt.rejected_report),
		(SELECT sum(failed_sessions) FROM tlsrpt.problem_history))
$$;
SELECT is((SELECT array_agg(outcome) FROM batch, tlsrpt.ingest(b)),
	'{stored,duplicate,conflict,replaced,conflict,rejected}',
	'a batch of all kinds');
SELECT pg_temp.rows() AS before \gset
SELECT is((SELECT array_agg(outcome) FROM batch, tlsrpt.ingest(b)),
	'{duplicate,duplicate,conflict,duplicate,conflict,rejected}',
	'sent again');
SELECT is(pg_temp.rows(), :'before', 'adds nothing');

-- Plans are kept for the life of a session and foreign key checks too: one that
-- reads a table from end to end is fast today and a disaster in a year.
CREATE FUNCTION pg_temp.seq_scans() RETURNS bigint LANGUAGE sql AS $$
	SELECT sum(seq_scan)::bigint FROM pg_stat_xact_user_tables
	WHERE schemaname = 'tlsrpt'
$$;
SELECT pg_temp.seq_scans() AS before \gset
SELECT is(pg_temp.outcomes(pg_temp.report(11), pg_temp.report(1),
		pg_temp.report(2), pg_temp.other(11, '{"record": "x"}'),
		pg_temp.other(4, pg_temp.auth())),
	'{stored,conflict,duplicate,conflict,replaced}', 'all that ingest does');
SELECT is(pg_temp.seq_scans(), :before::bigint, 'no table was read sequentially');

-- A document that names no submitter may come another way first.
SELECT is(pg_temp.outcomes(pg_temp.report(77, '{"submitter": "list.example"}')),
	'{stored}', 'by way of somebody else');
SELECT is(pg_temp.outcomes(pg_temp.report(77, pg_temp.auth())), '{duplicate}',
	'and from the reporter itself');
SELECT results_eq($$SELECT submitter, authenticated, dkim_domain
	FROM tlsrpt.report WHERE report_id = 'id-77'$$,
	$$VALUES ('google.com', true, 'google.com')$$,
	'the submitter is the one that was authenticated');

SELECT * FROM finish();
ROLLBACK;
