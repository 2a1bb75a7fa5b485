#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks, from the source below a folder, which folder of milter/ includes which
# (so that privilege separation is seen without running anything), and that each
# third-party library is used by one folder only. Usage: includes.sh FOLDER
set -u
cd "$1" || exit 1

# folder: what it may include besides itself; db alone has libpq.
allowed='base:
config: base
mail: base config
document: base config
spool: base config
daemon: base config spool
intake: base config mail document spool daemon
load: base config document spool daemon db
db: base config
show: base config daemon db'

# library's header, and the folder that may include it
libraries='gmime/gmime.h mail
jansson.h document
libmilter/mfapi.h intake
libpq-fe.h db
nettle/sha2.h base
systemd/sd-daemon.h daemon
zlib.h document'

{
	# A header in include/ is its folder's; one beside a .c has no folder
	# in its name, and can't be reached from elsewhere.
	grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[a-z_]+/' milter include |
		sed -E 's,^([a-z]+)/([a-z_]+)/([^:]*):([0-9]+):[^"]*"([a-z_]+)/([^"]*)".*,\1/\2/\3:\4 \2 \5 \5/\6,' |
		while read -r place from to header; do
			may=$(printf '%s\n' "$allowed" | sed -n "s/^$from://p")
			case " $from $may " in
			*" $to "*) ;;
			*) echo "$place: $from may not include $header" ;;
			esac
			[ -e "include/$header" ] ||
				echo "$place: $header is not in include/"
		done
	printf '%s\n' "$libraries" | while read -r header folder; do
		grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$header>" milter include |
			grep -v "^milter/$folder/[a-z_0-9]*\.c:" |
			sed "s,: *#.*,: <$header> belongs into a .c file of milter/$folder,"
	done
	find milter include -mindepth 1 -maxdepth 1 -type f |
		sed 's,$,: stands in no folder,'
} | { ! grep . >&2; }
