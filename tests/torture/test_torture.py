# SPDX-License-Identifier: MIT
"""Random deaths: milter, loader, PostgreSQL and its sessions are killed while
reports arrive on several connections. `make torture SECONDS=N` runs this for a
long time, `make check` for a few seconds."""

import collections
import os
import random
import signal
import threading
import time

import psycopg

from harness.faults import KILL_AFTER, KILL_BEFORE, LOADING, WRITING, Faults
from harness.ledger import Ledger
from harness.process import processes_under
from harness.site import LOADER as LOADER_ROLE
from harness.wait import wait_for

SECONDS = float(os.environ.get("TORTURE_SECONDS", "6"))
SEED = int(os.environ.get("TORTURE_SEED", "0")) or random.randrange(1 << 32)
CONNECTIONS = 4
MILTER = "tlsrpt-milter"
LOADER = "tlsrpt-loader"
DISCARD = {"disposition": "discard"}


class Senders:
    """Mail servers that reconnect when a connection breaks, and send about half
    of the unanswered mails again."""

    def __init__(self, ledger, count):
        self.ledger = ledger
        self.stopped = threading.Event()
        self.problems = []
        self.threads = [
            threading.Thread(target=self._run, args=(number,))
            for number in range(count)
        ]
        for thread in self.threads:
            thread.start()

    def _run(self, number):
        chance = random.Random(SEED + number)
        again = []
        try:
            while not self.stopped.is_set():
                again = self._session(chance, again)
        # This runs in a thread of its own: any error has to reach the test.
        except Exception as problem:  # pylint: disable=broad-except
            self.problems.append(problem)

    def _session(self, chance, again):
        ids = again
        try:
            with self.ledger.site.connect() as client:
                while not self.stopped.is_set():
                    if not ids:
                        count = 3 if chance.random() < 0.1 else 1
                        ids = self.ledger.new_ids(count)
                    self.ledger.give(client, ids)
                    ids = []
                    time.sleep(chance.random() * 0.01)
        except OSError:
            time.sleep(0.005)
        return ids if chance.random() < 0.5 else []

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)
        assert not self.problems, self.problems


class Reaper:
    """Kills processes and starts them again."""

    def __init__(self, site):
        self.site = site
        self.chance = random.Random(SEED)
        self.kills = collections.Counter()
        self.faults = {}
        site.spool.mkdir()
        for name in (MILTER, LOADER):
            self.faults[name] = Faults(site, name)
            site.env[name] = self.faults[name].env
        self.daemons = {name: self._start(name) for name in (MILTER, LOADER)}

    def _start(self, name):
        if name == MILTER:
            return self.site.milter(milter=DISCARD)
        return self.site.loader(database={"batch": 8})

    def strike(self):
        draw = self.chance.random()
        if draw < 0.45:
            self._kill(MILTER, WRITING)
        elif draw < 0.93:
            self._kill(LOADER, LOADING)
        elif draw < 0.98:
            self._kill_session()
        else:
            self._kill_server()

    def _kill(self, name, kinds):
        """Kills at a random moment, or in the middle of a random call."""
        daemon = self.daemons[name]
        time.sleep(self.chance.random() * 0.03)
        if self.chance.random() < 0.5:
            daemon.kill9()
            self.kills[name, "any moment"] += 1
        else:
            action = self.chance.choice((KILL_BEFORE, KILL_AFTER))
            kind = self.chance.choice(kinds)
            at = self.chance.randint(1, 5)
            self.faults[name].arm(action, (kind,), at)
            end = time.monotonic() + 0.2
            while daemon.running() and time.monotonic() < end:
                time.sleep(0.002)
            if self.faults[name].disarm():
                assert daemon.wait_exit() == -signal.SIGKILL, daemon.text()
                self.kills[name, kind] += 1
            else:
                daemon.kill9()
                self.kills[name, "any moment"] += 1
        self.site.daemons.remove(daemon)
        self.daemons[name] = self._start(name)

    def _kill_session(self):
        """Kills the loader's session, so that PostgreSQL restarts itself."""
        try:
            rows = self.site.postgres.query(
                "postgres",
                "SELECT pid FROM pg_stat_activity WHERE usename = %s",
                [LOADER_ROLE],
            )
            for (pid,) in rows:
                os.kill(pid, signal.SIGKILL)
                self.kills["postgres", "session"] += 1
        except (psycopg.OperationalError, ProcessLookupError):
            pass

    def _kill_server(self):
        server = self.site.postgres
        server.kill9()
        self.kills["postgres", "server"] += 1
        wait_for(
            lambda: not processes_under(server.data),
            "PostgreSQL's other processes have noticed",
        )
        server.start()


def test_nothing_is_lost_or_counted_twice(site, record_property):
    ledger = Ledger(site)
    reaper = Reaper(site)
    senders = Senders(ledger, CONNECTIONS)
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            reaper.strike()
    finally:
        senders.stop()
    for daemon in list(site.daemons):
        daemon.stop()
    site.daemons = []
    site.postgres.start()
    wait_for(lambda: answers(site), "PostgreSQL answers")
    # A loader that is killed all the time leaves nearly everything for the end.
    site.drain(timeout=120 + 5 * SECONDS)
    stored = ledger.check()
    left = ledger.check_tmp()
    often = site.value(
        "SELECT count(*) FROM tlsrpt.report WHERE times_received > 1"
    )
    kills = sum(reaper.kills.values())
    figures = (
        f"seed {SEED}, {SECONDS:g} s, {kills} kills {dict(reaper.kills)}, "
        f"reports by answer {ledger.counts()}, in the tables {stored}, "
        f"more than once received {often}, purged from tmp {left}"
    )
    record_property("figures", figures)
    print(figures)
    assert ledger.counts().get("stored", 0) > 0
    assert kills > SECONDS, figures


def answers(site):
    try:
        return site.value("SELECT true")
    except psycopg.OperationalError:
        return False
