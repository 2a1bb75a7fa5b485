/* SPDX-License-Identifier: MIT */
/* command_line_parse() ends the process, so each case runs in a child whose
 * output and exit code are looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/command_line.h"

#define GOOD FIXTURES "/config/good/everything.conf"
#define BAD FIXTURES "/config/bad/unknown-key.conf"

enum { DAYS = 256, FAIL, DRY_RUN };

static const struct option own[] = {
    {"days", required_argument, NULL, DAYS},
    {"fail", no_argument, NULL, FAIL},
    {"dry-run", no_argument, NULL, DRY_RUN},
    {0},
};

static void on_option(int val, const char *argument, void *data)
{
	if (val == FAIL)
		exit(EX_NOINPUT);
	if (val == DAYS)
		*(int *)data = (int)g_ascii_strtoll(argument, NULL, 10);
}

/* Refuses one value that config takes. */
static bool check(const struct config *config, char **ret_error)
{
	if (config->batch != 254)
		return true;
	*ret_error = g_strdup("[database] batch: is refused here");
	return false;
}

static void parse(int argc, char **argv)
{
	int days = 0;
	const struct command_line cli = {
	    .program = "tlsrpt-test",
	    .usage = "[-c FILE] PATH…",
	    .description = "Tests.",
	    .options = "      --days=N       so many days\n",
	    .own = own,
	    .on_option = on_option,
	    .data = &days,
	    .check = check,
	};
	const char *path = NULL;
	int first = command_line_parse(&cli, argc, argv, &path);

	if (first == argc)
		command_line_usage(&cli, "no %s", "PATH");
	printf("%s days=%d operand=%s", path, days, argv[first]);
}

struct outcome {
	int code;
	char *out; /* stdout */
	char *err; /* stderr */
};

static void outcome_clear(struct outcome *outcome)
{
	g_free(outcome->out);
	g_free(outcome->err);
}

/* What a descriptor without a name holds. */
static char *read_whole(FILE *file)
{
	GString *text = g_string_new(NULL);
	char piece[4096];
	size_t got;

	rewind(file);
	while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
		g_string_append_len(text, piece, (gssize)got);
	fclose(file);
	return g_string_free(text, FALSE);
}

/* Before a sanitizer looks for leaks: the arguments are one. */
static void leave_at_once(int status, void *unused)
{
	(void)unused;
	fflush(NULL);
	_exit(status);
}

