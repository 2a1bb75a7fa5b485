#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench-sql: how long the analysts' questions take on two years of data.

It starts a cluster of its own, filled by generate.sql through tlsrpt.ingest.
Each figure is the median of five runs in a warm session, from psql's \\timing.
  REPORTS=1000000   number of reports; there are ten times as many failures
  DOMAINS=2000
  PLANS=1           shows the plan of each question
  KEEP=FOLDER       keeps the cluster there, and reuses it if it exists
"""

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.folder import make_folder, remove_folder
from harness.postgres import Postgres
from harness.site import TEMPLATE, prepare_template

HERE = Path(__file__).resolve().parent
REPORTS = int(os.environ.get("REPORTS", "1000000"))
DOMAINS = int(os.environ.get("DOMAINS", "2000"))
PARTS = 2
RUNS = 5
# d0 is the largest domain, d700 one of average size.
BIG, SMALL = "d0.example", "d700.example"
QUESTIONS = [
    ("domain_overview, largest domain", 10,
     f"SELECT * FROM tlsrpt.domain_overview WHERE policy_domain = '{BIG}'"),
    ("domain_overview, small domain", 10,
     f"SELECT * FROM tlsrpt.domain_overview WHERE policy_domain = '{SMALL}'"),
    ("domain_overview, all", 1000, "SELECT * FROM tlsrpt.domain_overview"),
    ("problem, largest domain", 10,
     f"SELECT * FROM tlsrpt.problem WHERE policy_domain = '{BIG}'"),
    ("problem, small domain", 10,
     f"SELECT * FROM tlsrpt.problem WHERE policy_domain = '{SMALL}'"),
    ("problem, all", 1000, "SELECT * FROM tlsrpt.problem"),
    ("daily, largest domain, 90 days", 20,
     "SELECT * FROM tlsrpt.daily WHERE day > current_date - 90"
     f" AND policy_domain = '{BIG}'"),
    ("daily, small domain, 90 days", 20,
     "SELECT * FROM tlsrpt.daily WHERE day > current_date - 90"
     f" AND policy_domain = '{SMALL}'"),
]
TENANT = "bench_tenant"
BATCHES = 40


def timed(postgres, database, query, user="postgres"):
    """Median milliseconds until psql has all rows, after two warm-up runs."""
    done = subprocess.run(
        [postgres.bin / "psql", "-X", "-q", "-At", "-d",
         postgres.dsn(database, user)],
        input="\\timing on\n\\o /dev/null\n" + f"{query};\n" * (RUNS + 2),
        capture_output=True,
        text=True,
        check=True,
    )
    found = [float(ms) for ms in re.findall(r"^Time: ([0-9.]+) ms", done.stdout, re.M)]
    if len(found) != RUNS + 2:
        raise SystemExit(f"bench-sql: {query}: {done.stderr}")
    return statistics.median(found[2:])


def show(name, took, limit):
    verdict = "" if took <= limit else "  OVER"
    print(f"  {name:<42}{took:>10.1f} ms (limit {limit}){verdict}", flush=True)


def generate(postgres, database, reports, parts=PARTS):
    workers = [
        subprocess.Popen(
            [
                postgres.bin / "psql", "-X", "-q", "-d", postgres.dsn(database),
                *("-v", f"reports={reports}", "-v", f"domains={DOMAINS}"),
                *("-v", f"part={part}", "-v", f"parts={parts}"),
                *("-f", HERE / "generate.sql"),
            ]
        )
        for part in range(parts)
    ]
    if any([worker.wait() for worker in workers]):
        raise SystemExit("bench-sql: generate.sql failed")


def ingest(postgres, database):
    """Median milliseconds for a batch of 256 of yesterday's reports."""
    text = (HERE / "generate.sql").read_text(encoding="ascii")
    text = text[: text.index("DO $$\nDECLARE\n\ttotal")]
    for name, value in (
        ("reports", REPORTS + 256 * BATCHES), ("domains", DOMAINS),
        ("part", 0), ("parts", 1),
    ):
        text = text.replace(f":'{name}'", f"'{value}'")
    lines = [line for line in text.splitlines() if not line.startswith("\\")]
    text = "\n".join(lines).replace(" \\g /dev/null", ";")
    took = []
    with postgres.connect(database) as connection:
        connection.execute(text)
        for number in range(BATCHES):
            first = REPORTS + 256 * number
            connection.execute(
                "SELECT set_config('bench.batch', pg_temp.batch(%s, %s)::text,"
                " false)",
                [first, first + 255],
            )
            start = time.perf_counter()
            connection.execute(
                "SELECT count(*) FROM tlsrpt.ingest("
                "current_setting('bench.batch')::jsonb)"
            ).fetchall()
            took.append((time.perf_counter() - start) * 1000)
    # The first batches create months and plans.
    return statistics.median(took[5:])


