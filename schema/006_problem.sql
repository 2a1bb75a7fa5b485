-- SPDX-License-Identifier: MIT
-- Problems: what fails, at which host, since when, who has to act, what to do.
--
-- Time: reports come once a day and cover the day before, so a day without a
-- report means nothing. Days of a problem that are at most a week apart form one
-- run. A problem is new in the first week of a run (ingest announces it). It is
-- resolved when reports have covered three later days without it and the reporter
-- that saw most of it has reported since, or after 14 days. Share, side and
-- evidence refer to its last week: the 7 days up to last_seen.
--
-- Side: a problem that several reporters saw is ours. One that a single reporter
-- saw is the sender's if others had successes on the same days under the same type
-- of policy (a sender that does not use DANE says nothing about TLSA records) and
-- no failure at that host.
--
-- Speed: everything is read from the sums of 005 through indexes, so the number of
-- failure rows does not matter. Each domain is read by functions whose plans are
-- kept for the session. When each view was planned anew, with JIT compilation on
-- as it is by default, planning took ten times as long as the query itself. Only
-- others_of reads partitioned tables, and few problems need it.

-- Makes a stranger's text fit for a sentence: without line breaks, and without the
-- control and format characters that a terminal or a browser would act on.
CREATE FUNCTION tlsrpt.one_line(value text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(value, '[\u0001-\u001f\u007f-\u009f\u061c\u200b-\u200f'
	'\u2028-\u202e\u2060-\u206f\ufeff]+', '�', 'g');

-- Returns the sums of one domain, or those without a domain for NULL, between two
-- days. Each of the two branches can use an index. The function has no settings of
-- its own, so that the planner can inline it.
CREATE FUNCTION tlsrpt.days_of(domain text, first_day date, last_day date)
RETURNS SETOF tlsrpt.domain_day
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT d.* FROM tlsrpt.domain_day AS d
	WHERE d.policy_domain = domain AND d.day BETWEEN first_day AND last_day
	UNION ALL
	SELECT d.* FROM tlsrpt.domain_day AS d
	WHERE domain IS NULL AND d.policy_domain IS NULL
		AND d.day BETWEEN first_day AND last_day;
END;

-- For a problem that only one reporter saw: finds the others that had successes
-- under the same type of policy on the same days, and whether somebody else saw a
-- failure at the host.
CREATE FUNCTION tlsrpt.others_of(
	domain text, problem_id text, reporter text, policy_type text, host text,
	first_day date, last_day date,
	OUT others int, OUT names text[], OUT sessions numeric,
	OUT failed_there boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_variable
BEGIN
	SELECT count(*)::int,
		array_agg(left(coalesce(r.organization_name, 'an unnamed reporter'),
			100) ORDER BY r.successful DESC, r.organization_name),
		sum(r.successful)
	INTO others, names, sessions
	FROM (
		SELECT p.organization_name,
			sum(p.total_successful_session_count) AS successful
		FROM tlsrpt.policy AS p
		WHERE p.policy_domain = domain
			AND p.day BETWEEN first_day AND last_day
			AND p.policy_type IS NOT DISTINCT FROM policy_type
			AND p.organization_name IS DISTINCT FROM reporter
			AND p.total_successful_session_count > 0
		GROUP BY p.organization_name
		ORDER BY 2 DESC, 1 LIMIT 4
	) AS r;
	-- The first condition is cheap, the second expensive.
	failed_there := others > 0 AND EXISTS (
			SELECT FROM tlsrpt.problem_day AS d
			WHERE d.policy_domain = domain
				AND d.day BETWEEN first_day AND last_day
				AND d.problem_id <> problem_id
				AND d.receiving_mx_hostname IS NOT DISTINCT FROM host)
		AND EXISTS (
			SELECT FROM tlsrpt.failure AS f
			WHERE f.policy_domain = domain
				AND f.day BETWEEN first_day AND last_day
				AND f.receiving_mx_hostname IS NOT DISTINCT FROM host
				AND f.organization_name IS DISTINCT FROM reporter);
END
$$;

-- Returns the figures. The sentences are made in the view problem, so that a query
-- that does not need them does not pay for them. Runs with the privileges of the
-- caller.
CREATE FUNCTION tlsrpt.problems_of(
	domain text, since date DEFAULT '-infinity')
RETURNS TABLE (
	problem_id text, result_type text, receiving_mx_hostname text,
	state text, first_seen date, last_seen date, failed_sessions bigint,
	affected_share double precision, reporters int, side text, urgency int,
	downgrade boolean, run_first date, heard_since boolean, week_first date,
	week_seen_first date, week_failed_sessions numeric,
	week_sessions numeric, week_successful_sessions numeric,
	week_reporters int, week_names text[], others int, other_names text[],
	other_sessions numeric, other_mx text[])
LANGUAGE plpgsql STABLE ROWS 5
SET search_path = pg_catalog, pg_temp
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
	today date := (now() AT TIME ZONE 'UTC')::date;
	recent text[];
BEGIN
	IF since > '-infinity' THEN
		-- Most domains have no recent problem: one index lookup shows it and saves
		-- all that follows.
		recent := ARRAY(
			SELECT DISTINCT d.problem_id
			FROM (SELECT * FROM tlsrpt.problem_day AS d
				WHERE d.policy_domain = domain AND d.day >= since
				UNION ALL
				SELECT * FROM tlsrpt.problem_day AS d
				WHERE domain IS NULL AND d.policy_domain IS NULL
					AND d.day >= since) AS d);
		IF recent = '{}' THEN
			RETURN;
		END IF;
	END IF;
	RETURN QUERY
	SELECT s.problem_id, s.result_type, s.receiving_mx_hostname, j.state,
		s.first_seen, s.last_seen, s.failed_sessions, k.affected_share,
		s.reporters, j.side,
		CASE WHEN j.state = 'resolved' THEN 0 ELSE (1 + 50 * k.affected_share
			+ CASE j.side WHEN 'ours' THEN 25 WHEN 'unknown' THEN 15
				ELSE 0 END
			+ CASE WHEN j.state = 'new' THEN 10 ELSE 0 END
			+ CASE WHEN j.downgrade THEN 14 ELSE 0 END)::int END,
		j.downgrade, n.first, coalesce(c.heard > s.last_seen, false),
		s.week_first, w.seen_first, w.failed, t.sessions, t.successful,
		s.week_reporters, ARRAY(
			SELECT left(coalesce(r.name, 'an unnamed reporter'), 100)
			FROM unnest(s.week_saw) AS r (name)), coalesce(o.others, 0), o.names,
		o.sessions,
		CASE WHEN j.state <> 'resolved' AND s.receiving_mx_hostname
				IS NOT NULL AND s.result_type NOT LIKE 'sts-%' THEN ARRAY(
			SELECT DISTINCT lower(left(m.name, 255))
			FROM (
				SELECT d.mx_host FROM tlsrpt.domain_day AS d
				WHERE d.policy_domain = domain
					AND d.day BETWEEN s.week_first AND s.last_seen
					AND d.mx_host IS NOT NULL
				ORDER BY d.day DESC LIMIT 1
			) AS p, unnest(p.mx_host) AS m (name)
			WHERE m.name NOT LIKE '*%' AND m.name NOT LIKE '.%'
				AND lower(m.name) <> lower(s.receiving_mx_hostname)
				AND NOT EXISTS (
					SELECT FROM tlsrpt.problem_day AS d
					WHERE d.policy_domain = domain
						AND d.day BETWEEN s.week_first AND s.last_seen
						AND d.result_type = s.result_type
						AND lower(d.receiving_mx_hostname) = lower(m.name))
			ORDER BY 1) END
	FROM (
		SELECT h.problem_id, min(h.result_type) AS result_type,
			min(h.receiving_mx_hostname) AS receiving_mx_hostname,
			min(h.first_seen) AS first_seen, max(h.last_seen) AS last_seen,
			greatest(min(h.first_seen), max(h.last_seen) - 6) AS week_first,
			least(sum(h.failed_sessions), 9223372036854775807)::bigint
				AS failed_sessions,
			count(*)::int AS reporters,
			(count(*) FILTER (WHERE h.last_seen > h.newest - 7))::int
				AS week_reporters,
			(array_agg(h.organization_name
				ORDER BY h.failed_sessions DESC,
					h.organization_name COLLATE "C")
				FILTER (WHERE h.last_seen > h.newest - 7))[1:4] AS week_saw,
			min(h.policy_type) FILTER (WHERE h.last_seen > h.newest - 7)
				AS week_policy_type
		FROM (SELECT p.*, max(p.last_seen) OVER (PARTITION BY p.problem_id)
					AS newest
			FROM (SELECT * FROM tlsrpt.problem_history AS p
				WHERE p.policy_domain = domain
				UNION ALL
				SELECT * FROM tlsrpt.problem_history AS p
				WHERE domain IS NULL AND p.policy_domain IS NULL) AS p
			WHERE recent IS NULL OR p.problem_id = ANY (recent)
			) AS h
		GROUP BY h.problem_id
	) AS s
	CROSS JOIN LATERAL (
		SELECT min(d.day) AS seen_first, sum(d.failed_sessions) AS failed
		FROM tlsrpt.problem_day AS d
		WHERE d.problem_id = s.problem_id AND d.day >= s.week_first
	) AS w
	-- For a run of more than a year, the start is first_seen.
	CROSS JOIN LATERAL (
		SELECT CASE WHEN s.last_seen < today - 14 THEN s.first_seen
			ELSE coalesce((
				SELECT max(d.day) FROM (
					SELECT p.day, p.day - coalesce(
							lag(p.day) OVER (ORDER BY p.day),
							greatest(s.first_seen, s.last_seen - 366)) AS gap
					FROM tlsrpt.problem_day AS p
					WHERE p.problem_id = s.problem_id
						AND p.day >= s.last_seen - 366
				) AS d
				WHERE d.gap > 7), s.first_seen) END AS first
		OFFSET 0
	) AS n
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(d.successful_sessions), 0) AS successful,
			coalesce(sum(d.successful_sessions::numeric + d.failed_sessions), 0)
				AS sessions
		FROM tlsrpt.days_of(domain, s.week_first, s.last_seen) AS d
	) AS t
	CROSS JOIN LATERAL (
		SELECT CASE WHEN coalesce(w.failed, 0) = 0 THEN 0
			ELSE least(1, w.failed / greatest(t.sessions, 1)) END
			::double precision AS affected_share
	) AS k
	-- Until when the reporter that saw most of it has reported; not needed if
	-- the problem is old.
	CROSS JOIN LATERAL (
		SELECT CASE WHEN s.last_seen < today - 90 THEN today ELSE (
			SELECT h.last_report FROM tlsrpt.reporter_history AS h
			WHERE tlsrpt.problem_key(h.policy_domain, h.organization_name,
				NULL, NULL) = tlsrpt.problem_key(domain, s.week_saw[1], NULL,
				NULL)) END AS heard
		OFFSET 0
	) AS c
	-- OFFSET 0 keeps the planner from calling the function when its result is not
	-- used.
	LEFT JOIN LATERAL (
		SELECT r.*
		FROM (SELECT WHERE s.week_reporters = 1 OFFSET 0) AS alone
		CROSS JOIN LATERAL tlsrpt.others_of(domain, s.problem_id,
			s.week_saw[1], s.week_policy_type, s.receiving_mx_hostname,
			w.seen_first, s.last_seen) AS r
	) AS o ON true
	CROSS JOIN LATERAL (
		SELECT CASE
				WHEN s.last_seen < today - 14
					THEN 'resolved'
				WHEN c.heard > s.last_seen + 2 AND EXISTS (
						SELECT FROM tlsrpt.domain_day AS d
						WHERE d.policy_domain = domain
							AND d.day > s.last_seen
						ORDER BY d.day OFFSET 2 LIMIT 1) THEN 'resolved'
				WHEN n.first > today - 7 THEN 'new'
				ELSE 'ongoing'
			END AS state,
			CASE
				WHEN s.week_reporters > 1 THEN 'ours'
				WHEN o.others > 0 AND NOT o.failed_there THEN 'sender'
				ELSE 'unknown'
			END AS side,
			s.result_type IS NOT DISTINCT FROM 'starttls-not-supported'
				AND s.week_reporters > 2 AS downgrade
		-- OFFSET 0 makes the planner compute this only once.
		OFFSET 0
	) AS j;
