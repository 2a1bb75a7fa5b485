# SPDX-License-Identifier: MIT
"""The systemd units: their sandbox, socket activation, and the watchdog."""

import contextlib
import datetime
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import mails
from harness.faults import Faults
from harness.folder import read_text
from harness.process import Child
from harness.programs import (
    BUILD,
    NotifySocket,
    ROOT,
    connect,
    environment,
    is_sanitized,
    parse_logfmt,
    program,
    run,
)
from harness.site import header_values
from harness.wait import wait_for

UNITS = ROOT / "packaging" / "systemd"
# The highest exposure allowed, of 10; less is better.
MOST_EXPOSURE = {"tlsrpt-milter": 1.0, "tlsrpt-loader": 1.5}


def output(*command):
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
    )
    text = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, text
    return text


# The units


@pytest.mark.parametrize("name", MOST_EXPOSURE)
def test_exposure(name):
    text = output(
        *("systemd-analyze", "security", "--offline=true", "--no-pager"),
        UNITS / f"{name}.service",
    )
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)
    assert float(found.group(1)) <= MOST_EXPOSURE[name], text


def test_units_are_understood(place):
    """The units have no unknown keys and name no missing programs."""
    for unit in UNITS.iterdir():
        if unit.suffix in (".service", ".socket", ".timer"):
            text = re.sub(
                r"/usr/s?bin/tlsrpt", f"{BUILD}/tlsrpt", unit.read_text()
            )
            (place / unit.name).write_text(text)
    files = sorted(place.iterdir())
    assert len(files) >= 3
    assert output("systemd-analyze", "verify", "--man=no", *files) == ""


def test_the_milter_has_no_network():
    unit = (UNITS / "tlsrpt-milter.service").read_text()
    for line in (
        "PrivateNetwork=yes",
        "RestrictAddressFamilies=AF_UNIX",
        "IPAddressDeny=any",
        "CapabilityBoundingSet=",
        "User=tlsrpt-milter",
    ):
        assert f"\n{line}\n" in unit


def test_users_and_spool(place):
    """An empty system gets two users, a group, and a folder for both."""
    for folder in ("etc", "var/spool", "usr/lib"):
        (place / folder).mkdir(parents=True)
    output(
        *("systemd-sysusers", f"--root={place}"),
        UNITS / "tlsrpt-milter.sysusers.conf",
    )
    users = {
        line.split(":")[0]: line.split(":")
        for line in (place / "etc/passwd").read_text().splitlines()
    }
    groups = {
        line.split(":")[0]: line.split(":")[2]
        for line in (place / "etc/group").read_text().splitlines()
    }
    for name in MOST_EXPOSURE:
        assert users[name][3] == groups["tlsrpt"]
        assert users[name][6].endswith("nologin")
    assert users["tlsrpt-milter"][2] != users["tlsrpt-loader"][2]
    output(
        *("systemd-tmpfiles", "--create", f"--root={place}"),
        UNITS / "tlsrpt-milter.tmpfiles.conf",
    )
    spool = (place / "var/spool/tlsrpt-milter").stat()
    assert stat.S_IMODE(spool.st_mode) == 0o2770
    assert spool.st_uid == int(users["tlsrpt-milter"][2])
    assert spool.st_gid == int(groups["tlsrpt"])


# Socket activation


class Activated:
    """tlsrpt-milter under a real systemd-socket-activate: with descriptor 3, an
    unprivileged user, and an empty network namespace."""

    def __init__(self, site):
        self.site = site
        nobody = pwd.getpwnam("nobody")
        config = site.config(
            "fd.conf", milter={"socket": "fd:3", "disposition": "discard"}
        )
        os.chown(site.spool, nobody.pw_uid, nobody.pw_gid)
        self.notify = NotifySocket(site.folder / "notify")
        os.chmod(self.notify.path, 0o666)
        env = environment(site.folder, NOTIFY_SOCKET=self.notify.path)
        passed = [f"--setenv={name}={env[name]}" for name in env]
        self.log = site.folder / "activated.log"
        self.child = Child(
            [
                *("systemd-socket-activate", f"--listen={site.socket}"),
                *passed,
                *("unshare", "--net", "setpriv"),
                *(f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}"),
                *("--clear-groups", "--no-new-privs", "--bounding-set=-all"),
                *(program("tlsrpt-milter"), "-c", config),
            ],
            self.log,
            cwd=site.folder,
        )
        wait_for(Path(site.socket).is_socket, "the socket is there")
        # The settings of the socket unit.
        os.chmod(site.socket, 0o660)
        shutil.chown(site.socket, "postfix", "postfix")

    def events(self, event):
        lines = [parse_logfmt(line) for line in read_text(self.log).splitlines()]
        return [line for line in lines if line.get("event") == event]


