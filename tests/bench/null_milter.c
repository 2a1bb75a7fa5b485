/* SPDX-License-Identifier: MIT */
/*
 * The floor: what libmilter and the disk cost by themselves, with the same
 * negotiation as tlsrpt-milter:
 *   null_milter SOCKET accept     accepts at DATA
 *   null_milter SOCKET store DIR  takes the message, and makes it durable by
 *                                 the steps of spool.c: write in DIR/tmp,
 *                                 fsync, rename to DIR/new, fsync the folder
 */
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A record's header has about so many bytes. */
#define HEAD 600

struct message {
	char *bytes;
	size_t length;
	size_t size;
};

static bool storing;
static int tmp = -1, new = -1;
static atomic_uint counter;

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long offered_actions,
    unsigned long offered_protocol, unsigned long offered2,
    unsigned long offered3, unsigned long *actions, unsigned long *protocol,
    unsigned long *ret2, unsigned long *ret3)
{
	(void)offered2;
	(void)offered3;
	*actions = (SMFIF_ADDHDRS | SMFIF_CHGHDRS) & offered_actions;
	*protocol = (SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOUNKNOWN |
			SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL |
			SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_SKIP) &
		    offered_protocol;
	*ret2 = 0;
	*ret3 = 0;
	smfi_setpriv(ctx, calloc(1, sizeof(struct message)));
	return SMFIS_CONTINUE;
}

static sfsistat on_envelope(SMFICTX *ctx, char **arguments)
{
	(void)ctx;
	(void)arguments;
	return SMFIS_NOREPLY;
}

static sfsistat on_data(SMFICTX *ctx)
{
	(void)ctx;
	return storing ? SMFIS_CONTINUE : SMFIS_ACCEPT;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return SMFIS_NOREPLY;
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t length)
{
	struct message *message = smfi_getpriv(ctx);

	if (message->size - message->length < length) {
		message->size = message->length + length;
		message->bytes = realloc(message->bytes, message->size);
		if (message->bytes == NULL)
			return SMFIS_TEMPFAIL;
	}
	memcpy(message->bytes + message->length, bytes, length);
	message->length += length;
	return SMFIS_CONTINUE;
}

static bool write_file(const char *name, const struct message *message)
{
	static const char head[HEAD];
	int fd =
	    openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	bool done = fd >= 0 && fchmod(fd, 0640) == 0 &&
		    write(fd, head, HEAD) == HEAD &&
		    write(fd, message->bytes, message->length) ==
			(ssize_t)message->length &&
		    fsync(fd) == 0;

	return fd >= 0 && close(fd) == 0 && done;
}

static sfsistat on_end(SMFICTX *ctx)
{
	struct message *message = smfi_getpriv(ctx);
	char name[32];
	bool done;

	snprintf(name, sizeof name, "%u", atomic_fetch_add(&counter, 1));
	done = write_file(name, message) &&
	       renameat2(tmp, name, new, name, RENAME_NOREPLACE) == 0 &&
	       fsync(new) == 0;
	message->length = 0;
	return done ? SMFIS_ACCEPT : SMFIS_TEMPFAIL;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct message *message = smfi_getpriv(ctx);

	if (message != NULL) {
		free(message->bytes);
		free(message);
	}
	smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

static int open_folder(const char *parent, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", parent, name);
	mkdir(path, 0770);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int main(int argc, char **argv)
{
	static char name[] = "null_milter";
	const struct smfiDesc description = {
	    .xxfi_name = name,
	    .xxfi_version = SMFI_VERSION,
	    .xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
	    .xxfi_envfrom = on_envelope,
	    .xxfi_envrcpt = on_envelope,
	    .xxfi_header = on_header,
	    .xxfi_eoh = on_end_of_header,
	    .xxfi_body = on_body,
	    .xxfi_eom = on_end,
	    .xxfi_close = on_close,
	    .xxfi_data = on_data,
	    .xxfi_negotiate = on_negotiate,
	};

	storing = argc == 4 && strcmp(argv[2], "store") == 0;
	if (!storing && (argc != 3 || strcmp(argv[2], "accept") != 0)) {
		fprintf(stderr, "usage: null_milter SOCKET accept|store DIR\n");
		return 64;
	}
	if (storing) {
		tmp = open_folder(argv[3], "tmp");
		new = open_folder(argv[3], "new");
	}
	umask(0);
	if (smfi_register(description) != MI_SUCCESS ||
	    smfi_setconn(argv[1]) != MI_SUCCESS)
		return 69;
	return smfi_main() == MI_SUCCESS ? 0 : 69;
}
