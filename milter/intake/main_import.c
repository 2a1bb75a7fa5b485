/* SPDX-License-Identifier: MIT */
/*
 * tlsrpt-import: the pipeline of tlsrpt-milter over files. It stops at the
 * first report that the spool can't take, rather than read on and lose more;
 * running it again over the same files is safe, since the database knows a
 * report again.
 *
 * Nobody waits for a single report here, so the disk is asked once for many;
 * their lines are printed when they are on it.
 */
#include <errno.h>
#include <glib.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "daemon/command_line.h"
#include "document/zip.h"
#include "mailbox.h"
#include "pipeline.h"
#include "spool/spool.h"

#define PROGRAM "tlsrpt-import"

/* How much of somebody's text is shown in a line. */
#define SHOWN_CHARS 200

/* How many reports go to the disk together, and how long the first of them may
 * wait for others. */
#define GROUP_REPORTS 1000
#define GROUP_TIME (G_USEC_PER_SEC / 2)

#define PROGRESS_AFTER G_USEC_PER_SEC
#define PROGRESS_EVERY (G_USEC_PER_SEC / 5)

/* What was found in one message or file. */
struct taken {
	char *path;
	size_t number;      /* of the message in it; 0: it is the only one */
	GPtrArray *reports; /* of struct pipeline_report * */
};

struct import {
	const struct config *config;
	struct spool *spool; /* NULL in a dry run */
	bool dry_run;
	bool json;
	size_t messages;
	size_t reports;
	size_t by_status[PIPELINE_FAILED + 1];
	bool unreadable;  /* some path */
	bool dropped;     /* was root and is the spool's owner now */
	GPtrArray *group; /* of struct taken *: not printed yet */
	size_t group_reports;
	int64_t group_due;
	int64_t progress_due;
	bool progress_shown;
};

enum { DRY_RUN = 256, JSON };

