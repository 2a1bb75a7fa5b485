/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A target is a function of bytes that checks what
 * must hold for any of them: libFuzzer makes the bytes (make fuzz), and
 * replay.c takes them from tests/fuzz/seeds (make check).
 *
 * For one thread, and for the life of the process.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* What does not hold ends the process, as a sanitizer does. */
#define FUZZ_CHECK(condition) \
	((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

static inline _Noreturn void fuzz_fail(
    const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/* All of it received at one moment, later than any report's dates. */
#define FUZZ_NOW INT64_C(1900000000)

/* The bytes as a string of just their length, cut at the first NUL, so that a
 * read behind its end is one behind the heap block's. The caller's (g_free). */
static inline char *fuzz_string(const uint8_t *bytes, size_t length)
{
	const uint8_t *nul = length > 0 ? memchr(bytes, '\0', length) : NULL;
	size_t end = nul != NULL ? (size_t)(nul - bytes) : length;
	char *text = g_malloc(end + 1);

	if (end > 0)
		memcpy(text, bytes, end);
	text[end] = '\0';
	return text;
}

/* Whether nothing in it can drive a terminal or break a line. */
static inline bool fuzz_is_one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if (g_ascii_iscntrl(*text))
			return false;
	return true;
}

static inline struct config *fuzz_config(const char *text)
{
	char *error = NULL;
	struct config *config =
	    config_parse(text, strlen(text), "fuzz", &error);

	if (config == NULL)
		fuzz_fail(error, __FILE__, __LINE__);
	return config;
}

static char *fuzz_path;

static inline void fuzz_remove_folder(void)
{
	static const char *const parts[] = {"tmp", "new", "bad"};

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		char *path = g_build_filename(fuzz_path, parts[i], NULL);

		(void)g_rmdir(path);
		g_free(path);
	}
	(void)g_rmdir(fuzz_path);
	g_clear_pointer(&fuzz_path, g_free);
}

/* A folder of the process's own, in TMPDIR, that goes when it ends: of what is
 * in it a spool's empty folders, the rest is whose who made it. */
static inline const char *fuzz_folder(void)
{
	if (fuzz_path != NULL)
		return fuzz_path;
	fuzz_path = g_dir_make_tmp("tlsrpt-fuzz-XXXXXX", NULL);
	FUZZ_CHECK(fuzz_path != NULL);
	(void)atexit(fuzz_remove_folder);
	return fuzz_path;
}

#endif