END
$$;

CREATE VIEW tlsrpt.problem_fact WITH (security_invoker = true) AS
SELECT f.problem_id, d.policy_domain, f.result_type, f.receiving_mx_hostname,
	f.state, f.first_seen, f.last_seen, f.failed_sessions, f.affected_share,
	f.reporters, f.side, f.urgency, f.downgrade, f.run_first, f.heard_since,
	f.week_first, f.week_seen_first, f.week_failed_sessions, f.week_sessions,
	f.week_successful_sessions, f.week_reporters, f.week_names, f.others,
	f.other_names, f.other_sessions, f.other_mx
FROM (SELECT n.policy_domain FROM tlsrpt.domain AS n
	UNION ALL SELECT NULL) AS d
CROSS JOIN LATERAL tlsrpt.problems_of(d.policy_domain) AS f;

CREATE VIEW tlsrpt.problem WITH (security_invoker = true) AS
SELECT f.problem_id, f.policy_domain, f.result_type,
	f.receiving_mx_hostname, f.state, f.first_seen, f.last_seen,
	f.failed_sessions, f.affected_share, f.reporters, f.side,
	-- evidence
	tlsrpt.one_line(CASE
		WHEN f.week_reporters > 1 THEN format('%s reporters saw it %s: %s.',
			f.week_reporters, x.week, rtrim(x.names, '.'))
		WHEN f.side = 'sender' THEN format(
			'Only %s saw it %s, while %s had %s successful sessions under the '
			'same type of policy and no failure %s on the same days.', x.names,
			x.week, x.other_names, f.other_sessions,
			CASE WHEN x.sts THEN 'with that policy' ELSE 'at ' || x.host END)
		WHEN f.others > 0 THEN format(
			'Only %s saw it %s; others had other failures %s on the same days.',
			x.names, x.week,
			CASE WHEN x.sts THEN 'with that policy' ELSE 'at ' || x.host END)
		WHEN f.policy_domain IS NULL THEN format('Only %s saw it %s and did '
			'not name the domain, so there is nothing to compare it with.',
			x.names, x.week)
		ELSE format('Only %s saw it %s, and nobody else reported successful '
			'sessions under the same type of policy on the same days, so '
			'there is nothing to compare it with.', x.names, x.week)
	END || CASE WHEN f.other_mx <> '{}' THEN format(
		' MX hosts of the policy without this failure on the same days: %s.',
		array_to_string(f.other_mx, ', ')) ELSE '' END) AS evidence,
	-- explanation
	tlsrpt.one_line(format('%s %s for %s: %s%s reported by %s%s.%s ',
		CASE WHEN f.state = 'resolved' THEN 'Resolved'
			WHEN f.state = 'ongoing' THEN 'Ongoing'
			WHEN f.first_seen < f.run_first THEN 'Back again'
			ELSE 'New' END,
		CASE WHEN f.state = 'resolved' AND f.run_first < f.last_seen
			THEN format('(seen from %s to %s)',
				to_char(f.run_first, 'YYYY-MM-DD'),
				to_char(f.last_seen, 'YYYY-MM-DD'))
			WHEN f.state = 'resolved'
			THEN format('(seen on %s)', to_char(f.last_seen, 'YYYY-MM-DD'))
			WHEN f.run_first < f.last_seen
			THEN format('since %s (last seen on %s)',
				to_char(f.run_first, 'YYYY-MM-DD'),
				to_char(f.last_seen, 'YYYY-MM-DD'))
			WHEN f.state = 'ongoing'
			THEN 'since ' || to_char(f.last_seen, 'YYYY-MM-DD')
			ELSE 'on ' || to_char(f.last_seen, 'YYYY-MM-DD') END,
		coalesce(f.policy_domain, 'an unnamed domain'),
		CASE coalesce(f.week_failed_sessions, 0)
			WHEN 0 THEN 'an unknown number of failed sessions'
			WHEN 1 THEN '1 failed session'
			ELSE f.week_failed_sessions || ' failed sessions' END,
		CASE WHEN x.longer THEN ' in its last week' ELSE '' END,
		CASE WHEN f.affected_share > 0 THEN x.names
			ELSE rtrim(x.names, '.') END,
		CASE WHEN f.affected_share > 0 THEN format(
			', which is %s%% of all sessions of the domain %s',
			CASE WHEN f.affected_share < 0.001 THEN 'under 0.1'
				ELSE trim_scale(round(100 * f.affected_share::numeric, 1))
					::text END,
			CASE WHEN f.week_first = f.last_seen THEN 'on that day'
				ELSE 'on those days' END) ELSE '' END,
		CASE WHEN x.longer THEN format(' The total is %s since %s.',
			f.failed_sessions, to_char(f.first_seen, 'YYYY-MM-DD'))
			ELSE '' END)
	|| CASE coalesce(f.result_type, '')
		WHEN 'starttls-not-supported' THEN format(
			'%s did not offer STARTTLS, so mail could only have been sent '
			'unencrypted.', x.host)
		WHEN 'certificate-expired' THEN format(
			'The certificate that %s presents has expired.', x.host)
		WHEN 'certificate-host-mismatch' THEN format(
			'The certificate that %s presents is not valid for that name.', x.host)
		WHEN 'certificate-not-trusted' THEN format(
			'The certificate that %s presents does not lead to an authority '
			'that the sender trusts.', x.host)
		WHEN 'validation-failure' THEN format(
			'TLS with %s failed for a reason that has no result type of its '
			'own; failure_reason_code in failure_detail may say more.', x.host)
		WHEN 'tlsa-invalid' THEN format(
			'The TLSA records of %s do not match the certificate that it '
			'presents, so DANE senders hold mail back.', x.host)
		WHEN 'dnssec-invalid' THEN format(
			'DNS answers for %s failed DNSSEC validation, so validating '
			'senders cannot reach it.', x.host)
		WHEN 'dane-required' THEN format(
			'The sender requires DANE but found no usable TLSA records for '
			'%s.', x.host)
		WHEN 'sts-policy-fetch-error' THEN format(
			'The MTA-STS policy could not be fetched from %s.', x.policy_host)
		WHEN 'sts-policy-invalid' THEN format(
			'The MTA-STS policy at %s does not follow the syntax of RFC 8461.',
			x.policy_host)
		WHEN 'sts-webpki-invalid' THEN format(
			'The web server %s presents a certificate that the sender does not '
			'accept, so the MTA-STS policy was not used.', x.policy_host)
		WHEN '' THEN format('At %s, the sender saw a failure but did not say '
			'which.', x.host)
		ELSE format('At %s, the sender saw "%s", which is not in the IANA '
			'registry of result types.', x.host, left(f.result_type, 100))
	END
	|| CASE WHEN f.downgrade THEN format(
		' Several senders lost STARTTLS on the same days. This is a possible '
		'downgrade attack, in which somebody on the path strips STARTTLS on '
		'purpose; a change to a server or firewall looks the same from '
		'outside (%s reporters).', f.week_reporters) ELSE '' END
	|| CASE f.side WHEN 'ours' THEN
			' The problem is most likely on our side.'
		WHEN 'sender' THEN format(
			' The problem is most likely on the sender''s side: %s.',
			rtrim(x.names, '.'))
		ELSE '' END) AS explanation,
	-- action
	tlsrpt.one_line(CASE
		WHEN f.state = 'resolved' AND f.heard_since THEN format(
			'Nothing to do: not seen since %s. If it comes back: ',
			to_char(f.last_seen, 'YYYY-MM-DD'))
		WHEN f.state = 'resolved' THEN format(
			'Not seen since %s, but %s has not reported since, so it may not '
			'be over. If it is not: ',
			to_char(f.last_seen, 'YYYY-MM-DD'), f.week_names[1])
		WHEN f.downgrade THEN format(
			'Check %s at once from several outside networks. ', x.host)
		WHEN f.side = 'sender' THEN format(
			'Ask %s first (contact_info in failure_detail), since others '
			'deliver without failures. If they cannot help: ', x.names)
		ELSE '' END)
	|| coalesce(replace(replace(replace(replace(r.action,
			'MX:25', x.safe_host || ':25'),
			'servername MX', 'servername ' || x.safe_host),
			'_tcp.MX', '_tcp.' || x.safe_host),
			'mta-sts.DOMAIN', x.safe_policy_host),
		tlsrpt.one_line(format('Look at failure_reason_code and '
			'additional_information in failure_detail for %s, and test %s from '
			'outside with "openssl s_client -starttls smtp -connect %s:25".',
			coalesce(f.policy_domain, 'it'), CASE
				WHEN f.receiving_mx_hostname IS NULL THEN 'each MX host'
				ELSE x.host END, x.safe_host)))
		AS action,
	f.urgency
