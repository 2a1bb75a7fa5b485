#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# House rules and analysers, called by `make lint` after gcc and clang have
# built everything with -Werror. CPPFLAGS has the Makefile's preprocessor flags.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0

complain()
{
	printf 'lint: %s\n' "$*" >&2
	failed=1
}

step()
{
	printf '  LINT %s\n' "$*"
}

step "which folder includes which"
sh tests/includes.sh . || complain "see the table in milter/README.md"

step "size of files and functions"
for file in milter/*/*.[ch] include/*/*.h; do
	lines=$(wc -l <"$file")
	[ "$lines" -le 600 ] || complain "$file has $lines lines, 600 at most"
done
long=$(awk 'FNR == 1 { start = 0 } /^\{/ { start = FNR }
	/^\}/ && start { if (FNR - start > 60)
		print FILENAME ":" start ": " FNR - start " lines"; start = 0 }' \
	milter/*/*.c)
[ -z "$long" ] || complain "functions over 60 lines: $long"

step "functions that are not used here"
grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|alloca)\(' \
	milter/*/*.[ch] include/*/*.h && complain "use the bounded ones"

step "an SPDX line in each source"
for file in milter/*/*.[ch] include/*/*.h schema/*.sql milter/*/sql/*.sql \
	milter/*/*.css tests/unit/*.[ch] \
	tests/fuzz/*.[ch] tests/fuzz/dict/* packaging/*.sh tests/*.sh; do
	head -n 3 "$file" | grep -q SPDX-License-Identifier ||
		complain "$file has no SPDX line"
done

step "clang-format"
clang-format --dry-run -Werror milter/*/*.[ch] include/*/*.h tests/unit/*.[ch] \
	tests/fuzz/*.[ch] ||
	complain "run make format"

step "shellcheck"
shellcheck packaging/*.sh tests/*.sh tests/*/*.sh .ci/run || complain "shellcheck"

step "mandoc"
mandoc -Tlint -Wwarning packaging/man/*.[158] || complain "manual pages"

# Split the Makefile's flags into words again.
read -r -a flags <<<"${CPPFLAGS//\'/}"

step "cppcheck"
cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability \
	--inline-suppr --std=c11 --library=gtk --suppress=missingIncludeSystem \
	--suppress=varFuncNullUB \
	-D_GNU_SOURCE '-DVERSION="0"' -Iinclude milter/ || complain "cppcheck"

# One file per run: version 14 confuses the va_lists of several files.
step "clang-tidy"
printf '%s\0' milter/*/*.c | xargs -0 -P 2 -I '{}' clang-tidy --quiet \
	--warnings-as-errors='*' '{}' -- -std=c11 "${flags[@]}" 2>/dev/null ||
	complain "clang-tidy"

if [ "$failed" -eq 0 ]; then
	echo "lint: clean"
fi
exit "$failed"
