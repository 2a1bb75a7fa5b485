-- SPDX-License-Identifier: MIT
-- The domains that were asked for by name, with the last day that a report is
-- about, NULL if no report names the domain.
--   $1 text[]  domains; no row if NULL
SELECT n.policy_domain,
       (SELECT max(d.day) FROM tlsrpt.domain_day AS d
         WHERE d.policy_domain = n.policy_domain) AS last_report
  FROM (SELECT DISTINCT unnest($1::text[]) AS policy_domain) AS n
 ORDER BY n.policy_domain;
