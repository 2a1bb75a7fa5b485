/* SPDX-License-Identifier: MIT */
/*
 * nettle uses the processor's own instructions for SHA-256. Each report is
 * digested several times on its way, and GLib's GChecksum takes five times as
 * long.
 */
#include "base/digest.h"

#include <glib.h>
#include <nettle/sha2.h>

G_STATIC_ASSERT(DIGEST_SIZE == SHA256_DIGEST_SIZE);

struct digest {
	struct sha256_ctx context;
};

struct digest *digest_new(void)
{
	struct digest *digest = g_new(struct digest, 1);

	sha256_init(&digest->context);
	return digest;
}

void digest_update(struct digest *digest, const void *bytes, size_t length)
{
	sha256_update(&digest->context, length, bytes);
}

void digest_finish(struct digest *digest, uint8_t ret_digest[DIGEST_SIZE])
{
	sha256_digest(&digest->context, DIGEST_SIZE, ret_digest);
	g_free(digest);
}

void digest_of(
    const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE])
{
	struct digest digest;

	sha256_init(&digest.context);
	sha256_update(&digest.context, length, bytes);
	sha256_digest(&digest.context, DIGEST_SIZE, ret_digest);
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
