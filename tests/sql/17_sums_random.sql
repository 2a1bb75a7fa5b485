-- SPDX-License-Identifier: MIT
-- Reports out of few domains, names, days and hosts, none among them, are stored
-- and replaced at random; after each batch the rows are those of the documents,
-- and all sums agree with the rows.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT no_plan();

\ir include/reports.psql
\ir include/agree.psql

CREATE FUNCTION pg_temp.one_of(VARIADIC choices text[]) RETURNS text
LANGUAGE sql VOLATILE
AS $$SELECT choices[1 + floor(random() * cardinality(choices))::int]$$;
CREATE FUNCTION pg_temp.up_to(n int) RETURNS int
LANGUAGE sql VOLATILE AS $$SELECT floor(random() * (n + 1))::int$$;
CREATE FUNCTION pg_temp.random_failure() RETURNS jsonb
LANGUAGE sql VOLATILE AS $$
	SELECT jsonb_build_object(
		'result_type', pg_temp.one_of('tlsa-invalid', 'dane-required', NULL),
		'receiving_mx_hostname', pg_temp.one_of('mx1', 'mx2', NULL),
		'failed_session_count', pg_temp.up_to(3))
$$;
CREATE FUNCTION pg_temp.random_policy() RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	failures jsonb := '[]';
BEGIN
	FOR n IN 1..pg_temp.up_to(3) LOOP
		failures := failures || pg_temp.random_failure();
	END LOOP;
	RETURN jsonb_build_object(
		'policy_domain', pg_temp.one_of('a.example', 'b.example', NULL),
		'policy_type', pg_temp.one_of('sts', 'tlsa', NULL),
		'total_successful_session_count', pg_temp.up_to(2),
		'total_failure_session_count', pg_temp.up_to(5), 'failures', failures);
END
$$;
-- A report of an identity that comes up again now and then, with another
-- content; an authenticated one replaces an unauthenticated one.
CREATE FUNCTION pg_temp.random_report() RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	n int := pg_temp.up_to(40);
	policies jsonb := '[]';
BEGIN
	FOR i IN 1..pg_temp.up_to(3) LOOP
		policies := policies || pg_temp.random_policy();
	END LOOP;
	-- Day and name belong to the identity.
	RETURN pg_temp.report(n, jsonb_build_object(
		'record', 'spool.' || n || '.' || random(),
		'start_datetime', format('2024-0%s-1%sT00:00:00Z', 2 + n % 2, n % 3),
		'organization_name', (ARRAY['One', 'Two', NULL])[1 + n % 3],
		'content_sha256', sha256(policies::text::bytea),
		'document', jsonb_build_object('policies', policies),
		'authenticated', random() < 0.4, 'policies', policies));
END
$$;
CREATE FUNCTION pg_temp.random_batch() RETURNS SETOF text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	batch jsonb := '[]';
BEGIN
	FOR n IN 1..1 + pg_temp.up_to(4) LOOP
		batch := batch || pg_temp.random_report();
	END LOOP;
	RETURN QUERY SELECT outcome FROM tlsrpt.ingest(batch);
END
$$;

CREATE TABLE pg_temp.seen (outcome text);
SELECT setseed(0.5) \g /dev/null
CREATE FUNCTION pg_temp.step(n int) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	INSERT INTO pg_temp.seen SELECT * FROM pg_temp.random_batch();
	RETURN QUERY SELECT pg_temp.agree('batch ' || n);
	RETURN NEXT is_empty($rows$
		SELECT FROM tlsrpt.report AS r
		WHERE jsonb_array_length(document -> 'policies') <> (
				SELECT count(*) FROM tlsrpt.policy AS p
				WHERE p.report_key = r.report_key AND p.day = r.day)
			OR (SELECT sum(jsonb_array_length(p -> 'failures'))
				FROM jsonb_array_elements(document -> 'policies') AS p) <> (
				SELECT count(*) FROM tlsrpt.policy AS p
				JOIN tlsrpt.failure AS f USING (policy_key, day)
				WHERE p.report_key = r.report_key AND p.day = r.day)$rows$,
		'batch ' || n || ': the rows are those of the documents');
END
$$;
SELECT pg_temp.step(n) FROM generate_series(1, 40) AS n;
SELECT set_eq('SELECT outcome FROM pg_temp.seen',
	$$VALUES ('stored'), ('replaced'), ('conflict'), ('duplicate')$$,
	'and each outcome came up');

SELECT * FROM finish();
ROLLBACK;
