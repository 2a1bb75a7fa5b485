-- SPDX-License-Identifier: MIT
-- Everything is asked in one snapshot, so that the numbers fit together while
-- the loader goes on. Dates are parsed in their ISO form.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL jit = off;
SET LOCAL datestyle = 'ISO, YMD';
