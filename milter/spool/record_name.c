/* SPDX-License-Identifier: MIT */
/*
 * A name looks like 20261124T202051.000001Z-812-0-mx.a5c1d2b3e4f60718. Nothing
 * in it is text that a sender chose.
 */
#include "record_name.h"

#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "spool/spool.h"

#define HOST_MAX 32
#define LANE_LENGTH 16 /* hexadecimal digits */

/* This host, in characters that can stand in a name; without '.', behind which
 * the lane stands. */
static void name_host(char host[HOST_MAX + 1])
{
	g_strlcpy(host, g_get_host_name(), HOST_MAX + 1);
	g_strcanon(host, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-", '_');
}

/*
 * The part of a name by which the loader takes records of different reporters
 * in turn without opening them. A reporter is a submitter together with whether
 * its reports are authenticated: who only claims to be another waits in a lane
 * of his own. Nobody can find a name with another's lane in 64 bits of SHA-256.
 */
static void make_lane(const struct record *record, char lane[DIGEST_HEX_SIZE])
{
	g_autofree char *reporter =
	    g_strdup_printf("%d %s", record->authenticated,
		record->submitter == NULL ? "" : record->submitter);
	uint8_t digest[DIGEST_SIZE];

	digest_of(reporter, strlen(reporter), digest);
	digest_hex(digest, lane);
	lane[LANE_LENGTH] = '\0';
}

char *record_name_make(const struct record *record, unsigned int counter)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_date_time_format(now, "%Y%m%dT%H%M%S.%fZ");
	bool rejection = record != NULL && record->kind == RECORD_REJECTION;
	char lane[DIGEST_HEX_SIZE] = "";
	char host[HOST_MAX + 1];

	name_host(host);
	if (record != NULL)
		make_lane(record, lane);
	return g_strdup_printf("%s-%ld-%u-%s.%s%s", date, (long)getpid(),
	    counter, host, lane, rejection ? RECORD_NAME_REJECTION : "");
}

uint64_t spool_lane(const char *name)
{
	const char *second = strchr(name, '.');

	if (second != NULL)
		second = strchr(second + 1, '.');
	return second == NULL ? 0 : g_ascii_strtoull(second + 1, NULL, 16);
}
