/* SPDX-License-Identifier: MIT */
/*
 * main() for a fuzz target without libFuzzer: runs it over each file of the
 * folders that are its arguments. A file's name is written before it is run, so
 * that the last line names the one that did not survive. What takes seconds
 * where libFuzzer's seeds are small is more than linear, and fails too.
 */
#include "fuzz.h"

#define SECONDS_MAX 10

static void run_file(const char *path)
{
	char *text = NULL;
	gsize length;
	uint8_t *bytes;
	int64_t start = g_get_monotonic_time();

	printf("%s\n", path);
	fflush(stdout);
	FUZZ_CHECK(g_file_get_contents(path, &text, &length, NULL));
	/* Without the NUL that GLib puts behind it. */
	bytes = g_memdup2(text, length);
	g_free(text);
	(void)LLVMFuzzerTestOneInput(bytes, length);
	g_free(bytes);
	FUZZ_CHECK(g_get_monotonic_time() - start <
		   (int64_t)SECONDS_MAX * G_USEC_PER_SEC);
}

static size_t run_folder(const char *folder)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;
	size_t count = 0;

	FUZZ_CHECK(dir != NULL);
	while ((name = g_dir_read_name(dir)) != NULL) {
		char *path = g_build_filename(folder, name, NULL);

		run_file(path);
		g_free(path);
		count++;
	}
	g_dir_close(dir);
	return count;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++)
		count += run_folder(argv[i]);
	printf("%zu seeds\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
