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

struct authres_dkim {
	char *result; /* lower case: pass, fail, none, … */
	char *domain; /* header.d, else the domain of header.i; lower case, or
			 NULL */
};

/* The results for DKIM in one field body (unfolded or not), in order: an array
 * of struct authres_dkim * (g_ptr_array_unref). NULL when the field does not
 * follow the grammar (RFC 8601 section 2.2) or is longer than 256 KiB. */
GPtrArray *authres_dkim(const char *body);

/* The authserv-id, which says who wrote the field, in lower case (g_free), even
 * where the rest is malformed; NULL when there is none. */
char *authres_authserv_id(const char *body);

#endif
