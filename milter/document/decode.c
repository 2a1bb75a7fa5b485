/* SPDX-License-Identifier: MIT */
/*
 * The label of an attachment can lie and its size says nothing: 16 MiB fit into
 * 16 KiB of gzip, and jansson makes 78 bytes of one. So everything is inflated
 * piece by piece first, to see what it is and how much memory parsing may take,
 * and what is more than a few kilobytes then again, into memory, when that much
 * is available.
 */
#include "document/decode.h"

#include <glib.h>
#include <string.h>

#include "base/admission.h"
#include "base/sniff.h"
#include "base/span.h"
#include "base64.h"
#include "budget.h"
#include "document/gunzip.h"
#include "document/zip.h"
#include "json_scan.h"
#include "json_tree.h"
#include "line_fold.h"
#include "report_json.h"

#define SNIFF_SIZE 8

/* Up to so much is kept while it is measured: nearly all reports, and no more
 * memory than inflating takes anyway. */
#define KEPT_SIZE ((size_t)64 << 10)

/* One decoding, step by step. */
struct decoding {
	const struct decode_input *input;
	const struct limits *limits;
	bool labelled;
	/* The input's bytes, or what was unpacked from them so far. */
	const uint8_t *bytes;
	size_t length;
	GByteArray *unpacked;
	/* The text with its folded lines joined, or NULL. */
	GByteArray *unfolded;
	bool several; /* files in a zip archive, of which this is the first */

	/* What measuring found. */
	bool gzip;
	size_t size;      /* inflated once */
	GByteArray *kept; /* all of it, inflated once; or NULL */
	struct json_scan scan;
	struct json_scan unfolded_scan;
	uint8_t head[SNIFF_SIZE]; /* how it begins, inflated once */
	size_t head_length;

	size_t budget; /* what parsing was admitted with */
	anomaly_set anomalies;
	char *reason;
};

void decode_init(void)
{
	budget_init();
	json_tree_init();
}

bool decode_media_type_is_report(const char *media_type)
{
	static const char prefix[] = "application/tlsrpt";

	return media_type != NULL &&
	       g_ascii_strncasecmp(media_type, prefix, strlen(prefix)) == 0;
}

static bool is_labelled(const struct decode_input *input)
{
	struct span name;

	if (input->media_type != NULL)
		return decode_media_type_is_report(input->media_type);
	if (input->filename == NULL)
		return false;
	name = span_of(input->filename);
	return span_ends(name, ".json") || span_ends(name, ".json.gz");
}

static void note(struct decoding *decoding, enum anomaly anomaly)
{
	decoding->anomalies |= UINT64_C(1) << anomaly;
}

/* Ends with a result that is only for what is labelled as, or claims to be, a
 * report. */
static enum decode_result refuse(struct decoding *decoding, bool claims,
    enum decode_result result, char *reason)
{
	if (!decoding->labelled && !claims) {
		g_free(reason);
		return DECODE_OTHER;
	}
	decoding->reason = reason;
	return result;
}

static bool is_twice_gzip(const struct decoding *decoding)
{
	return decoding->gzip &&
	       sniff_gzip(decoding->head, decoding->head_length);
}

/* What is neither labelled as a report nor seems to be one never waits. */
static bool may_be_report(const struct decoding *decoding)
{
	return decoding->labelled || decoding->scan.claims_report ||
	       is_twice_gzip(decoding);
}

static enum decode_result refuse_late(
    struct decoding *decoding, const char *what)
{
	return refuse(decoding, may_be_report(decoding), DECODE_DEADLINE,
	    g_strdup_printf(
		"limits.deadline: the report could not be %s within %u seconds",
		what, decoding->limits->deadline));
}

/* False when there is much data and the deadline has passed: when a hundred
 * threads inflate at once, each takes a hundred times as long. */
static bool measure_piece(void *context, const uint8_t *bytes, size_t length)
{
	struct decoding *decoding = context;
	int64_t deadline = decoding->input->deadline;
	size_t head = MIN(length, SNIFF_SIZE - decoding->head_length);

	if (head > 0)
		memcpy(decoding->head + decoding->head_length, bytes, head);
	decoding->head_length += head;
	decoding->size += length;
	json_scan_update(&decoding->scan, bytes, length);
	if (decoding->size > KEPT_SIZE)
		g_clear_pointer(&decoding->kept, g_byte_array_unref);
	if (decoding->kept != NULL)
		g_byte_array_append(decoding->kept, bytes, (guint)length);
	return decoding->size < DECODE_LARGE || deadline == 0 ||
	       g_get_monotonic_time() < deadline;
}

