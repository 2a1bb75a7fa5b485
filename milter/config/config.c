/* SPDX-License-Identifier: MIT */
/*
 * File → bytes → config_scan (structure, lines) → libconfuse (values as text) →
 * config_key (values) → what holds between keys.
 *
 * The file is read here and not by libconfuse, whose lexer ends the process
 * when it is given a folder.
 */
#include "config/config.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "config_key.h"
#include "config_scan.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* What libconfuse had to say last; see config_load() about threads. */
static char *confuse_error;

static void keep_confuse_error(
    cfg_t *cfg, const char *format, va_list arguments)
{
	(void)cfg;
	g_free(confuse_error);
	confuse_error = g_strdup_vprintf(format, arguments);
}

/* libconfuse's options of one section, from the first of its keys on;
 * everything is text. Freed with g_free(). */
static cfg_opt_t *make_options(size_t first)
{
	cfg_opt_t end = CFG_END();
	cfg_opt_t *options = g_new0(cfg_opt_t, KEY_COUNT + 1);
	size_t count = 0;

	for (size_t i = first;
	     i < KEY_COUNT &&
	     strcmp(config_keys[i].section, config_keys[first].section) == 0;
	     i++) {
		const struct config_key *key = &config_keys[i];
		cfg_opt_t one = CFG_STR(key->name, key->fallback, CFGF_NONE);
		cfg_opt_t list = CFG_STR_LIST(key->name, "{}", CFGF_NONE);

		options[count++] = key->type == CONFIG_LIST ? list : one;
	}
	options[count] = end;
	return options;
}

/* A parser for the whole file. */
static cfg_t *make_parser(void)
{
	cfg_opt_t end = CFG_END();
	cfg_opt_t sections[KEY_COUNT + 1];
	cfg_t *cfg;
	size_t count = 0;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		const char *name = config_keys[i].section;

		if (i == 0 || strcmp(config_keys[i - 1].section, name) != 0) {
			cfg_opt_t section =
			    CFG_SEC(name, make_options(i), CFGF_NONE);

			sections[count++] = section;
		}
	}
	sections[count] = end;
	cfg = cfg_init(sections, CFGF_NONE);
	for (size_t i = 0; i < count; i++)
		g_free(sections[i].subopts);
	if (cfg != NULL)
		cfg_set_error_function(cfg, keep_confuse_error);
	return cfg;
}

/* "NAME:LINE: SECTION.KEY: SENTENCE"; takes the sentence. */
static char *format_error(const char *name, unsigned int line,
    const struct config_key *key, char *sentence)
{
	char *error = key == NULL
			  ? g_strdup_printf("%s:%u: %s", name, line, sentence)
			  : g_strdup_printf("%s:%u: %s.%s: %s", name, line,
				key->section, key->name, sentence);

	g_free(sentence);
	return error;
}

/* Sets one member from what libconfuse read. */
static bool set_key(const struct config_key *key, cfg_t *cfg,
    struct config *config, size_t *ret_index, char **ret_error)
{
	cfg_t *section = cfg_getsec(cfg, key->section);
	unsigned int count = cfg_size(section, key->name);
	const char **values = g_new0(const char *, count + 1);
	bool good;

	for (unsigned int i = 0; i < count; i++)
		values[i] = cfg_getnstr(section, key->name, i);
	good = config_key_set(key, config, values, count, ret_index, ret_error);
	g_free(values);
	return good;
}

/* Sets all members; of several mistakes the first in the file is told. */
static bool set_keys(cfg_t *cfg, const struct config_scan *scan,
    const char *name, struct config *config, char **ret_error)
{
	unsigned int first = 0;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct config_key *key = &config_keys[i];
		char *error = NULL;
		unsigned int line;
		size_t index;

		if (set_key(key, cfg, config, &index, &error))
			continue;
		line = config_scan_line(scan, (enum config_key_id)i, index);
		if (first > 0 && first <= line) {
			g_free(error);
			continue;
		}
		if (first > 0)
			g_free(*ret_error);
		*ret_error = format_error(name, line, key, error);
		first = line;
	}
	return first == 0;
}

