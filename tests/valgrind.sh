#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the unit tests of a build folder under valgrind, and fails for any error
# or leak.
# valgrind.sh BUILD
set -u
build=$1
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# GLib's memory pools would hide errors. Its suppressions come with
# libglib2.0-dev.
export G_SLICE=always-malloc
for source in tests/unit/test_*.c; do
	name=$(basename "$source" .c)
	if valgrind -q --leak-check=full --show-leak-kinds=definite \
		--errors-for-leak-kinds=definite --error-exitcode=9 \
		--suppressions=/usr/share/glib-2.0/valgrind/glib.supp \
		--suppressions=tests/suppressions/valgrind.supp \
		"$build/unit/$name" >"$log" 2>&1; then
		echo "  VALGRIND $name"
	else
		tail -n 60 "$log" >&2
		echo "valgrind.sh: $name failed" >&2
		failed=1
	fi
done
exit "$failed"
