/* SPDX-License-Identifier: MIT */
#ifndef ASSERT_TEXT_H
#define ASSERT_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

/* Two strings are equal, or both are NULL. */
static inline void assert_text(const char *got, const char *want)
{
	if (want == NULL) {
		assert_null(got);
	} else {
		assert_non_null(got);
		assert_string_equal(got, want);
	}
}

#endif
