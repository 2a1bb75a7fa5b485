/* SPDX-License-Identifier: MIT */
/* What a configuration file means, and what is said about a wrong one. */
/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "config/config.h"
#include "fixture.h"

#define FOLDER FIXTURES "/config"
#define SAMPLE FIXTURES "/../../packaging/tlsrpt-milter.conf"

static struct config *parse(const char *text)
{
	char *error = NULL;
	struct config *config =
	    config_parse(text, strlen(text), "test.conf", &error);

	if (config == NULL)
		fail_msg("%s", error);
	return config;
}

static void assert_error(const char *text, size_t length, const char *expected)
{
	char *error = NULL;
	struct config *config = config_parse(text, length, "test.conf", &error);

	if (config != NULL)
		fail_msg("taken: %s", text);
	if (!g_str_has_prefix(error, expected))
		fail_msg("\"%s\" instead of \"%s\"", error, expected);
	g_free(error);
}

static void assert_default(const struct config *config)
{
	const struct limits *limits = &config->limits;

	assert_string_equal(
	    config->socket, "unix:/run/tlsrpt-milter/milter.sock");
	assert_null(config->recipients[0]);
	assert_int_equal(config->disposition, CONFIG_KEEP);
	assert_int_equal(config->on_refused, CONFIG_REFUSED_KEEP);
	assert_int_equal(config->on_spool_error, CONFIG_SPOOL_DELIVER);
	assert_true(config->add_header);
	assert_null(config->policy_domains[0]);
	assert_int_equal(config->authentication, CONFIG_AUTH_RECORD);
	assert_null(config->submitters[0]);
	assert_null(config->authserv_ids[0]);
	assert_int_equal(limits->message_size, 25 * 1024 * 1024);
	assert_int_equal(limits->header_count, 1000);
	assert_int_equal(limits->header_size, 256 * 1024);
	assert_int_equal(limits->mime_parts, 100);
	assert_int_equal(limits->mime_depth, 16);
	assert_int_equal(limits->reports, 16);
	assert_int_equal(limits->gzip_members, 16);
	assert_int_equal(limits->report_size, 16 * 1024 * 1024);
	assert_int_equal(limits->parse_memory, 256 * 1024 * 1024);
	assert_int_equal(limits->json_depth, 32);
	assert_int_equal(limits->policies, 1000);
	assert_int_equal(limits->details, 10000);
	assert_int_equal(limits->string_length, 64 * 1024);
	assert_int_equal(limits->deadline, 30);
	assert_string_equal(
	    config->spool_directory, "/var/spool/tlsrpt-milter");
	assert_int_equal(config->spool_quota, 1024 * 1024 * 1024);
	assert_string_equal(config->conninfo, "service=tlsrpt");
	assert_int_equal(config->batch, 256);
	assert_int_equal(config->log_target, LOG_TARGET_SYSLOG);
	assert_int_equal(config->log_level, LOG_INFO);
	assert_string_equal(config->metrics_directory, "");
}

static void test_default(void **state)
{
	struct config *config = config_default();
	struct config *parsed = parse("");

	(void)state;
	assert_default(config);
	assert_default(parsed);
	config_unref(parsed);
	config_unref(config);
	config_unref(NULL);
}

/* The sample is the defaults, and every key is in it, so that changing any
 * default without the sample, or the other way, fails here. */
static void test_sample(void **state)
{
	char *error = NULL, *sample, *printed;
	char **lines;
	struct config *config = config_load(SAMPLE, &error);
	struct config *defaults = config_default();

	(void)state;
	if (config == NULL)
		fail_msg("%s", error);
	assert_default(config);
	assert_true(g_file_get_contents(SAMPLE, &sample, NULL, NULL));
	printed = config_print(defaults);
	lines = g_strsplit(printed, "\n", -1);
	for (size_t i = 0; lines[i] != NULL; i++) {
		/* "[section]", or "key = value" */
		char *line = g_strdup_printf("\n%s\n", lines[i]);

		if (strstr(sample, line) == NULL)
			fail_msg("the sample has no line \"%s\"", lines[i]);
		g_free(line);
	}
	g_strfreev(lines);
	g_free(printed);
	g_free(sample);
	config_unref(defaults);
	config_unref(config);
}

