/* SPDX-License-Identifier: MIT */
/*
 * mailbox and mbox: the messages of each NAME.mbox in tests/fixtures/mbox are
 * those of NAME.expect.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cost.h"
#include "fixture.h"
#include "intake/mailbox.h"
#include "mail/mbox.h"
#include "tree.h"

#define FOLDER FIXTURES "/mbox"

/* The largest message. */
#define LARGEST ((size_t)1 << 20)

/* What a walk came by, a line each. */
struct log {
	GString *text;
	const char *root;  /* cut from paths */
	size_t stop_after; /* 0: never */
	size_t count;
};

static const char *relative(const struct log *log, const char *path)
{
	return g_str_has_prefix(path, log->root) ? path + strlen(log->root)
						 : path;
}

static bool visit(const struct mailbox_item *item, void *data)
{
	struct log *log = data;

	g_string_append_printf(log->text, "%s#%zu %s %zu %s\n",
	    relative(log, item->path), item->number,
	    item->bare ? "bare" : "message", item->length,
	    item->filename != NULL ? item->filename : "-");
	return ++log->count != log->stop_after;
}

static void problem(const char *path, const char *sentence, void *data)
{
	struct log *log = data;

	g_string_append_printf(
	    log->text, "%s: %s\n", relative(log, path), sentence);
}

static int set_up(void **state)
{
	struct log *log = g_new0(struct log, 1);

	log->text = g_string_new(NULL);
	log->root = g_dir_make_tmp("mailbox-XXXXXX", NULL);
	*state = log;
	return log->root == NULL;
}

static int tear_down(void **state)
{
	struct log *log = *state;

	tree_remove(log->root);
	g_free((char *)log->root);
	g_string_free(log->text, TRUE);
	g_free(log);
	return 0;
}

static void put(
    const struct log *log, const char *name, const char *bytes, gssize length)
{
	char *path = g_build_filename(log->root, name, NULL);
	char *folder = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	assert_true(g_file_set_contents(path, bytes, length, NULL));
	g_free(folder);
	g_free(path);
}

static void make_folder(const struct log *log, const char *name)
{
	char *path = g_build_filename(log->root, name, NULL);

	assert_int_equal(g_mkdir_with_parents(path, 0700), 0);
	g_free(path);
}

/* Walks one name below the root. */
static bool walk(struct log *log, const char *name)
{
	char *path = g_build_filename(log->root, name, NULL);
	bool all = mailbox_walk(path, LARGEST, visit, problem, log);

	g_free(path);
	return all;
}

static void expect(struct log *log, const char *expected)
{
	assert_string_equal(log->text->str, expected);
	g_string_truncate(log->text, 0);
}

static void test_kinds_of_files(void **state)
{
	struct log *log = *state;

	put(log, "a.eml", "Subject: x\n\ny\n", -1);
	put(log, "b", "From a Tue Nov 24 02:00:00 2026\nSubject: x\n\ny\n", -1);
	put(log, "c.json", "{}", -1);
	put(log, "d", "\xef\xbb\xbf \r\n\t{", -1);
	put(log, "e.bin", "\x1f\x8b\x08", -1);
	put(log, "f.json.GZ", "broken", -1);
	put(log, "g.eml", "\xef\xbb\xbfSubject: x\n\n", -1);
	put(log, "h.json", "[]", -1);
	put(log, "i", "", 0);
	put(log, "j", "\x1f", 1);
	assert_true(walk(log, ""));
	expect(log, "/a.eml#0 message 14 -\n"
		    "/b#1 message 14 -\n"
		    "/c.json#0 bare 2 c.json\n"
		    "/d#0 bare 8 d\n"
		    "/e.bin#0 bare 3 e.bin\n"
		    "/f.json.GZ#0 bare 6 f.json.GZ\n"
		    "/g.eml#0 message 12 -\n"
		    "/h.json#0 bare 2 h.json\n"
		    "/j: is not a message, an mbox or a report\n");
}

