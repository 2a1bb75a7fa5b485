/* SPDX-License-Identifier: MIT */
/*
 * tlsrpt-report: reads the arguments, asks the database once, and writes one
 * answer to standard output or a file.
 */
#include <glib.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/syntax.h"
#include "daemon/command_line.h"
#include "db/conninfo.h"
#include "db/db.h"
#include "db/migrate.h"
#include "monitoring.h"
#include "problem_html.h"
#include "problem_text.h"
#include "summary_html.h"
#include "summary_json.h"
#include "summary_query.h"
#include "summary_text.h"

#define PROGRAM "tlsrpt-report"
#define MOST_DAYS 3650
#define MOST_AGE 90

enum {
	OPTION_DOMAIN = 256,
	OPTION_DAYS,
	OPTION_FORMAT,
	OPTION_PROBLEM,
	OPTION_OUTPUT,
	OPTION_CHECK,
	OPTION_WARNING,
	OPTION_CRITICAL,
	OPTION_MAX_AGE
};

static void write_summary(GString *out, const struct summary *summary);
static void write_problem(GString *out, const struct summary_problem *problem);

/* The formats: their names, how many rows of a kind they show, whether they
 * show failures and documents, and what writes them. */
static const struct format {
	const char *name;
	int rows;
	bool detail;
	void (*summary)(GString *out, const struct summary *summary);
	void (*problem)(GString *out, const struct summary_problem *problem);
} formats[] = {
    {"text", 20, false, write_summary, write_problem},
    {"html", 100, true, summary_html, problem_html},
    {"json", 100000, false, summary_json, summary_json_problem},
};

struct arguments {
	GStrvBuilder *domains; /* as in the database */
	int days;
	const struct format *format;
	const char *problem; /* an id, or NULL */
	const char *output;  /* a file, or NULL for standard output */
	bool check;
	struct monitoring_limits limits;
};

static void on_option(int option, const char *value, void *data);

static const struct option own_options[] = {
    {"domain", required_argument, NULL, OPTION_DOMAIN},
    {"days", required_argument, NULL, OPTION_DAYS},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"problem", required_argument, NULL, OPTION_PROBLEM},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"warning", required_argument, NULL, OPTION_WARNING},
    {"critical", required_argument, NULL, OPTION_CRITICAL},
    {"max-age", required_argument, NULL, OPTION_MAX_AGE},
    {NULL, 0, NULL, 0},
};

static struct arguments arguments = {
    .days = 7,
    .format = &formats[0],
    .limits = {.warning = 1, .critical = 5, .max_age = 0},
};

static const struct command_line command_line = {
    .program = PROGRAM,
    .usage = "[-c FILE] [--domain DOMAIN]… [--days N] [--problem ID]\n"
	     "                     [--format text|html|json] [--output FILE]\n"
	     "       tlsrpt-report --check [-c FILE] [--domain DOMAIN]… "
	     "[--days N]\n"
	     "                     [--warning N] [--critical N] [--max-age N]",
    .description =
	"Shows what SMTP TLS reports (RFC 8460) say about your domains: "
	"sessions,\nproblems, on whose side they are, what to do about them, "
	"and who reported.",
    .options =
	"      --domain DOMAIN   only this policy domain; may be repeated\n"
	"      --days N          the last N days, today included (7)\n"
	"      --problem ID      this problem alone, down to the reports\n"
	"      --format FORMAT   text for a terminal of 80 columns, html for "
	"a\n"
	"                        page with charts, json for programs (text)\n"
	"      --output FILE     write to FILE, all of it or nothing\n"
	"      --check           a line for Nagios or Icinga; exits with 0, 1, "
	"2\n"
	"                        or 3 for ok, warning, critical, unknown\n"
	"      --warning N       warning if N % or more of a domain's sessions "
	"failed (1)\n"
	"      --critical N      critical if N % or more failed (5)\n"
	"      --max-age N       warning if no report came for N days\n",
    .own = own_options,
    .on_option = on_option,
    .data = &arguments,
    .check = conninfo_check,
};

static int parse_number(const char *option, const char *value, int most)
{
	char *end = NULL;
	gint64 number = g_ascii_strtoll(value, &end, 10);

	if (!g_ascii_isdigit(value[0]) || *end != '\0' || number < 1 ||
	    number > most)
		command_line_usage(&command_line,
		    "%s %s: a number from 1 to %d is needed", option, value,
		    most);
	return (int)number;
}

static double parse_percent(const char *option, const char *value)
{
	char *end = NULL;
	double percent = g_ascii_strtod(value, &end);

	/* Digits and a point: no exponent, no hexadecimal, no "nan". */
	if (*value == '\0' || value[strspn(value, "0123456789.")] != '\0' ||
	    *end != '\0' || percent > 100)
		command_line_usage(&command_line,
		    "%s %s: a percentage from 0 to 100 is needed", option,
		    value);
	return percent;
}

/* As domains are stored: in lower case, without a final dot. */
static void add_domain(GStrvBuilder *domains, const char *value)
{
	g_autofree char *domain = NULL;

	if (syntax_domain(value, false, &domain) == SYNTAX_BAD)
		command_line_usage(&command_line,
		    "--domain %s: a domain name is needed, such as "
		    "example.com; with letters outside ASCII as xn--…",
		    value);
	g_strv_builder_add(domains, domain);
}

static const struct format *find_format(const char *value)
{
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
		if (strcmp(value, formats[i].name) == 0)
			return &formats[i];
	command_line_usage(
	    &command_line, "--format %s: text, html or json is needed", value);
}

