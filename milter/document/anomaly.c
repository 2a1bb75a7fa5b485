/* SPDX-License-Identifier: MIT */
#include "document/anomaly.h"

const char *anomaly_name(enum anomaly anomaly)
{
	static const char *const names[] = {
#define X(constant, name, clause, meaning) name,
#include "document/anomalies.def"
#undef X
	};

	return names[anomaly];
}
