/* SPDX-License-Identifier: MIT */
/*
 * A whole message on its whole way: through the pipeline into a spool, and as
 * the loader reads it back. The first byte chooses a configuration, whether
 * there is a spool, whether all recipients are for reports, and whether the
 * bytes are a message or a report by itself.
 */
#include <jansson.h>

#include "base/log.h"
#include "document/json_tree.h"
#include "fuzz.h"
#include "intake/pipeline.h"
#include "load/batch.h"

#define QUOTA ((uint64_t)1024 * 1024 * 1024)

enum { VARIANTS = 7, WITHOUT_SPOOL = 8, OTHER_RECIPIENT = 16, BARE = 32 };

/* Inflating bombs would be all that there is time for. */
#define NO_BOMBS "[limits]\nreport-size = 256K\n"

static const char *const texts[] = {
    NO_BOMBS,
    NO_BOMBS "[milter]\nrecipients = tlsrpt@example.com\n"
	     "disposition = discard\n",
    NO_BOMBS "[milter]\nrecipients = tlsrpt@example.com\n"
	     "on-refused = reject\n"
	     "[accept]\n"
	     "policy-domains = example.com, *.example.net\n",
    NO_BOMBS "[milter]\non-refused = reject\n"
	     "disposition = discard\n"
	     "recipients = *@example.com\n"
	     "on-spool-error = tempfail\n"
	     "[accept]\nauthentication = require\n"
	     "authserv-ids = mx.example.com\n",
    NO_BOMBS "[milter]\nadd-header = false\n"
	     "[accept]\nauthserv-ids = mx.example.com\n",
    "[limits]\nmessage-size = 16K\n"
    "header-count = 30\nheader-size = 2K\n"
    "mime-parts = 6\nmime-depth = 3\nreports = 2\n"
    "gzip-members = 2\nreport-size = 8K\n"
    "parse-memory = 1M\njson-depth = 6\n"
    "policies = 2\ndetails = 4\n"
    "string-length = 100\n",
    "[limits]\nreport-size = 256K\nreports = 1\n"
    "mime-parts = 50\nmime-depth = 20\n",
    "[milter]\non-spool-error = tempfail\n"
    "[limits]\nstring-length = 64\n"
    "report-size = 4K\n",
};

static struct config *configs[G_N_ELEMENTS(texts)];
static struct spool *spool;

static void close_spool(void)
{
	spool_close(spool);
	spool = NULL;
}

static void begin(void)
{
	char *error = NULL;

	if (spool != NULL)
		return;
	log_open("fuzz", LOG_TARGET_STDERR, LOG_EMERG);
	pipeline_init();
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		configs[i] = fuzz_config(texts[i]);
	spool = spool_open(fuzz_folder(), QUOTA, &error);
	FUZZ_CHECK(spool != NULL);
	(void)atexit(close_spool);
	FUZZ_CHECK(spool_lock(spool));
}

static void check_row(const struct batch_item *item)
{
	struct json_tree_info info;
	json_t *tree =
	    json_tree_load(item->row->str, item->row->len, &info, NULL);

	FUZZ_CHECK(tree != NULL && info.end == item->row->len);
	FUZZ_CHECK(!info.duplicate_key);
	json_decref(tree);
}

/* Empties the spool as the loader does; how many reports were in it. */
static size_t load(const struct limits *limits, size_t *ret_rejections)
{
	GPtrArray *names = spool_list(spool);
	size_t rejections = 0, reports = 0;

	FUZZ_CHECK(names != NULL);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		struct batch_item *item = NULL;
		char *reason = NULL;

		FUZZ_CHECK(batch_read(spool, name, limits, &item, &reason) ==
			   SPOOL_OK);
		check_row(item);
		if (g_str_has_prefix(item->row->str, "{\"kind\":\"report\""))
			reports++;
		else
			rejections++;
		batch_item_free(item);
		FUZZ_CHECK(spool_remove(spool, name) == SPOOL_OK);
	}
	g_ptr_array_unref(names);
	*ret_rejections = rejections;
	return reports;
}

