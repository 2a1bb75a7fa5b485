-- SPDX-License-Identifier: MIT
-- No call may hang on a lock for ever, unless somebody who knows better has
-- set a timeout.
SELECT pg_catalog.set_config('statement_timeout', '5min', false)
 WHERE pg_catalog.current_setting('statement_timeout') = '0';
