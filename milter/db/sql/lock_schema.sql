-- SPDX-License-Identifier: MIT
-- Lets one loader at a time migrate; the lock is the session's. Building an
-- index over years of reports may take its time.
SET statement_timeout = 0;
SET search_path = pg_catalog, pg_temp;
SELECT pg_advisory_lock(hashtextextended('tlsrpt.migrate', 0));