/* Goes on with what was unpacked, which frees what it was unpacked from. */
static void unpack(struct decoding *decoding, GByteArray *unpacked)
{
	if (decoding->unpacked != NULL)
		g_byte_array_unref(decoding->unpacked);
	decoding->unpacked = unpacked;
	decoding->bytes = unpacked->data;
	decoding->length = unpacked->len;
}

/* Decodes base64 that the mail did not declare. The copy is smaller than the
 * bytes, which the caller holds in memory anyway. */
static void undo_base64(struct decoding *decoding)
{
	GByteArray *plain;

	if (!decode_media_type_is_report(decoding->input->media_type) ||
	    sniff_report(decoding->bytes, decoding->length))
		return;
	plain = base64_undo(decoding->bytes, decoding->length);
	if (plain != NULL && sniff_report(plain->data, plain->len)) {
		note(decoding, ANOMALY_BASE64_UNDECLARED);
		unpack(decoding, plain);
	} else if (plain != NULL) {
		g_byte_array_unref(plain);
	}
}

/* Extracts the file of a zip archive, still compressed. The copy is no larger
 * than the archive, which the caller holds in memory anyway. */
static enum decode_result unzip(struct decoding *decoding)
{
	GByteArray *gzip;
	enum zip_result result =
	    zip_to_gzip(decoding->bytes, decoding->length, &gzip);

	if (result == ZIP_DAMAGED)
		return refuse(decoding, false, DECODE_INVALID,
		    g_strdup("RFC 8460 section 5.2: attachment: a zip archive "
			     "that is damaged, encrypted or has no file in it, "
			     "where gzip is asked for"));
	decoding->several = result == ZIP_SEVERAL;
	note(decoding, ANOMALY_ZIP_ARCHIVE);
	unpack(decoding, gzip);
	return DECODE_OK;
}

static enum decode_result measure_gzip(struct decoding *decoding)
{
	const struct limits *limits = decoding->limits;
	struct gunzip_info info;

	switch (gunzip(decoding->bytes, decoding->length, limits->report_size,
	    limits->gzip_members, measure_piece, decoding, &info)) {
	case GUNZIP_OK:
		if (info.data_after_end)
			note(decoding, ANOMALY_GZIP_DATA_AFTER_END);
		return DECODE_OK;
	case GUNZIP_STOPPED:
		return refuse_late(decoding, "measured");
	case GUNZIP_TOO_LARGE:
		return refuse(decoding, decoding->scan.claims_report,
		    DECODE_LIMIT,
		    g_strdup_printf(
			"limits.report-size: more than %zu bytes when inflated",
			limits->report_size));
	case GUNZIP_TOO_MANY_MEMBERS:
		return refuse(decoding, decoding->scan.claims_report,
		    DECODE_LIMIT,
		    g_strdup_printf(
			"limits.gzip-members: more than %zu gzip members",
			limits->gzip_members));
	default:
		/* Damaged data may only be called a report's where the label or
		 * a key says so. */
		return refuse(decoding, decoding->scan.has_report_key,
		    DECODE_INVALID,
		    g_strdup_printf(
			"RFC 1952: attachment: gzip data is damaged "
			"or cut short at byte %zu",
			info.offset));
	}
}

/* Joins the lines of a document that was folded on its way, as only one that is
 * not compressed can be. */
static void unfold(struct decoding *decoding)
{
	struct json_scan *scan = &decoding->unfolded_scan;

	if (!decoding->scan.is_object)
		return;
	decoding->unfolded = line_fold_undo(decoding->bytes, decoding->length);
	if (decoding->unfolded == NULL)
		return;
	json_scan_update(
	    scan, decoding->unfolded->data, decoding->unfolded->len);
	decoding->scan.claims_report |= scan->claims_report;
	decoding->scan.has_report_key |= scan->has_report_key;
}

/* Finds what the document is and how large, in memory that does not grow with
 * it. */
