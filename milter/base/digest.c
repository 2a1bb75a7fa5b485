/* SPDX-License-Identifier: MIT */
/*
 * nettle uses the processor's own instructions for SHA-256. Each report is
 * digested several times on its way, and GLib's GChecksum takes five times as
 * long.
 */
#include "base/digest.h"

#include <glib.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>

G_STATIC_ASSERT(DIGEST_SIZE == SHA256_DIGEST_SIZE);

void digest_of(
    const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, length, bytes);
	sha256_digest(&context, DIGEST_SIZE, ret_digest);
}

void digest_hex(
    const uint8_t digest[DIGEST_SIZE], char ret_hex[DIGEST_HEX_SIZE])
{
	base16_encode_update(ret_hex, DIGEST_SIZE, digest);
	ret_hex[DIGEST_HEX_SIZE - 1] = '\0';
}
