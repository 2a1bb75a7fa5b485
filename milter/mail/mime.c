/* SPDX-License-Identifier: MIT */
/*
 * GMime finds the parts and decodes parameters; it is spared what it handles
 * badly in hostile mail:
 * - parts and header fields are counted first (mime_limits.c);
 * - of the message's own header it gets only the fields about content, since it
 *   makes several objects of each field, and a mail has dozens;
 * - the message is parsed as a part, and enclosed messages as plain parts,
 *   since GMime runs its address parser (see rfc5322.c) over the address fields
 * of a message, and nothing in them is needed;
 * - base64 is decoded here, since GMime 3.2.13 stops at the first padding and
 *   some senders pad every piece.
 */
#include "mail/mime.h"

#include <gmime/gmime.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/sniff.h"
#include "base/span.h"
#include "base/syntax.h"
#include "mail/carrier.h"
#include "mime_limits.h"
#include "rfc5322.h"

/* Of LeakSanitizer, in programs that are built with it. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* GLib and GMime would write to stderr. A critical message means a bug, here or
 * there; others only say that a mail is odd. */
static void log_glib(
    const char *domain, GLogLevelFlags flags, const char *message, void *unused)
{
	int level = (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0
			? LOG_WARNING
			: LOG_DEBUG;

	(void)unused;
	log_event(
	    level, EVENT_LIBRARY, "domain", domain, "message", message, NULL);
}

void mime_init(void)
{
	static const char *const enclosed[] = {
	    "rfc822", "rfc2822", "global", "news"};

	/* GMime leaks the entry that a new one replaces: sixteen bytes, four
	 * times in a process, which should not make a test fail. */
	if (__lsan_disable != NULL)
		__lsan_disable();
	g_mime_init();
	if (__lsan_enable != NULL)
		__lsan_enable();
	for (size_t i = 0; i < G_N_ELEMENTS(enclosed); i++)
		g_mime_object_register_type(
		    "message", enclosed[i], GMIME_TYPE_PART);
	g_log_set_default_handler(log_glib, NULL);
}

static void free_attachment(void *data)
{
	struct mime_attachment *attachment = data;

	g_free(attachment->media_type);
	g_free(attachment->filename);
	g_byte_array_unref(attachment->bytes);
	g_free(attachment);
}

static struct mime_message *new_message(void)
{
	struct mime_message *message = g_new0(struct mime_message, 1);

	message->authentication_results =
	    g_ptr_array_new_with_free_func(g_free);
	message->attachments = g_ptr_array_new_with_free_func(free_attachment);
	return message;
}

void mime_message_free(struct mime_message *message)
{
	if (message == NULL)
		return;
	g_free(message->message_id);
	g_free(message->from_domain);
	g_free(message->tls_report_domain);
	g_free(message->tls_report_submitter);
	g_ptr_array_unref(message->authentication_results);
	g_ptr_array_unref(message->attachments);
	g_free(message);
}

/* A field's one line in lower case, or NULL when nothing is in it. */
static char *lower_line(const char *body)
{
	char *line = rfc5322_unfold(body);
	char *lower = *line != '\0' ? g_ascii_strdown(line, -1) : NULL;

	g_free(line);
	return lower;
}

/* The domain of the From field; NULL when it is not a domain name. */
static char *author_domain(const char *body)
{
	char *written = rfc5322_first_domain(body);
	char *domain = NULL;

	if (written != NULL &&
	    syntax_domain(written, false, &domain) == SYNTAX_BAD)
		domain = NULL;
	g_free(written);
	return domain;
}

/* The text behind a field's colon. */
static char *copy_body(struct span field)
{
	const char *colon = memchr(field.start, ':', field.length);
	size_t before = (size_t)(colon + 1 - field.start);

	return g_strndup(colon + 1, field.length - before);
}

/* Where a field should stand only once, the first counts (RFC 5322 section
 * 3.6). */
static void read_field(
    struct mime_message *message, const struct rfc5322_field *field)
{
	const struct {
		const char *name;
		char **target;
		char *(*read)(const char *);
	} once[] = {
	    {"Message-ID", &message->message_id, rfc5322_message_id},
	    {"From", &message->from_domain, author_domain},
	    {"TLS-Report-Domain", &message->tls_report_domain, lower_line},
	    {"TLS-Report-Submitter", &message->tls_report_submitter,
		lower_line},
	};

	char *body = copy_body(field->whole);

	message->signs |= carrier_signs(field->name, body);
	if (span_equals(field->name, "Authentication-Results"))
		g_ptr_array_add(
		    message->authentication_results, rfc5322_unfold(body));
	for (size_t i = 0; i < G_N_ELEMENTS(once); i++)
		if (*once[i].target == NULL &&
		    span_equals(field->name, once[i].name))
			*once[i].target = once[i].read(body);
	g_free(body);
}

/* Whether a field is one that MIME defines (RFC 2045 section 3). */
static bool describes_content(struct span name)
{
	return span_equals(name, "MIME-Version") ||
	       span_begins(name, "Content-");
}

/* Reads a message's header, and returns the body's offset. The fields that
 * GMime needs are appended to content. */
static size_t read_header(struct mime_message *message, const uint8_t *bytes,
    size_t length, GByteArray *content)
{
	struct rfc5322_field field;
	size_t offset = 0;

	while (rfc5322_next_field(bytes, length, &offset, &field)) {
		read_field(message, &field);
		if (describes_content(field.name))
			g_byte_array_append(content,
			    (const guint8 *)field.whole.start,
			    (guint)field.whole.length);
	}
	g_byte_array_append(content, (const guint8 *)"\n", 1);
	return offset;
}

/* Feeds the decoder piece by piece: padding in the middle does not end it. */
static void decode_base64(GMimeStream *stream, GByteArray *bytes)
{
	char piece[8192];
	guchar decoded[sizeof(piece)]; /* GLib asks for 3/4 and 3 */
	ssize_t got;
	int state = 0;
	guint save = 0;

	while ((got = g_mime_stream_read(stream, piece, sizeof(piece))) > 0)
		g_byte_array_append(bytes, decoded,
		    (guint)g_base64_decode_step(
			piece, (gsize)got, decoded, &state, &save));
	/* Missing padding: this completes two or three characters, and adds
	 * nothing to one or none. */
	g_byte_array_append(bytes, decoded,
	    (guint)g_base64_decode_step("==", 2, decoded, &state, &save));
}

static void decode_other(GMimeDataWrapper *content, GByteArray *bytes)
{
	GMimeStream *out = g_mime_stream_mem_new_with_byte_array(bytes);

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(out), FALSE);
	g_mime_data_wrapper_write_to_stream(content, out);
	g_object_unref(out);
}

