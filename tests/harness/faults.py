# SPDX-License-Identifier: MIT
"""Failing system calls: controls the library of tests/torture/faults.c."""

import errno
import mmap
import struct
from pathlib import Path

from .programs import BUILD, is_sanitized

KINDS = (
    "open",
    "write",
    "fsync",
    "rename",
    "close",
    "unlink",
    "read",
    "chmod",
    "list",
    "send",
    "receive",
)
# The calls of spool_put(), and those of the loader from reading the folder to
# the database's answer.
WRITING = ("open", "chmod", "write", "fsync", "close", "rename", "unlink")
LOADING = (
    "list",
    "open",
    "read",
    "close",
    "send",
    "receive",
    "unlink",
    "fsync",
)

KILL_BEFORE = 1
KILL_AFTER = 2
SHORT = 3
_ERROR = 1000
FOREVER = 1 << 62

# action, kinds, at, times, seen, fired
_HEAD = struct.Struct("=6Q")
_CALLS = struct.Struct(f"={len(KINDS)}Q")


def error(name):
    """The action that makes a call fail with an errno: error("ENOSPC")."""
    return _ERROR + getattr(errno, name)


def without_sync():
    """An environment in which a program does not wait for the disk."""
    return {"LD_PRELOAD": str(BUILD / "faults.so"), "FAULTS_NO_SYNC": "1"}


class Faults:
    """Faults of one program, which has to be started with env."""

    def __init__(self, site, name):
        library = BUILD / "faults.so"
        assert library.is_file(), f"{library} is not there: run make check"
        path = Path(site.folder) / f"{name}.faults"
        path.write_bytes(bytes(4096))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 4096)
        self.env = {
            "LD_PRELOAD": str(library),
            "FAULTS_CONTROL": str(path),
            "FAULTS_DIR": str(site.spool),
        }
        if is_sanitized():
            # Our library is loaded before the sanitizer's, which does no harm.
            self.env["ASAN_OPTIONS"] = (
                f"log_path={site.folder}/asan:verify_asan_link_order=0"
                ":detect_leaks=0"
            )

    def arm(self, action, kinds, at=1, times=1):
        """Makes the at-th call of these kinds fail, and times - 1 more."""
        bits = sum(1 << KINDS.index(kind) for kind in kinds)
        self.disarm()
        self._map[8:48] = struct.pack("=5Q", bits, at, times, 0, 0)
        self._map[0:8] = struct.pack("=Q", action)

    def disarm(self):
        """Removes the fault; returns how often it struck."""
        self._map[0:8] = bytes(8)
        return self.fired()

    def fired(self):
        return _HEAD.unpack_from(self._map)[5]

    def calls(self):
        """The number of calls since the start: {kind: number}."""
        counts = _CALLS.unpack_from(self._map, _HEAD.size)
        return dict(zip(KINDS, counts))
