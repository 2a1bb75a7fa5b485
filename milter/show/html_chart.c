/* SPDX-License-Identifier: MIT */
/*
 * A column is 10 units wide and 100 high whatever the page's width. If there
 * are many days, a column stands for several, so that a page of ten years stays
 * as small as one of a quarter.
 */
#include "html_chart.h"

#include "html_page.h"
#include "wording.h"

#define MOST_COLUMNS 92
#define SPARK_COLUMNS 30
#define STEP 10
#define HEIGHT 100.0
#define LEAST_VISIBLE 1.5

/* A full column is the highest rate, but at least this one. */
#define LEAST_FULL_RATE 0.01

struct column {
	int from; /* index of the first day */
	int to;   /* index after the last */
	struct summary_sessions sessions;
};

struct chart {
	struct column columns[MOST_COLUMNS];
	int count;
	const struct column *fullest; /* with most sessions */
	const struct column *worst;   /* with the highest failure rate */
	struct summary_sessions sessions;
};

static double sum_of(const struct column *column)
{
	return column->sessions.successful_sum + column->sessions.failed_sum;
}

static double rate_of(const struct column *column)
{
	return MAX(summary_sessions_rate(&column->sessions), 0);
}

static void gather(struct chart *chart, int days, int most,
    const struct summary_sessions *by_day)
{
	*chart = (struct chart){.count = MIN(days, most),
	    .fullest = chart->columns,
	    .worst = chart->columns};
	for (int i = 0; i < chart->count; i++) {
		struct column *column = &chart->columns[i];

		column->from = days * i / chart->count;
		column->to = days * (i + 1) / chart->count;
		for (int day = column->from; day < column->to; day++)
			summary_sessions_add(&column->sessions, &by_day[day]);
		summary_sessions_add(&chart->sessions, &column->sessions);
		if (sum_of(column) > sum_of(chart->fullest))
			chart->fullest = column;
		if (rate_of(column) > rate_of(chart->worst))
			chart->worst = column;
	}
}

/* "2026-11-22", or "2026-11-16 to 2026-11-22". */
static void put_days(
    GString *out, const struct summary *summary, const struct column *column)
{
	char day[16];

	summary_day(summary, column->from, day, sizeof(day));
	g_string_append(out, day);
	if (column->to - column->from <= 1)
		return;
	summary_day(summary, column->to - 1, day, sizeof(day));
	g_string_append_printf(out, " to %s", day);
}

static void put_rect(
    GString *out, const char *class, int at, double from, double height)
{
	char y[G_ASCII_DTOSTR_BUF_SIZE], h[G_ASCII_DTOSTR_BUF_SIZE];

	g_ascii_formatd(y, sizeof(y), "%.2f", HEIGHT - from - height);
	g_ascii_formatd(h, sizeof(h), "%.2f", height);
	g_string_append_printf(out,
	    "<rect class=\"%s\" x=\"%d\" y=\"%s\" width=\"%d\" height=\"%s\"/>",
	    class, at * STEP + 1, y, STEP - 2, h);
}

/* What is shown when the pointer is on a column. */
static void put_tip(
    GString *out, const struct summary *summary, const struct column *column)
{
	g_autoptr(GString) rate = g_string_new(NULL);

	put_days(out, summary, column);
	if (sum_of(column) <= 0) {
		g_string_append(out, ": no report");
	} else {
		wording_rate(rate, &column->sessions);
		g_string_append(out, ": ");
		wording_counted(
		    out, summary_sessions_total(&column->sessions), "session");
		g_string_append(out, ", ");
		wording_count(out, column->sessions.failed);
		html_put(out, " failed (%s)", rate->str);
	}
}

static double full_rate(const struct chart *chart)
{
	return MAX(rate_of(chart->worst), LEAST_FULL_RATE);
}

/* The height of a share; what is not zero stays visible. */
static double scale(double share)
{
	return share > 0 ? MAX(HEIGHT * share, LEAST_VISIBLE) : 0;
}

static void put_sessions(
    GString *out, const struct chart *chart, const struct column *column, int i)
{
	double whole = MAX(sum_of(chart->fullest), 1);
	double failed = scale(column->sessions.failed_sum / whole);
	double good = HEIGHT * column->sessions.successful_sum / whole;

	put_rect(out, "good", i, failed, MIN(good, HEIGHT - failed));
	put_rect(out, "bad", i, 0, failed);
}

