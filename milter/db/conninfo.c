/* SPDX-License-Identifier: MIT */
/*
 * The configuration is a file that everybody may read, and --check-config
 * prints it, so a secret must not be in it. What PQconninfoParse() says about a
 * string may quote a password, so it is kept back.
 */
#include "db/conninfo.h"

#include <glib.h>
#include <libpq-fe.h>
#include <stddef.h>

/* libpq marks the values that a dialog would hide, such as password and
 * sslpassword, by a display character '*'. */
static bool has_secret(const PQconninfoOption *options)
{
	for (; options->keyword != NULL; options++)
		if (options->val != NULL && options->dispchar[0] == '*')
			return true;
	return false;
}

bool conninfo_check(const struct config *config, char **ret_error)
{
	PQconninfoOption *options = PQconninfoParse(config->conninfo, NULL);
	const char *problem = NULL;

	if (options == NULL)
		problem = "is not a connection string of libpq; allowed are "
			  "keyword=value pairs with the keywords of its "
			  "manual, or postgresql://HOST/DATABASE";
	else if (has_secret(options))
		problem = "holds a password, and this file is not secret; put "
			  "it into ~/.pgpass, or into a service file "
			  "(~/.pg_service.conf) that only this user can read";
	PQconninfoFree(options);
	if (problem == NULL)
		return true;
	*ret_error = g_strdup_printf("[database] conninfo: %s", problem);
	return false;
}
