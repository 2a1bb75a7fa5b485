-- SPDX-License-Identifier: MIT
-- The sums that ingest keeps next to the rows. It updates them at the end of its
-- transaction: several loaders share these rows, so all of them write in the same
-- order (domain, domain_day, reporter_history, problem_day, problem_history, each
-- by its key). Code that deletes rows first adds zeros, which locks the sums, and
-- then recalculates them.

-- Adds sessions to domain, domain_day and reporter_history.
CREATE FUNCTION tlsrpt.remember_sessions(sessions tlsrpt.session_sum[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF sessions = '{}' THEN
		RETURN;
	END IF;
	INSERT INTO tlsrpt.domain (policy_domain)
	SELECT DISTINCT s.policy_domain
	FROM unnest(sessions) AS s
	WHERE s.policy_domain IS NOT NULL AND NOT EXISTS (
		SELECT FROM tlsrpt.domain AS d
		WHERE d.policy_domain = s.policy_domain OFFSET 0)
	ORDER BY s.policy_domain
	ON CONFLICT DO NOTHING;

	INSERT INTO tlsrpt.domain_day AS d (policy_domain, day,
		successful_sessions, failed_sessions, mx_host)
	SELECT s.policy_domain, s.day,
		least(sum(s.successful_sessions), 9223372036854775807)::bigint,
		least(sum(s.failed_sessions), 9223372036854775807)::bigint,
		max(s.mx_host)
	FROM unnest(sessions) AS s
	GROUP BY s.policy_domain, s.day
	ORDER BY s.policy_domain, s.day
	ON CONFLICT (policy_domain, day)
	DO UPDATE SET successful_sessions = least(d.successful_sessions::numeric
			+ excluded.successful_sessions, 9223372036854775807)::bigint,
		failed_sessions = least(d.failed_sessions::numeric
			+ excluded.failed_sessions, 9223372036854775807)::bigint,
		mx_host = coalesce(d.mx_host, excluded.mx_host);

	INSERT INTO tlsrpt.reporter_history AS h (policy_domain,
		organization_name, first_report, last_report, first_success,
		last_success, successful_sessions, failed_sessions)
	SELECT s.policy_domain, s.organization_name, min(s.day), max(s.day),
		min(s.day) FILTER (WHERE s.successful_sessions > 0),
		max(s.day) FILTER (WHERE s.successful_sessions > 0),
		least(sum(s.successful_sessions), 9223372036854775807)::bigint,
		least(sum(s.failed_sessions), 9223372036854775807)::bigint
	FROM unnest(sessions) AS s
	GROUP BY s.policy_domain, s.organization_name
	ORDER BY tlsrpt.problem_key(s.policy_domain, s.organization_name, NULL,
		NULL)
	ON CONFLICT (tlsrpt.problem_key(policy_domain, organization_name, NULL,
		NULL))
	DO UPDATE SET first_report = least(h.first_report, excluded.first_report),
		last_report = greatest(h.last_report, excluded.last_report),
		first_success = least(h.first_success, excluded.first_success),
		last_success = greatest(h.last_success, excluded.last_success),
		successful_sessions = least(h.successful_sessions::numeric
			+ excluded.successful_sessions, 9223372036854775807)::bigint,
		failed_sessions = least(h.failed_sessions::numeric
			+ excluded.failed_sessions, 9223372036854775807)::bigint;
END
$$;

-- Returns the identifier of a problem, in problem_day and for the outside.
CREATE FUNCTION tlsrpt.problem_id(
	policy_domain text, result_type text, receiving_mx_hostname text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(encode(tlsrpt.problem_key(policy_domain, result_type,
	receiving_mx_hostname, NULL), 'hex'), 16);

-- Adds failures to problem_day and problem_history. Announces a problem that
-- nobody has seen before, or not for a week.
CREATE FUNCTION tlsrpt.remember_problems(problems tlsrpt.problem_history[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF problems = '{}' THEN
		RETURN;
	END IF;
	problems := ARRAY(
		SELECT ROW(p.policy_domain, p.result_type, p.receiving_mx_hostname,
			p.organization_name, p.first_seen, p.last_seen,
			p.failed_sessions, tlsrpt.problem_id(p.policy_domain,
				p.result_type, p.receiving_mx_hostname), p.policy_type)
			::tlsrpt.problem_history
		FROM unnest(problems) AS p);

	PERFORM pg_notify('tlsrpt_problem', b.problem_id)
	FROM (
		SELECT p.problem_id, max(p.last_seen) AS last_seen,
			(SELECT max(d.day) FROM tlsrpt.problem_day AS d
			WHERE d.problem_id = p.problem_id) AS before
		FROM unnest(problems) AS p
		GROUP BY p.problem_id
	) AS b
	WHERE b.before IS NULL OR b.last_seen - b.before > 7;

	INSERT INTO tlsrpt.problem_day AS d (problem_id, day, policy_domain,
		result_type, receiving_mx_hostname, failed_sessions)
	SELECT p.problem_id, p.first_seen, min(p.policy_domain),
		min(p.result_type), min(p.receiving_mx_hostname),
		least(sum(p.failed_sessions), 9223372036854775807)::bigint
	FROM unnest(problems) AS p
	GROUP BY p.problem_id, p.first_seen
	ORDER BY p.problem_id, p.first_seen
	ON CONFLICT (problem_id, day)
	DO UPDATE SET failed_sessions = least(d.failed_sessions::numeric
		+ excluded.failed_sessions, 9223372036854775807)::bigint;

	INSERT INTO tlsrpt.problem_history AS h (policy_domain, result_type,
		receiving_mx_hostname, organization_name, first_seen, last_seen,
		failed_sessions, problem_id, policy_type)
	SELECT p.policy_domain, p.result_type, p.receiving_mx_hostname,
		p.organization_name, min(p.first_seen), max(p.last_seen),
		least(sum(p.failed_sessions), 9223372036854775807)::bigint,
		min(p.problem_id),
		(array_agg(p.policy_type ORDER BY p.last_seen DESC))[1]
	FROM unnest(problems) AS p
	GROUP BY p.policy_domain, p.result_type, p.receiving_mx_hostname,
		p.organization_name
	ORDER BY tlsrpt.problem_key(p.policy_domain, p.result_type,
		p.receiving_mx_hostname, p.organization_name)
	ON CONFLICT (tlsrpt.problem_key(policy_domain, result_type,
		receiving_mx_hostname, organization_name))
	DO UPDATE SET first_seen = least(h.first_seen, excluded.first_seen),
		last_seen = greatest(h.last_seen, excluded.last_seen),
		policy_type = CASE WHEN excluded.last_seen >= h.last_seen
			THEN coalesce(excluded.policy_type, h.policy_type)
			ELSE h.policy_type END,
		failed_sessions = least(h.failed_sessions::numeric
			+ excluded.failed_sessions, 9223372036854775807)::bigint;
END
$$;

-- Recalculates domain_day and reporter_history for domains, reporters and days
-- from which a policy row was removed. remember_sessions has locked their rows
-- before, so their ctid can't change meanwhile. LATERAL lets the planner only go
-- from the given domains to the index on (policy_domain, day), whatever the
-- statistics say; a domain that is NULL has a branch of its own for that.
CREATE FUNCTION tlsrpt.recount_sessions(sessions tlsrpt.session_sum[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	keys bytea[] := ARRAY(SELECT DISTINCT tlsrpt.problem_key(s.policy_domain,
		s.organization_name, NULL, NULL) FROM unnest(sessions) AS s);
BEGIN
	IF sessions = '{}' THEN
		RETURN;
	END IF;
	WITH found AS MATERIALIZED (
		SELECT a.policy_domain, a.day, c.*
		FROM (SELECT DISTINCT s.policy_domain, s.day
			FROM unnest(sessions) AS s) AS a
		CROSS JOIN LATERAL (
			SELECT count(*) AS rows,
				least(sum(p.total_successful_session_count),
					9223372036854775807)::bigint AS successful,
				least(sum(p.total_failure_session_count),
					9223372036854775807)::bigint AS failed,
				max(p.mx_host[1:20]) FILTER (WHERE p.mx_host <> '{}')
					AS mx_host
			FROM (
				SELECT p.* FROM tlsrpt.policy AS p
				WHERE p.day = a.day AND p.policy_domain = a.policy_domain
				UNION ALL
				SELECT p.* FROM tlsrpt.policy AS p
				WHERE p.day = a.day AND p.policy_domain IS NULL
					AND a.policy_domain IS NULL
			) AS p
		) AS c
	), emptied AS (
		DELETE FROM tlsrpt.domain_day AS d
		WHERE d.ctid = ANY (ARRAY(
			SELECT t.place FROM found AS f
			CROSS JOIN LATERAL (
				SELECT t.ctid AS place FROM tlsrpt.domain_day AS t
				WHERE t.day = f.day AND t.policy_domain = f.policy_domain
				UNION ALL
				SELECT t.ctid FROM tlsrpt.domain_day AS t
				WHERE t.day = f.day AND t.policy_domain IS NULL
					AND f.policy_domain IS NULL
			) AS t
			WHERE f.rows = 0))
	)
	INSERT INTO tlsrpt.domain_day (policy_domain, day, successful_sessions,
		failed_sessions, mx_host)
	SELECT f.policy_domain, f.day, f.successful, f.failed, f.mx_host
	FROM found AS f
	WHERE f.rows > 0
	ON CONFLICT (policy_domain, day)
	DO UPDATE SET successful_sessions = excluded.successful_sessions,
		failed_sessions = excluded.failed_sessions,
		mx_host = excluded.mx_host;

	DELETE FROM tlsrpt.domain AS d
	WHERE d.policy_domain = ANY (
			ARRAY(SELECT s.policy_domain FROM unnest(sessions) AS s))
		AND NOT EXISTS (SELECT FROM tlsrpt.domain_day AS t
			WHERE t.policy_domain = d.policy_domain OFFSET 0);

	WITH found AS MATERIALIZED (
		SELECT tlsrpt.problem_key(a.policy_domain, a.organization_name, NULL,
				NULL) AS key, a.first_removed, c.*
		FROM (SELECT s.policy_domain, s.organization_name,
				min(s.day) AS first_removed
			FROM unnest(sessions) AS s
			GROUP BY s.policy_domain, s.organization_name) AS a
		CROSS JOIN LATERAL (
			SELECT count(*) AS rows, min(p.day) AS first_report,
				max(p.day) AS last_report,
				min(p.day) FILTER (
					WHERE p.total_successful_session_count > 0)
					AS first_success,
				max(p.day) FILTER (
					WHERE p.total_successful_session_count > 0)
					AS last_success,
				least(sum(p.total_successful_session_count),
					9223372036854775807)::bigint AS successful,
				least(sum(p.total_failure_session_count),
					9223372036854775807)::bigint AS failed
			FROM (
				SELECT p.* FROM tlsrpt.policy AS p
				WHERE p.policy_domain = a.policy_domain
				UNION ALL
				SELECT p.* FROM tlsrpt.policy AS p
				WHERE p.policy_domain IS NULL AND a.policy_domain IS NULL
			) AS p
			WHERE p.organization_name
				IS NOT DISTINCT FROM a.organization_name
		) AS c
	), forgotten AS (
		DELETE FROM tlsrpt.reporter_history AS h
		USING found AS f
		WHERE f.rows = 0 AND f.key = tlsrpt.problem_key(h.policy_domain,
				h.organization_name, NULL, NULL)
			AND tlsrpt.problem_key(h.policy_domain, h.organization_name, NULL,
				NULL) = ANY (keys)
	)
	-- A first day in a month that has been dropped is kept.
	UPDATE tlsrpt.reporter_history AS h
	SET first_report = CASE WHEN h.first_report < f.first_removed
			THEN h.first_report ELSE f.first_report END,
		last_report = f.last_report,
		first_success = CASE WHEN h.first_success < f.first_removed
			THEN h.first_success ELSE f.first_success END,
		last_success = f.last_success,
		successful_sessions = f.successful,
		failed_sessions = f.failed
	FROM found AS f
	WHERE f.rows > 0 AND f.key = tlsrpt.problem_key(h.policy_domain,
			h.organization_name, NULL, NULL)
		AND tlsrpt.problem_key(h.policy_domain, h.organization_name, NULL,
			NULL) = ANY (keys);
END
$$;

-- Recalculates problem_day and problem_history for the given problems, from which
-- a failure row of the day first_seen was removed. remember_problems has locked
-- their rows before, so the next transaction that adds to them waits for this one.
-- The condition on keys, in addition to the join, makes the planner use the index.
CREATE FUNCTION tlsrpt.recount_problems(problems tlsrpt.problem_history[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	keys bytea[] := ARRAY(SELECT tlsrpt.problem_key(p.policy_domain,
		p.result_type, p.receiving_mx_hostname, p.organization_name)
		FROM unnest(problems) AS p);
	ids text[] := ARRAY(SELECT tlsrpt.problem_id(p.policy_domain,
		p.result_type, p.receiving_mx_hostname) FROM unnest(problems) AS p);
	days date[] := ARRAY(SELECT DISTINCT p.first_seen
		FROM unnest(problems) AS p);
BEGIN
	IF problems = '{}' THEN
		RETURN;
	END IF;
	DELETE FROM tlsrpt.problem_day AS d
	USING (SELECT DISTINCT p.first_seen AS day,
			tlsrpt.problem_id(p.policy_domain, p.result_type,
				p.receiving_mx_hostname) AS problem_id
		FROM unnest(problems) AS p) AS a
	WHERE d.problem_id = a.problem_id AND d.day = a.day
		AND d.problem_id = ANY (ids) AND d.day = ANY (days);
	INSERT INTO tlsrpt.problem_day (problem_id, day, policy_domain,
		result_type, receiving_mx_hostname, failed_sessions)
	SELECT c.problem_id, c.day, min(c.policy_domain), min(c.result_type),
		min(c.receiving_mx_hostname),
		least(sum(c.failed_session_count), 9223372036854775807)::bigint
	FROM (
		SELECT f.*, tlsrpt.problem_id(f.policy_domain, f.result_type,
			f.receiving_mx_hostname) AS problem_id
		FROM tlsrpt.failure AS f
		WHERE f.day = ANY (days) AND (f.policy_domain = ANY (ARRAY(
				SELECT p.policy_domain FROM unnest(problems) AS p))
			OR f.policy_domain IS NULL AND EXISTS (
				SELECT FROM unnest(problems) AS p
				WHERE p.policy_domain IS NULL))
	) AS c
	WHERE EXISTS (SELECT FROM unnest(problems) AS p
		WHERE p.first_seen = c.day AND tlsrpt.problem_id(p.policy_domain,
			p.result_type, p.receiving_mx_hostname) = c.problem_id)
	GROUP BY c.problem_id, c.day;

	WITH affected AS MATERIALIZED (
		SELECT tlsrpt.problem_key(p.policy_domain, p.result_type,
				p.receiving_mx_hostname, p.organization_name) AS key,
			min(p.first_seen) AS first_removed,
			max(p.first_seen) AS last_removed
		FROM unnest(problems) AS p
		GROUP BY 1
	), candidate AS (
		SELECT f.policy_domain, f.result_type, f.receiving_mx_hostname,
			f.organization_name, f.day, f.failed_session_count
		FROM tlsrpt.failure AS f
		WHERE f.policy_domain = ANY (
			ARRAY(SELECT p.policy_domain FROM unnest(problems) AS p))
		UNION ALL
		SELECT f.policy_domain, f.result_type, f.receiving_mx_hostname,
			f.organization_name, f.day, f.failed_session_count
		FROM tlsrpt.failure AS f
		WHERE f.policy_domain IS NULL AND EXISTS (
			SELECT FROM unnest(problems) AS p
			WHERE p.policy_domain IS NULL)
	), found AS MATERIALIZED (
		SELECT tlsrpt.problem_key(c.policy_domain, c.result_type,
				c.receiving_mx_hostname, c.organization_name) AS key,
			min(c.day) AS first_seen, max(c.day) AS last_seen,
			least(sum(c.failed_session_count), 9223372036854775807)
				::bigint AS failed_sessions
		FROM candidate AS c
		GROUP BY 1
	), forgotten AS (
		DELETE FROM tlsrpt.problem_history AS h
		USING affected AS a
		WHERE tlsrpt.problem_key(h.policy_domain, h.result_type,
				h.receiving_mx_hostname, h.organization_name) = a.key
			AND tlsrpt.problem_key(h.policy_domain, h.result_type,
				h.receiving_mx_hostname, h.organization_name) = ANY (keys)
			AND NOT EXISTS (SELECT FROM found AS f WHERE f.key = a.key)
	)
	-- A first or last day in a month that has been dropped is kept.
	UPDATE tlsrpt.problem_history AS h
	SET first_seen = CASE WHEN h.first_seen < a.first_removed
			THEN h.first_seen ELSE f.first_seen END,
		last_seen = CASE WHEN h.last_seen > a.last_removed
			THEN h.last_seen ELSE f.last_seen END,
		failed_sessions = f.failed_sessions
	FROM affected AS a
	JOIN found AS f USING (key)
	WHERE tlsrpt.problem_key(h.policy_domain, h.result_type,
			h.receiving_mx_hostname, h.organization_name) = a.key
		AND tlsrpt.problem_key(h.policy_domain, h.result_type,
			h.receiving_mx_hostname, h.organization_name) = ANY (keys);
END
$$;

COMMENT ON FUNCTION tlsrpt.remember_sessions(tlsrpt.session_sum[]) IS
	'Adds sessions to domain, domain_day and reporter_history. Part of ingest.';
COMMENT ON FUNCTION tlsrpt.remember_problems(tlsrpt.problem_history[]) IS
	'Adds failures to problem_day and problem_history, and sends the notification tlsrpt_problem with the problem_id of each problem that appears or returns. Part of ingest.';
COMMENT ON FUNCTION tlsrpt.recount_sessions(tlsrpt.session_sum[]) IS
	'Recalculates rows of domain_day and reporter_history. Part of ingest.';
COMMENT ON FUNCTION tlsrpt.recount_problems(tlsrpt.problem_history[]) IS
	'Recalculates rows of problem_day and problem_history. Part of ingest.';
COMMENT ON FUNCTION tlsrpt.problem_id(text, text, text) IS
	'Identifier of a problem: 16 hexadecimal digits, the same each time that the problem returns.';
REVOKE ALL ON FUNCTION tlsrpt.remember_sessions(tlsrpt.session_sum[]),
	tlsrpt.remember_problems(tlsrpt.problem_history[]),
	tlsrpt.recount_sessions(tlsrpt.session_sum[]),
	tlsrpt.recount_problems(tlsrpt.problem_history[]),
	tlsrpt.problem_id(text, text, text) FROM PUBLIC;
GRANT SELECT ON tlsrpt.problem_day, tlsrpt.domain_day, tlsrpt.domain,
	tlsrpt.reporter_history TO tlsrpt_reader;
