# SPDX-License-Identifier: MIT
"""From the spool to the tables, whatever happens at either end."""

import contextlib
import datetime
import json
import os
import random
import re
import shutil
import signal
import socket
import time

import pytest

from harness import mails, programs
from harness.folder import is_root
from harness.postfix import split_trace
from harness.process import Child
from harness.site import LOADER
from harness.wait import holds_for, wait_for

DISCARD = {"disposition": "discard"}
REFUSED = "Refused Inc."


def problem_lines(daemon):
    """Log lines about problems, which are neither a start nor a success."""
    usual = {"started", "stopped", "batch", "loaded", "reloaded"}
    return [line for line in daemon.events() if line["event"] not in usual]


def test_ten_reports_while_the_loader_is_stopped(mail_site, record_property):
    mail_site.milter(milter=DISCARD)
    for _ in range(10):
        mail_site.send(mails.carrier())
    assert len(mail_site.spooled()) == 10
    assert mail_site.count("report") == 0
    start = time.monotonic()
    mail_site.loader()
    mail_site.wait_count("report", 10)
    seconds = time.monotonic() - start
    record_property("seconds", seconds)
    # One second on an idle machine; more for sanitizers on a loaded one.
    assert seconds < 10, f"{seconds:.2f} s"
    wait_for(lambda: not mail_site.spooled(), "the spool is empty")


def test_a_report_is_loaded_at_once(site, record_property):
    """The loader uses inotify and doesn't poll."""
    site.milter(milter=DISCARD)
    site.loader()
    site.give_reports()
    site.wait_count("report", 1)
    times = []
    for count in range(2, 7):
        start = time.monotonic()
        site.give_reports()
        site.wait_count("report", count)
        times.append(time.monotonic() - start)
    record_property("seconds", min(times))
    assert min(times) < 1, times


def test_batches(site):
    """Many records, few commits: each once, in batches of the configured size."""
    site.milter(milter=DISCARD)
    site.give_reports(60)
    site.drain(database={"batch": 25})
    assert site.count("report") == 60
    assert site.spooled() == []


def wait_one_problem(daemon):
    """Waits for the one line that says what is wrong. Retries repeat none."""
    wait_for(lambda: problem_lines(daemon), "the loader says what is wrong")
    holds_for(
        lambda: len(problem_lines(daemon)) == 1,
        f"one line only:\n{daemon.text()}",
        4.0,
    )
    return problem_lines(daemon)[0]


def test_database_down_at_start(mail_site):
    """The milter works, the spool fills, one line is logged; later it drains."""
    config = mail_site.config("loader.conf")
    mail_site.postgres.stop()
    mail_site.milter(milter=DISCARD)
    daemon = programs.Daemon("tlsrpt-loader", mail_site.folder, config)
    mail_site.daemons.append(daemon)
    daemon.wait_ready()
    for _ in range(5):
        code, text = mail_site.send(mails.carrier())
        assert code == 250, text
    assert mail_site.delivered() == []
    line = wait_one_problem(daemon)
    assert "reason" in line, line
    assert len(mail_site.spooled()) == 5
    mail_site.postgres.start()
    mail_site.wait_count("report", 5)
    wait_for(lambda: not mail_site.spooled(), "the spool is empty")


def test_schema_missing_at_start(site):
    """The daemon never creates the schema: it logs that once, and waits."""
    empty = site.postgres.create_database(prefix="empty")
    site.use_database(empty)
    site.milter(milter=DISCARD)
    daemon = site.loader()
    site.give_reports(3)
    line = wait_one_problem(daemon)
    assert "--migrate" in line["reason"], line
    assert len(site.spooled()) == 3
    assert site.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'tlsrpt'") == []
    done = site.run_loader("--migrate", user="postgres")
    assert done.returncode == 0, done.stderr
    # The pause after a problem that needs an operator may be a minute.
    wait_for(lambda: site.count("report") == 3, "the spool drains", 90)


def test_migrate_twice_changes_nothing(site):
    before = site.rows("SELECT * FROM tlsrpt.schema_version ORDER BY version")
    assert before
    done = site.run_loader("--migrate", user="postgres")
    assert done.returncode == 0, done.stderr
    after = site.rows("SELECT * FROM tlsrpt.schema_version ORDER BY version")
    assert after == before


