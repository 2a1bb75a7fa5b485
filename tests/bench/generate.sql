-- SPDX-License-Identifier: MIT
-- Two years of reports by the one way in, tlsrpt.ingest, oldest first:
--   psql -v reports=1000000 -v domains=2000 -v part=0 -v parts=1 -f generate.sql
-- Several sessions with parts=N and part=0 to N-1 share the work. The same
-- numbers give the same reports.
--
-- The skew is a hosting provider's: the largest domain gets 8 % of all reports
-- and half of the domains 20 %; Google and a few others send most of them. Each
-- domain has some episodes, most of days and a tenth of months, a third of them
-- seen by one sender alone; a failure row is one address of the sender.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SELECT set_config('bench.reports', :'reports', false),
	set_config('bench.domains', :'domains', false),
	set_config('bench.part', :'part', false),
	set_config('bench.parts', :'parts', false) \g /dev/null

-- The same for the same words, evenly over 0 to 1.
CREATE FUNCTION pg_temp.dice(VARIADIC words text[]) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
	SELECT (hashtextextended(array_to_string(words, '/'), 7) & 1048575)
		/ 1048576.0::double precision
$$;

CREATE TEMP TABLE episode AS
SELECT d AS domain, e AS episode,
	(ARRAY['certificate-expired', 'certificate-host-mismatch',
		'validation-failure', 'sts-policy-fetch-error', 'tlsa-invalid',
		'starttls-not-supported', 'certificate-not-trusted',
		'sts-webpki-invalid', 'dnssec-invalid', 'sts-policy-invalid',
		'dane-required'])[1 + floor(11 * pg_temp.dice('type', d, e) ^ 1.5)::int]
		AS result_type,
	'mx' || 1 + floor(3 * pg_temp.dice('mx', d, e) ^ 2)::int AS mx,
	s AS first_day, s + CASE WHEN pg_temp.dice('long', d, e) < 0.1
		THEN 60 + floor(300 * pg_temp.dice('length', d, e))::int
		ELSE floor(20 * pg_temp.dice('length', d, e))::int END AS last_day,
	CASE WHEN pg_temp.dice('alone', d, e) < 0.33
		THEN floor(300 * pg_temp.dice('org', d, e) ^ 3)::int END AS org
FROM (SELECT d::text, e::text,
		floor(730 * pg_temp.dice('start', d::text, e::text))::int AS s
	FROM generate_series(0, current_setting('bench.domains')::int - 1) AS d,
		generate_series(1, 16) AS e
	WHERE e <= 1 + 15 * pg_temp.dice('episodes', d::text)) AS x;
CREATE INDEX ON episode (domain);
ANALYZE episode;

CREATE FUNCTION pg_temp.batch(first bigint, last bigint) RETURNS jsonb
LANGUAGE sql AS $$
	WITH n AS MATERIALIZED (
		SELECT n, floor(730.0 * n / current_setting('bench.reports')::bigint)
				::int AS d,
			floor(current_setting('bench.domains')::int
				* pg_temp.dice('domain', n::text) ^ 3)::int AS domain,
			floor(300 * pg_temp.dice('who', n::text) ^ 3)::int AS org
		FROM generate_series(first, last) AS n
	), r AS MATERIALIZED (
		SELECT n.*, (now() AT TIME ZONE 'UTC')::date - 730 + d AS day,
			CASE org WHEN 0 THEN 'Google Inc.' WHEN 1 THEN
				'Microsoft Corporation' ELSE 'Sender ' || org END AS name,
			format('d%s.example', domain) AS policy_domain
		FROM n
	), f AS (
		SELECT r.n, sum(c.count) AS failed, jsonb_agg(jsonb_build_object(
			'result_type', e.result_type, 'receiving_mx_hostname',
			CASE WHEN e.result_type NOT LIKE 'sts-%'
				THEN e.mx || '.' || r.policy_domain END,
			'sending_mta_ip', format('192.0.%s.%s', r.org % 250, i),
			'receiving_ip', '198.51.100.' || r.domain % 250,
			'failed_session_count', c.count,
			'failure_reason_code', 'code ' || e.episode)) AS failures
		FROM r
		JOIN episode AS e ON e.domain = r.domain::text
			AND r.d BETWEEN e.first_day AND e.last_day
			AND coalesce(e.org, r.org) = r.org
		CROSS JOIN generate_series(1,
			1 + floor(107 * pg_temp.dice('rows', r.n::text))::int) AS i
		CROSS JOIN LATERAL (SELECT 1 + floor(20 * pg_temp.dice('count',
			r.n::text, i::text) ^ 4)::int AS count) AS c
		GROUP BY r.n
	), p AS (
		SELECT r.*, coalesce(f.failed, 0) AS failed,
			coalesce(f.failures, '[]') AS failures,
			floor(2000 * pg_temp.dice('ok', r.n::text) ^ 4)::int AS ok
		FROM r LEFT JOIN f USING (n)
	)
	SELECT jsonb_agg(jsonb_build_object('kind', 'report', 'record',
		'bench.' || n, 'source', 'milter', 'received_at',
		day + interval '28 hours', 'organization_name', name,
		'contact_info', format('tls@o%s.example', org), 'report_id',
		n || '@bench', 'start_datetime', day || 'T00:00:00Z',
		'end_datetime', day || 'T23:59:59Z',
		'submitter', format('o%s.example', org),
		'size_bytes', 600, 'dkim_result', 'pass', 'authenticated', true,
		'identity', sha256(n::text::bytea), 'content_sha256',
		sha256(n::text::bytea), 'document', jsonb_build_object(
			'organization-name', name, 'date-range', jsonb_build_object(
				'start-datetime', day || 'T00:00:00Z',
				'end-datetime', day || 'T23:59:59Z'),
			'contact-info', format('tls@o%s.example', org),
			'report-id', n || '@bench', 'policies', jsonb_build_array(
				jsonb_build_object('policy', jsonb_build_object(
					'policy-type', 'sts', 'policy-domain', policy_domain),
				'summary', jsonb_build_object(
					'total-successful-session-count', ok,
					'total-failure-session-count', failed)))),
		'policies', jsonb_build_array(jsonb_build_object('policy_type',
			'sts', 'policy_mode', 'enforce', 'policy_domain', policy_domain,
			'mx_host', ARRAY['mx1.' || policy_domain, 'mx2.' || policy_domain,
				'mx3.' || policy_domain],
			'policy_string', ARRAY['version: STSv1', 'mode: enforce'],
			'total_successful_session_count', ok,
			'total_failure_session_count', failed, 'failures', failures))))
	FROM p
$$;

DO $$
DECLARE
	total bigint := current_setting('bench.reports');
	part int := current_setting('bench.part');
	parts int := current_setting('bench.parts');
	size int := 256;
BEGIN
	FOR k IN 0 .. (total - 1) / size LOOP
		CONTINUE WHEN k % parts <> part;
		PERFORM tlsrpt.ingest(pg_temp.batch(k * size,
			least(k * size + size, total) - 1));
		COMMIT;
	END LOOP;
END
$$;
