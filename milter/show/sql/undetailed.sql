-- SPDX-License-Identifier: MIT
-- Failed sessions of which the reports give no details, by domain, most first.
-- Where a problem is open somebody gave details, and it is plain what to do; so
-- only domains without an open problem are listed.
--   $1 text[]  domains, NULL for all
--   $2 int     number of days, today included
--   $3 int     how many domains at most
WITH u AS MATERIALIZED (
    SELECT policy_domain, organization_name,
           sum(total_failure_session_count) AS failed
      FROM tlsrpt.policy AS p
     WHERE day > (now() AT TIME ZONE 'UTC')::date - $2::int
       AND ($1::text[] IS NULL OR policy_domain = ANY ($1::text[]))
       AND total_failure_session_count > 0
       AND NOT EXISTS (
            SELECT FROM tlsrpt.failure AS f
             WHERE f.policy_key = p.policy_key AND f.day = p.day
               AND f.day > (now() AT TIME ZONE 'UTC')::date - $2::int)
     GROUP BY policy_domain, organization_name
), s AS MATERIALIZED (
    SELECT policy_domain, sum(failed) AS failed_sessions,
           count(*) AS reporters,
           array_to_string((array_agg(
               coalesce(organization_name, '(not named)')
               ORDER BY failed DESC, organization_name))[1:2], ', ')
               AS reporter_names
      FROM u
     GROUP BY policy_domain
)
SELECT s.*
  FROM s
 WHERE NOT EXISTS (
        SELECT FROM tlsrpt.problems_of(s.policy_domain,
                   (now() AT TIME ZONE 'UTC')::date - $2::int + 1) AS p
         WHERE p.state <> 'resolved')
 ORDER BY s.failed_sessions DESC, s.policy_domain
 LIMIT $3::int;
