# SPDX-License-Identifier: MIT
"""Each system call that writes the spool, and each call of the loader from
reading the folder to the commit, fails once, and once kills the process."""

import os
import resource
import subprocess
import time

import pytest

from harness import mails, programs
from harness.faults import (
    FOREVER,
    KILL_AFTER,
    KILL_BEFORE,
    KINDS,
    LOADING,
    SHORT,
    WRITING,
    Faults,
    error,
)
from harness.folder import is_root
from harness.ledger import Ledger, judge, report
from harness.milter import header_of
from harness.wait import wait_for

MILTER = "tlsrpt-milter"
LOADER = "tlsrpt-loader"
DISCARD = {"disposition": "discard"}
ERRORS = {
    "open": ("EMFILE", "ENOSPC", "EACCES"),
    "chmod": ("EIO",),
    "write": ("ENOSPC", "EIO", "EDQUOT"),
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("EIO", "ENOSPC"),
    "close": ("EIO",),
    "read": ("EIO",),
    "list": ("EMFILE", "EIO"),
    "send": ("ECONNRESET",),
    "receive": ("ECONNRESET",),
    "unlink": ("EIO",),
}


def kill_points(calls):
    """(action, kind, n) for dying before and after each call."""
    return [
        (action, kind, number)
        for kind, count in calls.items()
        for number in range(1, count + 1)
        for action in (KILL_BEFORE, KILL_AFTER)
    ]


def error_points(calls):
    """(action, kind, n) for each errno of each call."""
    return [
        (error(name), kind, number)
        for kind, count in calls.items()
        for number in range(1, count + 1)
        for name in ERRORS[kind]
    ]


def calls_of(faults, kinds, work):
    """The calls that a piece of work makes: {kind: number}."""
    before = faults.calls()
    work()
    after = faults.calls()
    return {kind: after[kind] - before[kind] for kind in kinds}


@pytest.fixture
def ledger(site):
    return Ledger(site)


@pytest.fixture
def milter_faults(site):
    site.spool.mkdir()
    faults = Faults(site, MILTER)
    site.env[MILTER] = faults.env
    return faults


def finish(site, ledger):
    site.drain()
    ledger.check()
    ledger.check_tmp()


def test_every_call_of_the_write_path_fails(site, ledger, milter_faults):
    """No promise without a record, and no trace of a failed attempt."""
    site.milter(milter=DISCARD)
    site.loader()
    faults = milter_faults
    assert ledger.send() == "stored"
    calls = calls_of(faults, WRITING, ledger.send)
    assert calls["write"] == 2 and calls["fsync"] == 2, calls
    assert calls["rename"] == 1 and calls["open"] == 1, calls
    for action, kind, number in error_points(calls):
        faults.arm(action, (kind,), number)
        answer = ledger.send()
        assert faults.disarm() == 1, (action, kind, number)
        assert answer == "delivered", (action, kind, number)
        assert site.spooled("tmp") == [], (action, kind, number)
    faults.arm(SHORT, ("write",), 1, FOREVER)
    assert ledger.send() == "stored"
    assert faults.disarm() > 2
    assert ledger.send() == "stored"
    wait_for(lambda: not site.spooled(), "the spool is empty")
    finish(site_without_loader(site), ledger)


def site_without_loader(site):
    """A site whose loader is stopped, so that another one may use the spool."""
    for daemon in [one for one in site.daemons if one.name == LOADER]:
        daemon.stop()
        site.daemons.remove(daemon)
    return site


def test_nothing_works_for_a_while(site, ledger, milter_faults):
    """If even clean-up fails, what stays in tmp is purged and never read."""
    site.milter(milter=DISCARD)
    for name in ("ENOSPC", "EIO"):
        for kinds in (("write", "unlink"), ("fsync", "unlink"), ("rename",)):
            milter_faults.arm(error(name), kinds, 1, FOREVER)
            assert [ledger.send() for _ in range(3)] == ["delivered"] * 3
            milter_faults.disarm()
            assert ledger.send() == "stored"
    assert site.spooled("tmp")
    finish(site, ledger)


def test_killed_at_every_call_of_the_write_path(site, ledger, milter_faults):
    faults = milter_faults
    daemon = site.milter(milter=DISCARD)
    site.loader()
    ledger.send()
    points = kill_points(calls_of(faults, WRITING, ledger.send))
    assert len(points) >= 16, points
    for action, kind, number in points:
        faults.arm(action, (kind,), number)
        assert ledger.send() == "unknown", (action, kind, number)
        faults.disarm()
        bury(site, daemon)
        daemon = site.milter(milter=DISCARD)
        assert ledger.send() == "stored"
    wait_for(lambda: not site.spooled(), "the spool is empty")
    finish(site_without_loader(site), ledger)


def bury(site, daemon):
    """Waits for a daemon that must have been ended by SIGKILL."""
    assert daemon.wait_exit() == -9, daemon.text()
    site.daemons.remove(daemon)


def drain(site, faults=None):
    """Runs tlsrpt-loader --drain, with or without faults: its exit code."""
    config = site.config("run-loader.conf")
    env = faults.env if faults else {}
    done = programs.run(
        LOADER, "-c", config, "--drain", folder=site.folder, **env
    )
    return done.returncode, done.stderr


