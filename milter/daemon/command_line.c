/* SPDX-License-Identifier: MIT */
/*
 * What has to be answered without a configuration (--help, --version) is
 * answered while options are read; --check-config waits until all are, since
 * -c may follow it.
 */
#include "daemon/command_line.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/escape.h"

/* Of a program, the common ones included. */
#define OPTIONS_MAX 32

enum { CHECK_CONFIG = 'k', CONFIG = 'c', HELP = 'h', SHOW_VERSION = 'V' };

static const struct option common[] = {
    {"config", required_argument, NULL, CONFIG},
    {"check-config", no_argument, NULL, CHECK_CONFIG},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, SHOW_VERSION},
};

/* Prints to stdout; a full disk or a closed pipe is not a success. */
static void print_text(const char *text)
{
	if (fputs(text, stdout) != EOF && fflush(stdout) != EOF)
		return;
	perror("stdout");
	exit(EX_CANTCREAT);
}

static _Noreturn void print_help(const struct command_line *command_line)
{
	const char *options =
	    command_line->options != NULL ? command_line->options : "";
	char *help = g_strdup_printf(
	    "Usage: %s %s\n\n%s\n\nOptions:\n%s"
	    "  -c, --config=FILE  configuration, instead of\n"
	    "                     " CONFIG_DEFAULT_PATH "\n"
	    "      --check-config print the configuration and exit; "
	    "78 when it is wrong\n"
	    "  -h, --help         print this and exit\n"
	    "  -V, --version      print the version and exit\n"
	    "\n"
	    "Exit codes (sysexits.h):\n"
	    "   0  done\n"
	    "  64  wrong usage\n"
	    "  65  data that can't be understood\n"
	    "  66  input that can't be read\n"
	    "  69  a service that is needed is not available\n"
	    "  70  an error in this program\n"
	    "  73  output that can't be written\n"
	    "  75  a passing failure, try again\n"
	    "  78  wrong configuration\n",
	    command_line->program, command_line->usage,
	    command_line->description, options);

	print_text(help);
	g_free(help);
	exit(EX_OK);
}

_Noreturn void command_line_usage(
    const struct command_line *command_line, const char *format, ...)
{
	va_list arguments;
	GString *line = g_string_new(NULL);
	char *problem;

	va_start(arguments, format);
	problem = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	escape_terminal(line, problem, 0);
	fprintf(stderr, "%s: %s; try '%s --help'\n", command_line->program,
	    line->str, command_line->program);
	g_string_free(line, TRUE);
	g_free(problem);
	exit(EX_USAGE);
}

/* The common options and the program's own in one array with a zero entry. */
static const struct option *join_options(const struct option *own)
{
	static struct option joined[OPTIONS_MAX + 1];
	size_t count = G_N_ELEMENTS(common);

	memcpy(joined, common, sizeof(common));
	for (; own != NULL && own->name != NULL; own++) {
		g_assert(count < OPTIONS_MAX);
		joined[count++] = *own;
	}
	return joined;
}

/* What getopt_long(3) did not like, in words. */
static _Noreturn void refuse_option(
    const struct command_line *command_line, int found, char **argv)
{
	const char *word = argv[optind - 1];
	bool is_long = strncmp(word, "--", 2) == 0;

	if (found == ':' && is_long)
		command_line_usage(command_line, "%s needs an argument", word);
	if (found == ':')
		command_line_usage(
		    command_line, "-%c needs an argument", optopt);
	if (is_long && optopt != 0)
		command_line_usage(command_line, "%.*s takes no argument",
		    (int)strcspn(word, "="), word);
	if (is_long)
		command_line_usage(
		    command_line, "unknown or ambiguous option %s", word);
	command_line_usage(command_line, "unknown option -%c", optopt);
}

static _Noreturn void check_config(
    const struct command_line *command_line, const char *path)
{
	struct config *config = command_line_config(command_line, path);
	char *printed = config_print(config);

	print_text(printed);
	g_free(printed);
	config_unref(config);
	exit(EX_OK);
}

int command_line_parse(const struct command_line *command_line, int argc,
    char **argv, const char **ret_path)
{
	const struct option *options = join_options(command_line->own);
	const char *path = CONFIG_DEFAULT_PATH;
	bool check = false;
	int found;

	opterr = 0;
	while (
	    (found = getopt_long(argc, argv, ":c:hV", options, NULL)) != -1) {
		switch (found) {
		case CONFIG:
			path = optarg;
			break;
		case CHECK_CONFIG:
			check = true;
			break;
		case HELP:
			print_help(command_line);
		case SHOW_VERSION:
			print_text("tlsrpt-milter " VERSION "\n");
			exit(EX_OK);
		case ':':
		case '?':
			refuse_option(command_line, found, argv);
		default:
			command_line->on_option(
			    found, optarg, command_line->data);
		}
	}
	if (check)
		check_config(command_line, path);
	*ret_path = path;
	return optind;
}

struct config *command_line_load(
    const struct command_line *command_line, const char *path, char **ret_error)
{
	struct config *config = config_load(path, ret_error);
	g_autofree char *sentence = NULL;

	if (config == NULL || command_line->check == NULL ||
	    command_line->check(config, &sentence))
		return config;
	*ret_error = g_strdup_printf("%s: %s", path, sentence);
	config_unref(config);
	return NULL;
}

struct config *command_line_config(
    const struct command_line *command_line, const char *path)
{
	g_autofree char *error = NULL;
	struct config *config;

	/* Mostly the default's path, which nobody has typed. */
	if (access(path, R_OK) != 0) {
		fprintf(stderr, "%s: %s: %s; name another file with -c FILE\n",
		    command_line->program, path, g_strerror(errno));
		exit(EX_CONFIG);
	}
	config = command_line_load(command_line, path, &error);
	if (config == NULL) {
		fprintf(stderr, "%s\n", error);
		exit(EX_CONFIG);
	}
	return config;
}
