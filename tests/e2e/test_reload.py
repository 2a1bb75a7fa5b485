# SPDX-License-Identifier: MIT
"""SIGUSR1: either the whole new configuration applies, or the whole old one."""

import signal

import pytest

from harness import mails
from harness.ledger import Ledger, judge
from harness.milter import names
from harness.site import LOADER
from harness.wait import holds_for, wait_for

DISCARD = {"disposition": "discard"}
OTHER = "<bob@example.com>"


def reload(daemon, event="reloaded"):
    """Sends SIGUSR1; returns the log line with the result."""
    count = len(daemon.events(event))
    daemon.signal(signal.SIGUSR1)
    return daemon.wait_event(event, count + 1)[-1]


def begin(client, site, raw):
    """Sends a message up to the middle of its body; returns the rest."""
    client.envelope("<a@b.example>", site.recipient)
    body = client.fields(raw)
    client.end_of_headers()
    client.body(body[:200])
    return body[200:]


def give(site, recipient=None, raw=None):
    """Sends a message; returns the names of the replies, or of the reply that
    ended it early."""
    with site.connect() as client:
        reply = client.envelope("<a@b.example>", recipient or site.recipient)
        if reply == "accept":
            return ["accept"]
        return names(client.message(raw or mails.carrier()))


@pytest.mark.parametrize("first", ["keep", "discard"])
def test_a_message_in_flight_keeps_its_configuration(intake_site, first):
    site = intake_site
    second = "discard" if first == "keep" else "keep"
    answer = {"keep": ["addheader", "accept"], "discard": ["discard"]}
    daemon = site.milter(milter={"disposition": first})
    with site.connect() as client:
        rest = begin(client, site, mails.carrier())
        site.config("milter.conf", milter={"disposition": second})
        reload(daemon)
        # Meanwhile, a new connection gets the new configuration.
        assert give(site) == answer[second]
        client.body(rest)
        assert names(client.end()) == answer[first]
    assert give(site) == answer[second]
    assert len(site.spooled()) == 3


def test_recipients_change_as_a_whole(intake_site):
    """Neither the old address nor the old limits remain in force."""
    site = intake_site
    daemon = site.milter(milter=DISCARD)
    with site.connect() as client:
        rest = begin(client, site, mails.carrier())
        site.config(
            "milter.conf",
            milter={"recipients": [OTHER.strip("<>")], "add-header": False},
            limits={"policies": 1},
        )
        reload(daemon)
        client.body(rest)
        assert names(client.end()) == ["discard"]
        # The next message on this connection gets the new configuration.
        assert client.envelope("<>", site.recipient) == "accept"
    assert give(site) == ["accept"]
    assert give(site, OTHER) == ["accept"]
    assert len(site.spooled()) == 2
    twice = mails.document(policies=[mails.policy(), mails.policy()])
    assert give(site, OTHER, mails.carrier(twice)) == ["accept"]
    line = daemon.wait_event("invalid")[0]
    assert "limits.policies" in line["reason"], line


def test_quota_changes(intake_site):
    site = intake_site
    daemon = site.milter(milter=DISCARD)
    assert give(site) == ["discard"]
    site.config(
        "milter.conf",
        milter={**DISCARD, "on-spool-error": "tempfail"},
        spool={"quota": "1M"},
    )
    (site.spool / "bad" / "1.2.3").write_bytes(b"x" * 1_100_000)
    reload(daemon)
    wait_for(lambda: give(site) == ["replycode"], "the quota is in force")
    (site.spool / "bad" / "1.2.3").unlink()
    wait_for(lambda: give(site) == ["discard"], "there is room again")


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ("[milter]\nnonsense = 1\n", "nonsense"),
        ("[milter]\ndisposition = discard\n", "recipients"),
        ("[limits]\njson-depth = -1\n", "json-depth"),
        ("[milter\n", "milter"),
        (None, "milter.conf"),
    ],
)
def test_milter_refuses_a_wrong_file(intake_site, wrong, word):
    site = intake_site
    daemon = site.milter(milter=DISCARD)
    path = site.folder / "milter.conf"
    if wrong is None:
        path.unlink()
    else:
        path.write_text(wrong)
    line = reload(daemon, "reload-refused")
    assert word in line["reason"], line
    assert "stays in use" in line["reason"]
    assert give(site) == ["discard"]
    assert "READY=1" in daemon.notify.collect()
    # A correct configuration is accepted after that.
    site.config("milter.conf")
    reload(daemon)
    assert give(site) == ["addheader", "accept"]