/* What " \nFrom: a\n\n" and "\n{}" become in gzip. */
#define GZIP_MAIL                                                      \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x53\xe0\x72\x2b\xca" \
	"\xcf\xb5\x52\x48\xe4\xe2\x02\x00\x80\xcd\xdc\x68\x0b\x00\x00" \
	"\x00"
#define GZIP_JSON                                                      \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xe3\xaa\xae\x05\x00" \
	"\x78\xf1\xa9\x10\x03\x00\x00\x00"

static void test_compressed(void **state)
{
	static const char zip[30] = "PK\3\4";
	struct log *log = *state;
	const char *said =
	    "is compressed, and not a report; to import what it holds: "
	    "gzip -dc FILE | tlsrpt-import -";
	char *expected = g_strdup_printf("/a.eml.gz: %s\n"
					 "/b.json.gz#0 bare 31 b.json.gz\n"
					 "/c.gz#0 bare 23 c.gz\n"
					 "/d.zip#0 bare 30 d.zip\n"
					 "/e.gz#0 bare 12 e.gz\n"
					 "/f,S=1:2,S: %s\n",
	    said, said);

	put(log, "a.eml.gz", GZIP_MAIL, sizeof GZIP_MAIL - 1);
	put(log, "b.json.gz", GZIP_MAIL, sizeof GZIP_MAIL - 1);
	put(log, "c.gz", GZIP_JSON, sizeof GZIP_JSON - 1);
	put(log, "d.zip", zip, sizeof zip);
	put(log, "e.gz", GZIP_MAIL, 12);
	put(log, "f,S=1:2,S", GZIP_MAIL, sizeof GZIP_MAIL - 1);
	assert_true(walk(log, ""));
	expect(log, expected);
	g_free(expected);
}

/* What can't be read is named, with what to do. */
static void test_files_that_are_not_understood(void **state)
{
	static const struct {
		const char *name;
		const char *bytes;
		gssize length; /* -1 for a string */
		const char *said;
	} files[] = {
	    {"a", "%PDF-1.4\n1 0 obj\n", -1,
		"is not a message, an mbox or a report"},
	    {"b", "BZh91AY&SY", -1,
		"is compressed; to import what it holds: bzip2 -dc FILE | "
		"tlsrpt-import -"},
	    {"c,S=1:2,S", "\xfd\x37zXZ\0", 6,
		"is compressed; to import what it holds: xz -dc FILE | "
		"tlsrpt-import -"},
	    {"d", "\x28\xb5\x2f\xfd", 4,
		"is compressed; to import what it holds: zstd -dc FILE | "
		"tlsrpt-import -"},
	    {"e", "\x78\x9c\x01", 3,
		"is compressed; to import what it holds: pigz -dc < FILE | "
		"tlsrpt-import -"},
	    {"f", "A: b\r\rc\r", -1,
		"has lines that end in CR alone; to import it: tr '\\r' '\\n' "
		"< FILE | tlsrpt-import -"},
	    {"g", "From a 1:00\rA: b\r\rc\r", -1,
		"has lines that end in CR alone; to import it: tr '\\r' '\\n' "
		"< FILE | tlsrpt-import -"},
	    {"h", "A\0:\0b\0\n\0", 8,
		"is in UTF-16LE; to import it: iconv -f UTF-16LE -t UTF-8 FILE "
		"| tlsrpt-import -"},
	    {"i", "\0A\0:\0b\0\n", 8,
		"is in UTF-16BE; to import it: iconv -f UTF-16BE -t UTF-8 FILE "
		"| tlsrpt-import -"},
	    {"j",
		"\xff\xfe"
		"A\0:\0",
		6,
		"is in UTF-16; to import it: iconv -f UTF-16 -t UTF-8 FILE | "
		"tlsrpt-import -"},
	    {"k", "1 word\n", -1, "is not a message, an mbox or a report"},
	};
	struct log *log = *state;
	GString *expected = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		put(log, files[i].name, files[i].bytes, files[i].length);
		g_string_append_printf(
		    expected, "/%s: %s\n", files[i].name, files[i].said);
	}
	assert_true(walk(log, ""));
	expect(log, expected->str);
	g_string_free(expected, TRUE);
}

