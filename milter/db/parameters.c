/* SPDX-License-Identifier: MIT */
#include "parameters.h"

#include <errno.h>
#include <libpq-fe.h>
#include <string.h>

/* Used unless the connection string, its service or the environment say
 * otherwise: a peer that vanished is noticed within about a minute. */
static const struct {
	const char *keyword;
	const char *value;
} defaults[] = {
    {"connect_timeout", "10"},
    {"keepalives", "1"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"},
};

static const char *find_option(
    const PQconninfoOption *options, const char *keyword)
{
	for (; options != NULL && options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	return NULL;
}

static void add_parameter(
    struct parameters *parameters, const char *keyword, const char *value)
{
	g_ptr_array_add(parameters->keywords, g_strdup(keyword));
	g_ptr_array_add(parameters->values, g_strdup(value));
}

void parameters_free(struct parameters *parameters)
{
	g_ptr_array_unref(parameters->keywords);
	g_ptr_array_unref(parameters->values);
}

const char *const *parameters_keywords(const struct parameters *parameters)
{
	return (const char *const *)parameters->keywords->pdata;
}

const char *const *parameters_values(const struct parameters *parameters)
{
	return (const char *const *)parameters->values->pdata;
}

static struct parameters copy_parameters(const PQconninfoOption *own)
{
	struct parameters copy = {
	    .keywords = g_ptr_array_new_null_terminated(0, g_free, true),
	    .values = g_ptr_array_new_null_terminated(0, g_free, true),
	};

	for (const PQconninfoOption *o = own; o->keyword != NULL; o++)
		if (o->val != NULL)
			add_parameter(&copy, o->keyword, o->val);
	return copy;
}

/*
 * What libpq makes of a connection string with its service and the environment.
 * Only PQconninfo() of a connection tells that; PQconndefaults() would need
 * PGSERVICE to be set, which a process with threads can't do. So this makes a
 * connection that libpq refuses before it looks at any host, for a value that
 * no sslmode has; with a password, so that no file is searched for one.
 */
static PQconninfoOption *find_effective(const PQconninfoOption *own)
{
	struct parameters trial = copy_parameters(own);
	PGconn *connection;
	PQconninfoOption *found;

	add_parameter(&trial, "password", "none");
	add_parameter(&trial, "sslmode", "none");
	connection = PQconnectStartParams(
	    parameters_keywords(&trial), parameters_values(&trial), 0);
	found = PQconninfo(connection);
	PQfinish(connection);
	parameters_free(&trial);
	return found;
}

/* How many hosts a list of them names. */
static unsigned int count_hosts(const PQconninfoOption *effective)
{
	const char *list = find_option(effective, "hostaddr");
	unsigned int count = 1;

	if (list == NULL)
		list = find_option(effective, "host");
	for (; list != NULL && *list != '\0'; list++)
		count += *list == ',';
	return count;
}

/* Has libpq begin with another host than the first: those before it come last.
 * Lists of one item are for all hosts. */
static void begin_with(struct parameters *parameters,
    const PQconninfoOption *effective, unsigned int host)
{
	static const char *const lists[] = {"host", "hostaddr", "port"};

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		const char *list = find_option(effective, lists[i]);
		char **items = g_strsplit(list == NULL ? "" : list, ",", -1);
		guint count = g_strv_length(items);
		GString *turned = g_string_new(NULL);

		for (guint k = 0; k < count; k++)
			g_string_append_printf(turned, "%s%s",
			    k == 0 ? "" : ",", items[(host + k) % count]);
		if (count > 1)
			add_parameter(parameters, lists[i], turned->str);
		g_string_free(turned, TRUE);
		g_strfreev(items);
	}
}

bool parameters_make(const char *conninfo, bool primary, unsigned int host,
    struct parameters *ret_parameters)
{
	PQconninfoOption *own = PQconninfoParse(conninfo, NULL);
	PQconninfoOption *effective;
	struct parameters made;
	const char *wanted;

	if (own == NULL)
		return false;
	effective = find_effective(own);
	made = copy_parameters(own);
	made.hosts = count_hosts(effective);
	wanted = find_option(effective, "target_session_attrs");
	for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++)
		if (find_option(effective, defaults[i].keyword) == NULL)
			add_parameter(
			    &made, defaults[i].keyword, defaults[i].value);
	/* Of several servers only the primary stores reports. "any" is libpq's
	 * own default, which can't be told from one that somebody wrote. */
	if (primary && made.hosts > 1 &&
	    (wanted == NULL || strcmp(wanted, "any") == 0))
		add_parameter(&made, "target_session_attrs", "read-write");
	add_parameter(
	    &made, "fallback_application_name", program_invocation_short_name);
	/* Whatever is configured: this program sends UTF-8. The last value of a
	 * keyword counts. */
	add_parameter(&made, "client_encoding", "UTF8");
	if (host > 0)
		begin_with(&made, effective, host);
	PQconninfoFree(effective);
	PQconninfoFree(own);
	*ret_parameters = made;
	return true;
}