@pytest.fixture
def activated(mail_site):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(mail_site.socket)
    milter = Activated(mail_site)
    yield milter
    if milter.child.running():
        milter.child.stop(signal.SIGKILL)
    milter.notify.close()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(mail_site.socket)


def test_socket_activation(activated):
    site = activated.site
    # The first mail starts the milter.
    assert not activated.events("started")
    code, text = site.send(mails.carrier(), site.address(), site.address("bob"))
    assert code == 250, text
    assert header_values(site.the_mail("bob"), "X-TLSRPT") == [
        "stored; reports=1"
    ]
    assert len(site.spooled()) == 1
    assert site.delivered() == []
    started = activated.events("started")
    assert len(started) == 1 and started[0]["socket"] == "fd:3"
    wait_for(
        lambda: "READY=1" in activated.notify.collect(), "the milter is ready"
    )
    stop(activated)
    # The socket belongs to systemd: the next connection waits there for the
    # next start.
    assert Path(site.socket).is_socket()


def test_descriptor_that_was_not_passed(intake_site):
    """Started by hand with the unit's configuration, it says what is wrong."""
    done = run(
        "tlsrpt-milter",
        *("-c", intake_site.config("fd.conf", milter={"socket": "fd:3"})),
        folder=intake_site.folder,
    )
    assert done.returncode == 69
    assert "systemd passes one by its unit tlsrpt-milter.socket" in done.stderr


def stop(activated):
    activated.child.send(signal.SIGTERM)
    time.sleep(0.1)
    # libmilter checks at each new connection, and otherwise every five seconds.
    with connect(activated.site.socket):
        pass
    assert activated.child.wait(15) == 0, read_text(activated.log)
    assert "STOPPING=1" in activated.notify.collect()


# The system call filter, compared with what the programs really call


def allowed_calls():
    """The system calls that SystemCallFilter= of the units allows."""
    members, group = {}, None
    for line in output("systemd-analyze", "syscall-filter").splitlines():
        if line.startswith("@"):
            group = members.setdefault(line.strip(), set())
        elif line.startswith("    ") and not line.strip().startswith("#"):
            group.add(line.strip())

    def expand(name):
        found = set()
        for member in members[name]:
            found |= expand(member) if member[0] == "@" else {member}
        return found

    lines = set()
    for name in MOST_EXPOSURE:
        unit = (UNITS / f"{name}.service").read_text()
        lines.add(tuple(re.findall(r"(?m)^SystemCallFilter=(.*)$", unit)))
    (filters,) = lines
    taken = set()
    for entry in filters:
        for name in entry.lstrip("~").split():
            if entry[0] == "~":
                taken -= expand(name)
            else:
                taken |= expand(name)
    assert "read" in taken and "setuid" not in taken
    return taken


@contextlib.contextmanager
def traced(daemon, trace, *options):
    """Attaches strace to a running daemon."""
    tracer = Child(
        ["strace", "-f", "-qq", "-o", trace, "-p", str(daemon.pid), *options],
        f"{trace}.log",
    )
    try:
        wait_for(
            lambda: not re.search(
                r"(?m)^TracerPid:\s+0$", Path(f"/proc/{daemon.pid}/status").read_text()
            ),
            f"strace is attached: {read_text(f'{trace}.log')}",
        )
        yield
    finally:
        tracer.stop(signal.SIGINT)


def calls_in(trace):
    return set(re.findall(r"(?m)^\d+ +([a-z0-9_]+)\(", trace))


def from_the_start(trace):
    """A command that runs a daemon under strace with the UMask= of its unit."""
    return (
        *("sh", "-c", 'umask 0007; exec "$@"', "sh"),
        *("strace", "-D", "-f", "-qq", "-o", trace),
    )


@pytest.mark.skipif(
    "is_sanitized()", reason="sanitizers make calls of their own"
)
def test_system_calls_are_allowed(site):
    """Starting, serving, reloading and stopping need nothing that the units
    forbid."""
    traces, daemons = {}, {}
    site.config()
    site.spool.chmod(0o2770)
    for name in MOST_EXPOSURE:
        traces[name] = site.folder / f"{name}.trace"
        config = site.config(
            f"{name}.conf", metrics={"directory": str(site.folder)}
        )
        daemons[name] = site.start(
            name, config, prefix=from_the_start(traces[name])
        )
    site.give(mails.carrier())
    site.wait_count("report", 1)
    for daemon in daemons.values():
        daemon.signal(signal.SIGUSR1)
        daemon.wait_event("reloaded")
    for daemon in daemons.values():
        daemon.stop()
    site.daemons = []
    allowed = allowed_calls()
    for name, path in traces.items():
        trace = read_text(path)
        assert {"execve", "mkdirat", "fsync", "exit_group"} <= calls_in(trace)
        assert calls_in(trace) <= allowed, calls_in(trace) - allowed
        # MemoryDenyWriteExecute=
        assert "PROT_WRITE|PROT_EXEC" not in trace
        # RestrictSUIDSGID=: a mode with one of the bits
        assert not re.search(
            r"(mkdir|chmod|mknod|open)\w*\(.*, 0?[2-7][0-7]{3}\)", trace
        )
        # RestrictAddressFamilies=
        families = set(re.findall(r" socket\((AF_\w+)", trace))
        assert families <= {"AF_UNIX"}, families
    # Both have created the spool's folders, or found them.
    assert {
        stat.S_IMODE((site.spool / part).stat().st_mode)
        for part in ("tmp", "new", "bad")
    } == {0o2770}
    # Make sure that the filter would notice a violation.
    assert not {"mount", "ptrace", "setuid", "bpf", "reboot"} & allowed