/* What one key demands of another. */
static bool check_together(const struct config *config,
    const struct config_scan *scan, const char *name, char **ret_error)
{
	if (config->disposition == CONFIG_DISCARD &&
	    config->recipients[0] == NULL) {
		*ret_error = format_error(name,
		    config_scan_line(scan, KEY_DISPOSITION, 0),
		    &config_keys[KEY_DISPOSITION],
		    g_strdup("discard is allowed only with "
			     "milter.recipients, since it drops mail; list the "
			     "report addresses there"));
		return false;
	}
	if (config->authentication == CONFIG_AUTH_REQUIRE &&
	    config->authserv_ids[0] == NULL) {
		*ret_error = format_error(name,
		    config_scan_line(scan, KEY_AUTHENTICATION, 0),
		    &config_keys[KEY_AUTHENTICATION],
		    g_strdup("require is allowed only with "
			     "accept.authserv-ids; list there the name that "
			     "your DKIM verifier writes into "
			     "Authentication-Results"));
		return false;
	}
	return true;
}

/* Runs libconfuse over text that was scanned. */
static cfg_t *parse_values(const char *text, const char *name, char **ret_error)
{
	cfg_t *cfg = make_parser();

	if (cfg != NULL && cfg_parse_buf(cfg, text) == CFG_SUCCESS)
		return cfg;
	*ret_error = g_strdup_printf("%s: %s", name,
	    confuse_error != NULL ? confuse_error : "can't be parsed");
	if (cfg != NULL)
		cfg_free(cfg);
	g_clear_pointer(&confuse_error, g_free);
	return NULL;
}

struct config *config_parse(
    const char *text, size_t length, const char *name, char **ret_error)
{
	struct config *config = g_new0(struct config, 1);
	struct config_scan scan;
	cfg_t *cfg = NULL;
	char *copy = g_malloc(length + 1);
	char *sentence;
	unsigned int line;
	bool good = false;

	config->references = 1;
	if (length > 0)
		memcpy(copy, text, length);
	copy[length] = '\0';
	if (!config_scan(&scan, copy, length, &line, &sentence)) {
		*ret_error = format_error(name, line, NULL, sentence);
		goto out;
	}
	cfg = parse_values(copy, name, ret_error);
	if (cfg == NULL)
		goto out;
	good = set_keys(cfg, &scan, name, config, ret_error) &&
	       check_together(config, &scan, name, ret_error);
out:
	if (cfg != NULL)
		cfg_free(cfg);
	config_scan_clear(&scan);
	g_free(copy);
	if (good)
		return config;
	config_unref(config);
	return NULL;
}

static char *format_errno(const char *path, int number)
{
	return g_strdup_printf("%s: %s", path, g_strerror(number));
}

/* Reads a descriptor of a regular file under FILE_MAX. */
static GByteArray *read_file(int fd, const char *path, char **ret_error)
{
	struct stat status;
	GByteArray *bytes;
	uint8_t chunk[16384];
	ssize_t got;

	if (fstat(fd, &status) != 0) {
		*ret_error = format_errno(path, errno);
		return NULL;
	}
	if (!S_ISREG(status.st_mode)) {
		*ret_error = g_strdup_printf("%s: is no regular file", path);
		return NULL;
	}
	bytes = g_byte_array_new();
	/* The size may change meanwhile, so it is what was read that counts. */
	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			*ret_error = format_errno(path, errno);
			g_byte_array_unref(bytes);
			return NULL;
		}
		g_byte_array_append(bytes, chunk, (guint)got);
		if (bytes->len >= FILE_MAX) {
			*ret_error = g_strdup_printf(
			    "%s: is too large for a configuration; allowed is "
			    "less than 1 MiB",
			    path);
			g_byte_array_unref(bytes);
			return NULL;
		}
	}
	return bytes;
}

struct config *config_load(const char *path, char **ret_error)
{
	struct config *config;
	GByteArray *bytes;
	/* Not to wait for a writer when it is a FIFO. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		*ret_error = format_errno(path, errno);
		return NULL;
	}
	bytes = read_file(fd, path, ret_error);
	(void)close(fd);
	if (bytes == NULL)
		return NULL;
	config = config_parse(
	    (const char *)bytes->data, bytes->len, path, ret_error);
	g_byte_array_unref(bytes);
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
	for (size_t i = 0; i < KEY_COUNT; i++)
		config_key_clear(&config_keys[i], config);
	g_free(config);
}

char *config_print(const struct config *config)
{
	GString *out = g_string_new(NULL);
	const char *section = NULL;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct config_key *key = &config_keys[i];

		if (section == NULL || strcmp(section, key->section) != 0)
			g_string_append_printf(out, "%s%s {\n",
			    section == NULL ? "" : "}\n", key->section);
		section = key->section;
		g_string_append_printf(out, "\t%s = ", key->name);
		config_key_print(key, config, out);
		g_string_append_c(out, '\n');
	}
	g_string_append(out, "}\n");
	return g_string_free(out, FALSE);
}
