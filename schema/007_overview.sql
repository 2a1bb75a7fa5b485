-- SPDX-License-Identifier: MIT
-- Overviews: the state of each domain, who reports, and who has stopped reporting.

CREATE FUNCTION tlsrpt.overview_of(domain text)
RETURNS TABLE (
	successful_sessions_7d numeric, failed_sessions_7d numeric,
	failure_rate_7d double precision, successful_sessions_30d numeric,
	failed_sessions_30d numeric, failure_rate_30d double precision,
	failure_rate_previous_30d double precision, trend text,
	worst_problem text, last_report date, reporters int,
	worst_problem_id text)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, pg_temp
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
	today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
	RETURN QUERY
	SELECT
		s.successful_7d,
		s.failed_7d,
		r.rate_7d,
		s.successful_30d,
		s.failed_30d,
		r.rate_30d,
		r.rate_previous,
		CASE
			WHEN r.rate_30d IS NULL THEN 'silent'
			WHEN r.rate_previous IS NULL THEN 'new'
			WHEN r.rate_30d > r.rate_previous * 1.2
				AND r.rate_30d > r.rate_previous + 0.001 THEN 'worse'
			WHEN r.rate_30d < r.rate_previous / 1.2
				AND r.rate_30d < r.rate_previous - 0.001 THEN 'better'
			ELSE 'steady'
		END,
		CASE WHEN w.sentence IS NULL AND s.failed_7d > 0 AND NOT EXISTS (
				SELECT FROM tlsrpt.problem_day AS d
				WHERE d.policy_domain = domain AND d.day > today - 7)
			THEN format('%s failed %s in the last week, but no report says why',
				s.failed_7d, CASE s.failed_7d WHEN 1 THEN 'session'
					ELSE 'sessions' END)
			ELSE w.sentence END,
		l.day,
		o.reporters,
		w.problem_id
	FROM (
		SELECT coalesce(sum(t.successful_sessions) FILTER (WHERE t.day
				> today - 7), 0) AS successful_7d,
			coalesce(sum(t.failed_sessions) FILTER (WHERE t.day
				> today - 7), 0) AS failed_7d,
			coalesce(sum(t.successful_sessions) FILTER (WHERE t.day
				> today - 30), 0) AS successful_30d,
			coalesce(sum(t.failed_sessions) FILTER (WHERE t.day
				> today - 30), 0) AS failed_30d,
			coalesce(sum(t.successful_sessions) FILTER (WHERE t.day
				<= today - 30), 0)
				AS successful_previous,
			coalesce(sum(t.failed_sessions) FILTER (WHERE t.day
				<= today - 30), 0)
				AS failed_previous
		FROM tlsrpt.domain_day AS t
		WHERE t.policy_domain = domain
			AND t.day > today - 60
	) AS s
	CROSS JOIN LATERAL (
		SELECT (s.failed_7d / nullif(s.successful_7d + s.failed_7d, 0))
				::double precision AS rate_7d,
			(s.failed_30d / nullif(s.successful_30d + s.failed_30d, 0))
				::double precision AS rate_30d,
			(s.failed_previous / nullif(s.successful_previous
				+ s.failed_previous, 0))::double precision AS rate_previous
	) AS r
	CROSS JOIN (
		SELECT max(t.day) AS day FROM tlsrpt.domain_day AS t
		WHERE t.policy_domain = domain
	) AS l
	CROSS JOIN LATERAL (
		SELECT count(*)::int AS reporters
		FROM tlsrpt.reporter_history AS h
		WHERE h.policy_domain = domain
			AND h.last_report > today - 30
	) AS o
	LEFT JOIN LATERAL (
		SELECT p.problem_id, tlsrpt.one_line(format(
			'%s at %s: %s failed %s in the week to %s, %s%% of all sessions '
			'(reported by %s%s)',
			coalesce(left(p.result_type, 100), 'A failure without a result type'),
			coalesce(left(p.receiving_mx_hostname, 255), CASE
				WHEN p.result_type LIKE 'sts-%' THEN 'mta-sts.' || domain
				ELSE 'an unnamed MX host' END),
			p.week_failed_sessions, CASE p.week_failed_sessions
				WHEN 1 THEN 'session' ELSE 'sessions' END,
			to_char(p.last_seen, 'YYYY-MM-DD'),
			CASE WHEN p.affected_share < 0.001 THEN 'under 0.1'
				ELSE trim_scale(round(100 * p.affected_share::numeric, 1))
					::text END,
			array_to_string(p.week_names[1:3], ', '), CASE
				WHEN p.week_reporters > 3
				THEN ' and ' || p.week_reporters - 3 || ' more' ELSE '' END))
			|| CASE WHEN p.downgrade
				THEN ': possibly a downgrade attack' ELSE '' END AS sentence
		FROM tlsrpt.problems_of(domain, today - 14) AS p
		WHERE p.urgency > 0
			AND p.week_failed_sessions > 0
		ORDER BY p.urgency DESC, p.week_failed_sessions DESC, p.problem_id
		LIMIT 1
	) AS w ON true;