FROM tlsrpt.problem_fact AS f
LEFT JOIN tlsrpt.result_type AS r ON r.result_type = f.result_type
CROSS JOIN LATERAL (
	SELECT coalesce(left(f.receiving_mx_hostname, 255),
			'an unnamed MX host') AS host,
		f.failed_sessions > f.week_failed_sessions AS longer,
		-- Only a plain host name may go into a command that somebody may copy.
		CASE WHEN f.receiving_mx_hostname ~ '^[A-Za-z0-9][A-Za-z0-9._-]*$'
				AND length(f.receiving_mx_hostname) <= 255
			THEN f.receiving_mx_hostname ELSE 'MX' END AS safe_host,
		coalesce(f.result_type LIKE 'sts-%', false) AS sts,
		'mta-sts.' || coalesce(f.policy_domain, 'DOMAIN') AS policy_host,
		'mta-sts.' || CASE WHEN f.policy_domain ~ '^[a-z0-9][a-z0-9._-]*$'
			THEN f.policy_domain ELSE 'DOMAIN' END AS safe_policy_host,
		CASE WHEN f.week_seen_first = f.last_seen
			THEN 'on ' || to_char(f.last_seen, 'YYYY-MM-DD')
			ELSE format('from %s to %s',
				to_char(f.week_seen_first, 'YYYY-MM-DD'),
				to_char(f.last_seen, 'YYYY-MM-DD')) END AS week,
		CASE WHEN f.week_reporters > 3
			THEN format('%s and %s more', array_to_string(f.week_names[1:3],
				', '), f.week_reporters - 3)
			WHEN f.week_reporters > 1 THEN format('%s and %s',
				array_to_string(f.week_names[1:f.week_reporters - 1], ', '),
				f.week_names[f.week_reporters])
			ELSE f.week_names[1] END AS names,
		CASE WHEN f.others > 3
			THEN array_to_string(f.other_names[1:3], ', ') || ' and others'
			WHEN f.others > 1 THEN format('%s and %s',
				array_to_string(f.other_names[1:f.others - 1], ', '),
				f.other_names[f.others])
			ELSE f.other_names[1] END AS other_names
	-- OFFSET 0 makes the planner compute this only once.
	OFFSET 0
) AS x;

