-- SPDX-License-Identifier: MIT
-- The domains that a report in this period is about, most failures first.
-- by_day is "AGO:FAILED:SUCCESSFUL …", AGO being days before today; previous_*
-- counts the same number of days before.
--   $1 text[]  domains, NULL for all
--   $2 int     number of days, today included
WITH d AS (
    SELECT policy_domain, day, sum(successful_sessions) AS ok,
           sum(failed_sessions) AS failed
      FROM tlsrpt.daily
     WHERE day > (now() AT TIME ZONE 'UTC')::date - 2 * $2::int
       AND ($1::text[] IS NULL OR policy_domain = ANY ($1::text[]))
     GROUP BY policy_domain, day
), r AS (
    SELECT policy_domain,
           count(DISTINCT coalesce(organization_name, '')) AS reporters
      FROM tlsrpt.daily
     WHERE day > (now() AT TIME ZONE 'UTC')::date - $2::int
       AND ($1::text[] IS NULL OR policy_domain = ANY ($1::text[]))
     GROUP BY policy_domain
), n AS (
    SELECT policy_domain, day, ok, failed,
           (now() AT TIME ZONE 'UTC')::date - day AS ago,
           day > (now() AT TIME ZONE 'UTC')::date - $2::int AS recent
      FROM d
), s AS (
    SELECT policy_domain,
           coalesce(sum(ok) FILTER (WHERE recent), 0) AS successful_sessions,
           coalesce(sum(failed) FILTER (WHERE recent), 0) AS failed_sessions,
           coalesce(sum(ok) FILTER (WHERE NOT recent), 0)
               AS previous_successful_sessions,
           coalesce(sum(failed) FILTER (WHERE NOT recent), 0)
               AS previous_failed_sessions,
           max(day) AS last_report,
           string_agg(ago || ':' || failed || ':' || ok, ' ')
               FILTER (WHERE recent) AS by_day
      FROM n
     GROUP BY policy_domain
)
SELECT s.*, coalesce(r.reporters, 0) AS reporters
  FROM s
  LEFT JOIN r ON r.policy_domain IS NOT DISTINCT FROM s.policy_domain
 WHERE s.by_day IS NOT NULL
 ORDER BY failed_sessions DESC, successful_sessions DESC, s.policy_domain;
