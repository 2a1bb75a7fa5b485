-- SPDX-License-Identifier: MIT
-- Problems: what fails, at which host, since when, whose it is, what to do.
--
-- Time. Reports come once a day and about the day before, so a day's silence
-- means nothing. A problem is resolved when the domain was reported on for three
-- later days without it, or after 14 days. It is new for a week; one that was
-- away for more than a week is new again (and ingest announces it). Share, side
-- and evidence are about its last week: the 7 days up to last_seen.
--
-- Speed. Everything comes from the sums of 005 by index, whatever the number of
-- failure rows, and one domain at a time by functions whose plans a session
-- keeps: planned anew in each view, with JIT compilation switched on as it is by
-- default, the plan took ten times as long as the answer. No partitioned table
-- is in it: to plan for years of months takes longer than all the rest.

-- The numbers. Sentences are in problem: a query that does not ask for them does
-- not make them. Runs with the rights of who asks.
CREATE FUNCTION tlsrpt.problems_of(
	domain text, since date DEFAULT '-infinity')
RETURNS TABLE (
	problem_id text, result_type text, receiving_mx_hostname text,
	state text, first_seen date, last_seen date, failed_sessions bigint,
	affected_share double precision, reporters int, side text, urgency int,
	downgrade boolean, week_first date, week_failed_sessions numeric,
	week_sessions numeric, week_successful_sessions numeric,
	week_reporters int, week_names text[], others int, other_names text[],
	other_mx text[])
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
		-- Most domains have none: one look at an index, and not all that follows.
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
		j.downgrade, s.week_first, w.failed, t.sessions, t.successful,
		s.week_reporters, s.week_names, o.others, o.other_names,
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
			(array_agg(left(coalesce(h.organization_name,
					'an unnamed reporter'), 100)
				ORDER BY h.failed_sessions DESC, h.organization_name)
				FILTER (WHERE h.last_seen > h.newest - 7))[1:4] AS week_names,
			min(h.organization_name) FILTER (WHERE h.last_seen > h.newest - 7)
				AS week_reporter
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
		SELECT sum(d.failed_sessions) FILTER (WHERE d.day >= s.week_first)
				AS failed,
			coalesce(bool_or(d.day BETWEEN today - 14 AND today - 7), false)
				AS last_week
		FROM tlsrpt.problem_day AS d
		WHERE d.problem_id = s.problem_id
			AND d.day >= least(s.week_first, today - 14)
	) AS w
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(d.successful_sessions), 0) AS successful,
			coalesce(sum(d.successful_sessions::numeric + d.failed_sessions), 0)
				AS sessions
		FROM (SELECT * FROM tlsrpt.domain_day AS d
			WHERE d.policy_domain = domain
				AND d.day BETWEEN s.week_first AND s.last_seen
			UNION ALL
			SELECT * FROM tlsrpt.domain_day AS d
			WHERE domain IS NULL AND d.policy_domain IS NULL
				AND d.day BETWEEN s.week_first AND s.last_seen) AS d
	) AS t
	CROSS JOIN LATERAL (
		SELECT CASE WHEN coalesce(w.failed, 0) = 0 THEN 0
			ELSE least(1, w.failed / greatest(t.sessions, 1)) END
			::double precision AS affected_share
	) AS k
	CROSS JOIN LATERAL (
		SELECT count(*)::int AS others,
			(array_agg(r.name ORDER BY r.sessions DESC, r.name))[1:4]
				AS other_names
		FROM (
			SELECT left(coalesce(h.organization_name,
					'an unnamed reporter'), 100) AS name,
				h.successful_sessions AS sessions
			FROM tlsrpt.reporter_history AS h
			WHERE s.week_reporters = 1 AND h.policy_domain = domain
				AND h.first_success <= s.last_seen
				AND h.last_success >= s.week_first
				AND h.organization_name IS DISTINCT FROM s.week_reporter
			-- The largest, for a problem of today; any, for one of old.
			LIMIT CASE WHEN s.last_seen < today - 14 THEN 4 ELSE 10000 END
		) AS r
	) AS o
	CROSS JOIN LATERAL (
		SELECT CASE
				WHEN s.last_seen < today - 14
					THEN 'resolved'
				WHEN EXISTS (
						SELECT FROM tlsrpt.domain_day AS d
						WHERE d.policy_domain = domain
							AND d.day > s.last_seen
						ORDER BY d.day OFFSET 2 LIMIT 1) THEN 'resolved'
				WHEN s.last_seen > today - 7
					AND NOT w.last_week
					THEN 'new'
				ELSE 'ongoing'
			END AS state,
			CASE
				WHEN s.week_reporters > 1 THEN 'ours'
				WHEN o.others > 0 AND NOT (
					-- The first asks little, the second much.
					EXISTS (
						SELECT FROM tlsrpt.problem_day AS d
						WHERE d.policy_domain = domain
							AND d.day BETWEEN s.week_first AND s.last_seen
							AND d.problem_id <> s.problem_id
							AND d.receiving_mx_hostname
								IS NOT DISTINCT FROM s.receiving_mx_hostname)
					AND EXISTS (
						SELECT FROM tlsrpt.problem_history AS f
						WHERE f.policy_domain = domain
							AND f.first_seen <= s.last_seen
							AND f.last_seen >= s.week_first
							AND f.receiving_mx_hostname
								IS NOT DISTINCT FROM s.receiving_mx_hostname
							AND f.organization_name
								IS DISTINCT FROM s.week_reporter))
					THEN 'sender'
				ELSE 'unknown'
			END AS side,
			s.result_type IS NOT DISTINCT FROM 'starttls-not-supported'
				AND s.week_reporters > 2 AS downgrade
		-- Worked out once, however often it is named above.
		OFFSET 0
	) AS j;