CREATE VIEW tlsrpt.problem_daily WITH (security_invoker = true) AS
SELECT d.problem_id, d.day, d.policy_domain, d.result_type,
	d.receiving_mx_hostname, t.successful_sessions, d.failed_sessions,
	CASE WHEN t.successful_sessions::numeric + t.failed_sessions > 0
		THEN least(1, d.failed_sessions
			/ (t.successful_sessions::numeric + t.failed_sessions)) END
		::double precision AS failure_rate
FROM tlsrpt.problem_day AS d
LEFT JOIN LATERAL tlsrpt.days_of(d.policy_domain, d.day, d.day) AS t ON true;

COMMENT ON FUNCTION tlsrpt.one_line(text) IS
	'The text without line breaks, control characters and format characters: each run of them is replaced by U+FFFD.';
COMMENT ON FUNCTION tlsrpt.days_of(text, date, date) IS
	'Rows of domain_day for one domain between two days, both included; with NULL as domain, those of reports that name no domain. Reads with the privileges of the caller.';
COMMENT ON FUNCTION tlsrpt.others_of(text, text, text, text, text, date, date) IS
	'For a problem that only one reporter saw: up to 4 others that had successful sessions for the domain under the same type of policy between two days, and whether anybody else saw a failure at that host then. Part of problems_of.';
