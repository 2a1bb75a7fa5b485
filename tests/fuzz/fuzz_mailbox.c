/* SPDX-License-Identifier: MIT */
/*
 * A file of mail: as an mbox, whose messages are pieces of it in order, the
 * same ones however much is read at a time; and as a mailbox under a name that
 * the first byte chooses.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/sniff.h"
#include "fuzz.h"
#include "intake/mailbox.h"
#include "mail/mbox.h"

/* Less than an input may have. */
#define SMALL ((size_t)4096)
#define LARGE ((size_t)128 << 10)

/* Splits an mbox, and appends the messages to out. */
static void split(const char *path, size_t step, size_t most, GByteArray *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct window window;
	struct mbox mbox;
	struct mbox_message message;

	FUZZ_CHECK(fd >= 0);
	window_init(&window, step, most);
	window_open(&window, fd);
	FUZZ_CHECK(window_grow(&window));
	mbox_init(&mbox, &window);
	while (mbox_next(&mbox, &message)) {
		FUZZ_CHECK(message.length > 0);
		/* Its From_ line is not in it. */
		FUZZ_CHECK(mbox.cut || message.length < mbox.done);
		g_byte_array_append(out, message.bytes, (guint)message.length);
		g_byte_array_append(out, (const guint8 *)"|", 1);
	}
	FUZZ_CHECK(window.ended && window.length == 0);
	mbox_clear(&mbox);
	window_clear(&window);
	close(fd);
}

static void split_by_windows(const char *path, size_t length)
{
	GByteArray *whole = g_byte_array_new();
	GByteArray *pieces = g_byte_array_new();

	split(path, LARGE, LARGE, whole);
	split(path, 1 + length / 7, LARGE, pieces);
	FUZZ_CHECK(whole->len == pieces->len);
	FUZZ_CHECK(whole->len == 0 ||
		   memcmp(whole->data, pieces->data, whole->len) == 0);
	FUZZ_CHECK(whole->len <= 2 * length);
	g_byte_array_set_size(pieces, 0);
	split(path, 1, SMALL, pieces);
	g_byte_array_unref(whole);
	g_byte_array_unref(pieces);
}

struct visits {
	size_t length; /* of the file */
	size_t count;
	size_t sum;
	bool told; /* of a problem, and that's all */
};

static bool visit(const struct mailbox_item *item, void *data)
{
	struct visits *visits = data;

	FUZZ_CHECK(item->path != NULL && item->bytes != NULL);
	FUZZ_CHECK(item->number == 0 || item->number == visits->count + 1);
	FUZZ_CHECK(item->bare || item->filename == NULL);
	visits->count++;
	visits->sum += item->length;
	FUZZ_CHECK(visits->sum <= visits->length);
	return visits->count < 1000;
}

static void problem(const char *path, const char *sentence, void *data)
{
	struct visits *visits = data;

	if (visits->told || visits->count > 0)
		fuzz_fail(sentence, path, 0);
	FUZZ_CHECK(fuzz_is_one_line(sentence));
	visits->told = true;
}

static void walk_file(const char *name, const uint8_t *bytes, size_t length)
{
	struct visits visits = {.length = length};
	char *path = g_build_filename(fuzz_folder(), name, NULL);

	/* Not g_file_set_contents(), which waits for the disk. */
	FILE *file = fopen(path, "we");

	FUZZ_CHECK(file != NULL);
	FUZZ_CHECK(fwrite(bytes, 1, length, file) == length);
	FUZZ_CHECK(fclose(file) == 0);
	(void)mailbox_walk(path, LARGE, visit, problem, &visits);
	FUZZ_CHECK(!visits.told || visits.count == 0);
	FUZZ_CHECK(length == 0 || visits.told || visits.count > 0 ||
		   mbox_sniff(bytes + sniff_start(bytes, length),
		       length - sniff_start(bytes, length)));
	if (mbox_sniff(bytes, length))
		split_by_windows(path, length);
	FUZZ_CHECK(g_unlink(path) == 0);
	g_free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char *const names[] = {
	    "archive", "mail.eml", "report.json", "report.json.gz"};

	if (length == 0)
		return 0;
	walk_file(names[bytes[0] & 3], bytes + 1, length - 1);
	return 0;
}