static void test_everything(void **state)
{
	char *error = NULL;
	struct config *config =
	    config_load(FOLDER "/good/everything.conf", &error);

	(void)state;
	if (config == NULL)
		fail_msg("%s", error);
	assert_string_equal(config->socket, "fd:3");
	assert_string_equal(config->recipients[0], "tlsrpt@example.com");
	assert_string_equal(config->recipients[1], "*@reports.example.com");
	assert_null(config->recipients[2]);
	assert_int_equal(config->disposition, CONFIG_DISCARD);
	assert_int_equal(config->on_refused, CONFIG_REFUSED_REJECT);
	assert_int_equal(config->on_spool_error, CONFIG_SPOOL_TEMPFAIL);
	assert_false(config->add_header);
	assert_string_equal(config->policy_domains[0], "example.com");
	assert_null(config->policy_domains[1]);
	assert_string_equal(config->submitters[0], "google.com");
	assert_string_equal(config->submitters[1], "*.outlook.com");
	assert_null(config->submitters[2]);
	assert_int_equal(config->authentication, CONFIG_AUTH_REQUIRE);
	assert_string_equal(config->authserv_ids[0], "mx.example.com");
	assert_null(config->authserv_ids[1]);
	assert_int_equal(config->limits.message_size, 10 * 1024 * 1024);
	assert_int_equal(config->limits.header_count, 999);
	assert_int_equal(config->limits.header_size, 128 * 1024);
	assert_int_equal(config->limits.mime_parts, 99);
	assert_int_equal(config->limits.mime_depth, 15);
	assert_int_equal(config->limits.reports, 15);
	assert_int_equal(config->limits.gzip_members, 15);
	assert_int_equal(config->limits.report_size, 8 * 1024 * 1024);
	assert_int_equal(config->limits.parse_memory, 128 * 1024 * 1024);
	assert_int_equal(config->limits.json_depth, 31);
	assert_int_equal(config->limits.policies, 9999);
	assert_int_equal(config->limits.details, 99999);
	assert_int_equal(config->limits.string_length, 32 * 1024);
	assert_int_equal(config->limits.deadline, 29);
	assert_string_equal(config->spool_directory, "/srv/spool");
	assert_true(config->spool_quota == (uint64_t)2 << 30);
	assert_string_equal(config->conninfo, "service=other");
	assert_int_equal(config->batch, 255);
	assert_int_equal(config->log_target, LOG_TARGET_STDERR);
	assert_int_equal(config->log_level, LOG_DEBUG);
	assert_string_equal(
	    config->metrics_directory, "/var/lib/node_exporter");
	config_unref(config);
}

static void test_normal_forms(void **state)
{
	char *error = NULL;
	struct config *config = config_load(FOLDER "/good/lists.conf", &error);

	(void)state;
	if (config == NULL)
		fail_msg("%s", error);
	assert_string_equal(config->recipients[0], "tlsrpt@example.com");
	assert_string_equal(config->recipients[1], "reports+*@example.com");
	assert_string_equal(config->recipients[2], "*@reports.example.com");
	assert_null(config->recipients[3]);
	assert_string_equal(config->policy_domains[0], "example.com");
	assert_string_equal(config->policy_domains[1], "*.example.net");
	assert_string_equal(config->authserv_ids[0], "mx.example.com");
	config_unref(config);
}

