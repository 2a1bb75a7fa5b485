# SPDX-License-Identifier: MIT
"""Sixty-four of the worst mails at once, with the default limits."""

import multiprocessing
import threading
import time

import pytest

from harness import hostile, mails
from harness.milter import header_of
from harness.process import memory_peak
from harness.programs import is_sanitized

ATTACKERS = 64
MEMORY = 512 << 20
# limits.deadline, plus what a loaded machine takes to answer.
ANSWER = 30 + 15
# For an ordinary mail, while 64 threads work on other mails on a few cores.
ORDINARY = 10


def assert_stayed_under(peak, most):
    """Checks memory, unless AddressSanitizer keeps what was freed."""
    assert peak < most or is_sanitized(), f"{peak >> 20} MiB"


class Attack:
    """Opens a connection for every mail before it sends the first. It runs in a
    process of its own, so that measurements don't wait for its interpreter."""

    def __init__(self, site, kinds):
        context = multiprocessing.get_context("fork")
        self.site, self.kinds = site, kinds
        self.gate = context.Barrier(2)
        self.receiver, self.sender = context.Pipe(duplex=False)
        self.process = context.Process(target=self._attack, daemon=True)
        self.process.start()
        # Only that process holds the other end, so its death is noticed.
        self.sender.close()

    def _attack(self):
        ready = threading.Barrier(len(self.kinds) + 1)
        found = []
        threads = [
            threading.Thread(target=self._send, args=(kind, ready, found))
            for kind in self.kinds
        ]
        for thread in threads:
            thread.start()
        ready.wait()
        self.gate.wait()
        for thread in threads:
            thread.join()
        self.sender.send(found)

    def _send(self, kind, ready, found):
        mail = hostile.mail(kind)
        ready.wait()
        try:
            with self.site.connect(timeout=120) as client:
                replies = self.site.give(mail, client)
                waited = client.waited
        except OSError as problem:
            replies, waited = problem, 999.0
        found.append((kind.__name__, replies, waited))

    def running(self):
        return self.process.is_alive() and not self.receiver.poll()

    def results(self):
        """Waits for all mails; (name of the kind, replies, seconds) of each."""
        try:
            return self.receiver.recv()
        finally:
            self.process.join()


def test_all_at_once(intake_site, record_property):
    site = intake_site
    daemon = site.milter()
    kinds = [
        hostile.KINDS[n % len(hostile.KINDS)] for n in range(ATTACKERS)
    ]
    attack = Attack(site, kinds)
    attack.gate.wait()
    started = time.monotonic()
    ordinary, honest = [], []
    while attack.running():
        before = time.monotonic()
        with site.connect(timeout=120) as client:
            assert client.envelope("<>", "<bob@example.com>") == "accept"
        ordinary.append(time.monotonic() - before)
        before = time.monotonic()
        assert header_of(site.give(mails.carrier())) == "stored; reports=1"
        honest.append(time.monotonic() - before)
        time.sleep(0.1)
    found = attack.results()
    peak = memory_peak(daemon.pid)
    figures = {
        "seconds": time.monotonic() - started,
        "peak_mib": peak >> 20,
        "slowest": max(waited for _, _, waited in found),
        "ordinary": max(ordinary),
        "honest": max(honest),
        "in between": len(honest),
    }
    for name, value in figures.items():
        record_property(name, round(value, 2))
    print(figures)
    assert len(found) == ATTACKERS
    for name, replies, waited in found:
        assert waited < ANSWER, (name, replies, waited)
        assert replies[-1] == "accept", (name, replies)
    assert_stayed_under(peak, MEMORY)
    assert max(ordinary) < ORDINARY
    assert max(honest) < ORDINARY


@pytest.mark.parametrize(
    "kind",
    [hostile.json_in_strings, hostile.lists_in_strings, hostile.duplicate_keys],
    ids=lambda kind: kind.__name__,
)
def test_many_small_documents(intake_site, kind, record_property):
    """Each is admitted with what it is estimated to take, and takes no more."""
    daemon = intake_site.milter()
    attack = Attack(intake_site, [kind] * 24)
    attack.gate.wait()
    found = attack.results()
    peak = memory_peak(daemon.pid)
    record_property("peak_mib", peak >> 20)
    print(f"{peak >> 20} MiB")
    assert [reply[-1].name for _, reply, _ in found] == ["accept"] * 24
    assert_stayed_under(peak, 128 << 20)


def test_many_idle_connections(intake_site):
    """What a connection has sent may stay in memory for minutes."""
    daemon = intake_site.milter()
    clients = []
    for _ in range(250):
        client = intake_site.connect()
        clients.append(client)
        client.envelope("<>", intake_site.recipient)
        for number in range(4):
            client.header(b"X-%d" % number, b"y" * 60_000)
        assert client.end_of_headers() == "continue"
        assert client.body(b"z" * 15_000) == "continue"
    assert header_of(intake_site.give(mails.carrier())) == "stored; reports=1"
    # Without a limit for all connections together it would be over 64 MiB.
    assert_stayed_under(memory_peak(daemon.pid), 56 << 20)
    for client in clients:
        client.close()


def test_large_messages_take_turns(intake_site):
    """Each message takes three times its size in memory while it is read."""
    daemon = intake_site.milter()
    attack = Attack(intake_site, [hostile.large] * 8)
    attack.gate.wait()
    found = attack.results()
    assert [reply[-1].name for _, reply, _ in found] == ["accept"] * 8
    assert_stayed_under(memory_peak(daemon.pid), 128 << 20)