@pytest.mark.parametrize(
    ("section", "key"), [("milter", "socket"), ("spool", "directory")]
)
def test_milter_refuses_what_can_not_change(intake_site, section, key):
    """Nothing else in the same file is accepted either."""
    site = intake_site
    daemon = site.milter(milter=DISCARD)
    sections = {"milter": {"disposition": "keep"}, "spool": {}}
    sections[section][key] = f"unix:{site.folder}/other"
    if section == "spool":
        sections[section][key] = str(site.folder / "other")
    site.config("milter.conf", **sections)
    line = reload(daemon, "reload-refused")
    assert f"{section}.{key}" in line["reason"], line
    assert give(site) == ["discard"]
    assert len(site.spooled()) == 1
    assert not (site.folder / "other").exists()


def test_many_reloads_under_load(intake_site):
    """Each answer follows one of the two configurations, and none is lost."""
    site = intake_site
    daemon = site.milter(milter=DISCARD)
    ledger = Ledger(site)
    for number in range(40):
        disposition = "keep" if number % 2 else "discard"
        site.config("milter.conf", milter={"disposition": disposition})
        daemon.signal(signal.SIGUSR1)
        assert ledger.send() == "stored"
        with site.connect() as client:
            rest = begin(client, site, mails.carrier())
            daemon.signal(signal.SIGUSR1)
            client.body(rest)
            assert judge(client.end()) == "stored"
    assert len(site.spooled()) == 80
    assert not daemon.events("reload-refused")


def test_loader_takes_another_database(site):
    site.milter(milter=DISCARD)
    daemon = site.loader()
    ledger = Ledger(site)
    assert ledger.send() == "stored"
    site.wait_count("report", 1)
    old, new = site.database, site.postgres.create_database("tlsrpt_template")
    try:
        site.config(
            "loader.conf",
            database={"conninfo": site.postgres.dsn(new, LOADER)},
        )
        reload(daemon)
        assert ledger.send() == "stored"
        wait_for(
            lambda: site.postgres.query(
                new, "SELECT count(*) FROM tlsrpt.report"
            )
            == [(1,)],
            "the second report is in the new database",
        )
        assert site.count("report") == 1
        assert site.database == old
    finally:
        site.postgres.drop_database(new)


def test_loader_finishes_its_batch_under_the_old_one(site):
    """A batch that was sent to one database is not sent to another while the
    first may still commit it."""
    site.milter(milter=DISCARD)
    daemon = site.loader()
    ledger = Ledger(site)
    ledger.send()
    site.wait_count("report", 1)
    new = site.postgres.create_database("tlsrpt_template")
    try:
        with site.postgres.connect(site.database) as other:
            with other.transaction(force_rollback=True):
                other.execute("LOCK TABLE tlsrpt.report")
                ledger.send()
                wait_for(
                    lambda: site.rows(
                        "SELECT 1 FROM pg_stat_activity WHERE usename = %s"
                        " AND wait_event_type = 'Lock'",
                        LOADER,
                    ),
                    "the loader waits for the lock",
                )
                site.config(
                    "loader.conf",
                    database={"conninfo": site.postgres.dsn(new, LOADER)},
                )
                reload(daemon)
        site.wait_count("report", 2)
        wait_for(lambda: not site.spooled(), "the batch is done")
        assert site.postgres.query(
            new, "SELECT count(*) FROM tlsrpt.report"
        ) == [(0,)]
    finally:
        site.postgres.drop_database(new)


def test_loader_tries_at_once_after_a_reload(site):
    """With the configuration fixed, nobody waits for the pause to end."""
    site.milter(milter=DISCARD)
    daemon = site.loader(
        database={"conninfo": site.postgres.dsn("no_such_database", LOADER)}
    )
    ledger = Ledger(site)
    ledger.send()
    daemon.wait_event("database-down")
    holds_for(lambda: site.spooled(), "the spool keeps it", 2.5)
    site.config("loader.conf")
    reload(daemon)
    wait_for(lambda: not site.spooled(), "loaded at once", 2)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"database": {"batch": 0}}, "batch"),
        ({"database": {"conninfo": "host=x password=y"}}, "password"),
        ({"spool": {"directory": "/nowhere/else"}}, "spool.directory"),
        ({"nonsense": {"x": 1}}, "nonsense"),
    ],
)
def test_loader_refuses(site, change, word):
    site.milter(milter=DISCARD)
    daemon = site.loader()
    ledger = Ledger(site)
    change.setdefault("database", {}).setdefault("conninfo", "dbname=nowhere")
    site.config("loader.conf", **change)
    line = reload(daemon, "reload-refused")
    assert word in line["reason"], line
    ledger.send()
    site.wait_count("report", 1)
    assert not daemon.events("database-down")