static void test_quoting(void **state)
{
	char *error = NULL;
	struct config *config =
	    config_load(FOLDER "/good/quoting.conf", &error);

	(void)state;
	if (config == NULL)
		fail_msg("%s", error);
	assert_string_equal(config->conninfo,
	    "host=/run/pg application_name=${HOME}\\\\x user=\"a'b\"");
	assert_string_equal(
	    config->metrics_directory, "/var/lib/\"quoted\"\\x;y,z=#1");
	config_unref(config);
}

static void test_sizes(void **state)
{
	char *error = NULL;
	struct config *config = config_load(FOLDER "/good/sizes.conf", &error);

	(void)state;
	if (config == NULL)
		fail_msg("%s", error);
	assert_int_equal(config->limits.message_size, 1048576);
	assert_int_equal(config->limits.header_size, 65536);
	assert_int_equal(config->limits.report_size, 1048576);
	assert_int_equal(config->limits.parse_memory, 1073741824);
	assert_int_equal(config->limits.string_length, 1000);
	assert_true(config->spool_quota == (uint64_t)2 << 30);
	config_unref(config);
}

/* The bounds themselves are within. */
static void test_ranges(void **state)
{
	struct config *config =
	    parse("[limits]\ndeadline = 1\n[database]\nbatch = 1\n"
		  "[spool]\nquota = 1M\n");

	(void)state;
	assert_int_equal(config->limits.deadline, 1);
	assert_int_equal(config->batch, 1);
	config_unref(config);
	config =
	    parse("[limits]\ndeadline = 3600\n[database]\nbatch = 10000\n");
	assert_int_equal(config->limits.deadline, 3600);
	assert_int_equal(config->batch, 10000);
	config_unref(config);
}

static void test_sockets(void **state)
{
	static const char *const good[] = {"unix:/run/x", "local:/run/x",
	    "inet:1@localhost", "inet:65535@127.0.0.1", "inet6:8894@::1",
	    "inet6:8894@[::1]", "inet6:1@fe80::1%eth0", "fd:3"};
	static const char *const bad[] = {"", "unix:", "unix:x", "inet:0@a",
	    "inet:65536@a", "inet:@a", "inet:1@", "inet:01@a", "inet:+1@a",
	    "inet:1@a b", "inet6:1@[]", "inet6:1@[::1", "fd:", "fd:2", "fd:-1",
	    "fd:3x", "tcp:1@a", "UNIX:/x"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		char *text =
		    g_strdup_printf("[milter]\nsocket = %s\n", good[i]);
		struct config *config = parse(text);

		assert_string_equal(config->socket, good[i]);
		config_unref(config);
		g_free(text);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		char *text = g_strdup_printf("[milter]\nsocket = %s\n", bad[i]);

		assert_error(
		    text, strlen(text), "test.conf: [milter] socket: ");
		g_free(text);
	}
}

static char *path_of(const char *folder, const char *name)
{
	return g_strconcat(folder, "/", name, ".conf", (char *)NULL);
}

static void check_bad(const char *folder, const char *name)
{
	GHashTable *facts = fixture_table(folder, name);
	char *sentence = fixture_take(facts, "error");
	char *path = path_of(folder, name), *expected, *error = NULL;
	struct config *config = config_load(path, &error);

	assert_non_null(sentence);
	assert_int_equal(g_hash_table_size(facts), 0);
	expected = g_strdup_printf("%s: %s", path, sentence);
	if (config != NULL)
		fail_msg("taken, but should be: %s", expected);
	if (!g_str_has_prefix(error, expected))
		fail_msg("\"%s\" instead of \"%s\"", error, expected);
	assert_null(strchr(error, '\n'));
	g_hash_table_unref(facts);
	g_free(sentence);
	g_free(expected);
	g_free(error);
	g_free(path);
}