static _Noreturn void be_child(char *arguments, int out, int err)
{
	char **argv = g_strsplit(arguments, " ", -1);

	if (on_exit(leave_at_once, NULL) != 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		_exit(EX_OSERR);
	parse((int)g_strv_length(argv), argv);
	exit(EX_OK);
}

/* Arguments with blanks between them, after the program's name. out may be a
 * descriptor to use instead of a file. */
static struct outcome run_to(const char *arguments, int out)
{
	char *words =
	    g_strconcat(*arguments != '\0' ? "tlsrpt-test " : "tlsrpt-test",
		arguments, (char *)NULL);
	FILE *to_out = tmpfile(), *to_err = tmpfile();
	struct outcome outcome;
	pid_t child;
	int status;

	assert_non_null(to_out);
	assert_non_null(to_err);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		be_child(
		    words, out >= 0 ? out : fileno(to_out), fileno(to_err));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	outcome.code = WEXITSTATUS(status);
	outcome.out = read_whole(to_out);
	outcome.err = read_whole(to_err);
	g_free(words);
	return outcome;
}

static struct outcome run(const char *arguments)
{
	return run_to(arguments, -1);
}

static void assert_usage(const char *arguments, const char *problem)
{
	struct outcome outcome = run(arguments);
	char *line = g_strdup_printf(
	    "tlsrpt-test: %s; try 'tlsrpt-test --help'\n", problem);

	assert_string_equal(outcome.err, line);
	assert_string_equal(outcome.out, "");
	assert_int_equal(outcome.code, EX_USAGE);
	g_free(line);
	outcome_clear(&outcome);
}

static void assert_parsed(const char *arguments, const char *parsed)
{
	struct outcome outcome = run(arguments);

	assert_string_equal(outcome.err, "");
	assert_string_equal(outcome.out, parsed);
	assert_int_equal(outcome.code, EX_OK);
	outcome_clear(&outcome);
}

static void test_operands(void **state)
{
	(void)state;
	assert_parsed("a", CONFIG_DEFAULT_PATH " days=0 operand=a");
	assert_parsed("-c x a", "x days=0 operand=a");
	assert_parsed("-cx a", "x days=0 operand=a");
	assert_parsed("--config=x --days=7 a b", "x days=7 operand=a");
	/* Options may stand behind operands, but not behind "--". */
	assert_parsed("a --days 3", CONFIG_DEFAULT_PATH " days=3 operand=a");
	assert_parsed("-- -c", CONFIG_DEFAULT_PATH " days=0 operand=-c");
	assert_parsed("-", CONFIG_DEFAULT_PATH " days=0 operand=-");
}

static void test_wrong_usage(void **state)
{
	(void)state;
	assert_usage("", "no PATH");
	assert_usage("-x a", "unknown option -x");
	assert_usage("-c", "-c needs an argument");
	assert_usage("--config", "--config needs an argument");
	assert_usage("--days", "--days needs an argument");
	assert_usage("--help=x", "--help takes no argument");
	assert_usage("--dry-run=x", "--dry-run takes no argument");
	assert_usage("--what a", "unknown or ambiguous option --what");
	/* --days and --dry-run. */
	assert_usage("--d a", "unknown or ambiguous option --d");
	/* The line stays one, whatever is quoted. */
	assert_usage(
	    "--\033[31m\nx", "unknown or ambiguous option --\\x1b[31m\\x0ax");
}

static void test_own_option_ends(void **state)
{
	struct outcome outcome = run("--fail --what");

	(void)state;
	assert_int_equal(outcome.code, EX_NOINPUT);
	outcome_clear(&outcome);
}

static void test_help(void **state)
{
	static const char *const words[] = {
	    "Usage: tlsrpt-test [-c FILE] PATH…\n", "Tests.", "--days=N",
	    CONFIG_DEFAULT_PATH, "--check-config", "78"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct outcome outcome = run(i == 0 ? "--help" : "-h --what");

		assert_int_equal(outcome.code, EX_OK);
		assert_string_equal(outcome.err, "");
		for (size_t j = 0; j < G_N_ELEMENTS(words); j++)
			assert_non_null(strstr(outcome.out, words[j]));
		outcome_clear(&outcome);
	}
}

static void test_version(void **state)
{
	(void)state;
	assert_parsed("--version", "tlsrpt-milter " VERSION "\n");
	assert_parsed("-V -c /nonexistent", "tlsrpt-milter " VERSION "\n");
}

/* What is printed may be the next file. */
static void test_check_config(void **state)
{
	char *path = NULL, *arguments;
	struct outcome first = run("--check-config -c " GOOD), second;
	int fd = g_file_open_tmp("cli-XXXXXX", &path, NULL);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(first.code, EX_OK);
	assert_string_equal(first.err, "");
	assert_true(g_file_set_contents(path, first.out, -1, NULL));
	arguments = g_strconcat("-c ", path, " --check-config", (char *)NULL);
	second = run(arguments);
	assert_int_equal(second.code, EX_OK);
	assert_string_equal(first.out, second.out);
	g_unlink(path);
	g_free(path);
	g_free(arguments);
	outcome_clear(&first);
	outcome_clear(&second);
}

static void test_wrong_config(void **state)
{
	struct outcome bad = run("--check-config -c " BAD);
	struct outcome gone = run("-c /nonexistent/file --check-config");

	(void)state;
	assert_int_equal(bad.code, EX_CONFIG);
	assert_string_equal(bad.out, "");
	assert_true(g_str_has_prefix(bad.err, BAD ": "));
	assert_int_equal(gone.code, EX_CONFIG);
	assert_string_equal(gone.out, "");
	assert_string_equal(gone.err,
	    "tlsrpt-test: /nonexistent/file: No such file or directory; name "
	    "another file with -c FILE\n");
	outcome_clear(&bad);
	outcome_clear(&gone);
}

/* What the program itself demands of a configuration. */
static void test_own_check(void **state)
{
	char *path = NULL, *arguments, *line;
	int fd = g_file_open_tmp("cli-XXXXXX", &path, NULL);
	struct outcome outcome;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_true(
	    g_file_set_contents(path, "[database]\nbatch = 254\n", -1, NULL));
	arguments = g_strconcat("-c ", path, " --check-config", (char *)NULL);
	outcome = run(arguments);
	line = g_strdup_printf("%s: [database] batch: is refused here\n", path);
	assert_int_equal(outcome.code, EX_CONFIG);
	assert_string_equal(outcome.out, "");
	assert_string_equal(outcome.err, line);
	g_unlink(path);
	g_free(path);
	g_free(line);
	g_free(arguments);
	outcome_clear(&outcome);
}

/* A full disk is not a success. */
static void test_full_disk(void **state)
{
	static const char *const arguments[] = {
	    "--help", "--version", "--check-config -c " GOOD};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(arguments); i++) {
		int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
		struct outcome outcome;

		assert_true(full >= 0);
		outcome = run_to(arguments[i], full);
		assert_int_equal(outcome.code, EX_CANTCREAT);
		assert_true(g_str_has_prefix(outcome.err, "stdout: "));
		close(full);
		outcome_clear(&outcome);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_operands),
	    cmocka_unit_test(test_wrong_usage),
	    cmocka_unit_test(test_own_option_ends),
	    cmocka_unit_test(test_help),
	    cmocka_unit_test(test_version),
	    cmocka_unit_test(test_check_config),
	    cmocka_unit_test(test_wrong_config),
	    cmocka_unit_test(test_own_check),
	    cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
