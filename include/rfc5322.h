/* SPDX-License-Identifier: MIT */
/*
 * rfc5322: the pieces of header field syntax that several rooms read.
 *
 * Knows folding, comments and addresses (RFC 5322 sections 2.2.3, 3.2.2 and
 * 3.4). Leaves to others what a field means. Pure, linear and without
 * recursion, since all of it comes from strangers; any thread.
 */
#ifndef RFC5322_H
#define RFC5322_H

#include <stdbool.h>

/*
 * Moves *cursor behind blanks, folds and comments, nested ones included. False
 * when a comment never ends; *cursor is then at the end of the text.
 */
bool rfc5322_skip_cfws(const char **cursor);

/* A field body on one line, without blanks around it: line ends are dropped
 * and the blanks behind them kept. The caller frees it with g_free(). */
char *rfc5322_unfold(const char *body);

/* The domain of the first mailbox in an address list, as it is written, groups
 * looked into; NULL when there is none. The caller frees it with g_free(). */
char *rfc5322_first_domain(const char *body);

/* What stands in <> in a Message-ID field, or all of it when nothing does; NULL
 * when it is empty. The caller frees it with g_free(). */
char *rfc5322_message_id(const char *body);

#endif