static void test_odd_messages(void **state)
{
	struct log *log = *state;

	put(log, "a.emlx", "8   \nA: b\n\nc\n<?xml version=\"1.0\"?>\n", -1);
	put(log, "b.emlx", "99\nA: b\n", -1); /* cut off */
	put(log, "c", ">From a 1:00\nA: b\n\nc\n", -1);
	put(log, "d", ">From a 1:00\nA: b\n\n>>From c\n\n>From a 1:00\nA: b",
	    -1);
	put(log, "e", "\n\nA: b\n\nc\n", -1);
	put(log, "f", "\xef\xbb\xbf\nFrom a 1:00\nA: b\n\nc\n", -1);
	assert_true(walk(log, ""));
	expect(log, "/a.emlx#0 message 8 -\n"
		    "/b.emlx#0 message 5 -\n"
		    "/c#1 message 8 -\n"
		    "/d#1 message 14 -\n"
		    "/d#2 message 4 -\n"
		    "/e#0 message 8 -\n"
		    "/f#1 message 8 -\n");
}

/* Shortens or appends to the file while its first message is visited. */
static bool visit_and_change(const struct mailbox_item *item, void *data)
{
	const struct stat *status = data;

	if (item->number == 1)
		assert_int_equal(truncate(item->path, status->st_size), 0);
	return true;
}

static void note_change(const char *path, const char *problem, void *data)
{
	struct stat *status = data;

	(void)path;
	assert_string_equal(problem,
	    "changed while it was read; what was read is imported; import it "
	    "again for the rest");
	status->st_mode = 1;
}

static void test_file_changes_while_it_is_read(void **state)
{
	static const off_t sizes[] = {0, 300000, 9000000};
	struct log *log = *state;
	char *path = g_build_filename(log->root, "a", NULL);
	GString *text = g_string_new(NULL);

	while (text->len < 3000000)
		g_string_append(text, "From a 1:00\nA: b\n\nc\n\n");
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		struct stat status = {.st_size = sizes[i]};

		put(log, "a", text->str, (gssize)text->len);
		assert_true(mailbox_walk(
		    path, LARGEST, visit_and_change, note_change, &status));
		assert_int_equal(status.st_mode, 1);
	}
	g_string_free(text, TRUE);
	g_free(path);
}

static void test_maildir(void **state)
{
	struct log *log = *state;

	put(log, "m/new/1.host", "A: b\n", -1);
	put(log, "m/cur/2.host:2,S", "A: b\n", -1);
	put(log, "m/tmp/3.host", "A: b\n", -1);
	put(log, "m/.Archive/cur/4", "A: b\n", -1);
	put(log, "m/.Archive/new/5", "A: b\n", -1);
	put(log, "m/.Archive/tmp/6", "A: b\n", -1);
	put(log, "m/dovecot-uidlist", "3 V1 N2\n", -1);
	put(log, "n/tmp/7", "A: b\n", -1); /* no Maildir */
	assert_true(walk(log, ""));
	expect(log, "/m/.Archive/cur/4#0 message 5 -\n"
		    "/m/.Archive/new/5#0 message 5 -\n"
		    "/m/cur/2.host:2,S#0 message 5 -\n"
		    "/m/new/1.host#0 message 5 -\n"
		    "/n/tmp/7#0 message 5 -\n");
}

