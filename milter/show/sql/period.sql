-- SPDX-License-Identifier: MIT
-- The days asked for and what this role may see; one row. rejections is NULL if
-- there is nothing to count. all_documents is for documents.sql, own_documents
-- for tenant_documents.sql.
--   $1 text[]  domains, NULL for all
--   $2 int     number of days, today included
SELECT (now() AT TIME ZONE 'UTC')::date - $2::int + 1 AS first_day,
       (now() AT TIME ZONE 'UTC')::date AS last_day,
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
           AS generated_at,
       CASE WHEN $1::text[] IS NULL
             AND has_table_privilege('tlsrpt.rejection', 'SELECT')
            THEN 0 END AS rejections,
       EXISTS (SELECT FROM tlsrpt.domain) AS any_domain,
       has_column_privilege('tlsrpt.report', 'document', 'SELECT')
           AS all_documents,
       has_function_privilege('tlsrpt.tenant_document(bigint, date)',
           'EXECUTE') AS own_documents;
