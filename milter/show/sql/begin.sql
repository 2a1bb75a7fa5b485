-- SPDX-License-Identifier: MIT
-- Everything is asked in one snapshot, so that the numbers fit together while
-- the loader goes on. What is read out of the rows is read as ISO writes it.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL jit = off;
SET LOCAL datestyle = 'ISO, YMD';
