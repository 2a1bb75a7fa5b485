-- SPDX-License-Identifier: MIT
-- The days asked for and what this role may see; one row.
--   $1 text[]  domains, NULL for all
--   $2 int     number of days, today included
SELECT (now() AT TIME ZONE 'UTC')::date - $2::int + 1 AS first_day,
       (now() AT TIME ZONE 'UTC')::date AS last_day,
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
           AS generated_at,
       $1::text[] IS NULL
           AND has_table_privilege('tlsrpt.rejection', 'SELECT')
           AS see_rejections,
       EXISTS (SELECT FROM tlsrpt.domain) AS any_domain;