COMMENT ON FUNCTION tlsrpt.problems_of(text, date) IS
	'Rows of problem_fact for one domain, limited to problems seen on or after a day; with NULL as domain, problems for which no domain was named. Reads with the privileges of the caller.';
COMMENT ON VIEW tlsrpt.problem_fact IS
	'The figures behind the view problem, without its sentences.';
COMMENT ON VIEW tlsrpt.problem IS
	'One row for each combination of policy domain, result type and MX host that ever failed: what happens, who has to act, and what to do. Use ORDER BY urgency DESC, and restrict policy_domain where you can.';
COMMENT ON VIEW tlsrpt.problem_daily IS
	'Failed sessions of each problem by day, for a chart or to see when it started. Restrict policy_domain or problem_id.';
COMMENT ON COLUMN tlsrpt.problem_fact.problem_id IS
	'Identifier of the problem: 16 hexadecimal digits, the same each time that the problem returns.';
COMMENT ON COLUMN tlsrpt.problem_fact.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL for failures whose reports do not name one.';
COMMENT ON COLUMN tlsrpt.problem_fact.result_type IS
	'What went wrong: result-type (RFC 8460 section 4.3). NULL if absent.';
COMMENT ON COLUMN tlsrpt.problem_fact.receiving_mx_hostname IS
	'Our MX host as named in DNS; NULL if the failure does not concern a host or the report does not name it.';
