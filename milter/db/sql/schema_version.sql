-- SPDX-License-Identifier: MIT
-- The version of the schema that the database has.
SELECT max(version) AS number FROM tlsrpt.schema_version;