END
$$;

CREATE VIEW tlsrpt.domain_overview WITH (security_invoker = true) AS
SELECT d.policy_domain, o.successful_sessions_7d, o.failed_sessions_7d,
	o.failure_rate_7d, o.successful_sessions_30d, o.failed_sessions_30d,
	o.failure_rate_30d, o.failure_rate_previous_30d, o.trend, o.worst_problem,
	o.last_report, o.reporters, o.worst_problem_id
FROM tlsrpt.domain AS d
CROSS JOIN LATERAL tlsrpt.overview_of(d.policy_domain) AS o;

COMMENT ON FUNCTION tlsrpt.overview_of(text) IS
	'The row of domain_overview for one domain. Reads with the privileges of the caller.';
COMMENT ON VIEW tlsrpt.domain_overview IS
	'One row for each policy domain that was ever reported on: its current state, the trend, and its worst problem. Days are UTC and include today; most reports arrive the day after. Reports that name no domain are not included; daily has them.';
COMMENT ON COLUMN tlsrpt.domain_overview.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4).';
COMMENT ON COLUMN tlsrpt.domain_overview.successful_sessions_7d IS
	'Number of successful sessions in the last 7 days.';
COMMENT ON COLUMN tlsrpt.domain_overview.failed_sessions_7d IS
	'Number of failed sessions in the last 7 days.';
COMMENT ON COLUMN tlsrpt.domain_overview.failure_rate_7d IS
	'Share of sessions that failed in the last 7 days, from 0 to 1; NULL if there were no sessions.';
COMMENT ON COLUMN tlsrpt.domain_overview.successful_sessions_30d IS
	'Number of successful sessions in the last 30 days.';
COMMENT ON COLUMN tlsrpt.domain_overview.failed_sessions_30d IS
	'Number of failed sessions in the last 30 days.';
COMMENT ON COLUMN tlsrpt.domain_overview.failure_rate_30d IS
	'Share of sessions that failed in the last 30 days, from 0 to 1; NULL if there were no sessions.';
COMMENT ON COLUMN tlsrpt.domain_overview.failure_rate_previous_30d IS
	'Share of sessions that failed in the 30 days before the last 30, from 0 to 1; NULL if there were no sessions.';
COMMENT ON COLUMN tlsrpt.domain_overview.trend IS
	'failure_rate_30d compared with failure_rate_previous_30d. worse or better: changed by at least a fifth and by at least 0.001; steady: changed by less; new: no sessions were reported in the previous 30 days; silent: none were reported in the last 30 days.';
COMMENT ON COLUMN tlsrpt.domain_overview.worst_problem IS
	'The most urgent problem that is not resolved, as a sentence; the view problem has the others. If sessions failed in the last 7 days but no report has details, the sentence says so. NULL if there is neither.';
