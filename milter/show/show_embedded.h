/* SPDX-License-Identifier: MIT */
/*
 * show_embedded: milter/show/sql and page.css, one constant a file. Each file
 * of SQL says what it answers and what its parameters are; CONTRIBUTING.md says
 * how to run it in psql.
 */
#ifndef SHOW_SHOW_EMBEDDED_H
#define SHOW_SHOW_EMBEDDED_H

extern const char css_page[];
extern const char sql_asked[];
extern const char sql_begin[];
extern const char sql_documents[];
extern const char sql_domains[];
extern const char sql_failures[];
extern const char sql_mx_hosts[];
extern const char sql_period[];
extern const char sql_problem[];
extern const char sql_problems[];
extern const char sql_rejections[];
extern const char sql_reporters[];
extern const char sql_reports[];
extern const char sql_result_types[];
extern const char sql_tenant_documents[];
extern const char sql_undetailed[];

#endif