def retention(postgres, database):
    """Seconds for dropping the oldest whole month."""
    with postgres.connect(database) as connection:
        keep = connection.execute(
            "SELECT (now() AT TIME ZONE 'UTC')::date"
            " - (date_trunc('month', min(day)) + interval '1 month')::date"
            " FROM tlsrpt.domain_day"
        ).fetchone()[0]
        connection.execute(
            "SELECT tlsrpt.set_retention(make_interval(days => %s))", [keep]
        )
        start = time.perf_counter()
        gone = connection.execute("SELECT * FROM tlsrpt.apply_retention()")
        names = [name for (name,) in gone.fetchall()]
        return (time.perf_counter() - start) * 1000, names


def measure(postgres, database):
    with postgres.connect(database) as connection:
        for name, limit, query in QUESTIONS:
            show(name, timed(postgres, database, query), limit)
            if os.environ.get("PLANS"):
                for (line,) in connection.execute(
                    f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {query}"
                ):
                    if "never executed" not in line:
                        print(f"      {line}"[:150])
    postgres.create_login(TENANT)
    postgres.query(
        database,
        "SELECT tlsrpt.grant_domain(%s, d) FROM unnest(%s::text[]) AS d",
        [TENANT, ["d5.example", SMALL]],
    )
    show(
        "problem, a tenant of two domains, 90 days",
        timed(
            postgres,
            database,
            "SELECT * FROM tlsrpt.problem WHERE last_seen > current_date - 90",
            TENANT,
        ),
        10,
    )


def main():
    keep = os.environ.get("KEEP")
    folder = Path(keep) if keep else make_folder("tlsrpt-bench-")
    folder.mkdir(exist_ok=True)
    postgres = Postgres(folder / "pg")
    new = not (folder / "pg" / "data").exists()
    try:
        if new:
            postgres.initdb()
            with open(postgres.data / "postgresql.conf", "a",
                      encoding="ascii") as conf:
                conf.write("shared_buffers = 2GB\nmax_wal_size = 4GB\n")
        postgres.start()
        if new:
            prepare_template(postgres, folder)
            postgres.query("postgres", f"CREATE DATABASE bench TEMPLATE {TEMPLATE}")
            start = time.monotonic()
            generate(postgres, "bench", REPORTS)
            postgres.query("bench", "VACUUM ANALYZE")
            print(f"  generated in {time.monotonic() - start:.0f} s", flush=True)
        sizes = postgres.query(
            "bench",
            "SELECT (SELECT count(*) FROM tlsrpt.report),"
            " (SELECT count(*) FROM tlsrpt.failure),"
            " (SELECT count(*) FROM tlsrpt.problem),"
            " pg_size_pretty(pg_database_size(current_database()))",
        )[0]
        print("  %d reports, %d failures, %d problems, %s" % sizes, flush=True)
        measure(postgres, "bench")
        empty = postgres.create_database(TEMPLATE)
        alone = ingest(postgres, empty)
        postgres.drop_database(empty)
        full = ingest(postgres, "bench")
        print(f"  {'ingest of 256 reports, empty database':<42}{alone:>10.1f} ms")
        show("ingest of 256 reports, this database", full, round(1.3 * alone, 1))
        took, names = retention(postgres, "bench")
        show("retention of one month", took, 1000)
        print("    dropped " + ", ".join(names))
    finally:
        postgres.stop()
        if not keep:
            remove_folder(folder)


if __name__ == "__main__":
    main()
