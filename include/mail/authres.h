/* SPDX-License-Identifier: MIT */
/*
 * authres: Authentication-Results (RFC 8601) to DKIM results.
 *
 * Knows the field's grammar. Leaves whom to believe to authentication.c. Pure;
 * any thread.
 */
#ifndef MAIL_AUTHRES_H
#define MAIL_AUTHRES_H

#include <glib.h>
#include <stdbool.h>

struct authres_dkim {
	char *result; /* lower case: pass, fail, none, … */
	char *domain; /* header.d, else the domain of header.i; lower case, or
			 NULL */
};

struct authres {
	char *authserv_id; /* lower case */
	GPtrArray *dkim;   /* of struct authres_dkim *, in order */
};

/* Parses one field body (unfolded or not). NULL when it does not follow the
 * grammar (RFC 8601 section 2.2) or is longer than 256 KiB. Free with
 * authres_free(), which takes NULL. */
struct authres *authres_parse(const char *body);
void authres_free(struct authres *authres);

/* The authserv-id, which says who wrote the field, in lower case (g_free), even
 * where the rest is malformed; NULL when there is none. */
char *authres_authserv_id(const char *body);

#endif