# Signals and sockets of others


def test_sigusr2_from_outside_ends_nothing(site):
    """The daemons use SIGUSR2 to wake their own threads when they stop."""
    for daemon in (site.milter(), site.loader()):
        daemon.signal(signal.SIGUSR2)
        time.sleep(0.3)
        daemon.signal(signal.SIGUSR1)
        daemon.wait_event("reloaded")


def test_a_second_milter_on_the_same_socket(intake_site):
    site = intake_site
    site.milter()
    done = run(
        "tlsrpt-milter", *("-c", site.folder / "milter.conf"), folder=site.folder
    )
    assert done.returncode == 69
    assert "another process listens there" in done.stderr
    site.connect().close()


def test_a_socket_of_another_stays(intake_site):
    """Another process's socket at the same path is not removed at the end."""
    site = intake_site
    milter = site.milter()
    with connect(site.socket):
        os.unlink(site.socket)
    Path(site.socket).write_text("")
    milter.listens = None
    milter.stop()
    site.daemons.remove(milter)
    assert Path(site.socket).is_file()
    os.unlink(site.socket)
    milter = site.milter()
    milter.stop()
    site.daemons.remove(milter)
    assert not Path(site.socket).exists()


# The watchdog


def test_setting_the_clock_ends_no_drain(intake_site):
    """A message that is being spooled at SIGTERM is finished, whatever the time
    of day is by then."""
    site = intake_site
    site.env["tlsrpt-milter"] = Faults(site, "tlsrpt-milter").env | {
        "FAULTS_SLOW_SYNC": "1500",
        "FAULTS_CLOCK": "-3600",
    }
    daemon = site.milter(milter={"disposition": "discard"})
    answers = []
    sender = threading.Thread(
        target=lambda: answers.append(site.give(mails.carrier())[-1].name)
    )
    sender.start()
    wait_for(lambda: site.spooled("tmp"), "it is being spooled")
    daemon.stop()
    site.daemons.remove(daemon)
    sender.join()
    assert answers == ["discard"]
    assert not daemon.events("stopped-early"), daemon.text()


@pytest.mark.parametrize("days", [-400, 400])
def test_many_reports_of_another_time(intake_site, days):
    """Many reports from the future or the past ask whether the clock is right."""
    site = intake_site
    daemon = site.milter(milter={"disposition": "keep"})
    today = datetime.datetime.now(datetime.timezone.utc).date()

    def give(offset, count):
        day = today + datetime.timedelta(days=offset)
        with site.connect() as client:
            for _ in range(count):
                site.give(mails.carrier(mails.document(day=day)), client)

    give(-1, 10)
    give(days, 4)
    assert not daemon.events("clock-doubted"), daemon.text()
    give(days, 12)
    lines = daemon.wait_event("clock-doubted")
    assert len(lines) == 1
    assert "is this machine's clock right? It says 20" in lines[0]["reason"]
    wanted = "more than 2 days after" if days > 0 else "more than 7 days before"
    assert wanted in lines[0]["reason"]


def test_watchdog_tells_of_a_hang(intake_site):
    """While a message hangs in fsync, systemd gets no signs of life."""
    site = intake_site
    milter = site.milter(limits={"deadline": 1})
    notify = milter.notify

    def send():
        site.give(mails.carrier())

    thread = threading.Thread(target=send)
    with traced(
        milter,
        site.folder / "hang.trace",
        *("-e", "trace=fsync", "-e", "inject=fsync:delay_enter=30000000:when=1"),
    ):
        thread.start()
        milter.wait_event("stuck", timeout=15)
        notify.collect()
        notify.messages.clear()
        # Longer than the interval between signs of life.
        time.sleep(5.5)
        assert "WATCHDOG=1" not in notify.collect()
        assert len(milter.events("stuck")) == 1
    thread.join(60)
    assert len(site.spooled()) == 1
    wait_for(lambda: "WATCHDOG=1" in notify.collect(), "life again")
