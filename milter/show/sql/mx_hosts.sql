-- SPDX-License-Identifier: MIT
-- Failed sessions by MX host, most first.
--   $1 text[]  domains, NULL for all
--   $2 int     number of days, today included
--   $3 int     how many hosts at most
SELECT receiving_mx_hostname, sum(failed_session_count) AS failed_sessions,
       count(DISTINCT coalesce(organization_name, '')) AS reporters
  FROM tlsrpt.failure
 WHERE day > (now() AT TIME ZONE 'UTC')::date - $2::int
   AND ($1::text[] IS NULL OR policy_domain = ANY ($1::text[]))
 GROUP BY receiving_mx_hostname
 ORDER BY failed_sessions DESC, receiving_mx_hostname
 LIMIT $3::int;
