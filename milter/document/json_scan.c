/* SPDX-License-Identifier: MIT */
/*
 * jansson needs up to 78 times a text's size ("[{},{},…]"), and how much is
 * only known once it has taken it. Counting brackets, colons, commas and quotes
 * first gives an upper bound, at the price of one look at each byte.
 */
#include "json_scan.h"

#include <string.h>

#include "base/span.h"

/*
 * What each element of a text can cost, in bytes of heap as glibc rounds them
 * (chunks of 16, at least 32), measured with jansson 2.14. A string is counted
 * as key and as value, since a scan does not tell which it is.
 *
 * object: json_object_t and its first 8 buckets (224), a row of the model and
 *	   its place in a list (128)
 * array: json_array_t and its first 8 places (128), and as much in the model
 * pair:   its node and its share of buckets, the old and the doubled together,
 *	   and of the table that sorts keys (144), less what a string has
 * comma:  a place in a table, the old and the doubled together
 * string: json_string_t, its text and a copy of it in the model, each apart
 *	   from the bytes themselves
 * number: json_integer_t, a place in a table, and %.17g where "1e9" stood
 * large:  the string that a number too large is read as, beyond the number
 */
#define OBJECT_COST 352
#define ARRAY_COST 256
#define PAIR_COST 48
#define COMMA_COST 32
#define STRING_COST 112
#define NUMBER_COST 80
#define LARGE_COST (STRING_COST - NUMBER_COST)
#define FIXED_COST 32768
/* Each byte of an array of strings that a string holds as text: the shortest
 * element, \\"\\", has five, and costs a string's node and text (48) and a
 * place in tables (32) while one such array at a time is parsed. */
#define PACKED_COST 16

/* Digits of INT64_MAX. */
#define LARGE_DIGITS 19

static void begin_string(struct json_scan *scan)
{
	scan->in_string = true;
	scan->has_escape = false;
	scan->at_start = true;
	scan->packed = false;
	scan->string = 0;
	scan->strings++;
}

static void end_string(struct json_scan *scan)
{
	static const char *const names[] = {"policies", "report-id"};

	scan->in_string = false;
	scan->is_name = false;
	if (!scan->is_object || scan->depth != 1)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		scan->is_name |=
		    scan->string == strlen(names[i]) &&
		    memcmp(scan->name, names[i], scan->string) == 0;
	scan->claims_report |= scan->is_name || scan->has_escape;
}

/* Whether the current string may be a name that makes the object a report. */
static bool is_name_wanted(const struct json_scan *scan)
{
	return scan->is_object && scan->depth == 1 &&
	       scan->string < sizeof(scan->name);
}

/* What must be escaped by RFC 8259 section 7, except NUL, which is refused even
 * when escaped. */
static bool is_control(uint8_t byte)
{
	return byte > 0 && byte < ' ';
}

static void grow_string(struct json_scan *scan, size_t bytes)
{
	scan->string_bytes += bytes;
	scan->string += bytes;
	if (scan->string > scan->max_string)
		scan->max_string = scan->string;
	if (scan->packed && scan->string > scan->max_packed)
		scan->max_packed = scan->string;
}

static void scan_in_string(struct json_scan *scan, uint8_t byte)
{
	if (byte == '"' && !scan->escaped) {
		end_string(scan);
		return;
	}
	if (is_name_wanted(scan))
		scan->name[scan->string] = (char)byte;
	if (scan->at_start && !span_is_blank((char)byte)) {
		scan->at_start = false;
		/* What is escaped may be a blank or the bracket. */
		scan->packed = byte == '[' || byte == '\\';
	}
	if (is_control(byte) && !scan->escaped)
		scan->controls++;
	scan->escaped = byte == '\\' && !scan->escaped;
	scan->has_escape |= scan->escaped;
	grow_string(scan, 1);
}

/* Skips bytes that only make the current string longer, as most bytes of a
 * document do, and returns how many. */
static size_t skip_plain(
    struct json_scan *scan, const uint8_t *bytes, size_t length)
{
	size_t plain = 0;

	if (scan->at_start || scan->escaped || is_name_wanted(scan))
		return 0;
	while (plain < length && bytes[plain] != '"' && bytes[plain] != '\\' &&
	       !is_control(bytes[plain]))
		plain++;
	grow_string(scan, plain);
	return plain;
}

static void open_level(struct json_scan *scan)
{
	if (++scan->depth > scan->max_depth)
		scan->max_depth = scan->depth;
}