/* The part's bytes without transfer encoding. No encoding decodes to more bytes
 * than it has, so the message's length bounds them. */
static GByteArray *decode_part(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GByteArray *bytes = g_byte_array_sized_new(1); /* data is not NULL */
	GMimeStream *stream;

	if (content == NULL) /* the header was all there was */
		return bytes;
	stream = g_mime_data_wrapper_get_stream(content);
	g_mime_stream_reset(stream);
	if (g_mime_part_get_content_encoding(part) ==
	    GMIME_CONTENT_ENCODING_BASE64)
		decode_base64(stream, bytes);
	else
		decode_other(content, bytes);
	return bytes;
}

/* Whether a part is of a type that no sender labels a report as. */
static bool is_something_else(const char *media_type)
{
	static const char *const never[] = {
	    "image/", "audio/", "video/", "message/", "multipart/"};

	for (size_t i = 0; i < G_N_ELEMENTS(never); i++)
		if (g_str_has_prefix(media_type, never[i]))
			return true;
	return false;
}

/* Text is a report only when its label, its name or its content says so. */
static bool may_be_report(const struct mime_attachment *attachment)
{
	return !g_str_has_prefix(attachment->media_type, "text/") ||
	       g_str_equal(attachment->media_type, "text/json") ||
	       (attachment->filename != NULL &&
		   sniff_name(span_of(attachment->filename))) ||
	       sniff_report(attachment->bytes->data, attachment->bytes->len);
}

static char *get_media_type(GMimeObject *object)
{
	char *written = g_mime_content_type_get_mime_type(
	    g_mime_object_get_content_type(object));
	char *lower = g_ascii_strdown(written, -1);

	g_free(written);
	return lower;
}

/* Whether an enclosed message, or one in it, has a header that announces a
 * report. Lines of its text are taken for fields, too: the worst that comes of
 * it is a line in the log. */
static bool encloses_report(GMimePart *part)
{
	GByteArray *bytes = decode_part(part);
	struct rfc5322_field field;
	size_t offset = 0;
	bool found = false;

	while (!found && offset < bytes->len)
		if (rfc5322_next_field(
			bytes->data, bytes->len, &offset, &field) &&
		    (describes_content(field.name) ||
			span_begins(field.name, "TLS-Report-"))) {
			char *name =
			    g_strndup(field.name.start, field.name.length);
			char *body = copy_body(field.whole);

			found = carrier_header(name, body);
			g_free(name);
			g_free(body);
		}
	g_byte_array_unref(bytes);
	return found;
}

/* Whether a part is what people write and read: text, and not a file. */
static bool is_text(GMimePart *leaf, const struct mime_attachment *attachment)
{
	const GByteArray *bytes = attachment->bytes;

	return (g_str_equal(attachment->media_type, "text/plain") ||
		   g_str_equal(attachment->media_type, "text/html")) &&
	       attachment->filename == NULL &&
	       !g_mime_part_is_attachment(leaf) &&
	       !sniff_gzip(bytes->data, bytes->len) &&
	       !sniff_zip(bytes->data, bytes->len);
}