static void test_only_regular_files_are_opened(void **state)
{
	struct log *log = *state;
	char *pipe = g_build_filename(log->root, "in/pipe", NULL);
	char *link = g_build_filename(log->root, "in/link", NULL);
	char *loop = g_build_filename(log->root, "in/loop", NULL);

	put(log, "in/a", "A: b\n", -1);
	put(log, "out/b", "A: b\n", -1);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(symlink("../out/b", link), 0);
	assert_int_equal(symlink(".", loop), 0);
	assert_true(walk(log, "in"));
	expect(log, "/in/a#0 message 5 -\n");
	/* One that is named is followed; a pipe is not, nor waited for. */
	assert_true(walk(log, "in/link"));
	expect(log, "/in/link#0 message 5 -\n");
	assert_true(walk(log, "in/pipe"));
	expect(log, "/in/pipe: is neither a regular file nor a folder\n");
	g_free(pipe);
	g_free(link);
	g_free(loop);
}

static void test_problems(void **state)
{
	struct log *log = *state;
	GString *deep = g_string_new("deep");
	GString *expected = g_string_new(NULL);

	assert_true(walk(log, "missing"));
	expect(log, "/missing: can't be read: No such file or directory\n");
	for (int i = 0; i < 64; i++)
		g_string_append(deep, "/d");
	make_folder(log, deep->str);
	assert_true(walk(log, "deep"));
	g_string_printf(
	    expected, "/%s: is nested more than 64 folders deep\n", deep->str);
	expect(log, expected->str);
	g_string_free(deep, TRUE);
	g_string_free(expected, TRUE);
}

static void test_visit_ends_the_walk(void **state)
{
	struct log *log = *state;

	put(log, "a", "From a 1:00\nA: b\n\n\nFrom a 1:00\nA: b\n\n", -1);
	put(log, "b", "A: b\n", -1);
	log->stop_after = 1;
	assert_false(walk(log, ""));
	expect(log, "/a#1 message 6 -\n");
	log->count = 0;
	log->stop_after = 3;
	assert_false(walk(log, ""));
	expect(log, "/a#1 message 6 -\n/a#2 message 6 -\n/b#0 message 5 -\n");
}

/* Walks "-" with a pipe as standard input. */
static bool walk_input(struct log *log, const char *text, size_t length)
{
	int saved = dup(STDIN_FILENO);
	int ends[2];
	pid_t child;
	bool all;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		while (length > 0) {
			ssize_t put_now = write(ends[1], text, length);

			if (put_now <= 0)
				_exit(1);
			text += put_now;
			length -= (size_t)put_now;
		}
		_exit(0);
	}
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	all = mailbox_walk("-", LARGEST, visit, problem, log);
	dup2(saved, STDIN_FILENO);
	close(saved);
	waitpid(child, NULL, 0);
	return all;
}

static void test_standard_input(void **state)
{
	struct log *log = *state;
	GString *large = g_string_new(NULL);

	assert_true(walk_input(log, "A: b\n\nc\n", 8));
	expect(log, "-#0 message 8 -\n");
	assert_true(walk_input(log, "{}", 2));
	expect(log, "-#0 bare 2 -\n");
	assert_true(walk_input(log, "", 0));
	expect(log, "");
	for (int i = 0; i < 3; i++) {
		g_string_append(large, "From a 1:00\nA: b\n\n");
		for (int j = 0; j < 20000; j++)
			g_string_append(large, "0123456789\n");
		g_string_append(large, "\n");
	}
	assert_true(walk_input(log, large->str, large->len));
	expect(log, "-#1 message 220006 -\n-#2 message 220006 -\n"
		    "-#3 message 220006 -\n");
	g_string_free(large, TRUE);
}

static void ignore(int number)
{
	(void)number;
}

/* Waiting for more input ends with a signal. */
static void test_standard_input_is_interrupted(void **state)
{
	struct log *log = *state;
	struct sigaction action = {.sa_handler = ignore}, before;
	int saved = dup(STDIN_FILENO);
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	dup2(ends[0], STDIN_FILENO);
	sigaction(SIGALRM, &action, &before);
	ualarm(50000, 50000);
	assert_false(mailbox_walk("-", LARGEST, visit, problem, log));
	ualarm(0, 0);
	sigaction(SIGALRM, &before, NULL);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(ends[0]);
	close(ends[1]);
	expect(log, "");
}

