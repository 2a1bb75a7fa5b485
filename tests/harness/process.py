# SPDX-License-Identifier: MIT
"""Starts child processes, and watches and stops them by their own pid."""

import contextlib
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

from .folder import read_text


def processes_under(folder):
    """Pids of the living processes whose working directory is in a folder.
    Every server here works in a folder of its own, and so do its children."""
    folder = Path(folder).resolve()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # The process is gone, a zombie, or belongs to somebody else.
        with contextlib.suppress(OSError):
            where = Path(os.readlink(process / "cwd"))
            if where == folder or folder in where.parents:
                found.append(int(process.name))
    return found


def memory_peak(pid):
    """The peak memory of a process in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) << 10


@contextlib.contextmanager
def running(server):
    """Starts a server, and stops it whatever happens."""
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Child:
    """A child process whose output goes to a log file. Root can run it as
    another user (uid, gid)."""

    def __init__(self, arguments, log, user=None, cwd="/", env=None, fds=()):
        identity = {}
        if user is not None:
            uid, gid = user
            identity = {"user": uid, "group": gid, "extra_groups": []}
        self.name = os.path.basename(arguments[0])
        self.log = log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(
                [str(argument) for argument in arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=cwd,
                env=env,
                pass_fds=fds,
                # Ctrl-C is meant for the tests, which stop things in order.
                start_new_session=True,
                **identity,
            )

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def answers(self, port, greets=False):
        """Whether a port of this process accepts connections, and greets if
        that is required; fails if the process has ended."""
        assert self.running(), f"{self.name} ended:\n{read_text(self.log)}"
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as there:
                return not greets or there.recv(1) != b""
        except OSError:
            return False

    def send(self, number):
        if self.running():
            self.popen.send_signal(number)

    def wait(self, timeout=30.0):
        return self.popen.wait(timeout)

    def stop(self, first=signal.SIGTERM, timeout=30.0):
        """Asks once, waits, and kills what does not obey: the exit code."""
        self.send(first)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.wait()
            raise AssertionError(
                f"{self.name} (pid {self.pid}) did not stop within "
                f"{timeout:g} s of {signal.Signals(first).name}"
            ) from None
