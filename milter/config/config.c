/* SPDX-License-Identifier: MIT */
/*
 * File → bytes → GKeyFile (sections, keys, text of values) → key_value (values)
 * → what holds between keys.
 *
 * GKeyFile is lenient where a mistake would go unnoticed: it ends at a NUL
 * byte, takes the last of repeated keys and merges repeated sections. So the
 * bytes are checked before, and the lines after it has read them.
 */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/sniff.h"
#include "key_table.h"
#include "key_value.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* "NAME: SENTENCE", with what came from the file made safe. False. */
static bool refuse(const char *name, const char *sentence, char **ret_error)
{
	GString *error = g_string_new(name);

	g_string_append(error, ": ");
	escape_terminal(error, sentence, 400);
	*ret_error = g_string_free(error, FALSE);
	return false;
}

/* "NAME: [section] key: SENTENCE", "NAME: [section]: SENTENCE"; key may be
 * NULL. False. */
static bool refuse_at(const char *name, const char *section, const char *key,
    const char *sentence, char **ret_error)
{
	GString *error = g_string_new(name);

	g_string_append(error, ": [");
	escape_terminal(error, section, 100);
	g_string_append_c(error, ']');
	if (key != NULL) {
		g_string_append_c(error, ' ');
		escape_terminal(error, key, 100);
	}
	g_string_append_printf(error, ": %s", sentence);
	*ret_error = g_string_free(error, FALSE);
	return false;
}

/* Whether the file is text: UTF-8, without NUL and without control characters
 * but tabs and the ends of lines. */
static bool check_bytes(
    const char *text, size_t length, const char *name, char **ret_error)
{
	const char *at = text, *end;
	unsigned int line = 1;

	(void)g_utf8_validate_len(text, length, &end);
	for (; at < end; at++) {
		if (g_ascii_iscntrl(*at) && *at != '\t' && *at != '\n' &&
		    !(at[0] == '\r' && at[1] == '\n'))
			break;
		line += *at == '\n';
	}
	if (at == text + length)
		return true;
	*ret_error = g_strdup_printf(
	    "%s: line %u has the byte 0x%02x; the file has to be text in UTF-8 "
	    "without control characters",
	    name, line, (unsigned int)(unsigned char)*at);
	return false;
}

/* Whether each section, and each key in it, is there once. GKeyFile has taken
 * the text, so a line is empty, a comment, a [section] or key = value. */
static bool check_repeats(const char *text, const char *name, char **ret_error)
{
	g_autoptr(GHashTable) seen =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const char *section = "";
	bool good = true;

	for (size_t i = 0; lines[i] != NULL && good; i++) {
		char *line = g_strstrip(lines[i]);

		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (line[0] == '[') {
			line[strlen(line) - 1] = '\0';
			section = line + 1;
			if (!g_hash_table_add(seen, g_strdup(section)))
				good = refuse_at(name, section, NULL,
				    "the section is repeated; write its keys "
				    "in one place",
				    ret_error);
			continue;
		}
		line[strcspn(line, "=")] = '\0';
		g_strchomp(line);
		if (!g_hash_table_add(
			seen, g_strdup_printf("%s]%s", section, line)))
			good = refuse_at(name, section, line,
			    "the key is repeated; remove all lines but one",
			    ret_error);
	}
	return good;
}

/* Appends that a section's keys, or all sections (NULL), are allowed. */
static void append_known(GString *out, const char *section)
{
	const char *last = NULL;

	g_string_append(out, "allowed are ");
	for (const struct config_key *k = key_table; k->section != NULL; k++) {
		const char *known = section != NULL ? k->name : k->section;

		if ((section != NULL && strcmp(k->section, section) != 0) ||
		    g_strcmp0(last, known) == 0)
			continue;
		g_string_append_printf(
		    out, "%s%s", last == NULL ? "" : ", ", known);
		last = known;
	}
}

/* Refuses an unknown section (key is NULL), or an unknown key of a section that
 * exists: says where it belongs, or what is known instead. */
static bool refuse_unknown(
    const char *name, const char *section, const char *key, char **ret_error)
{
	const struct config_key *elsewhere =
	    key != NULL ? key_table_find(NULL, key) : NULL;
	g_autoptr(GString) sentence = g_string_new("unknown ");

	g_string_append(sentence, key != NULL ? "key; " : "section; ");
	if (elsewhere != NULL)
		g_string_append_printf(
		    sentence, "it belongs to [%s]", elsewhere->section);
	else
		append_known(sentence, key != NULL ? section : NULL);
	return refuse_at(name, section, key, sentence->str, ret_error);
}

static bool set_key(const struct config_key *key, struct config *config,
    const char *text, const char *name, char **ret_error)
{
	g_autofree char *sentence = NULL;

	return key_value_set(key, config, text, &sentence) ||
	       refuse_at(name, key->section, key->name, sentence, ret_error);
}

/* Sets what stands in one section of the file. */
static bool set_section(GKeyFile *file, const char *section,
    struct config *config, const char *name, char **ret_error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, section, NULL, NULL);
	bool good = true;

	if (key_table_find(section, NULL) == NULL)
		return refuse_unknown(name, section, NULL, ret_error);
	for (size_t i = 0; keys[i] != NULL && good; i++) {
		const struct config_key *key = key_table_find(section, keys[i]);
		/* Without escapes: a backslash stands for itself. */
		g_autofree char *text =
		    g_key_file_get_value(file, section, keys[i], NULL);

		good = key == NULL
			   ? refuse_unknown(name, section, keys[i], ret_error)
			   : set_key(key, config, g_strchomp(text), name,
				 ret_error);
	}
	return good;
}

