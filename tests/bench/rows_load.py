# SPDX-License-Identifier: MIT
"""Rows about the path from the spool to PostgreSQL."""

import subprocess
import time

import corpora
import psycopg
from bench import HERE, copy_spool, new_database, settle
from contextlib import ExitStack
from harness.mails import unique_id
from harness.wait import wait_for
from measure import RUNS, Row, bench_program, cpu_seconds
from rows_mail import start_postfix

RECIPIENT = "tlsrpt@example.com"
RECORDS = 20_000


def prepared(bench, name, count, failures, series="", whole=None):
    """A site whose spool holds this many reports, to be copied for each run."""
    site = bench.site()
    mbox = corpora.write_mbox(
        bench.folder / f"{name}.mbox",
        corpora.report_mails(count, failures, RECIPIENT, series, whole),
    )
    bench.fill_spool(site, mbox)
    mbox.unlink()
    assert len(site.spooled()) == count, "not all reports were taken"
    copy = bench.folder / f"{name}.spool"
    site.spool.rename(copy)
    return site, copy


def psql(site, database, *arguments, **options):
    subprocess.run(
        [
            site.postgres.bin / "psql",
            *("-X", "-q", "-d", site.postgres.dsn(database)),
            *arguments,
        ],
        check=True,
        **options,
    )


def timed_baseline(site, data):
    database = new_database(site)
    settle()
    start = time.monotonic()
    psql(site, database, "-v", f"data={data}", "-f", HERE / "baseline.sql")
    return time.monotonic() - start


def spool_to_rows(bench):
    """One loader, compared with the best that psql can do."""
    row = Row(
        "load",
        "spool to rows, 2 failures each, one loader",
        "set-wise INSERT of the same rows by psql",
        "records/s",
        0.7,
        True,
    )
    count = bench.count(RECORDS, 512)
    site, copy = prepared(bench, "load", count, 2)

    def load():
        new_database(site)
        copy_spool(copy, site.spool)
        seconds = bench.drain(site)
        assert site.count("failure") == 2 * count
        return count / seconds

    load()
    data = bench.folder / "baseline.data"
    with open(data, "wb") as out:
        psql(
            site, site.database, "-At", "-f", HERE / "baseline_data.sql",
            stdout=out,
        )
    for _ in range(RUNS):
        base = count / timed_baseline(site, data)
        for table, each in (("report", 1), ("policy", 1), ("failure", 2)):
            assert site.count(table) == each * count
        row.add(load(), base)
    return [row]


def two_loaders(bench):
    """Two spools, two loaders, one database."""
    row = Row(
        "load-two",
        "two loaders on two spools",
        "one loader on one spool",
        "records/s",
        1.5,
        True,
    )
    count = bench.count(RECORDS, 512)
    first, first_copy = prepared(bench, "one", count, 2, "a")
    second, second_copy = prepared(bench, "two", count, 2, "b")
    for _ in range(RUNS):
        new_database(first)
        copy_spool(first_copy, first.spool)
        one = count / bench.drain(first)
        second.use_database(new_database(first))
        copy_spool(first_copy, first.spool)
        copy_spool(second_copy, second.spool)
        two = 2 * count / bench.drain(first, second)
        assert first.count("report") == 2 * count
        row.add(two, one)
    second.use_database(None)
    return [row]


def mails_to_rows(bench):
    """tlsrpt-import and a running loader, from an mbox to the last row."""
    row = Row(
        "import-rows",
        "mails of 1.2 kB to rows, tlsrpt-import and a loader",
        "a well-known Python tool: 1,400 mails/s",
        "mails/s",
        10,
        True,
    )
    count = bench.count(RECORDS, 512)
    site = bench.site()
    mbox = corpora.write_mbox(
        bench.folder / "import.mbox",
        corpora.report_mails(count, 1, RECIPIENT),
    )
    row.more["bytes a mail"] = mbox.stat().st_size // count
    for _ in range(RUNS):
        new_database(site)
        loader = site.loader()
        settle()
        start = time.monotonic()
        site.run_import(mbox)
        row.more.setdefault("seconds of tlsrpt-import", []).append(
            time.monotonic() - start
        )
        wait_for(lambda: site.count("report") == count, "all rows", 300)
        row.add(count / (time.monotonic() - start), 1400)
        loader.stop()
    return [row]


