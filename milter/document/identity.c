/* SPDX-License-Identifier: MIT */
/*
 * What makes two reports the same one is decided here and nowhere else, because
 * the database holds the result as a unique key: changing identity_digest()
 * would let every stored report in a second time.
 */
#include "document/identity.h"

#include <string.h>

#include "base/syntax.h"

/* The domain of "local@domain", "mailto:local@domain" or "Name <local@domain>",
 * lower case; or NULL. */
static char *domain_of_address(const char *address)
{
	const char *at = strrchr(address, '@');
	char *text, *domain = NULL;

	if (at == NULL)
		return NULL;
	text = g_strndup(at + 1, strcspn(at + 1, " \t\r\n<>()[],;?\"'"));
	(void)syntax_domain(text, false, &domain);
	g_free(text);
	return domain;
}

/* The submitter that the document itself names, or NULL. */
static char *named_submitter(const struct report *report)
{
	return report->contact_info != NULL
		   ? domain_of_address(report->contact_info)
		   : NULL;
}

char *identity_submitter(const struct report *report, const char *from_domain)
{
	char *domain = named_submitter(report);

	if (domain != NULL)
		return domain;
	if (from_domain != NULL && *from_domain != '\0') {
		if (syntax_domain(from_domain, false, &domain) == SYNTAX_BAD)
			domain = g_ascii_strdown(from_domain, -1);
		return domain;
	}
	return g_strdup(
	    report->organization_name != NULL ? report->organization_name : "");
}

static gint compare_strings(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *identity_policy_domains(const struct report *report)
{
	GPtrArray *all = g_ptr_array_new();
	GPtrArray *distinct = g_ptr_array_new();

	for (guint i = 0; i < report->policies->len; i++) {
		struct report_policy *policy =
		    g_ptr_array_index(report->policies, i);

		if (policy->policy_domain != NULL)
			g_ptr_array_add(all, policy->policy_domain);
	}
	g_ptr_array_sort(all, compare_strings);
	for (guint i = 0; i < all->len; i++)
		if (i == 0 || strcmp(g_ptr_array_index(all, i),
				  g_ptr_array_index(all, i - 1)) != 0)
			g_ptr_array_add(distinct, g_ptr_array_index(all, i));
	g_ptr_array_unref(all);
	return distinct;
}

/* Appends a string with its length before it, as eight bytes, the highest
 * first. */
static void append_string(GByteArray *bytes, const char *text)
{
	size_t length = text != NULL ? strlen(text) : 0;
	uint64_t prefix = GUINT64_TO_BE((uint64_t)length);

	g_byte_array_append(bytes, (const guint8 *)&prefix, sizeof(prefix));
	g_byte_array_append(bytes, (const guint8 *)text, (guint)length);
}

void identity_digest(const struct report *report, const char *submitter,
    uint8_t ret_identity[DIGEST_SIZE])
{
	GByteArray *bytes = g_byte_array_new();
	GPtrArray *domains = identity_policy_domains(report);
	char start[SYNTAX_TIME_SIZE], end[SYNTAX_TIME_SIZE];
	char content[DIGEST_HEX_SIZE];
	char *named = named_submitter(report);

	syntax_time_format(report->start_datetime, start);
	syntax_time_format(report->end_datetime, end);
	digest_hex(report->content_sha256, content);
	append_string(bytes, named != NULL ? submitter : content);
	append_string(bytes, report->organization_name);
	append_string(bytes, report->report_id);
	append_string(bytes, start);
	append_string(bytes, end);
	for (guint i = 0; i < domains->len; i++)
		append_string(bytes, g_ptr_array_index(domains, i));
	digest_of(bytes->data, bytes->len, ret_identity);
	g_byte_array_unref(bytes);
	g_ptr_array_unref(domains);
	g_free(named);
}
