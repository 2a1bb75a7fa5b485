#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints a file with the list of anomalies that the program has in it. The list
# stands behind a comment "anomalies: …" and ends at a blank line or .El.
# Usage: anomalies.sh FILE.sql|PAGE.8
set -eu
list=$(dirname "$0")/../include/document/anomalies.def
case $1 in
*.sql) form=sql ;;
*) form=mdoc ;;
esac
awk -F'"' -v form="$form" '
function wrap(text,    words, count, i, line) {
	count = split(text, words, " ")
	line = words[1]
	for (i = 2; i <= count; i++)
		if (length(line) + 1 + length(words[i]) <= 80) {
			line = line " " words[i]
		} else {
			print line
			line = words[i]
		}
	print line
}
function write_sql(i) {
	gsub(/\047/, "\047\047", meaning[i])
	printf "(\047%s\047, \047%s\047,\n \047%s.\047)%s\n", name[i],
	    clause[i], meaning[i], i < count ? "," : ";"
}
function write_mdoc(i) {
	gsub(/\047/, "\\(aq", meaning[i])
	print ".It Ic " name[i]
	wrap("(" clause[i] ") " meaning[i] ".")
}
FNR == NR {
	if (/^X\(/) {
		name[++count] = $2
		clause[count] = $4
		meaning[count] = $6
	}
	next
}
/^$/ || /^\.El$/ { inside = 0 }
!inside { print }
/ anomalies: / {
	inside = 1
	for (i = 1; i <= count; i++)
		if (form == "sql")
			write_sql(i)
		else
			write_mdoc(i)
}' "$list" "$1"
