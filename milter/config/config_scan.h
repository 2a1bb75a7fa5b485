/* SPDX-License-Identifier: MIT */
/*
 * config_scan: a configuration file's structure and line numbers, for config.c
 * only.
 *
 * libconfuse stops at errors without saying where they began, accepts an
 * unclosed section, and takes the last of repeated keys. So the text is walked
 * here first, by a grammar that is a subset of libconfuse's:
 *
 *   file    = *( NAME "{" *entry "}" )
 *   entry   = NAME "=" ( value / "{" [ value *( "," value ) [ "," ] ] "}" )
 *   value   = WORD / "double quoted" / 'single quoted'
 *
 * Leaves to libconfuse what a value is, and to config_key.c whether it is good.
 */
#ifndef CONFIG_CONFIG_SCAN_H
#define CONFIG_CONFIG_SCAN_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "config_key.h"

struct config_scan {
	/* Line of each key's name; 0 when the file doesn't have it. */
	unsigned int lines[KEY_COUNT];
	/* Lines of its values, in order: of unsigned int, or NULL. */
	GArray *value_lines[KEY_COUNT];
};

/*
 * Walks text (NUL-terminated after length bytes) and overwrites its comments
 * with blanks, since libconfuse takes none inside a list. False with the line
 * and a sentence that begins with section.key where it can (g_free). The scan
 * is to be cleared in either case.
 */
bool config_scan(struct config_scan *ret_scan, char *text, size_t length,
    unsigned int *ret_line, char **ret_error);
void config_scan_clear(struct config_scan *scan);

/* The line to blame for a key's value; 1 when the file doesn't have the key. */
unsigned int config_scan_line(
    const struct config_scan *scan, enum config_key_id key, size_t value_index);

#endif