static const struct option options[] = {
    {"dry-run", no_argument, NULL, DRY_RUN},
    {"json", no_argument, NULL, JSON},
    {NULL, 0, NULL, 0},
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static void take_option(int val, const char *argument, void *data)
{
	struct import *import = data;

	(void)argument;
	if (val == DRY_RUN)
		import->dry_run = true;
	else
		import->json = true;
}

static const struct command_line cli_of_import = {
    .program = PROGRAM,
    .usage = "[-c FILE] [--dry-run] [--json] PATH…|-",
    .description =
	"Takes TLS reports (RFC 8460) out of files into the spool, as "
	"tlsrpt-milter does\nout of mail. PATH is a message, an mbox, a "
	"report by itself (JSON, gzip or not),\nor a folder with any of "
	"them, such as a Maildir; - is standard input.\n\n"
	"Started as root it becomes the owner of spool.directory before it "
	"reads anything\nbut the configuration, so that user needs to be able "
	"to read PATH. Interrupted,\nit ends behind the current message with "
	"75. Importing a file twice is safe.\n\n"
	"A line for each report goes to standard output, a summary to "
	"standard error.",
    .options = "      --dry-run      read and judge everything, write nothing\n"
	       "      --json         a JSON object a line\n",
    .own = options,
    .on_option = take_option,
};

/*
 * What a stranger's mail is read with should not be root's rights, and the
 * spool's files have to be its owner's. Before any mail is opened. Root makes
 * no spool either: the milter could not use it.
 */
static bool drop_root(const struct config *config, bool dry_run)
{
	const char *directory = config->spool_directory;
	struct stat status;

	if (geteuid() != 0)
		return false;
	if (stat(directory, &status) != 0) {
		if (dry_run)
			return false;
		fprintf(stderr, PROGRAM ": spool.directory %s: %s\n", directory,
		    g_strerror(errno));
		exit(EX_CANTCREAT);
	}
	if (status.st_uid == 0)
		return false;
	if (setgroups(0, NULL) == 0 && setgid(status.st_gid) == 0 &&
	    setuid(status.st_uid) == 0)
		return true;
	fprintf(stderr,
	    PROGRAM ": can't become user %u, who owns spool.directory %s: "
		    "%s\n",
	    (unsigned int)status.st_uid, directory, g_strerror(errno));
	exit(EX_SOFTWARE);
}

/* Takes a progress line off the terminal. */
static void clear_progress(struct import *import)
{
	if (import->progress_shown)
		fputs("\r\033[K", stderr);
	import->progress_shown = false;
}

static void show_progress(struct import *import)
{
	int64_t now = g_get_monotonic_time();

	if (now < import->progress_due)
		return;
	fprintf(stderr, "\r\033[K%zu messages, %zu reports", import->messages,
	    import->reports);
	import->progress_shown = true;
	import->progress_due = now + PROGRESS_EVERY;
}

/* "FILE" or "FILE#N". */
static void append_place(GString *line, const struct taken *taken)
{
	escape_terminal(line, taken->path, 0);
	if (taken->number > 0)
		g_string_append_printf(line, "#%zu", taken->number);
}

static void append_shown(GString *line, const char *text)
{
	escape_terminal(line, text != NULL ? text : "-", SHOWN_CHARS);
	g_string_append(line, "  ");
}

static void append_anomalies(GString *line, report_anomalies anomalies)
{
	const char *separator = "";

	for (int i = 0; i < REPORT_ANOMALY_COUNT; i++) {
		if ((anomalies >> i & 1) == 0)
			continue;
		g_string_append_printf(line, "%s%s", separator,
		    report_anomaly_name((enum report_anomaly)i));
		separator = ",";
	}
}

static void append_text(GString *line, const struct taken *taken,
    const struct pipeline_report *report)
{
	g_string_append_printf(
	    line, "%s  ", pipeline_status_name(report->status));
	if (report->status == PIPELINE_SPOOLED) {
		append_shown(line, report->organization_name);
		append_shown(line, report->report_id);
		g_string_append_printf(line,
		    "policies=%zu failures=%zu sessions=%" PRId64,
		    report->policies, report->failures, report->sessions);
		if (report->anomalies != 0) {
			g_string_append(line, " anomalies=");
			append_anomalies(line, report->anomalies);
		}
		g_string_append(line, "  ");
	} else {
		append_shown(line, report->reason);
	}
	append_place(line, taken);
}

static void append_json(GString *line, const struct taken *taken,
    const struct pipeline_report *report)
{
	struct json_writer json = {.out = line};

	json_writer_begin_object(&json, NULL);
	json_writer_string(&json, "path", taken->path);
	if (taken->number > 0)
		json_writer_integer(&json, "message", (int64_t)taken->number);
	else
		json_writer_string(&json, "message", NULL);
	json_writer_string(
	    &json, "status", pipeline_status_name(report->status));
	json_writer_string(
	    &json, "organization_name", report->organization_name);
	json_writer_string(&json, "report_id", report->report_id);
	json_writer_integer(&json, "policies", (int64_t)report->policies);
	json_writer_integer(&json, "failures", (int64_t)report->failures);
	json_writer_integer(&json, "sessions", report->sessions);
	json_writer_begin_array(&json, "anomalies");
	for (int i = 0; i < REPORT_ANOMALY_COUNT; i++)
		if ((report->anomalies >> i & 1) != 0)
			json_writer_string(&json, NULL,
			    report_anomaly_name((enum report_anomaly)i));
	json_writer_end_array(&json);
	json_writer_string(&json, "reason", report->reason);
	json_writer_string(&json, "filename", report->filename);
	json_writer_end_object(&json);
}

static void print_report(const struct import *import, const struct taken *taken,
    const struct pipeline_report *report)
{
	GString *line = g_string_new(NULL);

	if (import->json)
		append_json(line, taken, report);
	else
		append_text(line, taken, report);
	puts(line->str);
	g_string_free(line, TRUE);
}

static void print_stop(
    const struct taken *taken, const struct pipeline_report *report)
{
	GString *line = g_string_new(PROGRAM ": ");

	escape_terminal(line, report->reason, 0);
	g_string_append(line, "; stopped at ");
	append_place(line, taken);
	g_string_append(line,
	    ". Run it again over the same files when that is solved: no report "
	    "is counted twice");
	fflush(stdout);
	fprintf(stderr, "%s\n", line->str);
	g_string_free(line, TRUE);
}

static void taken_free(void *data)
{
	struct taken *taken = data;

	g_free(taken->path);
	g_ptr_array_unref(taken->reports);
	g_free(taken);
}

/* False when the spool failed. */
static bool print_taken(struct import *import, const struct taken *taken)
{
	if (isatty(STDOUT_FILENO))
		clear_progress(import);
	for (guint i = 0; i < taken->reports->len; i++) {
		const struct pipeline_report *report = taken->reports->pdata[i];

		import->by_status[report->status]++;
		print_report(import, taken, report);
		if (report->status == PIPELINE_FAILED) {
			print_stop(taken, report);
			return false;
		}
	}
	return true;
}

/* What the group's reports became when they could not be made durable. */
static void fail_group(const struct import *import)
{
	char *reason = g_strdup_printf("spool.directory: %s can't be written: "
				       "%s",
	    import->config->spool_directory, g_strerror(errno));

	for (guint i = 0; i < import->group->len; i++) {
		const struct taken *taken = import->group->pdata[i];

		for (guint j = 0; j < taken->reports->len; j++) {
			struct pipeline_report *report =
			    taken->reports->pdata[j];

			if (report->status != PIPELINE_SPOOLED)
				continue;
			report->status = PIPELINE_FAILED;
			g_free(report->reason);
			report->reason = g_strdup(reason);
		}
	}
	g_free(reason);
}

/* Makes the group durable and prints it; false when the spool failed. */
static bool finish_group(struct import *import)
{
	bool more = true;

	if (import->spool != NULL && spool_release(import->spool) != SPOOL_OK)
		fail_group(import);
	for (guint i = 0; i < import->group->len && more; i++)
		more = print_taken(import, import->group->pdata[i]);
	g_ptr_array_set_size(import->group, 0);
	import->group_reports = 0;
	return more;
}

static bool has_failed(const GPtrArray *reports)
{
	const struct pipeline_report *last;

	if (reports->len == 0)
		return false;
	last = reports->pdata[reports->len - 1];
	return last->status == PIPELINE_FAILED;
}

/* False when the spool failed. */
static bool take_reports(
    struct import *import, const struct mailbox_item *item, GPtrArray *reports)
{
	int64_t now = g_get_monotonic_time();
	struct taken *taken;

	if (reports->len > 0) {
		if (import->group->len == 0)
			import->group_due = now + GROUP_TIME;
		taken = g_new0(struct taken, 1);
		taken->path = g_strdup(item->path);
		taken->number = item->number;
		taken->reports = g_ptr_array_ref(reports);
		g_ptr_array_add(import->group, taken);
		import->group_reports += reports->len;
		import->reports += reports->len;
	}
	if (import->group->len > 0 &&
	    (import->dry_run || has_failed(reports) ||
		import->group_reports >= GROUP_REPORTS ||
		now >= import->group_due))
		return finish_group(import);
	return true;
}

static void note_problem(const char *path, const char *problem, void *data)
{
	struct import *import = data;
	GString *line = g_string_new(PROGRAM ": ");

	import->unreadable = true;
	clear_progress(import);
	fflush(stdout);
	escape_terminal(line, path, 0);
	g_string_append(line, ": ");
	escape_terminal(line, problem, 0);
	fprintf(stderr, "%s\n", line->str);
	g_string_free(line, TRUE);
}

/* An archive may hold mail, and then nobody would hear of it. */
static void judge_archive(struct import *import,
    const struct mailbox_item *item, const GPtrArray *reports)
{
	if (item->bare && reports->len == 0 &&
	    zip_sniff(item->bytes, item->length))
		note_problem(item->path,
		    "is a zip archive without a report by itself; what it "
		    "holds is read when it is unpacked",
		    import);
}

static bool visit_item(const struct mailbox_item *item, void *data)
{
	struct import *import = data;
	const struct pipeline_input input = {
	    .config = import->config,
	    .spool = import->spool,
	    .source = RECORD_IMPORT,
	    .received_at = g_get_real_time(),
	    .bytes = item->bytes,
	    .length = item->length,
	    .bare = item->bare,
	    .filename = item->filename,
	};
	struct pipeline_output output;
	bool more;

	if (interrupted)
		return false;
	import->messages++;
	pipeline_run(&input, &output);
	judge_archive(import, item, output.reports);
	more = take_reports(import, item, output.reports);
	pipeline_output_clear(&output);
	if (more)
		show_progress(import);
	return more && !interrupted;
}

static void print_summary(struct import *import)
{
	clear_progress(import);
	fflush(stdout);
	fprintf(stderr,
	    "messages=%zu reports=%zu stored=%zu invalid=%zu refused=%zu%s%s\n",
	    import->messages, import->reports,
	    import->by_status[PIPELINE_SPOOLED],
	    import->by_status[PIPELINE_INVALID],
	    import->by_status[PIPELINE_REFUSED],
	    import->dry_run ? " (dry run: nothing was written)" : "",
	    interrupted ? " (interrupted: there may be more)" : "");
	if (import->unreadable && import->dropped)
		fprintf(stderr,
		    PROGRAM ": what root reads is read as the owner of "
			    "spool.directory %s, who must be able to read it\n",
		    import->config->spool_directory);
}

/* The worst that happened. */
static int exit_code(const struct import *import)
{
	if (fflush(stdout) == EOF || ferror(stdout)) {
		fprintf(stderr, PROGRAM ": standard output can't be written\n");
		return EX_CANTCREAT;
	}
	if (import->by_status[PIPELINE_FAILED] > 0)
		return EX_CANTCREAT;
	if (interrupted)
		return EX_TEMPFAIL;
	if (import->unreadable)
		return EX_NOINPUT;
	return import->by_status[PIPELINE_INVALID] > 0 ? EX_DATAERR : EX_OK;
}

/* Without SA_RESTART, so that waiting for standard input ends as well. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void open_log(const struct config *config)
{
	/* Each report has its line on stdout already. */
	log_open(PROGRAM, config->log_target,
	    config->log_target == LOG_TARGET_SYSLOG ? config->log_level
						    : LOG_ERR);
}