static void put_columns(GString *out, enum chart_kind kind,
    const struct summary *summary, const struct chart *chart)
{
	double full = full_rate(chart);

	for (int i = 0; i < chart->count; i++) {
		const struct column *column = &chart->columns[i];

		g_string_append(out, "<g><title>");
		put_tip(out, summary, column);
		g_string_append_printf(out,
		    "</title><rect class=\"hit\" x=\"%d\" y=\"0\" width=\"%d\""
		    " height=\"100\"/>",
		    i * STEP, STEP);
		if (kind == CHART_SESSIONS)
			put_sessions(out, chart, column, i);
		else
			put_rect(
			    out, "bad", i, 0, scale(rate_of(column) / full));
		if (sum_of(column) <= 0)
			put_rect(out, "none", i, 0, LEAST_VISIBLE);
		g_string_append(out, "</g>\n");
	}
}

/* The chart in words. */
static void put_description(
    GString *out, const struct summary *summary, const struct chart *chart)
{
	g_autoptr(GString) rate = g_string_new(NULL);

	wording_counted(
	    out, summary_sessions_total(&chart->sessions), "session");
	g_string_append(out, ", of which ");
	wording_count(out, chart->sessions.failed);
	g_string_append(out, " failed.");
	if (rate_of(chart->worst) > 0) {
		wording_rate(rate, &chart->worst->sessions);
		html_put(out, " The highest failure rate was %s, ", rate->str);
		put_days(out, summary, chart->worst);
		g_string_append_c(out, '.');
	}
}

void html_chart(GString *out, enum chart_kind kind,
    const struct summary *summary, const struct summary_sessions *by_day,
    const char *about, const char *id)
{
	static const char *const titles[] = {
	    [CHART_SESSIONS] = "Sessions by day",
	    [CHART_RATE] = "Failure rate by day",
	};
	static const char *const keys[] = {
	    [CHART_SESSIONS] = " <span class=\"key\"><i class=\"good\"></i> "
			       "succeeded <i class=\"bad\"></i> failed</span>",
	    [CHART_RATE] = "",
	};
	g_autoptr(GString) label = g_string_new(NULL);
	struct chart chart;

	gather(&chart, summary->days, MOST_COLUMNS, by_day);
	if (kind == CHART_SESSIONS)
		wording_count_within(label,
		    summary_sessions_total(&chart.fullest->sessions), 11);
	else
		wording_share(label, full_rate(&chart));
	g_string_append_printf(out, "<figure class=\"chart\"><figcaption>%s%s",
	    titles[kind], keys[kind]);
	html_put(out,
	    "<span class=\"vh\">, %s</span></figcaption>\n<div class=\"plot\">"
	    "<div class=\"axis\" aria-hidden=\"true\"><span>%s</span>"
	    "<span>0</span></div>",
	    about, label->str);
	g_string_append_printf(
	    out, "<svg viewBox=\"0 0 %d 100\"", chart.count * STEP);
	html_put(out,
	    " preserveAspectRatio=\"none\" role=\"img\" "
	    "aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">%s, %s</title>"
	    "<desc id=\"%s-d\">",
	    id, id, id, titles[kind], about, id);
	put_description(out, summary, &chart);
	g_string_append(out, "</desc>\n");
	put_columns(out, kind, summary, &chart);
	html_put(out,
	    "</svg><div class=\"days\" aria-hidden=\"true\"><span>%s</span>"
	    "<span>%s</span></div></div></figure>\n",
	    summary->first_day, summary->last_day);
}

void html_chart_spark(GString *out, const struct summary *summary,
    const struct summary_sessions *by_day, const char *about)
{
	struct chart chart;

	gather(&chart, summary->days, SPARK_COLUMNS, by_day);
	g_string_append_printf(out,
	    "<svg class=\"spark\" viewBox=\"0 0 %d 100\"", chart.count * STEP);
	html_put(out,
	    " preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Failure "
	    "rate by day of %s: ",
	    about);
	put_description(out, summary, &chart);
	g_string_append(out, "\">");
	for (int i = 0; i < chart.count; i++) {
		const struct column *column = &chart.columns[i];
		const char *class = sum_of(column) > 0 ? "good" : "none";

		if (column->sessions.failed == 0)
			put_rect(out, class, i, 0, 6);
		else
			put_rect(out, "bad", i, 0,
			    MAX(scale(rate_of(column) / full_rate(&chart)),
				12));
	}
	g_string_append(out, "</svg>");
}

void html_chart_bar(GString *out, double share)
{
	char width[G_ASCII_DTOSTR_BUF_SIZE];

	g_ascii_formatd(width, sizeof(width), "%.1f",
	    share > 0 ? MAX(100 * MIN(share, 1), 1) : 0);
	g_string_append_printf(out,
	    "<svg class=\"bar\" viewBox=\"0 0 100 10\" "
	    "preserveAspectRatio=\"none\" aria-hidden=\"true\" "
	    "focusable=\"false\"><rect class=\"track\" width=\"100\" "
	    "height=\"10\"/><rect class=\"bad\" width=\"%s\" height=\"10\"/>"
	    "</svg>",
	    width);
}