def median(values):
    return sorted(values)[len(values) // 2]


def commit_times(site, count):
    with psycopg.connect(
        site.postgres.dsn(site.database), autocommit=True
    ) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS scratch (n int)")
        for _ in range(count):
            start = time.monotonic()
            connection.execute("INSERT INTO scratch VALUES (1)")
            yield (time.monotonic() - start) * 1000


def times_to_row(site, server, count):
    """Milliseconds from SMTP's 250 to the row; 0 if the row was there first."""
    with psycopg.connect(
        site.postgres.dsn(site.database), autocommit=True
    ) as connection:
        for _ in range(count):
            have = site.count("report")
            mail = corpora.carrier(
                corpora.document(0, 1, 2, unique_id()), 0, site.address()
            )
            server.send(mail, site.address())
            start = time.monotonic()
            first = True
            while connection.execute(
                "SELECT count(*) FROM tlsrpt.report"
            ).fetchone() == (have,):
                first = False
                assert time.monotonic() - start < 30, "no row"
            yield 0 if first else (time.monotonic() - start) * 1000
            # Wait until the loader has removed the record and Postfix is idle.
            time.sleep(0.05)


def latency(bench):
    """How long an analyst waits for a report when nothing else is going on."""
    row = Row(
        "latency",
        "SMTP 250 to row visible, idle (ratio: ms above)",
        "one commit of PostgreSQL",
        "ms",
        5,
        False,
    )
    site = bench.site()
    site.milter(), site.loader().wait_event("database-up")
    with ExitStack() as stack:
        server = start_postfix(bench, stack, "postfix-latency", site.socket)
        list(times_to_row(site, server, 3))
        for _ in range(RUNS):
            ours = median(list(times_to_row(site, server, 11)))
            base = median(list(commit_times(site, 11)))
            row.add(ours, base, ours - base)
    bench.stop(site)
    return [row]


def large_cpu(bench):
    """One document of the largest size allowed, through both daemons."""
    row = Row(
        "large-cpu",
        "CPU of both daemons for a 16 MiB document, 50,000 details",
        "inflate and jansson's parse, once",
        "ms",
        4.0,
        False,
    )
    details = bench.count(50_000)
    site = bench.site()
    limits = {"details": details}
    milter = site.milter(milter={"recipients": [RECIPIENT]}, limits=limits)
    loader = site.loader(limits=limits)
    loader.wait_event("database-up")
    for run in range(RUNS):
        content = corpora.large_document(
            details, bench.count(16 << 20), f"large{run}"
        )
        mail = corpora.carrier(content, 0, RECIPIENT)
        mails = corpora.write_mails(bench.folder / "large", [mail])
        packed = bench.folder / "large.gz"
        packed.write_bytes(corpora.gzip.compress(content, 6, mtime=0))
        before = [cpu_seconds(milter.pid), cpu_seconds(loader.pid)]
        bench_program("load", site.socket, 1, 1, RECIPIENT, mails)
        wait_for(lambda: site.count("report") == run + 1, "the row", 120)
        time.sleep(0.3)
        spent = [
            cpu_seconds(daemon.pid) - start
            for daemon, start in zip((milter, loader), before)
        ]
        row.more.setdefault("milter, loader (ms)", []).append(
            [seconds * 1000 for seconds in spent]
        )
        base = bench_program("scan", "document", packed)["cpu"]
        row.add(sum(spent) * 1000, base * 1000)
    bench.stop(site)
    return [row]


ROWS = {
    "load": spool_to_rows,
    "load-two": two_loaders,
    "import-rows": mails_to_rows,
    "latency": latency,
    "large-cpu": large_cpu,
}