COMMENT ON COLUMN tlsrpt.problem_fact.state IS
	'new: first seen in the last 7 days, or seen again in them after more than a week without it. ongoing: seen for longer. resolved: reports have covered three later days without it, and the reporter that saw most of it has reported since; or it was last seen more than 14 days ago.';
COMMENT ON COLUMN tlsrpt.problem_fact.first_seen IS
	'First day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem_fact.last_seen IS
	'Last day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem_fact.failed_sessions IS
	'Number of failed sessions over all days and reporters; one session may be counted in several problems.';
COMMENT ON COLUMN tlsrpt.problem_fact.affected_share IS
	'Failed sessions of the problem / all sessions of the domain, in the 7 days up to last_seen: 0 to 1.';
COMMENT ON COLUMN tlsrpt.problem_fact.reporters IS
	'Number of organisations that have ever seen the problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.side IS
	'Who has to act. ours: several reporters saw the problem in the 7 days up to last_seen. sender: one reporter alone saw it, while others reported successes for the domain under the same type of policy on the same days and no failure at that host. unknown: neither applies.';
COMMENT ON COLUMN tlsrpt.problem_fact.urgency IS
	'What to look at first: from 0 (resolved) to 100, computed from share, side, newness and whether it may be an attack.';
COMMENT ON COLUMN tlsrpt.problem_fact.downgrade IS
	'True if several senders lost STARTTLS at once, which may be a downgrade attack.';
