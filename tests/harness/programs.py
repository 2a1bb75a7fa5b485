# SPDX-License-Identifier: MIT
"""The four programs: their paths, configurations, runs, logs and output."""

import contextlib
import os
import pty
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from . import manual
from .folder import read_text
from .process import Child
from .wait import DEADLINE, wait_for

ROOT = Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
FIXTURES = ROOT / "tests" / "fixtures"

EX_OK = 0
EX_USAGE = 64
EX_DATAERR = 65
EX_NOINPUT = 66
EX_UNAVAILABLE = 69
EX_CONFIG = 78

ALL = ("tlsrpt-milter", "tlsrpt-loader", "tlsrpt-import", "tlsrpt-report")


def program(name):
    path = BUILD / name
    assert path.is_file(), f"{path} is not there: run make"
    return path


def is_sanitized():
    """Whether the programs were built with AddressSanitizer."""
    return b"__asan_init" in program("tlsrpt-milter").read_bytes()


def environment(folder, **more):
    """A program's environment; sanitizers write findings into the folder."""
    env = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LC_ALL": "C.UTF-8",
        # Days are UTC: a local time zone far away reveals mistakes.
        "TZ": "America/Los_Angeles",
        "ASAN_OPTIONS": f"log_path={folder}/asan:detect_leaks=1",
        "UBSAN_OPTIONS": f"log_path={folder}/ubsan:print_stacktrace=1",
        "TSAN_OPTIONS": f"log_path={folder}/tsan:report_destroy_locked=0"
        f":suppressions={ROOT}/tests/suppressions/tsan.txt",
        # Lets sanitizers see each object of GLib separately.
        "G_SLICE": "always-malloc",
    }
    env.update(more)
    return env


def sanitizer_findings(folder):
    """The findings of sanitizers: {name: text}."""
    found = {}
    for pattern in ("asan.*", "ubsan.*", "tsan.*"):
        for path in Path(folder).glob(pattern):
            found[path.name] = read_text(path)
    return found


def run(name, *arguments, folder="/tmp", stdin=None, timeout=120.0, **env):
    """Runs a program to its end, with stdout and stderr as text. Its manual page
    must describe the exit code."""
    done = subprocess.run(
        [program(name), *[str(argument) for argument in arguments]],
        input=stdin if stdin is not None else b"",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=timeout,
        env=environment(folder, **env),
        cwd=folder,
        check=False,
    )
    done.stdout = done.stdout.decode("utf-8", "replace")
    done.stderr = done.stderr.decode("utf-8", "replace")
    check_exit_code(name, done.returncode, done.stderr)
    check_events(name, done.stderr)
    return done


def check_exit_code(name, code, text):
    """An exit code, not a signal, is one of those in the manual page."""
    assert code < 0 or code in manual.exit_codes(name), (
        f"{name} ended with {code}, which its manual page does not have:\n"
        + text
    )


def check_events(name, text):
    """Every event in a log is described in the manual page."""
    lines = [parse_logfmt(line) for line in text.splitlines()]
    logged = {line["event"] for line in lines if line}
    missing = logged - manual.events(name)
    assert not missing, f"{name}'s manual page lacks {missing}"


def run_on_terminal(stream, name, *arguments, folder, pause=0, **env):
    """Runs a program whose stream, "stdout" or "stderr", is a terminal. Returns
    the text it shows there, and what it writes to the other stream.

    Nobody reads the other stream for pause seconds, so a full pipe delays it.
    """
    ours, theirs = pty.openpty()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    child = subprocess.Popen(
        [program(name), *[str(argument) for argument in arguments]],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=environment(folder, **env),
        **{**streams, stream: theirs},
    )
    os.close(theirs)
    shown = []
    reader = threading.Thread(target=_read_terminal, args=(ours, shown))
    reader.start()
    time.sleep(pause)
    written = child.communicate(timeout=120)
    reader.join()
    assert child.returncode == 0, written
    other = written[stream == "stdout"]
    return b"".join(shown).decode(), other.decode()


def _read_terminal(terminal, shown):
    # A terminal reports with an error that all writers are gone.
    with contextlib.suppress(OSError):
        while piece := os.read(terminal, 65536):
            shown.append(piece)
    os.close(terminal)


def stored_lines(done):
    """The output lines of tlsrpt-import about reports that it spooled."""
    return [
        line for line in done.stdout.splitlines() if line.startswith("stored ")
    ]


def words(text):
    """Text without line breaks and columns: one blank between words."""
    return " ".join(text.split())


def config_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(config_value(item) for item in value)
    return str(value)


def config_text(sections):
    """{"milter": {"on-refused": "keep"}} as a configuration file."""
    text = ""
    for section, keys in sections.items():
        text += f"[{section}]\n"
        for key, value in keys.items():
            text += f"{key} = {config_value(value)}\n"
    return text