/* The part as an attachment, whatever it is. */
static struct mime_attachment *make_attachment(
    GMimePart *leaf, char *media_type, bool first)
{
	struct mime_attachment *attachment = g_new0(struct mime_attachment, 1);

	attachment->media_type = media_type;
	attachment->filename = g_strdup(g_mime_part_get_filename(leaf));
	attachment->bytes = decode_part(leaf);
	attachment->is_text = is_text(leaf, attachment);
	attachment->in_front = attachment->is_text && first;
	return attachment;
}

static void read_leaf(struct mime_message *message, GMimeObject *leaf)
{
	struct mime_attachment *attachment;
	char *media_type = get_media_type(leaf);
	bool first = message->parts++ == 0;

	if (!GMIME_IS_PART(leaf) || is_something_else(media_type)) {
		if (GMIME_IS_PART(leaf) &&
		    g_str_has_prefix(media_type, "message/") &&
		    encloses_report(GMIME_PART(leaf)))
			message->enclosed++;
		message->has_more = true;
		g_free(media_type);
		return;
	}
	attachment = make_attachment(GMIME_PART(leaf), media_type, first);
	if (may_be_report(attachment)) {
		g_ptr_array_add(message->attachments, attachment);
		return;
	}
	if (!attachment->in_front)
		message->has_more = true;
	free_attachment(attachment);
}

/* Whether something stands behind the closing boundary: no mail program shows
 * it, but some lists and gateways write there. */
static bool has_text_behind(GMimeMultipart *multipart)
{
	const char *text = g_mime_multipart_get_epilogue(multipart);

	return text != NULL && span_trim(span_of(text)).length > 0;
}

/* False when multiparts are nested more than levels deep. */
static bool read_part(
    struct mime_message *message, GMimeObject *object, size_t levels)
{
	GMimeMultipart *multipart;
	int count;

	if (!GMIME_IS_MULTIPART(object)) {
		read_leaf(message, object);
		return true;
	}
	if (levels == 0)
		return false;
	multipart = GMIME_MULTIPART(object);
	count = g_mime_multipart_get_count(multipart);
	for (int i = 0; i < count; i++)
		if (!read_part(message, g_mime_multipart_get_part(multipart, i),
			levels - 1))
			return false;
	if (has_text_behind(multipart))
		message->has_more = true;
	return true;
}

static void append_source(GMimeStream *whole, GByteArray *bytes)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_mime_stream_cat_add_source(GMIME_STREAM_CAT(whole), stream);
	g_object_unref(stream);
}

/* NULL when GMime finds nothing. The parts read from header and body later. */
static GMimeObject *parse(GByteArray *header, GByteArray *body)
{
	GMimeStream *stream = g_mime_stream_cat_new();
	GMimeParser *parser;
	GMimeObject *top;

	append_source(stream, header);
	append_source(stream, body);
	parser = g_mime_parser_new_with_stream(stream);
	top = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return top;
}

bool mime_sniff(const uint8_t *bytes, size_t length)
{
	return rfc5322_measure_name(bytes, bytes + length) > 0;
}

/* What GMime can hold is a limit too: its sizes are guint. */
static char *too_large(size_t length, const struct limits *limits)
{
	size_t most = MIN(limits->message_size, (size_t)G_MAXINT);

	if (length <= most)
		return NULL;
	return g_strdup_printf(
	    "limits.message-size: more than %zu bytes", most);
}

enum mime_result mime_read(const uint8_t *bytes, size_t length,
    const struct limits *limits, struct mime_message **ret_message,
    char **ret_reason)
{
	struct mime_message *message = NULL;
	GByteArray *header = NULL;
	GByteArray body; /* the part of bytes for GMime, which only reads it */
	size_t offset;
	GMimeObject *top = NULL;
	enum mime_limits_result scanned;
	char *reason = too_large(length, limits);

	if (reason != NULL)
		goto out;
	scanned = mime_limits(bytes, length, limits, &reason);
	if (scanned == MIME_LIMITS_EXCEEDED)
		goto out;
	message = new_message();
	if (scanned == MIME_LIMITS_NO_MESSAGE)
		goto out;
	header = g_byte_array_new();
	offset = read_header(message, bytes, length, header);
	body = (GByteArray){(guint8 *)bytes + offset, (guint)(length - offset)};
	top = parse(header, &body);
	if (top == NULL)
		goto out;
	if (!read_part(message, top, limits->mime_depth))
		reason = g_strdup_printf("limits.mime-depth: multiparts nested "
					 "more than %zu deep",
		    limits->mime_depth);
out:
	g_clear_object(&top);
	g_clear_pointer(&header, g_byte_array_unref);
	if (reason != NULL) {
		mime_message_free(message);
		*ret_reason = reason;
		return MIME_LIMIT;
	}
	*ret_message = message;
	return MIME_OK;
}