COMMENT ON COLUMN tlsrpt.problem_fact.run_first IS
	'First day (UTC) of the latest run: from this day to last_seen, the problem was never absent for more than a week. first_seen if it was last seen more than 14 days ago.';
COMMENT ON COLUMN tlsrpt.problem_fact.heard_since IS
	'True if the reporter that saw most of the problem in its last week has reported on the domain after last_seen, or if last_seen is more than 90 days ago.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_first IS
	'First day (UTC) of the week that ends with last_seen and that all week_ columns refer to; not before first_seen.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_seen_first IS
	'First day (UTC) of that week on which the problem was seen.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_failed_sessions IS
	'Number of failed sessions of the problem in that week.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_sessions IS
	'Number of all sessions of the domain in that week, over all reporters.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_reporters IS
	'Number of organisations that saw the problem in that week.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_names IS
	'Names of up to four organisations that saw the problem in that week, starting with the one that saw most of it.';
COMMENT ON COLUMN tlsrpt.problem_fact.others IS
	'If one reporter alone saw the problem: number of other organisations, up to 4, that reported successes for the domain under the same type of policy between week_seen_first and last_seen. Otherwise 0.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_successful_sessions IS
	'Number of successful sessions of the domain in that week, over all reporters.';
COMMENT ON COLUMN tlsrpt.problem_fact.other_mx IS
	'MX hosts listed in the domain''s policy that do not have this failure in that week. NULL if the problem is resolved or does not concern a named host.';
COMMENT ON COLUMN tlsrpt.problem_fact.other_names IS
	'Names of the organisations counted in others; NULL if there are none.';
