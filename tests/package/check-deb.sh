#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the Debian packages in a new Debian below the folder they are in:
# installs them, runs the demo with the installed programs, upgrades, removes
# and purges them. The new system comes from the same package source as this
# one. Needs root.
#   check-deb.sh FOLDER
set -eu

folder=$(realpath "$1")
source=$(realpath "$(dirname "$0")/../..")
root=$folder/chroot
conf=/etc/tlsrpt-milter/tlsrpt-milter.conf
spool=/var/spool/tlsrpt-milter

say()
{
	printf '  DEB  %s\n' "$*"
}

fail()
{
	printf 'check-deb: %s\n' "$*" >&2
	exit 1
}

inside()
{
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# Runs a command and shows its output only if it fails.
quietly()
{
	"$@" >"$folder/log" 2>&1 || {
		tail -n 60 "$folder/log" >&2
		fail "failed: $*"
	}
}

tidy_up()
{
	mountpoint -q "$root/proc" && umount "$root/proc"
	rm -rf "$root"
}

make_root()
{
	quietly sh "$source/tests/package/new-debian.sh" "$root"
	mount -t proc proc "$root/proc"
	quietly inside apt-get -q update
}

# Repacks the packages with an earlier version number, to upgrade from.
make_earlier()
{
	mkdir -p "$root/srv/old" "$root/srv/new"
	for deb in "$folder"/*.deb; do
		name=$(dpkg-deb -f "$deb" Package)
		case $name in *-dbgsym) continue ;; esac
		cp "$deb" "$root/srv/new/"
		rm -rf "$folder/repack"
		dpkg-deb -R "$deb" "$folder/repack"
		version=$(dpkg-deb -f "$deb" Version)
		sed -i "s/^Version: .*/&~earlier/; s/(= $version)/(= $version~earlier)/" \
			"$folder/repack/DEBIAN/control"
		dpkg-deb -b "$folder/repack" "$root/srv/old/$name.deb" >/dev/null
		rm -rf "$folder/repack"
	done
}

install_all()
{
	# shellcheck disable=SC2016
	quietly inside sh -c 'apt-get -q -y --no-install-recommends \
		-o Dpkg::Options::=--force-confold install "$0"/*.deb' "$1"
}

# Prints "owner:group mode" of a file in the new system.
state_of()
{
	inside stat -c '%U:%G %a' "$1"
}

expect()
{
	[ "$2" = "$3" ] || fail "$1 is \"$2\" and should be \"$3\""
}

check_installed()
{
	expect "the spool" "$(state_of $spool)" "tlsrpt-milter:tlsrpt 2770"
	expect "$conf" "$(state_of $conf)" "root:root 644"
	inside tlsrpt-milter --check-config | grep -q '^socket = fd:3$' ||
		fail "the configuration does not take systemd's socket"
	for program in tlsrpt-milter tlsrpt-import; do
		! inside ldd "$(inside sh -c "command -v $program")" |
			grep -q libpq || fail "$program links libpq"
	done
	for program in milter loader import report; do
		inside "tlsrpt-$program" --version >/dev/null ||
			fail "tlsrpt-$program does not run"
	done
	for unit in tlsrpt-milter.socket tlsrpt-milter.service \
		tlsrpt-loader.service; do
		expect "$unit" "$(inside systemctl is-enabled $unit || true)" \
			disabled
	done
	quietly inside systemd-analyze verify --man=no \
		/lib/systemd/system/tlsrpt-milter.service \
		/lib/systemd/system/tlsrpt-milter.socket \
		/lib/systemd/system/tlsrpt-loader.service
}

# tlsrpt-import, started as root, becomes the milter's user, and the loader may
# read its records.
check_import()
{
	cp "$source/tests/fixtures/documents/complete.json" "$root/srv/"
	quietly inside tlsrpt-import /srv/complete.json
	record=$(inside sh -c "ls $spool/new/*")
	expect "a record" "$(state_of "$record")" "tlsrpt-milter:tlsrpt 640"
	quietly inside setpriv --reuid=tlsrpt-loader --regid=tlsrpt \
		--clear-groups cat "$record"
}

# Runs the demo with the installed programs; the demo checks what it shows.
check_demo()
{
	quietly inside apt-get -q -y --no-install-recommends install \
		postgresql-15 postfix python3 python3-psycopg swaks procps
	quietly inside \
		/usr/share/doc/tlsrpt-loader/examples/notify/tlsrpt-notify --help
	mkdir -p "$root/srv/tlsrpt/bin" "$root/srv/tlsrpt/packaging"
	cp -r "$source/tests" "$root/srv/tlsrpt/tests"
	# The programs' events are compared with their manual pages.
	cp -r "$source/packaging/man" "$root/srv/tlsrpt/packaging/man"
	for program in sbin/tlsrpt-milter sbin/tlsrpt-loader bin/tlsrpt-import \
		bin/tlsrpt-report; do
		ln -s "/usr/$program" "$root/srv/tlsrpt/bin/"
	done
	quietly inside env BUILD=/srv/tlsrpt/bin \
		python3 /srv/tlsrpt/tests/demo.py
}

check_upgrade()
{
	printf '# kept by upgrades\n' >>"$root$conf"
	install_all /srv/new
	grep -q '^# kept by upgrades$' "$root$conf" ||
		fail "an upgrade lost changes to $conf"
	expect "records" "$(inside sh -c "ls $spool/new | wc -l")" 1
	check_installed
}

check_removal()
{
	packages="tlsrpt-milter tlsrpt-loader tlsrpt-common"
	# shellcheck disable=SC2086 # a list
	quietly inside apt-get -q -y remove $packages
	! inside sh -c 'command -v tlsrpt-milter' >/dev/null ||
		fail "removal leaves tlsrpt-milter"
	expect "records" "$(inside sh -c "ls $spool/new | wc -l")" 1
	[ -e "$root$conf" ] || fail "removal takes $conf"
	# shellcheck disable=SC2086 # a list
	quietly inside dpkg --purge $packages
	[ ! -e "$root$spool" ] || fail "purge leaves $spool"
	[ ! -e "$root/etc/tlsrpt-milter" ] || fail "purge leaves $conf"
	left=$(inside sh -c 'dpkg -l "tlsrpt-*" 2>/dev/null | grep ^.[^n]' ||
		true)
	expect "what is left" "$(echo "$left" | grep -c tlsrpt)" 0
}

[ "$(id -u)" -eq 0 ] || fail "run as root: a new system is made by debootstrap"
tidy_up 2>/dev/null || true
trap tidy_up EXIT
trap 'exit 130' INT TERM
say "a new system"
make_root
make_earlier
say "install"
install_all /srv/old
check_installed
check_import
say "demo with the installed programs"
check_demo
say "upgrade"
check_upgrade
say "remove and purge"
check_removal
say "done"
