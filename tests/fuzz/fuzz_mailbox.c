/* SPDX-License-Identifier: MIT */
/*
 * A file of mail: as an mbox, whose messages are pieces of it in order, and as
 * a mailbox under a name that the first byte chooses.
 */
#include "base/sniff.h"
#include "document/gunzip.h"
#include "fuzz.h"
#include "intake/mailbox.h"
#include "mail/mbox.h"

static void split(const uint8_t *bytes, size_t length)
{
	struct mbox mbox;
	struct mbox_message message;
	size_t before = 0, sum = 0;

	mbox_init(&mbox, bytes, length);
	while (mbox_next(&mbox, &message)) {
		FUZZ_CHECK(mbox.offset > before && mbox.offset <= length);
		FUZZ_CHECK(message.length > 0);
		/* Its From_ line is not in it. */
		FUZZ_CHECK(message.length < mbox.offset - before);
		before = mbox.offset;
		sum += message.length;
	}
	FUZZ_CHECK(sum <= length);
	mbox_clear(&mbox);
}

struct visits {
	size_t length; /* of the file */
	bool gzip;     /* the file */
	size_t count;
	size_t sum;
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

/* The one that there can be is that the file has to be unpacked. */
static void problem(const char *path, const char *sentence, void *data)
{
	struct visits *visits = data;

	if (!visits->gzip || visits->count > 0)
		fuzz_fail(sentence, path, 0);
	visits->count++;
}

static void walk_file(const char *name, const uint8_t *bytes, size_t length)
{
	struct visits visits = {
	    .length = length, .gzip = sniff_gzip(bytes, length)};
	char *path = g_build_filename(fuzz_folder(), name, NULL);

	/* Not g_file_set_contents(), which waits for the disk. */
	FILE *file = fopen(path, "we");

	FUZZ_CHECK(file != NULL);
	FUZZ_CHECK(fwrite(bytes, 1, length, file) == length);
	FUZZ_CHECK(fclose(file) == 0);
	(void)mailbox_walk(path, visit, problem, &visits);
	FUZZ_CHECK(
	    length == 0 || visits.count > 0 || mbox_sniff(bytes, length));
	FUZZ_CHECK(g_unlink(path) == 0);
	g_free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char *const names[] = {
	    "archive", "mail.eml", "report.json", "report.json.gz"};

	if (length == 0)
		return 0;
	split(bytes + 1, length - 1);
	walk_file(names[bytes[0] & 3], bytes + 1, length - 1);
	return 0;
}
