/* SPDX-License-Identifier: MIT */
/*
 * tlsrpt-import: the pipeline of tlsrpt-milter over files. It stops at the
 * first report that the spool can't take, rather than read on and lose more;
 * running it again over the same files is safe, since the database recognises
 * reports that it has.
 *
 * Nobody waits for a single report here, so reports are made durable in groups;
 * their lines are printed once they are on the disk.
 */
#include <err.h>
#include <errno.h>
#include <glib.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/sniff.h"
#include "daemon/command_line.h"
#include "mailbox.h"
#include "pipeline.h"
#include "spool/spool.h"

#define PROGRAM "tlsrpt-import"

/* How many characters of a report's text a line shows. */
#define SHOWN_CHARS 200

/* How many messages' reports are made durable together, and how long the first
 * of them may wait for others. */
#define GROUP_MESSAGES 1000
#define GROUP_TIME (G_USEC_PER_SEC / 2)

#define PROGRESS_AFTER G_USEC_PER_SEC
#define PROGRESS_EVERY (G_USEC_PER_SEC / 5)

/* The reports of one message or file. */
struct found {
	char *path;
	size_t number;      /* of the message in an mbox, from 1; else 0 */
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
	bool unreadable;  /* some path was */
	bool forbidden;   /* some path was to this user */
	bool dropped;     /* root's rights were, for the spool owner's */
	GPtrArray *group; /* of struct found *, not printed yet */
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

static void on_option(int val, const char *argument, void *data)
{
	struct import *import = data;

	(void)argument;
	if (val == DRY_RUN)
		import->dry_run = true;
	else
		import->json = true;
}

static const struct command_line import_command_line = {
    .program = PROGRAM,
    .usage = "[-c FILE] [--dry-run] [--json] PATH…|-",
    .description =
	"Puts the SMTP TLS reports (RFC 8460) in files into the spool, as\n"
	"tlsrpt-milter does with those in mail. PATH is a message, an mbox, a\n"
	"report (JSON, plain or gzip), or a folder with any of them, such as "
	"a\n"
	"Maildir; - is standard input.\n\n"
	"If started as root it becomes the owner of spool.directory before it\n"
	"reads anything but the configuration; that user must be able to read\n"
	"PATH. If interrupted, it finishes the current message and exits with\n"
	"75. Importing a file twice is safe.\n\n"
	"Prints a line for each report on standard output, and a summary on\n"
	"standard error.",
    .options = "      --dry-run      read and judge everything, write nothing\n"
	       "      --json         print each line as a JSON object\n",
    .own = options,
    .on_option = on_option,
};

/*
 * Becomes the owner of the spool if started as root, before any mail is opened:
 * strangers' mail is not read with root's rights, and files in the spool must
 * belong to its owner. True when the user was changed. A missing spool is not
 * made as root, since the milter could not use it.
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
		err(EX_CANTCREAT, "spool.directory %s", directory);
	}
	if (status.st_uid == 0)
		return false;
	if (setgroups(0, NULL) != 0 || setgid(status.st_gid) != 0 ||
	    setuid(status.st_uid) != 0)
		err(EX_SOFTWARE,
		    "can't become user %u, who owns spool.directory %s",
		    (unsigned int)status.st_uid, directory);
	return true;
}

/* Erases the progress line. */
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

/* Appends "FILE" or "FILE#N". */
static void append_place(GString *line, const char *path, size_t number)
{
	escape_terminal(line, path, 0);
	if (number > 0)
		g_string_append_printf(line, "#%zu", number);
}

/* Prints what is wrong with a file or a message in it, on stderr. */
static void tell(
    struct import *import, const char *path, size_t number, const char *problem)
{
	GString *line = g_string_new(PROGRAM ": ");