COMMENT ON COLUMN tlsrpt.domain_overview.worst_problem_id IS
	'problem_id of worst_problem; NULL if there is no such problem.';
COMMENT ON COLUMN tlsrpt.domain_overview.last_report IS
	'Last day (UTC) covered by a report.';
COMMENT ON COLUMN tlsrpt.domain_overview.reporters IS
	'Number of organisations that reported in the last 30 days; those without a name count as one.';

CREATE VIEW tlsrpt.by_mx_host WITH (security_invoker = true) AS
SELECT d.day, d.policy_domain, d.receiving_mx_hostname,
	array_agg(d.result_type ORDER BY d.failed_sessions DESC, d.result_type)
		AS result_types,
	max(t.successful_sessions) AS successful_sessions,
	sum(d.failed_sessions) AS failed_sessions,
	CASE WHEN max(t.successful_sessions)::numeric + max(t.failed_sessions) > 0
		THEN least(1, sum(d.failed_sessions)
			/ (max(t.successful_sessions)::numeric + max(t.failed_sessions)))
		END::double precision AS failure_rate
FROM tlsrpt.problem_day AS d
LEFT JOIN LATERAL tlsrpt.days_of(d.policy_domain, d.day, d.day) AS t ON true
GROUP BY d.day, d.policy_domain, d.receiving_mx_hostname;

CREATE VIEW tlsrpt.by_reporter WITH (security_invoker = true) AS
SELECT s.day, s.policy_domain,
	s.organization_name COLLATE "default" AS organization_name, s.reports,
	s.successful_sessions, s.failed_sessions, s.failure_rate
FROM (
	SELECT p.day, p.policy_domain,
		p.organization_name COLLATE "C" AS organization_name,
		count(DISTINCT p.report_key) AS reports,
		sum(p.total_successful_session_count) AS successful_sessions,
		sum(p.total_failure_session_count) AS failed_sessions,
		sum(p.total_failure_session_count::double precision)
			/ nullif(sum(p.total_successful_session_count::double precision
				+ p.total_failure_session_count::double precision), 0)
			AS failure_rate
	FROM tlsrpt.policy AS p
	GROUP BY p.day, p.policy_domain, p.organization_name COLLATE "C"
) AS s;

-- Reporters that are expected to report: those that did on at least five of the
-- last sixty days.
CREATE VIEW tlsrpt.coverage WITH (security_invoker = true) AS
SELECT c.policy_domain, c.organization_name, c.first_report, c.last_report,
	cardinality(c.days) AS days_reported,
	(now() AT TIME ZONE 'UTC')::date - c.since AS days_expected,
	cardinality(c.days)::double precision
		/ ((now() AT TIME ZONE 'UTC')::date - c.since) AS coverage,
	ARRAY(
		SELECT c.since + n FROM generate_series(0,
			(now() AT TIME ZONE 'UTC')::date - 1 - c.since) AS n
		WHERE c.since + n <> ALL (c.days) ORDER BY n) AS missing_days,
	c.successful_sessions, c.failed_sessions,
	(c.failed_sessions / nullif(c.successful_sessions + c.failed_sessions, 0))
		::double precision AS failure_rate
FROM (
	SELECT p.policy_domain, p.organization_name, min(p.day) AS first_report,
		max(p.day) AS last_report,
		-- Yesterday at the latest, even if a reporter's clock was ahead: the
		-- number of days since then is a divisor and must not be 0.
		least((now() AT TIME ZONE 'UTC')::date - 1, greatest(min(p.day),
			(now() AT TIME ZONE 'UTC')::date - 30)) AS since,
		coalesce(array_agg(DISTINCT p.day) FILTER (WHERE p.day
			BETWEEN (now() AT TIME ZONE 'UTC')::date - 30
			AND (now() AT TIME ZONE 'UTC')::date - 1), '{}') AS days,
		coalesce(sum(p.total_successful_session_count) FILTER (WHERE p.day
			>= (now() AT TIME ZONE 'UTC')::date - 30), 0)
			AS successful_sessions,
		coalesce(sum(p.total_failure_session_count) FILTER (WHERE p.day
			>= (now() AT TIME ZONE 'UTC')::date - 30), 0) AS failed_sessions
	FROM tlsrpt.policy AS p
	WHERE p.day >= (now() AT TIME ZONE 'UTC')::date - 60
	GROUP BY p.policy_domain, p.organization_name
	HAVING count(DISTINCT p.day) >= 5
) AS c;