def parse_logfmt(line):
    """One log line as a dictionary, or {} if it is not one of ours."""
    pairs = re.findall(r'([A-Za-z0-9_-]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)', line)
    fields = {}
    for name, value in pairs:
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        fields[name] = value
    return fields if "event" in fields else {}


def connect(address, timeout=30.0):
    """Connects to the path of a UNIX socket or to (host, port)."""
    if isinstance(address, tuple):
        return socket.create_connection(address, timeout)
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(timeout)
    try:
        stream.connect(str(address))
    except OSError:
        stream.close()
        raise
    return stream


class NotifySocket:
    """The other end of sd_notify(3). It is read all the time, as by systemd,
    since a sender waits when a few messages are unread."""

    def __init__(self, path):
        self.path = str(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.messages = []
        self._new = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            text = self.socket.recv(4096).decode("ascii", "replace")
            with self._new:
                if text == "":
                    return
                self.messages += text.splitlines()
                self._new.notify_all()

    def collect(self, timeout=0.0):
        """All messages so far, after waiting for one more if asked to."""
        with self._new:
            if timeout:
                self._new.wait(timeout)
            return list(self.messages)

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self.path)
        self._reader.join()
        self.socket.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


class Daemon:
    """tlsrpt-milter or tlsrpt-loader, in the foreground, with its log."""

    def __init__(
        self, name, folder, config, arguments=(), fds=(), prefix=(), **env
    ):
        self.name = name
        self.folder = Path(folder)
        self.log_file = self.folder / f"{name}.log"
        self._offset = 0
        with contextlib.suppress(FileNotFoundError):
            self._offset = self.log_file.stat().st_size
        self.listens = None
        self.notify = NotifySocket(self.folder / f"{name}.notify")
        self.child = Child(
            [*prefix, program(name), "-c", config, *arguments],
            self.log_file,
            cwd=self.folder,
            fds=fds,
            env=environment(
                self.folder, NOTIFY_SOCKET=self.notify.path, **env
            ),
        )

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child.running()

    def wait_ready(self, timeout=DEADLINE):
        end = time.monotonic() + timeout
        while "READY=1" not in self.notify.collect(0.02):
            assert self.running(), (
                f"{self.name} ended with {self.child.popen.returncode}:\n"
                + self.text()
            )
            assert time.monotonic() < end, (
                f"{self.name} did not say READY=1 within {timeout:g} s:\n"
                + self.text()
            )
        return self

    def text(self):
        """The log of this run."""
        return (
            self.log_file.read_bytes()[self._offset :].decode(
                "utf-8", "backslashreplace"
            )
        )

    def events(self, event=None):
        """The log lines of this run as dictionaries."""
        lines = [parse_logfmt(line) for line in self.text().splitlines()]
        return [
            line
            for line in lines
            if line and (event is None or line["event"] == event)
        ]

    def wait_event(self, event, count=1, timeout=DEADLINE):
        wait_for(
            lambda: len(self.events(event)) >= count,
            f"{self.name} logs event={event} {count} time(s):\n{self.text()}",
            timeout,
        )
        return self.events(event)

    def signal(self, number):
        self.child.send(number)

    def stop(self, code=EX_OK, timeout=40.0):
        """Sends SIGTERM; the exit code must be the one expected."""
        if self.child is None:
            return
        was_running = self.running()
        self.signal(signal.SIGTERM)
        self._wake()
        try:
            found = self.child.stop(signal.SIGTERM, timeout)
        finally:
            self.notify.close()
            messages = self.notify.messages
            self.child, child = None, self.child
        check_events(self.name, self.text())
        assert was_running, (
            f"{self.name} had ended with {child.popen.returncode}:\n"
            + self.text()
        )
        assert found == code, f"{self.name}: exit {found}:\n{self.text()}"
        assert "STOPPING=1" in messages, f"{self.name} sent {messages}"

    def _wake(self):
        # libmilter checks whether to stop at each new connection, and otherwise
        # every five seconds, for which hundreds of tests should not wait.
        if self.listens is None:
            return
        time.sleep(0.02)
        with contextlib.suppress(OSError):
            for _ in range(3):
                with connect(self.listens):
                    time.sleep(0.02)

    def wait_exit(self, timeout=DEADLINE):
        """Waits for a daemon that ends by itself; returns its exit code."""
        code = self.child.wait(timeout)
        self.notify.close()
        self.child = None
        check_events(self.name, self.text())
        check_exit_code(self.name, code, self.text())
        return code

    def kill9(self):
        """Kills the daemon, like a crash."""
        self.child.send(signal.SIGKILL)
        self.child.wait()
        self.notify.close()
        self.child = None