	clear_progress(import);
	fflush(stdout);
	append_place(line, path, number);
	g_string_append(line, ": ");
	escape_terminal(line, problem, 0);
	fprintf(stderr, "%s\n", line->str);
	g_string_free(line, TRUE);
}

static void append_shown(GString *line, const char *text)
{
	escape_terminal(line, text != NULL ? text : "-", SHOWN_CHARS);
	g_string_append(line, "  ");
}

static void append_anomalies(GString *line, anomaly_set anomalies)
{
	const char *separator = "";

	for (int i = 0; i < ANOMALY_COUNT; i++) {
		if ((anomalies >> i & 1) == 0)
			continue;
		g_string_append_printf(
		    line, "%s%s", separator, anomaly_name((enum anomaly)i));
		separator = ",";
	}
}

static void append_text(GString *line, const struct found *found,
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
	append_place(line, found->path, found->number);
}

static void append_json(GString *line, const struct found *found,
    const struct pipeline_report *report)
{
	struct json_writer json = {.out = line};

	json_writer_begin_object(&json, NULL);
	json_writer_string(&json, "path", found->path);
	if (found->number > 0)
		json_writer_integer(&json, "message", (int64_t)found->number);
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
	for (int i = 0; i < ANOMALY_COUNT; i++)
		if ((report->anomalies >> i & 1) != 0)
			json_writer_string(
			    &json, NULL, anomaly_name((enum anomaly)i));
	json_writer_end_array(&json);
	json_writer_string(&json, "reason", report->reason);
	json_writer_string(&json, "filename", report->filename);
	json_writer_end_object(&json);
}

static void found_free(void *data)
{
	struct found *found = data;

	g_free(found->path);
	g_ptr_array_unref(found->reports);
	g_free(found);
}

/* Prints a report's line; false when the spool failed. */
static bool print_report(struct import *import, const struct found *found,
    const struct pipeline_report *report)
{
	GString *line = g_string_new(NULL);
	bool failed = report->status == PIPELINE_FAILED;

	import->by_status[report->status]++;
	if (import->json)
		append_json(line, found, report);
	else
		append_text(line, found, report);
	if (isatty(STDOUT_FILENO))
		clear_progress(import);
	puts(line->str);
	if (failed) {
		g_string_printf(line,
		    "%s; stopped here. Run it again over the same files when "
		    "that is solved: no report is counted twice",
		    report->reason);
		tell(import, found->path, found->number, line->str);
	}
	g_string_free(line, TRUE);
	return !failed;
}

/* Prints the reports of one message, with spooled ones failed for a reason that
 * is not NULL. False when the spool failed. */
static bool print_found(
    struct import *import, const struct found *found, const char *reason)
{
	for (guint i = 0; i < found->reports->len; i++) {
		struct pipeline_report *report =
		    g_ptr_array_index(found->reports, i);

		if (reason != NULL && report->status == PIPELINE_SPOOLED) {
			report->status = PIPELINE_FAILED;
			report->reason = g_strdup(reason);
		}
		if (!print_report(import, found, report))
			return false;
	}
	return true;
}

/* Makes the group durable and prints it; false when the spool failed. */
static bool finish_group(struct import *import)
{
	char *reason = NULL;
	bool more = true;

	if (import->spool != NULL && spool_release(import->spool) != SPOOL_OK)
		reason =
		    g_strdup_printf("spool.directory: %s can't be written: %s",
			import->config->spool_directory, g_strerror(errno));
	for (guint i = 0; i < import->group->len && more; i++)
		more = print_found(
		    import, g_ptr_array_index(import->group, i), reason);
	g_ptr_array_set_size(import->group, 0);
	g_free(reason);
	return more;
}

static bool has_failed(const GPtrArray *reports)
{
	const struct pipeline_report *last;

	if (reports->len == 0)
		return false;
	last = g_ptr_array_index(reports, reports->len - 1);
	return last->status == PIPELINE_FAILED;
}

/* Adds a message's reports to the group, and finishes the group when it is time
 * to. False when the spool failed. */
static bool add_reports(
    struct import *import, const struct mailbox_item *item, GPtrArray *reports)
{
	int64_t now = g_get_monotonic_time();
	struct found *found;

	if (reports->len > 0) {
		if (import->group->len == 0)
			import->group_due = now + GROUP_TIME;
		found = g_new0(struct found, 1);
		found->path = g_strdup(item->path);
		found->number = item->number;
		found->reports = g_ptr_array_ref(reports);
		g_ptr_array_add(import->group, found);
		import->reports += reports->len;
	}
	if (import->group->len > 0 &&
	    (import->dry_run || has_failed(reports) ||
		import->group->len >= GROUP_MESSAGES ||
		now >= import->group_due))
		return finish_group(import);
	return true;
}

static void note_problem(const char *path, const char *problem, void *data)
{
	struct import *import = data;

	import->unreadable = true;
	import->forbidden |= g_str_has_suffix(problem, g_strerror(EACCES));
	tell(import, path, 0, problem);
}

/* Tells of what was found but not opened, and of a file without a report that
 * is not mail either. */
static void tell_unopened(struct import *import,
    const struct mailbox_item *item, const struct pipeline_output *output)
{
	if (output->enclosed > 0)
		tell(import, item->path, item->number,
		    "a message enclosed in this one (message/rfc822) has a "
		    "report, and was not opened; save it as a file and import "
		    "that");
	if (item->bare && output->reports->len == 0)
		note_problem(item->path,
		    sniff_zip(item->bytes, item->length)
			? "is a zip archive without a report; unpack it to "
			  "import what it holds"
			: "is not a report",
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
	tell_unopened(import, item, &output);
	more = add_reports(import, item, output.reports);
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
	if (import->forbidden && import->dropped)
		fprintf(stderr,
		    PROGRAM
		    ": started by root, it reads files as the owner of "
		    "spool.directory %s, who must be able to read them\n",
		    import->config->spool_directory);
}

/* The exit code of the worst that happened. */
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

/* Without SA_RESTART, so that a signal ends read(2) from standard input too. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static struct spool *open_spool(const struct config *config)
{
	char *error = NULL;
	struct spool *spool =
	    spool_open(config->spool_directory, config->spool_quota, &error);

	if (spool == NULL)
		errx(EX_CANTCREAT, "%s", error);
	spool_hold(spool);
	return spool;
}

int main(int argc, char **argv)
{
	struct import import = {0};
	struct command_line command_line = import_command_line;
	struct config *config;
	const char *config_path;
	int first, code;

	command_line.data = &import;
	first = command_line_parse(&command_line, argc, argv, &config_path);
	if (first == argc)
		command_line_usage(
		    &command_line, "no PATH given; - is standard input");
	config = command_line_config(&command_line, config_path);
	import.config = config;
	import.dropped = drop_root(config, import.dry_run);
	/* Each report has its line on stdout already. */
	log_open(PROGRAM, config->log_target,
	    config->log_target == LOG_TARGET_SYSLOG ? config->log_level
						    : LOG_ERR);
	pipeline_init();
	if (!import.dry_run)
		import.spool = open_spool(config);
	catch_signals();
	import.group = g_ptr_array_new_with_free_func(found_free);
	import.progress_due = isatty(STDERR_FILENO)
				  ? g_get_monotonic_time() + PROGRESS_AFTER
				  : INT64_MAX;
	for (int i = first; i < argc; i++)
		if (!mailbox_walk(argv[i], config->limits.message_size,
			visit_item, note_problem, &import))
			break;
	(void)finish_group(&import); /* a failure is in by_status */
	print_summary(&import);
	code = exit_code(&import);
	g_ptr_array_unref(import.group);
	spool_close(import.spool);
	config_unref(config);
	return code;
}