/* A file that is read from its beginning. */
static int file_of(const void *bytes, size_t length)
{
	int fd = memfd_create("mbox", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Opens an mbox with a window. */
static void open_mbox(struct mbox *mbox, struct window *window, int fd)
{
	window_open(window, fd);
	assert_true(window_grow(window));
	mbox_init(mbox, window);
}

static void close_mbox(struct mbox *mbox)
{
	close(mbox->window->fd);
	mbox_clear(mbox);
}

/* Splits an mbox, step bytes of which are read at a time. */
static void describe_mbox(
    GString *out, const void *bytes, size_t length, size_t step)
{
	struct window window;
	struct mbox mbox;
	struct mbox_message message;

	window_init(&window, step, length + MBOX_MARGIN);
	open_mbox(&mbox, &window, file_of(bytes, length));
	while (mbox_next(&mbox, &message)) {
		char *content =
		    g_strndup((const char *)message.bytes, message.length);
		char *escaped = g_strescape(content, NULL);

		g_string_append_printf(out, "message: %s\n", escaped);
		g_free(escaped);
		g_free(content);
	}
	close_mbox(&mbox);
	window_clear(&window);
}

static void check_mbox(const char *folder, const char *name)
{
	gsize length = 0;
	char *bytes = fixture_read(folder, name, ".mbox", &length);
	char *facts = fixture_facts(folder, name);
	GString *found = g_string_new(NULL);

	assert_non_null(bytes);
	for (size_t step = 1; step <= length; step = 7 * step + 1) {
		g_string_truncate(found, 0);
		describe_mbox(found, bytes, length, step);
		if (strcmp(found->str, facts) != 0)
			fail_msg("%s gave\n%sinstead of\n%s", name, found->str,
			    facts);
	}
	g_string_free(found, TRUE);
	g_free(bytes);
	g_free(facts);
}

static void test_mbox_fixtures(void **state)
{
	(void)state;
	fixture_each(FOLDER, 8, check_mbox);
}

/* Every message is a stretch of the mbox, in order, whatever the bytes are; and
 * the number of them is bounded by the From_ lines. */
static void test_mbox_noise(void **state)
{
	static const char *const words[] = {"From ", "\n", "\r\n", ">",
	    ">From ", "a", " 1:00", "A: b\n", "Content-Length: ", "3\n",
	    "99999999999", "\n\n", "From a 1:00\n", ":", "\0"};
	GRand *random = g_rand_new_with_seed(4155);
	GString *text = g_string_new(NULL);
	struct window window;

	(void)state;
	window_init(&window, 1, LARGEST);
	for (int i = 0; i < 50000; i++) {
		int count = g_rand_int_range(random, 0, 30);
		struct mbox mbox;
		struct mbox_message message;
		size_t sum = 0;

		g_string_assign(text, "From ");
		for (int j = 0; j < count; j++)
			g_string_append(text, words[g_rand_int_range(random, 0,
						  G_N_ELEMENTS(words))]);
		open_mbox(&mbox, &window, file_of(text->str, text->len));
		while (mbox_next(&mbox, &message))
			sum += message.length;
		assert_true(sum <= text->len);
		close_mbox(&mbox);
	}
	window_clear(&window);
	g_string_free(text, TRUE);
	g_rand_free(random);
}

/* Large messages, and lines that decide where one ends, at every place of a
 * window. */
static void test_mbox_does_not_depend_on_the_window(void **state)
{
	GString *text = g_string_new(NULL);
	GString *expected = g_string_new(NULL);
	GString *found = g_string_new(NULL);

	(void)state;
	for (int i = 0; i < 40; i++) {
		g_string_append(text, "From a 1:00\nA: b\n");
		if (i % 3 == 0)
			g_string_append_printf(
			    text, "Content-Length: %d\n", 7 * i * 113 % 9000);
		g_string_append(text, "\n");
		for (int j = 0; j < i * 113; j++)
			g_string_append(text, j % 50 == 49   ? "\nFrom x\n"
					      : j % 31 == 30 ? "\n>From x\n"
							     : "word ");
		g_string_append(text, i % 2 == 0 ? "\n\n" : "\r\n\r\n");
	}
	describe_mbox(expected, text->str, text->len, text->len + 1);
	for (size_t step = 1; step < text->len; step = step * 3 / 2 + 1) {
		g_string_truncate(found, 0);
		describe_mbox(found, text->str, text->len, step);
		assert_string_equal(found->str, expected->str);
	}
	g_string_free(text, TRUE);
	g_string_free(expected, TRUE);
	g_string_free(found, TRUE);
}

/* A message over the limit is too large for its window; the next one is not
 * touched by that, whatever length the first one claims. */
static void test_large_messages(void **state)
{
	static const char *const heads[] = {
	    "", "Content-Length: 99999999999\n", "Content-Length: 2999999\n"};
	struct log *log = *state;
	GString *text = g_string_new(NULL);
	GString *expected = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
		g_string_append_printf(
		    text, "From a 1:00\nA: b\n%s\n", heads[i]);
		for (int j = 0; j < 300000; j++)
			g_string_append(text, "012345678\n");
		g_string_append(text, "\nFrom a 1:00\nC: d\n\n");
		g_string_append_printf(expected,
		    "/a#%zu message %zu -\n/a#%zu message 6 -\n", 2 * i + 1,
		    LARGEST + MBOX_MARGIN, 2 * i + 2);
	}
	put(log, "a", text->str, (gssize)text->len);
	g_string_append_printf(
	    expected, "/b#0 message %zu -\n", LARGEST + MBOX_MARGIN);
	put(log, "b", strchr(text->str, 'A'), (gssize)(2 * LARGEST));
	assert_true(walk(log, ""));
	expect(log, expected->str);
	g_string_free(text, TRUE);
	g_string_free(expected, TRUE);
}

static void test_mbox_takes_linear_time(void **state)
{
	static const char *const pieces[] = {"From a 1:00\n", "\nFrom \n",
	    ">From x\n", "Content-Length: 1\n", "\n", "From ",
	    "From a 1:00\nContent-Length: 99\n\n"};
	GString *text = g_string_new(NULL);
	struct window window;
	clock_t start = clock();

	(void)state;
	window_init(&window, 4096, 2 * LARGEST);
	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		struct mbox mbox;
		struct mbox_message message;

		g_string_assign(text, "From a 1:00\nA: b\n\n");
		while (text->len < 2 * 1024 * 1024)
			g_string_append(text, pieces[i]);
		open_mbox(&mbox, &window, file_of(text->str, text->len));
		while (mbox_next(&mbox, &message))
			;
		close_mbox(&mbox);
	}
	window_clear(&window);
	assert_true(clock() - start < HOPELESS * CLOCKS_PER_SEC);
	g_string_free(text, TRUE);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_kinds_of_files),
	    TEST(test_compressed),
	    TEST(test_files_that_are_not_understood),
	    TEST(test_odd_messages),
	    TEST(test_file_changes_while_it_is_read),
	    TEST(test_large_messages),
	    TEST(test_maildir),
	    TEST(test_only_regular_files_are_opened),
	    TEST(test_problems),
	    TEST(test_visit_ends_the_walk),
	    TEST(test_standard_input),
	    TEST(test_standard_input_is_interrupted),
	    cmocka_unit_test(test_mbox_fixtures),
	    cmocka_unit_test(test_mbox_does_not_depend_on_the_window),
	    cmocka_unit_test(test_mbox_noise),
	    cmocka_unit_test(test_mbox_takes_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
