-- SPDX-License-Identifier: MIT
-- The work for a domain or a problem does not depend on how many others come with
-- it: a report about 400 domains makes ingest do about ten times as much as one
-- about 40, not a hundred times. Counted are the rows that are read and written,
-- the calls of functions, how often a jsonb value is taken out of another (which
-- copies it), and how often the keys of two rows are compared.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql

-- Operators can't be counted, but functions in PL/pgSQL can: so within this
-- transaction, functions of that kind stand behind the operators.
CREATE FUNCTION public.look_at_place(jsonb, int) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$BEGIN RETURN pg_catalog.jsonb_array_element($1, $2); END$$;
CREATE FUNCTION public.look_at_member(jsonb, text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$BEGIN RETURN pg_catalog.jsonb_object_field($1, $2); END$$;
CREATE FUNCTION public.look_at_text(jsonb, text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$BEGIN RETURN pg_catalog.jsonb_object_field_text($1, $2); END$$;
CREATE FUNCTION public.compare_keys(bigint, bigint) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$BEGIN RETURN pg_catalog.int8eq($1, $2); END$$;
UPDATE pg_operator AS o SET oprcode = x.function
FROM (VALUES ('->(jsonb, int)'::regoperator,
		'public.look_at_place(jsonb, int)'::regprocedure),
	('->(jsonb, text)', 'public.look_at_member(jsonb, text)'),
	('->>(jsonb, text)', 'public.look_at_text(jsonb, text)'),
	('=(bigint, bigint)', 'public.compare_keys(bigint, bigint)'))
	AS x (operator, function)
WHERE o.oid = x.operator;
SET LOCAL track_functions = 'all';

-- A report about n domains with a failure each, or about one with failures at n
-- hosts.
CREATE FUNCTION pg_temp.wide(kind text, n int, more jsonb) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT pg_temp.report(0, jsonb_build_object(
		'record', concat_ws('.', kind, n, more ->> 'content_sha256'),
		'identity', sha256(concat_ws('/', kind, n)::bytea),
		'policy_domains', CASE kind WHEN 'domains' THEN (
			SELECT jsonb_agg(format('d%s.n%s.example', i, n))
			FROM generate_series(1, n) AS i)
		ELSE jsonb_build_array(format('hosts.n%s.example', n)) END,
		'policies', CASE kind WHEN 'domains' THEN (
			SELECT jsonb_agg(jsonb_build_object('policy_type', 'sts',
				'policy_domain', format('d%s.n%s.example', i, n),
				'total_failure_session_count', 1,
				'failures', jsonb_build_array(jsonb_build_object(
					'result_type', 'certificate-expired',
					'receiving_mx_hostname', 'mx',
					'failed_session_count', 1))))
			FROM generate_series(1, n) AS i)
		ELSE jsonb_build_array(jsonb_build_object('policy_type', 'sts',
			'policy_domain', format('hosts.n%s.example', n),
			'total_failure_session_count', n, 'failures', (
				SELECT jsonb_agg(jsonb_build_object(
					'result_type', 'certificate-expired',
					'receiving_mx_hostname', 'mx' || i,
					'failed_session_count', 1))
				FROM generate_series(1, n) AS i))) END) || more)
$$;

-- What this transaction has done so far.
CREATE FUNCTION pg_temp.done(OUT looks bigint, OUT comparisons bigint,
	OUT calls bigint, OUT reads bigint, OUT writes bigint)
LANGUAGE sql VOLATILE AS $$
	SELECT f.looks, f.comparisons, f.calls, t.reads, t.writes
	FROM (SELECT coalesce(sum(calls) FILTER (
				WHERE funcname LIKE 'look\_at\_%'), 0) AS looks,
			coalesce(sum(calls) FILTER (
				WHERE funcname = 'compare_keys'), 0) AS comparisons,
			coalesce(sum(calls) FILTER (WHERE schemaname = 'tlsrpt'), 0)
				AS calls
		FROM pg_stat_xact_user_functions) AS f,
		(SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) AS reads,
			sum(n_tup_ins + n_tup_upd + n_tup_del) AS writes
		FROM pg_stat_xact_user_tables WHERE schemaname = 'tlsrpt') AS t
$$;
CREATE TABLE pg_temp.work (kind text, n int, outcome text, looks bigint,
	comparisons bigint, calls bigint, reads bigint, writes bigint);
-- Stored, then replaced by an authenticated one of other content, which comes
-- again, and then the first again.
CREATE FUNCTION pg_temp.measure(kind text, n int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	more jsonb;
	batch jsonb;
	outcome text;
	before record;
	after record;
BEGIN
	FOREACH more IN ARRAY ARRAY['{}', pg_temp.auth() || jsonb_build_object(
			'content_sha256', sha256('two')), pg_temp.auth()
			|| jsonb_build_object('content_sha256', sha256('two')), '{}'] LOOP
		batch := jsonb_build_array(pg_temp.wide(kind, n, more));
		before := pg_temp.done();
		SELECT i.outcome INTO outcome FROM tlsrpt.ingest(batch) AS i;
		after := pg_temp.done();
		INSERT INTO pg_temp.work VALUES (kind, n, outcome,
			after.looks - before.looks,
			after.comparisons - before.comparisons, after.calls - before.calls,
			after.reads - before.reads, after.writes - before.writes);
	END LOOP;
END
$$;
-- The first also creates the month.
SELECT pg_temp.measure(kind, n)
FROM (VALUES ('domains', 1), ('domains', 40), ('domains', 400), ('hosts', 40),
	('hosts', 400)) AS x (kind, n) \g /dev/null
DELETE FROM pg_temp.work WHERE n = 1;

SELECT results_eq($$SELECT DISTINCT kind, outcome FROM pg_temp.work
	ORDER BY 1, 2$$,
	$$SELECT k, o FROM unnest('{domains,hosts}'::text[]) AS k,
		unnest('{conflict,duplicate,replaced,stored}'::text[]) AS o
	ORDER BY 1, 2$$, 'each outcome came up');
SELECT ok(looks > 0 AND comparisons > 0 AND calls > 0, 'the counters count')
FROM pg_temp.work WHERE n = 40 AND outcome = 'stored';
SELECT ok(writes >= 7 * 400, 'rows of all tables are counted')
FROM pg_temp.work WHERE n = 400 AND kind = 'domains' AND outcome = 'stored';
SELECT is(large.looks, small.looks, format('%s, %s: the batch is looked into once '
	'for a report, not for each part of it', kind, outcome))
FROM pg_temp.work AS small JOIN pg_temp.work AS large USING (kind, outcome)
WHERE small.n = 40 AND large.n = 400;
SELECT is(large.calls, small.calls, format('%s, %s: no function is called more '
	'often', kind, outcome))
FROM pg_temp.work AS small JOIN pg_temp.work AS large USING (kind, outcome)
WHERE small.n = 40 AND large.n = 400;
SELECT cmp_ok(large.comparisons, '<=', 12 * small.comparisons, format('%s, %s: '
	'about ten times as many keys are compared', kind, outcome))
FROM pg_temp.work AS small JOIN pg_temp.work AS large USING (kind, outcome)
WHERE small.n = 40 AND large.n = 400;
SELECT cmp_ok(large.reads, '<=', 12 * small.reads, format('%s, %s: about ten '
	'times as many rows are read', kind, outcome))
FROM pg_temp.work AS small JOIN pg_temp.work AS large USING (kind, outcome)
WHERE small.n = 40 AND large.n = 400;
SELECT cmp_ok(large.writes, '<=', 12 * small.writes, format('%s, %s: about ten '
	'times as many rows are written', kind, outcome))
FROM pg_temp.work AS small JOIN pg_temp.work AS large USING (kind, outcome)
WHERE small.n = 40 AND large.n = 400;

SELECT * FROM finish();
ROLLBACK;
