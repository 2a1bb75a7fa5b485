/* SPDX-License-Identifier: MIT */
/* A configuration for tests that look at a few of its members only. */
#ifndef BARE_CONFIG_H
#define BARE_CONFIG_H

#include "config/config.h"

/* Empty lists, and add-header as by default; no file was read. */
static inline struct config bare_config(void)
{
	static char *none[] = {NULL};

	return (struct config){
	    .recipients = none,
	    .policy_domains = none,
	    .submitters = none,
	    .authserv_ids = none,
	    .add_header = true,
	};
}

#endif
