/* SPDX-License-Identifier: MIT */
/*
 * summary: what a person is shown, as typed values.
 *
 * Knows the values and who owns them. Leaves the columns that they are read
 * from to summary_table.c, asking for them to summary_query.c, and showing them
 * to summary_text.c, summary_html.c, summary_json.c and monitoring.c. One
 * thread.
 *
 * Texts belong to the rows of the database that the summary keeps. Every text
 * may be a stranger's (a report's) and may be NULL where the report has none.
 * Days are YYYY-MM-DD in UTC. Counts are never negative and saturate at
 * INT64_MAX.
 */
#ifndef SHOW_SUMMARY_H
#define SHOW_SUMMARY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* How many sessions there were. Counts saturate at INT64_MAX and the doubles do
 * not: compute rates from the doubles. */
struct summary_sessions {
	int64_t successful;
	int64_t failed;
	double successful_sum;
	double failed_sum;
};

/* One policy domain over the days that were asked for. */
struct summary_domain {
	const char *policy_domain; /* NULL: the reports name none */
	struct summary_sessions sessions;
	struct summary_sessions previous; /* the same number of days before */
	int64_t reporters;
	const char *last_report;
	struct summary_sessions *by_day; /* oldest first */
};

/* A domain that was asked for by its name. */
struct summary_asked {
	const char *policy_domain;
	const char *last_report; /* the last day that a report covers; NULL: no
				  * report names the domain */
};

/* Failures at a domain of which the reports give no details; only for domains
 * without an open problem. */
struct summary_undetailed {
	const char *policy_domain;
	int64_t failed_sessions;
	int64_t reporters;
	const char *reporter_names; /* as in summary_problem */
};

/* One row of tlsrpt.failure_detail. */
struct summary_failure {
	const char *day;
	const char *organization_name;
	int64_t failed_sessions;
	const char *sending_mta_ip;
	const char *receiving_ip;
	const char *receiving_mx_helo;
	const char *policy_type;
	const char *policy_mode;
	const char *failure_reason_code;
	const char *additional_information;
	const char *report_key;
	const char *report_id;
	const char *contact_info;
	bool authenticated;
};

/* The original report, with the columns that introduce it. */
struct summary_document {
	const char *report_key;
	const char *day;
	const char *organization_name;
	const char *report_id;
	const char *received_at; /* 2026-11-24T21:16:31Z */
	const char *document;    /* JSON, indented by PostgreSQL */
};

/* One row of tlsrpt.problem. */
struct summary_problem {
	const char *problem_id;
	const char *policy_domain;
	const char *result_type;
	const char *receiving_mx_hostname;
	const char *state; /* new, ongoing, resolved */
	const char *first_seen;
	const char *last_seen;
	int64_t failed_sessions;
	double affected_share; /* 0 to 1, of its last week; below 0: not known
				*/
	int64_t reporters;
	const char *reporter_names; /* the first two, joined by ", " */
	const char *side;           /* ours, sender, unknown */
	const char *evidence;
	const char *explanation;
	const char *action;
	int64_t urgency;
	GPtrArray *failures;  /* of struct summary_failure *, newest first */
	GPtrArray *documents; /* of struct summary_document *, newest first */
};

/* Failed sessions with a result type or an MX host in common. */
struct summary_share {
	const char *name; /* a result type, or an MX host */
	int64_t failed_sessions;
	int64_t reporters;
};

struct summary_reporter {
	const char *organization_name;
	int64_t reports;
	struct summary_sessions sessions;
	const char *last_report;
	int64_t silent_domains; /* on which it has stopped reporting, by
				 * tlsrpt.silent_reporter */
};

struct summary {
	GPtrArray *rows; /* of struct db_rows *, the owners of all texts */
	int days;
	const char *generated_at; /* 2026-11-24T21:16:31Z */
	const char *first_day;
	const char *last_day; /* today */
	int64_t reports;
	int64_t rejections; /* received in this period; below 0: not asked
			     * for, or this role may not see them */
	int64_t age_days;   /* since a report was received, in the last 90
			     * days; below 0: none was */
	bool any_domain;    /* the database has one, whatever was asked for */
	bool all_documents; /* this role may read every document */
	bool own_documents; /* it may read what is in them about its domains */
	struct summary_sessions sessions;
	struct summary_sessions previous;
	struct summary_sessions *by_day;
	GPtrArray *asked;      /* of struct summary_asked *, by name; empty
				* when all domains were asked for */
	GPtrArray *domains;    /* of struct summary_domain *, worst first */
	GPtrArray *problems;   /* of struct summary_problem *, most urgent
				* first; seen in this period */
	int64_t problem_count; /* including those left out of problems */
	int64_t open_problem_count; /* of those, not resolved */
	int64_t ours_count;         /* of these, the ones whose side is ours */
	GPtrArray *undetailed; /* of struct summary_undetailed *, most first */
	GPtrArray *result_types; /* of struct summary_share *, most first */
	GPtrArray *mx_hosts;     /* of struct summary_share *, most first */
	GPtrArray *reporters;    /* of struct summary_reporter *, most first;
				  * including those that fell silent */
};

/* Empty. The caller owns it and frees it with everything in it; _free() takes
 * NULL. */
struct summary *summary_new(int days);
void summary_free(struct summary *summary);

/* The day of an index into by_day as YYYY-MM-DD; buffer has 11 bytes or more.
 */
void summary_day(
    const struct summary *summary, int index, char *buffer, size_t size);

/* Adds more to sessions. */
void summary_sessions_add(
    struct summary_sessions *sessions, const struct summary_sessions *more);
/* Successful and failed ones, but no more than INT64_MAX. */
int64_t summary_sessions_total(const struct summary_sessions *sessions);
/* The share that failed, 0 to 1; -1 if there were no sessions. */
double summary_sessions_rate(const struct summary_sessions *sessions);

/* Whether the problem's state is resolved. */
bool summary_problem_resolved(const struct summary_problem *problem);

#endif
