-- SPDX-License-Identifier: MIT
-- The problems seen in this period, most urgent first, each with the names of
-- the two reporters that saw most failures, and with how many problems there
-- are in all, open, and open on our side.
--
-- Which problems these are is found first, in problem_fact, which has no
-- sentences to make. Both views work domain by domain, so each part names the
-- domains it is about.
--   $1 text[]  domains, NULL for all
--   $2 int     number of days, today included
--   $3 int     how many problems at most
WITH f AS MATERIALIZED (
    SELECT problem_id, policy_domain, count(*) OVER () AS n,
           count(*) FILTER (WHERE state <> 'resolved') OVER () AS open,
           count(*) FILTER (WHERE state <> 'resolved' AND side = 'ours')
               OVER () AS ours
      FROM tlsrpt.problem_fact
     WHERE ($1::text[] IS NULL OR policy_domain = ANY ($1::text[]))
       AND coalesce(policy_domain, '') IN (
            SELECT coalesce(policy_domain, '') FROM tlsrpt.problem_history
             WHERE last_seen > (now() AT TIME ZONE 'UTC')::date - $2::int)
       AND last_seen > (now() AT TIME ZONE 'UTC')::date - $2::int
     ORDER BY urgency DESC, failed_sessions DESC, problem_id
     LIMIT $3::int
)
SELECT p.*,
       (SELECT array_to_string((array_agg(
                   coalesce(h.organization_name, '(not named)')
                   ORDER BY h.failed_sessions DESC,
                            h.organization_name))[1:2], ', ')
          FROM tlsrpt.problem_history h
         WHERE h.problem_id = p.problem_id
           AND h.policy_domain IS NOT DISTINCT FROM p.policy_domain)
           AS reporter_names,
       (SELECT max(n) FROM f) AS problem_count,
       (SELECT max(open) FROM f) AS open_problem_count,
       (SELECT max(ours) FROM f) AS ours_count
  FROM tlsrpt.problem p
 WHERE coalesce(p.policy_domain, '') = ANY (ARRAY(
        SELECT coalesce(policy_domain, '') FROM f))
   AND p.problem_id = ANY (ARRAY(SELECT problem_id FROM f))
 ORDER BY p.urgency DESC, p.failed_sessions DESC, p.problem_id;