def test_an_owner_without_rights_beyond_its_database(site):
    """As in the README, the owner can't log in or create roles."""
    postgres = site.postgres
    postgres.query("postgres", "CREATE ROLE tlsrpt_owner")
    postgres.query("postgres", "CREATE DATABASE owned OWNER tlsrpt_owner")
    site.use_database("owned")
    try:
        config = site.config("owner.conf", user="postgres")
        done = programs.run(
            "tlsrpt-loader",
            *("-c", config, "--migrate"),
            folder=site.folder,
            PGOPTIONS="-c role=tlsrpt_owner",
        )
        assert done.returncode == 0, done.stderr
        assert site.rows(
            "SELECT DISTINCT proowner::regrole::text FROM pg_proc"
            " WHERE pronamespace = 'tlsrpt'::regnamespace"
        ) == [("tlsrpt_owner",)]
        site.milter(milter=DISCARD)
        site.give_reports(3)
        site.drain()
        assert site.count("report") == 3
        site.rows("SELECT tlsrpt.set_retention('25 months')")
        site.rows("SELECT tlsrpt.apply_retention()")
    finally:
        postgres.drop_database("owned")
        site.use_database(None)
        postgres.query("postgres", "DROP ROLE tlsrpt_owner")


def test_the_loader_role_suffices_and_can_do_nothing_else(site):
    site.milter(milter=DISCARD)
    site.give_reports()
    site.drain()
    assert site.count("report") == 1
    for statement in (
        "SELECT * FROM tlsrpt.report",
        "INSERT INTO tlsrpt.result_type VALUES ('x')",
        "DELETE FROM tlsrpt.report",
        "CREATE TABLE tlsrpt.mine (x int)",
        "CREATE TABLE public.mine (x int)",
    ):
        code, output = site.postgres.psql(
            site.database, "-qc", statement, user=LOADER
        )
        assert code != 0 and "permission denied" in output, statement


def test_duplicates(site):
    report = mails.document(mails.MICROSOFT)
    site.milter(milter=DISCARD)
    # A document is the same if it is only written or compressed differently.
    other_text = dict(reversed(list(report.items())))
    plain = {"compress": False}
    for mail in (
        mails.carrier(report, mails.MICROSOFT),
        mails.carrier(other_text, mails.MICROSOFT),
        mails.carrier(report, mails.MICROSOFT, part_options=plain),
    ):
        site.give(mail)
    site.drain()
    site.give(mails.carrier(report, mails.MICROSOFT))
    site.drain()
    assert site.rows("SELECT times_received FROM tlsrpt.report") == [(4,)]
    assert site.count("policy") == 1
    assert site.count("rejected_report") == 0


def test_a_report_that_names_no_submitter_comes_by_three_ways(site):
    """By mail, through a list that puts its own address into From, and as a
    file it is the same report."""
    document = mails.unique()
    del document["contact-info"]
    list_ = mails.Sender(
        "A list", "list.example", None, "", "reports@list.example"
    )
    site.milter(milter=DISCARD)
    site.give(mails.carrier(document))
    site.give(mails.carrier(document, list_))
    site.take_in(document)
    assert site.rows("SELECT times_received FROM tlsrpt.report") == [(3,)]
    assert site.value(
        "SELECT sum(total_successful_session_count) FROM tlsrpt.policy"
    ) == 10
    other = dict(document, policies=[mails.policy(successful=11)])
    site.take_in(other)
    assert site.count("report") == 2


def test_conflict(site):
    """Of two reports with one identity and different content the first stays."""
    first = mails.document()
    second = mails.document(policies=[mails.policy(successful=99)])
    assert first["report-id"] == second["report-id"]
    site.milter(milter=DISCARD)
    site.give(mails.carrier(first))
    site.drain()
    site.give(mails.carrier(second))
    site.drain()
    assert site.value(
        "SELECT sum(total_successful_session_count) FROM tlsrpt.policy"
    ) == 10
    rows = site.rows(
        "SELECT reason, l.document #>> '{policies,0,summary,"
        "total-successful-session-count}', conflicts_with = report_key"
        " FROM tlsrpt.rejected_report l, tlsrpt.report"
    )
    assert rows == [("conflict", "99", True)]


