/* SPDX-License-Identifier: MIT */
/*
 * printf's %f follows LC_NUMERIC; main() sets LC_CTYPE alone, so that a decimal
 * point is one everywhere.
 */
#include "phrase.h"

#include <inttypes.h>
#include <string.h>

#define NAMES_SHOWN 2

void phrase_count(GString *out, int64_t count)
{
	char digits[32];
	size_t length;

	g_snprintf(digits, sizeof digits, "%" PRId64, count);
	length = strlen(digits);
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			g_string_append_c(out, ',');
		g_string_append_c(out, digits[i]);
	}
}

void phrase_counted(GString *out, int64_t count, const char *singular)
{
	phrase_count(out, count);
	g_string_append_printf(out, " %s%s", singular, count == 1 ? "" : "s");
}

void phrase_share(GString *out, double share)
{
	double percent = 100 * share;

	if (share < 0)
		g_string_append_c(out, '-');
	else if (share > 0 && percent < 0.1)
		g_string_append(out, "<0.1%");
	else if (share < 1 && percent > 99.9)
		g_string_append(out, ">99.9%");
	else
		g_string_append_printf(out, "%.1f%%", percent);
}

void phrase_rate(GString *out, int64_t failed, int64_t total)
{
	phrase_share(out, total > 0 ? (double)failed / (double)total : -1);
}

void phrase_span(GString *out, const char *first, const char *last)
{
	if (first == NULL || last == NULL || strcmp(first, last) == 0)
		g_string_append_printf(out, "on %s",
		    first != NULL  ? first
		    : last != NULL ? last
				   : "a day");
	else
		g_string_append_printf(out, "from %s to %s", first, last);
}

void phrase_first_sentence(GString *out, const char *text)
{
	const char *end = text;

	while ((end = strstr(end, ". ")) != NULL) {
		/* Not after "Inc." or "e.g." in the middle of a sentence. */
		if (g_ascii_isupper(end[2])) {
			g_string_append_len(out, text, end + 1 - text);
			return;
		}
		end += 2;
	}
	g_string_append(out, text);
}

void phrase_cut(GString *out, const char *text, glong most)
{
	/* What the database holds is valid UTF-8. */
	if (g_utf8_strlen(text, -1) <= most) {
		g_string_append(out, text);
		return;
	}
	g_string_append_len(
	    out, text, g_utf8_offset_to_pointer(text, most) - text);
	g_string_append(out, "…");
}

void phrase_what(GString *out, const struct summary_problem *problem)
{
	g_string_append(out, problem->result_type != NULL ? problem->result_type
							  : "unnamed failure");
	if (problem->receiving_mx_hostname != NULL)
		g_string_append_printf(
		    out, " at %s", problem->receiving_mx_hostname);
}

void phrase_facts(GString *out, const struct summary_problem *problem)
{
	phrase_counted(out, problem->failed_sessions, "session");
	g_string_append(out, " failed ");
	phrase_span(out, problem->first_seen, problem->last_seen);
	if (problem->affected_share >= 0) {
		g_string_append(out, ", ");
		phrase_share(out, problem->affected_share);
		g_string_append(out, " of all in its last week");
	}
	if (problem->reporters > NAMES_SHOWN) {
		g_string_append(out, "; ");
		phrase_counted(out, problem->reporters, "reporter");
	} else if (problem->reporter_names != NULL) {
		g_string_append(out, "; reported by ");
		phrase_cut(
		    out, problem->reporter_names, NAMES_SHOWN * PHRASE_NAME);
	}
	if (out->str[out->len - 1] != '.')
		g_string_append_c(out, '.');
}

const char *phrase_side(const struct summary_problem *problem)
{
	if (g_strcmp0(problem->side, "ours") == 0)
		return "ours";
	if (g_strcmp0(problem->side, "sender") == 0)
		return "the sender's";
	return "not clear whose";
}

const char *phrase_domain(const char *policy_domain)
{
	return policy_domain != NULL ? policy_domain : "(domain not named)";
}

const char *phrase_organization(const char *organization_name)
{
	return organization_name != NULL ? organization_name : "(not named)";
}
