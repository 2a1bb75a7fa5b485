-- SPDX-License-Identifier: MIT
-- Stores a batch; a row for each record of it.
--   $1 jsonb   the batch: an array of objects
SELECT record, outcome FROM tlsrpt.ingest($1::jsonb);