static size_t count(
    const struct pipeline_output *output, enum pipeline_status status)
{
	size_t found = 0;

	for (guint i = 0; i < output->reports->len; i++) {
		const struct pipeline_report *report =
		    output->reports->pdata[i];

		found += report->status == status;
		FUZZ_CHECK((report->reason == NULL) ==
			   (report->status == PIPELINE_SPOOLED));
	}
	return found;
}

static void check_line(const char *text, size_t most)
{
	if (text == NULL)
		return;
	FUZZ_CHECK(strlen(text) <= most);
	for (; *text != '\0'; text++)
		FUZZ_CHECK(g_ascii_isprint(*text));
}

static size_t count_policies(const struct pipeline_output *output)
{
	size_t policies = 0;

	for (guint i = 0; i < output->reports->len; i++) {
		const struct pipeline_report *found = output->reports->pdata[i];

		policies += found->policies;
	}
	return policies;
}

static void check_verdict(const struct pipeline_input *input,
    const struct pipeline_output *output, size_t stored, size_t bad)
{
	const struct config *config = input->config;
	const struct verdict *verdict = &output->verdict;
	bool ours = input->report_recipients == input->recipients->len;

	check_line(verdict->header, 900);
	check_line(verdict->reply, 450);
	switch (verdict->action) {
	case VERDICT_DISCARD:
		FUZZ_CHECK(ours);
		/* fall through */
	case VERDICT_SPLIT:
		FUZZ_CHECK(config->disposition == CONFIG_DISCARD);
		FUZZ_CHECK(stored > 0 && bad == 0);
		FUZZ_CHECK(count_policies(output) > 0);
		break;
	case VERDICT_REJECT:
		FUZZ_CHECK(config->on_refused == CONFIG_REFUSED_REJECT);
		FUZZ_CHECK(ours && stored == 0 && bad > 0);
		break;
	case VERDICT_HEADER:
		FUZZ_CHECK(config->add_header && stored + bad > 0);
		FUZZ_CHECK(verdict->header != NULL);
		break;
	case VERDICT_ACCEPT:
		FUZZ_CHECK(!config->add_header || stored + bad == 0);
		break;
	case VERDICT_TEMPFAIL:
		FUZZ_CHECK(false); /* nothing kept the spool from storing */
	}
}

static void run(const struct pipeline_input *input)
{
	const struct limits *limits = &input->config->limits;
	struct pipeline_output output;
	size_t stored, bad, rejections;

	pipeline_run(input, &output);
	FUZZ_CHECK(output.reports->len <= limits->reports + 1);
	stored = count(&output, PIPELINE_SPOOLED);
	bad =
	    count(&output, PIPELINE_INVALID) + count(&output, PIPELINE_REFUSED);
	FUZZ_CHECK(count(&output, PIPELINE_FAILED) == 0);
	check_verdict(input, &output, stored, bad);
	if (input->spool != NULL) {
		FUZZ_CHECK(load(limits, &rejections) == stored);
		FUZZ_CHECK(rejections == bad);
	}
	pipeline_output_clear(&output);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	GPtrArray *recipients;
	uint8_t choice;

	begin();
	if (length == 0)
		return 0;
	choice = bytes[0];
	recipients = g_ptr_array_new();
	g_ptr_array_add(recipients, (char *)"<tlsrpt@example.com>");
	if ((choice & OTHER_RECIPIENT) != 0)
		g_ptr_array_add(recipients, (char *)"<postmaster@example.org>");
	run(&(struct pipeline_input){
	    .config = configs[choice & VARIANTS],
	    .spool = (choice & WITHOUT_SPOOL) != 0 ? NULL : spool,
	    .source = RECORD_MILTER,
	    .queue_id = "4XyZ12",
	    .envelope_from = "<noreply@sender.example>",
	    .recipients = recipients,
	    .report_recipients = 1,
	    .received_at = FUZZ_NOW * G_USEC_PER_SEC,
	    .bytes = bytes + 1,
	    .length = length - 1,
	    .bare = (choice & BARE) != 0,
	    .filename = (choice & BARE) != 0
			    ? "sender.example!example.com!1!2.json"
			    : NULL,
	});
	g_ptr_array_unref(recipients);
	return 0;
}
