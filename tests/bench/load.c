/* SPDX-License-Identifier: MIT */
/*
 * A mail server's side of the milter protocol over many connections at once,
 * each on a thread of its own, as fast as the milter answers:
 *   load SOCKET CONNECTIONS COUNT RECIPIENT MAILS
 *
 * MAILS holds messages with CRLF lines, each behind a line with its length;
 * COUNT messages are sent, from the first on and around. Like Postfix it sends
 * what needs no answer together with the next that does, and stops where the
 * milter has seen enough. A milter that wants an answer to MAIL, RCPT or header
 * fields is refused: both sides of a comparison must cost the same round trips.
 *
 * Prints one JSON object: seconds, messages, bytes of bodies sent, how many of
 * each final reply, and how long the end of a message took.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65535
#define PACKET_MAX (1 << 20)
#define ACTIONS 0x1ff
#define STEPS 0x1fffff
#define NO_CONNECT 0x1
#define NO_HELO 0x2
/* No reply to header fields, connection, HELO, MAIL and RCPT. */
#define NO_REPLY (0x80 | 0x1000 | 0x2000 | 0x4000 | 0x8000)

struct buffer {
	char *bytes;
	size_t length;
	size_t size;
};

struct mail {
	struct buffer header; /* packets, with that of its end */
	const char *body;
	size_t length;
};

static struct {
	const char *socket;
	const char *recipient;
	struct mail *mails;
	size_t mail_count;
	size_t count;
	atomic_size_t next;
	atomic_size_t body_bytes;
	atomic_size_t replies[256];
	double *waits; /* seconds, by message; 0: not asked */
	pthread_barrier_t ready;
} load;

static void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("load: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void append(struct buffer *buffer, const void *bytes, size_t length)
{
	while (buffer->size - buffer->length < length) {
		buffer->size = buffer->size == 0 ? 4096 : buffer->size * 2;
		buffer->bytes = realloc(buffer->bytes, buffer->size);
		if (buffer->bytes == NULL)
			die("out of memory");
	}
	memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
}

static void add_packet(
    struct buffer *buffer, char command, const void *bytes, size_t length)
{
	uint32_t size = htonl((uint32_t)length + 1);

	append(buffer, &size, sizeof size);
	append(buffer, &command, 1);
	append(buffer, bytes, length);
}

/* ---- mails ---- */

static char *read_file(const char *path, size_t *ret_length)
{
	FILE *file = fopen(path, "rb");
	struct buffer all = {0};
	char piece[65536];
	size_t got;

	if (file == NULL)
		die("%s can't be read", path);
	while ((got = fread(piece, 1, sizeof piece, file)) > 0)
		append(&all, piece, got);
	fclose(file);
	append(&all, "", 1);
	*ret_length = all.length - 1;
	return all.bytes;
}

/* One field with its folded lines, whose CRLF becomes LF as mail servers have
 * it; returns where the next one begins. */
static const char *add_field(struct buffer *header, const char *line)
{
	struct buffer field = {0};
	const char *colon = strchr(line, ':'), *end = line;

	append(&field, line, (size_t)(colon - line));
	append(&field, "", 1);
	line = colon + 1 + (colon[1] == ' ');
	do {
		end = strstr(line, "\r\n");
		append(&field, line, (size_t)(end - line));
		line = end + 2;
		if (*line == ' ' || *line == '\t')
			append(&field, "\n", 1);
	} while (*line == ' ' || *line == '\t');
	append(&field, "", 1);
	add_packet(header, 'L', field.bytes, field.length);
	free(field.bytes);
	return line;
}

static void take_mail(char *bytes, size_t length)
{
	struct mail mail = {0};
	const char *end = strstr(bytes, "\r\n\r\n"), *line = bytes;

	if (end == NULL || end > bytes + length)
		die("a mail without an end of its header");
	while (line < end)
		line = add_field(&mail.header, line);
	add_packet(&mail.header, 'N', NULL, 0);
	mail.body = end + 4;
	mail.length = length - (size_t)(mail.body - bytes);
	load.mails =
	    realloc(load.mails, (load.mail_count + 1) * sizeof load.mails[0]);
	if (load.mails == NULL)
		die("out of memory");
	load.mails[load.mail_count++] = mail;
}

static void read_mails(const char *path)
{
	size_t length, size;
	char *at = read_file(path, &length), *end = at + length, *start;

	while (at < end) {
		size = strtoul(at, &start, 10);
		if (start == at || *start != '\n' ||
		    size >= (size_t)(end - start))
			die("%s: no length in front of a mail", path);
		take_mail(start + 1, size);
		at = start + 1 + size;
	}
	if (load.mail_count == 0)
		die("%s holds no mail", path);
}

/* ---- one connection ---- */

static int connect_milter(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(load.socket) >= sizeof address.sun_path)
		die("the socket's path is too long");
	memcpy(address.sun_path, load.socket, strlen(load.socket));
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		die("%s: no connection", load.socket);
	return fd;
}

static void flush(int fd, struct buffer *out)
{
	size_t done = 0;

	while (done < out->length) {
		ssize_t sent = send(
		    fd, out->bytes + done, out->length - done, MSG_NOSIGNAL);
		if (sent <= 0)
			die("the milter closed the connection");
		done += (size_t)sent;
	}
	out->length = 0;
}

static void read_exactly(int fd, void *bytes, size_t length)
{
	if (recv(fd, bytes, length, MSG_WAITALL) != (ssize_t)length)
		die("the milter closed the connection");
}