def test_every_call_of_the_loader(site, ledger):
    """Errors and deaths from reading the folder to removing the record."""
    site.milter(milter=DISCARD)
    faults = Faults(site, LOADER)
    assert ledger.send(2) == "stored"

    def drain_all():
        code, text = drain(site, faults)
        assert code == 0, text

    calls = calls_of(faults, LOADING, drain_all)
    assert calls["unlink"] == 2 and calls["open"] >= 2, calls
    assert calls["send"] and calls["receive"] and calls["fsync"], calls
    for action, kind, number in kill_points(calls) + error_points(calls):
        if not site.spooled():
            assert ledger.send(2) == "stored"
        faults.arm(action, (kind,), number)
        code, text = drain(site, faults)
        if faults.disarm() and action in (KILL_BEFORE, KILL_AFTER):
            assert code == -9, (kind, number, code, text)
        else:
            # 73: a failure with the spool's own folders, at the start.
            assert code in (0, 69, 73, 75), (kind, number, code, text)
    finish(site, ledger)


def test_a_file_that_can_not_be_removed(site, ledger):
    """The removal is tried again, and the file is not read again meanwhile."""
    site.milter(milter=DISCARD)
    faults = Faults(site, LOADER)
    site.env[LOADER] = faults.env
    daemon = site.loader()
    faults.arm(error("EIO"), ("unlink",))
    ledger.send()
    assert daemon.wait_event("record-stuck")[0]["while"] == "removing it"
    # The next try comes after a pause, with whatever arrives next.
    time.sleep(5.2)
    ledger.send()
    wait_for(lambda: not site.spooled(), "the file is removed at last")
    assert len(daemon.events("record-stuck")) == 1
    assert daemon.events("loaded")[0]["outcome"] == "stored"
    assert len(daemon.events("loaded")) == 2
    finish(site_without_loader(site), ledger)
    assert site.value("SELECT max(times_received) FROM tlsrpt.report") == 1


def test_out_of_descriptors(site, ledger):
    """Mail keeps flowing; reports are delivered until descriptors are free."""
    daemon = site.milter(milter=DISCARD)
    with site.connect() as client:
        assert ledger.give(client, ledger.new_ids()) == "stored"
        used = [int(one) for one in os.listdir(f"/proc/{daemon.pid}/fd")]
        before = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(
            daemon.pid, resource.RLIMIT_NOFILE, (max(used) + 1, before[1])
        )
        for _ in range(3):
            assert ledger.give(client, ledger.new_ids()) == "delivered"
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, before)
        assert ledger.give(client, ledger.new_ids()) == "stored"
    finish(site, ledger)


def test_rejections_lost_to_a_full_disk_are_counted(site, milter_faults):
    """As dropped, like those beyond their share of the quota."""
    daemon = site.milter(milter=DISCARD, metrics={"directory": str(site.folder)})
    bad = report("bad@ledger.example")
    del bad["date-range"]
    milter_faults.arm(error("ENOSPC"), ("write",), 1, FOREVER)
    with site.connect() as client:
        client.envelope("<a@b.example>", site.recipient)
        header = header_of(client.message(mails.carrier(bad)))
    assert milter_faults.disarm() > 0
    assert header.startswith("invalid; ")
    assert len(daemon.events("rejection-not-recorded")) == 1
    assert site.spooled() == []
    metrics = site.folder / "tlsrpt-milter.prom"
    wait_for(
        lambda: metrics.exists()
        and "\ntlsrpt_rejections_dropped_total 1\n" in metrics.read_text(),
        "the rejection counts as dropped",
        20,
    )


def test_disk_full(site, ledger):
    """With a small tmpfs as the spool, a full disk leaves no partial record."""
    site.spool.mkdir()
    if not is_root():
        # Mounting needs root. Otherwise, a fault refuses each further byte.
        faults = Faults(site, MILTER)
        site.env[MILTER] = faults.env
        site.milter(milter=DISCARD)
        ledger.send(3)
        faults.arm(error("ENOSPC"), ("write",), 1, FOREVER)
        assert ledger.send() == "delivered"
        faults.disarm()
        finish(site, ledger)
        return
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", site.spool]
    subprocess.run(mount, check=True)
    try:
        fill_and_drain(site, ledger)
        for daemon in list(site.daemons):
            daemon.stop()
        site.daemons = []
    finally:
        subprocess.run(["umount", site.spool], check=True)


def fill_and_drain(site, ledger):
    site.milter(milter=DISCARD)
    for _ in range(2):
        answers = [ledger.send() for _ in range(100)]
        assert "stored" in answers and answers[-1] == "delivered", answers
        # A large body is kept in a file, too.
        assert send_large(site, ledger) == "delivered"
        assert site.spooled("tmp") == []
        site.drain()
        assert site.spooled() == []
    assert ledger.send() == "stored"
    finish(site, ledger)


def send_large(site, ledger):
    large = report("large@ledger.example")
    large["padding"] = "x" * 600_000
    raw = mails.carrier(large, part_options={"compress": False})
    return judge(site.give(raw))


def test_the_kinds_are_those_of_the_library():
    text = (programs.ROOT / "tests/torture/faults.c").read_text()
    listed = text.split("enum kind {")[1].split("}")[0]
    names = [one.strip().lower() for one in listed.split(",")]
    assert names[:-1] == list(KINDS)