END
$$;

CREATE VIEW tlsrpt.problem_fact WITH (security_invoker = true) AS
SELECT f.problem_id, d.policy_domain, f.result_type, f.receiving_mx_hostname,
	f.state, f.first_seen, f.last_seen, f.failed_sessions, f.affected_share,
	f.reporters, f.side, f.urgency, f.downgrade, f.week_first,
	f.week_failed_sessions, f.week_sessions, f.week_successful_sessions,
	f.week_reporters, f.week_names, f.others, f.other_names, f.other_mx
FROM (SELECT n.policy_domain FROM tlsrpt.domain AS n
	UNION ALL SELECT NULL) AS d
CROSS JOIN LATERAL tlsrpt.problems_of(d.policy_domain) AS f;

CREATE VIEW tlsrpt.problem WITH (security_invoker = true) AS
SELECT f.problem_id, f.policy_domain, f.result_type,
	f.receiving_mx_hostname, f.state, f.first_seen, f.last_seen,
	f.failed_sessions, f.affected_share, f.reporters, f.side,
	-- evidence
	CASE
		WHEN f.week_reporters > 1 THEN format(
			'%s reporters, independent of one another, saw it %s: %s.',
			f.week_reporters, x.week, rtrim(x.names, '.'))
		WHEN f.side = 'sender' THEN format(
			'Only %s saw it %s, while %s reported successful sessions and '
			'no failure at %s (successful sessions of the domain in these '
			'days: %s).', x.names, x.week, x.other_names,
			CASE WHEN x.sts THEN 'that policy' ELSE x.host END,
			f.week_successful_sessions)
		WHEN f.others > 0 THEN format(
			'Only %s saw it %s; others saw other failures at %s.',
			x.names, x.week, x.host)
		ELSE format('Only %s saw it %s, and nobody else reported sessions '
			'that succeeded, so there is nothing to compare it with.',
			x.names, x.week)
	END || CASE WHEN f.other_mx <> '{}' THEN format(
		' Of the other MX hosts, none had this failure in these days: %s.',
		array_to_string(f.other_mx, ', ')) ELSE '' END AS evidence,
	-- explanation
	format('%s %s %s: %s reported by %s%s. ',
		CASE WHEN f.state = 'resolved' THEN 'Over'
			WHEN f.state = 'ongoing' THEN 'Ongoing'
			WHEN f.first_seen < f.last_seen - 7 THEN 'Back again'
			ELSE 'New' END,
		CASE WHEN f.first_seen = f.last_seen THEN 'on '
			WHEN f.state = 'resolved' THEN 'from ' ELSE 'since ' END
			|| to_char(f.first_seen, 'YYYY-MM-DD'),
		CASE WHEN f.first_seen = f.last_seen THEN 'for '
			WHEN f.state = 'resolved' THEN format('to %s for ',
				to_char(f.last_seen, 'YYYY-MM-DD'))
			ELSE format('(last on %s) for ',
				to_char(f.last_seen, 'YYYY-MM-DD')) END
			|| coalesce(f.policy_domain, 'a domain that was not named'),
		f.failed_sessions || CASE f.failed_sessions
			WHEN 1 THEN ' failed session' ELSE ' failed sessions' END,
		CASE WHEN f.affected_share > 0 THEN x.names
			ELSE rtrim(x.names, '.') END,
		CASE WHEN f.affected_share > 0 THEN format(
			', which in its last week is %s %% of all sessions of the domain',
			CASE WHEN f.affected_share < 0.001 THEN 'under 0.1'
				ELSE trim_scale(round(100 * f.affected_share::numeric, 1))
					::text END) ELSE '' END)
	|| CASE coalesce(f.result_type, '')
		WHEN 'starttls-not-supported' THEN format(
			'%s did not offer STARTTLS, so mail could only have gone in the '
			'clear.', x.host)
		WHEN 'certificate-expired' THEN format(
			'The certificate that %s presents has expired.', x.host)
		WHEN 'certificate-host-mismatch' THEN format(
			'The certificate that %s presents is not for that name.', x.host)
		WHEN 'certificate-not-trusted' THEN format(
			'The certificate that %s presents leads to no authority the '
			'sender trusts.', x.host)
		WHEN 'validation-failure' THEN format(
			'TLS with %s failed for a reason that has no type of its own; '
			'failure_reason_code in failure_detail may say more.', x.host)
		WHEN 'tlsa-invalid' THEN format(
			'The TLSA records of %s do not match what it presents, and DANE '
			'senders hold mail back.', x.host)
		WHEN 'dnssec-invalid' THEN format(
			'DNS answers for %s failed DNSSEC validation, and validating '
			'senders cannot reach it.', x.host)
		WHEN 'dane-required' THEN format(
			'The sender insists on DANE and found no usable TLSA records for '
			'%s.', x.host)
		WHEN 'sts-policy-fetch-error' THEN format(
			'The MTA-STS policy could not be fetched from %s.', x.policy_host)
		WHEN 'sts-policy-invalid' THEN format(
			'The MTA-STS policy at %s breaks the syntax of RFC 8461.',
			x.policy_host)
		WHEN 'sts-webpki-invalid' THEN format(
			'The web server %s has a certificate that the sender does not '
			'accept, so the MTA-STS policy was not used.', x.policy_host)
		ELSE format('At %s the sender saw %s, which is not in the IANA '
			'registry of result types.', x.host, coalesce(
				'"' || left(f.result_type, 100) || '"',
				'a failure without a type'))
	END
	|| CASE WHEN f.downgrade THEN format(
		' Several senders lost STARTTLS in the same days: that is what a '
		'possible downgrade attack looks like, somebody on the path stripping '
		'it on purpose; a server or firewall that was changed looks the same '
		'from outside (%s reporters).', f.week_reporters) ELSE '' END
	|| CASE f.side WHEN 'ours' THEN
			' It is most likely on our side.'
		WHEN 'sender' THEN format(
			' It is most likely on the sender''s side: %s.',
			rtrim(x.names, '.'))
		ELSE '' END AS explanation,
	-- action
	CASE
		WHEN f.state = 'resolved' THEN format(
			'Nothing to do: not seen since %s. Should it come back: ',
			to_char(f.last_seen, 'YYYY-MM-DD'))
		WHEN f.downgrade THEN format(
			'Check %s at once from several networks outside. ', x.host)
		WHEN f.side = 'sender' THEN format(
			'Ask %s first (contact_info in failure_detail); others deliver. '
			'If they cannot tell: ', x.names)
		ELSE '' END
	|| coalesce(replace(replace(replace(replace(r.action,
			'MX:25', x.safe_host || ':25'),
			'servername MX', 'servername ' || x.safe_host),
			'_tcp.MX', '_tcp.' || x.safe_host),
			'mta-sts.DOMAIN', x.safe_policy_host),
		format('Look at failure_reason_code and additional_information in '
			'failure_detail for %s, and test %s from outside with "openssl '
			's_client -starttls smtp -connect %s:25".',
			coalesce(f.policy_domain, 'it'), x.host, x.safe_host))
		AS action,
	f.urgency
