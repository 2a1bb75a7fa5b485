/* SPDX-License-Identifier: MIT */
/* Folders of fixtures to go through, and folders of a test to remove. */
#ifndef TREE_H
#define TREE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <glib.h>
#include <glib/gstdio.h>

/* Runs check on the files with a suffix, of which there are at least so many:
 * a folder that is empty or elsewhere would test nothing. */
static inline void tree_each(const char *folder, const char *suffix,
    size_t least, void (*check)(const char *path))
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;
	size_t count = 0;

	assert_non_null(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		char *path = g_build_filename(folder, name, NULL);

		if (g_str_has_suffix(name, suffix)) {
			check(path);
			count++;
		}
		g_free(path);
	}
	g_dir_close(dir);
	assert_true(count >= least);
}

/* With all that is in it; follows no symbolic link. */
static inline void tree_remove(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		char *entry = g_build_filename(path, name, NULL);

		if (g_file_test(entry, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(entry, G_FILE_TEST_IS_SYMLINK))
			tree_remove(entry);
		else
			g_unlink(entry);
		g_free(entry);
	}
	if (dir != NULL)
		g_dir_close(dir);
	g_rmdir(path);
}

#endif