COMMENT ON COLUMN tlsrpt.problem_fact.other_sessions IS
	'Number of successful sessions of the organisations counted in others; NULL if there are none.';
COMMENT ON COLUMN tlsrpt.problem.problem_id IS
	'Identifier of the problem: 16 hexadecimal digits, the same each time that the problem returns.';
COMMENT ON COLUMN tlsrpt.problem.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL for failures whose reports do not name one.';
COMMENT ON COLUMN tlsrpt.problem.result_type IS
	'What went wrong: result-type (RFC 8460 section 4.3). NULL if absent.';
COMMENT ON COLUMN tlsrpt.problem.receiving_mx_hostname IS
	'Our MX host as named in DNS; NULL if the failure does not concern a host or the report does not name it.';
COMMENT ON COLUMN tlsrpt.problem.state IS
	'new: first seen in the last 7 days, or seen again in them after more than a week without it. ongoing: seen for longer. resolved: reports have covered three later days without it, and the reporter that saw most of it has reported since; or it was last seen more than 14 days ago.';
COMMENT ON COLUMN tlsrpt.problem.first_seen IS
	'First day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem.last_seen IS
	'Last day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem.failed_sessions IS
	'Number of failed sessions over all days and reporters; one session may be counted in several problems.';
COMMENT ON COLUMN tlsrpt.problem.affected_share IS
	'Failed sessions of the problem / all sessions of the domain, in the 7 days up to last_seen: 0 to 1.';
COMMENT ON COLUMN tlsrpt.problem.reporters IS
	'Number of organisations that have ever seen the problem.';
COMMENT ON COLUMN tlsrpt.problem.side IS
	'Who has to act. ours: several reporters saw the problem in the 7 days up to last_seen. sender: one reporter alone saw it, while others reported successes for the domain under the same type of policy on the same days and no failure at that host. unknown: neither applies.';
COMMENT ON COLUMN tlsrpt.problem.evidence IS
	'The reason for side, with names, days and counts, and the MX hosts that do not have the failure.';
COMMENT ON COLUMN tlsrpt.problem.explanation IS
	'What happens, where, since when and to how many sessions, in sentences.';
COMMENT ON COLUMN tlsrpt.problem.action IS
	'What to check and what to change.';
COMMENT ON COLUMN tlsrpt.problem.urgency IS
	'What to look at first: from 0 (resolved) to 100, computed from share, side, newness and whether it may be an attack.';
COMMENT ON COLUMN tlsrpt.problem_daily.problem_id IS
	'Identifier of the problem: 16 hexadecimal digits, the same each time that the problem returns.';
COMMENT ON COLUMN tlsrpt.problem_daily.day IS
	'UTC date that the reports count for.';
COMMENT ON COLUMN tlsrpt.problem_daily.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL for failures whose reports do not name one.';
COMMENT ON COLUMN tlsrpt.problem_daily.result_type IS
	'What went wrong: result-type (RFC 8460 section 4.3). NULL if absent.';
COMMENT ON COLUMN tlsrpt.problem_daily.receiving_mx_hostname IS
	'Our MX host as named in DNS; NULL if the failure does not concern a host or the report does not name it.';
COMMENT ON COLUMN tlsrpt.problem_daily.successful_sessions IS
	'Number of successful sessions of the domain on that day, over all reporters.';
COMMENT ON COLUMN tlsrpt.problem_daily.failed_sessions IS
	'Number of failed sessions of the problem on that day, over all reporters.';
COMMENT ON COLUMN tlsrpt.problem_daily.failure_rate IS
	'failed_sessions of the problem / all sessions of the domain on that day, from 0 to 1; NULL if there were no sessions.';

GRANT SELECT ON tlsrpt.problem_fact, tlsrpt.problem, tlsrpt.problem_daily
	TO tlsrpt_reader;
REVOKE ALL ON FUNCTION tlsrpt.one_line(text),
	tlsrpt.days_of(text, date, date),
	tlsrpt.others_of(text, text, text, text, text, date, date),
	tlsrpt.problems_of(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tlsrpt.one_line(text),
	tlsrpt.days_of(text, date, date),
	tlsrpt.others_of(text, text, text, text, text, date, date),
	tlsrpt.problems_of(text, date) TO tlsrpt_reader;
