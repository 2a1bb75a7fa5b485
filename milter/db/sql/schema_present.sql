-- SPDX-License-Identifier: MIT
-- 1 if the database has the schema, else 0. Asked first: without the schema
-- schema_version.sql fails.
SELECT (pg_catalog.to_regclass('tlsrpt.schema_version') IS NOT NULL)::int
           AS number;
