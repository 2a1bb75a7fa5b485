# SPDX-License-Identifier: MIT
"""Several mail hosts with one database, and a spool with a long backlog."""

import json
import os
import random

import pytest

from harness import mails
from harness.faults import Faults, without_sync
from harness.ledger import report
from harness.process import memory_peak
from harness.programs import is_sanitized, run
from harness.site import Site
from harness.wait import wait_for

DISCARD = {"disposition": "discard"}
BACKLOG = int(os.environ.get("BACKLOG", "1000"))


@pytest.fixture
def hosts(postgres):
    """Two installations with one database."""
    first, second = Site(postgres), Site(postgres)
    second.use_database(first.database)
    yield first, second
    second.use_database(None)
    second.close()
    first.close()


def deadlocks(site):
    return site.value(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = %s",
        site.database,
    )


def fill(site, reports):
    """Puts reports into a spool through its milter."""
    site.milter(milter=DISCARD)
    with site.connect() as client:
        for one in reports:
            replies = site.give(mails.carrier(one), client)
            assert replies[-1] == "discard"


@pytest.mark.parametrize("batch", [1, 16])
def test_two_hosts_with_the_same_reports(hosts, batch):
    """Whatever the order, each report is stored once, without a retry."""
    first, second = hosts
    reports = [report(f"{n}@same.example") for n in range(100)]
    # Some of the months have no partition yet.
    for number, one in enumerate(reports):
        day = f"2023-{1 + number % 12:02}-15"
        one["date-range"] = {
            "start-datetime": f"{day}T00:00:00Z",
            "end-datetime": f"{day}T23:59:59Z",
        }
    shuffled = list(reports)
    random.Random(4).shuffle(shuffled)
    fill(first, shuffled)
    fill(second, reversed(reports))
    daemons = [
        site.loader(ready=False, database={"batch": batch}) for site in hosts
    ]
    for site in hosts:
        wait_for(lambda site=site: not site.spooled(), "loaded", 60)
    assert first.rows(
        "SELECT count(*), min(times_received), max(times_received)"
        " FROM tlsrpt.report"
    ) == [(100, 2, 2)]
    assert first.count("policy") == first.count("failure") == 100
    assert first.value(
        "SELECT sum(failed_sessions) FROM tlsrpt.problem_history"
    ) == 200
    assert first.count("rejected_report") == 0
    assert deadlocks(first) == 0
    for daemon in daemons:
        outcomes = {line["outcome"] for line in daemon.events("loaded")}
        assert outcomes <= {"stored", "duplicate"}
        assert not daemon.events("database-down"), daemon.text()


def test_two_hosts_with_conflicting_reports(hosts):
    """Of reports with one identity and different contents, one counts."""
    first, second = hosts
    for site, failed in zip(hosts, (1, 3)):
        fill(
            site,
            [
                mails.document(
                    policies=[
                        mails.policy(
                            failed=failed,
                            details=[
                                mails.detail("certificate-expired", failed)
                            ],
                        )
                    ],
                    **{"report-id": f"{number}@same.example"},
                )
                for number in range(100)
            ],
        )
    for site in hosts:
        site.loader(ready=False, database={"batch": 7})
    for site in hosts:
        wait_for(lambda site=site: not site.spooled(), "loaded", 60)
    assert first.count("report") == 100
    assert first.count("rejected_report") == 100
    assert first.value(
        "SELECT sum(failed_sessions) FROM tlsrpt.problem_history"
    ) == first.value("SELECT sum(failed_session_count) FROM tlsrpt.failure")
    assert deadlocks(first) == 0


# A backlog; that of `make soak` is longer


def import_backlog(site, count):
    """Writes records in order with tlsrpt-import, which is fast."""
    folder = site.folder / "reports"
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:06}.json").write_text(
            json.dumps(report(f"{number:06}@backlog.example"))
        )
    config = site.config("import.conf", spool={"quota": "4G"})
    arguments = ("tlsrpt-import", "-c", config, folder)
    env = {} if is_sanitized() else without_sync()
    done = run(*arguments, folder=site.folder, timeout=600, **env)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(site.spooled()) == count


def drain_backlog(site, count):
    """Loads a backlog; checks order and listings; the peak in bytes."""
    import_backlog(site, count)
    faults = Faults(site, "tlsrpt-loader")
    site.env["tlsrpt-loader"] = faults.env
    daemon = site.loader(spool={"quota": "4G"}, database={"batch": 25})
    wait_for(lambda: not site.spooled(), "the backlog is loaded", 600)
    assert site.count("report") == count
    peak = memory_peak(daemon.pid)
    loaded = [line["record"] for line in daemon.events("loaded")]
    assert len(loaded) == count
    assert loaded == sorted(loaded), "not the oldest first"
    return peak, faults.calls()["list"]


def test_backlog(site, record_property):
    """Oldest first, with few listings of the folder, in bounded memory."""
    peak, listings = drain_backlog(site, BACKLOG)
    record_property("figures", f"{peak >> 10} kB, {listings} listings")
    # At the start, quota and purge list the folders, too.
    assert listings <= 8, listings
    assert is_sanitized() or peak < 32_000 << 10, peak


def test_a_backlog_of_one_submitter_holds_up_nobody_else(site):
    """Submitters take turns, each with its oldest report first."""
    def reports(submitter, count):
        return [
            report(f"{number:03}@{submitter}")
            | {"contact-info": f"tls@{submitter}"}
            for number in range(count)
        ]

    fill(site, reports("a.example", 60) + reports("b.example", 3))
    daemon = site.loader(database={"batch": 5})
    wait_for(lambda: not site.spooled(), "all are loaded", 60)
    loaded = [line["report-id"] for line in daemon.events("loaded")]
    ours = {
        submitter: [name for name in loaded if name.endswith(submitter)]
        for submitter in ("a.example", "b.example")
    }
    assert all(names == sorted(names) for names in ours.values()), loaded
    assert loaded.index("002@b.example") <= 6, loaded
