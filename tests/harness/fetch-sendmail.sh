#!/bin/sh
# SPDX-License-Identifier: MIT
# Unpacks Sendmail into a folder: installed as a package it would replace
# Postfix.
#   fetch-sendmail.sh FOLDER
set -eu

folder=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

download()
{
	(cd "$work" && apt-get -q -o APT::Sandbox::User=root download \
		sendmail-bin sendmail-cf) >"$work/log" 2>&1
}

if ! download; then
	# The package lists may be missing or old.
	as_root apt-get -q update >/dev/null
	if ! download; then
		cat "$work/log" >&2
		exit 69
	fi
fi
for package in "$work"/*.deb; do
	dpkg-deb --fsys-tarfile "$package" |
		tar -C "$work" --no-same-owner -xf - ./usr
done
# The sendmail program is setgid, for a group that does not exist here.
chmod 755 "$work/usr/libexec/sendmail/sendmail"
rm -rf "$folder"
mkdir -p "$folder"
mv "$work/usr" "$folder/usr"
