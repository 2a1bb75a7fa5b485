#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the source below a folder against the table in milter/README.md: which
# folder includes which (so that privilege separation is seen without running
# anything), and that each third-party library is used by one folder only.
# Usage: includes.sh FOLDER
set -u
cd "$1" || exit 1

# A column of the table by its number: "folder: words of the cell".
column()
{
	awk -F'[|]' -v number="$1" '$2 ~ /^ `[a-z]+\/` $/ {
		gsub(/[` \/]/, "", $2)
		gsub(/[`,]/, "", $(number + 1))
		print $2 ":" $(number + 1)
	}' milter/README.md
}

allowed=$(column 4)
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
	# Other spellings would get past the check above.
	ours=$(printf '%s\n' "$allowed" | cut -d: -f1 | paste -sd '|')
	grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*(<($ours)/|\"[^\"]*\.\./)" milter include |
		sed 's,: *#.*,: a header of ours is named as "folder/name.h",'
	column 5 | tr -d : | while read -r folder headers; do
		for header in $headers; do
			grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$header>" milter include |
				grep -v "^milter/$folder/[a-z_0-9]*\.c:" |
				sed "s,: *#.*,: <$header> belongs in a .c file of milter/$folder,"
		done
	done
	for folder in milter/*/; do
		folder=$(basename "$folder")
		printf '%s\n' "$allowed" | grep -q "^$folder:" ||
			echo "milter/$folder: is not in the table in milter/README.md"
	done
	printf '%s\n' "$allowed" | while IFS=: read -r folder _; do
		[ -d "milter/$folder" ] ||
			echo "milter/README.md: there is no folder $folder"
	done
	find milter include -mindepth 1 -maxdepth 1 -type f ! -name README.md |
		sed 's,$,: stands in no folder,'
} | { ! grep . >&2; }