/* The command of the next packet; its bytes go to data. */
static char read_packet(int fd, char *data, size_t *ret_length)
{
	uint32_t size;

	read_exactly(fd, &size, sizeof size);
	size = ntohl(size);
	if (size == 0 || size > PACKET_MAX)
		die("a packet of %u bytes", size);
	read_exactly(fd, data, size);
	*ret_length = size - 1;
	return data[0];
}

/* Sends what is due and reads up to the reply that ends the step. */
static char ask(int fd, struct buffer *out, char *data)
{
	size_t length;
	char reply;

	flush(fd, out);
	do
		reply = read_packet(fd, data, &length);
	while (strchr("cadrtys4", reply) == NULL);
	return reply;
}

static void negotiate(int fd, struct buffer *out, char *data)
{
	uint32_t offer[3] = {htonl(6), htonl(ACTIONS), htonl(STEPS)};
	uint32_t steps;
	size_t length;

	add_packet(out, 'O', offer, sizeof offer);
	flush(fd, out);
	if (read_packet(fd, data, &length) != 'O' || length < sizeof offer)
		die("no answer to the negotiation");
	memcpy(&steps, data + 1 + 2 * sizeof steps, sizeof steps);
	steps = ntohl(steps);
	if ((steps & (NO_CONNECT | NO_HELO)) != (NO_CONNECT | NO_HELO) ||
	    (steps & NO_REPLY) != NO_REPLY)
		die("the milter wants answers to each step");
}

/* A macro's definition for a command, or an argument in angle brackets. */
static void add_envelope(
    struct buffer *out, char command, const char *address, const char *id)
{
	char data[512];
	int length =
	    snprintf(data, sizeof data, "%ci%c%s%c", command, 0, id, 0);

	add_packet(out, 'D', data, (size_t)length);
	length = address == NULL
		     ? 0
		     : snprintf(data, sizeof data, "<%s>%c", address, 0);
	add_packet(out, command, data, (size_t)length);
}

static char send_body(
    int fd, struct buffer *out, char *data, const struct mail *mail)
{
	char reply = 'c';

	for (size_t at = 0; at < mail->length && reply == 'c'; at += CHUNK) {
		size_t length =
		    mail->length - at < CHUNK ? mail->length - at : CHUNK;

		add_packet(out, 'B', mail->body + at, length);
		atomic_fetch_add(&load.body_bytes, length);
		reply = ask(fd, out, data);
	}
	return reply;
}

static char send_mail(int fd, struct buffer *out, char *data, size_t number)
{
	const struct mail *mail = &load.mails[number % load.mail_count];
	char id[24], reply;
	double start;

	snprintf(id, sizeof id, "4%09zX", number);
	add_envelope(out, 'M', "sender@example.net", id);
	add_envelope(out, 'R', load.recipient, id);
	add_envelope(out, 'T', NULL, id);
	reply = ask(fd, out, data);
	if (reply != 'c')
		return reply;
	append(out, mail->header.bytes, mail->header.length);
	reply = ask(fd, out, data);
	if (reply != 'c')
		return reply;
	reply = send_body(fd, out, data, mail);
	if (reply != 'c' && reply != 's')
		return reply;
	add_packet(out, 'E', NULL, 0);
	start = now();
	reply = ask(fd, out, data);
	load.waits[number] = now() - start;
	return reply;
}

static void *run_connection(void *unused)
{
	struct buffer out = {0};
	char *data = malloc(PACKET_MAX);
	int fd = connect_milter();
	size_t number;

	if (data == NULL)
		die("out of memory");
	negotiate(fd, &out, data);
	pthread_barrier_wait(&load.ready);
	while ((number = atomic_fetch_add(&load.next, 1)) < load.count) {
		char reply = send_mail(fd, &out, data, number);

		atomic_fetch_add(&load.replies[(unsigned char)reply], 1);
	}
	add_packet(&out, 'Q', NULL, 0);
	flush(fd, &out);
	close(fd);
	free(out.bytes);
	free(data);
	return unused;
}

/* ---- what came of it ---- */

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void print(double seconds)
{
	const char *separator = "";

	qsort(load.waits, load.count, sizeof load.waits[0], compare);
	printf("{\"seconds\": %.6f, \"messages\": %zu, \"body_bytes\": %zu, "
	       "\"wait_median\": %.6f, \"wait_max\": %.6f, \"replies\": {",
	    seconds, load.count, load.body_bytes, load.waits[load.count / 2],
	    load.waits[load.count - 1]);
	for (int i = 0; i < 256; i++) {
		if (load.replies[i] == 0)
			continue;
		printf("%s\"%c\": %zu", separator, i, load.replies[i]);
		separator = ", ";
	}
	puts("}}");
}

int main(int argc, char **argv)
{
	size_t connections;
	pthread_t *threads;
	double start;

	if (argc != 6)
		die("usage: load SOCKET CONNECTIONS COUNT RECIPIENT MAILS");
	load.socket = argv[1];
	connections = strtoul(argv[2], NULL, 10);
	load.count = strtoul(argv[3], NULL, 10);
	load.recipient = argv[4];
	if (connections == 0 || connections > 10000 || load.count == 0)
		die("CONNECTIONS and COUNT are from 1 on");
	read_mails(argv[5]);
	load.waits = calloc(load.count, sizeof load.waits[0]);
	threads = calloc(connections, sizeof threads[0]);
	if (load.waits == NULL || threads == NULL)
		die("out of memory");
	pthread_barrier_init(&load.ready, NULL, (unsigned int)connections + 1);
	for (size_t i = 0; i < connections; i++)
		if (pthread_create(&threads[i], NULL, run_connection, NULL) !=
		    0)
			die("no thread");
	pthread_barrier_wait(&load.ready);
	start = now();
	for (size_t i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	print(now() - start);
	return 0;
}