static void close_level(struct json_scan *scan)
{
	if (scan->depth > 0 && --scan->depth == 0)
		scan->done = true;
}

static bool is_number_byte(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' ||
	       byte == '.' || byte == 'e' || byte == 'E';
}

/* Counts numbers, and those with an exponent or as many digits as the largest
 * integer has. */
static void scan_number(struct json_scan *scan, uint8_t byte)
{
	bool begins = !scan->in_number;

	scan->in_number = is_number_byte(byte);
	if (!scan->in_number)
		return;
	if (begins) {
		scan->numbers++;
		/* And not the last letter of true. */
		scan->may_grow = byte != 'e' && byte != 'E';
	}
	if (scan->may_grow &&
	    (byte == 'e' || byte == 'E' || scan->word + 1 >= LARGE_DIGITS)) {
		scan->large_numbers++;
		scan->may_grow = false;
	}
}

static void scan_structure(struct json_scan *scan, uint8_t byte)
{
	scan_number(scan, byte);
	switch (byte) {
	case '{':
		scan->objects++;
		open_level(scan);
		break;
	case '[':
		scan->arrays++;
		open_level(scan);
		break;
	case '}':
	case ']':
		close_level(scan);
		break;
	case ':':
		scan->pairs++;
		scan->has_report_key |= scan->is_name && scan->depth == 1;
		break;
	case ',':
		scan->commas++;
		break;
	case '"':
		begin_string(scan);
		break;
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		break;
	default:
		if (++scan->word > scan->max_word)
			scan->max_word = scan->word;
		return;
	}
	scan->word = 0;
}

/* Whether a byte is a blank of RFC 8259 section 2 or part of a UTF-8 byte order
 * mark. */
static bool may_precede(uint8_t byte)
{
	return span_is_blank((char)byte) || byte == 0xef || byte == 0xbb ||
	       byte == 0xbf;
}

void json_scan_update(
    struct json_scan *scan, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length && !scan->done; i++) {
		if (!scan->started && !may_precede(bytes[i])) {
			scan->started = true;
			scan->is_object = bytes[i] == '{';
		}
		if (scan->in_string) {
			i += skip_plain(scan, bytes + i, length - i);
			if (i < length)
				scan_in_string(scan, bytes[i]);
		} else {
			scan_structure(scan, bytes[i]);
		}
		if (scan->done)
			scan->end = scan->length + i + 1;
	}
	scan->length += length;
}

bool json_scan_find_report(
    const uint8_t *bytes, size_t length, size_t *ret_offset)
{
	const uint8_t *end = bytes + length;
	const uint8_t *at = bytes;

	while (at < end && (at = memchr(at, '{', (size_t)(end - at))) != NULL) {
		struct json_scan scan = {0};

		json_scan_update(&scan, at, (size_t)(end - at));
		if (scan.claims_report) {
			*ret_offset = (size_t)(at - bytes);
			return true;
		}
		if (!scan.done)
			break;
		at += scan.end;
	}
	return false;
}

bool json_scan_is_string_list(const char *text)
{
	struct json_scan scan = {0};

	if (text[strspn(text, " \t\r\n")] != '[')
		return false;
	json_scan_update(&scan, (const uint8_t *)text, strlen(text));
	return scan.done && scan.arrays == 1 && scan.objects == 0 &&
	       scan.max_word == 0;
}

size_t json_scan_estimate(const struct json_scan *scan)
{
	size_t more = scan->controls * 5;
	/* The copy that json_mend() makes, and the strings of large numbers. */
	size_t copy = scan->controls > 0 ? scan->length + more : 0;
	size_t large =
	    scan->large_numbers > 0
		? scan->length * 3 + scan->large_numbers * (LARGE_COST + 2)
		: 0;
	size_t max_string = scan->max_string + more;
	size_t max_token =
	    max_string > scan->max_word ? max_string : scan->max_word;
	size_t packed =
	    scan->max_packed == 0
		? 0
		: (scan->max_packed + more) * PACKED_COST + FIXED_COST;

	/* Five: the lexer's buffer for the longest token doubles until it
	 * holds that, and its smaller predecessors stay in the budget. The text
	 * that is written can double once while it grows. */
	return FIXED_COST + scan->objects * OBJECT_COST +
	       scan->arrays * ARRAY_COST + scan->pairs * PAIR_COST +
	       scan->commas * COMMA_COST + scan->strings * STRING_COST +
	       scan->numbers * NUMBER_COST + scan->string_bytes * 2 +
	       max_token * 5 + scan->length * 2 + copy + large + packed;
}