/* "section.key: value" for each line that differs from the defaults. */
static char *describe(const char *printed)
{
	struct config *defaults = config_default();
	char *text = config_print(defaults);
	char **lines = g_strsplit(printed, "\n", -1);
	char **others = g_strsplit(text, "\n", -1);
	GString *out = g_string_new(NULL);
	const char *section = "";

	assert_int_equal(g_strv_length(lines), g_strv_length(others));
	for (size_t i = 0; lines[i] != NULL; i++) {
		char *equals = strstr(lines[i], " =");

		if (lines[i][0] == '[') {
			section = g_strdelimit(lines[i] + 1, "]", '\0');
		} else if (strcmp(lines[i], others[i]) != 0) {
			assert_non_null(equals);
			*equals = '\0';
			g_string_append_printf(
			    out, "%s.%s:%s\n", section, lines[i], equals + 2);
		}
	}
	g_strfreev(others);
	g_strfreev(lines);
	g_free(text);
	config_unref(defaults);
	return g_string_free(out, FALSE);
}

static void check_good(const char *folder, const char *name)
{
	char *error = NULL, *first, *second, *values;
	char *expected = fixture_facts(folder, name);
	char *path = path_of(folder, name);
	struct config *config = config_load(path, &error);

	if (config == NULL)
		fail_msg("%s", error);
	first = config_print(config);
	config_unref(config);
	config = parse(first);
	second = config_print(config);
	config_unref(config);
	assert_string_equal(first, second);
	values = describe(first);
	if (strcmp(values, expected) != 0)
		fail_msg(
		    "%s: \"%s\" instead of \"%s\"", path, values, expected);
	g_free(path);
	g_free(expected);
	g_free(values);
	g_free(second);
	g_free(first);
}

static void test_bad(void **state)
{
	(void)state;
	fixture_each(FOLDER "/bad", 90, check_bad);
}

static void test_good(void **state)
{
	(void)state;
	fixture_each(FOLDER "/good", 15, check_good);
}

static void test_bytes(void **state)
{
	char nul[] = "[log]\nlevel =\0 info";

	(void)state;
	assert_error(nul, sizeof(nul) - 1,
	    "test.conf: line 2 has the byte 0x00; the file has to be text");
	assert_error("\n\xff", 2, "test.conf: line 2 has the byte 0xff");
	assert_error("#\xc3", 2, "test.conf: line 1 has the byte 0xc3");
	assert_error("# \033[2J", 6, "test.conf: line 1 has the byte 0x1b");
	/* The byte behind the text is nobody's. */
	assert_error("[log]\r\n", 6, "test.conf: line 1 has the byte 0x0d");
	assert_error("[log]\nlevel = a\tb\xe2\x80\xae", 20,
	    "test.conf: [log] level: \"a\\x09b\\u{202e}\" is not allowed");
}

/* A long line is quoted in part. */
static void test_long_line(void **state)
{
	char *line = g_strnfill(100000, 'x'), *error = NULL;

	(void)state;
	assert_null(config_parse(line, strlen(line), "test.conf", &error));
	assert_true(strlen(error) < 500);
	g_free(error);
	g_free(line);
}

/* An error leaves nothing behind that the next call would see. */
static void test_again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_error(
		    "[log]\nlevel = \"", 15, "test.conf: [log] level: ");
		config_unref(parse("[log]\nlevel = debug\n"));
		assert_error("[milter]\ndisposition = x\n", 25,
		    "test.conf: [milter] disposition: ");
	}
}

static char *temporary_folder(void)
{
	char *folder = g_dir_make_tmp("test_config_XXXXXX", NULL);

	assert_non_null(folder);
	return folder;
}

static void assert_no_file(const char *path, const char *problem)
{
	char *error = NULL;
	char *expected = g_strdup_printf("%s: %s", path, problem);

	assert_null(config_load(path, &error));
	assert_string_equal(error, expected);
	g_free(expected);
	g_free(error);
}

