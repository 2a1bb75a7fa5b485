/* SPDX-License-Identifier: MIT */
/* A configuration: what is printed of it reads back as the same. */
#include "fuzz.h"

#define NAME "fuzz.conf"

static void check_values(const struct config *config)
{
	FUZZ_CHECK(config->limits.deadline > 0);
	FUZZ_CHECK(config->limits.json_depth <= 1000);
	FUZZ_CHECK(config->limits.message_size >= 1024);
	FUZZ_CHECK(config->batch > 0);
	FUZZ_CHECK(config->spool_directory[0] == '/');
	FUZZ_CHECK(config->disposition == CONFIG_KEEP ||
		   config->recipients[0] != NULL);
	FUZZ_CHECK(config->authentication == CONFIG_AUTH_RECORD ||
		   config->authserv_ids[0] != NULL);
}

static void check_print(const struct config *config)
{
	char *printed = config_print(config);
	char *error = NULL, *again;
	struct config *second =
	    config_parse(printed, strlen(printed), NAME, &error);

	FUZZ_CHECK(second != NULL);
	again = config_print(second);
	FUZZ_CHECK(strcmp(printed, again) == 0);
	config_unref(second);
	g_free(printed);
	g_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *error = NULL;
	struct config *config =
	    config_parse((const char *)bytes, length, NAME, &error);

	FUZZ_CHECK((config == NULL) == (error != NULL));
	if (config == NULL) {
		FUZZ_CHECK(g_str_has_prefix(error, NAME ": "));
		FUZZ_CHECK(strlen(error) < 2000);
		FUZZ_CHECK(fuzz_is_one_line(error));
		g_free(error);
		return 0;
	}
	check_values(config);
	check_print(config);
	config_unref(config);
	return 0;
}
