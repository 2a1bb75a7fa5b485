/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 by GLib's GChecksum: it is linked already, and no other library has
 * to be kept up to date for one hash.
 */
#include "digest.h"

#include <glib.h>
#include <string.h>

struct digest {
	GChecksum *checksum;
};

struct digest *digest_new(void)
{
	struct digest *digest = g_new(struct digest, 1);

	digest->checksum = g_checksum_new(G_CHECKSUM_SHA256);
	return digest;
}

void digest_update(struct digest *digest, const void *bytes, size_t length)
{
	const guchar *at = bytes;

	/* A gssize takes half of what a size_t may say. */
	while (length > 0) {
		size_t step = MIN(length, (size_t)G_MAXINT);

		g_checksum_update(digest->checksum, at, (gssize)step);
		at += step;
		length -= step;
	}
}

void digest_finish(struct digest *digest, uint8_t ret_digest[DIGEST_SIZE])
{
	gsize size = DIGEST_SIZE;

	g_checksum_get_digest(digest->checksum, ret_digest, &size);
	g_assert(size == DIGEST_SIZE);
	g_checksum_free(digest->checksum);
	g_free(digest);
}

void digest_of(
    const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE])
{
	struct digest *digest = digest_new();

	digest_update(digest, bytes, length);
	digest_finish(digest, ret_digest);
}

void digest_hex(
    const uint8_t digest[DIGEST_SIZE], char ret_hex[DIGEST_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		ret_hex[2 * i] = digits[digest[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest[i] & 0x0f];
	}
	ret_hex[DIGEST_HEX_SIZE - 1] = '\0';
}