FROM tlsrpt.problem_fact AS f
LEFT JOIN tlsrpt.result_type AS r ON r.result_type = f.result_type
CROSS JOIN LATERAL (
	SELECT coalesce(left(f.receiving_mx_hostname, 255),
			'an MX host that was not named') AS host,
		-- Only a name goes into a command that somebody may copy.
		CASE WHEN f.receiving_mx_hostname ~ '^[A-Za-z0-9][A-Za-z0-9._-]*$'
				AND length(f.receiving_mx_hostname) <= 255
			THEN f.receiving_mx_hostname ELSE 'MX' END AS safe_host,
		coalesce(f.result_type LIKE 'sts-%', false) AS sts,
		'mta-sts.' || coalesce(f.policy_domain, 'DOMAIN') AS policy_host,
		'mta-sts.' || CASE WHEN f.policy_domain ~ '^[a-z0-9][a-z0-9._-]*$'
			THEN f.policy_domain ELSE 'DOMAIN' END AS safe_policy_host,
		CASE WHEN f.week_first = f.last_seen
			THEN 'on ' || to_char(f.last_seen, 'YYYY-MM-DD')
			ELSE format('from %s to %s', to_char(f.week_first, 'YYYY-MM-DD'),
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
	-- Worked out once, however often it is named above.
	OFFSET 0
) AS x;

CREATE VIEW tlsrpt.problem_daily WITH (security_invoker = true) AS
SELECT d.problem_id, d.day, d.policy_domain, d.result_type,
	d.receiving_mx_hostname, t.successful_sessions, d.failed_sessions,
	least(1, d.failed_sessions::numeric / nullif(
		t.successful_sessions::numeric + t.failed_sessions, 0))
		::double precision AS failure_rate
FROM tlsrpt.problem_day AS d
LEFT JOIN tlsrpt.domain_day AS t
	ON t.day = d.day AND t.policy_domain = d.policy_domain;

COMMENT ON FUNCTION tlsrpt.problems_of(text, date) IS
	'Rows of problem_fact for one domain, of problems seen since a day; with NULL those that no domain was named for. Reads with the rights of who calls.';
COMMENT ON VIEW tlsrpt.problem_fact IS
	'The numbers behind problem, without sentences.';
COMMENT ON VIEW tlsrpt.problem IS
	'One row for each policy domain, result type and MX host that ever failed: what it is, whose it is, what to do. ORDER BY urgency DESC. Restrict policy_domain where you can.';
COMMENT ON VIEW tlsrpt.problem_daily IS
	'Failed sessions of each problem by day, for a chart or "when did it start?". Restrict policy_domain or problem_id.';
COMMENT ON COLUMN tlsrpt.problem_fact.problem_id IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.policy_domain IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.result_type IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.receiving_mx_hostname IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.state IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.first_seen IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.last_seen IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.failed_sessions IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.affected_share IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.reporters IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.side IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.urgency IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_fact.downgrade IS
	'Whether several senders lost STARTTLS at once.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_first IS
	'First of the days that week_… are about; last_seen is the last.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_failed_sessions IS
	'Failed sessions of the problem in these days.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_sessions IS
	'All sessions of the domain in these days.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_reporters IS
	'Organisations that saw it in these days.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_names IS
	'Up to four of their names.';
COMMENT ON COLUMN tlsrpt.problem_fact.others IS
	'When one alone saw it: organisations that reported successes for the domain in these days; counted up to 4 for problems of more than 14 days ago.';
COMMENT ON COLUMN tlsrpt.problem_fact.week_successful_sessions IS
	'Successful sessions of the domain in these days, of all reporters.';
COMMENT ON COLUMN tlsrpt.problem_fact.other_mx IS
	'MX hosts in the policy of the domain that are free of this failure, while it lasts.';
COMMENT ON COLUMN tlsrpt.problem_fact.other_names IS
	'Up to four of their names.';
COMMENT ON COLUMN tlsrpt.problem.problem_id IS
	'Names the problem, the same whenever it comes back: 16 hexadecimal digits.';
COMMENT ON COLUMN tlsrpt.problem.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4).';
COMMENT ON COLUMN tlsrpt.problem.result_type IS
	'What went wrong (RFC 8460 section 4.3).';