static enum decode_result measure(struct decoding *decoding)
{
	decoding->size = 0;
	decoding->head_length = 0;
	memset(&decoding->scan, 0, sizeof(decoding->scan));
	decoding->gzip = sniff_gzip(decoding->bytes, decoding->length);
	if (decoding->gzip) {
		decoding->kept = g_byte_array_sized_new(1); /* not NULL */
		return measure_gzip(decoding);
	}
	(void)measure_piece(decoding, decoding->bytes, decoding->length);
	if (decoding->length <= decoding->limits->report_size) {
		unfold(decoding);
		return DECODE_OK;
	}
	return refuse(decoding, decoding->scan.claims_report, DECODE_LIMIT,
	    g_strdup_printf("limits.report-size: more than %zu bytes",
		decoding->limits->report_size));
}

static bool fill_piece(void *context, const uint8_t *bytes, size_t length)
{
	uint8_t **end = context;

	memcpy(*end, bytes, length);
	*end += length;
	return true;
}

/* Inflates what was measured, into just the memory that it takes, unless it was
 * kept. */
static void inflate(struct decoding *decoding)
{
	uint8_t *bytes, *end;

	if (decoding->kept != NULL) {
		unpack(decoding, g_steal_pointer(&decoding->kept));
		return;
	}
	bytes = end = g_malloc(decoding->size);
	(void)gunzip(decoding->bytes, decoding->length, decoding->size,
	    decoding->limits->gzip_members, fill_piece, &end, NULL);
	unpack(decoding, g_byte_array_new_take(bytes, (gsize)(end - bytes)));
}

static void note_label(struct decoding *decoding)
{
	const char *media_type = decoding->input->media_type;
	bool says_gzip, says_json;

	if (media_type == NULL)
		return;
	says_gzip =
	    g_ascii_strcasecmp(media_type, "application/tlsrpt+gzip") == 0;
	says_json =
	    g_ascii_strcasecmp(media_type, "application/tlsrpt+json") == 0;
	if (!says_gzip && !says_json)
		note(decoding, ANOMALY_MEDIA_TYPE_UNEXPECTED);
	if (!decoding->gzip && span_ends(span_of(media_type), "gzip"))
		note(decoding, ANOMALY_NOT_COMPRESSED);
	if (decoding->gzip && says_json)
		note(decoding, ANOMALY_COMPRESSED_UNLABELLED);
}

/* Reads bytes as the document. */
static enum decode_result read_bytes(const struct decoding *decoding,
    const uint8_t *bytes, size_t length, const struct json_scan *scan,
    struct report **ret_report, char **ret_reason)
{
	const struct report_json_source source = {
	    .bytes = (const char *)bytes,
	    .length = length,
	    .scan = scan,
	    .received_at = decoding->input->received_at,
	    .judge_only = decoding->input->judge_only,
	    .policies_before = decoding->input->policies_before,
	    .failures_before = decoding->input->failures_before,
	    .budget = decoding->budget,
	};

	return report_json_read(
	    &source, decoding->limits, ret_report, ret_reason);
}

/* Reads what a mail server folded, if it is right now; half of a name or a
 * number must not be stored. */
static enum decode_result read_unfolded(
    struct decoding *decoding, struct report **ret_report, char **ret_reason)
{
	const struct json_scan *scan = &decoding->unfolded_scan;
	struct report *report = NULL;
	enum decode_result result =
	    read_bytes(decoding, decoding->unfolded->data,
		decoding->unfolded->len, scan, &report, ret_reason);

	if (result != DECODE_OK)
		return result;
	if (scan->controls == 0 && report_sums_agree(report)) {
		report_note(report, ANOMALY_LINE_FOLDED);
		*ret_report = report;
		return DECODE_OK;
	}
	report_free(report);
	*ret_reason =
	    g_strdup("RFC 5322 section 2.1.1: attachment: a mail server folded "
		     "a long line of the document, and with the line put "
		     "together again the counts do not add up");
	return DECODE_INVALID;
}

/* Reads the document itself: the last step. */
static enum decode_result read_document(
    struct decoding *decoding, struct report **ret_report)
{
	const struct json_scan *scan = &decoding->scan;
	bool folded = decoding->unfolded != NULL && scan->controls > 0;
	enum decode_result result = DECODE_OTHER;
	char *reason = NULL;

