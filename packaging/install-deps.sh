#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages that are missing for a purpose: build, demo,
# check, lint, fuzz, bench, deb or deep. Needs root or sudo. The services of
# newly installed packages are not started, since the tests start private
# instances.
set -eu

build="gcc make pkg-config libc6-dev libmilter-dev libgmime-3.0-dev zlib1g-dev
	libjansson-dev nettle-dev libpq-dev libsystemd-dev"
demo="$build postgresql-15 postgresql-client-15 postfix python3
	python3-psycopg swaks"
# What Sendmail needs. Sendmail itself is only unpacked (fetch-sendmail.sh).
sendmail="m4 libwrap0 liblockfile1 libdb5.3 libldap-2.5-0 libnsl2
	libsasl2-2 util-linux hostname"
check="$demo libcmocka-dev postgresql-15-pgtap python3-pytest procps
	mandoc systemd prometheus strace opendkim opendkim-tools
	python3-dkim rspamd dnsmasq-base
	chromium chromium-driver fonts-dejavu-core $sendmail"
lint="$build libcmocka-dev clang clang-tidy clang-format cppcheck shellcheck git
	mandoc"
deb="$build debhelper dpkg-dev fakeroot lintian debootstrap python3 util-linux
	mount"
deep="$check valgrind libglib2.0-dev"
bench="$demo e2fsprogs mount"
fuzz="$build clang libclang-rt-14-dev python3"

case "${1:-}" in
build) wanted=$build ;;
demo) wanted=$demo ;;
check) wanted=$check ;;
lint) wanted=$lint ;;
fuzz) wanted=$fuzz ;;
bench) wanted=$bench ;;
deb) wanted=$deb ;;
deep) wanted=$deep ;;
*)
	echo "usage: install-deps.sh build|demo|check|lint|fuzz|bench|deb|deep" >&2
	exit 64
	;;
esac

missing=""
for package in $wanted; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) ||
		state=""
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "install-deps.sh: missing packages:$missing" >&2
		echo "install-deps.sh: run as root, or install sudo" >&2
		exit 77
	fi
	as_root=sudo
fi
echo "Installing:$missing"

# policy-rc.d is Debian's way of keeping services from being started.
policy=/usr/sbin/policy-rc.d
ours=""
if [ ! -e $policy ]; then
	ours=$policy
	trap '[ -z "$ours" ] || $as_root rm -f "$ours"' EXIT INT TERM
	printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
	$as_root chmod 755 $policy
fi
echo 'postfix postfix/main_mailer_type select No configuration' |
	$as_root debconf-set-selections 2>/dev/null || true
log=$(mktemp)
# shellcheck disable=SC2086 # a list of packages
install_missing()
{
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
			--no-install-recommends install $missing
}
if ! install_missing >"$log" 2>&1; then
	tail -n 40 "$log" >&2
	rm -f "$log"
	echo "install-deps.sh: apt-get failed" >&2
	exit 69
fi
rm -f "$log"
