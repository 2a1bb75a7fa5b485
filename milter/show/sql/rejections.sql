-- SPDX-License-Identifier: MIT
-- How many reports were not accepted; one row. A rejection is about no domain,
-- so 0 if domains are given.
--   $1 text[]  domains, NULL for all
--   $2 int     number of days
SELECT count(*) AS rejections
  FROM tlsrpt.rejection
 WHERE received_at > now() - make_interval(days => $2::int)
   AND $1::text[] IS NULL;
