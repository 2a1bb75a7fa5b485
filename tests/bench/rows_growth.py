# SPDX-License-Identifier: MIT
"""Rows about growth: a large mbox, a full database, a report with many details
or domains."""

import subprocess
import time

import corpora
from bench import HERE, Bench, copy_spool, empty, settle
from chart import Panel, Point, write_svg
from harness import programs
from measure import RUNS, Row, bench_program, preload
from rows_load import RECIPIENT, prepared

MBOX_MESSAGES = 95_000  # of 11 kB, but for the reports: 1 GB
STORED = (10, 1_000, 10_000, 100_000, 1_000_000)
FRESH = 4_000
DETAILS = (1_000, 5_000, 50_000)
ALL_DETAILS = 50_000
WIDTHS = (10, 100, 1_000, 10_000)
ALL_DOMAINS = 10_000
# The lines of the policies count against details, too.
LIMITS = {"policies": ALL_DOMAINS, "details": 10 * ALL_DOMAINS}


def run_import(site, mbox):
    """The seconds that tlsrpt-import takes, with fsync."""
    config = site.config("import.conf", spool={"quota": "8G"})
    empty(site.spool / "new")
    settle()
    start = time.monotonic()
    subprocess.run(
        [programs.program("tlsrpt-import"), "-c", config, mbox],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=programs.environment(site.folder),
        check=True,
    )
    return time.monotonic() - start


def import_scan(bench):
    """Importing a mailbox of which a tenth are reports."""
    row = Row(
        "import-scan",
        "tlsrpt-import of an mbox of 1 GB, a tenth reports",
        "GMime's bare scan of it, and import of the reports alone",
        "s",
        2,
        False,
    )
    site = bench.site(database=False)
    messages = bench.count(MBOX_MESSAGES, 1000)
    ordinary = [
        corpora.as_mbox(corpora.ordinary_mail(11_300, n)) for n in range(50)
    ]
    reports = bench.folder / "reports.mbox"
    whole = bench.folder / "whole.mbox"
    with open(reports, "wb") as some, open(whole, "wb") as every:
        for n, mail in enumerate(
            corpora.report_mails(messages // 10, 1, RECIPIENT)
        ):
            report = corpora.as_mbox(mail)
            some.write(report)
            every.write(report)
            for other in range(9):
                every.write(ordinary[(9 * n + other) % len(ordinary)])
    row.more["bytes"] = whole.stat().st_size
    for _ in range(RUNS):
        scan = bench_program("scan", "mbox", whole)["wall"]
        alone = run_import(site, reports)
        row.more.setdefault("scan, reports alone (s)", []).append(
            [scan, alone]
        )
        row.add(run_import(site, whole), scan + alone)
    whole.unlink()
    return [row]


def fill_database(bench, site, stored):
    """Fills a database with two years of reports."""
    halves = [
        subprocess.Popen(
            [
                site.postgres.bin / "psql",
                *("-X", "-q", "-d", site.postgres.dsn(site.database)),
                *("-v", f"reports={stored}", "-v", "domains=2000"),
                *("-v", f"part={part}", "-v", "parts=2"),
                *("-f", HERE / "generate.sql"),
            ],
            stdout=subprocess.DEVNULL,
        )
        for part in range(2)
    ]
    for half in halves:
        assert half.wait() == 0, "generate.sql failed"
    site.postgres.query(site.database, "VACUUM ANALYZE")
    settle()


def cost_a_report(bench):
    """Milliseconds per report by number of stored reports: {stored: costs}."""
    fresh = bench.count(FRESH, 256)
    copies = [
        prepared(bench, f"fresh{run}", fresh, 2, f"fresh{run}-")[1]
        for run in range(RUNS + 1)
    ]
    costs = {}
    for stored in STORED:
        if stored > 1000 and bench.scale < 1:
            stored = bench.count(stored, 1000)
        site = bench.site()
        fill_database(bench, site, stored)
        found = []
        for copy in copies:
            copy_spool(copy, site.spool)
            found.append(bench.drain(site) / fresh * 1000)
        # The first run creates this month's partitions.
        costs[stored] = found[1:]
        site.postgres.drop_database(site.database)
        site.use_database(None)
    return costs


def cost_from_files(bench, site, run, documents):
    """The seconds from documents in files to their rows."""
    folder = site.folder / f"documents{run}"
    folder.mkdir()
    for n, content in enumerate(documents):
        (folder / f"{n}.json").write_bytes(content)
    config = site.config("import.conf", limits=LIMITS)
    settle()
    start = time.monotonic()
    subprocess.run(
        [programs.program("tlsrpt-import"), "-c", config, folder],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=programs.environment(site.folder, **preload(0)),
        check=True,
    )
    return time.monotonic() - start + bench.drain(site, limits=LIMITS)


def cost_a_detail(bench):
    """Microseconds per detail for each number of details in a report, from the
    file to the rows."""
    costs = {}
    whole = bench.count(ALL_DETAILS, 1000)
    for details in DETAILS:
        details = min(bench.count(details, 100), whole)
        found = []
        site = bench.site()
        for run in range(RUNS):
            documents = [
                corpora.large_document(details, 0, f"{run}-{n}")
                for n in range(whole // details)
            ]
            seconds = cost_from_files(bench, site, run, documents)
            found.append(seconds / whole * 1e6)
        assert site.count("failure") == RUNS * whole
        costs[details] = found
    return costs


def cost_a_domain(bench):
    """Microseconds per domain with a failure for each number of domains in a
    report, from the file to the rows. All domains are new."""
    costs = {}
    whole = bench.count(ALL_DOMAINS, 1000)
    for domains in WIDTHS:
        domains = min(domains, whole)
        found = []
        site = bench.site()
        for run in range(RUNS):
            documents = [
                corpora.wide_document(domains, f"{run}-{n}")
                for n in range(whole // domains)
            ]
            seconds = cost_from_files(bench, site, run, documents)
            found.append(seconds / whole * 1e6)
        assert site.count("problem_history") == RUNS * whole
        costs[domains] = found
    return costs


def growth_row(key, what, unit, target, costs):
    first, last = min(costs), max(costs)
    row = Row(key, what, f"at {first:,}", unit, target, False)
    for ours, base in zip(costs[last], costs[first]):
        row.add(ours, base)
    row.more["costs"] = {str(amount): costs[amount] for amount in costs}
    return row


def panel(title, unit, axis, costs):
    return Panel(
        title,
        unit,
        axis,
        [Point(amount, costs[amount]) for amount in sorted(costs)],
    )


def growth(bench: Bench):
    """The cost of a report, a detail and a domain when there are many."""
    reports = cost_a_report(bench)
    details = cost_a_detail(bench)
    domains = cost_a_domain(bench)
    write_svg(
        programs.BUILD / "bench" / "growth.svg",
        [
            panel(
                "Cost of a report", "ms", "reports stored", reports
            ),
            panel(
                "Cost of a detail", "µs", "details in a report", details
            ),
            panel(
                "Cost of a domain", "µs", "domains in a report", domains
            ),
        ],
    )
    return [
        growth_row(
            "growth-report",
            f"cost of a report with {max(reports):,} stored",
            "ms",
            1.2,
            reports,
        ),
        growth_row(
            "growth-detail",
            f"cost of a detail with {max(details):,} in a report",
            "µs",
            1.5,
            details,
        ),
        growth_row(
            "growth-domain",
            f"cost of a domain with a failure, {max(domains):,} in a report",
            "µs",
            1.5,
            domains,
        ),
    ]


ROWS = {"import-scan": import_scan, "growth": growth}
