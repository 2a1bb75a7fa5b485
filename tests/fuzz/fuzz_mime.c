/* SPDX-License-Identifier: MIT */
/* A message to its attachments, under the usual limits and under low ones. */
#include "base/log.h"
#include "base/syntax.h"
#include "fuzz.h"
#include "mail/mime.h"

static struct config *generous, *tight;

static void begin(void)
{
	if (generous != NULL)
		return;
	log_open("fuzz", LOG_TARGET_STDERR, LOG_EMERG);
	mime_init();
	generous = config_default();
	tight = fuzz_config("[limits]\nmessage-size = 8K\n"
			    "header-count = 20\nheader-size = 1K\n"
			    "mime-parts = 5\nmime-depth = 2\n");
}

static bool is_lower(const char *text)
{
	for (; *text != '\0'; text++)
		if (g_ascii_isupper(*text))
			return false;
	return true;
}

static void check_attachment(const struct mime_attachment *attachment)
{
	FUZZ_CHECK(attachment->media_type != NULL);
	FUZZ_CHECK(is_lower(attachment->media_type));
	FUZZ_CHECK(!g_str_has_prefix(attachment->media_type, "multipart/"));
	FUZZ_CHECK(!g_str_has_prefix(attachment->media_type, "message/"));
	FUZZ_CHECK(attachment->bytes->data != NULL);
}

static void check_fields(const struct mime_message *message)
{
	char *domain = NULL;

	FUZZ_CHECK(message->message_id == NULL || *message->message_id != '\0');
	if (message->from_domain != NULL) {
		FUZZ_CHECK(syntax_domain(message->from_domain, false,
			       &domain) == SYNTAX_OK);
		g_free(domain);
	}
	for (guint i = 0; i < message->authentication_results->len; i++)
		FUZZ_CHECK(strpbrk(message->authentication_results->pdata[i],
			       "\r\n") == NULL);
}

static void read_message(
    const uint8_t *bytes, size_t length, const struct limits *limits)
{
	struct mime_message *message = NULL;
	char *reason = NULL;
	size_t sum = 0;

	if (mime_read(bytes, length, limits, &message, &reason) == MIME_LIMIT) {
		FUZZ_CHECK(message == NULL);
		FUZZ_CHECK(g_str_has_prefix(reason, "limits."));
		g_free(reason);
		return;
	}
	FUZZ_CHECK(reason == NULL);
	check_fields(message);
	FUZZ_CHECK(message->attachments->len <= limits->mime_parts + 1);
	for (guint i = 0; i < message->attachments->len; i++) {
		const struct mime_attachment *attachment =
		    message->attachments->pdata[i];

		check_attachment(attachment);
		sum += attachment->bytes->len;
	}
	/* No transfer encoding makes more of a part than it is. */
	FUZZ_CHECK(sum <= length);
	mime_message_free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	begin();
	read_message(bytes, length, &generous->limits);
	read_message(bytes, length, &tight->limits);
	return 0;
}
