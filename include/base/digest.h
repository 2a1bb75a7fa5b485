/* SPDX-License-Identifier: MIT */
/*
 * digest: SHA-256 (FIPS 180-4). Knows nothing of what is digested. Pure; any
 * thread.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE (2 * DIGEST_SIZE + 1)

/* The SHA-256 of the bytes. */
void digest_of(
    const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE]);

/* A digest as lower-case hexadecimal digits, with a final NUL. */
void digest_hex(
    const uint8_t digest[DIGEST_SIZE], char ret_hex[DIGEST_HEX_SIZE]);

#endif
