/* SPDX-License-Identifier: MIT */
/*
 * What the libraries under this project cost by themselves:
 *   scan mbox FILE      GMime's parser over all messages of an mbox
 *   scan document FILE  inflates a gzip file and parses it with jansson, once
 * Prints a JSON object with CPU and wall-clock seconds.
 */
#include <fcntl.h>
#include <gmime/gmime.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

static double read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static size_t scan_mbox(int fd)
{
	GMimeStream *stream = g_mime_stream_fs_new(fd);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message;
	size_t count = 0;

	g_mime_parser_set_format(parser, GMIME_FORMAT_MBOX);
	while (
	    (message = g_mime_parser_construct_message(parser, NULL)) != NULL) {
		count++;
		g_object_unref(message);
	}
	g_object_unref(parser);
	g_object_unref(stream);
	return count;
}

/* The file inflated, which begins as one gzip member. */
static GByteArray *inflate_file(int fd)
{
	gzFile file = gzdopen(fd, "rb");
	GByteArray *all = g_byte_array_new();
	guint8 piece[65536];
	int got;

	while ((got = gzread(file, piece, sizeof piece)) > 0)
		g_byte_array_append(all, piece, (guint)got);
	gzclose(file);
	return all;
}

static size_t scan_document(int fd)
{
	GByteArray *text = inflate_file(fd);
	size_t length = text->len;
	json_t *root = json_loadb((const char *)text->data, text->len, 0, NULL);

	if (root == NULL)
		length = 0;
	json_decref(root);
	g_byte_array_unref(text);
	return length;
}

int main(int argc, char **argv)
{
	double cpu, wall;
	size_t found;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: scan mbox|document FILE\n");
		return 64;
	}
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "scan: %s can't be read\n", argv[2]);
		return 66;
	}
	g_mime_init();
	cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	wall = read_clock(CLOCK_MONOTONIC);
	found =
	    strcmp(argv[1], "mbox") == 0 ? scan_mbox(fd) : scan_document(fd);
	printf("{\"found\": %zu, \"cpu\": %.6f, \"wall\": %.6f}\n", found,
	    read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu,
	    read_clock(CLOCK_MONOTONIC) - wall);
	return found > 0 ? 0 : 65;
}
