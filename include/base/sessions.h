/* SPDX-License-Identifier: MIT */
/*
 * sessions: sums of session counts, which strangers claim and which must not
 * overflow. Pure; any thread.
 */
#ifndef BASE_SESSIONS_H
#define BASE_SESSIONS_H

#include <stdint.h>

/* The sum of two counts that are not negative; saturates at INT64_MAX. */
static inline int64_t sessions_add(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

#endif
