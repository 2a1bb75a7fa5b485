#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots a new Debian with systemd as the first process in namespaces of its own:
# processes, mounts, host name, IPC, a network with nothing but lo, and a cgroup
# (version 2) that it may manage. This is a container without a container
# manager, so it works on any machine with root.
#   boot.sh boot ROOT CGROUP    runs until that system has stopped
#   boot.sh clean ROOT CGROUP   kills what is left and removes the cgroup
set -eu

step=$1
root=$2
group=$root/sys/$3

# Runs in a mount namespace of its own, so that nobody else sees the mount.
mount_cgroups()
{
	mount --make-rprivate /
	mount -t cgroup2 cgroup2 "$root/sys"
}

mount_devices()
{
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	for node in null zero full random urandom tty; do
		touch "$root/dev/$node"
		mount --bind "/dev/$node" "$root/dev/$node"
	done
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts \
		"$root/dev/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
	ln -s pts/ptmx "$root/dev/ptmx"
	for name in fd stdin stdout stderr; do
		case $name in
		stdin) to=/proc/self/fd/0 ;;
		stdout) to=/proc/self/fd/1 ;;
		stderr) to=/proc/self/fd/2 ;;
		*) to=/proc/self/fd ;;
		esac
		ln -s "$to" "$root/dev/$name"
	done
}

case $step in
boot)
	exec unshare --mount sh "$0" join "$root" "$3"
	;;
join)
	mount_cgroups
	mkdir "$group"
	echo $$ >"$group/cgroup.procs"
	umount "$root/sys"
	exec unshare --fork --kill-child --pid --mount --uts --ipc --net \
		--cgroup sh "$0" init "$root" "$3"
	;;
init)
	mount --make-rprivate /
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	# What is one for the whole machine is not for this one to change.
	mount --bind "$root/proc/sys" "$root/proc/sys"
	mount -o remount,bind,ro "$root/proc/sys"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	mount_devices
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	mkdir "$root/run/host"
	cd "$root"
	pivot_root . run/host
	umount -l /run/host
	exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		setpriv --bounding-set \
		-sys_time,-sys_module,-sys_rawio,-syslog,-wake_alarm,-mac_admin \
		/lib/systemd/systemd --show-status=no
	;;
clean)
	exec unshare --mount sh "$0" kill "$root" "$3"
	;;
kill)
	mount_cgroups
	[ -d "$group" ] || exit 0
	echo 1 >"$group/cgroup.kill"
	for _ in $(seq 100); do
		grep -q 'populated 0' "$group/cgroup.events" && break
		sleep 0.1
	done
	find "$group" -depth -type d -exec rmdir '{}' +
	;;
esac