	if (!folded)
		result = read_bytes(decoding, decoding->bytes, decoding->length,
		    scan, ret_report, &reason);
	if (decoding->unfolded != NULL && result == DECODE_OTHER) {
		g_clear_pointer(&reason, g_free);
		result = read_unfolded(decoding, ret_report, &reason);
	}
	if (result == DECODE_OTHER)
		return refuse(
		    decoding, scan->has_report_key, DECODE_INVALID, reason);
	if (result != DECODE_OK)
		return refuse(decoding,
		    result == DECODE_INVALID || scan->claims_report, result,
		    reason);
	(*ret_report)->anomalies |= decoding->anomalies;
	report_complete(*ret_report, decoding->input->tls_report_domain,
	    decoding->input->filename);
	return DECODE_OK;
}

/* Inflates a document that was admitted, and reads it. */
static enum decode_result read_admitted(
    struct decoding *decoding, struct report **ret_report)
{
	enum decode_result result = DECODE_OK;

	if (is_twice_gzip(decoding)) {
		note(decoding, ANOMALY_DOUBLE_GZIP);
		inflate(decoding);
		result = measure(decoding);
		if (result == DECODE_OK && is_twice_gzip(decoding))
			result = refuse(decoding, false, DECODE_INVALID,
			    g_strdup("RFC 8460 section 5.2: attachment: "
				     "compressed more than twice"));
	}
	if (result != DECODE_OK)
		return result;
	if (decoding->gzip)
		inflate(decoding);
	return read_document(decoding, ret_report);
}

/* Waits to be admitted with the memory needed, and reads: a small document with
 * what it is estimated to take, and a large one with half of parse-memory. */
static enum decode_result read_in_turn(
    struct decoding *decoding, struct report **ret_report)
{
	size_t half = decoding->limits->parse_memory / 2;
	size_t need;
	enum admission_queue kind = ADMISSION_SMALL;
	enum decode_result result;

	decoding->budget = MAX(json_scan_estimate(&decoding->scan),
	    json_scan_estimate(&decoding->unfolded_scan));
	need = decoding->size + decoding->budget;
	if (decoding->size >= DECODE_LARGE || need > half ||
	    is_twice_gzip(decoding)) {
		kind = ADMISSION_LARGE;
		decoding->budget = half;
		need = half;
	}
	if (!admission_enter(kind, need, half, decoding->input->deadline))
		return refuse_late(decoding, "parsed");
	result = read_admitted(decoding, ret_report);
	admission_leave(kind, need);
	return result;
}

/* Refuses several files, whatever the first one was: if only that were stored,
 * the mail with the others could be discarded. */
static enum decode_result refuse_several(
    struct decoding *decoding, struct report *first)
{
	report_free(first);
	g_free(decoding->reason);
	decoding->reason =
	    g_strdup("RFC 8460 section 5.2: attachment: a zip archive with "
		     "several files, where one gzip file is asked for");
	return DECODE_INVALID;
}

enum decode_result decode_report(const struct decode_input *input,
    const struct limits *limits, struct report **ret_report, char **ret_reason)
{
	struct decoding decoding = {
	    .input = input,
	    .limits = limits,
	    .labelled = is_labelled(input),
	    .bytes = input->bytes,
	    .length = input->length,
	};
	enum decode_result result = DECODE_OK;
	struct report *report = NULL;

	undo_base64(&decoding);
	if (sniff_zip(decoding.bytes, decoding.length))
		result = unzip(&decoding);
	if (result == DECODE_OK)
		result = measure(&decoding);
	if (result == DECODE_OK && !may_be_report(&decoding))
		result = DECODE_OTHER;
	if (result == DECODE_OK) {
		note_label(&decoding);
		result = read_in_turn(&decoding, &report);
	}
	if (decoding.several && result != DECODE_OTHER &&
	    result != DECODE_DEADLINE)
		result = refuse_several(&decoding, report);
	if (result == DECODE_OK)
		*ret_report = report;
	else if (result != DECODE_OTHER)
		*ret_reason = decoding.reason;
	g_clear_pointer(&decoding.kept, g_byte_array_unref);
	g_clear_pointer(&decoding.unpacked, g_byte_array_unref);
	g_clear_pointer(&decoding.unfolded, g_byte_array_unref);
	return result;
}
