/* SPDX-License-Identifier: MIT */
/*
 * A spooled record. Bytes that begin with "version" are read as one; of others
 * a record is made, each string ended by a NUL, and what was written must be
 * read. Either way the second reading gives the same header as the first.
 */
#include <jansson.h>

#include "document/json_tree.h"
#include "fuzz.h"
#include "load/ingest_row.h"
#include "spool/record.h"

/* What is left of the input to make a record of. */
struct source {
	const uint8_t *bytes;
	size_t length;
};

static uint8_t take_byte(struct source *source)
{
	if (source->length == 0)
		return 0;
	source->length--;
	return *source->bytes++;
}

/* NULL at the end, and for a string that is empty. */
static char *take_string(struct source *source)
{
	char *text = fuzz_string(source->bytes, source->length);
	size_t taken = strlen(text) + 1;

	if (taken > source->length)
		taken = source->length;
	source->bytes += taken;
	source->length -= taken;
	if (*text == '\0')
		g_clear_pointer(&text, g_free);
	return text;
}

static void take_strings(struct record *record, struct source *source)
{
	char **const members[] = {&record->queue_id, &record->envelope_from,
	    &record->message_id, &record->from_domain,
	    &record->tls_report_domain, &record->tls_report_submitter,
	    &record->dkim_domain, &record->submitter, &record->media_type,
	    &record->filename};

	for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
		*members[i] = take_string(source);
}

static struct record *make_record(struct source source)
{
	static const char *const results[] = {"pass", "fail", "none", NULL};
	struct record *record = record_new();
	uint8_t kind = take_byte(&source);

	record->kind = (kind & 1) != 0 ? RECORD_REJECTION : RECORD_REPORT;
	record->source = (kind & 2) != 0 ? RECORD_IMPORT : RECORD_MILTER;
	record->reason = (kind & 4) != 0 ? RECORD_REFUSED : RECORD_INVALID;
	record->authenticated = (kind & 8) != 0;
	record->dkim_result = g_strdup(results[kind >> 6]);
	for (size_t i = 0; i < 8; i++)
		record->received_at =
		    (int64_t)((uint64_t)record->received_at << 8 |
			      take_byte(&source));
	for (uint8_t i = take_byte(&source) & 15; i > 0; i--) {
		char *recipient = take_string(&source);

		g_ptr_array_add(record->recipients,
		    recipient != NULL ? recipient : g_strdup(""));
	}
	take_strings(record, &source);
	if (record->kind == RECORD_REJECTION)
		record->detail = take_string(&source);
	else
		record_set_bytes(record, source.bytes, source.length);
	return record;
}

static GByteArray *write_record(const struct record *record)
{
	GString *header = record_header(record);
	GByteArray *file = g_byte_array_new();
	gsize length;
	const void *bytes;

	g_byte_array_append(
	    file, (const guint8 *)header->str, (guint)header->len);
	g_string_free(header, TRUE);
	if (record->bytes != NULL) {
		bytes = g_bytes_get_data(record->bytes, &length);
		g_byte_array_append(file, bytes, (guint)length);
	}
	return file;
}

static void check_header(const GByteArray *file, const struct record *record)
{
	size_t body =
	    record->bytes != NULL ? g_bytes_get_size(record->bytes) : 0;

	for (size_t i = 0; i < file->len - body; i++)
		FUZZ_CHECK(file->data[i] == '\n' ||
			   (file->data[i] >= 0x20 && file->data[i] < 0x7f));
}

static void check_row(const struct record *record)
{
	GString *row = g_string_new(NULL);
	struct json_tree_info info;
	json_t *tree;

	ingest_row_rejection(row, "record", record);
	tree = json_tree_load(row->str, row->len, &info, NULL);
	FUZZ_CHECK(tree != NULL && info.end == row->len);
	json_decref(tree);
	g_string_free(row, TRUE);
}

/* What was written is read, and written again just so. */
static void write_and_read(const struct record *record)
{
	GByteArray *file = write_record(record);
	GByteArray *again;
	char *error = NULL;
	struct record *read = record_parse(file->data, file->len, &error);

	FUZZ_CHECK(read != NULL);
	check_header(file, record);
	again = write_record(read);
	FUZZ_CHECK(file->len == again->len);
	FUZZ_CHECK(memcmp(file->data, again->data, file->len) == 0);
	check_row(read);
	record_free(read);
	g_byte_array_unref(file);
	g_byte_array_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *error = NULL;
	struct record *record;

	if (length >= 7 && memcmp(bytes, "version", 7) == 0)
		record = record_parse(bytes, length, &error);
	else
		record = make_record((struct source){bytes, length});
	if (record != NULL)
		write_and_read(record);
	else
		FUZZ_CHECK(error != NULL && fuzz_is_one_line(error));
	g_free(error);
	record_free(record);
	return 0;
}
