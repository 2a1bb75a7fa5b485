#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes text files as C string constants, which HEADER declares. Their names are
# made of suffix and file name: milter/show/page.css becomes css_page.
# Usage: embed-text.sh HEADER FILE…
# If HEADER is migrations.h, the files are those of the schema, numbered 1, 2, 3
# and so on, and the table migrations[] is written, too.
set -eu
header=$1
shift

name_of()
{
	printf '%s' "${1##*/}" | sed 's/\(.*\)\.\(.*\)/\2_\1/'
}

printf '/* Made by embed-text.sh; do not edit. */\n#include "%s"\n' "$header"
for file in "$@"; do
	printf '\nconst char %s[] =\n' "$(name_of "$file")"
	# Escape each ?, since ?? begins a trigraph in C11.
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' \
	    -e 's/?/\\?/g' -e 's/^/    "/' -e 's/$/\\n"/' -e '$s/$/;/' "$file"
done
[ "${header##*/}" = migrations.h ] || exit 0

printf '\nconst struct migration migrations[] = {\n'
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
	printf '\t{%s, "%s", %s},\n' "$number" "$name" "$(name_of "$file")"
done
printf '\t{0, NULL, NULL}};\n'
