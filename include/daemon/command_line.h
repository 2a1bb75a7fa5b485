/* SPDX-License-Identifier: MIT */
/*
 * command_line: the arguments that the programs share.
 *
 * Knows -c FILE, --check-config, --help and --version and the exit codes of
 * sysexits.h that go with them. One thread.
 */
#ifndef DAEMON_COMMAND_LINE_H
#define DAEMON_COMMAND_LINE_H

#include <getopt.h>
#include <stdbool.h>

#include "config/config.h"

struct command_line {
	const char *program; /* "tlsrpt-milter" */
	const char *usage;   /* what follows the name: "[-c FILE] PATH…" */
	const char *description; /* a sentence or two for --help */
	const char *options;     /* help lines of the program's own options */
	/* The program's own long options, ended by a zero entry, or NULL. Each
	 * one that is given is handed to on_option() by its val, a number over
	 * 255. */
	const struct option *own;
	void (*on_option)(int val, const char *argument, void *data);
	void *data;
	/* What the program demands of the configuration beyond what
	 * config_load() does, or NULL. False with "[section] key: …" (g_free).
	 */
	bool (*check)(const struct config *config, char **ret_error);
};

/*
 * Parses the arguments. Exits by itself for --help, --version, --check-config
 * (0 or EX_CONFIG) and wrong usage (EX_USAGE). Returns the index of the first
 * operand, with *ret_path the configuration's path.
 */
int command_line_parse(const struct command_line *command_line, int argc,
    char **argv, const char **ret_path);

/* Ends the program for wrong usage: one line "PROGRAM: …; try 'PROGRAM --help'"
 * on stderr, EX_USAGE. For on_option() and for operands. */
_Noreturn void command_line_usage(const struct command_line *command_line,
    const char *format, ...) __attribute__((format(printf, 2, 3)));

/* config_load() and the program's own check, for a reload. */
struct config *command_line_load(const struct command_line *command_line,
    const char *path, char **ret_error);

/* Loads the configuration, or prints the error and exits with EX_CONFIG. */
struct config *command_line_config(
    const struct command_line *command_line, const char *path);

#endif
