/* SPDX-License-Identifier: MIT */
/*
 * db_embedded: milter/db/sql, one constant a file. Each file says what it
 * answers and what its parameters are; CONTRIBUTING.md says how to run it in
 * psql.
 */
#ifndef DB_DB_EMBEDDED_H
#define DB_DB_EMBEDDED_H

extern const char sql_ingest[];
extern const char sql_limit_statements[];
extern const char sql_lock_holders[];
extern const char sql_lock_schema[];
extern const char sql_schema_present[];
extern const char sql_schema_version[];

#endif