def test_an_authenticated_report_replaces_another(site):
    forged = mails.document(policies=[mails.policy(successful=99)])
    genuine = mails.document(
        policies=[
            mails.policy(
                failed=2, details=[mails.detail("certificate-expired", 2)]
            )
        ]
    )
    site.milter(
        milter=DISCARD, accept={"authserv-ids": ["mx.example.com"]}
    )
    claim = (
        "Authentication-Results",
        "mx.example.com; dkim=pass header.d=google.com",
    )
    for raw in (
        mails.carrier(forged),
        mails.carrier(genuine, extra=[claim]),
        mails.carrier(forged),
    ):
        site.give(raw)
        site.drain()
    assert site.rows(
        "SELECT authenticated, total_successful_session_count,"
        " (SELECT count(*) FROM tlsrpt.failure)"
        " FROM tlsrpt.report JOIN tlsrpt.policy USING (report_key, day)"
    ) == [(True, 10, 1)]
    assert site.count("rejected_report") == 2


def test_database_restarts(site):
    site.milter(milter=DISCARD)
    daemon = site.loader()
    site.give_reports()
    site.wait_count("report", 1)
    site.postgres.restart()
    site.give_reports()
    wait_for(lambda: site.count("report") == 2, "loaded after a restart")
    site.postgres.kill9()
    site.give_reports(2)
    site.postgres.start()
    wait_for(lambda: site.count("report") == 4, "loaded after a crash")
    assert daemon.running()
    assert site.value("SELECT max(times_received) FROM tlsrpt.report") <= 2


def test_loader_is_killed_in_between(site):
    """At whatever moment the loader dies, each report is there once."""
    site.milter(milter=DISCARD)
    site.give_reports(150)
    for _ in range(6):
        daemon = site.loader(ready=False, database={"batch": 5})
        before = site.count("report")
        wait_for(
            lambda: site.count("report") > before or not site.spooled(),
            "some are loaded",
        )
        daemon.kill9()
        site.daemons.remove(daemon)
    site.loader()
    wait_for(lambda: not site.spooled(), "the spool is empty")
    assert site.count("report") == 150
    assert site.count("policy") == 150
    assert site.value("SELECT count(DISTINCT identity) FROM tlsrpt.report") == 150


def test_milter_is_killed_in_between(site):
    """The reports of every discarded mail are on disk."""
    daemon = site.milter(milter=DISCARD)
    site.give_reports(5)
    daemon.kill9()
    site.daemons.remove(daemon)
    site.drain()
    assert site.count("report") == 5


def refuse(site):
    site.rows(
        "ALTER TABLE tlsrpt.report ADD CONSTRAINT not_refused"
        f" CHECK (organization_name <> '{REFUSED}')"
    )


def test_refused_record_is_set_aside(site):
    """A record that PostgreSQL refuses blocks nothing, and waits in bad."""
    site.milter(milter=DISCARD)
    refuse(site)
    site.give_reports(5)
    site.give_reports(1, **{"organization-name": REFUSED})
    site.give_reports(5)
    daemon = site.loader()
    site.wait_count("report", 10)
    wait_for(lambda: not site.spooled(), "new is empty")
    bad = site.spooled("bad")
    records = [name for name in bad if not name.endswith(".reason")]
    assert len(records) == 1
    assert f"{records[0]}.reason" in bad
    reason = (site.spool / "bad" / f"{records[0]}.reason").read_text()
    assert "not_refused" in reason or "23514" in reason, reason
    # The record is not tried again automatically.
    holds_for(lambda: site.count("report") == 10, "bad is left alone", 1.0)
    site.rows("ALTER TABLE tlsrpt.report DROP CONSTRAINT not_refused")
    daemon.stop()
    site.daemons.remove(daemon)
    done = site.run_loader("--retry-bad")
    assert done.returncode == 0, done.stderr
    assert site.spooled("bad") == []
    site.drain()
    assert site.count("report") == 11
    assert site.spooled() == []


