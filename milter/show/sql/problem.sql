-- SPDX-License-Identifier: MIT
-- One problem, as in problems.sql; no row if there is none with this id, or
-- none that this role may see. The domain is looked up first since the view
-- works domain by domain.
--   $1 text    problem_id
SELECT p.*,
       (SELECT array_to_string((array_agg(
                   coalesce(h.organization_name, '(not named)')
                   ORDER BY h.failed_sessions DESC,
                            h.organization_name))[1:2], ', ')
          FROM tlsrpt.problem_history h
         WHERE h.problem_id = p.problem_id
           AND h.policy_domain IS NOT DISTINCT FROM p.policy_domain)
           AS reporter_names
  FROM tlsrpt.problem p
 WHERE p.problem_id = $1
   AND coalesce(p.policy_domain, '') = (
        SELECT coalesce(policy_domain, '') FROM tlsrpt.problem_day
         WHERE problem_id = $1 LIMIT 1);