COMMENT ON COLUMN tlsrpt.problem.receiving_mx_hostname IS
	'Our MX host as DNS named it; NULL when it is not about a host, or not named.';
COMMENT ON COLUMN tlsrpt.problem.state IS
	'new: first seen in the last 7 days, or seen again after more than a week. ongoing. resolved: the domain was reported on for three later days without it, or it is over 14 days ago.';
COMMENT ON COLUMN tlsrpt.problem.first_seen IS
	'First day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem.last_seen IS
	'Last day (UTC) with such a failure.';
COMMENT ON COLUMN tlsrpt.problem.failed_sessions IS
	'Failed sessions of all days and reporters; a session may be in several problems.';
COMMENT ON COLUMN tlsrpt.problem.affected_share IS
	'Failed sessions of the problem / all sessions of the domain, in the 7 days up to last_seen: 0 to 1.';
COMMENT ON COLUMN tlsrpt.problem.reporters IS
	'Number of organisations that ever saw it.';
COMMENT ON COLUMN tlsrpt.problem.side IS
	'ours: several reporters saw it in the 7 days up to last_seen. sender: one alone did, while others reported successes for the domain and no failure at that host in the same days. unknown: neither.';
COMMENT ON COLUMN tlsrpt.problem.evidence IS
	'Why side says so, with names, days and counts; and which MX hosts are free of it.';