def test_retry_bad_while_the_loader_runs(site):
    site.milter(milter=DISCARD)
    refuse(site)
    site.give_reports(1, **{"organization-name": REFUSED})
    site.loader()
    wait_for(lambda: site.spooled("bad"), "the record is in bad")
    wait_for(lambda: not site.spooled(), "new is empty")
    site.rows("ALTER TABLE tlsrpt.report DROP CONSTRAINT not_refused")
    done = site.run_loader("--retry-bad")
    assert done.returncode == 0, done.stderr
    site.wait_count("report", 1)


def test_retry_bad_at_any_moment_loses_nothing(site):
    """This holds even while the same record is being set aside again."""
    site.milter(milter=DISCARD)
    refuse(site)
    site.give_reports(20, **{"organization-name": REFUSED})
    site.loader()
    for _ in range(100):
        done = site.run_loader("--retry-bad")
        assert done.returncode == 0, done.stderr
    site.rows("ALTER TABLE tlsrpt.report DROP CONSTRAINT not_refused")

    def loaded():
        assert site.run_loader("--retry-bad").returncode == 0
        return site.count("report") == 20

    wait_for(loaded, "each of them is loaded", 20)


def test_damaged_record_is_set_aside(site):
    site.milter(milter=DISCARD)
    site.give_reports(2)
    victim = site.spool / "new" / site.spooled()[0]
    victim.write_bytes(victim.read_bytes()[:-20])
    done = site.run_loader("--drain")
    assert done.returncode == 0, done.stderr
    assert site.count("report") == 1
    assert site.spooled() == []
    assert victim.name in site.spooled("bad")


def test_what_can_not_be_a_record_is_set_aside(site):
    """A file of 4 GB without content, a pipe, a folder and a link fill nothing
    and hold up nothing: they are set aside, each with its reason."""
    site.milter(
        milter={**DISCARD, "on-spool-error": "tempfail"}, spool={"quota": "1M"}
    )
    site.give_reports(1)
    new = site.spool / "new"
    with open(new / "sparse", "wb") as file:
        file.truncate(4 << 30)
    with open(new / "small-sparse", "wb") as file:
        file.truncate(1 << 20)
    os.mkfifo(new / "pipe")
    (new / "folder").mkdir()
    (new / "link").symlink_to("/etc/passwd")
    site.give_reports(1)
    assert len(site.spooled()) == 7
    site.loader(spool={"quota": "1M"})
    wait_for(lambda: not site.spooled(), "new is empty")
    assert site.count("report") == 2
    reasons = {
        path.name.removesuffix(".reason"): path.read_text()
        for path in (site.spool / "bad").glob("*.reason")
    }
    assert "larger than" in reasons["sparse"]
    assert "never written" in reasons["small-sparse"]
    for name in ("pipe", "folder", "link"):
        assert "not a regular file" in reasons[name]
    site.give_reports(1)
    site.wait_count("report", 3)


def test_status(site):
    site.milter(milter=DISCARD)
    site.give_reports(7)
    done = site.run_loader("--status")
    assert done.returncode == 0, done.stderr
    assert re.search(r"\b7\b", done.stdout), done.stdout
    site.drain()
    done = site.run_loader("--status")
    assert not re.search(r"\b7\b", done.stdout), done.stdout


