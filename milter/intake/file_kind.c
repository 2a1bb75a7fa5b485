/* SPDX-License-Identifier: MIT */
/*
 * Where the first bytes say nothing, a name in .json or .gz makes a file a
 * report, so that a broken report is told of as one. A compressed mailbox could
 * be of any size, so nothing is unpacked but the beginning of gzip, to tell a
 * report from something else. Nobody should conclude from silence that a file
 * held no report, so whatever is not a message is told of.
 */
#include "file_kind.h"

#include <glib.h>
#include <string.h>

#include "base/sniff.h"
#include "base/span.h"
#include "document/gunzip.h"
#include "mail/mbox.h"
#include "mail/mime.h"

/* So many blanks may precede what is in gzip. */
#define PEEK_SIZE ((size_t)64 * 1024)

#define UNPACK(command)                                    \
	"is compressed; to import what it holds: " command \
	" FILE | tlsrpt-import -"
#define RECODE(encoding)                                       \
	"is in " encoding "; to import it: iconv -f " encoding \
	" -t UTF-8 FILE | tlsrpt-import -"

/* Byte order marks in the order in which the longer one wins. */
static const struct {
	const char *magic;
	size_t size;
	const char *problem;
} magics[] = {
    {"BZh", 3, UNPACK("bzip2 -dc")},
    {"\xfd\x37zXZ", 5, UNPACK("xz -dc")},
    {"\x5d\0\0", 3, UNPACK("xz -dc")},
    {"\x28\xb5\x2f\xfd", 4, UNPACK("zstd -dc")},
    {"\x04\x22\x4d\x18", 4, UNPACK("lz4 -dc")},
    {"LZIP", 4, UNPACK("lzip -dc")},
    {"\x1f\x9d", 2, UNPACK("gzip -dc")},
    {"x\x01", 2, UNPACK("pigz -dc <")},
    {"x\x5e", 2, UNPACK("pigz -dc <")},
    {"x\x9c", 2, UNPACK("pigz -dc <")},
    {"x\xda", 2, UNPACK("pigz -dc <")},
    {"\xff\xfe\0\0", 4, RECODE("UTF-32")},
    {"\0\0\xfe\xff", 4, RECODE("UTF-32")},
    {"\xff\xfe", 2, RECODE("UTF-16")},
    {"\xfe\xff", 2, RECODE("UTF-16")},
};

/* What is in gzip, as far as its first byte tells. */
struct peek {
	bool seen, report;
};

/* A gunzip_sink that stops at the first byte that is not a blank or BOM. */
static bool peek_piece(void *context, const uint8_t *bytes, size_t length)
{
	struct peek *peek = context;
	size_t start = sniff_start(bytes, length);

	peek->seen = start < length;
	peek->report =
	    sniff_report(bytes, length) || (peek->seen && bytes[start] == '[');
	return !peek->seen;
}

/* Whether something else than a report is in gzip. Of what is broken there is a
 * report to be told by its name, or nothing. */
static bool holds_other(const char *name, const uint8_t *bytes, size_t length)
{
	struct peek peek = {0};

	if (span_ends(span_of(name), ".json.gz"))
		return false;
	(void)gunzip(bytes, length, PEEK_SIZE, 1, peek_piece, &peek, NULL);
	return peek.seen && !peek.report;
}

/* Whether a message begins behind a line with its length, as in an .emlx file
 * of Apple Mail, where a property list follows it. */
static bool read_emlx(
    const uint8_t *bytes, size_t length, struct file_kind *kind)
{
	const uint8_t *eol = memchr(bytes, '\n', length);
	size_t line = eol != NULL ? (size_t)(eol + 1 - bytes) : length;

	kind->start += line;
	return span_number(
		   (struct span){(const char *)bytes, line}, &kind->length) &&
	       mime_sniff(bytes + line, length - line);
}

/* Whether the bytes begin with two ASCII characters in UTF-16 whose upper
 * halves are at offset upper, 0 or 1, of each pair. */
static bool is_utf16(const uint8_t *bytes, size_t length, size_t upper)
{
	return length >= 4 && bytes[upper] == 0 && bytes[upper + 2] == 0 &&
	       g_ascii_isgraph(bytes[1 - upper]) &&
	       g_ascii_isgraph(bytes[3 - upper]);
}

/* What is wrong with a file that is not a report; NULL for a message or an
 * mbox. */
static const char *find_problem(
    const uint8_t *bytes, size_t length, struct file_kind *kind)
{
	const uint8_t *p = bytes + kind->start;
	size_t left = length - kind->start;

	for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
		if (length >= magics[i].size &&
		    memcmp(bytes, magics[i].magic, magics[i].size) == 0)
			return magics[i].problem;
	if (is_utf16(bytes, length, 1))
		return RECODE("UTF-16LE");
	if (is_utf16(bytes, length, 0))
		return RECODE("UTF-16BE");
	if (!mbox_sniff(p, left) && !mime_sniff(p, left) &&
	    !read_emlx(p, left, kind))
		return "is not a message, an mbox or a report";
	if (memchr(p, '\n', left) == NULL && memchr(p, '\r', left) != NULL)
		return "has lines that end in CR alone; to import it: "
		       "tr '\\r' '\\n' < FILE | tlsrpt-import -";
	return NULL;
}

void file_kind_judge(const char *name, const uint8_t *bytes, size_t length,
    struct file_kind *ret_kind)
{
	struct file_kind kind = {
	    .start = sniff_start(bytes, length), .length = SIZE_MAX};
	bool mbox = mbox_sniff(bytes + kind.start, length - kind.start);

	if (sniff_gzip(bytes, length) && holds_other(name, bytes, length))
		kind.problem = "is compressed, and not a report; to import "
			       "what it holds: gzip -dc FILE | tlsrpt-import -";
	else if (sniff_report(bytes, length) ||
		 (!mbox && sniff_name(span_of(name))))
		kind = (struct file_kind){
		    .kind = FILE_KIND_REPORT, .length = SIZE_MAX};
	else
		kind.problem = find_problem(bytes, length, &kind);
	if (kind.problem != NULL)
		kind.kind = FILE_KIND_OTHER;
	else if (mbox)
		kind.kind = FILE_KIND_MBOX;
	*ret_kind = kind;
}