CREATE VIEW tlsrpt.silent_reporter WITH (security_invoker = true) AS
SELECT c.policy_domain, c.organization_name, c.last_report,
	(now() AT TIME ZONE 'UTC')::date - 1 - c.last_report AS silent_days,
	c.usual_gap_days, c.days_reported, c.successful_sessions,
	c.failed_sessions,
	(c.failed_sessions / nullif(c.successful_sessions + c.failed_sessions, 0))
		::double precision AS failure_rate
FROM (
	SELECT p.policy_domain, p.organization_name, max(p.day) AS last_report,
		round((max(p.day) - min(p.day))::numeric
			/ (count(DISTINCT p.day) - 1), 1) AS usual_gap_days,
		count(DISTINCT p.day)::int AS days_reported,
		sum(p.total_successful_session_count) AS successful_sessions,
		sum(p.total_failure_session_count) AS failed_sessions
	FROM tlsrpt.policy AS p
	WHERE p.day >= (now() AT TIME ZONE 'UTC')::date - 60
	GROUP BY p.policy_domain, p.organization_name
	HAVING count(DISTINCT p.day) >= 5
) AS c
WHERE (now() AT TIME ZONE 'UTC')::date - 1 - c.last_report
	>= greatest(3, 3 * c.usual_gap_days);

COMMENT ON VIEW tlsrpt.by_mx_host IS
	'Failures by day, policy domain and MX host. Restrict day or policy_domain. Reports do not say which host successful sessions went to, so the successful sessions are the domain''s.';
COMMENT ON COLUMN tlsrpt.by_mx_host.day IS
	'UTC date that the reports count for.';
COMMENT ON COLUMN tlsrpt.by_mx_host.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL if the reports do not name one.';
COMMENT ON COLUMN tlsrpt.by_mx_host.receiving_mx_hostname IS
	'Our MX host as named in DNS; NULL if the failures do not concern a host or the reports do not name it.';
COMMENT ON COLUMN tlsrpt.by_mx_host.result_types IS
	'What went wrong at this host: result types, the most frequent first.';
COMMENT ON COLUMN tlsrpt.by_mx_host.successful_sessions IS
	'Number of successful sessions of the whole domain on that day.';
COMMENT ON COLUMN tlsrpt.by_mx_host.failed_sessions IS
	'Number of failed sessions at this host on that day.';
COMMENT ON COLUMN tlsrpt.by_mx_host.failure_rate IS
	'failed_sessions at this host / all sessions of the domain on that day, from 0 to 1; NULL if there were no sessions.';
COMMENT ON VIEW tlsrpt.by_reporter IS
	'Sessions by day, policy domain and reporter. Restrict day, so that only the months needed are read.';
COMMENT ON COLUMN tlsrpt.by_reporter.day IS
	'UTC date that the reports count for.';
COMMENT ON COLUMN tlsrpt.by_reporter.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL if the reports do not name one.';
COMMENT ON COLUMN tlsrpt.by_reporter.organization_name IS
	'Organisation that reported, as it calls itself; NULL if its reports do not name it.';
COMMENT ON COLUMN tlsrpt.by_reporter.reports IS
	'Number of reports that the figures come from.';
COMMENT ON COLUMN tlsrpt.by_reporter.successful_sessions IS
	'Number of sessions that satisfied the policy (total-successful-session-count).';
COMMENT ON COLUMN tlsrpt.by_reporter.failed_sessions IS
	'Number of sessions that did not satisfy the policy (total-failure-session-count).';
