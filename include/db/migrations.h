/* SPDX-License-Identifier: MIT */
/*
 * migrations: the numbered files of schema/, inside the program. The build
 * makes the table with packaging/embed-text.sh.
 */
#ifndef DB_MIGRATIONS_H
#define DB_MIGRATIONS_H

#include <stddef.h>

struct migration {
	int version;      /* the number in front of the file's name */
	const char *name; /* the file's name without .sql */
	const char *sql;
};

/* In order of version, ended by one with version 0. */
extern const struct migration migrations[];

#endif
