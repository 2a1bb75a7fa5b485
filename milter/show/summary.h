/* SPDX-License-Identifier: MIT */
/*
 * summary: what a person is shown, as typed values.
 *
 * Knows the values and who owns them. Leaves asking for them to
 * summary_query.c, and looks to summary_text.c, summary_html.c, summary_json.c
 * and monitoring_output.c. One thread.
 *
 * Every text may be a stranger's (a report's) and may be NULL where the report
 * has none. Days are YYYY-MM-DD in UTC. Counts are never negative and stay at
 * INT64_MAX when more is claimed.
 */
#ifndef SHOW_SUMMARY_H
#define SHOW_SUMMARY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* How many sessions there were. The sums beside the counts are what rates are
 * taken of: they go on where the counts stay. */
struct summary_sessions {
	int64_t successful;
	int64_t failed;
	double successful_sum;
	double failed_sum;
};

/* One policy domain over the days asked for. */
struct summary_domain {
	char *policy_domain; /* NULL: the reports name none */
	struct summary_sessions sessions;
	struct summary_sessions previous; /* as many days before those */
	int64_t reporters;
	char *last_report;
	struct summary_sessions *by_day; /* oldest first */
};

/* A domain that was asked for by its name. */
struct summary_asked {
	char *policy_domain;
	char *last_report; /* the last day reported on, ever; NULL: no report
			    * names it */
};

/* What failed at a domain by reports that give no details of it, where no
 * problem that goes on could stand for it. */
struct summary_undetailed {
	char *policy_domain;
	int64_t failed_sessions;
	int64_t reporters;
	char *reporter_names; /* as in summary_problem */
};

/* One row of tlsrpt.failure_detail. */
struct summary_failure {
	char *day;
	char *organization_name;
	int64_t failed_sessions;
	char *sending_mta_ip;
	char *receiving_ip;
	char *receiving_mx_helo;
	char *policy_type;
	char *policy_mode;
	char *failure_reason_code;
	char *additional_information;
	char *report_key;
	char *report_id;
	char *contact_info;
	bool authenticated;
};

/* A report as it came, without what no row has room for. */
struct summary_document {
	char *report_key;
	char *day;
	char *organization_name;
	char *report_id;
	char *received_at; /* 2026-11-24T21:16:31Z */
	char *document;    /* JSON, indented by PostgreSQL */
};

/* One row of tlsrpt.problem. */
struct summary_problem {
	char *problem_id;
	char *policy_domain;
	char *result_type;
	char *receiving_mx_hostname;
	char *state; /* new, ongoing, resolved */
	char *first_seen;
	char *last_seen;
	int64_t failed_sessions;
	double affected_share; /* 0 to 1, of its last week; below 0: not known
				*/
	int64_t reporters;
	char *reporter_names; /* the first two, joined by ", " */
	char *side;           /* ours, sender, unknown */
	char *evidence;
	char *explanation;
	char *action;
	int64_t urgency;
	GPtrArray *failures;  /* of struct summary_failure *, newest first */
	GPtrArray *documents; /* of struct summary_document *, newest first */
};

/* Failed sessions by what they have in common. */
struct summary_share {
	char *name; /* a result type, or an MX host */
	int64_t failed_sessions;
	int64_t reporters;
};

struct summary_reporter {
	char *organization_name;
	int64_t reports;
	struct summary_sessions sessions;
	char *last_report;
	int64_t silent_domains; /* on which it has stopped to report, by
				 * tlsrpt.silent_reporter */
};

struct summary {
	int days;
	char *generated_at; /* 2026-11-24T21:16:31Z */
	char *first_day;
	char *last_day; /* today */
	int64_t reports;
	int64_t rejections; /* received in these days; below 0: not asked for,
			     * or not this role's to see */
	int64_t age_days;   /* since a report was received, in the last 90
			     * days; below 0: none was */
	bool any_domain;    /* the database has one, whatever was asked for */
	struct summary_sessions sessions;
	struct summary_sessions previous;
	struct summary_sessions *by_day;
	GPtrArray *asked;      /* of struct summary_asked *, by name; empty
				* when all domains were asked for */
	GPtrArray *domains;    /* of struct summary_domain *, worst first */
	GPtrArray *problems;   /* of struct summary_problem *, most urgent
				* first; seen in these days */
	int64_t problem_count; /* with those left out of problems */
	int64_t open_count;    /* of those, the ones that are not resolved */
	int64_t ours_count;    /* of these, the ones whose side is ours */
	GPtrArray *undetailed; /* of struct summary_undetailed *, most first */
	GPtrArray *types;      /* of struct summary_share *, most first */
	GPtrArray *hosts;      /* the same */
	GPtrArray *reporters;  /* of struct summary_reporter *, most first;
				* also those who fell silent */
};

/* Empty; the caller's, as is all that is put in. NULL may be freed. */
struct summary *summary_new(int days);
void summary_free(struct summary *summary);
struct summary_problem *summary_problem_new(void);
void summary_problem_free(struct summary_problem *problem);

/* The day of an index into by_day, as YYYY-MM-DD, which takes 11 bytes. */
void summary_day(
    const struct summary *summary, int index, char *buffer, size_t size);

/* Both, but no more than INT64_MAX. Neither is negative. */
int64_t summary_add(int64_t a, int64_t b);

void summary_sessions_add(
    struct summary_sessions *sessions, const struct summary_sessions *more);
/* All of them, but no more than INT64_MAX. */
int64_t summary_sessions_total(const struct summary_sessions *sessions);
/* The share that failed, 0 to 1; -1 of none. */
double summary_sessions_rate(const struct summary_sessions *sessions);

/* The problem is over. */
bool summary_problem_resolved(const struct summary_problem *problem);

#endif
