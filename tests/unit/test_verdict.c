/* SPDX-License-Identifier: MIT */
/* The table of verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above before it. */
#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "assert_text.h"
#include "bare_config.h"
#include "intake/verdict.h"

struct row {
	enum config_disposition disposition;
	enum config_on_refused on_refused;
	enum config_on_spool_error on_spool_error;
	size_t spooled, invalid, refused, failed;
	size_t recipients, report_recipients;
	enum verdict_action action;
	const char *header;
	const char *reply;
};

#define K CONFIG_KEEP
#define D CONFIG_DISCARD
#define RK CONFIG_REFUSED_KEEP
#define RR CONFIG_REFUSED_REJECT
#define SD CONFIG_SPOOL_DELIVER
#define ST CONFIG_SPOOL_TEMPFAIL

static const struct row rows[] = {
    /* nothing found */
    {D, RR, ST, 0, 0, 0, 0, 1, 1, VERDICT_ACCEPT, NULL, NULL},
    /* all spooled */
    {K, RK, SD, 2, 0, 0, 0, 1, 1, VERDICT_HEADER, "stored; reports=2", NULL},
    {D, RK, SD, 1, 0, 0, 0, 2, 2, VERDICT_DISCARD, NULL, NULL},
    {D, RK, SD, 1, 0, 0, 0, 3, 1, VERDICT_SPLIT, "stored; reports=1", NULL},
    {D, RK, SD, 1, 0, 0, 0, 1, 0, VERDICT_HEADER, "stored; reports=1", NULL},
    /* invalid is never discarded nor rejected */
    {D, RR, ST, 0, 1, 0, 0, 1, 1, VERDICT_HEADER, "invalid; why", NULL},
    {D, RR, ST, 0, 1, 1, 0, 1, 1, VERDICT_HEADER, "invalid; why", NULL},
    /* refused */
    {D, RK, ST, 0, 0, 1, 0, 1, 1, VERDICT_HEADER, "refused; why", NULL},
    {D, RR, ST, 0, 0, 2, 0, 1, 1, VERDICT_REJECT, NULL,
	"TLS report refused: why"},
    {D, RR, ST, 0, 0, 1, 0, 2, 1, VERDICT_HEADER, "refused; why", NULL},
    {K, RR, ST, 0, 0, 1, 0, 1, 0, VERDICT_HEADER, "refused; why", NULL},
    /* some spooled, some not: kept whole */
    {D, RR, ST, 1, 1, 0, 0, 1, 1, VERDICT_HEADER,
	"partial; stored=1 invalid=1 refused=0; why", NULL},
    {D, RR, ST, 1, 0, 2, 0, 2, 1, VERDICT_HEADER,
	"partial; stored=1 invalid=0 refused=2; why", NULL},
    /* the spool: the sender is told no more than that */
    {D, RR, SD, 0, 0, 0, 1, 1, 1, VERDICT_HEADER, "failed; why", NULL},
    {D, RR, SD, 0, 0, 0, 2, 2, 1, VERDICT_HEADER, "failed; why", NULL},
    {D, RR, SD, 1, 0, 0, 1, 1, 1, VERDICT_HEADER,
	"partial; stored=1 invalid=0 refused=0 failed=1; why", NULL},
    {D, RR, SD, 2, 3, 4, 5, 2, 1, VERDICT_HEADER,
	"partial; stored=2 invalid=3 refused=4 failed=5; why", NULL},
    {D, RR, SD, 0, 0, 1, 1, 1, 1, VERDICT_HEADER,
	"partial; stored=0 invalid=0 refused=1 failed=1; why", NULL},
    {D, RR, ST, 1, 0, 0, 1, 1, 1, VERDICT_TEMPFAIL, NULL,
	"TLS report can't be stored now, try again later"},
};

static void decide(
    const struct row *row, bool add_header, struct verdict *verdict)
{
	struct config config = bare_config();
	char why[] = "why";
	const struct verdict_tally tally = {
	    .spooled = row->spooled,
	    .invalid = row->invalid,
	    .refused = row->refused,
	    .failed = row->failed,
	    .reason = why,
	    .pure = true,
	    .recipients = row->recipients,
	    .report_recipients = row->report_recipients,
	};

	config.disposition = row->disposition;
	config.on_refused = row->on_refused;
	config.on_spool_error = row->on_spool_error;
	config.add_header = add_header;
	verdict_decide(&config, &tally, verdict);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct verdict verdict;

		decide(&rows[i], true, &verdict);
		assert_int_equal(verdict.action, rows[i].action);
		assert_text(verdict.header, rows[i].header);
		assert_text(verdict.reply, rows[i].reply);
		verdict_clear(&verdict);
	}
}

static void test_table_without_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct verdict verdict;

		decide(&rows[i], false, &verdict);
		assert_null(verdict.header);
		assert_int_equal(verdict.action,
		    rows[i].action == VERDICT_HEADER ? VERDICT_ACCEPT
						     : rows[i].action);
		verdict_clear(&verdict);
	}
}

/* What is in a mail besides its reports is never dropped, nor kept from a
 * recipient. */
static void test_more_than_a_carrier(void **state)
{
	struct config config = bare_config();
	struct verdict_tally tally = {.spooled = 1, .recipients = 2};
	struct verdict verdict;

	(void)state;
	config.disposition = CONFIG_DISCARD;
	for (; tally.report_recipients <= 2; tally.report_recipients++) {
		verdict_decide(&config, &tally, &verdict);
		assert_int_equal(verdict.action, VERDICT_HEADER);
		assert_string_equal(verdict.header, "stored; reports=1");
		verdict_clear(&verdict);
	}
}

static void test_header_is_safe(void **state)
{
	struct config config = bare_config();
	char evil[] = "x\r\nX-Injected: 1\x1b[31m 100% \xe2\x80\xae";
	const struct verdict_tally tally = {.invalid = 1, .reason = evil};
	const struct verdict_tally failed = {.failed = 1, .reason = evil};
	const struct verdict_tally refused = {.refused = 1,
	    .reason = evil,
	    .recipients = 1,
	    .report_recipients = 1};
	struct verdict verdict;

	(void)state;
	verdict_decide(&config, &tally, &verdict);
	assert_null(strpbrk(verdict.header, "\r\n\x1b"));
	verdict_clear(&verdict);

	verdict_decide(&config, &failed, &verdict);
	assert_null(strpbrk(verdict.header, "\r\n\x1b"));
	verdict_clear(&verdict);

	config.on_refused = CONFIG_REFUSED_REJECT;
	verdict_decide(&config, &refused, &verdict);
	assert_null(strpbrk(verdict.reply, "\r\n\x1b%"));
	verdict_clear(&verdict);
}

static void test_header_is_short(void **state)
{
	struct config config = bare_config();
	char *longer = g_strnfill(100000, 'x');
	const struct verdict_tally tally = {.invalid = 1, .reason = longer};
	struct verdict verdict;

	(void)state;
	verdict_decide(&config, &tally, &verdict);
	assert_int_equal(strlen(verdict.header), 900);
	verdict_clear(&verdict);
	g_free(longer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_table_without_header),
	    cmocka_unit_test(test_more_than_a_carrier),
	    cmocka_unit_test(test_header_is_safe),
	    cmocka_unit_test(test_header_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
