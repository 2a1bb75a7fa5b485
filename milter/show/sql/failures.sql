-- SPDX-License-Identifier: MIT
-- The newest failures of each problem.
--
-- A problem is known by three columns of which each may be NULL. They are
-- compared as one array: equal where both are NULL, and, unlike IS NOT DISTINCT
-- FROM, something that PostgreSQL can hash. The problems' days bound the months
-- that are read, and their domains the rows. Only the rows that are wanted are
-- looked up in policy and report.
--   $1 text[]  problem_ids
--   $2 int     days before each problem was last seen
--   $3 int     how many failures of each problem at most
WITH p AS MATERIALIZED (
    SELECT problem_id, max(day) AS last_seen,
           greatest(min(day), max(day) - $2::int) AS first_seen,
           min(policy_domain) AS policy_domain,
           ARRAY[min(policy_domain), min(result_type),
                 min(receiving_mx_hostname)] AS key
      FROM tlsrpt.problem_day
     WHERE problem_id = ANY ($1::text[])
     GROUP BY problem_id
), f AS (
    SELECT p.problem_id, d.*
      FROM (SELECT *,
                   ARRAY[policy_domain, result_type, receiving_mx_hostname]
                       AS key
              FROM tlsrpt.failure
             WHERE day BETWEEN (SELECT min(first_seen) FROM p)
                           AND (SELECT max(last_seen) FROM p)
               AND (policy_domain = ANY (ARRAY(SELECT policy_domain FROM p))
                    OR policy_domain IS NULL)) d
      JOIN p USING (key)
     WHERE d.day >= p.first_seen
), n AS MATERIALIZED (
    SELECT *
      FROM (SELECT f.*, row_number() OVER (
                       PARTITION BY problem_id
                       ORDER BY day DESC, failed_session_count DESC,
                                failure_key) AS place
              FROM f) w
     WHERE place <= $3::int
)
SELECT n.problem_id, n.day, n.organization_name,
       n.failed_session_count AS failed_sessions,
       host(n.sending_mta_ip) AS sending_mta_ip,
       host(n.receiving_ip) AS receiving_ip, n.receiving_mx_helo,
       q.policy_type, q.policy_mode, n.failure_reason_code,
       n.additional_information, q.report_key, r.report_id, r.contact_info,
       r.authenticated
  FROM n
 CROSS JOIN LATERAL (
        SELECT policy_type, policy_mode, report_key FROM tlsrpt.policy
         WHERE policy_key = n.policy_key AND day = n.day LIMIT 1) q
 CROSS JOIN LATERAL (
        SELECT report_id, contact_info, authenticated FROM tlsrpt.report
         WHERE report_key = q.report_key AND day = n.day LIMIT 1) r
 ORDER BY n.problem_id, n.place;
