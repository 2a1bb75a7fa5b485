-- SPDX-License-Identifier: MIT
-- How many reports there are, and the days since one was received; one row.
-- A tenant may not read report.policy_domains, so domains are looked for in
-- policy.
--   $1 text[]  domains, NULL for all
--   $2 int     number of days, today included
SELECT count(*) FILTER (
           WHERE day > (now() AT TIME ZONE 'UTC')::date - $2::int) AS reports,
       floor(extract(epoch FROM now() - max(received_at)) / 86400)::bigint
           AS age_days
  FROM tlsrpt.report
 WHERE day > (now() AT TIME ZONE 'UTC')::date - greatest($2::int, 90)
   AND ($1::text[] IS NULL OR report_key IN (
        SELECT report_key FROM tlsrpt.policy
         WHERE day > (now() AT TIME ZONE 'UTC')::date - greatest($2::int, 90)
           AND policy_domain = ANY ($1::text[])));