static void on_option(int option, const char *value, void *data)
{
	struct arguments *wanted = data;

	switch (option) {
	case OPTION_DOMAIN:
		add_domain(wanted->domains, value);
		break;
	case OPTION_DAYS:
		wanted->days = parse_number("--days", value, MOST_DAYS);
		break;
	case OPTION_FORMAT:
		wanted->format = find_format(value);
		break;
	case OPTION_PROBLEM:
		wanted->problem = value;
		break;
	case OPTION_OUTPUT:
		wanted->output = value;
		break;
	case OPTION_CHECK:
		wanted->check = true;
		break;
	case OPTION_WARNING:
		wanted->limits.warning = parse_percent("--warning", value);
		break;
	case OPTION_CRITICAL:
		wanted->limits.critical = parse_percent("--critical", value);
		break;
	case OPTION_MAX_AGE:
		wanted->limits.max_age =
		    parse_number("--max-age", value, MOST_AGE);
		break;
	default:
		break;
	}
}

static struct terminal make_terminal(GString *out)
{
	/* https://no-color.org: any value but an empty one turns colours off.
	 */
	const char *no_color = getenv("NO_COLOR");

	return (struct terminal){
	    .out = out,
	    .colour = arguments.output == NULL && isatty(STDOUT_FILENO) &&
		      (no_color == NULL || *no_color == '\0'),
	    .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	};
}

static void write_summary(GString *out, const struct summary *summary)
{
	struct terminal terminal = make_terminal(out);

	summary_text(&terminal, summary);
}

static void write_problem(GString *out, const struct summary_problem *problem)
{
	struct terminal terminal = make_terminal(out);

	problem_text(&terminal, problem);
}

/* A file is replaced as a whole, so that nobody ever reads half a page. */
static int deliver(const GString *out)
{
	GError *error = NULL;

	if (arguments.output != NULL) {
		if (g_file_set_contents_full(arguments.output, out->str,
			(gssize)out->len, G_FILE_SET_CONTENTS_CONSISTENT, 0644,
			&error))
			return EX_OK;
		fprintf(stderr, PROGRAM ": %s\n", error->message);
		g_error_free(error);
		return EX_CANTCREAT;
	}
	if (fwrite(out->str, 1, out->len, stdout) == out->len &&
	    fflush(stdout) == 0)
		return EX_OK;
	perror(PROGRAM ": standard output");
	return EX_CANTCREAT;
}

static enum db_result ask(
    const struct config *config, struct summary **ret_summary, char **ret_error)
{
	g_auto(GStrv) domains = g_strv_builder_end(arguments.domains);
	const struct summary_request request = {
	    .days = arguments.days,
	    .domains = (const char *const *)domains,
	    .problems = arguments.format->rows,
	    .detail = arguments.format->detail,
	    .problem = arguments.problem,
	};
	struct db *db = NULL;
	enum db_result result;

	result = db_connect(config->conninfo, false, &db, ret_error);
	if (result == DB_OK)
		result = db_check_schema(db, NULL, ret_error);
	if (result == DB_OK)
		result = summary_ask(db, &request, ret_summary, ret_error);
	db_free(db);
	return result;
}

static int report(const char *path, GString *out)
{
	struct config *config = command_line_config(&command_line, path);
	struct summary *summary = NULL;
	g_autofree char *error = NULL;
	enum db_result result = ask(config, &summary, &error);
	int status;

	if (result != DB_OK) {
		fprintf(stderr, PROGRAM ": %s\n", error);
		status = result == DB_RETRY || result == DB_WAIT
			     ? EX_UNAVAILABLE
			     : EX_CONFIG;
	} else {
		if (arguments.problem == NULL)
			arguments.format->summary(out, summary);
		else if (summary->problems->len > 0)
			arguments.format->problem(
			    out, g_ptr_array_index(summary->problems, 0));
		else
			command_line_usage(&command_line,
			    "--problem %s: there is none; tlsrpt-report lists "
			    "the ids",
			    arguments.problem);
		status = deliver(out);
	}
	summary_free(summary);
	config_unref(config);
	return status;
}

/* Any failure is the plugin's state "unknown", told on standard output. */
static int report_check(const char *path, GString *out)
{
	struct summary *summary = NULL;
	g_autofree char *error = NULL;
	struct config *config = command_line_load(&command_line, path, &error);
	enum monitoring_status status;

	/* It is about all problems, of which it lists as many as text does. */
	arguments.problem = NULL;
	arguments.format = &formats[0];
	if (config != NULL && ask(config, &summary, &error) == DB_OK)
		status = monitoring_output(out, summary, &arguments.limits);
	else
		status = monitoring_unknown(out, error);
	summary_free(summary);
	config_unref(config);
	return deliver(out) == EX_OK ? (int)status : MONITORING_UNKNOWN;
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	g_autoptr(GString) out = g_string_new(NULL);
	int status;

	/* Not LC_NUMERIC: programs read decimal points. */
	setlocale(LC_CTYPE, "");
	arguments.domains = g_strv_builder_new();
	if (command_line_parse(&command_line, argc, argv, &path) < argc)
		command_line_usage(&command_line, "takes no operands");
	log_open(PROGRAM, LOG_TARGET_STDERR, LOG_WARNING);
	status = arguments.check ? report_check(path, out) : report(path, out);
	g_strv_builder_unref(arguments.domains);
	return status;
}
