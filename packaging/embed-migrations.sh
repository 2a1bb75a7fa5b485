#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the schema's numbered files as C: struct migration migrations[].
# The files are given in order; their numbers have to be 1, 2, 3 and so on.
set -eu
printf '/* Made by embed-migrations.sh; do not edit. */\n'
printf '#include "db/migrations.h"\n\n'
printf 'const struct migration migrations[] = {\n'
expected=1
for file in "$@"; do
	name=$(basename "$file" .sql)
	number=$(printf '%s' "$name" | sed 's/^0*\([0-9]*\).*/\1/')
	if [ "$number" != "$expected" ]; then
		printf '%s: %s: migration %s comes next\n' \
			"$0" "$file" "$expected" >&2
		exit 1
	fi
	expected=$((expected + 1))
	printf '\t{%s, "%s",\n' "$number" "$name"
	# \? since ?? begins a trigraph in C11.
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' \
	    -e 's/?/\\?/g' -e 's/^/\t    "/' -e 's/$/\\n"/' "$file"
	printf '\t},\n'
done
printf '\t{0, NULL, NULL}};\n'