static void open_spool(struct import *import)
{
	char *error = NULL;

	import->spool = spool_open(import->config->spool_directory,
	    import->config->spool_quota, &error);
	if (import->spool == NULL) {
		fprintf(stderr, PROGRAM ": %s\n", error);
		exit(EX_CANTCREAT);
	}
	spool_hold(import->spool);
}

int main(int argc, char **argv)
{
	struct import import = {0};
	struct command_line cli = cli_of_import;
	struct config *config;
	const char *config_path;
	int first, code;

	cli.data = &import;
	first = command_line_parse(&cli, argc, argv, &config_path);
	if (first == argc)
		command_line_usage(
		    &cli, "no PATH is given; - is standard input");
	config = command_line_config(&cli, config_path);
	import.config = config;
	import.dropped = drop_root(config, import.dry_run);
	open_log(config);
	pipeline_init();
	if (!import.dry_run)
		open_spool(&import);
	catch_signals();
	import.group = g_ptr_array_new_with_free_func(taken_free);
	import.progress_due = isatty(STDERR_FILENO)
				  ? g_get_monotonic_time() + PROGRESS_AFTER
				  : INT64_MAX;
	for (int i = first; i < argc; i++)
		if (!mailbox_walk(argv[i], visit_item, note_problem, &import))
			break;
	(void)finish_group(&import); /* print_stop() has told, by_status too */
	print_summary(&import);
	code = exit_code(&import);
	g_ptr_array_unref(import.group);
	spool_close(import.spool);
	config_unref(config);
	return code;
}
