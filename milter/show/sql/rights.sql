-- SPDX-License-Identifier: MIT
-- Which documents this role may read: documents.sql, or tenant_documents.sql;
-- one row.
SELECT has_column_privilege('tlsrpt.report', 'document', 'SELECT')
           AS all_documents,
       has_function_privilege('tlsrpt.tenant_document(bigint, date)',
           'EXECUTE') AS own_documents;