static void test_no_file(void **state)
{
	char *folder = temporary_folder();
	char *path = g_build_filename(folder, "x.conf", NULL);

	(void)state;
	assert_no_file(path, "No such file or directory");
	assert_no_file(folder, "is not a regular file");
	assert_no_file("/dev/null", "is not a regular file");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_no_file(path, "is not a regular file");
	assert_int_equal(g_unlink(path), 0);
	/* A loop of links can't be read by anybody, root included. */
	assert_int_equal(symlink("x.conf", path), 0);
	assert_no_file(path, "Too many levels of symbolic links");
	assert_int_equal(g_unlink(path), 0);
	assert_int_equal(g_rmdir(folder), 0);
	g_free(path);
	g_free(folder);
}

#define SWAPS 5000

struct swap {
	char *path; /* a link: now to a file, now to a FIFO */
	char *file;
	char *fifo;
	atomic_int count;
};

static void *swap_file(void *data)
{
	struct swap *swap = data;
	g_autofree char *link = g_strconcat(swap->path, ".new", NULL);

	for (int i = 0; i < SWAPS; i++, atomic_fetch_add(&swap->count, 1))
		if (symlink(i % 2 == 0 ? swap->file : swap->fifo, link) != 0 ||
		    g_rename(link, swap->path) != 0)
			return NULL;
	return data;
}

/* No file is waited for, not even one that becomes a FIFO meanwhile. */
static void test_swapped_file(void **state)
{
	char *folder = temporary_folder();
	struct swap swap = {
	    .path = g_build_filename(folder, "x.conf", NULL),
	    .file = g_build_filename(folder, "file", NULL),
	    .fifo = g_build_filename(folder, "fifo", NULL),
	};
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(mkfifo(swap.fifo, 0600), 0);
	assert_true(g_file_set_contents(swap.file, "", 0, NULL));
	assert_int_equal(symlink(swap.file, swap.path), 0);
	assert_int_equal(pthread_create(&thread, NULL, swap_file, &swap), 0);
	alarm(20);
	while (atomic_load(&swap.count) < SWAPS) {
		g_autofree char *error = NULL;

		config_unref(config_load(swap.path, &error));
	}
	alarm(0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_non_null(result);
	assert_int_equal(g_unlink(swap.path), 0);
	assert_int_equal(g_unlink(swap.fifo), 0);
	assert_int_equal(g_unlink(swap.file), 0);
	assert_int_equal(g_rmdir(folder), 0);
	g_free(swap.path);
	g_free(swap.file);
	g_free(swap.fifo);
	g_free(folder);
}

static void test_file_size(void **state)
{
	char *folder = temporary_folder();
	char *path = g_build_filename(folder, "x.conf", NULL);
	char *text = g_strnfill(1024 * 1024, '\n');
	char *error = NULL;
	struct config *config;

	(void)state;
	assert_true(g_file_set_contents(path, text, 1024 * 1024, NULL));
	assert_no_file(path,
	    "is too large for a configuration; allowed is less than 1 MiB");
	assert_true(g_file_set_contents(path, text, 1024 * 1024 - 1, NULL));
	config = config_load(path, &error);
	assert_non_null(config);
	assert_default(config);
	config_unref(config);
	assert_true(g_file_set_contents(path, "", 0, NULL));
	config = config_load(path, &error);
	assert_non_null(config);
	config_unref(config);
	g_unlink(path);
	g_rmdir(folder);
	g_free(text);
	g_free(path);
	g_free(folder);
}

static void test_references(void **state)
{
	struct config *config = config_default();
	struct config *second = config_ref(config);

	(void)state;
	assert_ptr_equal(second, config);
	config_unref(config);
	/* A sanitizer would tell if it were gone. */
	assert_default(second);
	config_unref(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_default),
	    cmocka_unit_test(test_sample),
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_normal_forms),
	    cmocka_unit_test(test_quoting),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_sockets),
	    cmocka_unit_test(test_bad),
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_long_line),
	    cmocka_unit_test(test_again),
	    cmocka_unit_test(test_no_file),
	    cmocka_unit_test(test_swapped_file),
	    cmocka_unit_test(test_file_size),
	    cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