COMMENT ON COLUMN tlsrpt.problem.explanation IS
	'What happens, where, since when and how much of it, in sentences.';
COMMENT ON COLUMN tlsrpt.problem.action IS
	'What to look at, and what to change.';
COMMENT ON COLUMN tlsrpt.problem.urgency IS
	'What to look at first: 0 (resolved) to 100, from share, side, newness, and whether it may be an attack.';
COMMENT ON COLUMN tlsrpt.problem_daily.problem_id IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_daily.day IS
	'UTC date that the reports are about.';
COMMENT ON COLUMN tlsrpt.problem_daily.policy_domain IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_daily.result_type IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_daily.receiving_mx_hostname IS
	'As in problem.';
COMMENT ON COLUMN tlsrpt.problem_daily.successful_sessions IS
	'Successful sessions of the domain on that day.';
COMMENT ON COLUMN tlsrpt.problem_daily.failed_sessions IS
	'Failed sessions of the problem on that day, of all reporters.';
COMMENT ON COLUMN tlsrpt.problem_daily.failure_rate IS
	'failed_sessions of the problem / all sessions of the domain on that day: 0 to 1.';

GRANT SELECT ON tlsrpt.problem_fact, tlsrpt.problem, tlsrpt.problem_daily
	TO tlsrpt_reader;
REVOKE ALL ON FUNCTION tlsrpt.problems_of(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tlsrpt.problems_of(text, date) TO tlsrpt_reader;
