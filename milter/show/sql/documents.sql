-- SPDX-License-Identifier: MIT
-- The newest reports that tell of each problem, as they came. A policy's
-- failures are one report's: the newest policies are picked, then the reports.
-- failures.sql says how the failures of a problem are found.
--   $1 text[]  problem_ids
--   $2 int     days before each problem was last seen
--   $3 int     how many documents of each problem at most
--   $4 int     how many characters a document may have
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
), u AS (
    SELECT DISTINCT problem_id, policy_key, day FROM f
), n AS MATERIALIZED (
    SELECT *
      FROM (SELECT u.*, row_number() OVER (
                       PARTITION BY problem_id
                       ORDER BY day DESC, policy_key DESC) AS place
              FROM u) w
     WHERE place <= $3::int
), r AS MATERIALIZED (
    SELECT n.problem_id, n.place, r.*, n.day
      FROM n
     CROSS JOIN LATERAL (
            SELECT report_key FROM tlsrpt.policy
             WHERE policy_key = n.policy_key AND day = n.day LIMIT 1) q
     CROSS JOIN LATERAL (
            SELECT r.report_key, r.organization_name, r.report_id,
                   r.received_at,
                   jsonb_pretty(r.document) AS pretty
              FROM tlsrpt.report r
             WHERE r.report_key = q.report_key AND r.day = n.day LIMIT 1) r
), o AS (
    SELECT DISTINCT ON (problem_id, report_key) *
      FROM r
     ORDER BY problem_id, report_key, place
)
SELECT problem_id, report_key, day, organization_name, report_id,
       to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
           AS received_at,
       pretty AS document
  FROM o
 WHERE length(pretty) <= $4::int
 ORDER BY problem_id, place;
