# SPDX-License-Identifier: MIT
"""`make soak SECONDS=N`: load for long, with reloads, restarts and faults. Memory
and descriptors of both daemons must not grow, and no report may be lost."""

import collections
import os
import random
import signal
import statistics
import threading
import time
from pathlib import Path

from harness import mails
from harness.faults import Faults, error
from harness.ledger import Ledger
from harness.site import LOADER as LOADER_ROLE

SECONDS = float(os.environ.get("SOAK_SECONDS", "1800"))
SEED = int(os.environ.get("SOAK_SEED", "0")) or random.randrange(1 << 32)
REPORTERS = 4
NAMES = ("tlsrpt-milter", "tlsrpt-loader")
# A process has grown if it is beyond these limits: kilobytes, descriptors.
MORE_MEMORY = 4_096
MORE_DESCRIPTORS = 3


class Load:
    """Sends reports on some connections, and other mail on one more."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.stopped = threading.Event()
        self.sent = collections.Counter()
        self.problems = []
        self.threads = [
            threading.Thread(target=self._run, args=(work,))
            for work in [self._report] * REPORTERS + [self._other]
        ]
        for thread in self.threads:
            thread.start()

    def _run(self, work):
        try:
            while not self.stopped.is_set():
                try:
                    with self.ledger.site.connect() as client:
                        for _ in range(50):
                            if self.stopped.is_set():
                                break
                            work(client)
                except OSError:
                    self.stopped.wait(0.1)
        # This runs in a thread of its own: any error has to reach the test.
        except Exception as problem:  # pylint: disable=broad-except
            self.problems.append(problem)

    def _report(self, client):
        count = 3 if random.random() < 0.1 else 1
        answer = self.ledger.give(client, self.ledger.new_ids(count))
        self.sent[answer] += 1
        self.stopped.wait(random.random() * 0.04)

    def _other(self, client):
        ours = f"<{self.ledger.site.address()}>"
        if client.envelope("<a@b.example>", "<bob@example.com>") != "accept":
            raise AssertionError("ordinary mail was looked at")
        padding = b"x" * random.choice((10, 1_000, 700_000))
        raw = mails.dmarc_mail().replace(b"\r\n--=_", padding + b"\r\n--=_", 1)
        client.envelope("<a@b.example>", ours)
        last = client.message(raw)[-1]
        assert last.name in ("accept", "continue", "tempfail"), last
        self.sent["other"] += 2
        self.stopped.wait(0.05)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)
        assert not self.problems, self.problems


class Trouble:
    """The trouble that an operator and a bad day make for a running system."""

    def __init__(self, site, faults):
        self.site = site
        self.faults = faults
        self.chance = random.Random(SEED)
        self.done = collections.Counter()

    def strike(self):
        event = self.chance.choice(
            (
                self.reload,
                self.reload,
                self.refused_reload,
                self.full_disk,
                self.failing_disk,
                self.broken_connection,
                self.ended_sessions,
                self.restarted_database,
            )
        )
        event()
        self.done[event.__name__] += 1

    def _signal(self):
        for daemon in self.site.daemons:
            daemon.signal(signal.SIGUSR1)

    def reload(self):
        write_configs(self.site, self.chance)
        self._signal()

    def refused_reload(self):
        for name in ("milter.conf", "loader.conf"):
            (self.site.folder / name).write_text("[spool]\nnonsense = 1\n")
        self._signal()
        time.sleep(0.3)
        write_configs(self.site, self.chance)

    def full_disk(self):
        self._fail("tlsrpt-milter", "ENOSPC", ("write", "open"), 20)

    def failing_disk(self):
        self._fail("tlsrpt-milter", "EIO", ("fsync", "rename", "close"), 20)
        self._fail("tlsrpt-loader", "EIO", ("open", "read", "unlink"), 5)

    def broken_connection(self):
        self._fail("tlsrpt-loader", "ECONNRESET", ("send", "receive"), 1)

    def _fail(self, name, errno, kinds, times):
        self.faults[name].arm(error(errno), kinds, 1, times)
        time.sleep(0.5)
        self.faults[name].disarm()

    def ended_sessions(self):
        self.site.postgres.query(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = %s",
            [LOADER_ROLE],
        )

    def restarted_database(self):
        self.site.postgres.stop()
        time.sleep(self.chance.random() * 2)
        self.site.postgres.start()


def write_configs(site, chance):
    quiet = {"log": {"level": "warning"}}
    disposition = chance.choice(("keep", "discard"))
    batch = chance.choice((8, 64, 256))
    site.config("milter.conf", milter={"disposition": disposition}, **quiet)
    site.config("loader.conf", database={"batch": batch}, **quiet)


class Watch:
    """Samples memory and descriptors of a daemon once a second."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.samples = []

    def sample(self):
        process = Path(f"/proc/{self.daemon.pid}")
        pages = int((process / "statm").read_text().split()[1])
        kilobytes = pages * os.sysconf("SC_PAGE_SIZE") // 1024
        self.samples.append((kilobytes, len(os.listdir(process / "fd"))))

    def judge(self):
        """Compares the last third with the second; the first is warm-up."""
        third = len(self.samples) // 3
        middle = self.samples[third : 2 * third]
        last = self.samples[2 * third :]
        before, after = [
            [statistics.median(column) for column in zip(*part)]
            for part in (middle, last)
        ]
        figures = (
            f"{self.daemon.name}: {before[0]:g} kB then {after[0]:g} kB, "
            f"{before[1]:g} descriptors then {after[1]:g}"
        )
        print(figures, flush=True)
        assert after[0] <= before[0] * 1.1 + MORE_MEMORY, figures
        assert after[1] <= before[1] + MORE_DESCRIPTORS, figures


def live(site, trouble, seconds):
    """Runs both daemons once, from start to stop."""
    write_configs(site, trouble.chance)
    watches = []
    for name in NAMES:
        conf = site.folder / f"{name.removeprefix('tlsrpt-')}.conf"
        daemon = site.start(name, conf)
        watches.append(Watch(daemon))
    site.daemons[0].listens = site.socket
    end = time.monotonic() + seconds
    strike = time.monotonic() + 2
    while time.monotonic() < end:
        for watch in watches:
            watch.sample()
        if time.monotonic() >= strike:
            trouble.strike()
            strike = time.monotonic() + 1 + 4 * trouble.chance.random()
        time.sleep(1)
    for watch in watches:
        watch.judge()
    for daemon in list(site.daemons):
        daemon.stop()
    site.daemons = []


def test_soak(site):
    ledger = Ledger(site)
    site.spool.mkdir()
    faults = {name: Faults(site, name) for name in NAMES}
    for name in NAMES:
        site.env[name] = faults[name].env
    trouble = Trouble(site, faults)
    lives = max(1, min(3, int(SECONDS // 120)))
    load = Load(ledger)
    try:
        for _ in range(lives):
            live(site, trouble, SECONDS / lives)
    finally:
        load.stop()
    site.postgres.start()
    site.drain()
    stored = ledger.check()
    ledger.check_tmp()
    print(
        f"seed {SEED}, {SECONDS:g} s in {lives} lives, "
        f"troubles {dict(trouble.done)}, mails {dict(load.sent)}, "
        f"reports by answer {ledger.counts()}, in the tables {stored}"
    )
    assert ledger.counts()["stored"] > SECONDS
