-- SPDX-License-Identifier: MIT
-- Who holds the lock that a server process waits for; NULL when it waits for
-- none. What a role may not see of others' sessions is left out.
--   $1 int   the process
SELECT pg_catalog.string_agg(
           CASE b.pid WHEN 0 THEN 'a prepared transaction'
           ELSE pg_catalog.concat_ws(', ', 'process ' || b.pid,
                    'role ' || a.usename,
                    'application ' || nullif(a.application_name, ''),
                    a.state) END,
           '; ') AS holders
  FROM (SELECT DISTINCT pg_catalog.unnest(
                   pg_catalog.pg_blocking_pids($1::int))) AS b (pid)
  LEFT JOIN pg_catalog.pg_stat_activity AS a USING (pid);
