#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a new Debian of the same release and from the same package source as
# this one. Installing packages in it starts nothing. Needs root. Mounting and
# unmounting /proc is up to the caller.
#   new-debian.sh ROOT
set -eu

root=$1
# shellcheck disable=SC1091
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2016 # apt's variable
mirror=$(apt-get indextargets --format '$(SITE)' \
	"Codename: $suite" 'Created-By: Packages' | head -n 1)
debootstrap --variant=minbase "$suite" "$root" "$mirror"
for part in sources.list sources.list.d apt.conf.d auth.conf.d; do
	[ ! -e "/etc/apt/$part" ] || cp -a "/etc/apt/$part" "$root/etc/apt/"
done
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
