-- SPDX-License-Identifier: MIT
-- Who reports, most sessions first, and on how many domains a reporter has
-- fallen silent. At least 60 days are looked back, as
-- tlsrpt.silent_reporter does, so that a silent one is listed, too.
--   $1 text[]  domains, NULL for all
--   $2 int     number of days, today included
--   $3 int     how many reporters at most
WITH p AS (
    SELECT organization_name, report_key, day,
           total_successful_session_count AS successful,
           total_failure_session_count AS failed,
           day > (now() AT TIME ZONE 'UTC')::date - $2::int AS recent
      FROM tlsrpt.policy
     WHERE day > (now() AT TIME ZONE 'UTC')::date - greatest($2::int, 60)
       AND ($1::text[] IS NULL OR policy_domain = ANY ($1::text[]))
), n AS (
    SELECT organization_name,
           count(DISTINCT report_key) FILTER (WHERE recent) AS reports,
           max(day) AS last_report,
           coalesce(sum(successful) FILTER (WHERE recent), 0)
               AS successful_sessions,
           coalesce(sum(failed) FILTER (WHERE recent), 0) AS failed_sessions
      FROM p
     GROUP BY organization_name
), q AS (
    SELECT organization_name, count(*) AS silent_domains
      FROM tlsrpt.silent_reporter
     WHERE ($1::text[] IS NULL OR policy_domain = ANY ($1::text[]))
     GROUP BY organization_name
)
SELECT n.*, q.silent_domains
  FROM n
  LEFT JOIN q ON q.organization_name IS NOT DISTINCT FROM n.organization_name
 ORDER BY n.successful_sessions + n.failed_sessions DESC, n.organization_name
 LIMIT $3::int;