COMMENT ON COLUMN tlsrpt.by_reporter.failure_rate IS
	'failed_sessions / (successful_sessions + failed_sessions), from 0 to 1; NULL if there were no sessions.';
COMMENT ON VIEW tlsrpt.coverage IS
	'Reporters that are expected to report on each domain (those that did on at least five of the last sixty days), and the days without their report in the last 30 days up to yesterday. A sender that has no mail for the domain sends no report.';
COMMENT ON COLUMN tlsrpt.coverage.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL if the reports do not name one.';
COMMENT ON COLUMN tlsrpt.coverage.organization_name IS
	'Organisation that is expected to report, as it calls itself; NULL if its reports do not name it.';
COMMENT ON COLUMN tlsrpt.coverage.first_report IS
	'First day (UTC) of the last sixty covered by its reports.';
COMMENT ON COLUMN tlsrpt.coverage.last_report IS
	'Last day (UTC) covered by its reports.';
COMMENT ON COLUMN tlsrpt.coverage.days_reported IS
	'Number of expected days covered by its reports.';
COMMENT ON COLUMN tlsrpt.coverage.days_expected IS
	'Number of days from first_report to yesterday, at most 30.';
COMMENT ON COLUMN tlsrpt.coverage.coverage IS
	'days_reported / days_expected, from 0 to 1.';
COMMENT ON COLUMN tlsrpt.coverage.missing_days IS
	'Expected days (UTC) without a report.';
COMMENT ON COLUMN tlsrpt.coverage.successful_sessions IS
	'Number of successful sessions that it reported in the last 30 days.';
COMMENT ON COLUMN tlsrpt.coverage.failed_sessions IS
	'Number of failed sessions that it reported in the last 30 days.';
COMMENT ON COLUMN tlsrpt.coverage.failure_rate IS
	'failed_sessions / (successful_sessions + failed_sessions), from 0 to 1; NULL if there were no sessions.';
COMMENT ON VIEW tlsrpt.silent_reporter IS
	'Reporters that have stopped reporting on a domain: they did on at least five of the last sixty days, but have been silent for at least three days and three times their usual gap. Their mail may not get through at all, or their reports get lost.';
COMMENT ON COLUMN tlsrpt.silent_reporter.policy_domain IS
	'Domain whose policy was applied (RFC 8460 section 4.4); NULL if the reports do not name one.';
COMMENT ON COLUMN tlsrpt.silent_reporter.organization_name IS
	'Organisation that has stopped reporting, as it calls itself; NULL if its reports do not name it.';
COMMENT ON COLUMN tlsrpt.silent_reporter.last_report IS
	'Last day (UTC) covered by its reports.';
COMMENT ON COLUMN tlsrpt.silent_reporter.silent_days IS
	'Number of days without a report since last_report, up to yesterday.';
COMMENT ON COLUMN tlsrpt.silent_reporter.usual_gap_days IS
	'Average number of days from one day reported on to the next.';
COMMENT ON COLUMN tlsrpt.silent_reporter.days_reported IS
	'Number of the last sixty days covered by its reports.';
COMMENT ON COLUMN tlsrpt.silent_reporter.successful_sessions IS
	'Number of successful sessions that it reported in the last sixty days.';
COMMENT ON COLUMN tlsrpt.silent_reporter.failed_sessions IS
	'Number of failed sessions that it reported in the last sixty days.';
COMMENT ON COLUMN tlsrpt.silent_reporter.failure_rate IS
	'failed_sessions / (successful_sessions + failed_sessions), from 0 to 1; NULL if there were no sessions.';

GRANT SELECT ON tlsrpt.domain_overview, tlsrpt.by_mx_host, tlsrpt.by_reporter,
	tlsrpt.coverage, tlsrpt.silent_reporter TO tlsrpt_reader;
REVOKE ALL ON FUNCTION tlsrpt.overview_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tlsrpt.overview_of(text) TO tlsrpt_reader;