def test_status_as_json(site):
    site.milter(milter=DISCARD)
    site.give_reports(3)

    def status():
        done = site.run_loader("--status", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    before = status()
    assert before["spool"]["records"] == 3
    assert before["spool"]["oldest"] and before["spool"]["bytes"] > 0
    assert before["database"]["reachable"] is True
    needed = before["database"]["schema_version_needed"]
    assert before["database"]["schema_version"] == needed > 0
    assert before["last_load"] is None
    assert "last load never" in site.run_loader("--status").stdout
    start = int(time.time())
    site.drain()
    after = status()
    assert after["spool"]["records"] == 0
    assert after["spool"]["oldest"] is None
    last = datetime.datetime.fromisoformat(after["last_load"])
    assert start <= last.timestamp() <= time.time()
    assert re.search(
        r"last load \d{4}-\S+, \d+ s ago", site.run_loader("--status").stdout
    )
    # A run that finds nothing does not count as a load.
    time.sleep(1.1)
    site.drain()
    assert status()["last_load"] == after["last_load"]


def test_status_with_the_database_down(site):
    """The state of the spool is always printed."""
    site.milter(milter=DISCARD)
    site.give_reports(7)
    config = site.config("status.conf")
    site.postgres.stop()
    done = programs.run(
        "tlsrpt-loader", "-c", config, "--status", folder=site.folder
    )
    assert re.search(r"\b7\b", done.stdout), done.stdout + done.stderr


def test_status_is_an_alarm(site):
    """The exit code isn't 0 if records wait for long or are set aside, whether
    the database is up or not."""
    site.milter(milter=DISCARD)
    site.give_reports(2)
    old = site.spool / "new" / site.spooled()[0]
    os.utime(old, (time.time() - 3500,) * 2)
    assert site.run_loader("--status").returncode == 0
    os.utime(old, (time.time() - 3700,) * 2)
    assert site.run_loader("--status").returncode == os.EX_TEMPFAIL
    site.drain()
    assert site.run_loader("--status").returncode == 0
    (site.spool / "new" / "damaged").write_bytes(b"?")
    site.drain()
    done = site.run_loader("--status", "--json")
    assert done.returncode == os.EX_TEMPFAIL
    assert json.loads(done.stdout)["spool"]["bad"] == 1


def test_status_of_a_full_spool(site):
    """With the quota used up, --status says how full the spool is and whether a
    loader runs, and isn't 0."""
    quota = {"quota": "1M"}
    site.milter(milter={"on-spool-error": "tempfail"}, spool=quota)
    sizes = []
    while not sizes or answers[-1] != "replycode":
        padded = mails.document()
        padded["x"] = "".join(random.choices("abcdefgh", k=60_000))
        sizes.append(len(site.spooled()))
        answers = [
            reply.name
            for reply in site.give(
                mails.carrier(padded, part_options={"compress": False})
            )
        ]
        assert len(sizes) < 30, answers

    def status():
        done = site.run_loader("--status", "--json", spool=quota)
        return done.returncode, json.loads(done.stdout)["spool"]

    code, found = status()
    assert code == os.EX_TEMPFAIL
    assert found["records"] == len(site.spooled())
    assert found["quota"] == 1 << 20
    assert 80 <= found["percent_used"] <= 100
    assert found["loader_running"] is False
    text = site.run_loader("--status", spool=quota).stdout
    assert f"{found['percent_used']} per cent of 1048576 bytes used" in text
    assert "loader    not running" in text
    site.loader(spool=quota)
    wait_for(lambda: not site.spooled(), "the spool is empty")
    code, found = status()
    assert code == 0
    assert found["loader_running"] is True
    assert found["percent_used"] == 0
    assert "loader    running" in site.run_loader("--status", spool=quota).stdout


def test_a_mistyped_spool_is_not_made(site):
    wrong = {"directory": str(site.folder / "spoool")}
    done = site.run_loader("--status", "--json", spool=wrong)
    assert done.returncode == programs.EX_NOINPUT, done.stderr
    found = json.loads(done.stdout)
    assert "spoool: No such file" in found["spool"]["error"]
    # Everything else is printed all the same.
    assert found["database"]["reachable"] is True
    done = site.run_loader("--status", spool=wrong)
    assert "spoool: No such file" in done.stdout
    done = site.run_loader("--retry-bad", spool=wrong)
    assert done.returncode == programs.EX_NOINPUT
    assert "spoool: No such file" in done.stderr
    assert not (site.folder / "spoool").exists()


@pytest.mark.parametrize("option", ["--migrate", "--status"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_what_serves_nobody(site, option, number):
    """A signal ends these commands while PostgreSQL does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config = site.config(
            "silent.conf",
            database={"conninfo": f"host=127.0.0.1 port={port} dbname=x"},
        )
        # If the tests run in the background, SIGINT is ignored.
        child = Child(
            ["env", "--default-signal=INT"]
            + [programs.program("tlsrpt-loader"), "-c", config, option],
            site.folder / "silent.log",
            cwd=site.folder,
            env=programs.environment(site.folder),
        )
        with server.accept()[0]:
            child.send(number)
            assert child.wait(5) == -number


def test_a_drain_that_is_stopped_has_not_drained(site):
    """This holds even if the server's answer comes too late."""
    site.milter(milter=DISCARD)
    site.give_reports(2)
    config = site.config("drain.conf")
    log = site.folder / "drain.log"
    with site.postgres.connect(site.database) as other, other.transaction():
        other.execute("LOCK TABLE tlsrpt.report")
        child = Child(
            [programs.program("tlsrpt-loader"), "-c", config, "--drain"],
            log,
            cwd=site.folder,
            env=programs.environment(site.folder),
        )
        wait_for(
            lambda: site.value("SELECT count(*) FROM pg_locks WHERE NOT granted"),
            "it waits for the lock",
        )
        child.send(signal.SIGTERM)
        time.sleep(1)
        # A SIGUSR2 from outside must not be taken for the end of the batch.
        child.send(signal.SIGUSR2)
        assert child.wait(30) == os.EX_TEMPFAIL
    assert "event=stopped-early" in log.read_text()
    assert len(site.spooled()) == 2
    site.drain()
    assert site.count("report") == 2


def test_drain_with_the_database_down(site):
    site.milter(milter=DISCARD)
    site.give_reports(2)
    config = site.config("drain.conf")
    site.postgres.stop()
    done = programs.run(
        "tlsrpt-loader", "-c", config, "--drain", folder=site.folder
    )
    assert done.returncode == programs.EX_UNAVAILABLE, done.stderr
    assert len(site.spooled()) == 2


def test_one_loader_a_spool(site):
    site.loader()
    done = site.run_loader("--drain")
    assert done.returncode not in (0, 70, -6, -11), done.stderr
    assert "loader" in done.stderr, done.stderr


def test_sigterm_ends_an_idle_loader_at_once(site):
    daemon = site.loader()
    start = time.monotonic()
    daemon.stop()
    site.daemons.remove(daemon)
    assert time.monotonic() - start < 10


def test_sigterm_ends_a_loader_without_database(site):
    config = site.config("loader.conf")
    site.postgres.stop()
    daemon = programs.Daemon("tlsrpt-loader", site.folder, config)
    site.daemons.append(daemon)
    daemon.wait_ready()
    wait_for(lambda: problem_lines(daemon), "it has tried")
    daemon.stop()
    site.daemons.remove(daemon)


def test_days_are_utc(site):
    """A report has the UTC date on which its period ends, in any session's time
    zone."""
    site.milter(milter=DISCARD)
    period = {
        "start-datetime": "2026-03-01T01:30:00+02:00",
        "end-datetime": "2026-03-02T01:29:59+02:00",
    }
    site.give(mails.carrier(mails.unique(**{"date-range": period})))
    site.drain()
    assert site.value("SELECT day::text FROM tlsrpt.report") == "2026-03-01"
    for table in ("policy", "report"):
        assert site.value(f"SELECT min(day)::text FROM tlsrpt.{table}") == (
            "2026-03-01"
        )


def test_everything_of_a_report_is_in_the_rows(site):
    """The rows have all fields of RFC 8460 section 4.4, and the document."""
    details = [
        mails.detail(
            "certificate-expired",
            3,
            **{
                "receiving-mx-helo": "helo.example.com",
                "additional-information": "https://mail.example/why?a=b",
                "failure-reason-code": "X509_V_ERR_CERT_HAS_EXPIRED",
                "sending-mta-ip": "2001:DB8::1",
            },
        ),
        {"result-type": "sts-policy-invalid", "failed-session-count": 1},
    ]
    report = mails.unique(
        policies=[
            mails.policy(successful=5, failed=4, details=details),
            mails.policy("mx2.example.com", "tlsa", successful=7),
            mails.policy("example.com", "no-policy-found", successful=1),
        ],
        **{"x-more": ["kept"]},
    )
    site.milter(milter=DISCARD)
    site.give(mails.carrier(report))
    site.drain()
    assert site.value("SELECT document FROM tlsrpt.report") == report
    assert site.rows(
        "SELECT policy_type, policy_mode, policy_domain, policy_string,"
        " mx_host, total_successful_session_count,"
        " total_failure_session_count, organization_name"
        " FROM tlsrpt.policy ORDER BY policy_type"
    ) == [
        ("no-policy-found", None, "example.com", [], [], 1, 0, "Google Inc."),
        (
            "sts",
            "enforce",
            "example.com",
            report["policies"][0]["policy"]["policy-string"],
            ["mx1.example.com"],
            5,
            4,
            "Google Inc.",
        ),
        (
            "tlsa",
            None,
            "mx2.example.com",
            report["policies"][1]["policy"]["policy-string"],
            [],
            7,
            0,
            "Google Inc.",
        ),
    ]
    assert site.rows(
        "SELECT policy_domain, result_type, host(sending_mta_ip),"
        " receiving_mx_hostname, receiving_mx_helo, host(receiving_ip),"
        " failed_session_count, additional_information, failure_reason_code"
        " FROM tlsrpt.failure ORDER BY result_type"
    ) == [
        (
            "example.com",
            "certificate-expired",
            "2001:db8::1",
            "mx1.example.com",
            "helo.example.com",
            "198.51.100.5",
            3,
            "https://mail.example/why?a=b",
            "X509_V_ERR_CERT_HAS_EXPIRED",
        ),
        ("example.com", "sts-policy-invalid", None, None, None, None, 1)
        + (None, None),
    ]


def listens(address):
    with contextlib.suppress(OSError), programs.connect(address):
        return True
    return False


def test_two_users_share_the_spool(site):
    """Milter and loader run as different users of one group, as installed."""
    if is_root():
        group, milter_user, loader_user = 61000, 61001, 61002
    else:
        group, milter_user, loader_user = os.getgid(), os.getuid(), os.getuid()
    binaries = site.folder / "bin"
    binaries.mkdir()
    for name in ("tlsrpt-milter", "tlsrpt-loader"):
        shutil.copy2(programs.program(name), binaries / name)
    config = site.config("two.conf", milter=DISCARD)
    site.folder.chmod(0o775)
    if is_root():
        os.chown(site.folder, 0, group)
        os.chown(site.spool, milter_user, group)
    site.spool.chmod(0o2770)

    env = programs.environment(site.folder)
    children = []
    try:
        for name, uid in (
            ("tlsrpt-milter", milter_user),
            ("tlsrpt-loader", loader_user),
        ):
            children.append(
                Child(
                    [binaries / name, "-c", config],
                    site.folder / f"{name}.two.log",
                    user=(uid, group) if is_root() else None,
                    cwd=site.folder,
                    env=env,
                )
            )
            if name == "tlsrpt-milter":
                wait_for(lambda: listens(site.socket), "the milter listens")
                site.give_reports(3)
                files = [site.spool / "new" / one for one in site.spooled()]
                assert len(files) == 3
                for file in files:
                    assert file.stat().st_mode & 0o777 == 0o640
                    assert file.stat().st_gid == group
        site.wait_count("report", 3)
        wait_for(lambda: not site.spooled(), "the loader may remove them")
    finally:
        codes = [child.stop(signal.SIGTERM) for child in children]
    assert codes == [0] * len(codes)


def test_mail_and_loader_together(mail_site):
    """The whole path at once: Postfix, milter, spool, loader, tables."""
    mail_site.milter(milter=DISCARD)
    mail_site.loader()
    for result_type in mails.RESULT_TYPES:
        report = mails.document(
            mails.MICROSOFT,
            policies=[
                mails.policy(
                    failed=2, details=[mails.detail(result_type, 2)]
                )
            ],
        )
        mail_site.send(mails.carrier(report, mails.MICROSOFT))
    ordinary = mails.ordinary_mails()["plain"]
    mail_site.send(ordinary, mail_site.address("bob"))
    mail_site.wait_count("report", 11)
    mail_site.postfix.wait_empty()
    delivered = mail_site.postfix.mailbox(f"bob{mail_site.number}")
    assert [split_trace(mail)[1] for mail in delivered] == [
        mails.lines_as_delivered(ordinary)
    ]
    assert mail_site.delivered() == []
    assert mail_site.rows(
        "SELECT result_type, sum(failed_session_count)"
        " FROM tlsrpt.failure GROUP BY 1 ORDER BY 1"
    ) == [(name, 2) for name in sorted(mails.RESULT_TYPES)]
    assert mail_site.rows(
        "SELECT DISTINCT result_type FROM tlsrpt.result_type ORDER BY 1"
    ) == [(name,) for name in sorted(mails.RESULT_TYPES)]
