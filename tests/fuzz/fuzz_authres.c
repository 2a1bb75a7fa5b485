/* SPDX-License-Identifier: MIT */
/*
 * The body of a header field: as Authentication-Results, and by whom it would
 * be believed; as an address, a Message-ID, a Content-Type and a recipient.
 */
#include "config/recipient.h"
#include "fuzz.h"
#include "intake/authentication.h"
#include "mail/authres.h"
#include "mail/carrier.h"
#include "mail/rfc5322.h"

static struct config *config;

static bool is_keyword(const char *word)
{
	return *word != '\0' &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-_") ==
		   strlen(word);
}

static bool is_lower(const char *text)
{
	for (; *text != '\0'; text++)
		if (g_ascii_isupper(*text))
			return false;
	return true;
}

static void check_results(const char *authserv_id, const GPtrArray *results)
{
	FUZZ_CHECK(*authserv_id != '\0');
	FUZZ_CHECK(is_lower(authserv_id));
	for (guint i = 0; i < results->len; i++) {
		const struct authres_dkim *dkim = results->pdata[i];

		FUZZ_CHECK(is_keyword(dkim->result));
		if (dkim->domain != NULL) {
			FUZZ_CHECK(*dkim->domain != '\0');
			FUZZ_CHECK(is_lower(dkim->domain));
		}
	}
}

/* The field was added by a host of ours or not; only then may it decide. */
static void check_judgement(char *body, bool ours)
{
	GPtrArray *fields = g_ptr_array_new();
	struct authentication dkim;

	g_ptr_array_add(fields, body);
	authentication_judge(config, fields, "mail.sender.example", &dkim);
	if (!ours) {
		FUZZ_CHECK(g_str_equal(dkim.result, "none"));
		FUZZ_CHECK(dkim.domain == NULL && !dkim.authenticated);
	}
	if (dkim.authenticated) {
		FUZZ_CHECK(g_str_equal(dkim.result, "pass"));
		FUZZ_CHECK(g_str_equal(dkim.domain, "mail.sender.example") ||
			   g_str_equal(dkim.domain, "sender.example"));
	}
	g_free(dkim.domain);
	g_ptr_array_unref(fields);
}

static void read_addresses(const char *body)
{
	static const char *const patterns[] = {"tlsrpt@example.com",
	    "*@reports.example.com", "a+*@example.com", NULL};
	char *line = rfc5322_unfold(body);
	char *again = rfc5322_unfold(line);
	char *domain = rfc5322_first_domain(body);
	char *id = rfc5322_message_id(body);
	const char *cursor = body;

	FUZZ_CHECK(g_str_equal(line, again));
	FUZZ_CHECK(strpbrk(line, "\r\n") == NULL);
	FUZZ_CHECK(domain == NULL ||
		   (*domain != '\0' && strpbrk(domain, " \t\r\n;,>") == NULL));
	FUZZ_CHECK(id == NULL || *id != '\0');
	FUZZ_CHECK(rfc5322_skip_cfws(&cursor) || *cursor == '\0');
	FUZZ_CHECK(cursor <= body + strlen(body));
	(void)recipient_matches((char *const *)patterns, body);
	(void)carrier_header("Content-Type", body);
	(void)carrier_signs(span_of("Subject"), body);
	(void)recipient_pattern_error(body);
	g_free(line);
	g_free(again);
	g_free(domain);
	g_free(id);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *body = fuzz_string(bytes, length);
	GPtrArray *results = authres_dkim(body);
	char *authserv_id = authres_authserv_id(body);

	if (config == NULL)
		config =
		    fuzz_config("[accept]\nauthserv-ids = mx.example.com\n");
	if (results != NULL)
		check_results(authserv_id, results);
	check_judgement(body,
	    results != NULL && g_str_equal(authserv_id, "mx.example.com"));
	read_addresses(body);
	g_clear_pointer(&results, g_ptr_array_unref);
	g_free(authserv_id);
	g_free(body);
	return 0;
}
