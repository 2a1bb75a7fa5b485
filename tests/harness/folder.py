# SPDX-License-Identifier: MIT
"""Temporary folders that the users of the servers can enter, and free ports."""

import os
import shutil
import socket
import tempfile
from pathlib import Path


def make_folder(prefix="tlsrpt-"):
    """A new folder with a path short enough for a UNIX socket (108 bytes)."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(0o755)
    return folder


def remove_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
    assert not Path(folder).exists(), f"{folder} can't be removed"


def free_port():
    """A TCP port on the loopback interface that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_text(path):
    """A log file as text, whatever bytes are in it."""
    try:
        return Path(path).read_bytes().decode("utf-8", "backslashreplace")
    except FileNotFoundError:
        return ""


def is_root():
    return os.geteuid() == 0