/* Sets all members, in the order of the file, and then the defaults. */
static bool set_all(
    GKeyFile *file, struct config *config, const char *name, char **ret_error)
{
	g_auto(GStrv) sections = g_key_file_get_groups(file, NULL);
	bool good = true;

	for (size_t i = 0; sections[i] != NULL && good; i++)
		good = set_section(file, sections[i], config, name, ret_error);
	for (const struct config_key *key = key_table;
	     key->section != NULL && good; key++)
		if (!g_key_file_has_key(file, key->section, key->name, NULL))
			good = set_key(
			    key, config, key->fallback, name, ret_error);
	return good;
}

/* What one key demands of another. */
static bool check_together(
    const struct config *config, const char *name, char **ret_error)
{
	if (config->disposition == CONFIG_DISCARD &&
	    config->recipients[0] == NULL)
		return refuse_at(name, "milter", "disposition",
		    "discard is allowed only with recipients, since it drops "
		    "mail; list the report addresses there",
		    ret_error);
	if (config->authentication == CONFIG_AUTH_REQUIRE &&
	    config->authserv_ids[0] == NULL)
		return refuse_at(name, "accept", "authentication",
		    "require is allowed only with authserv-ids; list the name "
		    "there that your DKIM verifier writes into "
		    "Authentication-Results",
		    ret_error);
	return true;
}

static GKeyFile *read_keys(const char *text, const char *name, char **ret_error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;

	/* Without the flag key[de] would be ignored. */
	if (g_key_file_load_from_data(
		file, text, strlen(text), G_KEY_FILE_KEEP_TRANSLATIONS, &error))
		return g_steal_pointer(&file);
	refuse(name,
	    g_error_matches(
		error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND)
		? "a key stands before the first section; a section begins "
		  "with a line such as [milter]"
		: error->message,
	    ret_error);
	return NULL;
}

struct config *config_parse(
    const char *text, size_t length, const char *name, char **ret_error)
{
	/* Ends with a NUL whatever text does. */
	g_autofree char *copy = g_strndup(length > 0 ? text : "", length);
	const char *start =
	    copy + sniff_bom((const uint8_t *)copy, strlen(copy));
	g_autoptr(GKeyFile) file = NULL;
	struct config *config;

	if (!check_bytes(copy, length, name, ret_error))
		return NULL;
	file = read_keys(start, name, ret_error);
	if (file == NULL || !check_repeats(start, name, ret_error))
		return NULL;
	config = g_new0(struct config, 1);
	config->references = 1;
	if (set_all(file, config, name, ret_error) &&
	    check_together(config, name, ret_error))
		return config;
	config_unref(config);
	return NULL;
}

/* Reads an open file into text, which holds *length bytes. The size may change
 * meanwhile, so what counts is how much was read. */
static bool read_file(
    int fd, const char *path, char *text, size_t *length, char **ret_error)
{
	const char *problem = NULL;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0 ||
	    (S_ISREG(status.st_mode) && !file_read_all(fd, text, length)))
		problem = g_strerror(errno);
	else if (!S_ISREG(status.st_mode))
		problem = "is not a regular file";
	else if (*length == FILE_MAX)
		problem = "is too large for a configuration; allowed is less "
			  "than 1 MiB";
	return problem == NULL || refuse(path, problem, ret_error);
}

struct config *config_load(const char *path, char **ret_error)
{
	char *text = g_malloc(FILE_MAX);
	size_t length = FILE_MAX;
	struct config *config = NULL;
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (read_file(fd, path, text, &length, ret_error))
		config = config_parse(text, length, path, ret_error);
	if (fd >= 0)
		close(fd);
	g_free(text);
	return config;
}

struct config *config_default(void)
{
	char *error = NULL;
	struct config *config = config_parse("", 0, "default", &error);

	if (config == NULL)
		g_error("%s", error); /* the table itself is wrong */
	return config;
}

struct config *config_ref(struct config *config)
{
	g_atomic_int_inc(&config->references);
	return config;
}

void config_unref(struct config *config)
{
	if (config == NULL || !g_atomic_int_dec_and_test(&config->references))
		return;
	for (const struct config_key *k = key_table; k->section != NULL; k++)
		key_value_clear(k, config);
	g_free(config);
}

char *config_print(const struct config *config)
{
	GString *out = g_string_new(NULL);
	const char *section = NULL;

	for (const struct config_key *k = key_table; k->section != NULL; k++) {
		if (g_strcmp0(section, k->section) != 0)
			g_string_append_printf(out, "%s[%s]\n",
			    section == NULL ? "" : "\n", k->section);
		section = k->section;
		g_string_append_printf(out, "%s = ", k->name);
		key_value_print(k, config, out);
		/* No blank at the end of the line of an empty value. */
		if (out->str[out->len - 1] == ' ')
			g_string_truncate(out, out->len - 1);
		g_string_append_c(out, '\n');
	}
	return g_string_free(out, FALSE);
}
