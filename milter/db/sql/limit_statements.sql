-- SPDX-License-Identifier: MIT
-- No call may hang on a lock for ever, unless somebody who knows better has
-- set a timeout. The seconds that a statement may take now; rounded up.
SELECT pg_catalog.ceil(extract(epoch FROM pg_catalog.set_config(
           'statement_timeout',
           CASE pg_catalog.current_setting('statement_timeout')
           WHEN '0' THEN '5min'
           ELSE pg_catalog.current_setting('statement_timeout') END,
           false)::interval)) AS seconds;
